"""Reductions along axes: sums, means, extremes, products, norms."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from ..core.op import op
from . import arithmetic
from .compare import where
from .complex import conj, real_part
from .cumulative import before
from .powers import exp_share, power
from .precision import HALF, SINGLE, floating, real_numbers, rounded, wide
from .shapes import broadcast_to, flip, reshape, restore_axes, shape, transpose
from .slopes import away_from_kink


def count(x: Any, axis: Any) -> int:
    """Return how many elements of `x` one result is made of."""
    if axis is None:
        return getattr(x, "size", 1)
    return math.prod(shape(x)[a] for a in (axis if isinstance(axis, tuple) else (axis,)))


def added_up(x: np.ndarray, axis: Any = None, keepdims: Any = False) -> np.ndarray:
    """Return the sum of an array along axes."""
    if (axis == (0,) or axis == 0) and type(x) is np.ndarray and x.ndim == 2 and x.dtype.char in "fd":
        z = readonly_ones(len(x), x.dtype).dot(x)  # a product adds up the rows of a matrix in a quarter of the time
        return z[None] if keepdims else z
    if getattr(x, "dtype", None) is HALF:  # NumPy adds rows up in half precision, and stops counting at 2048
        return np.asarray(np.add.reduce(x, axis=axis, dtype=SINGLE, keepdims=keepdims)).astype(HALF)
    return np.add.reduce(x, axis=axis, keepdims=keepdims)


@functools.lru_cache(64)
def readonly_ones(n: int, dtype: np.dtype[Any]) -> np.ndarray:
    """Return a vector of ones, which nobody may write into."""
    found = np.ones(n, dtype)
    found.flags.writeable = False
    return found


def _mean(x: np.ndarray, axis: Any = None, keepdims: Any = False) -> np.ndarray:
    if getattr(x, "dtype", HALF).char in "fd":  # np.mean, written in Python, takes twice as long
        return added_up(x, axis, keepdims) / count(x, axis)
    return np.mean(x, axis=axis, keepdims=keepdims)  # wider sums of half precision, and floats of integers


sum = op(  # NumPy's name
    "sum",
    "sum({})",
    added_up,
    lambda g, z, x, axis=None, keepdims=False: broadcast_to(restore_axes(g, x, axis, keepdims), shape=shape(x)),
    tex=r"\sum {}",
    linear=True,
    onnx="ReduceSum",
    doc="Add up the elements along axes.",
)
mean = op(
    "mean",
    "mean({})",
    _mean,
    lambda g, z, x, axis=None, keepdims=False: broadcast_to(
        wide(restore_axes(g, x, axis, keepdims)) / count(x, axis), shape=shape(x)
    ),
    tex=r"\mathrm{{mean}}({})",
    linear=True,
    onnx="ReduceMean",
    doc="Average the elements along axes.",
)
max = op(  # NumPy's name
    "max",
    "max({})",
    lambda x, axis=None, keepdims=False: np.max(x, axis=axis, keepdims=keepdims),
    lambda g, z, x, axis=None, keepdims=False: (
        restore_axes(g, x, axis, keepdims) * share_of_extreme(z, x, axis, keepdims)
    ),
    tex=r"\max({})",
    onnx="ReduceMax",
    doc="Find the largest element along axes; ties share the gradient.",
)
min = op(  # NumPy's name
    "min",
    "min({})",
    lambda x, axis=None, keepdims=False: np.min(x, axis=axis, keepdims=keepdims),
    lambda g, z, x, axis=None, keepdims=False: (
        restore_axes(g, x, axis, keepdims) * share_of_extreme(z, x, axis, keepdims)
    ),
    tex=r"\min({})",
    onnx="ReduceMin",
    doc="Find the smallest element along axes; ties share the gradient.",
)
logsumexp = op(
    "logsumexp",
    "logsumexp({})",
    lambda x, axis=None, keepdims=False: _logsumexp(x, axis, keepdims),
    lambda g, z, x, axis=None, keepdims=False: (
        restore_axes(g, x, axis, keepdims)
        * normalized_shares(exp_share(x, restore_axes(z, x, axis, keepdims), infinite(x, axis)), axis)
    ),
    tex=r"\ln \sum e^{{{}}}",
    onnx="ReduceLogSumExp",
    doc="Compute log(sum(exp(x))) along axes without overflow.",
)

prod = op(
    "prod",
    "prod({})",
    lambda x, axis=None, keepdims=False: np.multiply.reduce(x, axis=axis, keepdims=keepdims),
    lambda g, z, x, axis=None, keepdims=False: restore_axes(g, x, axis, keepdims) * others(x, axis),
    tex=r"\prod {}",
    onnx="ReduceProd",
    doc="Multiply the elements along axes.",
)
norm = op(
    "norm",
    "norm({})",
    lambda x, axis=None, keepdims=False: _norm(x, axis, keepdims),
    lambda g, z, x, axis=None, keepdims=False: away_from_kink(
        restore_axes(g, x, axis, keepdims) * conj(direction(x, axis=axis)),
        g,
        z,
        x,
        lambda slope: restore_axes(slope, x, axis, keepdims),
    ),
    tex=r"\left\|{}\right\|",
    onnx="ReduceL2",
    doc="Compute the Euclidean length along axes, without overflow or underflow.",
)
p_norm = op(
    "p_norm",
    "p_norm({})",
    lambda x, order, axis=None, keepdims=False: _p_norm(x, order, axis, keepdims),
    lambda g, z, x, order, axis=None, keepdims=False: (
        restore_axes(g, x, axis, keepdims) * quotient_power(x, restore_axes(z, x, axis, keepdims), order - 1)
    ),
    tex=r"\left\|{}\right\|_p",
    doc="Compute (sum of x**p)**(1/p) of sizes along axes, for an order p other than 0, without over- or underflow.",
)
direction = op(
    "direction",
    "direction({})",
    lambda x, axis: x / _off_zero(_norm(x, axis, True)),
    lambda g, z, x, axis: (
        (g - conj(z) * sum(real_part(g * z), axis=axis, keepdims=True)) * inverse(norm(x, axis=axis, keepdims=True))
    ),
    tex=r"\widehat{{{}}}",
    doc="Divide a vector by its length; the zero vector, which points nowhere, stays zero.",
)
all = op(
    "all",
    "all({})",
    lambda x, axis=None, keepdims=False: np.all(x, axis=axis, keepdims=keepdims),
    tex=r"\forall {}",
    doc="Say whether all elements along axes are true.",
)
any = op(
    "any",
    "any({})",
    lambda x, axis=None, keepdims=False: np.any(x, axis=axis, keepdims=keepdims),
    tex=r"\exists {}",
    doc="Say whether any element along axes is true.",
)


def inverse(size: Any) -> Any:
    """Return 1 / size, and 0 for the zero vector: on a kink the slope chosen counts as constant."""
    return where(size == 0, 0.0, 1.0 / where(size == 0, 1.0, size))


def quotient_power(x: Any, size: Any, order: Any) -> Any:
    """Return (x / size)**order, and 0 for the zero vector: on a kink the least of the subgradients."""
    nothing = size == 0
    x, size = where(nothing, 1.0, x), where(nothing, 1.0, size)
    if -1 < order < 0:  # the quotient may underflow, and its root not
        return where(nothing, 0.0, power(x, order) * power(size, -order))
    return where(nothing, 0.0, power(x / size, order))


def share_of_extreme(z: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    """Return each element's share in the extreme `z`: 1, nothing, or its part of a tie."""
    ties = (x == restore_axes(z, x, axis, keepdims)) * 1.0
    return ties / sum(ties, axis=axis, keepdims=True)


