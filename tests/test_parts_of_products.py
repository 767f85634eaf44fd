"""What rows of products, matrices, norms and special functions are made of, against loops, slopes and recurrences."""

import itertools
import math

import numpy as np
import pytest
from refusing import refuses
from samples import samples

import tinygrad_edu as tg
from tinygrad_edu import Tensor
from tinygrad_edu.core.op import TABLE
from tinygrad_edu.errors import DTypeError
from tinygrad_edu.ops.decompositions import beside, diagonal_matrix, halved, symmetric
from tinygrad_edu.ops.limits import PackedParts, adds, differs, magnitude, only
from tinygrad_edu.ops.linalg import MINORS, by_inverse, by_minors
from tinygrad_edu.ops.reductions import inverse as inverse_size
from tinygrad_edu.ops.reductions import normalized_shares, quotient_power

# Sums of products --------------------------------------------------------------------------------------------------

EINSUMS = "ij,jk->ik  ii->i  ii->  iij->ji  ij->  ij,ij->i  ij,j->  i,i->i  i,j->ji  iij,jk->k  ij,kj,kl->il  ii,jj->ij"
LENGTHS = {"usual": {"i": 2, "j": 3, "k": 4, "l": 2}, "empty": {"i": 2, "j": 0, "k": 3, "l": 1}}


@pytest.mark.parametrize("expression", EINSUMS.split())
@pytest.mark.parametrize("lengths", LENGTHS.values(), ids=LENGTHS)
@pytest.mark.parametrize("stretched", [False, True])
def test_the_gradient_of_a_sum_of_products_is_what_loops_over_its_letters_add_up(expression, lengths, stretched):
    """Of the row itself and of NumPy's function; where an axis of the first operand is of length 1 it is repeated."""
    rng = np.random.default_rng(0)
    terms, out = expression.split("->")
    terms = terms.split(",")
    xs = [rng.normal(size=[lengths[a] for a in term]) for term in terms]
    if stretched and len(terms) > 1 and len(set(terms[0])) == len(terms[0]) and terms[0][-1] in "".join(terms[1:]):
        xs[0] = xs[0][..., :1] if xs[0].size else np.zeros((*xs[0].shape[:-1], 1))
    g = rng.normal(size=[lengths[a] for a in out])
    letters = sorted(set(expression) & set(lengths))
    expected, value = [np.zeros(x.shape) for x in xs], np.zeros(g.shape)
    for at in np.ndindex(*(lengths[a] for a in letters)):
        place = dict(zip(letters, at, strict=True))
        places = [tuple(place[a] for a in term) for term in (*terms, out)]
        places[0] = tuple(min(k, n - 1) for k, n in zip(places[0], xs[0].shape, strict=True))
        factors = [x[where] for x, where in zip(xs, places, strict=False)]
        value[places[-1]] += np.prod(factors)
        for i, dx in enumerate(expected):
            dx[places[i]] += g[places[-1]] * np.prod(factors[:i] + factors[i + 1 :])
    for made in (lambda *xs: tg.einsum(expression, *xs), lambda *xs: TABLE["einsum"](*xs, terms=tuple(terms), out=out)):
        leaves = [Tensor(x) for x in xs]
        z = made(*leaves)
        np.testing.assert_allclose(z.data, value, atol=1e-13)
        z.backward(g)
        for leaf, dx in zip(leaves, expected, strict=True):
            np.testing.assert_allclose(leaf.grad, dx, atol=1e-13)


PRODUCTS = [
    ((3,), (3,)),
    ((2, 3), (3,)),
    ((3,), (3, 4)),
    ((3,), (5, 3, 4)),
    ((5, 2, 3), (3,)),
    ((5, 2, 3), (3, 4)),
    ((2, 3), (5, 3, 4)),
]


@pytest.mark.parametrize(("one", "other"), PRODUCTS)
def test_the_gradient_of_a_product_is_what_its_slopes_along_each_entry_say(one, other):
    rng = np.random.default_rng(0)
    xs = [Tensor(rng.normal(size=shape)) for shape in (one, other)]
    z = xs[0] @ xs[1]
    g = rng.normal(size=z.shape)
    z.backward(g)
    for i, x in enumerate(xs):
        for at in np.ndindex(x.shape):
            along = np.zeros(x.shape)
            along[at] = 1.0
            pair = [along if j == i else y.data for j, y in enumerate(xs)]
            assert x.grad[at] == pytest.approx(np.sum(g * np.matmul(*pair)))


