"""A recorded graph, run again: forward with other numbers, and backward with a rule changed here and there.

Everything is computed in double precision, whatever the graph was recorded in. A run keeps what every operand was
handed, so that a change at one node is carried only to what lies before it.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from ...core.array_gradients import summed_over_broadcast
from ...core.backprop import between, history
from ...core.node import Grads, Node, data_of
from ...core.types import Array, Rule
from ...symbolic.layers import MATRIX_PRODUCTS
from .rounding import Rounding

Edge = tuple[Node, int]  # a node, and which of its operands


class Instead(NamedTuple):
    """A rule that is handed the data of another node, or an array, in place of operand `i`."""

    rule: Rule
    i: int
    node: Any


RuleChange = Rule | Instead | None  # another rule for an edge; None hands nothing back along it
RuleChanges = Mapping[Edge, RuleChange]
Masks = Mapping[Node, Callable[[Any], Any]]  # what is done to the whole gradient of a node when it arrives


class Recording:
    """The graph of `output`, and which of its nodes lie on the way back to `leaves`."""

    def __init__(self, output: Node, leaves: list[Node]) -> None:
        self.output = output
        self.leaves = leaves
        self.order = history(output)
        self.path = [z for z in between(leaves, output) if z.requires_grad]
        reached = {*leaves, *self.path}
        self.edges: dict[Node, list[Edge]] = {z: [] for z in self.path}  # along which z hands something back
        self.uses: dict[Node, list[Edge]] = {z: [] for z in self.path}  # along which z is handed something
        for z in self.path:
            for i, (x, rule) in enumerate(zip(z.inputs, z.op.rules if z.op else (), strict=False)):
                if isinstance(x, Node) and x in reached and rule is not None:
                    self.edges[z].append((z, i))
                    self.uses[x].append((z, i))

    @cached_property
    def place(self) -> dict[Node, int]:
        """The place of every node on the way, the oldest first."""
        return {z: i for i, z in enumerate(self.path)}

    @cached_property
    def eps(self) -> float:
        """The rounding, relative to a number, of the least precise floating-point data of the graph."""
        kinds = {np.asarray(z._data).dtype for z in self.order}
        return max((float(np.finfo(kind).eps) for kind in kinds if kind.kind in "fc"), default=2.0**-52)


class Run:
    """One forward pass of a recording, and its backward pass.

    values: other data for some leaves; without them the run is the one that was recorded.
    rounding: what moves every result by as much as rounding may have.
    """

    def __init__(
        self, recording: Recording, values: Mapping[Node, Any] | None = None, rounding: Rounding | None = None
    ) -> None:
        self.recording = recording
        self.values = dict(values or {})
        self.rounding = rounding
        self.shares: dict[Edge, Any] = {}
        self.data: dict[Node, Any] = {}
        self._slopes: dict[Node, Grads] = {}
        self.work = 0.0  # done by rules so far, in nanoseconds of a slow computer
        recorded = not values and rounding is None and recording.eps <= 2.0**-52
        for z in recording.order:
            if z.op is None:
                data = in_double(self.values.get(z, z._data))
            else:
                data = z._data if recorded else z.op(*map(self.read, z.inputs), **wide_params(z.params))
            if isinstance(data, float):
                data = np.float64(data)  # which answers as IEEE does where Python raises
            self.data[z] = data if rounding is None else rounding.moved(z.op, data)

    @cached_property
    def grads(self) -> Grads:
        """The gradient of every node on the way, by the rules as they are; fills in `shares`."""
        return self.backward({self.recording.output: np.ones_like(self.data[self.recording.output])}, self.shares)

    def read(self, x: Any) -> Any:
        """Return the data of an operand in this run."""
        return self.data[x] if isinstance(x, Node) else in_double(x)

    def share(self, edge: Edge, g: Any, change: RuleChange = None) -> Any:
        """Return what the operand of an edge is handed when `g` arrives, in the operand's own shape; None is zero.

        change: what to do in place of the row's own rule.
        """
        z, i = edge
        assert z.op is not None
        operands = [self.read(x) for x in z.inputs]
        if isinstance(change, Instead):
            operands[change.i] = self.read(change.node)
            change = change.rule
        inner = np.shape(operands[0])[-1] if z.op.name in MATRIX_PRODUCTS and np.ndim(operands[0]) else 1
        self.work += 30_000 + np.size(g) * (2 + 0.5 * inner)
        dx = data_of((change or z.op.rules[i])(g, self.data[z], *operands, **wide_params(z.params)))
        if dx is None:
            return None
        like = self.data[z.inputs[i]]
        dx, shape = np.asarray(dx), np.shape(like)
        if dx.shape != shape:
            dx = summed_over_broadcast(dx, shape, z, i)
        if dx.dtype.kind == "c" and np.asarray(like).dtype.kind != "c":
            dx = dx.real
        return dx[()] if self.rounding is None else self.rounding.moved(None, dx[()])

    def slopes(self, u: Node) -> Grads:
        """Return the derivative of an inner node by every node before it."""
        if u not in self._slopes:
            self._slopes[u] = self.backward({u: np.ones_like(self.data[u])}, {})
        return self._slopes[u]

    def backward(self, seeds: Grads, shares: dict[Edge, Any]) -> Grads:
        """Return the gradient of every node on the way, by the rules as they are; `shares` is filled in.

        seeds: the gradients that arrive from outside.
        """
        recording = self.recording
        grads: Grads = dict(seeds)
        for z in reversed(recording.path):
            if z not in grads:
                continue
            for edge in recording.edges[z]:
                dx = shares[edge] = self.share(edge, grads[z])
                x = z.inputs[edge[1]]
                if dx is not None:
                    grads[x] = grads[x] + dx if x in grads else dx
        return grads

    def changed(self, changes: RuleChanges, masks: Masks | None = None) -> Grads:
        """Return the gradients of all nodes on the way when some rules are others. Only what differs is computed."""
        recording, masks = self.recording, masks or {}
        grads, shares = dict(self.grads), dict[Edge, Any]()
        touched = {z for z, _ in changes}
        place = recording.place
        waiting = [-place[x] for x in {*touched, *masks} if x in place]  # newest first: users before what they use
        heapq.heapify(waiting)
        queued = set(waiting)
        while waiting:
            x = recording.path[-heapq.heappop(waiting)]
            if x not in grads and x not in touched:
                continue
            fresh = any(edge in shares for edge in recording.uses[x])
            if fresh:
                parts = [shares.get(edge, self.shares.get(edge)) for edge in recording.uses[x]]
                known = [part for part in parts if part is not None]
                grads[x] = sum(known[1:], known[0]) if known else np.zeros_like(self.data[x])
            if x in masks:
                grads[x] = masks[x](grads[x])
            whole = fresh or x in masks
            for edge in recording.edges[x] if whole or x in touched else ():
                if edge in changes:
                    change = changes[edge]
                    shares[edge] = None if change is None else self.share(edge, grads[x], change)
                elif whole:
                    shares[edge] = self.share(edge, grads[x])
                else:
                    continue
                before = -place[x.inputs[edge[1]]]
                if before not in queued:
                    queued.add(before)
                    heapq.heappush(waiting, before)
        return grads

    def gradient(self, grads: Grads, leaf: Node) -> Array:
        """Return one leaf's gradient as an array; zeros where none arrived."""
        g = grads.get(leaf)
        return np.asarray(np.zeros_like(self.data[leaf]) if g is None else g, dtype=float)

    @property
    def finite(self) -> bool:
        """Whether the output and the gradients that were asked for are finite."""
        grads = [self.gradient(self.grads, leaf) for leaf in self.recording.leaves]
        return all(bool(np.isfinite(x).all()) for x in (self.data[self.recording.output], *grads))


def in_double(x: Any) -> Any:
    """Return a number or an array in double precision, if it is floating-point."""
    if (
        isinstance(x, (np.ndarray, np.generic))
        and x.dtype.kind in "fc"
        and x.dtype.itemsize < 8 << (x.dtype.kind == "c")
    ):
        return x.astype(complex if x.dtype.kind == "c" else float)
    return x


def wide_params(params: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters of an operation in double precision: a cast to single is none here."""
    dtype = params.get("dtype")
    if dtype is None or np.dtype(dtype).kind != "f" or np.dtype(dtype).itemsize >= 8:
        return params
    return params | {"dtype": np.dtype(float)}
