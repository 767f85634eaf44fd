"""The dtype that a row computes in: floating point for whole numbers, single precision for sums of halves.

NumPy would compute exp of a uint8 in half precision and let -x wrap round; a count above 65,504 is infinite in half
precision, and an eps below 6e-8 is zero. Results and gradients are rounded to their own dtype at the end.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .shapes import astype

HALF, SINGLE, DOUBLE = map(np.dtype, (np.float16, np.float32, np.float64))


def floating(x: Any) -> Any:
    """Return an array or list as an array of floating-point or complex numbers; whole numbers become doubles."""
    x = np.asarray(x)
    return x if x.dtype.kind in "fc" else x.astype(float)


def floats(x: Any) -> Any:
    """Return an array-like or a node in floating point; plain numbers and Values stay as they are."""
    if isinstance(x, (list, tuple)):
        x = np.asarray(x)
    kind = getattr(getattr(x, "dtype", None), "kind", "f")
    return astype(x, dtype=np.dtype(float)) if kind in "biu" else x


def exact(x: Any) -> Any:
    """Return an array-like or a node in floating point of at least single precision."""
    dtype = getattr(x, "dtype", None)
    return x if dtype is SINGLE or dtype is DOUBLE else wide(floats(x))


def wide(x: Any) -> Any:
    """Return halves, of an array or a node, in single precision; anything else as it is."""
    return astype(x, dtype=SINGLE) if getattr(x, "dtype", None) is HALF else x


def rounded(z: Any, x: Any) -> Any:
    """Return `z`, computed from `wide(x)`, in half precision again if `x` is in half precision."""
    return astype(z, dtype=HALF) if getattr(x, "dtype", None) is HALF else z


def real_numbers(x: Any, row: str) -> Any:
    """Return floating-point numbers as they are. Raises TypeError for complex ones."""
    x = floating(x)
    if x.dtype.kind == "c":
        raise TypeError(f"{row} is defined here for real numbers only, and was given {x.dtype}")
    return x
