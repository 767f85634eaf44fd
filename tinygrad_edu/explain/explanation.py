"""An explanation: headings, sentences and equations, written as plain text, Markdown or LaTeX."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from ..errors.printable import markdown_text

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
        if style not in EXPLANATION_WRITERS:
            raise ValueError(f'format is "text", "markdown" or "latex", not {style!r}')
        kept = tuple(blocks)
        made = super().__new__(cls, EXPLANATION_WRITERS[style](kept))
        made.blocks = kept
        return made

    @property
    def equations(self) -> list[Equation]:
        """Every line of mathematics in it."""
        return [block for block in self.blocks if isinstance(block, Equation)]

    def _repr_markdown_(self) -> str:
        return as_markdown(self.blocks)


def as_text(blocks: Iterable[Statement]) -> str:
    """Return an explanation for a terminal."""
    lines: list[str] = []
    for block in blocks:
        match block:
            case Heading(text):
                lines += ["", text, "─" * len(text)]
            case Words(text):
                lines += [text]
            case Equation(text, _):
                lines += ["  " + text]
    return "\n".join(lines).strip("\n")


def as_markdown(blocks: Iterable[Statement]) -> str:
    """Return an explanation for a notebook or a page."""
    parts = []
    for block in blocks:
        match block:
            case Heading(text):
                parts.append(f"### {markdown_text(text)}")
            case Words(text):
                parts.append(markdown_text(text))
            case Equation(_, tex):
                parts.append(f"$${tex}$$")
    return "\n\n".join(parts)


TEX_WORDS = (
    {c: f"\\{c}" for c in "_%#$&{}"}
    | {"\\": r"\textbackslash{}", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": "$<$", ">": "$>$"}
    | {"∂": r"$\partial$", "δ": r"$\delta$", "→": r"$\to$", "·": r"$\cdot$", "σ": r"$\sigma$"}
)


def as_latex(blocks: Iterable[Statement]) -> str:
    """Return an explanation as the body of a LaTeX document."""
    parts = []
    for block in blocks:
        match block:
            case Heading(text):
                parts.append(rf"\subsection*{{{tex_words(text)}}}")
            case Words(text):
                parts.append(tex_words(text))
            case Equation(_, tex):
                parts.append(rf"\[ {tex} \]")
    return "\n\n".join(parts)


def tex_words(text: str) -> str:
    """Return a sentence so that LaTeX prints it as it is."""
    return "".join(TEX_WORDS.get(c, c) for c in text)


EXPLANATION_WRITERS = {"text": as_text, "markdown": as_markdown, "latex": as_latex}