# Matrices ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [0, 1, 2, 4])
def test_the_gradient_of_all_cofactors_is_the_same_by_minors_and_by_an_inverse(n):
    rng = np.random.default_rng(n)
    x, g = rng.normal(size=(2, 3, n, n))
    z = TABLE["cofactor"](x)
    expected = np.zeros(x.shape)
    for at in np.ndindex(x.shape):
        step = np.zeros(x.shape)
        step[at] = 1e-6
        expected[at] = np.sum(g * (TABLE["cofactor"](x + step) - TABLE["cofactor"](x - step))) / 2e-6
    np.testing.assert_allclose(np.broadcast_to(by_minors(g, x), x.shape), expected, atol=1e-7)
    if n > 1:
        np.testing.assert_allclose(by_inverse(g, z, x), expected, atol=1e-7)


def test_a_determinant_of_rank_two_less_has_a_second_derivative_at_the_largest_size_of_minors():
    x, g = Tensor(np.diag([0.0, 0.0] + [1.0] * (MINORS - 2))), np.zeros((MINORS, MINORS))
    g[0, 0], g[1, 0] = 1.0, -2.0
    TABLE["cofactor"](x).backward(g)
    expected = np.zeros_like(g)
    expected[1, 1], expected[0, 1] = 1.0, 2.0
    np.testing.assert_allclose(x.grad, expected, atol=1e-12)


def test_the_direction_of_a_determinant_is_the_determinant_by_its_size():
    rng = np.random.default_rng(0)
    x, g = rng.normal(size=(2, 3, 3, 2)) @ [1, 1j], rng.normal(size=(2, 2)) @ [1, 1j]
    a, b = Tensor(x), Tensor(x)
    TABLE["sign_of_det"](a).backward(g)
    size = TABLE["det"](b)
    (size / abs(size)).backward(g)
    np.testing.assert_allclose(a.grad, b.grad)


@pytest.mark.parametrize("name", ["cholesky", "cofactor", "det", "eigh", "inv", "logabsdet", "pinv", "qr", "svd"])
def test_the_gradient_of_a_stack_of_stacks_of_matrices_is_that_of_each(name):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, 2, 3, 3))
    x = x @ x.mT + np.eye(3)
    (_, params), *_ = samples(name)
    whole = Tensor(x)
    z = TABLE[name](whole, **params)
    g = rng.normal(size=z.shape)
    z.backward(g)
    for at in np.ndindex(2, 2):
        each = Tensor(x[at])
        TABLE[name](each, **params).backward(g[at])
        np.testing.assert_allclose(whole.grad[at], each.grad, rtol=1e-9)


def test_parts_of_square_matrices():
    x = np.arange(1.0, 10).reshape(3, 3)
    assert beside(x).tolist() == [[0, 2, 3], [4, 0, 6], [7, 8, 0]]
    assert halved(x).tolist() == [[0.5, 0, 0], [4, 2.5, 0], [7, 8, 4.5]]
    assert symmetric(x).tolist() == [[1, 3, 5], [3, 5, 7], [5, 7, 9]]
    assert symmetric(x * 1j).tolist() == [[0, -1j, -2j], [1j, 0, -1j], [2j, 1j, 0]]
    assert diagonal_matrix(x[:2, :2]).tolist() == [[[1, 0], [0, 2]], [[4, 0], [0, 5]]]
    assert {f(x.astype(np.float32)).dtype for f in (beside, halved, symmetric, diagonal_matrix)} == {np.dtype("f4")}


def test_the_size_of_numbers_and_the_parts_of_limits():
    assert magnitude(np.array([0.25, -0.5]), 0.125, Tensor([0.1])) == 0.5
    assert magnitude(np.zeros(0)) == 0.0
    assert differs(1, 3).tolist() == [[0, 0.5, 0], [-0.5, 0, -0.5], [0, 0.5, 0]]
    assert adds(1, 3).tolist() == [[0, 0.5, 0], [0.5, 1, 0.5], [0, 0.5, 0]]
    assert only(1, 3).tolist() == [0, 1, 0]
    for size in (0.01, 100.0):
        parts = PackedParts(None, None, 0, size, None, 1.5)
        for entry, refused in ((0.9e-6, False), (1.1e-6, True), (1.1e-6j, True)):
            skew = np.ones((2, 3, 3), complex) - np.eye(3)
            skew[1, 2, 2] = entry * size
            if refused:
                with refuses(DTypeError, "the phase of complex vectors", line=False):
                    parts.refuse_phase("eigh", skew)
            else:
                parts.refuse_phase("eigh", skew)


# Norms -------------------------------------------------------------------------------------------------------------


