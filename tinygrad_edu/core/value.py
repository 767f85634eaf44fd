"""A node whose data is one float. Its path never calls NumPy, save where Python's arithmetic has no answer."""

from __future__ import annotations

import numbers
import sys
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, ClassVar

import numpy as np

from ..errors import DTypeError, InplaceError
from ..errors.operations import bad_rule
from ..errors.where import users_line
from ..fast.value_backward import Found, floats_back
from ..ops import activations, arithmetic, compare, powers, trigonometry
from .accumulate import spent
from .backprop import backward
from .context import current, tracing
from .dispatch import answer, apply_ufunc
from .node import ABSENT, NO_PARAMS, Node, data_of, tick
from .op import Op

EXACT = frozenset((float, int))
OPERAND = (numbers.Real, np.generic, np.ndarray)


def real(x: Any) -> float:
    """Return `x` as a float. Raises DTypeError where it is not one real number."""
    if type(x) is float:
        return x  # the commonest case, without the questions below
    if isinstance(x, (numbers.Real, np.bool_)) or (
        isinstance(x, np.ndarray) and x.ndim == 0 and x.dtype.kind in "biuf"
    ):
        return float(x)
    raise DTypeError(
        f"a Value holds one real number, not {x!r:.60} of type {type(x).__name__}: give a float, or use Tensor for "
        f"arrays (at {users_line()})"
    )


def traced(x: Any) -> bool:
    """Return whether an operand is a node: a `Value`, or what stands for a number in a program that is traced."""
    return isinstance(x, Value) or (isinstance(x, Node) and tracing() is not None)


def number(x: Any) -> Any:
    """Return an operand as a float, or as the `Value` that stands for it in a program that is traced."""
    alike = isinstance(x, Node) and not isinstance(x, Value) and tracing() is not None
    return tracing().as_value(x) if alike else real(x)


def ieee(x: Any) -> np.float64:
    """Return a number that follows IEEE at poles and past overflow, where a float raises."""
    return np.float64(data_of(x))


mode_here, new, caller = current.get, object.__new__, sys._getframe  # by one name each: no dot in the hot path

# Methods made from rows ----------------------------------------------------------------------------------------


def one(row: Op) -> Callable[[Any], Any]:
    """Return the method for a row of one operand: `Value.make` unrolled, as a net is built of such calls."""
    scalar, differentiable = row.scalar, bool(row.rules)
    assert scalar is not None

    def method(x: Value) -> Value:
        if (here := mode_here()) is not None and not here.recording:
            return Value.make(row, (x,), NO_PARAMS)
        z: Value = new(Value)
        try:
            z._data = scalar(x._data)
        except (ArithmeticError, ValueError):
            z._data = row.at_the_edge(x._data)
        z._requires_grad = differentiable and x._requires_grad
        z._grad, z.label, z.op, z.params, z.x, z.y, z.born = None, "", row, NO_PARAMS, x, ABSENT, tick()
        frame = caller(1)
        z.code, z.instruction = frame.f_code, frame.f_lasti
        if here is not None and here.watch_made is not None:
            here.watch_made(z)
        return z

    return documented(method, row)


def two(row: Op) -> Callable[[Any, Any], Any]:
    """Return the method for a row of two operands: `Value.make` unrolled."""
    scalar, differentiable = row.scalar, bool(row.rules)
    assert scalar is not None

    def method(x: Value, y: Any) -> Any:
        kind, here = type(y), mode_here()
        if (here is not None and not here.recording) or (kind is not Value and kind not in EXACT):
            return Value.make(row, (x, y), NO_PARAMS) if traced(y) or isinstance(y, OPERAND) else NotImplemented
        z: Value = new(Value)
        try:
            z._data = scalar(x._data, y._data if kind is Value else y)
        except (ArithmeticError, ValueError):
            z._data = row.at_the_edge(x._data, data_of(y))
        z._requires_grad = differentiable and (x._requires_grad or (kind is Value and y._requires_grad))
        z._grad, z.label, z.op, z.params, z.x, z.y, z.born = None, "", row, NO_PARAMS, x, y, tick()
        frame = caller(1)
        z.code, z.instruction = frame.f_code, frame.f_lasti
        if here is not None and here.watch_made is not None:
            here.watch_made(z)
        return z

    return documented(method, row)


