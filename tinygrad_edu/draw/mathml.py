"""Writes operations and their rules as MathML, which browsers draw without any library."""

from __future__ import annotations

import re
import warnings
from html import escape
from typing import Any

from ..graph import Node, data_of
from ..value import Value
from .picture import number

LOOSE = frozenset({"+", "−"})  # signs whose operands bind less tightly than those of the others
SIGNS = {"*": "·", "-": "−", "//": "//", "@": "@"}
LETTERS = "xyuvw"


def amount(x: float) -> str:
    """Return a number as MathML."""
    return f"<mn>{number(x, 5)}</mn>"


def fenced(part: str) -> str:
    """Return a part in brackets."""
    return f"<mrow><mo>(</mo>{part}<mo>)</mo></mrow>"


def applied(row: Any, operands: list[str]) -> str:
    """Return an operation on operands that are MathML already."""
    if row.name == "divide":
        return f"<mfrac><mrow>{operands[0]}</mrow><mrow>{operands[1]}</mrow></mfrac>"
    if row.name == "power":
        return f"<msup>{operands[0]}<mrow>{operands[1]}</mrow></msup>"
    if row.name == "sqrt":
        return f"<msqrt>{operands[0]}</msqrt>"
    if row.name == "negative":
        return f"<mrow><mo>−</mo>{operands[0]}</mrow>"
    infix = re.fullmatch(r"\{\} ?(\W+?) ?\{\}", row.text)
    if infix and len(operands) == 2:
        sign = SIGNS.get(infix[1], infix[1])
        return f"<mrow>{operands[0]}<mo>{escape(sign)}</mo>{operands[1]}</mrow>"
    return f"<mrow><mi>{escape(row.name)}</mi>{fenced('<mo>,</mo>'.join(operands))}</mrow>"


def rule(z: Node, i: int) -> str:
    """Return the rule for operand `i` of `z` over g, z, x, y; empty where it cannot be written over single numbers."""
    row: Any = z.op
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            leaf = [Value(float(data_of(x)), letter) for x, letter in zip(z.inputs, LETTERS, strict=False)]
            found = row.rules[i](Value(1.0, "g"), Value(float(data_of(z)), "z"), *leaf, **z.params)
    except Exception:  # a rule is the user's code too, and the page does without this line
        return ""
    return written(found) if isinstance(found, Value) else ""


def written(node: Any) -> str:
    """Return a short formula, down to its leaves. A rule is a few operations, so that this may recurse."""
    if not isinstance(node, Node):
        return amount(float(node))
    if node.op is None:
        return f"<mi>{node.label}</mi>" if node.label else amount(node._data)
    parts = []
    for i, x in enumerate(node.inputs):
        part = written(x)
        sign = x.op.text.strip("{} ") if isinstance(x, Node) and x.op else ""
        tight = node.op.text.strip("{} ") not in ("+", "/") and node.op.text.startswith("{}")
        loose = SIGNS.get(sign, sign) in LOOSE or (isinstance(x, Node) and x.op is not None and x.op.name == "negative")
        parts.append(fenced(part) if loose and tight and not (i == 0 and node.op.name == "subtract") else part)
    return applied(node.op, parts)
