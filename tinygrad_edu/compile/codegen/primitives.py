"""Lowerings: how steps of a program are written in NumPy where a call of the row's forward function is slower.

A `Lowering` says whether a step can write into memory that is given to it, and whether its result is only a view of
its operand. A row without one is called as it stands.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from ...core.op import Op
from ...errors.where import users_line
from ...ops import convolution
from ...symbolic.formats.text import index_text, whole_number

Write = Callable[[Any, list[str], str], str]  # (step, names of its operands, name of the memory or "") -> Python


@dataclass(frozen=True)
class Lowering:
    """The way in which a step is written. `text` gives an expression, or statements on `out` if `fills` is set."""

    text: Write
    out: bool = False  # can be told where to write
    inplace: bool = False  # may write over an operand of its shape and type
    view: bool = False  # gives a view of its first operand
    fills: bool = False  # is statements that work on `out`, which holds a copy of the first operand, or is it


def _less_one(p: np.ndarray, places: np.ndarray) -> np.ndarray:
    p = p.copy()
    p[places] -= 1
    return p


def checked_labels(labels: np.ndarray, classes: int) -> np.ndarray:
    """Return class labels as indices. Raises IndexError for one that is no class."""
    labels = np.asarray(labels)
    seen = labels.view(f"u{labels.dtype.itemsize}")  # as unsigned numbers, negative labels are very large
    if seen.size and seen.flat[seen.argmax()] >= classes:
        wrong = np.flatnonzero((labels < 0) | (labels >= classes))[0]
        raise IndexError(
            f"cross_entropy: class {labels.flat[wrong]}, but there are {classes} classes (0–{classes - 1}), in row "
            f"{wrong} (at {users_line()})"
        )
    return labels.astype(np.intp, copy=False)


def ufunc(step: Any, args: list[str], out: str) -> str:
    """Write a call of the ufunc that a row is."""
    name = step.op.forward.__name__
    keyword = "out=" if name in ("maximum", "minimum") else ""  # NumPy deprecates the place alone for these two
    return f"np.{name}({', '.join([*args, keyword + out] if out else args)})"


def matmul(step: Any, args: list[str], out: str) -> str:
    """Write a product of matrices; of two plain matrices by `dot`, which has less overhead."""
    x, y = (x.data for x in step.args)
    if np.ndim(x) in (1, 2) and np.ndim(y) in (1, 2) and x.dtype == y.dtype:
        return f"{args[0]}.dot({', '.join([args[1], out] if out else args[1:])})"
    return f"np.matmul({', '.join([*args, out] if out else args)})"


def write_reduction(ufunc: str) -> Write:
    """Return how to write the reduction by a ufunc."""

    def write(step: Any, args: list[str], out: str) -> str:
        axis, keepdims = whole_number(step.params.get("axis")), bool(step.params.get("keepdims", False))
        return f"np.{ufunc}.reduce({args[0]}, {axis}, None, {out or None}, {keepdims})"

    return write


def where(step: Any, args: list[str], out: str) -> str:
    """Write a choice, which has no place to be told to write to."""
    del step, out
    return f"np.where({', '.join(args)})"


def getitem(step: Any, args: list[str], out: str) -> str:
    """Write an index."""
    del out
    return f"{args[0]}[{index_text(step.params['key'], args[1:])}]"


def write_take(step: Any, args: list[str], out: str) -> str:
    """Write a choice of elements by their places, which are known to be within bounds."""
    del step
    return f"{args[0]}.take({args[1]}{out and f', None, {out}, ' + repr('clip')})"  # else it copies `out` to be safe


def part(step: Any, args: list[str], out: str) -> str:
    """Write a stretch of numbers that lie end to end, as an array of its own."""
    del out
    start, shape = step.params["start"], step.params["shape"]
    return f"{args[0]}[{start}:{start + np.prod(shape, dtype=int)}].reshape({shape})"


def as_type(kind: str) -> Write:
    """Return how to write a view of the same bytes as numbers of another kind."""
    return lambda step, args, _: f"{args[0]}.view('{kind}{step.args[0].data.dtype.itemsize}')"


AS_IT_STANDS = Lowering(lambda z, a, out: "")  # the row's own function is called
ELEMENTWISE = Lowering(ufunc, out=True, inplace=True)
LOWERINGS: dict[str, Lowering] = {
    "matmul": Lowering(matmul, out=True),
    "power": Lowering(lambda _, a, out: f"np.power({', '.join([*a, out] if out else a)})", out=True, inplace=True),
    "relu": Lowering(lambda _, a, out: f"np.maximum({a[0]}, 0{out and ', out=' + out})", out=True, inplace=True),
    "sum": Lowering(write_reduction("add"), out=True),
    "max": Lowering(write_reduction("maximum"), out=True),
    "min": Lowering(write_reduction("minimum"), out=True),
    "any": Lowering(write_reduction("logical_or")),
    "all": Lowering(write_reduction("logical_and")),
    "where": Lowering(where),
    "getitem": Lowering(getitem),  # a view or a copy, according to the index
    "mT": Lowering(lambda _, a, out: f"{a[0]}.mT", view=True),
    "reshape": Lowering(lambda z, a, out: f"{a[0]}.reshape({whole_number(z.params['shape'])})", view=True),
    "transpose": Lowering(lambda z, a, out: f"{a[0]}.transpose({whole_number(z.params['axes'])})", view=True),
    "broadcast_to": Lowering(
        lambda z, a, out: f"np.broadcast_to({a[0]}, {whole_number(z.params['shape'])})", view=True
    ),
}


class Primitive:
    """A step that no row of the table stands for, and no gradient passes."""

    rules = ()

    def __init__(self, name: str, forward: Callable[..., Any], how: Lowering = AS_IT_STANDS) -> None:
        self.name = name
        self.forward = forward
        self.how = how


STRIPS = Primitive("strips", convolution.strips)
STRIPS_BY_WEIGHTS = Primitive("strips_by_weights", convolution.strips_by_weights)
STRIPS_BY_RESULTS = Primitive("strips_by_results", convolution.strips_by_results)
CHECKED_LABELS = Primitive("checked_labels", checked_labels)
PICK = Primitive("pick", lambda flat, places: flat.take(places), Lowering(write_take, out=True))
COUNT = Primitive("count", lambda x, places, size: np.bincount(places, x, size))
LESS_ONE = Primitive("less_one", _less_one, Lowering(lambda _, a, out: f"{out}[{a[1]}] -= 1", fills=True))
ARGMAX = Primitive(
    "argmax", lambda x: x.argmax(-1), Lowering(lambda _, a, out: f"{a[0]}.argmax(-1{out and ', ' + out})", out=True)
)
POSITIVE = Primitive("maximum", np.maximum, ELEMENTWISE)
AND = Primitive("bitwise_and", np.bitwise_and, ELEMENTWISE)
BITS = Primitive("bits", lambda x: x.view(f"i{x.dtype.itemsize}"), Lowering(as_type("i"), view=True))
FLOATS = Primitive("floats", lambda x: x.view(f"f{x.dtype.itemsize}"), Lowering(as_type("f"), view=True))
END_TO_END = Primitive(
    "end_to_end",
    lambda *parts: np.concatenate([x.reshape(-1) for x in parts]),
    Lowering(lambda _, a, out: f"np.concatenate([x.reshape(-1) for x in ({', '.join(a)},)])"),
)
PART = Primitive(
    "part",
    lambda whole, start, shape: whole[start : start + np.prod(shape, dtype=int)].reshape(shape),
    Lowering(part, view=True),
)


@lru_cache(maxsize=1024)
def lowering(op: Op | Primitive | None) -> Lowering:
    """Return how steps of `op` are written; constants and inputs are not written."""
    if op is None:
        return AS_IT_STANDS
    if isinstance(op, Primitive):
        return op.how
    if op.name in LOWERINGS:
        return LOWERINGS[op.name]
    f = op.forward
    if isinstance(f, np.ufunc) and f.nout == 1 and f.signature is None and getattr(np, f.__name__, None) is f:
        return ELEMENTWISE
    return AS_IT_STANDS
