"""Stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ...errors.where import users_line
from .groups import ParamGroup
from .optimizer import INFINITY, Optimizer


class SGD(Optimizer):
    """w becomes w - lr·g; with `momentum` a velocity takes the place of g, as PyTorch defines it.

    weight_decay: adds that part of the weight itself to g, which pulls it towards zero.
    nesterov: looks one step ahead along the velocity; needs momentum.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 0.001,
        momentum: float = 0.0,
        *,
        nesterov: bool = False,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, lr=lr, momentum=momentum, nesterov=nesterov, weight_decay=weight_decay)

    def check(self, settings: dict[str, Any], remembers: tuple[str, ...] | None = None) -> dict[str, Any]:
        settings["momentum"] = self.checked("momentum", settings["momentum"], 0, 1)
        settings["weight_decay"] = self.checked("weight_decay", settings["weight_decay"], 0, INFINITY)
        if settings["nesterov"] and not settings["momentum"]:
            raise ValueError(
                "SGD: nesterov looks ahead along the velocity, and momentum=0 has none; give momentum=0.9 "
                f"(at {users_line()})"
            )
        return super().check(settings, remembers)

    def names(self, s: ParamGroup) -> tuple[str, ...]:
        return ("momentum_buffer",) if s.momentum else ()

    def rule(self, s: ParamGroup, w: Any, g: Any, lr: Any, steps: Any, *memory: Any) -> tuple[Any, ...]:  # noqa: ARG002  # the same for each step
        if s.weight_decay:
            g = g + s.weight_decay * w
        if not memory:
            return (w - lr * g,)
        velocity = s.momentum * memory[0] + g
        return w - lr * (g + s.momentum * velocity if s.nesterov else velocity), velocity
