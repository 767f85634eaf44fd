"""A recorded graph, run again: forward with other numbers, and backward with a rule changed here and there.

A run keeps what every operand was handed, so that a change at one node is carried only to what lies before it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from ...core.backprop import history
from ...core.node import Grads, Node, data_of

Edge = tuple[Node, int]  # a node, and which of its operands
Rule = Callable[..., Any]  # as in a row: of g, z, the operands and the parameters


class Instead(NamedTuple):
    """A rule that is handed the data of another node, or an array, in place of operand `i`."""

    rule: Rule
    i: int
    node: Any


Change = Rule | Instead | None  # another rule for an edge; None hands nothing back along it
Changes = Mapping[Edge, Change]
Masks = Mapping[Node, Callable[[Any], Any]]  # what is done to the whole gradient of a node when it arrives


class Recording:
    """The graph of `output`, and which of its nodes lie on the way back to `leaves`."""

    def __init__(self, output: Node, leaves: list[Node]) -> None:
        self.output = output
        self.leaves = leaves
        self.order = history(output)
        reached = set(leaves)
        for z in self.order:
            if z.requires_grad and any(x in reached for x in z.inputs if isinstance(x, Node)):
                reached.add(z)
        self.path = [z for z in self.order if z in reached]
        self.edges: dict[Node, list[Edge]] = {z: [] for z in self.path}  # along which z hands something back
        self.uses: dict[Node, list[Edge]] = {z: [] for z in self.path}  # along which z is handed something
        for z in self.path:
            for i, (x, rule) in enumerate(zip(z.inputs, z.op.rules if z.op else (), strict=False)):
                if isinstance(x, Node) and x in reached and rule is not None:
                    self.edges[z].append((z, i))
                    self.uses[x].append((z, i))


class Run:
    """One forward pass of a recording, and its backward pass.

    values: other data for some leaves; without them the run is the one that was recorded.
    """

    def __init__(self, recording: Recording, values: Mapping[Node, Any] | None = None) -> None:
        self.recording = recording
        self.data: dict[Node, Any] = {}
        for z in recording.order:
            if values and z in values:
                self.data[z] = values[z]
            elif values and z.op is not None:
                self.data[z] = z.op(*map(self.read, z.inputs), **z.params)
            else:
                self.data[z] = z._data
            if isinstance(self.data[z], float):
                self.data[z] = np.float64(self.data[z])  # which answers as IEEE does where Python raises
        self.shares: dict[Edge, Any] = {}
        self._slopes: dict[Node, Grads] = {}

    @cached_property
    def grads(self) -> Grads:
        """The gradient of every node on the way, by the rules as they are; fills in `shares`."""
        return self.backward(self.recording.output, self.shares)

    def read(self, x: Any) -> Any:
        """Return the data of an operand in this run."""
        return self.data[x] if isinstance(x, Node) else x

    def share(self, edge: Edge, g: Any, change: Change = None) -> Any:
        """Return what the operand of an edge is handed when `g` arrives, in the operand's own shape; None is zero.

        change: what to do in place of the row's own rule.
        """
        z, i = edge
        assert z.op is not None
        x, operands = z.inputs[i], [self.read(x) for x in z.inputs]
        if isinstance(change, Instead):
            operands[change.i] = self.read(change.node)
            change = change.rule
        dx = (change or z.op.rules[i])(g, self.data[z], *operands, **z.params)
        return None if dx is None else x.unbroadcast(data_of(dx), z, i)

    def slopes(self, u: Node) -> Grads:
        """Return the derivative of an inner node by every node before it."""
        if u not in self._slopes:
            self._slopes[u] = self.backward(u, {})
        return self._slopes[u]

    def backward(self, output: Node, shares: dict[Edge, Any]) -> Grads:
        """Return the gradient of every node on the way, by the rules as they are; `shares` is filled in."""
        recording = self.recording
        grads: Grads = {output: np.ones_like(self.data[output])}
        for z in reversed(recording.path):
            if z not in grads:
                continue
            for edge in recording.edges[z]:
                dx = shares[edge] = self.share(edge, grads[z])
                x = z.inputs[edge[1]]
                if dx is not None:
                    grads[x] = grads[x] + dx if x in grads else dx
        return grads

    def changed(self, changes: Changes, masks: Masks | None = None) -> Grads:
        """Return the gradients of all nodes on the way when some rules are others. Only what differs is computed."""
        recording, masks = self.recording, masks or {}
        grads, shares = dict(self.grads), dict[Edge, Any]()
        touched = {z for z, _ in changes}
        for x in reversed(recording.path):
            if x not in grads and x not in touched:
                continue
            fresh = [edge for edge in recording.uses[x] if edge in shares]
            if fresh:
                parts = [shares.get(edge, self.shares.get(edge)) for edge in recording.uses[x]]
                known = [part for part in parts if part is not None]
                grads[x] = sum(known[1:], known[0]) if known else np.zeros_like(self.data[x])
            if x in masks:
                grads[x] = masks[x](grads[x])
            whole = fresh or x in masks
            for edge in recording.edges[x] if whole or x in touched else ():
                if edge not in changes:
                    if whole:
                        shares[edge] = self.share(edge, grads[x])
                else:
                    change = changes[edge]
                    shares[edge] = None if change is None else self.share(edge, grads[x], change)
        return grads

    def gradient(self, grads: Grads, leaf: Node) -> np.ndarray[Any, Any]:
        """Return one leaf's gradient as an array; zeros where none arrived."""
        g = grads.get(leaf)
        return np.asarray(np.zeros_like(self.data[leaf]) if g is None else g, dtype=float)
