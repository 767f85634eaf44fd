"""Nodes, small and exact: names, texts, sizes, operands, and what Python asks of them, in traced functions too."""

import contextlib
import gc
import sys
import threading
import warnings
import weakref

import numpy as np
import pytest
from own_row import own
from refusing import refuses

import tinygrad_edu as tg
from tinygrad_edu import Tensor, Value
from tinygrad_edu.core import backprop, parking
from tinygrad_edu.core import commit as committing
from tinygrad_edu.core.backprop import between, history
from tinygrad_edu.core.commit import ChangedMeanwhile, attributes, calls, commit, unchanged
from tinygrad_edu.core.context import PLAIN_MODE, Block, ModeContext, current, mode
from tinygrad_edu.core.leaf_set import LeafSet
from tinygrad_edu.core.node import ABSENT, LISTED, Node, requirement_changes
from tinygrad_edu.core.op import TABLE
from tinygrad_edu.core.operators import METHODS, OPERATORS, Operators
from tinygrad_edu.core.sealed import Sealed
from tinygrad_edu.core.value import ROUNDING_METHODS, as_number, real
from tinygrad_edu.errors import CompileError, DTypeError, GradientError, InplaceError, ShapeError, StaleGraphError

# Operators and methods ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", OPERATORS | METHODS)
def test_a_method_has_its_name_and_its_row_s_description(name):
    op = (OPERATORS | METHODS)[name]
    for owner in (Operators, Value):
        if owner is Value and name in ("__eq__", "__ne__", "__pos__"):
            continue
        method = getattr(owner, name)
        assert (method.__name__, method.__qualname__, method.__doc__) == (name, name, op.__doc__)


def test_divmod():
    quotient, rest = divmod(Value(7.5), 2)
    assert (quotient.data, rest.data) == (3.0, 1.5)
    quotient, rest = divmod(Tensor([7.5, -1.0]), 2)
    assert [*quotient.data, *rest.data] == [3.0, -1.0, 1.5, 1.0]


@pytest.mark.parametrize("node", [Value(2.0), Tensor([2.0])], ids=["value", "tensor"])
def test_an_operator_leaves_what_it_does_not_know_to_python(node):
    for name in ("__add__", "__radd__", "__lt__", "__matmul__"):
        assert getattr(Operators, name)(node, {}) is NotImplemented
    made = Operators.__rsub__(node, 5.0)
    assert np.all(made.data == 3.0)
    assert (made.x, made.y) == (5.0, node)
    assert np.all(Operators.__neg__(node).data == -2.0)
    made = Operators.__sub__(node, 5.0)
    assert (made.x, made.y) == (node, 5.0)


# Nodes -------------------------------------------------------------------------------------------------------------

LACKING = {
    "make": (None, (), {}), "accepts": (1.0,), "as_data": (1.0,), "numpy": (), "unbroadcast": (1.0, None, 0),
    "seed": (None,), "leaf": (1.0,), "without_aliases": ([],), "zero": (),
}  # fmt: skip


@pytest.mark.parametrize("name", LACKING)
def test_a_kind_of_node_has_to_have_these(name):
    node = object.__new__(Node)
    with pytest.raises(NotImplementedError):
        getattr(node, name)(*LACKING[name])
    assert node.allow_gradient() is None


def test_operands_are_in_slots_or_in_a_list():
    x, y = Tensor([1.0]), Tensor([2.0])
    one, two, three = tg.exp(x), x + y, tg.where(x > 0, x, y)
    assert (one.x, one.y, one.inputs) == (x, ABSENT, (x,))
    assert (two.x, two.y) == (x, y)
    assert two.inputs == (x, y)
    assert three.y is LISTED
    assert three.inputs is three.x
    summed = x.sum(axis=0)
    assert (summed.x, summed.y, summed.params["axis"]) == ((x,), LISTED, 0)
    assert x.inputs == ()
    assert x.x is x.y is ABSENT


def test_titles():
    x = Tensor([1.0], label="w")
    assert x.title == "`w`"
    assert Tensor([1.0]).title == "a leaf Tensor"
    assert Value(1.0).title == "a leaf Value"
    assert tg.exp(x).title == "the result of `exp`"
    assert len(Tensor([1.0], label="w" * 200).title) == 82


