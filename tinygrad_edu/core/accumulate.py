"""How gradients get onto nodes: leaves add them up, interior nodes start anew, and all of them change or none.

Knows nodes only as things with a `_grad`; where gradients come from is none of its business.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any
from weakref import ref

from ..errors.where import warn

if TYPE_CHECKING:
    from .node import Grads, Node

_committing = threading.Lock()  # several threads may run backward() into the same leaf


class Leaves:
    """A set of leaves that keeps none of them alive. A WeakSet would ask `==`, which on nodes is an operation."""

    def __init__(self) -> None:
        self.ids: set[int] = set()
        self.refs: dict[int, ref[Node]] = {}  # of all that were ever in and still live: to make one takes a microsecond

    def update(self, leaves: Iterable[Node]) -> None:
        """Put leaves in."""
        for leaf in leaves:
            key = id(leaf)
            if key not in self.refs:
                self.refs[key] = ref(leaf, lambda _, key=key: self.forget(key))  # type: ignore[misc]  # mypy reads no default
            self.ids.add(key)

    def forget(self, key: int) -> None:
        """Take a leaf out that is no more: another object may get its id."""
        self.refs.pop(key, None)
        self.ids.discard(key)

    def difference_update(self, leaves: Iterable[Node]) -> None:
        """Take leaves out, those that are in."""
        self.ids.difference_update(map(id, leaves))

    def discard(self, leaf: Node) -> None:
        """Take a leaf out, if it is in."""
        self.ids.discard(id(leaf))

    def __contains__(self, leaf: Node) -> bool:
        return id(leaf) in self.ids


spent = Leaves()  # those whose gradient an optimiser has used and nobody has reset since


def commit(
    nodes: Iterable[Node], grads: Iterable[Any], leaves: Grads, apart: Callable[[Iterable[Any]], Iterable[Any]]
) -> None:
    """Write `grads` onto interior `nodes` and add those of `leaves` to what is there; all or none, even on Ctrl-C.

    apart: copies gradients that share memory.
    """
    with _committing:
        totals = [g if leaf._grad is None else total(leaf, g) for leaf, g in leaves.items()]
        written = map(setattr, chain(nodes, leaves), repeat("_grad"), apart(chain(grads, totals)))
        deque(written, maxlen=0)  # without a step of Python in which Ctrl-C could strike


def total(leaf: Node, g: Any) -> Any:
    """Return the leaf's gradient so far plus `g`."""
    if leaf in spent:
        warn(
            f"backward() adds to a gradient of {leaf.title} that an optimiser has already used: "
            "call zero_grad() before each backward()",
            UserWarning,
        )
    return leaf._grad + g
