"""A node as the formula that computed it, in plain text or LaTeX.

Knows how rows are spelled, and nothing of what they compute. A part that is used twice in a long formula gets a
line of its own, so that what is written grows with the graph and not with the number of paths through it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Container
from typing import Any, Literal, NamedTuple

import numpy as np

from ..core.backprop import history
from ..core.node import Node, data_of
from ..core.op import Op
from .names import Names, amount, expect_node, number, tex_number
from .precedence import Binds, tex_spelling, text_spelling

LONGEST = 300  # characters in one line, beyond which parts get lines of their own
Format = Literal["text", "latex", "brief"]


class Piece(NamedTuple):
    """A piece of a formula: its characters, and how tightly they bind."""

    text: str
    binds: Binds


def formula(node: Node, format: Format = "text") -> str:  # noqa: A002  # the plain word for it
    """Return the formula by which `node` was computed: "relu(w * x + b)".

    format: "text", which `tinygrad_edu.expression` can read again, "latex", or "brief", which is text without axes,
    shapes and changes of shape, with four digits a number. A formula that would be long is written in several lines,
    each naming a part that the ones after it use.
    """
    if format not in ("text", "latex", "brief"):
        raise ValueError(f'format is "text", "latex" or "brief", not {format!r}')
    expect_node(node, "formula")
    order = history(node)
    writer = Writer(Names(order), format)
    named = parts(node, order)
    lines = [writer.equation(part, named) for part in order if part in named]
    last = writer.piece(node, named - {node}).text
    return r" \\ ".join([*lines, last]) if format == "latex" else "\n".join([*lines, last])


def parts(node: Node, order: list[Node]) -> set[Node]:
    """Return the nodes that deserve lines of their own: none in a short formula, shared and long ones otherwise."""
    uses = dict.fromkeys(order, 0)
    for z in order:
        for x in z.inputs:
            if isinstance(x, Node):
                uses[x] += 1
    for split in (False, True):
        named: set[Node] = set()
        length: dict[Node, int] = {}
        for z in order:
            whole = 4 + sum(6 if not isinstance(x, Node) or x in named else length[x] for x in z.inputs)
            length[z] = len(z.label) or 4 if z.op is None else whole
            if split and z.op and z is not node and (whole > LONGEST or (uses[z] > 1 and whole > 12)):
                named.add(z)
        if length[node] <= LONGEST:
            break
    return named


class Writer:
    """Writes pieces of formulas in one format, under one set of names."""

    def __init__(self, names: Names, format: Format, digits: int = 0) -> None:  # noqa: A002  # as above
        self.names = names
        self.latex, self.brief = format == "latex", format == "brief"
        self.digits = 4 if self.brief else digits  # of numbers in text; 0 for all of them

    def equation(self, node: Node, named: Container[Node]) -> str:
        """Return `name = formula`, where nodes of `named` stand as their names."""
        left = self.names.tex(node) if self.latex else self.names[node]
        return f"{left} = {self.written(node, lambda x: self.piece(x, named)).text}"

    def piece(self, root: Node, named: Container[Node] = ()) -> Piece:
        """Return the formula of a node, down to its leaves and to the nodes of `named`."""
        if root in named or root.op is None:
            return self.name(root)
        done: dict[Node, Piece] = {}
        stack = [root]
        while stack:
            z = stack[-1]
            missing = [
                x for x in z.inputs if isinstance(x, Node) and x not in done and x.op is not None and x not in named
            ]
            if missing:
                stack += missing
                continue
            stack.pop()
            done[z] = self.written(z, lambda x: done[x] if x in done else self.name(x))
        return done[root]

    def name(self, node: Node) -> Piece:
        """Return a node by its name; a constant leaf without a name by its number."""
        if not node.label and node.op is None and not node.requires_grad:
            return self.constant(node._data)
        return Piece(self.names.tex(node) if self.latex else self.names[node], Binds.ATOM)

    def written(self, z: Node, of: Callable[[Node], Piece]) -> Piece:
        """Return one node's own step, its operands written by `of`."""
        assert z.op is not None
        operands = [of(x) if isinstance(x, Node) else self.constant(x) for x in z.inputs]
        unchanged = z.op.name == "reshape" and np.shape(z.inputs[0]) == np.shape(z._data)
        if unchanged or (self.brief and reshapes(z)):
            return operands[0]
        inner = z.inputs[0]
        if z.op.name == "mT" and isinstance(inner, Node) and inner.op is z.op:  # transposed and transposed back
            return of(inner.inputs[0]) if isinstance(inner.inputs[0], Node) else self.constant(inner.inputs[0])
        return cleaned(z.op.name, operands) or self.spelled(z.op, operands, z.params)

    def spelled(self, row: Op, operands: list[Piece], params: dict[str, Any]) -> Piece:
        """Return a row's own spelling with its operands in place, in brackets where they would bind too loosely."""
        if row.name == "getitem":
            return Piece(f"{bracketed(operands[0], Binds.ATOM)}{index(operands[1:], params['key'])}", Binds.ATOM)
        spelling = (tex_spelling if self.latex else text_spelling)(row.tex if self.latex and row.tex else row.text)
        count = len(spelling.slots)
        filled = [bracketed(x, asked) for x, asked in zip(operands, spelling.slots, strict=False)]
        if len(operands) > count > 0:  # a row of any number of operands has one slot for all
            filled[-1] = ", ".join([filled[-1], *(x.text for x in operands[count:])])
        text = spelling.template.format(*filled)
        if not (self.latex or self.brief) and text.endswith(")") and (more := shown(row, params)):
            text = f"{text[:-1]}, {more})"
        return Piece(text, spelling.binds)

    def constant(self, x: Any) -> Piece:
        """Return a constant: a number, a small array in full, a large one by its shape."""
        if isinstance(x, np.ndarray) and x.dtype.kind == "f" and x.size and (x == x.flat[0]).all():
            x = x.flat[0]
        if np.ndim(x):
            text = amount(x)
            return Piece(r"\mathrm{" + text.replace(" ", r"\ ") + "}" if self.latex else text, Binds.ATOM)
        text = tex_number(x) if self.latex else number(x, self.digits)
        if text.startswith("-"):
            return Piece(text, Binds.MINUS)
        return Piece(text, Binds.PRODUCT if r"\cdot" in text else Binds.ATOM)