def test_inside_no_grad_a_result_is_a_leaf_that_says_why():
    x = Tensor([1.0])
    with tg.no_grad():
        z = x * 2
    assert (z.op, z.inputs, z.requires_grad) == (None, (), False)
    assert z.params == {"cut": "made inside no_grad()"}
    assert x.detach().params == {"cut": "detached"}
    assert x.detach().requires_grad is False


def test_whether_a_leaf_requires_a_gradient_may_be_set():
    x = Tensor([1, 2])
    assert x.requires_grad is False
    with refuses(DTypeError, "int64"):
        x.requires_grad = True
    x.requires_grad = False
    y = Tensor([1.0])
    changes = requirement_changes[0]
    y.requires_grad = 0
    assert y.requires_grad is False
    assert requirement_changes[0] > changes  # compiled programs ask
    with refuses(GradientError, "exp"):
        tg.exp(y).requires_grad = True


def test_only_leaves_are_assigned_all_or_none():
    x, y = Tensor([1.0]), Tensor([2.0])
    age = x.born
    with pytest.raises(InplaceError):
        tg.exp(x).assign([1.0])
    with pytest.raises(ShapeError):
        y.assign([1.0, 2.0])
    x.assign([5.0])
    assert x.born > age
    assert x.data == [5.0]
    assert "test_nodes.py" in x.where


def test_history_and_paths():
    x, y = Tensor([1.0]), Tensor([2.0])
    a = x * 2
    b = y * 3
    z = a + b
    assert [*map(id, history(z))] == [*map(id, (x, y, a, b, z))]
    assert [*map(id, history(z, z, a))] == [*map(id, (x, y, a, b, z))]
    assert [*map(id, history(z, since=a.born))] == [*map(id, (y, a, b, z))]
    assert [*map(id, between([x], z))] == [*map(id, (x, a, z))]
    assert between([x], b) == []
    u = x * 2
    older = u + b
    u[0] = 5.0
    with refuses(StaleGraphError, "was written into", "`add`"):
        history(older)
    with refuses(GradientError, "no"):
        tg.gradients(z, [Tensor([1.0], requires_grad=False)])
    for given in (2.0, [2.0]):
        with refuses(DTypeError, "is no node", line=False):
            tg.gradients(z, [given])
    with refuses(DTypeError, "list", line=False):
        tg.gradients(z, x)


@pytest.mark.parametrize("kind", [Value, Tensor])
def test_an_input_that_the_output_does_not_depend_on_gets_zero(kind):
    x, y = kind(2.0), kind(3.0)
    found = tg.gradients(x * x, [x, y])
    assert [g.item() for g in found] == [4.0, 0.0]
    assert type(found[1]) is kind


@pytest.mark.parametrize("kind", [Value, Tensor])
@pytest.mark.usefixtures("plain_engine")
def test_a_hook_sees_every_share_and_may_change_it(kind):
    x, y = kind(2.0), kind(3.0)
    seen = []

    def hook(z, i, g, dx):
        seen.append((z.op.name, i, float(g), float(dx)))
        return dx * 10.0

    with ModeContext(backward_hook=hook):
        (x * y + x).backward()
    assert seen == [
        ("add", 0, 1.0, 1.0),
        ("add", 1, 1.0, 1.0),
        ("multiply", 0, 10.0, 30.0),
        ("multiply", 1, 10.0, 20.0),
    ]
    assert (float(x.grad), float(y.grad)) == (310.0, 200.0)


@pytest.mark.parametrize("kind", [Value, Tensor])
def test_gradients_that_another_thread_changed_meanwhile_are_added_up_again(kind, monkeypatch):
    x, calls = kind(2.0), []

    def commit_late(*writes):
        calls.append(1)
        if len(calls) == 1:
            x.grad = 100.0  # after the sum was computed, and before it is written
        commit(*writes)

    monkeypatch.setattr(backprop, "commit", lambda *writes: commit(*writes) if calls else commit_late(*writes))
    (x * x).backward()
    assert float(x.grad) == 104.0
    assert calls == [1]


def test_a_gradient_that_an_optimiser_has_used_is_told():
    x = Tensor([2.0])
    optimizer = tg.nn.SGD([x], lr=0.1)
    (x * x).sum().backward()
    optimizer.step()
    with pytest.warns(UserWarning, match="zero_grad"):
        (x * x).sum().backward()
    optimizer.zero_grad()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (x * x).sum().backward()


