"""Scalars become arrays: nodes of one level and one row, from the same arrays, are computed by one row on arrays.

A lifted graph is made of the rows of the table and of nothing else. So its derivative is found by the table's own
rules, and everything that is known of programs of arrays holds for it. Each scalar lies at one place of one array.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ..graph import ABSENT, Node, history, itself, pull
from ..modes import no_grad
from ..op import BUILT_IN
from ..ops.indexing import HERE, put
from ..ops.shapes import astype, concatenate, identity
from ..tensor import Tensor
from ..value import Value
from .affine import common_loops, picked, shaped, spread, summed_products, taken
from .cells import ELEMENT
from .packs import Packs
from .scalars import CONSTANT, NOTHING, Numbers, Scalars, Walk

FEW = 8  # groups smaller than this are put together where there are many
WORTH = 16  # so many scalars must become one array, on average, or straight-line arithmetic is quicker
LEAST = 256  # fewer scalars are always left as they are


class NotAlikeError(Exception):
    """A row computes something else of an array than of each of its numbers."""


class Lift:
    """The arrays that scalars have become, and where each scalar lies: `place[id(node)]` is (array, place in it)."""

    def __init__(self, trace: Any) -> None:
        self.trace = trace
        self.refused = False  # whether it was tried, and found not to be worth it
        self.clear()

    def clear(self) -> None:
        """Forget all arrays."""
        self.arrays: list[Any] = []
        self.number: dict[Node, int] = {}  # of an array, among all
        self.place: dict[int, tuple[int, int]] = {}  # of a scalar that was lifted
        self.leaves: dict[int, list[Any]] = {}  # by the number of an array that stands for leaves, which these are
        self.stand_ins: dict[tuple[Any, int], Any] = {}
        self.owner: dict[int, Any] = {}  # the leaf for which a stand-in stands
        self.views: dict[Any, Any] = {}
        self.joined: dict[tuple[int, ...], int] = {}

    # Which scalars ----------------------------------------------------------------------------------------------

    def lift(self, roots: Sequence[Any], walk: Walk) -> bool:
        """Give each of `roots` a place, if that is worth it."""
        begun = bool(self.arrays)  # then what is left must follow: it hangs on what was lifted
        if self.refused or (not begun and len(walk.nodes) < LEAST):
            return False
        graph, before = Scalars(walk, roots, self.place), len(self.trace.made)
        if not begun and len(graph.inner) < WORTH * graph.depth:
            return False
        with np.errstate(all="ignore"):  # the scalars themselves have warned
            batch = Batch(self, graph)
            try:
                batch.lift()
                worth = begun or len(graph.inner) >= WORTH * (len(self.trace.made) - before) / 2
            except NotAlikeError:
                worth = False
        if not worth:
            self.clear()
            self.refused = True
            return False
        places = zip(batch.array.tolist(), batch.index.tolist(), strict=True)
        self.place.update((id(z), at) for z, at in zip(graph.nodes, places, strict=True) if at[0] >= 0)
        return True

    def walk(self, roots: Iterable[Any], known: Any = ()) -> Walk:
        """Return the scalars behind `roots`, with what leaves held at the time."""
        return Walk(roots, known, self.stand_in if self.trace.versions else None)

    def stand_in(self, leaf: Any, z: Any) -> Any:
        """Return what stands for a leaf that was assigned before `z` was made from it, else the leaf."""
        for tick, node in reversed(self.trace.versions.get(leaf, ())):
            if tick < z.born:
                if (leaf, tick) not in self.stand_ins:
                    other: Any = object.__new__(Value)
                    other._data, other._requires_grad, other.born = node._data, leaf._requires_grad, tick
                    other.op, other.x, other.y = identity, node, ABSENT
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

    def element(self, array: int, index: int) -> Any:
        """Return a place as a scalar node."""
        z: Any = object.__new__(Value)
        z._data = self.arrays[array]._data.item(index)
        z.remember(ELEMENT, (self.arrays[array], index), {}, False)
        return z

    # Their gradients --------------------------------------------------------------------------------------------

    def backward(self, root: Any, seed: Any, walk: Walk) -> dict[Any, Any] | None:
        """Return the gradient of each leaf behind `root` as a scalar node; None if it was not worth lifting."""
        again = any(id(z) in self.place for z in walk.nodes)
        if not self.lift([root], self.walk([root], self.place) if again else walk):
            return None
        reached = differentiable(root)
        number, index = self.place[id(root)]
        top = self.arrays[number]
        start = Tensor(float(seed._data), False) if seed.op is None else self.gathered([seed])
        if top.size > 1:
            start = put(shaped(start, (1,)), np.array([index]), key=(HERE,), shape=(top.size,))
        order = [x for x in history(top) if x._requires_grad]
        keep = [x for x in order if self.number.get(x) in self.leaves]
        with np.errstate(all="ignore"):
            grads = pull(order, {top: shaped(start, top.shape)}, keep, itself)
        found: dict[Any, Any] = {}
        for x in keep:
            g = self.numbered(grads[x]) if x in grads else -1
            for i, leaf in enumerate(self.leaves[self.number[x]]):
                owner = self.owner.get(id(leaf), leaf)
                if (
                    not reached.isdisjoint((leaf, owner)) and self.stand_in(owner, root) is leaf
                ):  # not what it was before it was assigned
                    found[owner] = leaf.zero() if g < 0 else self.element(g, i)
        return found

    def gathered(self, nodes: Sequence[Any]) -> Any:
        """Return placed scalars as one array."""
        places = [self.place[id(z)] for z in nodes]
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


def differentiable(root: Any) -> set[Any]:
    """Return the nodes to which the gradient of `root` is carried, or at least the leaves."""
    seen, found = {root}, [root]
    for z in found:  # grows while it is read
        for x, rule in zip(z.inputs, z.op.rules if z.op is not None and z.op is not ELEMENT else (), strict=False):
            if isinstance(x, Node) and x._requires_grad and rule is not None and x not in seen:
                seen.add(x)
                found.append(x)
    return seen


class Batch:
    """The lifting of one graph. Node `k` lies in the array of number `array[k]`, at `index[k]`; -1: nowhere yet."""

    def __init__(self, lift: Lift, graph: Scalars) -> None:
        self.to, self.graph = lift, graph
        n = len(graph.nodes)
        self.array, self.index = np.full(n, -1), np.zeros(n, int)
        self.given()
        self.made = len(lift.trace.made)  # what is made from here on was made in the line of the scalars

    def given(self) -> None:
        """Place what is there already: scalars that were lifted before, elements of arrays, and leaves."""
        fresh = []
        for k in np.flatnonzero(self.graph.given).tolist():
            z = self.graph.nodes[k]
            if id(z) in self.to.place:
                self.array[k], self.index[k] = self.to.place[id(z)]
            elif z.op is ELEMENT:
                self.array[k], self.index[k] = self.to.numbered(z.inputs[0]), z.inputs[1]
            else:
                fresh.append(k)
        for array, members in Packs(self.to.trace, self.graph, np.array(fresh, int)).arrays():
            number = self.to.numbered(array)
            self.array[members], self.index[members] = number, np.arange(len(members))
            self.to.leaves[number] = [self.graph.nodes[k] for k in members.tolist()]

    def lift(self) -> None:
        """Compute everything, level by level."""
        for ks in self.graph.by_level():
            sums = self.graph.is_sum[ks]
            self.elementwise(ks[~sums])
            self.sums(ks[sums])

    def placed(self, z: Any, ks: Numbers, lengths: tuple[int, ...]) -> None:
        """Note that nodes `ks`, in the order of loops of such lengths, lie in `z`, which may not change along some."""
        needs, first = bool(self.graph.needs[ks[0]]), self.graph.nodes[int(ks[0])]
        if z.dtype != np.float64:
            z = astype(z, dtype=np.dtype(float))  # a fact is 1.0 or 0.0, as of scalars
        if z._requires_grad and not needs:
            with no_grad():
                z = identity(z)
        for made in self.to.trace.made[self.made :]:
            made.code, made.instruction = first.code, first.instruction
        self.made = len(self.to.trace.made)
        self.array[ks] = self.to.numbered(z)
        self.index[ks] = np.broadcast_to(np.arange(z.size).reshape(z.shape), lengths).ravel()

    # Rows that work element by element ----------------------------------------------------------------------------

    def elementwise(self, ks: Numbers) -> None:
        """Compute nodes of any rows but sums, whose operands are all placed."""
        graph = self.graph
        rows = graph.row_of[ks]
        numbers = graph.columns[:, rows]
        arrays = np.where(numbers >= 0, self.array[numbers], numbers)
        alike = np.stack([graph.kind[rows], graph.needs[ks]])
        for group in together(alike, arrays):
            self.group(ks[group])

    def group(self, ks: Numbers) -> None:
        """Compute nodes of one row."""
        graph = self.graph
        op, params = graph.rows[graph.kind[graph.row_of[ks[0]]]]
        operands: list[Any] = []
        for c, numbers in enumerate(graph.columns[:, graph.row_of[ks]]):
            if (numbers == NOTHING).all():
                break
            constants = numbers == CONSTANT
            operands.append(graph.constant(c, ks) if constants.all() else self.operand(numbers, constants, c, ks))
        lengths = common_loops([x[1] for x in operands if type(x) is tuple], len(ks))
        z = self.computed(op, params, [self.shown(x, lengths) for x in operands])
        if op is identity and id(graph.nodes[int(ks[0])]) in self.to.owner:
            z = self.standing_in(z, ks, lengths)
            lengths = (len(ks),)
        if op.name not in BUILT_IN:
            expected = np.array([graph.nodes[k]._data for k in ks.tolist()])
            if not np.allclose(np.broadcast_to(z._data, lengths).ravel(), expected, rtol=1e-6, atol=0, equal_nan=True):
                raise NotAlikeError
        self.placed(z, ks, lengths)

    def computed(self, op: Any, params: dict[str, Any], operands: list[Any]) -> Any:
        """Return a row of arrays; of nothing but constants, as an array all the same."""
        if not any(isinstance(x, Tensor) for x in operands):
            operands[0] = Tensor(operands[0], False)
        if op.name in BUILT_IN:
            return op(*operands, **params)
        try:
            return op(*operands, **params)
        except Exception:  # a user's row may fail in any way on what is no single number
            raise NotAlikeError from None

    def standing_in(self, z: Any, ks: Numbers, lengths: tuple[int, ...]) -> Any:
        """Return an array for leaves that were assigned, each with an element of its own, where gradients end."""
        with no_grad():
            z = identity(shaped(spread(z, lengths), (len(ks),)))
        z._requires_grad = bool(self.graph.needs[ks[0]])
        self.to.leaves[self.to.numbered(z)] = [self.graph.nodes[k] for k in ks.tolist()]
        return z

    def operand(self, numbers: Numbers, constants: Any, c: int, ks: Numbers) -> tuple[int, Numbers]:
        """Return the array in which operands lie, and their places in it."""
        arrays, places = np.where(constants, -1, self.array[numbers]), np.where(constants, 0, self.index[numbers])
        if constants.any():
            at = np.flatnonzero(constants)
            given = Tensor(np.array([float(x) for x in self.graph.constant(c, ks[at])]), False)
            arrays[at], places[at] = self.to.numbered(given), np.arange(len(at))
        return self.in_one(arrays, places)

    def in_one(self, arrays: Numbers, places: Numbers) -> tuple[int, Numbers]:
        """Return one array in which all places lie, and where."""
        distinct = np.unique(arrays)
        if len(distinct) == 1:
            return int(distinct[0]), places
        whole, offsets = self.to.whole(tuple(distinct.tolist()))
        return whole, places + np.array(offsets)[np.searchsorted(distinct, arrays)]

    def shown(self, x: Any, lengths: tuple[int, ...]) -> Any:
        """Return an operand of a group as what a row takes: a plain number, or an array that fits the loops."""
        if type(x) is list:
            if all(type(part) is type(x[0]) and part == x[0] for part in x):
                return x[0]
            return np.array([float(part) for part in x]).reshape(lengths)
        return self.elements(x[0], x[1], lengths)

    def elements(self, array: int, places: Numbers, shape: tuple[int, ...]) -> Any:
        """Return elements of an array in a shape, of length 1 where they do not change."""
        return taken(self.to.arrays[array], places.reshape(shape), self.to.views)

    # Sums of many terms -------------------------------------------------------------------------------------------

    def sums(self, ks: Numbers) -> None:
        """Compute sums whose terms are all placed, or are products of what is."""
        graph = self.graph
        starts, ends = (np.searchsorted(graph.totals, ks, side) for side in ("left", "right"))
        for count in np.unique(ends - starts).tolist():
            chosen = np.flatnonzero(ends - starts == count)
            terms = starts[chosen, None] + np.arange(count)
            classes = self.classes(graph.terms[terms])
            order = np.argsort(classes, axis=1, kind="stable")
            terms, classes = np.take_along_axis(terms, order, 1), np.take_along_axis(classes, order, 1)
            for group in together(graph.needs[ks[chosen]][None].astype(int), classes.T):
                if (classes[group] != classes[group[0]]).any():  # many small groups, put together
                    numbers = graph.terms[terms[group]]
                    products = np.unique(numbers[(numbers >= 0) & (self.array[numbers] < 0)])
                    self.elementwise(products)
                    self.sum(ks[chosen][group], terms[group], np.zeros(count, int))
                else:
                    self.sum(ks[chosen][group], terms[group], classes[group[0]])

    def classes(self, numbers: Numbers) -> Numbers:
        """Return for each term what it has in common with others: the array it lies in, or those of its factors."""
        graph = self.graph
        factors = graph.columns[:2, np.maximum(graph.row_of[numbers], 0)]
        first, second = np.where(factors >= 0, self.array[factors], -1)
        products = (first + 2 << 22) + second + 2 + (1 << 44)
        return np.where(numbers < 0, -1, np.where(self.array[numbers] >= 0, self.array[numbers], products))

    def sum(self, ks: Numbers, terms: Numbers, classes: Numbers) -> None:
        """Compute sums of terms of the same classes, of which each has a column of `terms`."""
        parts: list[tuple[Any, ...]] = []
        constants = np.zeros(len(ks))
        cuts = np.split(np.arange(len(classes)), np.flatnonzero(np.diff(classes)) + 1)
        for columns in cuts:
            numbers = self.graph.terms[terms[:, columns]]
            is_placed = (numbers >= 0) & (self.array[numbers] >= 0)
            if classes[columns[0]] == -1:
                constants = constants + self.plain(terms[:, columns]).sum(1)
            elif (is_placed | (numbers < 0)).all():
                parts += self.terms(numbers, self.plain(terms[:, columns]))
            else:
                parts.append(self.products(numbers))
        lengths = common_loops([row[:, 0] for part in parts for row in part[1::2]], len(ks))
        z: Any = None
        for part in parts:
            x = self.added_up(part, lengths)
            z = x if z is None else z + x
        if constants.any() or z is None:
            alike = (constants == constants[0]).all()
            given = float(constants[0]) if alike else constants.reshape(lengths)
            z = Tensor(given, False) if z is None else z + given
        if len(parts) == 1 and not constants.any() and self.to.number.get(z) is not None:
            z = identity(z)  # a name of its own for 0 + x
        self.placed(z, ks, lengths)

    def plain(self, terms: Numbers) -> Any:
        """Return the plain numbers among terms; 0 in place of nodes."""
        holders, sides = self.graph.holders
        values = np.zeros(terms.shape)
        for at in zip(*np.nonzero(self.graph.terms[terms] < 0), strict=True):
            term = terms[at]
            values[at] = self.graph.raw[sides[term]][self.graph.row_of[holders[term]]]
        return values

    def terms(self, numbers: Numbers, values: Any) -> list[tuple[Any, ...]]:
        """Return terms that are placed or plain numbers as parts of a sum: few of them one by one."""
        arrays, places = self.array[numbers], self.index[numbers]
        if (numbers < 0).any():
            at = numbers < 0
            arrays[at] = self.to.numbered(Tensor(values[at], False))
            places[at] = np.arange(np.count_nonzero(at))
        if numbers.shape[1] <= 3 and all(len(np.unique(column)) == 1 for column in arrays.T):
            return [(int(arrays[0, j]), places[:, j : j + 1]) for j in range(numbers.shape[1])]
        return [self.in_one(arrays, places)]

    def products(self, numbers: Numbers) -> tuple[Any, ...]:
        """Return terms that are products as a part of a sum: the arrays of both factors, and the places in them."""
        part: list[Any] = []
        for c in (0, 1):
            rows = self.graph.row_of[numbers]
            factors = self.graph.columns[c, rows]
            if (factors < 0).all():
                given = [float(x) for x in self.graph.constant(c, numbers.ravel())]
                part += self.to.numbered(Tensor(given, False)), np.arange(len(given)).reshape(numbers.shape)
            else:
                part += int(self.array[factors[0, 0]]), self.index[factors]
        return tuple(part)

    def added_up(self, part: tuple[Any, ...], lengths: tuple[int, ...]) -> Any:
        """Return one part of a sum, added up over its terms, in a shape that fits the loops."""
        outer, count = len(lengths), part[1].shape[1]
        inner = common_loops([row[0] - row[0, 0] for row in part[1::2]], count)
        factors = [self.elements(part[i], part[i + 1], (*lengths, *inner)) for i in range(0, len(part), 2)]
        if not inner:
            return factors[0] if len(factors) == 1 else factors[0] * factors[1]
        factors = [spread(x, (*x.shape[:outer], *inner)) for x in factors]
        if len(factors) == 2:
            return summed_products(factors[0], factors[1], outer)
        return factors[0].sum(axis=tuple(range(outer, outer + len(inner))))


def together(alike: Any, arrays: Any) -> list[Numbers]:
    """Return groups of columns that agree in all rows, in order; many small ones that agree in `alike` become one."""
    if not arrays.shape[1]:
        return []
    groups = partition(np.concatenate([alike, arrays]))
    small = [group for group in groups if len(group) < FEW]
    by_kind: dict[Any, list[Numbers]] = {}
    for group in small:
        by_kind.setdefault(tuple(alike[:, group[0]].tolist()), []).append(group)
    merged = [np.sort(np.concatenate(parts)) for parts in by_kind.values() if len(parts) > 3]
    kept = [group for parts in by_kind.values() if len(parts) <= 3 for group in parts]
    found = [group for group in groups if len(group) >= FEW] + merged + kept
    return sorted(found, key=lambda group: int(group[0]))


def partition(keys: Any) -> list[Numbers]:
    """Return which columns are equal to each other."""
    if (keys == keys[:, :1]).all():
        return [np.arange(keys.shape[1])]
    _, inverse = np.unique(keys, axis=1, return_inverse=True)
    order = np.argsort(inverse, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(inverse[order])) + 1)
