"""Rows that make fewer numbers of many."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..op import op
from .powers import exp
from .shapes import broadcast_to, restored, shape

sum = op(  # NumPy's name
    "sum",
    "sum({})",
    lambda x, axis=None, keepdims=False: np.add.reduce(x, axis=axis, keepdims=keepdims),
    lambda g, z, x, axis=None, keepdims=False: broadcast_to(restored(g, x, axis, keepdims), shape=shape(x)),
    tex=r"\sum {}",
    linear=True,
    onnx="ReduceSum",
    doc="Add up the elements along axes.",
)
mean = op(
    "mean",
    "mean({})",
    lambda x, axis=None, keepdims=False: np.mean(x, axis=axis, keepdims=keepdims),
    lambda g, z, x, axis=None, keepdims=False: broadcast_to(
        restored(g, x, axis, keepdims) / count(x, axis), shape=shape(x)
    ),
    tex=r"\mathrm{{mean}}({})",
    linear=True,
    onnx="ReduceMean",
    doc="Average the elements along axes.",
)
max = op(  # NumPy's name
    "max",
    "max({})",
    lambda x, axis=None, keepdims=False: np.max(x, axis=axis, keepdims=keepdims),
    lambda g, z, x, axis=None, keepdims=False: restored(g, x, axis, keepdims) * chosen(z, x, axis, keepdims),
    tex=r"\max({})",
    onnx="ReduceMax",
    doc="Find the largest element along axes; ties share the gradient.",
)
min = op(  # NumPy's name
    "min",
    "min({})",
    lambda x, axis=None, keepdims=False: np.min(x, axis=axis, keepdims=keepdims),
    lambda g, z, x, axis=None, keepdims=False: restored(g, x, axis, keepdims) * chosen(z, x, axis, keepdims),
    tex=r"\min({})",
    onnx="ReduceMin",
    doc="Find the smallest element along axes; ties share the gradient.",
)
logsumexp = op(
    "logsumexp",
    "logsumexp({})",
    lambda x, axis=None, keepdims=False: _logsumexp(x, axis, keepdims),
    lambda g, z, x, axis=None, keepdims=False: restored(g, x, axis, keepdims) * exp(x - restored(z, x, axis, keepdims)),
    tex=r"\ln \sum e^{{{}}}",
    onnx="ReduceLogSumExp",
    doc="Compute log(sum(exp(x))) along axes without overflow.",
)


def count(x: Any, axis: Any) -> int:
    """Return how many elements of `x` one result is made of."""
    if axis is None:
        return math.prod(shape(x))
    return math.prod(shape(x)[a] for a in (axis if isinstance(axis, tuple) else (axis,)))


def chosen(z: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    """Return each element's share in the extreme `z`: 1, nothing, or its part of a tie."""
    ties = (x == restored(z, x, axis, keepdims)) * 1.0
    return ties / sum(ties, axis=axis, keepdims=True)


def _logsumexp(x: np.ndarray, axis: Any, keepdims: bool) -> np.ndarray:
    largest = np.max(x, axis=axis, keepdims=True, initial=-np.inf)
    largest = np.where(np.isfinite(largest), largest, 0)
    z = np.log(np.sum(np.exp(x - largest), axis=axis, keepdims=True)) + largest
    return z if keepdims else np.squeeze(z, axis=axis)
