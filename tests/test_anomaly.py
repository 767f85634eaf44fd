"""detect_anomaly names the operation, the operands, the line and the fix; strong_zero makes 0 times infinity 0."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.core.context import mode
from tinygrad_edu.core.op import TABLE
from tinygrad_edu.errors import AnomalyError

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of NumPy and Value, about the poles meant here

where, softmax = TABLE["where"], TABLE["softmax"]


def anomaly(f, data, kind=tg.Tensor):
    """Return the message that computing and differentiating `f` gives inside `detect_anomaly`."""
    x = kind(data, label="x")

    @tg.detect_anomaly()
    def step():
        y = f(x)
        (y.sum() if isinstance(y, tg.Tensor) else y).backward()

    with pytest.raises(AnomalyError) as caught:
        step()
    assert x._grad is None
    return str(caught.value)


class TestCures:
    @pytest.mark.parametrize(
        ("f", "data", "fix"),
        [
            (lambda x: 1 / (1 + np.exp(-x)), [-1000.0, 1.0], "use sigmoid(x)"),
            (lambda x: np.reciprocal(np.exp(-x) + 1.0), [-1000.0, 1.0], "use sigmoid(x)"),
            (lambda x: np.log(TABLE["sigmoid"](x)), [-1000.0, 1.0], "use logsigmoid(x)"),
            (lambda x: np.log(1 / (1 + np.exp(-x))), [-1000.0, 1.0], "use logsigmoid(x)"),
            (lambda x: np.log(softmax(x)), [1000.0, 0.0], "use log_softmax(x)"),
            (lambda x: np.log(np.exp(x) / np.exp(x).sum()), [1000.0, 0.0], "use softmax(x)"),
            (lambda x: np.log(1.0 + np.exp(x)), [1000.0, 0.0], "use softplus(x)"),
            (lambda x: np.log1p(np.exp(x)), [1000.0, 0.0], "use softplus(x)"),
            (lambda x: np.log(np.exp(x).sum()), [1000.0, 0.0], "use logsumexp(x)"),
            (lambda x: np.exp(x) / np.exp(x).sum(), [1000.0, 0.0], "use softmax(x)"),
            (lambda x: np.sqrt((x**2).sum()), [0.0, 0.0], "use norm(x)"),
            (lambda x: np.sqrt((x * x).sum()), [0.0, 0.0], "use norm(x)"),
            (lambda x: np.sqrt(x**2), [0.0, 1.0], "use abs(x)"),
            (lambda x: x**0.5, [0.0, 1.0], "sqrt(x + eps)"),
            (lambda x: np.sqrt(((x - x.mean()) ** 2).mean()), [2.0, 2.0], "sqrt(variance + 1e-12)"),
            (lambda x: x * np.log(x), [0.0, 1.0], "use xlogy(x, y)"),
            (lambda x: x / x.sum(), [0.0, 0.0], "x / (y + eps)"),
            (lambda x: 1.0 / x, [0.0, 1.0], "where(x == 0, 1.0, x)"),
            (np.log, [-1.0, 1.0], "needs numbers from 0 to inf"),
            (np.exp, [1000.0, 1.0], "larger than float64 holds"),
            (lambda x: np.log(x), [0.0, 1.0], "x + 1e-12"),
        ],
    )
    def test_a_formula_is_recognised(self, f, data, fix):
        assert fix in anomaly(f, data)

    @pytest.mark.parametrize(
        ("f", "data", "fix"),
        [
            (lambda x: 1 / (1 + np.exp(-x)), -1000.0, "use sigmoid(x)"),
            (lambda x: np.log(1 + np.exp(x)), 1000.0, "use softplus(x)"),
            (lambda x: x**0.5, 0.0, "sqrt(x + eps)"),
            (np.log, -1.0, "needs numbers from 0 to inf"),
            (lambda x: where(x > 0, np.sqrt(x), 0.0), 0.0, "where(ok, sqrt(where(ok, x, 1.0)), 0.0)"),
        ],
    )
    def test_of_one_float_too(self, f, data, fix):
        assert fix in anomaly(f, data, tg.Value)

    @pytest.mark.parametrize(
        ("f", "data", "fix"),
        [
            (
                lambda x: where(x > 0, np.sqrt(x), 0.0),
                [0.0, 1.0],
                "Double-where: a harmless operand first, the result afterwards, ok = x > 0; "
                "where(ok, sqrt(where(ok, x, 1.0)), 0.0)",
            ),
            (
                lambda x: where(x < 10, np.exp(x), x),
                [1000.0, 1.0],
                "ok = x < 10; where(ok, exp(where(ok, x, 1.0)), 0.0)",
            ),
            (lambda x: where(x > 0, 2.0 * np.sqrt(x), 0.0), [0.0, 1.0], "where(ok, sqrt(where(ok, x, 1.0)), 0.0)"),
            (lambda x: np.array([0.0, 1.0]) * np.sqrt(x), [0.0, 1.0], "where(ok, sqrt(where(ok, x, 1.0)), 0.0)"),
            (lambda x: np.array([0.0, 1.0]) * np.exp(x), [1000.0, 1.0], "where(ok, exp(where(ok, x, 1.0)), 0.0)"),
            (lambda x: where(x > 0, x / x, 1.0), [0.0, 1.0], "where(x == 0, 1.0, x)"),
        ],
    )
    def test_a_branch_not_taken(self, f, data, fix):
        assert fix in anomaly(f, data)

    def test_the_advice_for_a_branch_not_taken_works(self):
        x = tg.Tensor([0.0, 4.0])
        with tg.detect_anomaly():
            ok = x > 0
            where(ok, np.sqrt(where(ok, x, 1.0)), 0.0).sum().backward()
        np.testing.assert_array_equal(x.grad, [0.0, 0.25])

    def test_another_formula_is_not_blamed(self):
        # the logarithm of 1 + exp is far away from the root that is infinitely steep
        message = anomaly(lambda x: np.log(1.0 + np.exp(x)) + np.sqrt(x), [0.0, 1.0])
        assert "softplus" not in message
        assert "sqrt(x + eps)" in message
        later = anomaly(lambda x: 1.0 / x + np.log(1.0 + np.exp(x)) - 1.0 / x, [0.0, 1.0])
        assert "softplus" not in later
        assert "the divisor x is 0" in later


class TestMessages:
    def test_the_operation_the_operands_the_line(self):
        def f(x):
            y = x - 3.0
            y.label = "y"
            return np.log(y)

        message = anomaly(f, [[1.0, 2.0], [5.0, 3.5]])
        line = f.__code__.co_firstlineno + 3
        assert message.startswith(f"NaN in the forward pass: `log` of y, at {__file__}:{line}\n")
        assert "y: shape (2, 2), from -2 to 2\n" in message
        assert "result: shape (2, 2), from -0.693147 to 0.693147; 2 of 4 NaN, the first at [0, 0]" in message

    def test_backward(self):
        message = anomaly(lambda x: 3.0 * np.sqrt(x), [4.0, 0.0])
        assert message.startswith(f"infinity in the backward pass, in the derivative of `sqrt` of x, at {__file__}:")
        assert "gradient that arrived: shape (2,), from 3 to 3" in message
        assert "gradient handed on: shape (2,), from 0.75 to 0.75; 1 of 2 infinite, the first at [1]" in message

    def test_by_which_operand(self):
        y = tg.Tensor([0.5, 2.0], label="y")
        assert "in the derivative by x of `power` of x and y" in anomaly(lambda x: x**y, [0.0, 1.0])

    def test_an_infinity_that_becomes_nan_is_the_one_named(self):
        message = anomaly(lambda x: np.exp(x) - np.exp(x), [1000.0])
        assert message.startswith("NaN in the forward pass, from the infinity of `exp` of x")
        assert "handed to `subtract`" in message

    def test_nan_in_the_data(self):
        message = anomaly(lambda x: x * 2.0, [np.nan, 1.0])
        assert message.startswith("NaN came into the forward pass with x: `multiply` of x and 2")
        assert "1 of 2 NaN, the first at [0]" in message

    def test_the_silencing_where_is_named_with_its_line(self):
        message = anomaly(lambda x: where(x > 0, np.sqrt(x), 0.0), [0.0, 1.0])
        assert "it is 0 because of `where` at " in message
        assert "strong_zero()" in message


class TestWhenItRaises:
    def test_an_infinity_alone_raises_at_the_end(self):
        reached = []

        @tg.detect_anomaly()
        def step():
            reached.append(np.exp(tg.Tensor([1000.0])).data[0])

        with pytest.raises(AnomalyError, match=r"infinity in the forward pass: `exp`"):
            step()
        assert reached == [np.inf]

    def test_another_error_is_not_hidden(self):
        @tg.detect_anomaly()
        def step():
            np.exp(tg.Tensor([1000.0]))
            raise KeyError

        with pytest.raises(KeyError):
            step()

    def test_nothing_happens_without_anomalies(self):
        x = tg.Tensor([1.0, 2.0])
        with tg.detect_anomaly():
            np.log(x).sum().backward()
        np.testing.assert_array_equal(x.grad, [1.0, 0.5])

    def test_facts_and_integers_are_no_anomalies(self):
        with tg.detect_anomaly():
            assert (tg.Tensor([np.inf, 1.0]) > 2).data.tolist() == [True, False]

    def test_infinite_constants_are_the_users_own(self):
        x = tg.Tensor([1.0, 2.0])
        with tg.detect_anomaly():
            y = softmax(where(np.array([True, False]), x, -np.inf))
            y[0].backward()
        np.testing.assert_array_equal(x.grad, [0.0, 0.0])

    def test_it_ends_with_the_block(self):
        with pytest.raises(AnomalyError), tg.detect_anomaly():
            np.log(tg.Tensor([-1.0]))
        assert np.isnan(np.log(tg.Tensor([-1.0])).data[0])
        assert mode().forward_hook is None

    def test_as_a_decorator_and_nested(self):
        @tg.detect_anomaly()
        def step(x):
            with tg.detect_anomaly():
                return np.log(x)

        with pytest.raises(AnomalyError, match="`log`"):
            step(tg.Tensor([-1.0]))
        assert step(tg.Tensor([1.0])).data[0] == 0.0

    def test_inside_transforms(self):
        with pytest.raises(AnomalyError, match=r"derivative of `sqrt`"), tg.detect_anomaly():
            tg.grad(lambda x: np.sqrt(x).sum())(np.array([0.0, 1.0]))

    def test_in_gradients_as_graphs(self):
        x = tg.Tensor([0.0, 1.0])
        with pytest.raises(AnomalyError, match=r"infinity in the backward pass, in the derivative of `sqrt` of"):
            tg.detect_anomaly()(tg.gradients)(np.sqrt(x).sum(), [x])
        with pytest.raises(AnomalyError) as caught:
            tg.detect_anomaly()(tg.gradients)(where(x > 0, np.sqrt(x), 0.0).sum(), [x])
        assert "in the derivative of `sqrt`" in caught.value.__notes__[0]


BRANCHES = [
    (lambda x: where(x > 0, np.sqrt(x), 0.0), [0.0, 0.25]),
    (lambda x: where(x > 0, np.log(x), 3.0 * x), [3.0, 0.25]),
    (lambda x: where(x > 0, x / x, 1.0), [0.0, 0.0]),
    (lambda x: where(x > 0, 1.0 / x, x), [1.0, -1.0 / 16.0]),
    (lambda x: np.array([0.0, 1.0]) * np.sqrt(x), [0.0, 0.25]),
]


class TestStrongZero:
    @pytest.mark.parametrize(("f", "expected"), BRANCHES)
    def test_the_branch_not_taken_does_not_count(self, f, expected):
        x = tg.Tensor([0.0, 4.0])
        f(x).sum().backward()
        assert np.isnan(x.grad[0])  # as IEEE has it
        x.grad = None
        with tg.strong_zero():
            f(x).sum().backward()
        np.testing.assert_allclose(x.grad, expected, rtol=1e-15)

    @pytest.mark.parametrize(("f", "expected"), BRANCHES)
    def test_in_gradients_as_graphs_and_transforms(self, f, expected):
        x = tg.Tensor([0.0, 4.0])
        with tg.strong_zero():
            np.testing.assert_allclose(tg.gradients(f(x).sum(), [x])[0].data, expected, rtol=1e-15)
            np.testing.assert_allclose(tg.grad(lambda x: f(x).sum())(x.data), expected, rtol=1e-15)

    @pytest.mark.parametrize(("f", "expected"), BRANCHES[:4])
    def test_of_one_float(self, f, expected):
        x = tg.Value(0.0)
        with tg.strong_zero():
            f(x).backward()
        assert x.grad == expected[0]

    def test_a_broadcast_operand_adds_up_only_what_counts(self):
        x, y = tg.Tensor([0.0, 2.0]), tg.Tensor(1.0)
        with tg.strong_zero():
            where(x > 0, y / x, 0.0).sum().backward()
        assert y.grad == 0.5
        np.testing.assert_array_equal(x.grad, [0.0, -0.25])

    def test_a_slope_that_counts_stays_infinite(self):
        x = tg.Tensor([0.0, 4.0])
        with tg.strong_zero():
            np.sqrt(x).sum().backward()
        assert x.grad[0] == np.inf

    def test_a_matrix_product_left_out(self):
        x = tg.Tensor(np.ones((2, 2)))
        with tg.strong_zero():
            where(False, x @ np.full((2, 2), np.inf), 0.0).sum().backward()
        np.testing.assert_array_equal(x.grad, np.zeros((2, 2)))

    def test_with_detect_anomaly_in_either_order(self):
        f = BRANCHES[0][0]
        for first, second in [(tg.strong_zero, tg.detect_anomaly), (tg.detect_anomaly, tg.strong_zero)]:
            x = tg.Tensor([0.0, 4.0])
            with first(), second():
                f(x).sum().backward()
            np.testing.assert_array_equal(x.grad, [0.0, 0.25])
