"""The format of MathML, which browsers set without any library."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np

from ...core.node import Node, data_of
from ...core.op import Op
from ..names import PARTS, NodeNames, amount, number_text
from ..precedence import Binds, Spelling, text_spelling
from .format import Format, Piece, signed_number
from .text import index_part, literally

TIMES, PAIRS, ALL = "·", "⊙", "⊗"  # of numbers; element by element; of every number with every other
MATHML_SIGNS = {"*": TIMES, "-": "−", "@": "\u2062", "<=": "≤", ">=": "≥", "!=": "≠", "==": "="}
SPACE = '<mspace width=".35em"/>'  # at the ends of a text spaces are taken away
ROW_TOKEN = re.compile(
    r"(?P<hole>\{\}(\.m?T)?|\))(\*\*(?P<power>\d+))?|(?P<word>[^\W\d]\w*)|(?P<amount>[\d.]+)|(?P<sign>//|[<>=!]=|[^\w\s{}])"
)
CASES = (
    f'<mtable class="cases"><mtr><mtd>{{1}}</mtd><mtd><mtext>if</mtext>{SPACE}{{0}}</mtd></mtr>'
    "<mtr><mtd>{2}</mtd><mtd><mtext>else</mtext></mtd></mtr></mtable>"
)
OPEN = Binds.ANYTHING
BRACES = ("\x00", "\x01")  # no text has these
TWO_DIMENSIONAL = {  # rows that are set above, below or beside each other
    "divide": Spelling("<mfrac><mrow>{}</mrow><mrow>{}</mrow></mfrac>", Binds.POWER, (OPEN, OPEN)),
    "power": Spelling("<msup>{}<mrow>{}</mrow></msup>", Binds.POWER, (Binds.ATOM, OPEN)),
    "sqrt": Spelling("<msqrt>{}</msqrt>", Binds.ATOM, (OPEN,)),
    "where": Spelling(CASES, Binds.ATOM, (OPEN, OPEN, OPEN)),
}


class MathML(Format):
    """Formulas as the contents of a `<math>` element."""

    comma = "<mo>,</mo>"
    newline = '<mspace linebreak="newline"/>'

    def spelling(self, z: Node, op: Op) -> Spelling:
        """Return a row in two dimensions where it has such a form, else its text with true signs."""
        if op.name in TWO_DIMENSIONAL:
            return TWO_DIMENSIONAL[op.name]
        if op.name == "getitem":
            template = f"<msub>{{0}}{mathml_text(short_index(z.params['key']))}</msub>"
            return Spelling(template, Binds.ATOM, (Binds.ATOM,) * len(z.inputs))
        if op.name == "put":
            place = mathml_text(f"at {short_index(z.params['key'])}, else 0")
            return Spelling(f"<mrow>{{0}}{SPACE}{place}</mrow>", Binds.ATOM, (OPEN,) * len(z.inputs))
        if op is z.op and op.slots != len(z.inputs):
            operands = self.comma.join(["{}"] * len(z.inputs))
            name = f"<mi>{escape(op.name)}</mi>"
            return Spelling(f"<mrow>{name}{self.in_brackets(operands)}</mrow>", Binds.ATOM, (OPEN,) * len(z.inputs))
        axis = z.params.get("axis") if op is z.op and len(z.inputs) == 1 else None
        return row_of_tokens(op.text, product_sign(z) if op is z.op else TIMES, axis)

    def number(self, x: Any) -> Piece:
        """Return a number to five digits."""
        text = number_text(x, 5).replace("-", "−")
        piece = signed_number(text, x, self)
        return piece._replace(text=f"<mn>{escape(text)}</mn>")

    def array(self, x: np.ndarray) -> Piece:
        """Return a small array in full, a large one by its shape."""
        return Piece(mathml_text(amount(x)), Binds.ATOM)

    def name(self, names: NodeNames, node: Node) -> str:
        """Return the label with its indices below and above."""
        return self.label(names[node])

    def label(self, text: str) -> str:
        """Return a name with its indices below and above."""
        match = PARTS.match(text)
        if not match:
            return mathml_text(text)
        base, low, high = (escape(match[part] or "") for part in ("base", "low", "high"))
        base = f"<mi>{base}{match['primes']}</mi>"
        low, high = f"<mi>{low}</mi>" if low else "", f"<mi>{high}</mi>" if high else ""
        if low and high:
            return f"<msubsup>{base}{low}{high}</msubsup>"
        return f"<msub>{base}{low}</msub>" if low else f"<msup>{base}{high}</msup>" if high else base

    def in_brackets(self, text: str, binds: Binds = Binds.ANYTHING) -> str:
        """Return a part in brackets; a comparison in Iverson's, which make it 1 or 0."""
        left, right = "[]" if binds == Binds.COMPARISON else "()"
        return f"<mrow><mo>{left}</mo>{text}<mo>{right}</mo></mrow>"

    def skips(self, z: Node) -> bool:
        """Leave out steps and indices that only make an array fit."""
        assert z.op is not None
        if z.op.name == "getitem":
            return all(part is None or part is Ellipsis or part == slice(None) for part in z.params["key"])
        return z.op.name in ("broadcast_to", "reshape")

    def equation(self, left: str, right: str) -> str:
        """Return a line that gives a part of a formula a name."""
        return f"{left}<mo>=</mo>{right}"


def mathml_text(text: str) -> str:
    """Return plain text within a formula, as part of a template or of a piece."""
    return f"<mtext>{literally(escape(text))}</mtext>"


def short_index(key: Sequence[Any]) -> str:
    """Return an index of integers and slices as text; any other part of it as an ellipsis."""
    return ", ".join("…" if part is Ellipsis or isinstance(part, str) else index_part(part) for part in key)


def product_sign(z: Node) -> str:
    """Return the sign of a product: of numbers, of arrays pair by pair, or of every number with every other."""
    sizes = [np.size(data_of(x)) for x in z.inputs]
    if z.op is None or z.op.name != "multiply" or min(sizes) == 1:
        return TIMES
    return ALL if np.size(z._data) > max(sizes) else PAIRS


@functools.cache
def row_of_tokens(text: str, times: str, axis: Any) -> Spelling:
    """Return a row's text token by token: letters, numbers and signs each in their element."""
    signs = {**MATHML_SIGNS, "*": times}

    def token(found: re.Match[str]) -> str:
        if hole := found["hole"]:
            part = "<mo>)</mo>" if hole == ")" else "{}"
            part = f"<msup>{part}<mi>T</mi></msup>" if hole.endswith("T") else part
            return f"<msup>{part}<mn>{found['power']}</mn></msup>" if found["power"] else part
        if sign := found["sign"]:
            return f"<mo>{escape(signs.get(sign, sign))}</mo>"
        return f"<mi>{found['word']}</mi>" if found["word"] else f"<mn>{found['amount']}</mn>"

    plain = text_spelling(text)
    one, other = BRACES  # in the place of braces that are shown, and are no slots
    tokens = ROW_TOKEN.sub(token, text.replace("{{", one).replace("}}", other)).replace(" ", "")
    template = f"<mrow>{tokens.replace(one, '{{').replace(other, '}}')}</mrow>"
    if axis is not None:
        template = template.replace("{}", f"{{}}<mo>,</mo>{mathml_text(f'axis {axis}')}")
    return Spelling(template, plain.binds, plain.slots)
