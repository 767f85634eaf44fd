"""Gradients from values of the loss alone, with an estimate of their error: for programs that cannot be recorded.

Central differences at three steps, extrapolated (Richardson), and where the program computes with complex numbers the
complex step, which loses no digits; it is believed only where it agrees with the differences.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ...core.types import Array

MOST = 120  # entries of a parameter that are tried; of a larger one as many, drawn at random
ROUNDING = 64  # units in the last place by which a computed loss may be off
STEP = 2e-4  # relative to an entry, the widest of the three


class Differences(NamedTuple):
    """Some entries of a gradient: their places in the flat array, their values, and the error of each."""

    places: Array
    values: Array
    errors: Array


def finite_differences(
    loss: Callable[[Array], Any], x: Array, rng: np.random.Generator, most: int = MOST
) -> Differences:
    """Return the gradient of `loss` at `x` by (some of) its entries."""
    places = np.arange(x.size) if x.size <= most else np.sort(rng.choice(x.size, most, replace=False))
    found = [step_slope(loss_along_entry(loss, x, k), float(x.ravel()[k])) for k in places]
    return Differences(places, np.array([v for v, _ in found]), np.array([e for _, e in found]))


def loss_along_entry(loss: Callable[[Array], Any], x: Array, k: int) -> Callable[[Any], Any]:
    """Return the loss as a function of how far one entry is moved."""

    def moved(step: Any) -> Any:
        there = x.astype(complex) if isinstance(step, complex) else x.copy()
        there.reshape(-1)[k] += step
        return loss(there)

    return moved


def step_slope(f: Callable[[Any], Any], at: float) -> tuple[float, float]:
    """Return the slope of a function of a step, at 0, and an estimate of its error."""
    h = STEP * max(1.0, abs(at))
    wide, middle, narrow = ((float(f(step)) - float(f(-step))) / (2 * step) for step in (h, h / 2, h / 4))
    once, twice = (4 * middle - wide) / 3, (4 * narrow - middle) / 3
    best = (16 * twice - once) / 15
    error = abs(twice - once) + ROUNDING * np.spacing(max(abs(float(f(0.0))), 1e-3)) / h
    try:
        there = f(1e-30j)
    except Exception:  # of any kind: the program was not written for complex numbers
        return best, error
    if not np.iscomplexobj(there):  # the program, or `f`, keeps only the real part
        return best, error
    exact = float(np.imag(there)) / 1e-30
    if np.isfinite(exact) and abs(exact - best) <= 10 * error:
        return exact, 1e-14 * max(abs(exact), abs(float(f(0.0))))
    return best, error
