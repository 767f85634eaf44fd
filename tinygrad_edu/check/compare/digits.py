"""The precision of given numbers: typed to so many decimals or digits, single, or double."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...core.types import Array
from ..replay.rounding import DOUBLE_EPS, SINGLE_EPS

MOST_TYPED = 2000  # numbers that somebody types, or copies from a print
HALF_DIGIT = 0.5000001  # of the last digit


class Digits(NamedTuple):
    """The decimals and the significant digits to which numbers were typed; 0 where that cannot be told."""

    decimals: int
    significant: int

    def tolerances(self, given: Array) -> list[tuple[str, Array]]:
        """Return, for either way of counting, its name and half a unit of the last digit of each number."""
        found = []
        if self.decimals:
            found.append((f"{self.decimals} decimals", np.full(given.shape, HALF_DIGIT * 10.0**-self.decimals)))
        if self.significant:
            with np.errstate(divide="ignore"):
                leading = np.floor(np.log10(np.abs(given)))
            units = np.where(given == 0, 0.0, 10.0 ** (np.where(given == 0, 0.0, leading) - self.significant + 1))
            found.append((f"{self.significant} digits", HALF_DIGIT * units))
        return found


UNKNOWN_DIGITS = Digits(0, 0)


def typed_digits(given: Array) -> Digits:
    """Return how numbers were typed, such as 0.1235 or 1.235e-05; UNKNOWN if they look computed, or are too short."""
    if given.size == 0 or given.size > MOST_TYPED or not np.isfinite(given).all():
        return UNKNOWN_DIGITS
    decimals, significant = 0, 0
    for x in given.ravel():
        mantissa, _, exponent = f"{float(x)!r}".partition("e")
        whole, _, fraction = mantissa.lstrip("-").partition(".")
        fraction = fraction.rstrip("0")
        decimals = max(decimals, len(fraction) - int(exponent or 0))
        significant = max(significant, len((whole + fraction).strip("0")))
    enough = 3 if given.size < 6 else 2  # of a few numbers, 0.5 and 0.25 may be exact
    if significant < enough:
        return UNKNOWN_DIGITS
    return Digits(decimals if 2 <= decimals <= 8 else 0, significant if 3 <= significant <= 8 else 0)


def eps_of(given: Array) -> float:
    """Return the rounding, relative to a number, of the precision in which numbers were computed, as they show it."""
    if given.dtype.kind != "f":
        return DOUBLE_EPS
    if given.dtype.itemsize < 8:
        return float(np.finfo(given.dtype).eps)
    with np.errstate(over="ignore"):
        single = given.astype(np.float32)
    low_bits = single.view(np.uint32) & 0xFFF
    return SINGLE_EPS if np.array_equal(single, given) and bool(low_bits.any()) else DOUBLE_EPS
