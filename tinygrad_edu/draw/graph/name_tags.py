"""Long edges drawn as names: where a line would cross half the picture, its tail's name stands beside the head.

So a weight that every step of a recurrence uses is written beside each use, as in a circuit diagram, and a large
picture keeps few enough lines to be read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator
from itertools import count

from ..layout.layer_assignment import assign_layers
from .picture import Picture

NEAR = 3  # layers: a line that is no longer than this always stays
OFTEN = 3  # uses: a leaf of so many is written beside those that are farther away
MAX_LANES = 300  # lanes that lines may take through layers, or one for every other card

NOTE = "A name in a pill stands for the card of that name."


def refer(picture: Picture) -> None:
    """Mark the edges that are drawn as a name."""
    cards, edges = picture.cards, picture.edges
    layer = assign_layers(len(cards), [(edge.tail, edge.head) for edge in edges])
    fed = {edge.head for edge in edges}
    uses = Counter(edge.tail for edge in edges)
    lines: dict[int, list[tuple[int, int]]] = {}  # from each card: how many layers the line spans, and which edge it is
    for k, edge in enumerate(edges):
        span = layer[edge.head] - layer[edge.tail]
        if span > NEAR and edge.tail not in fed and uses[edge.tail] >= OFTEN:
            edge.by_name = True
        else:
            lines.setdefault(edge.tail, []).append((span, k))
    shorten(picture, [sorted(each) for each in lines.values()], max(MAX_LANES, len(cards) // 2))


def shorten(picture: Picture, lines: list[list[tuple[int, int]]], enough: int) -> None:
    """Mark the longest lines too, until the others take few enough lanes; lines from one card share theirs."""
    lanes = sum(each[-1][0] - 1 for each in lines)
    longest = sorted(((*line, i) for i, each in enumerate(lines) for line in each), reverse=True)
    for span, k, i in longest:
        if lanes <= enough or span <= NEAR:
            break
        picture.edges[k].by_name = True
        lines[i].pop()
        lanes -= span - (lines[i][-1][0] if lines[i] else 1)


def name_tails(picture: Picture) -> None:
    """Make sure that each card that is referred to has a name, no two the same one; say what such a name means."""
    tails = {edge.tail for edge in picture.edges if edge.by_name}
    if not tails:
        return
    taken = Counter(card.title for card in picture.cards)
    fed = {edge.head for edge in picture.edges}
    results, leaves = unused_names("v", taken), unused_names("x", taken)
    again = Counter[str]()
    for i, card in enumerate(picture.cards):
        if not card.title and card.kind != "constant":
            name = next(results if i in fed else leaves)  # as in `tg.tree`
            card.title = name if i in tails else ""
        elif i in tails and taken[card.title] > 1:
            again[card.title] += 1
            card.title = f"{card.title} #{again[card.title]}"
    picture.notes.append(NOTE)


def unused_names(letter: str, taken: Container[str]) -> Iterator[str]:
    """Yield names by one letter and a number that are not taken."""
    return (name for n in count(1) if (name := f"{letter}{n}") not in taken)
