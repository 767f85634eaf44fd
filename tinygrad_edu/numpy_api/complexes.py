"""NumPy's functions of complex numbers. `ops/complex.py` says what their gradients mean."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.dispatch import implements
from ..core.node import data_of
from ..ops import arithmetic
from ..ops import complex as rows
from ..ops.complex import is_complex, real_part
from .arguments import cast, dtype_of, given

__all__ = ["angle", "imag", "real", "real_if_close"]


@implements(np.real)
def real(val: Any) -> Any:
    """Return the real part."""
    return real_part(given(val))


@implements(np.imag)
def imag(val: Any) -> Any:
    """Return the imaginary part, which is 0 of a real number."""
    x = given(val)
    return rows.imag(x) if is_complex(x) else cast(arithmetic.multiply(x, 0), dtype_of(x))


@implements(np.conjugate)
def conj(x: Any) -> Any:
    """Return the complex conjugate; real numbers are their own."""
    return rows.conj(given(x))


@implements(np.angle)
def angle(z: Any, deg: bool = False) -> Any:
    """Return the angle with the positive real axis; of a real number it is 0 or pi, and its gradient is 0."""
    found = rows.angle(given(z))
    return found * (180 / math.pi) if deg else found


@implements(np.real_if_close)
def real_if_close(a: Any, tol: float = 100) -> Any:
    """Return the real part if the imaginary part is nearly 0 everywhere."""
    x = given(a)
    return rows.real(x) if is_complex(x) and not is_complex(np.real_if_close(data_of(x), tol)) else x
