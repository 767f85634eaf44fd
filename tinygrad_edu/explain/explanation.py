"""An explanation: headings, sentences and equations, written as plain text, Markdown or LaTeX."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple

from ..errors.printable import markdown_text
from ..symbolic.latex_text import prose

Style = Literal["text", "markdown", "latex"]


@dataclass(frozen=True)
class Heading:
    """A title of a part."""

    text: str


@dataclass(frozen=True)
class Words:
    """A paragraph."""

    text: str


@dataclass(frozen=True)
class Equation:
    """One line of mathematics, as plain text and as LaTeX."""

    text: str
    tex: str


Statement = Heading | Words | Equation


class Explanation(str):
    """The text of an explanation; in a notebook it shows itself with its formulas set."""

    __slots__ = ("blocks",)
    blocks: tuple[Statement, ...]

    def __new__(cls, blocks: Iterable[Statement], style: Style = "text") -> Explanation:
        if style not in STYLES:
            raise ValueError(f'format is "text", "markdown" or "latex", not {style!r}')
        kept = tuple(blocks)
        made = super().__new__(cls, written(kept, STYLES[style]))
        made.blocks = kept
        return made

    @property
    def equations(self) -> list[Equation]:
        """Every line of mathematics in it."""
        return [block for block in self.blocks if isinstance(block, Equation)]

    def _repr_markdown_(self) -> str:
        return written(self.blocks, STYLES["markdown"])


class Written(NamedTuple):
    """How a style writes a heading, a paragraph and an equation, and what stands between them."""

    heading: Callable[[str], str]
    words: Callable[[str], str]
    equation: Callable[[Equation], str]
    gap: str


STYLES = {
    "text": Written(lambda text: f"\n{text}\n{'─' * len(text)}", str, lambda e: f"  {e.text}", "\n"),
    "markdown": Written(lambda text: f"### {markdown_text(text)}", markdown_text, lambda e: f"$${e.tex}$$", "\n\n"),
    "latex": Written(lambda text: rf"\subsection*{{{prose(text)}}}", prose, lambda e: rf"\[ {e.tex} \]", "\n\n"),
}


def written(blocks: Iterable[Statement], style: Written) -> str:
    """Return an explanation as a style has it."""
    parts = []
    for block in blocks:
        match block:
            case Heading(text):
                parts.append(style.heading(text))
            case Words(text):
                parts.append(style.words(text))
            case Equation():
                parts.append(style.equation(block))
    return style.gap.join(parts).strip("\n")
