"""Points where a derivative has to be decided upon, or is easily got wrong: value, gradient and second derivative.

The decisions, in order. Where the function has a derivative, that is the gradient, whatever it costs (a product with
zeros, sinc at 0, the length of a tiny vector). At a convex kink (abs, norm, relu, std) it is the subgradient nearest to
0. Ties share equally. A piecewise linear function takes the flatter side at a kink, save `clip`, whose bounds let
gradients pass. An infinite slope stays infinite and NaN stays NaN: neither is clamped, so that nothing is hidden. The
second derivative on a kink is that of the branch chosen; where nothing sensible can be said it is not asserted (ANY).
It is given here as the row sums of the Hessian by the first operand.
"""

import math

import numpy as np
import pytest

import tinygrad_edu as tg

INF, NAN, PI = math.inf, math.nan, math.pi
ANY = object()


def naive_bce(z):
    return tg.maximum(z, 0.0) - z * 1.0 + tg.log1p(tg.exp(-abs(z)))


POINTS = [
    # powers and roots
    ("sqrt(x**2) at 0", lambda x: tg.sqrt(x**2), 0.0, 0, NAN, NAN),
    ("0 * sqrt(0)", lambda x: 0.0 * tg.sqrt(x), 0.0, 0, NAN, NAN),
    ("sqrt(0)", tg.sqrt, 0.0, 0, INF, -INF),
    ("sqrt(-1)", tg.sqrt, -1.0, NAN, NAN, NAN),
    ("sqrt(x * x + 1e-12) at 0", lambda x: tg.sqrt(x * x + 1e-12), 0.0, 1e-6, 0, 1e6),
    ("cbrt(0)", tg.cbrt, 0.0, 0, INF, ANY),
    ("cbrt(-8)", tg.cbrt, -8.0, -2, 1 / 12, 1 / 144),
    ("1 / x at 0", lambda x: 1 / x, 0.0, INF, -INF, INF),
    ("reciprocal(0)", tg.reciprocal, 0.0, INF, -INF, INF),
    ("x / x at 0", lambda x: x / x, 0.0, NAN, NAN, NAN),
    ("x**0 at 0", lambda x: x**0, 0.0, 1, 0, 0),
    ("x**1 at 0", lambda x: x**1, 0.0, 0, 1, 0),
    ("x**2 at 0", lambda x: x**2, 0.0, 0, 0, 2),
    ("x**0.5 at 0", lambda x: x**0.5, 0.0, 0, INF, -INF),
    ("x**-1 at 0", lambda x: x**-1.0, 0.0, INF, -INF, INF),
    ("x**1.5 at 0", lambda x: x**1.5, 0.0, 0, 0, INF),
    ("x**3 at -2", lambda x: x**3, -2.0, -8, 12, -12),
    ("x**3.0 at -2", lambda x: x**3.0, -2.0, -8, 12, -12),
    ("x**0.5 at -2", lambda x: x**0.5, -2.0, NAN, NAN, NAN),
    ("x**2 at 1e200", lambda x: x**2, 1e200, INF, 2e200, 2),
    ("pow(0, 0)", tg.power, (0.0, 0.0), 1, (0, 0), ANY),
    ("pow(-2, 3)", tg.power, (-2.0, 3.0), -8, (12, NAN), ANY),
    ("pow(0, -1)", tg.power, (0.0, -1.0), INF, (-INF, -INF), ANY),
    ("pow(0, 2)", tg.power, (0.0, 2.0), 0, (0, 0), ANY),
    ("pow(2, 0)", tg.power, (2.0, 0.0), 1, (0, math.log(2)), ANY),
    ("pow(1, inf)", tg.power, (1.0, INF), 1, (INF, 0), ANY),
    ("0**y at 0", lambda y: 0.0**y, 0.0, 1, 0, 0),
    ("0**y at 2", lambda y: 0.0**y, 2.0, 0, 0, 0),
    ("2**y at 0", lambda y: 2.0**y, 0.0, 1, math.log(2), math.log(2) ** 2),
    # exponentials and logarithms
    ("log(-1)", tg.log, -1.0, NAN, -1, -1),
    ("log(0)", tg.log, 0.0, -INF, INF, -INF),
    ("log(-0.0)", tg.log, -0.0, -INF, -INF, -INF),
    ("log1p(-1)", tg.log1p, -1.0, -INF, INF, -INF),
    ("x * log(x) at 0", lambda x: x * tg.log(x), 0.0, NAN, NAN, NAN),
    ("xlogy(x, x) at 0", lambda x: tg.xlogy(x, x), 0.0, 0, ANY, ANY),
    ("xlogy(0, 0)", tg.xlogy, (0.0, 0.0), 0, (0, 0), ANY),
    ("entropy(0)", tg.entropy, 0.0, 0, 0, 0),
    ("exp(1000)", tg.exp, 1000.0, INF, INF, INF),
    ("exp(-1000)", tg.exp, -1000.0, 0, 0, 0),
    ("expm1(1e-20)", tg.expm1, 1e-20, 1e-20, 1, 1),
    ("logaddexp(1000, 1000)", tg.logaddexp, (1000.0, 1000.0), 1000 + math.log(2), (0.5, 0.5), 0.25),
    ("logaddexp(-inf, 0)", tg.logaddexp, (-INF, 0.0), 0, (0, 1), ANY),
    ("logaddexp(-inf, -inf)", tg.logaddexp, (-INF, -INF), -INF, (0, 0), 0),
    ("logaddexp(inf, 0)", tg.logaddexp, (INF, 0.0), INF, (1, 0), ANY),
    ("logaddexp(inf, inf)", tg.logaddexp, (INF, INF), INF, (0.5, 0.5), ANY),
    ("logaddexp2(-inf, -inf)", tg.logaddexp2, (-INF, -INF), -INF, (0, 0), 0),
    ("logaddexp2(inf, 0)", tg.logaddexp2, (INF, 0.0), INF, (1, 0), ANY),
    ("lgamma(-inf)", tg.lgamma, -INF, INF, ANY, ANY),
    ("lgamma(-1e16)", tg.lgamma, -1e16, INF, -INF, INF),
    ("digamma(-1e300)", tg.digamma, -1e300, -INF, INF, ANY),
    ("arctan2(1e-170, 1e-170)", tg.arctan2, (1e-170, 1e-170), PI / 4, (0.5e170, -0.5e170), ANY),
    ("arctan2(1e155, 1e155)", tg.arctan2, (1e155, 1e155), PI / 4, (0.5e-155, -0.5e-155), ANY),
    ("arcsinh(1e200)", tg.arcsinh, 1e200, math.asinh(1e200), 1e-200, ANY),
    ("arctan(1e200)", tg.arctan, 1e200, PI / 2, 0, ANY),
    ("logit(0)", tg.logit, 0.0, -INF, INF, ANY),
    ("lgamma(0)", tg.lgamma, 0.0, INF, -INF, INF),
    # signs and choices
    ("abs(0)", abs, 0.0, 0, 0, 0),
    ("abs(-0.0)", abs, -0.0, 0, 0, 0),
    ("sign(0)", tg.sign, 0.0, 0, 0, 0),
    ("maximum(x, 0) at 0", lambda x: tg.maximum(x, 0.0), 0.0, 0, 0.5, 0),
    ("maximum of equals", tg.maximum, (2.0, 2.0), 2, (0.5, 0.5), 0),
    ("minimum of equals", tg.minimum, (2.0, 2.0), 2, (0.5, 0.5), 0),
    ("fmax of equals", tg.fmax, (2.0, 2.0), 2, (0.5, 0.5), 0),
    ("fmin of equals", tg.fmin, (2.0, 2.0), 2, (0.5, 0.5), 0),
    ("maximum(x, x)", lambda x: tg.maximum(x, x), 2.0, 2, 1, 0),
    ("maximum(nan, 1)", tg.maximum, (NAN, 1.0), NAN, ANY, ANY),
    ("fmax(nan, 1)", tg.fmax, (NAN, 1.0), 1, (0, 1), 0),
    ("clip at the lower bound", lambda x: tg.clip(x, 0.0, 1.0), 0.0, 0, 1, 0),
    ("clip at the upper bound", lambda x: tg.clip(x, 0.0, 1.0), 1.0, 1, 1, 0),
    ("clip(nan)", lambda x: tg.clip(x, 0.0, 1.0), NAN, NAN, 0, 0),
    ("clip outside", lambda x: tg.clip(x, 0.0, 1.0), 3.0, 1, 0, 0),
    ("clip to an empty interval", lambda x: tg.clip(x, 2.0, 1.0), 1.5, 1, 0, 0),
    ("copysign(0, -1)", lambda x: tg.copysign(x, -1.0), 0.0, -0.0, 0, 0),
    ("heaviside(0)", lambda x: tg.heaviside(x, 0.5), 0.0, 0.5, 0, 0),
    ("floor(1)", tg.floor, 1.0, 1, 0, 0),
    ("round(0.5)", tg.round, 0.5, 0, 0, 0),
    ("mod(1, 0)", tg.remainder, (1.0, 0.0), NAN, ANY, ANY),
    ("mod(3, 2)", tg.remainder, (3.0, 2.0), 1, (1, -1), 0),
    ("mod(4, 2), a jump", tg.remainder, (4.0, 2.0), 0, (1, -2), 0),
    ("mod(-3, 2)", tg.remainder, (-3.0, 2.0), 1, (1, 2), 0),
    ("fmod(-3, 2)", tg.fmod, (-3.0, 2.0), -1, (1, 1), 0),
    ("inf - inf", tg.subtract, (INF, INF), NAN, (1, -1), 0),
    ("0 * inf", tg.multiply, (0.0, INF), NAN, (INF, 0), 0),
    # neurons
    ("relu(0)", tg.relu, 0.0, 0, 0, 0),
    ("relu(-0.0)", tg.relu, -0.0, 0, 0, 0),
    ("relu(nan)", tg.relu, NAN, NAN, 1, 0),
    ("relu(inf)", tg.relu, INF, INF, 1, 0),
    ("leaky_relu(0)", tg.leaky_relu, 0.0, 0, 0.01, 0),
    ("elu(0)", tg.elu, 0.0, 0, 1, ANY),
    ("elu(-1000)", tg.elu, -1000.0, -1, 0, 0),
    ("elu(1000)", tg.elu, 1000.0, 1000, 1, 0),
    ("relu6(0)", tg.relu6, 0.0, 0, 0, 0),
    ("relu6(6)", tg.relu6, 6.0, 6, 0, 0),
    ("hardtanh(1)", tg.hardtanh, 1.0, 1, 0, 0),
    ("hardtanh(-1)", tg.hardtanh, -1.0, -1, 0, 0),
    ("hardsigmoid(3)", tg.hardsigmoid, 3.0, 1, 0, 0),
    ("hardsigmoid(-3)", tg.hardsigmoid, -3.0, 0, 0, 0),
    ("sigmoid(1000)", tg.sigmoid, 1000.0, 1, 0, 0),
    ("sigmoid(-1000)", tg.sigmoid, -1000.0, 0, 0, 0),
    ("logsigmoid(-1000)", tg.logsigmoid, -1000.0, -1000, 1, 0),
    ("softplus(1000)", tg.softplus, 1000.0, 1000, 1, 0),
    ("softplus(-1000)", tg.softplus, -1000.0, 0, 0, 0),
    ("softplus(0)", tg.softplus, 0.0, math.log(2), 0.5, 0.25),
    ("tanh(1000)", tg.tanh, 1000.0, 1, 0, 0),
    ("gelu(-inf)", tg.gelu, -INF, NAN, NAN, NAN),
    ("silu(-inf)", tg.silu, -INF, NAN, NAN, NAN),
    ("silu(-1000)", tg.silu, -1000.0, 0, 0, 0),
    ("1 / (1 + exp(-x)) at -1000", lambda x: 1 / (1 + tg.exp(-x)), -1000.0, 0, NAN, NAN),
    ("log(sigmoid(-1000))", lambda x: tg.log(tg.sigmoid(x)), -1000.0, -INF, NAN, NAN),
    ("log(1 + exp(1000))", lambda x: tg.log(1 + tg.exp(x)), 1000.0, INF, NAN, NAN),
    ("cross-entropy of a logit 0, written out", naive_bce, 0.0, math.log(2), -0.5, ANY),
    ("cross-entropy of a logit -1000, written out", naive_bce, -1000.0, 1000, -1, 0),
    ("cross-entropy of a logit 1000, written out", naive_bce, 1000.0, 0, 0, 0),
    # circle and hyperbola
    ("arcsin(1)", tg.arcsin, 1.0, PI / 2, INF, ANY),
    ("arccos(-1)", tg.arccos, -1.0, PI, -INF, ANY),
    ("arctanh(1)", tg.arctanh, 1.0, INF, INF, ANY),
    ("arccosh(1)", tg.arccosh, 1.0, 0, INF, -INF),
    ("sinc(0)", tg.sinc, 0.0, 1, 0, -PI * PI / 3),
    ("sin(x) / x at 0", lambda x: tg.sin(x) / x, 0.0, NAN, NAN, NAN),
    ("sin(inf)", tg.sin, INF, NAN, NAN, NAN),
    ("tan(pi/2)", tg.tan, PI / 2, math.tan(PI / 2), 1 + math.tan(PI / 2) ** 2, 2 * math.tan(PI / 2) ** 3),
    ("hypot(0, 0)", tg.hypot, (0.0, 0.0), 0, (0, 0), ANY),
    ("arctan2(0, 0)", tg.arctan2, (0.0, 0.0), 0, (0, 0), ANY),
    # the branch that was not taken
    ("where around sqrt(0)", lambda x: tg.where(x > 0, tg.sqrt(x), 0.0), 0.0, 0, NAN, NAN),
    ("where around x / x", lambda x: tg.where(x == 0, 1.0, x / x), 0.0, 1, NAN, NAN),
    ("where around log(0)", lambda x: tg.where(x > 0, tg.log(x), 0.0), 0.0, 0, NAN, NAN),
    ("where around exp(1000)", lambda x: tg.where(x > 700, x + 1, tg.exp(x)), 1000.0, 1001, NAN, NAN),
    ("where around log(-1)", lambda x: tg.where(x > 0, tg.log(x), 2 * x), -1.0, -2, 2, 0),
    ("a mask times sqrt(0)", lambda x: (x > 0) * tg.sqrt(x), 0.0, 0, NAN, NAN),
    ("where inside and outside", lambda x: tg.where(x > 0, tg.sqrt(tg.where(x > 0, x, 1.0)), 0.0), 0.0, 0, 0, 0),
    ("nan_to_num(log(-1))", lambda x: tg.nan_to_num(tg.log(x)), -1.0, 0, 0, 0),
]

