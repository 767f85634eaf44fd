"""A set of leaves that keeps none of them alive, and those whose gradient an optimiser has already used."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING
from weakref import ref

if TYPE_CHECKING:
    from .node import Node


class LeafSet:
    """A set of leaves by identity that keeps none of them alive. A WeakSet would ask `==`, an operation on nodes.

    A leaf that is freed is removed by a function of C, which no interrupt can keep from it.
    """

    def __init__(self) -> None:
        self.members: set[ref[Node] | None] = set()
        self.refs: dict[int, ref[Node]] = {}  # one weak reference per leaf, kept for reuse: creating one costs 1 us
        self.most = 1000  # the number of references above which dead ones are dropped

    def known(self, leaves: Iterable[Node]) -> list[ref[Node] | None]:
        """Return the weak reference that is kept for each leaf. One whose leaf is freed is no member."""
        return [*map(self.refs.get, map(id, leaves))]

    def references(self, leaves: Iterable[Node]) -> list[ref[Node]]:
        """Return the weak references by which leaves are members."""
        found = []
        for leaf in leaves:
            known = self.refs.get(id(leaf))
            if known is None or known() is not leaf:  # another object had this id
                known = self.refs[id(leaf)] = ref(leaf, self.members.discard)
            found.append(known)
        if len(self.refs) > self.most:
            self.refs = {key: known for key, known in self.refs.items() if known() is not None}
            self.most = 1000 + 2 * len(self.refs)
        return found

    def common(self, leaves: Collection[Node]) -> list[Node]:
        """Return those of `leaves` that are in the set."""
        known = self.known(leaves) if self.members else []
        if self.members.isdisjoint(known):
            return []
        return [leaf for leaf, of_leaf in zip(leaves, known, strict=True) if of_leaf in self.members]


stepped_since_zero_grad = LeafSet()  # leaves whose gradient an optimiser has used and nobody has reset since
