"""What layers compute, as functions, with PyTorch's names and meanings; made of rows of the table.

They work on tensors, on plain arrays, and element by element on Values. The losses stand in `losses`, and what looks
through windows in `images`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.context import tracing
from ..core.node import Node, data_of
from ..errors import DTypeError
from ..errors.operations import layer_misfit
from ..errors.where import users_line
from ..numpy_api.arguments import given
from ..ops import activations, losses, powers, trigonometry
from ..ops import linear as products
from ..ops.precision import HALF, exact, floats, rounded
from . import init
from .arguments import fraction
from .images import adaptive_avg_pool2d, avg_pool2d, conv1d, conv2d, max_pool2d
from .losses import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    huber_loss,
    l1_loss,
    mse_loss,
    nll_loss,
    smooth_l1_loss,
)

__all__ = [
    "adaptive_avg_pool2d",
    "avg_pool2d",
    "batch_norm",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "conv1d",
    "conv2d",
    "cross_entropy",
    "dropout",
    "elu",
    "embedding",
    "gelu",
    "huber_loss",
    "l1_loss",
    "layer_norm",
    "leaky_relu",
    "linear",
    "log_softmax",
    "max_pool2d",
    "mse_loss",
    "nll_loss",
    "one_hot",
    "relu",
    "sigmoid",
    "silu",
    "smooth_l1_loss",
    "softmax",
    "softplus",
    "tanh",
]

relu = activations.relu
gelu = activations.gelu
sigmoid = activations.sigmoid
silu = activations.silu
softplus = activations.softplus
tanh = trigonometry.tanh


def leaky_relu(x: Any, negative_slope: float = 0.01) -> Any:
    """Return x, and `negative_slope` times x where it is not positive."""
    return activations.leaky_relu(x, slope=negative_slope)


def elu(x: Any, alpha: float = 1.0) -> Any:
    """Return x where it is positive, else alpha (exp(x) - 1)."""
    return activations.elu(x, alpha=alpha)


def softmax(x: Any, dim: int = -1) -> Any:
    """Return probabilities along `dim`, in the ratio of exp(x)."""
    return losses.softmax(given(x), axis=dim)


def log_softmax(x: Any, dim: int = -1) -> Any:
    """Return the logarithms of `softmax`, which stay finite where probabilities round to zero."""
    return losses.log_softmax(given(x), axis=dim)


def one_hot(labels: Any, classes: int) -> Any:
    """Return a row for each label, with a 1 at the label and 0 elsewhere."""
    return losses.one_hot(labels, classes=classes)


def linear(x: Any, weight: Any, bias: Any = None) -> Any:
    """Return x Wᵀ + b: (…, n_out) for `x` (…, n_in) and `weight` (n_out, n_in). Raises ShapeError."""
    if bias is not None and isinstance(weight, Node):
        return products.linear(x, weight, bias)  # arrays are made of lists there
    x, weight = (y if isinstance(y, Node) else np.asarray(y) for y in (x, weight))
    if bias is not None:
        return products.linear(x, weight, np.asarray(bias) if isinstance(bias, (list, tuple)) else bias)
    if len(weight.shape) < 2 or x.shape[-1:] != weight.shape[-1:]:
        raise layer_misfit(x.shape, weight.shape)
    return x @ weight.mT


def dropout(x: Any, p: float = 0.5, training: bool = True, *, rng: init.Rng = None) -> Any:
    """Return `x` with each element dropped with probability `p` and the others divided by 1 - p, in training only."""
    p = fraction("dropout", "p", p)
    if not training or p == 0:
        return x
    x = floats(x)
    rng, tracer = init.generator(rng), tracing()
    kept = (rng.random(x.shape) if tracer is None else tracer.draw(rng, x.shape)) >= p
    return x * (kept / (1 - p)).astype(x.dtype)


def embedding(words: Any, weight: Any) -> Any:
    """Return the row of `weight` for each of `words`, which are whole numbers. Raises DTypeError, IndexError."""
    numbers = np.asarray(data_of(words))
    if numbers.dtype.kind not in "iu":
        raise DTypeError(f"embedding: words are looked up by whole numbers, not by {numbers.dtype} (at {users_line()})")
    wrong = np.flatnonzero((numbers < 0) | (numbers >= len(weight)))
    if wrong.size:
        raise IndexError(
            f"embedding: word {numbers.flat[wrong[0]]}, but there are {len(weight)} words (0–{len(weight) - 1}) "
            f"(at {users_line()})"
        )
    return weight[words if isinstance(words, Node) else numbers]


def layer_norm(x: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Any:
    """Return each row of `x` with mean 0 and variance 1, then scaled by `weight` and shifted by `bias`."""
    numbers = exact(x)
    centred = numbers - numbers.mean(axis=-1, keepdims=True)
    z = scaled(centred, (centred * centred).mean(axis=-1, keepdims=True), weight, bias, eps)
    return narrowed(z, x, weight, bias)


def batch_norm(x: Any, mean: Any, variance: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Any:
    """Return `x` less `mean`, in units of its deviation, then scaled by `weight` and shifted by `bias`."""
    return narrowed(scaled(exact(x) - exact(mean), exact(variance), weight, bias, eps), x, weight, bias)


def narrowed(z: Any, *operands: Any) -> Any:
    """Return what was computed in single precision in half precision, if all operands are in half precision."""
    return rounded(z, operands[0]) if all(getattr(y, "dtype", HALF) is HALF for y in operands) else z


def scaled(centred: Any, variance: Any, weight: Any, bias: Any, eps: float) -> Any:
    """Return numbers of mean 0 in units of their deviation, then scaled and shifted."""
    z = centred / powers.sqrt(variance + eps)
    z = z if weight is None else z * weight
    return z if bias is None else z + bias


def labelled(x: Any, letter: str, layer: int) -> Any:
    """Return node `x`, just made, labelled as the article does: z^(2), or z where layers have no numbers."""
    if isinstance(x, Node):
        x.label = f"{letter}^({layer})" if layer else letter
    return x
