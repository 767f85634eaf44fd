"""Second derivatives at kinks, from the graph of the gradient that arrives at a rule."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.backprop import gradients
from ..core.context import tracing
from ..core.node import Node, raw_of
from .compare import where
from .complex import conj


def slope_along(n: Any, z: Any, direction: Any) -> Any:
    """Return how fast `n` changes as `z`, from which its graph was made, moves in a direction; None if not at all."""
    weight = n.leaf(np.zeros_like(n._raw) if isinstance(n._raw, np.ndarray) else 0.0)
    weight._requires_grad = True
    (back,) = gradients(n, [z], seed=weight)
    return (
        gradients(back, [weight], seed=z.leaf(direction if isinstance(z._raw, np.ndarray) else float(direction)))[0]
        if back.requires_grad
        else None
    )


def is_formal(g: Any) -> bool:
    """Return whether a gradient is a formal variable, by which forward mode transposes rules: it has no graph."""
    return isinstance(g, Node) and g.op is None and g.requires_grad


def away_from_kink(dx: Any, g: Any, z: Any, x: Any, restore: Callable[[Any], Any] = lambda slope: slope) -> Any:
    """Return `dx`, the gradient of x by a length z = |x|; in a graph with what it is near 0, where `dx` has slope 0.

    An even function of a length has no kink. Its gradient is (g / z) x, and where g vanishes with z the quotient has a
    limit, the slope of g: so the second derivative of |x|² is 2. restore: gives that slope the axes that z has lost.
    """
    if not isinstance(g, Node) or is_formal(g) or tracing() is not None:
        return dx
    zero = np.asarray(raw_of(z)) == 0
    if not zero.any() or np.any(np.where(zero, raw_of(g), 0) != 0):
        return dx
    steps = zero * 1.0, zero * (1.0 + np.arange(zero.size).reshape(zero.shape))
    one, other = (slope_along(g, z, step) for step in steps)
    if one is None or other is None or not np.allclose(raw_of(one) * steps[1], np.where(zero, raw_of(other), 0)):
        return dx  # of several lengths that meet in one function
    return dx + restore(where(zero, one, 0.0)) * conj(x)
