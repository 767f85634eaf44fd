"""The order of boxes within each layer, so that few links cross: sorting by neighbours' places, and swaps."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from operator import itemgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .coordinates import Item

Near = tuple[int, float, float]  # a neighbour; how far off the middle a link is attached here, and there
Ends = list[list[tuple[int, float]]]  # of each item: its neighbours on one side, and where on them links are attached
ROUNDS = 60  # of ordering, at most
MANY_LINKS = 400  # links: for more of them, fewer rounds
by_end = itemgetter(1)  # of a neighbour: where on the item itself a link is attached


def first_order(items: list[Item], count: int) -> list[list[int]]:
    """Return the items of each layer in the order met when walking back from the results: a tree has no crossings."""
    layers: list[list[int]] = [[] for _ in range(count)]
    met = [False] * len(items)
    for root in range(len(items)):
        stack = [] if items[root].after else [root]
        while stack:
            i = stack.pop()
            if met[i]:
                continue
            met[i] = True
            layers[items[i].layer].append(i)
            stack.extend(near[0] for near in sorted(items[i].before, key=by_end, reverse=True) if not met[near[0]])
    return layers


def reduce_crossings(items: list[Item], layers: list[list[int]]) -> None:
    """Sort each layer by where its neighbours are, forth and back, and keep the order that crosses least."""
    before = [link_ends(items, item.before) for item in items]
    after = [link_ends(items, item.after) for item in items]
    few = sum(map(len, before)) < MANY_LINKS
    best, least = [list(layer) for layer in layers], crossings(before, layers)
    idle = 0
    for turn in range(ROUNDS if few else 3):
        if least == 0 or idle > 9:
            break
        forth = turn % 2 == 0
        sort_layers(before if forth else after, layers, forth, turn % 4 > 1)
        if few:
            swap_neighbours(before, after, layers, forth)
        now = crossings(before, layers)
        idle += 1
        if now < least:
            best, least, idle = [list(layer) for layer in layers], now, 0
    layers[:] = best


def link_ends(items: list[Item], side: list[Near]) -> list[tuple[int, float]]:
    """Return the neighbours on one side of an item in the order of their links, and where on them each is attached.

    That is told in parts of a place, so that adding a neighbour's place tells the order of all ends in its layer.
    """
    if len(side) > 1:
        side = sorted(side, key=by_end)
    return [(n, there / (items[n].across + 1) if there else 0.0) for n, _, there in side]


def sort_layers(side: Ends, layers: list[list[int]], forth: bool, turned: bool) -> None:
    """Sort each layer by the average place of the neighbours on one side.

    turned: exchange what has the same average, which may lead on where nothing else does.
    """
    rank = ranks(side, layers)
    for layer in layers if forth else reversed(layers):
        keys = {}
        for i in layer:
            near = side[i]
            if len(near) == 1:
                n, off = near[0]
                keys[i] = rank[n] + off
            else:
                keys[i] = sum([rank[n] + off for n, off in near]) / len(near) if near else rank[i]
        if turned:
            layer.reverse()
        layer.sort(key=keys.__getitem__)
        for k, i in enumerate(layer):
            rank[i] = k


def swap_neighbours(before: Ends, after: Ends, layers: list[list[int]], forth: bool) -> None:
    """Exchange two neighbours of a layer wherever that crosses less."""
    rank = ranks(before, layers)
    for layer in layers if forth else reversed(layers):
        back = {i: sorted([rank[n] + off for n, off in before[i]]) for i in layer}
        ahead = {i: sorted([rank[n] + off for n, off in after[i]]) for i in layer}
        better = True
        while better:
            better = False
            for k in range(len(layer) - 1):
                a, b = layer[k], layer[k + 1]
                if crossings_saved(back[a], back[b]) + crossings_saved(ahead[a], ahead[b]) > 0:
                    layer[k], layer[k + 1] = b, a
                    better = True
        for k, i in enumerate(layer):
            rank[i] = k


def crossings_saved(ours: list[float], theirs: list[float]) -> int:
    """Return how many crossings it saves to exchange two items whose links end there, in rising order."""
    return sum([bisect_left(theirs, end) + bisect_right(theirs, end) - len(theirs) for end in ours])


def ranks(side: Ends, layers: list[list[int]]) -> list[int]:
    """Return which place in its layer each item has."""
    rank = [0] * len(side)
    for layer in layers:
        for k, i in enumerate(layer):
            rank[i] = k
    return rank


def crossings(before: Ends, layers: list[list[int]]) -> int:
    """Count the pairs of links that cross."""
    rank, total = ranks(before, layers), 0
    for layer in layers[1:]:
        arriving = [rank[n] + off for i in layer for n, off in before[i]]
        if arriving == sorted(arriving):
            continue
        seen: list[float] = []
        for end in arriving:
            total += len(seen) - bisect_right(seen, end)
            insort(seen, end)
    return total
