"""Initial weights: arrays drawn from a generator that the caller gives.

Nothing here touches NumPy's global random state. A weight has shape `(n_out, n_in, …)`; `fan_in` is how many
numbers go into one output, `fan_out` how many outputs one input reaches. Functions that end in `_` have PyTorch's
names and meanings: they draw new numbers for a parameter, and return it.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.types import Array, Rng, Shape
from ..errors.where import users_line

Leaf = Any  # a Tensor

GAINS = {"linear": 1.0, "sigmoid": 1.0, "tanh": 5 / 3, "relu": math.sqrt(2)}


def generator(rng: Rng) -> np.random.Generator:
    """Return the generator to draw from: the one given, a new one from a seed, or one that differs each time."""
    if rng is not None and not isinstance(rng, (np.random.Generator, int, np.integer)):
        raise TypeError(f"rng must be a numpy.random.Generator or a seed, not {rng!r:.60} (at {users_line()})")
    return np.random.default_rng(rng)


def gain(activation: str) -> float:
    """Return how much larger weights may be before this activation, so that signals keep their size."""
    if activation not in GAINS:
        raise ValueError(f"gain: {activation!r} is none of {', '.join(GAINS)} (at {users_line()})")
    return GAINS[activation]


def fans(shape: Shape) -> tuple[int, int]:
    """Return `(fan_in, fan_out)` of a weight. Raises ValueError for fewer than two axes."""
    if len(shape) < 2:
        raise ValueError(
            f"a weight needs two axes or more to have a fan-in and a fan-out, and this shape is {shape} "
            f"(at {users_line()})"
        )
    window = math.prod(shape[2:])
    return shape[1] * window, shape[0] * window


def zeros(shape: Shape) -> Array:
    """Return zeros."""
    return np.zeros(shape)


def ones(shape: Shape) -> Array:
    """Return ones."""
    return np.ones(shape)


def uniform(shape: Shape, low: float = -1.0, high: float = 1.0, *, rng: Rng = None) -> Array:
    """Draw evenly from `low` to `high`."""
    return generator(rng).uniform(low, high, shape)


def normal(shape: Shape, mean: float = 0.0, std: float = 1.0, *, rng: Rng = None) -> Array:
    """Draw from a bell curve."""
    return generator(rng).normal(mean, std, shape)


def xavier_uniform(shape: Shape, activation: str = "linear", *, rng: Rng = None) -> Array:
    """Draw evenly, so that signals keep their size both ways (Glorot and Bengio 2010); for sigmoid and tanh."""
    bound = gain(activation) * math.sqrt(6 / sum(fans(shape)))
    return uniform(shape, -bound, bound, rng=rng)


def xavier_normal(shape: Shape, activation: str = "linear", *, rng: Rng = None) -> Array:
    """Draw from a bell curve, so that signals keep their size both ways (Glorot and Bengio 2010)."""
    return normal(shape, 0.0, gain(activation) * math.sqrt(2 / sum(fans(shape))), rng=rng)


def kaiming_uniform(shape: Shape, activation: str = "relu", *, rng: Rng = None) -> Array:
    """Draw evenly, so that signals keep their size on the way forward (He and others 2015); for ReLU."""
    bound = gain(activation) * math.sqrt(3 / fans(shape)[0])
    return uniform(shape, -bound, bound, rng=rng)


def kaiming_normal(shape: Shape, activation: str = "relu", *, rng: Rng = None) -> Array:
    """Draw from a bell curve, so that signals keep their size on the way forward (He and others 2015)."""
    return normal(shape, 0.0, gain(activation) / math.sqrt(fans(shape)[0]), rng=rng)


def fan_in_uniform(shape: Shape, fan_in: int, *, rng: Rng = None) -> Array:
    """Draw evenly within 1/sqrt(fan_in) of zero: where `Linear` starts, weights and bias alike."""
    return uniform(shape, -1 / math.sqrt(fan_in), 1 / math.sqrt(fan_in), rng=rng)


def orthogonal(shape: Shape, gain: float = 1.0, *, rng: Rng = None) -> Array:
    """Draw a matrix with orthogonal rows or columns of length `gain`; further axes count as columns (Saxe 2014)."""
    fans(shape)
    rows, columns = shape[0], math.prod(shape[1:])
    q, r = np.linalg.qr(normal((max(rows, columns), min(rows, columns)), rng=rng))
    q = q * np.sign(np.diag(r))  # by which every such matrix is as likely as any other
    return gain * (q if rows >= columns else q.T).reshape(shape)


def trunc_normal(
    shape: Shape, mean: float = 0.0, std: float = 1.0, a: float = -2.0, b: float = 2.0, *, rng: Rng = None
) -> Array:
    """Draw from a bell curve, and anew what is not between `a` and `b`. Raises ValueError where hardly any is."""
    if not (a < b and a < mean + 4 * std and b > mean - 4 * std):
        raise ValueError(f"trunc_normal: hardly any number is drawn between {a} and {b} (at {users_line()})")
    rng = generator(rng)
    drawn = rng.normal(mean, std, shape)
    while (outside := (drawn < a) | (drawn > b)).any():
        drawn[outside] = rng.normal(mean, std, outside.sum())
    return drawn


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """Return PyTorch's gain of an activation: that of `gain`, of "leaky_relu" with slope `param`, and of "selu"."""
    if nonlinearity == "leaky_relu":
        return math.sqrt(2 / (1 + (0.01 if param is None else param) ** 2))
    return 3 / 4 if nonlinearity == "selu" else gain(nonlinearity)