def reshapes(z: Node) -> bool:
    """Tell whether a step only gives its operand another shape, and repeats it at most."""
    assert z.op is not None
    if z.op.name == "getitem":
        plain = all(part is None or part is ... or isinstance(part, int) for part in z.params["key"])
        return plain and np.size(z._data) == np.size(data_of(z.inputs[0]))
    return z.op.name in ("reshape", "broadcast_to")


def bracketed(piece: Piece, asked: Binds) -> str:
    """Return a piece, in brackets if it binds more loosely than its place asks."""
    return piece.text if piece.binds >= asked else f"({piece.text})"


def cleaned(row: str, operands: list[Piece]) -> Piece | None:
    """Return what is left of a step that changes nothing or only a sign: `1 * x`, `x ** 1`, `x + 0`, `--x`."""
    texts = [x.text for x in operands]
    match row, texts:
        case ("multiply", ["1", _]) | ("add", ["0", _]):
            return operands[1]
        case ("multiply" | "divide" | "power", [_, "1"]) | ("add" | "subtract", [_, "0"]) | ("astype", [_]):
            return operands[0]
        case ("multiply", ["-1", _]) | ("subtract", ["0", _]):
            return minus(operands[1])
        case ("multiply" | "divide", [_, "-1"]):
            return minus(operands[0])
        case ("negative", [_]):
            return minus(operands[0])
        case ("power", [_, "0"]):
            return Piece("1", Binds.ATOM)
        case ("add", [_, y]) if y.startswith("-") and operands[1].binds >= Binds.PRODUCT:
            return Piece(f"{texts[0]} - {y[1:]}", Binds.SUM)
        case ("subtract", [_, y]) if y.startswith("-") and operands[1].binds >= Binds.PRODUCT:
            return Piece(f"{texts[0]} + {y[1:]}", Binds.SUM)
        case ("multiply", [x, y]) if x in ("0", "0.0") or y in ("0", "0.0"):
            return Piece("0", Binds.ATOM)
    return None


def minus(piece: Piece) -> Piece:
    """Return a piece with its sign turned round."""
    if piece.binds == Binds.MINUS and piece.text.startswith("-"):
        inner = piece.text[1:]
        return Piece(inner[1:-1] if inner.startswith("(") and closes_at_end(inner) else inner, Binds.SUM)
    if piece.text == "0":
        return piece
    return Piece("-" + bracketed(piece, Binds.POWER), Binds.MINUS)


def closes_at_end(text: str) -> bool:
    """Tell whether the bracket that a text starts with is closed by its last character."""
    depth = 0
    for i, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if depth == 0:
            return i == len(text) - 1
    return False


def index(operands: list[Piece], key: Any) -> str:
    """Return an index in square brackets, the arrays in it by their names."""
    arrays = iter(operands)
    return "[" + ", ".join(next(arrays).text if part == "HERE" else one(part) for part in key) + "]"


def one(part: Any) -> str:
    """Return one part of an index as it is typed."""
    if isinstance(part, slice):
        ends = ":".join("" if x is None else str(x) for x in (part.start, part.stop))
        return ends if part.step is None else f"{ends}:{part.step}"
    return "..." if part is Ellipsis else str(part)


def shown(row: Op, params: dict[str, Any]) -> str:
    """Return the keyword parameters that differ from the row's defaults."""
    try:
        defaults = {name: x.default for name, x in inspect.signature(row.forward).parameters.items()}
    except (TypeError, ValueError):  # some ufuncs of NumPy have no signature to read
        defaults = {}
    named = {name: x for name, x in params.items() if not (name in defaults and defaults[name] == x)}
    return ", ".join(f"{name}={x}" for name, x in named.items())
