"""Every transcript in the README, in docs/ and in docstrings runs, and prints what it says."""

import ast
import doctest
import importlib
import pkgutil
import re
import shlex
from pathlib import Path

import numpy as np
import pytest

import tinygrad_edu
from tinygrad_edu.cli import main

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
MODULES = [
    name for _, name, _ in pkgutil.walk_packages(tinygrad_edu.__path__, "tinygrad_edu.") if "__main__" not in name
]
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def run(examples: str, name: str) -> doctest.TestResults:
    test = doctest.DocTestParser().get_doctest(examples, {}, name, name, 0)
    return doctest.DocTestRunner(optionflags=FLAGS).run(test)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_transcripts_of_a_page(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"^```(?:pycon|python)\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
    transcripts = "\n".join(block for block in blocks if ">>>" in block)
    with np.printoptions(precision=8):
        assert run(transcripts, page.name).failed == 0


@pytest.mark.parametrize("name", ["tinygrad_edu", *MODULES])
def test_transcripts_of_a_module(name):
    module = importlib.import_module(name)
    finder = doctest.DocTestFinder(exclude_empty=True)
    for test in finder.find(module):
        assert doctest.DocTestRunner(optionflags=FLAGS).run(test).failed == 0, test.name


def test_a_false_transcript_is_caught(capsys):
    assert run(">>> 1 + 1\n3\n", "false").failed == 1
    assert "Expected" in capsys.readouterr().out


@pytest.mark.parametrize("heading", ["Run it", "Test it"])
def test_readme_commands_are_one_line_each(heading):
    section = (ROOT / "README.md").read_text().split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    (block,) = re.findall(r"^```\w*\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    assert len(block.strip().splitlines()) == 1


COMMANDS = re.findall(r"^tinygrad-edu (.+)$", (ROOT / "README.md").read_text(), re.MULTILINE)


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_of_the_readme_do_what_they_say(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(shlex.split(command)) == 0


def test_everything_public_can_be_had():
    for name in tinygrad_edu.__all__:
        assert getattr(tinygrad_edu, name) is not None, name
    assert {*tinygrad_edu.__all__, "exp", "linalg"} <= set(dir(tinygrad_edu))


@pytest.mark.parametrize("name", tinygrad_edu.__all__)
def test_everything_public_says_what_it_does(name):
    assert (getattr(tinygrad_edu, name).__doc__ or "").strip()


def test_type_checkers_see_every_name_that_is_imported_later():
    tree = ast.parse(Path(tinygrad_edu.__file__).read_text())
    (block,) = [part for part in tree.body if isinstance(part, ast.If) and isinstance(part.test, ast.Name)]
    seen = {alias.name: part.module or alias.name for part in block.body for alias in part.names if alias.name != "*"}
    assert {name: f".{module}" for name, module in seen.items()} == tinygrad_edu._LATER
