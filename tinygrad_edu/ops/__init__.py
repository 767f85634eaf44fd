"""The table of operations: one row each, grouped by what they are about."""

from ..op import BUILT_IN, TABLE
from . import activations, arithmetic, compare, indexing, linear, losses, powers, reductions, shapes, trigonometry

BUILT_IN.update(TABLE)

__all__ = [
    "activations",
    "arithmetic",
    "compare",
    "indexing",
    "linear",
    "losses",
    "powers",
    "reductions",
    "shapes",
    "trigonometry",
]
