"""What `compile` returns: a function that is traced once for each kind of arguments, and replayed from then on."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from operator import attrgetter
from types import MethodType
from typing import Any

import numpy as np

from ..core.context import tracing
from ..core.node import Node, data_of
from ..core.tensor import Tensor
from ..core.value import Value
from ..errors import CompileError
from ..errors import gradients as reasons
from ..errors.where import users_line
from ..transforms.trees import leaves, rebuilt, structure
from .codegen.source import Writer
from .ir import Program
from .memory.state_buffers import Homes
from .trace import Trace
from .vectorize.bulk_io import requires
from .vectorize.outputs import settled
from .verify import World, largest_difference

op_of, params_of = attrgetter("op"), attrgetter("params")
RESULT: Any = object()  # in place of a node that the function returns
CUT = {"cut": "computed by a compiled function"}
NUMERIC = (np.ndarray, float, np.floating, Node)  # arguments of which the numbers are read at every call


class Compiled:
    """A function replayed as straight-line NumPy. Call it as you would call the function.

    It is traced anew for arguments of another shape, type or structure, and where a parameter was replaced.
    Weights and gradients are written in place, and gradients are not looked through for NaN as an eager step does.
    source: the program as Python, of the last call.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.programs: dict[Any, list[Replay]] = {}
        self.homes: Homes = {}
        self.last: Replay | None = None
        self.lock = threading.RLock()  # a program's memory serves one call at a time
        functools.update_wrapper(self, function)

    def __get__(self, owner: Any, kind: type | None = None) -> Any:
        """Be a method where a class defines it."""
        return self if owner is None else MethodType(self, owner)

    def __reduce__(self) -> Any:
        return Compiled, (self.function,)  # a copy traces anew: programs belong to the weights that they were made of

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if tracing() is not None:
            return self.function(*args, **kwargs)  # a compiled function within another is a part of it
        with self.lock:
            try:
                key, inputs = signature(args, kwargs)
            except ConnectedError:
                return self.function(*args, **kwargs)
            last = self.last
            if last is None or last.key != key or not last.ready():
                self.last = last = self.replay(key, args, kwargs)
            return last(inputs, args, kwargs)

    def replay(self, key: Any, args: Any, kwargs: Any) -> Replay:
        """Return the program for such arguments that fits the world as it is, traced now if there is none."""
        try:
            known = self.programs.setdefault(key, [])
        except TypeError as error:
            raise CompileError(
                f"an argument cannot tell one program from another ({error}): give numbers, arrays, tensors, or lists, "
                f"tuples and dicts of them, and take anything else from outside of the function (at {users_line()})"
            ) from None
        fitting = next((replay for replay in known if replay.fits()), None)
        if fitting is None:
            fitting = Replay(self.function, key, args, kwargs, self.homes)
            known.append(fitting)
        fitting.move_in()
        return fitting

    def check(self, *args: Any, tolerance: float = 1e-9, **kwargs: Any) -> float:
        """Return the largest relative difference between a replay and the function itself; nothing stays changed.

        Results are compared, and what both leave in parameters, gradients and optimisers. Raises CompileError where
        they differ by more than `tolerance`.
        """
        with self.lock:
            try:
                key, inputs = signature(args, kwargs)
            except ConnectedError:
                return 0.0  # the function itself is what runs
            replay = self.replay(key, args, kwargs)
            world = replay.world
            with world:
                replayed = [*map(data_of, leaves(replay(inputs, args, kwargs))), *world.state()]
            with world:
                eager = [*map(data_of, leaves(self.function(*args, **kwargs))), *world.state()]
        return largest_difference(replayed, eager, tolerance)

    @property
    def source(self) -> str:
        """The program of the last call, as Python. Raises CompileError before the first call."""
        if self.last is None:
            raise CompileError("there is no source yet: call the function once, so that it is traced")
        return self.last.source


def compile(function: Callable[..., Any]) -> Compiled:  # noqa: A001  # the public name
    """Return `function`, replayed as a program of NumPy calls.

    It is run once on nodes for each kind of arguments. What it reads of parameters, optimisers and random generators
    is read again at each call, and what it changes of them is changed; everything else is fixed by the first run.
    Gradients are taken inside of it, and its results are leaves, through which none passes; but where an argument
    belongs to a graph that needs gradients, as in `grad(compiled)`, the function itself is run, as a part of that.
    """
    if not callable(function):
        raise TypeError(f"compile: pass a function, not {function!r:.60} (at {users_line()})")
    return Compiled(function)


class ConnectedError(Exception):
    """An argument belongs to a graph around the call, to which gradients are to go back: a program would cut it."""


