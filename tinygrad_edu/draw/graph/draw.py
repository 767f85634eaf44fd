"""`tg.draw`: the computation graph of a node, one card a node and one edge for each use of an operand."""

from __future__ import annotations

import re
from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from ...core.backprop import history
from ...core.node import Node
from ...core.value import Value
from ...errors.failed_call import FailedNode
from ...nn.module import Module
from ..drawing import Drawing
from ..formats import dot, svg, tikz
from ..pages.page import Page, asset
from .clusters import clusters
from .collapse import READABLE, Choice, collapsed, in_order
from .edge_rules import Rules
from .gradient_health import mark_health
from .local_derivatives import local_derivatives
from .name_tags import name_tails, refer
from .picture import MAX_SHOWN, Card, CardEdge, Picture, data_summary, short_text
from .verdicts import add_unfinished, mark_verdicts

EVERYTHING = frozenset({"data", "grad", "local", "shape", "dtype"})
UNKNOWN = "·"  # a gradient that has not been computed: not the same as zero
FIELD_NAMES = {"affine_conv2d": "conv2d", "mT": "transpose"}  # rows whose name says less than the field's word
SIGNS = {"*": "×", "-": "−", "/": "÷", "**": "^"}


def draw(
    node: Node | Exception | FailedNode,
    *more: Node,
    names: Mapping[str, Any] | None = None,
    show: Collection[str] = EVERYTHING,
    direction: str = "LR",
    model: Module | None = None,
    collapse: Choice = None,
    heat: bool = False,
    report: Any = None,
) -> Drawing:
    """Draw everything that `node` (and `more`) was computed from, with data, gradients and local derivatives.

    names: what to call nodes that have no label, as in `names=locals()`.
    show: which of "data", "grad", "local", "shape" and "dtype" to draw. "local" is the local derivative, on each edge;
    between arrays that are not computed element by element, it is what the rule hands back, as in "g Wᵀ".
    direction: "LR" computes from left to right, "TB" from top to bottom.
    model: frames go around what each of its modules computed when it was last called.
    collapse: True draws what is used once with its user, and a batch as one example; False draws every node; None
    does so where there are more than 300; a function returns of a node the title of the card it goes into, or None.
    report: a comparison with gradients derived by hand (`tg.compare`), whose verdicts are marked on the leaves.
    An error of an operation that could not be computed can be drawn too: it is shown in red at the end of its graph.
    heat: colour cards by the size of their gradient, and say which are dead, vanishing or exploding.
    Raises TypeError where `node` is not a node, ValueError for an unknown `show` or `direction`.
    """
    tried = node if isinstance(node, FailedNode) else getattr(node, "graph", None)
    roots = [x for x in tried.operands if isinstance(x, Node)] if isinstance(tried, FailedNode) else [node, *more]
    for root in roots:
        require_node(root)
    if unknown := set(show) - EVERYTHING:
        known, odd = ", ".join(sorted(EVERYTHING)), ", ".join(map(repr, sorted(unknown)))
        raise ValueError(f"draw(show=…) knows {known}, not {odd}")
    if direction not in ("LR", "TB"):
        raise ValueError(f'draw(direction=…) is "LR" or "TB", not {direction!r:.60}')
    order = sorted(history(*roots), key=is_computed)
    folds, notes = collapsed(order, collapse)
    builder = PictureBuilder(show, {id(x): name for name, x in (names or {}).items() if isinstance(x, Node)})
    builder.picture.direction, builder.folds = direction, folds
    if folds:
        builder.add_folded(order)
    else:
        builder.add(order)
        if model is not None:
            frame(builder, order, model)
    refer(builder.picture)
    name_tails(builder.picture)
    builder.picture.notes += [*notes, *stale(order)]
    if isinstance(tried, FailedNode):
        add_unfinished(builder.picture, [builder.tail(x) for x in tried.operands], tried, short_text(tried.op.name))
    if report is not None:
        mark_verdicts(builder.picture, report)
    if heat:
        builder.picture.heated = True
        mark_health(builder.picture, builder.nodes)
    return Drawing(GraphRenderer(builder.picture))


@dataclass(slots=True)
class GraphRenderer:
    """A computation graph, for `Drawing`."""

    picture: Picture
    ours: bool = False

    def statements(self) -> list[str]:
        """Return the statements of a DOT digraph."""
        return dot.statements(self.picture)

    def svg(self) -> str:
        """Return the picture, laid out by this package."""
        return svg.svg(self.picture)

    def tex(self) -> str:
        """Return a LaTeX document of the picture."""
        return tikz.tikz(self.picture)

    def page(self) -> Page:
        """Return a page with the picture on it."""
        body = f'<div class="scroll" id="picture">{self.svg()}</div>'
        script = asset("zoom.js") + 'zoomable(document.getElementById("picture"));'
        return Page(self.alt(), body, styles=asset("zoom.css"), script=script)

    def alt(self) -> str:
        """Return what the picture shows, in a line."""
        return f"a computation graph of {len(self.picture.cards)} cards and {len(self.picture.edges)} edges"


