"""Derivative transforms: right against complex step and algebra, nested, on every structure and kind."""

from __future__ import annotations

import warnings
from collections import namedtuple

import numpy as np
import pytest
from samples import DIFFERENTIABLE, operands_of, samples

import tinygrad_edu as tg
from tinygrad_edu.core.op import TABLE
from tinygrad_edu.errors import DTypeError, IndependentWarning, NonScalarError, NotDifferentiableError, ShapeError
from tinygrad_edu.transforms.batched import BatchedPull
from tinygrad_edu.transforms.matrices import by_batches, by_columns, by_rows
from tinygrad_edu.transforms.record import Record

RNG = np.random.default_rng(7)


def array(*shape):
    """Signed numbers away from zero, so that no sample sits on a kink."""
    return RNG.uniform(0.3, 1.5, shape) * RNG.choice([-1.0, 1.0], shape)


def row(name, **params):
    return lambda *x: TABLE[name](*x, **params)


# Smooth functions that NumPy also computes on complex numbers, so that the complex step is exact.
ANALYTIC = {
    "polynomial": (lambda x: x * x * x - 2.0 * x, (3,)),
    "broadcast": (lambda x: x[:, None] * x[None, :] / (2.0 + x * x), (3,)),
    "sin exp": (lambda x: np.sin(x) * np.exp(-x), (2, 3)),
    "tanh": (lambda x: np.tanh(x @ MATRIX), (4, 3)),
    "matrix of vector": (lambda x: MATRIX @ x, (2,)),
    "vector of matrix": (lambda x: x @ MATRIX, (3,)),
    "matrix product with itself": (lambda x: x @ x.T @ x, (2, 3)),
    "stack of products": (lambda x: x @ x.mT, (2, 3, 2)),
    "sum over an axis": (lambda x: (x * x).sum(axis=0), (3, 2)),
    "mean": (lambda x: np.exp(x).mean(axis=1, keepdims=True) * x, (3, 2)),
    "reshape and transpose": (lambda x: np.sin(x).reshape(2, 3).T * 2.0, (3, 2)),
    "picked twice": (lambda x: x[np.array([0, 0, 2])] ** 3.0, (3,)),
    "slices": (lambda x: x[1:] * x[:-1], (4, 2)),
    "sum of logarithms": (lambda x: np.log(1.5 + x * x), (3,)),
    "root": (lambda x: np.sqrt(2.0 + np.cos(x)), (5,)),
}
MATRIX, STACK = array(3, 2), array(3, 4, 2)


def complex_step(f, x, tangent):
    return np.imag(f(x + 1e-20j * tangent)) / 1e-20


@pytest.mark.parametrize("name", ANALYTIC)
class TestAgainstTheComplexStep:
    def test_jvp(self, name):
        f, shape = ANALYTIC[name]
        x, t = array(*shape), array(*shape)
        y, dy = tg.jvp(f, x, t)
        np.testing.assert_allclose(y, f(x), rtol=1e-14)
        np.testing.assert_allclose(dy, complex_step(f, x, t), rtol=1e-12, atol=1e-14)

    def test_vjp(self, name):
        f, shape = ANALYTIC[name]
        x, t = array(*shape), array(*shape)
        y, pullback = tg.vjp(f, x)
        u = array(*y.shape)
        (gx,) = pullback(u)
        assert np.sum(gx * t) == pytest.approx(np.sum(u * complex_step(f, x, t)), rel=1e-12)

    def test_jacobian(self, name):
        f, shape = ANALYTIC[name]
        x, t = array(*shape), array(*shape)
        matrix = tg.jacobian(f)(x)
        assert matrix.shape == f(x).shape + x.shape
        np.testing.assert_allclose(np.tensordot(matrix, t, x.ndim), complex_step(f, x, t), rtol=1e-12, atol=1e-13)

    def test_hvp_and_hessian(self, name):
        f, shape = ANALYTIC[name]
        x, v = array(*shape), array(*shape)
        u = array(*f(x).shape)

        def loss(x):
            return (u * f(x)).sum()

        h = 1e-3  # Richardson on exact gradients: the error is about h**4
        gradient = tg.grad(loss)
        wide, narrow = ((gradient(x + s * v) - gradient(x - s * v)) / (2 * s) for s in (2 * h, h))
        expected = (4 * narrow - wide) / 3
        np.testing.assert_allclose(tg.hvp(loss, x, v), expected, rtol=1e-6, atol=1e-8)
        matrix = tg.hessian(loss)(x)
        assert matrix.shape == x.shape + x.shape
        np.testing.assert_allclose(np.tensordot(matrix, v, x.ndim), tg.hvp(loss, x, v), rtol=1e-11, atol=1e-12)