# Stand-ins and copies inside a function that is traced -------------------------------------------------------------


def test_sizes_and_text_of_a_stand_in():
    sealed = Sealed(Tensor(np.ones((2, 3), np.float32)), None)
    assert (sealed.ndim, sealed.size, sealed.itemsize, sealed.nbytes, len(sealed)) == (2, 6, 4, 24, 2)
    assert sealed.strides == (12, 4)
    assert repr(sealed) == "numbers of shape (2, 3) that a traced function computes at each call"
    number = Sealed(Value(2.0), None)
    assert (number.ndim, number.size, number.nbytes, number.dtype, number.strides) == (0, 1, 8, float, ())
    assert type(number.size) is int
    assert not hasattr(sealed, "_mask")


def test_inside_a_traced_function_nodes_have_no_numbers_to_show(capsys):
    def f(t, v):
        print(repr(t), repr(v), repr(t * 1.0), repr(v * 1.0), sep="\n")  # noqa: T201  # to look at the trace from within
        return tg.sum(t) * 2.0, v * 2.0

    tg.compile(f)(Tensor([1.0, 2.0]), Value(2.0, label="w"))
    shown = capsys.readouterr().out.splitlines()
    assert shown[:2] == [
        "Tensor(of a function that is traced, shape=(2,), dtype=float64)",
        "Value(of a function that is traced, label='w')",
    ]
    assert shown[2:4] == [
        "Tensor(of a function that is traced, shape=(2,), dtype=float64)",
        "Value(of a function that is traced)",
    ]


def test_detached_numbers_in_a_traced_function_are_those_of_each_call():
    w = Tensor([1.0])

    def f(x):
        return x.detach() * 2.0 + w.detach()

    fast = tg.compile(f)
    for number in (1.0, 2.0, 3.0):
        w.assign([number * 10])
        assert fast(Tensor([number])).data == 12 * number

    def g(x):
        x._data = np.ones(1)

    with pytest.raises(CompileError):
        tg.compile(g)(Tensor([1.0]))


def test_a_value_of_an_argument_and_a_gradient_that_is_set_in_a_traced_function():
    w = Value(2.0)

    def f(x):
        w.grad = w.data * 10.0
        return Value(x) * w + np.float64(0.5)

    fast = tg.compile(f)
    for number in (1.0, 2.0, 3.0):
        w.assign(number)
        assert fast(number + 1).data == (number + 1) * number + 0.5
        assert w.grad == number * 10


def test_truth_in_a_traced_function_is_a_guard():
    def f(x):
        return x * 2.0 if x else x - 5.0

    fast = tg.compile(f)
    for number in (3.0, 0.0, -1.0, 0.0):
        assert fast(Value(number)).data == f(Value(number)).data
        assert fast(Tensor(number)).data == f(Tensor(number)).data


def test_a_copy_in_a_traced_function_takes_the_gradient_along():
    import copy

    w = Tensor([2.0, 3.0], label="w")

    def f():
        mine = copy.copy(w)
        return mine.data * 1.0, mine.grad * 1.0, mine.label

    w.grad = [5.0, 7.0]
    fast = tg.compile(f)
    for scale in (1.0, 2.0):
        w.grad = [5.0 * scale, 7.0]
        data, grad, label = fast()
        assert [*data.data, *grad.data, label] == [2.0, 3.0, 5.0 * scale, 7.0, "w"]


# Modes, commits, sets of leaves ------------------------------------------------------------------------------------


def test_an_exit_stack_enters_a_mode():
    with contextlib.ExitStack() as stack:
        stack.enter_context(tg.no_grad())
        assert not mode().recording
    assert mode() is PLAIN_MODE


@pytest.mark.parametrize("kind", [Value, Tensor])
def test_the_mode_of_a_block_that_was_interrupted_is_left(kind):
    x, seen = kind(2.0), []
    before = current.get()
    try:
        for make in (lambda: x * x, lambda: tg.exp(x), lambda: 2.0 - x, lambda: -x):
            for change in ({"recording": False}, {"forward_hook": seen.append}):
                current.set(PLAIN_MODE._replace(**change, parent=PLAIN_MODE, block=Block(lambda: None)))
                z = make()
                assert z.requires_grad
                assert current.get() is None
        assert not seen
    finally:
        current.set(before)


