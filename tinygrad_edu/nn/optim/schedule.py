"""The base of learning-rate schedules: how one steps, is saved and loaded, all at once or not at all."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import partial
from typing import Any, Self

from ...core.commit import calls, commit
from ...errors import CheckpointError, hints
from ...errors.where import users_line
from .groups import refuse_inside_a_program
from .optimizer import Optimizer


class Schedule:
    """Sets the learning rates of an optimiser; call `step()` once an epoch, or once a batch.

    The rates of all groups and the schedule's own state change together, or not at all.
    """

    def __new__(cls, *_: Any, **keywords: Any) -> Self:
        hints.check_keywords(cls.__name__, cls.__init__, keywords)
        return super().__new__(cls)

    def __init__(self, optimizer: Optimizer) -> None:
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"{type(self).__name__}: pass an optimiser, not {optimizer!r:.60} (at {users_line()})")
        self.optimizer = optimizer
        self.base_lrs = [group.lr for group in optimizer.param_groups]
        self.t = 0
        commit(calls(self.writes_to({})))

    def rate(self, base: float, t: int) -> float:
        """Return the rate after `t` steps of a group that began with `base`."""
        raise NotImplementedError(f"{type(self).__name__} has to define rate()")

    def settings(self) -> list[dict[str, Any]]:
        """Return the settings of each group that hold now; only those that this schedule sets."""
        return [{"lr": self.rate(base, self.t)} for base in self.base_lrs]

    def writes_to(self, new: dict[str, Any]) -> list[Callable[[], Any]]:
        """Return the writes, for `commit`, that give the schedule a new state and all groups their settings then."""
        refuse_inside_a_program("a schedule steps")
        then = copy.copy(self)
        vars(then).update(new)
        groups = zip(self.optimizer.param_groups, then.settings(), strict=True)
        checked = [(group, group.check({**group.settings(), **settings})) for group, settings in groups]
        return [partial(vars(self).update, new), *(partial(vars(group).update, all_) for group, all_ in checked)]

    def step(self) -> None:
        """Go on to the next learning rate."""
        commit(calls(self.writes_to({"t": self.t + 1})))

    def get_last_lr(self) -> list[float]:
        """Return the rate of each group as it is now."""
        return [group.lr for group in self.optimizer.param_groups]

    def state_dict(self) -> dict[str, Any]:
        """Return where the schedule is: numbers, texts and lists of numbers by name."""
        return {
            name: [*x] if isinstance(x, list) else x
            for name, x in vars(self).items()
            if isinstance(x, (int, float, list, str))
        }

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        """Go on from where a schedule of the same kind was. Raises CheckpointError; then nothing has changed."""
        commit(calls(self.writes_of(saved)))

    def writes_of(self, saved: Any) -> list[Callable[[], Any]]:
        """Return the writes that put a state back. Raises CheckpointError where it is none of this kind."""
        ours, kind, here = self.state_dict(), type(self).__name__, f"(at {users_line()})"
        if not isinstance(saved, dict) or saved.keys() != ours.keys():
            held = [*saved] if isinstance(saved, dict) else saved
            raise CheckpointError(f"{kind}: the state must hold {', '.join(ours)}, and holds {held!r:.200} {here}")
        wrong = [name for name, x in ours.items() if form(saved[name]) != form(x)]
        if wrong or saved["t"] < 0:
            name = [*wrong, "t"][0]
            raise CheckpointError(f"{kind}: {name} cannot be {saved[name]!r:.60}, and is {ours[name]!r:.60} {here}")
        return self.writes_to({name: [*x] if isinstance(x, list) else x for name, x in saved.items()})


def form(x: Any) -> Any:
    """Return what kind of state a value is, by which a saved one is compared: two whole numbers are alike."""
    if isinstance(x, list):
        return [form(y) for y in x]
    if isinstance(x, (bool, str)):
        return type(x)
    return float if isinstance(x, (int, float)) else None
