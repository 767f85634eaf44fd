"""The verdict in numbers: every gradient at several points, on both sides of every kink, in float64.

The truth is the gradient of the recorded loss; differences of the loss, computed by the program as it stands, must
agree with it before anything is called wrong, and replace it where the program could not be recorded.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from .adjoints import ancestors
from .differences import differences, slope
from .program import HomeworkError
from .recorder import CALL
from .runs import Recording, Runs, number, quiet
from .shadow import Array, filled
from .task import Outcome, Values, array_of

CLOSE = 1e-6  # relative error up to which a gradient is right
POINTS = 4  # that are tried: the program's own, and others drawn around it
MORE = 6  # further ones, where a kink was seen from one side only
ROUNDING = 1e-11  # of the size of what is summed


@dataclass(slots=True)
class ParameterVerdict:
    """The verdict on one gradient: its relative error, and what is wrong with it."""

    name: str
    error: float
    verdict: str
    ok: bool
    place: tuple[int, ...] = ()
    given: float = float("nan")
    truth: float = float("nan")


@dataclass(slots=True)
class Verdict:
    """The verdict on all gradients. `notes` say what was not tested."""

    parameters: dict[str, ParameterVerdict]
    notes: list[str] = field(default_factory=list)
    recording: Recording | None = None  # of a point where a gradient is wrong, or of the last
    points: list[Values] = field(default_factory=list)
    slack: dict[str, float] = field(default_factory=dict)  # by how much rounding may change a gradient
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
    rng = np.random.default_rng(seed)
    task = runs.task
    origin = {
        name: np.array(x, np.float64) if isinstance(x, np.ndarray) else float(x) for name, x in task.values.items()
    }
    first, again = runs.plain(origin), runs.plain(origin)
    if not np.isfinite(number(first.loss)):
        raise HomeworkError(f"the loss is {number(first.loss)}: gradients can be checked where it is finite")
    if number(first.loss) != number(again.loss):
        raise HomeworkError("the loss differs from run to run: draw random numbers from a generator with a fixed seed")
    verdict = Verdict({name: ParameterVerdict(name, 0.0, "right", True) for name in task.paths})
    sides: dict[int, set[bool]] = {}
    recordable = True
    for k, values in enumerate(points(runs, origin, rng)):
        if k >= POINTS and not (recordable and any(len(seen) < 2 for seen in sides.values())):
            break
        outcome = runs.plain(values)
        recording = runs.record(values) if recordable else None
        truths = checked_truths(runs, recording, values, outcome, rng)
        if recording is None or truths is None:
            recordable, recording = False, None
            truths = numerical(runs, values, rng)
        touched = watch_kinks(recording, sides) if recording is not None else False
        at_point = {}
        for name in task.paths:
            slack = ROUNDING * size_of(recording, name)
            at_point[name] = judged(name, outcome.gradients.get(name), truths.get(name), slack)
            if not at_point[name].ok and (spread := spread_of(runs, name, values, outcome)) > 0:
                slack += spread
                at_point[name] = judged(name, outcome.gradients.get(name), truths.get(name), slack)
            verdict.slack[name] = max(slack, verdict.slack.get(name, 0.0))
        if k == 0 and touched and not all(p.ok for p in at_point.values()):
            verdict.notes.append("At the program's own numbers a kink is met exactly; judged at others.")
            continue
        for name, p in at_point.items():
            if (not p.ok, p.error) > (not verdict.parameters[name].ok, verdict.parameters[name].error):
                verdict.parameters[name] = p
        verdict.points.append(values)
        verdict.truths.append(dict(truths))
        if recording is not None and (verdict.recording is None or not all(p.ok for p in at_point.values())):
            verdict.recording = recording if k < POINTS else verdict.recording
        if k >= 1 and not verdict.right and k >= POINTS - 1:
            break
    if not recordable:
        verdict.recording = None
        verdict.notes.append("The forward pass could not be recorded: judged by differences of the loss alone.")
    for line, seen in sorted(sides.items()):
        if len(seen) < 2:
            side = "on one side of its kink" if True in seen else "on the flat side of its kink"
            verdict.notes.append(
                f"{runs.program.place(line)} was always {side} in {len(verdict.points)} runs: the other is not tested."
            )
    return verdict


def points(runs: Runs, origin: Values, rng: np.random.Generator) -> Iterator[Values]:
    """Yield the program's own values of its parameters, and others around them where the loss is finite."""
    yield origin
    judged_names = [name for name in runs.task.paths if name in origin]
    for k in range(POINTS + MORE - 1):
        for shrink in (1.0, 0.2, 0.03, 0.001):
            values = dict(origin)
            for name in judged_names:
                x = np.asarray(origin[name])
                spread = max(float(np.std(x)), 0.3 * float(np.abs(x).mean()), 0.1 if x.any() else 0.3)
                far = 0.7 if k < POINTS - 1 else 1.5 + 0.5 * k
                moved = x + shrink * far * spread * rng.normal(size=x.shape)
                values[name] = moved if isinstance(origin[name], np.ndarray) else float(moved)
            try:
                if np.isfinite(runs.loss(values)):
                    yield values
                    break
            except Exception:  # of any kind: a function may refuse numbers in any way it likes
                continue


def checked_truths(
    runs: Runs, recording: Recording | None, values: Values, outcome: Outcome, rng: np.random.Generator
) -> dict[str, Array] | None:
    """Return the true gradients of a recording, where the program's own loss has the same slopes; else None."""
    if recording is None:
        return None
    value = number(outcome.loss)
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

        found, error = slope(along, 0.0)
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
            found[name] = differences(partial(loss_at, runs, values, name), np.atleast_1d(values[name]), rng)
    return found


