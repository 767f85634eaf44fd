"""Numbers at the edge of their types, and losses that are handed what they are not for."""

import numpy as np
import pytest
from refusing import refuses

import tinygrad_edu as tg
from tinygrad_edu import Tensor, Value
from tinygrad_edu.errors import AnomalyError, DTypeError, ShapeError

# Types of numbers ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("other", "dtype"),
    [
        (2.0, np.float32),
        (2, np.float32),
        (np.float32(2), np.float32),
        (np.float64(2), np.float64),
        (np.full(2, 2.0), np.float64),
        (np.full(2, 2), np.float64),
        (np.full(2, 2, np.int8), np.float32),
    ],
)
def test_numbers_promote_as_numpys_do_and_gradients_do_not(other, dtype):
    x = Tensor(np.array([1.0, 3.0], np.float32))
    z = x * other
    assert z.dtype == dtype == (x.numpy() * other).dtype
    z.sum().backward()
    assert x.grad.dtype == np.float32
    np.testing.assert_array_equal(x.grad, [2, 2])


def test_small_integers_wrap_as_numpys_do():
    x = Tensor(np.array([200], np.uint8))
    assert (x + np.uint8(100)).data == 44
    with refuses(OverflowError, "`add`", "300"):
        x + 300


def test_large_integers_wrap_as_numpys_do_and_a_value_of_them_is_a_float():
    with np.errstate(over="ignore"):
        assert (Tensor([10**18]) * 100).data == (np.array([10**18]) * 100)
    assert Value(10**20).data == 1e20
    with refuses(DTypeError, "object", "numbers"):
        Tensor([10**20])


def test_an_integer_to_a_negative_power():
    x = Tensor([2, 3])
    with refuses(ValueError, "integers to negative powers", "`power`", "(2,)", "try (x * 1.0) ** -1"):
        x**-1
    np.testing.assert_allclose(((x * 1.0) ** -1).data, [0.5, 1 / 3])


def test_the_mean_of_integers_is_a_fraction():
    z = Tensor([1, 2]).mean()
    assert z.dtype == np.float64
    assert z.item() == 1.5


def test_half_precision_adds_up_in_more():
    x = Tensor(np.full(5000, 1.0, np.float16))
    assert x.mean().item() == 1.0
    assert x.mean().dtype == np.float16
    assert x.sum().item() == 5000
    with pytest.warns(RuntimeWarning, match="overflow"):
        assert (x * 100).sum().item() == np.inf  # 500,000, which no float16 is
    assert np.var(Tensor(np.full(5000, 300.0, np.float16))).item() == 0
    far = np.array([100.0, 300.0] * 2500, np.float16)  # the sum of their squared deviations is far beyond float16
    for spread, slope in ((np.var, 2 * 100 / 5000), (np.std, 1 / 5000)):
        y = Tensor(far)
        z = spread(y)
        assert (z.dtype, z.item()) == (np.float16, spread(far.astype(float)))
        z.backward()
        assert y.grad.dtype == np.float16
        np.testing.assert_allclose(y.grad[:2], [-slope, slope], rtol=1e-3)
    p = tg.softmax(Tensor(np.zeros(5000, np.float16)), axis=-1)
    assert abs(p.numpy().astype(float).sum() - 1) < 2e-2


def test_complex_numbers_between_real_ones():
    x = Tensor([3.0, 4.0])
    z = x * (1 + 2j)
    np.real(np.conj(z) * z).sum().backward()  # 5 x²
    np.testing.assert_array_equal(x.grad, [30, 40])
    with refuses(RuntimeError, "complex", "z.real"):
        z.sum().backward()
    np.testing.assert_array_equal(x.grad, [30, 40])


