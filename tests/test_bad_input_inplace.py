"""Changing what a gradient depends on, and copying what cannot be copied: refused, or harmless."""

import copy
import pickle

import numpy as np
import pytest
from refusing import refuses

import tinygrad_edu as tg
from tinygrad_edu import Tensor, Value
from tinygrad_edu.errors import InplaceError

# In place ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("change", ["w += 1", "w -= 1", "w *= 2", "w /= 2", "w **= 2"])
def test_a_leaf_that_needs_a_gradient_is_not_changed_in_passing(change):
    w = Tensor([1.0, 2.0], label="w")
    with refuses(InplaceError, "`w`", change.split()[1], "no_grad()", "w.data", "optimiser"):
        exec(compile(change, __file__, "exec"), {"w": w})
    np.testing.assert_array_equal(w.data, [1, 2])


def test_a_leaf_is_changed_inside_no_grad_and_stays_the_same_leaf():
    w = Tensor([1.0, 2.0])
    same = w
    with tg.no_grad():
        w -= 0.5
    assert w is same
    np.testing.assert_array_equal(w.data, [0.5, 1.5])
    (w * w).sum().backward()
    np.testing.assert_array_equal(w.grad, [1, 3])


def test_a_result_that_its_own_derivative_needs():
    x = Tensor([1.0, 2.0])
    y = tg.exp(x)
    with refuses(InplaceError, "`exp`", "write y = y + …"):
        y += 1
    z = x * 2  # its derivative is computed from x and 2 alone
    z += 1
    z.sum().backward()
    np.testing.assert_array_equal(x.grad, [2, 2])


def test_putting_elements_into_a_tensor():
    w = Tensor([1.0, 2.0, 3.0], label="w")
    with refuses(InplaceError, "`w`", "no_grad()"):
        w[0] = 5
    y = w * 2
    y[0] = 5
    y[1:] = y[1:] * w[1:]
    y.sum().backward()
    np.testing.assert_array_equal(y.data, [5, 8, 18])
    np.testing.assert_array_equal(w.grad, [0, 8, 12])
    with tg.no_grad():
        w[0] = 7
    np.testing.assert_array_equal(w.data, [7, 2, 3])


def test_a_view_that_is_changed_leaves_what_it_views():
    x = Tensor([1.0, 2.0])
    rows = np.broadcast_to(x, (3, 2))
    same = rows
    rows += 1  # a new node
    rows[0] = 0.0
    rows.sum().backward()
    np.testing.assert_array_equal(rows.data, [[0, 0], [2, 3], [2, 3]])
    np.testing.assert_array_equal(same.data, [[1, 2]] * 3)
    np.testing.assert_array_equal(x.data, [1, 2])
    np.testing.assert_array_equal(x.grad, [2, 2])


def test_a_computed_node_cannot_be_assigned():
    for y in (Value(1.0) * 2, Tensor([1.0]) * 2):
        with refuses(InplaceError, "`multiply`", "cannot be assigned"):
            y.assign(3.0)
        with refuses(InplaceError, "`multiply`"):
            y.data = 3.0


def test_writing_into_the_array_that_was_given_changes_nothing():
    given, factor = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    x = Tensor(given)
    loss = (x * x * factor).sum()
    given[:] = 100
    factor[:] = 100
    loss.backward()
    np.testing.assert_array_equal(x.grad, [6, 16])


def test_data_and_gradients_are_read_only():
    x = Tensor([1.0, 2.0])
    (x * x).sum().backward()
    for view in (x.data, x.numpy(), x.grad, x.data[:1]):
        with refuses(ValueError, "read-only", line=False):
            view[0] = 100
    np.testing.assert_array_equal(x.data, [1, 2])


def test_arrays_that_were_given_stay_writable():
    given = np.array([1.0, 2.0])
    x = Tensor(given)
    loss = (x * given).sum()
    assert given.flags.writeable
    loss.backward()
    assert given.flags.writeable


def test_the_numbers_of_another_node_are_assigned():
    v, w = Value(1.0), Tensor([1.0, 2.0])
    v.assign(Value(2.0) * 3)
    w.assign(w * 3)
    v.grad, w.grad = Value(5.0), w * 2
    assert (v.data, v.grad, v.op) == (6.0, 5.0, None)
    np.testing.assert_array_equal(w.data, [3, 6])
    np.testing.assert_array_equal(w.grad, [6, 12])
    v.grad = None
    (v * v).backward(Value(2.0))
    assert v.grad == 24.0


