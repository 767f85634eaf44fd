"""The formula writer: a node as the formula that computed it, in any format.

Walks the graph, puts brackets by precedence, and leaves out steps that change nothing; `formats/format.py` says
what a format adds to that. A part that is used twice in a long formula gets a line of its own, so that the text grows
with the graph and not with the number of paths through it. Knows nothing of how rows compute.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from typing import Any, Literal

import numpy as np

from ..core.backprop import history
from ..core.node import Node, data_of
from ..core.op import TABLE, Op
from .formats.format import Format, Piece
from .formats.latex import LaTeX
from .formats.mathml import MathML
from .formats.text import Brief, Text
from .names import NodeNames, expect_node
from .precedence import Binds

LONGEST_LINE = 300  # characters in one line, beyond which parts get lines of their own
FormatName = Literal["text", "latex", "mathml", "brief"]
FORMATS: dict[str, Format] = {"text": Text(), "latex": LaTeX(), "mathml": MathML(), "brief": Brief()}
SIGN_FIRST = frozenset(("multiply", "divide", "matmul"))  # (-x) * y is -(x * y)


def formula(node: Node, format: FormatName = "text") -> str:  # noqa: A002  # the plain word for it
    """Return the formula by which `node` was computed: "relu(w * x + b)".

    format: "text", which `tinygrad_edu.expression` can read again, "latex", "mathml", or "brief": as on paper,
    without axes, shapes and changes of shape, with four digits a number. A formula that would be long is written in
    several lines, each naming a part that the ones after it use.
    """
    if format not in FORMATS:
        raise ValueError(f"format is {', '.join(map(repr, FORMATS))}, not {format!r}")
    expect_node(node, "formula")
    order = history(node)
    writer = FormulaWriter(NodeNames(order), FORMATS[format])
    named = parts_with_lines(node, order)
    lines = [writer.equation(part, named) for part in order if part in named]
    return writer.format.newline.join([*lines, writer.piece(node, named - {node}).text])


def parts_with_lines(node: Node, order: list[Node]) -> set[Node]:
    """Return the nodes that deserve lines of their own: none in a short formula, shared and long ones otherwise."""
    uses = dict.fromkeys(order, 0)
    for z in order:
        for x in z.inputs:
            if isinstance(x, Node):
                uses[x] += 1
    for split in (False, True):
        named: set[Node] = set()
        length = {z: len(z.label) or 4 for z in order if z.op is None}  # one assigned since may be younger than its use
        for z in order:
            if z.op is None:
                continue
            whole = 4 + sum(6 if not isinstance(x, Node) or x in named else length[x] for x in z.inputs)
            length[z] = whole
            if split and z is not node and (whole > LONGEST_LINE or (uses[z] > 1 and whole > 12)):
                named.add(z)
        if length[node] <= LONGEST_LINE:
            break
    return named


class FormulaWriter:
    """Writes pieces of formulas in one format, under one set of names."""

    def __init__(self, names: NodeNames, format: Format) -> None:  # noqa: A002  # as above
        self.names = names
        self.format = format

    def equation(self, node: Node, named: Container[Node]) -> str:
        """Return `name = formula`, where nodes of `named` stand as their names."""
        right = self.step(node, lambda x: self.piece(x, named)).text
        return self.format.equation(self.format.name(self.names, node), right)

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
            done[z] = self.step(z, lambda x: done[x] if x in done else self.name(x))
        return done[root]

    def name(self, node: Node) -> Piece:
        """Return a node by its name; a constant leaf without a name by its data."""
        if is_constant(node):
            return self.constant(node._data)
        return Piece(self.format.name(self.names, node), Binds.ATOM)

    def step(self, z: Node, of: Callable[[Node], Piece]) -> Piece:
        """Return one node's own step, its operands written by `of`."""
        assert z.op is not None
        operands = [
            of(x) if isinstance(x, Node) and not is_constant(x) else self.constant(plain_number(data_of(x), z))
            for x in z.inputs
        ]
        if self.format.skips(z):
            return operands[0]
        inner = z.inputs[0]
        if z.op.name == "mT" and isinstance(inner, Node) and inner.op is z.op:  # transposed and transposed back
            return of(inner.inputs[0]) if isinstance(inner.inputs[0], Node) else self.constant(inner.inputs[0])
        return self.simplified(z, operands) or self.row(z, z.op, operands)

    def constant(self, x: Any) -> Piece:
        """Return a constant: a number or an array."""
        return self.format.array(np.asarray(x)) if np.ndim(x) else self.format.number(x)

    def row(self, z: Node, op: Op, operands: list[Piece]) -> Piece:
        """Return a row with its operands in place, in brackets where they would bind too loosely."""
        spelling = self.format.spelling(z, op)
        count = len(spelling.slots)
        filled = [self.bracketed(x, asked) for x, asked in zip(operands, spelling.slots, strict=False)]
        if len(operands) > count > 0:  # a row of any number of operands has one slot for all
            filled[-1] = self.format.comma.join([filled[-1], *(x.text for x in operands[count:])])
        opposite = None
        if op.name in SIGN_FIRST and operands[0].opposite is not None:
            opposite = self.row(z, op, [operands[0].opposite, *operands[1:]])
        return Piece(spelling.template.format(*filled), spelling.binds, None, opposite)

    def bracketed(self, piece: Piece, asked: Binds) -> str:
        """Return a piece, in brackets if it binds more loosely than its place asks."""
        return piece.text if piece.binds >= asked else self.format.in_brackets(piece.text, piece.binds)

    def simplified(self, z: Node, operands: list[Piece]) -> Piece | None:
        """Return the operand of a step that changes at most its sign: `1 * x`, `x ** 1`, `x + 0`, `--x`."""
        assert z.op is not None
        match z.op.name, [x.number for x in operands]:
            case ("multiply", [1, _]) | ("add", [0, _]):
                return operands[1]
            case ("multiply" | "divide" | "power", [_, 1]) | ("add" | "subtract", [_, 0]):
                return operands[0]
            case ("astype", [_]):
                return operands[0]
            case ("multiply", [-1, _]) | ("subtract", [0, _]):
                return self.minus(z, operands[1])
            case ("multiply" | "divide", [_, -1]) | ("negative", [_]):
                return self.minus(z, operands[0])
            case ("multiply", [0, _] | [_, 0]):
                return self.format.number(0)
            case ("power", [_, 0]):
                return self.format.number(1)
            case ("add" | "subtract", [_, _]) if operands[1].opposite is not None:
                op = TABLE["subtract" if z.op.name == "add" else "add"]
                return self.row(z, op, [operands[0], operands[1].opposite])
        return None

    def minus(self, z: Node, piece: Piece) -> Piece:
        """Return a piece with its sign turned round."""
        if piece.opposite is not None:
            return piece.opposite
        if piece.number is not None:
            return self.format.number(-piece.number if piece.number else 0)
        return self.row(z, TABLE["negative"], [piece])._replace(opposite=piece)


def is_constant(node: Node) -> bool:
    """Tell whether a node is data without a name."""
    return not node.label and node.op is None and not node.requires_grad


def plain_number(x: Any, z: Node) -> Any:
    """Return a constant operand as a number where it is an array of equal numbers that gives `z` no other shape."""
    assert z.op is not None
    if not (isinstance(x, np.ndarray) and x.ndim and x.size and z.op.elementwise and x.dtype.kind in "biuf"):
        return x
    others = [np.shape(y) for y in map(data_of, z.inputs) if y is not x]
    same = np.broadcast_shapes(*others) == np.shape(z._data) and (x == x.flat[0]).all()
    return x.flat[0] if same else x
