"""The kinks of a recorded graph, and on which side of each a run lies: a ReLU on or off, an absolute value, a choice.

A derivative that was compared on one side only says nothing of the other. The table names what switches in each row;
a test holds it to the comparisons that the rules of the rows record.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from ...core.node import Node
    from .run import Run

Switch = tuple["Node", int]  # a node, and which of the quantities that switch its derivative


def zero(x: Any, *_: Any, **__: Any) -> list[Any]:
    """Return what switches at zero."""
    return [x]


def difference(x: Any, y: Any, *_: Any, **__: Any) -> list[Any]:
    """Return what switches where two operands are equal."""
    return [np.subtract(x, y, dtype=float)]


SWITCHES: dict[str, Callable[..., list[Any]]] = {  # by row: the quantities whose sign its derivative depends on
    **dict.fromkeys(("relu", "leaky_relu", "elu", "absolute", "sign", "heaviside"), zero),
    **dict.fromkeys(("maximum", "minimum", "fmax", "fmin"), difference),
    **dict.fromkeys(("greater", "greater_equal", "less", "less_equal"), difference),
    "hardtanh": lambda x, low=-1.0, high=1.0: [x - low, x - high],
    "clip": lambda x, low, high: [np.subtract(x, low), np.subtract(x, high)],
    "copysign": lambda x, y: [x, y],
}


def switching(run: Run) -> dict[Switch, Any]:
    """Return every quantity of a run whose sign decides on a derivative, by node."""
    found: dict[Switch, Any] = {}
    for z in run.recording.order:
        if z.op is None or z.op.name not in SWITCHES:
            continue
        operands = [run.read(x) for x in z.inputs]
        if any(np.asarray(x).dtype.kind == "c" for x in operands):
            continue  # complex numbers have no sign
        for k, quantity in enumerate(SWITCHES[z.op.name](*operands, **z.params)):
            found[z, k] = quantity
    return found


def pattern(run: Run) -> bytes:
    """Return on which side of every kink a run lies, to compare with another run of the same recording."""
    return b"".join(np.packbits(np.asarray(x) > 0).tobytes() for x in switching(run).values())


def sides_of(run: Run) -> set[tuple[Node, int, bool]]:
    """Return the sides of kinks that a run has numbers on: node, quantity, whether above."""
    found = set()
    for (z, k), quantity in switching(run).items():
        for above in (True, False):
            if np.any(np.asarray(quantity) > 0 if above else np.asarray(quantity) < 0):
                found.add((z, k, above))
    return found
