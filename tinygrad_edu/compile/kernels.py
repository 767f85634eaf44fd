"""How the steps of a program are written in NumPy, where that can be better than calling a row's forward function.

A `Spelling` says whether a step can write into memory that is given to it, and whether its result is only a view of
its operand. A row without one is called as it stands. `EXPANSIONS` take composed rows apart, so that what two of
them share (the softmax of a loss and of its gradient) is computed once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..op import Op
from ..ops.compare import BITS
from ..ops.indexing import HERE

Write = Callable[[Any, list[str], str], str]  # (step, names of its operands, name of the memory or "") -> Python


@dataclass(frozen=True)
class Spelling:
    """How a step is written. `text` gives an expression, or statements on `out` if `fills` is set."""

    text: Write
    out: bool = False  # can be told where to write
    inplace: bool = False  # may write over an operand of its shape and type
    view: bool = False  # gives a view of its first operand
    fills: bool = False  # is statements that work on `out`, which holds a copy of the first operand, or is it


class Kernel:
    """A step that no row of the table stands for, and no gradient passes."""

    rules = ()

    def __init__(self, name: str, forward: Callable[..., Any]) -> None:
        self.name = name
        self.forward = forward


def _less_one(p: np.ndarray, rows: np.ndarray, labels: np.ndarray) -> np.ndarray:
    p = p.copy()
    p[rows, labels] -= 1
    return p


LESS_ONE = Kernel("less_one", _less_one)
ZERO_WHERE = Kernel("zero_where", lambda x, condition: np.where(condition, 0, x))


def ufunc(step: Any, args: list[str], out: str) -> str:
    """Write a call of the ufunc that a row is."""
    name = step.op.forward.__name__
    keyword = "out=" if name in ("maximum", "minimum") else ""  # NumPy deprecates the place alone for these two
    return f"np.{name}({', '.join([*args, keyword + out] if out else args)})"


def matmul(step: Any, args: list[str], out: str) -> str:
    """Write a product of matrices; of two plain matrices, `dot` does it with less ado."""
    x, y = (x.data for x in step.args)
    plain = np.ndim(x) in (1, 2) and np.ndim(y) == 2 and x.dtype == y.dtype
    return f"np.{'dot' if plain else 'matmul'}({', '.join([*args, out] if out else args)})"


def reduction(ufunc: str) -> Write:
    """Return how to write the reduction by a ufunc."""

    def write(step: Any, args: list[str], out: str) -> str:
        axis, keepdims = step.params.get("axis"), step.params.get("keepdims", False)
        return f"np.{ufunc}.reduce({args[0]}, {axis}, None, {out or None}, {keepdims})"

    return write


def where(step: Any, args: list[str], out: str) -> str:
    """Write a choice, which has no place to be told to write to."""
    del step, out
    return f"np.where({', '.join(args)})"


def zero_where(step: Any, args: list[str], out: str) -> str:
    """Write a copy with zeros where a condition holds, by clearing all bits there: see `ops.compare.choice`."""
    bits, floats = f"np.{BITS[step.data.itemsize].__name__}", f"np.{step.data.dtype}"
    cleared = f"np.bitwise_and({args[0]}.view({bits}), {args[1]}.view(np.int8) - 1"
    return f"{cleared}, {out}.view({bits}))" if out else f"{cleared}).view({floats})"


AS_IT_STANDS = Spelling(lambda z, a, out: "")  # the row's own function is called
SPELLINGS: dict[str, Spelling] = {
    "matmul": Spelling(matmul, out=True),
    "relu": Spelling(lambda _, a, out: f"np.maximum({a[0]}, 0{out and ', out=' + out})", out=True, inplace=True),
    "sum": Spelling(reduction("add"), out=True),
    "max": Spelling(reduction("maximum"), out=True),
    "min": Spelling(reduction("minimum"), out=True),
    "where": Spelling(where),
    "mT": Spelling(lambda _, a, out: f"{a[0]}.mT", view=True),  # a view is written nowhere
    "reshape": Spelling(lambda z, a, out: f"{a[0]}.reshape({z.params['shape']})", view=True),
    "transpose": Spelling(lambda z, a, out: f"{a[0]}.transpose({z.params['axes']})", view=True),
    "broadcast_to": Spelling(lambda z, a, out: f"np.broadcast_to({a[0]}, {z.params['shape']})", view=True),
    "less_one": Spelling(lambda _, a, out: f"{out}[{a[1]}, {a[2]}] -= 1", fills=True),
    "zero_where": Spelling(zero_where, out=True, inplace=True),
}


def spelling(op: Op | Kernel | None) -> Spelling:
    """Return how steps of `op` are written; what is no step is not written at all."""
    if op is None:
        return AS_IT_STANDS
    if op.name in SPELLINGS:
        return SPELLINGS[op.name]
    if isinstance(op.forward, np.ufunc) and op.forward.nout == 1 and op.forward.signature is None:
        return Spelling(ufunc, out=True, inplace=True)
    return AS_IT_STANDS


# What is the same as its first operand --------------------------------------------------------------------------


def _as_it_was(z: Any, x: Any) -> bool:
    return np.shape(z) == np.shape(x) and getattr(z, "dtype", None) == getattr(x, "dtype", 0)


SAME: dict[str, Callable[..., bool]] = {
    "identity": lambda *_: True,
    "positive": lambda *_: True,
    "reshape": _as_it_was,
    "broadcast_to": _as_it_was,
    "astype": _as_it_was,
}

# Composed rows, taken apart -------------------------------------------------------------------------------------


def _shifted(emit: Any, x: Any, axis: int) -> tuple[Any, Any, Any]:
    below = emit("subtract", x, emit("max", x, axis=axis, keepdims=True))
    e = emit("exp", below)
    return below, e, emit("sum", e, axis=axis, keepdims=True)


def _softmax(emit: Any, x: Any, axis: int = -1) -> Any:
    _, e, total = _shifted(emit, x, axis)
    return emit("divide", e, total)


def _log_softmax(emit: Any, x: Any, axis: int = -1) -> Any:
    below, _, total = _shifted(emit, x, axis)
    return emit("subtract", below, emit("log", total))


def _cross_entropy(emit: Any, x: Any, labels: Any) -> Any:
    if x.data.ndim != 2:
        return None  # as it stands
    below, _, total = _shifted(emit, x, -1)
    n = x.data.shape[0]
    picked = emit("getitem", below, np.arange(n), labels, key=(HERE, HERE))
    return emit("subtract", emit("log", emit("reshape", total, shape=(n,))), picked)


def _minus_one_hot(emit: Any, x: Any, labels: Any) -> Any:
    if x.data.ndim != 2:
        return None  # as it stands
    return emit(LESS_ONE, _softmax(emit, x), np.arange(x.data.shape[0]), labels)


def _mean(emit: Any, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    if x.data.dtype.itemsize < 4 or x.data.dtype.kind != "f":
        return None  # as it stands
    total = emit("sum", x, axis=axis, keepdims=keepdims)
    return emit("divide", total, x.data.size // max(total.data.size, 1))


def _sum(emit: Any, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    if keepdims or axis not in (0, (0,)) or x.data.ndim != 2 or x.data.dtype not in (np.float32, np.float64):
        return None
    return emit("matmul", np.ones(x.data.shape[0], x.data.dtype), x)  # a product adds rows up faster than a sum does


def _where(emit: Any, condition: Any, x: Any, y: Any) -> Any:
    zero = x.constant and np.ndim(x.data) == 0 and x.data == 0
    fits = np.shape(y.data) == np.broadcast_shapes(np.shape(condition.data), np.shape(y.data))
    floats = isinstance(y.data, np.ndarray) and y.data.ndim > 0 and y.data.dtype.kind == "f" and y.data.itemsize in BITS
    if zero and fits and floats and isinstance(condition.data, np.ndarray) and condition.data.dtype == bool:
        return emit(ZERO_WHERE, y, condition)
    return None  # as it stands


def _linear(emit: Any, x: Any, w: Any, b: Any) -> Any:
    return emit("add", emit("matmul", x, emit("mT", w)), b)


EXPANSIONS: dict[str, Callable[..., Any]] = {
    "linear": _linear,
    "softmax": _softmax,
    "log_softmax": _log_softmax,
    "softmax_cross_entropy": _cross_entropy,
    "softmax_minus_one_hot": _minus_one_hot,
    "mean": _mean,
    "sum": _sum,
    "where": _where,
}
