"""The weighted sum of a neuron of Values, which makes nearly all nodes of a scalar net.

It makes the very nodes that Python's operators would make, one by one and in their order; only the mode and the
running line of the user's program are asked for once a neuron instead of once a node.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

from ..core.context import innermost
from ..core.node import NO_PARAMS, clock, raw_of
from ..core.value import Value
from ..errors.where import users_frame
from ..ops.arithmetic import add, multiply

multiply_floats: Any = multiply.scalar
plus: Any = add.scalar
new = object.__new__  # a local name: no dot in the loop


def reference(weights: Sequence[Any], inputs: Sequence[Any], bias: Any) -> Any:
    """Return the weighted sum as the plain neuron computes it."""
    return sum((w * x for w, x in zip(weights, inputs, strict=True)), bias)


def without_graph(weights: Sequence[Any], inputs: Sequence[Any], bias: Any) -> Any:
    """Return the weighted sum inside `no_grad`, where no node on the way to it can be seen."""
    if not {type(bias), *map(type, weights), *map(type, inputs)} <= {Value, float}:
        return reference(weights, inputs, bias)
    products = map(multiply_floats, map(raw_of, weights), map(raw_of, inputs))
    z: Any = new(Value)
    z._raw = reduce(plus, products, raw_of(bias))  # one by one: Python's `sum` of floats is more exact
    z.remember(add, (), NO_PARAMS, False)
    return z


def weighted_sum(weights: Sequence[Any], inputs: Sequence[Any], bias: Any) -> Any:
    """Return w₁x₁ + w₂x₂ + … + b for lists of equal length, its nodes at a third of the cost."""
    here = innermost()
    if here is not None and not here.recording and here.tracer is None:
        return without_graph(weights, inputs, bias)
    if type(bias) is not Value or (here is not None and not here.recording):
        return reference(weights, inputs, bias)
    hook = None if here is None else here.forward_hook
    frame = users_frame()
    code, instruction = frame.f_code, frame.f_lasti
    z = bias
    for w, x, first, second in zip(weights, inputs, clock, clock, strict=False):  # the clock has no end
        if type(w) is Value and (type(x) is Value or type(x) is float):
            p: Any = new(Value)
            if type(x) is Value:
                p._raw, p._requires_grad = multiply_floats(w._raw, x._raw), w._requires_grad or x._requires_grad
            else:
                p._raw, p._requires_grad = multiply_floats(w._raw, x), w._requires_grad
            p._slope, p.label, p.op, p.params, p.x, p.y, p.born = None, "", multiply, NO_PARAMS, w, x, first
            p.code, p.instruction = code, instruction
            if hook is not None:
                hook(p)
            total: Any = new(Value)
            total._raw, total._requires_grad = plus(z._raw, p._raw), z._requires_grad or p._requires_grad
            total._slope, total.label, total.op, total.params = None, "", add, NO_PARAMS
            total.x, total.y, total.born = z, p, second
            total.code, total.instruction = code, instruction
            if hook is not None:
                hook(total)
            z = total
        else:  # an integer, an array, a weight that is a plain number: their own operators
            z = z + w * x
    return z
