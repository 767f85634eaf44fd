"""Limits of quotients 0 / 0 in the rules of decompositions, as between equal eigenvalues.

Numbers alone do not determine the limit. L'Hôpital's rule does: the graph of the gradient that arrives tells how the
numerator changes as the denominator leaves zero. So a rule that is handed arrays asks for nodes there, by GraphNeeded.
Where there is no limit the quotient is NaN, never 0.
"""

from __future__ import annotations

import builtins
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..core.backprop import GraphNeeded
from ..core.context import tracing
from ..core.node import Node, raw_of
from ..errors import DTypeError
from .arithmetic import absolute
from .compare import where
from .powers import power
from .reductions import max
from .shapes import shape
from .slopes import is_formal, slope_along

VANISHES = 1e-8  # relative to the numbers whose difference it is


class PackedParts(NamedTuple):
    """The packed result of a decomposition and its gradient, with the places of the values and the turns of vectors."""

    g: Any  # the gradient arriving, from which numerators are made
    z: Any  # the packed result
    row: int  # of z, that holds the values
    size: float  # of the terms that numerators are differences of
    turn: Callable[[Any], Any]  # a matrix that mixes vectors -> the change of z
    smooth: float  # how often a limit may be differentiated, less a half; beyond that its derivative is NaN

    def over(self, n: Any, d: Any, weigh: Callable[..., Any]) -> Any:
        """Return n / d, matrices, and the limit where d vanishes.

        weigh: returns, for the k-th value, how much of the slope of `n` by it the limit has, as a matrix.
        """
        small = absolute(d) <= value_error(self.z[..., self.row, :])
        vanishing = np.broadcast_to(raw_of(small), np.shape(raw_of(n)))
        divided = n / where(small, 1.0, d)
        if tracing() is not None:  # the next numbers of a program have another graph
            return where(small, np.full(np.shape(vanishing), math.nan), divided)
        if not vanishing.any():
            return divided
        if isinstance(n, np.ndarray):
            raise GraphNeeded
        limit = n * np.where(vanishing, math.nan, 0.0) if is_formal(self.g) else self.limit(n, vanishing, weigh)
        return where(vanishing, limit, divided)

    def refuse_phase(self, row: str, skew: Any) -> None:
        """Raise DTypeError where the result depends on the free phase of complex vectors, of which a diagonal tells."""
        diagonal = np.diagonal(np.asarray(raw_of(skew)), axis1=-2, axis2=-1)
        if tracing() is None and np.any(np.abs(diagonal) > 1e-6 * self.size):
            raise DTypeError(
                f"{row}: the result depends on the phase of complex vectors, which nothing determines, so that it has "
                "no derivative; use what does not depend on it, such as absolute values or projections"
            )

    def limit(self, n: Any, vanishing: Any, weigh: Callable[..., Any]) -> Any:
        """Return the limit by l'Hôpital's rule; NaN where the result depends on the choice of vectors."""
        z, m = self.z._raw, n.shape[-1]
        wrong = np.abs(n._raw) > VANISHES * self.size
        if m == n.shape[-2]:
            mixed = np.where(vanishing, np.triu(np.ones((m, m)), 1) - np.tril(np.ones((m, m)), -1), 0)
            turned = slope_along(n, self.z, self.turn(mixed))
            wrong = wrong if turned is None else wrong | (np.abs(turned._raw) > VANISHES * self.size)
        limit: Any = np.where(wrong, np.nan, 0.0)
        for k in np.flatnonzero(vanishing.any(axis=tuple(range(n.ndim - 1)))):
            along = np.zeros_like(z)
            along[..., self.row, k] = 1
            slope = slope_along(n, self.z, along)
            limit = limit if slope is None else limit + slope * weigh(int(k), m)
        if not isinstance(limit, Node):
            return limit
        return limit + power(absolute(limit - limit._raw), self.smooth)  # zero, with a derivative that is not


def differs(k: int, n: int) -> Any:
    """Return the slope of w[j] - w[i] by w[k], where both move apart: half of it each."""
    one = only(k, n)
    return 0.5 * (one[None, :] - one[:, None])


def adds(k: int, n: int) -> Any:
    """Return the same of w[j] + w[i]."""
    one = only(k, n)
    return 0.5 * (one[None, :] + one[:, None])


def only(k: int, n: int) -> Any:
    """Return the same of w[j]."""
    return (np.arange(n) == k).astype(float)


def value_error(w: Any) -> Any:
    """Return how far rounding may have moved values that a decomposition found."""
    n = shape(w)[-1]
    scale = 10.0 * n * float(np.finfo(w.dtype).eps)
    return max(absolute(w), axis=-1, keepdims=True)[..., None] * scale if n else 0.0


def magnitude(*parts: Any) -> float:
    """Return the size of the largest number."""
    return builtins.max(float(np.max(np.abs(raw_of(x)), initial=0.0)) for x in parts)


def lies_in_row(g: Any, row: int) -> bool:
    """Whether a gradient of stacked parts was made from that of one row alone: the other parts have not been used."""
    if not isinstance(g, Node) or g.op is None:
        return False
    if g.op.name == "add":
        return all(lies_in_row(part, row) for part in g.inputs)
    return g.op.name == "put" and g.params["key"][:2] == (Ellipsis, row)
