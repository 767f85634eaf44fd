"""Coordinates of a layered layout of cards, edges and groups, after Sugiyama, Tagawa and Toda (1981).

Layers follow the direction in which the graph computes. A group is laid out by itself and then stands in the
layout around it as one box, so that frames never overlap; an edge that crosses a frame passes through a port on its
border, and all edges from one card share the port. Coordinates are (along, across): along the direction of
computing, and across it. Knows sizes and links only, no texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from .crossing_reduction import MANY_LINKS, Near, first_order, reduce_crossings
from .layer_assignment import assign_layers

Point = tuple[float, float]

APART = 14.0  # between neighbours in a layer
LANE = 9.0  # what a passing edge needs
LONG = 40  # layers: a longer picture is kept level
GAP = 34.0  # between layers
BUSIEST = 140.0  # more between layers, at most, where many links run


@dataclass(slots=True)
class Item:
    """A box to be placed, or a lane that a long link takes through a layer."""

    along: float
    across: float
    layer: int = 0
    place: float = 0.0  # of its middle, across
    before: list[Near] = field(default_factory=list)
    after: list[Near] = field(default_factory=list)
    port: int = 0  # -1: on the border where links enter, 1: where they leave


@dataclass(slots=True)
class Link:
    """A line from an item to a later one; `leave` and `enter` say how far off the middles it is attached."""

    tail: int
    head: int
    leave: float = 0.0
    enter: float = 0.0
    label: float = 0.0  # the room its label takes along, in front of the head
    lanes: list[int] = field(default_factory=list)
    path: list[Point] = field(default_factory=list)  # once placed: its start, then pairs that bound each layer passed


@dataclass(slots=True)
class Arrangement:
    """The positions of the items of one level, from its own corner."""

    middles: list[Point]
    size: Point


def arrange(boxes: Sequence[Item], links: Sequence[Link], unseen: Sequence[tuple[int, int]] = ()) -> Arrangement:
    """Place boxes, which stand in an order where tails come before heads, and route the links between them.

    unseen: links that are not drawn, and yet their heads shall stand behind their tails.
    """
    items = list(boxes)
    ports = {i: item.port for i, item in enumerate(items) if item.port}
    found = assign_layers(len(items), [*((link.tail, link.head) for link in links), *unseen], ports)
    for item, layer in zip(items, found, strict=True):
        item.layer = layer
    add_lanes(items, links)
    layers = first_order(items, max(found, default=-1) + 1)
    reduce_crossings(items, layers)
    place_across(items, layers)
    return measured(items, links, layers, len(boxes))


# Lanes -------------------------------------------------------------------------------------------------------------


def add_lanes(items: list[Item], links: Sequence[Link]) -> None:
    """Give every link an item in each layer that it passes, and tell neighbours of each other.

    Links that leave a box at one point share their lanes as far as they go together.
    """
    trunks: dict[tuple[int, float, int], int] = {}
    for link in links:
        at, off = link.tail, link.leave
        for layer in range(items[link.tail].layer + 1, items[link.head].layer):
            lane = trunks.get((link.tail, link.leave, layer))
            if lane is None:
                lane = trunks[link.tail, link.leave, layer] = len(items)
                items.append(Item(0.0, LANE, layer))
                link_items(items, at, off, lane, 0.0)
            link.lanes.append(lane)
            at, off = lane, 0.0
        link_items(items, at, off, link.head, link.enter)


def link_items(items: list[Item], tail: int, leave: float, head: int, enter: float) -> None:
    """Make two items of adjacent layers neighbours."""
    items[tail].after.append((head, leave, enter))
    items[head].before.append((tail, enter, leave))


# Places ------------------------------------------------------------------------------------------------------------


def place_across(items: list[Item], layers: list[list[int]]) -> None:
    """Bring every item as near to straight before its neighbours as the order and the sizes allow."""
    rooms = [room_needed(items, layer) for layer in layers]
    leaning = [1.0 if item.before or len(item.after) > 1 else 0.1 for item in items]  # a leaf comes to its only user
    weights = [4.0 if item.along == 0 and item.across == LANE else 1.0 for item in items]  # a lane stays straight
    place = [0.0] * len(items)
    for layer, room in zip(layers, rooms, strict=True):
        place_layer(place, layer, room, [0.0] * len(layer), weights)
    rounds = 10 if len(items) < MANY_LINKS else 3
    level = 0.05 if len(layers) > LONG else 0.0  # or a chain whose links enter beside the middle climbs without end
    forwards = list(zip(layers, rooms, strict=True))
    for turn in range(rounds):
        both, forth = turn >= rounds - 2, turn % 2 == 0
        for layer, room in forwards if forth else reversed(forwards):
            wishes = []
            for i in layer:
                back, ahead = items[i].before, items[i].after
                near = (back + ahead) if both else (back or ahead) if forth else (ahead or back)
                wish, heavy = 0.0, level
                for n, here, there in near:
                    pull = leaning[n]
                    wish += (place[n] + there - here) * pull
                    heavy += pull
                wishes.append(wish / heavy if heavy else place[i])
            place_layer(place, layer, room, wishes, weights)
    for item, where in zip(items, place, strict=True):
        item.place = where


def room_needed(items: list[Item], layer: list[int]) -> list[float]:
    """Return how far each item of a layer must be from the first one."""
    found, so_far = [], 0.0
    for k, i in enumerate(layer):
        if k:
            above, here = items[layer[k - 1]], items[i]
            so_far += (above.across + here.across) / 2 + (APART if above.along and here.along else APART * 0.4)
        found.append(so_far)
    return found


def place_layer(
    place: list[float], layer: list[int], room: list[float], wishes: list[float], weights: list[float]
) -> None:
    """Put a layer's items as near to their wishes as the room they need allows, in least squares.

    With that room taken off, places must only not decrease: isotonic regression, where neighbours that would
    overlap are pooled into blocks that move together.
    """
    blocks: list[tuple[float, float, int]] = []  # where it wants to be, how strongly, how many items it has
    for i, wish, needed in zip(layer, wishes, room, strict=True):
        want, heavy, n = wish - needed, weights[i], 1
        while blocks and blocks[-1][0] > want:
            w, h, m = blocks.pop()
            want, heavy, n = (want * heavy + w * h) / (heavy + h), heavy + h, n + m
        blocks.append((want, heavy, n))
    settled = 0
    for want, _, n in blocks:
        for k in range(settled, settled + n):
            place[layer[k]] = want + room[k]
        settled += n


# Measures ----------------------------------------------------------------------------------------------------------


def measured(items: list[Item], links: Sequence[Link], layers: list[list[int]], boxes: int) -> Arrangement:
    """Return positions from the corner of the level, with room between layers for labels."""
    thickness = [max((items[i].along for i in layer), default=0.0) for layer in layers]
    room = [GAP] * (len(layers) + 1)
    busy = [0] * (len(layers) + 1)
    for link in links:
        layer = items[link.head].layer
        if GAP + link.label > room[layer]:
            room[layer] = GAP + link.label
        busy[layer] += 1
    room = [each + min(BUSIEST, n * 0.6) if n > 20 else each for each, n in zip(room, busy, strict=True)]
    starts, at = [], 0.0
    for k, thick in enumerate(thickness):
        bordering = k > 0 and (thick == 0 or thickness[k - 1] == 0)
        at += 0 if k == 0 else min(room[k], GAP * 0.6) if bordering and room[k] == GAP else room[k]
        starts.append(at)
        at += thick
    top = min((item.place - item.across / 2 for item in items), default=0.0)
    bottom = max((item.place + item.across / 2 for item in items), default=0.0)
    middles = []
    for item in items:  # leaves stand at the end of their layer, near their heads, and results in a line at its start
        slack = thickness[item.layer] - item.along
        middles.append((starts[item.layer] + item.along / 2 + (0.0 if item.before else slack), item.place - top))
    for link in links:
        tail, head = items[link.tail], items[link.head]
        (a, b), (c, d) = middles[link.tail], middles[link.head]
        path = [(a + tail.along / 2, b + link.leave), (starts[tail.layer] + thickness[tail.layer], b + link.leave)]
        for lane in link.lanes:
            layer, across = items[lane].layer, middles[lane][1]
            path += [(starts[layer], across), (starts[layer] + thickness[layer], across)]
        link.path = [*path, (starts[head.layer], d + link.enter), (c - head.along / 2, d + link.enter)]
    return Arrangement(middles[:boxes], (at, bottom - top))