ARRAYS = [
    ("max of equals", tg.max, [1.0, 3, 3], 3, [0, 0.5, 0.5], [0, 0, 0]),
    ("max where all are equal", tg.max, [2.0] * 4, 2, [0.25] * 4, [0] * 4),
    ("max with nan", tg.max, [1.0, NAN, 3], NAN, [NAN] * 3, ANY),
    ("max of 0 and -0", tg.max, [0.0, -0.0], 0, [0.5, 0.5], [0, 0]),
    ("min of equals", tg.min, [1.0, 1, 3], 1, [0.5, 0.5, 0], [0, 0, 0]),
    ("median of an even number", tg.median, [1.0, 2, 3, 4], 2.5, [0, 0.5, 0.5, 0], [0] * 4),
    ("median of equals", tg.median, [1.0, 2, 2, 3], 2, [0, 0.5, 0.5, 0], [0] * 4),
    ("median of an odd number of equals", tg.median, [2.0, 2, 2], 2, [1 / 3] * 3, [0] * 3),
    ("sort of equals", lambda x: tg.sum(tg.sort(x) * [1.0, 10, 100]), [2.0, 1, 3], 321, [10, 1, 100], [0] * 3),
    ("sort of two equals", lambda x: tg.sum(tg.sort(x) * [1.0, 10, 100]), [3.0, 1, 3], 331, [10, 1, 100], [0] * 3),
    ("ptp of equals", tg.ptp, [2.0, 2], 0, [0, 0], [0, 0]),
    ("norm of 0", tg.linalg.norm, [0.0, 0, 0], 0, [0, 0, 0], ANY),
    ("norm**2 of 0", lambda x: tg.linalg.norm(x) ** 2, [0.0, 0], 0, [0, 0], ANY),
    ("sqrt(sum(x**2)) of 0", lambda x: tg.sqrt(tg.sum(x**2)), [0.0, 0], 0, [NAN, NAN], [NAN, NAN]),
    ("1-norm of 0", lambda x: tg.linalg.norm(x, 1), [0.0, 0], 0, [0, 0], [0, 0]),
    ("3-norm of 0", lambda x: tg.linalg.norm(x, 3), [0.0, 0], 0, [0, 0], ANY),
    ("max-norm of equals", lambda x: tg.linalg.norm(x, INF), [2.0, -2, 1], 2, [0.5, -0.5, 0], [0] * 3),
    ("norm of huge numbers", tg.linalg.norm, [1e200, 1e200], math.sqrt(2) * 1e200, [math.sqrt(0.5)] * 2, ANY),
    ("norm of tiny numbers", tg.linalg.norm, [1e-200, 1e-200], math.sqrt(2) * 1e-200, [math.sqrt(0.5)] * 2, ANY),
    ("std of equals", tg.std, [2.0, 2, 2], 0, [0, 0, 0], ANY),
    ("std of one", tg.std, [2.0], 0, [0], ANY),
    ("prod with a zero", tg.prod, [2.0, 0, 3], 0, [0, 6, 0], [3, 5, 2]),
    ("prod with two zeros", tg.prod, [0.0, 2, 0], 0, [0, 0, 0], [2, 0, 2]),
    ("prod of nothing", tg.prod, [], 1, [], []),
    ("sum of nothing", tg.sum, [], 0, [], []),
    ("mean of nothing", tg.mean, [], NAN, [], []),
    ("cumprod with a zero", lambda x: tg.sum(tg.cumprod(x)), [2.0, 0, 3], 2, [1, 8, 0], [4, 6, 2]),
    ("nansum", tg.nansum, [1.0, NAN], 1, [1, 0], [0, 0]),
    ("logsumexp of large numbers", tg.logsumexp, [1000.0, 1000], 1000 + math.log(2), [0.5, 0.5], [0, 0]),
    ("logsumexp of -inf", tg.logsumexp, [-INF, -INF], -INF, [0, 0], [0, 0]),
    ("logsumexp with inf", tg.logsumexp, [INF, 0.0], INF, [1, 0], ANY),
    ("logsumexp of infs", tg.logsumexp, [INF, 1.0, INF], INF, [0.5, 0, 0.5], ANY),
    ("log_softmax of [1000, 0]", lambda x: tg.log_softmax(x) @ [1.0, -1], [1000.0, 0], 1000, [1, -1], [0, 0]),
    ("softmax with -inf", lambda x: tg.softmax(x)[0], [0.0, -INF], 1, [0, 0], [0, 0]),
    ("softmax of -inf", lambda x: tg.softmax(x)[0], [-INF, -INF], NAN, [NAN, NAN], [NAN, NAN]),
    ("softmax with inf", lambda x: tg.softmax(x)[0], [INF, 0.0], NAN, [NAN, NAN], [NAN, NAN]),
    ("softmax of one", lambda x: tg.softmax(x)[0], [2.0], 1, [0], [0]),
    ("log(softmax([1000, 0]))", lambda x: -tg.log(tg.softmax(x))[1], [1000.0, 0], INF, [NAN, NAN], [NAN, NAN]),
    ("det of a singular matrix", tg.linalg.det, [[1.0, 2], [2, 4]], 0, [[4, -2], [-2, 1]], [[1, -1], [-1, 1]]),
    ("det of zeros", tg.linalg.det, np.zeros((3, 3)), 0, np.zeros((3, 3)), np.zeros((3, 3))),
]  # fmt: skip

