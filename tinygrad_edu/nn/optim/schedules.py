"""Learning-rate schedules: each is one formula of the first rate and the number of steps.

PyTorch's names and meanings. A schedule sets the rate of every group of its optimiser, from the rate that the group
had when the schedule was made.
"""

from __future__ import annotations

import copy
import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Any

from ...core.commit import calls, commit
from ...errors.where import users_line
from ..arguments import size
from .optimizer import Optimizer
from .schedule import Schedule


class StepLR(Schedule):
    """Multiplies the rate by `gamma` after every `step_size` steps."""

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1) -> None:
        self.step_size, self.gamma = size("StepLR", "step_size", step_size), gamma
        super().__init__(optimizer)

    def rate(self, base: float, t: int) -> float:
        return base * self.gamma ** (t // self.step_size)


class MultiStepLR(Schedule):
    """Multiplies the rate by `gamma` after each of `milestones`."""

    def __init__(self, optimizer: Optimizer, milestones: Sequence[int], gamma: float = 0.1) -> None:
        self.milestones, self.gamma = sorted(size("MultiStepLR", "a milestone", m, 0) for m in milestones), gamma
        super().__init__(optimizer)

    def rate(self, base: float, t: int) -> float:
        return base * self.gamma ** bisect_right(self.milestones, t)


class ExponentialLR(Schedule):
    """Multiplies the rate by `gamma` after every step."""

    def __init__(self, optimizer: Optimizer, gamma: float) -> None:
        self.gamma = gamma
        super().__init__(optimizer)

    def rate(self, base: float, t: int) -> float:
        return base * self.gamma**t


class LambdaLR(Schedule):
    """Multiplies the first rate by a function of the number of steps."""

    def __init__(self, optimizer: Optimizer, lr_lambda: Callable[[int], float]) -> None:
        self.lr_lambda = lr_lambda
        super().__init__(optimizer)

    def rate(self, base: float, t: int) -> float:
        return base * self.lr_lambda(t)


class CosineAnnealingLR(Schedule):
    """Lowers the rate to `eta_min` within `T_max` steps, along half a cosine, and raises it again after that."""

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0) -> None:  # noqa: N803  # PyTorch's name
        self.T_max, self.eta_min = size("CosineAnnealingLR", "T_max", T_max), eta_min
        super().__init__(optimizer)

    def rate(self, base: float, t: int) -> float:
        return self.eta_min + (base - self.eta_min) * (1 + math.cos(math.pi * t / self.T_max)) / 2


class CosineAnnealingWarmRestarts(Schedule):
    """Lowers the rate to `eta_min` along half a cosine, again and again: SGDR (Loshchilov and Hutter 2017).

    T_0: the steps of the first period. T_mult: how many times as long each period is as the one before.
    """

    def __init__(self, optimizer: Optimizer, T_0: int, T_mult: int = 1, eta_min: float = 0.0) -> None:  # noqa: N803  # PyTorch's names
        kind = "CosineAnnealingWarmRestarts"
        self.T_0, self.T_mult, self.eta_min = size(kind, "T_0", T_0), size(kind, "T_mult", T_mult), eta_min
        super().__init__(optimizer)

    def rate(self, base: float, t: int) -> float:
        period = self.T_0
        while t >= period:
            t, period = t - period, period * self.T_mult
        return self.eta_min + (base - self.eta_min) * (1 + math.cos(math.pi * t / period)) / 2


class LinearLR(Schedule):
    """Moves the rate from `start_factor` to `end_factor` times the first within `total_iters` steps: a warm-up."""

    def __init__(
        self, optimizer: Optimizer, start_factor: float = 1 / 3, end_factor: float = 1.0, total_iters: int = 5
    ) -> None:
        self.start_factor, self.end_factor = start_factor, end_factor
        self.total_iters = size("LinearLR", "total_iters", total_iters)
        super().__init__(optimizer)

    def rate(self, base: float, t: int) -> float:
        share = min(t / self.total_iters, 1)
        return base * (self.start_factor + (self.end_factor - self.start_factor) * share)


class SequentialLR(Schedule):
    """Several schedules of one optimiser, one after the other: each begins anew at its milestone."""

    def __init__(self, optimizer: Optimizer, schedulers: Sequence[Schedule], milestones: Sequence[int]) -> None:
        self.schedulers, self.milestones = tuple(schedulers), [*milestones]
        if len(self.schedulers) != len(self.milestones) + 1 or any(s.optimizer is not optimizer for s in schedulers):
            raise ValueError(
                f"SequentialLR: {len(self.schedulers)} schedules of this optimiser need "
                f"{max(len(self.schedulers) - 1, 0)} milestones, not {len(self.milestones)} (at {users_line()})"
            )
        if any(isinstance(s, ReduceLROnPlateau) for s in self.schedulers):
            raise TypeError(
                "SequentialLR: ReduceLROnPlateau follows a measure and not the time: call its step(loss) by itself "
                f"(at {users_line()})"
            )
        for group, base in zip(optimizer.param_groups, self.schedulers[0].base_lrs, strict=True):
            group.lr = base  # each schedule has already set a rate of its own
        super().__init__(optimizer)

    def settings(self) -> list[dict[str, Any]]:
        turn = bisect_right(self.milestones, self.t)
        running = copy.copy(self.schedulers[turn])
        running.t, running.base_lrs = self.t - (self.milestones[turn - 1] if turn else 0), self.base_lrs
        return running.settings()