SAMPLES = {  # every way in which a rule may be carried forward
    "add": (row("add"), [(2, 3), (3,)]),
    "subtract": (row("subtract"), [(3,), (2, 3)]),
    "multiply": (row("multiply"), [(2, 1), (1, 3)]),
    "divide": (row("divide"), [(2, 3), ()]),
    "power": (lambda x, y: (2.0 + x) ** y, [(3,), (2, 3)]),
    "maximum": (row("maximum"), [(2, 3), (3,)]),
    "arctan2": (row("arctan2"), [(3,), (3,)]),
    "hypot": (row("hypot"), [(3,), (2, 3)]),
    "logaddexp": (row("logaddexp"), [(2, 3), (3,)]),
    "where": (lambda x, y: tg.Tensor.make(TABLE["where"], (x > y, x, y), {}), [(2, 3), (3,)]),
    "relu": (row("relu"), [(7,)]),
    "sigmoid": (row("sigmoid"), [(7,)]),
    "softplus": (row("softplus"), [(7,)]),
    "absolute": (row("absolute"), [(7,)]),
    "matmul": (row("matmul"), [(2, 3), (3, 4)]),
    "matmul of a vector": (row("matmul"), [(3,), (2, 3, 4)]),
    "matmul of vectors": (row("matmul"), [(3,), (3,)]),
    "softmax": (row("softmax", axis=0), [(4, 2)]),
    "log_softmax": (row("log_softmax"), [(2, 4)]),
    "softmax_cross_entropy": (lambda x: TABLE["softmax_cross_entropy"](x, np.array([1, 0])), [(2, 4)]),
    "logsumexp": (row("logsumexp", axis=1), [(2, 4)]),
    "max": (row("max", axis=0), [(3, 2)]),
    "min": (row("min"), [(3, 2)]),
    "sum": (row("sum", axis=(0, 2)), [(3, 2, 2)]),
    "mean": (row("mean", axis=-1), [(3, 2)]),
    "getitem": (lambda x: x[np.array([0, 2, 0]), 1:], [(3, 3)]),
    "concatenate": (row("concatenate", axis=0), [(2, 3), (1, 3), (3, 3)]),
    "linear": (row("linear"), [(2, 3), (4, 3), (4,)]),
    "linear of a vector": (row("linear"), [(3,), (4, 3), (4,)]),
    "linear of a stack": (row("linear"), [(2, 2, 3), (4, 3), (4,)]),
    "transpose": (row("transpose", axes=(2, 0, 1)), [(2, 3, 4)]),
    "broadcast_to": (row("broadcast_to", shape=(4, 2, 3)), [(2, 1)]),
    "fan-out": (lambda x, y: (x @ y) * (x @ y) + x.sum() * y.mean(), [(2, 2), (2, 2)]),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_forward_and_reverse_are_adjoint(name):
    f, shapes = SAMPLES[name]
    x = tuple(array(*shape) for shape in shapes)
    t = tuple(array(*shape) for shape in shapes)
    y, pullback = tg.vjp(f, *x)
    u = array(*np.shape(y))
    if len(x) == 1:
        _, dy = tg.jvp(f, x[0], t[0])
    else:
        _, dy = tg.jvp(lambda a: f(*a), list(x), list(t))
    back = pullback(u)
    assert np.sum(u * dy) == pytest.approx(sum(np.sum(g * d) for g, d in zip(back, t, strict=True)), rel=1e-10)
    assert np.abs(dy).max() > 1e-3  # the identity must not hold between zeros


@pytest.mark.parametrize("name", SAMPLES)
def test_forward_mode_of_tensors_can_be_differentiated_again(name):
    f, shapes = SAMPLES[name]
    x = [array(*shape) for shape in shapes]
    t = [array(*shape) for shape in shapes]
    u = array(*f(*map(tg.Tensor, x)).shape)

    def slope(x):
        return (u * tg.jvp(lambda a: f(*a), x, t)[1]).sum()

    def loss(x):
        return (u * f(*x)).sum()

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IndependentWarning)  # of linear functions
        forward_then_back = tg.grad(slope)(x)
    for one, other in zip(forward_then_back, tg.hvp(loss, x, t), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-12)


