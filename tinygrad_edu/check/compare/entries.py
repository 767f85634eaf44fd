"""Single numbers of gradients, as somebody reads them off a print: {"dWf[3][1]": -0.264}."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ...core.node import Node
from ...core.types import Array
from ...errors import GradientError
from ...symbolic.layers import LayerMap
from ..replay.rounding import spreads
from ..replay.run import Recording, Run
from .inputs import kept_gradient, pair_by_name
from .items import typed_of_all
from .precheck import GradientPair, array_of_numbers

ENTRY = re.compile(r"(.+?)\s*((?:\[[\d\s,-]+\])+)")
ONLY = "Only these numbers were compared: the others may be right or wrong, and no mistake is sought."


def are_entries(hand: Any) -> bool:
    """Tell whether single numbers were given, under names with indices."""
    return isinstance(hand, Mapping) and bool(hand) and all(ENTRY.fullmatch(str(key)) for key in hand)


def items_of_entries(
    hand: Mapping[str, Any], targets: dict[str, Any], loss: Node | None, notation: LayerMap | None
) -> list[GradientPair]:
    """Return the numbers beside those of the right gradients. Raises GradientError where there is no such number."""
    found = []
    digits = typed_of_all(array_of_numbers(x, key) for key, x in hand.items())
    for key, given in hand.items():
        match = ENTRY.fullmatch(key)
        assert match is not None
        index = tuple(int(i) for i in re.findall(r"-?\d+", match[2]))
        (name, (_, target)), *_ = pair_by_name({match[1]: given}, targets, notation).items()
        right, spread = right_gradient_of(target, name, loss)
        if len(index) != right.ndim or not all(-n <= i < n for i, n in zip(index, right.shape, strict=True)):
            raise GradientError(f"the gradient of {name} has shape {right.shape}, and no number {list(index)}")
        number = array_of_numbers(given, key)
        found.append(GradientPair(f"{name}{list(index)}", number, right[index].reshape(()), None, digits, spread))
    return found


def right_gradient_of(target: Any, name: str, loss: Node | None) -> tuple[Array, float]:
    """Return a right gradient, and how far rounding moves it."""
    if loss is not None and isinstance(target, Node):
        run = Run(Recording(loss, [target]))
        return run.gradient(run.grads, target), spreads(run, [target], run.recording.eps)[0]
    return kept_gradient(target, name), 0.0