SCALAR = {"nan_to_num(log(-1))"}  # works on arrays only


def same(found, wanted):
    if wanted is not ANY:
        np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-13)


def check(f, leaves, value, gradient, second):
    with np.errstate(all="ignore"):
        z = f(*leaves)
        same(z.data, value)
        grads = tg.gradients(z, leaves)
        for g, wanted in zip(grads, gradient, strict=True):
            same(g.data, wanted)
        z.backward()
        for x, wanted in zip(leaves, gradient, strict=True):
            same(x.grad, wanted)
        if second is not ANY:
            total = grads[0].sum() if isinstance(grads[0], tg.Tensor) else grads[0]
            row = tg.gradients(total, leaves[:1])[0].data if total.requires_grad else np.zeros(np.shape(leaves[0].data))
            same(row, second)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("kind", [tg.Value, tg.Tensor])
@pytest.mark.parametrize(("f", "x", "v", "g", "h"), [point[1:] for point in POINTS], ids=[point[0] for point in POINTS])
def test_at_a_number(f, x, v, g, h, kind, request):
    if kind is tg.Value and any(name in request.node.callspec.id for name in SCALAR):
        pytest.skip("NumPy's function of arrays")
    both = isinstance(x, tuple)
    leaves = [kind(part) for part in (x if both else (x,))]
    check(f, leaves, v, g if both and g is not ANY else (g,) * len(leaves), h)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(("f", "x", "v", "g", "h"), [point[1:] for point in ARRAYS], ids=[point[0] for point in ARRAYS])
def test_at_an_array(f, x, v, g, h):
    check(f, [tg.Tensor(np.array(x, float))], v, (g,), h)


def test_variance_of_one_number_warns():
    x = tg.Tensor([2.0])
    with pytest.warns(RuntimeWarning), np.errstate(all="ignore"):
        z = tg.var(x, ddof=1)
    assert np.isnan(z.data)
    with np.errstate(all="ignore"):
        z.backward()
    assert np.isnan(x.grad).all()


def test_the_largest_of_nothing():
    with pytest.raises(ValueError, match="max"):
        tg.max(tg.Tensor(np.zeros(0)))


def test_no_local_rule_is_always_right():
    """relu(x) - relu(-x) is x, and yet every library that has relu'(0) = 0 gives 0 there."""
    x = tg.Value(0.0)
    (x.relu() - (-x).relu()).backward()
    assert x.grad == 0
