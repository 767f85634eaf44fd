"""Vectorising a graph of scalars that has no order: all results lie in one long array, which each level appends to.

All operands of a level are gathered at once, by one array of indices, and each row takes its part. That costs more
than arrays whose elements belong together, and much less than an array for every handful of scalars.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.context import no_grad
from ...core.tensor import Tensor
from ...ops.indexing import getitem
from ...ops.shapes import concatenate, identity
from .scalar_graph import CONSTANT_OPERAND, NO_OPERAND, Numbers
from .scalar_groups import ScalarGroups
from .strides import picked, shaped


class Gathered(ScalarGroups):
    """One graph, vectorised: node `k` lies in the long array at `long[k]`."""

    def vectorize(self) -> None:
        graph = self.graph
        self.some_are_passed = bool((graph.needs == 2).any())
        plain = graph.terms < 0
        self.terms, self.totals = graph.terms[~plain], graph.totals[~plain]
        self.constants = np.zeros(len(graph.nodes))
        np.add.at(self.constants, graph.totals[plain], self.plain(np.flatnonzero(plain)))
        self.long = np.full(len(self.array), -1)
        self.whole: Any = None
        self.grow(np.flatnonzero(self.array >= 0))
        for ks in graph.by_level(graph.inside):
            self.level(ks)
            self.grow(ks)

    def lasting(self) -> Any:
        return (self.graph.needs != 1) | (not self.some_are_passed)  # from the others there is no way back

    def grow(self, ks: Numbers) -> None:
        """Append the arrays in which nodes lie to the long one."""
        parts, end = ([], 0) if self.whole is None else ([self.whole], self.whole.size)
        for array in np.unique(self.array[ks]).tolist():
            mine, x = ks[self.array[ks] == array], self.to.arrays[array]
            self.long[mine] = end + self.index[mine]
            if x._requires_grad and self.some_are_passed and self.graph.needs[mine].max() < 2:
                with no_grad():
                    x = identity(x)
            parts.append(shaped(x, (x.size,)))
            end += x.size
        self.whole = concatenate(*parts, axis=0) if len(parts) > 1 else parts[0] if parts else None

    def level(self, ks: Numbers) -> None:
        """Compute the nodes of one level."""
        groups = [group for group in self.alike(ks) if not self.extremes_of(group)]
        operands = [
            self.terms_of(group) if self.graph.is_sum[group[0]] else self.operands_of(group) for group in groups
        ]
        places = [x.ravel() for wanted in operands for x in wanted if isinstance(x, np.ndarray)]
        gathered, start = picked(self.whole, np.concatenate(places)) if places else None, 0
        for group, wanted in zip(groups, operands, strict=True):
            for i, x in enumerate(wanted):
                if isinstance(x, np.ndarray):
                    wanted[i] = shaped(getitem(gathered, key=(slice(start, start + x.size),)), x.shape)
                    start += x.size
                else:
                    wanted[i] = self.shown(x, (len(group),))
            if self.graph.is_sum[group[0]]:
                self.sum(group, wanted)
            else:
                self.row(group, wanted, (len(group),))

    def extremes_of(self, ks: Numbers) -> bool:
        """Compute nodes of one row if they are the largest or smallest of others; return whether they are."""
        return not self.graph.is_sum[ks[0]] and self.extremes(self.graph.columns[:, self.graph.row_of[ks]], ks)

    def side_by_side(self, numbers: Numbers) -> Any:
        return picked(self.whole, self.long[numbers])

    def alike(self, ks: Numbers) -> list[Numbers]:
        """Return the nodes of one level by row and kind of operands, and sums by how many terms they have."""
        graph = self.graph
        rows, sums = graph.row_of[ks], graph.is_sum[ks]
        starts, ends = self.span(ks)
        constant = (graph.columns[:, rows] == CONSTANT_OPERAND) & ~sums
        keys = np.stack([graph.kind[rows], graph.needs[ks], sums, np.where(sums, ends - starts, 0), *constant])
        _, inverse = np.unique(keys, axis=1, return_inverse=True)
        inverse = inverse.ravel()  # in NumPy 2.0 it is a row
        return [ks[inverse == i] for i in range(inverse.max() + 1)]

    def span(self, ks: Numbers) -> tuple[Numbers, Numbers]:
        """Return where the terms of sums start and end, those that are nodes."""
        return np.searchsorted(self.totals, ks, "left"), np.searchsorted(self.totals, ks, "right")

    def operands_of(self, ks: Numbers) -> list[Any]:
        """Return the operands of nodes of one row: places in the long array, or plain numbers."""
        columns = self.graph.columns[:, self.graph.row_of[ks]]
        given = [c for c, numbers in enumerate(columns) if numbers[0] != NO_OPERAND]
        return [
            self.graph.constant(c, ks) if columns[c, 0] == CONSTANT_OPERAND else self.long[columns[c]] for c in given
        ]

    def terms_of(self, ks: Numbers) -> list[Any]:
        """Return the terms of sums of equally many, a row of places for each first, second … term."""
        starts, ends = self.span(ks)
        count = int(ends[0] - starts[0])
        return [self.long[self.terms[starts + np.arange(count)[:, None]]]] if count else []

    def sum(self, ks: Numbers, operands: list[Any]) -> None:
        """Compute sums of terms, and of the plain numbers among them."""
        constants = self.constants[ks]
        z = operands[0].sum(axis=0) if operands else Tensor(constants, False)
        self.placed(z + constants if operands and constants.any() else z, ks, (len(ks),))
