"""A graph of scalars as arrays of numbers: which row made each node, from which others, how deep it lies.

One lean walk finds the nodes; everything after it is done for all of them at once. Chains of additions whose partial
sums nobody else uses become one sum of many terms, and a product that is only a term of such a sum belongs to it.
Knows the structure of a graph, and nothing of the arrays made of it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Iterable, Iterator
from itertools import repeat
from operator import attrgetter
from typing import Any

import numpy as np

from ...core.node import ABSENT, LISTED, born
from ...core.value import Value
from ...ops.arithmetic import add, multiply
from ..plain_numbers import NumberValue
from .bulk_io import ELEMENT, EXTREMES, requires

Numbers = np.ndarray[Any, np.dtype[np.intp]]
SCALARS = {Value, NumberValue}
CONSTANT_OPERAND, NO_OPERAND = -1, -2  # in place of an operand's number: it is no node; there is none


class Collected:
    """The scalar nodes behind `roots`, oldest first, up to those in `known`, by id, which are the last to be looked at.

    same: see `computed_again`; these are not among the nodes. stale: edges whose operand was assigned after its result
    was made. replaced: edges for whose leaf something else stands in, as `stand_in` says.
    """

    def __init__(
        self, roots: Iterable[Value], known: Container[int] = (), stand_in: Callable[[Any, Any], Any] | None = None
    ) -> None:
        self.stale: list[tuple[Any, Any]] = []
        self.replaced: list[tuple[Any, Any, Any]] = []
        self.nodes: list[Any] = list(dict.fromkeys(roots))
        seen = set(self.nodes)
        for z in self.nodes:  # grows while it is read
            if z.op is None or z.op is ELEMENT or id(z) in known:
                continue
            for operand in z.inputs:
                if type(operand) not in SCALARS:
                    continue
                if operand.born >= z.born:
                    self.stale.append((z, operand))
                if operand.op is None and stand_in is not None and (other := stand_in(operand, z)) is not operand:
                    self.replaced.append((z, operand, other))
                    operand = other  # what the leaf held when `z` was made
                if operand not in seen:
                    seen.add(operand)
                    self.nodes.append(operand)
        self.nodes.sort(key=born)
        self.same = self.computed_again(known)
        if self.same:
            self.nodes = [z for z in self.nodes if id(z) not in self.same]

    def computed_again(self, known: Container[int]) -> dict[int, Any]:
        """Return by their ids nodes that compute what an older one computes, and that one: powers of Adam's betas, say.

        Of nodes without a gradient only: each of the others gets one of its own.
        """
        found: dict[Any, Any] = {}
        same: dict[int, Any] = {}
        special = {id(z) for z, *_ in (*self.replaced, *self.stale)}
        for z in self.nodes:
            if (
                z._requires_grad
                or z.op is None
                or z.op is ELEMENT
                or z.y is LISTED
                or id(z) in special
                or id(z) in known
            ):
                continue
            x, y = same.get(id(z.x), z.x), same.get(id(z.y), z.y)
            first = found.setdefault((z.op, id(x), id(y)), z)  # of plain numbers the same objects only
            if first is not z:
                same[id(z)] = first
        return same


class ScalarGraph:
    """Nodes as numbers: their places in `nodes`, a list of which each comes after its operands.

    given: which are leaves, or computed elsewhere. kind: of the others, the number of their row and parameters in
    `rows`. columns, raw: of the others, in the order of `inner`, their operands' numbers and the operands themselves.
    needs: 1 for those that need a gradient, 2 for those that are about to get one. wanted: the roots.
    listed: those of the others, in that order, that may have more than two operands.
    level: how many steps a node is from the given ones. absorbed: sums and products that are part of a sum above.
    terms, totals: the operands of sums of many terms, and the number of each one's sum, in that one's order.
    """

    def __init__(
        self, walk: Collected, wanted: Iterable[Any], known: Collection[int], path: Container[Any] = ()
    ) -> None:
        self.nodes = nodes = walk.nodes
        n = len(nodes)
        ops = list(map(attrgetter("op"), nodes))
        given = [op is None or op is ELEMENT for op in ops]
        self.given = np.array([a or id(z) in known for a, z in zip(given, nodes, strict=True)] if known else given)
        self.needs = np.fromiter(map(requires, nodes), int, n)
        self.needs[[z in path for z in nodes]] = 2
        self.inner = np.flatnonzero(~self.given)
        self.row_of = np.full(n, -1)
        self.row_of[self.inner] = np.arange(len(self.inner))
        inner = [nodes[k] for k in self.inner]
        self.rows: list[tuple[Any, dict[str, Any]]] = []
        self.read(inner)
        number = dict(zip(map(id, nodes), range(n), strict=True))
        number.update((i, number[id(z)]) for i, z in walk.same.items())
        number[id(ABSENT)] = NO_OPERAND
        self.columns = np.full((len(self.raw), len(inner)), NO_OPERAND, np.intp)
        for c, part in enumerate(self.raw):
            at: Any = slice(None) if c < 2 else self.listed  # few have more than two operands, and these many
            operands = part if c < 2 else [part[k] for k in self.listed]
            numbers = map(number.get, map(id, operands), repeat(CONSTANT_OPERAND))
            self.columns[c, at] = np.fromiter(numbers, np.intp, len(operands))
        for z, leaf, other in walk.replaced:
            k = self.row_of[number[id(z)]]
            for c, part in enumerate(self.raw):
                if k >= 0 and part[k] is leaf:
                    self.columns[c, k] = number[id(other)]
        self.wanted = np.array([number[id(z)] for z in wanted], int)
        self.flatten()
        self.level = self.levels()

    def read(self, inner: list[Any]) -> None:
        """Note the row and the operands of each node."""
        kinds: dict[Any, int] = {}

        def kind(op: Any, params: dict[str, Any]) -> int:
            key = (op, repr(sorted(params.items()))) if params else op
            if key not in kinds:
                kinds[key] = len(kinds)
                self.rows.append((op, params))
            return kinds[key]

        ops = list(map(attrgetter("op"), inner))
        by_op = {op: kind(op, {}) for op in dict.fromkeys(ops)}
        self.kind = np.fromiter(map(by_op.__getitem__, ops), np.intp, len(ops))
        first: list[Any] = list(map(attrgetter("x"), inner))
        second: list[Any] = list(map(attrgetter("y"), inner))
        listed = [k for k, y in enumerate(second) if y is LISTED]
        more = max([2, *(len(first[k]) for k in listed)]) - 2
        self.raw = [first, second, *([ABSENT] * len(inner) for _ in range(more))]
        for k in listed:
            operands = first[k]
            for c, part in enumerate(self.raw):
                part[k] = operands[c] if c < len(operands) else ABSENT
            if inner[k].params:
                self.kind[k] = kind(ops[k], inner[k].params)
        self.extreme_kinds = [i for i, (op, _) in enumerate(self.rows) if op in EXTREMES]
        extremes = [k for k, op in enumerate(ops) if op in EXTREMES]
        most = max([0, *(sum(part[k] is not ABSENT for part in self.raw) for k in extremes)])
        for part in self.raw[1:most]:
            for k in extremes:
                if part[k] is ABSENT:  # an operand more of the same changes nothing, and all have equally many
                    part[k] = first[k]
        self.listed = sorted({*listed, *extremes})

    def flatten(self) -> None:
        """Find chains of additions, and the products in them."""
        n, columns = len(self.nodes), self.columns
        rows = {id(op): i for i, (op, params) in enumerate(self.rows) if not params}
        is_add = np.zeros(n, bool)
        is_add[self.inner] = self.kind == rows.get(id(add), -1)
        is_product = np.zeros(n, bool)
        is_product[self.inner] = self.kind == rows.get(id(multiply), -1)
        operands = columns[columns >= 0]
        users = np.broadcast_to(self.inner, columns.shape)[columns >= 0]
        uses = np.bincount(operands, minlength=n)
        uses[self.wanted] += 2
        user = np.zeros(n, int)
        user[operands] = users
        partial = (uses == 1) & is_add[user] & (self.needs == self.needs[user])
        self.inside = partial & is_add  # a partial sum
        self.absorbed = self.inside | (partial & is_product)
        self.is_sum = is_add & ~self.inside
        total = np.where(self.inside, user, np.arange(n))
        while not np.array_equal(total, further := total[total]):
            total = further
        adds = np.flatnonzero(is_add)
        pairs = columns[:2, self.row_of[adds]]
        holders, sides = np.repeat(adds, 2), np.tile([0, 1], len(adds))
        terms = pairs.T.ravel()
        outside = (terms < 0) | ~self.inside[terms]
        order = np.argsort(total[holders[outside]], kind="stable")
        self.terms = terms[outside][order]
        self.totals = total[holders[outside]][order]
        self.holders = (holders[outside][order], sides[outside][order])

    def levels(self) -> Numbers:
        """Return for each node one more than the deepest of its operands; a partial sum is as deep as they are."""
        level = [0] * (
            len(self.nodes) + 2
        )  # the last two stand for CONSTANT_OPERAND and NO_OPERAND, which are -1 and -2
        more = (~self.inside[self.inner]).astype(int).tolist()
        inner = self.inner.tolist()
        others: dict[int, list[int]] = {}  # of nodes with more than two operands, the rest of them
        for part in self.columns[2:]:
            at = np.flatnonzero(part >= 0)
            for k, x in zip(self.inner[at].tolist(), part[at].tolist(), strict=True):
                others.setdefault(k, []).append(x)
        for k, step, x, y in zip(inner, more, *self.columns[:2].tolist(), strict=True):
            a, b = level[x], level[y]
            deepest = a if a > b else b
            for z in others.get(k, ()):
                if level[z] > deepest:
                    deepest = level[z]
            level[k] = deepest + step
        return np.array(level[:-2], int)

    def constant(self, c: int, k: Numbers) -> list[Any]:
        """Return the plain numbers that are operand `c` of nodes."""
        part = self.raw[c]
        return [part[i] for i in self.row_of[k].tolist()]

    def by_level(self, absorbed: Any) -> Iterator[Numbers]:
        """Yield the nodes to compute, level by level, without those that sums absorb."""
        free = self.inner[~absorbed[self.inner]]
        free = free[np.argsort(self.level[free], kind="stable")]
        yield from () if not len(free) else np.split(free, np.flatnonzero(np.diff(self.level[free])) + 1)

    @property
    def depth(self) -> int:
        """The least number of steps: all nodes of one row and level count as one."""
        free = self.inner[~self.absorbed[self.inner]]
        return len(np.unique(self.level[free] * len(self.rows) + self.kind[self.row_of[free]]))
