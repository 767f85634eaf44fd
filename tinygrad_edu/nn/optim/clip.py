"""Gradient clipping."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from ...core.commit import attributes, commit
from ...core.context import no_grad, tracing
from ...core.tensor import Tensor
from ...errors import AnomalyError
from ...errors.where import users_line
from ...ops import arithmetic, powers
from ...ops.checks import checked
from ...ops.complex import conj, real_part
from ...ops.precision import rounded, wide
from .groups import checked_params


def clip_grad_norm(params: Iterable[Any], max_norm: float) -> Any:
    """Scale all gradients together to a norm of at most `max_norm`; return the norm before, as a float.

    In a compiled function the norm is a node.
    Raises AnomalyError that names the first parameter with a NaN or infinite gradient; then nothing has changed.
    """
    if isinstance(max_norm, bool) or not isinstance(max_norm, (int, float)) or not max_norm > 0:
        raise ValueError(f"clip_grad_norm: max_norm must be above 0, not {max_norm!r:.60} (at {users_line()})")
    reached = [(i, w) for i, w in enumerate(checked_params("clip_grad_norm", params)) if w._grad is not None]
    if tracing() is not None and reached:
        return clipped_as_nodes([w for _, w in reached], max_norm)
    lengths = []
    for i, w in reached:
        lengths.append(gradient_norm(w._grad))
        if not math.isfinite(lengths[-1]):
            raise AnomalyError(
                f"clip_grad_norm: the gradient of parameter {i}, {w.title}, is {lengths[-1]} long (at {users_line()})"
            )
    length = math.hypot(*lengths)
    if length > max_norm:
        clipped = [rounded(wide(w._grad) * (max_norm / length), w._grad) for _, w in reached]
        commit(attributes([w for _, w in reached], "_slope", clipped))
    return length


def gradient_norm(g: Any) -> float:
    """Return the length of a gradient, by its largest number first, so that no square overflows or vanishes."""
    g = wide(g)
    largest = float(np.max(np.abs(g), initial=0.0))
    return largest * float(np.linalg.norm(np.ravel(g) / largest)) if 0 < largest < math.inf else largest


def clipped_as_nodes(params: list[Any], max_norm: float) -> Any:
    """Do the same with rows of the table, for a program: no number is looked at, and a factor of 1 leaves all alone."""
    with no_grad():
        squares = [real_part(g * conj(g)) for g in (wide(w.grad) for w in params)]
        length = powers.sqrt(sum(x.sum() if isinstance(x, Tensor) else x for x in squares))
        length = checked(FiniteLength(), length)
        factor = max_norm / arithmetic.maximum(length, max_norm)
        for w in params:
            w.grad = rounded(wide(w.grad) * factor, w.grad)
    return length


class FiniteLength:
    """Raises AnomalyError in a program; the function itself, which is run then, says of which parameter."""

    holds = np.isfinite  # true where it does not raise, so that a back-end may test on its device

    def __call__(self, length: Any) -> None:
        if not np.isfinite(length):
            raise AnomalyError(f"clip_grad_norm: the gradients are {length} long")
