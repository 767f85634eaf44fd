"""Where training starts: arrays of first weights, drawn from a generator that the caller gives.

Nothing here touches NumPy's global random state. A weight has shape `(n_out, n_in, …)`; `fan_in` is how many
numbers go into one output, `fan_out` how many outputs one input reaches.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..errors.where import users_line

Shape = tuple[int, ...]
Array = np.ndarray[Any, Any]
Rng = np.random.Generator | int | None

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
