"""The interface of a format: everything about a notation that the formula writer has to be told.

`formula.Writer` walks the graph, puts brackets and leaves out steps that change nothing, the same way in every format.
A format is a subclass of `Format` and says how each thing is spelled:

- `spelling(z, op)`: a row, as a template with one `{}` an operand, how tightly the whole binds and what each slot asks
  (`precedence.text_spelling(template)` reads both off a template that is Python). Keyword parameters and indices are
  part of the template. A format that cannot spell a row raises ValueError and names it.
- `number`, `array`, `name`, `in_brackets`: constants, nodes that are called by name, and brackets.
- `skips(z)`: whether a step is left out, so that its first operand stands for it.
- `comma`, `newline`, `equation`: between operands of a row with any number of them, and between and within lines.

text.py, latex.py and mathml.py hold the formats of the package; a format must not look at how a row computes.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ...core.node import Node
from ...core.op import Op
from ..names import NodeNames
from ..precedence import Binds, Spelling


class Piece(NamedTuple):
    """A piece of a formula.

    number: its value where it is a constant, so that 1 * x can be written x. opposite: the same without its minus
    sign where it has one, so that x + (-y) can be written x - y.
    """

    text: str
    binds: Binds
    number: float | None = None
    opposite: Piece | None = None


class Format:
    """One notation for formulas."""

    comma = ", "
    newline = "\n"

    def spelling(self, z: Node, op: Op) -> Spelling:
        """Return how `op` is written for node `z`: its own row, or `add`, `subtract` or `negative` in its place."""
        raise NotImplementedError

    def number(self, x: Any) -> Piece:
        """Return a constant number."""
        raise NotImplementedError

    def array(self, x: np.ndarray) -> Piece:
        """Return a constant array."""
        raise NotImplementedError

    def name(self, names: NodeNames, node: Node) -> str:
        """Return a node by its name."""
        raise NotImplementedError

    def in_brackets(self, text: str, binds: Binds = Binds.ANYTHING) -> str:  # noqa: ARG002  # for formats with brackets of several kinds
        """Return text in brackets. binds: how tightly it holds together without them."""
        return f"({text})"

    def skips(self, z: Node) -> bool:
        """Tell whether a step is left out: by default a `reshape` to the shape that its operand has."""
        assert z.op is not None
        return z.op.name == "reshape" and np.shape(z.inputs[0]) == np.shape(z._data)

    def equation(self, left: str, right: str) -> str:
        """Return a line that gives a part of a formula a name."""
        return f"{left} = {right}"


def signed_number(text: str, x: Any, format: Format, binds: Binds = Binds.ATOM) -> Piece:  # noqa: A002  # the plain word for it
    """Return a number that was written as `text`; a negative one knows its opposite."""
    value = float(x) if np.asarray(x).dtype.kind in "biuf" else None
    if text.startswith(("-", "−")):
        return Piece(text, Binds.MINUS, value, format.number(-x))
    return Piece(text, binds, value)
