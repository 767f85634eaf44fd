"""A node whose data is one float. Its path never calls NumPy, except where Python's arithmetic has no answer."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, ClassVar

import numpy as np

from ..errors import DTypeError, foreign_names, hints
from ..errors import data as sentences
from ..errors import gradients as on_gradients
from ..errors.operations import bad_rule
from ..ops import arithmetic
from .backprop import accumulate, backward, pull_through, set_gradients
from .context import tracing
from .dispatch import apply_ufunc, dispatch
from .node import Grads, Node, data_of, raw_of
from .op import PLAIN_NUMBERS, Op
from .operators import COMPARISONS, Operators, binary, unary

EQUAL, NOT_EQUAL = (binary(name, COMPARISONS[name]) for name in ("__eq__", "__ne__"))
ROUNDING_METHODS: dict[str, Op] = {
    "__floor__": arithmetic.floor,
    "__ceil__": arithmetic.ceil,
    "__trunc__": arithmetic.trunc,
}


def real(x: Any) -> float:
    """Return `x` as a float. Raises DTypeError where it is not one real number."""
    if type(x) is float:
        return x  # the commonest case, before slower tests
    if isinstance(x, (numbers.Real, np.bool_)) or (
        isinstance(x, np.ndarray) and x.ndim == 0 and x.dtype.kind in "biuf"
    ):
        return float(x)
    raise DTypeError(sentences.not_one_number(x))


def as_number(x: Any) -> Any:
    """Return an operand as a float, or as the `Value` that stands for it in a program that is traced."""
    tracer = tracing()
    if tracer is not None and isinstance(x, Node) and not isinstance(x, Value):
        return tracer.as_value(x)
    return real(x)


def ieee(x: Any) -> np.float64:
    """Return a number that follows IEEE at poles and past overflow, where a float raises."""
    return np.float64(data_of(x))


class Value(Operators):
    """One number that remembers how it was computed.

    data: a real number. label: its name in messages, formulas and pictures.
    requires_grad: whether `backward()` gives it a gradient.
    Raises DTypeError for anything but one real number.
    """

    __slots__ = ("__dict__",)  # programs keep things of their own on a Value, as in p.velocity = 0.0
    operand: ClassVar[Callable[[Any], Any]] = staticmethod(ieee)
    numeric_context = staticmethod(partial(np.errstate, all="ignore"))  # by IEEE, as `operand` says
    keeps_interior_gradients: ClassVar[bool] = True  # a picture of a scalar graph shows the gradient of every node

    subclassed: ClassVar[bool] = False  # whether operands may be of other types than Value itself

    def __init_subclass__(cls, *, stand_in: bool = False, **keywords: Any) -> None:
        """Note that there are subclasses. stand_in: nothing is ever computed with instances of this one."""
        super().__init_subclass__(**keywords)
        Value.subclassed = Value.subclassed or not stand_in

    def __init__(self, data: float, label: str | tuple[()] = "", *made_by: str, requires_grad: bool = True) -> None:
        if (made_by or not isinstance(label, str)) and (label or any(made_by)):  # micrograd's (2.0, (), "") is a leaf
            raise DTypeError(sentences.made_by_hand(label))
        given = as_number(data)
        self._raw = raw_of(given)
        self.remember(None, (), {}, requires_grad)
        if given is not self._raw:
            self.assign(given)  # by a program that is traced: its number is another one at each call
        if label:
            self.label = label

    # Data and gradient -----------------------------------------------------------------------------------------

    @property
    def data(self) -> float:
        """The number itself. Setting it is `assign`."""
        if (tracer := tracing()) is not None:
            return tracer.read(self)  # type: ignore[no-any-return]  # a node, which computes as a float would
        return self._raw  # type: ignore[no-any-return]  # a float in this kind of node

    @data.setter
    def data(self, value: float) -> None:
        self.assign(value)

    @property
    def grad(self) -> float:
        """The gradient: the derivative of the node that `backward()` was called on by this one; 0.0 until computed.

        0.0 is micrograd's; pictures and optimisers tell a gradient that was never computed from one that is zero.
        """
        tracer = tracing() if self.op is None else None  # which answers with a node, and that computes as a float would
        found = self._slope if tracer is None else tracer.grad(self)
        return 0.0 if found is None else found

    @grad.setter
    def grad(self, value: float | None) -> None:
        if (tracer := tracing()) is not None:
            tracer.set_grad(self, value)
            return
        _ = self.inputs  # operands that are deferred are made with the gradient it has now
        set_gradients((self,), (None if value is None else real(data_of(value)),))

    def as_data(self, new: Any) -> float:
        """Return `new` as a float."""
        return real(data_of(new))

    def item(self) -> float:
        """Return the number. A list of losses should hold these: a node keeps all that it was computed from."""
        return self.numbers()  # type: ignore[no-any-return]  # a float in this kind of node

    def numpy(self) -> float:
        """Return the number."""
        return self.data

    # Being a Python object -------------------------------------------------------------------------------------

    def __round__(self, digits: int = 0) -> Value:
        return arithmetic.rint(self * 10.0**digits) / 10.0**digits if digits else arithmetic.rint(self)  # type: ignore[no-any-return]  # of a Value it is one

    def __pos__(self) -> Value:
        return self

    def __bool__(self) -> bool:
        tracer = tracing()
        return bool(self._raw) if tracer is None else tracer.truth(self)

    def __float__(self) -> float:
        if self._requires_grad:
            raise DTypeError(on_gradients.cuts_graph("float()", self.title))
        return self.numbers()  # type: ignore[no-any-return]  # as above

    def __int__(self) -> int:
        return int(float(self))

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *operands: Any, **keywords: Any) -> Any:
        """Answer `np.exp(value)` and `np.float64(2) * value` with the row of that name."""
        return apply_ufunc(ufunc, method, operands, keywords)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:  # NumPy's protocol
        """Answer `np.clip(value, 0, 1)`, `np.where(value > 0, value, 0)` and their like; what needs arrays says so."""
        return dispatch(function)(*args, **kwargs)

    @property
    def _mask(self) -> Any:
        """Refuse numpy.ma, which reads `_data` and `_mask` of whatever it computes with, and would cut the graph."""
        raise DTypeError(on_gradients.masked_cuts_graph(self.title))

    def __format__(self, spec: str) -> str:
        return format(self.data, spec) if spec else repr(self)

    def __dir__(self) -> list[str]:
        return sorted(set(super().__dir__()) - foreign_names.VALUE.keys())

    def __repr__(self) -> str:
        label = f", label={self.label!r:.80}" if self.label else ""
        if tracing() is not None:
            return f"Value(of a function that is traced{label})"
        return f"Value(data={self._raw}, grad={self.grad}{label})"

    # micrograd's names, for its notebooks ----------------------------------------------------------------------

    def __eq__(self, other: object) -> Any:
        return self is other if isinstance(other, Value) else EQUAL(self, other)  # `in` and `.index` look for a node

    def __ne__(self, other: object) -> Any:
        return self is not other if isinstance(other, Value) else NOT_EQUAL(self, other)

    __hash__ = Node.__hash__  # defining == would take it away

    @property
    def _prev(self) -> tuple[Node, ...]:
        """The nodes it was made from, each once."""
        return tuple(dict.fromkeys(x for x in self.inputs if isinstance(x, Node)))

    @property
    def _op(self) -> str:
        """The name of the operation, or an empty text."""
        return self.op.name if self.op else ""

    def _backward(self) -> None:
        """Add to the gradients of its operands their shares of its own: one step of `backward()`, by hand."""
        if self.op is not None and self._requires_grad:
            shares: Grads = {}
            operands = {x for x in self._prev if x._requires_grad}
            with self.numeric_context():
                pull_through(self, self.grad, shares, operands, type(self).operand, None)
            accumulate(self, (), (), shares)

    # Defined by each kind of node ------------------------------------------------------------------------------

    @classmethod
    def accepts(cls, operand: Any) -> bool:
        """Return whether an operator of a Value can compute with an operand.

        In a program that is traced, another kind of node may stand for a number.
        """
        if isinstance(operand, Node):
            return isinstance(operand, Value) or tracing() is not None
        return isinstance(operand, (numbers.Real, np.generic, np.ndarray))

    @classmethod
    def make(cls, op: Op, operands: tuple[Any, ...], params: dict[str, Any]) -> Value:
        """Compute `op` on numbers and Values. Raises DTypeError where an operand is neither."""
        if op.scalar is None:
            raise DTypeError(sentences.arrays_only(op.name))
        numbers, wanted = [], False
        for i, x in enumerate(operands):
            if isinstance(x, Value):
                wanted = wanted or x._requires_grad
                numbers.append(x._raw)
            elif type(x) in PLAIN_NUMBERS:
                numbers.append(x)
            else:
                x = as_number(x)
                wanted = wanted or (isinstance(x, Value) and x._requires_grad)
                numbers.append(raw_of(x))
                operands = (*operands[:i], x, *operands[i + 1 :])
        z: Value = object.__new__(Value)  # also of a subclass, as in micrograd
        z._raw = real(op.on_numbers(*numbers, **params))
        z.remember(op, operands, params, wanted and bool(op.rules))
        return z

    def unbroadcast(self, g: Any, z: Node, i: int) -> Any:
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
    def without_aliases(grads: Iterable[Any]) -> Iterable[Any]:
        """Return gradients as they are: floats."""
        return grads

    def zero(self) -> Value:
        """Return a constant zero."""
        return Value(0.0, requires_grad=False)

    backward = backward


for _name, _op in ROUNDING_METHODS.items():
    setattr(Value, _name, unary(_name, _op))

hints.hint(Value, "a Value", foreign_names.VALUE)
