"""Keeping gradients within bounds before a step."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from ...errors import AnomalyError, users_line
from .optimizer import checked_params


def clip_grad_norm(params: Iterable[Any], max_norm: float) -> float:
    """Shorten all gradients together so that they are `max_norm` long at most; return how long they were.

    Raises AnomalyError that names the first parameter with a NaN or infinite gradient; then nothing has changed.
    """
    if isinstance(max_norm, bool) or not isinstance(max_norm, (int, float)) or not max_norm > 0:
        raise ValueError(f"clip_grad_norm: max_norm must be above 0, not {max_norm!r:.60} (at {users_line()})")
    reached = [(i, w) for i, w in enumerate(checked_params("clip_grad_norm", params)) if w._grad is not None]
    lengths = []
    for i, w in reached:
        lengths.append(math.hypot(*np.ravel(w._grad).tolist()))
        if not math.isfinite(lengths[-1]):
            raise AnomalyError(
                f"clip_grad_norm: the gradient of parameter {i}, {w.title}, is {lengths[-1]} long (at {users_line()})"
            )
    length = math.hypot(*lengths)
    if length > max_norm:
        for _, w in reached:
            w._grad = w._grad * (max_norm / length)
    return length
