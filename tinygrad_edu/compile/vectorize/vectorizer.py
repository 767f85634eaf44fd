"""Scalars become arrays: nodes of one level and one row, from the same arrays, are computed by one row on arrays.

A vectorised graph is made of the rows of the table and of nothing else. So its derivative is found by the table's own
rules, and everything that is known of programs of arrays holds for it. Each scalar lies at one place of one array.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from itertools import compress
from typing import Any

import numpy as np

from ...core.backprop import history, pull
from ...core.node import Node, itself
from ...ops.indexing import HERE, put
from ...ops.shapes import concatenate
from .bulk_io import ELEMENT, STAND_IN, element
from .gathered import Gathered
from .scalar_graph import Collected, ScalarGraph
from .scalar_groups import NotVectorizableError, ScalarGroups
from .strided import Strided
from .strides import picked, shaped

WORTH = 16  # so many scalars must become one array, on average, or straight-line arithmetic is quicker
PLACES = 1 << 32  # more than there are places in any array
LEAST = 256  # fewer scalars are always left as they are


class Vectorizer:
    """The arrays that scalars have become, and where each scalar lies."""

    def __init__(self, trace: Any) -> None:
        self.trace = trace
        self.refused = False  # whether it was tried, and found not to be worth it
        self.stand_ins: dict[tuple[Any, int], Any] = {}
        self.owner: dict[int, Any] = {}  # the leaf for which a stand-in stands
        self.clear()

    def clear(self) -> None:
        """Forget all arrays."""
        self.arrays: list[Any] = []
        self.number: dict[Node, int] = {}  # of an array, among all
        self.known: dict[int, int] = {}  # where a scalar lies, by its id: one number for both, see `place`
        self.leaves: dict[int, list[Any]] = {}  # by the number of an array that stands for leaves, which these are
        self.views: dict[Any, Any] = {}
        self.joined: dict[tuple[int, ...], int] = {}

    # Which scalars ----------------------------------------------------------------------------------------------

    def vectorize(self, roots: Sequence[Any], walk: Collected, path: Container[Any] = ()) -> bool:
        """Give each of `roots` a place, if that is worth it.

        path: nodes that a gradient will be carried to. They lie in other arrays than the rest, for whose poles no
        gradient must be computed: it would be no number, even of zero.
        """
        begun = bool(self.arrays)  # then the rest must follow: it was made from scalars that are elements of arrays now
        if self.refused or (not begun and len(walk.nodes) < LEAST):
            return False
        graph = ScalarGraph(walk, roots, self.known, path)
        if not begun and len(graph.inner) < WORTH * graph.depth:
            return False
        with np.errstate(all="ignore"):  # the scalars themselves have warned
            batch = self.vectorized(graph, begun)
        if batch is None:
            self.refused = True
            return False
        lasts = (batch.array >= 0) & batch.lasting()
        lasts[graph.wanted] = True
        places = (batch.array.astype(np.int64) * PLACES + batch.index)[lasts].tolist()
        self.known.update(zip(compress(map(id, graph.nodes), lasts), places, strict=True))
        self.known.update((i, self.known[id(z)]) for i, z in walk.same.items() if id(z) in self.known)
        return True

    def vectorized(self, graph: ScalarGraph, begun: bool) -> ScalarGroups | None:
        """Return a graph as arrays, by the first way that gives few enough of them; None if none does."""
        for way in (Strided, Gathered):
            before = len(self.trace.made)
            batch = way(self, graph)
            try:
                batch.vectorize()
            except NotVectorizableError:
                break
            if begun or len(graph.inner) >= WORTH * (len(self.trace.made) - before) / 2:
                return batch
            self.clear()
        self.clear()
        return None

    def walk(self, roots: Iterable[Any], known: Any = ()) -> Collected:
        """Return the scalars behind `roots`, with what leaves held at the time."""
        return Collected(roots, known, self.stand_in if self.trace.versions else None)

    def stand_in(self, leaf: Any, z: Any) -> Any:
        """Return what stands for a leaf that was assigned before `z` was made from it, else the leaf."""
        for tick, node in reversed(self.trace.versions.get(leaf, ())):
            if tick < z.born:
                if (leaf, tick) not in self.stand_ins:
                    other = leaf.leaf(node._raw)
                    other._requires_grad, other.born = leaf._requires_grad, tick
                    other.op, other.x = STAND_IN, node
                    other.code, other.instruction = node.code, node.instruction
                    self.stand_ins[leaf, tick] = other
                    self.owner[id(other)] = leaf
                return self.stand_ins[leaf, tick]
        return leaf

    def numbered(self, array: Any) -> int:
        """Return the number of an array."""
        if array not in self.number:
            self.number[array] = len(self.arrays)
            self.arrays.append(array)
        return self.number[array]

    def place(self, z: Any) -> tuple[int, int]:
        """Return the number of the array in which a scalar lies, and its place in it."""
        return divmod(self.known[id(z)], PLACES)

    def element(self, z: Any) -> Any:
        """Return a vectorised scalar as an element of its array."""
        array, index = self.place(z)
        return element(self.arrays[array], index)

    # Their gradients --------------------------------------------------------------------------------------------

    def backward(self, root: Any, seed: Any, walk: Collected) -> dict[Any, Any] | None:
        """Return the gradient of each leaf behind `root` as a scalar node; None if it was not worth vectorising."""
        again = any(id(z) in self.known for z in walk.nodes)
        reached = nodes_with_gradient(root, walk.nodes)
        reached.update(z for z in self.stand_ins.values() if self.owner[id(z)] in reached)
        if not self.vectorize([root, seed], self.walk([root, seed], self.known) if again else walk, reached):
            return None
        number, index = self.place(root)
        top = self.arrays[number]
        start = self.gathered([self.place(seed)])
        if top.size > 1:
            start = put(shaped(start, (1,)), np.array([index]), key=(HERE,), shape=(top.size,))
        order = [x for x in history(top) if x._requires_grad]
        keep = [x for x in order if self.number.get(x) in self.leaves]
        with np.errstate(all="ignore"):
            grads = pull(order, {top: shaped(start, top.shape)}, keep, itself)
        found: dict[Any, Any] = {}
        for x in keep:
            g = grads.get(x)
            for i, leaf in enumerate(self.leaves[self.number[x]]):
                owner = self.owner.get(id(leaf), leaf)
                if leaf in reached and self.stand_in(owner, root) is leaf:  # not what it was before it was assigned
                    found[owner] = leaf.zero() if g is None else element(g, i)
        return found

    def gathered(self, places: Sequence[tuple[int, int]]) -> Any:
        """Return the elements at some places, each the number of an array and a place in it, as one array."""
        arrays = tuple(dict.fromkeys(array for array, _ in places))
        whole, offsets = self.whole(arrays)
        start = dict(zip(arrays, offsets, strict=True))
        x = self.arrays[whole]
        index = np.array([start[array] + i for array, i in places])
        return shaped(x, (x.size,)) if np.array_equal(index, np.arange(x.size)) else picked(x, index)

    def whole(self, arrays: tuple[int, ...]) -> tuple[int, list[int]]:
        """Return the number of an array in which these lie one after the other, and where each begins."""
        sizes = [self.arrays[a].size for a in arrays]
        if len(arrays) > 1 and arrays not in self.joined:
            flat = [shaped(x, (x.size,)) for x in (self.arrays[a] for a in arrays)]
            self.joined[arrays] = self.numbered(concatenate(*flat, axis=0))
        return self.joined[arrays] if len(arrays) > 1 else arrays[0], [0, *np.cumsum(sizes)[:-1].tolist()]


def nodes_with_gradient(root: Any, nodes: list[Any]) -> set[Any]:
    """Return the nodes to which the gradient of `root`, made from `nodes`, is carried."""
    if all(z._requires_grad for z in nodes if z.op is not None) and all(
        None not in op.rules for op in {z.op for z in nodes} - {None, ELEMENT, STAND_IN}
    ):
        return {z for z in nodes if z._requires_grad}  # the commonest case, and quicker
    seen = {root}
    for z in reversed(nodes):  # each before its operands
        if z in seen and z.op is not None and z.op is not ELEMENT:
            for x, rule in zip(z.inputs, z.op.rules, strict=False):
                if rule is not None and isinstance(x, Node) and x._requires_grad:
                    seen.add(x)
    return seen
