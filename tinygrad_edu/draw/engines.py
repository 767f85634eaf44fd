"""Programs that lay out DOT, and the search for them: Graphviz's `dot`, the pip-installed `graphviz-pure`, or none.

Without any, this package draws SVG by itself, and a Chromium can print that (`printing.py`).
"""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from importlib import metadata

PURE_FORMATS = ("svg", "png")


@dataclass(frozen=True, slots=True)
class Engine:
    """A program that reads DOT and writes pictures."""

    name: str
    path: str

    def render(self, source: str, format: str) -> bytes:  # noqa: A002  # Graphviz's word for it
        """Return the picture that `source` describes. Raises OSError where the program fails."""
        done = subprocess.run([self.path, f"-T{format}"], input=source.encode(), capture_output=True, check=False)
        if done.returncode or not done.stdout:
            said = done.stderr.decode(errors="replace").strip()[-300:]
            raise OSError(f"{self.name} could not write {format}: {said or f'exit status {done.returncode}'}")
        return done.stdout


def find(format: str = "svg") -> Engine | None:  # noqa: A002  # as above
    """Return the first program here that writes `format`: `dot`, else `graphviz-pure`, else None."""
    if path := shutil.which("dot"):
        return Engine("dot", path)
    if format in PURE_FORMATS and (path := pure()):
        return Engine("graphviz-pure", path)
    return None


def pure() -> str | None:
    """Return where pip put the program of graphviz-pure, which need not be on PATH."""
    try:
        files = metadata.files("graphviz-pure") or []
    except metadata.PackageNotFoundError:
        return None
    return next((str(file.locate()) for file in files if file.stem == "graphviz-pure"), None)


def missing(format: str) -> str:  # noqa: A002  # as above
    """Say what to install for `format`."""
    ways = "apt-get install graphviz (or chromium), brew install graphviz or winget install graphviz"
    if format in PURE_FORMATS:
        ways = f'pip install "tinygrad-edu[dot]", or {ways}'
    return f"{format.upper()} needs Graphviz or a Chromium: {ways}; .svg and .html need nothing"
