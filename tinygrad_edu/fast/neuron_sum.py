"""The weighted sum of a neuron of Values as one node, whose parts are made when somebody looks at them.

A neuron with n weights is n products and n sums, and such neurons make nearly all nodes of a scalar net. Here the last
sum is made at once, and the 2n - 1 nodes before it only when its `inputs` are asked for: with the data, the ages, the
places in the program and the gradients that Python's operators would have given them. `value_backward` carries a
gradient past them without making them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce
from itertools import chain, islice
from typing import Any

from ..core.context import innermost
from ..core.deferred import DEFERRED, Deferred
from ..core.node import NO_PARAMS, Node, clock, raw_of, tick
from ..core.op import Op
from ..core.value import Value
from ..errors.where import users_frame
from ..ops.arithmetic import add, multiply

multiply_floats: Any = multiply.scalar
plus: Any = add.scalar
new = object.__new__


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


def products_of(weights: Sequence[Any], inputs: Sequence[Any]) -> list[float]:
    """Return products of Values that need a gradient by Values, or by floats; leave other operands out."""
    if type(inputs[0]) is Value:
        return [
            w._raw * x._raw
            for w, x in zip(weights, inputs, strict=False)
            if type(w) is Value and w._requires_grad and type(x) is Value
        ]
    return [
        w._raw * x
        for w, x in zip(weights, inputs, strict=False)
        if type(w) is Value and w._requires_grad and type(x) is float
    ]


def weighted_sum(weights: Sequence[Any], inputs: Sequence[Any], bias: Any) -> Any:
    """Return w₁x₁ + w₂x₂ + … + b for lists of equal length, as one node where all parts of it need a gradient."""
    here = innermost()
    if here is not None:
        return (reference if here.recording or here.tracer is not None else without_graph)(weights, inputs, bias)
    n, first = len(weights), tick()
    if type(bias) is not Value or not bias._requires_grad or not n or len(products := products_of(weights, inputs)) < n:
        return reference(weights, inputs, bias)
    start = total = bias._raw
    for product in products:  # one by one: Python's `sum` of floats is more exact
        total += product
    last = next(islice(clock, 2 * n - 2, None))
    if last - first != 2 * n - 1:  # not one age after the other: another thread was here, and may have assigned
        return reference(weights, inputs, bias)
    z: Any = new(Value)
    z._raw = total
    z._requires_grad = True
    z._slope = None
    z.label = ""
    z.op = add
    z.params = NO_PARAMS
    z.x = Summands(tuple(weights), tuple(inputs), bias, start, products)
    z.y = DEFERRED
    z.born = last
    frame = users_frame()
    z.code = frame.f_code
    z.instruction = frame.f_lasti
    return z


class Summands(Deferred):
    """The two operands of a neuron's weighted sum before they are made: the sum so far, and the last product."""

    __slots__ = ("bias", "inputs", "products", "start", "weights")

    def __init__(
        self, weights: tuple[Value, ...], inputs: tuple[Any, ...], bias: Value, start: float, products: list[float]
    ) -> None:
        self.weights, self.inputs, self.products = weights, inputs, products
        self.bias, self.start = bias, start  # a leaf's number may be another one when they are made

    def operands(self, z: Node) -> tuple[Node, Node]:
        """Make the products and the sums before `z`, from the oldest on; return the last two."""
        so_far, total, age = self.bias, self.start, z.born - 2 * len(self.weights) + 1
        for w, x, product in zip(self.weights, self.inputs, self.products, strict=True):
            last = so_far, summand(multiply, w, x, product, age, z)
            total = plus(total, product)
            so_far = summand(add, *last, total, age + 1, z)  # the newest of them would be `z` itself
            age += 2
        return last

    def factors(self) -> Iterator[tuple[Value, Any]]:
        """Yield each weight with its input and the bias with 1, in the order in which a walk back reaches them."""
        weights, inputs = self.weights, self.inputs
        return chain(zip(weights[:0:-1], inputs[:0:-1], strict=True), ((self.bias, 1.0), (weights[0], inputs[0])))


def summand(op: Op, x: Value, y: Any, data: float, age: int, z: Node) -> Any:
    """Make a node on the way to `z`: so far nobody has seen it, so it has the gradient that `z` has."""
    node: Any = new(Value)
    node._raw, node._requires_grad, node._slope, node.label, node.born = data, True, z._slope, "", age
    node.op, node.params, node.x, node.y, node.code, node.instruction = op, NO_PARAMS, x, y, z.code, z.instruction
    return node
