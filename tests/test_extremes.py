"""No rule over- or underflows inside, in any precision, at numbers of any size: see `extremes`."""

import itertools

import numpy as np
import pytest
from extremes import COMPOSED, ROWS, WIDER, compare, operands

import tinygrad_edu as tg
from tinygrad_edu import Tensor
from tinygrad_edu.core.op import TABLE, Op


@pytest.mark.parametrize("name", [*ROWS, *COMPOSED])
@pytest.mark.parametrize("dtype", WIDER)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_rule_at_extreme_numbers_is_that_in_a_wider_precision(name, dtype):
    if WIDER[dtype] is np.longdouble and np.finfo(np.longdouble).eps == np.finfo(float).eps:
        pytest.skip("no float here is wider than a double")
    assert not compare(name, dtype, operands(name, dtype))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(("dtype", "x"), [(np.float16, 300.0), (np.float32, 1e-23), (np.float64, 1e-170)])
def test_the_sweep_sees_squares_that_over_or_underflow(dtype, x, monkeypatch):
    row = TABLE["arctan2"]
    naive = object.__new__(Op)
    slopes = (lambda g, z, y, x: g * x / (x * x + y * y), lambda g, z, y, x: -g * y / (x * x + y * y))
    vars(naive).update(vars(row), rules=slopes)
    assert not compare("arctan2", dtype, [np.array([x], dtype)] * 2)
    monkeypatch.setitem(TABLE, "arctan2", naive)
    assert compare("arctan2", dtype, [np.array([x], dtype)] * 2)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize(
    "f",
    [np.logaddexp, np.logaddexp2, lambda x, y: tg.logsumexp(np.stack([x, y])), lambda x, y: logcumsum(x, y)[-1]],
    ids=["logaddexp", "logaddexp2", "logsumexp", "logcumsumexp"],
)
def test_two_equal_terms_have_half_of_the_slope_beside_numbers_of_any_size(f, dtype):
    """In no precision: the logarithm of the sum, rounded, may be as far from the terms as their logarithm is long."""
    for size in (0.5, 300.0, 1e4, 1e17, 1e30, 1e300):
        if size < np.finfo(dtype).max:
            for x in (size, -size):
                leaves = [Tensor(np.array(x, dtype)) for _ in range(2)]
                f(*leaves).backward()
                assert [float(leaf.grad) for leaf in leaves] == [0.5, 0.5]


def logcumsum(x, y):
    return tg.logcumsumexp(np.stack([x, y]))


@pytest.mark.parametrize("size", [1e-3, 1.0, 1e8, 1e160])
def test_softsign_and_the_tanh_form_of_gelu_keep_their_digits_far_out(size):
    x = Tensor(np.array([size, -size]))
    tg.softsign(x).sum().backward()
    np.testing.assert_allclose(x.grad, 1 / (1 + size) / (1 + size), rtol=1e-14)
    x = Tensor(np.array([size, -size]))
    z = tg.gelu(x, "tanh")
    z.sum().backward()
    u = np.sqrt(8 / np.pi) * (size + 0.044715 * size**3) if size < 1e3 else np.inf
    np.testing.assert_allclose(z.data, [size / (1 + np.exp(-u)), -size / (1 + np.exp(u))], rtol=1e-14)
    np.testing.assert_allclose(x.grad.sum(), 1.0, rtol=1e-12)  # the slopes of x and -x add up to 1


SIGNED = [0.0, -0.0, 0.3, -0.3, 1.0, -1.0, 2.5, -2.5, 1e-320, -1e-320, np.inf, -np.inf, np.nan]
EITHER_ZERO = {
    "maximum",
    "minimum",
    "fmax",
    "fmin",
    "clip",
}  # NumPy's own answer for 0.0 and -0.0 varies


@pytest.mark.parametrize(
    "name", [name for name, row in TABLE.items() if row.scalar is not None and name != "polygamma"]
)
@pytest.mark.filterwarnings("ignore")
def test_a_row_on_floats_is_that_on_arrays_down_to_the_sign_of_zero(name):
    row = TABLE[name]
    points = [np.array(x) for x in zip(*itertools.product(SIGNED, repeat=row.slots), strict=True)]
    with np.errstate(all="ignore"):
        arrays = np.asarray(row.forward(*points), float)
        floats = np.array([float(row.on_numbers(*map(float, each))) for each in zip(*points, strict=True)])
    np.testing.assert_allclose(floats, arrays, rtol=1e-9, atol=0 if row.slots == 2 else 1e-300)
    zero = (arrays == 0) & (name not in EITHER_ZERO)
    np.testing.assert_array_equal(np.signbit(floats)[zero], np.signbit(arrays)[zero])
