"""The weighted sum of a neuron, w₁x₁ + w₂x₂ + … + b, for nets of Values: nearly all of their nodes come from here.

It makes the very nodes that Python's operators would make, one by one and in their order; only the questions that
have one answer for a whole neuron (which mode holds, which line of the user's is running) are asked once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .errors import users_frame
from .graph import NO_PARAMS, Node, clock
from .modes import current
from .ops.arithmetic import add, multiply
from .value import Value

times: Any = multiply.scalar
plus: Any = add.scalar
new = object.__new__  # by one name: no dot in the loop


def weighted_sum(weights: Sequence[Any], inputs: Sequence[Any], bias: Any) -> Any:
    """Return `sum((w * x for w, x in zip(weights, inputs)), bias)`, two nodes a weight; both lists are equally long.

    At a third of the cost, and every node names the line of the user's program that called the net.
    """
    here = current.get()
    if type(bias) is not Value or (here is not None and not here.recording):
        return sum((w * x for w, x in zip(weights, inputs, strict=True)), bias)
    watch = None if here is None else here.watch_made
    frame = users_frame()
    code, instruction = frame.f_code, frame.f_lasti
    z = bias
    for w, x, first, second in zip(weights, inputs, clock, clock, strict=False):  # the clock has no end
        if type(w) is Value and (type(x) is Value or type(x) is float):
            p: Any = new(Value)
            if type(x) is Value:
                p._data, p._requires_grad = times(w._data, x._data), w._requires_grad or x._requires_grad
            else:
                p._data, p._requires_grad = times(w._data, x), w._requires_grad
            p._grad, p.label, p.op, p.params, p.x, p.y, p.born = None, "", multiply, NO_PARAMS, w, x, first
            p.code, p.instruction = code, instruction
            if watch:
                watch(p)
            total: Any = new(Value)
            total._data, total._requires_grad = plus(z._data, p._data), z._requires_grad or p._requires_grad
            total._grad, total.label, total.op, total.params = None, "", add, NO_PARAMS
            total.x, total.y, total.born = z, p, second
            total.code, total.instruction = code, instruction
            if watch:
                watch(total)
            z = total
        else:  # an integer, an array, a weight that is none: their own methods know
            p = w * x
            z = z + p
            for node in (p, z):
                if isinstance(node, Node):
                    node.code, node.instruction = code, instruction
    return z
