"""Functions that layers compute, with PyTorch's names and parameters; made of rows of the table.

They work on tensors, on plain arrays, and element by element on Values.
"""

from __future__ import annotations

import math
from typing import Any, TypeVar

import numpy as np

from ..core.context import tracing
from ..core.node import Node
from ..core.types import Rng
from ..errors import DTypeError
from ..errors.shapes import layer_misfit
from ..errors.where import users_line
from ..numpy_api import padding
from ..numpy_api.arguments import given
from ..ops import activations, losses
from ..ops import linear as products
from ..ops.checks import KnownWords, checked
from ..ops.compare import where
from ..ops.precision import exact, floats, rounded
from . import init
from .arguments import fraction, size

T = TypeVar("T")


def leaky_relu(x: Any, negative_slope: float = 0.01) -> Any:
    """Return x, and `negative_slope` times x where it is not positive."""
    return activations.leaky_relu(x, slope=negative_slope)


def elu(x: Any, alpha: float = 1.0) -> Any:
    """Return x where it is positive, else alpha (exp(x) - 1)."""
    return activations.elu(x, alpha=alpha)


def hardtanh(x: Any, min_val: float = -1.0, max_val: float = 1.0) -> Any:
    """Return x within bounds."""
    return activations.hardtanh(x, low=min_val, high=max_val)


def softmax(x: Any, dim: int = -1) -> Any:
    """Return probabilities along `dim`, in the ratio of exp(x)."""
    return losses.softmax(given(x), axis=dim)


def log_softmax(x: Any, dim: int = -1) -> Any:
    """Return the logarithms of `softmax`, which stay finite where probabilities round to zero."""
    return losses.log_softmax(given(x), axis=dim)


def one_hot(labels: Any, num_classes: int = -1) -> Any:
    """Return a row of floats for each label, with a 1 at the label and 0 elsewhere.

    num_classes: -1 for one more than the largest label.
    """
    if num_classes == -1:
        numbers = labels.numbers() if isinstance(labels, Node) else np.asarray(labels)
        num_classes = int(numbers.max(initial=-1)) + 1
    return losses.one_hot(labels, classes=num_classes)


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


def dropout(x: Any, p: float = 0.5, training: bool = True, *, rng: Rng = None) -> Any:
    """Return `x` with each element dropped with probability `p` and the others divided by 1 - p, in training only."""
    p = fraction("dropout", "p", p)
    if not training or p == 0:
        return x
    x = floats(x)
    rng, tracer = init.generator(rng), tracing()
    kept = (rng.random(x.shape) if tracer is None else tracer.draw(rng, x.shape)) >= p
    return x * (kept / (1 - p)).astype(x.dtype)


def embedding(words: Any, weight: Any, padding_idx: int | None = None) -> Any:
    """Return the row of `weight` for each of `words`, which are whole numbers. Raises DTypeError, IndexError.

    padding_idx: a word whose row learns nothing.
    """
    words = words if isinstance(words, Node) else np.asarray(words)
    if words.dtype.kind not in "iu":
        raise DTypeError(f"embedding: words are looked up by whole numbers, not by {words.dtype} (at {users_line()})")
    words = checked(KnownWords(len(weight)), words)
    rows = weight[words]
    return rows if padding_idx is None else where((words == padding_idx)[..., None], rows.detach(), rows)


def pad(input: Any, pad: Any, mode: str = "constant", value: float = 0.0) -> Any:
    """Return the last axes with more elements before and behind: `pad` is (left, right, top, bottom, …).

    mode: "constant" adds `value`, "reflect", "replicate" and "circular" repeat what is there.
    Raises ValueError where the widths are no pairs.
    """
    modes = {"constant": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}
    widths = [size("pad", "a width", n, 0) for n in pad]
    if mode not in modes or len(widths) % 2 or len(widths) > 2 * len(input.shape):
        raise ValueError(
            f"pad: needs a width before and one behind for each of the last axes of {input.shape}, and a mode of "
            f"{', '.join(modes)}; not {pad!r:.60}, {mode!r:.60} (at {users_line()})"
        )
    pairs = [(0, 0)] * (len(input.shape) - len(widths) // 2)
    pairs += [(widths[i], widths[i + 1]) for i in range(len(widths) - 2, -1, -2)]
    more = {"constant_values": value} if mode == "constant" else {}
    return padding.pad(input, pairs, modes[mode], **more)


def scaled_dot_product_attention(
    query: Any,
    key: Any,
    value: Any,
    attn_mask: Any = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    *,
    rng: Rng = None,
) -> Any:
    """Return for each query the values, weighed by how well their keys fit: softmax(Q Kᵀ / √width) V.

    query: (…, L, width), key: (…, S, width), value: (…, S, width of a value). attn_mask: (…, L, S), True where a key
    may be looked at, or floats that are added to the scores. is_causal: query i sees keys 0 to i only.
    """
    if is_causal:
        seen = np.tri(query.shape[-2], key.shape[-2], dtype=bool)
        attn_mask = seen if attn_mask is None else attn_mask & seen
    weights = attention_weights(query, key, attn_mask, scale)
    return dropout(weights, dropout_p, rng=rng) @ value


def attention_weights(query: Any, key: Any, mask: Any = None, scale: float | None = None) -> Any:
    """Return how much each query takes of each key, (…, L, S): the rows add up to 1."""
    scores = exact(query) @ exact(key).mT * (1 / math.sqrt(query.shape[-1]) if scale is None else scale)
    if mask is not None:
        mask = mask if isinstance(mask, Node) else np.asarray(mask)
        scores = where(mask, scores, -math.inf) if mask.dtype == bool else scores + mask
    return rounded(losses.softmax(scores, axis=-1), query)


def labelled(x: T, letter: str, layer: int) -> T:
    """Return node `x`, just made, labelled as the article does: z^(2), or z where layers have no numbers."""
    if isinstance(x, Node):
        x.label = f"{letter}^({layer})" if layer else letter
    return x
