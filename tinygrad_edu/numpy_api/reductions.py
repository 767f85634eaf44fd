"""NumPy's reductions: sums, products, extremes, means and variances."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.dispatch import implements
from ..errors.where import users_line, warn
from ..ops import arithmetic, compare, ordering, powers, shapes
from ..ops import reductions as rows
from ..ops.checks import checked
from ..ops.complex import conj, is_complex, real_part
from .arguments import cast, cast_for_mean, dtype_of, flag, float_of, given, normalize_axes, refuse_out

__all__ = [
    "all", "any", "argmax", "argmin", "count_nonzero", "logsumexp", "max", "mean", "min", "prod", "ptp", "std", "sum",
    "var",
]  # fmt: skip

Axis = int | tuple[int, ...] | None


def with_neutral(x: Any, where: Any, neutral: float) -> Any:
    """Return `x` with a number that changes nothing in the places that `where=` leaves out."""
    if where is True:
        return x
    return compare.where(given(where), x, bool(neutral) if dtype_of(x).kind == "b" and neutral in (0, 1) else neutral)


def element_counts(x: Any, axis: Axis, where: Any) -> Any:
    """Return how many elements each result is made of."""
    if where is True:
        return math.prod(shapes.shape(x)[a] for a in normalize_axes(axis, len(shapes.shape(x))))
    mask = shapes.broadcast_to(given(where), shape=shapes.shape(x))
    return rows.sum(shapes.astype(mask, dtype=float_of(x)), axis=axis, keepdims=True)


@implements(np.sum)
def sum(  # NumPy's name
    a: Any,
    axis: Axis = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = False,
    initial: Any = 0,
    where: Any = True,
) -> Any:
    """Add up the elements along axes, beginning with `initial`."""
    refuse_out("sum", out)
    x = with_neutral(given(a), where, 0)
    if dtype is None:
        z = rows.sum(x, axis=axis, keepdims=flag(keepdims))
    else:  # a sum of narrow integers is wide
        z = cast(rows.sum(cast(x, dtype), axis=axis, keepdims=flag(keepdims)), dtype)
    return arithmetic.add(z, as_begun(z, initial)) if start(initial, 0) else z


@implements(np.prod)
def prod(
    a: Any,
    axis: Axis = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = False,
    initial: Any = 1,
    where: Any = True,
) -> Any:
    """Multiply the elements along axes, beginning with `initial`."""
    refuse_out("prod", out)
    z = cast(rows.prod(cast(with_neutral(given(a), where, 1), dtype), axis=axis, keepdims=flag(keepdims)), dtype)
    return arithmetic.multiply(z, as_begun(z, initial)) if start(initial, 1) else z


def as_begun(z: Any, initial: Any) -> Any:
    """Return `initial` as NumPy begins a result with it: of whole numbers as one of them."""
    return cast(given(initial), dtype_of(z)) if dtype_of(z).kind in "iu" else initial


def start(initial: Any, neutral: float) -> bool:
    """Say whether `initial=` was given and changes anything."""
    return initial is not None and initial is not np._NoValue and initial is not neutral


@implements(np.max, np.amax)
def max(  # NumPy's name
    a: Any, axis: Axis = None, out: Any = None, keepdims: Any = False, initial: Any = None, where: Any = True
) -> Any:
    """Find the largest element along axes, or `initial` if that is larger; ties share the gradient."""
    refuse_out("max", out)
    if where is not True and not start(initial, math.nan):
        raise ValueError("max: where= may leave nothing to choose from; give initial= too")
    x = with_neutral(given(a), where, initial)
    if not start(initial, math.nan):
        return rows.max(x, axis=axis, keepdims=flag(keepdims))
    return extreme_with(rows.max, arithmetic.maximum, x, axis, flag(keepdims), initial)


@implements(np.min, np.amin)
def min(  # NumPy's name
    a: Any, axis: Axis = None, out: Any = None, keepdims: Any = False, initial: Any = None, where: Any = True
) -> Any:
    """Find the smallest element along axes, or `initial` if that is smaller; ties share the gradient."""
    refuse_out("min", out)
    if where is not True and not start(initial, math.nan):
        raise ValueError("min: where= may leave nothing to choose from; give initial= too")
    x = with_neutral(given(a), where, initial)
    if not start(initial, math.nan):
        return rows.min(x, axis=axis, keepdims=flag(keepdims))
    return extreme_with(rows.min, arithmetic.minimum, x, axis, flag(keepdims), initial)


def extreme_with(reduce: Any, choose: Any, x: Any, axis: Axis, keepdims: bool, initial: Any) -> Any:
    """Return an extreme that begins with `initial`, which is all there is along an empty axis."""
    if 0 in [shapes.shape(x)[a] for a in normalize_axes(axis, len(shapes.shape(x)))]:
        left = np.zeros(shapes.shape(x)).sum(axis=axis, keepdims=keepdims).shape
        return np.full(left, initial, dtype_of(x))
    return cast(choose(reduce(x, axis=axis, keepdims=keepdims), initial), dtype_of(x))


@implements(np.ptp)
def ptp(a: Any, axis: Axis = None, out: Any = None, keepdims: Any = False) -> Any:
    """Return the largest less the smallest element along axes."""
    refuse_out("ptp", out)
    return max(a, axis, keepdims=keepdims) - min(a, axis, keepdims=keepdims)


@implements(np.mean)
def mean(
    a: Any, axis: Axis = None, dtype: Any = None, out: Any = None, keepdims: Any = False, *, where: Any = True
) -> Any:
    """Average the elements along axes."""
    refuse_out("mean", out)
    x = cast_for_mean("mean", given(a), dtype)
    if where is True:
        return rows.mean(x, axis=axis, keepdims=flag(keepdims))
    z = rows.sum(with_neutral(x, where, 0), axis=axis, keepdims=True) / element_counts(x, axis, where)
    return z if flag(keepdims) else squeezed(z, axis)


def squeezed(z: Any, axis: Axis) -> Any:
    """Return a reduction without the axes of length 1 that it was made along."""
    gone = normalize_axes(axis, len(shapes.shape(z)))
    return shapes.reshape(z, shape=tuple(n for a, n in enumerate(shapes.shape(z)) if a not in gone))


def deviations(x: Any, axis: Axis, ddof: float, where: Any, mean: Any) -> tuple[Any, Any]:
    """Return how far each element is from the mean, and the degrees of freedom to divide by.

    Those of half precision come in single precision, in which their squares add up without overflow.
    """
    if dtype_of(x) == np.float16:
        x = shapes.astype(x, dtype=np.dtype(np.float32))
    n = element_counts(x, axis, where)
    if mean is None and where is True:
        mean = rows.mean(x, axis=axis, keepdims=True)
    elif mean is None:
        mean = rows.sum(with_neutral(x, where, 0), axis=axis, keepdims=True) / n
    freedom = arithmetic.maximum(n - ddof, 0)
    return with_neutral(x - mean, where, 0.0), checked(some_freedom, freedom)


def some_freedom(freedom: Any) -> None:
    """Warn where no degree of freedom is left."""
    if np.any(freedom <= 0):
        warn("Degrees of freedom <= 0: the variance is not defined", RuntimeWarning)


@implements(np.var)
def var(
    a: Any,
    axis: Axis = None,
    dtype: Any = None,
    out: Any = None,
    ddof: float = 0,
    keepdims: Any = False,
    *,
    where: Any = True,
    mean: Any = None,
    correction: float | None = None,
) -> Any:
    """Average the squared distances from the mean along axes; `ddof` degrees of freedom less."""
    refuse_out("var", out)
    x = cast_for_mean("var", given(a), dtype, "same_kind")
    d, freedom = deviations(x, axis, degrees_lost(ddof, correction), where, mean)
    freedom = real_part(freedom)  # as where= counts them, in the dtype of the numbers
    z = rows.sum(real_part(d * conj(d)) if is_complex(d) else powers.square(d), axis=axis, keepdims=True) / freedom
    z = shapes.astype(z, dtype=dtype_of(x)) if dtype_of(x) == np.float16 else z
    return z if flag(keepdims) else squeezed(z, axis)


@implements(np.std)
def std(
    a: Any,
    axis: Axis = None,
    dtype: Any = None,
    out: Any = None,
    ddof: float = 0,
    keepdims: Any = False,
    *,
    where: Any = True,
    mean: Any = None,
    correction: float | None = None,
) -> Any:
    """Return the square root of `var`. Where all elements are equal its gradient is 0, the least subgradient."""
    refuse_out("std", out)
    x = cast_for_mean("std", given(a), dtype, "same_kind")
    d, freedom = deviations(x, axis, degrees_lost(ddof, correction), where, mean)
    z = rows.norm(d, axis=axis, keepdims=True) / powers.sqrt(real_part(freedom))
    z = shapes.astype(z, dtype=dtype_of(x)) if dtype_of(x) == np.float16 else z
    return z if flag(keepdims) else squeezed(z, axis)


def degrees_lost(ddof: float, correction: float | None) -> float:
    """Return how many degrees of freedom less there are. Raises ValueError where both names of it are given."""
    if correction is None:
        return ddof
    if ddof:
        raise ValueError(f"ddof and correction are two names of one number: give one of them (at {users_line()})")
    return correction


def logsumexp(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Compute log(sum(exp(x))) along axes without overflow."""
    return rows.logsumexp(given(x), axis=axis, keepdims=keepdims)


