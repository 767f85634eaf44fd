"""What the engine promises, one test or more for each promise."""

import contextlib
import gc
import operator
import sys
import weakref

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import Tensor, Value
from tinygrad_edu.core.backprop import history
from tinygrad_edu.core.leaf_set import LeafSet
from tinygrad_edu.core.node import Node
from tinygrad_edu.core.op import TABLE, Op
from tinygrad_edu.core.operators import BINARY
from tinygrad_edu.errors import GradientError
from tinygrad_edu.ops import BUILT_IN
from tinygrad_edu.ops.activations import relu
from tinygrad_edu.ops.compare import where
from tinygrad_edu.ops.losses import softmax_cross_entropy
from tinygrad_edu.ops.powers import exp
from tinygrad_edu.ops.trigonometry import sin


def row(*rules, forward=np.square):
    """A row of one test's own, kept out of the table."""
    made = Op("own", "own({})", forward, *rules, scalar=lambda x: x * x)
    del TABLE["own"]
    return made


# 1. A rule mentions only g, z, the operands and the parameters ---------------------------------------------------


def test_rules_close_over_nothing():
    for name in sorted(BUILT_IN):
        rules = TABLE[name].rules
        for rule in [rules.rule] if not isinstance(rules, tuple) else filter(None, rules):
            assert rule.__closure__ is None, name
            assert not rule.__defaults__ or all(isinstance(d, (int, float, str, type(None))) for d in rule.__defaults__)


def test_a_fused_loss_is_right_to_third_order():
    labels = np.array([2, 0])
    scores = np.array([[0.3, -1.0, 0.8], [1.1, 0.2, -0.4]])
    assert tg.gradcheck(lambda x: softmax_cross_entropy(x, labels), scores, order=3)


# 2. One rule an operand: nothing is computed that nobody asked for -----------------------------------------------


def test_the_gradient_of_a_constant_is_never_computed():
    called = []

    def rule(i):
        return lambda g, z, x, y: called.append(i) or g * 1.0

    product = Op("own", "{} * {}", np.multiply, rule(0), rule(1))
    del TABLE["own"]
    data, weights = np.ones(3), Tensor(np.ones(3))
    product(data, weights).sum().backward()
    product(Tensor(data, requires_grad=False), weights).sum().backward()
    assert called == [1, 1]


def test_a_branch_that_leads_to_no_wanted_input_is_not_walked_by_gradients():
    x, y = Tensor(2.0), Tensor(3.0)
    boom = row(lambda g, z, x: 1 / 0)
    (dx,) = tg.gradients(x * x + boom(y), [x])
    assert dx.item() == 4.0


# 3. What depends on data is recorded -----------------------------------------------------------------------------


def test_comparisons_masks_and_indices_are_nodes_of_the_graph():
    x = Tensor([1.0, -2.0, 3.0])
    index = Tensor([0, 2])
    y = where(x > 0, x, 0.0)[index]
    assert [node.op.name for node in history(y) if node.op] == ["greater", "where", "getitem"]
    assert any(node is index for node in history(y))
    assert any(i is index for i in y.inputs)
    (dx,) = tg.gradients(relu(x).sum(), [x])
    assert {"less_equal", "where"} <= {node.op.name for node in history(dx) if node.op}


# 4. Inputs are older than the node: no recursion, linear time ----------------------------------------------------


def test_order_of_making_is_a_topological_order():
    x = Value(2.0)
    a = x * x
    b = a + x
    c = b * a
    order = history(c)
    assert [*map(id, order)] == [*map(id, (x, a, b, c))]
    for node in order:
        assert all(i.born < node.born for i in node.inputs if isinstance(i, Node))


def chain(n, kind):
    x = kind(1.0)
    y = x
    for _ in range(n):
        y = y + 1e-9
    return x, y


@pytest.mark.slow
def test_a_long_chain_of_values_is_built_differentiated_and_freed_without_recursion():
    limit = sys.getrecursionlimit()
    n = 200_000
    x, y = chain(n, Value)
    y.backward()
    assert x.grad == 1.0
    assert y.data == pytest.approx(1 + n * 1e-9)
    gone = weakref.ref(y.inputs[0])
    del y
    assert gone() is None
    assert sys.getrecursionlimit() == limit


def test_a_long_chain_of_tensors_is_too():
    x, y = chain(20_000, Tensor)
    y.backward()
    assert x.grad == 1.0
    (dx,) = tg.gradients(y, [x])
    assert dx.item() == 1.0
    gone = weakref.ref(y.inputs[0])
    del y, dx
    assert gone() is None


@pytest.mark.parametrize("kind", [Value, Tensor])
def test_a_chain_of_diamonds_takes_linear_time_and_is_exact(kind):
    x = kind(1.0)
    y = x
    for _ in range(300):
        y = (y + y) * 0.5  # 2**300 paths
    y.backward()
    assert x.grad == 1.0
    assert len(history(y)) == 601
    assert tg.gradients(y, [x])[0].item() == 1.0


