"""Operands that are made when somebody asks for them: a fast path may remember several operations as one node."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from .commit import ChangedMeanwhile, commit, unchanged

if TYPE_CHECKING:
    from .node import Node

DEFERRED: Any = object()  # in a node's slot of the second operand: that of the first holds a `Deferred`


class Deferred:
    """The two operands of a node before they are made."""

    __slots__ = ()

    def operands(self, z: Node) -> tuple[Node, Node]:
        """Return the operands of `z` as they would be had they been made when `z` was."""
        raise NotImplementedError


def make_operands(z: Node) -> None:
    """Put the operands of a node in the place of what they were deferred to. Threads that ask at once get the same."""
    deferred = z.x
    if isinstance(deferred, Deferred):  # another thread has not put them there yet
        operands = deferred.operands(z)
        with suppress(ChangedMeanwhile):
            commit(unchanged((z,), "x", (deferred,)), map(setattr, (z, z), ("x", "y"), operands))
