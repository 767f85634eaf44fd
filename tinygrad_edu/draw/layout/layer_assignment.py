"""The layer of each box of a picture: one behind its operands, and no earlier than it is needed.

Boxes are numbers, in an order in which tails come before heads; links are pairs of them. Knows no sizes.
"""

from __future__ import annotations

from collections.abc import Iterable

SMALL = 2  # layers: what takes more to compute stays in line with its like, as the neurons of a layer do


def assign_layers(count: int, links: Iterable[tuple[int, int]], ports: dict[int, int] | None = None) -> list[int]:
    """Return the layer of each of `count` boxes: one after the last of its tails, leaves next to their first head.

    A box made of leaves in one or two steps goes to its first head too, as does one made of boxes with other heads.
    That lengthens no link.
    ports: boxes on the border of a frame; -1 stands in a layer before all others, 1 in one behind them.
    """
    heads: list[list[int]] = [[] for _ in range(count)]
    tails: list[list[int]] = [[] for _ in range(count)]
    for tail, head in links:
        heads[tail].append(head)
        tails[head].append(tail)
    layer = [0] * count
    steps = [0] * count  # that would move along with each box
    for i, below in enumerate(tails):
        for tail in below:
            if layer[tail] >= layer[i]:
                layer[i] = layer[tail] + 1
            behind = 1 + (steps[tail] if len(heads[tail]) == 1 else 0)
            if behind > steps[i]:
                steps[i] = behind
    for i in reversed(range(count)):
        if steps[i] <= SMALL and heads[i]:
            layer[i] = min([layer[head] for head in heads[i]]) - 1
    if ports:
        others = [layer[i] for i in range(count) if i not in ports]
        first, last = min(others, default=0) - 1, max(others, default=0) + 1
        for i, side in ports.items():
            layer[i] = first if side < 0 else last
    lowest = min(layer, default=0)
    return [each - lowest for each in layer] if lowest else layer
