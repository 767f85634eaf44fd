"""How a tensor answers NumPy: to `np.sum(t)`, `np.add(t, u)`, `np.add.reduce(t)`, and to the methods of an array.

The answers themselves are made of tensors, so they register here when they are first needed. Knows no operation.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Self, TypeVar

import numpy as np

from ..errors import DTypeError, hints
from ..errors.where import users_line
from ..ops import shapes
from .node import data_of
from .op import TABLE

if TYPE_CHECKING:
    from .tensor import Tensor

F = TypeVar("F", bound=Callable[..., Any])

MEANS_NOTHING = {"casting": "same_kind", "order": "K", "subok": True}  # NumPy's defaults of these keywords
HANDLED_FUNCTIONS: dict[Any, Callable[..., Any]] = {}  # NumPy's functions, and ours that answer for them
REFUSED: dict[Any, str] = {}  # NumPy's functions that have no answer, and what to do instead


def implements(*numpy_functions: Any) -> Callable[[F], F]:
    """Make a function the answer to NumPy's functions when they are handed a tensor."""

    def register(ours: F) -> F:
        HANDLED_FUNCTIONS.update(dict.fromkeys(numpy_functions, ours))
        return ours

    return register


def dispatch(function: Any) -> Callable[..., Any]:
    """Return the function that answers for one of NumPy, or for a method that all its ufuncs have.

    Raises DTypeError, a TypeError as NumPy's own is, where nothing does, with advice.
    """
    if function not in HANDLED_FUNCTIONS:
        importlib.import_module("..numpy_api", __package__)  # registers them all
    if function in HANDLED_FUNCTIONS:
        return HANDLED_FUNCTIONS[function]
    home = getattr(function, "__module__", None) or "numpy"  # a ufunc has no module
    name = f"{home.replace('numpy', 'np', 1)}.{getattr(function, '__name__', function)}"
    advice = REFUSED.get(
        function, "compose it of the functions of tinygrad_edu, or use .data to compute without a gradient"
    )
    raise DTypeError(f"{name} does not work on a tensor: {advice} (at {users_line()})")


def apply_ufunc(ufunc: np.ufunc, method: str, operands: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
    """Answer a ufunc, or one of its methods, that was handed a tensor."""
    name = ufunc.__name__
    if method == "__call__" and not keywords and name in TABLE:
        return TABLE[name](*operands)
    if any(out is not None for out in keywords.pop("out", ())):
        raise DTypeError(f"np.{name}: out= would bypass the graph; write y = np.{name}(x), and y = y + x for y += x")
    row = TABLE.get(name)
    if method != "__call__":
        return dispatch(method)(row or dispatch(ufunc), *operands, **keywords)
    dtype = keywords.pop("dtype", None)
    if keywords.pop("where", True) is not True:
        raise DTypeError(
            f"np.{name}: where= leaves the other places undefined; use np.where(condition, np.{name}(x), y)"
        )
    for keyword in keywords if row else ():  # functions that are no rows take keywords of their own
        if keywords[keyword] == MEANS_NOTHING.get(keyword):
            continue
        raise DTypeError(f"np.{name}: {keyword}= has no meaning in a graph; leave it out")
    if dtype is not None:
        operands = tuple(shapes.astype(x, dtype=np.dtype(dtype)) for x in operands)
    return row(*operands) if row else dispatch(ufunc)(*operands, **keywords)


def method_of(function: Any) -> Callable[..., Tensor]:
    """Return the method that does what a function of NumPy does."""

    def method(self: Any, *args: Any, **keywords: Any) -> Tensor:
        if keywords and (error := hints.keyword(function.__name__, keywords)) is not None:
            raise error
        return dispatch(function)(self, *args, **keywords)  # type: ignore[no-any-return]  # of a tensor it is one

    method.__name__ = function.__name__
    method.__doc__ = f"Return np.{function.__name__} of this tensor; see NumPy's description of it for the arguments."
    return method


class ArrayMethods:
    """The methods of NumPy's arrays that are not on the busiest path."""

    __slots__ = ()

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

    @property
    def nbytes(self) -> int:
        """How many bytes the numbers take."""
        return data_of(self).nbytes  # type: ignore[no-any-return]  # an array in this kind of node

    @property
    def itemsize(self) -> int:
        """How many bytes one number takes."""
        return data_of(self).itemsize  # type: ignore[no-any-return]  # as above


def in_place_error(name: str) -> Exception:
    """Return the error for a method that would change a tensor under its graph."""
    return DTypeError(
        f"t.{name}() would change the tensor in place and bypass the graph: use np.{name}(t), which returns a new one"
    )
