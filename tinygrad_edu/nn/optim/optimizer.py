"""The base of optimisers: checks of parameters and settings, and one step that is taken wholly or not at all.

An optimiser adds one method, `rule`: from a weight, its gradient and its state after earlier steps it
computes the next weight and what to remember. A rule is plain arithmetic over its arguments and over nothing
else, so it serves floats and arrays alike, and records itself when it is handed nodes.
"""

from __future__ import annotations

import functools
import itertools
import math
import operator
from cmath import isfinite
from collections.abc import Iterable, Iterator
from typing import Any, Self

import numpy as np

from ...core.backprop import set_gradients
from ...core.commit import calls, commit
from ...core.context import tracing
from ...core.ieee import silently
from ...core.leaf_set import stepped_since_zero_grad
from ...core.node import new_versions, slope
from ...core.op import PLAIN_NUMBERS
from ...errors import AnomalyError, GradientError, hints
from ...errors.where import users_line, warn
from ...ops.complex import conj
from ...ops.precision import SINGLE, rounded, wide
from ..arguments import check_set_to_none
from . import state
from .groups import ParamGroup, checked_params, given_groups, parameter_list, refuse_inside_a_program, zero_like

INFINITY = math.inf


class Optimizer:
    """Steps parameters along their gradients.

    params: the parameters, as `model.parameters()` gives them, or a list of dicts, each with "params" and settings of
    its own. defaults: the settings of all groups that do not give their own; `lr` is the learning rate. A setting is
    also an attribute: read, it is that of the first group; set, it is set in all of them.
    Raises TypeError or ValueError that names the argument, or the place in `params`, and what is wrong with it.
    """

    lr: float
    _steps: int
    plain: bool  # whether all parameters are real, of at least single precision

    def __new__(cls, *_: Any, **keywords: Any) -> Self:
        hints.check_keywords(cls.__name__, cls.__init__, keywords)
        return super().__new__(cls)

    def __init__(self, params: Iterable[Any], **defaults: Any) -> None:
        self.defaults = defaults
        self.param_groups: list[ParamGroup] = []
        self.params: tuple[Any, ...] = ()
        self.memory: list[tuple[Any, ...]] = []
        self._steps = 0
        groups = given_groups(type(self).__name__, params)
        checked_params(type(self).__name__, [w for group in groups for w in group["params"]])
        for group in groups:
            self.add_param_group(group)

    @property
    def steps(self) -> int:
        """The number of steps taken."""
        tracer = tracing()
        return self._steps if tracer is None else tracer.steps_of(self)  # a node

    @steps.setter
    def steps(self, new: int) -> None:
        refuse_inside_a_program("the number of an optimiser's steps is set")
        self._steps = new

    def add_param_group(self, group: dict[str, Any]) -> None:
        """Step more parameters from now on: "params", and the settings that are not the optimiser's defaults.

        Raises ValueError for a setting that there is not, and for a parameter that is in another group.
        """
        kind = type(self).__name__
        params = (*parameter_list(kind, group.get("params", ())),)
        checked_params(kind, [*self.params, *params])
        settings = {name: value for name, value in group.items() if name != "params"}
        if unknown := settings.keys() - self.defaults.keys() - {"name"}:
            raise ValueError(
                f"{kind}: no setting is called {min(unknown)!r}, but {', '.join(self.defaults)} (at {users_line()})"
            )
        made = ParamGroup(params, self._steps, self.check({**self.defaults, **settings}))
        vars(made).update(remembers=self.names(made), check=functools.partial(self.check, remembers=self.names(made)))
        self.warn_of_zero(made.lr)
        both = self.params + params
        new = {
            "param_groups": [*self.param_groups, made],
            "params": both,
            "plain": all(getattr(w._data, "dtype", SINGLE).char in "fdg" for w in both),
            "memory": [*self.memory, *(self.start(made, zero_like(w)) for w in params)],
        }
        commit(calls([functools.partial(vars(self).update, new)]))

    def check(self, settings: dict[str, Any], remembers: tuple[str, ...] | None = None) -> dict[str, Any]:
        """Return a group's settings as they are used. Raises ValueError that names the one at fault.

        remembers: what has been remembered of the group's parameters so far, where it has.
        """
        settings["lr"] = self.checked("lr", settings["lr"], 0, INFINITY)
        if remembers is not None and (new := {*self.names(ParamGroup((), 0, settings))} - {*remembers}):
            raise ValueError(
                f"{type(self).__name__}: this setting needs {min(new)}, and the optimiser was made without: make a "
                f"new one (at {users_line()})"
            )
        return settings

    def warn_of_zero(self, lr: float) -> None:
        """Warn of a rate with which nothing is learned; a schedule may well end there."""
        if lr == 0:
            warn(f"{type(self).__name__}: with lr=0 no weight ever changes", UserWarning)

    def __getattr__(self, name: str) -> Any:
        groups = vars(self).get("param_groups")
        if groups and name in groups[0].settings():
            return groups[0][name]
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")

    def __setattr__(self, name: str, new: Any) -> None:
        if name not in vars(self).get("defaults", ()):
            object.__setattr__(self, name, new)
            return
        refuse_inside_a_program(f"{name} of an optimiser is set")
        checked = [(group, group.check({**group.settings(), name: new})) for group in self.param_groups]
        commit(calls([functools.partial(vars(group).update, settings) for group, settings in checked]))
        if name == "lr":
            self.warn_of_zero(new)

    def names(self, s: ParamGroup) -> tuple[str, ...]:  # noqa: ARG002  # a rule may remember more for one group
        """Return PyTorch's names of the state that is kept for each weight of group `s`."""
        return ()

    def start(self, s: ParamGroup, zero: Any) -> tuple[Any, ...]:
        """Return the state of a weight of group `s` before the first step; `zero` has its shape."""
        return (zero,) * len(self.names(s))

    def rule(self, s: ParamGroup, w: Any, g: Any, lr: Any, steps: Any, *memory: Any) -> tuple[Any, ...]:
        """Return the next weight and the next memory; `s` holds the settings, `steps` counts from 1."""
        raise NotImplementedError(f"{type(self).__name__} has to define rule()")

    def moved(self, s: ParamGroup, w: Any, g: Any, lr: Any, steps: Any, *memory: Any) -> tuple[Any, ...]:
        """Apply the rule to halves in single precision, where eps is not 0, and to a complex gradient's conjugate."""
        new, *rest = self.rule(s, wide(w), conj(wide(g)), lr, steps, *memory)
        return rounded(new, w), *rest

    def groups_of(self) -> Iterator[ParamGroup]:
        """Yield the group of each parameter, in the order of `params`."""
        return (group for group in self.param_groups for _ in group.params)

    def step(self, on_nonfinite: str = "raise") -> None:
        """Change every weight that has a gradient, once.

        on_nonfinite: "raise" refuses with AnomalyError a step that would lead to a NaN or an infinity, from a gradient
        or by overflow, and no weight changes; "skip" changes no weight and goes on; "allow" lets it into the weights.
        Raises GradientError where no weight has a gradient.
        """
        if on_nonfinite not in ("raise", "skip", "allow"):
            raise ValueError(
                f"step: on_nonfinite {on_nonfinite!r:.60} is none of 'raise', 'skip', 'allow' (at {users_line()})"
            )
        tracer = tracing()
        grads = [*map(slope, self.params)] if tracer is None else [w._grad for w in self.params]
        has_grad = [*map(operator.is_not, grads, itertools.repeat(None))]
        if not all(has_grad):
            self.check_gradients(grads)
        if tracer is not None:
            tracer.step(self, on_nonfinite)
            return
        steps = self._steps + 1
        moved, odd = silently(self.tried, grads, steps, on_nonfinite)  # a number that overflows is refused
        if odd:
            if on_nonfinite == "skip":
                return
            raise AnomalyError(
                f"{type(self).__name__}.step: {odd}; no weight was changed. Lower lr or clip gradients, "
                f"or find the operation that made it with detect_anomaly() (at {users_line()})"
            )
        leaves = [*itertools.compress(self.params, has_grad)]
        used = stepped_since_zero_grad.references(leaves)
        memory = [tuple(new[1:]) for new in moved]
        commit(
            new_versions(leaves, [new[0] for new in itertools.compress(moved, has_grad)]),
            calls([functools.partial(vars(self).update, memory=memory, _steps=steps)]),
            calls([functools.partial(stepped_since_zero_grad.members.update, used)]),
        )

    def tried(self, grads: list[Any], steps: int, on_nonfinite: str) -> tuple[list[tuple[Any, ...]], str]:
        """Return each weight and its memory as a step would leave them, and why it may not be taken, if so."""
        rule = self.rule if self.plain else self.moved
        settings = itertools.chain.from_iterable(
            itertools.repeat((s, s.lr, steps - s.since), len(s.params)) for s in self.param_groups
        )
        moved = [
            (w._raw, *memory) if g is None else rule(s, w._raw, g, lr, count, *memory)
            for (s, lr, count), w, g, memory in zip(settings, self.params, grads, self.memory, strict=True)
        ]
        return moved, "" if on_nonfinite == "allow" else self.nonfinite(moved, grads)

    def state_dict(self) -> dict[str, Any]:
        """Return a copy of all that makes the next step what it is, with PyTorch's names and layout."""
        return state.optimizer_state(self)

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        """Go on from what `state_dict` gave, of this class or of PyTorch's.

        Raises CheckpointError that lists everything missing, unexpected or of another shape; then nothing has changed.
        """
        state.load_optimizer(self, saved)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients, so that the next backward() starts anew: they are None until then, never zeros."""
        check_set_to_none(type(self).__name__, set_to_none)
        if tracing() is not None:
            for w in self.params:
                w.grad = None
            return
        set_gradients(self.params, itertools.repeat(None))

    def check_gradients(self, grads: list[Any]) -> None:
        """Raise GradientError where no weight has a gradient; warn that only some have."""
        without = [i for i, g in enumerate(grads) if g is None]
        if len(without) == len(self.params):
            raise GradientError(
                f"{type(self).__name__}.step: no gradients; call loss.backward() before step() (at {users_line()})"
            )
        warn(
            f"{type(self).__name__}.step: {len(without)} of {len(self.params)} parameters have no gradient and "
            f"stay as they are, first {self.said(without[0])}: the loss does not depend on them",
            UserWarning,
        )

    def nonfinite(self, moved: list[tuple[Any, ...]], grads: list[Any]) -> str:
        """Say which parameter is the first whose step leads to a NaN or an infinity; nothing if none does.

        The rules carry a gradient that is not finite into the weight, so looking at results finds those too.
        """
        if all(map(isfinite, map(squares, itertools.chain.from_iterable(moved)))):
            return ""
        for i, (w, g, new) in enumerate(zip(self.params, grads, moved, strict=True)):
            if g is None or all(map(all_finite, new)):
                continue
            if not all_finite(g):
                flat = np.ravel(g)
                return f"the gradient of {self.said(i)} holds {flat[~np.isfinite(flat)][0]}"
            if not all_finite(w._data):
                return f"{self.said(i)} holds a NaN or an infinity already"
            return f"the step of {self.said(i)} overflows {getattr(w._data, 'dtype', 'float')}"
        return ""

    def said(self, i: int) -> str:
        """Name a parameter for messages: its place and its label."""
        return f"parameter {i}, {self.params[i].title}"

    def checked(self, name: str, given: Any, low: float, high: float) -> float:
        """Return a setting. Raises ValueError unless it is a finite number with low <= it < high."""
        number = isinstance(given, (int, float, np.integer, np.floating)) and not isinstance(given, bool)
        if not number or not low <= given < high:
            limit = f"from {low} up" + ("" if high == INFINITY else f" to, but not including, {high}")
            raise ValueError(
                f"{type(self).__name__}: {name} must be a number {limit}, not {given!r:.60} (at {users_line()})"
            )
        return float(given)

    def positive(self, name: str, given: Any) -> float:
        """Return a setting. Raises ValueError unless it is a finite number above 0."""
        if self.checked(name, given, 0, INFINITY) == 0:
            raise ValueError(f"{type(self).__name__}: {name} must be above 0, not {given!r:.60} (at {users_line()})")
        return float(given)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self.params)} parameters, lr={self.lr:g}, steps={self.steps})"


def squares(x: Any) -> Any:
    """Return a number, or of an array the sum of squares: the quickest to have that is finite only where all are."""
    return x if type(x) in PLAIN_NUMBERS else (flat := x.ravel()).dot(flat)


def all_finite(x: Any) -> bool:
    """Whether a number, or each of an array, is neither NaN nor infinite."""
    return isfinite(squares(x)) or bool(np.isfinite(x).all())
