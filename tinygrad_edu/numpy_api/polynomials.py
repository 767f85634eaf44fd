"""NumPy's polynomials: vectors of coefficients, the highest power first."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.dispatch import implements
from ..ops import arithmetic, powers, shapes
from .arguments import dtype_of, given
from .joining import concatenate
from .padding import pad
from .shaping import atleast_1d
from .statistics import convolve

__all__ = ["polyadd", "polyder", "polyint", "polymul", "polysub", "polyval", "vander"]


@implements(np.polyval)
def polyval(p: Any, x: Any) -> Any:
    """Evaluate the polynomial that has coefficients p at x."""
    p, x = given(p), given(x)
    z: Any = arithmetic.multiply(x, 0)
    for k in range(shapes.shape(p)[0]):
        z = z * x + p[k]
    return z


@implements(np.polyadd)
def polyadd(a1: Any, a2: Any) -> Any:
    """Add polynomials."""
    x, y = atleast_1d(a1, a2)
    n = max(shapes.shape(x)[0], shapes.shape(y)[0])
    return pad(x, (n - shapes.shape(x)[0], 0)) + pad(y, (n - shapes.shape(y)[0], 0))


@implements(np.polysub)
def polysub(a1: Any, a2: Any) -> Any:
    """Subtract polynomials."""
    return polyadd(a1, -given(a2))


@implements(np.polymul)
def polymul(a1: Any, a2: Any) -> Any:
    """Multiply polynomials."""
    return convolve(*atleast_1d(a1, a2))


@implements(np.polyder)
def polyder(p: Any, m: int = 1) -> Any:
    """Differentiate a polynomial m times."""
    x = given(p)
    for _ in range(m):
        n = shapes.shape(x)[0]
        x = x[:-1] * np.arange(n - 1, 0, -1)
    return x


@implements(np.polyint)
def polyint(p: Any, m: int = 1, k: Any = None) -> Any:
    """Integrate a polynomial m times, with the constants k."""
    x = given(p)
    constants = broadcast_constants(k, m)
    for c in constants:
        n = shapes.shape(x)[0]
        x = concatenate([x / np.arange(n, 0, -1), c])
    return x


def broadcast_constants(k: Any, m: int) -> list[Any]:
    """Return m constants of integration, each as a vector of one."""
    if k is None:
        return [np.zeros(1)] * m
    x = atleast_1d(k)
    return [x[:1]] * m if shapes.shape(x)[0] == 1 else [x[i : i + 1] for i in range(m)]


@implements(np.vander)
def vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:  # noqa: N803  # NumPy's name
    """Return the matrix whose columns are powers of a vector."""
    x = given(x)
    n = shapes.shape(x)[0] if N is None else N
    exponents = np.arange(n) if increasing else np.arange(n)[::-1]
    kind = np.result_type(dtype_of(x), int)
    return powers.power(shapes.astype(x, dtype=kind)[:, None], exponents.astype(kind))
