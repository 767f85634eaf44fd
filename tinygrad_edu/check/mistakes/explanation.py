"""An explanation of wrong numbers: a row of the catalogue, its place, and the evidence for it."""

from __future__ import annotations

from dataclasses import dataclass

from ..compare.report import Mistake
from .catalogue import CATALOGUE, fix_for


@dataclass(frozen=True)
class Candidate:
    """One explanation: its row, how far-fetched it is (0 is simplest), its place, and the evidence for it."""

    number: int
    level: int
    where: str
    evidence: str
    fix: str = ""
    of: str = ""  # the gradient that it explains; "" if all
    size: int = 0  # in how many places the mistake was made
    name: str = ""  # of what is no row of the catalogue

    @property
    def rank(self) -> tuple[int, int, int]:
        """The key by which candidates are sorted, the likeliest first."""
        return self.level, CATALOGUE[self.number].likely if self.number in CATALOGUE else 50, self.size

    def mistake(self) -> Mistake:
        """Return the candidate as it is reported."""
        row = CATALOGUE.get(self.number)
        name = row.name if row else self.name or "another quantity"
        return Mistake(self.number, name, self.where, self.evidence, self.fix or (fix_for(self.number) if row else ""))
