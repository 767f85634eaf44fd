"""Toy data sets: classes in the plane that no straight line separates, and points for a regression.

Each takes `rng`, a generator or a seed; without it every call gives other points. Classes are 0, 1, …, in turn.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..core.types import Array, Rng
from ..errors.where import users_line


def make_moons(n: int = 100, noise: float = 0.1, *, rng: Rng = None) -> tuple[Array, Array]:
    """Return two half circles that reach into each other: points (n, 2) and classes (n,)."""
    rng, y = np.random.default_rng(rng), in_turn("make_moons", n, 2)
    t = rng.uniform(0, np.pi, n)
    x = np.where(y[:, None] == 0, np.stack([np.cos(t), np.sin(t)], 1), np.stack([1 - np.cos(t), 0.5 - np.sin(t)], 1))
    return x + checked_noise("make_moons", noise) * rng.normal(size=x.shape), y


def make_circles(n: int = 100, noise: float = 0.05, factor: float = 0.5, *, rng: Rng = None) -> tuple[Array, Array]:
    """Return a circle of radius 1 and one of radius `factor` in it: points (n, 2) and classes (n,)."""
    rng, y = np.random.default_rng(rng), in_turn("make_circles", n, 2)
    t = rng.uniform(0, 2 * np.pi, n)
    x = np.where(y == 0, 1.0, factor)[:, None] * np.stack([np.cos(t), np.sin(t)], 1)
    return x + checked_noise("make_circles", noise) * rng.normal(size=x.shape), y


def make_spiral(n: int = 300, arms: int = 3, noise: float = 0.03, *, rng: Rng = None) -> tuple[Array, Array]:
    """Return arms that wind around each other: points (n, 2) and classes (n,), one an arm."""
    rng, y = np.random.default_rng(rng), in_turn("make_spiral", n, arms)
    r = rng.uniform(0.1, 1, n)
    t = 2 * np.pi * y / arms + 4 * r
    x = r[:, None] * np.stack([np.sin(t), np.cos(t)], 1)
    return x + checked_noise("make_spiral", noise) * rng.normal(size=x.shape), y


def make_regression(
    n: int = 100, features: int = 1, noise: float = 0.1, *, weights: Any = None, bias: float = 1.0, rng: Rng = None
) -> tuple[Array, Array]:
    """Return points near a plane: x (n, features) and y = x·weights + bias with noise, (n,).

    weights: (features,), drawn where they are not given.
    """
    rng, _ = np.random.default_rng(rng), in_turn("make_regression", n, features)
    w = rng.normal(size=features) if weights is None else np.broadcast_to(weights, (features,))
    x = rng.normal(size=(n, features))
    return x, x @ w + bias + checked_noise("make_regression", noise) * rng.normal(size=n)


def in_turn(name: str, n: int, classes: int) -> Array:
    """Return the classes 0, 1, … in turn, `n` in all. Raises TypeError or ValueError for what is not a count."""
    for argument, given in (("n", n), ("the number of classes or features", classes)):
        try:
            operator.index(given)
        except TypeError:
            raise TypeError(
                f"{name}: {argument} must be a whole number, not {given!r:.60} (at {users_line()})"
            ) from None
        if given < 1:
            raise ValueError(f"{name}: {argument} must be at least 1, not {given} (at {users_line()})")
    return np.arange(n) % classes


def checked_noise(name: str, noise: float) -> float:
    """Return the noise. Raises ValueError where it is negative or not a number."""
    if not noise >= 0:
        raise ValueError(f"{name}: noise must be 0 or more, not {noise!r:.60} (at {users_line()})")
    return noise
