"""Rows of the functions that neurons end in."""

from __future__ import annotations

import math

import numpy as np

from ..op import op
from .compare import where


def _sigmoid(x: np.ndarray) -> np.ndarray:
    e = np.exp(-np.abs(x))  # never overflows
    return np.where(x >= 0, 1, e) / (1 + e)


def _sigmoid_of_float(x: float) -> float:
    e = math.exp(-abs(x))
    return (1.0 if x >= 0 else e) / (1.0 + e)


relu = op(
    "relu",
    "relu({})",
    lambda x: np.maximum(x, 0),
    lambda g, z, x: where(x <= 0, 0.0, g),  # 0 at the kink; a NaN is never hidden
    tex=r"\mathrm{{ReLU}}({})",
    scalar=lambda x: 0.0 if x <= 0 else x,
    elementwise=True,
    onnx="Relu",
)
sigmoid = op(
    "sigmoid",
    "sigmoid({})",
    _sigmoid,
    lambda g, z, x: g * z * sigmoid(-x),  # 1 - z would lose the digits of a small sigmoid(-x)
    tex=r"\sigma({})",
    scalar=_sigmoid_of_float,
    elementwise=True,
    onnx="Sigmoid",
)
softplus = op(
    "softplus",
    "softplus({})",
    lambda x: np.logaddexp(x, 0),
    lambda g, z, x: g * sigmoid(x),
    tex=r"\ln(1 + e^{{{}}})",
    scalar=lambda x: max(x, 0.0) + math.log1p(math.exp(-abs(x))),
    elementwise=True,
    onnx="Softplus",
)
