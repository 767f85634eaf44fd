"""Learning rates that change as training goes on: each schedule is one formula for the share of the first rate."""

from __future__ import annotations

import math

from ...errors.where import users_line
from ..arguments import size
from .optimizer import Optimizer


class Schedule:
    """Sets the learning rate of an optimiser; call `step()` once an epoch, or once a batch."""

    def __init__(self, optimizer: Optimizer) -> None:
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"{type(self).__name__}: pass an optimiser, not {optimizer!r:.60} (at {users_line()})")
        self.optimizer = optimizer
        self.first = optimizer.lr
        self.t = 0
        self.set()

    def share(self, t: int) -> float:
        """Return the share of the first rate that holds after `t` steps."""
        raise NotImplementedError(f"{type(self).__name__} has to define share()")

    def set(self) -> None:
        """Give the optimiser the rate that holds now."""
        self.optimizer.set_rate(self.first * self.share(self.t))

    def step(self) -> None:
        """Go on to the next learning rate."""
        self.optimizer.set_rate(self.first * self.share(self.t + 1))
        self.t += 1


class StepLR(Schedule):
    """Times `gamma` after every `step_size` steps."""

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1) -> None:
        self.step_size, self.gamma = size("StepLR", "step_size", step_size), gamma
        super().__init__(optimizer)

    def share(self, t: int) -> float:
        return self.gamma ** (t // self.step_size)


class ExponentialLR(Schedule):
    """Times `gamma` after every step."""

    def __init__(self, optimizer: Optimizer, gamma: float) -> None:
        self.gamma = gamma
        super().__init__(optimizer)

    def share(self, t: int) -> float:
        return self.gamma**t


class CosineAnnealingLR(Schedule):
    """Down to the rate `eta_min` within `T_max` steps, along half a cosine."""

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0) -> None:  # noqa: N803  # PyTorch's name
        self.T_max, self.eta_min = size("CosineAnnealingLR", "T_max", T_max), eta_min
        super().__init__(optimizer)

    def share(self, t: int) -> float:
        least = self.eta_min / self.first
        return least + (1 - least) * (1 + math.cos(math.pi * min(t / self.T_max, 1))) / 2


class LinearLR(Schedule):
    """From the share `start_factor` of the first rate to `end_factor` within `total_iters` steps: a warm-up."""

    def __init__(
        self, optimizer: Optimizer, start_factor: float = 1 / 3, end_factor: float = 1.0, total_iters: int = 5
    ) -> None:
        self.start_factor, self.end_factor = start_factor, end_factor
        self.total_iters = size("LinearLR", "total_iters", total_iters)
        super().__init__(optimizer)

    def share(self, t: int) -> float:
        return self.start_factor + (self.end_factor - self.start_factor) * min(t / self.total_iters, 1)
