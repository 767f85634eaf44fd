"""Indexing: rows that pick elements of an array and rows that put them back; each is the other's derivative.

The integer and boolean arrays of an index are operands, because they are data; slices, `...`, None and plain
integers are part of the operation. Where an array goes, the key holds `HERE`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.op import op
from .compare import where
from .shapes import shape

HERE: Any = "HERE"  # a placeholder in a key, for the next index operand

getitem = op(
    "getitem",
    "{}[{}]",
    lambda x, *indices, key: x[numpy_index(key, indices)],
    lambda g, z, x, *indices, key: put(g, *indices, key=key, shape=shape(x)),
    tex="{}[{}]",
    linear=True,
    doc="Pick elements by any of NumPy's kinds of index.",
)
put = op(
    "put",
    "put({})",
    lambda x, *indices, key, shape: _put(x, numpy_index(key, indices), shape),
    lambda g, z, x, *indices, key, shape: getitem(g, *indices, key=key),
    tex=r"\mathrm{{put}}({})",
    linear=True,
    doc="Put elements into an array of zeros; elements for the same place are added.",
)

setitem = op(
    "setitem",
    "setitem({}, {})",
    lambda x, y, *indices, key: _set(x, y, numpy_index(key, indices)),
    lambda g, z, x, y, *indices, key: setitem(g, 0.0, *indices, key=key),
    lambda g, z, x, y, *indices, key: last_written(g, x, *indices, key=key),
    tex=r"\mathrm{{setitem}}({}, {})",
    doc="Copy x with y in the places that an index picks.",
)


BASIC_INDEX_TYPES = frozenset((int, slice, type(None), type(Ellipsis)))  # the parts of an index that stay in its key


def split_index(key: Any) -> tuple[tuple[Any, ...], list[Any]]:
    """Return a NumPy index as a key, and the arrays and nodes that were in it."""
    parts = key if isinstance(key, tuple) else (key,)
    if BASIC_INDEX_TYPES.issuperset(map(type, parts)):  # the commonest case, without the questions below
        return parts, []
    if any(isinstance(part, (str, bytes)) for part in parts):
        raise IndexError(f"integers, slices, `...`, None and arrays of them index a tensor, and {key!r:.60} does not")
    plain = [part is None or part is Ellipsis or isinstance(part, (slice, int)) for part in parts]
    return (
        tuple(part if is_plain else HERE for part, is_plain in zip(parts, plain, strict=True)),
        [part for part, is_plain in zip(parts, plain, strict=True) if not is_plain],
    )


def numpy_index(key: tuple[Any, ...], indices: tuple[Any, ...]) -> Any:
    """Return the NumPy index that `key` and the arrays for its placeholders make."""
    if not indices:
        return key
    arrays = iter(indices)
    return tuple(next(arrays) if part is HERE else part for part in key)


def _put(x: Any, index: Any, shape: tuple[int, ...]) -> np.ndarray:
    whole = np.zeros(shape, np.asarray(x).dtype)  # a number, where a formula begins from 1
    if any(isinstance(part, np.ndarray) and part.dtype != bool for part in index):
        np.add.at(whole, index, x)  # the same element may be picked twice
    else:
        whole[index] = x
    return whole


def last_written(g: Any, x: Any, *indices: Any, key: tuple[Any, ...]) -> Any:
    """Return the gradient of the numbers written; of two for one place, only the last has stayed."""
    picked = getitem(g, *indices, key=key)
    if all(shape(index) == () for index in indices):
        return picked
    turns = np.arange(math.prod(shape(picked))).reshape(shape(picked))
    stayed = getitem(setitem(np.zeros(shape(x), int), turns, *indices, key=key), *indices, key=key)
    return where(stayed == turns, picked, 0.0)


def _set(x: np.ndarray, y: Any, index: Any) -> np.ndarray:
    whole = np.array(x)
    whole[index] = y
    return whole
