"""The format of LaTeX, as amsmath, MathJax and matplotlib's mathtext set it."""

from __future__ import annotations

import functools
import re
from string import Formatter
from typing import Any

import numpy as np

from ...core.node import Node
from ...core.op import Op
from ..names import NodeNames, amount, tex_number, tex_text
from ..precedence import Binds, Spelling, tex_spelling
from .format import Format, Piece, signed_number
from .text import given_parameters, indexed, literally

FUNCTION_NAME = re.compile(
    r"\\(mathrm\{\{[^{}]*\}\}|[a-zA-Z]+)(?=\(|\s\{\})"
)  # a function's name at the start of a template


@functools.cache
def as_tex(template: str) -> str:
    """Return a row's text as LaTeX that shows it as it is."""
    parts = [(tex_text(literal).replace(r"\ ", " "), hole) for literal, hole, _, _ in Formatter().parse(template)]
    return "".join(literally(text) + ("" if hole is None else "{}") for text, hole in parts)


class LaTeX(Format):
    """Formulas in LaTeX's mathematics mode."""

    newline = r" \\ "

    def spelling(self, z: Node, op: Op) -> Spelling:
        """Return the row's own LaTeX, or its text where it has none; axes and numbers below the function's name."""
        if op.name == "getitem":
            return indexed(z)
        template = op.tex or as_tex(op.text)
        if op is z.op and z.params and (head := FUNCTION_NAME.match(template)):
            shown = {k: x for k, x in given_parameters(op, z.params).items() if k == "axis" or type(x) in (int, float)}
            if shown:
                below = r",\ ".join(rf"\mathrm{{{{{tex_text(k)}}}}}\ {x}" for k, x in shown.items())
                template = f"{head[0]}_{{{{{below}}}}}{template[head.end() :]}"
        return tex_spelling(template)

    def number(self, x: Any) -> Piece:
        """Return a number to six digits; one with a power of ten is a product."""
        text = tex_number(x)
        return signed_number(text, x, self, Binds.PRODUCT if r"\cdot" in text else Binds.ATOM)

    def array(self, x: np.ndarray) -> Piece:
        """Return a small array in full, a large one by its shape, upright."""
        return Piece(r"\mathrm{" + amount(x).replace(" ", r"\ ") + "}", Binds.ATOM)

    def name(self, names: NodeNames, node: Node) -> str:
        """Return the label with its indices below and above."""
        return names.tex(node)
