"""One graph of scalars that becomes arrays: where each node lies, and what both ways of vectorising it share."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.context import no_grad
from ...core.op import BUILT_IN
from ...core.tensor import Tensor
from ...ops.shapes import astype, identity
from .bulk_io import ELEMENT, EXTREMES, STAND_IN
from .parameter_packing import LeafPacker, packed
from .scalar_graph import NO_OPERAND, Numbers, ScalarGraph
from .strides import broadcast_once, shaped


class NotVectorizableError(Exception):
    """A row computes something else of an array than of each of its numbers."""


class ScalarGroups:
    """One graph, vectorised. Node `k` lies in the array of number `array[k]`, at `index[k]`; -1: nowhere yet."""

    def __init__(self, vectorizer: Any, graph: ScalarGraph) -> None:
        self.to, self.graph = vectorizer, graph
        n = len(graph.nodes)
        self.array, self.index = np.full(n, -1), np.zeros(n, int)
        self.given()
        self.made = len(vectorizer.trace.made)  # what is made from here on was made in the line of the scalars

    def given(self) -> None:
        """Place scalars that were vectorised before, elements of arrays, and leaves."""
        fresh: list[int] = []
        floats: list[int] = []
        for k in np.flatnonzero(self.graph.given).tolist():
            z = self.graph.nodes[k]
            if id(z) in self.to.known:
                self.array[k], self.index[k] = self.to.place(z)
            elif z.op is ELEMENT and type(z.inputs[0]._raw) is float:
                floats.append(k)
            elif z.op is ELEMENT:
                self.array[k], self.index[k] = self.to.numbered(z.inputs[0]), z.inputs[1]
            else:
                fresh.append(k)
        if floats:
            given = tuple(self.graph.nodes[k].inputs[0] for k in floats)
            self.array[floats], self.index[floats] = self.to.numbered(packed(given)), np.arange(len(floats))
        for array, members in LeafPacker(self.to.trace, self.graph, np.array(fresh, int)).arrays():
            number = self.to.numbered(array)
            self.array[members], self.index[members] = number, np.arange(len(members))
            self.to.leaves[number] = [self.graph.nodes[k] for k in members.tolist()]

    def vectorize(self) -> None:
        """Compute everything, level by level. Raises NotVectorizableError where that cannot be done."""
        raise NotImplementedError  # each way defines its own

    def lasting(self) -> Any:
        """Return which nodes lie where they may be taken from for whatever is computed later."""
        return np.full(len(self.array), True)

    def placed(self, z: Any, ks: Numbers, lengths: tuple[int, ...]) -> None:
        """Record that nodes `ks` are the elements of `z`, broadcast to `lengths`, in row-major order."""
        needs, first = bool(self.graph.needs[ks[0]]), self.graph.nodes[int(ks[0])]
        if z.dtype != np.float64:
            z = astype(z, dtype=np.dtype(float))  # a comparison is 1.0 or 0.0, as of scalars
        if z._requires_grad and not needs:
            with no_grad():
                z = identity(z)
        for made in self.to.trace.made[self.made :]:
            made.code, made.instruction = first.code, first.instruction
        self.made = len(self.to.trace.made)
        self.array[ks] = self.to.numbered(z)
        self.index[ks] = np.broadcast_to(np.arange(z.size).reshape(z.shape), lengths).ravel()

    def extremes(self, numbers: Numbers, ks: Numbers) -> bool:
        """Compute the largest or smallest operands of nodes, if that is their row; return whether it is."""
        op, _ = self.graph.rows[self.graph.kind[self.graph.row_of[ks[0]]]]
        if op not in EXTREMES:
            return False
        x = self.side_by_side(numbers[(numbers != NO_OPERAND).all(1)].T)
        z: Any = object.__new__(Tensor)
        z._raw = EXTREMES[op].forward(x._raw)
        z.remember(EXTREMES[op], (x,), {}, False)
        self.placed(z, ks, (len(ks),))
        return True

    def side_by_side(self, numbers: Numbers) -> Any:
        """Return nodes that are placed as an array, a row for each row of their numbers."""
        raise NotImplementedError  # each way defines its own

    def row(self, ks: Numbers, operands: list[Any], lengths: tuple[int, ...]) -> None:
        """Compute nodes of one row, in the order of loops of such lengths."""
        op, params = self.graph.rows[self.graph.kind[self.graph.row_of[ks[0]]]]
        if op is STAND_IN:
            z, lengths = self.standing_in(operands[0], ks, lengths), (len(ks),)
        else:
            z = self.computed(op, params, operands)
        if op.name not in BUILT_IN and op is not STAND_IN:
            expected = np.array([self.graph.nodes[k]._raw for k in ks.tolist()])
            if not np.allclose(np.broadcast_to(z._raw, lengths).ravel(), expected, rtol=1e-6, atol=0, equal_nan=True):
                raise NotVectorizableError
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
            raise NotVectorizableError from None

    def standing_in(self, z: Any, ks: Numbers, lengths: tuple[int, ...]) -> Any:
        """Return an array for leaves that were assigned, each with an element of its own, where gradients end."""
        with no_grad():
            z = identity(shaped(broadcast_once(z, lengths), (len(ks),)))
        z._requires_grad = bool(self.graph.needs[ks[0]])
        self.to.leaves[self.to.numbered(z)] = [self.graph.nodes[k] for k in ks.tolist()]
        return z

    def shown(self, x: Any, lengths: tuple[int, ...]) -> Any:
        """Return an operand of a group as a plain number, or as an array that fits the loops."""
        if type(x) is list:
            if all(type(part) is type(x[0]) and part == x[0] for part in x):
                return x[0]
            return np.array([float(part) for part in x]).reshape(lengths)
        return x

    def plain(self, terms: Numbers) -> Any:
        """Return the plain numbers among terms; 0 in place of nodes."""
        holders, sides = self.graph.holders
        values = np.zeros(terms.shape)
        for at in zip(*np.nonzero(self.graph.terms[terms] < 0), strict=True):
            term = terms[at]
            values[at] = self.graph.raw[sides[term]][self.graph.row_of[holders[term]]]
        return values
