"""Reads and writes of a program outside of itself: captured inputs and effects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..core.node import Node


@dataclass(frozen=True, eq=False)
class CapturedInput:
    """A place outside of the program. `place` is Python, with `{}` for the name of the owner: `{}._raw`."""

    place: str
    owner: Any
    name: str
    entry: tuple[int, int] | None = None  # of an optimiser's memory: of which weight, and which part


@dataclass(frozen=True, eq=False)
class Effect:
    """A change of state that a call leaves behind: an attribute of an owner becomes the results, or None without any.

    entry: of an optimiser's memory, of which weight; None for all weights, with an array for each part.
    """

    attribute: str
    owner: Any
    results: tuple[Node, ...]
    places: tuple[str, ...] = ()  # where each result comes to lie, as in `CapturedInput`
    entry: int | None = None
