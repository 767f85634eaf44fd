"""The gradients to compare at every run: what was derived there, what is right, and how far rounding may move it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np

from ...core.node import Node
from ...core.types import Array
from ..replay.rounding import spreads
from ..replay.rows import spreads_in_rows
from ..replay.run import Run
from ..replay.ties import conventions
from .digits import Digits, eps_of, typed_digits
from .precheck import GradientPair

NEAR = 1e-6  # of the largest gradient: what is off by less may be off by rounding


def items_at(
    runs: list[Run], targets: dict[str, Node], hands: Callable[[Run], dict[str, Array]]
) -> tuple[list[Run], list[list[GradientPair]], list[str]]:
    """Return the runs at which the hand-derived gradients could be computed, the items at each, and what to say.

    hands: computes the gradients derived by hand at one run; what it raises at the first is raised.
    """
    kept, rows, notes = [], [], list[str]()
    for run in runs:
        try:
            with np.errstate(all="ignore"):
                arrays = hands(run)
        except Exception as error:  # a user's function may refuse a point in any way it likes
            if run is runs[0]:
                raise
            notes = [f"Passed over: points at which your function raises {type(error).__name__}: {error}"]
            continue
        kept.append(run)
        rows.append(items_of(run, targets, arrays))
    return kept, rows, notes


def items_of(
    run: Run, targets: dict[str, Node], arrays: dict[str, Array], digits: Digits | None = None
) -> list[GradientPair]:
    """Return the gradients to compare at one run.

    digits: to which all of them were typed, as far as is known; read off the numbers if not given.
    """
    digits = typed_of_all(arrays.values()) if digits is None else digits
    eps = max(run.recording.eps, *map(eps_of, arrays.values()))
    nodes = list(targets.values())
    moved = spreads(run, nodes, eps)
    others = conventions(run, nodes)
    found = [
        GradientPair(
            name, arrays[name], run.gradient(run.grads, z), z, digits, moved[i], eps, [grads[i] for grads in others]
        )
        for i, (name, z) in enumerate(targets.items())
    ]
    largest = max(item.size for item in found)
    near = [i for i, item in enumerate(found) if not item.ok and item.error <= NEAR * largest]
    if near:
        wider = spreads_in_rows(run, nodes, eps)
        for i in near:
            found[i] = replace(found[i], spread=max(moved[i], wider[i]), mistakes=[])
    return found


def typed_of_all(arrays: Iterable[Array]) -> Digits:
    """Return to how many digits all the numbers of a comparison were typed."""
    return typed_digits(np.concatenate([np.ravel(x) for x in arrays]))
