"""A node whose data is one float. Its path never calls NumPy, save where Python's arithmetic has no answer."""

from __future__ import annotations

import numbers
import sys
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

import numpy as np

from .errors import DTypeError, GradientError, InplaceError, StaleGraphError
from .graph import ABSENT, LISTED, Node, commit, data_of, pull_through, spent, tick, why_constant, why_stale
from .modes import current, mode
from .op import TABLE, Op
from .ops import activations, arithmetic, compare, powers, trigonometry

EXACT = frozenset((float, int))
OPERAND = (numbers.Real, np.generic, np.ndarray)
FARTHEST = 100_000  # ticks between two neighbours in the lists of `backward`; more would be mostly empty places


def real(x: Any) -> float:
    """Return `x` as a float. Raises DTypeError where it is not one real number."""
    if isinstance(x, (numbers.Real, np.bool_)) or (
        isinstance(x, np.ndarray) and x.ndim == 0 and x.dtype.kind in "biuf"
    ):
        return float(x)
    raise DTypeError(f"a Value holds one real number, not {x!r:.60} ({type(x).__name__}); use Tensor for arrays")


# Methods made from rows ----------------------------------------------------------------------------------------


def one(row: Op) -> Callable[[Any], Any]:
    """Return the method for a row of one operand: `Value.make` unrolled, as a net is built of such calls."""
    on_numbers = row.on_numbers

    def method(x: Value) -> Value:
        if current.get() is not None:
            return Value.make(row, (x,), {})
        frame = sys._getframe(1)
        z: Value = object.__new__(Value)
        z._data = on_numbers(x._data)
        z._requires_grad = x._requires_grad
        z.op, z.x, z.y, z.born = row, x, ABSENT, tick()
        z.code, z.instruction = frame.f_code, frame.f_lasti
        return z

    return documented(method, row)


def two(row: Op) -> Callable[[Any, Any], Any]:
    """Return the method for a row of two operands: `Value.make` unrolled."""
    on_numbers, scalar = row.on_numbers, row.scalar
    assert scalar is not None

    def method(x: Value, y: Any) -> Any:
        if current.get() is not None or (type(y) is not Value and type(y) not in EXACT):
            return Value.make(row, (x, y), {}) if isinstance(y, (Value, *OPERAND)) else NotImplemented
        frame = sys._getframe(1)
        z: Value = object.__new__(Value)
        try:
            z._data = scalar(x._data, y._data if type(y) is Value else y)
        except (ArithmeticError, ValueError):
            z._data = on_numbers(x._data, data_of(y))
        z._requires_grad = bool(row.rules) and (x._requires_grad or (type(y) is Value and y._requires_grad))
        z.op, z.x, z.y, z.born = row, x, y, tick()
        z.code, z.instruction = frame.f_code, frame.f_lasti
        return z

    return documented(method, row)


def reflected(row: Op) -> Callable[[Any, Any], Any]:
    """Return the method for a row whose left operand is a plain number."""

    def method(y: Value, x: Any) -> Any:
        return Value.make(row, (x, y), {}) if isinstance(x, OPERAND) else NotImplemented

    return documented(method, row)


def documented(method: Callable[..., Any], row: Op) -> Callable[..., Any]:
    """Give a method made from a row the row's name and description."""
    method.__name__ = row.name
    method.__doc__ = row.__doc__
    return method


