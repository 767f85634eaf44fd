"""The report on a comparison: as data, a table in a terminal, HTML in a notebook, Markdown and LaTeX."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ...errors.printable import markdown_text, printable
from ...symbolic import latex_text as latex
from ..mistakes.catalogue import CATALOGUE, OTHER

WIDEST = 76  # columns of the longest line of text


@dataclass(frozen=True)
class Mistake:
    """One mistake: its row of the catalogue (0 for a finding that is none), its name, its place, why, and the fix."""

    number: int
    name: str
    where: str
    evidence: str
    fix: str


@dataclass(frozen=True)
class Worst:
    """The number that is farthest off."""

    parameter: str
    index: tuple[int, ...]
    hand: float
    auto: float
    ratio: float


class ParameterLine(NamedTuple):
    """One parameter of the comparison.

    relative_error: the largest difference over the largest number; None where the right gradient is zero.
    """

    parameter: str
    shape: tuple[int, ...]
    max_error: float
    verdict: str
    ok: bool
    relative_error: float | None = None

    def cells(self) -> tuple[str, str, str, str, str]:
        """Return the line as text."""
        relative = "–" if self.relative_error is None else f"{self.relative_error:.3g}"
        return printable(self.parameter), str(self.shape), f"{self.max_error:.3g}", relative, self.verdict


TITLES = ("parameter", "shape", "max error", "relative", "verdict")


@dataclass(frozen=True)
class ComparisonReport:
    """A gradient derived by hand beside the automatic one; true where they agree.

    mistakes: what explains the difference, most likely first; empty where nothing known does.
    indistinguishable: rows of the catalogue that this data cannot tell apart.
    factors: where every gradient is a multiple of the right one, its name and the factor; else nothing.
    untested: sides of kinks that no point lies on, in words.
    """

    lines: tuple[ParameterLine, ...]
    worst: Worst | None
    mistakes: list[Mistake] = field(default_factory=list)
    indistinguishable: list[int] = field(default_factory=list)
    advice: tuple[str, ...] = ()
    factors: tuple[tuple[str, float], ...] = ()
    untested: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether every gradient is right."""
        return all(line.ok for line in self.lines)

    @property
    def max_error(self) -> float:
        """The largest difference between two numbers."""
        return max((line.max_error for line in self.lines), default=0.0)

    def __bool__(self) -> bool:
        return self.ok

    def text(self) -> str:
        """Return the report for a terminal."""
        lines = [self.headline(), "", *report_table(self.lines), *self.explanation()]
        return "\n".join(map(printable, lines)).rstrip()

    __str__ = __repr__ = text  # a prompt shows the table too

    def headline(self) -> str:
        """Return the verdict in one line."""
        wrong = [line.parameter for line in self.lines if not line.ok]
        if not wrong:
            return f"✓ the gradient derived by hand is right{' as far as it was tested' if self.untested else ''}"
        if truth := self.truth():
            return f"✗ wrong: {truth}"
        if self.mistakes:
            first = self.mistakes[0]
            place = first.where.split(" at ")[0]  # without the line of the program
            return f"✗ wrong: {first.name} ({place})" if place else f"✗ wrong: {first.name}"
        return f"✗ differs in {', '.join(wrong)}, and no known mistake explains it"

    def truth(self) -> str:
        """Say what each gradient is times the right one, where they are different multiples of it: W × 2; b × −1."""
        wrong = {name for name, r in self.factors if r != 1.0}
        if len({r for _, r in self.factors}) == 1 or len(self.factors) < 2 or len(wrong) < 2:
            return ""
        groups: dict[str, list[str]] = {}
        for name, r in self.factors:
            if r != 1.0:
                groups.setdefault(f"{r:.6g}".replace("-", "−"), []).append(name)
        if len(groups) == 1:
            return ""  # one factor for some of them: the mistake that is named says of which
        told = [f"{', '.join(names)} × {r}" for r, names in groups.items()]
        return "; ".join([*told, *(["the others are right"] if len(wrong) < len(self.factors) else [])])

    def explanation(self) -> list[str]:
        """Return what there is to say below the table, as lines."""
        said: list[str] = []
        for i, mistake in enumerate(self.mistakes, 1):
            row = f"row {mistake.number} of the catalogue" if mistake.number != OTHER else "outside the catalogue"
            said += ["", f"{i}. {mistake.name} ({row})"]
            for title, text in (("where", mistake.where), ("evidence", mistake.evidence), ("fix", mistake.fix)):
                if text:
                    said += indented(f"   {title}:".ljust(14), text)
        if self.worst is not None and not self.ok:
            w = self.worst
            place = f"[{', '.join(map(str, w.index))}]" if w.index else ""
            said += [
                "",
                f"farthest off: {w.parameter}{place} by hand {w.hand:.6g}, automatic {w.auto:.6g}, ratio {w.ratio:.6g}",
            ]
        if len(self.indistinguishable) > 1:
            rows = "; ".join(f"{number} {CATALOGUE[number].name}" for number in self.indistinguishable)
            said += ["", *indented("this data cannot tell apart: ", rows)]
        if self.untested:
            said += ["", *(line for text in self.untested for line in indented("not tested: ", text))]
        for line in self.advice:
            said += ["", *indented("", line)]
        return said

    def as_dict(self) -> dict[str, Any]:
        """Return the report as plain data, for JSON."""
        return {
            "ok": self.ok,
            "max_error": self.max_error,
            "parameters": [line._asdict() for line in self.lines],
            "worst": vars(self.worst) if self.worst else None,
            "mistakes": [vars(mistake) for mistake in self.mistakes],
            "indistinguishable": self.indistinguishable,
            "factors": dict(self.factors),
            "untested": list(self.untested),
            "advice": list(self.advice),
        }

    def markdown(self) -> str:
        """Return the report in Markdown."""
        say = markdown_text
        rows = [f"| {' | '.join(map(say, x.cells()))} |" for x in self.lines]
        found = [
            f"{i}. **{say(x.name)}**{f' ({say(x.where)})' if x.where else ''}: {say(x.evidence)}. Fix: {say(x.fix)}"
            for i, x in enumerate(self.mistakes, 1)
        ]
        head = [f"| {' | '.join(TITLES)} |", "|---|---|---|---|---|"]
        more = [say(text) for text in (*(f"Not tested: {text}" for text in self.untested), *self.advice)]
        return "\n".join([f"**{say(self.headline())}**", "", *head, *rows, "", *found, *more]).rstrip()

    def latex(self) -> str:
        """Return the report as the body of a LaTeX document."""
        found = [
            rf"\item \textbf{{{latex.prose(x.name)}}}{latex.prose(f' ({x.where})') if x.where else ''}: "
            rf"{latex.prose(x.evidence)}. \emph{{{latex.prose(x.fix)}}}"
            for x in self.mistakes
        ]
        listed = [r"\begin{enumerate}", *found, r"\end{enumerate}"] if found else []
        notes = [latex.prose(text) for text in (*(f"Not tested: {x}" for x in self.untested), *self.advice)]
        head = rf"\textbf{{{latex.prose(self.headline())}}}"
        return "\n\n".join([head, latex.table(TITLES, [x.cells() for x in self.lines]), *listed, *notes])

    def _repr_html_(self) -> str:
        say = html.escape
        rows = "".join(
            f"<tr>{''.join(f'<td>{say(cell)}</td>' for cell in x.cells()[:-1])}"
            f'<td style="color:{"#1a7f37" if x.ok else "#c1121f"}">{say(x.verdict)}</td></tr>'
            for x in self.lines
        )
        found = "".join(
            f"<li><b>{say(x.name)}</b> {say(x.where)}<br>{say(x.evidence)}<br><i>{say(x.fix)}</i></li>"
            for x in self.mistakes
        )
        notes = "".join(f"<p>{say(line)}</p>" for line in (*(f"Not tested: {x}" for x in self.untested), *self.advice))
        titles = "".join(f"<th>{title}</th>" for title in TITLES)
        return f"<p><b>{say(self.headline())}</b></p><table><tr>{titles}</tr>{rows}</table><ol>{found}</ol>{notes}"


def report_table(lines: Sequence[ParameterLine]) -> list[str]:
    """Return the parameters as the lines of a table."""
    cells = [TITLES, *(x.cells() for x in lines)]
    widths = [max(len(row[i]) for row in cells) for i in range(4)]
    return ["  ".join([*(cell.ljust(w) for cell, w in zip(row, widths, strict=False)), row[4]]) for row in cells]


def indented(head: str, text: str) -> list[str]:
    """Return text in lines of a readable length, the first after `head` and the others below it."""
    lines, line = [], head
    for word in text.split(" "):
        if len(line) + len(word) > WIDEST and line.strip() and line != head:
            lines.append(line.rstrip())
            line = " " * len(head)
        line += word + " "
    return [*lines, line.rstrip()]
