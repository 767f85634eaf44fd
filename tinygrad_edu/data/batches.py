"""Splits into training and test set, and batches."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..core.types import Array, Rng
from ..errors.hints import tells_keywords
from ..errors.where import users_line


@tells_keywords
def batches(x: Any, y: Any, size: int, rng: Rng = None) -> Iterator[tuple[Array, Array]]:
    """Yield the set once, in batches of `size` examples; the last may be smaller.

    rng: a generator or a seed to shuffle by; without it the order is kept.
    Raises ValueError at once where x and y differ in length or `size` is not a whole number from 1 up.
    """
    x, y = inputs_and_answers("batches", x, y)
    if isinstance(size, bool) or not hasattr(size, "__index__"):
        raise ValueError(f"batches: size must be a whole number of examples, not {size!r:.60} (at {users_line()})")
    size = operator.index(size)
    if size < 1:
        raise ValueError(f"batches: size must be at least 1 example, not {size} (at {users_line()})")
    order = np.arange(len(x)) if rng is None else np.random.default_rng(rng).permutation(len(x))
    return ((x[order[i : i + size]], y[order[i : i + size]]) for i in range(0, len(x), size))


def split(x: Any, y: Any, held_out: float = 0.2, *, rng: Rng = None) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """Return ((x, y), (x_test, y_test)): the share `held_out` of the examples, drawn at random, is for the test.

    rng: a generator or a seed to draw with. Where y holds classes, whole numbers in one axis, the share is taken of
    each class. Raises ValueError where a side would be empty.
    """
    x, y = inputs_and_answers("split", x, y)
    if not 0 < held_out < 1:
        raise ValueError(f"split: held_out must be between 0 and 1, not {held_out!r:.60} (at {users_line()})")
    rng = np.random.default_rng(rng)
    test = np.zeros(len(y), bool)
    classes = y.ndim == 1 and y.dtype.kind in "iub"
    for group in [np.flatnonzero(y == label) for label in np.unique(y)] if classes else [np.arange(len(y))]:
        places = rng.permutation(group)
        test[places[: round(held_out * len(places))]] = True
    if test.all() or not test.any():
        raise ValueError(
            f"split: held_out={held_out} of {len(y)} examples{' of each class' * classes} leaves a side empty: give "
            f"another share, or more examples (at {users_line()})"
        )
    return (x[~test], y[~test]), (x[test], y[test])


def inputs_and_answers(name: str, x: Any, y: Any) -> tuple[Array, Array]:
    """Return inputs and answers as arrays. Raises ValueError where their lengths differ."""
    x, y = np.asarray(x), np.asarray(y)
    if x.ndim == 0 or y.ndim == 0 or len(x) != len(y):
        raise ValueError(
            f"{name}: x of shape {x.shape} and y of shape {y.shape} must have one row an example each "
            f"(at {users_line()})"
        )
    return x, y
