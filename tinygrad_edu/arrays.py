"""What may become the data of a tensor, and how users see that data: as arrays that cannot be written into."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from .errors import DTypeError, ShapeError

ALLOWED = "booleans, integers and floating-point numbers"


def array_of(data: Any, dtype: Any = None) -> np.ndarray[Any, Any]:
    """Return a new array of native numbers made from an array, a number or nested lists.

    Raises ShapeError for ragged lists, DTypeError for anything that is not real numbers.
    """
    if isinstance(data, np.ma.MaskedArray):
        raise DTypeError("a masked array cannot become a tensor, which would lose the mask: use .filled(value) first")
    try:
        array = np.array(data, dtype=dtype, subok=False)
    except ValueError as error:
        ragged = first_ragged(data)
        if ragged is None:
            raise DTypeError(f"{data!r:.60} cannot become a tensor: {error}") from None
        raise ShapeError(f"ragged data cannot become a tensor: {ragged}") from None
    except TypeError as error:
        raise DTypeError(f"{data!r:.60} cannot become a tensor: {error}") from None
    if array.dtype.kind not in "biuf":
        raise DTypeError(
            f"data of dtype {array.dtype} cannot become a tensor{first_odd(data)}: only {ALLOWED} can be differentiated"
        )
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def constant(x: Any) -> Any:
    """Return a constant operand as the graph may keep it: numbers as they are, arrays as private copies."""
    if isinstance(x, (bool, int, float, np.bool_, np.integer, np.floating)):
        return x
    if isinstance(x, np.ndarray) and x.flags.owndata and not x.flags.writeable and x.dtype.kind in "biufc":
        return x  # nobody can write into it: no need for a copy
    if isinstance(x, (complex, np.complexfloating)) or (isinstance(x, np.ndarray) and x.dtype.kind == "c"):
        copy = np.array(x)
    else:
        copy = array_of(x)
    copy.flags.writeable = False
    return copy


def first_ragged(data: Any, path: str = "row") -> str | None:
    """Say which of nested lists has another length than the first of its level; None if all agree."""
    if not isinstance(data, (list, tuple)) or not data:
        return None
    lengths = [len(row) if isinstance(row, (list, tuple, np.ndarray)) else None for row in data]
    for i, n in enumerate(lengths):
        if n != lengths[0]:
            mine, first = ("is a number" if m is None else f"has {m} element{'s' * (m != 1)}" for m in (n, lengths[0]))
            return f"{path} {i} {mine}, {path} 0 {first}"
    for i, row in enumerate(data):
        if found := first_ragged(row, f"in row {i}, row"):
            return found
    return None


def first_odd(data: Any) -> str:
    """Say which element of nested lists is not a number, where that can be told."""
    if isinstance(data, (list, tuple)):
        for i, part in enumerate(data):
            if isinstance(part, (list, tuple)):
                if found := first_odd(part):
                    return found.replace(" (element ", f" (element {i}, ", 1)
            elif not isinstance(part, (bool, int, float, np.generic, np.ndarray)):
                return f" (element {i} is {part!r:.60})"
    return ""


class ReadOnly(np.ndarray[Any, Any]):
    """A view that cannot be written into. `a -= b` makes a new array, so that `w.data -= step` assigns."""

    def __array_wrap__(self, array: Any, context: Any = None, return_scalar: bool = False) -> Any:
        return array[()] if return_scalar else array  # results are plain arrays again

    def __repr__(self) -> str:
        return repr(np.asarray(self))


def _afresh(function: Callable[[Any, Any], Any]) -> Callable[[ReadOnly, Any], Any]:
    return lambda self, other: function(np.asarray(self), other)


for _name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul"):
    setattr(ReadOnly, f"__i{_name}__", _afresh(getattr(operator, f"__{_name}__")))


def read_only(array: np.ndarray[Any, Any]) -> ReadOnly:
    """Return a read-only view of `array`."""
    view = array.view(ReadOnly)
    view.flags.writeable = False
    return view
