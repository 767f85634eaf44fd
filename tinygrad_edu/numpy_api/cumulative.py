"""NumPy's cumulative sums and products, differences, gradients and integrals along an axis."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.dispatch import implements
from ..core.node import data_of
from ..ops import compare, cumulative, shapes
from ..ops import reductions as rows
from ..ops.precision import floats
from .arguments import at, cast, dtype_of, float_of, given, normalize_axes, normalize_axis, refuse_out
from .joining import concatenate
from .shaping import array_and_axis, broadcast_to, ravel, reshape

__all__ = [
    "cumprod", "cumsum", "cumulative_prod", "cumulative_sum", "diff", "ediff1d", "gradient", "logcumsumexp",
    "trapezoid", "unwrap",
]  # fmt: skip


@implements(np.cumsum)
def cumsum(a: Any, axis: int | None = None, dtype: Any = None, out: Any = None) -> Any:
    """Add up the elements along an axis so far; by default all of them in a row."""
    refuse_out("cumsum", out)
    x, axis = array_and_axis(a, axis)
    return cast(cumulative.cumsum(cast(x, dtype), axis=axis), dtype)


@implements(np.cumprod)
def cumprod(a: Any, axis: int | None = None, dtype: Any = None, out: Any = None) -> Any:
    """Multiply the elements along an axis so far; by default all of them in a row."""
    refuse_out("cumprod", out)
    x, axis = array_and_axis(a, axis)
    return cast(cumulative.cumprod(cast(x, dtype), axis=axis), dtype)


def logcumsumexp(a: Any, axis: int | None = None) -> Any:
    """Compute log(cumsum(exp(x))) along an axis without overflow; by default of all elements in a row."""
    x, axis = array_and_axis(a, axis)
    return cumulative.logcumsumexp(x, axis=axis)


def with_start(row: Any, neutral: float, x: Any, axis: int | None, dtype: Any, include_initial: bool) -> Any:
    """Return a running sum or product, with its beginning before it if that is asked for."""
    x = given(x)
    if axis is None and len(shapes.shape(x)) != 1:
        raise ValueError("axis= must be given for arrays of more than one axis")
    axis = normalize_axis(axis or 0, len(shapes.shape(x)))
    z = cast(row(cast(x, dtype), axis=axis), dtype)
    if not include_initial:
        return z
    shape = shapes.shape(z)
    return concatenate([np.full((*shape[:axis], 1, *shape[axis + 1 :]), neutral, dtype_of(z)), z], axis)


def cumulative_sum(
    x: Any, /, *, axis: int | None = None, dtype: Any = None, out: Any = None, include_initial: bool = False
) -> Any:
    """Add up the elements along an axis so far."""
    refuse_out("cumulative_sum", out)
    return with_start(cumulative.cumsum, 0, x, axis, dtype, include_initial)


def cumulative_prod(
    x: Any, /, *, axis: int | None = None, dtype: Any = None, out: Any = None, include_initial: bool = False
) -> Any:
    """Multiply the elements along an axis so far."""
    refuse_out("cumulative_prod", out)
    return with_start(cumulative.cumprod, 1, x, axis, dtype, include_initial)


if hasattr(np, "cumulative_sum"):  # from NumPy 2.1 on
    implements(np.cumulative_sum)(cumulative_sum)
    implements(np.cumulative_prod)(cumulative_prod)


@implements(np.diff)
def diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Any:
    """Subtract from each element the one before it, n times."""
    x = given(a)
    axis = normalize_axis(axis, len(shapes.shape(x)))
    if n < 0:
        raise ValueError(f"order must be non-negative but got {n!r}")
    parts = [x]
    for new, place in ((prepend, 0), (append, len(parts))):
        if new is not None and new is not np._NoValue:
            edge = given(new)
            if not shapes.shape(edge):
                edge = broadcast_to(edge, tuple(1 if k == axis else m for k, m in enumerate(shapes.shape(x))))
            parts.insert(0 if place == 0 else len(parts), edge)
    x = concatenate(parts, axis) if len(parts) > 1 else x
    for _ in range(n):
        later, earlier = x[at(axis, slice(1, None))], x[at(axis, slice(None, -1))]
        x = compare.not_equal(later, earlier) if dtype_of(x).kind == "b" else later - earlier
    return x


@implements(np.ediff1d)
def ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    """Subtract from each element, all in a row, the one before it; with more numbers at the ends."""
    x = ravel(ary)
    parts = [x[1:] - x[:-1]]
    if to_begin is not None:
        parts.insert(0, cast(ravel(to_begin), dtype_of(ary)))
    if to_end is not None:
        parts.append(cast(ravel(to_end), dtype_of(ary)))
    return concatenate(parts) if len(parts) > 1 else parts[0]


@implements(np.gradient)
def gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    """Estimate the slope of sampled values along axes, by central differences and one-sided ones at the ends."""
    x = given(f)
    x = x if dtype_of(x).kind == "b" else floats(x)  # NumPy subtracts no truth values either
    axes = normalize_axes(axis, len(shapes.shape(x)))
    spacings = (
        list(varargs)
        if len(varargs) == len(axes)
        else list(varargs) * len(axes)
        if len(varargs) == 1
        else [1.0] * len(axes)
    )
    if len(varargs) not in (0, 1, len(axes)):
        raise TypeError(f"gradient needs no spacing, one, or one for each of {len(axes)} axes")
    if edge_order not in (1, 2):
        raise ValueError("'edge_order' must be 1 or 2")
    slopes = tuple(axis_gradient(x, given(h), a, edge_order) for a, h in zip(axes, spacings, strict=True))
    return slopes[0] if len(slopes) == 1 else slopes


def axis_gradient(x: Any, h: Any, axis: int, edge_order: int) -> Any:
    """Return the slopes along one axis. h: the distance of the samples, or where each of them lies."""
    n, ndim = shapes.shape(x)[axis], len(shapes.shape(x))
    if n < edge_order + 1:
        raise ValueError(
            f"gradient with edge_order={edge_order} needs at least {edge_order + 1} samples, and axis {axis} has {n}"
        )
    if shapes.shape(h) and shapes.shape(h)[0] != n:
        raise ValueError(f"gradient: {shapes.shape(h)[0]} coordinates for {n} samples along axis {axis}")
    gaps = cast(diff(h) if shapes.shape(h) else broadcast_to(h, (n - 1,)), float_of(x))
    gaps = reshape(gaps, (n - 1,) + (1,) * (ndim - axis - 1))
    rises = (x[at(axis, slice(1, None))] - x[at(axis, slice(None, -1))]) / gaps  # the slope between neighbours
    if n == 2:
        return concatenate([rises, rises], axis)
    left, right = rises[at(axis, slice(None, -1))], rises[at(axis, slice(1, None))]
    before, after = gaps[:-1], gaps[1:]
    middle = (left * after + right * before) / (before + after)
    first, last = rises[at(axis, slice(0, 1))], rises[at(axis, slice(-1, None))]
    if edge_order == 2:  # the slope at the end of the parabola through the last three samples
        first = first - (middle[at(axis, slice(0, 1))] - first)
        last = last - (middle[at(axis, slice(-1, None))] - last)
    return concatenate([first, middle, last], axis)


@implements(np.trapezoid)
def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    """Integrate sampled values along an axis by the trapezoidal rule."""
    y = given(y)
    axis = normalize_axis(axis, len(shapes.shape(y)))
    if x is None:
        width = dx
    else:
        width = diff(x, axis=-1 if len(shapes.shape(given(x))) == 1 else axis)
        if len(shapes.shape(width)) == 1:
            width = reshape(width, (-1,) + (1,) * (len(shapes.shape(y)) - axis - 1))
    pairs = y[at(axis, slice(1, None))] + y[at(axis, slice(None, -1))]
    return rows.sum(width * pairs / 2.0, axis=axis)


@implements(np.unwrap)
def unwrap(p: Any, discont: float | None = None, axis: int = -1, *, period: float = 2 * math.pi) -> Any:
    """Remove jumps of a period from angles along an axis, by adding constants."""
    x = given(p)
    constant = np.asarray(data_of(x))
    return x + (np.unwrap(constant, discont, axis, period=period) - constant)
