"""One element of an input, and what both sides say of its derivative.

Holds what counts as different, and what the usual ratios of a wrong derivative to the right one are called.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from ...errors.printable import printable
from .numerical import HAS_WIDER_FLOAT, Slope

RTOL = 1e-8 if HAS_WIDER_FLOAT else 1e-7  # of a derivative; without a wide float the measurement itself is less exact
FLOOR = 1e-3  # an element smaller than this part of the largest is held to the largest's tolerance


@dataclass(frozen=True)
class Element:
    """One number of one input, and what both sides say of its derivative."""

    input: int
    label: str
    index: tuple[int, ...]
    automatic: float
    numerical: float
    error: float  # how far the numerical one may be off
    left: float
    right: float
    method: str
    scale: float  # the largest derivative by this input, or this one
    rounding: float = 0.0  # how far rounding may have moved the automatic one

    @classmethod
    def of(
        cls, i: int, label: str, at: tuple[int, ...], automatic: float, found: Slope, scale: float, rounding: float
    ) -> Element:
        """Put an automatic derivative beside a measured one."""
        measured = (found.value, found.error, found.left, found.right, found.method)
        return cls(i, label, at, automatic, *measured, scale, rounding)

    @property
    def off(self) -> float:
        """The difference in tolerances: more than 1 is wrong."""
        if self.automatic == self.numerical:
            return 0.0
        size = max(abs(self.automatic), abs(self.numerical), FLOOR * self.scale)
        off = abs(self.automatic - self.numerical) / max(RTOL * size + 10 * self.error, self.rounding)
        return off if math.isfinite(off) else math.inf

    @property
    def ratio(self) -> float:
        """Automatic over numerical."""
        return self.automatic / self.numerical if self.numerical else math.copysign(math.inf, self.automatic)

    @property
    def name(self) -> str:
        """Say which number it is."""
        at = f"[{', '.join(map(str, self.index))}]" if self.index else ""
        return f"input {self.input}{f' `{printable(self.label)}`' if self.label else ''}{at}"

    @property
    def said(self) -> str:
        """Say both numbers."""
        return f"{self.name}: automatic {self.automatic:.10g}, numerical {self.numerical:.10g} ({self.method})"


def ratio_name(e: Element, sizes: Iterable[int]) -> str:
    """Name the ratio of automatic to numerical where it is one that mistakes are made of.

    sizes: the numbers of elements, and the lengths of axes, that a mistaken sum or mean may have brought in.
    """
    if e.automatic == 0:
        return ", as if f did not depend on it: is a .data, a detach() or a no_grad() in the way?"
    names = {-1.0: "the sign is wrong", 2.0: "twice too large", -2.0: "twice too large, and the sign is wrong"}
    names |= {0.5: "a factor of 2 is missing", -0.5: "a factor of 2 is missing, and the sign is wrong"}
    for n in sorted({n for n in sizes if n > 2}):
        names |= {
            float(n): f"{n} times too large",
            1 / n: f"{n} times too small",
            float(-n): f"{n} times too large, and the sign is wrong",
        }
    found = [name for ratio, name in names.items() if math.isclose(e.ratio, ratio, rel_tol=1e-6)]
    return f", ratio {e.ratio:.10g}" + "".join(f": {name}" for name in found)
