"""Python's operators and elementwise methods of nodes: `x + y` makes a node of the operation `add`, `x.exp()` of `exp`.

One table for both kinds of node. The types of the methods stand in `operators.pyi`, written from the table.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors.operations import unsupported_operand
from ..ops import INNER_ROWS, arithmetic, compare, linear, powers
from .node import NO_PARAMS, Node
from .op import BUILT_IN, TABLE, Op

UNARY: dict[str, Op] = {
    "__neg__": arithmetic.negative,
    "__pos__": arithmetic.positive,
    "__abs__": arithmetic.absolute,
    "__invert__": compare.invert,
}
COMPARISONS: dict[str, Op] = {
    "__lt__": compare.less,
    "__le__": compare.less_equal,
    "__gt__": compare.greater,
    "__ge__": compare.greater_equal,
    "__eq__": compare.equal,
    "__ne__": compare.not_equal,
}
BINARY: dict[str, Op] = {
    "__add__": arithmetic.add,
    "__sub__": arithmetic.subtract,
    "__mul__": arithmetic.multiply,
    "__truediv__": arithmetic.divide,
    "__floordiv__": arithmetic.floor_divide,
    "__mod__": arithmetic.remainder,
    "__pow__": powers.power,
    "__matmul__": linear.matmul,
    "__and__": compare.bitwise_and,
    "__or__": compare.bitwise_or,
    "__xor__": compare.bitwise_xor,
    "__lshift__": compare.left_shift,
    "__rshift__": compare.right_shift,
}
REFLECTED = {f"__r{name[2:]}": op for name, op in BINARY.items()}  # __radd__: the left operand is no node
OPERATORS = UNARY | COMPARISONS | BINARY | REFLECTED
METHODS: dict[str, Op] = {  # public elementwise functions of one operand and no parameters
    name: TABLE[name]
    for name in sorted(BUILT_IN - INNER_ROWS - {"real", "imag"})  # these two are properties, as NumPy's
    if TABLE[name].elementwise and TABLE[name].slots == 1 and not TABLE[name].takes_parameters
}


def unary(name: str, op: Op) -> Callable[[Any], Any]:
    """Return the method for an operation of one operand."""

    def method(self: Node) -> Any:
        return self.make(op, (self,), NO_PARAMS)

    return documented(method, name, op)


def binary(name: str, op: Op) -> Callable[[Any, Any], Any]:
    """Return the method for an operation of two operands."""

    def method(self: Node, other: Any) -> Any:
        return self.make(op, (self, other), NO_PARAMS) if self.accepts(other) else unsupported_operand(op, self, other)

    return documented(method, name, op)


def reflected(name: str, op: Op) -> Callable[[Any, Any], Any]:
    """Return the method for an operation whose right operand is the node."""

    def method(self: Node, other: Any) -> Any:
        return self.make(op, (other, self), NO_PARAMS) if self.accepts(other) else unsupported_operand(op, other, self)

    return documented(method, name, op)


def documented(method: Callable[..., Any], name: str, op: Op) -> Callable[..., Any]:
    """Give a method its name and its operation's description."""
    method.__name__ = method.__qualname__ = name
    method.__doc__ = op.__doc__
    return method


class Operators(Node):
    """A node with Python's operators and the table's elementwise methods; those of arrays alone refuse a `Value`."""

    __slots__ = ()

    def __divmod__(self, other: Any) -> Any:
        return self // other, self % other

    def __rdivmod__(self, other: Any) -> Any:
        return other // self, other % self


for _kind, _table in ((unary, UNARY | METHODS), (binary, COMPARISONS | BINARY), (reflected, REFLECTED)):
    for _name, _op in _table.items():
        setattr(Operators, _name, _kind(_name, _op))
