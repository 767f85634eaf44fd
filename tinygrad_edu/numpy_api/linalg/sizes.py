"""Norms of vectors and matrices, condition numbers and ranks."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...core.dispatch import implements
from ...core.node import data_of
from ...ops import arithmetic, shapes
from ...ops import reductions as reduce_rows
from ...ops.precision import floats
from ..arguments import flag, float_of, given, normalize_axes
from ..reductions import squeezed
from ..shaping import moveaxis, reshape
from .decompositions import svdvals
from .solving import inv


@implements(np.linalg.norm)
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: Any = False) -> Any:
    """Return the length of vectors or the size of matrices, by any of NumPy's norms."""
    x = floats(given(x))
    keepdims = flag(keepdims)
    if axis is None and (ord is None or len(shapes.shape(x)) == 1):
        if ord is None or ord == 2:
            return reduce_rows.norm(x, axis=None, keepdims=keepdims)
        axis = 0
    if axis is None:
        axis = tuple(range(len(shapes.shape(x))))
    axes = normalize_axes(axis, len(shapes.shape(x)))
    if len(axes) == 1:
        return vector_size(x, 2 if ord is None else ord, axes[0], keepdims)
    if len(axes) != 2:
        raise ValueError("Improper number of dimensions to norm.")
    return matrix_size(x, "fro" if ord is None else ord, axes, keepdims)


def vector_size(x: Any, ord: Any, axis: int, keepdims: bool) -> Any:
    """Return the p-norm along one axis."""
    if isinstance(ord, str):
        raise ValueError(f"Invalid norm order {ord!r} for vectors")
    if ord == 2:
        return reduce_rows.norm(x, axis=axis, keepdims=keepdims)
    size = arithmetic.absolute(x)
    if ord == math.inf:
        return reduce_rows.max(size, axis=axis, keepdims=keepdims)
    if ord == -math.inf:
        return reduce_rows.min(size, axis=axis, keepdims=keepdims)
    if ord == 0:
        return reduce_rows.sum(shapes.astype(size != 0, dtype=float_of(size)), axis=axis, keepdims=keepdims)
    if ord == 1:
        return reduce_rows.sum(size, axis=axis, keepdims=keepdims)
    return reduce_rows.p_norm(size, order=float(data_of(ord)), axis=axis, keepdims=keepdims)


def matrix_size(x: Any, ord: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    """Return the norm of matrices that two axes span."""
    row, column = axes
    if ord in ("fro", "f"):
        return reduce_rows.norm(x, axis=axes, keepdims=keepdims)
    if ord in (1, -1, math.inf, -math.inf):
        along, across = (row, column) if abs(ord) == 1 else (column, row)
        sums = reduce_rows.sum(arithmetic.absolute(x), axis=along, keepdims=True)
        z = (reduce_rows.max if ord > 0 else reduce_rows.min)(sums, axis=across, keepdims=True)
        return z if keepdims else squeezed(z, axes)
    if ord not in ("nuc", 2, -2):
        raise ValueError(f"Invalid norm order {ord!r} for matrices.")
    s = svdvals(moveaxis(x, axes, (-2, -1)))
    z = {"nuc": reduce_rows.sum, 2: reduce_rows.max, -2: reduce_rows.min}[ord](s, axis=-1)
    return reshape(z, tuple(1 if k in axes else n for k, n in enumerate(shapes.shape(x)))) if keepdims else z


@implements(np.linalg.vector_norm)
def vector_norm(x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
    """Return the length of vectors; by default of all elements as one."""
    x = floats(given(x))
    axes = normalize_axes(axis, len(shapes.shape(x)))
    if len(axes) == 1:
        return vector_size(x, ord, axes[0], keepdims)
    rest = [k for k in range(len(shapes.shape(x))) if k not in axes]
    flat = reshape(moveaxis(x, axes, range(-len(axes), 0)), (*(shapes.shape(x)[k] for k in rest), -1))
    z = vector_size(flat, ord, len(rest), False)
    return reshape(z, tuple(1 if k in axes else n for k, n in enumerate(shapes.shape(x)))) if keepdims else z


@implements(np.linalg.matrix_norm)
def matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    """Return the size of matrices."""
    return norm(x, ord, (-2, -1), keepdims)


@implements(np.linalg.cond)
def cond(x: Any, p: Any = None) -> Any:
    """Return how much a matrix can enlarge errors: its norm times that of its inverse."""
    x = given(x)
    if p in (None, 2, -2):
        s = svdvals(x)
        return s[..., -1] / s[..., 0] if p == -2 else s[..., 0] / s[..., -1]
    return norm(x, p, (-2, -1)) * norm(inv(x), p, (-2, -1))


@implements(np.linalg.matrix_rank)
def matrix_rank(A: Any, *args: Any, **keywords: Any) -> Any:  # noqa: N803  # NumPy's name
    """Return how many rows are independent: a constant."""
    return np.linalg.matrix_rank(data_of(given(A)), *args, **keywords)
