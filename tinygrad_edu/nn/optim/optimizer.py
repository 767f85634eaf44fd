"""What every optimiser shares: checking what it is given, and one step that is taken wholly or not at all.

An optimiser adds one method, `rule`: from a weight, its gradient and what is remembered of earlier steps it
computes the next weight and what to remember. A rule is plain arithmetic over its arguments and over nothing
else, so it serves floats and arrays alike, and records itself when it is handed nodes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from ...core.accumulate import spent
from ...core.context import tracing
from ...core.node import Node, reborn
from ...errors import AnomalyError, CompileError, DTypeError, GradientError
from ...errors.where import users_line, warn

INFINITY = math.inf


class Optimizer:
    """Steps `params` along their gradients.

    params: the parameters, as `model.parameters()` gives them. lr: the learning rate; may be set at any time.
    Raises TypeError or ValueError that names the argument, or the place in `params`, and what is wrong with it.
    """

    def __init__(self, params: Iterable[Any], lr: float) -> None:
        self.params = checked_params(type(self).__name__, params)
        self.lr = lr
        self.steps = 0
        self.memory: list[tuple[Any, ...]] = [self.start(zero_like(w)) for w in self.params]

    @property
    def lr(self) -> float:
        """The learning rate: how far a step goes for a gradient of one."""
        return self._lr

    @lr.setter
    def lr(self, new: float) -> None:
        self.set_rate(self.checked("lr", new, 0, INFINITY))
        if new == 0:
            warn(f"{type(self).__name__}: with lr=0 no weight ever changes", UserWarning)

    def set_rate(self, rate: float) -> None:
        """Take any rate, also the 0 at which a schedule may end. Raises CompileError inside a compiled function."""
        if tracing() is not None:
            raise CompileError(
                f"the rate of {type(self).__name__} is set inside a compiled function, which would happen once, while "
                "it is traced: make optimisers, set their rates and call schedules outside; the rate is read again at "
                f"each call (at {users_line()})"
            )
        self._lr = rate

    def start(self, zero: Any) -> tuple[Any, ...]:
        """Return what is remembered of a weight before the first step; `zero` has its shape."""
        raise NotImplementedError(f"{type(self).__name__} has to define start()")

    def rule(self, w: Any, g: Any, lr: Any, steps: Any, *memory: Any) -> tuple[Any, ...]:
        """Return the next weight and the next memory; `steps` counts from 1."""
        raise NotImplementedError(f"{type(self).__name__} has to define rule()")

    def step(self, on_nonfinite: str = "raise") -> None:
        """Change every weight that has a gradient, once.

        on_nonfinite: "raise" refuses a NaN or infinite gradient with AnomalyError, and no weight changes; "skip"
        changes no weight and goes on; "allow" lets it into the weights.
        Raises GradientError where no weight has a gradient.
        """
        if on_nonfinite not in ("raise", "skip", "allow"):
            raise ValueError(
                f"step: on_nonfinite {on_nonfinite!r:.60} is none of 'raise', 'skip', 'allow' (at {users_line()})"
            )
        self.check_gradients()
        if (trace := tracing()) is not None:
            trace.step(self, on_nonfinite)
            return
        if on_nonfinite != "allow" and (odd := self.nonfinite()):
            if on_nonfinite == "skip":
                return
            raise AnomalyError(
                f"{type(self).__name__}.step: {odd}; no weight was changed. Lower lr or clip gradients, "
                f"or find the operation that made it with detect_anomaly() (at {users_line()})"
            )
        rule, lr, steps = self.rule, self._lr, self.steps + 1
        moved = [
            (w._data, *memory) if w._grad is None else rule(w._data, w._grad, lr, steps, *memory)
            for w, memory in zip(self.params, self.memory, strict=True)
        ]
        leaves = [w for w in self.params if w._grad is not None]
        for w, new in zip(self.params, moved, strict=True):
            w._data = new[0]
        self.memory = [tuple(new[1:]) for new in moved]
        reborn(leaves)
        spent.update(leaves)
        self.steps = steps

    def zero_grad(self) -> None:
        """Forget the gradients, so that the next backward() starts anew."""
        if tracing() is not None:
            for w in self.params:
                w.grad = None
            return
        for w in self.params:
            w._grad = None
        spent.difference_update(self.params)

    def check_gradients(self) -> None:
        """Raise GradientError where no weight has a gradient; warn where only some have."""
        without = [i for i, w in enumerate(self.params) if w._grad is None]
        if len(without) == len(self.params):
            raise GradientError(
                f"{type(self).__name__}.step: no gradients; call loss.backward() before step() (at {users_line()})"
            )
        if without:
            warn(
                f"{type(self).__name__}.step: {len(without)} of {len(self.params)} parameters have no gradient and "
                f"stay as they are, first {self.said(without[0])}: the loss does not depend on them",
                UserWarning,
            )

    def nonfinite(self) -> str:
        """Say which gradient is the first to hold a NaN or an infinity; nothing if all are finite."""
        for i, w in enumerate(self.params):
            g = w._grad
            if type(g) is np.ndarray:
                flat = g.ravel()
                if math.isfinite(flat.dot(flat)) or np.isfinite(g).all():  # their squares' sum is quicker to have
                    continue
            elif g is None or math.isfinite(g):
                continue
            worst = np.ravel(g)[~np.isfinite(np.ravel(g))][0]
            return f"the gradient of {self.said(i)} holds {worst}"
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


def checked_params(owner: str, given: Any) -> list[Any]:
    """Return the parameters as a list. Raises TypeError or ValueError that says which of them is wrong, and why."""
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
    """Return zero, in the shape and type of a parameter's numbers."""
    return np.zeros_like(w._data) if isinstance(w._data, np.ndarray) else 0.0
