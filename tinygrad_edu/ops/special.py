"""Special functions: error function, log-gamma and its derivatives, sinc, Bessel I, x log y."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.op import op
from .compare import logical_and, where
from .powers import exp, log
from .precision import floating, real_numbers, wide

BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6)  # B2, B4, …


def of_each(function: Callable[[float], float], name: str) -> Callable[[Any], Any]:
    """Return `function`, which the standard library has for one float, for every element of an array."""

    def mapped(x: Any) -> Any:
        x = real_numbers(x, name)
        return np.fromiter(map(function, x.ravel().tolist()), x.dtype, x.size).reshape(x.shape)

    return mapped


# log(exp(z²) erfc(z) / t), where t = 2 / (2 + z): its Chebyshev series, cut off. To 1e-8 for z up to 10.25 in powers of
# t, to 1e-16 for any z in powers of 2t - 1. tests/test_error_function.py compares with mpmath.
ERFC_SINGLE = (
    -1.265574784583448, 1.0017438870763384, 0.35393088860452093, 0.228863409092133, -0.721901953376063,
    1.6876263303751353, -3.5790838472102307, 4.2623450436863175, -2.8024210766177715, 0.9772254196783767,
    -0.14275331409460046,
)  # fmt: skip
ERFC_DOUBLE = (
    -0.6717940840566923, 0.6726432239776567, 0.04734330684190443, -0.0468956102311753, -0.009872689366389959,
    0.008824938557060623, 0.001758933557799016, -0.002345812500482853, -0.00014624686337800336,
    0.000673678795580235, -9.37350311709817e-05, -0.0001743029472030762, 7.14010141275703e-05,
    3.17451797494374e-05, -3.0187884551394243e-05, 1.3772664134464417e-07, 8.562623420121286e-06,
    -2.947986876998259e-06, -1.27231190486887e-06, 1.2500276612569754e-06, -1.6849800720653297e-07,
    -2.495832761719667e-07, 1.5334345920908177e-07, 1.4448658046252676e-09, -3.9171820510271855e-08,
    1.1172352263623759e-08, 4.06088214696972e-09, -1.8902306008944537e-09,
)  # fmt: skip
BLOCK = 1 << 14  # numbers computed together, so that intermediate results stay in the cache


def _erfc(x: Any) -> Any:
    """Return erfc of arrays, some ten times as fast as `math.erfc` of each number; all of it in double precision."""
    x = real_numbers(x, "erfc")
    flat, of_block = x.ravel(), _erfc_to_single if x.dtype.itemsize <= 4 else _erfc_to_double
    result = np.empty(flat.shape, x.dtype)
    for i in range(0, flat.size, BLOCK):
        result[i : i + BLOCK] = of_block(flat[i : i + BLOCK].astype(np.float64))
    return result.reshape(x.shape)


def _erfc_to_single(x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    z = np.minimum(np.abs(x), 10.25)  # beyond 10.1 erfc is 0 in single precision
    t = 2 / (2 + z)
    z *= z
    return _of_sign(x, t, _polynomial(ERFC_SINGLE, t) - z)


def _erfc_to_double(x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    z = np.minimum(np.abs(x), 30.0)  # beyond 27.3 erfc is 0
    t = 2 / (2 + z)
    exponent = _polynomial(ERFC_DOUBLE, 2 * t - 1)
    near = np.rint(z * 128) / 128  # its square is exact, so that exp(-z²) keeps all digits
    z -= near
    z *= z + 2 * near
    exponent -= z
    with np.errstate(under="ignore"):
        t *= np.exp(-near * near)
    return _of_sign(x, t, exponent)


def _polynomial(coefficients: tuple[float, ...], x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    z = np.full_like(x, coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        z *= x
        z += coefficient
    return z


def _of_sign(x: np.ndarray[Any, Any], t: np.ndarray[Any, Any], exponent: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return t exp(exponent), which is erfc(abs(x)), and 2 less that where x is negative, without a branch."""
    with np.errstate(under="ignore"):
        t *= np.exp(exponent, exponent)
        sign = np.copysign(1.0, x)
        t *= sign
    t += 1 - sign
    return t


def _lgamma(x: float) -> float:
    if math.isinf(x) or x > 2.55e305 or (x <= 0 and x == math.floor(x)):  # beyond it `math` raises
        return math.inf
    return math.lgamma(x)


def _polygamma(x: Any, n: int) -> Any:
    """Step up until Stirling's series holds; below 0 by reflection (Abramowitz and Stegun 6.4.6, 6.4.7, 6.4.11)."""
    x = np.where(x == -np.inf, np.nan, np.asarray(x, np.result_type(x, float))) + 0.0  # -0.0 is 0
    with np.errstate(all="ignore"):  # the poles at 0, -1, … are infinite, which is their value
        z = _stepped_up(np.where(x < 0, 1 - x, x), n)
        return np.where(x < 0, (-1) ** n * z - _slope_of_cotangent(x, n), z)


def _stepped_up(x: Any, n: int) -> Any:
    """Use psi_n(x) = psi_n(x + 1) - (-1)^n n! / x^(n+1) at most 15 + n times, then Stirling's series."""
    z, far, odd = np.zeros(x.shape, x.dtype), 15 + n, (-1) ** n
    for _ in range(far):
        small = x < far
        z = np.where(small, z - odd * math.factorial(n) / x ** (n + 1), z)
        x = np.where(small, x + 1, x)
    series = np.log(x) if n == 0 else -odd * math.factorial(n - 1) / x**n
    series -= odd * math.factorial(n) / (2 * x ** (n + 1))
    for k, b in enumerate(BERNOULLI, 1):
        series -= odd * b * math.factorial(2 * k + n - 1) / math.factorial(2 * k) / x ** (2 * k + n)
    return z + series


