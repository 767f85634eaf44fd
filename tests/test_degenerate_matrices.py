"""Decompositions where eigenvalues or singular values are equal or zero: the limit where there is one, else NaN."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import Tensor

RNG = np.random.default_rng(3)
G = RNG.standard_normal((4, 4))
TURNED = np.linalg.qr(RNG.standard_normal((4, 4)))[0]
SYMMETRIC = {
    "unit matrix": np.eye(4),
    "zero matrix": np.zeros((4, 4)),
    "one pair": np.diag([1.0, 1.0, 2.0, 3.0]),
    "pairs, but for rounding": TURNED @ np.diag([1.0, 1.0, 2.0, 2.0]) @ TURNED.T,
    "rank 2": TURNED @ np.diag([0.0, 0.0, 1.0, 3.0]) @ TURNED.T,
}
FUNCTIONS = {  # of eigenvalues, and the same of the matrix itself
    "w": (lambda w: w, lambda a: a),
    "w**2": (lambda w: w**2, lambda a: a @ a),
    "w**3 + 2 w": (lambda w: w**3 + 2 * w, lambda a: a @ a @ a + 2 * a),
}


def from_lower(a):
    """The symmetric matrix of which the lower triangle is given."""
    return np.tril(a) + np.tril(a, -1).mT


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("name", SYMMETRIC)
def test_a_function_of_a_symmetric_matrix_by_way_of_its_eigenvalues(name, function):
    of_values, of_matrix = FUNCTIONS[function]

    def composed(a):
        w, v = np.linalg.eigh(a)
        return (G * ((v * of_values(w)) @ v.mT)).sum()

    expected = tg.grad(lambda a: (G * of_matrix(from_lower(a))).sum())(SYMMETRIC[name])
    np.testing.assert_allclose(tg.grad(composed)(SYMMETRIC[name]), expected, rtol=1e-9, atol=1e-9)
    a = Tensor(SYMMETRIC[name])
    composed(a).backward()
    np.testing.assert_allclose(a.grad, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("a", [np.eye(2), np.eye(3), np.diag([2.0, 2.0, 5.0])], ids=str)
def test_the_hessian_of_a_log_determinant_by_way_of_eigenvalues(a):
    found = tg.hessian(lambda a: np.log(np.linalg.eigvalsh(a)).sum())(a)
    expected = tg.hessian(lambda a: np.linalg.slogdet(from_lower(a))[1])(a)
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-10)
    assert found[1, 0, 1, 0] == pytest.approx(-2 / (a[0, 0] * a[1, 1]))


MATRICES = {
    "equal": np.eye(4)[:, :3],
    "zero": np.zeros((4, 3)),
    "rank 1": np.outer([1.0, 2.0, -3.0, 0.5], [1.0, 1.0, 2.0]),
    "wide, equal": 2 * np.eye(4)[:3],
    "square": TURNED,
}


@pytest.mark.parametrize("name", MATRICES)
def test_a_matrix_put_together_from_its_singular_values(name):
    a = MATRICES[name]
    g = RNG.standard_normal(a.shape)

    def composed(a):
        u, s, vh = np.linalg.svd(a, full_matrices=False)
        return (g * ((u * s) @ vh)).sum()

    np.testing.assert_allclose(tg.grad(composed)(a), g, rtol=1e-9, atol=1e-9)


def test_singular_values_alone():
    np.testing.assert_allclose(tg.grad(lambda a: np.linalg.norm(a, "nuc"))(TURNED), TURNED, atol=1e-12)


@pytest.mark.parametrize("order", ["nuc", 2])
def test_at_a_singular_value_of_0_a_norm_has_the_least_of_its_subgradients(order):
    u, v = TURNED[:, :1], TURNED.T[:, :1]
    np.testing.assert_allclose(tg.grad(lambda a: np.linalg.norm(a, order))(3 * u @ v.T), u @ v.T, atol=1e-12)
    np.testing.assert_array_equal(tg.grad(lambda a: np.linalg.norm(a, order))(np.zeros((3, 2))), np.zeros((3, 2)))


@pytest.mark.parametrize("a", [np.eye(3), np.diag([1.0, 1.0, 2.0]), np.diag([1.0, 1.0, 2.0]) + 0j], ids=str)
def test_a_matrix_put_together_from_its_eigenvalues(a):
    g = RNG.standard_normal((3, 3))

    def composed(a):
        w, v = np.linalg.eig(a)
        return (g * np.real((v * w) @ np.linalg.inv(v))).sum()

    np.testing.assert_allclose(tg.grad(composed)(a), g, atol=1e-12)
    np.testing.assert_allclose(tg.grad(lambda a: np.real(np.linalg.eigvals(a)).sum())(a), np.eye(3), atol=1e-12)


def test_vectors_that_nothing_determines_have_no_derivative():
    for f in (
        lambda a: np.linalg.eigh(a)[1][0, 0],
        lambda a: np.linalg.eigh(a)[1][0] @ [1.0, 2.0, 3.0],
        lambda a: np.linalg.svd(a)[0][0, 1],
        lambda a: np.multiply(*np.linalg.eigh(a)[1][[0, 1], [1, 0]]),  # these three are flat, and bend along a turn
        lambda a: np.linalg.eigh(a)[1][0, 1] ** 2,
        lambda a: np.linalg.eigh(a)[1][1, 0] ** 2,
    ):
        assert np.isnan(tg.grad(f)(np.eye(3))).any()
    _, tangent = tg.jvp(lambda a: np.linalg.eigh(a)[1], np.eye(3), np.ones((3, 3)))
    assert np.isnan(tangent).any()
    _, tangent = tg.jvp(np.linalg.eigvalsh, np.diag([1.0, 1.0, 2.0]), np.eye(3))
    np.testing.assert_allclose(tangent, [1, 1, 1])


def test_a_vector_apart_from_equal_ones_has_its_derivative():
    a = np.diag([0.0, 0.0, 2.0])
    found = tg.grad(lambda a: np.linalg.eigh(a)[1][:, 2] @ np.array([1.0, 2.0, 3.0]))(a)
    np.testing.assert_allclose(found, [[0, 0, 0], [0, 0, 0], [0.5, 1, 0]], atol=1e-12)


def test_beyond_what_the_limit_is_good_for_it_is_nan():
    def cubed(a):
        w, v = np.linalg.eigh(a)
        return ((v * w**3) @ v.mT)[1, 0]

    with np.errstate(all="ignore"):
        assert np.isnan(tg.hessian(cubed)(np.eye(2))).any()


@pytest.mark.parametrize("uplo", ["L", "U", "l", "u"])
def test_eigh_goes_numpys_way(uplo):
    for a in (G + G.T, G, SYMMETRIC["rank 2"], G + 1j * TURNED):
        for found, expected in zip(np.linalg.eigh(Tensor(a), uplo), np.linalg.eigh(a, uplo), strict=True):
            np.testing.assert_array_equal(found.data, expected)
        found = np.linalg.cholesky(Tensor(a @ a.conj().T + np.eye(4)), upper=uplo in "Uu")
        np.testing.assert_array_equal(found.data, np.linalg.cholesky(a @ a.conj().T + np.eye(4), upper=uplo in "Uu"))


def test_eigenvalues_of_narrow_integers_are_those_of_floats():
    a = np.array([[100, 90], [90, 100]], np.int8)
    np.testing.assert_allclose(np.linalg.eigh(Tensor(a))[0].data, [10.0, 190.0])


@pytest.mark.parametrize("uplo", ["L", "U"])
def test_the_triangle_that_is_read_has_the_gradient(uplo):
    a = G + G.T

    def f(a):
        w, v = np.linalg.eigh(a, uplo)
        return (w, v)

    tg.gradcheck(f, a, order=2).assert_ok()
    tg.gradcheck(lambda a: np.linalg.cholesky(a, upper=uplo == "U"), a @ a + np.eye(4), order=2).assert_ok()
