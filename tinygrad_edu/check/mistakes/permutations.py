"""Mistakes that two gradients show without their graph: a constant factor, another order, rows or columns moved."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...core.types import Array
from ..compare.precheck import GradientPair
from .catalogue import CATALOGUE
from .constant_factors import Factors, naming, universal_factors
from .diagnosis import DIGITS_NEEDED
from .explanation import Candidate
from .matching import Target

FEWEST = 5  # numbers of a gradient of which a single one can be told to be mistyped


def explained_by_numbers(items: Sequence[GradientPair]) -> list[Candidate]:
    """Return what explains the difference, as far as the numbers alone can say."""
    target = Target(items)
    found: list[Candidate] = []
    if not target.hand.any():
        return [Candidate(24, 0, "", "every number is 0")]
    r = target.ratio(target.auto)
    if r is not None and target.digits >= DIGITS_NEEDED[0]:
        factors: Factors = {}
        universal_factors(factors)
        for item in items:
            for length in item.auto.shape:
                if length > 1:
                    said = f"{length} is the length of an axis of {item.name}"
                    factors.setdefault(float(length), []).append((29, said))
                    factors.setdefault(1 / length, []).append((29, said))
        for number, said in naming(r, factors) or [(0, "a constant that has no name")]:
            found.append(Candidate(number, 0, "everywhere", f"every number is {r:.6g} times the right one: {said}"))
    for item in items:
        if not item.ok:
            found += rearrangement(item.hand, item.auto, float(np.max(item.tolerance)), item.name)
    return sorted(found, key=lambda c: c.rank)


def rearranged(rows: Sequence[Sequence[GradientPair]]) -> list[Candidate]:
    """Return which gradients hold the right numbers in other places; at several points nothing is said."""
    wrong = [item for item in rows[0] if not item.ok] if len(rows) == 1 else []
    if len(wrong) == 1 and (entry := one_entry(wrong[0])) is not None:
        return [entry]
    return [
        candidate
        for item in wrong
        for candidate in rearrangement(item.hand, item.auto, float(np.max(item.tolerance)), item.name)
    ]


def one_entry(item: GradientPair) -> Candidate | None:
    """Return the only number of a gradient that is wrong, and how it might have been mistyped."""
    off = np.abs(item.hand - item.auto) > item.tolerance
    if item.hand.size < FEWEST or off.sum() != 1:
        return None
    place = tuple(map(int, np.argwhere(off)[0]))
    h, a = float(item.hand[place]), float(item.auto[place])
    guesses = [(-a, ": the sign is the opposite"), *((a * 10.0**k, ": the decimal point") for k in (-2, -1, 1, 2))]
    near = float(item.tolerance[place])
    guess = next((said for number, said in guesses if abs(number - h) <= near * max(1.0, abs(number))), "")
    evidence = f"{item.hand.size - 1} of {item.hand.size} numbers are right; this one is {h:.6g} for {a:.6g}{guess}"
    return Candidate(46, 1, f"{item.name}[{', '.join(map(str, place))}]", evidence)


def rearrangement(hand: Array, auto: Array, tolerance: float, name: str) -> list[Candidate]:
    """Return how the same numbers got to other places, if they did."""
    if hand.size < 3 or len(np.unique(auto)) < 3:
        return []
    if hand.ndim == 2 and hand.shape[0] == hand.shape[1] and np.all(np.abs(hand.T - auto) <= tolerance):
        return [Candidate(6, 1, name, f"it is the transpose of ∂C/∂{name}")]
    for axis in range(hand.ndim):
        rows, right = (np.moveaxis(x, axis, 0).reshape(x.shape[axis], -1) for x in (hand, auto))
        near = np.all(np.abs(rows[:, None] - right[None]) <= tolerance, axis=2)
        if near.any(axis=1).all() and near.any(axis=0).all():
            order = [int(i) for i in near.argmax(axis=1)]
            return [Candidate(28, 1, name, f"along axis {axis} it holds the right numbers in the order {order}")]
    if np.all(np.abs(np.sort(hand, axis=None) - np.sort(auto, axis=None)) <= tolerance):
        return [Candidate(28, 1, name, "it holds the right numbers in other places", CATALOGUE[28].fix)]
    return []
