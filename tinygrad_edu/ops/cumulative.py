"""Rows of running sums and products."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.op import op
from .powers import exp, portion
from .precision import floating, rounded, wide
from .shapes import concatenate, flip, shape

cumsum = op(
    "cumsum",
    "cumsum({})",
    lambda x, axis: rounded(np.cumsum(wide(x), axis), x),
    lambda g, z, x, axis: flip(cumsum(flip(g, axis=axis), axis=axis), axis=axis),
    tex=r"\mathrm{{cumsum}}({})",
    linear=True,
    onnx="CumSum",
    doc="Add up the elements along an axis so far.",
)
cumprod = op(
    "cumprod",
    "cumprod({})",
    lambda x, axis: np.cumprod(x, axis),
    lambda g, z, x, axis: before(x, axis) * flip(recurrence(after(x, axis), flip(g, axis=axis), axis), axis=axis),
    tex=r"\mathrm{{cumprod}}({})",
    doc="Multiply the elements along an axis so far.",
)

logcumsumexp = op(
    "logcumsumexp",
    "logcumsumexp({})",
    lambda x, axis: np.logaddexp.accumulate(floating(x), axis),
    lambda g, z, x, axis: logcumsumexp_back(g, z, x, shifted(z, axis, 1, -math.inf), axis),
    tex=r"\ln \mathrm{{cumsum}}(e^{{{}}})",
    doc="Compute log(cumsum(exp(x))) along an axis without overflow.",
)


def slice_along(x: Any, axis: int, start: int | None, stop: int | None) -> Any:
    """Return the part of `x` from `start` to `stop` along an axis."""
    return x[(*[slice(None)] * (axis % len(shape(x))), slice(start, stop))]


def shifted(x: Any, axis: int, by: int, fill: float) -> Any:
    """Return `x` moved on along an axis, with `fill` in the places that it left."""
    n = shape(x)[axis]
    gap = np.full((*shape(x)[: axis % len(shape(x))], min(by, n), *shape(x)[axis % len(shape(x)) + 1 :]), fill, x.dtype)
    return concatenate(gap, slice_along(x, axis, None, max(n - by, 0)), axis=axis)


def before(x: Any, axis: int) -> Any:
    """Return for each element the product of those before it along an axis."""
    return cumprod(shifted(x, axis, 1, 1.0), axis=axis)


def after(x: Any, axis: int) -> Any:
    """Return the next element of each, from the last to the first."""
    return shifted(flip(x, axis=axis), axis, 1, 0.0)


def logcumsumexp_back(g: Any, z: Any, x: Any, earlier: Any, axis: Any) -> Any:
    """Return the gradient of running sums `z` of exp(x): each is made of x and of the sum before it, `earlier`."""
    passed_on = shifted(flip(portion(earlier, x, z, exp), axis=axis), axis, 1, 0.0)
    return portion(x, earlier, z, exp) * flip(recurrence(passed_on, flip(g, axis=axis), axis), axis=axis)


def recurrence(a: Any, b: Any, axis: int) -> Any:
    """Solve z[k] = b[k] + a[k] z[k-1] along an axis: no division, and a logarithmic number of steps."""
    step = 1
    while step < shape(a)[axis]:
        b = b + a * shifted(b, axis, step, 0.0)
        a = a * shifted(a, axis, step, 0.0)
        step *= 2
    return b