class TestNesting:
    @pytest.mark.parametrize("kind", [float, tg.Value, tg.Tensor, np.array], ids=["float", "Value", "Tensor", "array"])
    def test_an_outer_variable_is_not_taken_for_an_inner_one(self, kind):
        def f(x):
            return x * tg.grad(lambda y: x + y)(x)

        assert np.asarray(tg.grad(f)(kind(5.0)).item() if kind is not float else tg.grad(f)(5.0)) == 1.0

    def test_the_inner_argument_may_be_a_plain_number(self):
        assert tg.grad(lambda x: x * tg.grad(lambda y: x + y)(1.0))(2.0) == 1.0

    def test_a_closed_over_product(self):
        # d/dx [x * d/dy (x * y**2) at y = x] = d/dx [2 * x**3] = 6 * x**2
        assert tg.grad(lambda x: x * tg.grad(lambda y: x * y * y)(x))(2.0) == 24.0

    def test_forward_inside_forward(self):
        def f(x):
            return x * tg.jvp(lambda y: x * y, x, 1.0 + 0.0 * x)[1]

        assert tg.jvp(f, 3.0, 1.0) == (9.0, 6.0)

    def test_any_order(self):
        f, sign = np.sin, [1, 1, -1, -1]
        derivatives = [np.sin, np.cos]
        for order in range(1, 7):
            f = tg.grad(f)
            assert f(0.7) == pytest.approx(sign[order % 4] * derivatives[order % 2](0.7), rel=1e-14)

    def test_a_derivative_of_values_to_the_third_order(self):
        assert tg.grad(tg.grad(tg.grad(lambda x: x**5)))(tg.Value(2.0)).data == 240.0

    def test_an_outer_leaf_gets_its_gradient_through_a_transform(self):
        w = tg.Tensor([1.0, 2.0], label="w")
        slope = tg.grad(lambda x: (w * x * x).sum())(np.array([3.0, 4.0]))
        assert isinstance(slope, tg.Tensor)
        slope.sum().backward()
        np.testing.assert_array_equal(w.grad, [6.0, 8.0])

    def test_a_given_tensor_gets_its_gradient_through_a_transform(self):
        x = tg.Tensor([1.0, 2.0])
        tg.grad(lambda x: (x**3).sum())(x).sum().backward()
        np.testing.assert_array_equal(x.grad, [6.0, 12.0])

    def test_a_transform_computes_inside_no_grad_and_gives_constants(self):
        x = tg.Tensor([1.0, 2.0])
        with tg.no_grad():
            slope = tg.grad(lambda x: (x**3).sum())(x)
        np.testing.assert_array_equal(slope.data, [3.0, 12.0])
        assert slope.op is None
        assert not slope.requires_grad

    def test_no_gradient_of_a_leaf_changes(self):
        w = tg.Tensor([1.0, 2.0])
        tg.grad(lambda x: (w * x).sum())(w)
        assert w.grad is None

    def test_jacobian_of_a_jacobian(self):
        third = tg.jacobian(tg.jacobian(lambda x: x**3))(np.array([1.0, 2.0]))
        assert third.shape == (2, 2, 2)
        assert third[0, 0, 0] == 6.0
        assert third[1, 1, 1] == 12.0
        assert np.count_nonzero(third) == 2

    @pytest.mark.parametrize(
        "f",
        [lambda x: x[:2] ** 3, lambda x: (x[:, None] * x) ** 2, lambda x: x[:, None, None] * x[:, None] * x],
        ids=["rows", "a batch", "columns"],
    )
    def test_gradient_of_a_jacobian(self, f):
        x = array(3)
        u = array(*f(x).shape, 3)
        gradient = tg.grad(lambda x: (u * tg.jacobian(f)(x)).sum())(x)
        h = 1e-5
        for i, e in enumerate(np.eye(3)):
            difference = (u * (tg.jacobian(f)(x + h * e) - tg.jacobian(f)(x - h * e))).sum() / (2 * h)
            assert gradient[i] == pytest.approx(difference, rel=1e-7, abs=1e-8)

    def test_a_cotangent_may_need_a_gradient(self):
        _, pullback = tg.vjp(lambda x: x * x, np.array([1.0, 2.0]))
        u = tg.Tensor([1.0, 1.0])
        (g,) = pullback(u)
        g.sum().backward()
        np.testing.assert_array_equal(u.grad, [2.0, 4.0])


Pair = namedtuple("Pair", "left right")


