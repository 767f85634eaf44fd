"""Known arrays: everything that a right derivation may compute on its way, to look values up in.

They are the data of the forward pass, its gradients by every node, the shares of those along edges and their partial
sums, sums of gradients along axes, and local derivatives along elementwise chains.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import NamedTuple

import numpy as np

from ...core.types import Array
from .adjoints import Adjoints, ancestors, pulled
from .recorder import CALL, Operation
from .shadow import Slot

MAX_SHARES = 4  # shares of which all partial sums are known; of more, those from either end
SAME = 1e-9  # relative difference of equal arrays
LARGEST = 4_000_000  # numbers to look up in, altogether


class KnownMatch(NamedTuple):
    """A value that was looked up: what it is, the node it belongs to, and the factor between both."""

    kind: str
    node: Operation
    factor: float


class KnownArrays:
    """A table of arrays by size, in which values are found up to a factor, a transposition and a reshape."""

    def __init__(self, loss: Operation, adjoints: Adjoints) -> None:
        self.rows: dict[int, list[Array]] = {}
        self.labels: dict[int, list[tuple[str, Operation, float]]] = {}
        self.stacked: dict[int, Array] = {}
        self.size = 0
        for kind, node, x in known_arrays(loss, adjoints):
            if self.size < LARGEST:
                self.add(kind, node, x)

    def add(self, kind: str, node: Operation, x: Array) -> None:
        """Add an array."""
        x = np.asarray(x, np.float64)
        for flat in {id(y): y for y in (x.ravel(), x.ravel("F") if x.ndim > 1 else x.ravel())}.values():
            norm = float(np.sqrt(flat @ flat))
            if not np.isfinite(norm) or norm == 0:
                continue
            self.rows.setdefault(x.size, []).append(flat / norm)
            self.labels.setdefault(x.size, []).append((kind, node, norm))
            self.size += x.size

    def find(self, x: Array) -> KnownMatch | None:
        """Return what an array is: without a factor if there is such, else up to one; None if it is nothing known."""
        flat = np.asarray(x, np.float64).ravel()
        norm = float(np.sqrt(flat @ flat))
        if flat.size not in self.rows or not np.isfinite(norm) or norm == 0:
            return None
        if flat.size not in self.stacked:
            self.stacked[flat.size] = np.array(self.rows[flat.size])
        table = self.stacked[flat.size]
        products = table @ (flat / norm)
        best: KnownMatch | None = None
        for k in np.flatnonzero(np.abs(products) > 1 - 1e-10):
            kind, node, size = self.labels[flat.size][k]
            factor = float(np.sign(products[k])) * norm / size
            if np.abs(flat / norm - np.sign(products[k]) * table[k]).max() > SAME:
                continue
            if abs(factor - 1) < 1e-9:
                return KnownMatch(kind, node, 1.0)
            if best is None and flat.size > 1:
                best = KnownMatch(kind, node, factor)
        return best


def known_arrays(loss: Operation, adjoints: Adjoints) -> Iterator[tuple[str, Operation, Array]]:
    """Yield known arrays: the kind, the node, the numbers."""
    forward = sorted(ancestors([loss]), key=lambda node: node.number)
    for node in forward:
        if node in adjoints.of and not is_scaling(node):
            yield "gradient", node, adjoints.of[node]
    for node, parts in shares_by_node(adjoints).items():
        for part in parts:
            yield "share", node, part
        yield from (("partial sum", node, x) for x in partial_sums(parts))
    for node in forward:
        if node.value is not None and node.value.dtype.kind in "fb":
            yield "data", node, node.value
    for node in forward:
        if (g := adjoints.of.get(node)) is not None and g.ndim:
            for axis in range(g.ndim):
                yield "sum", node, g.sum(axis=axis)
            if g.ndim > 2:
                yield "sum", node, g.sum(axis=tuple(range(g.ndim - 1)))
                yield "sum", node, g.sum(axis=(0, *range(2, g.ndim)))
    yield from known_derivatives(forward, adjoints)


SCALED = {np.negative, np.multiply, np.divide}


def is_scaling(node: Operation) -> bool:
    """Tell whether a node is another one times a number, without a name: its gradient is that one's, scaled."""
    if node.names or node.kind != CALL or node.call[0] not in SCALED:
        return False
    return node.call[0] is np.negative or any(np.ndim(x) == 0 and not isinstance(x, Slot) for x in node.call[1])


def shares_by_node(adjoints: Adjoints) -> dict[Operation, list[Array]]:
    """Return what comes along every edge to a node, in the order of its uses."""
    found: dict[Operation, list[Array]] = {}
    for (user, place), share in sorted(adjoints.shares.items(), key=lambda item: item[0][0].number):
        found.setdefault(user.inputs[place], []).append(share)
    return {node: parts for node, parts in found.items() if len(parts) > 1}


def partial_sums(parts: list[Array]) -> Iterator[Array]:
    """Yield sums of some of the shares of a node."""
    if len(parts) <= MAX_SHARES:
        for n in range(2, len(parts)):
            for some in combinations(parts, n):
                yield sum(some[1:], some[0])
        return
    for order in (parts, parts[::-1]):
        total = order[0]
        for part in order[1:-1]:
            total = total + part
            yield total


def known_derivatives(forward: list[Operation], adjoints: Adjoints) -> Iterator[tuple[str, Operation, Array]]:
    """Yield derivatives of elementwise operations, and along chains of them."""
    chains: dict[Operation, list[Array]] = {}
    for node in forward:
        moving = [x for x in node.inputs if x in adjoints.of]
        if node.kind != CALL or len(moving) != 1 or moving[0].shape != node.shape or node not in adjoints.of:
            continue
        if not isinstance(node.call[0], np.ufunc) or node.call[0].signature is not None:
            continue
        try:
            (slope,) = (
                x for x in pulled(node, np.ones(node.shape), [x in adjoints.of for x in node.inputs]) if x is not None
            )
        except Exception:  # of any kind: a rule that is missing
            continue
        found = [slope, *(slope * before for before in chains.get(moving[0], ())[:6])]
        chains[node] = found
        for x in found:
            yield "local derivative", node, x
