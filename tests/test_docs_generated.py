"""docs/operations.md and docs/numbers.md are what the table of operations says today."""

import importlib.util
import re
from pathlib import Path

import numpy as np
import pytest

from tinygrad_edu.core.op import TABLE, op
from tinygrad_edu.ops import BUILT_IN

DOCS = Path(__file__).parent.parent / "docs"
AGAIN = "run `python docs/tabulate.py`"


def program(name):
    """A program of docs/, as a module."""
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def tabulate():
    return program("tabulate")


@pytest.fixture(scope="module")
def operations(tabulate):
    return tabulate.operations()


def line_of(text, name):
    (line,) = re.findall(rf"^\| `{name}` \|.*$", text, re.MULTILINE)
    return line


def test_operations_are_up_to_date(operations):
    text = (DOCS / "operations.md").read_text()
    written_with = re.search(r"with NumPy (\d+\.\d+)", text)[1]
    if not np.__version__.startswith(f"{written_with}."):
        pytest.skip(f"the page lists the names of NumPy {written_with}, and this is {np.__version__}")
    assert text == operations, AGAIN


def test_numbers_are_up_to_date(tabulate):
    assert (DOCS / "numbers.md").read_text() == tabulate.numbers(), AGAIN


@pytest.mark.parametrize("name", sorted(BUILT_IN))
def test_every_row_has_its_line(operations, name):
    line = line_of(operations, name)
    assert len(re.findall(r"(?<!\\)\|", line)) == 7


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("multiply", ["`x * y`", "`g * y`; `g * x`", "`np.multiply`"]),
        ("tanh", ["`tanh(x)`", "`g * sech(x)**2`", "`np.tanh`"]),
        ("sqrt", ["`g / (2 * z)`", "(0, ∞)", "`sqrt(x) at 0`: nan, **inf**, inf"]),
        ("relu", ["`relu(x) at 0`: 0, **0**, 1"]),
        ("matmul", ["`g @ y.T`; `x.T @ g`", "`np.matmul`"]),
        ("where", ["—; `where(c, g, 0)`; `where(c, 0, g)`", "`np.where`"]),
        ("sum", ["`broadcast_to(g, shape=(2, 3))`", "`np.sum`"]),
        ("greater", ["not differentiable"]),
    ],
)
def test_a_line_says_what_the_rule_says(operations, name, cells):
    line = line_of(operations, name)
    for cell in cells:
        assert cell in line


def test_a_changed_rule_changes_the_document(tabulate, monkeypatch):
    rules = (lambda g, z, x, y: g * y * 2.0, TABLE["multiply"].rules[1])
    monkeypatch.setattr(TABLE["multiply"], "rules", rules)
    assert tabulate.line(TABLE["multiply"], [], []) == "| `multiply` | `x * y` | `g * y * 2`; `g * x` |  |  |  |"


def test_a_row_of_ones_own_is_recorded_too(tabulate):
    row = op("halve_for_docs", "half({})", lambda x: x / 2.0, lambda g, z, x: g / 2.0, elementwise=True)
    try:
        assert tabulate.recorded(row) == ("half(x)", ["g / 2"])
    finally:
        del TABLE["halve_for_docs"]


def test_functions_made_of_rows_are_named(operations):
    assert "`np.linalg.norm`" in operations
    assert "`np.stack`" in operations


def test_stubs_are_up_to_date():
    for path, text in program("stubs").stubs().items():
        assert path.read_text() == text, "run `python docs/stubs.py`"
