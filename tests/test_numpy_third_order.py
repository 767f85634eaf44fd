"""Derivatives are right to any order: the third, measured as the slope of the second."""

import numpy as np
import pytest
from slopes import slope_of, weighed

import tinygrad_edu as tg

RNG = np.random.default_rng(1)
A = RNG.normal(size=(3, 4))
S = RNG.normal(size=(3, 3))
Z = A * [[1, 0, 1, 1], [1, 1, 1, 1], [1, 0, 1, 0]]

CASES = {
    "prod": (lambda x: np.prod(x, axis=1), Z),
    "cumprod": (lambda x: np.cumprod(x, axis=1), Z),
    "einsum": (lambda x: np.einsum("ij,ij,ik->jk", x, x, x), A),
    "norm": (np.linalg.norm, A),
    "std": (np.std, A),
    "logsumexp": (lambda x: tg.logsumexp(x, axis=1), A),
    "sinc": (np.sinc, A),
    "gelu": (tg.gelu, A),
    "lgamma": (tg.lgamma, np.abs(A) + 0.3),
    "det": (np.linalg.det, S),
    "slogdet": (lambda x: np.linalg.slogdet(x)[1], S),
    "inv": (np.linalg.inv, S),
    "pinv": (np.linalg.pinv, A),
    "cholesky": (lambda x: np.linalg.cholesky(x @ x.T + np.eye(3)), S),
    "eigh": (lambda x: np.linalg.eigh(x + x.T)[1], S),
    "eigvals": (lambda x: np.abs(np.linalg.eigvals(x)), S),
    "svd": (lambda x: np.linalg.svd(x, full_matrices=False)[0], A),
    "qr": (lambda x: np.linalg.qr(x)[0], S),
    "rfft": (lambda x: np.abs(np.fft.rfft(x)), A),
}


def slope_along(f, x, directions):
    """Return the derivative of f at x along each direction in turn."""
    leaf = tg.Tensor(x)
    z = weighed(f(leaf))
    for d in directions:
        z = np.sum(tg.gradients(z, [leaf])[0] * d)
    return z.item()


@pytest.mark.parametrize("name", CASES)
def test_the_third_derivative(name):
    f, x = CASES[name]
    directions = [np.random.default_rng(2 + k).normal(size=x.shape) for k in range(3)]
    wanted = slope_of(lambda at: slope_along(f, at, directions[:2]), [x], directions[2:])
    assert slope_along(f, x, directions) == pytest.approx(wanted, rel=1e-6, abs=1e-6)
