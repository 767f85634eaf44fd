"""The table of kinks says what the number policy decided, and measures what it says."""

import math
from contextlib import nullcontext

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.check.kinks import POINTS, Kinks, kink, slopes

INF, NAN = math.inf, math.nan

# point -> (left slope, right slope, choice): the policy, written down a second time
POLICY = {
    "abs(x) at 0": (-1, 1, 0),
    "norm(x) at [0, 0]": ([-1, -1], [1, 1], [0, 0]),
    "norm(x)**2 at [0, 0]": ([0, 0], [0, 0], [0, 0]),
    "norm(x, 1) at [0, 0]": ([-1, -1], [1, 1], [0, 0]),
    "norm(x) at [1e-200, 1e-200]": ([0.70711] * 2, [0.70711] * 2, [0.7071067811865476] * 2),
    "std(x) at [2, 2, 2]": ([-0.4714] * 3, [0.4714] * 3, [0] * 3),
    "hypot(x, 0) at 0": (-1, 1, 0),
    "relu(x) at 0": (0, 1, 0),
    "leaky_relu(x) at 0": (0.01, 1, 0.01),
    "elu(x) at 0": (1, 1, 1),
    "relu6(x) at 0": (0, 1, 0),
    "relu6(x) at 6": (1, 0, 0),
    "hardtanh(x) at -1": (0, 1, 0),
    "hardtanh(x) at 1": (1, 0, 0),
    "hardsigmoid(x) at -3": (0, 0.16667, 0),
    "hardsigmoid(x) at 3": (0.16667, 0, 0),
    "clip(x, 0, 1) at 0": (0, 1, 1),
    "clip(x, 0, 1) at 1": (1, 0, 1),
    "maximum(x, 0) at 0": (0, 1, 0.5),
    "maximum(x[0], x[1]) at [2, 2]": ([0, 0], [1, 1], [0.5, 0.5]),
    "minimum(x[0], x[1]) at [2, 2]": ([1, 1], [0, 0], [0.5, 0.5]),
    "fmax(x[0], x[1]) at [2, 2]": ([0, 0], [1, 1], [0.5, 0.5]),
    "fmin(x[0], x[1]) at [2, 2]": ([1, 1], [0, 0], [0.5, 0.5]),
    "maximum(x, x) at 2": (1, 1, 1),
    "max(x) at [1, 3, 3]": ([0, 0, 0], [0, 1, 1], [0, 0.5, 0.5]),
    "max(x) at [2, 2, 2, 2]": ([0] * 4, [1] * 4, [0.25] * 4),
    "min(x) at [1, 1, 3]": ([1, 1, 0], [0, 0, 0], [0.5, 0.5, 0]),
    "norm(x, inf) at [2, -2, 1]": ([0, -1, 0], [1, 0, 0], [0.5, -0.5, 0]),
    "median(x) at [1, 2, 3, 4]": ([0, 0.5, 0.5, 0], [0, 0.5, 0.5, 0], [0, 0.5, 0.5, 0]),
    "median(x) at [1, 2, 2, 3]": ([0, 0.5, 0.5, 0], [0, 0.5, 0.5, 0], [0, 0.5, 0.5, 0]),
    "ptp(x) at [1, 1]": ([-1, -1], [1, 1], [0, 0]),
    "cross entropy of logit x at 0": (-0.5, -0.5, -0.5),
    "prod(x) at [2, 0, 3]": ([0, 6, 0], [0, 6, 0], [0, 6, 0]),
    "prod(x) at [0, 0, 3]": ([0, 0, 0], [0, 0, 0], [0, 0, 0]),
    "sinc(x) at 0": (0, 0, 0),
    "x**0 at 0": (0, 0, 0),
    "x**1 at 0": (1, 1, 1),
    "0**x at 0": (NAN, 0, 0),
    "xlogy(x, 0) at 0": (NAN, NAN, 0),
    "sqrt(x) at 0": (NAN, INF, INF),
    "cbrt(x) at 0": (INF, INF, INF),
    "x**0.5 at 0": (NAN, INF, INF),
    "log(x) at 0": (NAN, INF, INF),
    "1 / x at 0": (-INF, -INF, -INF),
    "arcsin(x) at 1": (INF, NAN, INF),
    "arccos(x) at -1": (NAN, -INF, -INF),
    "arctanh(x) at 1": (INF, NAN, INF),
    "arccosh(x) at 1": (NAN, INF, INF),
    "arctan2(x[0], x[1]) at [0, 0]": ([0, 0], [0, 0], [0, 0]),
    "lgamma(x) at 0": (INF, -INF, -INF),
    "sign(x) at 0": (0, 0, 0),
    "heaviside(x, 0.5) at 0": (0, 0, 0),
    "floor(x) at 1": (0, 0, 0),
    "rint(x) at 0.5": (0, 0, 0),
    "x % 2 at 4": (1, 1, 1),
    "copysign(x, -1) at 0": (1, -1, 0),
    "sqrt(x**2) at 0": (-1, 1, NAN),
    "where(x > 0, sqrt(x), 0) at 0": (0, INF, NAN),
    "relu(x) - relu(-x) at 0": (1, 1, 0),
}