def test_assigning_another_shape():
    w = Tensor([1.0, 2.0], label="w")
    with refuses(ValueError, "`w`", "(3,)", "(2,)"):
        w.assign(np.ones(3))
    with refuses(TypeError, "one real number"):
        Value(1.0).assign("a")
    np.testing.assert_array_equal(w.data, [1, 2])


# Copies --------------------------------------------------------------------------------------------------------

COPIES = [copy.copy, copy.deepcopy, lambda node: pickle.loads(pickle.dumps(node))]


@pytest.mark.parametrize("duplicate", COPIES, ids=["copy", "deepcopy", "pickle"])
@pytest.mark.parametrize("data", [2.0, [2.0, -0.0], np.float16([1.5, np.nan])], ids=["one", "two", "float16"])
def test_a_leaf_is_copied_exactly(duplicate, data):
    w = Tensor(data, label="w")
    (w * w).sum().backward()
    twin = duplicate(w)
    assert twin is not w
    assert (twin.label, twin.requires_grad, twin.dtype, twin.shape) == ("w", True, w.dtype, w.shape)
    assert twin.data.tobytes() == w.data.tobytes()
    assert twin.grad.tobytes() == w.grad.tobytes()
    assert not np.shares_memory(twin.data, w.data)
    assert not np.shares_memory(twin.grad, w.grad)
    (twin * twin).sum().backward()
    assert w.grad.tobytes() != twin.grad.tobytes()


@pytest.mark.parametrize("duplicate", COPIES, ids=["copy", "deepcopy", "pickle"])
def test_a_value_is_copied_exactly(duplicate):
    w = Value(3.0, label="w")
    (w * w).backward()
    twin = duplicate(w)
    assert (twin.data, twin.grad, twin.label, twin.requires_grad) == (3.0, 6.0, "w", True)
    (twin * twin).backward()
    assert (w.grad, twin.grad) == (6.0, 12.0)


@pytest.mark.parametrize("duplicate", COPIES, ids=["copy", "deepcopy", "pickle"])
@pytest.mark.parametrize("make", [Value, Tensor])
def test_a_node_within_a_graph_is_never_cut_from_it_in_silence(duplicate, make):
    x = make(1.0)
    x.label = "x"
    y = x * 2
    for deep in (y, sum((x for _ in range(20_000)), start=y)):
        with refuses(TypeError, "cut from its graph", ".detach()"):
            duplicate(deep)
    assert duplicate(y.detach()).data == 2.0
    constant = duplicate(make(1.0, requires_grad=False) * 2)  # nothing to cut
    assert (constant.data, constant.op, constant.requires_grad) == (2.0, None, False)


def test_a_copied_model_keeps_its_shared_leaves():
    w = Tensor([1.0, 2.0])
    first, second = copy.deepcopy([w, w])
    assert first is second
    assert first is not w


@pytest.mark.parametrize("duplicate", COPIES[1:], ids=["deepcopy", "pickle"])
def test_a_net_is_copied_in_the_middle_of_a_step(duplicate):
    x = np.linspace(-1, 1, 6).reshape(2, 3)
    for net, loss_of in (
        (tg.nn.Sequential(tg.nn.Linear(3, 4, rng=0), tg.nn.Tanh(), tg.nn.Linear(4, 1, rng=1)), lambda n: n(x).sum()),
        (tg.nn.MLP(3, [2, 1]), lambda n: n([1.0, 2.0, 3.0])),
    ):
        loss = loss_of(net)
        loss.backward()
        twin = duplicate(net)
        for w, v in zip(net.parameters(), twin.parameters(), strict=True):
            assert v is not w
            np.testing.assert_array_equal(v.data, w.data)
            np.testing.assert_array_equal(v.grad, w.grad)
        twin.zero_grad()
        loss_of(twin).backward()
        for w, v in zip(net.parameters(), twin.parameters(), strict=True):
            np.testing.assert_array_equal(v.grad, w.grad)
        net.loss = loss
        with refuses(TypeError, "cut from its graph", line=False):
            duplicate(net)


def test_a_detached_copy_still_says_why_it_has_no_gradient():
    twin = copy.copy(Tensor([1.0]).detach())
    with refuses(RuntimeError, "detached at", line=False):
        (twin * 2).backward()


def test_adding_into_a_constant_leaf_does_not_cut_the_graph():
    w = Tensor([2.0, 3.0])
    total = Tensor(0.0, requires_grad=False)
    total += (w * w).sum()
    total.backward()
    assert w.grad.tolist() == [4.0, 6.0]
