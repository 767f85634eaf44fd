"""Optimisers that give each weight a step of its own size, from the gradients it has met; PyTorch's definitions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ...errors.where import users_line
from ...ops.powers import sqrt
from .optimizer import INFINITY, Optimizer


class Adagrad(Optimizer):
    """Steps shrink with the sum of all squared gradients so far (Duchi, Hazan and Singer 2011)."""

    def __init__(self, params: Iterable[Any], lr: float = 0.01, eps: float = 1e-10, weight_decay: float = 0.0) -> None:
        self.eps = self.positive("eps", eps)
        self.weight_decay = self.checked("weight_decay", weight_decay, 0, INFINITY)
        super().__init__(params, lr)

    def start(self, zero: Any) -> tuple[Any, ...]:
        return (zero,)

    def rule(self, w: Any, g: Any, lr: Any, steps: Any, *memory: Any) -> tuple[Any, ...]:  # noqa: ARG002  # as Optimizer
        g = g + self.weight_decay * w if self.weight_decay else g
        total = memory[0] + g * g
        return w - lr * g / (sqrt(total) + self.eps), total


class RMSprop(Optimizer):
    """Steps shrink with a running mean of squared gradients, in which the last counts 1 - alpha (Hinton 2012)."""

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 0.01,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        self.alpha = self.checked("alpha", alpha, 0, 1)
        self.eps = self.positive("eps", eps)
        self.weight_decay = self.checked("weight_decay", weight_decay, 0, INFINITY)
        super().__init__(params, lr)

    def start(self, zero: Any) -> tuple[Any, ...]:
        return (zero,)

    def rule(self, w: Any, g: Any, lr: Any, steps: Any, *memory: Any) -> tuple[Any, ...]:  # noqa: ARG002  # as Optimizer
        g = g + self.weight_decay * w if self.weight_decay else g
        mean = self.alpha * memory[0] + (1 - self.alpha) * (g * g)
        return w - lr * g / (sqrt(mean) + self.eps), mean


class Adam(Optimizer):
    """Running means of the gradient and of its square, freed of their start at zero (Kingma and Ba 2015)."""

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        if not isinstance(betas, (tuple, list)) or len(betas) != 2:
            raise ValueError(f"{type(self).__name__}: betas must be two numbers, not {betas!r:.60} (at {users_line()})")
        self.betas = (self.checked("betas[0]", betas[0], 0, 1), self.checked("betas[1]", betas[1], 0, 1))
        self.eps = self.positive("eps", eps)
        self.weight_decay = self.checked("weight_decay", weight_decay, 0, INFINITY)
        super().__init__(params, lr)

    def start(self, zero: Any) -> tuple[Any, ...]:
        return (zero, zero)

    def rule(self, w: Any, g: Any, lr: Any, steps: Any, *memory: Any) -> tuple[Any, ...]:
        w, g = self.decayed(w, g, lr)
        mean = self.betas[0] * memory[0] + (1 - self.betas[0]) * g
        square = self.betas[1] * memory[1] + (1 - self.betas[1]) * (g * g)
        size = sqrt(square / (1 - self.betas[1] ** steps)) + self.eps
        return w - (lr / (1 - self.betas[0] ** steps)) * (mean / size), mean, square

    def decayed(self, w: Any, g: Any, lr: Any) -> tuple[Any, Any]:  # noqa: ARG002  # AdamW needs the learning rate
        """Return weight and gradient after weight decay: here it adds to the gradient."""
        return w, g + self.weight_decay * w if self.weight_decay else g


class AdamW(Adam):
    """Adam with weight decay apart from the gradient, so that it is not rescaled (Loshchilov and Hutter 2019)."""

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay)

    def decayed(self, w: Any, g: Any, lr: Any) -> tuple[Any, Any]:
        return w - lr * self.weight_decay * w, g