@pytest.fixture(scope="module")
def table():
    return tg.kinks()


def test_every_point_of_the_policy_is_in_the_table_and_no_other(table):
    assert [kink.point for kink in table] == list(POLICY)


@pytest.mark.parametrize("i", range(len(POLICY)), ids=list(POLICY))
def test_a_point(table, i):
    left, right, choice = POLICY[table[i].point]
    np.testing.assert_allclose(table[i].left, left, rtol=1e-4)
    np.testing.assert_allclose(table[i].right, right, rtol=1e-4)
    np.testing.assert_allclose(table[i].choice, choice, rtol=1e-14)
    assert table[i].reason


def test_a_choice_lies_between_the_slopes_wherever_the_reason_says_so(table):
    for one in table:
        if one.reason.startswith(("a kink", "a tie", "one side", "the bounds")):
            low, high = np.minimum(one.left, one.right), np.maximum(one.left, one.right)
            assert np.all((low <= one.choice) & (np.asarray(one.choice) <= high)), one


def test_slopes_are_measured():
    assert slopes(lambda x: 3.0 * abs(x), np.array(0.0), -1) == -3.0
    assert slopes(lambda x: x**2, np.array([2.0]), 1) == [4.0]
    assert kink("twice", lambda x: 2.0 * x, 1.0, "").choice == 2.0


def test_it_shows_itself_as_a_table(table):
    lines = str(table).splitlines()
    assert lines[0].split() == ["point", "left", "slope", "right", "slope", "choice", "reason"]
    assert len(lines) == len(table) + 2
    assert any(line.startswith("relu(x) at 0 ") for line in lines)
    assert repr(table) == str(table)


def test_it_is_a_list_of_records(table):
    assert isinstance(table, Kinks)
    assert {one.point: one.choice for one in table}["abs(x) at 0"] == 0.0


def test_it_writes_itself_into_a_document(table):
    lines = table.markdown().splitlines()
    assert lines[0] == "| point | left slope | right slope | choice | reason |"
    assert lines[2].startswith("| `abs(x) at 0` | -1 | 1 | 0 | a kink")


@pytest.mark.parametrize(("name", "f", "at", "_"), POINTS, ids=list(POLICY))
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_detect_anomaly_raises_exactly_where_the_choice_is_not_finite(name, f, at, _):
    def backward():
        f(tg.Tensor(at)).backward()

    def as_nodes():
        x = tg.Tensor(at)
        tg.gradients(f(x), [x])

    finite = np.all(np.isfinite(tg.grad(f)(np.asarray(at))))
    for differentiate in (backward, as_nodes):
        with nullcontext() if finite else pytest.raises(tg.errors.AnomalyError, match="fix: "):
            tg.detect_anomaly()(differentiate)()