class TestStructures:
    def test_results_come_back_as_given(self):
        given = {"w": np.ones((2, 2)), "b": [1.0, (np.float32(2.0), tg.Value(3.0))], "p": Pair(tg.Tensor([1.0]), 4.0)}

        def loss(p):
            return (p["w"] * p["b"][0]).sum() * p["b"][1][0] * p["p"].left.sum() * p["p"].right

        with pytest.warns(IndependentWarning, match=r"`p\['b'\]\[1\]\[1\]`"):
            g = tg.grad(loss)(given)
        assert list(g) == ["w", "b", "p"]
        assert isinstance(g["p"], Pair)
        assert isinstance(g["b"], list)
        assert isinstance(g["b"][1], tuple)
        np.testing.assert_array_equal(g["w"].data, np.full((2, 2), 8.0))
        assert g["b"][0].item() == 32.0
        assert g["b"][1][1].data == 0.0
        assert g["p"].right.item() == 8.0

    @pytest.mark.parametrize(
        ("given", "kind"),
        [
            (2.0, float),
            (np.float64(2.0), np.float64),
            (np.float32(2.0), np.float32),
            (np.array(2.0), np.ndarray),
            (tg.Value(2.0), tg.Value),
            (tg.Tensor(2.0), tg.Tensor),
        ],
    )
    def test_the_kind_given_is_the_kind_returned(self, given, kind):
        y, g = tg.value_and_grad(lambda x: x * x)(given)
        assert type(g) is kind
        assert float(getattr(g, "_data", g)) == 4.0
        assert isinstance(y, kind) or kind is np.ndarray
        assert float(getattr(y, "_data", y)) == 4.0

    def test_dtypes_are_kept(self):
        x = np.ones(3, np.float32)
        assert tg.grad(lambda x: (x * x).sum())(x).dtype == np.float32
        assert tg.jacobian(lambda x: x * x)(x).dtype == np.float32
        assert tg.jvp(lambda x: x * x, x, x)[1].dtype == np.float32

    def test_argnums(self):
        def f(a, b, c, scale=1.0):
            return (a * b * c).sum() * scale

        a, b = np.array([2.0]), np.array([3.0])
        assert tg.grad(f, 1)(a, b, 5).tolist() == [10.0]
        g = tg.grad(f, (1, 0))(a, b, 5, scale=2.0)
        assert isinstance(g, tuple)
        assert [part.tolist() for part in g] == [[20.0], [30.0]]
        assert tg.grad(f, argnums=-2)(a, b, 5).tolist() == [10.0]

    @pytest.mark.parametrize("argnums", [1, -2, (0, 0)])
    def test_argnums_that_cannot_be(self, argnums):
        with pytest.raises(ValueError, match="argnums="):
            tg.grad(lambda x: x, argnums)(1.0)

    def test_jacobian_of_structures(self):
        def f(p):
            return {"sum": p["a"] + p["b"].sum(), "product": p["a"] * p["b"]}

        matrix = tg.jacobian(f)({"a": 2.0, "b": np.array([3.0, 4.0])})
        assert matrix["sum"]["a"] == 1.0
        np.testing.assert_array_equal(matrix["sum"]["b"], [1.0, 1.0])
        np.testing.assert_array_equal(matrix["product"]["a"], [3.0, 4.0])
        np.testing.assert_array_equal(matrix["product"]["b"], [[2.0, 0.0], [0.0, 2.0]])

    def test_hessian_of_structures_and_values(self):
        matrix = tg.hessian(lambda p: p["a"] ** 2 * p["b"])({"a": tg.Value(2.0), "b": tg.Value(3.0)})
        assert {i: {j: h.data for j, h in line.items()} for i, line in matrix.items()} == {
            "a": {"a": 6.0, "b": 4.0},
            "b": {"a": 4.0, "b": 0.0},
        }

    def test_hessian_by_two_arguments(self):
        matrix = tg.hessian(lambda a, b: (a * a * b).sum(), (0, 1))(np.array([2.0]), np.array([3.0]))
        assert [[block.tolist() for block in line] for line in matrix] == [[[[6.0]], [[4.0]]], [[[4.0]], [[0.0]]]]

    def test_a_tuple_stands_for_all_arguments_or_is_one(self):
        x, t = (2.0, 3.0), (1.0, 10.0)
        assert tg.jvp(lambda a, b: a * b, x, t) == (6.0, 23.0)
        assert tg.jvp(lambda p: p[0] * p[1], x, t) == (6.0, 23.0)
        assert tg.jvp(lambda a: a * a, (2.0,), (1.0,)) == (4.0, 4.0)
        assert tg.hvp(lambda a, b: a * a * b, x, t) == (46.0, 4.0)
        assert tg.hvp(lambda a: a**3, 2.0, 1.0) == 12.0

    def test_floats_are_values_where_other_arguments_are(self):
        a, b = tg.grad(lambda a, b: a * b * b, (0, 1))(tg.Value(2.0), 3.0)
        assert (a.data, b.data) == (9.0, 12.0)
        assert tg.grad(lambda a, b: a * b)(2.0, tg.Value(3.0).detach()) == 3.0

    def test_results_may_be_written_into_and_share_nothing(self):
        x, y = np.ones(3), np.ones(3)
        gx, gy = tg.grad(lambda x, y: (x + y).sum(), (0, 1))(x, y)
        gx[0] = 5.0
        assert gy[0] == 1.0
        assert tg.vjp(lambda x: x, x)[0] is not x

    def test_empty(self):
        assert tg.grad(lambda x: x.sum())(np.ones((0, 2))).shape == (0, 2)
        assert tg.jacobian(lambda x: x * 2.0)(np.ones((0, 2))).shape == (0, 2, 0, 2)
        assert tg.grad(lambda p: p["a"] * 2.0)({"a": 1.0, "rest": []}) == {"a": 2.0, "rest": []}


