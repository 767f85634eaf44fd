"""NumPy's functions that join arrays and take them apart again."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.dispatch import implements
from ..errors import ShapeError
from ..errors.where import users_line
from ..ops import shapes
from .arguments import at, cast_by_rule, dtype_of, given, normalize_axis, refuse_out, stack_parts
from .shaping import array_and_axis, atleast_1d, atleast_2d, atleast_3d, broadcast_to, ravel

__all__ = [
    "append", "array", "array_split", "block", "block_diag", "column_stack", "concat", "concatenate", "dsplit",
    "dstack", "hsplit", "hstack", "repeat", "split", "stack", "tile", "unstack", "vsplit", "vstack",
]  # fmt: skip


def array(x: Any, dtype: Any = None) -> Any:
    """Return nested lists of numbers and tensors as one tensor, through which gradients flow to each.

    Without a tensor among them: an array, as NumPy's function of that name.
    """
    whole = given(x)
    return whole if dtype is None else shapes.astype(whole, dtype=np.dtype(dtype))


@implements(np.concatenate)
def concatenate(
    arrays: Any, axis: int | None = 0, out: Any = None, *, dtype: Any = None, casting: str = "same_kind"
) -> Any:
    """Join arrays along an axis that they have; with axis=None, all their elements in a row."""
    refuse_out("concatenate", out)
    parts = [given(x) for x in arrays]
    if axis is None:
        parts, axis = [ravel(x) for x in parts], 0
    parts = [cast_by_rule("concatenate", x, dtype, casting) for x in parts]
    if not parts:
        raise ValueError(f"concatenate needs at least one array, as in concatenate([t]) (at {users_line()})")
    return shapes.concatenate(*parts, axis=axis)


concat = implements(np.concat)(concatenate)


@implements(np.stack)
def stack(arrays: Any, axis: int = 0, out: Any = None, *, dtype: Any = None, casting: str = "same_kind") -> Any:
    """Join arrays of one shape along a new axis."""
    refuse_out("stack", out)
    parts = [given(x) for x in arrays]
    if not parts:
        raise ValueError(f"stack needs at least one array, as in stack([t]) (at {users_line()})")
    for k, x in enumerate(parts):
        if shapes.shape(x) != shapes.shape(parts[0]):
            raise ShapeError(
                f"stack joins arrays of one shape: array {k} has shape {shapes.shape(x)}, "
                f"array 0 has {shapes.shape(parts[0])} (at {users_line()})"
            )
    return stack_parts([cast_by_rule("stack", x, dtype, casting) for x in parts], axis)


@implements(np.vstack)
def vstack(tup: Any, *, dtype: Any = None, casting: str = "same_kind") -> Any:
    """Join arrays one below the other."""
    return concatenate([atleast_2d(x) for x in tup], 0, dtype=dtype, casting=casting)


@implements(np.hstack)
def hstack(tup: Any, *, dtype: Any = None, casting: str = "same_kind") -> Any:
    """Join arrays side by side."""
    parts = [atleast_1d(x) for x in tup]
    return concatenate(parts, 0 if parts and len(shapes.shape(parts[0])) == 1 else 1, dtype=dtype, casting=casting)


@implements(np.dstack)
def dstack(tup: Any) -> Any:
    """Join arrays one behind the other."""
    return concatenate([atleast_3d(x) for x in tup], 2)


@implements(np.column_stack)
def column_stack(tup: Any) -> Any:
    """Join vectors as the columns of a matrix."""
    return concatenate([as_column(given(x)) for x in tup], 1)


def as_column(x: Any) -> Any:
    """Return a vector as a matrix of one column."""
    return x if len(shapes.shape(x)) >= 2 else shapes.reshape(x, shape=(-1, 1))


@implements(np.append)
def append(arr: Any, values: Any, axis: int | None = None) -> Any:
    """Return `arr` with `values` at its end."""
    return concatenate([given(arr), given(values)], axis)


@implements(np.block)
def block(arrays: Any) -> Any:
    """Join nested lists of blocks: the innermost side by side, each level outwards along the axis before."""

    def depth(x: Any) -> int:
        return 1 + depth(x[0]) if isinstance(x, list) else 0

    def widest(x: Any) -> int:
        return max(map(widest, x)) if isinstance(x, list) else len(shapes.shape(given(x)))

    ndim = max(depth(arrays), widest(arrays))

    def assembled(x: Any, level: int) -> Any:
        if not isinstance(x, list):
            part = given(x)
            return shapes.reshape(part, shape=(1,) * (ndim - len(shapes.shape(part))) + shapes.shape(part))
        return concatenate([assembled(part, level - 1) for part in x], -level)

    return assembled(arrays, depth(arrays))


def block_diag(*arrs: Any) -> Any:
    """Return the matrix that has matrices on its diagonal and zeros elsewhere; a vector counts as a row."""
    blocks = [atleast_2d(x) for x in arrs]
    if wrong := [shapes.shape(x) for x in blocks if len(shapes.shape(x)) != 2]:
        raise ShapeError(f"block_diag: {wrong[0]} is no matrix (at {users_line()})")
    width, left, rows = sum(shapes.shape(x)[1] for x in blocks), 0, []
    for x in blocks:
        height, n = shapes.shape(x)
        kind = dtype_of(x)
        rows.append(concatenate([np.zeros((height, left), kind), x, np.zeros((height, width - left - n), kind)], 1))
        left += n
    return concatenate(rows) if rows else np.zeros((0, 0))


@implements(np.array_split)
def array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """Take an array apart along an axis, at the given places or into so many parts, which may differ by one."""
    x = given(ary)
    axis = normalize_axis(axis, len(shapes.shape(x)))
    n = shapes.shape(x)[axis]
    if isinstance(indices_or_sections, (int, np.integer)):
        parts = int(indices_or_sections)
        if parts <= 0:
            raise ValueError("number sections must be larger than 0.")
        cuts = [(n // parts) * k + min(k, n % parts) for k in range(1, parts)]
    else:
        cuts = [int(k) for k in indices_or_sections]
    bounds = [0, *cuts, n]
    return [x[at(axis, slice(a, b))] for a, b in itertools.pairwise(bounds)]


@implements(np.split)
def split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """Take an array apart along an axis, at the given places or into so many equal parts."""
    n = shapes.shape(given(ary))[axis]
    if isinstance(indices_or_sections, (int, np.integer)) and n % indices_or_sections:
        raise ValueError(
            f"array split does not result in an equal division: {n} along axis {axis} into {indices_or_sections}"
        )
    return array_split(ary, indices_or_sections, axis)


@implements(np.vsplit)
def vsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    """Take an array apart along its first axis."""
    return split(ary, indices_or_sections, 0)


@implements(np.hsplit)
def hsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    """Take an array apart along its second axis; a vector along its only one."""
    return split(ary, indices_or_sections, 0 if len(shapes.shape(given(ary))) == 1 else 1)


@implements(np.dsplit)
def dsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    """Take an array apart along its third axis."""
    return split(ary, indices_or_sections, 2)


def unstack(x: Any, /, *, axis: int = 0) -> tuple[Any, ...]:
    """Take an array apart along an axis, which its parts lose."""
    x = given(x)
    axis = normalize_axis(axis, len(shapes.shape(x)))
    return tuple(x[at(axis, k)] for k in range(shapes.shape(x)[axis]))


if hasattr(np, "unstack"):  # from NumPy 2.1 on
    implements(np.unstack)(unstack)


@implements(np.tile)
def tile(A: Any, reps: Any) -> Any:  # noqa: N803  # NumPy's name
    """Repeat an array as a whole, so many times along each axis."""
    x = given(A)
    times: tuple[int, ...] = tuple(reps) if isinstance(reps, Sequence | np.ndarray) else (int(reps),)
    ndim = max(len(times), len(shapes.shape(x)))
    times = (1,) * (ndim - len(times)) + times
    shape = (1,) * (ndim - len(shapes.shape(x))) + shapes.shape(x)
    apart = tuple(n for pair in zip((1,) * ndim, shape, strict=True) for n in pair)
    spread = tuple(n for pair in zip(times, shape, strict=True) for n in pair)
    whole = broadcast_to(shapes.reshape(x, shape=apart), spread)
    return shapes.reshape(whole, shape=tuple(k * n for k, n in zip(times, shape, strict=True)))


@implements(np.repeat)
def repeat(a: Any, repeats: Any, axis: int | None = None) -> Any:
    """Repeat each element along an axis so many times."""
    x, axis = array_and_axis(a, axis)
    return x[at(axis, np.repeat(np.arange(shapes.shape(x)[axis]), repeats))]
