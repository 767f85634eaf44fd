"""`backward()` of a Value in one pass: `pull` unrolled for operations of one or two operands.

A rule is called here exactly as by `pull`: the one derivative with a second copy is that of a product, in
`past_neuron`. Where anything is unusual (a pole, a stale leaf, a faulty rule) the pass is given up before anything has
changed, and the plain `backward` computes the answer or says what is wrong.
"""

from __future__ import annotations

from itertools import compress
from typing import Any, Never

from ..core import backprop
from ..core.context import innermost
from ..core.deferred import DEFERRED
from ..core.ieee import silently
from ..core.node import ABSENT, LISTED, Grads, Node
from ..core.parking import parked, unpark_all
from ..core.value import Value

NO_NODE: Any = object.__new__(Node)  # in a list of nodes by age: no node has this age
NEGATIVE_ZERO = -0.0  # the one float that added to any other leaves it as it is; 0.0 would take the sign of -0.0
MAX_GAP = 500_000  # how many places such lists may grow by at once; most of them would be empty

Found = tuple[list[Any], list[Any], Grads]  # interior nodes, their gradients, and the leaves' gradients


def backward(self: Value, seed: Any = None, *, retain_grad: bool = False, **foreign: Never) -> None:
    """Compute gradients as `backprop.backward` does, in one pass where nothing is unusual."""
    here = innermost()
    if parked:
        unpark_all()
    if (
        self._requires_grad
        and self.op is not None
        and not foreign
        and (here is None or (here.tracer is None and here.backward_hook is None))
        and not Value.subclassed  # `one_pass` knows Values by their type
    ):
        try:
            found = silently(one_pass, self, self.seed(seed))
        except Exception:  # a pole, an overflow, a faulty rule
            found = None
        if found is not None:
            backprop.accumulate(self, *found)
            return
    backprop.backward(self, seed, retain_grad=retain_grad, **foreign)


def one_pass(root: Value, seed: float) -> Found | None:
    """Return the gradients of a graph, or None where the plain way has to be taken.

    `nodes[k]` is the node that was made k ticks before the root, and `grads[k]` its gradient so far. So the lists are
    in order from the newest node to the oldest: finding the nodes, sorting them and carrying gradients back are one
    pass, without hashing.
    """
    newest, places = root.born, 1
    nodes: list[Any] = [root]
    grads: list[Any] = [seed]
    leaves: Grads = {}
    so_far, holes = leaves.get, False
    for z, g in zip(nodes, grads, strict=True):  # both grow while they are read
        if z is NO_NODE:
            continue
        y, x, rules = z.y, z.x, z.op.rules
        a = x._raw if type(x) is Value else x  # so `a is not x` where x is a node
        b = y._raw if type(y) is Value else y
        if a is not x:
            if x.born >= z.born:
                return None  # assigned since
            if x._requires_grad:
                dx = rules[0](g, z._raw, a) if y is ABSENT else rules[0](g, z._raw, a, b)
                if x.op is None:
                    leaves[x] = so_far(x, NEGATIVE_ZERO) + dx
                else:
                    place = newest - x.born
                    if place >= places:
                        if place > places + MAX_GAP:
                            return None
                        places = make_room(place, nodes, grads)
                    nodes[place] = x
                    grads[place] += dx
        if b is not y:  # the same for the second operand: a loop over one or two would cost a third of the time
            if y.born >= z.born:
                return None
            if y._requires_grad:
                dy = rules[1](g, z._raw, a, b)
                if y.op is None:
                    leaves[y] = so_far(y, NEGATIVE_ZERO) + dy
                else:
                    place = newest - y.born
                    if place >= places:
                        if place > places + MAX_GAP:
                            return None
                        places = make_room(place, nodes, grads)
                    nodes[place] = y
                    grads[place] += dy
        elif y is DEFERRED:
            if not past_neuron(z, g, newest, nodes, grads, leaves):
                return None
            places, holes = len(nodes), True
        elif y is LISTED:
            return None
    if holes:  # most places are of parts that nobody has made
        made = [z is not NO_NODE for z in nodes]
        nodes, grads = [*compress(nodes, made)], [*compress(grads, made)]
    return (nodes, grads, leaves) if {*map(type, grads), *map(type, leaves.values())} == {float} else None


def past_neuron(z: Node, g: float, newest: int, nodes: list[Any], grads: list[Any], leaves: Grads) -> bool:
    """Carry the gradient of a weighted sum past its parts, which nobody has looked at; return whether it can be done.

    Each product and each sum would be handed `g` itself, so that a weight gets `g` times its input.
    """
    born, so_far, places = z.born, leaves.get, len(nodes)
    for w, x in z.x.factors():
        if w.born >= born or w.op is not None:
            return False  # assigned since; or a weight that was computed, which is rare
        if type(x) is not Value:
            if w._requires_grad:
                leaves[w] = so_far(w, NEGATIVE_ZERO) + g * x
            continue
        if x.born >= born:
            return False
        if w._requires_grad:
            leaves[w] = so_far(w, NEGATIVE_ZERO) + g * x._raw
        if x._requires_grad:
            if x.op is None:
                leaves[x] = so_far(x, NEGATIVE_ZERO) + g * w._raw
            else:
                place = newest - x.born
                if place >= places:
                    if place > places + MAX_GAP:
                        return False
                    places = make_room(place, nodes, grads)
                nodes[place] = x
                grads[place] += g * w._raw
    return True


def make_room(place: int, nodes: list[Any], grads: list[Any]) -> int:
    """Lengthen lists by age so that they have `place`; return their length."""
    more = place + 8 + len(nodes) // 8 - len(nodes)
    nodes += [NO_NODE] * more
    grads += [NEGATIVE_ZERO] * more
    return len(nodes)
