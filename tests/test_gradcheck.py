"""The check is checked: planted mistakes must be caught, and nothing else called wrong."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.check.gradcheck.numerical import complex_step, richardson_slope
from tinygrad_edu.core.op import TABLE, Op
from tinygrad_edu.errors import GradcheckError
from tinygrad_edu.ops.activations import relu
from tinygrad_edu.ops.arithmetic import maximum
from tinygrad_edu.ops.linear import matmul
from tinygrad_edu.ops.losses import softmax
from tinygrad_edu.ops.powers import cbrt, exp, log, sqrt

X = np.array([[0.7, -1.3, 2.1], [0.4, 1.9, -0.6]])


def plant(rule):
    """A row for x*x with another derivative, kept out of the table."""
    row = Op("planted_square", "{}**2", np.square, rule, elementwise=True)
    del TABLE["planted_square"]
    return row


def one_off(g, z, x):
    dx = 2 * x * g
    dx[1, 1] *= 1 + 1e-4
    return dx


PLANTED = {
    "factor 2 missing": lambda g, z, x: g * x,
    "times 1.0005": lambda g, z, x: 2.001 * g * x,
    "times 1.0015": lambda g, z, x: 2.003 * g * x,
    "ignores g": lambda g, z, x: 2 * x,
    "g squared": lambda g, z, x: 2 * x * g**2,
    "|g|": lambda g, z, x: 2 * x * np.abs(g),
    "bias": lambda g, z, x: 2 * x * g + 5e-6 * g,
    "two columns swapped": lambda g, z, x: (2 * x * g)[:, [1, 0, 2]],
    "one element off": one_off,
    "clipped": lambda g, z, x: np.clip(2 * x * g, -1, 1),
    "through float32": lambda g, z, x: (2 * x * g).astype(np.float32).astype(float),
}


@pytest.mark.parametrize("scale", [1.0, 1e-7])
@pytest.mark.parametrize("mistake", PLANTED)
def test_every_planted_gradient_is_rejected(mistake, scale):
    row = plant(PLANTED[mistake])
    assert not tg.gradcheck(lambda x: scale * row(x), X)


@pytest.mark.parametrize("scale", [1.0, 1e-7])
def test_every_planted_gradient_is_rejected_where_the_rule_itself_is_scaled(scale):
    for mistake, rule in PLANTED.items():
        row = Op("planted_square", "{}**2", lambda x: scale * x * x, lambda g, z, x, rule=rule: scale * rule(g, z, x))
        del TABLE["planted_square"]
        assert not tg.gradcheck(row, X), mistake


@pytest.mark.parametrize("scale", [1.0, 1e-7])
def test_the_right_gradient_is_accepted(scale):
    row = plant(lambda g, z, x: 2 * x * g)
    assert tg.gradcheck(lambda x: scale * row(x), X, order=2)


@pytest.mark.parametrize(
    ("mistake", "check"),
    [("ignores g", "zero"), ("g squared", "linear"), ("|g|", "linear"), ("clipped", "linear"), ("bias", "derivative")],
)
def test_each_mistake_is_found_by_the_check_that_is_for_it(mistake, check):
    assert tg.gradcheck(plant(PLANTED[mistake]), X).check == check


def test_the_worst_element_is_reported_with_both_numbers_and_the_name_of_their_ratio():
    report = tg.gradcheck(lambda x: (x * x.data).sum(), tg.Tensor([[3.0, -4.0]], label="w"))
    assert not report
    worst = report.worst
    assert (worst.input, worst.label, worst.index) == (0, "w", (0, 0))
    assert worst.automatic == pytest.approx(3.0 * np.sign(worst.automatic / 3), rel=0.6)
    assert worst.ratio == pytest.approx(0.5)
    for part in ("order 1", "input 0 `w`[0, 0]", "automatic", "numerical", "ratio 0.5: a factor of 2 is missing"):
        assert part in report.message
    with pytest.raises(GradcheckError, match="a factor of 2 is missing"):
        report.assert_ok()


@pytest.mark.parametrize(
    ("factor", "name"),
    [(-1, "the sign is wrong"), (2, "twice too large"), (6, "6 times too large"), (1 / 3, "3 times too small")],
)
def test_ratios_have_names(factor, name):
    assert name in repr(tg.gradcheck(plant(lambda g, z, x: factor * 2 * x * g), X))


def test_a_gradient_that_never_arrives_is_said_to_be_cut():
    assert "detach()" in tg.gradcheck(lambda x: x.detach() * 2, X).message


# Kinks ---------------------------------------------------------------------------------------------------------


def test_a_kink_is_not_called_wrong_and_both_slopes_are_shown():
    report = tg.gradcheck(relu, np.array([0.0, 1.0, -1.0]))
    assert report
    assert report.kink
    (kink,) = report.kinks
    assert (kink.index, kink.left, kink.right, kink.automatic) == ((0,), 0.0, 1.0, 0.0)
    assert "slope is 0 on the left and 1 on the right, and 0 by our convention" in report.message


def test_a_tie_is_a_kink():
    report = tg.gradcheck(maximum, np.array(2.0), np.array(2.0))
    assert [(k.left, k.right, k.automatic) for k in report.kinks] == [(0, 1, 0.5), (0, 1, 0.5)]


def test_a_kink_beside_a_wrong_element_does_not_hide_it():
    row = plant(lambda g, z, x: 2.001 * g * x)
    report = tg.gradcheck(lambda x: row(x) + abs(x), np.array([0.0, 1.0]))
    assert not report
    assert report.worst.index == (1,)


def test_near_a_kink_is_not_at_it():
    report = tg.gradcheck(abs, np.array([1e-3, -1e-3]))
    assert report
    assert not report.kink


def test_an_infinite_slope_is_right_where_it_is_infinite():
    assert tg.gradcheck(sqrt, np.array([0.0, 1.0]))
    assert tg.gradcheck(cbrt, np.array([0.0]))
    cusp = tg.gradcheck(lambda x: sqrt(abs(x) + 1e-300), np.array([0.0, 4.0]))
    assert [(k.left, k.right) for k in cusp.kinks] == [(-np.inf, np.inf)]


def test_outside_its_domain_f_is_not_judged():
    report = tg.gradcheck(log, np.array([0.0, 1.0]))
    assert not report
    assert report.check == "finite"


# What f may not do ---------------------------------------------------------------------------------------------


def test_noise_is_named():
    rng = np.random.default_rng(0)
    report = tg.gradcheck(lambda x: x * rng.normal(), X)
    assert report.check == "determinism"
    assert "f is not deterministic: fix the seed" in report.message


def test_noise_in_a_rule_is_noise_too():
    rng = np.random.default_rng(0)
    assert tg.gradcheck(plant(lambda g, z, x: g * x * rng.uniform(1, 3)), X).check == "determinism"


def test_writing_into_the_input_is_named():
    def f(x):
        x.data = x.data + 1
        return x * x

    assert "f changed its input" in tg.gradcheck(f, X).message

    def g(x):
        y = x * x
        x.data = x.data + 1
        return y

    assert "f changed its input" in tg.gradcheck(g, X).message

    mine = X.copy()

    def h(x):
        mine[0] = 0
        return x * x

    assert "f changed its input" in tg.gradcheck(h, mine).message


def test_a_gradient_of_another_shape_is_named():
    report = tg.gradcheck(plant(lambda g, z, x: (g * x).T), X)
    assert report.check == "shape"
    assert "(3, 2)" in report.message
    assert "(2, 3)" in report.message


@pytest.mark.parametrize(
    ("f", "part"),
    [
        (lambda x: 1 / 0, "ZeroDivisionError"),
        (lambda x: x.data.sum(), "not a Tensor or a Value"),
        (lambda x: matmul(x, x), "(2, 3)"),
    ],
)
def test_it_raises_nothing_itself(f, part):
    report = tg.gradcheck(f, X)
    assert not report
    assert part in report.message


def test_without_a_floating_point_input_there_is_nothing_to_check():
    assert "1.0 instead of 1" in tg.gradcheck(lambda x: x, 1).message


# What f may be -------------------------------------------------------------------------------------------------


def test_values_floats_arrays_tensors_and_constants():
    a, b = tg.Value(0.7, label="a"), tg.Value(-1.3)
    assert tg.gradcheck(lambda a, b: (a * b).tanh() + a / b, a, b, order=3)
    assert tg.gradcheck(lambda a, b: (a * b).relu() + b, a, b)  # works on Values only, so in double precision
    assert tg.gradcheck(lambda x, y, n: exp(x * y) ** n, 0.5, np.array([1.0, 2.0]), 3, order=2)
    assert tg.gradcheck(lambda x, y: softmax(x @ y), tg.Tensor(X), tg.Tensor(X.T), order=2)
    assert a._grad is None


def test_several_outputs():
    assert tg.gradcheck(lambda x, y: [x * y, x - y], 2.0, 3.0)
    row = plant(lambda g, z, x: g * x)
    assert not tg.gradcheck(lambda x: (x + 1, row(x)), X)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_narrow_floats_are_widened(dtype):
    assert tg.gradcheck(lambda x: exp(x) * x, X.astype(dtype), order=2)


def test_gradients_elsewhere_are_left_alone():
    w = tg.Tensor(X, label="w")
    (w * 2.0).sum().backward()
    before = np.array(w.grad)
    assert tg.gradcheck(lambda x: w * x, X)
    np.testing.assert_array_equal(w.grad, before)


def test_the_second_order_is_checked_by_itself():
    def rule(g, z, x):  # right in value, wrong in how it depends on x
        return g * (2 * (x.data if isinstance(x, tg.Tensor) else x))

    assert tg.gradcheck(plant(rule), X)
    report = tg.gradcheck(plant(rule), X, order=2)
    assert not report
    assert report.order == 2


def test_an_order_below_one_is_refused():
    assert not tg.gradcheck(lambda x: x, X, order=0)


# The witness ---------------------------------------------------------------------------------------------------

FUNCTIONS = {
    "exp": (np.exp, np.exp, 1e-12),
    "sin": (np.sin, np.cos, 1e-11),
    "log": (np.log, lambda x: 1 / x, 1e-10),
    "tanh": (np.tanh, lambda x: 1 / np.cosh(x) ** 2, 1e-11),
    "cube": (lambda x: x * x * x, lambda x: 3 * x * x, 1e-12),
    "sqrt": (np.sqrt, lambda x: 0.5 / np.sqrt(x), 1e-10),
}


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")  # large steps leave the domain
@pytest.mark.parametrize("name", FUNCTIONS)
def test_measured_slopes_are_exact(name):
    f, derivative, tolerance = FUNCTIONS[name]
    for x in np.random.default_rng(0).uniform(0.05, 2.0, 40):
        right = derivative(x)
        wide = richardson_slope(lambda h, x=x: f(np.longdouble(x) + h), x)
        narrow = richardson_slope(lambda h, x=x: f(x + float(h)), x, np.finfo(float).eps * abs(f(x)))
        assert abs(wide.value - right) <= tolerance * abs(right)
        assert abs(narrow.value - right) <= 1e3 * tolerance * abs(right)
        assert abs(narrow.value - right) <= 10 * narrow.error
        assert complex_step(lambda h, x=x: f(x + h)) == pytest.approx(right, rel=1e-14)


def test_the_estimated_error_of_a_noisy_function_is_no_smaller_than_the_error():
    rng = np.random.default_rng(0)
    found = richardson_slope(lambda h: np.exp(float(h)) * (1 + 1e-9 * rng.normal()), 0.0)
    assert abs(found.value - 1) <= 10 * found.error
    assert found.error > 1e-9