def reflected(row: Op) -> Callable[[Any, Any], Any]:
    """Return the method for a row whose left operand is a plain number: `Value.make` unrolled, as in `two`."""
    scalar, differentiable = row.scalar, bool(row.rules)
    assert scalar is not None

    def method(y: Value, x: Any) -> Any:
        here = mode_here()
        if (here is not None and not here.recording) or type(x) not in EXACT:
            return Value.make(row, (x, y), NO_PARAMS) if traced(x) or isinstance(x, OPERAND) else NotImplemented
        z: Value = new(Value)
        try:
            z._data = scalar(x, y._data)
        except (ArithmeticError, ValueError):
            z._data = row.at_the_edge(x, y._data)
        z._requires_grad = differentiable and y._requires_grad
        z._grad, z.label, z.op, z.params, z.x, z.y, z.born = None, "", row, NO_PARAMS, x, y, tick()
        frame = caller(1)
        z.code, z.instruction = frame.f_code, frame.f_lasti
        if here is not None and here.watch_made is not None:
            here.watch_made(z)
        return z

    return documented(method, row)


def documented(method: Callable[..., Any], row: Op) -> Callable[..., Any]:
    """Give a method made from a row the row's name and description."""
    method.__name__ = row.name
    method.__qualname__ = f"Value.{row.name}"
    method.__doc__ = row.__doc__
    return method


