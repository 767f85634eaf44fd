"""Backpropagation through Values at full speed: `graph.pull`, unrolled for rows of one or two operands.

A rule is called here exactly as there, so there is no second copy of any derivative. Whatever is out of the
ordinary (a pole, a stale leaf, a rule at fault) makes this walk raise or return None before anything has
changed: then `Node.backward` walks the plain way, which has the answer or says what is wrong.
"""

from __future__ import annotations

from typing import Any

from ..core.node import ABSENT, LISTED, Grads, Node

NOBODY: Any = object.__new__(Node)  # in a list of nodes by age, a place where no node is
NOTHING = -0.0  # the one float that added to any other leaves it as it is; 0.0 would take the sign of -0.0
FARTHEST = 500_000  # how many places such lists may grow by at once; they would be mostly empty

Found = tuple[list[Any], list[Any], Grads]  # interior nodes, their gradients, and the leaves' gradients


def floats_back(root: Node, seed: float) -> Found | None:
    """Carry the gradient of a `Value` back.

    `nodes[k]` is the node that was made k ticks before the root, and `grads[k]` its gradient so far; so the order of
    the lists is that from the newest to the oldest, and finding the nodes, sorting them and carrying gradients back
    are one pass, without hashing.
    """
    kind, newest, places = type(root), root.born, 1
    nodes: list[Any] = [root]
    grads: list[Any] = [seed]
    leaves: Grads = {}
    so_far = leaves.get
    for z, g in zip(nodes, grads, strict=True):  # both grow while they are read
        if z is NOBODY:
            continue
        x, y, rules = z.x, z.y, z.op.rules
        a = x._data if type(x) is kind else x  # so `a is not x` where x is a node
        b = y._data if type(y) is kind else y
        if a is not x:
            if x.born >= z.born:
                return None  # assigned since
            if x._requires_grad:
                dx = rules[0](g, z._data, a) if y is ABSENT else rules[0](g, z._data, a, b)
                if x.op is None:
                    leaves[x] = so_far(x, NOTHING) + dx
                else:
                    place = newest - x.born
                    if place >= places:
                        if place > places + FARTHEST:
                            return None
                        places = room_for(place, nodes, grads)
                    nodes[place] = x
                    grads[place] += dx
        if b is not y:  # the same again: a loop over one or two operands would cost a third of the walk
            if y.born >= z.born:
                return None
            if y._requires_grad:
                dy = rules[1](g, z._data, a, b)
                if y.op is None:
                    leaves[y] = so_far(y, NOTHING) + dy
                else:
                    place = newest - y.born
                    if place >= places:
                        if place > places + FARTHEST:
                            return None
                        places = room_for(place, nodes, grads)
                    nodes[place] = y
                    grads[place] += dy
        elif b is LISTED:
            return None
    return (nodes, grads, leaves) if {*map(type, grads), *map(type, leaves.values())} == {float} else None


def room_for(place: int, nodes: list[Any], grads: list[Any]) -> int:
    """Lengthen lists by age so that they have `place`; return their length."""
    more = place + 64 - len(nodes)
    nodes += [NOBODY] * more
    grads += [NOTHING] * more
    return len(nodes)
