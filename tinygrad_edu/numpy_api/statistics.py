"""NumPy's functions of samples: weighted means, covariance, interpolation, polynomials, convolution."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..graph import data_of
from ..numpy_methods import implements
from ..ops import arithmetic, compare, ordering, powers, shapes
from ..ops import reductions as rows
from ..ops.complex import conj, is_complex, real
from .arguments import dtype_of, flag, given, positions
from .choosing import clip, diagonal, take
from .joining import concatenate
from .padding import pad
from .reductions import mean, squeezed
from .shaping import atleast_2d, broadcast_to, flip, moveaxis, reshape, transpose


@implements(np.average)
def average(a: Any, axis: Any = None, weights: Any = None, returned: bool = False, *, keepdims: Any = False) -> Any:
    """Average the elements along axes, each with its weight."""
    x = given(a)
    axes = positions(axis, len(shapes.shape(x)))
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
    if np.any(data_of(total) == 0):
        raise ZeroDivisionError("Weights sum to zero, can't be normalized")
    z = rows.sum(arithmetic.multiply(x, w), axis=axis, keepdims=True) / total
    if not flag(keepdims):
        z, total = squeezed(z, axis), squeezed(total, axis)
    return (z, total) if returned else z


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
    if dtype is not None:
        x = shapes.astype(x, dtype=np.dtype(dtype))
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
    x, xp, fp = given(x), given(xp), given(fp)
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


@implements(np.polyval)
def polyval(p: Any, x: Any) -> Any:
    """Evaluate the polynomial that has coefficients p, the highest power first, at x."""
    p, x = given(p), given(x)
    z: Any = arithmetic.multiply(x, 0.0)
    for k in range(shapes.shape(p)[0]):
        z = z * x + p[k]
    return z


@implements(np.vander)
def vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:  # noqa: N803  # NumPy's name
    """Return the matrix whose columns are powers of a vector."""
    x = given(x)
    n = shapes.shape(x)[0] if N is None else N
    exponents = np.arange(n) if increasing else np.arange(n)[::-1]
    return powers.power(x[:, None], exponents.astype(dtype_of(x)))


@implements(np.convolve)
def convolve(a: Any, v: Any, mode: str = "full") -> Any:
    """Add up the products of two sequences that slide past each other, one turned round."""
    x, y = given(a), given(v)
    m, n = shapes.shape(x)[0], shapes.shape(y)[0]
    if not m or not n:
        raise ValueError("convolve needs sequences that are not empty")
    if m < n:
        x, y, m, n = y, x, n, m
    places = np.arange(n)[::-1] + np.arange(m + n - 1)[:, None]
    whole = pad(x, n - 1)[places] @ y
    start, length = {"full": (0, m + n - 1), "same": ((n - 1) // 2, m), "valid": (n - 1, m - n + 1)}[mode]
    return whole[start : start + length]


@implements(np.correlate)
def correlate(a: Any, v: Any, mode: str = "valid") -> Any:
    """Add up the products of two sequences that slide past each other."""
    x, y = given(a), flip(conj(given(v)))
    if shapes.shape(x)[0] >= shapes.shape(y)[0]:
        return convolve(x, y, mode)
    if mode == "same":  # NumPy keeps the centre of the other order then
        n = shapes.shape(y)[0]
        start = shapes.shape(x)[0] // 2
        return convolve(x, y, "full")[start : start + n]
    return convolve(x, y, mode)


@implements(np.real_if_close)
def real_if_close(a: Any, tol: float = 100) -> Any:
    """Return the real part if the imaginary part is nearly 0 everywhere."""
    x = given(a)
    return real(x) if is_complex(x) and not is_complex(np.real_if_close(data_of(x), tol)) else x


@implements(np.meshgrid)
def meshgrid(*xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy") -> tuple[Any, ...]:
    """Return the coordinates of all points of a grid, given those along each axis."""
    if indexing not in ("xy", "ij"):
        raise ValueError("Valid values for `indexing` are 'xy' and 'ij'.")
    n = len(xi)
    order = [1, 0, *range(2, n)] if indexing == "xy" and n > 1 else list(range(n))
    grids = [reshape(x, tuple(-1 if place == k else 1 for k in range(n))) for x, place in zip(xi, order, strict=True)]
    if sparse:
        return tuple(grids)
    shape = np.broadcast_shapes(*map(shapes.shape, grids))
    return tuple(broadcast_to(x, shape) for x in grids)


@implements(np.linspace)
def linspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
    *,
    device: Any = None,
) -> Any:
    """Return evenly spaced numbers from start to stop."""
    a, b = given(start), given(stop)
    parts = (num - 1) if endpoint else num
    step = (b - a) / parts if parts > 0 else (b - a) * math.nan
    ndim = max(len(shapes.shape(a)), len(shapes.shape(b)))
    share = (np.arange(num) / max(parts, 1)).reshape((-1,) + (1,) * ndim)
    z = moveaxis(a * (1.0 - share) + b * share, 0, axis)
    z = z if dtype is None else shapes.astype(z, dtype=np.dtype(dtype))
    return (z, step) if retstep else z


__all__ = [
    "average",
    "convolve",
    "corrcoef",
    "correlate",
    "cov",
    "interp",
    "linspace",
    "meshgrid",
    "polyval",
    "real_if_close",
    "vander",
]
