"""Adaptive optimisers, with a step size of its own for each weight; PyTorch's definitions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ...errors.where import users_line
from ...ops.arithmetic import maximum
from ...ops.complex import conj
from ...ops.powers import sqrt
from .groups import ParamGroup
from .optimizer import INFINITY, Optimizer


class Adagrad(Optimizer):
    """Steps shrink with the sum of all squared gradients so far (Duchi, Hazan and Singer 2011).

    lr_decay: divides the rate by 1 + lr_decay·t after t steps. initial_accumulator_value: where the sum begins.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 0.01,
        lr_decay: float = 0.0,
        weight_decay: float = 0.0,
        initial_accumulator_value: float = 0.0,
        eps: float = 1e-10,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            lr_decay=lr_decay,
            weight_decay=weight_decay,
            initial_accumulator_value=initial_accumulator_value,
            eps=eps,
        )

    def check(self, settings: dict[str, Any], remembers: tuple[str, ...] | None = None) -> dict[str, Any]:
        for name in ("lr_decay", "weight_decay", "initial_accumulator_value"):
            settings[name] = self.checked(name, settings[name], 0, INFINITY)
        settings["eps"] = self.positive("eps", settings["eps"])
        return super().check(settings, remembers)

    def names(self, s: ParamGroup) -> tuple[str, ...]:  # noqa: ARG002  # as Optimizer
        return ("sum",)

    def start(self, s: ParamGroup, zero: Any) -> tuple[Any, ...]:
        return (zero + s.initial_accumulator_value,)

    def rule(self, s: ParamGroup, w: Any, g: Any, lr: Any, steps: Any, *memory: Any) -> tuple[Any, ...]:
        g = g + s.weight_decay * w if s.weight_decay else g
        lr = lr / (1 + (steps - 1) * s.lr_decay) if s.lr_decay else lr
        total = memory[0] + g * conj(g)
        return w - lr * g / (sqrt(total) + s.eps), total


class RMSprop(Optimizer):
    """Steps shrink with a running mean of squared gradients, in which the last counts 1 - alpha (Hinton 2012).

    centered: with the variance of gradients instead, their mean square less the square of their mean (Graves 2013).
    momentum: a velocity of such steps takes the place of the step.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 0.01,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
    ) -> None:
        super().__init__(
            params, lr=lr, alpha=alpha, eps=eps, weight_decay=weight_decay, momentum=momentum, centered=centered
        )

    def check(self, settings: dict[str, Any], remembers: tuple[str, ...] | None = None) -> dict[str, Any]:
        settings["alpha"] = self.checked("alpha", settings["alpha"], 0, 1)
        settings["eps"] = self.positive("eps", settings["eps"])
        settings["weight_decay"] = self.checked("weight_decay", settings["weight_decay"], 0, INFINITY)
        settings["momentum"] = self.checked("momentum", settings["momentum"], 0, 1)
        return super().check(settings, remembers)

    def names(self, s: ParamGroup) -> tuple[str, ...]:
        return ("square_avg", *["grad_avg"] * bool(s.centered), *["momentum_buffer"] * bool(s.momentum))

    def rule(self, s: ParamGroup, w: Any, g: Any, lr: Any, steps: Any, *memory: Any) -> tuple[Any, ...]:  # noqa: ARG002  # as Optimizer
        g = g + s.weight_decay * w if s.weight_decay else g
        square = s.alpha * memory[0] + (1 - s.alpha) * (g * conj(g))
        mean = [s.alpha * memory[1] + (1 - s.alpha) * g] if "grad_avg" in s.remembers else []
        variance = maximum(square - mean[0] * conj(mean[0]), 0.0) if s.centered else square  # rounding may lead below 0
        step = g / (sqrt(variance) + s.eps)
        if "momentum_buffer" not in s.remembers:
            return w - lr * step, square, *mean
        velocity = s.momentum * memory[-1] + step
        return w - lr * velocity, square, *mean, velocity


class Adam(Optimizer):
    """Running means of the gradient and of its square, freed of their start at zero (Kingma and Ba 2015).

    amsgrad: divides by the largest mean square so far instead of the present one (Reddi, Kale and Kumar 2018).
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
    ) -> None:
        super().__init__(params, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay, amsgrad=amsgrad)

    def check(self, settings: dict[str, Any], remembers: tuple[str, ...] | None = None) -> dict[str, Any]:
        betas = settings["betas"]
        if not isinstance(betas, (tuple, list)) or len(betas) != 2:
            raise ValueError(f"{type(self).__name__}: betas must be two numbers, not {betas!r:.60} (at {users_line()})")
        settings["betas"] = tuple(self.checked(f"betas[{i}]", beta, 0, 1) for i, beta in enumerate(betas))
        settings["eps"] = self.positive("eps", settings["eps"])
        settings["weight_decay"] = self.checked("weight_decay", settings["weight_decay"], 0, INFINITY)
        return super().check(settings, remembers)

    def names(self, s: ParamGroup) -> tuple[str, ...]:
        return ("exp_avg", "exp_avg_sq", *["max_exp_avg_sq"] * bool(s.amsgrad))

    def rule(self, s: ParamGroup, w: Any, g: Any, lr: Any, steps: Any, *memory: Any) -> tuple[Any, ...]:
        w, g = self.decayed(s, w, g, lr)
        mean = s.betas[0] * memory[0] + (1 - s.betas[0]) * g
        square = s.betas[1] * memory[1] + (1 - s.betas[1]) * (g * conj(g))
        largest = [maximum(x, square) for x in memory[2:]]
        size = sqrt((largest[0] if s.amsgrad else square) / (1 - s.betas[1] ** steps)) + s.eps
        return w - (lr / (1 - s.betas[0] ** steps)) * (mean / size), mean, square, *largest

    def decayed(self, s: ParamGroup, w: Any, g: Any, lr: Any) -> tuple[Any, Any]:  # noqa: ARG002  # AdamW needs the learning rate
        """Return weight and gradient after weight decay: here it adds to the gradient."""
        return w, g + s.weight_decay * w if s.weight_decay else g


class AdamW(Adam):
    """Adam with weight decay apart from the gradient, so that it is not rescaled (Loshchilov and Hutter 2019)."""

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
        amsgrad: bool = False,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad)

    def decayed(self, s: ParamGroup, w: Any, g: Any, lr: Any) -> tuple[Any, Any]:
        return w - lr * s.weight_decay * w, g