def _slope_of_cotangent(x: Any, n: int) -> Any:
    """Return the n-th derivative of pi cot(pi x), a polynomial in the cotangent; at a pole its value from above."""
    c = np.tan(np.pi * (x - np.rint(x)))
    c = np.where(c == 0, np.inf, 1 / np.where(c == 0, 1, c))
    polynomial = {1: 1}  # coefficients by power; c' = -(1 + c²), so that all have one sign and no pole cancels
    for _ in range(n):
        slope: dict[int, int] = {}
        for k, a in polynomial.items():
            for power in (k - 1, k + 1):
                slope[power] = slope.get(power, 0) - k * a
        polynomial = {k: a for k, a in slope.items() if a}
    return np.pi ** (n + 1) * sum(a * c**k for k, a in polynomial.items())


def _bessel(x: Any, order: int) -> Any:
    """Sum the power series of I_n, whose terms have one sign, and beyond 20 its integral over an angle (A&S 9.6.19)."""
    if order == 0:
        return np.i0(x)
    near = np.abs(x) <= 20
    half = np.where(near, x, 0) / 2
    z = term = half**order / math.factorial(order)
    for k in range(1, 60):
        term = term * half * half / (k * (k + order))
        z = z + term
    if np.all(near):
        return z
    angle = np.linspace(0, np.pi, 257)
    weight = np.where(np.isin(angle, (0, np.pi)), 0.5, 1.0) * np.cos(order * angle) / 256
    far = np.where(near, 0, x)[..., None]
    return np.where(near, z, np.sum(np.exp(far * np.cos(angle)) * weight, axis=-1))


def _sine(x: Any, n: int) -> Any:
    """Return the n-th derivative of sin(u) by u, at u = pi x: to all digits, as whole turns are taken off x first."""
    whole = np.rint(np.real(x))
    u = np.pi * (x - whole)
    return (1 - 2 * np.mod(whole, 2)) * (np.sin(u), np.cos(u), -np.sin(u), -np.cos(u))[n % 4]


def _sinc(x: Any, order: int) -> Any:
    """Return a derivative of sin(u) / u by x, where u = pi x: by its series near 0, else from the order below."""
    if order == 0:
        return np.sinc(x)
    u, z = np.pi * np.asarray(x), np.sinc(x)
    near = np.abs(u) < order + 2
    far = np.where(near, 1, u)
    for n in range(1, order + 1):
        z = (_sine(np.where(near, 1 / np.pi, x), n) - n * z) / far
    series, close = np.zeros_like(u), np.where(near, u, 0)
    for k in range(-(-order // 2), order + 30):
        factor = math.perm(2 * k, order) / math.factorial(2 * k + 1)
        series = series + (-1) ** k * factor * close ** (2 * k - order)
    return np.where(near, series, z) * np.pi**order


erf = op(
    "erf",
    "erf({})",
    of_each(math.erf, "erf"),
    lambda g, z, x: g * (2 / math.sqrt(math.pi)) * exp(-x * x),
    tex=r"\mathrm{{erf}}({})",
    scalar=math.erf,
    elementwise=True,
    onnx="Erf",
)
erfc = op(
    "erfc",
    "erfc({})",
    _erfc,
    lambda g, z, x: g * (-2 / math.sqrt(math.pi)) * exp(-x * x),
    tex=r"\mathrm{{erfc}}({})",
    scalar=math.erfc,
    elementwise=True,
)
lgamma = op(
    "lgamma",
    "lgamma({})",
    of_each(_lgamma, "lgamma"),
    lambda g, z, x: g * polygamma(x, n=0),
    tex=r"\ln |\Gamma({})|",
    scalar=_lgamma,
    domain=(0.0, math.inf),
    elementwise=True,
)
polygamma = op(
    "polygamma",
    "polygamma({})",
    lambda x, n: np.asarray(_polygamma(real_numbers(x, "polygamma"), n), floating(x).dtype),
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
    lambda x, order=0: np.asarray(_sinc(wide(floating(x)), order), floating(x).dtype),
    lambda g, z, x, order=0: g * sinc(x, order=order + 1),
    tex=r"\mathrm{{sinc}}({})",
    scalar=lambda x, order=0: float(_sinc(x, order)),
    elementwise=True,
    doc="Compute sin(pi x) / (pi x), which is 1 at 0, or its derivative of an order.",
)
i0 = op(
    "i0",
    "i0({})",
    lambda x, order=0: np.asarray(_bessel(wide(real_numbers(x, "i0")), order), floating(x).dtype),
    lambda g, z, x, order=0: (
        g * 0.5 * (i0(x, order=abs(order - 1)) + i0(x, order=order + 1))  # I_-1 is I_1
    ),
    tex=r"I_0({})",
    scalar=lambda x, order=0: float(_bessel(np.float64(x), order)),
    elementwise=True,
    doc="Compute the modified Bessel function of the first kind I_0, or that of another order.",
)
xlogy = op(
    "xlogy",
    "{} * log({})",
    lambda x, y: x * np.log(np.where(np.equal(x, 0) & ~np.isnan(y), 1, floating(y))),
    lambda g, z, x, y: g * log(where(logical_and(x == 0, y == 0), 1.0, y)),
    lambda g, z, x, y: g * where(x == 0, 0.0, x) / where(logical_and(x == 0, y == 0), 1.0, y),
    tex=r"{} \ln({})",
    scalar=lambda x, y: x if x == 0 and y == y else x * math.log(y),
    domain=((-math.inf, math.inf), (0.0, math.inf)),
    elementwise=True,
    doc="Compute x log(y), which is 0 where x is 0.",
)
