"""The list of idioms: ways to write a row, as formulas over canonical forms, and the rows that compute the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...core.node import data_of
from ...core.op import TABLE
from .canonical import Form
from .functions import exp, log, maximum, mean, total, where

Way = tuple[str, Callable[..., Form]]
Build = Callable[..., Any]

WAYS_OF_CHOICE: list[Way] = [
    ("relu", lambda x: maximum(x, 0)),
    ("relu", lambda x: where(x > 0, x, 0)),
    ("relu", lambda x: x * (x > 0)),
    ("relu", lambda x: (x + absolute(x)) / 2),
]
WAYS_OF_EXP: list[Way] = [
    ("sigmoid", lambda x: 1 / (1 + exp(-x))),
    ("sigmoid", lambda x: exp(x) / (1 + exp(x))),
    ("tanh", lambda x: (exp(x) - exp(-x)) / (exp(x) + exp(-x))),
    ("tanh", lambda x: (exp(x * 2) - 1) / (exp(x * 2) + 1)),
    ("tanh", lambda x: (1 - exp(x * -2)) / (1 + exp(x * -2))),
    ("tanh", lambda x: 2 / (1 + exp(x * -2)) - 1),
    ("tanh", lambda x: 1 - 2 / (1 + exp(x * 2))),
    ("tanh", lambda x: 2 * sigmoid(x * 2) - 1),
    ("softplus", lambda x: log(1 + exp(x))),
    ("silu", lambda x: x * sigmoid(x)),
    ("silu", lambda x: x / (1 + exp(-x))),
]
WAYS_OF_A_SLOPE: list[Way] = [
    ("leaky_relu", lambda x, slope: maximum(x, x * slope)),
    ("leaky_relu", lambda x, slope: where(x > 0, x, x * slope)),
]
WAYS_ALONG_AN_AXIS: list[Way] = [
    ("softmax", lambda x, axis: exp(x) / total(exp(x), (axis,))),
    ("log_softmax", lambda x, axis: x - log(total(exp(x), (axis,)))),
    ("log_softmax", lambda x, axis: log(softmax(x, axis))),
    ("logsumexp", lambda x, axis: log(total(exp(x), (axis,)))),
]
WAYS_OF_MOMENTS: list[Way] = [
    ("variance", lambda x, axes: mean((x - mean(x, axes)) ** 2, axes)),
    ("variance", lambda x, axes: mean(x**2, axes) - mean(x, axes) ** 2),
    ("standard_deviation", lambda x, axes: mean((x - mean(x, axes)) ** 2, axes) ** 0.5),
]


def absolute(x: Form) -> Form:
    """Return |x|."""
    return x.algebra.row("absolute", [x], {}, x.shape)


def sigmoid(x: Form) -> Form:
    """Return the row sigmoid of x."""
    return x.algebra.row("sigmoid", [x], {}, x.shape)


def softmax(x: Form, axis: int) -> Form:
    """Return the row softmax of x."""
    return x.algebra.row("softmax", [x], {"axis": axis}, x.shape, elementwise=False)


# By rows ------------------------------------------------------------------------------------------------------------


def row(name: str) -> Build:
    """Return the row of a name."""
    return lambda *inputs, **params: TABLE[name](*inputs, **params)


def variance(x: Any, axis: tuple[int, ...]) -> Any:
    """Return the mean squared distance from the mean, along axes that are kept."""
    centred = x - TABLE["mean"](x, axis=axis, keepdims=True)
    return TABLE["mean"](TABLE["square"](centred), axis=axis, keepdims=True)


def normalized(x: Any, axis: tuple[int, ...], eps: float) -> Any:
    """Return x without its mean and divided by its standard deviation, along axes."""
    centred = x - TABLE["mean"](x, axis=axis, keepdims=True)
    return centred / TABLE["sqrt"](TABLE["mean"](TABLE["square"](centred), axis=axis, keepdims=True) + eps)


def reduction_kept(name: str) -> Build:
    """Return the row of a reduction that keeps its axes, so that one shape fits every way to write it."""
    return lambda x, axis: TABLE[name](x, axis=axis, keepdims=True)


def cross_entropy_by_rows(scores: Any, labels: Any, reduction: str = "none") -> Any:
    """Return -log softmax at the labels; of rows of probabilities as labels, the sum over the classes."""
    if np.ndim(data_of(labels)) == np.ndim(data_of(scores)):
        losses = -(labels * TABLE["log_softmax"](scores)).sum(axis=-1)
    else:
        losses = TABLE["softmax_cross_entropy"](scores, labels)
    return TABLE["sum"](losses) if reduction == "sum" else losses


BUILDS: dict[str, Build] = {  # by rows; of any other name the row itself
    "logsumexp": reduction_kept("logsumexp"),
    "mean": reduction_kept("mean"),
    "variance": variance,
    "standard_deviation": lambda x, axis: TABLE["sqrt"](variance(x, axis)),
    "batch_norm": normalized,
    "layer_norm": normalized,
    "cross_entropy": cross_entropy_by_rows,
}
UP_TO_A_FACTOR = frozenset(("cross_entropy", "binary_cross_entropy"))  # recognised without their sign and factor too