def signature(args: Any, kwargs: Any) -> tuple[Any, list[Any]]:
    """Return what a program depends on of the arguments, and the arrays in them. Raises ConnectedError."""
    key: list[Any] = []
    inputs: list[Any] = []
    for x in args if not kwargs else (*args, *kwargs.values()):
        kind = type(x)
        if kind is np.ndarray:
            key += x.shape, x.dtype
            inputs.append(x)
        elif isinstance(x, np.ndarray):
            key += x.shape, x.dtype
            inputs.append(np.array(x))  # `w.data` shows memory that the program may write over
        elif isinstance(x, (list, tuple, dict)):
            parts = leaves(x)
            kinds = {*map(type, parts)}
            if kinds == {float}:  # many plain numbers, or many Values: all at once
                key.append(float)
                inputs += parts
            elif kinds == {Value} and {*map(op_of, parts)} == {None} and not any(map(params_of, parts)):
                key += Value, *map(requires, parts)
                inputs += map(data_of, parts)
            else:
                more, found = signature(parts, {})
                key += more
                inputs += found
            key.append(structure(x))
        elif isinstance(x, Node):
            if x._requires_grad and (x.op is not None or x.params):
                raise ConnectedError
            key += kind, np.shape(x._data), getattr(x._data, "dtype", None), x._requires_grad
            inputs.append(x._data)
        elif isinstance(x, (float, np.floating)):
            key.append(kind)
            inputs.append(x)
        else:
            key += kind, x  # 1, 1.0 and True are equal, and not the same
    return (tuple(key), *kwargs) if kwargs else tuple(key), inputs


class Leaked(Node):
    """What a node turns into that was kept from a trace: it stands for the numbers of every call, and so has none."""

    __slots__ = ()

    @property
    def title(self) -> str:
        """Raise CompileError: whoever says its name has found it where it should not be."""
        raise CompileError(reasons.leaked(super().title, self.where))

    _data = title  # likewise: whoever asks would be shown an old call's numbers


LEAKED: dict[type[Node], Any] = {
    kind: type(kind.__name__, (Leaked, kind), {"__slots__": ()}) for kind in (Value, Tensor)
}


class Replay:
    """One traced program."""

    def __init__(self, function: Callable[..., Any], key: Any, args: Any, kwargs: Any, homes: Homes) -> None:
        self.key = key
        trace = Trace()
        arguments = trace.arguments

        def stand_in(x: Any) -> Any:
            if not isinstance(x, NUMERIC):
                return x
            if isinstance(x, Node):
                leaf = x.leaf(x._data)
                leaf._requires_grad = x._requires_grad
            else:
                leaf = object.__new__(Tensor)
                leaf._data = x
                leaf.remember(None, (), {}, False)
            arguments[leaf] = len(arguments)
            return leaf

        with trace:
            given = rebuilt(args, iter([stand_in(x) for x in leaves(args)]))
            named = rebuilt(kwargs, iter([stand_in(x) for x in leaves(kwargs)]))
            output = function(*given, **named)
        for leaf in arguments:
            if leaf in trace.before and leaf not in trace.unset:
                raise CompileError(
                    f"argument {arguments[leaf]} of {getattr(function, '__name__', 'the function')} is assigned inside "
                    "of it, and a compiled function changes no numbers of its arguments: return the new ones, or use "
                    f"the tensor from outside of the function, as parameters are (at {users_line()})"
                )
        self.asked = [arguments[leaf] for leaf in trace.asked]
        grads = trace.taken(arguments)
        self.graded = [arguments[leaf] for leaf in grads]
        nodes = [trace.latest(x) for x in leaves(output) if isinstance(x, Node)] + list(grads.values())
        self.output = rebuilt(output, iter([RESULT if isinstance(x, Node) else x for x in leaves(output)]))
        self.kinds = [type(node) for node in nodes]
        self.single = isinstance(output, Node)
        writer = Writer(Program(trace, arguments, settled(trace, nodes)), homes)
        self.source, self.run, self.ready, self.fits, self.move_in = writer.compiled()
        self.world = World(trace)  # all that is kept of the trace: its arrays are those of an eager step
        self.kept = {id(memory_of(array)) for array in writer.homes.home.values()}
        for node in (*trace.made, *arguments):
            del node._data
            node.__class__ = LEAKED[type(node)]
        trace.forget()

    def __call__(self, inputs: list[Any], args: Any, kwargs: Any) -> Any:
        for i, x in enumerate(inputs):
            if type(x) is np.ndarray and id(memory_of(x)) in self.kept:
                inputs[i] = x.copy()  # a weight or its gradient, which the program is about to write over
        given: list[Any] = []
        if self.graded or self.asked:
            given = [x for x in (*leaves(args), *leaves(kwargs)) if isinstance(x, NUMERIC)]
            for i in self.asked:
                if isinstance(given[i], Node) and given[i]._grad is not None:
                    raise CompileError(
                        f"argument {i} has a gradient from before, and the compiled function asks for .grad of it, "
                        f"where it finds that of its own call only: set it to None first (at {users_line()})"
                    )
        results = self.run(*inputs)
        if self.graded:
            for i, g in zip(self.graded, results[-len(self.graded) :], strict=True):
                given[i]._grad = g if given[i]._grad is None else given[i]._grad + g
        if self.single:
            return made(self.kinds[0], results[0])
        found = iter([made(kind, x) for kind, x in zip(self.kinds, results, strict=True)])
        return rebuilt(self.output, iter([next(found) if x is RESULT else x for x in leaves(self.output)]))


def memory_of(array: Any) -> Any:
    """Return what owns the memory of an array, of which the array may be a view of a view."""
    while isinstance(array, np.ndarray) and array.base is not None:
        array = array.base
    return array


def made(kind: type[Node], data: Any) -> Node:
    """Return a result of a program as a node."""
    z: Node = object.__new__(kind)
    z._data = data if kind is Value or type(data) is np.ndarray else np.asarray(data)
    z.remember(None, (), CUT, False)
    return z