class Box:
    def __init__(self, x):
        self.x = x


@pytest.mark.parametrize("gil", [True, False])
def test_a_commit_writes_in_order_and_nothing_where_a_check_fails(gil, monkeypatch):
    monkeypatch.setattr(committing, "HAS_GIL", gil)
    a, b, seen = Box(1), Box(2), []
    commit(attributes([a, b], "x", [3, 4]), calls([lambda: seen.append(a.x)]))
    assert (a.x, b.x, seen) == (3, 4, [3])
    commit(unchanged([a, b], "x", [3, 4]), attributes([a], "x", [5]))
    assert a.x == 5
    with pytest.raises(ChangedMeanwhile):
        commit(unchanged([a, b], "x", [5, "another"]), attributes([a], "x", [6]))
    assert a.x == 5


def test_whether_there_is_a_gil_is_asked_of_python():
    assert getattr(sys, "_is_gil_enabled", lambda: True)() is committing.HAS_GIL


@pytest.mark.parametrize("gil", [True, False])
def test_a_lock_is_taken_where_there_is_no_gil_alone(gil, monkeypatch):
    monkeypatch.setattr(committing, "HAS_GIL", gil)
    monkeypatch.setattr(committing, "_lock", taken := threading.Lock())
    held = []
    commit(calls([lambda: held.append(taken.locked())]))
    assert held == [not gil]


def test_a_collector_that_was_off_stays_off():
    for was_on in (False, True):
        (gc.enable if was_on else gc.disable)()
        seen = []
        commit(calls([lambda seen=seen: seen.append(gc.isenabled())]))
        assert gc.isenabled() is was_on
        assert seen == [was_on and not committing.COLLECTS_WITHIN]


def test_groups_of_parked_leaves_are_restored_where_they_are_still_there(monkeypatch):
    class Group:
        def restore(self):
            restored.append(self)

    restored, group = [], Group()
    monkeypatch.setattr(parking, "parked", {1: weakref.ref(group), 2: weakref.ref(Group())})
    parking.unpark_all()
    assert restored == [group]


def test_a_hook_sees_what_is_computed_and_no_leaf():
    seen = []
    with ModeContext(forward_hook=seen.append):
        leaf, number = Tensor([1.0]), Value(2.0)
        made = [leaf * 2.0, number * 3.0, Tensor.make(TABLE["add"], (leaf, 1.0), {})]
    assert [*map(id, seen)] == [*map(id, made)]


class StandIn(Value, stand_in=True):
    """A number that a trace has another idea of."""

    make = classmethod(lambda cls, op, operands, params: (op.name, operands, params))


def test_a_tensor_that_meets_a_number_of_a_trace_leaves_the_operation_to_it():
    operands = Tensor([1.0]), StandIn(2.0)
    with ModeContext(tracer=object()):
        assert Tensor.make(TABLE["add"], operands, {}) == ("add", operands, {})
        assert Tensor.make(TABLE["add"], operands[::-1], {}) == ("add", operands[::-1], {})


def test_a_child_has_a_lock_of_its_own(monkeypatch):
    held = committing._lock
    monkeypatch.setattr(committing, "_lock", held)
    committing._new_lock()
    assert committing._lock is not held
    assert committing._lock.acquire(blocking=False)
    committing._lock.release()


def test_a_set_of_leaves_knows_them_by_identity_and_forgets_the_dead():
    leaves = LeafSet()
    x, y = Value(1.0), Value(1.0)
    assert leaves.common([x]) == []
    first = leaves.references([x])[0]
    assert leaves.references([x])[0] is first
    leaves.members.add(first)
    assert leaves.common([y]) == []
    assert [leaf is x for leaf in leaves.common([y, x])] == [True]
    leaves.refs[id(y)] = first  # an id that another object had
    assert leaves.references([y])[0]() is y
    del x
    gc.collect()
    assert leaves.members == set()


def test_references_to_the_dead_are_dropped_once_there_are_many():
    leaves, kept = LeafSet(), [Value(float(i)) for i in range(10)]
    leaves.members.update(leaves.references(kept))
    many = [Value(0.0) for _ in range(990)]
    leaves.members.update(leaves.references(many))
    assert (len(leaves.refs), len(leaves.members), leaves.most) == (1000, 1000, 1000)
    one_more = Value(0.0)
    del many
    gc.collect()
    leaves.members.update(leaves.references([*kept, one_more]))
    assert len(leaves.members) == 11
    assert (len(leaves.refs), leaves.most) == (11, 1000 + 2 * 11)
    again = [Value(0.0) for _ in range(1011)]
    leaves.members.update(leaves.references(again))
    assert (len(leaves.refs), leaves.most) == (1022, 1022)


