"""Rows of the functions beyond school: the error function, the logarithm of the gamma function, sinc, x log y."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.op import op
from .compare import logical_and, where
from .powers import exp, log

BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6)  # B2, B4, …


def of_each(function: Callable[[float], float]) -> Callable[[Any], Any]:
    """Return `function`, which the standard library has for one float, for every element of an array."""

    def mapped(x: Any) -> Any:
        x = np.asarray(x)
        dtype = x.dtype if x.dtype.kind == "f" else np.dtype(float)
        return np.fromiter(map(function, x.ravel().tolist()), dtype, x.size).reshape(x.shape)

    return mapped


def _lgamma(x: float) -> float:
    return math.inf if x <= 0 and x == math.floor(x) else math.lgamma(x)


def _polygamma(x: Any, n: int) -> Any:
    """Step up until Stirling's series holds: psi_n(x) = psi_n(x + 1) - (-1)^n n! / x^(n+1)."""
    x = np.where(x == -np.inf, np.nan, x)
    z, far, odd = np.zeros(x.shape), 15 + n, (-1) ** n
    with np.errstate(all="ignore"):  # the poles at 0, -1, … are infinite, which is their value
        while np.any(small := x < far):
            z = np.where(small, z - odd * math.factorial(n) / x ** (n + 1), z)
            x = np.where(small, x + 1, x)
        series = np.log(x) if n == 0 else -odd * math.factorial(n - 1) / x**n
        series -= odd * math.factorial(n) / (2 * x ** (n + 1))
        for k, b in enumerate(BERNOULLI, 1):
            series -= odd * b * math.factorial(2 * k + n - 1) / math.factorial(2 * k) / x ** (2 * k + n)
    return z + series


def _sinc(x: Any, order: int) -> Any:
    """Return a derivative of sin(u) / u by x, where u = pi x: by its series near 0, else from the order below."""
    if order == 0:
        return np.sinc(x)
    u, z = np.pi * np.asarray(x), np.sinc(x)
    near = np.abs(u) < order + 2
    far = np.where(near, 1, u)
    for n in range(1, order + 1):
        z = (np.sin(far + n * np.pi / 2) - n * z) / far
    series, close = np.zeros_like(u), np.where(near, u, 0)
    for k in range(-(-order // 2), order + 30):
        factor = math.perm(2 * k, order) / math.factorial(2 * k + 1)
        series = series + (-1) ** k * factor * close ** (2 * k - order)
    return np.where(near, series, z) * np.pi**order


erf = op(
    "erf",
    "erf({})",
    of_each(math.erf),
    lambda g, z, x: g * (2 / math.sqrt(math.pi)) * exp(-x * x),
    tex=r"\mathrm{{erf}}({})",
    scalar=math.erf,
    elementwise=True,
    onnx="Erf",
)
erfc = op(
    "erfc",
    "erfc({})",
    of_each(math.erfc),
    lambda g, z, x: g * (-2 / math.sqrt(math.pi)) * exp(-x * x),
    tex=r"\mathrm{{erfc}}({})",
    scalar=math.erfc,
    elementwise=True,
)
lgamma = op(
    "lgamma",
    "lgamma({})",
    of_each(_lgamma),
    lambda g, z, x: g * polygamma(x, n=0),
    tex=r"\ln |\Gamma({})|",
    scalar=_lgamma,
    domain=(0.0, math.inf),
    elementwise=True,
)
polygamma = op(
    "polygamma",
    "polygamma({})",
    lambda x, n: np.asarray(_polygamma(np.asarray(x), n), np.result_type(x, np.float16)),
    lambda g, z, x, n: g * polygamma(x, n=n + 1),
    tex=r"\psi^{{(n)}}({})",
    scalar=lambda x, n: float(_polygamma(np.float64(x), n)),
    domain=(0.0, math.inf),
    elementwise=True,
    doc="Compute the n-th derivative of digamma, which is that of lgamma.",
)
sinc = op(
    "sinc",
    "sinc({})",
    lambda x, order=0: np.asarray(_sinc(x, order), np.result_type(x, np.float16)),
    lambda g, z, x, order=0: g * sinc(x, order=order + 1),
    tex=r"\mathrm{{sinc}}({})",
    scalar=lambda x, order=0: float(_sinc(x, order)),
    elementwise=True,
    doc="Compute sin(pi x) / (pi x), which is 1 at 0, or its derivative of an order.",
)
xlogy = op(
    "xlogy",
    "{} * log({})",
    lambda x, y: x * np.log(np.where(np.equal(x, 0) & ~np.isnan(y), 1, y)),
    lambda g, z, x, y: g * log(where(logical_and(x == 0, y == 0), 1.0, y)),
    lambda g, z, x, y: g * where(x == 0, 0.0, x) / where(logical_and(x == 0, y == 0), 1.0, y),
    tex=r"{} \ln({})",
    scalar=lambda x, y: 0.0 if x == 0 and y == y else x * math.log(y),
    domain=((-math.inf, math.inf), (0.0, math.inf)),
    elementwise=True,
    doc="Compute x log(y), which is 0 where x is 0.",
)
