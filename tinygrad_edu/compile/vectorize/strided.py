"""Vectorising a graph of scalars with some order: nodes of one row and level whose operands lie alike are one array.

Sums of products become matrix products. `strides` finds the loops by which indices of operands run.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.tensor import Tensor
from ...ops.shapes import identity
from .scalar_graph import CONSTANT_OPERAND, NO_OPERAND, Numbers
from .scalar_groups import ScalarGroups
from .strides import broadcast_once, common_loops, summed_products, taken

SMALL_GROUP = 8  # groups smaller than this are put together where there are many
RAGGED = 3  # arrays of sums of one level from which on they are joined
LONG = 1000  # terms of the sums of one length, from which on a call for each length costs less than gathering them


class Strided(ScalarGroups):
    """One graph, vectorised."""

    def vectorize(self) -> None:
        """Compute everything, level by level."""
        for ks in self.graph.by_level(self.graph.absorbed):
            sums = self.graph.is_sum[ks]
            self.elementwise(ks[~sums])
            self.sums(ks[sums])

    # Rows that work element by element -----------------------------------------------------------------------------

    def elementwise(self, ks: Numbers) -> None:
        """Compute nodes of any rows but sums, whose operands are all placed."""
        graph = self.graph
        rows = graph.row_of[ks]
        numbers = graph.columns[:, rows]
        arrays = np.where(numbers >= 0, self.array[numbers], numbers)
        alike = np.stack([graph.kind[rows], graph.needs[ks]])
        arrays[:, np.isin(graph.kind[rows], graph.extreme_kinds)] = (
            0  # of which rows from anywhere are computed at once
        )
        for group in together(alike, arrays):
            self.group(ks[group])

    def group(self, ks: Numbers) -> None:
        """Compute nodes of one row."""
        graph = self.graph
        if self.extremes(graph.columns[:, graph.row_of[ks]], ks):
            return
        operands: list[Any] = []
        for c, numbers in enumerate(graph.columns[:, graph.row_of[ks]]):
            if (numbers == NO_OPERAND).all():
                break
            constants = numbers == CONSTANT_OPERAND
            operands.append(graph.constant(c, ks) if constants.all() else self.operand(numbers, constants, c, ks))
        lengths = common_loops([x[1] for x in operands if type(x) is tuple], len(ks))
        shown = [self.elements(x[0], x[1], lengths) if type(x) is tuple else self.shown(x, lengths) for x in operands]
        self.row(ks, shown, lengths)

    def operand(self, numbers: Numbers, constants: Any, c: int, ks: Numbers) -> tuple[int, Numbers]:
        """Return the array in which operands lie, and their places in it."""
        arrays, places = np.where(constants, -1, self.array[numbers]), np.where(constants, 0, self.index[numbers])
        if constants.any():
            at = np.flatnonzero(constants)
            given = Tensor(np.array([float(x) for x in self.graph.constant(c, ks[at])]), False)
            arrays[at], places[at] = self.to.numbered(given), np.arange(len(at))
        return self.in_one(arrays, places)

    def side_by_side(self, numbers: Numbers) -> Any:
        array, places = self.in_one(self.array[numbers].ravel(), self.index[numbers].ravel())
        return broadcast_once(self.elements(array, places, numbers.shape), numbers.shape)

    def in_one(self, arrays: Numbers, places: Numbers) -> tuple[int, Numbers]:
        """Return one array in which all places lie, and where."""
        distinct = np.unique(arrays)
        if len(distinct) == 1:
            return int(distinct[0]), places
        whole, offsets = self.to.whole(tuple(distinct.tolist()))
        return whole, places + np.array(offsets)[np.searchsorted(distinct, arrays)]

    def elements(self, array: int, places: Numbers, shape: tuple[int, ...]) -> Any:
        """Return elements of an array in a shape, of length 1 where they do not change."""
        return taken(self.to.arrays[array], places.reshape(shape), self.to.views)

    # Sums of many terms --------------------------------------------------------------------------------------------

    def sums(self, ks: Numbers) -> None:
        """Compute sums whose terms are all placed, or are products of what is."""
        graph = self.graph
        starts, ends = (np.searchsorted(graph.totals, ks, side) for side in ("left", "right"))
        if is_ragged(ends - starts):
            for needs in np.unique(graph.needs[ks]):
                chosen = graph.needs[ks] == needs
                self.ragged(ks[chosen], starts[chosen], ends[chosen])
            return
        for count in np.unique(ends - starts).tolist():
            chosen = np.flatnonzero(ends - starts == count)
            terms = starts[chosen, None] + np.arange(count)
            classes = self.classes(graph.terms[terms])
            order = np.argsort(classes, axis=1, kind="stable")
            terms, classes = np.take_along_axis(terms, order, 1), np.take_along_axis(classes, order, 1)
            for group in together(graph.needs[ks[chosen]][None], classes.T):
                if (classes[group] != classes[group[0]]).any():  # many small groups, put together
                    numbers = graph.terms[terms[group]]
                    products = np.unique(numbers[(numbers >= 0) & (self.array[numbers] < 0)])
                    self.elementwise(products)
                    self.sum(ks[chosen][group], terms[group], np.zeros(count, int))
                else:
                    self.sum(ks[chosen][group], terms[group], classes[group[0]])
        for needs in np.unique(graph.needs[ks]):
            self.join(ks[graph.needs[ks] == needs])

    def ragged(self, ks: Numbers, starts: Numbers, ends: Numbers) -> None:
        """Compute sums of different numbers of terms as rows of one length, short ones with zeros behind."""
        graph = self.graph
        terms = starts[:, None] + np.arange(max(ends - starts))
        inside = terms < ends[:, None]
        terms = np.where(inside, terms, 0)
        numbers = np.where(inside, graph.terms[terms], -1)
        self.elementwise(np.unique(numbers[(numbers >= 0) & (self.array[numbers] < 0)]))
        z: Any = None
        for part in self.terms(numbers, np.where(inside, self.plain(terms), 0.0)):
            x = self.added_up(part, (len(ks),))
            z = x if z is None else z + x
        self.placed(z, ks, (len(ks),))

    def join(self, ks: Numbers) -> None:
        """Let nodes that lie in several arrays lie in one: sums of as many terms as there are turns so far, say.

        Otherwise whatever is computed of them would be computed for each of these arrays by itself.
        """
        arrays = tuple(dict.fromkeys(self.array[ks].tolist()))
        if len(arrays) < RAGGED:
            return
        whole, offsets = self.to.whole(arrays)
        start = dict(zip(arrays, offsets, strict=True))
        self.index[ks] += np.array([start[array] for array in self.array[ks].tolist()])
        self.array[ks] = whole

    def classes(self, numbers: Numbers) -> Numbers:
        """Return a class for each term: the array it lies in, or those of its factors."""
        graph = self.graph
        factors = graph.columns[:2, np.maximum(graph.row_of[numbers], 0)]
        first, second = np.where(factors >= 0, self.array[factors], -1)
        products = (first.astype(np.int64) + 2 << 22) + second + 2 + (1 << 44)  # wider than an index may be
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
        factors = [broadcast_once(x, (*x.shape[:outer], *inner)) for x in factors]
        if len(factors) == 2:
            return summed_products(factors[0], factors[1], outer)
        return factors[0].sum(axis=tuple(range(outer, outer + len(inner))))


def is_ragged(counts: Numbers) -> bool:
    """Return whether sums have so many different numbers of terms that rows of one length are quicker."""
    lengths, terms = len(np.unique(counts)), int(counts.sum())
    return lengths >= RAGGED and terms <= LONG * lengths and len(counts) * int(counts.max()) <= 2 * terms + SMALL_GROUP


def together(alike: Any, arrays: Any) -> list[Numbers]:
    """Return groups of columns that agree in all rows, in order; many small ones that agree in `alike` become one."""
    if not arrays.shape[1]:
        return []
    groups = equal_columns(np.concatenate([alike, arrays]))
    small = [group for group in groups if len(group) < SMALL_GROUP]
    by_kind: dict[Any, list[Numbers]] = {}
    for group in small:
        by_kind.setdefault(tuple(alike[:, group[0]].tolist()), []).append(group)
    merged = [np.sort(np.concatenate(parts)) for parts in by_kind.values() if len(parts) > 3]
    kept = [group for parts in by_kind.values() if len(parts) <= 3 for group in parts]
    found = [group for group in groups if len(group) >= SMALL_GROUP] + merged + kept
    return sorted(found, key=lambda group: int(group[0]))


def equal_columns(keys: Any) -> list[Numbers]:
    """Return which columns are equal to each other."""
    if (keys == keys[:, :1]).all():
        return [np.arange(keys.shape[1])]
    _, inverse = np.unique(keys, axis=1, return_inverse=True)
    inverse = inverse.ravel()  # in NumPy 2.0 it is a row
    order = np.argsort(inverse, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(inverse[order])) + 1)
