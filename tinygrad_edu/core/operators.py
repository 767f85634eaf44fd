"""Python's operators on nodes: one table for both kinds. `x + y` makes a node of the operation `add`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..errors.operations import stranger
from ..ops import arithmetic, compare, linear, powers
from .node import NO_PARAMS, Node
from .op import Op

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
}
REFLECTED = {f"__r{name[2:]}": op for name, op in BINARY.items()}  # __radd__: the left operand is no node
OPERATORS = UNARY | COMPARISONS | BINARY | REFLECTED


def unary(name: str, op: Op) -> Callable[[Any], Any]:
    """Return the method for an operation of one operand."""

    def method(self: Node) -> Any:
        return self.make(op, (self,), NO_PARAMS)

    return documented(method, name, op)


def binary(name: str, op: Op) -> Callable[[Any, Any], Any]:
    """Return the method for an operation of two operands."""

    def method(self: Node, other: Any) -> Any:
        return self.make(op, (self, other), NO_PARAMS) if self.accepts(other) else stranger(op, self, other)

    return documented(method, name, op)


def reflected(name: str, op: Op) -> Callable[[Any, Any], Any]:
    """Return the method for an operation whose right operand is the node."""

    def method(self: Node, other: Any) -> Any:
        return self.make(op, (other, self), NO_PARAMS) if self.accepts(other) else stranger(op, other, self)

    return documented(method, name, op)


def documented(method: Callable[..., Any], name: str, op: Op) -> Callable[..., Any]:
    """Give a method its name and its operation's description."""
    method.__name__ = method.__qualname__ = name
    method.__doc__ = op.__doc__
    return method


class Operators(Node):
    """A node with Python's operators."""

    __slots__ = ()

    def __divmod__(self, other: Any) -> Any:
        return self // other, self % other

    if TYPE_CHECKING:  # the methods that the loop below makes

        def _unary(self) -> Any: ...
        def _binary(self, other: Any) -> Any: ...

        __neg__ = __pos__ = __abs__ = __invert__ = _unary
        __lt__ = __le__ = __gt__ = __ge__ = __eq__ = __ne__ = _binary
        __add__ = __sub__ = __mul__ = __truediv__ = __floordiv__ = __mod__ = __pow__ = __matmul__ = _binary
        __and__ = __or__ = __xor__ = __rand__ = __ror__ = __rxor__ = __radd__ = __rsub__ = _binary
        __rmul__ = __rtruediv__ = __rfloordiv__ = __rmod__ = __rpow__ = __rmatmul__ = _binary


for _kind, _table in ((unary, UNARY), (binary, COMPARISONS | BINARY), (reflected, REFLECTED)):
    for _name, _op in _table.items():
        setattr(Operators, _name, _kind(_name, _op))
