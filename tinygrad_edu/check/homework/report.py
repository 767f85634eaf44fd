"""The report on a piece of homework: verdict, first wrong line, and the line as it should be."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from ...core.types import Array
from ...errors.printable import markdown_text, printable
from ...symbolic import latex_text as latex
from ...system.declared import declared
from ..compare.precheck import GradientPair

NOT_JUDGED = "not judged"  # the beginning of a verdict
TITLES = ("gradient by", "", "verdict", "relative error")


@dataclass(frozen=True, slots=True)
class GradientVerdict:
    """The verdict on one gradient. error: the largest difference, relative to the largest number of the gradient.

    place, given, truth: the entry that is farthest off, as the homework has it and as it should be.
    """

    error: float | None
    verdict: str
    ok: bool
    place: tuple[int, ...] = ()
    given: float | None = None
    truth: float | None = None

    @property
    def judged(self) -> bool:
        """Whether it was compared with anything."""
        return not self.verdict.startswith(NOT_JUDGED)

    @property
    def mark(self) -> str:
        """The verdict in one character."""
        return "✗" if not self.ok else "✓" if self.judged else "·"

    @classmethod
    def of(cls, item: GradientPair, measured: Array | None = None, shape: tuple[int, ...] = ()) -> GradientVerdict:
        """Return the verdict on a gradient that was judged.

        measured: where only some entries were, their places in the flat gradient, which has `shape`.
        """
        difference = np.abs(item.hand - item.auto)
        if not difference.size or not item.fits:
            return cls(None, item.verdict, item.ok)
        worst = int(difference.argmax())
        numbers = float(item.hand.flat[worst]), float(item.auto.flat[worst])
        if measured is None:
            measured, shape = np.arange(difference.size), difference.shape
        place = tuple(int(i) for i in np.unravel_index(measured[worst], shape))
        return cls(item.relative_error, item.verdict, item.ok, place, *numbers)


@dataclass(frozen=True, slots=True)
class CodeReport:
    """The result of a check of a learner's code.

    right: whether every gradient is right. line: the number of the first wrong line, None if there is none or it could
    not be told; in a notebook it is counted within the code cell `cell`. mend: that line as it should be, verified.
    parameters: the verdict on each gradient, by name. mistake: in words; kind: in a word or two, to be counted.
    missing: the parameters of which no gradient was returned. notes: what was not tested, and why.
    """

    name: str
    function: str
    right: bool
    parameters: dict[str, GradientVerdict]
    line: int | None = None
    cell: int | None = None
    source: str | None = None
    mend: str | None = None
    mistake: str | None = None
    kind: str | None = None
    others: tuple[int, ...] = ()
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())

    def as_dict(self) -> dict[str, Any]:
        """Return the report as data that JSON can hold."""
        data = asdict(self)
        for verdict in data["parameters"].values():
            for key in ("error", "given", "truth"):
                if verdict[key] is not None and not math.isfinite(verdict[key]):
                    verdict[key] = None
        return data

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> CodeReport:
        """Return the report that `as_dict` was made of. Raises KeyError, TypeError or AttributeError for other data."""
        parameters = {
            name: declared(GradientVerdict(**{**verdict, "place": tuple(verdict["place"])}))
            for name, verdict in data["parameters"].items()
        }
        sequences = {key: tuple(data[key]) for key in ("others", "missing", "notes")}
        return declared(cls(**{**data, **sequences, "parameters": parameters}))

    def text(self) -> str:
        """Return the report as it is printed."""
        lines = [f"{self.name}: {self.function}"]
        width = max(map(len, self.parameters), default=0)
        for name, p in self.parameters.items():
            error = "" if p.error is None or not math.isfinite(p.error) else f"  relative error {p.error:.1e}"
            lines.append(f"  {p.mark} {name:<{width}}  {p.verdict}{error}{'' if p.ok else worst_entry_line(name, p)}")
        lines.append(self.verdict())
        if self.mend is not None:
            lines += [f"  {row}" for row in self.change()]
        lines += [f"Note: {note}" for note in self.notes]
        return "\n".join(printable(line, keep="\n") for line in lines if line)

    __str__ = text

    def markdown(self) -> str:
        """Return the report in Markdown."""
        rows = [f"| {' | '.join(map(markdown_text, cells))} |" for cells in self.cells()]
        head = [f"**{markdown_text(f'{self.name}: {self.function}')}**", "", f"| {' | '.join(TITLES)} |"]
        change = ["", *(f"    {printable(row)}" for row in self.change())] if self.mend is not None else []
        notes = [f"\n{markdown_text(note)}" for note in self.notes]
        return "\n".join([*head, "|---" * len(TITLES) + "|", *rows, "", markdown_text(self.verdict()), *change, *notes])

    def latex(self) -> str:
        """Return the report as the body of a LaTeX document."""
        head = rf"\textbf{{{latex.prose(f'{self.name}: {self.function}')}}}"
        change = [latex.verbatim(self.change())] if self.mend is not None else []
        notes = map(latex.prose, self.notes)
        return "\n\n".join([head, latex.table(TITLES, self.cells()), latex.prose(self.verdict()), *change, *notes])

    def verdict(self) -> str:
        """Return the verdict on the whole in words."""
        if self.right and self.missing:
            return f"Every gradient that was returned is right; none was returned for {', '.join(self.missing)}."
        if self.right and (left := [name for name, p in self.parameters.items() if not p.judged]):
            were = "was" if len(left) == 1 else "were"
            return f"Every gradient that was judged is right; {', '.join(left)} {were} not."
        return "Every gradient is right." if self.right else self.mistake or ""

    def change(self) -> list[str]:
        """Return the lines that are changed, as they are and as they should be."""
        before, after = (self.source or "").splitlines(), (self.mend or "").splitlines()
        return [*(f"- {row}" for row in before), *(f"+ {row}" for row in after)]

    def cells(self) -> list[list[str]]:
        """Return the rows of a table of all gradients."""
        found = []
        for name, p in self.parameters.items():
            error = "" if p.error is None or not math.isfinite(p.error) else f"{p.error:.1e}"
            found.append([name, p.mark, p.verdict, error])
        return found

    def __bool__(self) -> bool:
        return self.right


def worst_entry_line(name: str, p: GradientVerdict) -> str:
    """Return the entry that is farthest off, as it is and as it should be."""
    if p.given is None or p.truth is None or not math.isfinite(p.truth):
        return ""
    where = f"[{', '.join(map(str, p.place))}]" if p.place else ""
    return f"; at {name}{where} it is {p.given:.6g}, and should be {p.truth:.6g}"
