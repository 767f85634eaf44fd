"""Derivatives as textbooks write them, a (1 − a), 1 − a², [z > 0], of rows whose own rule is written for accuracy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.backprop import between
from ..core.node import Node, data_of
from ..core.op import TABLE
from .rules import RECORDING, recorded_rule

TEXTBOOK: dict[str, tuple[Callable[..., tuple[Any, ...]], ...]] = {  # by operand: factors, of the result and operands
    "sigmoid": (lambda a, z: (a, 1 - a),),
    "tanh": (lambda a, z: (1 - a**2,),),
    "relu": (lambda a, z: (z > 0,),),
    "maximum": (lambda a, x, y: (x > y,), lambda a, x, y: (y > x,)),
    "minimum": (lambda a, x, y: (x < y,), lambda a, x, y: (y < x,)),
}
APART = frozenset({"maximum", "minimum"})  # rows whose textbook form holds where no two operands are equal


def local_rule(z: Node, i: int, g: Any, result: Any, operands: Sequence[Any], *, anywhere: bool = False) -> Any:
    """Return the gradient of operand `i` as `recorded_rule` does, in the textbook's form where there is one.

    anywhere: whether it must hold for other numbers too, ties among them, and not only for those that `z` was made of.
    """
    assert z.op is not None
    if i == 1 and of_positive_base(z, anywhere):
        base = operands[0] if isinstance(operands[0], Node) else z.leaf(operands[0])  # so that its logarithm is told
        with RECORDING:
            return g * result * TABLE["log"](base)
    tied = z.op.name in APART and (anywhere or np.any(np.equal(*map(data_of, z.inputs))))
    if z.op.name not in TEXTBOOK or z.params or tied:
        return recorded_rule(z, i, g, result, operands)
    if not isinstance(g, Node) and np.all(np.asarray(g) == 1):
        g = 1.0  # so that a product with it is written without it
    return times_slope(z.op.name, i, g, result, *operands)


def of_positive_base(z: Node, anywhere: bool) -> bool:
    """Tell whether a step is a power whose base is positive: (aˣ)' = aˣ log a needs no case for a base of 0."""
    if z.op is None or z.op.name != "power" or z.params or (anywhere and isinstance(z.inputs[0], Node)):
        return False
    base = np.asarray(data_of(z.inputs[0]))
    return base.dtype.kind in "iuf" and bool(np.all(base > 0))


def times_slope(name: str, i: int, g: Any, result: Any, *operands: Any) -> Any:
    """Return a gradient times the slope of a row by operand `i`, as the textbook has it."""
    with RECORDING:
        for factor in TEXTBOOK[name][i](result, *operands):
            g = g * factor
    return g


def textbook_gradient(root: Node, leaf: Node) -> Any:
    """Return the gradient of a number by a leaf that it was made from, as `gradients` does, by textbook rules."""
    path = sorted((z for z in between([leaf], root) if z.requires_grad), key=lambda z: z.born)
    on_path, found = set(path), dict[Node, Any]({root: 1.0})
    for z in reversed(path):
        for i, x in enumerate(z.inputs):
            if z in found and isinstance(x, Node) and x in on_path and z.op is not None and z.op.rules[i] is not None:
                share = local_rule(z, i, found[z], z, z.inputs)
                with RECORDING:
                    found[x] = found[x] + share if x in found else share
    return found.get(leaf, 0.0)