class OneCycleLR(Schedule):
    """Raises the rate to `max_lr` and lowers it again, and momentum the other way round (Smith and Topin 2019).

    total_steps: of the whole cycle, or `epochs` times `steps_per_epoch`. pct_start: the share of steps that goes up.
    The first rate is max_lr / div_factor, the last one that / final_div_factor. cycle_momentum: between
    `base_momentum` and `max_momentum`, of SGD its momentum and of Adam its first beta. Each new momentum makes a
    compiled step trace itself anew, so give cycle_momentum=False there.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float,
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float = 0.85,
        max_momentum: float = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
    ) -> None:
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(
                f"OneCycleLR: anneal_strategy is 'cos' or 'linear', not {anneal_strategy!r:.60} (at {users_line()})"
            )
        if total_steps is None:
            total_steps = size("OneCycleLR", "epochs", epochs) * size("OneCycleLR", "steps_per_epoch", steps_per_epoch)
        self.total_steps = size("OneCycleLR", "total_steps", total_steps)
        self.max_lr, self.pct_start, self.anneal_strategy = max_lr, pct_start, anneal_strategy
        self.base_momentum, self.max_momentum = base_momentum, max_momentum
        self.div_factor, self.final_div_factor = div_factor, final_div_factor
        self.cycle_momentum = cycle_momentum
        super().__init__(optimizer)

    def between(self, t: int, low: float, high: float, last: float) -> float:
        """Return the value after `t` steps of what goes from `low` to `high` and then to `last`."""
        top, end = self.pct_start * self.total_steps - 1, self.total_steps - 1
        start, goal, share = (low, high, t / top) if t <= top else (high, last, (t - top) / (end - top))
        if self.anneal_strategy == "linear":
            return start + (goal - start) * share
        return goal + (start - goal) / 2 * (1 + math.cos(math.pi * share))

    def rate(self, base: float, t: int) -> float:  # noqa: ARG002  # the cycle has its own first rate
        if t > self.total_steps:
            raise ValueError(f"OneCycleLR: step {t + 1} of a cycle of {self.total_steps} steps (at {users_line()})")
        first = self.max_lr / self.div_factor
        return self.between(t, first, self.max_lr, first / self.final_div_factor)

    def settings(self) -> list[dict[str, Any]]:
        found = super().settings()
        if not self.cycle_momentum:
            return found
        momentum = self.between(self.t, self.max_momentum, self.base_momentum, self.max_momentum)
        for group, new in zip(self.optimizer.param_groups, found, strict=True):
            if "betas" in group.settings():
                new["betas"] = (momentum, group.betas[1])
            elif group.settings().get("momentum"):
                new["momentum"] = momentum
            else:
                raise ValueError(
                    "OneCycleLR: cycle_momentum needs an optimiser with momentum or betas: give momentum=0.9 to it, or "
                    f"cycle_momentum=False (at {users_line()})"
                )
        return found


class ReduceLROnPlateau(Schedule):
    """Multiplies the rate by `factor` when a measure has not improved for more than `patience` steps; `step(measure)`.

    mode: "min" or "max", which is better. threshold: by how much it must get better to count, relative to the best
    ("rel") or absolute ("abs"). cooldown: steps after a change that do not count. min_lr: the lowest rate.
    """

    lrs: list[float] | None = None  # the rates after the last step

    def __init__(
        self,
        optimizer: Optimizer,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: float = 0.0,
        eps: float = 1e-8,
    ) -> None:
        for name, given, known in (("mode", mode, ("min", "max")), ("threshold_mode", threshold_mode, ("rel", "abs"))):
            if given not in known:
                raise ValueError(
                    f"ReduceLROnPlateau: {name} is {' or '.join(map(repr, known))}, not {given!r:.60} "
                    f"(at {users_line()})"
                )
        if not factor < 1:
            raise ValueError(f"ReduceLROnPlateau: factor must be below 1, not {factor!r:.60} (at {users_line()})")
        self.mode, self.threshold, self.threshold_mode = mode, threshold, threshold_mode
        self.factor, self.patience, self.cooldown = factor, patience, cooldown
        self.min_lr, self.eps = min_lr, eps
        self.best = math.inf if mode == "min" else -math.inf
        self.bad, self.cooling = 0, 0
        super().__init__(optimizer)

    def settings(self) -> list[dict[str, Any]]:
        return [{"lr": lr} for lr in self.lrs or self.base_lrs]

    def state_dict(self) -> dict[str, Any]:
        return {**super().state_dict(), "lrs": self.get_last_lr()}

    def better(self, measure: float) -> bool:
        """Whether a measure beats the best one so far by the threshold."""
        sign = 1 if self.mode == "max" else -1
        if math.isinf(self.best):
            return measure != self.best and not math.isnan(measure)
        margin = self.threshold * self.best if self.threshold_mode == "rel" else self.threshold
        return sign * measure > sign * self.best + margin

    def step(self, measure: Any = None) -> None:
        if measure is None:
            raise TypeError(f"ReduceLROnPlateau: step() is told the measure, as in step(loss) (at {users_line()})")
        measure = float(measure.item() if hasattr(measure, "item") else measure)
        got_better = self.better(measure)
        bad = 0 if got_better or self.cooling else self.bad + 1
        lrs = self.get_last_lr()
        new: dict[str, Any] = {"t": self.t + 1, "bad": bad, "cooling": max(self.cooling - 1, 0), "lrs": lrs}
        if got_better:
            new["best"] = measure
        if bad > self.patience:
            lower = [max(lr * self.factor, self.min_lr) for lr in lrs]
            new["lrs"] = [b if a - b > self.eps else a for a, b in zip(lrs, lower, strict=True)]
            new["cooling"], new["bad"] = self.cooldown, 0
        commit(calls(self.writes_to(new)))
