"""Mutants: one catalogued mistake each, as a change of the backward pass, and the rules that changes are made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...core.node import Grads, Node
from ...core.types import Rule
from ..replay.run import Edge, RuleChange, Run


@dataclass(frozen=True, eq=False)
class Mutant:
    """One mistake: its row of the catalogue, what was done instead, at which node, and the change that does it."""

    number: int
    said: str
    node: Node | None
    changes: dict[Edge, RuleChange] = field(default_factory=dict)
    masks: dict[Node, Callable[[Any], Any]] = field(default_factory=dict)
    leaves: Callable[[Run, Grads], Grads] | None = None  # what is done to the finished gradients

    @property
    def leaves_path_out(self) -> bool:
        """Whether the mistake is that nothing comes back along some edges."""
        return bool(self.changes) and not self.masks and self.leaves is None and not any(self.changes.values())

    def grads(self, run: Run) -> Grads:
        """Return the gradients of all nodes as this mistake makes them."""
        grads = run.changed(self.changes, self.masks) if self.changes or self.masks else run.grads
        return self.leaves(run, grads) if self.leaves else grads


ArrayChange = Callable[[Any], Any]


def changed_rule(
    rule: Rule,
    *,
    g: ArrayChange | None = None,
    operand: tuple[int, ArrayChange] | None = None,
    result: ArrayChange | None = None,
) -> Rule:
    """Return a rule with a change of the gradient that it is handed, of an operand (by its place), or of its result."""

    def changed(grad: Any, z: Any, *xs: Any, **params: Any) -> Any:
        if operand is not None:
            i, change = operand
            xs = (*xs[:i], change(xs[i]), *xs[i + 1 :])
        found = rule(grad if g is None else g(grad), z, *xs, **params)
        return found if result is None else result(found)

    return changed


def scaled_rule(rule: Rule, c: float) -> Rule:
    """Return a rule times a number."""
    return changed_rule(rule, result=lambda share: c * share)


def masked_rule(rule: Rule, k: int, axis: int) -> Rule:
    """Return a rule that sees the gradient of one example only."""
    return changed_rule(rule, g=example_mask(k, axis))


def example_mask(k: int, axis: int) -> ArrayChange:
    """Return a function that keeps example `k` of an array and zeroes the others."""
    return kept_in((slice(None),) * axis + (k,))


def kept_in(place: Any) -> ArrayChange:
    """Return a function that zeroes an array everywhere but in a place."""

    def mask(g: Any) -> Any:
        kept = np.zeros_like(g)
        kept[place] = g[place]
        return kept

    return mask


def rolled(shift: int, axis: int) -> ArrayChange:
    """Return a function that shifts an array along an axis."""
    return lambda g: np.roll(g, shift, axis)


def swapped(x: Any) -> Any:
    """Transpose matrices."""
    return np.swapaxes(x, -1, -2)
