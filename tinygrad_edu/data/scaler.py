"""Standardising: numbers in units of the training set's standard deviation from its mean."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.types import Array
from ..errors.where import users_line


class Scaler:
    """Means and deviations of a training set, by which any set is standardised: `Scaler(x)(x_test)`.

    axis: the axes that are averaged over; 0 for each column by itself, None for one mean of all numbers, (0, 2, 3) for
    each channel of images. `mean` and `std` keep these axes with length 1. Where all numbers are equal, std is 1.
    Held-out data must be scaled by the training set's statistics: their own would tell what is not known yet.
    Raises ValueError for no example, and for a NaN or an infinity.
    """

    def __init__(self, x: Any, axis: int | tuple[int, ...] | None = 0) -> None:
        x = np.asarray(x)
        wide = np.asarray(x, np.result_type(x.dtype, np.float32) if x.dtype.kind == "f" else np.float64)
        if not x.size:
            raise ValueError(f"Scaler: there is nothing to measure in {x.shape} (at {users_line()})")
        if not np.isfinite(wide).all():
            place = tuple(map(int, np.argwhere(~np.isfinite(wide))[0]))
            raise ValueError(f"Scaler: x{list(place)} is {wide[place]} (at {users_line()})")
        self.mean = wide.mean(axis, keepdims=True, dtype=np.float64).astype(wide.dtype)
        std = wide.std(axis, keepdims=True, dtype=np.float64).astype(wide.dtype)
        tiny = std <= 4 * np.finfo(wide.dtype).eps * np.abs(self.mean)  # equal numbers, but for rounding
        self.std = np.where(tiny, wide.dtype.type(1), std)

    def __call__(self, x: Any) -> Array:
        """Return `x` standardised: floats stay in their type, other numbers become doubles."""
        return self.like(x, (np.asarray(x) - self.mean) / self.std)

    def inverse(self, z: Any) -> Array:
        """Return standardised numbers, such as a net's answers, in the units of the training set."""
        return self.like(z, np.asarray(z) * self.std + self.mean)

    def like(self, given: Any, made: Array) -> Array:
        """Return an array in the type of floats that were given."""
        dtype = np.asarray(given).dtype
        return made.astype(dtype) if dtype.kind == "f" else made

    def __repr__(self) -> str:
        return f"Scaler(mean {self.mean.shape}, std {self.std.shape})"
