"""The steps of a stepper: forward one node at a time, then backward, each with the numbers that its arithmetic needs.

Two orders of going back: the right one, newest first, and the naive one that follows every use of a node as soon
as it meets it and so passes on gradients that are not complete yet. The words are the page's business.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ...core.node import Node, data_of
from ...core.value import Value
from ..graph.local_derivatives import gradient_of, of_numbers

MOST = 150  # steps of the naive order: it may need as many as there are paths


@dataclass(slots=True)
class Share:
    """The share that one operand is handed, and its gradient then, which is more where something was there before."""

    operand: int
    share: Any
    after: Any


@dataclass(slots=True)
class Step:
    """One step: the card that it computes, and when going back the shares that it passes on."""

    card: int
    shares: list[Share] = field(default_factory=list)


class StepMaker:
    """Goes through a recorded graph, `order`, oldest first; `index` says which card a node is."""

    def __init__(self, order: list[Node], index: dict[Node, int]) -> None:
        self.order, self.index = order, index
        self.root = order[-1]
        self.grads: dict[Node, Any] = {}

    def seed(self) -> Step:
        """Return the step with which going back begins: everything before is forgotten."""
        self.grads = {self.root: self.root.seed(None)}
        return Step(self.index[self.root])

    def backward(self) -> list[Step]:
        """Return a step for each node that passes a gradient on, newest first: by then it is complete."""
        steps = [self.seed()]
        steps += [self.back(z) for z in reversed(self.order) if z.op is not None and z in self.grads]
        return steps

    def naive(self) -> list[Step] | None:
        """Return the steps that follow each use of a node at once; None where they are too many."""
        steps = [self.seed()]
        waiting: list[tuple[Node, int]] = [(self.root, 0)]  # nodes on the way down, and which operand is next
        while waiting:
            z, i = waiting.pop()
            if i >= len(z.inputs):
                continue
            if len(steps) > MOST:
                return None
            waiting.append((z, i + 1))
            x = z.inputs[i]
            if isinstance(x, Node) and x.requires_grad and z in self.grads:
                steps.append(self.back(z, only=i))
                waiting.append((x, 0))
        return steps

    def back(self, z: Node, only: int | None = None) -> Step:
        """Pass the gradient of `z` on to its operands, or to one of them, and return the step that does so."""
        g = self.grads[z]
        step = Step(self.index[z])
        operands = [data_of(x) for x in z.inputs]
        for i, (x, rule) in enumerate(zip(z.inputs, z.op.rules, strict=False)):  # type: ignore[union-attr]  # computed
            if not isinstance(x, Node) or not x._requires_grad or rule is None or (only is not None and only != i):
                continue
            if isinstance(z, Value):
                share: Any = of_numbers(rule, z, operands, g)
            else:
                share = gradient_of(rule, g, z, operands)
                share = x.zero()._data if share is None else x.unbroadcast(share, z, i)
            after = self.grads[x] + share if x in self.grads else share
            self.grads[x] = after
            step.shares.append(Share(i, share, after))
        return step
