"""What a compiled function returns: numbers of the caller's own, and objects that were there before the call."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from enum import Enum
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

import numpy as np

from ..core.node import Node
from ..core.op import Op, VariadicRule
from ..core.value import Value
from ..errors import CompileError, GradientError
from ..errors.where import users_line
from ..transforms.trees import TREES, leaves, rebuilt, with_parts
from .users_code import top

CUT = {"cut": "computed by a compiled function"}
LASTING = (type, FunctionType, BuiltinFunctionType, ModuleType, Enum, np.ufunc, np.dtype, np.generic)  # never changed
FRESH = (np.ndarray, set, bytearray)  # made anew at each call


def no_way_back(*_: Any) -> Any:
    """Raise GradientError: a gradient has reached the result of a compiled function."""
    raise GradientError(
        "a gradient reached the result of a compiled function, which remembers no graph: compute the loss and call "
        "backward() inside of the compiled function, as whole training steps are compiled, or call the function "
        f"itself, fast.function(…); take result.detach() where no gradient is wanted (at {users_line()})"
    )


COMPILED = Op(  # its operands are the leaves that a result was computed from
    "compiled", "compiled({})", lambda *x: x[0], VariadicRule(no_way_back), scalar=lambda *x: x[0], internal=True
)


class Computed:
    """A node that the program computes, and the place of its numbers among those that it returns.

    passes: whether the function itself would pass gradients back from it. seed: the gradient that a Value keeps on
    which `backward()` was called.
    """

    __slots__ = ("at", "kind", "passes", "seed")

    def __init__(self, node: Node, at: int, seed: float | None) -> None:
        self.kind, self.passes, self.at = type(node), node._requires_grad, at
        self.seed = seed if self.kind is Value else None

    def node(self, data: Any, leaves: tuple[Node, ...]) -> Node:
        """Return a result of a program as a node; `leaves` are those that it was computed from."""
        z: Node = object.__new__(self.kind)
        z._raw = data if self.kind is Value or type(data) is np.ndarray else np.asarray(data)
        if self.passes:
            z.remember(COMPILED, leaves, {}, True)
            z._slope = self.seed
        else:
            z.remember(None, (), CUT, False)
        return z


class Given:
    """An argument that is returned as it was given."""

    __slots__ = ("number",)

    def __init__(self, number: int) -> None:
        self.number = number


class Kept:
    """An object from outside, which is returned itself, or one that is made anew, of which a copy is."""

    __slots__ = ("is_fresh", "thing")

    def __init__(self, thing: Any, is_fresh: bool) -> None:
        self.thing, self.is_fresh = thing, is_fresh


class Output:
    """What a function returns, with a place for each number that a program computes.

    number: tells of a node which argument it is, or None. outside: tells of an object whether it was there before the
    call. seed: see `Computed`. Raises CompileError for an object that the function makes, and a program cannot.
    """

    def __init__(
        self,
        output: Any,
        number: Callable[[Node], int | None],
        outside: Callable[[Any], bool],
        seed: Callable[[Node], float | None],
        name: str,
    ) -> None:
        self.number, self.outside, self.seed, self.name = number, outside, seed, name
        self.computed: list[Node] = []
        self.places: dict[Node, Computed] = {}
        self.tree = self.place(output)
        self.parts = leaves(self.tree)
        self.single = self.tree if isinstance(self.tree, Computed) else None
        self.numbers = [x.number for x in self.parts if type(x) is Given]
        self.has_objects = any(type(x) is Kept and not x.is_fresh for x in self.parts)
        del self.number, self.outside, self.seed, self.places

    def place(self, x: Any) -> Any:
        """Return what stands for a part of the output."""
        if isinstance(x, Node):
            if (number := self.number(x)) is not None:
                return Given(number)
            if self.outside(x):
                return Kept(x, is_fresh=False)
            if x not in self.places:
                self.places[x] = Computed(x, len(self.computed), self.seed(x))
                self.computed.append(x)
            return self.places[x]
        if self.outside(x) or isinstance(x, LASTING):
            return Kept(x, is_fresh=False)
        if isinstance(x, TREES):
            return with_parts(x, [self.place(part) for part in (x.values() if isinstance(x, dict) else x)])
        if type(x) in FRESH and not (type(x) is set and any(isinstance(part, Node) for part in x)):
            return Kept(x, is_fresh=True)
        if top(type(x).__module__) == "builtins" and is_immutable(x):
            return x
        raise CompileError(
            f"{self.name} returns a {type(x).__name__} that it makes, and a program makes none: return numbers, arrays "
            f"or tensors, in lists, tuples and dicts, and make the object from them outside (at {users_line()})"
        )

    def filled(self, results: Sequence[Any], given: list[Any], origins: tuple[Node, ...]) -> Any:
        """Return the output of a call: results of the program, and arguments as they were given."""
        if self.single is not None:
            return self.single.node(results[0], origins)
        nodes: dict[Computed, Node] = {}
        found = []
        for x in self.parts:
            kind = type(x)
            if kind is Computed:
                if x not in nodes:
                    nodes[x] = x.node(results[x.at], origins)
                found.append(nodes[x])
            elif kind is Given:
                found.append(given[x.number])
            elif kind is Kept:
                found.append(copy.copy(x.thing) if x.is_fresh else x.thing)
            else:
                found.append(x)
        return rebuilt(self.tree, iter(found))


def is_immutable(x: Any) -> bool:
    """Return whether an object of Python's own cannot be changed: a copy of it is the object itself."""
    try:
        return copy.copy(x) is x
    except TypeError:  # generators and their like
        return False
