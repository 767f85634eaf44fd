"""Rounding of a gradient, estimated: every result of a computation is moved by one unit in its last place.

After J. Vignes, "Discrete stochastic arithmetic for validating results of numerical software", 2004. What differs by
less than this is the same number, however small it is: a gradient that is zero is never judged by its own size.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .sides import pattern

if TYPE_CHECKING:
    from ...core.node import Node
    from ...core.op import Op
    from .run import Run

DOUBLE_EPS, SINGLE_EPS = 2.0**-52, 2.0**-23
SAMPLES, TRIES = 3, 9
SAFETY = 30  # times what rounding was seen to move a gradient by
# Rows that round nothing, or whose rules rely on a result being one of the operands, or orthogonal, to the last digit.
EXACT = frozenset(
    (
        *("relu", "absolute", "negative", "positive", "maximum", "minimum", "fmax", "fmin", "clip", "where", "sign"),
        *(
            "floor",
            "ceil",
            "trunc",
            "rint",
            "heaviside",
            "copysign",
            "real",
            "imag",
            "conjugate",
            "identity",
            "hardtanh",
        ),
        *(
            "reshape",
            "transpose",
            "mT",
            "broadcast_to",
            "astype",
            "as_integers",
            "flip",
            "concatenate",
            "getitem",
            "put",
        ),
        *("setitem", "max", "min", "max_pool2d", "max_unpool2d", "max_picked2d", "one_hot", "kth_smallest"),
        *("eigh", "eig", "svd", "qr", "cholesky"),
    )
)


class Rounding:
    """Moves numbers up or down by one unit in the last place, at random."""

    def __init__(self, eps: float, rng: np.random.Generator) -> None:
        self.eps = eps
        self.rng = rng

    def moved(self, op: Op | None, data: Any) -> Any:
        """Return the result of an operation, or of none, as rounding might have left it."""
        if (op is not None and op.name in EXACT) or np.asarray(data).dtype.kind not in "fc":
            return data
        return data * (1.0 + self.eps * self.rng.integers(-1, 2, np.shape(data)))


def spreads(run: Run, nodes: list[Node], eps: float) -> list[float]:
    """Return, for the gradient of each node, the farthest that rounding moved any of its numbers.

    Samples in which a kink was crossed are passed over: what lies there is another function.
    """
    rng = np.random.default_rng(0)
    right = [run.gradient(run.grads, x) for x in nodes]
    here = pattern(run)
    found = [0.0] * len(nodes)
    samples = 0
    for _ in range(TRIES):
        with np.errstate(all="ignore"):
            moved = type(run)(run.recording, run.values, Rounding(eps, rng))
            if pattern(moved) != here or not moved.finite:
                continue
            for i, (x, g) in enumerate(zip(nodes, right, strict=True)):
                found[i] = max(found[i], float(np.max(np.abs(moved.gradient(moved.grads, x) - g), initial=0.0)))
        samples += 1
        if samples == SAMPLES:
            break
    return found
