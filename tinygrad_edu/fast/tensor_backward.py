"""Backpropagation through arrays at full speed: `graph.pull` without a list of all nodes to be found and sorted first.

A rule is called here exactly as there, so there is no second copy of any derivative, and gradients are added up in the
same order. Whatever is out of the ordinary (a stale leaf, a rule at fault) makes this walk raise or return None before
anything has changed: then `Node.backward` walks the plain way, which has the answer or says what is wrong.
"""

from __future__ import annotations

from heapq import heappop, heappush
from itertools import chain
from typing import Any

import numpy as np

from ..core.node import ABSENT, LISTED, NO_RULES, Grads, Node
from .value_backward import Found


def arrays_back(root: Node, seed: Any) -> Found | None:
    """Carry the gradient of a tensor back, and return those of the leaves; none of a node between is kept.

    The nodes that wait for their turn lie in a heap, the youngest on top: all that was made from it has been there
    before. Those that pass no gradient on are looked at as well, since one of them may be stale.
    """
    kind, array = type(root), np.ndarray
    grads: Grads = {root: seed}
    leaves: Grads = {}
    between: list[Node] = []
    waiting = [(-root.born, root)]
    while waiting:
        z = heappop(waiting)[1]
        g, born, y = grads.pop(z), z.born, z.y
        rules = z.op.rules or NO_RULES  # type: ignore[union-attr]  # no leaf waits
        inputs: tuple[Any, ...]
        operands: tuple[Any, ...]
        if y is LISTED:
            inputs, rules = z.x, chain(rules, NO_RULES)
            operands = tuple([x._data if type(x) is kind else x for x in inputs])
        elif y is ABSENT:
            inputs = (z.x,)
            operands = (z.x._data,)  # a node, or `z` would be none
        else:
            x = z.x
            inputs = (x, y)
            operands = (x._data if type(x) is kind else x, y._data if type(y) is kind else y)
        if z._requires_grad:
            between.append(z)
        result, params, i = z._data, z.params, -1
        for x, rule in zip(inputs, rules, strict=False):
            i += 1
            if type(x) is not kind:
                continue
            if x.born >= born:
                return None
            if x.op is None:
                found = leaves
            else:
                found = grads
                if x not in grads:
                    grads[x] = None
                    heappush(waiting, (-x.born, x))
            if g is None or rule is None or not x._requires_grad:
                continue
            dx = rule(g, result, *operands, **params) if params else rule(g, result, *operands)
            data = x._data
            if type(dx) is not array or dx.dtype is not data.dtype or dx.shape != data.shape:
                dx = x.fit(dx, z, i)
                if dx is None:
                    continue
            so_far = found.get(x)
            found[x] = dx if so_far is None else so_far + dx
    return between, [None] * len(between), leaves
