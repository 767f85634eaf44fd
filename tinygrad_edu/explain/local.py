"""The derivative of one step by one operand, as a formula: a rule, run on nodes that only have names."""

from __future__ import annotations

from typing import NamedTuple

from ..core.node import Node
from ..symbolic.names import NodeNames
from ..symbolic.rules import named_leaf
from ..symbolic.textbook import local_rule
from .backward import as_text_and_latex


class Local(NamedTuple):
    """A derivative as text, as LaTeX, and as a number."""

    text: str
    tex: str
    number: float


def local(z: Node, i: int, names: NodeNames) -> Local:
    """Return ∂z/∂x of operand `i` of a step on numbers."""
    leaves = {x: named_leaf(x, x._data, names[x]) for x in (*z.inputs, z) if isinstance(x, Node)}
    found = local_rule(z, i, 1.0, leaves[z], [leaves[y] if isinstance(y, Node) else y for y in z.inputs])
    found = 0.0 if found is None else found
    return Local(*as_text_and_latex(found), float(found._data if isinstance(found, Node) else found))