# Values and tensors as Python's objects ----------------------------------------------------------------------------


def test_what_is_one_real_number():
    for x in (1, True, 2.5, np.float32(1), np.int8(2), np.bool_(1), np.array(3.0), np.array(True)):
        assert type(real(x)) is float
        assert real(x) == float(x)
    for x in (1j, "1", None, np.array([1.0]), np.array(1j), np.array("a"), np.complex64(1)):
        with refuses(DTypeError, "one real number"):
            real(x)
    assert as_number(2) == 2.0


def test_values_as_micrograd_has_them():
    x = Value(2.0, label="x")
    y = x * x + 1
    assert (y._op, y._prev[0]._op, x._op, x._prev) == ("add", "multiply", "", ())
    assert (x * x)._prev == (x,)
    assert Value(2.0, (), "").label == ""
    assert Value(2.0, (), "", "").data == 2.0
    for made_by in ((Value(1.0),), (x, x)):
        with refuses(DTypeError, "label"):
            Value(2.0, made_by, "+")
    with refuses(DTypeError):
        Value(2.0, (), "+")
    assert repr(x) == "Value(data=2.0, grad=0.0, label='x')"
    assert repr(Value(2.0)) == "Value(data=2.0, grad=0.0)"
    assert (f"{x:.3f}", f"{x}") == ("2.000", repr(x))
    assert (+x is x, x == x, x != x, x == Value(2.0), x != Value(2.0)) == (True, True, False, False, True)
    assert (x == 2.0).data == 1.0
    assert (x != 2.0).data == 0.0
    assert (round(Value(2.567), 1).data, round(Value(2.567)).data) == (2.6, 3.0)
    assert int(Value(2.7, requires_grad=False)) == 2
    assert bool(Value(0.0)) is False
    assert bool(Value(0.5)) is True


def test_operands_of_values_are_floats():
    for operand in (np.float32(0.5), np.int8(1), np.bool_(1), np.array(0.5)):
        z = Value.make(TABLE["add"], (Value(2.0), operand), {})
        assert type(z.y) is float
        assert z.y == operand
    for operand in (np.array([1.0, 2.0]), 1j, "a", None):
        with refuses(DTypeError, "one real number"):
            Value.make(TABLE["add"], (Value(2.0), operand), {})
    constant = Value(2.0, requires_grad=False)
    for operands in ((constant, 3.0), (constant, np.array(0.5)), (constant, constant)):
        assert Value.make(TABLE["add"], operands, {}).requires_grad is False
    with refuses(DTypeError, "`matmul` works on arrays", line=False):
        Value.make(TABLE["matmul"], (Value(2.0), Value(2.0)), {})
    with refuses(GradientError, "own", "'bad'", line=False):
        own(lambda g, z, x: "bad", scalar=lambda x: x)(Value(2.0)).backward()


def test_one_step_of_backward_by_hand():
    x, y = Value(2.0), Value(3.0, requires_grad=False)
    z = x * y
    z.grad = 10.0
    z._backward()
    z._backward()
    assert (x.grad, y.grad, z.grad) == (60.0, 0.0, 10.0)
    x._backward()
    (y * 2)._backward()
    assert y.grad == 0.0
    x.grad = None
    assert x.grad == 0.0
    assert x._slope is None
    for bad in ("a", [1.0, 2.0], 1j):
        with refuses(DTypeError):
            x.grad = bad


@pytest.mark.parametrize("name", ROUNDING_METHODS)
def test_rounding_of_values(name):
    assert getattr(Value(2.5), name)().data == {"__floor__": 2.0, "__ceil__": 3.0, "__trunc__": 2.0}[name]


