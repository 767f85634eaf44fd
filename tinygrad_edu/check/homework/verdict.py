"""The verdict in numbers: every gradient at several points, on both sides of every kink, in float64.

The truth is the gradient of the recorded loss; differences of the loss, computed by the program as it stands, must
agree with it before anything is called wrong, and replace it where the program could not be recorded. Whether numbers
are the same is decided as in `tg.compare`, by `GradientPair`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from ...core.types import Array
from ..compare.digits import UNKNOWN_DIGITS
from ..compare.items import items_of
from ..compare.precheck import GradientPair
from .differences import finite_differences, step_slope
from .forward_graph import ForwardGraph, Side, forward_graph
from .program import HomeworkError
from .report import NOT_JUDGED, GradientVerdict
from .runs import RecordedRun, Runs, loss_number, without_warnings
from .task import Outcome, Values, gradient_array

POINTS = 4  # that are tried: the program's own, and others drawn around it
MORE = 6  # further ones, where a kink was seen from one side only
NO_SUCH_VARIABLE = GradientVerdict(None, f"{NOT_JUDGED}: the loss does not depend on such a variable", True)
NOT_MOVED = GradientVerdict(None, f"{NOT_JUDGED}: the loss cannot be recorded, and this is no parameter", True)


@dataclass(slots=True)
class Verdict:
    """The verdict on all gradients. `notes` say what was not tested."""

    parameters: dict[str, GradientVerdict]
    notes: list[str] = field(default_factory=list)
    recording: RecordedRun | None = None  # of a point where a gradient is wrong, or of the last
    points: list[Values] = field(default_factory=list)
    spreads: dict[str, float] = field(default_factory=dict)  # how far rounding moves a gradient
    truths: list[dict[str, Any]] = field(default_factory=list)  # at each point; `Differences` where not recorded

    @property
    def right(self) -> bool:
        """Whether every gradient is right at every point."""
        return all(p.ok for p in self.parameters.values())

    @property
    def wrong(self) -> list[str]:
        """The names of the wrong gradients."""
        return [name for name, p in self.parameters.items() if not p.ok]


def judge(runs: Runs, seed: int = 0) -> Verdict:
    """Return the verdict on a task. Raises HomeworkError where there is no loss to differentiate."""
    judgement = Judgement(runs, np.random.default_rng(seed))
    for values in judgement.points():
        judgement.at(values)
    return judgement.finished()


class Judgement:
    """A verdict in the making: points are judged one by one, until enough is known."""

    def __init__(self, runs: Runs, rng: np.random.Generator) -> None:
        self.runs, self.rng, self.tried = runs, rng, 0
        self.origin = {
            name: np.array(x, np.float64) if isinstance(x, np.ndarray) else float(x)
            for name, x in runs.task.values.items()
        }
        first, again = runs.plain(self.origin), runs.plain(self.origin)
        if not np.isfinite(loss_number(first.loss)):
            raise HomeworkError(f"the loss is {loss_number(first.loss)}: gradients can be checked where it is finite")
        if loss_number(first.loss) != loss_number(again.loss):
            raise HomeworkError(
                "the loss differs from run to run: draw random numbers from a generator with a fixed seed"
            )
        self.verdict = Verdict({})
        self.recordable = True
        self.graph: ForwardGraph | None = None  # of the last point
        self.sides: set[Side] = set()

    def points(self) -> Iterator[Values]:
        """Yield the program's own values of its parameters, others around them, and some on other sides of kinks.

        These are tried where a gradient is wrong already, too: a mend must be right there.
        """
        yield self.origin
        for _ in range(POINTS - 1):
            yield from self.nearby()
        for _ in range(MORE):
            found = None if self.graph is None else next(self.graph.other_sides(self.sides), None)
            if found is None:
                return
            values = {**self.origin, **found}
            values = {name: x if np.ndim(self.origin[name]) else float(x) for name, x in values.items()}
            if self.is_finite(values):
                yield values

    def nearby(self) -> Iterator[Values]:
        """Yield values around the program's own where the loss is finite; none where none were found."""
        for shrink in (1.0, 0.2, 0.03, 0.001):
            values = dict(self.origin)
            for name in self.runs.task.paths:
                if name not in self.origin:
                    continue
                x = np.asarray(self.origin[name])
                spread = max(float(np.std(x)), 0.3 * float(np.abs(x).mean()), 0.1 if x.any() else 0.3)
                moved = x + shrink * 0.7 * spread * self.rng.normal(size=x.shape)
                values[name] = moved if isinstance(self.origin[name], np.ndarray) else float(moved)
            if self.is_finite(values):
                yield values
                return

    def is_finite(self, values: Values) -> bool:
        """Tell whether the loss is finite at a point."""
        try:
            return bool(np.isfinite(self.runs.loss(values)))
        except Exception:  # of any kind: a function may refuse numbers in any way it likes
            return False

    def at(self, values: Values) -> None:
        """Judge all gradients at one point."""
        runs, verdict = self.runs, self.verdict
        outcome = runs.plain(values)
        recording = runs.record(values) if self.recordable else None
        truths: dict[str, Any] | None = checked_truths(runs, recording, values, outcome, self.rng)
        if recording is None or truths is None:
            self.recordable, recording = False, None
            truths = numerical(runs, values, self.rng)
        self.graph = None if recording is None else forward_graph(recording, list(runs.task.paths))
        items = self.judged(outcome, truths)
        wrong = any(not p.ok for p in items.values())
        self.tried += 1
        if self.graph is not None:
            self.sides |= self.graph.sides()
            if self.tried == 1 and wrong and self.graph.on_kink():
                verdict.notes.append("At the program's own numbers a kink is met exactly; judged at others.")
                return
        for name, p in items.items():
            before = verdict.parameters.get(name)
            if before is None or (not p.ok, p.error or 0.0) > (not before.ok, before.error or 0.0):
                verdict.parameters[name] = p
        verdict.points.append(values)
        verdict.truths.append(dict(truths))
        if recording is not None and (verdict.recording is None or wrong):
            verdict.recording = recording if self.tried <= POINTS else verdict.recording

    def judged(self, outcome: Outcome, truths: dict[str, Any]) -> dict[str, GradientVerdict]:
        """Return the verdict on each gradient at one point; only where one differs is it asked what rounding does."""
        given = {name: outcome.gradients.get(name) for name in self.runs.task.paths}
        found = {name: verdict_on(name, g, truths.get(name)) for name, g in given.items()}
        if not self.recordable:  # where only parameters can be moved
            found = {n: p if p.judged else NOT_MOVED for n, p in found.items()}
        graph = self.graph
        if graph is None or all(p.ok for p in found.values()):
            return found
        arrays = {name: gradient_array(g) for name, g in given.items() if name in graph.leaves and g is not None}
        targets = {name: graph.leaves[name] for name in arrays}
        for item in items_of(graph.run, targets, arrays, UNKNOWN_DIGITS) if arrays else ():
            if not found[item.name].ok:
                before = self.verdict.spreads.get(item.name, 0.0)
                self.verdict.spreads[item.name] = max(float(np.max(item.spread)), before)
                found[item.name] = GradientVerdict.of(item)
        return found

    def finished(self) -> Verdict:
        """Return the verdict, with notes on what was not tested."""
        verdict = self.verdict
        if not verdict.points:
            raise HomeworkError("the program's numbers lie on a kink, and at others near them the loss is not finite")
        if len(verdict.points) == 1:
            verdict.notes.append("Judged at one point only: at others near it the loss is not finite.")
        if not self.recordable:
            verdict.recording = None
            verdict.notes.append("The forward pass could not be recorded: judged by differences of the loss alone.")
        unseen = {line for line, k, above in self.sides if (line, k, not above) not in self.sides}
        for line in sorted(unseen):
            place, count = self.runs.program.place(line), len(verdict.points)
            verdict.notes.append(
                f"{place} was always on one side of its kink in {count} runs: the other is not tested."
            )
        return verdict