@implements(np.any)
def any(a: Any, axis: Axis = None, out: Any = None, keepdims: Any = False, *, where: Any = True) -> Any:
    """Say whether any element along axes is true."""
    refuse_out("any", out)
    return rows.any(with_neutral(given(a), where, 0), axis=axis, keepdims=flag(keepdims))


@implements(np.all)
def all(a: Any, axis: Axis = None, out: Any = None, keepdims: Any = False, *, where: Any = True) -> Any:
    """Say whether all elements along axes are true."""
    refuse_out("all", out)
    return rows.all(with_neutral(given(a), where, 1), axis=axis, keepdims=flag(keepdims))


@implements(np.count_nonzero)
def count_nonzero(a: Any, axis: Axis = None, *, keepdims: Any = False) -> Any:
    """Count the elements that are not zero along axes."""
    return rows.sum(shapes.astype(given(a) != 0, dtype=int), axis=axis, keepdims=flag(keepdims))


@implements(np.argmax)
def argmax(a: Any, axis: int | None = None, out: Any = None, *, keepdims: Any = False) -> Any:
    """Return where the largest element lies; the first of equals."""
    refuse_out("argmax", out)
    return ordering.argmax(given(a), axis=axis, keepdims=flag(keepdims))


@implements(np.argmin)
def argmin(a: Any, axis: int | None = None, out: Any = None, *, keepdims: Any = False) -> Any:
    """Return where the smallest element lies; the first of equals."""
    refuse_out("argmin", out)
    return ordering.argmin(given(a), axis=axis, keepdims=flag(keepdims))
