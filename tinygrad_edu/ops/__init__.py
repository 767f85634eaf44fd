"""The table of operations: one row each, grouped by what they are about."""

from ..core.op import BUILT_IN, TABLE
from . import (
    activations,
    arithmetic,
    compare,
    complex,
    convolution,
    cumulative,
    fft,
    indexing,
    linalg,
    linear,
    losses,
    ordering,
    powers,
    reductions,
    shapes,
    special,
    trigonometry,
    windows,
)

BUILT_IN.update(TABLE)

__all__ = [
    "activations",
    "arithmetic",
    "compare",
    "complex",
    "convolution",
    "cumulative",
    "fft",
    "indexing",
    "linalg",
    "linear",
    "losses",
    "ordering",
    "powers",
    "reductions",
    "shapes",
    "special",
    "trigonometry",
    "windows",
]
