"""NumPy's reductions that skip NaN: each is its plain twin with a harmless number in the place of every NaN."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.dispatch import implements
from ..errors.where import warn
from ..ops import compare
from ..ops import reductions as rows
from ..ops.checks import checked
from . import cumulative, reductions
from .arguments import cast_for_mean, dtype_of, given, refuse_out

__all__ = [
    "nanargmax", "nanargmin", "nancumprod", "nancumsum", "nanmax", "nanmean", "nanmin", "nanprod", "nanstd", "nansum",
    "nanvar",
]  # fmt: skip

Axis = int | tuple[int, ...] | None


def present(x: Any, where: Any) -> Any:
    """Return where there is a number to count."""
    numbers = compare.logical_not(compare.isnan(x))
    return numbers if where is True else compare.logical_and(numbers, given(where))


def without(a: Any, neutral: float) -> Any:
    """Return an array with a number that changes nothing in the place of every NaN."""
    x = given(a)
    return compare.where(compare.isnan(x), neutral, x) if dtype_of(x).kind in "fc" else x


@implements(np.nansum)
def nansum(
    a: Any,
    axis: Axis = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = False,
    initial: Any = 0,
    where: Any = True,
) -> Any:
    """Add up the elements along axes that are not NaN."""
    return reductions.sum(without(a, 0), axis, dtype, out, keepdims, initial, where)


@implements(np.nanprod)
def nanprod(
    a: Any,
    axis: Axis = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = False,
    initial: Any = 1,
    where: Any = True,
) -> Any:
    """Multiply the elements along axes that are not NaN."""
    return reductions.prod(without(a, 1), axis, dtype, out, keepdims, initial, where)


@implements(np.nancumsum)
def nancumsum(a: Any, axis: int | None = None, dtype: Any = None, out: Any = None) -> Any:
    """Add up the elements along an axis so far, NaN as 0."""
    return cumulative.cumsum(without(a, 0), axis, dtype, out)


@implements(np.nancumprod)
def nancumprod(a: Any, axis: int | None = None, dtype: Any = None, out: Any = None) -> Any:
    """Multiply the elements along an axis so far, NaN as 1."""
    return cumulative.cumprod(without(a, 1), axis, dtype, out)


@implements(np.nanmax)
def nanmax(
    a: Any, axis: Axis = None, out: Any = None, keepdims: Any = False, initial: Any = None, where: Any = True
) -> Any:
    """Find the largest element along axes that is not NaN; NaN, with a warning, where there is none."""
    return nan_extreme(reductions.max, -math.inf, a, axis, out, keepdims, initial, where)


@implements(np.nanmin)
def nanmin(
    a: Any, axis: Axis = None, out: Any = None, keepdims: Any = False, initial: Any = None, where: Any = True
) -> Any:
    """Find the smallest element along axes that is not NaN; NaN, with a warning, where there is none."""
    return nan_extreme(reductions.min, math.inf, a, axis, out, keepdims, initial, where)


def nan_extreme(find: Any, least: float, a: Any, axis: Axis, out: Any, keepdims: Any, initial: Any, where: Any) -> Any:
    """Return an extreme of the elements that are not NaN."""
    refuse_out(f"nan{find.__name__}", out)
    found = find(without(a, least), axis, keepdims=keepdims, initial=initial, where=where)
    if initial is not None or dtype_of(found).kind not in "fc":
        return found
    nothing = rows.all(compare.isnan(given(a)), axis=axis, keepdims=bool(keepdims))
    return compare.where(checked(some_numbers, nothing), np.nan, found)


def some_numbers(nothing: Any) -> None:
    """Warn where a slice holds nothing but NaN."""
    if np.any(nothing):
        warn("All-NaN slice encountered", RuntimeWarning)


@implements(np.nanmean)
def nanmean(
    a: Any, axis: Axis = None, dtype: Any = None, out: Any = None, keepdims: Any = False, *, where: Any = True
) -> Any:
    """Average the elements along axes that are not NaN."""
    x = cast_for_mean("nanmean", given(a), dtype)
    return reductions.mean(without(x, 0), axis, None, out, keepdims, where=present(x, where))


@implements(np.nanvar)
def nanvar(
    a: Any, axis: Axis = None, dtype: Any = None, out: Any = None, *args: Any, where: Any = True, **more: Any
) -> Any:
    """Return the variance of the elements along axes that are not NaN."""
    x = cast_for_mean("nanvar", given(a), dtype, "same_kind")
    return reductions.var(without(x, 0), axis, None, out, *args, where=present(x, where), **more)


@implements(np.nanstd)
def nanstd(
    a: Any, axis: Axis = None, dtype: Any = None, out: Any = None, *args: Any, where: Any = True, **more: Any
) -> Any:
    """Return the standard deviation of the elements along axes that are not NaN."""
    x = cast_for_mean("nanstd", given(a), dtype, "same_kind")
    return reductions.std(without(x, 0), axis, None, out, *args, where=present(x, where), **more)


@implements(np.nanargmax)
def nanargmax(a: Any, axis: int | None = None, out: Any = None, *, keepdims: Any = False) -> Any:
    """Return where the largest element that is not NaN lies."""
    return reductions.argmax(without(a, -math.inf), axis, out, keepdims=keepdims)


@implements(np.nanargmin)
def nanargmin(a: Any, axis: int | None = None, out: Any = None, *, keepdims: Any = False) -> Any:
    """Return where the smallest element that is not NaN lies."""
    return reductions.argmin(without(a, math.inf), axis, out, keepdims=keepdims)
