"""The attributes and methods of NumPy's arrays, for tensors; most are NumPy's function of the same name."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from ..errors import DTypeError, hints
from ..errors.where import warn
from ..ops import reductions, shapes
from .dispatch import dispatch
from .node import Node
from .op import TABLE

if TYPE_CHECKING:
    from .tensor import Tensor


def method_of(function: Any) -> Callable[..., Tensor]:
    """Return the method of a tensor that dispatches to a function of NumPy."""

    def method(self: Any, *args: Any, **keywords: Any) -> Tensor:
        if keywords and (error := hints.keyword(function.__name__, keywords)) is not None:
            raise error
        return dispatch(function)(self, *args, **keywords)  # type: ignore[no-any-return]  # of a tensor it is one

    method.__name__ = function.__name__
    method.__doc__ = f"Return np.{function.__name__} of this tensor; see NumPy's description of it for the arguments."
    return method


class ArrayMethods(Node):
    """A node with the attributes and methods of NumPy's arrays."""

    __slots__ = ()

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of every axis."""
        return self._raw.shape  # type: ignore[no-any-return]  # an array in this kind of node

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the numbers."""
        return self._raw.dtype  # type: ignore[no-any-return]  # as above

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self._raw.ndim  # type: ignore[no-any-return]  # as above

    @property
    def size(self) -> int:
        """The number of elements."""
        return self._raw.size  # type: ignore[no-any-return]  # as above

    @property
    def nbytes(self) -> int:
        """The number of bytes that the elements take."""
        return self._raw.nbytes  # type: ignore[no-any-return]  # as above

    @property
    def itemsize(self) -> int:
        """The number of bytes that one element takes."""
        return self._raw.itemsize  # type: ignore[no-any-return]  # as above

    # Methods -------------------------------------------------------------------------------------------------------

    all = method_of(np.all)
    any = method_of(np.any)
    argmax = method_of(np.argmax)
    argmin = method_of(np.argmin)
    argpartition = method_of(np.argpartition)
    argsort = method_of(np.argsort)
    choose = method_of(np.choose)
    clip = method_of(np.clip)
    conj = conjugate = method_of(np.conjugate)
    copy = method_of(np.copy)
    cumprod = method_of(np.cumprod)
    cumsum = method_of(np.cumsum)
    diagonal = method_of(np.diagonal)
    dot = method_of(np.dot)
    flatten = method_of(np.ravel)
    max = method_of(np.max)
    min = method_of(np.min)
    prod = method_of(np.prod)
    ptp = method_of(np.ptp)
    ravel = method_of(np.ravel)
    repeat = method_of(np.repeat)
    round = method_of(np.round)
    searchsorted = method_of(np.searchsorted)
    squeeze = method_of(np.squeeze)
    std = method_of(np.std)
    swapaxes = method_of(np.swapaxes)
    take = method_of(np.take)
    trace = method_of(np.trace)
    var = method_of(np.var)

    @property
    def mT(self) -> Tensor:  # noqa: N802  # NumPy's name
        """The transposed matrix, or each of a stack of them."""
        return self.make(shapes.mT, (self,), {})  # type: ignore[no-any-return]  # of a tensor it is one

    @property
    def T(self) -> Tensor:  # noqa: N802  # NumPy's name
        """All axes in the opposite order."""
        return self.mT if self.ndim == 2 else self.transpose()

    def transpose(self, *axes: Any) -> Tensor:
        """Put the axes in another order; by default in the opposite one."""
        order = axes[0] if len(axes) == 1 and not isinstance(axes[0], int) else axes
        if axes == (0, 1) and self.ndim == 2:
            warn(hints.TRANSPOSED_TO_ITSELF, UserWarning)
        return dispatch(np.transpose)(self, order or None)  # type: ignore[no-any-return]  # of a tensor it is one

    def reshape(self, *shape: Any, order: str = "C") -> Tensor:
        """Give the elements, in row-major order, another shape; one length may be -1."""
        new = shape[0] if len(shape) == 1 and not isinstance(shape[0], int) else shape
        if order != "C":
            return dispatch(np.reshape)(self, new, order)  # type: ignore[no-any-return]  # of a tensor it is one
        return self.make(shapes.reshape, (self,), {"shape": tuple(new)})  # type: ignore[no-any-return]  # as above

    def sum(self, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False, **more: Any) -> Tensor:
        """Add up the elements along axes."""
        if dtype is out is None and not more:
            return self.make(reductions.sum, (self,), {"axis": axis, "keepdims": keepdims})  # type: ignore[no-any-return]  # as above
        if (error := hints.keyword("sum", more)) is not None:
            raise error
        return dispatch(np.sum)(self, axis, dtype, out, keepdims, **more)  # type: ignore[no-any-return]  # as above

    def mean(self, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False, **more: Any) -> Tensor:
        """Average the elements along axes."""
        if dtype is out is None and not more:
            return self.make(reductions.mean, (self,), {"axis": axis, "keepdims": keepdims})  # type: ignore[no-any-return]  # as above
        if (error := hints.keyword("mean", more)) is not None:
            raise error
        return dispatch(np.mean)(self, axis, dtype, out, keepdims, **more)  # type: ignore[no-any-return]  # as above

    def astype(
        self,
        dtype: Any,
        order: str = "K",  # noqa: ARG002  # NumPy's signature, here and below
        casting: str = "unsafe",  # noqa: ARG002
        subok: bool = True,  # noqa: ARG002
        copy: bool = True,  # noqa: ARG002
    ) -> Tensor:
        """Convert to another dtype; as an integer or a boolean it is a constant."""
        return dispatch(np.astype)(self, dtype)  # type: ignore[no-any-return]  # as above

    def compress(self, condition: Any, axis: int | None = None) -> Tensor:
        """Pick the parts along an axis for which the condition holds."""
        return dispatch(np.compress)(condition, self, axis)  # type: ignore[no-any-return]  # as above

    def nonzero(self) -> tuple[np.ndarray[Any, Any], ...]:
        """Return the positions of the elements that are not 0, one array an axis."""
        return dispatch(np.nonzero)(self)  # type: ignore[no-any-return]  # whole numbers are arrays

    def partition(self, *_: Any, **__: Any) -> None:
        """Refuse: it would change the tensor itself."""
        raise in_place_error("partition")

    def sort(self, *_: Any, **__: Any) -> None:
        """Refuse: it would change the tensor itself."""
        raise in_place_error("sort")

    def fill(self, value: Any) -> None:
        """Set all elements, as `t[...] = value` does."""
        self[...] = value  # type: ignore[index]  # a tensor, which has this method

    @property
    def real(self) -> Tensor:
        """The real part."""
        return TABLE["real"](self)  # type: ignore[no-any-return]  # of a tensor it is one

    @property
    def imag(self) -> Tensor:
        """The imaginary part."""
        return TABLE["imag"](self)  # type: ignore[no-any-return]  # as above

    @property
    def flat(self) -> Iterator[Tensor]:
        """The elements, one after the other."""
        return iter(dispatch(np.ravel)(self))

    @property
    def device(self) -> str:
        """The Array API's name for where the numbers are: the memory of this computer."""
        return "cpu"

    def to_device(self, device: str, /, *, stream: Any = None) -> Self:
        """Return this tensor. Raises ValueError for any device but "cpu"."""
        if device != "cpu" or stream is not None:
            raise ValueError(f"t.to_device: there is one device, 'cpu', and not {device!r:.60}")
        return self

    def __array_namespace__(self, *, api_version: str | None = None) -> Any:
        """Return the functions that the Array API standard names, for tensors."""
        namespace = importlib.import_module("..numpy_api.array_api", __package__)
        if api_version not in (None, "2022.12", "2023.12", namespace.__array_api_version__):
            raise ValueError(f"the Array API of {api_version} is not known here")
        return namespace


def in_place_error(name: str) -> Exception:
    """Return the error for a method that would change a tensor under its graph."""
    return DTypeError(
        f"t.{name}() would change the tensor in place and bypass the graph: use np.{name}(t), which returns a new one"
    )
