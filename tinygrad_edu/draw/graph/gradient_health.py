"""Sizes of gradients as colours and in words: dead, vanishing and exploding ones are named."""

from __future__ import annotations

import math
from bisect import bisect

import numpy as np

from ...core.node import Node
from .picture import HEAT, Picture, short_text

VANISHING, EXPLODING = 1e-6, 1e3


def largest_gradient(nodes: list[Node]) -> float | None:
    """Return the largest gradient of nodes in absolute value; None where none is known."""
    known = [float(np.max(np.abs(z._grad), initial=0.0)) for z in nodes if z._grad is not None]
    return max(known, default=None)


def heat_of(size: float) -> int:
    """Return the step of the colour scale for the size of a gradient."""
    return 0 if size == 0 or math.isnan(size) else bisect(HEAT, math.log10(size))


def mark_health(picture: Picture, nodes: dict[int, list[Node]]) -> None:
    """Colour the cards of a picture by their gradients, mark the odd ones and say what is odd about them."""
    odd: dict[str, list[str]] = {"dead": [], "vanishing": [], "exploding": []}
    for i, those in nodes.items():
        size = largest_gradient(those)
        if size is None:
            continue
        card = picture.cards[i]
        card.heat = heat_of(size)
        mark = mark_of(those[-1], size)
        if mark:
            card.mark = mark
            odd[mark].append(card.title or card.sign)
    if not any(largest_gradient(those) is not None for those in nodes.values()):
        picture.notes.append(
            "No gradient has been computed yet: call backward() first, with retain_grad=True for tensors."
        )
    sentences = {
        "dead": "dead: a ReLU that is zero for every example passes no gradient back, so what feeds it cannot learn.",
        "vanishing": f"vanishing: below {VANISHING:g}, too small to learn from.",
        "exploding": f"exploding: above {EXPLODING:g}, a step would leap too far.",
    }
    for mark, names in odd.items():
        if names:
            some = ", ".join(short_text(name, 16) for name in names[:4]) + (
                f" and {len(names) - 4} more" if len(names) > 4 else ""
            )
            picture.notes.append(f"{some}: {sentences[mark]}" if len(names) > 1 else f"{some} is {sentences[mark]}")


def mark_of(z: Node, size: float) -> str:
    """Return what is odd about a node's gradient."""
    if z.op is not None and z.op.name == "relu" and not np.any(z._data):
        return "dead"
    if size > EXPLODING or not math.isfinite(size):
        return "exploding"
    return "vanishing" if 0 < size < VANISHING else ""
