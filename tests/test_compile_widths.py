"""Indices have the width of a pointer: on a machine of 32 bits NumPy takes no wider ones."""

import ast
from pathlib import Path

import numpy as np
from compiling import batch, net, same, training

import tinygrad_edu as tg
from tinygrad_edu import nn

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
    found = set()
    for path in PACKAGE.rglob("*.py"):
        names = {node.attr for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)}
        if "int64" in names:
            found.add(str(path.relative_to(PACKAGE)))
    assert found == WIDE
