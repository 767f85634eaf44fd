"""Learning rates that change as training goes on: each schedule is one formula for the share of the first rate."""

from __future__ import annotations

import math

from .optimizer import Optimizer


class Schedule:
    """Sets the learning rate of an optimiser; call `step()` once an epoch, or once a batch."""

    def __init__(self, optimizer: Optimizer) -> None:
        self.optimizer = optimizer
        self.first = optimizer.lr
        self.t = 0
        optimizer.lr = self.first * self.share(0)

    def share(self, t: int) -> float:
        """Return the share of the first rate that holds after `t` steps."""
        raise NotImplementedError(f"{type(self).__name__} has to define share()")

    def step(self) -> None:
        """Go on to the next learning rate."""
        self.t += 1
        self.optimizer.lr = self.first * self.share(self.t)


class StepLR(Schedule):
    """Times `gamma` after every `every` steps."""

    def __init__(self, optimizer: Optimizer, every: int, gamma: float = 0.1) -> None:
        self.every, self.gamma = every, gamma
        super().__init__(optimizer)

    def share(self, t: int) -> float:
        return self.gamma ** (t // self.every)


class ExponentialLR(Schedule):
    """Times `gamma` after every step."""

    def __init__(self, optimizer: Optimizer, gamma: float) -> None:
        self.gamma = gamma
        super().__init__(optimizer)

    def share(self, t: int) -> float:
        return self.gamma**t


class CosineLR(Schedule):
    """Down to `least` of the first rate within `total` steps, along half a cosine."""

    def __init__(self, optimizer: Optimizer, total: int, least: float = 0.01) -> None:
        self.total, self.least = total, least
        super().__init__(optimizer)

    def share(self, t: int) -> float:
        return self.least + (1 - self.least) * (1 + math.cos(math.pi * min(t / self.total, 1))) / 2


class WarmupLR(Schedule):
    """Up to the first rate within `total` steps, in equal parts."""

    def __init__(self, optimizer: Optimizer, total: int) -> None:
        self.total = total
        super().__init__(optimizer)

    def share(self, t: int) -> float:
        return min((t + 1) / self.total, 1)
