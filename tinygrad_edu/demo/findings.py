"""Everything the demo found out, before it is printed or put on a page."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..core.types import Array
from .checks import TOLERANCE, Compared, Nudges, Scales


@dataclass
class Findings:
    """One run of the demo."""

    seed: int
    epochs: int
    cost: tuple[float, float]  # of the first step, and of the last ones on average
    learnt: float  # the share it recognises of the images it was trained on
    images: Array  # (n, 64), held out
    digits: Array  # (n,): what they show
    taken_for: Array  # (n,): what the net takes them for
    before: list[Compared]  # each gradient by hand and automatic, of the untrained net
    after: list[Compared]  # and of the trained one
    nudges: Nudges  # of the untrained net
    shown: int  # which of the images is shown on its way through the net
    scales: Scales

    @property
    def held_out(self) -> float:
        """The share it recognises of the images it has never seen."""
        return float(np.mean(self.taken_for == self.digits))

    @property
    def gradients(self) -> int:
        """The number of gradients that were compared with those derived by hand."""
        return sum(one.size for one in self.after)

    @property
    def worst(self) -> float:
        """The largest relative error among them."""
        return max(one.error for one in self.before + self.after)

    @property
    def equal(self) -> bool:
        """Tell whether everything that should be the same number is."""
        return max(self.worst, self.nudges.error, self.scales.error, self.scales.gradient_error) <= TOLERANCE
