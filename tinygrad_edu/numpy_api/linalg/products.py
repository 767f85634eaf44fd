"""The products that `numpy.linalg` has names for, with its narrower signatures."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from ...core.dispatch import implements
from ...ops import linear
from .. import products
from ..arguments import given, refuse_out
from ..selecting import diagonal as diagonal_of
from ..shaping import matrix_transpose as swapped


@implements(np.linalg.multi_dot)
def multi_dot(arrays: Any, *, out: Any = None) -> Any:
    """Multiply several matrices, one after the other."""
    refuse_out("multi_dot", out)
    return functools.reduce(linear.matmul, [given(x) for x in arrays])


def diagonal(x: Any, /, *, offset: int = 0) -> Any:
    """Return a diagonal of matrices."""
    return diagonal_of(x, offset, -2, -1)


def trace(x: Any, /, *, offset: int = 0, dtype: Any = None) -> Any:
    """Add up a diagonal of matrices."""
    return products.trace(x, offset, -2, -1, dtype)


def outer(x1: Any, x2: Any, /) -> Any:
    """Multiply each element of one vector with each of another."""
    return products.outer(x1, x2)


def cross(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    """Return the vector product."""
    return products.cross(x1, x2, axis=axis)


def matmul(x1: Any, x2: Any, /) -> Any:
    """Multiply matrices."""
    return products.matmul(x1, x2)


def matrix_transpose(x: Any, /) -> Any:
    """Swap the last two axes."""
    return swapped(x)


def tensordot(x1: Any, x2: Any, /, *, axes: Any = 2) -> Any:
    """Multiply along pairs of axes, and every rest with every other."""
    return products.tensordot(x1, x2, axes)


def vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    """Multiply along an axis and add up."""
    return products.vecdot(x1, x2, axis=axis)


for _ours in (diagonal, trace, outer, cross, matmul, matrix_transpose, tensordot, vecdot):
    implements(getattr(np.linalg, _ours.__name__))(_ours)
