"""The points where a derivative had to be decided: the slopes on either side, what this package answers, and why.

Nothing in the table is typed in but the function, the point and the reason: the slopes are measured from its values,
the answer is what its gradient gives.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from itertools import starmap
from typing import Any, NamedTuple

import numpy as np

from .. import numpy_api as tg
from ..core.context import no_grad
from ..core.op import TABLE
from ..core.tensor import Tensor
from ..transforms import grad

LEAST = "a kink: of all slopes between left and right, the one nearest 0"
SHARED = "a tie: the gradient is shared equally, so that maximum(x, x) has slope 1"
FLAT = "one side is constant: there the neuron is off, as in PyTorch"
SLOPE = "the side below 0, as in PyTorch"
BOUNDS = "the bounds of clip belong to its inside, as in PyTorch"
STEEP = "the slope is infinite, and is not made to look finite"
EXACT = "there is a derivative, and this is it"
JUMP = "constant on either side; the jump itself has no slope"
BESIDE = "the slope on either side; the jump itself has none"
CORNER = "no direction is better than another: none"
ZERO_LOG_ZERO = "0 * log(0) counts as 0, whatever the logarithm does"
HONEST = "0 times infinity: rules see one step at a time; detect_anomaly() names the fix"
LIMIT = "the true slope is 1, but no rule that sees one step at a time is always right"

UnaryFunction = Callable[[Any], Any]


class Kink(NamedTuple):
    """A point that needed a decision; for functions of several numbers, a slope for each."""

    point: str
    left: Any
    right: Any
    choice: Any
    reason: str


class Kinks(list[Kink]):
    """Kinks that show themselves as a table."""

    def __str__(self) -> str:
        cells = [("point", "left slope", "right slope", "choice", "reason"), *starmap(table_line, self)]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in cells]
        return "\n".join([lines[0], "  ".join("─" * width for width in widths), *lines[1:]])

    __repr__ = __str__

    def markdown(self) -> str:
        """Return the table for a document."""
        cells = [table_line(*kink) for kink in self]
        lines = [f"| `{row[0]}` | {' | '.join(row[1:])} |" for row in cells]
        return "\n".join(["| point | left slope | right slope | choice | reason |", "|---|---|---|---|---|", *lines])


def relu_difference(x: Any) -> Any:
    """Return x, written as two halves that both end at 0."""
    return tg.relu(x) - tg.relu(-x)


def stable_cross_entropy(x: Any) -> Any:
    """Return the binary cross entropy of logit x and target 1, in the form that never overflows."""
    return tg.maximum(x, 0.0) - x + tg.log1p(tg.exp(-abs(x)))


POINTS: list[tuple[str, UnaryFunction, Any, str]] = [
    ("abs(x)", abs, 0.0, LEAST),
    ("norm(x)", lambda x: TABLE["norm"](x), [0.0, 0.0], LEAST),
    ("norm(x)**2", lambda x: TABLE["norm"](x) ** 2, [0.0, 0.0], EXACT),
    ("norm(x, 1)", lambda x: abs(x).sum(), [0.0, 0.0], LEAST),
    ("norm(x)", lambda x: TABLE["norm"](x), [1e-200, 1e-200], EXACT),
    ("std(x)", np.std, [2.0, 2.0, 2.0], LEAST),
    ("hypot(x, 0)", lambda x: np.hypot(x, 0.0), 0.0, LEAST),
    ("relu(x)", tg.relu, 0.0, FLAT),
    ("leaky_relu(x)", tg.leaky_relu, 0.0, SLOPE),
    ("elu(x)", tg.elu, 0.0, EXACT),
    ("relu6(x)", tg.relu6, 0.0, FLAT),
    ("relu6(x)", tg.relu6, 6.0, FLAT),
    ("hardtanh(x)", tg.hardtanh, -1.0, FLAT),
    ("hardtanh(x)", tg.hardtanh, 1.0, FLAT),
    ("hardsigmoid(x)", tg.hardsigmoid, -3.0, FLAT),
    ("hardsigmoid(x)", tg.hardsigmoid, 3.0, FLAT),
    ("clip(x, 0, 1)", lambda x: np.clip(x, 0.0, 1.0), 0.0, BOUNDS),
    ("clip(x, 0, 1)", lambda x: np.clip(x, 0.0, 1.0), 1.0, BOUNDS),
    ("maximum(x, 0)", lambda x: np.maximum(x, 0.0), 0.0, SHARED),
    ("maximum(x[0], x[1])", lambda x: np.maximum(x[0], x[1]), [2.0, 2.0], SHARED),
    ("minimum(x[0], x[1])", lambda x: np.minimum(x[0], x[1]), [2.0, 2.0], SHARED),
    ("fmax(x[0], x[1])", lambda x: np.fmax(x[0], x[1]), [2.0, 2.0], SHARED),
    ("fmin(x[0], x[1])", lambda x: np.fmin(x[0], x[1]), [2.0, 2.0], SHARED),
    ("maximum(x, x)", lambda x: np.maximum(x, x), 2.0, EXACT),
    ("max(x)", np.max, [1.0, 3.0, 3.0], SHARED),
    ("max(x)", np.max, [2.0, 2.0, 2.0, 2.0], SHARED),
    ("min(x)", np.min, [1.0, 1.0, 3.0], SHARED),
    ("norm(x, inf)", lambda x: np.max(abs(x)), [2.0, -2.0, 1.0], SHARED),
    ("median(x)", np.median, [1.0, 2.0, 3.0, 4.0], EXACT),
    ("median(x)", np.median, [1.0, 2.0, 2.0, 3.0], EXACT),
    ("ptp(x)", np.ptp, [1.0, 1.0], SHARED),
    ("cross entropy of logit x", stable_cross_entropy, 0.0, EXACT),
    ("prod(x)", np.prod, [2.0, 0.0, 3.0], EXACT),
    ("prod(x)", np.prod, [0.0, 0.0, 3.0], EXACT),
    ("sinc(x)", TABLE["sinc"], 0.0, EXACT),
    ("x**0", lambda x: x**0.0, 0.0, EXACT),
    ("x**1", lambda x: x**1.0, 0.0, EXACT),
    ("0**x", lambda x: 0.0**x, 0.0, JUMP),
    ("xlogy(x, 0)", lambda x: tg.xlogy(x, 0.0), 0.0, ZERO_LOG_ZERO),
    ("sqrt(x)", np.sqrt, 0.0, STEEP),
    ("cbrt(x)", np.cbrt, 0.0, STEEP),
    ("x**0.5", lambda x: x**0.5, 0.0, STEEP),
    ("log(x)", np.log, 0.0, STEEP),
    ("1 / x", lambda x: 1.0 / x, 0.0, STEEP),
    ("arcsin(x)", np.arcsin, 1.0, STEEP),
    ("arccos(x)", np.arccos, -1.0, STEEP),
    ("arctanh(x)", np.arctanh, 1.0, STEEP),
    ("arccosh(x)", np.arccosh, 1.0, STEEP),
    ("arctan2(x[0], x[1])", lambda x: np.arctan2(x[0], x[1]), [0.0, 0.0], CORNER),
    ("lgamma(x)", tg.lgamma, 0.0, STEEP),
    ("sign(x)", np.sign, 0.0, JUMP),
    ("heaviside(x, 0.5)", lambda x: np.heaviside(x, 0.5), 0.0, JUMP),
    ("floor(x)", np.floor, 1.0, JUMP),
    ("rint(x)", np.rint, 0.5, JUMP),
    ("x % 2", lambda x: x % 2.0, 4.0, BESIDE),
    ("copysign(x, -1)", lambda x: np.copysign(x, -1.0), 0.0, LEAST),
    ("sqrt(x**2)", lambda x: np.sqrt(x**2), 0.0, HONEST),
    ("where(x > 0, sqrt(x), 0)", lambda x: np.where(x > 0, np.sqrt(x), 0.0), 0.0, HONEST),
    ("relu(x) - relu(-x)", relu_difference, 0.0, LIMIT),
]


def kinks() -> Kinks:
    """Return the points where a derivative was decided upon: slope from the left, from the right, choice, reason.

    Both slopes are limits of slopes measured beside the point; they are NaN where the function is not defined. For a
    function of several numbers there is one of each for every number, moved by itself.
    """
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return Kinks([kink(*point) for point in POINTS])


def kink(name: str, f: UnaryFunction, at: Any, reason: str) -> Kink:
    """Return one line of the table."""
    x = np.asarray(at)
    choice = grad(f)(x)
    return Kink(f"{name} at {short_number(at)}", slopes(f, x, -1), slopes(f, x, 1), nested_floats(choice), reason)


def slopes(f: UnaryFunction, x: np.ndarray[Any, Any], side: int) -> Any:
    """Return the slope of `f` by each number of `x`, beside `x` on one side."""
    scale = np.abs(x).max() if 0 < np.abs(x).max() < 1e-6 else 1.0
    return nested_floats(
        np.reshape([one_sided_slope(f, x, side * scale * e.reshape(x.shape)) for e in np.eye(x.size)], x.shape)
    )


def one_sided_slope(f: UnaryFunction, x: np.ndarray[Any, Any], step: np.ndarray[Any, Any]) -> float:
    """Return the limit of the slopes of `f` along a line that starts at `x`, measured beside it, not at it."""

    def value(h: float) -> float:
        with no_grad():
            return float(f(Tensor(x + h * step, requires_grad=False)).item())

    def beside(h: float) -> float:
        return (value(2 * h) - value(h)) / (h * float(step.sum()))

    wide, half, near = beside(1e-4), beside(0.5e-4), beside(1e-6)
    if abs(near) > 5 * abs(wide) and abs(near) > 100:
        return math.copysign(math.inf, near)
    limit = 2 * half - wide  # what halving the distance took away is still to go
    return 0.0 if abs(limit) < 1e-9 else float(f"{limit:.5g}")


def nested_floats(data: Any) -> Any:
    """Return an array as nested lists of floats, and zero without a sign."""
    return (np.asarray(data) + 0.0).tolist()


def short_number(x: Any) -> str:
    """Return a number or a list of numbers, short."""
    return f"[{', '.join(map(short_number, x))}]" if isinstance(x, list) else f"{x:.4g}"


def table_line(point: str, left: Any, right: Any, choice: Any, reason: str) -> tuple[str, ...]:
    """Return a line of the table as text."""
    return point, short_number(left), short_number(right), short_number(choice), reason
