"""Set a gradient derived by hand beside the automatic one, and say which mistake it is if it is wrong."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.node import Node
from ...core.types import Array
from ...errors import GradientError
from ...symbolic.layers import LayerMap
from ..replay.points import other_sides, random_runs
from ..replay.rounding import DOUBLE_EPS
from ..replay.run import Recording, Run
from .digits import eps_of
from .entries import ONLY, are_entries, items_of_entries
from .functions import Functions
from .inputs import Pairs, can_resample, kept_gradient, pair_by_name, targets_of, value_at
from .items import items_at, typed_of_all
from .precheck import GradientPair
from .report import ComparisonReport
from .verdicts import Comparison, comparison_report

POINTS = 7  # at which a formula or a function is tried, and more where there are kinks


def compare(hand: Any, auto: Any, loss: Node | None = None, *, seed: int = 0) -> ComparisonReport:
    """Compare a gradient derived by hand with the automatic one, and name the mistake if there is one.

    hand: an array, a number, a formula like "2*x*sin(x)" or "2x·sin x", a SymPy expression, a function of the graph's
    leaves by name; a dict of such by parameter name, nested or not, which may hold intermediate gradients too ("delta2"
    is ∂C/∂z^(2)); a list of them in the order of the parameters; all numbers in one flat array; or single numbers of
    gradients, {"dW[3][1]": -0.264}.
    auto: the node that it is the gradient of, an array, a dict or list of those, or a module; or a function, and `hand`
    is then the function of the same arguments that returns its gradient, with or without the loss before it.
    loss: the node that was differentiated. With it, mistakes are sought by replaying the backward pass; without it
    only shapes, factors and permutations can be told.
    seed: of the random points at which formulas and functions are tried.
    Raises GradientError where names or arguments do not fit together.
    """
    rng = np.random.default_rng(seed)
    if callable(auto) and not isinstance(auto, Node) and not hasattr(auto, "named_parameters"):
        return Functions(auto, hand, rng).report(POINTS)
    if isinstance(auto, Node) and auto.op is not None and isinstance(hand, dict) and loss is None:
        loss, auto = auto, {z.label: z for z in LayerMap(auto).order if z.op is None and z.requires_grad and z.label}
    notation = LayerMap(loss) if loss is not None else None
    if are_entries(hand):
        items = items_of_entries(hand, targets_of(auto), loss, notation)
        return comparison_report(Comparison(None, None, [], [items], [ONLY]))
    pairs = pair_by_name(hand, targets_of(auto), notation)
    if loss is None or notation is None or not all(isinstance(target, Node) for _, target in pairs.values()):
        return comparison_report(Comparison(None, None, [], [alone(pairs)]))
    recording = Recording(loss, [target for _, target in pairs.values()])
    for name, (_, target) in pairs.items():
        if target not in recording.uses:
            raise GradientError(f"{name} has no gradient: the loss was not made from it, or it needs none")
    runs = [Run(recording)]
    if all(can_resample(given) for given, _ in pairs.values()):
        runs += random_runs(recording, POINTS - 1, rng)
        runs += other_sides(recording, runs, rng)

    def hands(run: Run) -> dict[str, Array]:
        return {name: value_at(run, given, name, notation.names) for name, (given, _) in pairs.items()}

    targets = {name: target for name, (_, target) in pairs.items()}
    kept, rows, notes = items_at(runs, targets, hands)
    return comparison_report(Comparison(recording, notation, kept, rows, notes))


def alone(pairs: Pairs) -> list[GradientPair]:
    """Return the gradients to compare where no graph is given: rounding is judged by the largest of all of them."""
    arrays = {name: value_at(None, given, name, {}) for name, (given, _) in pairs.items()}
    autos = {name: kept_gradient(target, name) for name, (_, target) in pairs.items()}
    digits = typed_of_all(arrays.values())
    eps = max(map(eps_of, (*arrays.values(), *autos.values())), default=DOUBLE_EPS)
    largest = max((float(np.max(np.abs(x), initial=0.0)) for x in autos.values()), default=0.0) or 1.0
    return [
        GradientPair(name, arrays[name], autos[name], digits=digits, spread=2 * eps * largest, eps=eps)
        for name in pairs
    ]


def assert_gradient(hand: Any, auto: Any, loss: Node | None = None, *, seed: int = 0) -> None:
    """Raise AssertionError with the whole report where a gradient derived by hand is wrong; arguments of `compare`."""
    __tracebackhide__ = True  # pytest then points at the caller's line
    report = compare(hand, auto, loss, seed=seed)
    if not report.ok:
        raise AssertionError(f"\n{report}")
