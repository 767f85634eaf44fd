"""A node whose data is an array. What NumPy and other libraries ask of it is in `array_protocols`."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from math import prod
from typing import Any, ClassVar, Never

import numpy as np

from ..errors import DTypeError, GradientError, ShapeError, foreign_names, hints
from ..errors import data as sentences
from ..errors import gradients as on_gradients
from ..errors import inplace as on_assignment
from ..errors.where import warn
from ..ops import arithmetic, indexing, powers, shapes
from .array_gradients import seed, unbroadcast, without_aliases
from .array_methods import ArrayMethods
from .array_protocols import ArrayProtocols
from .arrays import ReadOnly, array_of, as_array, constant, read_only
from .backprop import backward, set_gradients
from .context import mode, tracing
from .dispatch import dispatch
from .inplace import in_place, setitem
from .node import Node, data_of
from .op import PLAIN_NUMBERS, Op
from .operators import Operators

OPERANDS = (bool, int, float, complex, np.generic, np.ndarray, list, tuple)  # constants that operators compute with


class Tensor(Operators, ArrayMethods, ArrayProtocols, Node):
    """An array that remembers how it was computed.

    data: an array, a number or nested lists of numbers; it is copied. Of a tensor that requires a gradient, the copy is
    a node of the same graph, as is np.copy of it, unless requires_grad=False.
    requires_grad: whether `backward()` gives it a gradient; by default so for floating-point and complex data.
    label: its name in messages, formulas and pictures. dtype: as NumPy's.
    Raises DTypeError for data that is not numbers, ShapeError for ragged lists.
    """

    __slots__ = ()
    __hash__ = Node.__hash__  # the operators define ==, which would take it away
    keeps_interior_gradients: ClassVar[bool] = False  # they would double the memory that training takes

    def __init__(
        self, data: Any, requires_grad: bool | None = None, label: str = "", *, dtype: Any = None, **foreign: Never
    ) -> None:
        if foreign:
            hints.refuse_keywords("Tensor", foreign, ("requires_grad", "label", "dtype"))
        if isinstance(data, (list, tuple)) and (tracer := tracing()) is not None:
            data = tracer.joined(data)
        given = data
        if isinstance(requires_grad, str):
            raise DTypeError(sentences.label_as_flag(requires_grad))
        if isinstance(data, Tensor):
            if data._requires_grad and requires_grad is not False and mode().recording:
                self.copy_in_graph(data, requires_grad, dtype)
                self.label = label
                return
            data = data._raw
        self._raw = array_of(data, dtype)
        if requires_grad:
            self.allow_gradient()
        self.remember(None, (), {}, self._raw.dtype.kind in "fc" if requires_grad is None else bool(requires_grad))
        if label:
            self.label = label
        if isinstance(given, Tensor) and tracing() is not None:
            self.assign(given)  # whose numbers are others at each call

    def copy_in_graph(self, source: Tensor, requires_grad: bool | None, dtype: Any) -> None:
        """Become a copy of `source` through which gradients flow. Raises GradientError where a leaf was asked for."""
        if requires_grad:
            raise GradientError(on_gradients.leaf_of_graph(source.title))
        op, params = (shapes.identity, {}) if dtype is None else (shapes.astype, {"dtype": np.dtype(dtype)})
        made = Tensor.make(op, (source,), params)
        self._raw = made._raw
        self.remember(op, (source,), params, made._requires_grad)

    # Data and gradient -----------------------------------------------------------------------------------------

    @property
    def data(self) -> ReadOnly:
        """The array, read-only. Setting it is `assign`."""
        if (tracer := tracing()) is not None:
            return tracer.read(self)  # type: ignore[no-any-return]  # a node, which computes as an array would
        return read_only(self._raw)

    @data.setter
    def data(self, new: Any) -> None:
        self.assign(new)

    @property
    def grad(self) -> ReadOnly | None:
        """The gradient: the derivative of the node that `backward()` was called on by each number; None until computed.

        Of a complex number a + ib it is g = dL/da - i dL/db, so that dL = Re(g dx), as JAX and HIPS autograd have it:
        L falls fastest along -conj(g).
        """
        if self._slope is None and self.op is not None and self._requires_grad:
            warn(on_gradients.interior_gradient(self.title), UserWarning)
        if (tracer := tracing()) is not None and self.op is None:
            return tracer.grad(self)  # type: ignore[no-any-return]  # None, or the node that stands for it in a program
        return None if self._slope is None else read_only(self._slope)

    @grad.setter
    def grad(self, new: Any) -> None:
        if (tracer := tracing()) is not None:
            tracer.set_grad(self, new)
            return
        if new is not None:
            given = data_of(new)
            if isinstance(given, np.ndarray) and given.dtype != self.dtype:
                raise DTypeError(on_gradients.gradient_of_dtype(given.dtype, self.title, self.dtype))
            new = array_of(given, self.dtype, what=f"the gradient of {self.title}, of dtype {self.dtype}")
            if new.shape != self.shape:
                raise ShapeError(on_gradients.gradient_of_shape(new.shape, self.title, self.shape))
        set_gradients((self,), (new,))

    def allow_gradient(self) -> None:
        """Raise DTypeError where the numbers are of a kind that has no derivative."""
        if self.dtype.kind not in "fc":
            raise DTypeError(on_gradients.dtype_without_gradient(self.dtype))

    def as_data(self, new: Any) -> np.ndarray[Any, Any]:
        """Return a copy of `new` as data of this tensor, in its shape and dtype."""
        fits = type(new) is np.ndarray and new.dtype is self._raw.dtype
        array = new.copy() if fits else array_of(data_of(new), self.dtype, what=f"the data of {self.title}")
        if array.shape != self.shape:
            raise ShapeError(on_assignment.other_shape(array.shape, self.title, self.shape))
        return array

    def numpy(self) -> ReadOnly:
        """Return the numbers as a read-only array."""
        return self.data

    def item(self) -> Any:
        """Return the only number as a Python number. Raises ValueError where there are more.

        A list of losses should hold these: a node keeps all that it was computed from.
        """
        if self.size != 1:
            raise ValueError(sentences.one_number_needed("item()", self.title, self.shape))
        return self.numbers().item()

    def tolist(self) -> Any:
        """Return the numbers as nested lists."""
        return self.numbers().tolist()

    # In place --------------------------------------------------------------------------------------------------

    __iadd__ = in_place(arithmetic.add, "+")
    __isub__ = in_place(arithmetic.subtract, "-")
    __imul__ = in_place(arithmetic.multiply, "*")
    __itruediv__ = in_place(arithmetic.divide, "/")
    __ipow__ = in_place(powers.power, "**")

    # Indexing ------------------------------------------------------------------------------------------------------

    def __getitem__(self, index: Any) -> Tensor:
        key, arrays = indexing.split_index(index)
        return Tensor.make(indexing.getitem, (self, *arrays), {"key": key})

    def __setitem__(self, index: Any, value: Any) -> None:
        setitem(self, index, value)

    # Being a Python object -------------------------------------------------------------------------------------

    def __len__(self) -> int:
        if self.ndim == 0:
            raise TypeError(sentences.zero_d("a 0-d tensor has no length"))
        return self.shape[0]

    def __contains__(self, x: Any) -> bool:
        """Return whether any number is equal to `x`, as NumPy does."""
        return bool((self == x).any().numbers())

    def __iter__(self) -> Iterator[Tensor]:
        if self.ndim == 0:
            raise TypeError(sentences.zero_d("a 0-d tensor cannot be iterated over"))
        return (self[i] for i in range(len(self)))

    def __bool__(self) -> bool:
        if self.size != 1:
            raise ValueError(sentences.ambiguous_truth(self.shape))
        tracer = tracing()
        return bool(self._raw) if tracer is None else tracer.truth(self)

    def __float__(self) -> float:
        return float(self.number("float()"))

    def __int__(self) -> int:
        return int(self.number("int()"))

    def __complex__(self) -> complex:
        return complex(self.number("complex()"))

    def __index__(self) -> int:
        return operator.index(self.number("an index"))

    def number(self, asked: str) -> Any:
        """Return the only number for Python to compute with, outside the graph.

        Raises ValueError where there are more, DTypeError where a gradient would be lost.
        """
        if self.size != 1:
            raise ValueError(sentences.one_number_needed(asked, self.title, self.shape))
        if self._requires_grad:
            raise DTypeError(on_gradients.cuts_graph(asked, self.title))
        return self.numbers().item()

    def __round__(self, digits: int = 0) -> Tensor:
        return dispatch(np.round)(self, digits)  # type: ignore[no-any-return]  # of a tensor it is one

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if spec and self.size == 1 else repr(self)

    def __dir__(self) -> list[str]:
        return sorted(set(super().__dir__()) - foreign_names.TENSOR.keys())

    def __repr__(self) -> str:
        if tracing() is not None:
            return f"Tensor(of a function that is traced, shape={self.shape}, dtype={self.dtype})"
        few = prod(min(n, 5) for n in self.shape) <= 1000  # of many axes NumPy writes five entries each
        shown = self._raw if few else self._raw.ravel()
        numbers = np.array2string(shown, separator=", ", threshold=40, edgeitems=2, prefix="Tensor(")
        made = f", op={self.op.name}" if self.op else ""
        label = f", label={self.label!r:.80}" if self.label else ""
        return f"Tensor({numbers:.700}, shape={self.shape}, dtype={self.dtype}{made}{label})"

    # Defined by each kind of node ------------------------------------------------------------------------------

    @classmethod
    def accepts(cls, operand: Any) -> bool:
        """Return whether an operator of a tensor can compute with an operand."""
        return isinstance(operand, (Tensor, *OPERANDS))

    @classmethod
    def make(cls, op: Op, operands: tuple[Any, ...], params: dict[str, Any]) -> Tensor:
        """Compute `op` on arrays, numbers and tensors."""
        given, arrays, wanted = operands, [], False
        for x in given:
            if type(x) is Tensor:
                arrays.append(x._raw)
                if x._requires_grad:
                    wanted = True
            elif type(x) in PLAIN_NUMBERS:
                arrays.append(x)
            elif isinstance(x, Tensor):  # a subclass, whose data is on a device until it is read
                arrays.append(x._raw)
                wanted = wanted or x._requires_grad
            elif isinstance(x, Node) and tracing() is not None:
                return x.make(op, operands, params)  # type: ignore[no-any-return]  # this tensor may stand for a number
            else:
                i = len(arrays)
                arrays.append(constant(x))
                operands = (*operands[:i], arrays[i], *operands[i + 1 :])
        try:
            data = op.forward(*arrays, **params) if params else op.forward(*arrays)
        except Exception as error:
            raise op.explain(error, given, params) from None
        z: Tensor = object.__new__(cls)
        z._raw = data if type(data) is np.ndarray else as_array(data, op.name)
        z.remember(op, operands, params, wanted and bool(op.rules))
        return z

    def leaf(self, data: Any) -> Tensor:
        """Return a constant."""
        z: Tensor = object.__new__(Tensor)
        z._raw = np.array(data)
        z.remember(None, (), {}, False)
        return z

    backward = backward
    seed = seed
    unbroadcast = unbroadcast
    without_aliases = staticmethod(without_aliases)

    def zero(self) -> Tensor:
        """Return a constant zero of this shape."""
        return self.leaf(np.zeros_like(self._raw))


hints.hint(Tensor, "a Tensor", foreign_names.TENSOR)
