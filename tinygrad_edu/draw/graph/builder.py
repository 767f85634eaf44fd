"""Makes a picture of recorded nodes: a card for each node or fold, and an edge for each use of an operand."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...core.node import Node
from ...core.value import Value
from ...nn.module import Module
from .cards import constant_card, made_at, plural, sign_of, type_label
from .clusters import clusters
from .collapse import READABLE, Uses, in_order
from .edge_rules import Rules
from .local_derivatives import local_derivatives
from .name_tags import refer
from .picture import Card, CardEdge, Picture, data_summary, short_text

EVERYTHING = frozenset({"data", "grad", "local", "shape", "dtype"})
UNKNOWN = "·"  # a gradient that has not been computed: not the same as zero


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

    def add_folded(self, order: list[Node], uses: Uses) -> None:
        """Add a card for each key, and one edge from card to card, however many uses it stands for."""
        for key, nodes, below in in_order(order, uses, dict(self.folds)):
            if len(nodes) == 1:
                self.add_one(key, nodes[0])
                continue
            card = self.folded(key, nodes)
            card.inputs = len(below)
            self.place(key, nodes, card)
            for slot, (other, times) in enumerate(below.items()):
                tail = self.index[other]
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
        sign = str(key[1]) if isinstance(key, tuple) and key[0] == "idiom" else sign_of(last)
        return Card("fold", (title or ("" if computed else "leaves")) + many, sign, rows)


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


def stale(uses: Uses) -> list[str]:
    """Return a sentence where leaves have changed since they were used."""
    found = list(dict.fromkeys([x.title for x, z in uses if x.born > z.born]))
    if not found:
        return []
    who = f"{short_text(found[0])} was" if len(found) == 1 else f"{short_text(found[0])} and {len(found) - 1} more were"
    return [f"{who} assigned after this was computed: results are those of the old values."]
