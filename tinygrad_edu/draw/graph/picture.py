"""The parts of a drawn graph, before it is laid out and written.

Cards, edges between them, and groups around them. Knows nothing of nodes, DOT or SVG: `draw.py` makes pictures,
`layout/` places their parts, `formats/` writes them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from unicodedata import category, east_asian_width

import numpy as np

MAX_SHOWN = 4  # numbers of an array that are shown one by one
SCRIPTS = re.compile(
    r"([^\W\d_])(?:_(\d[\d,]{0,4}|[a-z]{1,2}))?(?:\^(\(\w{1,3}\)))?"
)  # w_12^(1): a letter, index, layer
LONGEST = 28  # characters of a text that a card shows; the rest of a long one becomes an ellipsis
SCALE = ("#fff8e6", "#fdeab4", "#fbd68a", "#f8bd6a", "#f3a056", "#ea8550", "#df6f55")  # of heat: small to large
HEAT = (-6, -4, -3, -2, -1, 0)  # the powers of ten between its seven steps


@dataclass(slots=True)
class Card:
    """One box: a node, a constant, or a whole group folded into one.

    kind: "parameter", "input", "constant", "result", "fact" or "fold", which decides form and colour.
    sign: the operation that made it, shown in a cell of its own; empty for what was given.
    rows: name and text of each line under the title. inputs: how many edges arrive.
    """

    kind: str
    title: str = ""
    sign: str = ""
    rows: list[tuple[str, str]] = field(default_factory=list)
    group: int | None = None
    inputs: int = 0
    tip: str = ""
    mark: str = ""  # what singles it out, like "dead"
    heat: int | None = None  # how large its gradient is, on a scale of seven

    def lines(self) -> list[str]:
        """Return its text, line by line."""
        rows = [f"{name} {text}" if name else text for name, text in self.rows]
        return [self.title, *rows] if self.title else rows


@dataclass(slots=True)
class CardEdge:
    """One use of a card as an operand of another."""

    tail: int
    head: int
    slot: int  # which operand of the head
    label: str = ""
    times: int = 1  # how many uses it stands for, where a fold hides them
    by_name: bool = False  # drawn as its tail's name beside its head


@dataclass(slots=True)
class Group:
    """A frame around cards that belong together, like one call of a module."""

    title: str
    parent: int | None = None


@dataclass(slots=True)
class Picture:
    """Everything that is drawn; cards stand in an order in which operands come before results."""

    cards: list[Card] = field(default_factory=list)
    edges: list[CardEdge] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    direction: str = "LR"
    notes: list[str] = field(default_factory=list)  # sentences under the picture
    heated: bool = False


def title_parts(title: str) -> tuple[str, str, str] | None:
    """Return letter, index and layer of a title like w_12^(1), as textbooks name weights; None of any other."""
    found = SCRIPTS.fullmatch(title) if 3 <= len(title) <= 14 else None
    return found and (found[1], found[2] or "", found[3] or "")


def short_text(text: str, longest: int = LONGEST) -> str:
    """Return `text` on one line, no longer than `longest`, without characters that XML or UTF-8 cannot carry."""
    cut = text if len(text) <= longest else text[: longest - 1] + "…"
    if cut.isprintable():
        return cut
    return "".join(visible(c) for c in cut)


def visible(c: str) -> str:
    """Return a character as it can be printed: a line break as ⏎, what cannot be printed as �."""
    if c.isprintable() or category(c) == "Zs":
        return c
    return {"\n": "⏎", "\t": "⇥", "\r": "␍"}.get(c, "�")


def width(text: str) -> int:
    """Return how many columns of a fixed-width font `text` takes."""
    return len(text) if is_narrow(text) else sum(2 if east_asian_width(c) in "WF" else 1 for c in text)


def is_narrow(text: str) -> bool:
    """Return whether a text has nothing but narrow characters, as most have: ASCII, and this package's own."""
    return text.isascii() or text.replace("−", "-").replace("…", ".").isascii()


def format_number(x: float, digits: int = 4) -> str:
    """Return a number as people write it: four digits that count, and a true minus sign."""
    text = f"{x + 0.0:.4g}" if digits == 4 else f"{x + 0.0:.{digits}g}"  # adding zero takes the sign off a zero
    return text.replace("-", "−") if "-" in text else text  # a large page has tens of thousands of them


def data_summary(data: Any) -> str:
    """Return a number as it is, a few numbers one by one, and of many the smallest and the largest."""
    if isinstance(data, float):
        return format_number(data)
    array = np.asarray(data)
    if array.size == 1:
        return format_number(float(array.reshape(())[()])) if array.dtype.kind == "f" else str(array.reshape(())[()])
    if array.size == 0:
        return "empty"
    if array.dtype.kind == "c":
        return "complex"
    if array.size <= MAX_SHOWN and array.ndim == 1:
        return "[" + ", ".join(format_number(float(x)) for x in array) + "]"
    if lost := np.count_nonzero(array != array):
        return f"nan in {lost} of {array.size}"
    low, high = float(array.min()), float(array.max())
    return f"{format_number(low)} … {format_number(high)}" if low != high else f"all {format_number(low)}"
