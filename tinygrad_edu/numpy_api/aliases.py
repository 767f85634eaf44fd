"""Other names that NumPy has for the same functions."""

from __future__ import annotations

from ..ops.arithmetic import absolute, divide, remainder
from ..ops.powers import power
from ..ops.trigonometry import arccos, arccosh, arcsin, arcsinh, arctan, arctan2, arctanh, deg2rad, rad2deg
from . import complexes
from .joining import array, vstack
from .reductions import max, min

__all__ = [
    "abs", "acos", "acosh", "amax", "amin", "asarray", "asin", "asinh", "atan", "atan2", "atanh", "conj",
    "conjugate", "degrees", "mod", "pow", "radians", "row_stack", "true_divide",
]  # fmt: skip

abs = absolute
acos, acosh = arccos, arccosh
amax, amin = max, min
asarray = array
asin, asinh = arcsin, arcsinh
atan, atan2, atanh = arctan, arctan2, arctanh
conj = conjugate = complexes.conj
degrees, radians = rad2deg, deg2rad
mod, pow, true_divide = remainder, power, divide
row_stack = vstack
