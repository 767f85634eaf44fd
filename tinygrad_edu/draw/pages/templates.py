"""Operations and their rules as templates of MathML, into which a page puts names, and then numbers.

`{0}`, `{1}`, … stand for the operands, `{z}` for the result and `{g}` for the gradient that arrives.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.backprop import history
from ...core.node import Node, data_of
from ...core.tensor import Tensor
from ...core.value import Value
from ...symbolic.formats.format import Piece
from ...symbolic.formats.mathml import SPACE, MathML, mathml_text
from ...symbolic.formula import FormulaWriter
from ...symbolic.names import NodeNames
from ...symbolic.precedence import Binds
from ...symbolic.textbook import local_rule

FIXED = frozenset({"power"})  # rows whose rule is short once a constant operand is put in


class Template(MathML):
    """MathML with places for names: every label is the name of a place in braces."""

    def name(self, names: NodeNames, node: Node) -> str:
        """Return the label of a stand-in as it is."""
        return node.label or super().name(names, node)


def formula_template(z: Node) -> str:
    """Return the operation that made `z`, over its operands."""
    places = [Piece(f"{{{k}}}", Binds.ATOM) for k in range(len(z.inputs))]
    writer = FormulaWriter(NodeNames(()), Template())
    assert z.op is not None
    return places[0].text if writer.format.skips(z) else writer.row(z, z.op, places).text


def rule(z: Node, i: int) -> str:
    """Return the rule of `z` for operand `i`; empty where it cannot be written."""
    try:
        g, result = letter(z, np.ones(np.shape(z._data)), "g"), letter(z, z, "z")
        operands = [letter(z, x, k) for k, x in enumerate(z.inputs)]
        if names_numbers(z):
            operands = [x if not isinstance(x, Node) else y for x, y in zip(z.inputs, operands, strict=True)]
        found = local_rule(z, i, g, result, operands, anywhere=True)
        return summed_over_axes(found, np.shape(data_of(z.inputs[i]))) if isinstance(found, Node) else ""
    except Exception:  # a rule is the user's code too, and the page does without this line
        return ""


def summed_over_axes(found: Node, shape: tuple[int, ...]) -> str:
    """Return a rule in words as far as it is: summed over the axes along which the operand was repeated."""
    mine = np.shape(found._data)
    text = FormulaWriter(NodeNames(history(found)), Template()).piece(found).text
    if len(mine) > len(shape) or (mine != shape and np.size(found._data) > 1):
        extra = len(mine) - len(shape)
        axes = [k for k, n in enumerate(mine) if k < extra or n != shape[k - extra]]
        return f"<mrow><munder><mo>∑</mo>{mathml_text('axis ' + str(axes)[1:-1])}</munder>{text}</mrow>"
    spread = found.op is not None and found.op.name == "broadcast_to"
    return f"<mrow>{text}{SPACE}{mathml_text('for each')}</mrow>" if spread else text


def names_numbers(z: Node) -> bool:
    """Return whether the rules of `z` have constant operands in them as numbers."""
    return z.op is not None and z.op.name in FIXED and not all(isinstance(x, (Node, np.ndarray)) for x in z.inputs)


def letter(z: Node, x: Any, name: Any) -> Node:
    """Return a node of the kind of `z` with the data of `x` and a place in a template for a name."""
    numbers, label = data_of(x), f"{{{name}}}"
    if isinstance(z, Value):
        return Value(float(numbers), label)
    return Tensor(numbers, requires_grad=np.asarray(numbers).dtype.kind in "fc", label=label)
