"""A set of leaves that keeps none of them alive, and those whose gradient an optimiser has already used."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING
from weakref import ref

if TYPE_CHECKING:
    from .node import Node


class LeafSet:
    """A set of leaves by identity, without references to them. A WeakSet would ask `==`, an operation on nodes."""

    def __init__(self) -> None:
        self.ids: set[int] = set()
        self.refs: dict[int, ref[Node]] = {}  # one weak reference per leaf, kept for reuse: creating one costs 1 us

    def register(self, leaves: Iterable[Node]) -> list[int]:
        """Return the ids of leaves, to be put into `ids`: each is taken out again when its leaf is freed."""
        keys = []
        for leaf in leaves:
            key = id(leaf)
            if key not in self.refs:
                self.refs[key] = ref(leaf, lambda _, key=key: self.forget(key))  # type: ignore[misc]  # mypy reads no default
            keys.append(key)
        return keys

    def forget(self, key: int) -> None:
        """Remove a leaf that was freed: another object may get its id."""
        self.refs.pop(key, None)
        self.ids.discard(key)

    def discard(self, leaf: Node) -> None:
        """Remove a leaf if it is in the set."""
        self.ids.discard(id(leaf))

    def common(self, leaves: Collection[Node]) -> list[Node]:
        """Return those of `leaves` that are in the set."""
        if self.ids.isdisjoint(map(id, leaves)):
            return []
        return [leaf for leaf in leaves if id(leaf) in self.ids]


stepped_since_zero_grad = LeafSet()  # leaves whose gradient an optimiser has used and nobody has reset since