class TestRefusals:
    def test_independent(self):
        with pytest.warns(IndependentWarning, match="does not depend on `speed`"):
            assert tg.grad(lambda speed: tg.Tensor(3.0))(np.ones(2)).tolist() == [0.0, 0.0]
        with pytest.raises(NotDifferentiableError, match="does not depend on `b`"):
            tg.grad(lambda a, b: a * 2.0, (0, 1), strict=True)(1.0, 2.0)
        with pytest.raises(NotDifferentiableError, match="was detached"):
            tg.grad(lambda x: x.detach() * 2.0, strict=True)(1.0)
        with pytest.raises(NotDifferentiableError):
            tg.jacobian(lambda x: np.ones(2), strict=True)(1.0)

    def test_a_derivative_of_zero_is_no_reason_to_warn(self):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert tg.grad(np.sign)(2.0) == 0.0
            assert tg.hessian(lambda x: (2.0 * x).sum())(np.ones(2)).tolist() == [[0.0, 0.0], [0.0, 0.0]]

    def test_more_than_one_number(self):
        with pytest.raises(NonScalarError, match=r"shape \(2,\).*sum\(\).*jacobian"):
            tg.grad(lambda x: x * 2.0)(np.ones(2))
        with pytest.raises(NonScalarError, match="tuple of 2"):
            tg.grad(lambda x: (x, x))(1.0)

    def test_no_number_at_all(self):
        with pytest.raises(NonScalarError, match="returned None"):
            tg.grad(lambda x: None)(1.0)

    def test_no_function_at_all(self):
        with pytest.raises(TypeError, match=r"grad\(f\)\(x\), not grad\(f\(x\)\)"):
            tg.grad(tg.Tensor(2.0) ** 2)(2.0)

    @pytest.mark.parametrize("given", [3, True, np.arange(3), np.int64(3), tg.Tensor([1, 2])])
    def test_integers(self, given):
        with pytest.raises(DTypeError, match=r"`x`.*integers can't carry gradients"):
            tg.grad(lambda x: x * 2)(given)

    @pytest.mark.parametrize("given", ["text", None, object()])
    def test_what_is_no_number(self, given):
        with pytest.raises(DTypeError, match="`x`"):
            tg.grad(lambda x: x)(given)

    def test_tangents_that_do_not_fit(self):
        with pytest.raises(ShapeError, match=r"\(3,\).*\(2,\)"):
            tg.jvp(lambda x: x, np.ones(2), np.ones(3))
        with pytest.raises(ShapeError, match="built alike"):
            tg.vjp(lambda x: [x, x], np.ones(2))[1]([np.ones(2)])

    def test_an_error_in_the_function_passes_through(self):
        def f(x):
            raise KeyError("mine")

        with pytest.raises(KeyError, match="mine"):
            tg.grad(f)(1.0)


