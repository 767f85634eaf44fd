"""NumPy's functions that give the same numbers another shape or order of axes."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from ..core.dispatch import implements
from ..core.node import data_of
from ..ops import arithmetic, shapes
from .arguments import at, cast, dtype_of, given, normalize_axes, normalize_axis, refuse, with_axis

__all__ = [
    "astype", "atleast_1d", "atleast_2d", "atleast_3d", "broadcast_arrays", "broadcast_to", "copy", "expand_dims",
    "flatten", "flip", "fliplr", "flipud", "matrix_transpose", "moveaxis", "permute_dims", "ravel", "reshape", "roll",
    "rollaxis", "rot90", "squeeze", "swapaxes", "transpose",
]  # fmt: skip


@implements(np.reshape)
def reshape(a: Any, /, shape: Any = None, order: str = "C", *, copy: bool | None = None) -> Any:
    """Give the elements another shape; one length may be -1. order: "C" counts the last axis fastest, "F" the first."""
    x = given(a)
    new = (shape,) if isinstance(shape, (int, np.integer)) else tuple(map(int, shape))
    if order == "F":
        return transpose(reshape(transpose(x), new[::-1]))
    refuse(
        "reshape",
        'use order="C" or "F"; to keep the first axis write t.reshape(len(t), -1)',
        order=None if order in ("C", "A") else order,
    )
    return shapes.reshape(x, shape=new)


@implements(np.ravel)
def ravel(a: Any, order: str = "C") -> Any:
    """Return all elements in a row; of order K, as they lie in memory."""
    if order != "K":
        return reshape(a, -1, order)
    x = given(a)
    strides = data_of(x).strides
    return reshape(transpose(x, sorted(range(len(strides)), key=lambda axis: -abs(strides[axis]))), -1)


def array_and_axis(a: Any, axis: int | None) -> tuple[Any, int]:
    """Return an array and the axis to go along, which is that of all its elements where none is named."""
    x = given(a)
    return (ravel(x), 0) if axis is None else (x, normalize_axis(axis, len(shapes.shape(x))))


def flatten(x: Any, order: str = "C") -> Any:
    """Return all elements in a row."""
    return ravel(x, order)


@implements(np.transpose)
def transpose(a: Any, axes: Any = None) -> Any:
    """Put the axes in another order; by default in the opposite one."""
    x = given(a)
    if axes is None:
        axes = range(len(shapes.shape(x)))[::-1]
    return shapes.transpose(x, axes=tuple(map(operator.index, axes)))


permute_dims = implements(np.permute_dims)(transpose)


@implements(np.matrix_transpose)
def matrix_transpose(x: Any, /) -> Any:
    """Swap the last two axes."""
    return shapes.mT(given(x))


@implements(np.swapaxes)
def swapaxes(a: Any, axis1: int, axis2: int) -> Any:
    """Swap two axes."""
    x = given(a)
    ndim = len(shapes.shape(x))
    order = list(range(ndim))
    i, j = normalize_axis(axis1, ndim), normalize_axis(axis2, ndim)
    order[i], order[j] = j, i
    return shapes.transpose(x, axes=tuple(order))


@implements(np.moveaxis)
def moveaxis(a: Any, source: Any, destination: Any) -> Any:
    """Move axes to other places; the others keep their order."""
    x = given(a)
    ndim = len(shapes.shape(x))
    start, end = normalize_axes(source, ndim), normalize_axes(destination, ndim)
    if len(start) != len(end):
        raise ValueError("`source` and `destination` arguments must have the same number of elements")
    order = [axis for axis in range(ndim) if axis not in start]
    for there, here in sorted(zip(end, start, strict=True)):
        order.insert(there, here)
    return shapes.transpose(x, axes=tuple(order))


@implements(np.rollaxis)
def rollaxis(a: Any, axis: int, start: int = 0) -> Any:
    """Move an axis backwards until it lies before `start`."""
    x = given(a)
    ndim = len(shapes.shape(x))
    axis = normalize_axis(axis, ndim)
    start = start + ndim if start < 0 else start
    if not 0 <= start <= ndim:
        raise np.exceptions.AxisError(start, ndim + 1)
    return moveaxis(x, axis, start - 1 if axis < start else start)


@implements(np.expand_dims)
def expand_dims(a: Any, axis: Any) -> Any:
    """Add axes of length 1, in the places that they have in the result."""
    x = given(a)
    axes = axis if isinstance(axis, (tuple, list)) else (axis,)
    shape = shapes.shape(x)
    for place in sorted(normalize_axes(tuple(axes), len(shape) + len(axes))):
        shape = with_axis(shape, place)
    return shapes.reshape(x, shape=shape)


@implements(np.squeeze)
def squeeze(a: Any, axis: Any = None) -> Any:
    """Drop axes of length 1."""
    x = given(a)
    shape = shapes.shape(x)
    gone = [k for k, n in enumerate(shape) if n == 1] if axis is None else normalize_axes(axis, len(shape))
    for k in gone:
        if shape[k] != 1:
            raise ValueError(
                f"cannot select an axis to squeeze out which has size not equal to one: axis {k} of {shape}"
            )
    return shapes.reshape(x, shape=tuple(n for k, n in enumerate(shape) if k not in gone))


@implements(np.broadcast_to)
def broadcast_to(array: Any, shape: Any, subok: bool = False) -> Any:
    """Repeat along axes of length 1, or new ones, up to a shape."""
    new = (shape,) if isinstance(shape, (int, np.integer)) else tuple(map(int, shape))
    return shapes.broadcast_to(given(array), shape=new)


@implements(np.broadcast_arrays)
def broadcast_arrays(*args: Any, subok: bool = False) -> tuple[Any, ...]:
    """Repeat arrays up to the shape that they have in common."""
    parts = [given(x) for x in args]
    shape = np.broadcast_shapes(*map(shapes.shape, parts))
    return tuple(broadcast_to(x, shape) for x in parts)


@implements(np.atleast_1d)
def atleast_1d(*arys: Any) -> Any:
    """Return each with at least one axis."""
    found = tuple(x if shapes.shape(x) else shapes.reshape(x, shape=(1,)) for x in map(given, arys))
    return found[0] if len(found) == 1 else found


@implements(np.atleast_2d)
def atleast_2d(*arys: Any) -> Any:
    """Return each with at least two axes; a vector becomes a row."""
    found = tuple(
        x if len(shapes.shape(x)) >= 2 else shapes.reshape(x, shape=(1, math.prod(shapes.shape(x))))
        for x in map(given, arys)
    )
    return found[0] if len(found) == 1 else found


@implements(np.atleast_3d)
def atleast_3d(*arys: Any) -> Any:
    """Return each with at least three axes; a vector lies along the second, a matrix in the first two."""
    found = tuple(shapes.reshape(x, shape=with_three_axes(shapes.shape(x))) for x in map(given, arys))
    return found[0] if len(found) == 1 else found


def with_three_axes(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return a shape with axes of length 1 where NumPy adds them."""
    return {0: (1, 1, 1), 1: (1, *shape, 1), 2: (*shape, 1)}.get(len(shape), shape)


