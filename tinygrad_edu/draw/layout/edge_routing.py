"""Layout of a whole picture: measures cards, lays out groups from the inside out, routes edges across frames.

Coordinates become (x, y) only here: computing runs to the right ("LR") or downwards ("TB").
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field

from ..graph.picture import Card, CardEdge, Picture, is_narrow, width
from .coordinates import LANE, Arrangement, Item, Link, Point, arrange

CHARACTER = 6.6  # the width of a character of a card's text, in px
LINE = 15.0  # the height of a line of text
CARD_PADDING = 8.0  # between a card's border and its text
LABEL = 5.75  # the width of a character of an edge's label
MANY_SLOTS = 6  # from here on edges enter closer together
PILL = 15.0  # the height of a name that stands for its card
SLOT = 13.0  # between two edges that enter a card
FRAME = 10.0  # between a group's frame and what is in it
HEADING = 17.0  # the room for a group's title

LAST = 1 << 60  # in the order of a level: behind every card

BoxKey = Hashable
Key = tuple[BoxKey, BoxKey, int, int]  # of a link: from where, to where, for which card, into which of its slots


@dataclass(slots=True)
class Level:
    """The cards, groups and edges that one group, or the whole picture, has to place."""

    boxes: dict[BoxKey, Item] = field(default_factory=dict)
    order: dict[BoxKey, int] = field(default_factory=dict)  # the newest card in each box: heads come after tails
    links: dict[Key, Link] = field(default_factory=dict)
    unseen: list[tuple[BoxKey, BoxKey]] = field(default_factory=list)  # of edges that are drawn as a name
    found: Arrangement | None = None
    index: dict[BoxKey, int] = field(default_factory=dict)
    margin: float = 0.0  # along, between the frame and the first layer
    corner: Point = (0.0, 0.0)


Part = tuple[Level, Link]  # of an edge


@dataclass(slots=True)
class Layout:
    """A finished layout: corners and sizes in px, and the points that each edge passes."""

    cards: list[tuple[float, float, float, float]]
    groups: list[tuple[float, float, float, float]]
    edges: list[list[Point]]
    runs: list[float]  # how long each edge runs straight before its head
    names: dict[int, tuple[float, float, float, float]]  # of each edge that is drawn as one: where it stands
    size: Point


def card_size(card: Card) -> Point:
    """Return how wide and high a card is drawn."""
    lines = card.lines()
    text = max(map(len if is_narrow("".join(lines)) else width, lines)) * CHARACTER + 2 * CARD_PADDING if lines else 0.0
    if card.sign:
        return text + sign_width(card), max(len(lines), 1) * LINE + 6
    return max(text, 20.0), max(len(lines), 1) * LINE + 6


def sign_width(card: Card) -> float:
    """Return how wide the cell with the operation of a card is."""
    return width(card.sign) * CHARACTER + 1.5 * CARD_PADDING


def name_size(card: Card) -> Point:
    """Return how wide and high the name of a card is drawn, where it stands for the card."""
    return width(card.title) * CHARACTER + 2 * CARD_PADDING, PILL


def run_in(edge: CardEdge, level: bool) -> float:
    """Return how long an edge runs straight before its head, so that its label has a line to stand on."""
    if not edge.label:
        return 6.0
    return width(edge.label) * LABEL + 12 if level else 14.0


def slot_spaces(picture: Picture, level: bool) -> list[float]:
    """Return how far apart edges enter each card: labels stand above each other, or side by side."""
    spaces = [SLOT if card.inputs <= MANY_SLOTS else SLOT / 2 for card in picture.cards]
    for edge in picture.edges:
        if edge.label and picture.cards[edge.head].inputs > 1:
            spaces[edge.head] = max(spaces[edge.head], 18.0 if level else width(edge.label) * LABEL + 12)
    return spaces


def lay_out(picture: Picture) -> Layout:
    """Return where everything in `picture` goes."""
    across_is_y = picture.direction == "LR"
    spaces, sizes = slot_spaces(picture, across_is_y), []
    for card, space in zip(picture.cards, spaces, strict=True):
        along, across = turned(card_size(card), across_is_y)
        sizes.append((along, max(across, card.inputs * space)))
    chains = [chain(picture, card.group) for card in picture.cards]
    levels: dict[int | None, Level] = {None: Level(), **{g: Level() for g in range(len(picture.groups))}}
    fed = {edge.head for edge in picture.edges}
    for i, (along, across) in enumerate(sizes):
        level = levels[picture.cards[i].group]
        level.boxes[i] = Item(along, across)
        level.order[i] = i if i in fed else -1
        for inner, outer in zip(chains[i], [*chains[i][1:], None], strict=False):
            box = ("group", inner)
            levels[outer].boxes.setdefault(box, Item(0.0, 0.0))
            if i in fed:
                levels[outer].order[box] = max(i, levels[outer].order.get(box, -1))
    routes, runs = [], [run_in(edge, across_is_y) for edge in picture.edges]
    for k, (edge, run) in enumerate(zip(picture.edges, runs, strict=True)):
        card, before = picture.cards[edge.head], picture.cards[edge.tail]
        off = (edge.slot + 0.5 - card.inputs / 2) * spaces[edge.head]
        home, crosses = levels[card.group], before.group != card.group  # a frame
        at: BoxKey = edge.tail
        if edge.by_name:
            at = ("name", k)
            home.boxes[at] = Item(*turned(name_size(before), across_is_y))
            if crosses:
                where, tail, head = common_level(edge, chains[edge.tail], chains[edge.head])
                levels[where].unseen.append((tail, head))
            else:
                home.unseen.append((edge.tail, edge.head))
        elif crosses:
            routes.append(add_links(edge, levels, (chains[edge.tail], chains[edge.head]), off, run))
            continue
        link = home.links[at, edge.head, edge.tail, edge.slot] = Link(0, 0, enter=off, label=run)
        routes.append([(home, link)])
    arrange_level(picture, levels, None, across_is_y)
    found = collected(picture, levels, sizes, routes, across_is_y)
    found.runs = runs
    return found


def turned(point: Point, across_is_y: bool) -> Point:
    """Exchange (x, y) and (along, across)."""
    return point if across_is_y else (point[1], point[0])


def chain(picture: Picture, group: int | None) -> list[int]:
    """Return a group and the groups around it, the innermost first."""
    found = []
    while group is not None:
        found.append(group)
        group = picture.groups[group].parent
    return found


def add_links(
    edge: CardEdge, levels: dict[int | None, Level], chains: tuple[list[int], list[int]], enter: float, label: float
) -> list[Part]:
    """Give each level that an edge passes its part of it, and return these parts from tail to head."""
    out, into = chains
    shared = 0  # groups around both, counted from the outermost
    while shared < min(len(out), len(into)) and out[-1 - shared] == into[-1 - shared]:
        shared += 1
    parts: list[Part] = []
    at: BoxKey = edge.tail
    for g in out[: len(out) - shared]:
        parts.append(port_link(levels[g], at, ("out", edge.tail), edge.tail))
        levels[g].boxes.setdefault(("out", edge.tail), Item(0.0, LANE, port=1))
        levels[g].order[("out", edge.tail)] = LAST
        at = ("group", g)
    outer = levels[out[len(out) - shared] if shared else None]
    for g in into[: len(into) - shared][::-1]:
        parts.append(port_link(outer, at, ("group", g), edge.tail))
        at, outer = ("in", edge.tail), levels[g]
        outer.boxes.setdefault(at, Item(0.0, LANE, port=-1))
        outer.order[at] = -2
    link = outer.links[at, edge.head, edge.tail, edge.slot] = Link(0, 0, enter=enter, label=label)
    return [*parts, (outer, link)]


def common_level(edge: CardEdge, out: list[int], into: list[int]) -> tuple[int | None, BoxKey, BoxKey]:
    """Return the innermost level around both ends of an edge, and the boxes that these ends are in there."""
    where = next((g for g in out if g in into), None)
    tails, heads = (
        out[: out.index(where)] if where in out else out,
        into[: into.index(where)] if where in into else into,
    )
    return where, ("group", tails[-1]) if tails else edge.tail, ("group", heads[-1]) if heads else edge.head


def port_link(level: Level, tail: BoxKey, head: BoxKey, card: int) -> Part:
    """Return the link of a level that all edges from `card` share on their way through a frame."""
    return level, level.links.setdefault((tail, head, card, -1), Link(0, 0))


def arrange_level(picture: Picture, levels: dict[int | None, Level], name: int | None, across_is_y: bool) -> None:
    """Lay out the groups of a level, then the level itself."""
    level = levels[name]
    for box, item in level.boxes.items():
        if isinstance(box, tuple) and box[0] == "group":
            arrange_level(picture, levels, box[1], across_is_y)
            measure_frame(levels[box[1]], item, picture.groups[box[1]].title, across_is_y)
    ordered = sorted(level.boxes, key=lambda box: level.order.get(box, -1))
    level.index = {box: i for i, box in enumerate(ordered)}
    for (tail, head, card, _), link in level.links.items():
        link.tail, link.head = level.index[tail], level.index[head]
        if isinstance(tail, tuple):
            link.leave = port_at(levels, tail, ("out", card), across_is_y)
        if isinstance(head, tuple) and head[0] == "group":
            link.enter = port_at(levels, head, ("in", card), across_is_y)
    unseen = [(level.index[tail], level.index[head]) for tail, head in level.unseen]
    level.found = arrange([level.boxes[box] for box in ordered], list(level.links.values()), unseen)


def measure_frame(level: Level, item: Item, title: str, across_is_y: bool) -> None:
    """Set the size of a group's frame: its contents, its title, and a margin where no port touches it."""
    assert level.found is not None
    along, across = level.found.size
    sides = {box.port for box in level.boxes.values()}
    before, behind = (0.0 if side in sides else FRAME for side in (-1, 1))
    text = width(title) * CHARACTER + 2 * FRAME
    if across_is_y:
        item.along, item.across = max(along + before + behind, text), across + FRAME + HEADING
    else:
        before = max(before, HEADING)
        item.along, item.across = along + before + behind, max(across + 2 * FRAME, text)
    level.margin = before + (item.along - along - before - behind) / 2