def loss_at(runs: Runs, values: Values, name: str, x: Array) -> Any:
    """Return the loss with another value of one parameter, complex where that is."""
    changed = x.reshape(np.shape(values[name]))
    if np.iscomplexobj(changed):
        with quiet():
            result = runs.task.raw(runs.module, {**values, name: changed}, lambda y: y)
            return np.asarray(runs.task.outcome(result).loss).reshape(-1)[0]
    return runs.loss({**values, name: changed if isinstance(values[name], np.ndarray) else float(changed)})


def size_of(recording: Recording | None, name: str) -> float:
    """Return the size of what is summed in a gradient, from which rounding errors come."""
    node = recording.targets.get(name) if recording is not None else None
    if recording is None or node is None:
        return 0.0
    sizes = [0.0]
    for (user, _), share in recording.adjoints.shares.items():
        if node in user.inputs and user in recording.adjoints.of:
            others = [
                np.abs(x.value).max() for x in user.inputs if x is not node and x.value is not None and x.value.size
            ]
            incoming = float(np.abs(recording.adjoints.of[user]).sum())
            sizes += [incoming * max([1.0, *map(float, others)]), float(np.abs(share).sum())]
    return max(sizes)


def spread_of(runs: Runs, name: str, values: Values, outcome: Outcome) -> float:
    """Return how far a gradient strays by rounding: 30 times its change when parameters move by a last digit.

    Only where it is small beside the other gradients: there a wrong one cannot hide in it.
    """
    if outcome.gradients.get(name) is None or not np.isfinite(array_of(outcome.gradients[name])).all():
        return 0.0
    size = np.abs(array_of(outcome.gradients[name])).max(initial=0.0)
    largest = max(np.abs(array_of(g)).max(initial=0.0) for g in outcome.gradients.values() if g is not None)
    if size > 1e-9 * max(largest, abs(number(outcome.loss))):
        return 0.0
    rng = np.random.default_rng(1)
    changes = [0.0]
    for _ in range(3):
        nearby = {key: x + np.spacing(x) * rng.choice([-1.0, 1.0], np.shape(x)) for key, x in values.items()}
        for kept, x in values.items():
            nearby[kept] = nearby[kept] if isinstance(x, np.ndarray) else float(nearby[kept])
        moved = array_of(runs.plain(nearby).gradients[name])
        changes.append(float(np.abs(moved - array_of(outcome.gradients[name])).max(initial=0.0)))
    return float(min(30 * max(changes), 1e-9 * max(largest, abs(number(outcome.loss)))))


def judged(name: str, given: Any, truth: Any, rounding: float) -> ParameterVerdict:
    """Return the verdict on one gradient at one point."""
    nothing = float("nan")
    if given is None:
        return ParameterVerdict(name, nothing, "no gradient was returned", False)
    if truth is None:
        return ParameterVerdict(name, 0.0, "not judged: the loss does not depend on such a variable", True)
    h = array_of(given)
    if not np.isfinite(h).all():
        return ParameterVerdict(name, float("inf"), "not finite", False)
    if not isinstance(truth, np.ndarray):  # differences, of some entries
        if truth.places.size and h.size <= truth.places.max():
            return ParameterVerdict(name, nothing, f"of shape {h.shape}, which is not the parameter's", False)
        h, t, slack = h.ravel()[truth.places], truth.values, 30 * truth.errors
    elif h.shape != truth.shape and h.squeeze().shape != truth.squeeze().shape:
        return ParameterVerdict(name, nothing, f"of shape {h.shape} instead of {truth.shape}", False)
    else:
        h, t, slack = h.reshape(truth.shape), truth, np.full(truth.shape, rounding)
    largest = max(float(np.abs(t).max(initial=0.0)), float(np.abs(h).max(initial=0.0)))
    largest = max(largest, float(slack.max(initial=0.0)) / CLOSE)  # of what is rounding, the error is relative to that
    difference = np.abs(h - t)
    ok = bool((difference <= CLOSE * float(np.abs(t).max(initial=0.0)) + slack).all())
    place = np.unravel_index(int(difference.argmax()), h.shape) if h.size else ()
    error = float(difference.max(initial=0.0)) / largest if largest else 0.0
    where = tuple(int(i) for i in place)
    return ParameterVerdict(name, error, "right" if ok else "wrong", ok, where, float(h[where]), float(t[where]))


KINKED = {np.maximum, np.minimum, np.fmax, np.fmin}


def watch_kinks(recording: Recording, sides: dict[int, set[bool]]) -> bool:
    """Note on which sides of its kinks a forward pass was; tell whether one was met exactly."""
    touched = False
    for node in ancestors([recording.loss]):
        if node.kind != CALL or not node.line or node not in recording.adjoints.of:
            continue
        f, args, _, _ = node.call
        operands = [x.value for x in node.inputs]
        if f in KINKED and len(args) >= 2:
            a, b = (np.asarray(filled(x, operands)) for x in args[:2])
            side, touched = a > b, touched or bool(np.any(a == b))
        elif f in (np.absolute, np.abs):
            side, touched = operands[0] > 0, touched or bool(np.any(operands[0] == 0))
        elif f is np.where and len(args) == 3:
            side = np.asarray(filled(args[0], operands))
        else:
            continue
        sides.setdefault(node.line, set()).update(np.unique(side).astype(bool).tolist())
    return touched
