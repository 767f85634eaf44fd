"""Gradients of tensors as arrays: the one to start from, un-broadcasting, and memory that no two of them share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import NonScalarError, ShapeError
from ..errors import gradients as on_gradients
from ..errors.operations import bad_rule
from ..ops import complex as complexes
from ..ops import reductions, shapes
from .arrays import array_of
from .node import ABSENT, Node, data_of
from .op import PLAIN_NUMBERS

if TYPE_CHECKING:
    from .tensor import Tensor


def seed(self: Tensor, given: Any) -> np.ndarray[Any, Any]:
    """Return the gradient to start from as an array of this tensor's shape."""
    if given is None:
        data = self._raw
        if data.size != 1:
            raise NonScalarError(on_gradients.start_of_shape(self.title, self.shape, self.where))
        if data.dtype.kind == "c":
            raise NonScalarError(on_gradients.complex_start(self.title, self.where))
        one = np.empty(data.shape, data.dtype)
        one.fill(1)
        return one
    array = array_of(data_of(given), self.dtype, what=f"the seed of {self.title}")
    if array.shape != self.shape:
        raise ShapeError(on_gradients.seed_of_shape(array.shape, self.title, self.shape, self.where))
    return array


def unbroadcast(self: Tensor, g: Any, z: Node, i: int) -> Any:
    """Return gradient `g` summed over the axes that were broadcast, in this tensor's shape and dtype."""
    data = self._raw
    if type(g) is np.ndarray and g.shape == data.shape and g.dtype is data.dtype:
        return g
    if g is None:
        return None
    if not isinstance(g, (np.ndarray, Node)):
        if type(g) in PLAIN_NUMBERS and g == 0:
            return None
        if not isinstance(g, (int, float, np.generic)):
            raise bad_rule(z, i, f"{g!r:.60} of type {type(g).__name__}")
        g = np.asarray(g)
    if g.shape != data.shape:
        g = summed_over_broadcast(g, data.shape, z, i)
    if g.dtype != data.dtype:
        if g.dtype.kind not in "biufc" or (g.dtype.kind == "c" and z._raw.dtype.kind == data.dtype.kind == "f"):
            raise bad_rule(z, i, f"an array of dtype {g.dtype}")
        g = complexes.real(g) if g.dtype.kind == "c" and data.dtype.kind == "f" else g  # see ops/complex.py
        g = shapes.astype(g, dtype=data.dtype)
    return g


def summed_over_broadcast(g: Any, shape: tuple[int, ...], z: Node, i: int) -> Any:
    """Return `g` summed over the axes along which an operand of `shape` was repeated."""
    new = g.ndim - len(shape)
    if new > 0 and g.shape[new:] == shape and z.y is not ABSENT:  # the commonest case: a bias, added to each example
        axes = (0,) if new == 1 else tuple(range(new))
        return reductions.added_up(g, axes, False) if type(g) is np.ndarray else reductions.sum(g, axis=axes)
    fits = new >= 0 and all(n in (1, m) for n, m in zip(shape, g.shape[new:], strict=True))
    if not fits or (len(z.inputs) == 1 and g.shape != z._raw.shape):  # one operand is stretched by the result alone
        raise bad_rule(z, i, f"a gradient of shape {g.shape}")
    repeated = [a + new for a, n in enumerate(shape) if n == 1 and g.shape[a + new] != 1]
    g = reductions.sum(g, axis=(*range(new), *repeated))
    return shapes.reshape(g, shape=shape) if repeated else g


def without_aliases(grads: Iterable[Any]) -> list[Any]:
    """Return gradients as arrays of which no two share memory, as those of x + y do."""
    kept, owners = [], set()
    for g in grads:
        if g is not None:
            if type(g) is not np.ndarray or g.base is not None or id(g) in owners:
                g = np.array(g)  # a view, another node's, or the NumPy scalar that the sum of 0-d arrays is
            owners.add(id(g))
        kept.append(g)
    return kept
