"""The report on a piece of homework: verdict, first wrong line, and the line as it should be."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any

from ...errors.printable import printable


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


@dataclass(frozen=True, slots=True)
class CodeReport:
    """What a check of a learner's code found.

    right: whether every gradient is right. line: the number of the first wrong line, None if there is none or it could
    not be told; in a notebook it is counted within the code cell `cell`. mend: that line as it should be, verified.
    parameters: the verdict on each gradient, by name. mistake: in words; kind: in a word or two, to be counted.
    notes: what was not tested, and why.
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
        """Return the report that `as_dict` was made of."""
        parameters = {
            name: GradientVerdict(**{**verdict, "place": tuple(verdict["place"])})
            for name, verdict in data["parameters"].items()
        }
        return cls(**{**data, "parameters": parameters, "others": tuple(data["others"]), "notes": tuple(data["notes"])})

    def text(self) -> str:
        """Return the report as it is printed."""
        lines = [f"{self.name}: {self.function}"]
        width = max(map(len, self.parameters), default=0)
        for name, p in self.parameters.items():
            mark = "✓" if p.ok else "✗"
            error = "" if p.error is None or not math.isfinite(p.error) else f"  relative error {p.error:.1e}"
            lines.append(f"  {mark} {name:<{width}}  {p.verdict}{error}{'' if p.ok else numbers(name, p)}")
        if self.right:
            lines.append("Every gradient is right.")
        else:
            lines.append(self.mistake or "")
        if self.mend is not None and self.source is not None:
            lines += [f"  - {row}" for row in self.source.splitlines()] + [
                f"  + {row}" for row in self.mend.splitlines()
            ]
        lines += [f"Note: {note}" for note in self.notes]
        return "\n".join(printable(line, keep="\n") for line in lines if line)

    __str__ = text

    def __bool__(self) -> bool:
        return self.right


def numbers(name: str, p: GradientVerdict) -> str:
    """Return the entry that is farthest off, as it is and as it should be."""
    if p.given is None or p.truth is None or not math.isfinite(p.truth):
        return ""
    where = f"[{', '.join(map(str, p.place))}]" if p.place else ""
    return f"; at {name}{where} it is {p.given:.6g}, and should be {p.truth:.6g}"
