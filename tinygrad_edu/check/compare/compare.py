"""Set a gradient derived by hand beside the automatic one, and say which mistake it is if it is wrong."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ...core.node import Node
from ...errors import GradientError
from ...symbolic.layers import LayerMap
from ..mistakes.diagnosis import Candidate, Question, diagnose
from ..mistakes.permutations import rearranged, without_graph
from ..mistakes.process_mistakes import procedural
from ..mistakes.replay import Recording, Run
from ..mistakes.resampling import random_runs
from .functions import recorded
from .inputs import at, paired, targets_of
from .precheck import Array, Item, array_of_numbers, typed_decimals
from .report import ComparisonReport, Line, Mistake, Worst

POINTS = 7  # at which a formula or a function is tried


def compare(hand: Any, auto: Any, loss: Node | None = None, *, seed: int = 0) -> ComparisonReport:
    """Compare a gradient derived by hand with the automatic one, and name the mistake if there is one.

    hand: an array, a number, a formula like "2*x*sin(x)", a function of the graph's leaves by name, or a dict of
    such by parameter name, which may hold intermediate gradients too ("delta2" is ∂C/∂z^(2)).
    auto: the node that it is the gradient of, an array, a dict of those, or a module; or a function, and `hand` is
    then the function of the same arguments that returns its gradient.
    loss: the node that was differentiated. With it, mistakes are sought by replaying the backward pass; without it
    only shapes, factors and permutations can be told.
    seed: of the random points at which formulas and functions are tried.
    Raises GradientError where names or arguments do not fit together.
    """
    rng = np.random.default_rng(seed)
    if callable(auto) and not isinstance(auto, Node) and not hasattr(auto, "named_parameters"):
        recording, runs, items = recorded(hand, auto, POINTS, rng)
        return reported(recording, LayerMap(recording.output), runs, items)
    if isinstance(auto, Node) and auto.op is not None and isinstance(hand, dict) and loss is None:
        loss, auto = auto, {z.label: z for z in LayerMap(auto).order if z.op is None and z.requires_grad and z.label}
    notation = LayerMap(loss) if loss is not None else None
    pairs = paired(hand, targets_of(auto), notation)
    if loss is None or notation is None or not all(isinstance(target, Node) for _, target in pairs.values()):
        arrays = {name: at(None, given, name, {}) for name, (given, _) in pairs.items()}
        decimals = typed_decimals_of_all(arrays.values())
        alone = [Item(name, arrays[name], automatic(x, name), decimals=decimals) for name, (_, x) in pairs.items()]
        return reported(None, None, [], [alone])
    recording = Recording(loss, [target for _, target in pairs.values()])
    for name, (_, target) in pairs.items():
        if target not in recording.uses:
            raise GradientError(f"{name} has no gradient: the loss was not made from it, or it needs none")
    runs = [Run(recording)]
    if all(is_computed(given) for given, _ in pairs.values()):
        runs += random_runs(recording, POINTS - 1, rng)
    rows = []
    for run in runs:
        arrays = {name: at(run, given, name, notation.names) for name, (given, _) in pairs.items()}
        decimals = typed_decimals_of_all(arrays.values())
        autos = {name: run.gradient(run.grads, z).astype(kind(z)) for name, (_, z) in pairs.items()}
        rows.append([Item(name, arrays[name], autos[name], z, decimals) for name, (_, z) in pairs.items()])
    return reported(recording, notation, runs, rows)


def typed_decimals_of_all(arrays: Iterable[Array]) -> int | None:
    """Return to how many decimals all the numbers of a comparison were typed; None if they look computed."""
    return typed_decimals(np.concatenate([np.ravel(x) for x in arrays]))


def merged(mistakes: list[Mistake]) -> list[Mistake]:
    """Return the mistakes with those that differ in their place only as one."""
    places: dict[tuple[int, str, str, str], list[str]] = {}
    for m in mistakes:
        places.setdefault((m.number, m.name, m.evidence, m.fix), []).append(m.where)
    return [Mistake(number, name, ", ".join(where), *rest) for (number, name, *rest), where in places.items()]


def is_computed(given: Any) -> bool:
    """Tell whether a gradient was given as a formula or a function, which can be tried at other points."""
    return isinstance(given, str) or (callable(given) and not isinstance(given, Node))


def kind(node: Node) -> Any:
    """Return the dtype in which a node's gradient is computed."""
    return np.asarray(node._data).dtype


def automatic(target: Any, name: str) -> Any:
    """Return the gradient that a node keeps, or an array as it is."""
    if not isinstance(target, Node):
        return array_of_numbers(target, name)
    if target._grad is None:
        raise GradientError(f"{name} has no gradient yet: call backward() first, or give loss=")
    return array_of_numbers(target._grad, name)


def reported(
    recording: Recording | None, notation: LayerMap | None, runs: list[Run], items: list[list[Item]]
) -> ComparisonReport:
    """Judge every gradient at every point, seek the mistake if one is wrong, and return the report."""
    lines, worst = [], None
    for i, first in enumerate(items[0]):
        same = [row[i] for row in items]
        off = max(same, key=lambda item: (not item.ok, item.error))
        lines.append(Line(first.name, first.auto.shape, off.error, off.verdict, off.ok))
        worst = farther(worst, off)
    mistakes = merged([mistake for item in items[0] for mistake in item.mistakes])
    candidates: list[Candidate] = []
    advice: list[str] = []
    usable = [i for i, item in enumerate(items[0]) if item.fits and item.verdict != "not finite"]
    kept = [[row[i] for i in usable] for row in items]
    if not all(item.ok or "right numbers" in item.verdict for row in kept for item in row):
        if recording is not None and notation is not None:
            question = Question(recording, notation, runs, kept)
            candidates = diagnose(question) or procedural(question) or rearranged(kept)
            advice += where_first(question)
        else:
            candidates = without_graph(kept[0])
            advice.append(
                "Give loss=, the node that was differentiated: with its graph many more mistakes can be told."
            )
    mistakes += [candidate.mistake() for candidate in candidates]
    if len(items) > 1 and all(item.ok for item in items[0]) and not all(item.ok for row in items for item in row):
        advice.append("It is right at the point that was given, and wrong at other points.")
    level = [c.number for c in candidates if c.level == candidates[0].level]
    if len(level) > 1 and notation is not None:
        advice.append(
            "To tell them apart, take sizes that differ from each other and from 2: n = 7 examples and widths like "
            f"5, 3, 11 (here n = {notation.n}, m = {notation.m}), biases that are not 0, and several random points."
        )
    return ComparisonReport(tuple(lines), worst, mistakes, level if len(level) > 1 else [], tuple(advice))


def farther(worst: Worst | None, item: Item) -> Worst | None:
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
    first = max(wrong, key=lambda item: place_of(question, item))
    return [f"Going backwards, the first quantity that differs is {first.name}."]


def place_of(question: Question, item: Item) -> int:
    """Return when, going backwards, a gradient is reached: that of a leaf with the node it is used in."""
    assert item.node is not None
    uses = question.recording.uses[item.node]
    return item.node.born if item.node.op is not None or not uses else max(z.born for z, _ in uses)


def assert_gradient(hand: Any, auto: Any, loss: Node | None = None, *, seed: int = 0) -> None:
    """Raise AssertionError with the whole report where a gradient derived by hand is wrong; arguments of `compare`."""
    __tracebackhide__ = True  # pytest then points at the caller's line
    report = compare(hand, auto, loss, seed=seed)
    if not report.ok:
        raise AssertionError(f"\n{report}")