@pytest.mark.parametrize(
    ("compute", "expected", "said"),
    [
        (lambda: Value(1.0) / Value(0.0), np.inf, "1 / 0 is inf"),
        (lambda: Value(-1.0) / 0, -np.inf, r"\(-1\) / 0 is -inf"),
        (lambda: 1 / Value(0.0), np.inf, "1 / 0 is inf"),
        (lambda: Value(-2.0) ** 0.5, np.nan, r"\(-2\)\*\*0.5 is not real"),
        (lambda: Value(0.0).log(), -np.inf, r"log\(0\) is -inf"),
        (lambda: Value(-1.0).sqrt(), np.nan, "not real"),
        (lambda: Value(1000.0).exp(), np.inf, r"exp\(1000\) is inf"),
        (lambda: Value(0.0) ** -1, np.inf, r"0\*\*\(-1\) is inf"),
    ],
)
def test_a_value_at_a_pole_is_what_ieee_says_with_a_warning(compute, expected, said):
    with pytest.warns(RuntimeWarning, match=said) as caught:
        z = compute()
    assert caught[0].filename == __file__
    np.testing.assert_equal(z.data, expected)


@pytest.mark.parametrize(
    ("compute", "expected"),
    [
        (lambda v: 2**v, 8.0),
        (lambda v: v**v, 27.0),
        (lambda v: v < 4, 1.0),
        (lambda v: v >= Value(4.0), 0.0),
        (lambda v: abs(-v), 3.0),
        (lambda v: v // 2, 1.0),
        (lambda v: 7 // v, 2.0),
        (lambda v: v % 2, 1.0),
        (lambda v: 7 % v, 1.0),
        (lambda v: +v, 3.0),
        (lambda v: round(v * 0.9), 3.0),
        (lambda v: round(v / 7, 2), 0.43),
    ],
)
def test_every_operator_of_a_value(compute, expected):
    z = compute(Value(3.0))
    assert type(z) is Value
    assert z.data == expected


def test_the_spread_of_too_few_numbers():
    for spread in (np.var, np.std):
        with pytest.warns(RuntimeWarning):
            z = spread(Tensor([3.0]), ddof=1)
        assert np.isnan(z.item())


# Losses --------------------------------------------------------------------------------------------------------

SCORES = np.zeros((4, 3))


@pytest.mark.parametrize(
    ("target", "kind", "words"),
    [
        ([0, 1, 2, 3], IndexError, ("class 3", "3 classes (0–2)", "row 3")),
        ([0, -1, 2, 0], IndexError, ("class -1", "row 1")),
        ([0.0, 1.0, 2.0, 0.0], DTypeError, ("whole numbers", "float64", ".astype(int)")),
        ([0, 1, 2], ShapeError, ("(4, 3)", "(3,)")),
    ],
)
def test_classes_that_there_are_not(target, kind, words):
    with refuses(kind, "cross_entropy", *words, line=False):
        tg.nn.functional.cross_entropy(Tensor(SCORES), np.array(target))


def test_probabilities_beyond_0_and_1():
    with refuses(ValueError, "-0.5", "1.5", "with_logits", line=False):
        tg.nn.functional.binary_cross_entropy(Tensor([-0.5, 1.5]), np.array([0.0, 1.0]))


def test_a_column_and_a_row_are_not_compared_by_accident():
    output, target = Tensor(np.ones((4, 1))), np.ones(4)
    with refuses(ShapeError, "(4, 1)", "(4,)", "(4, 4)", line=False):
        tg.nn.functional.mse_loss(output, target)
    assert tg.nn.functional.mse_loss(output, target, broadcast=True).item() == 0


def test_a_step_with_a_gradient_that_is_not_finite_changes_nothing():
    v, w = Tensor([1.0], label="v"), Tensor([1.0, 2.0], label="w")
    optimizer = tg.nn.SGD([v, w], lr=0.1)
    v.grad, w.grad = [1.0], [np.nan, 1.0]
    with refuses(AnomalyError, "parameter 1", "`w`", "nan", line=False):
        optimizer.step()
    np.testing.assert_array_equal(v.data, [1])
    np.testing.assert_array_equal(w.data, [1, 2])
