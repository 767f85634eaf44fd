"""Python's operators on a tensor: each is a row of the table. Knows of tensors only that they are nodes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import InplaceError
from ..errors.operations import stranger
from ..errors.where import users_line
from ..ops import arithmetic, compare, linear, powers
from .arrays import as_array
from .context import mode
from .dispatch import answer
from .node import NO_PARAMS, Node, caller, data_of, mode_here, noted, tick
from .op import Op

EXACT = frozenset((float, int))
new, array = object.__new__, np.ndarray  # by one name each: no dot in the hot path
OPERAND = (bool, int, float, complex, np.generic, np.ndarray, list, tuple)


def two(row: Op) -> Callable[[Any, Any], Any]:
    """Return the method for a row of two operands.

    Of two tensors, or of a tensor and a number, it is `Tensor.make` unrolled, which saves a third of the time.
    """
    forward, differentiable = row.forward, bool(row.rules)

    def method(x: Operators, y: Any) -> Any:
        kind = type(x)
        if mode_here() is not None or (type(y) is not kind and type(y) not in EXACT):
            return x.make(row, (x, y), NO_PARAMS) if isinstance(y, (kind, *OPERAND)) else stranger(row, y)
        try:
            data = forward(x._data, y._data if type(y) is kind else y)
        except Exception as error:
            raise row.refusal(error, (x, y), NO_PARAMS) from None
        z = new(kind)
        z._data = data if type(data) is array else as_array(data, row.name)
        z._requires_grad = differentiable and (x._requires_grad or (type(y) is kind and y._requires_grad))
        z._grad, z.label, z.op, z.params, z.x, z.y, z.born = None, "", row, NO_PARAMS, x, y, tick()
        noted(z, caller(1))
        return z

    return method


def reflected(row: Op) -> Callable[[Any, Any], Any]:
    """Return the method for a row whose right operand is the tensor."""

    def method(y: Operators, x: Any) -> Any:
        return y.make(row, (x, y), NO_PARAMS) if isinstance(x, OPERAND) else stranger(row, x)

    return method


def in_place(row: Op, symbol: str) -> Callable[[Any, Any], Any]:
    """Return the method for `t += other` and its like: a new node, unless that would change what a gradient needs."""

    def method(x: Operators, y: Any) -> Any:
        if x.op is None and x._requires_grad and mode().recording:
            raise InplaceError(
                f"{x.title} {symbol}= … would change a leaf that needs a gradient: wrap it in no_grad(), "
                f"write {x.label or 'w'}.data {symbol}= …, or let an optimiser do it (at {users_line()})"
            )
        if x.op is None and not (mode().recording and isinstance(y, Node) and y._requires_grad):
            x.assign(row(x._data, data_of(y)))
            return x
        if x.op is not None and x._requires_grad and x.op.uses_result:
            raise InplaceError(
                f"{x.title}, made at {x.where}, is what the derivative of `{x.op.name}` is computed from: "
                f"write y = y {symbol} … instead of y {symbol}= … (at {users_line()})"
            )
        return x.make(row, (x, y), NO_PARAMS)

    return method


class Operators(Node):
    """The operators, for `Tensor`."""

    __slots__ = ()

    __add__ = two(arithmetic.add)
    __radd__ = reflected(arithmetic.add)
    __iadd__ = in_place(arithmetic.add, "+")
    __sub__ = two(arithmetic.subtract)
    __rsub__ = reflected(arithmetic.subtract)
    __isub__ = in_place(arithmetic.subtract, "-")
    __mul__ = two(arithmetic.multiply)
    __rmul__ = reflected(arithmetic.multiply)
    __imul__ = in_place(arithmetic.multiply, "*")
    __truediv__ = two(arithmetic.divide)
    __rtruediv__ = reflected(arithmetic.divide)
    __itruediv__ = in_place(arithmetic.divide, "/")
    __pow__ = two(powers.power)
    __rpow__ = reflected(powers.power)
    __ipow__ = in_place(powers.power, "**")
    __matmul__ = two(linear.matmul)
    __rmatmul__ = reflected(linear.matmul)
    __mod__ = two(arithmetic.remainder)
    __rmod__ = reflected(arithmetic.remainder)
    __floordiv__ = two(arithmetic.floor_divide)
    __rfloordiv__ = reflected(arithmetic.floor_divide)
    __lt__ = two(compare.less)
    __le__ = two(compare.less_equal)
    __gt__ = two(compare.greater)
    __ge__ = two(compare.greater_equal)
    __eq__ = two(compare.equal)
    __ne__ = two(compare.not_equal)
    __and__ = two(compare.bitwise_and)
    __rand__ = reflected(compare.bitwise_and)
    __or__ = two(compare.bitwise_or)
    __ror__ = reflected(compare.bitwise_or)
    __xor__ = two(compare.bitwise_xor)
    __rxor__ = reflected(compare.bitwise_xor)

    def __neg__(self) -> Any:
        return self.make(arithmetic.negative, (self,), NO_PARAMS)

    def __abs__(self) -> Any:
        return self.make(arithmetic.absolute, (self,), NO_PARAMS)

    def __pos__(self) -> Any:
        return self.make(arithmetic.positive, (self,), NO_PARAMS)

    def __invert__(self) -> Any:
        return self.make(compare.invert, (self,), NO_PARAMS)

    def __divmod__(self, other: Any) -> Any:
        return self // other, self % other

    def __round__(self, digits: int = 0) -> Any:
        return answer(np.round)(self, digits)
