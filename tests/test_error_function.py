"""The complementary error function of arrays, against mpmath at numbers of every size."""

import math

import numpy as np
import pytest

import tinygrad_edu as tg


def points():
    """Numbers from the smallest to beyond where erfc vanishes, of both signs, and around where formulas change."""
    rng = np.random.default_rng(0)
    sizes = 10 ** rng.uniform(-300, 1.5, 300)
    return np.concatenate([sizes, -sizes, rng.uniform(-7, 28, 600), [0.0, 5e-324, 26.5, 27.2, 30.0, 1e308]])


@pytest.mark.parametrize(("dtype", "ulps"), [(np.float64, 6), (np.float32, 1.2), (np.float16, 0.6)])
def test_it_is_exact_to_a_few_units_in_the_last_place(dtype, ulps):
    mpmath = pytest.importorskip("mpmath", reason="compares with mpmath")
    with np.errstate(over="ignore"):
        x = points().astype(dtype)
    x = x[np.isfinite(x)]
    found = tg.erfc(x)
    assert found.dtype == dtype
    with mpmath.workdps(40):
        expected = np.array([float(mpmath.erfc(max(-40.0, min(float(v), 40.0)))) for v in x])
    with np.errstate(over="ignore", under="ignore"):
        spacing = np.spacing(expected.astype(dtype)).astype(float)
    wrong = np.abs(found.astype(float) - expected) > ulps * spacing
    assert not wrong.any(), x[wrong][:5]


def test_ends_and_shapes():
    assert tg.erfc(np.array([np.inf, -np.inf, 0.0, -0.0])).tolist() == [0, 2, 1, 1]
    assert math.isnan(tg.erfc(np.array([np.nan]))[0])
    assert tg.erfc(np.zeros((0, 3))).shape == (0, 3)
    assert tg.erfc(np.zeros(())).shape == ()
    x = np.random.default_rng(1).normal(size=(3, 5000))  # several blocks
    np.testing.assert_allclose(tg.erfc(x)[2, ::97], [math.erfc(v) for v in x[2, ::97]], rtol=1e-15)
    np.testing.assert_array_equal(tg.erfc(x.T), tg.erfc(x).T)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_compiled_gelu_and_its_derivative_compute_it_once(dtype):
    x = tg.Tensor(np.random.default_rng(2).normal(size=(4, 5)).astype(dtype))
    w = np.random.default_rng(3).normal(size=(4, 5)).astype(dtype)

    def step():
        x.grad = None
        loss = (tg.nn.functional.gelu(x) * w).sum()
        loss.backward()
        return loss

    expected = step().item(), x.grad.copy()
    fast = tg.compile(step)
    fast()
    assert fast().item() == pytest.approx(expected[0], rel=1e-6)
    np.testing.assert_array_equal(x.grad, expected[1])
    assert fast.source.count("erfc(") == 1
