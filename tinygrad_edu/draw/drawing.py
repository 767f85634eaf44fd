"""The result of `tg.draw` and `tg.draw_network`: a `graphviz.Digraph` that draws itself where there is no Graphviz."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol

import graphviz  # type: ignore[import-untyped]  # it has none

from ..system import files
from . import engines, printing
from .pages.page import Page

WRITTEN = (".svg", ".html", ".png", ".pdf", ".tex")  # by this package; .dot is Digraph's own business
LARGEST_FOR_DOT = 1500  # statements: beyond that Graphviz takes minutes


class Renderer(Protocol):
    """The content of a drawing, in each form in which it can be written."""

    def statements(self) -> list[str]:
        """Return the statements of a DOT digraph."""
        ...

    def svg(self) -> str:
        """Return the picture, laid out by this package."""
        ...

    def tex(self) -> str:
        """Return a LaTeX document of the picture. Raises ValueError where it would be too large."""
        ...

    def alt(self) -> str:
        """Return what the picture shows, in a line."""
        ...

    def page(self) -> Page:
        """Return a page with the picture on it."""
        ...

    @property
    def ours(self) -> bool:
        """Tell whether this package's own layout is to be preferred to Graphviz's."""
        ...


class Drawing(graphviz.Digraph):  # type: ignore[misc]  # graphviz has no type hints
    """A picture: `.save("x.svg")`, `.source` for its text in the DOT language, and it shows itself in a notebook.

    As a `graphviz.Digraph` it can be added to and rendered as usual, where Graphviz is installed; what is added
    is not in this package's own picture.
    """

    def __init__(self, view: Renderer, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.view = view
        if "body" not in keywords:  # Digraph hands it over where it copies a drawing, or opens a subgraph
            del self.body

    def __getattr__(self, name: str) -> Any:
        """Write the statements when they are first asked for: a picture of this package's own needs none."""
        if name != "body":
            raise AttributeError(name)
        self.body: list[str] = self.view.statements()
        return self.body

    def _copy_kwargs(self, **keywords: Any) -> Any:
        return {**super()._copy_kwargs(**keywords), "view": self.view}

    def save(
        self,
        filename: str | os.PathLike[str] | None = None,
        directory: str | os.PathLike[str] | None = None,
        *,
        skip_existing: bool | None = False,
    ) -> str:
        """Write the picture as its suffix says: .svg, .html, .png, .pdf, .dot or .tex; return the path.

        SVG, HTML and TeX (a document, with TikZ) need nothing else. PNG and PDF need Graphviz or Chromium, or for PNG
        graphviz-pure. Where Graphviz is installed it lays out SVG too; `.svg()` is always this package's own picture.
        Raises ValueError for another suffix or a picture that is too large for TeX, OSError where a program is missing,
        naming what to install.
        """
        suffix = Path(filename or self.filename).suffix.lower()
        if suffix in (".dot", ".gv"):
            return self.save_statements(filename, directory, bool(skip_existing))
        if suffix not in WRITTEN:
            raise ValueError(
                f"a drawing is saved as {', '.join(WRITTEN)} or .dot, not {suffix or 'without a suffix'!r}"
            )
        text = {".html": lambda: self.html().html, ".tex": self.view.tex}.get(suffix)
        picture = self.pipe(suffix[1:]) if text is None else text().encode()
        path = Path(directory or "", filename or "")
        files.write(path, picture)
        return str(path)

    def save_statements(self, filename: Any, directory: Any, skip_existing: bool) -> str:
        """Write the text in the DOT language, as `Digraph.save` does, but wholly or not at all."""
        if filename is not None:
            self.filename = filename
        if directory is not None:
            self.directory = directory
        if not (skip_existing and os.path.exists(self.filepath)):
            os.makedirs(os.path.dirname(self.filepath) or ".", exist_ok=True)
            files.write(self.filepath, self.source)
        return str(self.filepath)

    def pipe(self, format: str | None = None, *, encoding: str | None = None) -> Any:  # noqa: A002  # Digraph's name
        """Return the picture in a format of Graphviz's, as bytes, or as a string where an `encoding` is given."""
        format = format or self.format  # noqa: A001  # as above
        engine = engines.find(format)
        if format == "svg" and (engine is None or self.view.ours or len(self.body) > LARGEST_FOR_DOT):
            found = self.svg().encode()
        elif (too_large := len(self.body) > LARGEST_FOR_DOT) or engine is None:
            browser = printing.installed_browser() if format in printing.KINDS_PRINTED else None
            if browser is not None:
                found = printing.print_picture(browser, self.svg(), format)
            elif too_large and engine is not None:
                large = f"{format.upper()} of {len(self.body):,} statements would take Graphviz minutes"
                raise OSError(f"{large}: install Chromium, save as .svg, or fold")
            else:
                raise OSError(engines.missing(format))
        else:
            try:
                found = engine.render(self.source, format)
            except OSError:  # a browser's Python can start no program, and a notebook shall show a picture all the same
                if format != "svg":
                    raise
                found = self.svg().encode()
        return found.decode(encoding) if encoding else found

    def svg(self) -> str:
        """Return the picture as SVG, laid out by this package."""
        return self.view.svg()

    def html(self) -> Page:
        """Return a page with the picture on it."""
        return self.view.page()

    def _repr_mimebundle_(
        self, include: Iterable[str] | None = None, exclude: Iterable[str] | None = None, **_: Any
    ) -> dict[str, Any]:
        """Show the picture in a notebook."""
        bundle = {"image/svg+xml": shrinkable(self.pipe("svg", encoding="utf-8")), "text/plain": self.view.alt()}
        kept = set(bundle if include is None else include) - set(exclude or ())
        return {kind: bundle[kind] for kind in bundle if kind in kept}

    def __repr__(self) -> str:
        return f"<Drawing: {self.view.alt()}>"


def shrinkable(svg: str) -> str:
    """Return a picture that shrinks into a column narrower than itself, to half its size at most."""
    found = re.search(r'<svg\b[^>]*?\bwidth="([\d.]+)(pt)?"', svg)
    if found is None:
        return svg
    half = f"{float(found[1]) / 2:g}{found[2] or 'px'}"
    return svg.replace("<svg", f'<svg style="max-width:max(100%,{half});height:auto"', 1)
