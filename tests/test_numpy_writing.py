"""`t[i] = y` on a tensor that was computed: differentiable, by any index, and never against a graph built before."""

import numpy as np
import pytest
from slopes import hold

import tinygrad_edu as tg
from tinygrad_edu.errors import InplaceError, StaleGraphError

A = np.random.default_rng(0).normal(size=(3, 4))
w = np.random.default_rng(1).normal(size=4)

INDICES = {
    "an element": (1, 2),
    "a row": 1,
    "a column": (slice(None), -1),
    "steps back": (slice(None, None, -2), slice(1, 3)),
    "a mask": A > 0,
    "places": ([0, 2], [3, 0]),
    "rows by places": [2, 0],
    "everything": Ellipsis,
    "a new axis": (None, 0),
}


@pytest.mark.parametrize("name", INDICES)
def test_any_index(name):
    index = INDICES[name]

    def f(x, y):
        u = x * x if isinstance(x, tg.Tensor) else np.array(x * x)
        u[index] = (x * 3.0)[index] * y
        return u * np.sin(u)

    hold(f, A, np.array(0.7))


def test_broadcasting():
    def f(x, y):
        u = +x
        u[1:] = y
        u[:, 0] = 2.0
        return u * u

    hold(f, A, w)


def test_of_two_numbers_for_one_place_the_last_stays():
    def f(x, y):
        u = +x
        u[[0, 2, 0]] = y
        return u * u

    hold(f, w, np.array([1.0, 2.0, 3.0]))


def test_what_is_written_may_be_made_from_the_tensor_itself():
    def f(x):
        u = +x
        u[0] = u[1] * u[2]
        u[1, 0] = u[0, 1] * u[1, 0]
        u += u[::-1]
        u[2] *= u[0]
        return u

    hold(f, A)


def test_a_loop_that_fills_a_constant():
    x = tg.Tensor(2.0)
    powers = tg.Tensor(np.zeros(5), requires_grad=False)
    powers[0] = x
    for i in range(1, 5):
        powers[i] = powers[i - 1] * x
    powers.sum().backward()
    np.testing.assert_array_equal(powers.data, [2, 4, 8, 16, 32])
    assert x.grad == 1 + 4 + 12 + 32 + 80


def test_a_graph_from_the_old_numbers_is_stale():
    x = tg.Tensor([1.0, 2.0])
    u = x * 2.0
    y = u * u
    u[0] = 5.0
    for ask in (lambda: y.sum().backward(), lambda: tg.gradients(y.sum(), [x])):
        with pytest.raises(StaleGraphError, match=r"written into by t\[…\] = … at .*test_numpy_writing.py:\d+, after"):
            ask()
    assert x.grad is None
    (u * u).sum().backward()
    np.testing.assert_array_equal(x.grad, [0.0, 16.0])


@pytest.mark.parametrize("transform", [tg.grad, tg.jacobian, tg.hessian, lambda f: lambda x: tg.jvp(f, x, x)])
def test_no_transform_takes_the_new_numbers_for_the_old(transform):
    def f(x):
        u = x * 2.0
        y = u * u
        u[0] = 5.0
        return y.sum()

    with pytest.raises(StaleGraphError, match="written into"):
        transform(f)(np.array([1.0, 2.0]))


def test_a_leaf_is_not_written_into():
    x = tg.Tensor([1.0, 2.0])
    with pytest.raises(InplaceError, match=r"x\[…\] = …|no_grad"):
        x[0] = 3.0
    with tg.no_grad():
        x[0] = 3.0
    np.testing.assert_array_equal(x.data, [3.0, 2.0])
    (x * x).sum().backward()
    np.testing.assert_array_equal(x.grad, [6.0, 4.0])


def test_a_computed_tensor_is_not_written_into_behind_its_graph():
    u = np.exp(tg.Tensor([1.0, 2.0]))
    with tg.no_grad(), pytest.raises(InplaceError, match="a copy"):
        u[0] = 3.0
    constant = tg.Tensor([1.0, 2.0], requires_grad=False)
    with tg.no_grad():
        constant[0] = 3.0
    np.testing.assert_array_equal(constant.data, [3.0, 2.0])


def test_integers_take_no_numbers_that_carry_a_gradient():
    counts = tg.Tensor([1, 2, 3])
    with pytest.raises(TypeError, match="astype"):
        counts[0] = tg.Tensor(1.5)
    counts[0] = 7
    np.testing.assert_array_equal(counts.data, [7, 2, 3])
    assert not counts.requires_grad


def test_what_does_not_fit_changes_nothing():
    u = tg.Tensor([1.0, 2.0]) * 1.0
    made_by = u.op
    with pytest.raises((ValueError, IndexError)):
        u[:] = [1.0, 2.0, 3.0]
    with pytest.raises(IndexError):
        u[5] = 1.0
    assert u.op is made_by
    np.testing.assert_array_equal(u.data, [1.0, 2.0])
