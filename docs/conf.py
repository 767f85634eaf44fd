"""The site: `sphinx-build -W -b html docs _site`. It builds offline, and what it builds asks nobody for anything."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

import reference  # noqa: E402  # beside this file, which Sphinx does not run as a program
import transcripts  # noqa: E402  # as above

project = "tinygrad_edu"
author = copyright = "the tinygrad_edu authors"  # noqa: A001  # Sphinx's name for it
html_theme = "furo"
html_title = "tinygrad_edu"
html_static_path = ["_static"]
html_css_files = ["frames.css"]
html_js_files = ["frames.js"]
html_copy_source = False
html_show_sourcelink = False

extensions = ["myst_parser", "sphinx.ext.autodoc"]
exclude_patterns = ["_site"]
myst_heading_anchors = 3
default_role = "code"
autodoc_typehints = "none"  # signatures as they are written; the words say what is meant
autodoc_member_order = "bysource"
add_module_names = False
toc_object_entries = False
suppress_warnings = ["myst.header"]  # the measured part of performance.md begins below its heading


BESIDE = {
    "](../SECURITY.md": "](security.md",
    "](../../SECURITY.md": "](../security.md",
}  # pages at the top of the repository that have a copy here
WITH_PAGES = re.compile(r"course/|gallery$")  # documents whose code makes pages, which are shown beneath it


def completed(app: Any, docname: str, source: list[str]) -> None:
    """Put into a document what is computed: the names of the reference, and the results of its code."""
    for there, here in BESIDE.items():
        source[0] = source[0].replace(there, here)
    source[0] = reference.completed(source[0])
    if WITH_PAGES.match(docname):
        source[0] = transcripts.completed(source[0], docname, made(app, "pages"))


def notebooks(app: Any) -> None:
    """Write the lessons' notebooks beside them, to be downloaded."""
    transcripts.write_notebooks(made(app, "notebooks"))


def made(app: Any, name: str) -> Path:
    """Return a folder of the site for what is not a document."""
    folder = Path(app.outdir) / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def setup(app: Any) -> None:
    """Have Sphinx call the functions above."""
    app.connect("builder-inited", notebooks)
    app.connect("source-read", completed)
    app.connect("autodoc-process-docstring", reference.as_restructured_text)
