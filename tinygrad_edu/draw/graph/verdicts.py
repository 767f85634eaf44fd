"""Additions to a drawn graph: verdicts on hand-derived gradients, and the operation that could not be computed."""

from __future__ import annotations

from typing import Any

from ...errors.failed_call import FailedNode, shape_of
from .picture import Card, CardEdge, Picture, short_text

RIGHT, WRONG = "✓", "✗"


def mark_verdicts(picture: Picture, report: Any) -> None:
    """Mark every card that a comparison speaks of: ✓ where the gradient derived by hand is right, ✗ where not."""
    verdicts = {line.parameter: line for line in report.lines}
    for card in picture.cards:
        line = verdicts.pop(card.title, None)
        if line is not None:
            card.rows.append(("by hand", f"{RIGHT if line.ok else WRONG} {short_text(line.verdict, 24)}"))
            card.mark = "good" if line.ok else "bad"
    if verdicts:
        picture.notes.append(f"Compared, but not in this picture: {', '.join(map(short_text, verdicts))}.")
    picture.notes += [f"{WRONG} {mistake.name}: {mistake.fix}"[:120] for mistake in report.mistakes[:1]]


def add_unfinished(picture: Picture, tails: list[int], tried: FailedNode, sign: str) -> None:
    """Add the operation that could not be computed, in red, with the shapes that it was given on its edges."""
    card = Card("fact", f"{WRONG} cannot be computed", sign, inputs=len(tails), mark="bad")
    picture.cards.append(card)
    for slot, (tail, x) in enumerate(zip(tails, tried.operands, strict=True)):
        picture.edges.append(CardEdge(tail, len(picture.cards) - 1, slot, str(shape_of(x))))
