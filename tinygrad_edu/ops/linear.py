"""Rows of sums of products: the matrix product, and every other by its subscripts."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..op import op
from .shapes import shape

matmul = op(
    "matmul",
    "{} @ {}",
    np.matmul,
    lambda g, z, x, y: to_left(g, x, y),
    lambda g, z, x, y: to_right(g, x, y),
    tex="{} {}",
    linear=True,
    onnx="MatMul",
    doc="Multiply matrices: the last axis of x with the last but one of y; stacks of matrices pair up.",
)


def to_left(g: Any, x: Any, y: Any) -> Any:
    """Return g yᵀ, where a vector counts as the row or column that it stood for."""
    if len(shape(y)) == 1:
        return g[..., None] * y
    if len(shape(x)) == 1:
        return (g[..., None, :] @ y.mT)[..., 0, :]
    return g @ y.mT


def to_right(g: Any, x: Any, y: Any) -> Any:
    """Return xᵀ g, where a vector counts as the row or column that it stood for."""
    if len(shape(x)) == 1:
        return x[:, None] * g[..., None, :] if len(shape(y)) > 1 else x * g
    if len(shape(y)) == 1:
        return (x.mT @ g[..., None])[..., 0]
    return x.mT @ g