def test_fan_out_adds_up():
    x = Value(3.0)
    sum((x for _ in range(1000)), Value(0.0)).backward()
    assert x.grad == 1000.0
    t = Tensor([1.0, 2.0])
    (t * t + t * t).sum().backward()
    np.testing.assert_array_equal(t.grad, [4.0, 8.0])


# 5. No cycles ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [Value, Tensor])
def test_with_the_collector_off_nothing_survives(kind):
    gc.collect()
    gc.disable()
    try:
        before = sum(isinstance(x, Node) for x in gc.get_objects())

        def step():
            x, w = kind(1.5), kind(2.5)
            loss = ((x * w + 1.0) ** 2.0 - w / x) * (x > 0.0)
            loss.backward()
            dx, dw = tg.gradients(loss, [x, w])
            tg.gradients(dx * dw, [x])
            with contextlib.suppress(TypeError):
                kind("nonsense")

        for _ in range(5):
            step()
        after = sum(isinstance(x, Node) for x in gc.get_objects())
    finally:
        gc.enable()
    assert after == before


def test_an_exception_leaves_nothing_behind():
    gc.collect()
    gc.disable()
    try:
        alive = []
        bad = row(lambda g, z, x: 1 / 0)

        def step():
            x = Value(2.0)
            y = bad(x) * x
            alive.append(weakref.ref(y))
            with pytest.raises(ZeroDivisionError):
                y.backward()

        for _ in range(3):
            step()
        assert [ref() for ref in alive] == [None] * 3
    finally:
        gc.enable()


# 6. Constants stay raw -------------------------------------------------------------------------------------------


def test_constants_are_kept_as_they_were_given():
    data = np.arange(3)
    y = Tensor([1.0, 2.0, 3.0], dtype=np.float32) * 2.0
    assert y.inputs[1] == 2.0
    assert type(y.inputs[1]) is float
    assert y.dtype == np.float32
    z = Tensor([1.0, 2.0, 3.0]) * data
    assert type(z.inputs[1]) is np.ndarray
    assert z.inputs[1].dtype == data.dtype
    assert len(history(z)) == 2


# 7. The engine un-broadcasts -------------------------------------------------------------------------------------


def test_a_gradient_has_the_shape_and_dtype_of_its_node():
    w = Tensor(np.ones((3, 1)), dtype=np.float32)
    b = Tensor(np.ones(4))
    c = Tensor(2.0)
    (w * b * c).sum().backward()
    for node, shape, dtype, total in ((w, (3, 1), np.float32, 24.0), (b, (4,), np.float64, 24.0), (c, (), float, 12.0)):
        assert (node.grad.shape, node.grad.dtype) == (shape, dtype)
        assert isinstance(node.grad, np.ndarray)
        assert node.grad.sum() == total


def test_a_rule_that_gives_another_shape_is_refused_by_name():
    x = Tensor(np.ones((2, 3)))
    wrong = row(lambda g, z, x: g[0, :2])
    with pytest.raises(GradientError, match=r"`own`.*\(2,\).*\(2, 3\)"):
        wrong(x).sum().backward()
    assert x._grad is None


# 8. Leaves accumulate, interior gradients are reset, all or nothing ----------------------------------------------


def test_gradients_are_not_shared_between_nodes_or_with_the_seed():
    x, y, z = Tensor(np.ones(3)), Tensor(np.ones(3)), Tensor(np.ones((3, 1)))
    seed = np.ones(3)
    out = x + y + z.reshape(3)
    out.backward(seed, retain_grad=True)
    grads = [node._grad for node in history(out) if node._grad is not None]
    assert len(grads) == 6
    for i, g in enumerate(grads):
        assert not np.shares_memory(g, seed)
        assert not any(np.shares_memory(g, other) for other in grads[:i])


class Interrupt(BaseException):
    pass


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, Interrupt])
@pytest.mark.parametrize("kind", [Value, Tensor])
def test_backward_is_all_or_nothing(kind, error):
    def fail(g, z, x):
        if armed:
            raise error("stopped")
        return 2 * g * x

    armed = False
    bad = row(fail)
    x, y = kind(2.0), kind(3.0)
    deep = bad(x) * y
    loss = deep * y
    loss.backward(retain_grad=True)
    before = [(node, node._grad) for node in history(loss)]
    armed = True
    with pytest.raises(error):
        loss.backward()
    assert all(node._grad is g for node, g in before)
    armed = False
    x.grad = y.grad = None
    loss.backward()
    assert (x.grad, y.grad) == (36.0, 24.0)


def test_an_error_in_a_rule_says_which_rule_of_which_line():
    bad = row(lambda g, z, x: 1 / 0)
    y = bad(Tensor(2.0))
    with pytest.raises(ZeroDivisionError) as caught:
        y.backward()
    assert "`own`" in caught.value.__notes__[0]
    assert f"{__file__}:" in caught.value.__notes__[0]


# 9. Assignment; stale graphs and what else is refused are in test_bad_input_backward ---------------------------------


