"""Every example runs, is short, and prints what its comments say it prints."""

import os
import subprocess
import sys
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


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_it_prints_what_it_says(path, tmp_path):
    shipped = {name: value for name, value in os.environ.items() if name != "MNIST_DIR"}
    ran = subprocess.run(
        [sys.executable, str(path)], capture_output=True, text=True, timeout=150, cwd=tmp_path, env=shipped
    )
    assert ran.returncode == 0, ran.stderr
    assert not ran.stderr
    assert len(promised(path)) >= 2
    assert [line.rstrip() for line in ran.stdout.splitlines()] == [line.rstrip() for line in promised(path)]
    assert len(path.read_text().splitlines()) <= 100


def test_the_small_transformer_writes_too():
    path = next(path for path in EXAMPLES if path.stem == "write_like_python")
    command = [sys.executable, str(path), "gpt", "150"]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    surprise = [float(word) for word in ran.stdout.split("surprise ")[-1].split("\n")[0].split(", then ")]
    assert surprise[0] > 3.2
    assert surprise[1] < 2.5


@pytest.mark.skipif("MNIST_DIR" not in os.environ, reason="set MNIST_DIR to the folder of the four MNIST files")
def test_filters_are_learnt_from_mnist_too():
    path = next(path for path in EXAMPLES if path.stem == "recognise_digits_with_convolution")
    ran = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, timeout=60, check=True)
    assert "it has never seen: True" in ran.stdout


PAGES = {
    "golfer": "golfer.html",
    "one_neuron": "one_neuron.html",
    "forward_propagation": "forward_propagation.html",
    "backpropagation_by_hand": "backpropagation_by_hand.html",
    "compare_by_hand": "compare_by_hand.html",
    "sgd_as_averaged_nudges": "nudges.html",
    "straight_line_fails": "straight_line_fails.html",
    "moons_replayed": "moons.html",
}


def test_examples_draw_as_well_as_print_without_matplotlib():
    for name, page in PAGES.items():
        source = next(path for path in EXAMPLES if path.stem == name).read_text()
        assert f'"{page}"' in source
        assert "matplotlib" not in source
