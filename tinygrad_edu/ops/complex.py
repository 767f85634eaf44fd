"""Parts of complex numbers: real and imaginary part, conjugate, angle; and the convention of complex gradients.

The gradient of L by a complex x = a + ib is written g = dL/da - i dL/db, so that dL = Re(g dx), as JAX and HIPS
autograd write it. Then the rule of every holomorphic function of x is the one of its real namesake, and no rule of
this table needs a conjugate, except the rows of these parts. The gradient of a real operand is
the real part of what its rule returns. The steepest descent is along the conjugate of the gradient.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.op import op
from .compare import where

real = op(
    "real",
    "Re({})",
    lambda x: np.real(x),
    lambda g, z, x: g,
    tex=r"\mathrm{{Re}}({})",
    linear=True,
    elementwise=True,
    doc="Return the real part.",
)
imag = op(
    "imag",
    "Im({})",
    lambda x: np.imag(x),
    lambda g, z, x: g * -1j if is_complex(x) else g * 0.0,
    tex=r"\mathrm{{Im}}({})",
    linear=True,
    elementwise=True,
    doc="Return the imaginary part.",
)
conjugate = op(
    "conjugate",
    "conj({})",
    np.conjugate,
    lambda g, z, x: conj(g),
    tex=r"\overline{{{}}}",
    linear=True,
    doc="Turn the sign of the imaginary part.",
)
angle = op(
    "angle",
    "angle({})",
    lambda x: np.angle(x),
    lambda g, z, x: where(x == 0, 0.0, g * -1j / where(x == 0, 1.0, x)) if is_complex(x) else g * 0.0,
    tex=r"\arg({})",
    elementwise=True,
    doc="Return the angle with the positive real axis, in radians.",
)


def is_complex(x: Any) -> bool:
    """Say whether `x` is an array or a node of complex numbers."""
    return getattr(x, "dtype", None) is not None and x.dtype.kind == "c"


def conj(x: Any) -> Any:
    """Return the complex conjugate; real numbers are their own."""
    return conjugate(x) if is_complex(x) else x


def real_part(x: Any) -> Any:
    """Return the real part; real numbers are their own."""
    return real(x) if is_complex(x) else x


def rightward(x: np.ndarray) -> np.ndarray:
    """Return x or -x, whichever has the real part that is not negative: |x| of real numbers."""
    return np.where(x.real >= 0, x, -x) if x.dtype.kind == "c" else np.abs(x)