def test_micrograds_update_is_an_assignment():
    p = Value(1.0)
    (p * 3.0).backward()
    p.data -= 0.1 * p.grad
    assert p.data == pytest.approx(0.7)
    w = Tensor([1.0, 2.0])
    kept = w.data
    w.data -= np.array([0.5, 0.5])
    np.testing.assert_array_equal(w.data, [0.5, 1.5])
    np.testing.assert_array_equal(kept, [1.0, 2.0])


# 11. Scalar and tensor agree -------------------------------------------------------------------------------------


def test_a_graph_of_values_and_one_of_tensors_agree():
    rng = np.random.default_rng(1)
    w, x = rng.normal(size=(2, 3)), rng.normal(size=3)
    values = [[Value(a) for a in line] for line in w]
    loss = sum((sum(a * float(b) for a, b in zip(line, x, strict=True)).tanh() - 0.5) ** 2 for line in values)
    loss.backward()
    weights = Tensor(w)
    whole = ((np.tanh(weights @ x) - 0.5) ** 2).sum()
    whole.backward()
    assert loss.data == pytest.approx(whole.item(), rel=1e-14)
    np.testing.assert_allclose([[a.grad for a in line] for line in values], weights.grad, rtol=1e-13)


# Gradients as a graph --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [Value, Tensor])
def test_gradients_equal_backward(kind):
    x, y = kind(0.7), kind(-1.2)
    z = sin(x * y) * exp(x) / (y * y + 1.0) + x
    z.backward()
    dx, dy = tg.gradients(z, [x, y])
    assert dx.item() == pytest.approx(x.grad if kind is Value else x.grad.item(), rel=1e-15)
    assert dy.item() == pytest.approx(y.grad if kind is Value else y.grad.item(), rel=1e-15)
    assert isinstance(dx, kind)


@pytest.mark.parametrize("kind", [Value, Tensor])
def test_any_order_of_derivative(kind):
    x = kind(0.7)
    y = sin(x)
    for derivative in (np.cos, lambda a: -np.sin(a), lambda a: -np.cos(a), np.sin, np.cos, lambda a: -np.sin(a)):
        (y,) = tg.gradients(y, [x])
        assert y.item() == pytest.approx(derivative(0.7), rel=1e-14)


def test_gradients_changes_no_grad_and_may_be_differentiated_by_backward():
    x = Value(3.0)
    (dx,) = tg.gradients(x * x * x, [x])
    assert x._grad is None
    dx.backward()
    assert x.grad == 18.0


def test_gradients_with_respect_to_an_interior_node_and_to_one_not_used():
    x, unused = Value(3.0), Value(1.0)
    y = x * x
    z = y * y
    dy, dx, nothing, dz = tg.gradients(z, [y, x, unused, z])
    assert (dy.data, dx.data, nothing.data, dz.data) == (18.0, 108.0, 0.0, 1.0)


def test_a_seed_may_be_a_node_and_is_differentiated_through():
    x, v = Tensor([1.0, 2.0]), Tensor([3.0, 4.0])
    (dx,) = tg.gradients(x * x, [x], v)
    (dv,) = tg.gradients(dx.sum(), [v])
    np.testing.assert_array_equal(dx.data, [6.0, 16.0])
    np.testing.assert_array_equal(dv.data, [2.0, 4.0])


# Leaves and operators -------------------------------------------------------------------------------------------


def test_a_set_of_leaves_holds_nothing_of_a_leaf_that_had_the_same_address():
    leaves = LeafSet()
    gone, leaf = Value(1.0), Value(2.0)
    (dead,) = leaves.references([gone])
    leaves.members.add(dead)
    del gone
    assert dead() is None
    assert not leaves.members
    leaves.refs[id(leaf)] = dead  # as where `leaf` is made in the memory of the one that is gone
    leaves.members.update(leaves.references([leaf]))
    assert leaves.common([leaf]) == [leaf]
    del leaf
    assert not leaves.members


@pytest.mark.parametrize("name", [*BINARY, "__divmod__"])
def test_an_operator_takes_a_node_on_either_side(name):
    """As Python's float and NumPy's arrays compute, or refused alike."""
    f = divmod if name == "__divmod__" else getattr(operator, name)
    for kind, x, y in ((Tensor, np.array([7.0, -2.5]), 2.0), (Tensor, np.array([7, 2]), 2), (Value, 7.5, 2.0)):
        try:
            expected = f(x, y), f(y, x)
        except (TypeError, ValueError) as error:
            for call in (lambda: f(kind(x, requires_grad=False), y), lambda: f(y, kind(x, requires_grad=False))):  # noqa: B023
                with pytest.raises(type(error)):
                    call()
            continue
        node = kind(x, requires_grad=False)
        for ours, theirs in zip((f(node, y), f(y, node)), expected, strict=True):
            parts = (ours, theirs) if isinstance(theirs, tuple) else ((ours,), (theirs,))
            for one, other in zip(*parts, strict=True):
                np.testing.assert_array_equal(one.data, other)
