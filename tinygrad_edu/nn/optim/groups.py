"""Parameter groups: parameters with settings of their own, under PyTorch's names."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ...core.context import tracing
from ...core.node import Node
from ...errors import CompileError, DTypeError
from ...errors.where import users_line
from ...ops.precision import wide

HELD = ("params", "since", "remembers", "check")  # of a group, what is no setting


class ParamGroup:
    """Parameters and their settings, as attributes and as PyTorch's `group["lr"]`.

    params: leaves. since: how many steps the optimiser had taken when the group was added. remembers: the
    names of what is remembered of each parameter. check: the optimiser's, which returns all settings as they are used.
    Raises CompileError where a setting is changed inside a compiled function, and what `check` raises.
    """

    params: tuple[Any, ...]
    since: int
    remembers: tuple[str, ...]
    check: Callable[[dict[str, Any]], dict[str, Any]]

    def __init__(self, params: tuple[Any, ...], since: int, settings: dict[str, Any]) -> None:
        refuse_inside_a_program("an optimiser is made")
        vars(self).update(settings, params=params, since=since)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"this group of parameters has no setting {name!r}, but {', '.join(self.settings())}")

    def __setattr__(self, name: str, new: Any) -> None:
        settings = self.settings()
        if name not in settings:
            raise AttributeError(
                f"a group of parameters has no setting {name!r}, but {', '.join(settings)} (at {users_line()})"
            )
        refuse_inside_a_program(f"{name} of an optimiser is set")
        vars(self).update(self.check({**settings, name: new}))

    @property
    def lr(self) -> float:
        """The learning rate, which a compiled function reads again at each call."""
        tracer = tracing()
        return vars(self)["lr"] if tracer is None else tracer.rate_of(self)  # a node, there

    @lr.setter
    def lr(self, new: float) -> None:
        self.__setattr__("lr", new)

    def settings(self) -> dict[str, Any]:
        """Return the settings by name, without the parameters."""
        return {name: value for name, value in vars(self).items() if name not in HELD}

    def __getitem__(self, name: str) -> Any:
        return getattr(self, name)

    def __setitem__(self, name: str, new: Any) -> None:
        setattr(self, name, new)

    def keys(self) -> list[str]:
        """Return the names of the settings, and "params"."""
        return ["params", *self.settings()]

    def __repr__(self) -> str:
        said = ", ".join(f"{name}={value!r}" for name, value in self.settings().items())
        return f"ParamGroup({len(self.params)} parameters, {said})"


def refuse_inside_a_program(done: str) -> None:
    """Raise CompileError while a function is traced."""
    if tracing() is not None:
        raise CompileError(
            f"{done} inside a compiled function, which would happen once, while it is traced: make optimisers, set "
            f"their rates and call schedules outside; the rate is read again at each call (at {users_line()})"
        )


def given_groups(owner: str, given: Any) -> list[dict[str, Any]]:
    """Return what an optimiser was given as a list of dicts with "params". Raises TypeError or ValueError."""
    parts = parameter_list(owner, given)
    if parts and all(isinstance(part, dict) and "params" in part for part in parts):
        return [{**part, "params": parameter_list(owner, part["params"])} for part in parts]
    return [{"params": parts}]


def parameter_list(owner: str, given: Any) -> list[Any]:
    """Return parameters as a list. Raises DTypeError or ValueError for anything but several of them."""
    here = f"(at {users_line()})"
    try:
        params = None if isinstance(given, (Node, str, dict)) else list(given)
    except TypeError:
        params = None
    if params is None:
        raise DTypeError(f"{owner}: pass model.parameters(), a list of parameters, not {given!r:.60} {here}")
    if not params:
        raise ValueError(
            f"{owner}: no parameters to step; did you consume model.parameters()? Or has the model none? {here}"
        )
    return params


def checked_params(owner: str, given: Iterable[Any]) -> list[Any]:
    """Return the parameters as a list. Raises TypeError or ValueError that says which of them is wrong, and why."""
    params, here = parameter_list(owner, given), f"(at {users_line()})"
    places: dict[Any, int] = {}
    for i, w in enumerate(params):
        if not isinstance(w, Node):
            raise ValueError(f"{owner}: parameter {i} is {w!r:.60}, not a Value or a Tensor {here}")
        if w.op is not None:
            raise ValueError(
                f"{owner}: parameter {i} is {w.title}, made at {w.where}; only leaves can be stepped {here}"
            )
        if not w.requires_grad:
            raise ValueError(f"{owner}: parameter {i}, {w.title}, was made with requires_grad=False {here}")
        if w in places:
            raise ValueError(
                f"{owner}: parameters {places[w]} and {i} are the same, {w.title}: it would step twice {here}"
            )
        places[w] = i
    return params


def zero_like(w: Node) -> Any:
    """Return zero, in the shape and type of a parameter's numbers; for halves in single precision."""
    return wide(np.zeros_like(w._data)) if isinstance(w._data, np.ndarray) else 0.0
