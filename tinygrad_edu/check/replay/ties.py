"""Derivatives by other conventions, as right exactly at a kink: a one-sided slope there is no mistake."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...core.node import Node
from ...core.types import Array
from .run import Edge, RuleChange, Run
from .sides import switching


def above(x: Any, closed: bool) -> Any:
    """Return 1 where a number is above zero, and at zero too if `closed`."""
    return 1.0 * (np.asarray(x) >= 0 if closed else np.asarray(x) > 0)


# By row and operand: the rule with the one-sided slope at a tie, from the right if `closed`.
ONE_SIDED: dict[str, list[Callable[..., Any]]] = {
    "relu": [lambda c, g, z, x: g * above(x, c)],
    "leaky_relu": [lambda c, g, z, x, slope=0.01: g * np.where(above(x, c) > 0, 1.0, slope)],
    "absolute": [lambda c, g, z, x: g * (2 * above(x, c) - 1)],
    "hardtanh": [lambda c, g, z, x, low=-1.0, high=1.0: g * (above(x - low, c) - above(x - high, c))],
    "maximum": [lambda c, g, z, x, y: g * above(x - y, c), lambda c, g, z, x, y: g * above(y - x, not c)],
    "minimum": [lambda c, g, z, x, y: g * above(y - x, c), lambda c, g, z, x, y: g * above(x - y, not c)],
}
ONE_SIDED |= {"fmax": ONE_SIDED["maximum"], "fmin": ONE_SIDED["minimum"]}


def conventions(run: Run, nodes: list[Node]) -> list[list[Array]]:
    """Return the gradients of `nodes` by either one-sided slope at the kinks that a run lies on; none if on no kink."""
    tied = [
        z
        for (z, _), x in switching(run).items()
        if z.op is not None and z.op.name in ONE_SIDED and z in run.recording.edges and np.any(np.asarray(x) == 0)
    ]
    found = []
    for closed in (False, True) if tied else ():
        changes: dict[Edge, RuleChange] = {
            edge: one_sided(edge, closed) for z in tied for edge in run.recording.edges[z]
        }
        grads = run.changed(changes)
        found.append([run.gradient(grads, x) for x in nodes])
    return found


def one_sided(edge: Edge, closed: bool) -> Callable[..., Any]:
    """Return the rule of an edge with the slope of one side where it lies on a kink."""
    z, i = edge
    assert z.op is not None
    rule = ONE_SIDED[z.op.name][i]
    return lambda *args, **params: rule(closed, *args, **params)
