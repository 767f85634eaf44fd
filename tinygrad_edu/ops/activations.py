"""Activation functions. At a kink each has the slope of its flatter side."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from ..core.op import op
from .arithmetic import absolute
from .compare import logical_and, where
from .complex import rightward
from .powers import exp
from .precision import floating, real_numbers
from .special import erfc


def _sigmoid(x: np.ndarray) -> np.ndarray:
    x = floating(x)
    e = np.exp(-rightward(x))  # never overflows
    return np.where(x.real >= 0, 1, e) / (1 + e)


def _sigmoid_of_float(x: float) -> float:
    e = math.exp(-abs(x))
    return (1.0 if x >= 0 else e) / (1.0 + e)


@functools.lru_cache(16)
def readonly_zeros(shape: tuple[int, ...], dtype: np.dtype[Any]) -> np.ndarray:
    """Return zeros, which nobody may write into."""
    found = np.zeros(shape, dtype)
    found.flags.writeable = False
    return found


def _relu(x: np.ndarray) -> np.ndarray:
    """Compare few numbers with as many zeros: of two arrays NumPy compares several numbers at once."""
    few = type(x) is np.ndarray and x.size <= 32768 and x.flags.c_contiguous
    return np.maximum(x, readonly_zeros(x.shape, x.dtype) if few else 0)


relu = op(
    "relu",
    "relu({})",
    _relu,
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
    lambda x: np.logaddexp(floating(x), 0),
    lambda g, z, x: g * sigmoid(x),
    tex=r"\ln(1 + e^{{{}}})",
    scalar=lambda x: max(x, 0.0) + math.log1p(math.exp(-abs(x))),
    elementwise=True,
    onnx="Softplus",
)
leaky_relu = op(
    "leaky_relu",
    "leaky_relu({})",
    lambda x, slope=0.01: np.where(x > 0, x, slope * floating(x)),
    lambda g, z, x, slope=0.01: where(x > 0, g, g * slope),  # the slope of the left side at the kink
    tex=r"\mathrm{{LeakyReLU}}({})",
    scalar=lambda x, slope=0.01: x if x > 0 else slope * x,
    elementwise=True,
    onnx="LeakyRelu",
)
elu = op(
    "elu",
    "elu({})",
    lambda x, alpha=1.0: np.where(x > 0, x, alpha * np.expm1(np.where(x > 0, 0, floating(x)))),
    lambda g, z, x, alpha=1.0: where(x > 0, g, g * alpha * exp(where(x > 0, 0.0, x))),
    tex=r"\mathrm{{ELU}}({})",
    scalar=lambda x, alpha=1.0: x if x > 0 else alpha * math.expm1(x),
    elementwise=True,
    onnx="Elu",
)
silu = op(
    "silu",
    "silu({})",
    lambda x: floating(x) * _sigmoid(x),
    lambda g, z, x: g * (sigmoid(x) + x * sigmoid(x) * sigmoid(-x)),
    tex=r"\mathrm{{SiLU}}({})",
    scalar=lambda x: x * _sigmoid_of_float(x),
    elementwise=True,
)
gelu = op(
    "gelu",
    "gelu({})",
    lambda x: floating(x) * (0.5 * erfc.forward(floating(x) * -math.sqrt(0.5))),
    lambda g, z, x: g * (0.5 * erfc(x * -math.sqrt(0.5)) + x * exp(-0.5 * x * x) / math.sqrt(2 * math.pi)),
    tex=r"\mathrm{{GELU}}({})",
    scalar=lambda x: x * 0.5 * math.erfc(-x * math.sqrt(0.5)),
    elementwise=True,
    onnx="Gelu",
)
softsign = op(
    "softsign",
    "softsign({})",
    lambda x: real_numbers(x, "softsign") / (1 + np.abs(floating(x))),
    lambda g, z, x: g / (1 + absolute(x)) / (1 + absolute(x)),
    tex=r"\mathrm{{softsign}}({})",
    scalar=lambda x: x / (1.0 + abs(x)),
    elementwise=True,
    onnx="Softsign",
    doc="Compute x / (1 + |x|).",
)
hardtanh = op(
    "hardtanh",
    "hardtanh({})",
    lambda x, low=-1.0, high=1.0: np.clip(floating(x), low, high),
    lambda g, z, x, low=-1.0, high=1.0: where(logical_and(x > low, x < high), g, 0.0),  # 0 at both kinks
    tex=r"\mathrm{{hardtanh}}({})",
    scalar=lambda x, low=-1.0, high=1.0: min(max(x, low), high) if x == x else x,
    elementwise=True,
)
