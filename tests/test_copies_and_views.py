"""A copy or a view of a tensor is NumPy's, gradient included, or refused: no write is lost, no graph cut in silence."""

import copy
import pickle

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import Tensor
from tinygrad_edu.errors import InplaceError

START = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]

COPIES = {
    "Tensor(x)": Tensor,
    "Tensor(x, dtype)": lambda x: Tensor(x, dtype=np.float32),
    "np.copy": np.copy,
    "+x": lambda x: +x,
    "x.copy()": lambda x: x.copy(),
    "x.astype": lambda x: x.astype(np.float32),
}


@pytest.mark.parametrize("name", COPIES)
def test_a_copy_carries_the_gradient(name):
    make = COPIES[name]
    np.testing.assert_array_equal(tg.grad(lambda x: (make(x) * x).sum())(np.array([3.0])), [6])
    assert tg.jvp(lambda x: make(x) * x, np.array(3.0), np.array(1.0))[1] == 6
    w = Tensor([3.0])
    (make(w * 1.0) * w).sum().backward()
    assert w.grad == [6]


@pytest.mark.parametrize("make", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x)), np.array])
def test_a_copy_that_would_cut_the_graph_is_refused(make):
    for f in (lambda x: (make(x) * x).sum(), lambda x: (make(x * 2) * x).sum()):
        with pytest.raises(TypeError, match="cut"):
            tg.grad(f)(np.array([3.0]))


def in_rows(x):
    for row in x:
        row[0] = 1


def in_place(x):
    y = x[:1]
    y *= 2


def twice_removed(x):
    x.T[0][1] = 5


WRITES = {
    "x[0][1] = 5": lambda x: x[0].__setitem__(1, 5),
    "for row in x: row[0] = 1": in_rows,
    "x.T[0] = 7": lambda x: x.T.__setitem__(0, 7),
    "x.reshape(-1)[0] = 7": lambda x: x.reshape(-1).__setitem__(0, 7),
    "np.flip(x)[0] = 7": lambda x: np.flip(x).__setitem__(0, 7),
    "y = x[:1]; y *= 2": in_place,
    "x.T[0][1] = 5": twice_removed,
    "x[0].fill(5)": lambda x: x[0].fill(5),
}


@pytest.mark.parametrize("name", WRITES)
@pytest.mark.parametrize("kind", ["computed", "constant", "no_grad"])
def test_a_write_through_a_view_is_refused_and_changes_nothing(name, kind):
    x = Tensor(START, requires_grad=False) if kind != "computed" else +Tensor(START)
    array = np.array(START)
    WRITES[name](array)
    assert not np.array_equal(array, START), "NumPy would write here"
    if kind == "no_grad":
        with tg.no_grad(), pytest.raises(InplaceError, match="instead of"):
            WRITES[name](x)
    else:
        with pytest.raises(InplaceError, match="instead of"):
            WRITES[name](x)
    np.testing.assert_array_equal(x.data, START)


def test_what_nobody_else_sees_may_be_written_into():
    w = Tensor(START)
    h = (w * 2).reshape(-1)  # a view of numbers that only the graph holds
    h += 1
    h[0] = 0.0
    (h * h).sum().backward()
    np.testing.assert_array_equal(w.grad, [[0, 20, 28], [36, 44, 52]])
    y = w[0, 0]  # one number, as in NumPy
    y *= 3
    assert y == 3
    assert w.data[0, 0] == 1


def test_an_element_may_be_changed_by_an_operator():
    w = Tensor(START)
    u = +w
    u[0] *= 2
    u[:, 1:] += u[0, 0]
    array = np.array(START)
    array[0] *= 2
    array[:, 1:] += array[0, 0]
    np.testing.assert_array_equal(u.data, array)
    u.sum().backward()
    np.testing.assert_array_equal(w.grad, [[10, 2, 2], [1, 1, 1]])
    with tg.no_grad():
        v = Tensor(START, requires_grad=False)
        v[0] *= 2
        np.testing.assert_array_equal(v.data[0], [2, 4, 6])


def test_an_index_made_of_the_tensor_itself_stays_that_of_the_old_numbers():
    w = Tensor([1.0, 2.0])
    u = +w
    u[u > 1.5] = 0.0
    u.sum().backward()
    np.testing.assert_array_equal(w.grad, [1, 0])
    w = Tensor([1.0, 2.0])
    u = +w
    u[u > 1.5] = u[u > 1.5] * 3
    u[np.argmax(u)] = u[0]
    u.sum().backward()
    np.testing.assert_array_equal(w.grad, [2, 0])


def test_numbers_are_found_in_a_tensor():
    t = Tensor([1.0, 2.0])
    assert 2.0 in t
    assert 3 not in t


@pytest.mark.parametrize(
    "make",
    [
        lambda: Tensor([1.0, 2.0, 3.0])[1:],
        lambda: Tensor([[1.0, 2.0], [3.0, 4.0]]).T[0],
        lambda: (Tensor([1.0, 2.0, 3.0]) * 2.0)[1:][::-1],
        lambda: (+Tensor([1.0, 2.0, 3.0]))[1:],
    ],
)
def test_a_view_of_what_nobody_holds_any_more_may_be_written_into(make):
    """However long the chain of views is, and whether it ends at a leaf or at a result."""
    u = make()
    rest = u.data[1:].tolist()
    u[0] = 7.0
    assert u.data.tolist() == [7.0, *rest]
