"""One self-contained HTML file: no request leaves it, so it works from a disk, in a notebook and offline."""

from __future__ import annotations

import json
import re
from functools import cache
from html import escape
from importlib import resources
from pathlib import Path
from typing import Any

from ...system import files

ENDS_SCRIPT = re.compile(r"<(?=/|!|script)", re.IGNORECASE)  # what HTML would read inside a script element
TELLS_HEIGHT = (  # to a page around it that asks, and makes the frame fit
    ';addEventListener("message",({source,data})=>{if(data==="height?")'
    'source.postMessage({height:document.documentElement.offsetHeight},"*")});'
)
WRONG_SUFFIX = 'a page is saved as .html, not {!r}: save("page.html")'


@cache
def asset(name: str) -> str:
    """Return a script or a style sheet of this package."""
    return resources.files(__package__).joinpath("assets", name).read_text(encoding="utf-8")


def bare(script: str) -> str:
    """Return a script without indentation and without lines that are comments: a sixth of it."""
    lines = (line.strip() for line in script.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("// "))


def fill_template(template: str, parts: dict[str, str]) -> str:
    """Return an asset with each `{name}` replaced, in one pass: what is put in is not looked through again."""
    return re.sub(r"\{(\w+)\}", lambda found: parts[found[1]], template)


def json_data(value: Any) -> str:
    """Return a value as JSON that may stand inside a script element, whatever texts it contains."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return ENDS_SCRIPT.sub(lambda found: "\\u003c" + found[0][1:], text)


class Page:
    """A page to look at: `.save("x.html")`, `.html` for its text, and it shows itself in a notebook.

    What it says in a terminal, `print(page)`, is `text`, where there is one.
    """

    def __init__(
        self, title: str, body: str, *, styles: str = "", script: str = "", height: int = 640, text: str = ""
    ) -> None:
        self.title = title
        self.text = text
        self.height = height
        self.html = (
            '<!doctype html><html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width,initial-scale=1">'
            f"<title>{escape(title)}</title><style>{asset('page.css')}{styles}</style></head><body>{body}"
            f'<script>"use strict";\n{bare(script)}{TELLS_HEIGHT}</script></body></html>'
        )

    def save(self, path: str | Path) -> Path:
        """Write the page into a file and return its path. Raises ValueError where that is not an .html file."""
        path = Path(path)
        if path.suffix.lower() not in (".html", ".htm"):
            raise ValueError(WRONG_SUFFIX.format(path.suffix))
        files.write(path, self.html)
        return path

    def saved(self, path: str | Path | None) -> Page:
        """Return the page, saved where a path is given."""
        if path is not None:
            self.save(path)
        return self

    def _repr_html_(self) -> str:
        """Show the page in a notebook, inside a frame whose scripts cannot touch the notebook."""
        return (
            f'<iframe sandbox="allow-scripts" srcdoc="{escape(self.html)}" width="100%" height="{self.height}" '
            f'style="border:0" title="{escape(self.title)}"></iframe>'
        )

    def __str__(self) -> str:
        return self.text or repr(self)

    def __repr__(self) -> str:
        return f'<Page {self.title!r:.80}, {len(self.html.encode()) // 1000} KB: .save("page.html") to look at it>'