class Value(Node):
    """One number that remembers how it was computed.

    data: a real number. label: its name in messages, formulas and pictures.
    requires_grad: whether `backward()` gives it a gradient.
    Raises DTypeError for anything but one real number.
    """

    __slots__ = ()
    operand: ClassVar[Callable[[Any], Any]] = staticmethod(ieee)
    numeric_context = staticmethod(partial(np.errstate, all="ignore"))  # by IEEE, as `operand` says
    keeps_interior_gradients: ClassVar[bool] = True  # a picture of a scalar graph shows the gradient of every node

    def __init__(self, data: float, label: str = "", *, requires_grad: bool = True) -> None:
        given = number(data)
        self._data = data_of(given)
        self.remember(None, (), {}, requires_grad)
        if given is not self._data:
            self.assign(given)  # by a program that is traced: its number is another one at each call
        if label:
            self.label = label

    # Data and gradient -----------------------------------------------------------------------------------------

    @property
    def data(self) -> float:
        """The number itself. Setting it is `assign`."""
        if (trace := tracing()) is not None:
            return trace.read(self)  # type: ignore[no-any-return]  # a node, which computes as a float would
        return self._data  # type: ignore[no-any-return]  # a float in this kind of node

    @data.setter
    def data(self, value: float) -> None:
        self.assign(value)

    @property
    def grad(self) -> float | None:
        """How fast the node that `backward()` was called on changes with this one; None until computed."""
        if self.op is None and (trace := tracing()) is not None:
            return trace.grad(self)  # type: ignore[no-any-return]  # a node, which computes as a float would
        return self._grad  # type: ignore[no-any-return]  # as above

    @grad.setter
    def grad(self, value: float | None) -> None:
        if (trace := tracing()) is not None:
            trace.set_grad(self, value)
            return
        self._grad = None if value is None else real(data_of(value))
        spent.discard(self)

    def assign(self, value: float) -> None:
        """Give a leaf another number; graphs built from the old one become stale.

        Raises InplaceError on a node that was computed.
        """
        if self.op is not None:
            raise InplaceError(f"{self.title} was computed at {self.where} and cannot be assigned: make a new Value")
        if (trace := tracing()) is not None:
            trace.assign(self, value)
            return
        self._data = real(data_of(value))
        self.reborn()

    def item(self) -> float:
        """Return the number. A list of losses should hold these: a node keeps all that it was computed from."""
        return self.numbers()  # type: ignore[no-any-return]  # a float in this kind of node

    def numpy(self) -> float:
        """Return the number."""
        return self.data

    # Arithmetic: every method is a row of the table ------------------------------------------------------------

    __add__ = two(arithmetic.add)
    __radd__ = reflected(arithmetic.add)
    __sub__ = two(arithmetic.subtract)
    __rsub__ = reflected(arithmetic.subtract)
    __mul__ = two(arithmetic.multiply)
    __rmul__ = reflected(arithmetic.multiply)
    __truediv__ = two(arithmetic.divide)
    __rtruediv__ = reflected(arithmetic.divide)
    __pow__ = two(powers.power)
    __rpow__ = reflected(powers.power)
    __mod__ = two(arithmetic.remainder)
    __rmod__ = reflected(arithmetic.remainder)
    __floordiv__ = two(arithmetic.floor_divide)
    __rfloordiv__ = reflected(arithmetic.floor_divide)
    __neg__ = one(arithmetic.negative)
    __abs__ = one(arithmetic.absolute)
    __floor__ = one(arithmetic.floor)
    __ceil__ = one(arithmetic.ceil)
    __trunc__ = one(arithmetic.trunc)

    __lt__ = two(compare.less)
    __le__ = two(compare.less_equal)
    __gt__ = two(compare.greater)
    __ge__ = two(compare.greater_equal)
    __eq__ = two(compare.equal)
    __ne__ = two(compare.not_equal)
    __hash__ = Node.__hash__  # defining == would take it away

    relu = one(activations.relu)
    sigmoid = one(activations.sigmoid)
    tanh = one(trigonometry.tanh)
    exp = one(powers.exp)
    log = one(powers.log)
    sqrt = one(powers.sqrt)
    sin = one(trigonometry.sin)
    cos = one(trigonometry.cos)
    tan = one(trigonometry.tan)
    sinh = one(trigonometry.sinh)
    cosh = one(trigonometry.cosh)
    softplus = one(activations.softplus)

    def __round__(self, digits: int = 0) -> Value:
        return arithmetic.rint(self * 10.0**digits) / 10.0**digits if digits else arithmetic.rint(self)  # type: ignore[no-any-return]  # of a Value it is one

    def __divmod__(self, other: Any) -> tuple[Any, Any]:
        return self // other, self % other

    def __pos__(self) -> Value:
        return self

    def __bool__(self) -> bool:
        return bool(self.numbers())

    def __float__(self) -> float:
        if self._requires_grad:
            raise DTypeError(
                f"float(), like the functions of math, math.sin say, would cut the graph of {self.title}: "
                f"use tinygrad_edu.sin and its like, or .item() to get the number (at {users_line()})"
            )
        return self.numbers()  # type: ignore[no-any-return]  # as above

    def __int__(self) -> int:
        return int(float(self))

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *operands: Any, **keywords: Any) -> Any:
        """Answer `np.exp(value)` and `np.float64(2) * value` with the row of that name."""
        return apply_ufunc(ufunc, method, operands, keywords)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:  # NumPy's protocol
        """Answer `np.clip(value, 0, 1)`, `np.where(value > 0, value, 0)` and their like; what needs arrays says so."""
        return answer(function)(*args, **kwargs)

    @property
    def _mask(self) -> Any:
        """Refuse numpy.ma, which reads `_data` and `_mask` of whatever it computes with, and would cut the graph."""
        raise DTypeError(f"a masked array cannot compute with {self.title}: give it as .filled(value)")

    @property
    def _prev(self) -> tuple[Node, ...]:
        """Return the nodes it was made from, each once, under the name by which micrograd's notebooks trace a graph."""
        return tuple(dict.fromkeys(x for x in self.inputs if isinstance(x, Node)))

    @property
    def _op(self) -> str:
        """Return the name of the operation, or an empty text, for the same notebooks."""
        return self.op.name if self.op else ""

    def __format__(self, spec: str) -> str:
        return format(self.data, spec) if spec else repr(self)

    def __repr__(self) -> str:
        label = f", label={self.label!r:.80}" if self.label else ""
        return f"Value(data={self._data}, grad={self._grad}{label})"

    # What the ground floor asks of every kind of node ----------------------------------------------------------

    @classmethod
    def make(cls, op: Op, operands: tuple[Any, ...], params: dict[str, Any]) -> Value:
        """Compute `op` on numbers and Values. Raises DTypeError where an operand is neither."""
        if op.scalar is None:
            raise DTypeError(f"`{op.name}` works on arrays, and a Value is one float: use Tensor")
        numbers, wanted = [], False
        for i, x in enumerate(operands):
            if type(x) is Value:
                wanted = wanted or x._requires_grad
                numbers.append(x._data)
            elif type(x) in EXACT:
                numbers.append(x)
            else:
                x = number(x)
                wanted = wanted or (type(x) is Value and x._requires_grad)
                numbers.append(data_of(x))
                operands = (*operands[:i], x, *operands[i + 1 :])
        z: Value = object.__new__(cls)
        z._data = real(op.on_numbers(*numbers, **params))
        z.remember(op, operands, params, wanted and bool(op.rules))
        return z

    def fit(self, g: Any, z: Node, i: int) -> Any:
        """Return gradient `g` as a float, or as the node it is."""
        if g is None or isinstance(g, Node):
            return g
        try:
            return real(g)
        except DTypeError:
            raise bad_rule(z, i, f"{g!r:.60} of type {type(g).__name__}") from None

    def seed(self, given: Any) -> float:
        """Return the gradient to start from as a float; 1 if none is given."""
        return 1.0 if given is None else real(data_of(given))

    def leaf(self, data: Any) -> Value:
        """Return a constant."""
        return Value(data, requires_grad=False)

    @staticmethod
    def apart(grads: Iterable[Any]) -> Iterable[Any]:
        """Return gradients as they are: floats."""
        return grads

    def zero(self) -> Value:
        """Return a constant zero."""
        return Value(0.0, requires_grad=False)

    backward = backward

    def quick_walk(self, seed: float) -> Found | None:
        return floats_back(self, seed)
