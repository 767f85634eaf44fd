"""Which catalogued mistake explains the numbers that somebody derived: every candidate predicts, the numbers decide.

A candidate is a mistake of the recorded graph, a constant factor, or both. It is named only if what it predicts is
what was derived, number for number, and if those are more numbers than could agree by accident.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...core.node import Node
from ...symbolic.layers import LayerMap
from ..compare.precheck import Array, Item
from ..compare.report import Mistake
from .calculus import of_calculus
from .catalogue import CATALOGUE, OTHER, cure
from .constant_factors import Factors, named_factors, naming
from .mutant import Mutant
from .mutants import mutants
from .replay import Recording, Run
from .wrong_rules import RIGHT

ENOUGH = (6.0, 6.0, 9.0, 30.0)  # decimal digits that must agree, by how much freedom a candidate of a level has


@dataclass(eq=False)
class Question:
    """The gradients to explain: the recording, its runs, and in each run the items in the same order."""

    recording: Recording
    notation: LayerMap
    runs: list[Run]
    items: list[list[Item]]

    @property
    def nodes(self) -> list[Node]:
        """The nodes whose gradients were derived."""
        return [item.node for item in self.items[0] if item.node is not None]

    @cached_property
    def predictions(self) -> list[tuple[Mutant, list[list[Array]]]]:
        """Every mistake that the graph leaves room for, with the gradients that it gives, by run and item."""
        found = []
        for mutant in [*of_calculus(self.recording), *mutants(self.recording, self.notation)]:
            try:
                parts = [
                    [run.gradient(grads, x) for x in self.nodes] for run in self.runs for grads in [mutant.grads(run)]
                ]
            except (ValueError, IndexError, TypeError, ArithmeticError):
                continue  # shapes or numbers that do not fit: nobody could have made it here
            found.append((mutant, parts))
        return found

    def only(self, keep: Sequence[int]) -> Question:
        """Return the question about some of the items alone."""
        part = Question(self.recording, self.notation, self.runs, [[items[i] for i in keep] for items in self.items])
        part.__dict__["predictions"] = [  # as a cached property keeps them
            (mutant, [[grads[i] for i in keep] for grads in parts]) for mutant, parts in self.predictions
        ]
        return part


@dataclass(frozen=True)
class Candidate:
    """One explanation: its row, how far-fetched it is (0 is simplest), its place, and the evidence."""

    number: int
    level: int
    where: str
    evidence: str
    fix: str = ""

    @property
    def rank(self) -> tuple[int, int]:
        """What candidates are sorted by, the likeliest first."""
        return self.level, CATALOGUE[self.number].likely if self.number in CATALOGUE else 50

    def mistake(self) -> Mistake:
        """Return the candidate as it is reported."""
        row = CATALOGUE.get(self.number)
        name = row.name if row else "another quantity"
        return Mistake(self.number, name, self.where, self.evidence, self.fix or (cure(self.number) if row else ""))


class Target:
    """What was derived, as one row of numbers, and how closely a prediction must meet each of them."""

    def __init__(self, question: Question) -> None:
        self.question = question
        flat = [item for items in question.items for item in items]
        self.hand = np.concatenate([np.ravel(item.hand) for item in flat])
        self.auto = np.concatenate([np.ravel(item.auto) for item in flat])
        sizes = [max(item.tolerance, 1e-9 * float(np.max(np.abs(item.hand), initial=0.0))) for item in flat]
        self.tolerance = np.concatenate([np.full(np.size(item.hand), t) for item, t in zip(flat, sizes, strict=True)])
        with np.errstate(divide="ignore"):
            digits = np.log10(np.abs(self.hand) / self.tolerance)
        self.digits = float(np.sum(np.maximum(digits, 0.0)))

    def ratio(self, predicted: Array) -> float | None:
        """Return the number r for which r times the prediction is what was derived; None if there is none."""
        square = float(predicted @ predicted)
        if square == 0.0:
            return None
        r = float(self.hand @ predicted) / square
        return r if np.all(np.abs(r * predicted - self.hand) <= self.tolerance) else None

    def matches(self) -> Iterator[tuple[Mutant, float]]:
        """Yield every mistake that shows here and predicts what was derived, with the factor that it takes."""
        mutants = [mutant for mutant, _ in self.question.predictions]
        flat = [
            np.concatenate([np.ravel(g) for grads in parts for g in grads]) for _, parts in self.question.predictions
        ]
        if not flat:
            return
        rows = np.array(flat)
        finite = np.isfinite(rows).all(axis=1)
        shows = finite & (np.abs(rows - self.auto) > self.tolerance).any(axis=1)
        exact = (np.abs(rows - self.hand) <= self.tolerance).all(axis=1)
        factors = (rows @ self.hand) / np.sum(rows * rows, axis=1)
        scaled = (np.abs(factors[:, None] * rows - self.hand) <= self.tolerance).all(axis=1)
        for i in np.flatnonzero(shows & (exact | scaled)):
            yield mutants[i], 1.0 if exact[i] else float(factors[i])


def diagnose(question: Question) -> list[Candidate]:
    """Return the explanations of what was derived, likeliest first; none is an honest answer."""
    with np.errstate(all="ignore"):
        target = Target(question)
        found = list(explained(target))
        wrong = [i for i in range(len(question.items[0])) if not all(items[i].ok for items in question.items)]
        if not found and len(question.items[0]) > 1:
            for i in wrong:  # a mistake of its own in each
                found += explained(Target(question.only([i])))
    best: dict[int, Candidate] = {}
    for candidate in sorted(found, key=lambda c: c.rank):
        best.setdefault(candidate.number, candidate)
    if {23, 26, 31} & best.keys():
        best.pop(24, None)  # a path that was left out is a branch treated as constant, in other words
    simplest = min((c.level for c in best.values()), default=0)
    return [c for c in best.values() if c.level <= simplest]


def explained(target: Target) -> Iterator[Candidate]:
    """Yield every candidate whose prediction is what was derived."""
    factors = named_factors(target.question.recording, target.question.notation)
    if np.all(target.hand == 0):
        yield Candidate(24, 0, "", "every number is 0")
        return
    if (r := target.ratio(target.auto)) is not None and target.digits >= ENOUGH[0]:
        names = naming(r, factors)
        for number, said in names:
            yield Candidate(number, 1, "everywhere", f"every number is {r:.6g} times the right one: {said}")
        if not names and target.digits >= ENOUGH[3]:
            yield Candidate(
                OTHER, 3, "everywhere", f"every number is {r:.6g} times the right one", "a constant factor is wrong"
            )
    yield from of_one_gradient(target, factors)
    for mutant, r in target.matches():
        names = naming(r, factors)
        if r == 1.0 and target.digits >= ENOUGH[1]:
            yield candidate(target, mutant, 1, "")
        elif r != 1.0 and names and target.digits >= ENOUGH[2]:
            yield candidate(target, mutant, 2, f", and all of it times {r:.6g}: {names[0][1]}")
        elif r != 1.0 and target.digits >= ENOUGH[3]:
            yield candidate(target, mutant, 3, f", and all of it times {r:.6g}")


def candidate(target: Target, mutant: Mutant, level: int, factor: str) -> Candidate:
    """Return a mistake of the graph as an explanation in the article's letters."""
    notation, node = target.question.notation, mutant.node
    layer = next((x for x in notation.layers if any(node is y for y in (x.product, x.z, x.a, x.W, x.b))), None)
    number = layer.number if layer else None
    where = notation.name(node) if node is not None else "wherever it could be made"
    if node is not None and layer is not None and node is layer.product:
        parameter = layer.W
        if layer.b is not None and any(z.inputs[i] is layer.b for z, i in mutant.changes):
            parameter = layer.b  # the row that computes both product and bias
        where = f"layer {layer.number}, {notation.name(parameter)}"
    if node is not None and node.op is not None and node.code is not None and not node.where.startswith("<"):
        where += f" at {node.where}"
    row = node.op.name if node is not None and node.op else ""
    fix = cure(mutant.number, number, RIGHT.get(row, "see the table of derivatives"))
    evidence = f"exactly the numbers that this gives: {mutant.said}{factor}"
    return Candidate(mutant.number, level, where, evidence, fix)


def of_one_gradient(target: Target, factors: Factors) -> Iterator[Candidate]:
    """Yield the factors that are wrong in one gradient alone, where the others are right."""
    question = target.question
    count = len(question.items[0])
    wrong = [i for i in range(count) if not all(items[i].ok for items in question.items)]
    if count == 1 or len(wrong) != 1 or target.digits < ENOUGH[0]:
        return
    alone = Target(question.only(wrong))
    if (r := alone.ratio(alone.auto)) is not None and alone.digits >= ENOUGH[0]:
        name = question.items[0][wrong[0]].name
        bias = any(layer.b is question.nodes[wrong[0]] for layer in question.notation.layers)
        for number, said in naming(r, factors):
            row = 8 if bias and number == 3 else number
            yield Candidate(row, 1, name, f"{name} is {r:.6g} times the right one, and the others are right: {said}")
