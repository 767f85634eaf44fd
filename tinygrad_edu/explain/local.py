"""The derivative of one step by one operand, as a formula: the row's own rule, run on nodes that only have names."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..core.backprop import history
from ..core.node import Node
from ..symbolic.formula import FORMATS, Writer
from ..symbolic.names import Names, number
from ..symbolic.rules import named_leaf, recorded_rule


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
    leaves = {x: named_leaf(x, x._data, names[x]) for x in (*z.inputs, z) if isinstance(x, Node)}
    if upstream is None:
        g = z.leaf(np.ones_like(z._data) if np.ndim(z._data) else 1.0)
    else:
        g = named_leaf(z, upstream[1], upstream[0])
    x = z.inputs[i]
    result = recorded_rule(z, i, g, leaves[z], [leaves[y] if isinstance(y, Node) else y for y in z.inputs])
    result = leaves[x].unbroadcast(result, z, i) if isinstance(result, Node) else result
    if not isinstance(result, Node):
        zero = 0.0 if result is None else result
        return Local(number(zero), number(zero), zero)
    known = Names(history(result))
    text, tex = (Writer(known, FORMATS[name]).piece(result).text for name in ("text", "latex"))
    return Local(text, tex, result._data)
