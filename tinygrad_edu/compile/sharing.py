"""Groups of compiled functions that share state: one call of a group at a time, in all threads.

A program points owners at new arrays when it ends; another one that began before would overwrite that. Functions that
share no node run side by side.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable
from functools import partial
from typing import Any
from weakref import WeakSet, ref

from ..core.node import Node


class LockGroup:
    """Functions of which one may run at a time."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.members: WeakSet[Any] = WeakSet()
        everyone.add(self)


class SharesState(Exception):  # noqa: N818  # no fault: the groups are joined, and the call begins anew
    """A function can name nodes of another group's."""

    def __init__(self, nodes: list[Node]) -> None:
        super().__init__()
        self.nodes = nodes


everyone: WeakSet[LockGroup] = WeakSet()
group_of_node: dict[int, tuple[ref[Node], LockGroup]] = {}  # the group of each node that a compiled function can name
merge_lock = threading.RLock()  # taken only by a thread that holds no group's lock; a signal handler may come in


def forget(key: int, _: object) -> None:
    """Take a node out that is no more: another object may get its id."""
    group_of_node.pop(key, None)


def claim(member: Any, nodes: Iterable[Node]) -> None:
    """Note that a function can name nodes. Raises SharesState where a function of another group can."""
    nodes = list(nodes)
    group = member.group
    known = [group_of_node.get(id(x)) for x in nodes]
    if any(found is not None and found[1] is not group for found in known):
        raise SharesState(nodes)
    for x, found in zip(nodes, known, strict=True):
        if found is None:
            group_of_node[id(x)] = ref(x, partial(forget, id(x))), group


def merge_groups(member: Any, nodes: Iterable[Node]) -> None:
    """Make one group of a function's and of all those whose functions can name the same nodes."""
    with merge_lock:
        found = [group_of_node[id(x)][1] for x in nodes if id(x) in group_of_node]
        groups = sorted({id(group): group for group in (member.group, *found)}.values(), key=id)
        for group in groups:
            group.lock.acquire()
        try:
            for group in groups[1:]:
                for other in group.members:
                    other.group = groups[0]
                    groups[0].members.add(other)
            gone = {id(group) for group in groups[1:]}
            for key, (node, group) in list(group_of_node.items()):
                if id(group) in gone:
                    group_of_node[key] = node, groups[0]
        finally:
            for group in groups:
                group.lock.release()


def _after_fork() -> None:
    """Make new locks in a child process: a thread that is not there may have held the old ones."""
    global merge_lock
    merge_lock = threading.RLock()
    for group in everyone:
        group.lock = threading.RLock()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_after_fork)
