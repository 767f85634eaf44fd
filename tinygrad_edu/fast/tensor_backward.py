"""`backward()` of a tensor without the list of all nodes that `history` finds and sorts first.

A rule is called here exactly as by `pull`, so there is no second copy of any derivative, and gradients are added in
the same order. Where anything is unusual (a stale leaf, a faulty rule) the pass is given up before anything has
changed, and the plain `backward` computes the answer or says what is wrong.
"""

from __future__ import annotations

from heapq import heappop, heappush
from itertools import chain
from typing import Any, Never

import numpy as np

from ..core import backprop
from ..core.context import innermost
from ..core.node import ABSENT, LISTED, NO_RULES, Grads, Node
from ..core.tensor import Tensor
from .value_backward import Found


def backward(self: Tensor, seed: Any = None, *, retain_grad: bool = False, **foreign: Never) -> None:
    """Compute gradients as `backprop.backward` does, in one pass where nothing is unusual."""
    here = innermost()
    plain_mode = here is None or (here.tracer is None and here.backward_hook is None)
    if self._requires_grad and self.op is not None and plain_mode and not (retain_grad or foreign):
        try:
            found = one_pass(self, self.seed(seed))
        except Exception:  # a faulty rule, or a seed that does not fit
            found = None
        if found is not None:
            backprop.accumulate(self, *found)
            return
    backprop.backward(self, seed, retain_grad=retain_grad, **foreign)


def one_pass(root: Tensor, seed: Any) -> Found | None:
    """Return the gradients of the leaves, None for nodes between; or None where the plain way has to be taken.

    A heap holds the nodes that are still to be visited, the youngest on top: every node made from it has been visited.
    Nodes that pass no gradient on are visited as well, since one of them may be stale.
    """
    kind, array = Tensor, np.ndarray
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
            operands = tuple([x._raw if type(x) is kind else x for x in inputs])
        elif y is ABSENT:
            inputs = (z.x,)
            operands = (z.x._raw,)  # a node, or `z` would be none
        else:
            x = z.x
            inputs = (x, y)
            operands = (x._raw if type(x) is kind else x, y._raw if type(y) is kind else y)
        if z._requires_grad:
            between.append(z)
        result, params = z._raw, z.params
        for x, rule in zip(inputs, rules, strict=False):
            if type(x) is not kind:
                if isinstance(x, Node):  # a leaf whose numbers are somewhere else: the plain way reads them
                    return None
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
            data = x._raw
            if type(dx) is not array or dx.dtype is not data.dtype or dx.shape != data.shape:
                dx = x.unbroadcast(dx, z, 0)  # where that raises, the plain way says of which operand
                if dx is None:
                    continue
            so_far = found.get(x)
            found[x] = dx if so_far is None else so_far + dx
    return between, [None] * len(between), leaves
