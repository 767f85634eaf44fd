"""Decompositions: steps replaced by others that give the same to rounding, and are quicker in NumPy.

`IDENTITIES` are steps that are just their operand. `DECOMPOSITIONS` write an operation by others: parts that two
operations share (the softmax of a loss and of its gradient) are then computed once, in NumPy's quicker way.
A decomposition is called as `f(emit, *operands, **params)`, where `emit(op, *operands, **params)` adds a step; it
returns the variable of the result, or None if the operation stays as it is. `emit.known` looks a step up.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ...ops.checks import Below, tested
from ..codegen.primitives import (
    AND,
    ARGMAX,
    BITS,
    CHECKED_LABELS,
    FLOATS,
    LESS_ONE,
    PICK,
    POSITIVE,
)
from .gathers import count_elements, take_elements
from .images import FLOAT, conv2d_from_strips, is_zero, relu_before_unpooling, relu_of_maxima, weights_from_strips

SHORT = 64  # up to here NumPy takes longer to begin a row of numbers than to add it up or search it
LARGE = 32768  # from here on it takes longer to read another array than to begin a row of one anew


def _as_it_was(z: Any, x: Any) -> bool:
    return np.shape(z) == np.shape(x) and getattr(z, "dtype", None) == getattr(x, "dtype", 0)


IDENTITIES: dict[str, Callable[..., bool]] = {
    "identity": lambda *_: True,
    "element": lambda _, x: type(x) is float,
    "positive": lambda *_: True,
    "reshape": _as_it_was,
    "broadcast_to": _as_it_was,
    "astype": _as_it_was,
}

# Shapes and products --------------------------------------------------------------------------------------------


def _transposed(emit: Any, x: Any) -> Any:
    if x.op is not None and x.op.name == "mT":
        return x.args[0]
    if x.op is not None and x.op.name == "matmul" and min(np.ndim(y.data) for y in x.args) > 1:
        a, b = x.args
        return emit("matmul", emit("mT", b), emit("mT", a))  # which lies in memory row by row
    return None


def _reshaped(emit: Any, x: Any, shape: Any) -> Any:
    return emit("reshape", x.args[0], shape=shape) if x.op is not None and x.op.name == "reshape" else None


def _linear(emit: Any, x: Any, w: Any, b: Any) -> Any:
    return emit("add", emit("matmul", x, emit("mT", w)), b)


# Sums and extremes ----------------------------------------------------------------------------------------------


def _sum(emit: Any, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    shape = x.data.shape
    if x.data.dtype not in FLOAT:
        return None
    if len(shape) == 2 and axis in (0, (0,)) and not keepdims:
        return emit("matmul", np.ones(shape[0], x.data.dtype), x)  # a product adds rows up faster than a sum does
    if len(shape) == 1 and shape[0] <= SHORT and not keepdims:
        return emit("matmul", x, np.ones(shape, x.data.dtype))
    if len(shape) == 2 and axis in (1, -1, (1,)) and shape[1] <= SHORT:
        total = emit("matmul", x, np.ones(shape[1], x.data.dtype))
        return emit("reshape", total, shape=(shape[0], 1)) if keepdims else total
    return None


def _mean(emit: Any, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    if x.data.dtype.itemsize < 4 or x.data.dtype.kind != "f":
        return None
    total = emit("sum", x, axis=axis, keepdims=keepdims)
    return emit("divide", total, x.data.size // max(total.data.size, 1))


def _max(emit: Any, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    shape = x.data.shape
    if len(shape) != 2 or axis not in (1, -1, (1,)) or not 0 < shape[1] <= SHORT or x.data.dtype not in FLOAT:
        return None
    places = emit("add", _starts(x), emit(ARGMAX, x))
    largest = emit(PICK, emit("reshape", x, shape=(-1,)), places)
    return emit("reshape", largest, shape=(shape[0], 1)) if keepdims else largest


def _starts(x: Any) -> np.ndarray:
    """Return where the rows of a matrix begin, its numbers laid end to end."""
    return np.arange(0, x.data.size, x.data.shape[1], dtype=np.intp)


# One, and small powers ------------------------------------------------------------------------------------------


def _times_one(emit: Any, x: Any, y: Any) -> Any:
    return y if _is_one(x, y) else _over_one(emit, x, y)


def _over_one(emit: Any, x: Any, y: Any) -> Any:
    del emit
    return x if _is_one(y, x) else None


def _is_one(one: Any, x: Any) -> bool:
    """Return whether `one` is constant and 1 everywhere, and neither widens nor repeats `x`."""
    if not isinstance(x.data, np.ndarray) or x.data.dtype.kind != "f":
        return False
    if not one.constant or not np.all(np.equal(one.data, 1)):
        return False
    fits = np.broadcast_shapes(np.shape(one.data), x.data.shape) == x.data.shape
    return fits and bool(np.result_type(one.data, x.data) == x.data.dtype)


def _power(emit: Any, x: Any, y: Any) -> Any:
    if not y.constant or np.ndim(y.data) or getattr(x.data, "dtype", None) not in FLOAT:
        return None
    return _over_one(emit, x, y) or (emit("square", x) if y.data == 2 else None)


# Losses ---------------------------------------------------------------------------------------------------------


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


def is_class_check(test: Any, x: Any) -> bool:
    """Return whether a check of labels asks for no more than that they are columns of `x`."""
    return isinstance(test, Below) and test.ignored is None and test.classes == x.data.shape[-1]


def _labelled(emit: Any, x: Any, labels: Any) -> Any:
    """Return the place of each row's label, the numbers laid end to end; None where that does not pay."""
    if labels.op is tested and is_class_check(labels.params["test"], x):
        labels = labels.args[0]  # CHECKED_LABELS looks at them as well
    kind = getattr(labels.data, "dtype", np.dtype(object))
    if x.data.ndim != 2 or kind.kind not in "iu" or kind == np.uint64 or not x.data.size:
        return None
    return emit("add", _starts(x), emit(CHECKED_LABELS, labels, classes=x.data.shape[1]))