class TestPerExample:
    X, Y, W = array(5, 3), array(5), array(3)

    @staticmethod
    def loss(params, x, y):
        return ((x @ params["w"] + params["b"] - y) ** 2).sum() / len(x)

    def test_the_mean_is_the_gradient_of_the_mean_loss(self):
        params = {"w": self.W, "b": 0.5}
        each = tg.per_example_gradients(self.loss, params, (self.X, self.Y))
        residual = self.X @ self.W + 0.5 - self.Y
        np.testing.assert_allclose(each["w"], 2 * residual[:, None] * self.X, rtol=1e-12)
        np.testing.assert_allclose(each["b"], 2 * residual, rtol=1e-12)
        whole = tg.grad(self.loss)(params, self.X, self.Y)
        np.testing.assert_allclose(each["w"].mean(axis=0), whole["w"], rtol=1e-12)

    def test_a_batch_may_be_one_argument(self):
        each = tg.per_example_gradients(
            lambda w, batch: self.loss(w, *batch), {"w": self.W, "b": 0.5}, (self.X, self.Y)
        )
        assert each["w"].shape == (5, 3)
        each = tg.per_example_gradients(
            lambda w, d: ((d["x"] @ w - d["y"]) ** 2).mean(), self.W, {"x": self.X, "y": self.Y}
        )
        assert each.shape == (5, 3)

    def test_a_loss_of_one_example_without_an_axis_for_the_batch(self):
        each = tg.per_example_gradients(lambda w, x, y: (w @ x - y) ** 2, self.W, (self.X, self.Y))
        np.testing.assert_allclose(each, 2 * (self.X @ self.W - self.Y)[:, None] * self.X, rtol=1e-12)

    def test_tensors_come_back_as_tensors_that_can_be_differentiated(self):
        w = tg.Tensor(self.W)
        each = tg.per_example_gradients(lambda w, x: ((x @ w) ** 2).sum(), w, self.X)
        assert isinstance(each, tg.Tensor)
        each.sum().backward()
        np.testing.assert_allclose(w.grad, (2 * self.X.T @ self.X) @ np.ones(3), rtol=1e-12)

    def test_values(self):
        w = tg.Value(2.0)
        each = tg.per_example_gradients(lambda w, x: (w * float(x[0])) ** 2, w, np.array([1.0, 3.0]))
        np.testing.assert_array_equal(each.data, [4.0, 36.0])

    @pytest.mark.parametrize("batch", [(np.ones(3), np.ones(2)), np.ones((0, 2)), 3.0])
    def test_batches_that_cannot_be(self, batch):
        with pytest.raises(ShapeError, match="axis 0"):
            tg.per_example_gradients(lambda w, *x: w, 1.0, batch)


def test_poles_of_values_do_not_raise():
    assert tg.grad(np.sqrt)(tg.Value(0.0).detach()).data == np.inf
    with pytest.warns(RuntimeWarning, match="1 / 0 is inf"):
        assert tg.grad(lambda x: 1.0 / x)(tg.Value(0.0).detach()).data == -np.inf


def test_the_derivative_keeps_the_name_of_the_function():
    def energy(x):
        """Say how much."""
        return x * x

    assert tg.grad(energy).__name__ == "energy"
    assert tg.grad(energy).__doc__ == "Say how much."


def blocks_of(f, x):
    """The Jacobian row by row, and in a batch; None where there is no batch."""
    record = Record(f, x, {}, range(len(x)))
    batch = BatchedPull(record)
    return by_rows(record), by_batches(record, batch) if batch.possible else None


MORE = {
    "product of a matrix and a vector": (lambda x: MATRIX @ x, [(2,)]),
    "product of vectors": (lambda x, y: (x @ y) * x, [(3,), (3,)]),
    "vector, matrix, vector": (lambda x, a, y: x @ a @ y * x, [(2,), (2, 3), (3,)]),
    "a stack of matrices": (lambda x: STACK @ x, [(2, 3)]),
    "sum over axes": (lambda x: x * x.sum(axis=(0, 2), keepdims=True), [(2, 3, 2)]),
    "flip": (lambda x: x * TABLE["flip"](x, axis=0), [(4, 2)]),
    "running sum": (lambda x: np.cumsum(x * x, axis=0), [(3, 2)]),
    "slices apart": (lambda x: x[:, :2] * x[:, 1:], [(2, 3)]),
    "reshape": (lambda x: (x * x).reshape(3, 2) @ MATRIX.T, [(2, 3)]),
    "two outputs": (lambda x: [np.sin(x), {"sum": x.sum()}], [(3, 2)]),
}


