"""The gate: only a few files may read the numbers of a node where a function is traced."""

import ast
from pathlib import Path

import numpy as np
import pytest

import tinygrad_edu
from tinygrad_edu import Tensor, Value
from tinygrad_edu.core.sealed import OPERATORS, Sealed
from tinygrad_edu.errors import CompileError

PACKAGE = Path(tinygrad_edu.__file__).parent
MAY_READ = {  # they compute nodes, or hold the numbers of a program
    *("core/node.py", "core/value.py", "core/tensor.py", "core/inplace.py", "core/backprop.py", "core/copying.py"),
    *("core/sealed.py", "core/array_gradients.py", "core/array_methods.py", "fast/", "compile/"),
    "transforms/batched.py",  # tries an operation out on example numbers: only shapes follow from it
    "transforms/vmap.py",  # takes an example out of a batch, and looks which way to compute a batch is right for it
    "transforms/matrices.py",  # refuses a Jacobian that is not holomorphic: no result follows from it
    *(
        "ops/limits.py",
        "ops/slopes.py",
        "ops/decompositions.py",
    ),  # limits at ties; while a function is traced they take none
    "nn/optim/clip.py",  # writes gradients in one commit
    "nn/optim/optimizer.py",  # a step in a function that is traced is the tracer's, before any weight is read
}


def readers(path):
    """Lines on which a file names the storage of a node, or takes it out by the function for that."""
    for node in ast.walk(ast.parse(path.read_text())):
        names = (getattr(node, "attr", None), getattr(node, "id", None), getattr(node, "value", None))
        if {*(name for name in names if isinstance(name, str))} & {"_raw", "_slope", "raw_of"}:
            yield node.lineno
        if isinstance(node, ast.alias) and node.name == "raw_of":
            yield node.lineno


def test_only_these_files_name_the_storage_of_a_node():
    found = {str(path.relative_to(PACKAGE)) for path in PACKAGE.rglob("*.py") if any(True for _ in readers(path))}
    allowed = {path for path in found for start in MAY_READ if path.startswith(start)}
    assert found == allowed
    assert len(found) > 10  # so that the search is known to find some


class RefusedError(Exception):
    pass


def refuse(node):
    raise RefusedError(node)


@pytest.mark.parametrize("node", [Tensor([[1.0, 2.0]]), Value(3.0), Tensor(2.0)], ids=["tensor", "value", "0-d"])
def test_a_sealed_stand_in_has_a_shape_and_no_numbers(node):
    sealed = Sealed(node, refuse)
    raw = np.asarray(node._data)
    assert (sealed.shape, sealed.dtype, sealed.ndim, sealed.size) == (raw.shape, raw.dtype, raw.ndim, raw.size)
    assert (np.shape(sealed), np.ndim(sealed), np.size(sealed)) == (raw.shape, raw.ndim, raw.size)
    asking = [
        *(getattr(Sealed, f"__{side}{name}__") for name in OPERATORS for side in ("", "r")),
        *(bool, float, int, complex, iter, hash, list, sorted, np.array, np.asarray, np.sum, np.exp, np.copy),
        *(lambda s: s[0], lambda s: s == s, lambda s: s < 1, lambda s: s.item(), lambda s: s.T, lambda s: s.sum()),
        *(lambda s: np.add(s, 1), lambda s: np.ones(2) * s, lambda s: np.ones(2) + s, lambda s: 1.0 in s),
        *(lambda s: np.float64(s), lambda s: f"{s:.2f}", lambda s: np.dot(s, s)),
    ]
    for ask in asking:
        with pytest.raises(RefusedError):
            ask(sealed) if ask not in asking[: 2 * len(OPERATORS)] else ask(sealed, 1)
    assert str(raw.flat[0]) not in repr(sealed)


@pytest.mark.parametrize("read", [lambda x: x._data + 1, lambda x: float(x._data), lambda x: x._data.sum()])
def test_reading_storage_by_its_old_name_is_refused_at_the_users_line(read):
    with pytest.raises(CompileError, match=Path(__file__).name):
        tinygrad_edu.compile(lambda x: x * read(x))(Tensor([1.0, 2.0]))
