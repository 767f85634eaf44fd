"""Augmentation: copies of images and rows that are changed at random and still mean the same.

Each function returns a new array of the shape and type of `x` and takes `rng`, a generator or a seed; the first axis
counts examples, and every example is changed differently. `fit(augment=…)` calls one for every batch.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from ..core.types import Array, Rng
from ..errors.where import users_line


def shift(x: Any, pixels: int = 2, *, rng: Rng = None) -> Array:
    """Return images (n, …, height, width) moved by up to `pixels` whole pixels each way; what comes in is 0."""
    x = images("shift", x)
    most = checked_amount("shift", "pixels", pixels)
    if most != int(most):
        raise ValueError(f"shift: pixels must be a whole number, not {pixels!r:.60} (at {users_line()})")
    most = int(most)
    down, right = np.random.default_rng(rng).integers(0, 2 * most + 1, (2, len(x)))
    around = np.pad(x, [(0, 0)] * (x.ndim - 2) + [(most, most)] * 2)
    places = sliding_window_view(around, x.shape[-2:], axis=(-2, -1))  # (n, …, places down, places right, H, W)
    return np.array(places[np.arange(len(x)), ..., down, right, :, :])


def rotate(x: Any, degrees: float = 10.0, *, rng: Rng = None) -> Array:
    """Return images (n, …, height, width) turned about their centre by angles up to `degrees` either way.

    Pixels are interpolated between the four nearest ones; what comes in from outside is 0.
    """
    x = images("rotate", x)
    height, width = x.shape[-2:]
    most = np.deg2rad(checked_amount("rotate", "degrees", degrees))
    angle = np.random.default_rng(rng).uniform(-most, most, (len(x), 1, 1))
    i, j = np.arange(height)[:, None] - (height - 1) / 2, np.arange(width) - (width - 1) / 2
    # Where each pixel comes from, in an image with a border of zeros one pixel wide.
    down = np.clip(np.cos(angle) * i - np.sin(angle) * j + (height + 1) / 2, 0, height + 1 - 1e-6)
    right = np.clip(np.sin(angle) * i + np.cos(angle) * j + (width + 1) / 2, 0, width + 1 - 1e-6)
    top, left = down.astype(int), right.astype(int)
    around = np.pad(x, [(0, 0)] * (x.ndim - 2) + [(1, 1)] * 2)
    rows = np.arange(len(x))[:, None, None]
    total: Any = 0.0
    for di, near_i in ((0, 1 - (down - top)), (1, down - top)):
        for dj, near_j in ((0, 1 - (right - left)), (1, right - left)):
            pixels = around[rows, ..., top + di, left + dj]  # (n, H, W, …): indexed axes come first
            total = total + pixels * (near_i * near_j).reshape(*near_i.shape, *(1,) * (x.ndim - 3))
    return np.array(np.moveaxis(total, (1, 2), (-2, -1)), x.dtype)


def add_noise(x: Any, deviation: float = 0.1, *, rng: Rng = None) -> Array:
    """Return numbers of any shape with normal noise of this standard deviation added."""
    x = float_array("add_noise", x)
    noise = np.random.default_rng(rng).normal(0, checked_amount("add_noise", "deviation", deviation), x.shape)
    noisy: Array = x + noise.astype(x.dtype)
    return noisy


def images(name: str, x: Any) -> Array:
    """Return images as an array of floats. Raises ValueError where it has no axes of height and width."""
    found = float_array(name, x)
    if found.ndim < 3:
        raise ValueError(
            f"{name}: needs images (n, height, width) or (n, channels, height, width), not {found.shape}: make images "
            f"of rows as in x.reshape(-1, 28, 28) (at {users_line()})"
        )
    return found


def float_array(name: str, x: Any) -> Array:
    """Return an array of floats. Raises TypeError for other numbers, which noise and interpolation would round."""
    found: Array = np.asarray(x)
    if found.dtype.kind != "f":
        raise TypeError(f"{name}: needs floats, as in x / 255, not {found.dtype} (at {users_line()})")
    return found


def checked_amount(name: str, argument: str, given: float) -> float:
    """Return how much to change. Raises ValueError unless it is a finite number from 0 up."""
    if isinstance(given, bool) or not 0 <= given < np.inf:
        raise ValueError(f"{name}: {argument} must be a number from 0 up, not {given!r:.60} (at {users_line()})")
    return given
