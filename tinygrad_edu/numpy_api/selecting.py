"""NumPy's functions that pick elements, by their place or by a condition."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from ..core.dispatch import implements
from ..core.node import Node, data_of
from ..errors import DTypeError
from ..errors.where import users_line
from ..ops import arithmetic, compare, indexing, shapes
from ..ops.complex import imag, is_complex, real
from .arguments import at, cast, dtype_of, given, refuse_out
from .joining import concatenate
from .shaping import array_and_axis, broadcast_to, copied, moveaxis, ravel, reshape

__all__ = [
    "choose", "clip", "compress", "delete", "diag", "diagflat", "diagonal", "extract", "full", "full_like", "insert",
    "nan_to_num", "select", "take", "take_along_axis", "tril", "triu", "where",
]  # fmt: skip


@implements(np.where)
def where(condition: Any, /, *choices: Any) -> Any:
    """Choose x where the condition holds and y elsewhere; with the condition alone, return where it holds."""
    if not choices:
        return np.nonzero(data_of(given(condition)))
    if len(choices) != 2:
        raise ValueError("either both or neither of x and y should be given")
    return compare.where(condition, *choices)


@implements(np.clip)
def clip(
    a: Any, a_min: Any = None, a_max: Any = None, out: Any = None, *, min: Any = None, max: Any = None, **unused: Any
) -> Any:
    """Limit numbers to an interval, at whose bounds gradients pass. None: no bound."""
    refuse_out("clip", out)
    if unused:
        raise DTypeError(f"clip: {next(iter(unused))}= has no meaning in a graph; leave it out")
    if not (a_min is a_max is None or min is max is None):
        raise ValueError(f"clip: give the bounds once, as min and max or as a_min and a_max (at {users_line()})")
    low, high = (a_min if min is None else min), (a_max if max is None else max)
    least, most = bounds_of(dtype_of(a))
    return arithmetic.clip(
        a if isinstance(a, Node) else given(a), least if low is None else low, most if high is None else high
    )


def bounds_of(kind: np.dtype[Any]) -> tuple[Any, Any]:
    """Return the least and the largest number of a dtype."""
    if kind.kind in "iu":
        return np.iinfo(kind).min, np.iinfo(kind).max
    return (False, True) if kind.kind == "b" else (-math.inf, math.inf)


def check_mode(name: str, mode: str) -> None:
    """Raise ValueError for a way of treating places outside that there is not."""
    if mode not in ("raise", "wrap", "clip"):
        raise ValueError(f"{name}: mode is 'raise', 'wrap' or 'clip', not {mode!r:.40} (at {users_line()})")


@implements(np.take)
def take(a: Any, indices: Any, axis: int | None = None, out: Any = None, mode: str = "raise") -> Any:
    """Pick elements along an axis by their places. mode, for places outside: "raise", "wrap" or "clip"."""
    refuse_out("take", out)
    check_mode("take", mode)
    x, axis = array_and_axis(a, axis)
    n = shapes.shape(x)[axis]
    if mode == "wrap":
        indices = arithmetic.remainder(given(indices), n)
    elif mode == "clip":
        indices = clip(given(indices), 0, n - 1)
    key, arrays = indexing.split_index(at(axis, given(indices)))
    return indexing.getitem(x, *arrays, key=key)  # an array would ask a node for its numbers


@implements(np.take_along_axis)
def take_along_axis(arr: Any, indices: Any, axis: int | None = -1) -> Any:
    """Pick elements by places that differ from one line along an axis to the next, such as `argsort` returns."""
    (x, axis), places = array_and_axis(arr, axis), given(indices)
    ndim = len(shapes.shape(x))
    lines = [np.arange(n).reshape((n,) + (1,) * (ndim - a - 1)) for a, n in enumerate(shapes.shape(x))]
    return x[tuple(places if a == axis else line for a, line in enumerate(lines))]


@implements(np.compress)
def compress(condition: Any, a: Any, axis: int | None = None, out: Any = None) -> Any:
    """Pick the parts along an axis for which the condition holds."""
    refuse_out("compress", out)
    return take(a, np.flatnonzero(data_of(given(condition))), axis)


@implements(np.extract)
def extract(condition: Any, arr: Any) -> Any:
    """Return the elements for which the condition holds."""
    return take(ravel(arr), np.flatnonzero(data_of(given(condition))))


@implements(np.delete)
def delete(arr: Any, obj: Any, axis: int | None = None) -> Any:
    """Return an array without the parts at some places along an axis."""
    x, axis = array_and_axis(arr, axis)
    return x[at(axis, np.delete(np.arange(shapes.shape(x)[axis]), data_of(obj)))]


@implements(np.insert)
def insert(arr: Any, obj: Any, values: Any, axis: int | None = None) -> Any:
    """Return an array with `values` put in before some places along an axis."""
    (x, axis), new = array_and_axis(arr, axis), cast(given(values), dtype_of(given(arr)))
    n = shapes.shape(x)[axis]
    marks = np.insert(np.arange(n), data_of(obj), -1)
    one_place = np.ndim(data_of(obj)) == 0 and not isinstance(obj, slice)
    if one_place and len(shapes.shape(new)):  # NumPy lets the first axis of the values be the one inserted along
        new = moveaxis(
            reshape(new, (1,) * (len(shapes.shape(x)) - len(shapes.shape(new))) + shapes.shape(new)), 0, axis
        )
        marks = np.insert(np.arange(n), [int(data_of(obj))] * shapes.shape(new)[axis], -1)
    added = int(np.sum(marks == -1))
    shape = shapes.shape(x)
    both = concatenate([x, broadcast_to(new, (*shape[:axis], added, *shape[axis + 1 :]))], axis)
    places = np.where(marks == -1, n + np.cumsum(marks == -1) - 1, marks)
    return both[at(axis, places)]


@implements(np.select)
def select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    """Choose by the first condition that holds, and the default where none does."""
    if len(condlist) != len(choicelist):
        raise ValueError("list of cases must be same length as list of conditions")
    pairs = list(zip(condlist, choicelist, strict=True))[::-1]
    return functools.reduce(lambda rest, pair: compare.where(pair[0], pair[1], rest), pairs, default)


@implements(np.choose)
def choose(a: Any, choices: Any, out: Any = None, mode: str = "raise") -> Any:
    """Choose each element from one of several arrays, by its number."""
    refuse_out("choose", out)
    check_mode("choose", mode)
    numbers = np.asarray(data_of(given(a)))
    if mode != "raise":
        numbers = numbers % len(choices) if mode == "wrap" else np.clip(numbers, 0, len(choices) - 1)
    elif numbers.size and not 0 <= numbers.min() <= numbers.max() < len(choices):
        raise ValueError("invalid entry in choice array")
    shape = np.broadcast_shapes(numbers.shape, *(shapes.shape(given(c)) for c in choices))
    first, *rest = (given(c) for c in choices)
    return broadcast_to(select([numbers == k for k in range(1, len(choices))], rest, first), shape)


@implements(np.nan_to_num)
def nan_to_num(x: Any, copy: bool = True, nan: float = 0.0, posinf: Any = None, neginf: Any = None) -> Any:
    """Replace NaN and infinities by numbers, through which no gradient passes."""
    x = given(x)
    if is_complex(x):
        parts = (nan_to_num(part, copy, nan, posinf, neginf) for part in (real(x), imag(x)))
        return next(parts) + next(parts) * np.asarray(1j, dtype_of(x))
    if dtype_of(x).kind in "biu":
        return copied(x)
    limits = np.finfo(dtype_of(x))
    most, least = (limits.max if posinf is None else posinf), (limits.min if neginf is None else neginf)
    infinite = compare.where(x > 0, limits.dtype.type(most), limits.dtype.type(least))
    return compare.where(compare.isfinite(x), x, compare.where(compare.isnan(x), nan, infinite))


@implements(np.diagonal)
def diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """Return a diagonal of the matrices that two axes span, as the last axis."""
    x = moveaxis(a, (axis1, axis2), (-2, -1))
    rows, columns = shapes.shape(x)[-2:]
    n = max(0, min(rows + min(offset, 0), columns - max(offset, 0)))
    return x[(..., np.arange(n) - min(offset, 0), np.arange(n) + max(offset, 0))]


@implements(np.diag)
def diag(v: Any, k: int = 0) -> Any:
    """Return the diagonal of a matrix, or the matrix that has a vector on its diagonal."""
    x = given(v)
    if len(shapes.shape(x)) == 2:
        return diagonal(x, k)
    if len(shapes.shape(x)) != 1:
        raise ValueError(f"diag needs a vector or a matrix, not shape {shapes.shape(x)}")
    n = shapes.shape(x)[0]
    return put_at(x, (np.arange(n) - min(k, 0), np.arange(n) + max(k, 0)), (n + abs(k), n + abs(k)))


def put_at(x: Any, index: Any, shape: tuple[int, ...]) -> Any:
    """Return an array of zeros with `x` in the places of an index."""
    key, arrays = indexing.split_index(index)
    return indexing.put(x, *arrays, key=key, shape=shape)


@implements(np.diagflat)
def diagflat(v: Any, k: int = 0) -> Any:
    """Return the matrix that has all elements on its diagonal."""
    return diag(ravel(v), k)


def lengths_of(x: Any) -> tuple[int, int]:
    """Return how many rows and columns a matrix has."""
    rows, columns = shapes.shape(x)[-2:]
    return rows, columns


@implements(np.tril)
def tril(m: Any, k: int = 0) -> Any:
    """Return the lower triangle: zeros above the k-th diagonal."""
    x = given(m)
    return compare.where(np.tri(*lengths_of(x), k=k, dtype=bool), x, nothing(x))


@implements(np.triu)
def triu(m: Any, k: int = 0) -> Any:
    """Return the upper triangle: zeros below the k-th diagonal."""
    x = given(m)
    return compare.where(np.tri(*lengths_of(x), k=k - 1, dtype=bool), nothing(x), x)


def nothing(x: Any) -> Any:
    """Return a zero that changes no dtype."""
    return False if dtype_of(x).kind == "b" else 0


@implements(np.full_like)
def full_like(
    a: Any,
    fill_value: Any,
    dtype: Any = None,
    order: str = "K",
    subok: bool = True,
    shape: Any = None,
    *,
    device: Any = None,
) -> Any:
    """Return a tensor of the shape of `a`, filled with numbers through which gradients flow."""
    return full(shapes.shape(given(a)) if shape is None else shape, fill_value, dtype or dtype_of(a))


def full(shape: Any, fill_value: Any, dtype: Any = None) -> Any:
    """Return an array of a shape, filled with numbers through which gradients flow."""
    x = given(fill_value)
    return broadcast_to(x if dtype is None else shapes.astype(x, dtype=np.dtype(dtype)), shape)
