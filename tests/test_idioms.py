"""Idioms: what NumPy users write out is recognised as the row that it is, and nothing else is."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_edu as tg
from tinygrad_edu import Tensor, Value
from tinygrad_edu.core.op import TABLE
from tinygrad_edu.symbolic.idioms import as_rows, idioms, ways
from tinygrad_edu.symbolic.idioms.canonical import Algebra
from tinygrad_edu.symbolic.idioms.functions import exp, log

N, M = 4, 3
LABELS = np.array([0, 2, 1, 0])
ONE_HOT = np.eye(M)[LABELS]
SHARES = np.array([[0.2, 0.5, 0.3], [0.1, 0.1, 0.8], [0.6, 0.2, 0.2], [0.3, 0.3, 0.4]])
ROWS = range(N)


def softmax(z, axis=1, shift=True):
    e = np.exp(z - z.max(axis=axis, keepdims=True) if shift else z)
    return e / e.sum(axis=axis, keepdims=True)


def written_below_zero(z):
    a = +z
    a[z < 0] = 0
    return a


def log_sum_exp(z):
    m = z.max(axis=1)
    return m + np.log(np.sum(np.exp(z - m[:, None]), axis=1))


def layer_norm(z, eps=1e-5):
    mu = z.sum(axis=-1, keepdims=True) / M
    var = ((z - mu) ** 2).mean(axis=-1, keepdims=True)
    return (z - mu) / np.sqrt(var + eps)


SAMPLES = [
    ("relu", lambda z: np.maximum(0, z)),
    ("relu", lambda z: np.maximum(z, np.float64(0))),
    ("relu", lambda z: np.where(z > 0, z, 0)),
    ("relu", lambda z: np.where(z <= 0, 0.0, z)),
    ("relu", lambda z: np.where(z > 0, z, np.zeros(M))),
    ("relu", lambda z: z * (z > 0)),
    ("relu", lambda z: (z >= 0).astype(float) * z),
    ("relu", lambda z: (abs(z) + z) * 0.5),
    ("relu", written_below_zero),
    ("leaky_relu", lambda z: np.where(z > 0, z, 0.1 * z)),
    ("leaky_relu", lambda z: np.maximum(z * 0.2, z)),
    ("sigmoid", lambda z: 1 / (1 + np.exp(-z))),
    ("sigmoid", lambda z: (np.exp(-z) + 1.0) ** -1),
    ("sigmoid", lambda z: np.exp(z) / (np.exp(z) + 1)),
    ("sigmoid", lambda z: 1.0 / (1.0 + np.exp(-(z + np.arange(3.0))))),
    ("tanh", lambda z: (np.exp(z) - np.exp(-z)) / (np.exp(-z) + np.exp(z))),
    ("tanh", lambda z: (np.exp(2 * z) - 1) / (np.exp(2 * z) + 1)),
    ("tanh", lambda z: (1 - np.exp(-2 * z)) / (1 + np.exp(-2 * z))),
    ("tanh", lambda z: 2 / (1 + np.exp(-2 * z)) - 1),
    ("tanh", lambda z: 1 - 2 / (1 + np.exp(2 * z))),
    ("softplus", lambda z: np.log(1 + np.exp(z))),
    ("softplus", lambda z: np.log1p(np.exp(z))),
    ("silu", lambda z: z / (1 + np.exp(-z))),
    ("softmax", softmax),
    ("softmax", lambda z: softmax(z, shift=False)),
    ("softmax", lambda z: softmax(z, axis=0)),
    ("softmax", lambda z: np.exp(z) / np.sum(np.exp(z), axis=1)[:, None]),
    ("softmax", lambda z: (np.exp(z).T / np.exp(z).sum(axis=1)).T),
    ("softmax", lambda z: (lambda e: e / e.sum(axis=1, keepdims=True))(np.exp(z - z.max()))),
    ("softmax", lambda z: (lambda e: e * (1 / e.sum(axis=1)).reshape(-1, 1))(np.exp(z))),
    ("log_softmax", lambda z: np.log(softmax(z))),
    ("log_softmax", lambda z: np.log(tg.softmax(z))),
    ("log_softmax", lambda z: z - np.log(np.exp(z).sum(axis=1, keepdims=True))),
    ("log_softmax", lambda z: z - log_sum_exp(z)[:, None]),
    ("logsumexp", log_sum_exp),
    ("logsumexp", lambda z: np.log(np.exp(z).sum(axis=0, keepdims=True))),
    ("cross_entropy", lambda z: -np.log(softmax(z)[ROWS, LABELS])),
    ("cross_entropy", lambda z: -np.log(softmax(z))[np.arange(N), LABELS]),
    ("cross_entropy", lambda z: -np.log(tg.softmax(z)[ROWS, LABELS])),
    ("cross_entropy", lambda z: log_sum_exp(z) - z[ROWS, LABELS]),
    ("cross_entropy", lambda z: -(ONE_HOT * np.log(softmax(z))).sum(axis=1)),
    ("cross_entropy", lambda z: -np.sum(np.log(softmax(z)) * SHARES, axis=1)),
    ("cross_entropy", lambda z: -(ONE_HOT * np.log(softmax(z))).sum()),
    ("cross_entropy", lambda z: -np.log(softmax(z[0], 0)[2])),
    (
        "binary_cross_entropy",
        lambda z: (lambda p, y: -(y * np.log(p) + (1 - y) * np.log(1 - p)))(tg.sigmoid(z), SHARES),
    ),
    ("binary_cross_entropy", lambda z: (lambda p, y: -y * np.log(p) - (1 - y) * np.log(1 - p))(tg.sigmoid(z), ONE_HOT)),
    ("mean", lambda z: z.sum(axis=0) / N),
    ("mean", lambda z: (1 / (N * M)) * np.sum(z)),
    ("variance", lambda z: ((z - z.mean(axis=0)) ** 2).mean(axis=0)),
    ("variance", lambda z: 1 / N * ((z - z.sum(axis=0) / N) ** 2).sum(axis=0)),
    ("variance", lambda z: (z**2).mean(axis=0) - z.mean(axis=0) ** 2),
    ("variance", lambda z: (lambda c: (c * c).sum(axis=1) / M)(z - z.mean(axis=1, keepdims=True))),
    ("standard_deviation", lambda z: np.sqrt(((z - z.mean(1, keepdims=True)) ** 2).mean(1))),
    ("batch_norm", lambda z: (z - z.mean(0)) / np.sqrt(z.var(0) + 1e-5)),
    ("batch_norm", lambda z: (z - np.mean(z, 0)) * (z.var(0) + 1e-3) ** -0.5),
    ("batch_norm", lambda z: (z - z.mean(0)) / z.std(0)),
    ("layer_norm", layer_norm),
    ("layer_norm", lambda z: layer_norm(z, 1e-8)),
]
NEAR_MISSES = [
    lambda z: np.maximum(z, 0.1),
    lambda z: np.maximum(z, np.zeros((1, M)) + 0.1),
    lambda z: np.minimum(z, 0),
    lambda z: np.where(z > 1, z, 0),
    lambda z: np.where(z > 0, 0, z),
    lambda z: np.where(z > 0, z, 1),
    lambda z: z * (z > 0.5),
    lambda z: z * (z[0] > 0),
    lambda z: np.maximum(2 * z, z),  # slopes above 1 bend the other way
    lambda z: 1 / (1 - np.exp(-z)),
    lambda z: 0.5 / (1 + np.exp(-z)),
    lambda z: 1 / (2 + np.exp(-z)),
    lambda z: (np.exp(2 * z) - 1) / (np.exp(z) + 1),
    lambda z: np.log(2 + np.exp(z)),
    lambda z: np.exp(z) / (np.exp(z).sum(axis=1, keepdims=True) + 1),
    lambda z: np.exp(z[:3]) / np.exp(z[:3]).sum(axis=1),  # along the wrong axis
    lambda z: np.exp(z) / np.exp(2 * z).sum(axis=1, keepdims=True),
    lambda z: np.exp(z - z.max(axis=1, keepdims=True)) / np.exp(z).sum(axis=1, keepdims=True),
    lambda z: np.log(tg.softmax(z, axis=0)[ROWS, LABELS]),
    lambda z: np.log(tg.softmax(z)[[1, 0, 2, 3], LABELS]),
    lambda z: np.log(tg.softmax(z) + 1e-8)[ROWS, LABELS],
    lambda z: ONE_HOT * np.log(tg.sigmoid(z)) + (1 - SHARES) * np.log(1 - tg.sigmoid(z)),
    lambda z: z.sum(axis=0) / M,
    lambda z: z.var(axis=0, ddof=1),
    lambda z: ((z - z.mean(axis=1, keepdims=True)) ** 2).sum(axis=0) / (N - 1),
]


def scores(seed=0, low=-2.0, high=2.0):
    return Tensor(np.random.default_rng(seed).uniform(low, high, size=(N, M)), label="z")


def is_same(a, b, z):
    """Two nodes have the same numbers and the same gradient by `z`, of a random cotangent."""
    np.testing.assert_allclose(a.data, b.data, rtol=1e-9, atol=1e-12)
    cotangent = np.random.default_rng(1).normal(size=np.shape(a.data))
    first, second = (tg.gradients(node, [z], cotangent)[0].data for node in (a, b))
    np.testing.assert_allclose(first, second, rtol=1e-8, atol=1e-11)


@pytest.mark.parametrize(("name", "written"), SAMPLES, ids=[f"{name}-{k}" for k, (name, _) in enumerate(SAMPLES)])
def test_what_people_write_is_recognised_and_the_row_computes_the_same(name, written):
    z = scores()
    root = written(z)
    found = idioms(root)
    assert found[root].name == name
    assert found[root].factor == 1
    for node, idiom in found.items():
        assert node in idiom.inside
        assert not set(idiom.inputs) & idiom.inside if all(isinstance(x, Tensor) for x in idiom.inputs) else True
        is_same(idiom.equivalent(), node, z)
    is_same(as_rows(root)[0], root, z)


def test_every_idiom_of_the_list_has_a_sample():
    listed = [value for name, value in vars(ways).items() if name.startswith("WAYS")]
    names = {name for entries in listed for name, _ in entries} | set(ways.BUILDS) | ways.UP_TO_A_FACTOR
    assert names == {name for name, _ in SAMPLES}
    assert len(listed) == 5


@pytest.mark.parametrize("written", NEAR_MISSES)
def test_what_only_looks_like_one_is_not_recognised(written):
    root = written(scores(low=0.1))
    assert root not in idioms(root)
    assert root not in idioms(-root)


SCALARS = st.sampled_from([float, np.float64, int, np.float32, lambda x: np.array(x)])


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_other_ways_to_write_the_same_are_recognised(data):
    draw = data.draw
    number = lambda x: draw(SCALARS)(x)  # noqa: E731
    swap = lambda f, a, b: f(a, b) if draw(st.booleans()) else f(b, a)  # noqa: E731
    z = scores(draw(st.integers(0, 5)))
    axis = draw(st.sampled_from([0, 1]))
    signed = axis - 2 if draw(st.booleans()) else axis
    match draw(st.sampled_from(["relu", "sigmoid", "softmax", "variance", "layer"])):
        case "relu":
            zero = number(0)
            mask = z > zero if draw(st.booleans()) else zero < z
            root = draw(
                st.sampled_from(
                    [np.maximum(z, zero), np.where(mask, z, zero), swap(np.multiply, z, mask), z * 1 * mask]
                )
            )
            name = "relu"
        case "sigmoid":
            below = swap(np.add, number(1), np.exp(draw(st.sampled_from([-z, -1 * z, z * -1.0, 0 - z]))))
            root, name = number(1) / below if draw(st.booleans()) else np.divide(1.0, below), "sigmoid"
        case "softmax":
            shift = draw(st.sampled_from([0, 1, 2, 3]))
            u = [z, z - z.max(axis=signed, keepdims=True), z - z.max(), z - np.max(z.data)][shift]
            e = np.exp(u)
            below = e.sum(axis=signed, keepdims=True) if draw(st.booleans()) else np.expand_dims(e.sum(axis), axis)
            root, name = e / below, "softmax"
        case "variance":
            mu = (
                z.mean(signed, keepdims=True)
                if draw(st.booleans())
                else np.expand_dims(z.sum(axis) / (N, M)[axis], axis)
            )
            d = draw(st.sampled_from([z - mu, mu - z, z + -mu]))
            square = draw(st.sampled_from([d**2, d * d, np.square(d), d**2.0]))
            root = draw(st.sampled_from([square.mean(axis), square.sum(signed) / (N, M)[axis]]))
            name = "variance"
        case "layer":
            d = z - z.mean(1, keepdims=True)
            spread = swap(np.add, (d * d).mean(1, keepdims=True), number(1) * 1e-4)
            root = draw(
                st.sampled_from([d / np.sqrt(spread), d / spread**0.5, d * spread**-0.5, 1 / np.sqrt(spread) * d])
            )
            name = "layer_norm"
    found = idioms(root)
    assert found[root].name == name
    is_same(found[root].equivalent(), root, z)


def test_scalars_are_recognised_like_arrays():
    x, y = Value(0.7, label="x"), Value(-0.3, label="y")
    root = 1 / (1 + tg.exp(-(x * y))) + x * (x > 0) + max(y, 0)
    assert sorted(idiom.name for idiom in idioms(root).values()) == ["relu", "sigmoid"]
    rows, new = as_rows(root)
    for leaf in (x, y):
        assert new[leaf] is leaf
        assert tg.gradients(rows, [leaf])[0].data == pytest.approx(tg.gradients(root, [leaf])[0].data, rel=1e-12)


def test_a_net_written_out_becomes_rows():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(N, 5))
    w1, b1, w2 = (Tensor(rng.normal(size=s), label=n) for s, n in (((5, 6), "W1"), (6, "b1"), ((6, M), "W2")))
    h = np.maximum(0, layer_norm_of(x @ w1 + b1))
    p = softmax(h @ w2)
    loss = -np.log(p[ROWS, LABELS]).mean() + 0.1 * (w1**2).sum()
    loss.label = "loss"
    rows, new = as_rows(loss)
    names = {z.op.name for z in tg.core.backprop.history(rows) if z.op}
    assert {"relu", "softmax_cross_entropy"} <= names
    assert not names & {"exp", "maximum", "max", "log", "getitem"}
    assert rows.label == "loss"
    assert new[w1] is w1
    for leaf in (w1, b1, w2):
        a, b = tg.gradients(loss, [leaf])[0], tg.gradients(rows, [leaf])[0]
        np.testing.assert_allclose(a.data, b.data, rtol=1e-8, atol=1e-11)
    names = [idiom.name for idiom in idioms(loss).values()]
    assert "layer_norm" in names
    assert "cross_entropy" in names


def layer_norm_of(z):
    return (z - z.mean(axis=1, keepdims=True)) / np.sqrt(z.var(axis=1, keepdims=True) + 1e-5)


def test_a_graph_without_idioms_is_left_as_it_is():
    x = Tensor([1.0, -2.0], label="x")
    root = (tg.relu(x) * 2 + tg.sigmoid(x)).sum()
    assert idioms(root) == {}
    assert as_rows(root)[0] is root
    assert TABLE["relu"].name == "relu"


EQUAL = {  # forms of positive t and any x, which are one form where they are one function
    "a constant in an exponent": lambda x, t: (exp(x + 2.0) / exp(x.algebra.form(2.0)), exp(x)),
    "an exponent that is a constant": lambda x, t: (exp(x * 0.0 + 1.0) * t, t * math.e),
    "a logarithm of an exponential": lambda x, t: (log(exp(x) * 3.0), x + math.log(3.0)),
    "a logarithm of an inverse": lambda x, t: (log(1.0 / t), -log(t)),
    "terms that cancel": lambda x, t: (x - x + 1.0, x * 0.0 + 1.0),
    "factors that cancel": lambda x, t: (x * t / x, t),
    "arrays of constants": lambda x, t: (
        x.algebra.form(np.array([1.0, 2.0, -3.0])) * 2.0,
        x.algebra.form([2.0, 4.0, -6.0]),
    ),
    "signs of arrays of constants": lambda x, t: (
        -x.algebra.form(np.array([-1.0, 2.0, 3.0])),
        x.algebra.form([1.0, -2.0, -3.0]),
    ),
    "whole powers of negative numbers": lambda x, t: ((x * -2.0) ** 2, x**2 * 4.0),
    "third powers of negative numbers": lambda x, t: ((x * -2.0) ** 3, x**3 * -8.0),
    "roots of powers": lambda x, t: ((exp(x) ** 2) ** 0.5, exp(x)),
}
DIFFERENT = {
    "a root of a square": lambda x, t: ((x**2) ** 0.5, x),
    "a logarithm of a negative number": lambda x, t: (log(x * -1.0), -log(x)),
    "arrays of truth": lambda x, t: (x.algebra.form(np.array([True, False, True])), x.algebra.form([1.0, 2.0, 1.0])),
}


@pytest.mark.parametrize("name", [*EQUAL, *DIFFERENT])
def test_forms_are_equal_where_functions_are(name):
    algebra = Algebra()
    x, t = algebra.core(("leaf", "x"), (3,)), algebra.core(("leaf", "t"), (3,))
    one, other = {**EQUAL, **DIFFERENT}[name](x, t)
    equal = (one.core, one.view) == (other.core, other.view) and math.isclose(one.coefficient, other.coefficient)
    assert equal is (name in EQUAL)
