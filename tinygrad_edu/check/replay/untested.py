"""Kinks that were not tested: all points of a comparison lie on one side of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...core.node import Node
from ...symbolic.layers import LayerMap
from .run import Recording, Run
from .sides import sides_of, switching

MOST = 4  # sentences


def untested(recording: Recording, notation: LayerMap, runs: Sequence[Run]) -> list[str]:
    """Say which sides of which kinks none of the runs lies on."""
    seen = set().union(*(sides_of(run) for run in runs))
    places: dict[tuple[str, str], list[str]] = {}
    for z, k in switching(runs[0]):
        for above in (True, False):
            if (z, k, above) not in seen and (z, k, not above) in seen and reaches(z, recording):
                what, name = switch_words(z, k, above, notation)
                places.setdefault((what, scope(runs, z)), []).append(name)
    found = []
    for (what, where), names in places.items():
        listed = ", ".join(dict.fromkeys(filter(None, names)))
        found.append(f"{what}{f' ({listed})' if listed else ''} {where}: the derivative there was not tested")
    return found if len(found) <= MOST else [*found[: MOST - 1], f"and {len(found) - MOST + 1} more kinks likewise"]


def reaches(z: Node, recording: Recording) -> bool:
    """Tell whether a switch lies on the way to what was derived, or decides on something that does."""
    operands = [x for x in z.inputs if isinstance(x, Node)]
    return z in recording.uses or any(x in recording.uses for x in operands)


def scope(runs: Sequence[Run], z: Node) -> str:
    """Say where it was looked."""
    if len(runs) > 1:
        return "at any point that was tried"
    return "in this batch" if np.ndim(runs[0].data[z]) else "at this point"


def switch_words(z: Node, k: int, above: bool, notation: LayerMap) -> tuple[str, str]:
    """Return what never was the case, and the name of what it would have been the case of."""
    assert z.op is not None
    operands = [operand_name(x, notation) for x in z.inputs]
    way = "above" if above else "below"
    if z.op.name == "relu":
        return f"no ReLU was {'on' if above else 'off'}", notation.names.get(z, operands[0])
    if z.op.name in ("maximum", "minimum", "fmax", "fmin", "greater", "greater_equal", "less", "less_equal"):
        x, y = (name or letter for name, letter in zip(operands, "xy", strict=True))
        return f"{z.op.text.format(x, y)}: {x} was never {way} {y}", ""
    if z.op.name in ("clip", "hardtanh"):
        return f"`{z.op.name}`: its operand was never {way} the {('lower', 'upper')[k]} bound", operands[0]
    text = z.op.text.format(*(name or letter for name, letter in zip(operands, "xy", strict=False)))
    return f"{text}: {operands[k] or 'x'} was never {'positive' if above else 'negative'}", ""


def operand_name(x: Any, notation: LayerMap) -> str:
    """Return the name of an operand, or the number that it is; "" for anything else."""
    if isinstance(x, Node):
        return notation.names.get(x, "")
    return f"{x:g}" if np.ndim(x) == 0 else ""