def test_methods_of_arrays():
    t = Tensor(np.arange(6.0).reshape(2, 3))
    assert (t.nbytes, t.itemsize, t.size, t.ndim, len(t), t.device) == (48, 8, 6, 2, 2, "cpu")
    np.testing.assert_array_equal(t.reshape(3, 2, order="F").data, t.data.reshape(3, 2, order="F"))
    np.testing.assert_array_equal(t.reshape(3, 2, order="C").data, t.data.reshape(3, 2))
    np.testing.assert_array_equal(t.reshape((3, -1)).data, t.data.reshape(3, 2))
    for name in ("sum", "mean"):
        ours = getattr(t, name)(axis=0, dtype=np.float32)
        theirs = getattr(t.data, name)(axis=0, dtype=np.float32)
        np.testing.assert_array_equal(ours.data, theirs)
        assert ours.dtype == theirs.dtype
        assert getattr(t, name)(1, keepdims=True).shape == (2, 1)
        with refuses(TypeError, "axis", line=False):
            getattr(t, name)(dim=1)
    assert [x.tolist() for x in t.nonzero()] == [x.tolist() for x in t.data.nonzero()]
    assert [x.item() for x in t.flat] == [0, 1, 2, 3, 4, 5]
    for name in ("partition", "sort"):
        with refuses(DTypeError, f"t.{name}() would change the tensor in place", f"np.{name}(t)", line=False):
            getattr(t, name)(1)
    assert t.to_device("cpu") is t
    for arguments in ({"device": "gpu"}, {"device": "cpu", "stream": 1}):
        with refuses(ValueError, "there is one device", line=False):
            t.to_device(arguments.pop("device"), **arguments)
    for version in (None, "2022.12", "2023.12", "2024.12"):
        assert t.__array_namespace__(api_version=version).__name__.endswith("array_api")
    with refuses(ValueError, "1999", line=False):
        t.__array_namespace__(api_version="1999")
    np.testing.assert_array_equal(t.transpose(1, 0).data, t.data.T)
    np.testing.assert_array_equal(t.transpose((1, 0)).data, t.data.T)
    np.testing.assert_array_equal(t.transpose().data, t.data.T)
    assert Tensor(np.ones((2, 3, 4))).T.shape == (4, 3, 2)
    assert t.T.op is t.mT.op
    assert t.__dlpack_device__() == (1, 0)
    with pytest.raises(RuntimeError, match="stream"):  # NumPy is told of it
        t.detach().__dlpack__(stream=1)
    mixed = Tensor([1 + 2j, 3 - 1j])
    assert [*mixed.real.data, *mixed.imag.data] == [1, 3, 2, -1]
    t2 = Tensor([1, 2], requires_grad=False)
    t2.fill(7)
    assert [*t2.data] == [7, 7]


def test_keywords_of_ufuncs_that_mean_nothing_are_let_by():
    t = Tensor([1.0, 2.0])
    for keywords in ({"casting": "same_kind"}, {"order": "K"}, {"subok": True}, {"where": True}, {"out": (None,)}):
        np.testing.assert_array_equal(np.exp(t, **keywords).data, np.exp([1.0, 2.0]))
    for keywords, said in (
        ({"casting": "no"}, "casting="),
        ({"order": "F"}, "order="),
        ({"where": [True, False]}, "where="),
    ):
        with refuses(DTypeError, said, line=False):
            np.exp(t, **keywords)
    with refuses(DTypeError, "out=", line=False):
        np.exp(t, out=np.empty(2))
    assert np.exp(t, dtype=np.float32).dtype == np.float32


def test_texts_of_tensors():
    assert repr(Tensor([1.0], label="w")) == "Tensor([1.], shape=(1,), dtype=float64, label='w')"
    assert repr(tg.exp(Tensor([0.0]))) == "Tensor([1.], shape=(1,), dtype=float64, op=exp)"
    assert (f"{Tensor(2.0):.2f}", f"{Tensor([2.0]):.1f}") == ("2.00", "2.0")
    assert f"{Tensor([1.0, 2.0]):.2f}" == repr(Tensor([1.0, 2.0]))
    long = repr(Tensor(np.zeros((6,) * 7)))
    assert "\n" not in long
    assert long.startswith("Tensor([0., 0., ..., 0., 0.], shape=(6, 6, 6, 6, 6, 6, 6)")
    assert repr(Tensor(np.zeros((5, 5)))).count("0.") == 25


def test_a_rule_that_cannot_be_run_here_may_read_anything():
    def fails(g, z, x):
        raise KeyError("x")

    y = own(fails)(Tensor([2.0]))
    with refuses(InplaceError, "derivative of `own`"):
        y += 1.0
