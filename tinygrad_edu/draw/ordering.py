"""The order of boxes within each layer, so that few links cross: sorting by neighbours' places, and swaps."""

from __future__ import annotations

from bisect import bisect, insort
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .layered import Item

Near = tuple[int, float, float]  # a neighbour; how far off the middle a link is attached here, and there
ROUNDS = 60  # of ordering, at most
MANY = 400  # items: for more of them, fewer rounds


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


def by_end(near: Near) -> float:
    """Return where on the item itself a link is attached."""
    return near[1]


def reduce_crossings(items: list[Item], layers: list[list[int]]) -> None:
    """Sort each layer by where its neighbours are, forth and back, and keep the order that crosses least."""
    best, least = [list(layer) for layer in layers], crossings(items, layers)
    idle = 0
    rounds = ROUNDS if len(items) < MANY else 3
    for turn in range(rounds):
        if least == 0 or idle > 9:
            break
        forth = turn % 2 == 0
        sort_layers(items, layers, forth, turn % 4 > 1)
        if len(items) < MANY:
            swap_neighbours(items, layers, forth)
        now = crossings(items, layers)
        idle += 1
        if now < least:
            best, least, idle = [list(layer) for layer in layers], now, 0
    layers[:] = best


def sort_layers(items: list[Item], layers: list[list[int]], forth: bool, turned: bool) -> None:
    """Sort each layer by the average place of the neighbours in the layer before it, or behind it.

    turned: exchange what has the same average, which may lead on where nothing else does.
    """
    rank = ranks(items, layers)
    for layer in layers if forth else reversed(layers):
        keys = {}
        for i in layer:
            near = items[i].before if forth else items[i].after
            keys[i] = (
                sum(rank[n] + there / (items[n].across + 1) for n, _, there in near) / len(near) if near else rank[i]
            )
        if turned:
            layer.reverse()
        layer.sort(key=keys.__getitem__)
        for k, i in enumerate(layer):
            rank[i] = k


def swap_neighbours(items: list[Item], layers: list[list[int]], forth: bool) -> None:
    """Exchange two neighbours of a layer wherever that crosses less."""
    rank = ranks(items, layers)
    for layer in layers if forth else reversed(layers):
        better = True
        while better:
            better = False
            for k in range(len(layer) - 1):
                a, b = items[layer[k]], items[layer[k + 1]]
                gain = 0
                for x, y in ((a.before, b.before), (a.after, b.after)):
                    for n, _, there in x:
                        for m, _, other in y:
                            p, q = (rank[n], there), (rank[m], other)
                            gain += (p > q) - (p < q)
                if gain > 0:
                    layer[k], layer[k + 1] = layer[k + 1], layer[k]
                    rank[layer[k]], rank[layer[k + 1]] = k, k + 1
                    better = True


def ranks(items: list[Item], layers: list[list[int]]) -> list[int]:
    """Return which place in its layer each item has."""
    rank = [0] * len(items)
    for layer in layers:
        for k, i in enumerate(layer):
            rank[i] = k
    return rank


def crossings(items: list[Item], layers: list[list[int]]) -> int:
    """Count the pairs of links that cross."""
    rank, total = ranks(items, layers), 0
    for layer in layers[1:]:
        seen: list[tuple[int, float]] = []
        for i in layer:
            for n, _, there in sorted(items[i].before, key=by_end):
                end = (rank[n], there)
                total += len(seen) - bisect(seen, end)
                insort(seen, end)
    return total
