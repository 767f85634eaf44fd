"""Backpropagation at full speed: `graph.pull` for numbers, unrolled once for floats and once for arrays.

A rule is called here exactly as there, so there is no second copy of any derivative. Whatever is out of the
ordinary (a pole, a stale leaf, a rule at fault) makes these walks raise or return None before anything has
changed: then `Node.backward` walks the plain way, which has the answer or says what is wrong.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .graph import ABSENT, LISTED, NONE, Grads, Node, history

NOBODY: Any = object.__new__(Node)  # in a list of nodes by age, a place where no node is
FARTHEST = 500_000  # places that may be added to such lists at once; more would be mostly empty

Found = tuple[list[Any], list[Any], Grads]  # interior nodes, their gradients, and the leaves' gradients


def floats_back(root: Node, seed: float) -> Found | None:
    """Carry the gradient of a `Value` back.

    Nodes and gradients lie in lists by age, a place a tick: finding the nodes, sorting them and carrying gradients
    back are one pass, without hashing.
    """
    kind, newest, places = type(root), root.born, 1
    nodes: list[Any] = [root]
    grads: list[Any] = [seed]
    leaves: Grads = {}
    for age, z in enumerate(nodes):  # grows while it is read
        if z is NOBODY:
            continue
        g, x, y, rules = grads[age], z.x, z.y, z.op.rules
        a = x._data if type(x) is kind else x
        b = y._data if type(y) is kind else y
        if a is not x:
            place = newest - x.born
            if place <= age:
                return None  # assigned since
            if x._requires_grad:
                dx = rules[0](g, z._data, a) if b is ABSENT else rules[0](g, z._data, a, b)
                if x.op is None:
                    leaves[x] = leaves[x] + dx if x in leaves else 0.0 + dx
                else:
                    if place >= places:
                        places = room_for(place, nodes, grads)
                    nodes[place] = x
                    grads[place] += dx
        if b is not y:  # the same again: a loop over one or two operands would cost a third of the walk
            place = newest - y.born
            if place <= age:
                return None
            if y._requires_grad:
                dy = rules[1](g, z._data, a, b)
                if y.op is None:
                    leaves[y] = leaves[y] + dy if y in leaves else 0.0 + dy
                else:
                    if place >= places:
                        places = room_for(place, nodes, grads)
                    nodes[place] = y
                    grads[place] += dy
        elif b is LISTED:
            return None
    return (nodes, grads, leaves) if {*map(type, grads), *map(type, leaves.values())} == {float} else None


def room_for(place: int, nodes: list[Any], grads: list[Any]) -> int:
    """Lengthen lists by age so that they have `place`; return their length."""
    more = place + 64 - len(nodes)
    if more > FARTHEST:
        raise MemoryError("these lists would be mostly empty")
    nodes += [NOBODY] * more
    grads += [0.0] * more
    return len(nodes)


def arrays_back(root: Node, seed: Any, keep: bool) -> Found | None:
    """Carry the gradient of a `Tensor` back.

    Few nodes with much work in each: what counts is that a gradient that fits already is not looked at twice.
    keep: whether the gradients of interior nodes are wanted.
    """
    kind, array = type(root), np.ndarray
    order = history(root)
    grads: Grads = {root: seed}
    for z in reversed(order):
        if z not in grads or z.op is None:
            continue
        g = grads[z] if keep else grads.pop(z)
        x, y, params = z.x, z.y, NONE
        if y is LISTED:
            inputs, params = x, z.params
        else:
            inputs = (x,) if y is ABSENT else (x, y)
        operands = [x._data if type(x) is kind else x for x in inputs]
        for i, (x, rule) in enumerate(zip(inputs, z.op.rules, strict=False)):  # some have rules for any number
            if type(x) is not kind:
                continue
            if x.born >= z.born:
                return None  # assigned since
            if rule is None or not x._requires_grad:
                continue
            dx, data = rule(g, z._data, *operands, **params), x._data
            if type(dx) is not array or dx.dtype is not data.dtype or dx.shape != data.shape:
                dx = x.fit(dx, z, i)
            if dx is not None:
                grads[x] = grads[x] + dx if x in grads else dx
    interior = [z for z in order if z.op is not None and z._requires_grad]
    leaves = {x: grads[x] for x in order if x.op is None and x in grads}
    return interior, [*map(grads.get, interior)], leaves
