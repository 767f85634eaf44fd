"""Arithmetic, remainders, rounding, signs, and the larger or smaller of two operands."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.op import op
from .compare import equal, logical_and, where
from .complex import conj, is_complex, real_part
from .precision import floating
from .slopes import away_from_kink


def whole(function: Callable[[float], int]) -> Callable[[float], float]:
    """Return a rounding function of `math` as one from float to float, by IEEE: a zero has the sign of its operand."""
    return lambda x: math.copysign(function(x), x) if math.isfinite(x) else x


add = op(
    "add",
    "{} + {}",
    np.add,
    lambda g, z, x, y: g,
    lambda g, z, x, y: g,
    tex="{} + {}",
    scalar=operator.add,
    onnx="Add",
)
subtract = op(
    "subtract",
    "{} - {}",
    np.subtract,
    lambda g, z, x, y: g,
    lambda g, z, x, y: -g,
    tex="{} - {}",
    scalar=operator.sub,
    onnx="Sub",
)
multiply = op(
    "multiply",
    "{} * {}",
    np.multiply,
    lambda g, z, x, y: g * y,
    lambda g, z, x, y: g * x,
    tex=r"{} \cdot {}",
    scalar=operator.mul,
    onnx="Mul",
)
divide = op(
    "divide",
    "{} / {}",
    np.divide,
    lambda g, z, x, y: g / y,
    lambda g, z, x, y: -g * z / y,
    tex=r"\frac{{{}}}{{{}}}",
    scalar=operator.truediv,
    onnx="Div",
)
negative = op("negative", "-{}", np.negative, lambda g, z, x: -g, tex="-{}", scalar=operator.neg, onnx="Neg")
positive = op("positive", "+{}", np.positive, lambda g, z, x: g, tex="+{}", scalar=operator.pos, linear=True)
absolute = op(
    "absolute",
    "abs({})",
    np.absolute,
    lambda g, z, x: away_from_kink(g * conj(sign(x)), g, z, x),
    tex=r"\left|{}\right|",
    scalar=abs,
    onnx="Abs",
)
sign = op(
    "sign",
    "sign({})",
    np.sign,
    lambda g, z, x: turn(g, z, x) if is_complex(x) else g * 0.0,
    tex=r"\mathrm{{sign}}({})",
    scalar=lambda x: x if math.isnan(x) else float((x > 0) - (x < 0)),
    onnx="Sign",
)
maximum = op(
    "maximum",
    "max({}, {})",
    np.maximum,
    lambda g, z, x, y: g * tie_share(equal(x, z), equal(y, z)),
    lambda g, z, x, y: g * tie_share(equal(y, z), equal(x, z)),
    tex=r"\max({}, {})",
    scalar=lambda x, y: math.nan if x != x or y != y else max(x, y),
    onnx="Max",
)
minimum = op(
    "minimum",
    "min({}, {})",
    np.minimum,
    lambda g, z, x, y: g * tie_share(equal(x, z), equal(y, z)),
    lambda g, z, x, y: g * tie_share(equal(y, z), equal(x, z)),
    tex=r"\min({}, {})",
    scalar=lambda x, y: math.nan if x != x or y != y else min(x, y),
    onnx="Min",
)
fmax = op(
    "fmax",
    "fmax({}, {})",
    np.fmax,
    lambda g, z, x, y: g * tie_share(equal(x, z), equal(y, z)),
    lambda g, z, x, y: g * tie_share(equal(y, z), equal(x, z)),
    tex=r"\max({}, {})",
    scalar=lambda x, y: y if x != x else x if y != y else max(x, y),
    doc="Choose the larger, and the other one where one is NaN.",
)
fmin = op(
    "fmin",
    "fmin({}, {})",
    np.fmin,
    lambda g, z, x, y: g * tie_share(equal(x, z), equal(y, z)),
    lambda g, z, x, y: g * tie_share(equal(y, z), equal(x, z)),
    tex=r"\min({}, {})",
    scalar=lambda x, y: y if x != x else x if y != y else min(x, y),
    doc="Choose the smaller, and the other one where one is NaN.",
)
clip = op(
    "clip",
    "clip({}, {}, {})",
    lambda x, low, high: np.clip(x, low, high),
    lambda g, z, x, low, high: where(logical_and(x >= low, x <= high), g, 0.0),  # the bounds themselves pass
    lambda g, z, x, low, high: where(logical_and(x < low, low <= high), g, 0.0),
    lambda g, z, x, low, high: where(maximum(x, low) > high, g, 0.0),
    tex=r"\mathrm{{clip}}({}, {}, {})",
    scalar=lambda x, low, high: math.nan if x != x or low != low or high != high else min(max(x, low), high),
    elementwise=True,
    onnx="Clip",
    doc="Limit numbers to an interval: those outside become the nearer bound.",
)
remainder = op(
    "remainder",
    "{} % {}",
    np.remainder,
    lambda g, z, x, y: g,
    lambda g, z, x, y: -g * floor_divide(x, y),
    tex=r"{} \;\mathrm{{mod}}\; {}",
    scalar=operator.mod,
)
floor_divide = op(
    "floor_divide",
    "{} // {}",
    np.floor_divide,
    lambda g, z, x, y: g * 0.0,
    lambda g, z, x, y: g * 0.0,
    tex=r"\left\lfloor {} / {} \right\rfloor",
    scalar=operator.floordiv,
)

fmod = op(
    "fmod",
    "fmod({}, {})",
    np.fmod,
    lambda g, z, x, y: g,
    lambda g, z, x, y: -g * rint((x - z) / y),  # x / y itself may round up to the next whole number
    tex=r"\mathrm{{fmod}}({}, {})",
    scalar=math.fmod,
    onnx="Mod",
    doc="Compute the remainder with the sign of x.",
)
floor = op(
    "floor",
    "floor({})",
    np.floor,
    lambda g, z, x: g * 0.0,
    tex=r"\lfloor {} \rfloor",
    scalar=whole(math.floor),
    onnx="Floor",
)
ceil = op(
    "ceil", "ceil({})", np.ceil, lambda g, z, x: g * 0.0, tex=r"\lceil {} \rceil", scalar=whole(math.ceil), onnx="Ceil"
)
trunc = op(
    "trunc", "trunc({})", np.trunc, lambda g, z, x: g * 0.0, tex=r"\mathrm{{trunc}}({})", scalar=whole(math.trunc)
)
rint = op(
    "rint", "rint({})", np.rint, lambda g, z, x: g * 0.0, tex=r"\mathrm{{round}}({})", scalar=whole(round), onnx="Round"
)
frac = op(
    "frac",
    "frac({})",
    lambda x: floating(x) - np.trunc(floating(x)),
    lambda g, z, x: g,
    tex=r"\mathrm{{frac}}({})",
    scalar=lambda x: math.fmod(x, 1.0) + 0.0,
    elementwise=True,
    doc="Compute the fractional part, with the sign of x.",
)
nextafter = op(
    "nextafter",
    "nextafter({}, {})",
    np.nextafter,
    lambda g, z, x, y: g,
    lambda g, z, x, y: g * 0.0,
    tex=r"\mathrm{{nextafter}}({}, {})",
    scalar=math.nextafter,
    doc="Return the next floating-point number after x on the way to y.",
)
copysign = op(
    "copysign",
    "copysign({}, {})",
    np.copysign,
    lambda g, z, x, y: g * sign(x) * copysign(1.0, y),
    lambda g, z, x, y: g * 0.0,
    tex=r"\mathrm{{copysign}}({}, {})",
    scalar=math.copysign,
    doc="Give x the sign of y.",
)
heaviside = op(
    "heaviside",
    "heaviside({}, {})",
    np.heaviside,
    lambda g, z, x, y: g * 0.0,
    lambda g, z, x, y: where(x == 0, g, 0.0),
    tex=r"H({}, {})",
    scalar=lambda x, y: x if math.isnan(x) else y if x == 0 else float(x > 0),
    doc="Compute the step: 0 below zero, 1 above, y at zero.",
)


def tie_share(mine: object, others: object) -> object:
    """Return the part of a gradient that an operand gets: all if it alone was chosen, half of a tie, or none."""
    return where(mine, where(others, 0.5, 1.0), 0.0)


def turn(g: Any, z: Any, x: Any) -> Any:
    """Return the gradient of the direction z = x / |x| of a complex number, which moves on the circle only."""
    return (g - conj(z) * real_part(g * z)) / absolute(x)
