"""NumPy's functions of samples: weighted means, covariance, interpolation, convolution."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.dispatch import implements
from ..core.node import data_of
from ..errors import ShapeError
from ..errors.where import users_line
from ..ops import arithmetic, compare, indexing, ordering, powers, shapes
from ..ops import reductions as rows
from ..ops.checks import checked
from ..ops.complex import conj, is_complex
from .arguments import cast_for_mean, dtype_of, flag, given, normalize_axes
from .joining import concatenate
from .padding import pad
from .reductions import mean, squeezed
from .selecting import clip, diagonal, take
from .shaping import atleast_2d, broadcast_to, flip, reshape, transpose

__all__ = ["average", "bincount", "convolve", "corrcoef", "correlate", "cov", "interp"]


@implements(np.average)
def average(a: Any, axis: Any = None, weights: Any = None, returned: bool = False, *, keepdims: Any = False) -> Any:
    """Average the elements along axes, each with its weight."""
    x = given(a)
    axes = normalize_axes(axis, len(shapes.shape(x)))
    if weights is None:
        z = mean(x, axis, keepdims=keepdims)
        total: Any = np.full(shapes.shape(z), np.prod([shapes.shape(x)[k] for k in axes]), dtype_of(z))
        return (z, total) if returned else z
    w = given(weights)
    if shapes.shape(w) != shapes.shape(x):
        if axis is None:
            raise TypeError("Axis must be specified when shapes of a and weights differ.")
        if shapes.shape(w) != tuple(shapes.shape(x)[k] for k in axes):
            raise ValueError("Shape of weights must be consistent with shape of a along specified axis.")
        w = transpose(w, np.argsort(axes))
        w = reshape(w, tuple(n if k in axes else 1 for k, n in enumerate(shapes.shape(x))))
    total = rows.sum(broadcast_to(w, shapes.shape(x)), axis=axis, keepdims=True)
    total = checked(not_zero, total)
    z = rows.sum(arithmetic.multiply(x, w), axis=axis, keepdims=True) / total
    if not flag(keepdims):
        z, total = squeezed(z, axis), squeezed(total, axis)
    return (z, total) if returned else z


def not_zero(total: Any) -> None:
    """Raise ZeroDivisionError as NumPy does."""
    if np.any(total == 0):
        raise ZeroDivisionError("Weights sum to zero, can't be normalized")


@implements(np.cov)
def cov(
    m: Any,
    y: Any = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: int | None = None,
    fweights: Any = None,
    aweights: Any = None,
    *,
    dtype: Any = None,
) -> Any:
    """Return the covariance matrix of variables: one a row, or one a column where not rowvar."""
    x = atleast_2d(m)
    if not rowvar and len(shapes.shape(given(m))) != 1:
        x = x.mT
    if y is not None:
        other = atleast_2d(y)
        x = concatenate([x, other.mT if not rowvar and shapes.shape(other)[0] != 1 else other])
    x = cast_for_mean("cov", x, np.result_type(dtype_of(x), float) if dtype is None else dtype)  # doubles save digits
    ddof = (0 if bias else 1) if ddof is None else ddof
    w: Any = 1.0
    for weights in (fweights, aweights):
        w = w if weights is None else arithmetic.multiply(w, given(weights))
    n: Any = shapes.shape(x)[1]
    total = n if fweights is None and aweights is None else rows.sum(w)
    centre = rows.sum(arithmetic.multiply(x, w), axis=1, keepdims=True) / total
    freedom = total - ddof
    if aweights is not None and ddof:
        freedom = total - ddof * rows.sum(arithmetic.multiply(w, given(aweights))) / total
    freedom = arithmetic.maximum(freedom, 0)  # of fewer samples the covariance is not defined: 0 / 0
    d = x - centre
    z = (arithmetic.multiply(d, w) @ conj(d).mT) / freedom
    return reshape(z, ()) if shapes.shape(z) == (1, 1) else z


@implements(np.corrcoef)
def corrcoef(x: Any, y: Any = None, rowvar: bool = True, *, dtype: Any = None) -> Any:
    """Return the matrix of correlation coefficients of variables: their covariance over their standard deviations."""
    c = cov(x, y, rowvar, dtype=dtype)
    if not shapes.shape(c):
        return c / c
    spread = powers.sqrt(diagonal(c))
    z = c / spread[:, None] / spread[None, :]
    return z if is_complex(z) else clip(z, -1.0, 1.0)


@implements(np.interp)
def interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: float | None = None) -> Any:
    """Interpolate linearly between points (xp, fp), whose xp increase."""
    if is_complex(given(x)) or is_complex(given(xp)):
        raise TypeError("interp: complex numbers have no order, so x and xp must be real")
    x, xp = (shapes.astype(given(points), dtype=float) for points in (x, xp))  # as NumPy does
    fp = shapes.astype(given(fp), dtype=np.result_type(dtype_of(fp), float))
    if period is not None:
        x, xp = arithmetic.remainder(x, period), arithmetic.remainder(xp, period)
        order = ordering.argsort(xp)
        xp, fp = take(xp, order), take(fp, order)
        xp = concatenate([xp[-1:] - period, xp, xp[:1] + period])
        fp = concatenate([fp[-1:], fp, fp[:1]])
    n = shapes.shape(xp)[0]
    low = clip(ordering.searchsorted(xp, x, side="right") - 1, 0, max(n - 2, 0))
    high = arithmetic.minimum(low + 1, n - 1)
    x0, y0 = take(xp, low), take(fp, low)
    width = take(xp, high) - x0
    z = y0 + (take(fp, high) - y0) * ((x - x0) / compare.where(width == 0, 1.0, width))
    z = compare.where(x > xp[-1], fp[-1] if right is None or period is not None else right, z)
    return compare.where(x < xp[0], fp[0] if left is None or period is not None else left, z)


@implements(np.convolve)
def convolve(a: Any, v: Any, mode: str = "full") -> Any:
    """Add up the products of two sequences that slide past each other, one turned round."""
    x, y = sequence("convolve", a), sequence("convolve", v)
    m, n = shapes.shape(x)[0], shapes.shape(y)[0]
    if m < n:
        x, y, m, n = y, x, n, m
    places = np.arange(n)[::-1] + np.arange(m + n - 1)[:, None]
    whole = pad(x, n - 1)[places] @ y
    parts = {"full": (0, m + n - 1), "same": ((n - 1) // 2, m), "valid": (n - 1, m - n + 1)}
    if not isinstance(mode, str) or mode not in parts:
        raise ValueError(f"convolve: mode must be one of {', '.join(parts)}, not {mode!r:.60} (at {users_line()})")
    start, length = parts[mode]
    return whole[start : start + length]


def sequence(name: str, x: Any) -> Any:
    """Return an operand of a convolution, a number as a sequence of one. Raises ShapeError for any other shape."""
    x = given(x)
    shape = shapes.shape(x)
    if len(shape) > 1 or shape == (0,):
        raise ShapeError(f"{name} needs sequences of one axis, not empty, and no {shape} (at {users_line()})")
    return x if shape else reshape(x, (1,))


@implements(np.correlate)
def correlate(a: Any, v: Any, mode: str = "valid") -> Any:
    """Add up the products of two sequences that slide past each other."""
    x, y = sequence("correlate", a), flip(conj(sequence("correlate", v)))
    if shapes.shape(x)[0] >= shapes.shape(y)[0]:
        return convolve(x, y, mode)
    if mode == "same":  # NumPy keeps the centre of the other order then
        n = shapes.shape(y)[0]
        start = shapes.shape(x)[0] // 2
        return convolve(x, y, "full")[start : start + n]
    return convolve(x, y, mode)


@implements(np.bincount)
def bincount(x: Any, /, weights: Any = None, minlength: int = 0) -> Any:
    """Count how often each whole number occurs, or add up the weights of those places; the counts are constants."""
    x = data_of(x)
    counts = np.bincount(x, minlength=minlength)
    if weights is None:
        return counts
    w = given(weights)
    if shapes.shape(w) != np.shape(x):
        raise ShapeError(
            f"bincount: {np.shape(x)} numbers and weights of shape {shapes.shape(w)}; give a weight for each number "
            f"(at {users_line()})"
        )
    return indexing.put(shapes.astype(w, dtype=float), np.asarray(x), key=(indexing.HERE,), shape=counts.shape)
