"""Numerical differentiation: the derivative of a function of one real number from its values alone.

Knows nothing of nodes and rules: that is what makes it a witness against them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

Real = Any  # a float or a NumPy scalar of any precision

HAS_WIDER_FLOAT = bool(np.finfo(np.longdouble).eps < np.finfo(float).eps)  # is there anything wider than a double here?
TINY = 1e-20  # the complex step: nothing is subtracted, so nothing cancels, and it may be as small as we like
FIRST, LEVELS = 2.0**-5, 14  # the first real step, relative to the size of the argument, and how often it is halved
CONVERGED = 1e-11  # relative error at which halving the step stops
GROWTH = 1.15  # an infinite slope is a difference quotient that grows at least so much at each halving


@dataclass(frozen=True, slots=True)
class Slope:
    """A measured derivative, how far it may be off, and the one-sided slopes it was made of."""

    value: float
    error: float
    left: float
    right: float
    kink: bool
    method: str


class Limit:
    """The limit of a difference quotient d(h) for h → 0, from d(h), d(h/2), d(h/4) and so on.

    Richardson's extrapolation in Neville's table; `error` is Ridders' estimate: how much the best entry differs from
    its two parents. ratio: what halving h divides the leading error by; 2 for one-sided quotients, 4 for central ones.
    """

    def __init__(self, ratio: int) -> None:
        self.ratio = ratio
        self.value: Real = math.nan
        self.error: Real = math.inf
        self.seen: list[Real] = []
        self._row: list[Real] = []
        self._noise: Real = 0.0

    def add(self, quotient: Real, rounding: Real) -> None:
        """Take in the quotient of the next, halved step; rounding: how far rounding alone may have moved it."""
        if not math.isfinite(quotient):
            return
        row, factor = [quotient], 1
        for older in self._row:
            factor *= self.ratio
            better = row[-1] + (row[-1] - older) / (factor - 1)
            error = max(abs(better - row[-1]), abs(better - older)) + rounding
            if error < self.error:
                self.value, self.error = better, error
            row.append(better)
        self._row, self._noise = row, rounding
        self.seen.append(quotient)

    @property
    def near(self) -> bool:
        """Whether the limit is known to a part of the last quotient, so that this is not a slope without bounds."""
        return not self.seen or bool(self.error <= 0.01 * abs(self.seen[-1]) + 2 * self._noise)

    def detect_divergence(self) -> None:
        """Call the limit infinite where the quotients keep growing instead of converging."""
        last = self.seen[-6:]
        if len(last) == 6 and all(last) and all(b / a > GROWTH for a, b in pairwise(last)):
            self.value, self.error = math.copysign(math.inf, last[-1]), 0.0


def richardson_slope(phi: Callable[[Real], Real], at: float = 0.0, rounding: float = 0.0) -> Slope:
    """Return the derivative of `phi(step)` at step 0 by Richardson extrapolation.

    at: the argument that `phi` moves by `step`, for the size of the steps. rounding: how exactly `phi` is computed.
    Evaluate `phi` in extended precision where the platform has it: about 12 digits are right then, else about 9.
    """
    found = measured_from(phi, 2.0 ** math.frexp(max(1.0, abs(at)))[1] * FIRST, rounding)
    if found.error <= 1e-9 * abs(found.value) < math.inf:
        return found
    closer = measured_from(phi, 2.0 ** math.frexp(abs(at) or 1e-6)[1] * FIRST, rounding)  # for an argument near a pole
    return closer if closer.error < found.error or math.isinf(found.value) else found


def measured_from(phi: Callable[[Real], Real], h: Real, rounding: float) -> Slope:
    """Measure the slope from steps h, h/2, h/4, … to either side."""
    left, right, central = Limit(2), Limit(2), Limit(4)
    h, here = np.longdouble(h), phi(np.longdouble(0))
    for level in range(LEVELS):
        after, before = phi(h), phi(-h)
        noise = rounding / h
        right.add((after - here) / h, noise)
        left.add((here - before) / h, noise)
        central.add((after - before) / (2 * h), noise)
        if level >= 3 and central.error <= CONVERGED * abs(central.value) + 2 * noise and left.near and right.near:
            break
        h = h / 2
    for side in (left, right):
        side.detect_divergence()
    return combine_sides(left, right, central)


def combine_sides(left: Limit, right: Limit, central: Limit) -> Slope:
    """Put the two one-sided slopes and the central one together; where one side has none, the other counts."""
    sides = [side for side in (left, right) if not math.isnan(side.value)]
    kink = False
    if len(sides) == 2 and left.value != right.value:
        steeper = max(abs(left.value), abs(right.value))
        kink = math.isinf(steeper) or abs(left.value - right.value) > 1e-6 * steeper + 10 * (left.error + right.error)
    one_sided = len(sides) == 1 or math.isinf(left.value)
    best = sides[0] if one_sided else central
    return Slope(
        float(best.value),
        float(best.error),
        float(left.value),
        float(right.value),
        bool(kink),
        "long double and Richardson" if HAS_WIDER_FLOAT else "double and Richardson",
    )


def complex_step(phi: Callable[[complex], Any]) -> float:
    """Return the derivative of `phi(step)` at step 0 from one tiny step along the imaginary axis.

    Right to the last digit where `phi` is analytic, and meaningless where it is not, as where it takes an absolute
    value: so compare it with `slope`.
    """
    return float(np.imag(phi(complex(0.0, TINY)))) / TINY