def test_powers_of_quotients_neither_underflow_nor_divide_by_nothing():
    with np.errstate(all="raise"):
        assert quotient_power(1e-300, 1e100, -0.5) == pytest.approx(1e200)
        assert quotient_power(np.array([2.0, 3.0]), np.array([4.0, 0.0]), 2).tolist() == [0.25, 0.0]
        assert quotient_power(np.array([0.0, 3.0]), np.array([0.0, 6.0]), -0.5).tolist() == [0.0, pytest.approx(2**0.5)]
        assert inverse_size(np.array([0.0, 4.0])).tolist() == [0.0, 0.25]
        shares = np.array([[0.0, 0.0], [1.0, 3.0], [1.0, 0.0]])
        assert normalized_shares(shares, 1).tolist() == [[0.0, 0.0], [0.25, 0.75], [1.0, 0.0]]
        whole = np.array([[1.5, 2.0, 0.5], [3.0, 0.25, 4.0]])
        for order, axis, keep in itertools.product((-2.5, -1.0, 0.5, 3.0), (0, 1, (0, 1)), (False, True)):
            found = TABLE["p_norm"](whole, order=order, axis=axis, keepdims=keep)
            np.testing.assert_allclose(found, np.sum(whole**order, axis=axis, keepdims=keep) ** (1 / order))
        for order in (0.5, 1.5, 3.0):
            x = Tensor([[0.0, 0.0], [3.0, 4.0]])
            z = TABLE["p_norm"](x, order=order, axis=1, keepdims=False)
            z.backward(np.ones(2))
            assert x.grad[0].tolist() == [0.0, 0.0]
            assert z.data[1] == pytest.approx((3**order + 4**order) ** (1 / order))
    for name in ("p_norm", "norm"):
        more = {"order": 3.0} if name == "p_norm" else {}
        for x in ([3, 4], [True, True], np.array([3, 4], np.int8), np.array([3, 4], np.uint8)):
            exact = np.sum(np.abs(np.asarray(x, float)) ** (3 if more else 2)) ** (1 / (3 if more else 2))
            assert TABLE[name](np.asarray(x), axis=0, keepdims=False, **more) == pytest.approx(exact, rel=1e-14)
    assert TABLE["norm"](np.array([-128, 4], np.int8), axis=0, keepdims=False) == pytest.approx(16400**0.5, rel=1e-14)
    with pytest.raises(TypeError, match="p_norm is defined here for real numbers only"):
        TABLE["p_norm"].forward(np.array([1j]), 3.0, 0, False)


# Special functions -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("x", [0.1, -3.0, 19.9, 20.1, 25.0, -40.0, 100.0])
def test_bessel_functions_are_those_of_their_recurrence(x):
    """I_0 is NumPy's; I_1 is its slope; and I_(n-1) - I_(n+1) is 2n/x I_n."""
    of = [float(TABLE["i0"](np.array([x, -x]), order=n)[0]) for n in range(6)]
    assert of[0] == np.i0(x)
    h = 1e-5
    assert of[1] == pytest.approx((np.i0(x + h) - np.i0(x - h)) / (2 * h), rel=1e-5)
    for n in range(1, 5):
        assert of[n - 1] - of[n + 1] == pytest.approx(2 * n / x * of[n], rel=1e-9)
    assert TABLE["i0"](np.array([x, 0.5, -x]), order=1)[2] == pytest.approx(-of[1], rel=1e-13)


@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_polygamma_is_that_of_its_recurrence_and_sinc_the_slope_of_the_order_below(n):
    x = np.array([0.3, 1.0, 2.5, 14.9, 17.0, 30.0, -0.3, -2.5, -20.7])
    one, other = (TABLE["polygamma"](x + k, n=n) for k in (0, 1))
    step = (-1) ** n * float(np.prod(range(1, n + 1))) / x ** (n + 1)
    np.testing.assert_allclose(other - one, step, rtol=1e-9, atol=1e-12)
    assert TABLE["polygamma"](np.array([1.0]), n=0)[0] == pytest.approx(-0.5772156649015329)
    assert TABLE["polygamma"](np.array([1.0]), n=1)[0] == pytest.approx(np.pi**2 / 6)
    for m in (8, 12):  # -(-1)^m m! zeta(m + 1)
        exact = -math.factorial(m) * sum(k ** -(m + 1.0) for k in range(1, 100))
        assert TABLE["polygamma"](np.array([1.0]), n=m)[0] == pytest.approx(exact, rel=1e-13)
    h, x = 1e-5, np.array([0.0, 0.2, -0.9, 1.2, 1.3, -1.6, 1.9, 2.0, 2.3, 7.4, -12.25])
    slope = (TABLE["sinc"](x + h, order=n) - TABLE["sinc"](x - h, order=n)) / (2 * h)
    np.testing.assert_allclose(TABLE["sinc"](x, order=n + 1), slope, rtol=1e-6, atol=2e-7 * 4**n)
