"""What `compile` returns: a function that is traced once for each kind of arguments, and replayed from then on."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import CompileError
from ..graph import Node
from ..modes import tracing
from ..tensor import Tensor
from ..transforms.trees import leaves, rebuilt
from .program import Program
from .source import Writer
from .trace import Trace


class Compiled:
    """A function replayed as straight-line NumPy. Call it as you would call the function.

    It is traced anew for arguments of another shape, type or structure, and where a parameter was replaced.
    source: the program as Python, of the last call.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.programs: dict[Any, list[Replay]] = {}
        self.last: Replay | None = None
        self.lock = threading.RLock()  # a program's memory serves one call at a time
        functools.update_wrapper(self, function)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if tracing() is not None:
            return self.function(*args, **kwargs)  # a compiled function within another is a part of it
        with self.lock:
            key, inputs = signature(args, kwargs)
            for replay in self.programs.get(key, ()):
                if replay.fits():
                    break
            else:
                replay = Replay(self.function, args, kwargs)
                self.programs.setdefault(key, []).append(replay)
            self.last = replay
            return replay(inputs)

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
    """
    return Compiled(function)


def signature(args: Any, kwargs: Any) -> tuple[Any, list[Any]]:
    """Return what a program depends on of the arguments, and the arrays in them."""
    key: list[Any] = []
    inputs: list[Any] = []
    for x in args if not kwargs else (*args, *kwargs.values()):
        kind = type(x)
        if kind is np.ndarray:
            key += x.shape, x.dtype
            inputs.append(x)
        elif kind is list or kind is tuple or kind is dict:
            for part in leaves(x):
                more, found = signature((part,), {})
                key += more
                inputs += found
            key.append(str(rebuilt(x, iter(["·"] * len(leaves(x))))))
        elif isinstance(x, Node):
            key += kind, np.shape(x._data), getattr(x._data, "dtype", None), x._requires_grad
            inputs.append(x._data)
        elif isinstance(x, (float, np.floating)):
            key.append(kind)
            inputs.append(x)
        else:
            key.append(x)
    return (tuple(key), *kwargs) if kwargs else tuple(key), inputs


class Replay:
    """One traced program."""

    def __init__(self, function: Callable[..., Any], args: Any, kwargs: Any) -> None:
        trace = Trace()
        arguments: dict[Node, int] = {}

        def stand_in(x: Any) -> Any:
            if not isinstance(x, (np.ndarray, float, np.floating, Node)):
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
        self.output = output
        nodes = [x for x in leaves(output) if isinstance(x, Node)]
        self.program = Program(trace, arguments, nodes)
        self.source, self.run, self.fits = Writer(self.program).compiled()
        self.kinds = [type(node) for node in nodes]
        self.single = isinstance(output, Node)

    def __call__(self, inputs: list[Any]) -> Any:
        results = self.run(*inputs)
        if self.single:
            return made(results[0])
        found = map(made, results)
        return rebuilt(self.output, iter([next(found) if isinstance(x, Node) else x for x in leaves(self.output)]))


def made(data: Any) -> Tensor:
    """Return a result of a program as a tensor."""
    z: Tensor = object.__new__(Tensor)
    z._data = data if type(data) is np.ndarray else np.asarray(data)
    z.remember(None, (), {"cut": "computed by a compiled function"}, False)
    return z