@implements(np.flip)
def flip(m: Any, axis: Any = None) -> Any:
    """Turn axes round; by default all."""
    x = given(m)
    axes = normalize_axes(axis, len(shapes.shape(x)))
    return shapes.flip(x, axis=axes) if axes else x


@implements(np.flipud)
def flipud(m: Any) -> Any:
    """Turn the first axis round."""
    return flip(m, 0)


@implements(np.fliplr)
def fliplr(m: Any) -> Any:
    """Turn the second axis round."""
    return flip(m, 1)


@implements(np.rot90)
def rot90(m: Any, k: int = 1, axes: Any = (0, 1)) -> Any:
    """Turn a plane by k quarters, from the first of two axes towards the second."""
    x = given(m)
    first, second = normalize_axes(tuple(axes), len(shapes.shape(x)))
    if k % 4 == 0:
        return copied(x)
    if k % 4 == 2:
        return flip(x, (first, second))
    return flip(swapaxes(x, first, second), first) if k % 4 == 1 else swapaxes(flip(x, first), first, second)


@implements(np.roll)
def roll(a: Any, shift: Any, axis: Any = None) -> Any:
    """Move elements on along axes; those that fall off the end come back at the start."""
    x = given(a)
    if axis is None:
        return reshape(roll(ravel(x), shift, 0), shapes.shape(x))
    shifts, axes = np.broadcast_arrays(np.atleast_1d(shift), np.atleast_1d(axis))
    for by, one in zip(shifts.tolist(), axes.tolist(), strict=True):
        one = normalize_axis(one, len(shapes.shape(x)))
        if n := shapes.shape(x)[one]:
            x = shapes.concatenate(x[at(one, slice(n - by % n, None))], x[at(one, slice(0, n - by % n))], axis=one)
    return x


@implements(np.astype)
def astype(x: Any, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Any:
    """Convert to another dtype; as an integer or a boolean it is a constant."""
    return copied(x) if dtype_of(x) == dtype else cast(given(x), dtype)


@implements(np.copy)
def copied(a: Any, order: str = "K", subok: bool = False) -> Any:
    """Return the same numbers as a node of their own."""
    x = given(a)
    return shapes.astype(x, dtype=bool) if dtype_of(x).kind == "b" else arithmetic.positive(x)  # there is no +True


copy = copied  # the public name, which `astype` has a parameter of
