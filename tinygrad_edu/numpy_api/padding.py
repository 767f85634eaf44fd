"""NumPy's `pad`. Most modes repeat elements, so they are an index into the array."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.dispatch import implements
from ..errors import DTypeError
from ..ops import arithmetic, shapes
from .arguments import at, cast, dtype_of, float_of, given
from .joining import concatenate
from .ordering import median
from .reductions import max, mean, min
from .selecting import take
from .shaping import broadcast_to

__all__ = ["pad"]

REPEATING = ("edge", "reflect", "symmetric", "wrap")
STATISTICS: dict[str, Callable[..., Any]] = {"maximum": max, "minimum": min, "mean": mean, "median": median}


@implements(np.pad)
def pad(array: Any, pad_width: Any, mode: str = "constant", **keywords: Any) -> Any:
    """Add elements before and behind along each axis, by any of NumPy's modes but "empty" and functions."""
    x = given(array)
    ndim = len(shapes.shape(x))
    if isinstance(pad_width, dict):
        pad_width = [pad_width.get(k, pad_width.get(k - ndim, 0)) for k in range(ndim)]
        pad_width = [(w, w) if isinstance(w, int) else tuple(w) for w in pad_width]
    widths = pairs_per_axis(pad_width, ndim)
    if mode == "constant":
        values = keywords.pop("constant_values", 0)
    elif mode == "linear_ramp":
        values = keywords.pop("end_values", 0)
    elif mode in STATISTICS:
        values = keywords.pop("stat_length", None)
    elif mode in REPEATING:
        values = keywords.pop("reflect_type", "even")
    else:
        raise DTypeError(
            f"pad: mode={mode!r} is not differentiable here; use a mode that says what the new elements are"
        )
    if keywords:
        raise ValueError(f"unsupported keyword arguments for mode {mode!r}: {set(keywords)}")
    for axis, (before, after) in enumerate(widths):
        if before or after:
            x = padded(x, axis, before, after, mode, values)
    return x


def pairs_per_axis(widths: Any, ndim: int) -> list[tuple[Any, Any]]:
    """Return two numbers an axis."""
    return [tuple(pair) for pair in np.broadcast_to(np.asarray(widths), (ndim, 2)).tolist()]


def padded(x: Any, axis: int, before: int, after: int, mode: Any, values: Any) -> Any:
    """Return an array with elements added along one axis."""
    n, ndim = shapes.shape(x)[axis], len(shapes.shape(x))
    if mode in REPEATING:
        places = np.pad(np.arange(n), (before, after), mode=mode)
        z = take(x, places, axis)
        if values == "odd" and mode in ("reflect", "symmetric"):
            z = odd(x, z, axis, before, after, mode)
        return z
    if mode == "constant":
        low, high = both_ends(values, axis, ndim)
        return concatenate([block(x, axis, before, low), x, block(x, axis, after, high)], axis)
    if mode == "linear_ramp":
        low, high = (cast(value, float_of(x)) for value in both_ends(values, axis, ndim))
        first, last = x[at(axis, slice(0, 1))], x[at(axis, slice(n - 1, n))]
        down = (np.arange(before)[::-1] + 1) / np.maximum(before, 1)
        up = (np.arange(after) + 1) / np.maximum(after, 1)
        lines = [s.reshape((-1,) + (1,) * (ndim - axis - 1)).astype(float_of(x)) for s in (down, up)]
        ramps = (first + (low - first) * lines[0], last + (high - last) * lines[1])
        rising, falling = (in_dtype_of(ramp, x, arithmetic.floor) for ramp in ramps)
        return concatenate([rising, x, falling], axis)
    first, last = (None, None) if values is None else both_ends(values, axis, ndim)
    parts = slice(None, statistic_length(first)), slice(-(statistic_length(last) or n), None)
    found = (STATISTICS[mode](x[at(axis, part)], axis=axis, keepdims=True) for part in parts)
    low, high = (in_dtype_of(value, x, arithmetic.rint) for value in found)
    return concatenate([block(x, axis, before, low), x, block(x, axis, after, high)], axis)


def in_dtype_of(z: Any, x: Any, rounding: Any) -> Any:
    """Return new elements in the dtype of the array: rounded if that holds whole numbers."""
    return cast(rounding(z) if dtype_of(x).kind in "iu" and dtype_of(z).kind == "f" else z, dtype_of(x))


def statistic_length(value: Any) -> int | None:
    """Return how many elements a statistic is taken of; None is all."""
    return None if value is None else int(value)


def both_ends(values: Any, axis: int, ndim: int) -> tuple[Any, Any]:
    """Return the values for the two ends of an axis, of one for all, two for all axes, or two an axis."""
    x = given(values)
    pair = broadcast_to(x, (ndim, 2))[axis]
    return pair[0], pair[1]


def block(x: Any, axis: int, width: int, value: Any) -> Any:
    """Return the elements added at one end: one value, repeated."""
    shape = tuple(width if k == axis else n for k, n in enumerate(shapes.shape(x)))
    return broadcast_to(shapes.astype(value, dtype=dtype_of(x)), shape)


def odd(x: Any, z: Any, axis: int, before: int, after: int, mode: str) -> Any:
    """Return a reflection turned over at the ends, as of an odd function."""
    n = shapes.shape(x)[axis]
    if before > n - (mode == "reflect") or after > n - (mode == "reflect"):
        raise DTypeError('pad: reflect_type="odd" works for a width up to that of the array only; pad twice')
    first, last = x[at(axis, slice(0, 1))], x[at(axis, slice(n - 1, n))]
    stop = before + n
    return concatenate(
        [2 * first - z[at(axis, slice(0, before))], x, 2 * last - z[at(axis, slice(stop, stop + after))]], axis
    )
