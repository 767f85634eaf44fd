"""Pages with code that runs: their results for the site, and the same pages as notebooks.

A lesson is Markdown with transcripts (`>>>`). The suite runs them as they stand; `python docs/transcripts.py FOLDER`
makes a notebook of each lesson; the site shows each page (`tg.live` and its like) and picture that a transcript shows.
"""

from __future__ import annotations

import ast
import contextlib
import doctest
import io
import json
import re
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

COURSE = Path(__file__).parent / "course"
BLOCK = re.compile(r"^```pycon\n(.*?)^```\n", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[([^\]]+)\]\((?!https?:)([^)#]*)(#[^)]*)?\)")
FRAME = (
    '<iframe class="page" src="{source}" title="{title}" height="{height}" loading="lazy"></iframe>\n'
    '<p><a href="{source}">Open it alone</a></p>'
)
FOLDED = re.compile(r'<details class="solution"><summary>(.*?)</summary>')
PICTURE = '<img class="picture" src="{source}" alt="{title}">'


@dataclass(frozen=True)
class Cell:
    """A piece of a page: text, or code with what it prints and shows."""

    code: bool
    text: str
    printed: str = ""


def cells(markdown: str) -> list[Cell]:
    """Return the pieces of a page. A piece of code ends where the transcript shows a result."""
    found, at = [], 0
    for block in BLOCK.finditer(markdown):
        found.append(Cell(False, markdown[at : block.start()]))
        lines: list[str] = []
        examples = doctest.DocTestParser().get_examples(block[1])
        for i, example in enumerate(examples):
            lines.append(example.source)
            if example.want or i == len(examples) - 1:
                found.append(Cell(True, "".join(lines).rstrip("\n"), example.want))
                lines = []
        at = block.end()
    return [cell for cell in [*found, Cell(False, markdown[at:])] if cell.text.strip()]


def run(code: str, names: dict[str, Any]) -> tuple[str, Any]:
    """Run a piece of code as a notebook does, and return what it printed and the value of its last expression."""
    tree, out = ast.parse(code), io.StringIO()
    last = ast.Expression(tree.body.pop().value) if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    with contextlib.redirect_stdout(out):
        exec(compile(tree, "<lesson>", "exec"), names)
        value = None if last is None else eval(compile(last, "<lesson>", "eval"), names)
    return out.getvalue(), value


def completed(markdown: str, name: str, folder: Path) -> str:
    """Return a page with the pages and pictures that its code makes shown after it, and write those into a folder.

    name: of the document, which the files are called after.
    """
    names: dict[str, Any] = {}
    folder = folder.resolve()
    up, stem = "../" * name.count("/"), name.replace("/", "-")
    shown = []

    def block(found: re.Match[str]) -> str:
        after = [re.sub(r"\n+```\n$", "\n```\n", found[0])]  # the blank line that ends a transcript is not for the eye
        for cell in cells(found[0]):
            _, value = run(cell.text, names)
            if html := getattr(value, "html", None):  # a page, or a drawing, which has a method of that name
                picture = callable(html)
                path = folder / f"{stem}-{len(shown) + 1}.{'svg' if picture else 'html'}"
                path.write_text(value.svg() if picture else html, encoding="utf-8")
                shown.append(path)
                title = value.view.alt() if picture else value.title
                form = PICTURE if picture else FRAME
                source = f"{up}{folder.name}/{path.name}"
                after.append(form.format(source=source, title=escape(title), height=getattr(value, "height", "")))
        return "\n".join(after) + "\n"

    with tempfile.TemporaryDirectory() as scratch, contextlib.chdir(scratch):  # a lesson may write files
        return BLOCK.sub(block, markdown)


def notebook(markdown: str) -> dict[str, Any]:
    """Return a page as a notebook, its results left out: who opens it runs it. Code of solutions is folded."""
    written, folded = [], False
    for i, cell in enumerate(cells(markdown)):
        about: dict[str, Any] = {"jupyter": {"source_hidden": True}} if folded and cell.code else {}
        if cell.code:
            more = {"cell_type": "code", "execution_count": None, "outputs": [], "source": cell.text}
        else:
            folded = (folded or bool(FOLDED.search(cell.text))) and "</details>" not in cell.text
            text = FOLDED.sub(r"## \1", cell.text).replace("</details>", "")
            more = {"cell_type": "markdown", "source": LINK.sub(linked, text).strip()}
        if more["source"]:
            written.append({"id": f"cell-{i}", "metadata": about, **more})
    about = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return {"cells": written, "metadata": about, "nbformat": 4, "nbformat_minor": 5}


def linked(found: re.Match[str]) -> str:
    """Return a link for a notebook: to the notebook of another lesson, else its text alone."""
    target = Path(found[2])
    if target.parent == Path() and target.suffix == ".md" and target.name in {path.name for path in lessons()}:
        return f"[{found[1]}]({target.with_suffix('.ipynb')})"
    return found[1]


def lessons() -> Iterator[Path]:
    """Yield the lessons of the course, in order."""
    yield from sorted(COURSE.glob("[0-9]_*.md"))


def write_notebooks(folder: Path) -> list[Path]:
    """Write the notebook of each lesson into a folder, and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for lesson in lessons():
        path = folder / f"{lesson.stem}.ipynb"
        path.write_text(json.dumps(notebook(lesson.read_text(encoding="utf-8")), ensure_ascii=False, indent=1) + "\n")
        paths.append(path)
    return paths


if __name__ == "__main__":
    for path in write_notebooks(Path(sys.argv[1])):
        sys.stdout.write(f"{path}\n")
