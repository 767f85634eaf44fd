"""Trigonometric and hyperbolic functions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.op import op
from .compare import where
from .complex import is_complex, rightward
from .powers import hypot, sqrt
from .precision import floating

UNIT = (-1.0, 1.0)


def _sech2(x: np.ndarray) -> np.ndarray:
    e = np.exp(-2 * rightward(floating(x)))
    return 4 * e / (1 + e) ** 2


sin = op("sin", "sin({})", np.sin, lambda g, z, x: g * cos(x), tex=r"\sin({})", scalar=math.sin, onnx="Sin")
cos = op("cos", "cos({})", np.cos, lambda g, z, x: -g * sin(x), tex=r"\cos({})", scalar=math.cos, onnx="Cos")
tan = op("tan", "tan({})", np.tan, lambda g, z, x: g * (1 + z * z), tex=r"\tan({})", scalar=math.tan, onnx="Tan")
arcsin = op(
    "arcsin",
    "arcsin({})",
    np.arcsin,
    lambda g, z, x: g / sqrt((1 - x) * (1 + x)),  # 1 - x * x would lose digits near 1
    tex=r"\arcsin({})",
    scalar=math.asin,
    onnx="Asin",
    domain=UNIT,
)
arccos = op(
    "arccos",
    "arccos({})",
    np.arccos,
    lambda g, z, x: -g / sqrt((1 - x) * (1 + x)),
    tex=r"\arccos({})",
    scalar=math.acos,
    onnx="Acos",
    domain=UNIT,
)
arctan = op(
    "arctan",
    "arctan({})",
    np.arctan,
    lambda g, z, x: g / (1 + x * x) if is_complex(x) else g / hypot(1, x) / hypot(1, x),  # x * x may overflow
    tex=r"\arctan({})",
    scalar=math.atan,
    onnx="Atan",
)
arctan2 = op(
    "arctan2",
    "arctan2({}, {})",
    np.arctan2,
    lambda g, z, y, x: g * (x / distance(y, x)) / distance(y, x),
    lambda g, z, y, x: -g * (y / distance(y, x)) / distance(y, x),
    tex=r"\mathrm{{arctan2}}({}, {})",
    scalar=math.atan2,
)
sinh = op("sinh", "sinh({})", np.sinh, lambda g, z, x: g * cosh(x), tex=r"\sinh({})", scalar=math.sinh, onnx="Sinh")
cosh = op("cosh", "cosh({})", np.cosh, lambda g, z, x: g * sinh(x), tex=r"\cosh({})", scalar=math.cosh, onnx="Cosh")
tanh = op("tanh", "tanh({})", np.tanh, lambda g, z, x: g * sech2(x), tex=r"\tanh({})", scalar=math.tanh, onnx="Tanh")
sech2 = op(  # 1 - tanh(x)**2, without the cancellation that leaves no digit of it from x = 19 on
    "sech2",
    "sech({})**2",
    _sech2,
    lambda g, z, x: -2 * g * z * tanh(x),
    tex=r"\mathrm{{sech}}^2({})",
    scalar=lambda x: 4 * (e := math.exp(-2 * abs(x))) / (1 + e) ** 2,
    elementwise=True,
)
arcsinh = op(
    "arcsinh",
    "arcsinh({})",
    np.arcsinh,
    lambda g, z, x: g / (sqrt(x * x + 1) if is_complex(x) else hypot(1, x)),
    tex=r"\mathrm{{arsinh}}({})",
    scalar=math.asinh,
    onnx="Asinh",
)
arccosh = op(
    "arccosh",
    "arccosh({})",
    np.arccosh,
    lambda g, z, x: g / sqrt(x - 1) / sqrt(x + 1),
    tex=r"\mathrm{{arcosh}}({})",
    scalar=math.acosh,
    onnx="Acosh",
    domain=(1.0, math.inf),
)
arctanh = op(
    "arctanh",
    "arctanh({})",
    np.arctanh,
    lambda g, z, x: g / (1 - x) / (1 + x),
    tex=r"\mathrm{{artanh}}({})",
    scalar=math.atanh,
    onnx="Atanh",
    domain=UNIT,
)

deg2rad = op(
    "deg2rad",
    "deg2rad({})",
    np.deg2rad,
    lambda g, z, x: deg2rad(g),
    tex=r"\frac{{\pi}}{{180}} {}",
    scalar=math.radians,
    linear=True,
)
rad2deg = op(
    "rad2deg",
    "rad2deg({})",
    np.rad2deg,
    lambda g, z, x: rad2deg(g),
    tex=r"\frac{{180}}{{\pi}} {}",
    scalar=math.degrees,
    linear=True,
)


def distance(y: Any, x: Any) -> Any:
    """Return the distance from the origin, and 1 at the origin itself, where an angle has no slope."""
    r = hypot(x, y)
    return where(r == 0, 1.0, r)
