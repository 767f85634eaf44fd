"""The report on a comparison: every gradient judged at every point, the mistake sought where one is wrong."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ...symbolic.layers import LayerMap
from ..mistakes.catalogue import OTHER
from ..mistakes.diagnosis import diagnose
from ..mistakes.explanation import Candidate
from ..mistakes.matching import Question, Target
from ..mistakes.permutations import explained_by_numbers, rearranged
from ..mistakes.process_mistakes import procedural
from ..replay.rows import run_in_rows
from ..replay.run import Recording, Run
from ..replay.untested import untested
from .precheck import GradientPair
from .report import ComparisonReport, Mistake, ParameterLine, Worst

MORE_GRAPH = "Give loss=, the node that was differentiated: with its graph many more mistakes can be told."
ONLY_HERE = "It is right at the point that was given, and wrong at other points."
A_NUMBER = Mistake(
    0,
    "a number instead of a formula",
    "",
    "it is the same at every point, and right at the one that was given",
    "write the derivative in letters, so that it holds at every point",
)


@dataclass(frozen=True)
class Comparison:
    """The input of a judgement: the recording and its letters, if there is a graph, and the items at every run."""

    recording: Recording | None
    notation: LayerMap | None
    runs: list[Run]
    items: list[list[GradientPair]]
    notes: list[str] = field(default_factory=list)


def comparison_report(comparison: Comparison) -> ComparisonReport:
    """Judge every gradient at every point, seek the mistake if one is wrong, and return the report."""
    items, recording, notation = comparison.items, comparison.recording, comparison.notation
    lines, worst = [], None
    for i, first in enumerate(items[0]):
        off = max((row[i] for row in items), key=lambda item: (not item.ok, item.error))
        lines.append(ParameterLine(first.name, first.auto.shape, off.error, off.verdict, off.ok, off.relative_error))
        worst = farther(worst, off)
    mistakes = merged([mistake for item in items[0] for mistake in item.mistakes])
    advice = list(comparison.notes)
    candidates: list[Candidate] = []
    usable = [i for i, item in enumerate(items[0]) if item.fits and item.verdict != "not finite"]
    kept = [[row[i] for i in usable] for row in items]
    only_here = (
        len(items) > 1 and all(item.ok for item in items[0]) and not all(item.ok for row in items for item in row)
    )
    if only_here and all(
        np.array_equal(item.hand, first.hand) for row in items for item, first in zip(row, items[0], strict=True)
    ):
        mistakes.append(A_NUMBER)
    elif not all(item.ok or "right numbers" in item.verdict for row in kept for item in row):
        if recording is not None and notation is not None:
            question = Question(recording, notation, comparison.runs, kept)
            candidates = diagnosed(question) or procedural(question) or rearranged(kept)
            advice += [*unexplained(question, candidates), *where_first(question)]
            if question.exhausted and not candidates:
                advice.append("The graph is large: only a part of the mistakes that it leaves room for were tried.")
        else:
            candidates = explained_by_numbers(kept[0])
            advice += [] if comparison.notes else [MORE_GRAPH]
    mistakes += [candidate.mistake() for candidate in candidates]
    if only_here:
        advice.append(ONLY_HERE)
    level = indistinguishable(candidates)
    if level and notation is not None:
        advice.append(
            "To tell them apart, take sizes that differ from each other and from 2: n = 7 examples and widths like "
            f"5, 3, 11 (here n = {notation.n}, m = {notation.m}), biases that are not 0, and several random points."
        )
    unseen = untested(recording, notation, comparison.runs) if recording is not None and notation is not None else []
    return ComparisonReport(tuple(lines), worst, mistakes, level, tuple(advice), factors_of(kept), tuple(unseen))


def diagnosed(question: Question) -> list[Candidate]:
    """Return the explanations of what was derived, of idioms as rows first and then of the graph as it was written.

    Who writes `np.maximum(0, z)` thinks of a ReLU, and errs in its derivative.
    """
    rows = question_of_rows(question)
    found = diagnose(rows) if rows is not None else []
    if found and found[0].level <= 1:
        return found
    if rows is not None:
        question.budget /= 3  # the likelier mistakes were tried already
    written = diagnose(question)
    if not found or (written and written[0].level < found[0].level):
        return written
    return found


def question_of_rows(question: Question) -> Question | None:
    """Return the question about the graph with rows in place of idioms; None if there are none, or nodes were lost."""
    found = run_in_rows(question.runs[0], question.nodes)
    if found is None:
        return None
    first, new = found
    rewritten = first.recording
    items = []
    for row in question.items:
        items.append([copy.copy(item) for item in row])
        for item in items[-1]:
            item.node = new[item.node] if item.node is not None else None
    runs = [first, *(Run(rewritten, run.values) for run in question.runs[1:])]
    asked = Question(rewritten, LayerMap(rewritten.output), runs, items)
    with np.errstate(all="ignore"):
        same = all(
            np.all(np.abs(run.gradient(run.grads, x) - item.auto) <= item.tolerance)
            for run, row in zip(asked.runs, items, strict=True)
            for x, item in zip(asked.nodes, row, strict=True)
        )
    return asked if same else None


def unexplained(question: Question, candidates: Sequence[Candidate]) -> list[str]:
    """Say which wrong gradients are not explained, where others are."""
    told = {candidate.of for candidate in candidates if candidate.of}
    left = [question.names[i] for i in question.wrong if question.names[i] not in told] if told else []
    return [f"{', '.join(left)} differ{'s' * (len(left) == 1)} too, and no known mistake explains it."] if left else []


def indistinguishable(candidates: Sequence[Candidate]) -> list[int]:
    """Return the rows of the catalogue that explain the same numbers equally well."""
    best = [c.number for c in candidates if c.level == candidates[0].level and c.of == candidates[0].of]
    rows = [number for number in dict.fromkeys(best) if number != OTHER]
    return rows if len(rows) > 1 else []


def factors_of(rows: Sequence[Sequence[GradientPair]]) -> tuple[tuple[str, float], ...]:
    """Return what every gradient is times the right one, by name; nothing if one of them is no multiple of it.

    A gradient that is right is 1 times the right one; so is one that is zero, as far as rounding can tell.
    """
    found: list[tuple[str, float]] = []
    for i, first in enumerate(rows[0] if rows else ()):
        items = [row[i] for row in rows]
        if all(item.ok for item in items):
            found.append((first.name, 1.0))
            continue
        target = Target(items)
        r = target.ratio(target.auto)
        if r is None or not np.any(np.abs(target.auto) > 10 * target.tolerance):  # zeros are a multiple of anything
            return ()
        found.append((first.name, r))
    return tuple(found)


def merged(mistakes: list[Mistake]) -> list[Mistake]:
    """Return the mistakes with those that differ in their place only as one."""
    places: dict[tuple[int, str, str, str], list[str]] = {}
    for m in mistakes:
        places.setdefault((m.number, m.name, m.evidence, m.fix), []).append(m.where)
    return [Mistake(number, name, ", ".join(where), *rest) for (number, name, *rest), where in places.items()]


def farther(worst: Worst | None, item: GradientPair) -> Worst | None:
    """Return the number that is farther off: the worst so far, or the worst of one more gradient."""
    if not item.fits or item.hand.size == 0:
        return worst
    difference = np.abs(item.hand - item.auto)
    place = tuple(map(int, np.unravel_index(int(np.argmax(difference)), difference.shape)))
    h, a = float(item.hand[place]), float(item.auto[place])
    if worst is not None and abs(worst.hand - worst.auto) >= abs(h - a):
        return worst
    return Worst(item.name, place, h, a, h / a if a else float("nan"))


def where_first(question: Question) -> list[str]:
    """Say which quantity is the first, going backwards, that differs."""
    wrong = [item for item in question.items[0] if not item.ok and item.node is not None]
    right = [item for item in question.items[0] if item.ok]
    if not wrong or not right:
        return []
    first = max(wrong, key=lambda item: reached_at(question, item))
    return [f"Going backwards, the first quantity that differs is {first.name}."]


def reached_at(question: Question, item: GradientPair) -> int:
    """Return when, going backwards, a gradient is reached: that of a leaf with the node it is used in."""
    assert item.node is not None
    uses = question.recording.uses[item.node]
    return item.node.born if item.node.op is not None or not uses else max(z.born for z, _ in uses)
