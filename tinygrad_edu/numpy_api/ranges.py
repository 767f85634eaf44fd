"""NumPy's ranges of evenly spaced numbers, grids of points, and joining by index, `r_[a, b]`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.dispatch import implements
from ..ops import arithmetic, powers, shapes
from ..ops.precision import floats
from .arguments import cast, float_of, given
from .joining import concatenate
from .shaping import atleast_1d, broadcast_to, moveaxis, reshape

__all__ = ["c_", "geomspace", "linspace", "logspace", "meshgrid", "r_"]


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
    a, b = (floats(given(x)) for x in (start, stop))
    parts = (num - 1) if endpoint else num
    step = (b - a) / parts if parts > 0 else (b - a) * math.nan
    ndim = max(len(shapes.shape(a)), len(shapes.shape(b)))
    share = (
        (np.arange(num) / max(parts, 1)).reshape((-1,) + (1,) * ndim).astype(np.result_type(float_of(a), float_of(b)))
    )
    z = moveaxis(a * (1.0 - share) + b * share, 0, axis)
    if dtype is not None and np.dtype(dtype).kind in "iu":
        z = arithmetic.floor(z)  # as NumPy does, which rounds down and not towards zero
    z = cast(z, dtype)
    return (z, step) if retstep else z


@implements(np.logspace)
def logspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, base: Any = 10.0, dtype: Any = None, axis: int = 0
) -> Any:
    """Return numbers whose logarithms are evenly spaced, given these logarithms."""
    return cast(powers.power(base, linspace(start, stop, num, endpoint, axis=axis)), dtype)


@implements(np.geomspace)
def geomspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0) -> Any:
    """Return numbers whose logarithms are evenly spaced, given the first and the last; of complex ones a spiral."""
    a, b = (floats(given(x)) for x in (start, stop))
    way = powers.log(b / a)
    factors = powers.exp(linspace(way * 0, way, num, endpoint, axis=-1))
    return cast(moveaxis(a[..., None] * factors, -1, axis), dtype)


class JoinedByIndex:
    """`r_[…]` and `c_[…]`: numbers, arrays, tensors and ranges a:b:step, joined along an axis."""

    def __init__(self, as_columns: bool) -> None:
        self.as_columns = as_columns

    def __getitem__(self, key: Any) -> Any:
        parts = [self.part(x) for x in (key if isinstance(key, tuple) else (key,))]
        return concatenate(parts, -1)

    def part(self, x: Any) -> Any:
        """Return one entry as an array: at least a vector, or for `c_` a matrix, of which a vector is a column."""
        if isinstance(x, slice):
            start, step = x.start or 0, 1 if x.step is None else x.step
            x = (
                np.linspace(start, x.stop, int(abs(step)))
                if isinstance(step, complex)
                else np.arange(start, x.stop, step)
            )
        x = atleast_1d(x)
        return reshape(x, (-1, 1)) if self.as_columns and len(shapes.shape(x)) == 1 else x


r_ = JoinedByIndex(as_columns=False)
c_ = JoinedByIndex(as_columns=True)
