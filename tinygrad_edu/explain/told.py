"""The format in which explanations write: as on paper, and complete, so that what is told can be computed.

Matrix products have no sign, products of arrays element by element have ⊙, comparisons stand in Iverson's brackets,
constants are fractions where they are. Axes and shapes are written wherever the result depends on them.
"""

from __future__ import annotations

import functools
import re
from fractions import Fraction
from typing import Any

import numpy as np

from ..core.node import Node, data_of
from ..core.op import Op
from ..symbolic.formats.format import Piece, signed_number
from ..symbolic.formats.latex import LaTeX
from ..symbolic.formats.mathml import product_sign
from ..symbolic.formats.text import SQUARED, Text
from ..symbolic.formula import is_constant, plain_number
from ..symbolic.names import number_text, tex_number
from ..symbolic.precedence import Binds, Spelling

HANDWRITTEN = (
    (r"\{\} @ \{\}", "{} {}"),
    (r"\{\} (==|!=|<=|>=|<|>) \{\}", r"[{} \1 {}]"),
    (r"\.m?T\b", "ᵀ"),
    (r"\bsigmoid\(", "σ("),
    (r"\*\*2\b", "²"),
    (r" \* ", " · "),
    ("-", "−"),
    (">=", "≥"),
    ("<=", "≤"),
)
LARGEST_DENOMINATOR = 1000  # of the denominators that are written


def as_fraction(x: Any) -> Fraction | None:
    """Return a number as a fraction of small whole numbers; None where it is none, or whole, or a short decimal."""
    if not np.isfinite(x) or float(f"{x:.3g}") == x:
        return None
    found = Fraction(float(x)).limit_denominator(LARGEST_DENOMINATOR)
    return found if found and abs(float(found) - x) <= 4e-16 * abs(x) else None


def skips_spreading(z: Node) -> bool:
    """Tell whether a step only repeats a number or an array, as adding it to a larger one does by itself."""
    assert z.op is not None
    return z.op.name == "broadcast_to"


def product_sign_of(z: Node) -> str:
    """Return the sign of a product: ⊙ of two arrays, · where one side is a number or is written as one."""
    numbers = [np.ndim(plain_number(data_of(x), z) if is_data(x) else data_of(x)) == 0 for x in z.inputs]
    return "·" if any(numbers) else product_sign(z).replace("⊗", "⊙")


def is_data(x: Any) -> bool:
    """Tell whether an operand is written by its numbers and not by a name."""
    return not isinstance(x, Node) or is_constant(x)


class Told(Text):
    """Plain text of an explanation."""

    def spelling(self, z: Node, op: Op) -> Spelling:
        """Return the row's text in the signs of handwriting, with its parameters."""
        if op.name == "power" and not isinstance(z.inputs[1], (Node, np.ndarray)) and z.inputs[1] == 2:
            return SQUARED
        plain = super().spelling(z, op)
        if op.name == "getitem":
            return plain
        written = handwritten(plain.template)
        if op.name == "multiply" and op is z.op:
            written = written.replace("·", product_sign_of(z))
        return Spelling(written, Binds.ATOM if written.startswith("[") else plain.binds, plain.slots)

    def number(self, x: Any) -> Piece:
        """Return a number: as a fraction where it is one, else to six digits."""
        if isinstance(x, (float, np.floating)) and (found := as_fraction(x)):
            return signed_number(str(found).replace("-", "−"), x, self, Binds.PRODUCT)
        return signed_number(re.sub("^-", "−", number_text(x, self.digits)), x, self)

    def skips(self, z: Node) -> bool:
        """Leave out what repeats an array along axes."""
        return super().skips(z) or skips_spreading(z)


class ToldLaTeX(LaTeX):
    """LaTeX of an explanation."""

    def number(self, x: Any) -> Piece:
        """Return a number: as a fraction where it is one, else to six digits."""
        if isinstance(x, (float, np.floating)) and (found := as_fraction(x)):
            sign = "-" if found < 0 else ""
            return signed_number(rf"{sign}\frac{{{abs(found.numerator)}}}{{{found.denominator}}}", x, self, Binds.POWER)
        text = tex_number(x)
        return signed_number(text, x, self, Binds.PRODUCT if r"\cdot" in text else Binds.ATOM)

    def spelling(self, z: Node, op: Op) -> Spelling:
        """Return the row's own LaTeX, with a sign for products element by element."""
        plain = super().spelling(z, op)
        if op.name == "multiply" and op is z.op and product_sign_of(z) != "·":
            return plain._replace(template=plain.template.replace(r"\cdot", r"\odot"))
        return plain

    def skips(self, z: Node) -> bool:
        """Leave out what repeats an array along axes."""
        return super().skips(z) or skips_spreading(z)


@functools.cache
def handwritten(template: str) -> str:
    """Return a row's text in the signs of handwriting."""
    for typed, written in HANDWRITTEN:
        template = re.sub(typed, written, template)
    return template


TOLD, TOLD_LATEX = Told(digits=6), ToldLaTeX()
