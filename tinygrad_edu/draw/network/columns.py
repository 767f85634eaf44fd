"""Positions of the neurons in a picture of a network: columns from the input to the output.

Knows how many there are, not what they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..layout.coordinates import Point

if TYPE_CHECKING:
    from .picture import NetworkPicture

RADIUS = 18.0
DOWN, FAR_DOWN = 62.0, 92.0  # from neuron to neuron; where weights are named
TOP = 56.0


@dataclass(slots=True)
class Columns:
    """The places of a picture: `at[c, j]` is neuron j of column c, and j None the neurons that are left out."""

    at: dict[tuple[int, int | None], Point]
    xs: list[float]
    middle: float
    size: Point

    @classmethod
    def of(cls, net: NetworkPicture) -> Columns:
        """Return the places of all neurons that are drawn."""
        rows = [net.visible(c) for c in range(len(net.counts()))]
        named = [net.named(k) for k in range(len(net.weights))]
        down = FAR_DOWN if any(named) else DOWN
        high = max(down * max(map(len, rows[1:] if net.image else rows)), 180.0 if net.image else 0.0) + TOP + 20
        gap = max(260.0 if each else 170.0 + 6 * len(tails) for each, tails in zip(named, rows, strict=False))
        left = 120.0 if net.image else 70.0
        middle = TOP + (high - TOP - 20) / 2
        xs = [left + gap * c for c in range(len(rows))]
        at = {
            (c, j): (xs[c], middle + (row - (len(shown) - 1) / 2) * down)
            for c, shown in enumerate(rows)
            for row, j in enumerate(shown)
        }
        return cls(at, xs, middle, (xs[-1] + 90, high))


def label_at(tails: int, heads: int) -> float:
    """Return at which part of the way labels of the edges into a neuron, or out of one, are evenly and widely apart."""
    return tails / (tails + 1) if tails <= heads else 1 / (heads + 1)


def brief(a: float) -> str:
    """Return a number short enough for a circle."""
    return (f"{a:.2f}" if abs(a) < 9.995 else f"{a:.3g}").replace("-", "−")
