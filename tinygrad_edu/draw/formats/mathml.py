"""Writes operations and their rules as MathML, which browsers draw without any library.

A formula is a template: `{0}`, `{1}`, … stand for the operands, `{z}` for the result and `{g}` for the gradient that
arrives. The page puts names into it, and then numbers.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from html import escape
from typing import Any

import numpy as np

from ...core.node import Node, data_of
from ...core.tensor import Tensor
from ...core.value import Value
from ..graph.picture import number, shown, summary

LOOSE = frozenset({"add", "subtract", "negative"})  # rows whose operands bind less tightly than those of the others
TIMES, PAIRS, ALL = "·", "⊙", "⊗"  # of numbers; element by element; of every number with every other
SIGNS = {"*": TIMES, "-": "−", "@": "\u2062", "<=": "≤", ">=": "≥", "!=": "≠", "==": "="}
SPACE = '<mspace width=".35em"/>'  # at the ends of a text they are taken away
TOKEN = re.compile(
    r"(?P<hole>\{\}(\.m?T)?|\))(\*\*(?P<power>\d+))?|(?P<word>[^\W\d]\w*)|(?P<amount>[\d.]+)|(?P<sign>//|[<>=!]=|[^\w\s{}])"
)
SPREADS = frozenset({"broadcast_to", "reshape"})  # only make an array fit, and are not worth a word
FIXED = frozenset({"power"})  # rows whose rule is short once a constant operand is put in


def amount(x: Any) -> str:
    """Return a number as MathML, or of an array what it consists of."""
    return f"<mn>{number(float(x), 5) if np.size(x) == 1 else summary(x)}</mn>"


def words(text: str) -> str:
    """Return plain text within a formula."""
    return f"<mtext>{escape(shown(text))}</mtext>"


def fenced(part: str) -> str:
    """Return a part in brackets."""
    return f"<mrow><mo>(</mo>{part}<mo>)</mo></mrow>"


def raised(part: str, power: str) -> str:
    """Return a part with something above it."""
    return f"<msup>{part}<mrow>{power}</mrow></msup>"


def applied(row: Any, operands: list[str], params: Mapping[str, Any], times: str = TIMES) -> str:
    """Return an operation on operands that are MathML already."""
    if row.name == "divide":
        return f"<mfrac><mrow>{operands[0]}</mrow><mrow>{operands[1]}</mrow></mfrac>"
    if row.name == "power":
        return operands[0] if operands[1] == "<mn>1</mn>" else raised(*operands)
    if row.name == "sqrt":
        return f"<msqrt>{operands[0]}</msqrt>"
    if row.name == "where":
        either, other = (f"<mtd>{part}</mtd>" for part in operands[1:])
        when, rest = f"<mtd>{words('if')}{SPACE}{operands[0]}</mtd>", f"<mtd>{words('else')}</mtd>"
        return f'<mtable class="cases"><mtr>{either}{when}</mtr><mtr>{other}{rest}</mtr></mtable>'
    if row.name == "getitem":
        return picked(operands[0], params["key"])
    if row.name == "put":
        where = words(f"at {index(params['key'])}, else 0")
        return f"<mrow>{operands[0]}{SPACE}{where}</mrow>"
    if params.get("axis") is not None and len(operands) == 1:
        operands = [f"{operands[0]}<mo>,</mo>{words('axis ' + str(params['axis']))}"]
    if row.text.count("{}") != len(operands):
        return f"<mrow><mi>{escape(row.name)}</mi>{fenced('<mo>,</mo>'.join(operands))}</mrow>"
    left, signs = iter(operands), {**SIGNS, "*": times}

    def token(found: re.Match[str]) -> str:
        if hole := found["hole"]:
            part = "<mo>)</mo>" if hole == ")" else next(left)
            part = raised(part, "<mi>T</mi>") if hole.endswith("T") else part
            return raised(part, f"<mn>{found['power']}</mn>") if found["power"] else part
        if sign := found["sign"]:
            return f"<mo>{escape(signs.get(sign, sign))}</mo>"
        return f"<mi>{found['word']}</mi>" if found["word"] else f"<mn>{found['amount']}</mn>"

    return f"<mrow>{TOKEN.sub(token, row.text).replace(' ', '')}</mrow>"


def picked(part: str, key: tuple[Any, ...]) -> str:
    """Return an array with what is picked out of it as an index; a key that only makes it fit is left out."""
    fits = all(at is None or at is Ellipsis or at == slice(None) for at in key if not isinstance(at, np.ndarray))
    return part if fits else f"<msub>{part}{words(index(key))}</msub>"


def index(key: tuple[Any, ...]) -> str:
    """Return a key of integers and slices as text; whatever else is in it, as an ellipsis."""
    parts = []
    for at in key:
        ends = (at.start, at.stop) if isinstance(at, slice) else (at,)
        parts.append(":".join(str(end) if isinstance(end, int) else "" if end is None else "…" for end in ends))
    return shown(", ".join(parts))


def product(row: Any, z: Any, operands: list[Any]) -> str:
    """Return the sign for a product of these operands: numbers, arrays pair by pair, or every one with every other."""
    sizes = [np.size(data_of(x)) for x in operands]
    if row.name != "multiply" or min(sizes) == 1:
        return TIMES
    return ALL if np.size(data_of(z)) > max(sizes) else PAIRS


def formula(z: Node) -> str:
    """Return the operation that made `z`, over its operands."""
    row: Any = z.op
    holes = [f"{{{k}}}" for k in range(len(z.inputs))]
    return applied(row, holes, z.params, product(row, z, list(z.inputs)))


def rule(z: Node, i: int) -> str:
    """Return the rule of `z` for operand `i`; empty where it cannot be written."""
    row: Any = z.op
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            g, of_z = letter(z, np.ones(np.shape(z._data)), "g"), letter(z, z, "z")
            operands = [letter(z, x, k) for k, x in enumerate(z.inputs)]
            if names_numbers(z):
                operands = [x if not isinstance(x, Node) else y for x, y in zip(z.inputs, operands, strict=True)]
            found = row.rules[i](g, of_z, *operands, **z.params)
            return fitted(found, np.shape(data_of(z.inputs[i]))) if isinstance(found, Node) else ""
    except Exception:  # a rule is the user's code too, and the page does without this line
        return ""


def fitted(found: Node, shape: tuple[int, ...]) -> str:
    """Return a rule in words as far as it is: summed over the axes along which the operand was repeated."""
    mine, said = np.shape(found._data), written(found)
    if len(mine) > len(shape) or (mine != shape and np.size(found._data) > 1):
        extra = len(mine) - len(shape)
        axes = [k for k, n in enumerate(mine) if k < extra or n != shape[k - extra]]
        return f"<mrow><munder><mo>∑</mo>{words('axis ' + str(axes)[1:-1])}</munder>{said}</mrow>"
    spread = found.op is not None and found.op.name == "broadcast_to"
    return f"<mrow>{said}{SPACE}{words('for each')}</mrow>" if spread else said


def names_numbers(z: Node) -> bool:
    """Return whether the rules of `z` have constant operands in them as numbers."""
    return z.op is not None and z.op.name in FIXED and not all(isinstance(x, (Node, np.ndarray)) for x in z.inputs)


def letter(z: Node, x: Any, name: Any) -> Node:
    """Return a node of the kind of `z` with the data of `x` and a place in a template for a name."""
    numbers, label = data_of(x), f"{{{name}}}"
    if isinstance(z, Value):
        return Value(float(numbers), label)
    return Tensor(numbers, requires_grad=np.asarray(numbers).dtype.kind in "fc", label=label)


def written(node: Any) -> str:
    """Return a short formula, down to its leaves. A rule is a few operations, so that this may recurse."""
    if not isinstance(node, Node):
        return amount(node)
    if node.op is None:
        return node.label or amount(node._data)
    if node.op.name in SPREADS:
        return written(node.inputs[0])
    parts = []
    for i, x in enumerate(node.inputs):
        part, name = written(x), node.op.name
        tight = name not in ("add", "divide") and node.op.text.startswith("{}") and not (i == 0 and name == "subtract")
        parts.append(fenced(part) if isinstance(x, Node) and x.op and x.op.name in LOOSE and tight else part)
    return applied(node.op, parts, node.params, product(node.op, node, list(node.inputs)))
