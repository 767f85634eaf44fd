"""The formats of plain text: "text", which `tinygrad_edu.expression` reads again, and "brief", as on paper."""

from __future__ import annotations

import functools
import inspect
import operator
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...core.node import Node, data_of
from ...core.op import Op
from ..names import NodeNames, amount, number_text
from ..precedence import Binds, Spelling, text_spelling
from .format import Format, Piece, signed_number


class Text(Format):
    """Formulas as they are typed: `relu(w * x + b)`, `sum(x, axis=0)[1:]`. digits: of numbers; 0 for all."""

    def __init__(self, digits: int = 0) -> None:
        self.digits = digits

    def spelling(self, z: Node, op: Op) -> Spelling:
        """Return the row's own text, with the parameters that differ from its defaults."""
        if op.name == "getitem":
            return indexed(z)
        spelled = text_spelling(op.text)
        if op is z.op and op.text.endswith(")") and (extra := given_parameters(op, z.params)):
            if isinstance(axis := extra.get("axis"), tuple) and len(axis) == 1:
                extra["axis"] = axis[0]
            named = ", ".join(f"{name}={x}" for name, x in extra.items())
            return Spelling(f"{op.text[:-1]}, {literally(named)})", spelled.binds, spelled.slots)
        return spelled

    def number(self, x: Any) -> Piece:
        """Return a number, exact or to so many digits."""
        return signed_number(number_text(x, self.digits), x, self)

    def array(self, x: np.ndarray) -> Piece:
        """Return a small array in full, a large one by its shape."""
        return Piece(amount(x, self.digits or 4), Binds.ATOM)

    def name(self, names: NodeNames, node: Node) -> str:
        """Return the label as it is."""
        return names[node]


PAPER = ((r"\{\} @ \{\}", "{} {}"), (r"\.m?T\b", "ᵀ"), (r" \* ", "·"), (" / ", "/"), ("-", "−"), (r"\bsum\(", "Σ("))

SQUARED = Spelling("{}²", Binds.POWER, (Binds.ATOM, Binds.ANYTHING))


class Brief(Text):
    """Formulas as on paper: `g Wᵀ`, `(a − y)²`. Without axes, shapes and changes of shape; four digits a number."""

    def __init__(self) -> None:
        super().__init__(digits=4)

    def spelling(self, z: Node, op: Op) -> Spelling:
        """Return the row's text in the signs of handwriting."""
        if op.name == "getitem":
            return indexed(z)
        if op.name == "power" and not isinstance(z.inputs[1], (Node, np.ndarray)) and z.inputs[1] == 2:
            return SQUARED
        return on_paper(op.text)

    def number(self, x: Any) -> Piece:
        """Return a number with a true minus sign."""
        return signed_number(number_text(x, self.digits).replace("-", "−"), x, self)

    def in_brackets(self, text: str, binds: Binds = Binds.ANYTHING) -> str:
        """Return text in brackets; a comparison in Iverson's, which make it 1 or 0."""
        return f"[{text}]" if binds == Binds.COMPARISON else f"({text})"

    def skips(self, z: Node) -> bool:
        """Leave out steps that only give their operand another shape, and repeat it at most."""
        assert z.op is not None
        if z.op.name == "getitem":
            plain = all(part is None or part is ... or isinstance(part, int) for part in z.params["key"])
            return plain and np.size(z._data) == np.size(data_of(z.inputs[0]))
        return z.op.name in ("reshape", "broadcast_to")


@functools.cache
def on_paper(template: str) -> Spelling:
    """Return a row's text in the signs of handwriting."""
    spelled = text_spelling(template)
    for typed, written in PAPER:
        template = re.sub(typed, written, template)
    return Spelling(template, spelled.binds, spelled.slots)


def literally(text: str) -> str:
    """Return text so that a template shows it as it is."""
    return text.replace("{", "{{").replace("}", "}}")


def indexed(z: Node) -> Spelling:
    """Return how an index is typed: what it picks in square brackets, a slot for each array in it."""
    arrays = len(z.inputs) - 1
    inside = index_text(z.params["key"], ["{}"] * arrays)
    return Spelling(f"{{}}[{inside}]", Binds.ATOM, (Binds.ATOM, *[Binds.ANYTHING] * arrays))


def index_text(key: Sequence[Any], arrays: Sequence[str] = ()) -> str:
    """Return a NumPy index as it is typed between square brackets. arrays: the names of those in it."""
    left = iter(arrays)
    return ", ".join(next(left) if isinstance(part, str) else index_part(part) for part in key)


def index_part(part: Any) -> str:
    """Return one part of an index as it is typed."""
    if isinstance(part, slice):
        start, stop, step = ("" if end is None else whole_number(end) for end in (part.start, part.stop, part.step))
        return f"{start}:{stop}:{step}" if step else f"{start}:{stop}"
    return "..." if part is Ellipsis else repr(bool(part)) if isinstance(part, (bool, np.bool_)) else whole_number(part)


def whole_number(n: Any) -> str:
    """Return a whole number, several, or None: the digits alone, whatever type of the user's it is."""
    if isinstance(n, tuple):
        return f"({''.join(whole_number(part) + ', ' for part in n)})"
    return "None" if n is None else repr(operator.index(n))


def given_parameters(op: Op, params: dict[str, Any]) -> dict[str, Any]:
    """Return the keyword parameters that differ from the row's defaults."""
    try:
        defaults = {name: x.default for name, x in inspect.signature(op.forward).parameters.items()} if params else {}
    except (TypeError, ValueError):  # some ufuncs of NumPy have no signature to read
        defaults = {}
    return {name: x for name, x in params.items() if not (name in defaults and defaults[name] == x)}
