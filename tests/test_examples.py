"""Every example runs, is short, and prints what its comments say it prints."""

import os
import re
import runpy
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).parent.parent / "examples").glob("*.py"))


def promised(path):
    """The lines after `# >` in an example: what it says that it prints."""
    return [line[4:] for line in path.read_text().splitlines() if line.startswith("# > ")]


def test_they_are_all_here():
    assert {path.stem for path in EXAMPLES} >= {
        "golfer",
        "one_neuron",
        "straight_line_fails",
        "forward_propagation",
        "backpropagation_by_hand",
        "sgd_as_averaged_nudges",
        "recognise_digits",
        "recognise_digits_with_convolution",
        "from_micrograd_to_mnist",
        "recognise_mnist_with_convolution",
        "regression_with_uncertainty",
        "autoencode_digits",
        "write_like_python",
    }


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Runs an example as a program in a folder of its own, with the shipped digits; returns what it prints."""

    def of(path, *arguments):
        monkeypatch.chdir(tmp_path)
        monkeypatch.delenv("MNIST_DIR", raising=False)
        monkeypatch.setattr(sys, "argv", [str(path), *arguments])
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            runpy.run_path(str(path), run_name="__main__")
        printed = capsys.readouterr()
        assert not printed.err
        return printed.out

    return of


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_it_prints_what_it_says_and_draws(path, run, tmp_path):
    source = path.read_text()
    assert len(source.splitlines()) <= 100
    assert len(promised(path)) >= 2
    assert [line.rstrip() for line in run(path).splitlines()] == [line.rstrip() for line in promised(path)]
    drawn = re.findall(r"""\.save\("(\w+\.(?:html|svg))"\)""", source)
    assert drawn, "an example draws as well as prints"
    assert "matplotlib" not in source
    for name in drawn:
        assert (tmp_path / name).stat().st_size > 1000


def test_what_examples_write_is_left_out_of_the_repository():
    """They write into the folder they are run in, which may be the top of the repository."""
    ignored = (Path(__file__).parent.parent / ".gitignore").read_text().split()
    written = [name for path in EXAMPLES for name in re.findall(r"""\.save\("([^"]+)"\)""", path.read_text())]
    assert written
    assert {f"/*{Path(name).suffix}" for name in written} <= set(ignored)


def test_an_example_is_a_program(tmp_path):
    path = EXAMPLES[0].with_stem("golfer")
    ran = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert [line.rstrip() for line in ran.stdout.splitlines()] == promised(path)


def test_the_small_transformer_writes_too(run):
    printed = run(EXAMPLES[0].with_stem("write_like_python"), "gpt", "100")
    surprise = [float(word) for word in printed.split("surprise ")[-1].split("\n")[0].split(", then ")]
    assert surprise[0] > 3.2
    assert surprise[1] < 2.5


def test_the_path_through_the_examples_leads_to_each_and_says_what_it_draws():
    page = (EXAMPLES[0].parent / "README.md").read_text()
    for path in EXAMPLES:
        assert f"({path.name})" in page
        row = next(line for line in page.splitlines() if f"({path.name})" in line)
        drawn = re.findall(r"""\.save\("(\w+\.(?:html|svg))"\)""", path.read_text())
        assert not row.startswith("|") or all(f"`{name}`" in row for name in drawn), path.stem


@pytest.mark.skipif("MNIST_DIR" not in os.environ, reason="set MNIST_DIR to the folder of the four MNIST files")
def test_filters_are_learned_from_mnist_too(tmp_path):
    path = EXAMPLES[0].with_stem("recognise_digits_with_convolution")
    command = [sys.executable, str(path)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True, cwd=tmp_path)
    assert "it has never seen: True" in ran.stdout
