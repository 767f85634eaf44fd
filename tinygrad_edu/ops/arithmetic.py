"""Rows of school arithmetic, and the two choices that go with it: the larger, the smaller."""

from __future__ import annotations

import math
import operator

import numpy as np

from ..op import op
from .compare import where

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
absolute = op(
    "absolute",
    "abs({})",
    np.absolute,
    lambda g, z, x: g * sign(x),
    tex=r"\left|{}\right|",
    scalar=abs,
    onnx="Abs",
)
sign = op(
    "sign",
    "sign({})",
    np.sign,
    lambda g, z, x: g * 0.0,
    tex=r"\mathrm{{sign}}({})",
    scalar=lambda x: x if math.isnan(x) else float((x > 0) - (x < 0)),
    onnx="Sign",
)
maximum = op(
    "maximum",
    "max({}, {})",
    np.maximum,
    lambda g, z, x, y: g * share(x == z, y == z),
    lambda g, z, x, y: g * share(y == z, x == z),
    tex=r"\max({}, {})",
    scalar=lambda x, y: x + y if x != x or y != y else max(x, y),
    onnx="Max",
)
minimum = op(
    "minimum",
    "min({}, {})",
    np.minimum,
    lambda g, z, x, y: g * share(x == z, y == z),
    lambda g, z, x, y: g * share(y == z, x == z),
    tex=r"\min({}, {})",
    scalar=lambda x, y: x + y if x != x or y != y else min(x, y),
    onnx="Min",
)
remainder = op(
    "remainder",
    "{} % {}",
    np.remainder,
    lambda g, z, x, y: g,
    lambda g, z, x, y: -g * floor_divide(x, y),
    tex=r"{} \bmod {}",
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


def share(mine: object, others: object) -> object:
    """Return the part of a gradient that an operand gets: all if it alone was chosen, half of a tie, or none."""
    return where(mine, where(others, 0.5, 1.0), 0.0)
