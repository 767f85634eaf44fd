"""Nodes that stand for plain numbers and arrays while a function is traced: what `.data` of a weight gives, say.

A set or a dict finds a number by its value and a node by what it is: `rates.get(opt.steps, 0.1)` would never find the
node, and say nothing; nor would `rates.get(f"{opt.steps}", 0.1)`. So these nodes are of classes of their own, whose
hash and text are refused to code of the user's, and whose `==` compares numbers. When the trace ends, they are Values
and Tensors like all others.
"""

from __future__ import annotations

import sys
from contextvars import ContextVar
from typing import Any

import numpy as np

from ..core.context import tracing
from ..core.node import Node
from ..core.operators import BINARY, COMPARISONS, METHODS, REFLECTED, UNARY, binary, reflected, unary
from ..core.tensor import Tensor
from ..core.value import Value
from ..errors.where import package_files


class PlainNumbers:
    """The nodes of one trace that stand for plain numbers."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []

    def add(self, node: Any) -> Any:
        """Note such a node, and return it."""
        if type(node) in STANDING_FOR:
            self.nodes.append(node)
            node.__class__ = STANDING_FOR[type(node)]
        return node

    def end(self) -> None:
        """Let all be Values and Tensors again."""
        for node in self.nodes:
            node.__class__ = PLAIN_KIND.get(type(node), type(node))


numbers_here: ContextVar[PlainNumbers | None] = ContextVar(
    "tinygrad_edu.plain_numbers", default=None
)  # of the trace here


class NumberValue(Value, stand_in=True):
    """A Value that stands for a float."""

    __slots__ = ()


class NumberTensor(Tensor):
    """A Tensor that stands for a number or an array."""

    __slots__ = ()


def make(cls: Any, op: Any, operands: tuple[Any, ...], params: dict[str, Any]) -> Any:
    """Compute `op`; of nothing but numbers and nodes that stand for some, as one that stands for numbers."""
    return standing_like_operands(PLAIN_KIND[cls].make(op, operands, params))


def number_elements(node: Any, index: Any) -> Any:
    """Return elements of an array, which stand for numbers, too."""
    return standing_like_operands(Tensor.__getitem__(node, index))


def standing_like_operands(z: Any) -> Any:
    """Return a result, as one that stands for numbers if all its operands do."""
    numbers = numbers_here.get()
    stands = numbers is not None and all(type(x) in PLAIN_KIND for x in z.inputs if isinstance(x, Node))
    return numbers.add(z) if numbers is not None and stands else z


def refused_to_users(method: Any, name: str) -> Any:
    """Return a method of Python's own that raises CompileError where code of the user's calls it.

    name: how a message calls it. The text of an array may be had: messages show it.
    """

    def ask(node: Any, *given: Any) -> Any:
        asks = name == "hash" or np.ndim(node._raw) == 0
        if asks and not package_files[sys._getframe(1).f_code.co_filename] and (tracer := tracing()) is not None:
            tracer.refuse(node)
        return method(node, *given)

    ask.__code__ = ask.__code__.replace(co_name=name)
    return ask


STANDING_FOR: dict[type[Node], type[Node]] = {Value: NumberValue, Tensor: NumberTensor}
PLAIN_KIND = {standing: kind for kind, standing in STANDING_FOR.items()}
WAYS = ((unary, UNARY | METHODS), (binary, COMPARISONS | BINARY), (reflected, REFLECTED))
_standing: Any
for _standing, _plain in PLAIN_KIND.items():
    _standing.__name__ = _standing.__qualname__ = _plain.__name__  # which messages show
    for _way, _table in WAYS:
        for _name, _op in _table.items():
            setattr(_standing, _name, _way(_name, _op))  # by `make`, past the fast methods
    for _name, _call in (("__hash__", "hash"), ("__repr__", "repr"), ("__format__", "format")):
        setattr(_standing, _name, refused_to_users(getattr(_plain, _name), _call))
    _standing.make = classmethod(make)
NumberTensor.__getitem__ = number_elements  # type: ignore[method-assign]  # one that notes what it gives