@pytest.mark.parametrize("name", [*SAMPLES, *MORE])
class TestBatches:
    def test_a_batch_gives_the_rows(self, name):
        f, shapes = (SAMPLES | MORE)[name]
        rows, batch = blocks_of(f, [array(*shape) for shape in shapes])
        assert batch is not None, "this can be a batch"
        for row, other in zip(rows, batch, strict=True):
            for block, whole in zip(row, other, strict=True):
                assert block.shape == whole.shape
                np.testing.assert_allclose(whole, block, rtol=1e-12, atol=1e-14)

    def test_columns_give_the_same(self, name):
        f, shapes = (SAMPLES | MORE)[name]
        record = Record(f, [array(*shape) for shape in shapes], {}, range(len(shapes)))
        for row, other in zip(by_rows(record), by_columns(record), strict=True):
            for block, whole in zip(row, other, strict=True):
                assert block.shape == whole.shape
                np.testing.assert_allclose(whole, block, rtol=1e-12, atol=1e-14)

    @pytest.mark.parametrize("scale", [0.0, 1e-9])
    def test_small_numbers_do_not_let_a_wrong_way_pass(self, name, scale):
        f, shapes = (SAMPLES | MORE)[name]
        with np.errstate(all="ignore"):
            rows, batch = blocks_of(f, [scale * array(*shape) for shape in shapes])
        for row, other in zip(rows, batch or rows, strict=True):
            for block, whole in zip(row, other, strict=True):
                np.testing.assert_allclose(whole, block, rtol=1e-10)


def test_what_cannot_be_a_batch_is_carried_back_row_by_row():
    def apart(x):  # two lists of places with a slice between them: their axis comes first, before that of a batch
        return x[np.array([0, 1, 3]), :, np.array([1, 2, 2])]

    x = array(4, 2, 3)
    rows, batch = blocks_of(apart, [x])
    assert batch is None
    np.testing.assert_array_equal(tg.jacobian(apart)(x), rows[0][0])


@pytest.mark.parametrize("name", DIFFERENTIABLE)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_every_row_of_the_table_goes_forward_and_back_alike(name):
    for operands, params in samples(name):
        places = operands_of((operands, params))

        def f(x, operands=operands, params=params, places=places):
            replaced = dict(zip(places, x, strict=True))
            y = TABLE[name](*(replaced.get(i, each) for i, each in enumerate(operands)), **params)
            return tg.real(y) + 2.0 * tg.imag(y) if y.dtype.kind == "c" else y

        x = [np.asarray(operands[i], float) for i in places]
        t = [array(*each.shape) for each in x]
        y, pullback = tg.vjp(f, x)
        u = array(*np.shape(y))
        _, dy = tg.jvp(f, x, t)
        (back,) = pullback(u)
        assert np.sum(u * dy) == pytest.approx(sum(np.sum(g * d) for g, d in zip(back, t, strict=True)), rel=1e-10)

        rows, batch = blocks_of(f, [x])
        assert batch is not None
        for row, whole in zip(rows[0], batch[0], strict=True):
            np.testing.assert_allclose(whole, row, rtol=1e-9, atol=1e-11)


def test_values_beside_tensors_are_carried_back_row_by_row():
    x = np.array([1.0, 2.0, 3.0, 4.0])
    matrix = tg.jacobian(lambda p: [p[0] * p[0], np.sin(p[1])])([tg.Value(3.0), x])
    assert matrix[0][0].data == 6.0
    np.testing.assert_allclose(matrix[1][1].data, np.diag(np.cos(x)), rtol=1e-14)


def test_large_jacobians_come_in_several_batches(monkeypatch):
    monkeypatch.setattr("tinygrad_edu.transforms.batched.LARGEST", 40)
    matrix = tg.jacobian(lambda x: np.sin(x) * x.sum())(x := array(10))
    np.testing.assert_allclose(matrix, np.sin(x)[:, None] + np.diag(np.cos(x) * x.sum()), rtol=1e-12)


def test_switches_see_every_gradient_of_a_jacobian():
    def f(x):
        return np.where(x > 0, np.sqrt(x), 0.0)

    x = np.array([0.0, 1.0, 4.0, 9.0, 16.0])
    with np.errstate(all="ignore"):
        assert np.isnan(tg.jacobian(f)(x)[0, 0])
        with tg.strong_zero():
            np.testing.assert_array_equal(np.diag(tg.jacobian(f)(x)), [0.0, 0.5, 0.25, 1 / 6, 0.125])
        with pytest.raises(tg.errors.AnomalyError, match="where"), tg.detect_anomaly():
            tg.jacobian(f)(x)


def test_jacobian_of_complex_numbers_between():
    x = array(6)
    spectrum = tg.jacobian(lambda x: np.abs(np.fft.rfft(x)) ** 2)(x)
    transform = np.fft.rfft(np.eye(6), axis=0)
    expected = 2 * np.real(np.conj(transform @ x)[:, None] * transform)
    np.testing.assert_allclose(spectrum, expected, rtol=1e-10, atol=1e-12)
    t = array(6)
    np.testing.assert_allclose(tg.jvp(lambda x: np.abs(np.fft.rfft(x)) ** 2, x, t)[1], expected @ t, rtol=1e-10)


