"""Indices have the width of a pointer: on a machine of 32 bits NumPy takes no wider ones."""

import ast
import importlib
import re
from pathlib import Path

import numpy as np
from compiling import batch, net, same, training

import tinygrad_edu as tg
from tinygrad_edu import nn

lift = importlib.import_module("tinygrad_edu.compile.vectorize.vectorizer")
PACKAGE = Path(tg.__file__).parent / "compile"
WIDE = {"vectorize/vectorizer.py", "vectorize/strided.py"}  # numbers that pair two indices, and are none


def test_labels_of_every_width_become_indices_of_a_pointer_s_width(monkeypatch):
    monkeypatch.setattr(np, "intp", np.int32)  # as there; NumPy here takes both
    taken = []
    for kind in (np.int8, np.uint8, np.int32, np.int64, np.uint16):
        models = [net(), net()]
        eager, plain = (training(m, nn.SGD(m.parameters(), lr=0.1)) for m in models)
        fast, (x, y) = tg.compile(plain), batch(np.random.default_rng(0))
        for _ in range(2):
            same(fast(x, y.astype(kind)), eager(x, y.astype(kind)))
        taken.append(fast.last.executable.turns.space[0])
    for space in taken:
        text = [line for line in fast.source.splitlines() if ".take(" in line]
        assert len(text) == 2
        names = [line.partition(".take(")[2].partition(",")[0] for line in text]
        assert np.dtype(np.int32) in {space[name].dtype for name in names}
        assert not {space[name].dtype for name in names} - {np.dtype(np.int32), np.dtype(np.int64)}


def test_no_index_is_wider_by_its_text():
    found, large = set(), set()
    for path in PACKAGE.rglob("*.py"):
        nodes = [*ast.walk(ast.parse(path.read_text()))]
        names = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
        words = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
        if "int64" in names or {"int64", "i8", "q", "l"} & words:
            found.add(str(path.relative_to(PACKAGE)))
        shifts = [node.right for node in nodes if isinstance(node, ast.BinOp) and isinstance(node.op, ast.LShift)]
        if any(not isinstance(by, ast.Constant) or by.value > 30 for by in shifts):
            large.add(str(path.relative_to(PACKAGE)))
    assert found - {"backends/jax_rows.py"} == WIDE  # XLA has widths of its own
    assert large == WIDE


def test_places_of_scalars_that_are_gathered_have_the_width_of_a_pointer(monkeypatch):
    """Whatever indexes an array in the program of a graph without order is of NumPy's own type of indices."""
    monkeypatch.setattr(lift, "LEAST", 0)
    monkeypatch.setattr(lift, "WORTH", 0)
    rng = np.random.default_rng(0)
    xs = [tg.Value(float(x)) for x in rng.normal(size=30)]
    pairs = rng.integers(0, 30, (60, 2)).tolist()

    def step():
        loss = sum((xs[i] * xs[j]).tanh() for i, j in pairs)
        for x in xs:
            x.grad = None
        loss.backward()
        return loss

    fast = tg.compile(step)
    assert abs(fast().data - step().data) < 1e-12
    space = fast.last.executable.turns.space[0]
    names = re.findall(r"(?:take\(|count\(\w+, )(c\d+)", fast.source)
    assert names
    assert {space[name].dtype for name in names} == {np.dtype(np.intp)}
