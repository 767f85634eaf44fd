"""`tg.draw`: the computation graph of a node, one card a node and one edge for each use of an operand."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from ..graph import Node, history
from ..value import Value
from . import dot, svg
from .drawing import Drawing
from .local import local_derivative
from .picture import Card, Edge, Picture, number, shown

EVERYTHING = frozenset({"data", "grad", "local", "shape", "dtype"})
UNKNOWN = "·"  # a gradient that has not been computed: not the same as zero
SIGNS = {"*": "×", "-": "−", "/": "÷", "**": "^", "@": "@"}
FEW = 4  # numbers of an array that are shown one by one


def draw(
    node: Node,
    *more: Node,
    names: Mapping[str, Any] | None = None,
    show: Collection[str] = EVERYTHING,
    direction: str = "LR",
) -> Drawing:
    """Draw everything that `node` (and `more`) was computed from, with data, gradients and local derivatives.

    names: what to call nodes that have no label, as in `names=locals()`.
    show: which of "data", "grad", "local" (the local derivative, on each edge), "shape" and "dtype" to draw.
    direction: "LR" computes from left to right, "TB" from top to bottom.
    Raises TypeError where `node` is not a node, ValueError for an unknown `show` or `direction`.
    """
    for root in (node, *more):
        if not isinstance(root, Node):
            raise TypeError(
                f"draw() draws a Value or a Tensor, not {type(root).__name__}: hand it the result of a computation"
            )
    if unknown := set(show) - EVERYTHING:
        raise ValueError(
            f"draw(show=…) knows {', '.join(sorted(EVERYTHING))}, not {', '.join(map(repr, sorted(unknown)))}"
        )
    if direction not in ("LR", "TB"):
        raise ValueError(f'draw(direction=…) is "LR" or "TB", not {direction!r}')
    return Drawing(GraphSketch(picture_of((node, *more), names or {}, show, direction)))


class GraphSketch:
    """A computation graph, for `Drawing`."""

    ours = False

    def __init__(self, picture: Picture) -> None:
        self.picture = picture

    def statements(self) -> list[str]:
        """Return the statements of a DOT digraph."""
        return dot.statements(self.picture)

    def svg(self) -> str:
        """Return the picture, laid out by this package."""
        return svg.svg(self.picture)

    def alt(self) -> str:
        """Return what the picture shows, in a line."""
        return f"a computation graph of {len(self.picture.cards)} cards and {len(self.picture.edges)} edges"


def picture_of(
    roots: tuple[Node, ...], names: Mapping[str, Any], show: Collection[str] = EVERYTHING, direction: str = "LR"
) -> Picture:
    """Return the picture of everything that `roots` were computed from."""
    picture = Picture(direction=direction)
    named = {id(x): name for name, x in names.items() if isinstance(x, Node)}
    nodes = history(*roots)
    index: dict[Node, int] = {}
    for z in sorted(nodes, key=lambda z: z.op is not None):  # an assigned leaf may be younger than its results
        tails = []
        for x in z.inputs:
            tails.append(index[x] if isinstance(x, Node) else len(picture.cards))
            if not isinstance(x, Node):
                picture.cards.append(constant_card(x))
        index[z] = len(picture.cards)
        for i, tail in enumerate(tails):
            label = local_derivative(z, i) if "local" in show else ""
            picture.edges.append(Edge(tail, index[z], i, label))
        picture.cards.append(card(z, shown(z.label or named.get(id(z), "")), show))
    if stale := [x.title for z in nodes for x in z.inputs if isinstance(x, Node) and x.born > z.born]:
        first = f"{shown(stale[0])} was" if len(stale) == 1 else f"{shown(stale[0])} and others were"
        picture.notes.append(f"{first} assigned after this was computed: results are those of the old values.")
    return picture


def card(z: Node, title: str, show: Collection[str]) -> Card:
    """Return the card of a node."""
    kind = ("result" if z.requires_grad else "fact") if z.op else "parameter" if z.requires_grad else "input"
    rows = []
    if "data" in show:
        rows.append(("data", summary(z._data)))
    if not isinstance(z, Value) and (shape := kind_of(z._data, show)):
        rows.append(("", shape))
    if "grad" in show and z.requires_grad:
        rows.append(("grad", UNKNOWN if z._grad is None else summary(z._grad)))
    tip = f"{z.op.name}, made at {z.where}" if z.op else f"made at {z.where}"
    return Card(kind, title, sign_of(z), rows, inputs=len(z.inputs), tip=shown(tip, 200))


def constant_card(x: Any) -> Card:
    """Return the card of a constant operand."""
    text = summary(x) if isinstance(x, (bool, int, float, np.generic, np.ndarray)) else shown(repr(x))
    rows = [("", kind_of(x, {"shape", "dtype"}))] if isinstance(x, np.ndarray) and x.size > FEW else []
    return Card("constant", "", "", [("", text), *rows], tip="a constant")


def sign_of(z: Node) -> str:
    """Return the symbol of a node's operation: of `{} * {}` the ×, and else its name."""
    if z.op is None:
        return ""
    infix = re.fullmatch(r"\{\} ?(\W+?) ?\{\}", z.op.text)
    if infix:
        return SIGNS.get(infix[1], infix[1])
    if z.op.text == "-{}":
        return "−"
    return shown(z.op.name, 18)


def summary(data: Any) -> str:
    """Return a number as it is, a few numbers one by one, and of many the smallest and the largest."""
    if isinstance(data, float):
        return number(data)
    array = np.asarray(data)
    if array.size == 1:
        return number(float(array.reshape(())[()])) if array.dtype.kind == "f" else str(array.reshape(())[()])
    if array.size == 0:
        return "empty"
    if array.dtype.kind == "c":
        return "complex"
    if array.size <= FEW and array.ndim == 1:
        return "[" + ", ".join(number(float(x), 3) for x in array) + "]"
    low, high = float(array.min()), float(array.max())
    return f"{number(low, 3)} … {number(high, 3)}" if low != high else f"all {number(low)}"


def kind_of(data: Any, show: Collection[str]) -> str:
    """Return shape and dtype of an array, as far as they are asked for."""
    shape = f"({', '.join(map(str, data.shape))})" if "shape" in show else ""
    return f"{data.dtype} {shape}".strip() if "dtype" in show else shape
