"""The object that `compile` returns: it traces a function once for each kind of call, and replays it from then on."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from types import MethodType
from typing import Any

from ..core.context import current
from ..core.node import data_of
from ..errors import CompileError
from ..errors.where import users_line, warn
from ..nn.module import Module
from ..nn.optim import Optimizer
from ..nn.optim.groups import ParamGroup
from ..transforms.trees import leaves
from .reachable import PLAIN, Reachable
from .signature import NUMERIC, InsideOuterGraph, Signature
from .specialization import Specialization
from .verify import largest_difference

MOST = 32  # programs that a function keeps
RECORDED = {
    Optimizer: {"_steps", "memory"},
    ParamGroup: {"lr"},
    Module: {"last_call"},
}  # attributes that a trace records itself


class Compiled:
    """A function replayed as straight-line NumPy. Call it as you would call the function.

    It is traced anew for arguments of another shape, type, layout or structure, and where anything that the function
    can name has changed. Inside `no_grad`, `detect_anomaly` and their like the function itself is run.
    source: the program as Python, of the last call.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.programs: dict[Any, list[Specialization]] = {}
        self.outside: set[int] = set()  # ids of the nodes that the function can name
        self.last: Specialization | None = None
        self.lock = threading.RLock()  # a program's memory serves one call at a time
        self.has_warned = False
        functools.update_wrapper(self, function)

    def __get__(self, owner: Any, kind: type | None = None) -> Any:
        """Be a method where a class defines it."""
        return self if owner is None else MethodType(self, owner)

    def __reduce__(self) -> Any:
        return Compiled, (self.function,)  # a copy traces anew: programs belong to the weights that they were made of

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if current.get() is not None:  # traced as a part of another function, or inside a mode that a program has not
            return self.function(*args, **kwargs)
        with self.lock:
            try:
                call = Signature(args, kwargs, self.outside)
            except InsideOuterGraph:
                return self.function(*args, **kwargs)
            last = self.last
            if last is None or last.key != call.key or not last.valid():
                self.last = last = self.specialized(call, args, kwargs)
            return last(call.inputs, args, kwargs)

    def specialized(self, call: Signature, args: Any, kwargs: Any) -> Specialization:
        """Return the program for a call that fits the world as it is, traced now if there is none."""
        try:
            known = self.programs.get(call.key, [])
        except TypeError as error:
            raise CompileError(
                f"an argument cannot tell one program from another ({error}): give numbers, arrays, tensors, or lists, "
                f"tuples and dicts of them, and take anything else from outside of the function (at {users_line()})"
            ) from None
        found = next((x for x in reversed(known) if x.fits() and x.same_world()), None)
        if found is None:
            roots = {
                f"argument {i}": x
                for i, x in enumerate(leaves([args, kwargs]))
                if not isinstance(x, NUMERIC) and not isinstance(x, PLAIN)
            }
            reach = Reachable({"": self.function} | roots, {Compiled: "function"}, RECORDED)
            if not self.outside.issuperset(reach.nodes):
                self.outside.update(reach.nodes)
                call.key, call.inputs = (again := Signature(args, kwargs, self.outside)).key, again.inputs
            self.make_room(call, reach)
            found = Specialization(self.function, call.key, args, kwargs, reach)
            self.programs.setdefault(call.key, []).append(found)
        found.move_in()
        return found

    def make_room(self, call: Signature, reach: Reachable) -> None:
        """Drop the oldest program where there are as many as may be kept, and say once why there are so many."""
        if sum(map(len, self.programs.values())) < MOST:
            return
        oldest = next(iter(self.programs))
        self.programs[oldest].pop(0)
        if not self.programs[oldest]:
            del self.programs[oldest]
        if not self.has_warned and self.last is not None:
            self.has_warned = True
            warn(
                f"{getattr(self, '__name__', 'the function')} has been traced {MOST} times, and the oldest program is "
                f"dropped: {difference_of_calls(self.last, call.key, reach)}. Each trace takes far longer than a call",
                UserWarning,
            )

    def check(self, *args: Any, tolerance: float = 1e-9, **kwargs: Any) -> float:
        """Return the largest relative difference between a replay and the function itself; nothing stays changed.

        Results are compared, and what both leave in parameters, gradients and optimisers. Raises CompileError where
        they differ by more than `tolerance`.
        """
        with self.lock:
            try:
                call = Signature(args, kwargs, self.outside)
            except InsideOuterGraph:
                return 0.0  # the function itself is what runs
            program = self.specialized(call, args, kwargs)
            world = program.world
            with world:
                replayed = [*map(data_of, leaves(program(call.inputs, args, kwargs))), *world.state()]
            with world:
                eager = [*map(data_of, leaves(self.function(*args, **kwargs))), *world.state()]
        return largest_difference(replayed, eager, tolerance)

    @property
    def source(self) -> str:
        """The program of the last call, as Python. Raises CompileError before the first call."""
        if self.last is None:
            raise CompileError("there is no source yet: call the function once, so that it is traced")
        return self.last.source


def difference_of_calls(last: Specialization, key: Any, reach: Reachable) -> str:
    """Say what makes the next call need another program than the last one."""
    if key == last.key:
        path = last.reach.difference(reach)
        return f"`{path}`, which it can name, is another at each call: give it as an argument, a float or an array"
    old, new = ({x for x in k if isinstance(x, (int, str, bool)) and x is not k} for k in (last.key, key))
    if plain := sorted(map(repr, (new - old) or (old - new))):
        return (
            f"an argument that is an int or a str ({plain[0]} this time) changes at each call: give a number that "
            "changes as a float or an array, which is read again at each call"
        )
    return "arrays or structures of ever other shapes are given: pad or cut batches to a few shapes"


def compile(function: Callable[..., Any]) -> Compiled:  # noqa: A001  # the public name
    """Return `function`, replayed as a program of NumPy calls.

    It is run once on nodes for each kind of arguments. What it can name (parameters, settings, globals, closures,
    attributes, elements) is looked at again before each call, and where that has changed it is traced anew.
    Gradients are taken inside of it, and none passes through its results; but where an argument
    belongs to a graph that needs gradients, as in `grad(compiled)`, the function itself is run, as a part of that.
    """
    if not callable(function):
        raise TypeError(f"compile: pass a function, not {function!r:.60} (at {users_line()})")
    return Compiled(function)