@pytest.mark.parametrize("scale", [1.0, 1e-9, 0.0])
def test_a_row_that_would_mix_the_examples_of_a_batch_is_found_out(scale):
    turn = tg.op(
        "turn_for_a_test",
        "turn({})",
        lambda x, along: np.flip(x, along),
        lambda g, z, x, along: turn(g, along=along),
        linear=True,
    )
    try:
        x = scale * array(4, 2)
        rows, batch = blocks_of(lambda x: turn(x, along=0), [x])
        assert batch is None
        np.testing.assert_array_equal(tg.jacobian(lambda x: turn(x, along=0))(x), rows[0][0])
    finally:
        del TABLE["turn_for_a_test"]


@pytest.mark.parametrize("rows", [1, 4, 60])
@pytest.mark.parametrize("constant", [np.full(2, 3.0), tg.Tensor(np.full(2, 3.0)), 3.0])
@pytest.mark.filterwarnings("ignore:the result")
def test_results_that_are_constants_have_zeros_in_a_jacobian(rows, constant):
    """Carried back row by row, in batches, and forward column by column."""
    x = np.array([1.0, 2.0, -1.0])
    weights = np.arange(3.0 * rows).reshape(rows, 3)
    first, second = tg.jacobian(lambda x: (weights @ x, constant))(x)
    np.testing.assert_array_equal(first, weights)
    np.testing.assert_array_equal(second, np.zeros((*np.shape(constant), 3)))


ARGUMENTS = {
    "a function written in C": (lambda: tg.grad(np.exp)(0.0), 1.0),
    "its second argument": (lambda: tg.grad(np.multiply, 1)(2.0, 3.0), 2.0),
    "builtins": (lambda: tg.grad(pow)(3.0, 2.0), 6.0),
    "a tuple for a ufunc": (lambda: tg.hvp(np.multiply, (2.0, 3.0), (1.0, 0.0))[1], 1.0),
}


@pytest.mark.parametrize("name", ARGUMENTS)
def test_functions_whose_parameters_cannot_be_read(name):
    call, expected = ARGUMENTS[name]
    assert float(call()) == expected


x2 = np.array([1.0, 2.0])
REFUSED = {
    "a complex result": (lambda: tg.grad(lambda x: x * 1j)(2.0), DTypeError, "needs a real number"),
    "a Value for a tensor": (
        lambda: tg.vjp(lambda x: x.sum(), x2)[1](tg.Value(1.0)),
        DTypeError,
        "a Value cannot be the tangent or cotangent of a Tensor",
    ),
    "another shape": (
        lambda: tg.vjp(lambda x: x * 2, x2)[1](np.ones(3)),
        ShapeError,
        r"\(3,\) does not fit shape \(2,\)",
    ),
    "other names": (
        lambda: tg.vjp(lambda x: {"a": x, "b": x}, x2)[1]({"a": x2}),
        ShapeError,
        "a dict of 'a', 'b' and the other a dict of 'a'",
    ),
    "one array for two": (lambda: tg.vjp(lambda x: {"a": x, "b": x}, x2)[1](x2), ShapeError, "the other one ndarray"),
    "an empty dict for a list": (
        lambda: tg.vjp(lambda x: [x, x], x2)[1]({}),
        ShapeError,
        "list of 2 and the other an empty",
    ),
    "a loss that is none": (
        lambda: tg.per_example_gradients(lambda p, x: p * x, x2, np.ones((3, 2))),
        NonScalarError,
        r"which returned shape \(1, 2\)",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_fits_no_derivative_is_refused(name):
    call, kind, words = REFUSED[name]
    with pytest.raises(kind, match=words):
        call()


def test_cotangents_by_name():
    result, pullback = tg.vjp(lambda x: {"a": x * 2, "b": (x * x, 3.0)}, x2)
    assert list(result) == ["a", "b"]
    np.testing.assert_array_equal(pullback({"a": x2, "b": (np.ones(2), 1.0)})[0], 2 * x2 + 2 * x2)


def test_a_vmap_within_a_compiled_function():
    w = tg.Tensor([2.0, 3.0])

    def f(batch):
        return tg.vmap(lambda x: (w * x).sum() * (2.0 if w.shape == (2,) else 1.0))(batch)

    rows = np.arange(6.0).reshape(3, 2)
    np.testing.assert_allclose(tg.compile(f)(rows).data, f(rows).data)
    with pytest.raises(DTypeError, match="differs from example to example"):
        tg.compile(lambda batch: tg.vmap(lambda x: x if x[0] > 1 else -x)(batch))(rows)