@dataclass(slots=True)
class PictureBuilder:
    """Makes the cards and edges of a picture, and remembers which card is which node."""

    show: Collection[str] = EVERYTHING
    names: Mapping[int, str] = field(default_factory=dict)
    picture: Picture = field(default_factory=Picture)
    index: dict[Any, int] = field(default_factory=dict)
    tips: bool = True
    nodes: dict[int, list[Node]] = field(default_factory=dict)  # of each card that is not a constant
    folds: Mapping[Node, Hashable] = field(default_factory=dict)  # by which key each node is drawn; empty: by itself
    rules: Rules = field(default_factory=dict)

    def add(self, order: list[Node]) -> None:
        """Add a card for each node and each constant, and an edge for each use."""
        self.tips = len(order) <= READABLE
        for z in order:
            self.add_one(z, z)

    def add_one(self, key: Hashable, z: Node) -> None:
        """Add the card of one node, those of its constants, and an edge for each use."""
        inputs = z.inputs
        tails = [self.tail(x) for x in inputs]
        card = self.card(z)
        card.title = custom_title(key) or card.title
        self.place(key, [z], card)
        if not tails:
            return
        cards, head = self.picture.cards, self.index[key]
        labels = [""] * len(tails)
        if "local" in self.show:
            names = [] if isinstance(z, Value) else [cards[i].title for i in (*tails, head)]
            labels = local_derivatives(z, names, self.rules)
        for slot, (x, tail, label) in enumerate(zip(inputs, tails, labels, strict=True)):
            hidden = cards[tail].kind == "fold" and self.nodes[tail][-1] is not x  # somewhere in its tail's card
            self.picture.edges.append(CardEdge(tail, head, slot, "" if hidden else label))

    def tail(self, x: Any) -> int:
        """Return the card of an operand; a constant gets one of its own at each use."""
        if isinstance(x, Node):
            return self.index[self.folds.get(x, x)]
        self.picture.cards.append(constant_card(x))
        return len(self.picture.cards) - 1

    def place(self, key: Hashable, nodes: list[Node], card: Card) -> None:
        """Append the card of `nodes`."""
        self.index[key] = len(self.picture.cards)
        self.nodes[self.index[key]] = nodes
        self.picture.cards.append(card)

    def add_folded(self, order: list[Node]) -> None:
        """Add a card for each key, and one edge from card to card, however many uses it stands for."""
        for key, nodes in in_order(order, dict(self.folds)):
            if len(nodes) == 1:
                self.add_one(key, nodes[0])
                continue
            uses: dict[int, int] = {}
            within = {key}  # a key may be a tensor, whose == is elementwise: sets go by identity and hash
            for x in (x for z in nodes for x in z.inputs if isinstance(x, Node) and self.folds[x] not in within):
                uses[self.tail(x)] = uses.get(self.tail(x), 0) + 1
            card = self.folded(key, nodes)
            card.inputs = len(uses)
            self.place(key, nodes, card)
            for slot, (tail, times) in enumerate(uses.items()):
                label = f"×{times}" if times > 1 and not card.title.endswith(f" ×{times}") else ""
                self.picture.edges.append(CardEdge(tail, self.index[key], slot, label, times))

    def card(self, z: Node) -> Card:
        """Return the card of a node."""
        kind = ("result" if z.requires_grad else "fact") if z.op else "parameter" if z.requires_grad else "input"
        rows = []
        if "data" in self.show:
            rows.append(("data", data_summary(z._data)))
        if not isinstance(z, Value) and (shape := type_label(z._data, self.show)):
            rows.append(("", shape))
        if "grad" in self.show and z.requires_grad:
            rows.append(("grad", UNKNOWN if z._grad is None else data_summary(z._grad)))
        title = short_text(z.label or self.names.get(id(z), ""))
        return Card(kind, title, sign_of(z), rows, inputs=len(z.inputs), tip=made_at(z) if self.tips else "")

    def folded(self, key: Hashable, nodes: list[Node]) -> Card:
        """Return the card of several nodes: how many there are, and the last one's or all ones' numbers."""
        computed = [z for z in nodes if z.op is not None]
        last = nodes[-1]
        same = [z for z in computed or nodes if z.label == last.label and z.op is last.op and not custom_title(key)]
        many = f" ×{len(same)}" if len(same) > 1 and last.label else ""
        leaves = len(nodes) - len(computed)
        rows = [("", plural(len(computed), "operation") if computed else plural(len(nodes), "leaf", "leaves"))]
        if computed and leaves:
            rows.append(("", plural(leaves, "leaf", "leaves")))
        shared = same if many or not computed else [last]
        for row, numbers in (("data", [z._data for z in shared]), ("grad", [z._grad for z in shared])):
            if row in self.show and (row == "data" or last.requires_grad):
                known = [x for x in numbers if x is not None]
                text = data_summary(np.concatenate([np.ravel(x) for x in known])) if len(known) > 1 else ""
                rows.append((row, text or (data_summary(known[0]) if known else UNKNOWN)))
        title = custom_title(key) or short_text(last.label or self.names.get(id(last), ""))
        return Card("fold", (title or ("" if computed else "leaves")) + many, sign_of(last), rows)


