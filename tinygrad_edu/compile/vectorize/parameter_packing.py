"""Leaves packed into arrays: those that are used alike lie together, in the order of their first use.

So the weights of one layer become one array, its biases another, and what a person's loops say about them is plain.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ...core.tensor import Tensor
from .bulk_io import PACK
from .columns import state_column
from .parked_leaves import LeafGroup
from .scalar_graph import Numbers, ScalarGraph
from .strides import picked

MIX = np.uint64(0x9E3779B97F4A7C15)  # an odd number whose bits look random: sums of its multiples tell sets apart


class LeafPacker:
    """The leaves numbered `members` of a graph, as arrays."""

    def __init__(self, trace: Any, graph: ScalarGraph, members: Numbers) -> None:
        self.trace, self.graph, self.members = trace, graph, members

    def arrays(self) -> Iterator[tuple[Any, Numbers]]:
        """Yield arrays and the numbers of the leaves that lie in them, in order."""
        if not len(self.members):
            return
        first, use = self.uses()
        nodes = self.graph.nodes
        origins = {k: self.origin(nodes[k]) for k in self.members.tolist()}
        classes: dict[Any, list[int]] = {}
        for k in self.members[np.argsort(first[self.members], kind="stable")].tolist():
            classes.setdefault((origins[k], bool(self.graph.needs[k]), int(use[k])), []).append(k)
        if len(classes) > 8 + len(self.members) // 8:  # used in no order: as few arrays as can be
            coarse: dict[Any, list[int]] = {}
            for (origin, needs, _), ks in classes.items():
                coarse.setdefault((origin, needs), []).extend(ks)
            classes = coarse
        for (origin, needs, *_), ks in classes.items():
            array = self.packed(origin, [nodes[k] for k in ks])
            array._requires_grad = needs
            yield array, np.array(ks, int)

    def uses(self) -> tuple[Any, Any]:
        """Return of each node when it is first used, and a number that is the same for nodes used alike."""
        graph, n = self.graph, len(self.graph.nodes)
        first, use = np.full(n, n), np.zeros(n, np.uint64)
        for c, numbers in enumerate(graph.columns):
            at = np.flatnonzero(numbers >= 0)
            at = at[graph.given[numbers[at]]]
            leaf, user = numbers[at], graph.inner[at]
            np.minimum.at(first, leaf, user)
            way = ((graph.level[user] * len(graph.rows) + graph.kind[at]) * 4 + c).astype(np.uint64) + np.uint64(1)
            pairs = np.unique(np.stack([leaf.astype(np.uint64), way]), axis=1)
            mixed = pairs[1] * MIX
            np.add.at(use, pairs[0].astype(int), mixed ^ (mixed >> np.uint64(29)))
        return first, use

    def origin(self, leaf: Any) -> Any:
        """Return where a leaf's number comes from at each call; leaves of one origin can be read together."""
        if leaf in self.trace.arguments:
            return "argument"
        if leaf in self.trace.captured:
            place = self.trace.captured[leaf].place
            if (entry := self.trace.captured[leaf].entry) is not None:
                return self.trace.captured[leaf].owner, entry[1]
            return place if place == "{}._slope" else leaf
        return "{}._raw" if number_and_age(self.trace, leaf)[1] < self.trace.started else "constant"

    def packed(self, origin: Any, leaves: list[Any]) -> Any:
        """Return leaves of one origin as an array."""
        if origin == "constant":
            return Tensor([number_and_age(self.trace, leaf)[0] for leaf in leaves], False)
        if origin == "{}._raw":
            return read_together(self.trace, LeafGroup(leaves))
        if origin == "{}._slope":
            owners = LeafGroup(self.trace.captured[leaf].owner for leaf in leaves)
            return self.trace.capture(Tensor, "read_grad({})", owners, "grad", np.array([leaf._raw for leaf in leaves]))
        if isinstance(origin, tuple):
            optimizer, j = origin
            whole = memory_column(self.trace, optimizer, j)
            entries = [self.trace.captured[leaf].entry[0] for leaf in leaves]
            return whole if entries == list(range(whole.size)) else picked(whole, np.array(entries))
        return packed(tuple(leaves))


def number_and_age(trace: Any, leaf: Any) -> tuple[float, int]:
    """Return the number of a leaf and its age, as they were when the trace began."""
    data, _, age = trace.before.get(leaf, (leaf._raw, None, leaf.born))
    return data, age


def read_together(trace: Any, leaves: LeafGroup) -> Any:
    """Return the numbers of leaves, as a call begins, as an array."""
    numbers = np.array([number_and_age(trace, leaf)[0] for leaf in leaves])
    return trace.capture(Tensor, "read_data({})", leaves, "w", numbers)


def memory_column(trace: Any, optimizer: Any, j: int) -> Any:
    """Return the j-th number that an optimiser remembers of each weight, as a call begins, as an array."""
    place = f"state_column({{}}.memory, {j})"
    known = (leaf for leaf, cell in trace.captured.items() if cell.owner is optimizer and cell.place == place)
    found = next(known, None)
    if found is None:
        found = trace.capture(Tensor, place, optimizer, "memory", state_column(optimizer.memory, j))
    return found


def packed(numbers: tuple[Any, ...]) -> Any:
    """Return nodes of one number each as an array, through which no gradient passes."""
    z: Any = object.__new__(Tensor)
    z._raw = PACK.forward(*(x._raw for x in numbers))
    z.remember(PACK, numbers, {}, False)
    return z