def _cross_entropy_steps(emit: Any, x: Any, labels: Any) -> Any:
    if (places := _labelled(emit, x, labels)) is None:
        return None
    below, _, total = _shifted(emit, x, -1)
    picked = emit(PICK, emit("reshape", below, shape=(-1,)), places)
    return emit("subtract", emit("log", emit("reshape", total, shape=(-1,))), picked)


def _minus_one_hot(emit: Any, x: Any, labels: Any) -> Any:
    if (places := _labelled(emit, x, labels)) is None:
        return None
    less = emit(LESS_ONE, emit("reshape", _softmax(emit, x), shape=(-1,)), places)
    return emit("reshape", less, shape=x.data.shape)


# Choices --------------------------------------------------------------------------------------------------------


def _relu(emit: Any, x: Any) -> Any:
    if getattr(x.data, "dtype", None) not in FLOAT or not x.data.ndim:
        return None
    return emit(POSITIVE, x, _zeros(x))  # of two arrays NumPy compares several numbers at once


def _gelu(emit: Any, x: Any) -> Any:
    """Write out what the derivative computes too, so that erfc, which takes longest, is computed once."""
    if getattr(x.data, "dtype", None) not in FLOAT:
        return None
    return emit("multiply", x, emit("multiply", 0.5, emit("erfc", emit("multiply", x, -math.sqrt(0.5)))))


def _less_equal(emit: Any, x: Any, y: Any) -> Any:
    if not is_zero(y) or getattr(x.data, "dtype", None) not in FLOAT or not x.data.ndim:
        return None
    relu = emit.known(POSITIVE, x, _zeros(x))  # is positive where x is, and x need not be kept
    return None if relu is None else emit("less_equal", relu, y)


# Masks ----------------------------------------------------------------------------------------------------------


def _zeros(x: Any) -> np.ndarray:
    """Return zeros to compare with: as many as there are numbers, or a row of them where they are many."""
    return np.zeros(x.data.shape if x.data.size <= LARGE else x.data.shape[-1:], x.data.dtype)


def _where(emit: Any, condition: Any, x: Any, y: Any) -> Any:
    """Keep numbers or make them zero by their bits: a branch for each number, taken at random, is slow."""
    if (before := relu_before_unpooling(emit, condition, x, y)) is not None:
        return before
    zero, kept = (x, y) if is_zero(x) else (y, x)
    shape = np.shape(condition.data)
    fits = isinstance(kept.data, np.ndarray) and kept.data.ndim and shape == kept.data.shape
    if not is_zero(zero) or not fits or kept.data.dtype not in FLOAT or condition.data.dtype != bool:
        return None
    truth = emit(BITS, condition)
    mask = emit("subtract", truth, 1) if zero is x else emit("negative", truth)  # -1 is all ones
    return emit(FLOATS, emit(AND, emit(BITS, kept), mask))


DECOMPOSITIONS: dict[str, Callable[..., Any]] = {
    "reshape": _reshaped,
    "mT": _transposed,
    "linear": _linear,
    "multiply": _times_one,
    "divide": _over_one,
    "power": _power,
    "sum": _sum,
    "mean": _mean,
    "max": _max,
    "softmax": _softmax,
    "log_softmax": _log_softmax,
    "softmax_cross_entropy": _cross_entropy_steps,
    "softmax_minus_one_hot": _minus_one_hot,
    "relu": _relu,
    "gelu": _gelu,
    "less_equal": _less_equal,
    "where": _where,
    "conv2d": conv2d_from_strips,
    "affine_conv2d": conv2d_from_strips,
    "conv2d_weight": weights_from_strips,
    "max_pool2d": relu_of_maxima,
    "getitem": take_elements,
    "put": count_elements,
}