def verdict_on(name: str, given: Any, truth: Any) -> GradientVerdict:
    """Return the verdict on one gradient at one point, without regard to what rounding does to it."""
    if given is None:
        return GradientVerdict(None, "no gradient was returned", False)
    if truth is None:
        return NO_SUCH_VARIABLE
    item = item_on(name, given, truth)
    if item is None:
        return GradientVerdict(None, f"of shape {np.shape(given)}, which is not the parameter's", False)
    places = None if isinstance(truth, np.ndarray) else truth.places
    return GradientVerdict.of(item, places, np.shape(given))


def item_on(name: str, given: Any, truth: Any, spread: float = 0.0) -> GradientPair | None:
    """Return one gradient beside what is right, judged; None where measured entries are none of the gradient's.

    spread: how far rounding moves it.
    """
    h = gradient_array(given)
    if isinstance(truth, np.ndarray):
        return GradientPair(name, h, truth, digits=UNKNOWN_DIGITS, spread=spread)
    if truth.places.size and h.size <= truth.places.max():  # differences, of some entries
        return None
    return GradientPair(name, h.ravel()[truth.places], truth.values, digits=UNKNOWN_DIGITS, spread=truth.errors)


def checked_truths(
    runs: Runs, recording: RecordedRun | None, values: Values, outcome: Outcome, rng: np.random.Generator
) -> dict[str, Array] | None:
    """Return the true gradients of a recording, where the program's own loss has the same slopes; else None."""
    if recording is None:
        return None
    value = loss_number(outcome.loss)
    if abs(float(recording.loss.value) - value) > 1e-9 * max(1.0, abs(value)):
        return None
    truths = {name: t for name in runs.task.paths if (t := recording.truth(name)) is not None}
    for name in runs.task.paths:
        if name not in values or name not in truths:
            continue
        u = rng.normal(size=np.shape(values[name]))
        expected = float(np.sum(u * truths[name]))

        def along(step: float, name: str = name, u: Any = u) -> float:
            return runs.loss({**values, name: values[name] + step * u})

        found, error = step_slope(along, 0.0)
        size = float(np.sqrt(np.sum(np.square(truths[name]))))
        if abs(found - expected) > 1e-4 * max(size, abs(found)) + 20 * error and not crosses_kink(
            along, found, expected
        ):
            return None
    return truths


def crosses_kink(along: Any, found: float, expected: float) -> bool:
    """Tell whether a much smaller step agrees with the expected slope: then a kink lay within the larger one."""
    near = (along(1e-7) - along(-1e-7)) / 2e-7
    return bool(abs(near - expected) < 0.05 * abs(found - expected) + 1e-6 * abs(expected))


def numerical(runs: Runs, values: Values, rng: np.random.Generator) -> dict[str, Any]:
    """Return gradients from differences of the loss."""
    found: dict[str, Any] = {}
    for name in runs.task.paths:
        if name in values:
            found[name] = finite_differences(partial(loss_at, runs, values, name), np.atleast_1d(values[name]), rng)
    return found


def loss_at(runs: Runs, values: Values, name: str, x: Array) -> Any:
    """Return the loss with another value of one parameter, complex where that is."""
    changed = x.reshape(np.shape(values[name]))
    if np.iscomplexobj(changed):
        with without_warnings():
            result = runs.task.raw(runs.module, {**values, name: changed}, lambda y: y)
            return np.asarray(runs.task.outcome(result).loss).reshape(-1)[0]
    return runs.loss({**values, name: changed if isinstance(values[name], np.ndarray) else float(changed)})