def normalized_shares(shares: Any, axis: Any) -> Any:
    """Return shares that add up to 1, or are all 0: beside large numbers a logarithm of a sum has no digits left."""
    total = sum(shares, axis=axis, keepdims=True)
    return shares / where(total == 0, 1.0, total)


def infinite(x: Any, axis: Any) -> Any:
    """Return how many terms of a sum of exp(x) are infinite, and 1 where none is."""
    return arithmetic.maximum(sum(x == math.inf, axis=axis, keepdims=True), 1)


def _logsumexp(x: np.ndarray, axis: Any, keepdims: bool) -> np.ndarray:
    x = floating(x)
    exact = wide(x)
    largest = np.max(exact, axis=axis, keepdims=True, initial=-np.inf)
    largest = np.where(np.isfinite(largest), largest, 0)
    z = rounded(np.log(np.sum(np.exp(exact - largest), axis=axis, keepdims=True)) + largest, x)
    return z if keepdims else np.squeeze(z, axis=axis)


def others(x: Any, axis: Any) -> Any:
    """Return for each element the product of the others along axes: exact where there are zeros."""
    if axis is None:
        return reshape(others(reshape(x, shape=(-1,)), 0), shape=shape(x))
    if isinstance(axis, tuple):
        rest = [a for a in range(len(shape(x))) if a not in {b % len(shape(x)) for b in axis}]
        order = (*rest, *sorted(set(range(len(shape(x)))) - set(rest)))
        moved = transpose(x, axes=order)
        flat = reshape(moved, shape=(*shape(moved)[: len(rest)], -1))
        back = tuple(map(int, np.argsort(order)))
        return transpose(reshape(others(flat, -1), shape=shape(moved)), axes=back)
    return before(x, axis) * flip(before(flip(x, axis=axis), axis), axis=axis)


def _norm(x: np.ndarray, axis: Any, keepdims: bool) -> np.ndarray:
    size = np.abs(wide(x))
    scale = np.max(size, axis=axis, keepdims=True, initial=0)
    scale = np.where(np.isfinite(scale), _off_zero(scale), 1)
    z = rounded(scale * np.sqrt(np.sum(np.square(size / scale), axis=axis, keepdims=True)), x)
    return z if keepdims else np.squeeze(z, axis=axis)


def _p_norm(x: np.ndarray, order: float, axis: Any, keepdims: bool) -> np.ndarray:
    """Scale by the element that the order makes the heaviest: the largest, or for a negative one the smallest."""
    x = real_numbers(x, "p_norm")
    size = wide(x)
    if order > 0:
        scale = np.max(size, axis=axis, keepdims=True, initial=0)
    else:
        scale = np.min(size, axis=axis, keepdims=True, initial=np.inf)
    scale = np.where(np.isfinite(scale), _off_zero(scale), 1)
    with np.errstate(divide="ignore"):  # 0 to a negative power
        z = np.sum((size / scale) ** order, axis=axis, keepdims=True) ** (1 / order)
    z = rounded(scale * z, x)
    return z if keepdims else np.squeeze(z, axis=axis)


def _off_zero(x: np.ndarray) -> np.ndarray:
    return np.where(x == 0, np.ones_like(x), x)
