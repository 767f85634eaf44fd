"""Activation functions that are made of rows, or that give a row its parameters; and the softmax family."""

from __future__ import annotations

import math
from typing import Any

from ..ops import activations as rows
from ..ops import arithmetic, compare, losses, powers, special, trigonometry
from ..ops.precision import floats
from .arguments import given

__all__ = [
    "digamma", "elu", "entropy", "gelu", "hardsigmoid", "hardswish", "hardtanh", "leaky_relu", "log_softmax", "logit",
    "logsigmoid", "mish", "one_hot", "relu6", "selu", "softmax", "softmin",
]  # fmt: skip


def softmax(x: Any, axis: Any = -1) -> Any:
    """Turn scores along an axis into probabilities."""
    return losses.softmax(given(x), axis=axis)


def softmin(x: Any, axis: Any = -1) -> Any:
    """Turn costs along an axis into probabilities, the lowest cost into the highest."""
    return losses.softmax(-floats(given(x)), axis=axis)


def log_softmax(x: Any, axis: Any = -1) -> Any:
    """Compute log(softmax(x)) along an axis without overflow."""
    return losses.log_softmax(given(x), axis=axis)


def one_hot(labels: Any, classes: int) -> Any:
    """Turn labels into rows with a 1 at the label and 0 elsewhere."""
    return losses.one_hot(given(labels), classes=classes)


def leaky_relu(x: Any, slope: float = 0.01) -> Any:
    """Return x where it is positive, and `slope` times x elsewhere."""
    return rows.leaky_relu(x, slope=slope)


def elu(x: Any, alpha: float = 1.0) -> Any:
    """Return x where it is positive, and alpha (exp(x) - 1) elsewhere."""
    return rows.elu(x, alpha=alpha)


def selu(x: Any) -> Any:
    """Scale `elu` so that a deep net of it keeps its activations near mean 0 and variance 1 (Klambauer et al. 2017)."""
    return 1.0507009873554805 * rows.elu(x, alpha=1.6732632423543772)


def gelu(x: Any, approximate: str = "none") -> Any:
    """Weigh x by the normal distribution's P(X <= x). approximate: "tanh" for the formula that avoids erf."""
    if approximate == "none":
        return rows.gelu(x)
    if approximate != "tanh":
        raise ValueError(f'gelu: approximate must be "none" or "tanh", not {approximate!r}')
    x = floats(x)
    near = arithmetic.clip(x, -70.0, 70.0)  # the cube of a large number is infinite; beyond 70 the sigmoid is 0 or 1
    return x * rows.sigmoid(math.sqrt(8 / math.pi) * (near + 0.044715 * near * near * near))  # (1 + tanh(u)) / 2


def logsigmoid(x: Any) -> Any:
    """Compute log(sigmoid(x)) without overflow."""
    return -rows.softplus(-floats(x))


def hardtanh(x: Any, low: float = -1.0, high: float = 1.0) -> Any:
    """Limit numbers to an interval; the slope at the bounds is 0."""
    return rows.hardtanh(x, low=low, high=high)


def relu6(x: Any) -> Any:
    """Limit numbers to the interval from 0 to 6."""
    return rows.hardtanh(x, low=0.0, high=6.0)


def hardsigmoid(x: Any) -> Any:
    """Approximate the sigmoid by three straight lines."""
    return rows.hardtanh(floats(x), low=-3.0, high=3.0) / 6.0 + 0.5


def hardswish(x: Any) -> Any:
    """Weigh x by its `hardsigmoid`."""
    x = floats(x)
    return x * hardsigmoid(x)


def mish(x: Any) -> Any:
    """Weigh x by tanh(softplus(x))."""
    x = floats(x)
    return x * trigonometry.tanh(rows.softplus(x))


def logit(x: Any) -> Any:
    """Compute log(x / (1 - x)), the inverse of the sigmoid."""
    x = floats(x)
    return powers.log(x) - powers.log1p(-x)


def digamma(x: Any) -> Any:
    """Compute the derivative of `lgamma`."""
    return special.polygamma(x, n=0)


def entropy(p: Any) -> Any:
    """Compute -p log(p) for each probability; 0 for p = 0, where the slope counts as 0."""
    p = floats(p)
    positive = p > 0
    safe = compare.where(positive, p, 1.0)
    return compare.where(positive, -safe * powers.log(safe), 0.0)
