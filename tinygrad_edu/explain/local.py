"""The derivative of one step by one operand, as a formula: the row's own rule, run on nodes that only have names."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..core.backprop import history
from ..core.node import Node
from ..symbolic.formula import Writer
from ..symbolic.names import Names, number


class Local(NamedTuple):
    """A derivative as text, as LaTeX, and as data."""

    text: str
    tex: str
    data: Any


def local(z: Node, i: int, names: Names, upstream: tuple[str, Any] | None = None) -> Local:
    """Return what operand `i` of `z` is handed for a gradient of 1, or for the gradient that `upstream` names.

    Without `upstream` it is ∂z/∂x, for steps whose numbers depend on each other one by one.
    upstream: the name of the gradient that arrives, and its data.
    """
    assert z.op is not None
    stand_ins: dict[Node, Node] = {}
    for node in (*z.inputs, z):
        if isinstance(node, Node) and node not in stand_ins:
            stand_ins[node] = node.leaf(node._data)
            stand_ins[node].label = names[node]
    if upstream is None:
        g = z.leaf(np.ones_like(z._data) if np.ndim(z._data) else 1.0)
    else:
        g = z.leaf(upstream[1])
        g.label = upstream[0]
    x = z.inputs[i]
    operands = [stand_ins[y] if isinstance(y, Node) else y for y in z.inputs]
    result = z.op.rules[i](g, stand_ins[z], *operands, **z.params)
    result = stand_ins[x].fit(result, z, i) if isinstance(result, Node) else result
    if not isinstance(result, Node):
        shown = number(0.0 if result is None else result)
        return Local(shown, shown, 0.0 if result is None else result)
    order = history(result)
    known = Names(order)
    return Local(Writer(known, "text").piece(result).text, Writer(known, "latex").piece(result).text, result._data)