def picture_of(
    order: list[Node], names: Mapping[str, Any], model: Module | None = None
) -> tuple[Picture, dict[Node, int]]:
    """Return the picture of every node of `order`, and which card each node is."""
    builder = PictureBuilder(names={id(x): name for name, x in names.items() if isinstance(x, Node)})
    builder.add(order)
    if model is not None:
        frame(builder, order, model)
    refer(builder.picture)
    return builder.picture, builder.index


def custom_title(key: Hashable) -> str:
    """Return the title that the user's function has chosen for a card, if it has."""
    return short_text(str(key[1])) if isinstance(key, tuple) and key[0] == "chosen" else ""


def is_computed(z: Node) -> bool:
    """Return whether a node was computed; those that were not come first, as an assigned leaf may be young."""
    return z.op is not None


def frame(builder: PictureBuilder, order: list[Node], model: Module) -> None:
    """Put frames around what each module computed; a constant goes where it is used."""
    builder.picture.groups, found = clusters(order, model)
    for z, group in found.items():
        builder.picture.cards[builder.index[z]].group = group
    for edge in builder.picture.edges:
        if builder.picture.cards[edge.tail].kind == "constant":
            builder.picture.cards[edge.tail].group = builder.picture.cards[edge.head].group


def require_node(root: Any) -> None:
    """Raise TypeError where what is to be drawn is not a node."""
    if not isinstance(root, Node):
        what = type(root).__name__
        raise TypeError(f"draw() draws a Value or a Tensor, not {what}: hand it the result of a computation")


def stale(order: list[Node]) -> list[str]:
    """Return a sentence where leaves have changed since they were used."""
    found = list(dict.fromkeys(x.title for z in order for x in z.inputs if isinstance(x, Node) and x.born > z.born))
    if not found:
        return []
    who = f"{short_text(found[0])} was" if len(found) == 1 else f"{short_text(found[0])} and {len(found) - 1} more were"
    return [f"{who} assigned after this was computed: results are those of the old values."]


def constant_card(x: Any) -> Card:
    """Return the card of a constant operand."""
    text = data_summary(x) if isinstance(x, (bool, int, float, np.generic, np.ndarray)) else short_text(repr(x))
    rows = [("", type_label(x, {"shape", "dtype"}))] if isinstance(x, np.ndarray) and x.size > MAX_SHOWN else []
    return Card("constant", "", "", [("", text), *rows], tip="a constant")


def sign_of(z: Node) -> str:
    """Return the symbol of a node's operation; none of a leaf's."""
    return "" if z.op is None else symbol(z.op.text, z.op.name)


@lru_cache(maxsize=1000)  # a large graph has thousands of nodes, of a handful of operations
def symbol(text: str, name: str) -> str:
    """Return the symbol of an operation: of `{} * {}` the ×, and else its name."""
    infix = re.fullmatch(r"\{\} ?(\W+?) ?\{\}", text)
    if infix:
        return SIGNS.get(infix[1], infix[1])
    return "−" if text == "-{}" else short_text(FIELD_NAMES.get(name, name), 22)


def made_at(z: Node) -> str:
    """Return which operation made a node, and where in the user's program."""
    where = z.where.replace("\\", "/").rpartition("/")[2]
    return short_text(f"{z.op.name}, made at {where}" if z.op else f"made at {where}", 200)


def type_label(data: Any, show: Collection[str]) -> str:
    """Return shape and dtype of an array, as far as they are asked for."""
    shape = str(data.shape) if "shape" in show else ""
    return f"{data.dtype} {shape}".strip() if "dtype" in show else shape


def plural(n: int, one: str, many: str = "") -> str:
    """Return "1 leaf" or "3 leaves"."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"
