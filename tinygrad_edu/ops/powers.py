"""Powers, roots, exponentials and logarithms."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.op import op
from .compare import equal, isinf, logical_and, where
from .complex import is_complex
from .precision import floating
from .slopes import away_from_kink

POSITIVE_DOMAIN = (0.0, math.inf)

# The exponent is moved to 0 where it is 0, and the base to 1 where it is 0, so that neither rule
# multiplies a zero by an infinity at a point where the derivative exists.
power = op(
    "power",
    "{} ** {}",
    lambda x, y: x**y,  # NumPy's operator squares for y = 2; its `power` would take a logarithm
    lambda g, z, x, y: g * y * power(x, where(y == 0, 0, y - 1)),
    lambda g, z, x, y: g * z * log(where(logical_and(x == 0, y >= 0), 1.0, x + 0j if is_complex(z) else x)),
    tex="{{{}}}^{{{}}}",
    scalar=math.pow,
    onnx="Pow",
    domain=(POSITIVE_DOMAIN, (-math.inf, math.inf)),
    elementwise=True,
)
square = op("square", "{}**2", np.square, lambda g, z, x: g * (2 * x), tex="{{{}}}^2", scalar=lambda x: x * x)
reciprocal = op(
    "reciprocal",
    "1 / {}",
    np.reciprocal,
    lambda g, z, x: -g * z * z,
    tex=r"\frac{{1}}{{{}}}",
    scalar=lambda x: 1.0 / x,
    onnx="Reciprocal",
)
sqrt = op(
    "sqrt",
    "sqrt({})",
    np.sqrt,
    lambda g, z, x: g / (2 * z),
    tex=r"\sqrt{{{}}}",
    scalar=math.sqrt,
    onnx="Sqrt",
    domain=POSITIVE_DOMAIN,
)
rsqrt = op(
    "rsqrt",
    "1 / sqrt({})",
    lambda x: 1 / np.sqrt(floating(x)),
    lambda g, z, x: -0.5 * g * z / x,
    tex=r"\frac{{1}}{{\sqrt{{{}}}}}",
    scalar=lambda x: 1.0 / math.sqrt(x),
    domain=POSITIVE_DOMAIN,
    elementwise=True,
    doc="Compute 1 / sqrt(x).",
)
cbrt = op(
    "cbrt",
    "cbrt({})",
    np.cbrt,
    lambda g, z, x: g / (3 * z * z),
    tex=r"\sqrt[3]{{{}}}",
    scalar=math.cbrt,
)
exp = op("exp", "exp({})", np.exp, lambda g, z, x: g * z, tex="e^{{{}}}", scalar=math.exp, onnx="Exp")
exp2 = op("exp2", "exp2({})", np.exp2, lambda g, z, x: g * z * math.log(2), tex="2^{{{}}}", scalar=math.exp2)
expm1 = op("expm1", "expm1({})", np.expm1, lambda g, z, x: g * exp(x), tex="(e^{{{}}} - 1)", scalar=math.expm1)
log = op(
    "log", "log({})", np.log, lambda g, z, x: g / x, tex=r"\ln({})", scalar=math.log, onnx="Log", domain=POSITIVE_DOMAIN
)
log2 = op(
    "log2",
    "log2({})",
    np.log2,
    lambda g, z, x: g / (x * math.log(2)),
    tex=r"\log_2({})",
    scalar=math.log2,
    domain=POSITIVE_DOMAIN,
)
log10 = op(
    "log10",
    "log10({})",
    np.log10,
    lambda g, z, x: g / (x * math.log(10)),
    tex=r"\log_{{10}}({})",
    scalar=math.log10,
    domain=POSITIVE_DOMAIN,
)
log1p = op(
    "log1p",
    "log1p({})",
    np.log1p,
    lambda g, z, x: g / (1 + x),
    tex=r"\ln(1 + {})",
    scalar=math.log1p,
    domain=(-1.0, math.inf),
)
logaddexp = op(
    "logaddexp",
    "logaddexp({}, {})",
    np.logaddexp,
    lambda g, z, x, y: g * portion(x, y, z, exp),
    lambda g, z, x, y: g * portion(y, x, z, exp),
    tex=r"\ln(e^{{{}}} + e^{{{}}})",
    scalar=lambda x, y: max(x, y) + (math.log1p(math.exp(-abs(x - y))) if x != y else math.log(2)),
)
logaddexp2 = op(
    "logaddexp2",
    "logaddexp2({}, {})",
    np.logaddexp2,
    lambda g, z, x, y: g * portion(x, y, z, exp2),
    lambda g, z, x, y: g * portion(y, x, z, exp2),
    tex=r"\log_2(2^{{{}}} + 2^{{{}}})",
    scalar=lambda x, y: max(x, y) + (math.log1p(math.exp2(-abs(x - y))) / math.log(2) if x != y else 1.0),
)
hypot = op(
    "hypot",
    "hypot({}, {})",
    np.hypot,
    lambda g, z, x, y: away_from_kink(g * (x / where(z == 0, 1.0, z)), g, z, x),
    lambda g, z, x, y: away_from_kink(g * (y / where(z == 0, 1.0, z)), g, z, y),
    tex=r"\sqrt{{{}^2 + {}^2}}",
    scalar=math.hypot,
)


def portion(x: Any, y: Any, z: Any, exp: Any) -> Any:
    """Return exp(x) / (exp(x) + exp(y)), the slope of the logarithm z of that sum; 0 where both are nothing.

    From x - y, not from x - z: beside large numbers z has no digits left.
    """
    alike = logical_and(equal(x, y), isinf(x))  # equal infinities differ by 0
    d = where(alike, 0.0, x) - where(alike, 0.0, y)
    e = exp(where(d < 0, d, -d))
    return where(z == -math.inf, 0.0, where(d < 0, e, 1.0) / (1.0 + e))


def exp_share(x: Any, z: Any, infinite: Any) -> Any:
    """Return the share of exp(x) in the sum of which `z` is the logarithm.

    infinite: how many of the terms are infinite. They share equally what slope there is, and where all terms are
    exp(-inf) none has any.
    """
    finite = exp(where(z == math.inf, -math.inf, x - where(isinf(z), 0.0, z)))
    return where(x == math.inf, 1.0 / infinite, finite)
