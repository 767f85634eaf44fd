"""Elementwise rows on a grid of zeros, ties, poles and huge numbers: scalar and array agree, slopes are measured."""

import itertools
import math
import warnings

import numpy as np
import pytest
from samples import NAMES, arity, samples

from tinygrad_edu import Tensor, Value
from tinygrad_edu.core.op import TABLE

INF, NAN = math.inf, math.nan
NUMBERS = [0.0, -0.0, 0.5, -0.5, 1.0, -1.0, 2.0, -2.0, 3.0, 30.0, -30.0, 800.0, -800.0, 1e300, -1e300, INF, -INF, NAN]
FEW = [0.0, -0.0, 0.5, -1.0, 1.0, 2.0, 40.0, INF, -INF, NAN]
NEAR = [-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0]
STEP = 2.0**-20


def usual(name):
    """The settings of a row's samples, or none."""
    return [*{repr(params): params for _, params in samples(name)}.values()]


ROWS = [name for name in NAMES if TABLE[name].elementwise and arity(TABLE[name])]
OTHERS = {"elu": {"alpha": 0.7}, "leaky_relu": {"slope": 0.3}, "hardtanh": {"low": -0.7, "high": 1.3}}
OTHERS |= {"polygamma": {"n": 2}, "sinc": {"order": 2}, "i0": {"order": 2}}  # settings that are not the usual ones
CASES = [(name, params) for name in ROWS for params in ([OTHERS[name]] if name in OTHERS else []) + usual(name)]
CHOICES = {"maximum", "minimum", "fmax", "fmin", "clip"}  # of 0 and -0 processors choose as they like
NO_NUMBERS = {"astype", "as_integers", "as_bool"}  # rows that change a type, and nothing else


def grid(name, numbers):
    """Return every choice of operands of a row from some numbers."""
    return np.array([*itertools.product(numbers, repeat=arity(TABLE[name]))]).T


@pytest.mark.parametrize(("name", "params"), [case for case in CASES if TABLE[case[0]].scalar is not None])
def test_a_scalar_function_is_the_array_s_at_zeros_ties_poles_and_huge_numbers(name, params):
    row = TABLE[name]
    points = grid(name, NUMBERS if arity(row) == 1 else FEW if arity(row) == 2 else FEW[3:])
    with np.errstate(all="ignore"):
        expected = row.forward(*points, **params)
    for at, right in zip(points.T, expected, strict=True):
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            found = row.on_numbers(*map(float, at), **params)
        np.testing.assert_allclose(found, float(right), rtol=2e-13, atol=1e-300, err_msg=f"{name} of {at}")
        if right == 0 and name not in CHOICES:
            assert math.copysign(1, found) == math.copysign(1, float(right)), at
        assert not told or not np.isfinite(right) or np.isnan(at).any(), f"{name} of {at} warns, and is {right}"


def test_which_rows_of_real_numbers_have_no_scalar_function():
    of_integers = {"bitwise_and", "bitwise_or", "bitwise_xor", "invert", "left_shift", "right_shift"}
    complex_parts = {"angle", "conjugate", "imag", "real"}
    types, layers = {"as_integers", "astype"}, {"binary_cross_entropy"}
    assert {name for name in ROWS if TABLE[name].scalar is None} == of_integers | complex_parts | types | layers


@pytest.mark.parametrize("name", sorted(CHOICES))
def test_a_choice_hands_on_its_whole_gradient_at_ties_and_crossed_bounds_too(name):
    operands = [*map(Tensor, grid(name, NEAR))]
    z = TABLE[name](*operands)
    g = np.random.default_rng(0).normal(size=z.shape)
    z.backward(g)
    np.testing.assert_allclose(sum(x.grad for x in operands), g)


def measured(row, at, i, params):
    """Return the slope of a row by operand `i`, on its right and on its left; NaN where it has none."""
    found = []
    for step in (STEP, -STEP):
        beside = np.array(at)
        beside[i] += step
        with np.errstate(all="ignore"):
            found.append((row.forward(*beside, **params) - row.forward(*at, **params)) / step)
    return found


RULES = [case for case in CASES if TABLE[case[0]].rules and case[0] not in NO_NUMBERS]


