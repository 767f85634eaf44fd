"""The site's sources: tables of other libraries are true, the reference names everything, the crawler sees."""

import doctest
import importlib
import importlib.util
import inspect
import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest

import tinygrad_edu as tg

DOCS = Path(__file__).parent.parent / "docs"
SECTIONS = re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", (DOCS / "coming_from.md").read_text(), re.MULTILINE | re.DOTALL)
MODULES = {"micrograd": "micrograd.engine", "PyTorch": "torch", "NumPy": "numpy", "JAX": "jax"}


def program(name):
    """A program of docs/, as a module."""
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    finally:
        del sys.modules[name]
    return module


def value_of(code, prelude):
    """The last expression of a cell of a table, as an array."""
    names = {}
    exec(prelude, names)
    before, _, last = code.rpartition("; ")
    exec(before, names)
    value = eval(last, names)
    value = value.detach() if hasattr(value, "detach") else value
    return np.asarray(value.numpy() if hasattr(value, "numpy") else value)


def rows(section):
    return re.findall(r"^\| `(.+)` \| `(.+)` \|$", section, re.MULTILINE)


@pytest.mark.parametrize(("library", "section"), SECTIONS, ids=[library for library, _ in SECTIONS])
def test_both_sides_of_a_table_are_equal(library, section):
    pytest.importorskip(MODULES[library])
    prelude = re.search(r"^```python\n(.*?)^```", section, re.MULTILINE | re.DOTALL)[1]
    found = rows(section)
    assert len(found) == section.count("\n|") - 2
    for theirs, ours in found:
        left, right = value_of(theirs, prelude), value_of(ours, prelude)
        assert left.shape == right.shape, (theirs, ours)
        np.testing.assert_allclose(right, left, rtol=1e-12, atol=1e-14, err_msg=f"{theirs} | {ours}")


def test_the_reference_has_an_entry_for_every_public_name():
    reference = program("reference")
    there = set()
    for page in (DOCS / "reference").glob("*.md"):
        for path, names in reference.BLOCK.findall(page.read_text()):
            module = importlib.import_module(path)
            there |= {id(getattr(module, name)) for name in names.split() or reference.public(module)}
    modules = [tg, tg.nn, tg.nn.functional, tg.nn.init, tg.nn.optim, tg.data, tg.errors, tg.linalg, tg.fft]
    for module in modules:
        names = dir(tg) if module is tg else reference.public(module)
        missing = [name for name in names if id(getattr(module, name)) not in there]
        assert [name for name in missing if not inspect.ismodule(getattr(module, name))] == [], module.__name__


def test_every_page_is_in_the_table_of_contents():
    listed = {DOCS / "index.md"}
    for page in DOCS.rglob("*.md"):
        for block in re.findall(r"^```\{toctree\}\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL):
            for line in block.split():
                listed |= set(page.parent.glob(f"{line}.md"))
    pages = {page for page in DOCS.rglob("*.md") if "_site" not in page.parts}
    assert pages - listed == set(), "a page that no toctree names is a warning, and the site is built without any"


def test_docstrings_become_restructured_text():
    reference = program("reference")
    lines = ["Take `*x` and *rest.", "", "    code_ = 1", "", ">>> f(*x)", "*y"]
    reference.as_restructured_text(lines)
    assert lines == [r"Take `*x` and \*rest.", "", "::", "", "    code_ = 1", "", ">>> f(*x)", "*y"]


LESSONS = sorted((DOCS / "course").glob("[0-9]_*.md"))


def test_there_are_eight_lessons_each_with_a_page_an_exercise_and_a_solution():
    assert [path.name[0] for path in LESSONS] == list("12345678")
    for path in LESSONS:
        text = path.read_text()
        exercise = text.index("## Exercise")
        assert "<Page " in text, path.name
        assert "✗" in text, path.name
        assert exercise < text.index('<details class="solution">') < text.index("</details>"), path.name
        assert len(text.split()) < 2200, f"{path.name} takes more than ten minutes to read"


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_notebook_runs_and_shows_what_its_lesson_says(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    transcripts, names = program("transcripts"), {}
    lesson = path.read_text()
    made = transcripts.notebook(lesson)
    code = [cell for cell in made["cells"] if cell["cell_type"] == "code"]
    wanted = [cell.printed for cell in transcripts.cells(lesson) if cell.code]
    assert len({cell["id"] for cell in made["cells"]}) == len(made["cells"])
    assert any(cell["metadata"] for cell in code), "a solution is folded"
    assert "<details" not in json.dumps(made)
    checker = doctest.OutputChecker()
    for cell, want in zip(code, wanted, strict=True):
        printed, value = transcripts.run(cell["source"], names)
        got = printed + ("" if value is None else f"{value!r}\n")
        assert checker.check_output(want, got, doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE), (cell["source"], got)


def test_a_result_that_a_lesson_does_not_show_is_seen():
    transcripts = program("transcripts")
    text = "# A\n\n```pycon\n>>> x = 1\n>>> x + 1\n3\n\n>>> print(x)\n1\n\n```\n\n[b](2_a_neuron.md) [c](../x.md) [d](https://e)\n"
    cells = transcripts.cells(text)
    assert [(cell.code, cell.printed) for cell in cells] == [(False, ""), (True, "3\n"), (True, "1\n"), (False, "")]
    assert transcripts.run(cells[1].text, {}) == ("", 2)
    assert transcripts.notebook(text)["cells"][-1]["source"] == "[b](2_a_neuron.ipynb) c [d](https://e)"


@pytest.mark.browser
def test_the_crawler_finds_what_is_wrong(browser, tmp_path):
    crawl = program("crawl").crawl
    (tmp_path / "b.html").write_text('<p id="here">text</p><a href="index.html">back</a>')
    (tmp_path / "index.html").write_text('<link rel="icon" href="data:,"><a href="b.html#here">b</a>')
    assert crawl(browser, tmp_path) == (2, [])
    (tmp_path / "alone.html").write_text("")
    (tmp_path / "index.html").write_text(
        '<link rel="icon" href="data:,"><a href="b.html#there">b</a><a href="c.html">c</a>'
        '<img src="http://example.invalid/x.png"><script>throw new Error("no")</script>'
    )
    count, wrong = crawl(browser, tmp_path)
    assert count == 2
    for words in (
        "b.html has no #there",
        "c.html is not there",
        "asks for http://example",
        "raises no",
        "alone.html: no",
    ):
        assert any(words in line for line in wrong), words
