"""The gradient of a function that cannot be recorded, measured from its values, with how far it may be off."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...core.types import Array
from ...errors import GradientError
from ..gradcheck.numerical import Slope, complex_step, richardson_slope

MOST = 300  # numbers of one argument: each takes some thirty calls of the function
VAGUE = 1e-4  # of the largest derivative: where it is known less exactly, nothing can be compared


def measured_gradient(function: Callable[..., Any], args: Sequence[Any], k: int) -> tuple[Array, float]:
    """Return the gradient of a function by its k-th argument, and the farthest that a number of it may be off.

    Central differences of shrinking width, extrapolated; one complex step where the function agrees with them on
    complex numbers. Raises GradientError where that does not settle, or where there are too many numbers.
    """
    data = np.asarray(args[k], dtype=float)
    if data.size > MOST:
        raise GradientError(
            f"argument {k + 1} has {data.size:,} numbers, too many to measure the gradient of a function that cannot "
            f"be recorded: give an example of at most {MOST} as its default"
        )
    size = abs(value_of(function, args))
    slopes = [slope_at(function, args, k, place, size) for place in np.ndindex(data.shape)]
    grads = np.reshape([s.value for s in slopes], data.shape)
    error = max((s.error for s in slopes), default=0.0)
    if not np.isfinite(grads).all() or error > VAGUE * max(float(np.max(np.abs(grads), initial=0.0)), size):
        raise GradientError(f"the derivative by argument {k + 1} cannot be measured from values at this point")
    return grads, error


def slope_at(function: Callable[..., Any], args: Sequence[Any], k: int, place: tuple[int, ...], size: float) -> Slope:
    """Measure the derivative by one number of one argument."""

    def moved(step: Any) -> Any:
        data = np.array(args[k], dtype=complex if isinstance(step, complex) else float)
        data[place] += step if isinstance(step, complex) else float(step)
        return value_of(function, [*args[:k], data[()], *args[k + 1 :]])

    found = richardson_slope(moved, float(np.asarray(args[k], dtype=float)[place]), 2.0**-52 * size)
    try:
        with warnings.catch_warnings(action="error"):  # as where an imaginary part is dropped
            exact = complex_step(moved)
    except Exception:  # whatever a function does not do with complex numbers, it does with plain ones
        return found
    if not found.kink and abs(exact - found.value) <= 10 * found.error + 1e-9 * abs(exact):
        return Slope(exact, 1e-15 * abs(exact), found.left, found.right, False, "complex step")
    return found


def value_of(function: Callable[..., Any], args: Sequence[Any]) -> Any:
    """Return the number that a function computes; of (loss, …) the loss."""
    result = function(*(np.copy(x) if np.ndim(x) else x for x in args))
    result = result[0] if isinstance(result, (tuple, list)) and len(result) else result
    number = np.asarray(result)
    if number.size != 1 or number.dtype.kind not in "biufc":
        raise GradientError(f"the function returned {result!r:.60}, and should return one number")
    return number.ravel()[0]
