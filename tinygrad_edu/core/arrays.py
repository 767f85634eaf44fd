"""The data of tensors: arrays made from users' data, and the read-only views that users see."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import DTypeError, ShapeError, foreign_names, hints
from ..errors import data as sentences

REAL = "biuf"  # the kinds of dtype that are real numbers
NUMERIC_KINDS = REAL + "c"


def array_of(data: Any, dtype: Any = None, *, what: str = "a tensor") -> np.ndarray[Any, Any]:
    """Return a new array of native numbers made from an array, a number or nested lists.

    what: what the array is to become, for messages. Raises ShapeError for ragged lists, DTypeError for anything
    that is not numbers, and for complex ones where `dtype` is real.
    """
    if isinstance(data, np.ma.MaskedArray):
        raise DTypeError(sentences.mask_lost(what))
    try:
        array = np.array(data, dtype=None if isinstance(data, (np.ndarray, np.generic)) else dtype, subok=False)
    except ValueError as error:
        ragged = first_ragged(data)
        if ragged is None:
            raise DTypeError(sentences.unreadable(data, what, error)) from None
        raise ShapeError(sentences.ragged(what, ragged)) from None
    except TypeError as error:
        if dtype is not None and isinstance(data, (complex, list, tuple)):
            return array_of(np.array(data), dtype, what=what)  # complex numbers, which are refused by name
        raise DTypeError(sentences.unreadable(data, what, error)) from None
    allowed = NUMERIC_KINDS if dtype is None or np.dtype(dtype).kind == "c" else REAL
    if dtype is not None and array.dtype.kind in allowed:
        array = array.astype(dtype, copy=False)
    if array.dtype.kind not in allowed:
        raise DTypeError(sentences.not_real(array.dtype, what, first_odd(data)))
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def constant(x: Any) -> Any:
    """Return a constant operand as the graph may keep it: numbers as they are, arrays as private copies."""
    if type(x) is np.ndarray and x.dtype.kind in "biuf" and x.dtype.isnative and x.flags.writeable:
        copy = x.copy()  # the commonest case, before slower tests
        copy.setflags(write=False)
        return copy
    if isinstance(x, (bool, int, float, complex, np.bool_, np.number)):
        return x
    if isinstance(x, np.ndarray) and x.flags.owndata and not x.flags.writeable and x.dtype.kind in "biufc":
        return x  # nobody can write into it: no need for a copy
    copy = array_of(x)
    copy.flags.writeable = False
    return copy


def as_array(data: Any, op: str) -> np.ndarray[Any, Any]:
    """Return the result of a forward function as an array. Raises DTypeError where it is no numbers at all."""
    array = np.asarray(data)
    if array.dtype.kind not in "biufc":
        raise DTypeError(sentences.no_numbers(op, data))
    return array


def first_ragged(data: Any) -> str | None:
    """Say which of nested lists has another length than the first of its level; None if all agree."""
    if not isinstance(data, (list, tuple)) or not data:
        return None
    lengths = [len(row) if isinstance(row, (list, tuple, np.ndarray)) else None for row in data]
    for i, n in enumerate(lengths):
        if n != lengths[0]:
            mine, first = ("is a number" if m is None else f"has {m} element{'s' * (m != 1)}" for m in (n, lengths[0]))
            return f"row {i} {mine}, row 0 {first}"
    for i, row in enumerate(data):
        if found := first_ragged(row):
            return f"in row {i}, {found}"
    return None


def first_odd(data: Any) -> str:
    """Say which element is not a real number, where that can be told."""
    if isinstance(data, np.ndarray) and data.dtype.kind == "O":
        data = data.tolist()
    if isinstance(data, (list, tuple)):
        for i, part in enumerate(data):
            if isinstance(part, (list, tuple)):
                if found := first_odd(part):
                    return found.replace(" (element ", f" (element {i}, ", 1)
            elif not isinstance(part, (bool, int, float, np.floating, np.integer, np.bool_, np.ndarray)):
                return f" (element {i} is {part!r:.60})"
        return ""
    return "" if isinstance(data, np.ndarray) else f" ({data!r:.60} is a {type(data).__name__})"


class ReadOnly(np.ndarray[Any, Any]):
    """A view that cannot be written into. `a -= b` makes a new array, so that `w.data -= step` assigns."""

    def __array_wrap__(self, array: Any, context: Any = None, return_scalar: bool = False) -> Any:
        return array[()] if return_scalar else array  # results are plain arrays again

    def __repr__(self) -> str:
        return repr(np.asarray(self))

    def __setitem__(self, index: Any, new: Any) -> None:
        if not self.flags.writeable:
            raise ValueError(sentences.not_writable())
        super().__setitem__(index, new)


def _afresh(function: Callable[[Any, Any], Any]) -> Callable[[ReadOnly, Any], Any]:
    return lambda self, other: function(np.asarray(self), other)


for _name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul"):
    setattr(ReadOnly, f"__i{_name}__", _afresh(getattr(operator, f"__{_name}__")))


hints.hint(ReadOnly, "the data or gradient of a node, a NumPy array,", foreign_names.ARRAY)


def read_only(array: np.ndarray[Any, Any]) -> ReadOnly:
    """Return a read-only view of `array`, or of the scalar that NumPy makes of a 0-d one in arithmetic."""
    view = (array if type(array) is np.ndarray else np.asarray(array)).view(ReadOnly)
    view.setflags(write=False)
    return view
