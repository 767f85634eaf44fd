"""Backpropagation through arrays at full speed: `graph.pull` without a list of all nodes to be found and sorted first.

A rule is called here exactly as there, so there is no second copy of any derivative, and gradients are added up in the
same order. Whatever is out of the ordinary (a stale leaf, a rule at fault) makes this walk raise or return None before
anything has changed: then `Node.backward` walks the plain way, which has the answer or says what is wrong.
"""

from __future__ import annotations

from heapq import heappop, heappush
from itertools import repeat
from typing import Any

import numpy as np

from .graph import ABSENT, LISTED, Grads, Node
from .walks import Found


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
        inputs = z.x if y is LISTED else (z.x,) if y is ABSENT else (z.x, y)
        if z._requires_grad:
            between.append(z)
        if g is None:
            for x in inputs:
                if type(x) is kind and x.op is not None:
                    if x.born >= born:
                        return None
                    if x not in grads:
                        grads[x] = None
                        heappush(waiting, (-x.born, x))
            continue
        result, params = z._data, z.params
        operands = [x._data if type(x) is kind else x for x in inputs]
        for i, (x, rule) in enumerate(zip(inputs, z.op.rules, strict=False)):  # type: ignore[union-attr]  # no leaf is here
            if type(x) is not kind:
                continue
            if x.born >= born:
                return None
            found = leaves
            if x.op is not None:
                found = grads
                if x not in grads:
                    grads[x] = None
                    heappush(waiting, (-x.born, x))
            if rule is None or not x._requires_grad:
                continue
            dx = rule(g, result, *operands, **params) if params else rule(g, result, *operands)
            data = x._data
            if type(dx) is not array or dx.shape != data.shape or dx.dtype is not data.dtype:
                dx = x.fit(dx, z, i)
                if dx is None:
                    continue
            so_far = found.get(x)
            found[x] = dx if so_far is None else so_far + dx
    return between, repeat(None, len(between)), leaves  # type: ignore[return-value]