@pytest.mark.parametrize(("name", "params"), RULES)
@pytest.mark.parametrize("kind", [Value, Tensor])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_rule_gives_the_slope_wherever_there_is_one(name, params, kind):
    row = TABLE[name]
    if kind is Value and row.scalar is None:
        return
    points = grid(name, NEAR)
    if name == "clip":
        points = points[:, points[1] < points[2]]  # the bounds themselves pass, of an empty interval too
    seed, compared = 1.0 + np.arange(points.shape[1]) % 5, 0
    if kind is Tensor:
        leaves = [Tensor(x) for x in points]
        row(*leaves, **params).backward(seed)
        grads = [np.zeros_like(seed) if x.grad is None else x.grad / seed for x in leaves]
    else:
        grads = np.zeros_like(points)
        for k, at in enumerate(points.T):
            leaves = [Value(float(x)) for x in at]
            row(*leaves, **params).backward(1.5)
            grads[:, k] = [x.grad / 1.5 for x in leaves]
    for i in range(arity(row)):
        right, left = measured(row, points, i, params)
        at = (np.abs(right) < 1e3) & (np.abs(left) < 1e3)  # no jump; at a kink it lies between the slopes
        compared += at.sum()
        low, high, room = np.minimum(left, right)[at], np.maximum(left, right)[at], 1e-4 * (1 + np.abs(right[at]))
        outside = ~((low - room <= grads[i][at]) & (grads[i][at] <= high + room))
        assert not outside.any(), (name, i, points[:, at][:, outside], grads[i][at][outside], low[outside])
    assert compared


PLANE = np.array([1 + 2j, -1.5 + 0.5j, -0.3 - 1.2j, 0.4 - 0.7j, 2j, -0.5j, 1 + 0j, -1.3 + 0j])
CONSTANT = {"angle": np.array([0j])}  # where a slope is 0 by convention


@pytest.mark.parametrize(("name", "params"), RULES)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_rule_gives_the_slope_in_every_direction_of_the_complex_plane(name, params):
    """With dL = Re(g dx); of complex numbers beside complex and beside real ones."""
    row, rng = TABLE[name], np.random.default_rng(0)
    for kinds in itertools.product((complex, float), repeat=arity(row)):
        xs = [
            (np.roll(PLANE, 3 * i) if kind is complex else np.roll(PLANE, 3 * i).real + 0.1)
            for i, kind in enumerate(kinds)
        ]
        try:
            with np.errstate(all="ignore"):
                z = row.forward(*xs, **params)
        except (TypeError, ValueError):
            assert complex in kinds
            continue
        seed = rng.normal(size=z.shape) + (1j * rng.normal(size=z.shape) if z.dtype.kind == "c" else 0)
        leaves = [Tensor(x) for x in xs]
        made = row(*leaves, **params)
        if not made.requires_grad:
            continue
        made.backward(seed)
        for i, leaf in enumerate(leaves):
            for direction in (1.0, 1j)[: 2 if kinds[i] is complex else 1]:
                slopes = []
                for step in (STEP, -STEP):
                    beside = [x + step * direction if j == i else x for j, x in enumerate(xs)]
                    with np.errstate(all="ignore"):
                        slopes.append(np.real(seed * (row.forward(*beside, **params) - z)) / step)
                right, left = slopes
                smooth = (np.abs(right) < 1e3) & (np.abs(right - left) < 1e-4 * (1 + np.abs(right)))
                grad = np.zeros(z.shape) if leaf.grad is None else leaf.grad
                told = f"{name}, operand {i} of {kinds}, along {direction}"
                np.testing.assert_allclose(
                    np.real(grad * direction)[smooth], right[smooth], rtol=1e-4, atol=1e-4, err_msg=told
                )
    if name in CONSTANT:
        x = Tensor(CONSTANT[name])
        with np.errstate(all="raise"):
            row(x).backward(np.ones(1))
        assert not x.grad.any()


def test_a_power_of_nothing_is_flat_at_infinity():
    for x in (INF, -INF, 0.0):
        base = Value(x)
        (base ** Value(0.0, requires_grad=False)).backward()
        assert base.grad == 0.0