class Value(Node):
    """One number that remembers how it was computed.

    data: a real number. label: its name in messages, formulas and pictures.
    requires_grad: whether `backward()` gives it a gradient.
    Raises DTypeError for anything but one real number.
    """

    __slots__ = ()
    keeps_interior_gradients: ClassVar[bool] = True  # a picture of a scalar graph shows the gradient of every node

    def __init__(self, data: float, label: str = "", *, requires_grad: bool = True) -> None:
        self._data = real(data)
        self.remember(None, (), {}, requires_grad)
        if label:
            self.label = label

    # Data and gradient -----------------------------------------------------------------------------------------

    @property
    def data(self) -> float:
        """The number itself. Setting it is `assign`."""
        return self._data  # type: ignore[no-any-return]  # a float in this kind of node

    @data.setter
    def data(self, value: float) -> None:
        self.assign(value)

    @property
    def grad(self) -> float | None:
        """How fast the node that `backward()` was called on changes with this one; None until computed."""
        return self._grad  # type: ignore[no-any-return]  # as above

    @grad.setter
    def grad(self, value: float | None) -> None:
        self._grad = None if value is None else real(value)
        spent.discard(self)

    def assign(self, value: float) -> None:
        """Give a leaf another number; graphs built from the old one become stale.

        Raises InplaceError on a node that was computed.
        """
        if self.op is not None:
            raise InplaceError(f"{self.title} was computed at {self.where} and cannot be assigned: make a new Value")
        self._data = real(value)
        self.born = tick()
        self.mark()

    def item(self) -> float:
        """Return the number."""
        return self.data

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

    def __pos__(self) -> Value:
        return self

    def __bool__(self) -> bool:
        return bool(self._data)

    def __float__(self) -> float:
        if self._requires_grad:
            raise DTypeError(
                f"float() and the functions of math would cut {self.title} out of its graph: "
                "use tinygrad_edu.sin and its like, or .item() to get the number"
            )
        return self.data

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *operands: Any, **keywords: Any) -> Any:
        """Answer `np.exp(value)` and `np.float64(2) * value` with the row of that name."""
        row = TABLE.get(ufunc.__name__)
        if row is None or method != "__call__" or keywords:
            raise DTypeError(f"np.{ufunc.__name__} does not work on a Value, which is one float: use Tensor")
        return Value.make(row, operands, {})

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
        given = tuple(x if type(x) is Value or type(x) in EXACT else real(x) for x in operands)
        z: Value = object.__new__(cls)
        z._data = op.on_numbers(*map(data_of, given), **params)
        z.remember(op, given, params, bool(op.rules) and any(x._requires_grad for x in given if type(x) is Value))
        return z

    def fit(self, g: Any, z: Node, i: int) -> Any:
        """Return gradient `g` as a float, or as the node it is."""
        if g is None or isinstance(g, Node):
            return g
        try:
            return real(g)
        except DTypeError:
            assert z.op is not None
            raise GradientError(
                f"rule {i} of `{z.op.name}` gave {g!r:.60}, but the gradient of a Value is one float"
            ) from None

    def seed(self, given: Any) -> float:
        """Return the gradient to start from as a float; 1 if none is given."""
        return 1.0 if given is None else real(given)

    def leaf(self, data: Any) -> Value:
        """Return a constant."""
        return Value(data, requires_grad=False)

    def zero(self) -> Value:
        """Return a constant zero."""
        return Value(0.0, requires_grad=False)

    def backward(self, seed: float | None = None, *, retain_grad: bool = True) -> None:  # noqa: ARG002  # always kept
        """Add d(self)/d(leaf) to the gradient of every leaf, and set that of the nodes between.

        The walk of `Node.backward`, where nodes and gradients lie in lists by age, a place a tick: finding the nodes,
        sorting them and carrying gradients back become one pass without hashing, in a third of the time.
        """
        if not self._requires_grad:
            raise GradientError(why_constant(self))
        first, watched = self.seed(seed), mode().watch_pull is not None
        if self.op is None:
            commit((), (), {self: first})
            return
        nodes: list[Any] = [self]
        grads: list[Any] = [first]
        leaves: dict[Node, float] = {}
        places, newest = 1, self.born
        for age, z in enumerate(nodes):  # grows while it is read
            if z is None:
                continue
            for x, dx in all_shares(z, grads[age]) if watched else shares(z, grads[age]):
                if x.born > z.born:
                    raise StaleGraphError(why_stale(z, x))
                if not x._requires_grad:
                    continue
                if x.op is None:
                    leaves[x] = leaves[x] + dx if x in leaves else dx
                    continue
                place = newest - x.born
                if place >= places:
                    if place > places + FARTHEST:
                        super().backward(seed, retain_grad=True)
                        return
                    nodes += [None] * (place + 1 - places)
                    grads += [None] * (place + 1 - places)
                    places = place + 1
                if nodes[place] is None:
                    nodes[place], grads[place] = x, dx
                else:
                    grads[place] += dx
        commit([z for z in nodes if z is not None], [g for g in grads if g is not None], leaves)


def shares(z: Value, g: float) -> Iterable[tuple[Any, Any]]:
    """Return the operands of `z`, each with its share of the gradient `g`: `graph.pull_through`, unrolled."""
    x, y, rules = z.x, z.y, z.op.rules  # type: ignore[union-attr]  # a leaf has no operands to share with
    try:
        if y is ABSENT:
            dx = rules[0](g, z._data, x._data)
            if type(dx) is float:
                return ((x, dx),)
        elif y is not LISTED:
            a, b = (x._data if type(x) is Value else x), (y._data if type(y) is Value else y)
            dx = rules[0](g, z._data, a, b) if type(x) is Value else 0.0
            dy = rules[1](g, z._data, a, b) if type(y) is Value else 0.0
            if type(dx) is type(dy) is float:
                return ((x, dx), (y, dy)) if type(x) is type(y) else ((x, dx),) if type(x) is Value else ((y, dy),)
    except (ArithmeticError, ValueError, TypeError):
        pass  # a pole, an overflow, a rule at fault: below, IEEE's answer, or the rule's name
    return all_shares(z, g)


def all_shares(z: Value, g: float) -> Iterable[tuple[Any, Any]]:
    """Return the operands of `z` with their shares of `g`, however many they are, by IEEE arithmetic."""
    found: dict[Node, Any] = {}
    with np.errstate(all="ignore"):
        path = [x for x in z.inputs if isinstance(x, Node) and x._requires_grad]
        pull_through(z, np.float64(g), found, path, lambda x: np.float64(data_of(x)))
    return found.items()