def drawn_for(w: Leaf, numbers: Array) -> Leaf:
    """Put numbers into a parameter and return it."""
    w.assign(np.asarray(numbers, dtype=w.dtype))
    return w


def uniform_(w: Leaf, a: float = 0.0, b: float = 1.0, *, rng: Rng = None) -> Leaf:
    """Draw evenly from `a` to `b`."""
    return drawn_for(w, uniform(w.shape, a, b, rng=rng))


def normal_(w: Leaf, mean: float = 0.0, std: float = 1.0, *, rng: Rng = None) -> Leaf:
    """Draw from a bell curve."""
    return drawn_for(w, normal(w.shape, mean, std, rng=rng))


def trunc_normal_(
    w: Leaf, mean: float = 0.0, std: float = 1.0, a: float = -2.0, b: float = 2.0, *, rng: Rng = None
) -> Leaf:
    """Draw from a bell curve between `a` and `b`."""
    return drawn_for(w, trunc_normal(w.shape, mean, std, a, b, rng=rng))


def constant_(w: Leaf, val: float) -> Leaf:
    """Make all numbers `val`."""
    return drawn_for(w, np.full(w.shape, val))


def zeros_(w: Leaf) -> Leaf:
    """Make all numbers 0."""
    return constant_(w, 0.0)


def ones_(w: Leaf) -> Leaf:
    """Make all numbers 1."""
    return constant_(w, 1.0)


def eye_(w: Leaf) -> Leaf:
    """Make a matrix the identity, as far as it goes."""
    return drawn_for(w, np.eye(*w.shape))


def xavier_uniform_(w: Leaf, gain: float = 1.0, *, rng: Rng = None) -> Leaf:
    """Draw as `xavier_uniform`, times `gain`."""
    return drawn_for(w, gain * xavier_uniform(w.shape, rng=rng))


def xavier_normal_(w: Leaf, gain: float = 1.0, *, rng: Rng = None) -> Leaf:
    """Draw as `xavier_normal`, times `gain`."""
    return drawn_for(w, gain * xavier_normal(w.shape, rng=rng))


def kaiming_uniform_(
    w: Leaf, a: float = 0.0, mode: str = "fan_in", nonlinearity: str = "leaky_relu", *, rng: Rng = None
) -> Leaf:
    """Draw evenly within √3 gain / √fan, for an activation of which `a` is the slope below zero."""
    bound = math.sqrt(3) * kaiming_deviation(w, a, mode, nonlinearity)
    return drawn_for(w, uniform(w.shape, -bound, bound, rng=rng))


def kaiming_normal_(
    w: Leaf, a: float = 0.0, mode: str = "fan_in", nonlinearity: str = "leaky_relu", *, rng: Rng = None
) -> Leaf:
    """Draw from a bell curve of width gain / √fan, for an activation of which `a` is the slope below zero."""
    return drawn_for(w, normal(w.shape, 0.0, kaiming_deviation(w, a, mode, nonlinearity), rng=rng))


def orthogonal_(w: Leaf, gain: float = 1.0, *, rng: Rng = None) -> Leaf:
    """Draw as `orthogonal`."""
    return drawn_for(w, orthogonal(w.shape, gain, rng=rng))


def kaiming_deviation(w: Leaf, a: float, mode: str, nonlinearity: str) -> float:
    """Return gain / √fan. Raises ValueError for a mode that there is not."""
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f"mode is 'fan_in' or 'fan_out', not {mode!r:.60} (at {users_line()})")
    return calculate_gain(nonlinearity, a) / math.sqrt(fans(w.shape)[mode == "fan_out"])
