"""Every mistake that a graph leaves room for, tried: which of them predict the numbers that somebody derived.

A mistake is tried once, and its numbers are compared with all gradients together and with each wrong one by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from ...core.node import Node
from ...core.types import Array
from ...symbolic.layers import LayerMap
from ..compare.precheck import GradientPair
from ..replay.run import Recording, Run
from .calculus import of_calculus
from .mutant import Mutant
from .mutants import mutants

FIRST_SAMPLE = 48  # numbers that are looked at before all are
MATCHING = 30_000.0  # nanoseconds that it takes to see whether one mistake gives one gradient
BUDGET = 6e9  # of work, in nanoseconds of a slow computer: a larger graph is not searched to its end


class Match(NamedTuple):
    """A mistake that predicts what was derived: of all gradients, or of the one at place `of` alone.

    factor: what all of the prediction is to be multiplied by. share: where the mistake is a path that is left out, the
    factor on that path that predicts the numbers; None otherwise.
    """

    mutant: Mutant
    of: int | None
    factor: float = 1.0
    share: float | None = None


class Target:
    """Derived gradients as one row of numbers, and how closely a prediction must meet each of them."""

    def __init__(self, items: Sequence[GradientPair]) -> None:
        self.hand, self.auto, self.tolerance = (
            np.concatenate([np.ravel(getattr(item, part)) for item in items]) for part in ("hand", "auto", "tolerance")
        )
        sizes = [1e-9 * float(np.max(np.abs(item.hand), initial=0.0)) for item in items]
        self.tolerance = np.maximum(
            self.tolerance, np.concatenate([np.full(item.hand.size, x) for item, x in zip(items, sizes, strict=True)])
        )
        strong = np.argsort(-np.abs(self.hand), kind="stable")[: FIRST_SAMPLE // 2]
        spread = np.linspace(0, self.hand.size - 1, FIRST_SAMPLE // 2).astype(int)
        self.few = np.unique(np.concatenate([strong, spread])) if self.hand.size > FIRST_SAMPLE else slice(None)
        with np.errstate(divide="ignore"):
            self.digits = float(np.sum(np.maximum(np.log10(np.abs(self.hand) / self.tolerance), 0.0)))

    def meets(self, predicted: Array) -> bool:
        """Tell whether a prediction is what was derived."""
        few = self.few
        if np.any(np.abs(predicted[few] - self.hand[few]) > self.tolerance[few]):
            return False
        return bool(np.all(np.abs(predicted - self.hand) <= self.tolerance))

    def ratio(self, predicted: Array, beside: Array | float = 0.0) -> float | None:
        """Return the number r for which r times the prediction, and `beside`, is what was derived; None if none is."""
        rest = self.hand - beside
        square = float(predicted @ predicted) if self.may_be_multiple(predicted, rest) else 0.0
        if square == 0.0:
            return None
        r = float(rest @ predicted) / square
        return r if self.meets(beside + r * predicted) else None

    def may_be_multiple(self, x: Array, of: Array) -> bool:
        """Tell whether numbers may be a multiple of others, by a few of them."""
        x, of, near = x[self.few], of[self.few], 10 * self.tolerance[self.few]
        square = float(x @ x)
        return square == 0.0 or bool(np.all(np.abs(float(of @ x) / square * x - of) <= near))

    def differs(self, predicted: Array) -> Array:
        """Tell which numbers of a prediction differ from what is right by more than rounding."""
        return np.asarray(np.abs(predicted - self.auto) > self.tolerance)

    def share(self, without: Array) -> float | None:
        """Return the factor on a path with which its gradients are what was derived, from those without the path."""
        return self.ratio(self.auto - without, without)


@dataclass(eq=False)
class Question:
    """The gradients to explain: the recording, its runs, and in each run the items in the same order."""

    recording: Recording
    notation: LayerMap
    runs: list[Run]
    items: list[list[GradientPair]]
    budget: float = BUDGET  # of work
    exhausted: bool = False  # whether the graph was too large to try every mistake

    @property
    def nodes(self) -> list[Node]:
        """The nodes whose gradients were derived."""
        return [item.node for item in self.items[0] if item.node is not None]

    @property
    def names(self) -> list[str]:
        """The names of the gradients."""
        return [item.name for item in self.items[0]]

    @cached_property
    def targets(self) -> list[Target]:
        """Each gradient as one row of numbers."""
        return [Target([items[i] for items in self.items]) for i in range(len(self.items[0]))]

    @cached_property
    def whole(self) -> Target:
        """All gradients as one row of numbers."""
        return self.joined(range(len(self.items[0])))

    def joined(self, chosen: Sequence[int]) -> Target:
        """Return some of the gradients as one row of numbers."""
        return Target([items[i] for i in chosen for items in self.items])

    @cached_property
    def wrong(self) -> list[int]:
        """The places of the gradients that are wrong."""
        return [i for i in range(len(self.items[0])) if not all(items[i].ok for items in self.items)]

    @cached_property
    def matches(self) -> list[Match]:
        """Every mistake that predicts what was derived, of all gradients or of a wrong one alone."""
        found: list[Match] = []
        before, matching = sum(run.work for run in self.runs), 0.0
        for mutant in [*of_calculus(self.recording), *mutants(self.recording, self.notation)]:
            matching += MATCHING * len(self.targets)
            if sum(run.work for run in self.runs) - before + matching > self.budget:
                self.exhausted = True
                break
            try:
                grads = [mutant.grads(run) for run in self.runs]
                rows = [
                    np.concatenate([np.ravel(run.gradient(g, x)) for run, g in zip(self.runs, grads, strict=True)])
                    for x in self.nodes
                ]
                found += self.matched(mutant, rows)
            except (ValueError, IndexError, TypeError, ArithmeticError):
                continue  # shapes or numbers that do not fit: nobody could have made it here
        return found

    @cached_property
    def places(self) -> list[slice]:
        """The place of each gradient in the row of all."""
        ends = np.cumsum([target.hand.size for target in self.targets])
        return [slice(int(end) - target.hand.size, int(end)) for end, target in zip(ends, self.targets, strict=True)]

    def matched(self, mutant: Mutant, rows: list[Array]) -> list[Match]:
        """Return how the numbers that one mistake gives match what was derived."""
        predicted = np.concatenate(rows)
        if not np.isfinite(predicted).all():
            return []
        shows = self.whole.differs(predicted)
        if not shows.any():
            return []
        found = match(mutant, self.whole, predicted, None)
        if found or len(rows) == 1:
            return found
        seen = [i for i in self.wrong if shows[self.places[i]].any()]
        return [m for i in seen for m in match(mutant, self.targets[i], rows[i], i)]


def match(mutant: Mutant, target: Target, predicted: Array, of: int | None) -> list[Match]:
    """Return how a prediction matches a target: as it is, times a factor, or with a factor on the path left out."""
    if target.meets(predicted):
        return [Match(mutant, of)]
    if mutant.leaves_path_out and (c := target.share(predicted)) is not None:
        return [Match(mutant, of, share=c)]
    r = target.ratio(predicted)
    return [] if r is None else [Match(mutant, of, r)]
