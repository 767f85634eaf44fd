"""Stochastic gradient descent: every weight goes a little way downhill."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ...errors.where import users_line
from .optimizer import INFINITY, Optimizer


class SGD(Optimizer):
    """w becomes w - lr·g; with `momentum` a velocity takes the place of g, as PyTorch defines it.

    weight_decay: adds that part of the weight itself to g, which pulls it towards zero.
    nesterov: looks one step ahead along the velocity; needs momentum.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
    ) -> None:
        self.momentum = self.checked("momentum", momentum, 0, 1)
        self.weight_decay = self.checked("weight_decay", weight_decay, 0, INFINITY)
        self.nesterov = nesterov
        if nesterov and not momentum:
            raise ValueError(
                "SGD: nesterov looks ahead along the velocity, and momentum=0 has none; give momentum=0.9 "
                f"(at {users_line()})"
            )
        super().__init__(params, lr)

    def start(self, zero: Any) -> tuple[Any, ...]:
        return (zero,) if self.momentum else ()

    def rule(self, w: Any, g: Any, lr: Any, steps: Any, *memory: Any) -> tuple[Any, ...]:  # noqa: ARG002  # the same for each step
        if self.weight_decay:
            g = g + self.weight_decay * w
        if not self.momentum:
            return (w - lr * g,)
        velocity = self.momentum * memory[0] + g
        return w - lr * (g + self.momentum * velocity if self.nesterov else velocity), velocity