def port_at(levels: dict[int | None, Level], box: BoxKey, port: BoxKey, across_is_y: bool) -> float:
    """Return how far off the middle of a group's box one of its ports is; of any other box, 0."""
    if not (isinstance(box, tuple) and box[0] == "group"):
        return 0.0
    inner = levels[box[1]]
    assert inner.found is not None
    across = inner.found.middles[inner.index[port]][1] - inner.found.size[1] / 2
    return across + (HEADING - FRAME) / 2 if across_is_y else across


def collected(
    picture: Picture,
    levels: dict[int | None, Level],
    sizes: list[Point],
    routes: list[list[Part]],
    across_is_y: bool,
) -> Layout:
    """Add up the corners of nested levels and return everything in the picture's own coordinates."""
    cards: list[tuple[float, float, float, float]] = [(0.0, 0.0, 0.0, 0.0)] * len(picture.cards)
    groups: list[tuple[float, float, float, float]] = [(0.0, 0.0, 0.0, 0.0)] * len(picture.groups)
    names: dict[int, tuple[float, float, float, float]] = {}
    pending: list[int | None] = [None]
    for name in pending:  # grows while it is read
        level = levels[name]
        assert level.found is not None
        a, b = level.corner
        for box, i in level.index.items():
            along, across = level.found.middles[i]
            item = level.boxes[box]
            corner = (a + along - item.along / 2, b + across - item.across / 2)
            if isinstance(box, int):
                cards[box] = (*turned(corner, across_is_y), *turned(sizes[box], across_is_y))
            elif isinstance(box, tuple) and box[0] == "name":
                names[box[1]] = (*turned(corner, across_is_y), *turned((item.along, item.across), across_is_y))
            elif isinstance(box, tuple) and box[0] == "group":
                groups[box[1]] = (*turned(corner, across_is_y), *turned((item.along, item.across), across_is_y))
                inner = levels[box[1]]
                assert inner.found is not None
                top = HEADING if across_is_y else (item.across - inner.found.size[1]) / 2
                inner.corner = (corner[0] + inner.margin, corner[1] + top)
                pending.append(box[1])
    edges = []
    for route in routes:
        points = route[0][1].path
        if len(route) > 1 or route[0][0].corner != (0.0, 0.0):
            points = [(level.corner[0] + x, level.corner[1] + y) for level, link in route for x, y in link.path]
        edges.append(points if across_is_y else [point[::-1] for point in points])
    return Layout(cards, groups, edges, [], names, turned(levels[None].found.size, across_is_y))  # type: ignore[union-attr]  # arranged above
