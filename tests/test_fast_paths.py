"""Every fast path of the eager engine gives what the plain one gives."""

import gc
import inspect
import math
import os
import platform
import random
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import Tensor, Value, nn
from tinygrad_edu.core.backprop import history
from tinygrad_edu.core.context import ModeContext
from tinygrad_edu.core.node import Node
from tinygrad_edu.core.op import Op
from tinygrad_edu.errors import AnomalyError, StaleGraphError
from tinygrad_edu.fast.neuron_sum import weighted_sum
from tinygrad_edu.fast.tensor_backward import arrays_back
from tinygrad_edu.fast.value_backward import floats_back
from tinygrad_edu.nn import MLP
from tinygrad_edu.ops import compare, losses
from tinygrad_edu.ops.compare import choice


def row_of(method):
    """The row that a method of Value was made from."""
    return inspect.getclosurevars(method).nonlocals.get("row") if inspect.isfunction(method) else None


def random_graph(seed):
    """A graph of every method that a scalar net is made of, with fan-out, constants and leaves used twice."""
    rng = random.Random(seed)
    leaves = [Value(rng.uniform(-2, 2)) for _ in range(4)] + [Value(0.7, requires_grad=False)]
    nodes = list(leaves)
    for _ in range(60):
        x, y = rng.choice(nodes), rng.choice(nodes)
        nodes.append(
            rng.choice(
                [
                    lambda x, y: x + y,
                    lambda x, y: x * y * 0.1,
                    lambda x, y: x - y,
                    lambda x, y: 3 - x,
                    lambda x, y: x.relu(),
                    lambda x, y: x.tanh() / 2.0,
                    lambda x, y: -x,
                    lambda x, y: x * x,
                    lambda x, y: (y > 0) * x,
                ]
            )(x, y)
        )
    return leaves, sum(nodes[5:], nodes[0] * 1.0)


def grads_of(root):
    return [node._grad for node in history(root)]


@pytest.mark.parametrize("seed", range(20))
def test_backward_of_values_equals_the_plain_walk(seed):
    leaves, loss = random_graph(seed)
    assert floats_back(loss, 1.0) is not None
    loss.backward()
    fast = grads_of(loss)
    for node in history(loss):
        node._grad = None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Value, "quick_walk", lambda *_: None)
        loss.backward()
    assert fast == grads_of(loss)
    assert leaves[4]._grad is None


@pytest.mark.parametrize(
    "build",
    [
        lambda x: 1.0 / (x - 2.0),  # a pole in the rule
        lambda x: (x - 2.0).sqrt() * 1e308 * 10.0,
        lambda x: compare.where(x > 1.0, x * 3.0, x),  # three operands
        lambda x: x * np.float64(2.0),
    ],
)
def test_what_is_out_of_the_ordinary_takes_the_plain_walk(build):
    x = Value(2.0)
    with pytest.MonkeyPatch.context() as patch, np.errstate(all="ignore"):
        patch.setattr("warnings.warn_explicit", lambda *_, **__: None)
        z = build(x)
        z.backward()
    assert isinstance(x.grad, float)
    y = Value(2.0)
    with np.errstate(all="ignore"), pytest.MonkeyPatch.context() as patch:
        patch.setattr("warnings.warn_explicit", lambda *_, **__: None)
        w = build(y)
        patch.setattr(Value, "quick_walk", lambda *_: None)
        w.backward()
    assert x.grad == y.grad or (math.isnan(x.grad) and math.isnan(y.grad))


def test_the_sign_of_zero_survives_the_fast_walk():
    x = Value(2.0)
    y = x * 1.0
    (y * -0.0).backward()
    assert [math.copysign(1, grad) for grad in (x.grad, y.grad)] == [-1.0, -1.0]


def made(z):
    """All that a node is, but for its age and its place."""
    operands = [id(x) if isinstance(x, Node) else x for x in z.inputs]  # `==` of Values would compare numbers
    return z.op, z._data, z._requires_grad, z.label, z.params, z._grad, operands


ROWS_OF_METHODS = {
    name: method for name, method in vars(Value).items() if callable(method) and isinstance(row_of(method), Op)
}


@pytest.mark.parametrize("name", ROWS_OF_METHODS)
@pytest.mark.parametrize("requires_grad", [True, False])
def test_a_method_makes_the_node_that_make_makes(name, requires_grad):
    method, row = ROWS_OF_METHODS[name], row_of(ROWS_OF_METHODS[name])
    x, y = Value(0.75, requires_grad=requires_grad), Value(1.25, requires_grad=False)
    others = [()] if method.__code__.co_argcount == 1 else [(y,), (x,), (2.5,), (3,), (True,), (np.float64(1.5),)]
    for other in others:
        if name.startswith("__r") and name not in ("__round__",):
            other = tuple(b.data if isinstance(b, Value) else b for b in other)
            operands = (*other, x)
        else:
            operands = (x, *other)
        shown = []
        with ModeContext(forward_hook=shown.append):
            watched = method(x, *other)
        assert made(method(x, *other)) == made(Value.make(row, operands, {})) == made(watched)
        assert shown == [watched]
        with tg.no_grad():
            assert made(method(x, *other)) == made(Value.make(row, operands, {}))


INPUTS = {
    "numbers": lambda x: [0.5, -1.5, 2.0],
    "Values": lambda x: [x, Value(-1.5), x],
    "a constant Value": lambda x: [Value(0.5, requires_grad=False), x, 2.0],
    "an integer": lambda x: [3, x, 10**200],
    "other numbers": lambda x: [np.float64(0.5), True, x],
}


def graph_of(root, known):
    """What the nodes of a graph are, with the nodes that came before it by name and the others by number."""
    nodes = [z for z in history(root) if z not in known]
    names = {**known, **{z: i for i, z in enumerate(nodes)}}
    return [(*made(z)[:6], *(names.get(x, x) if isinstance(x, Node) else repr(x) for x in z.inputs)) for z in nodes]


@pytest.mark.parametrize("inputs", INPUTS.values(), ids=INPUTS)
@pytest.mark.parametrize("weights", ["Values", "one of them a constant", "one of them a number"])
def test_a_weighted_sum_makes_the_nodes_that_pythons_operators_make(inputs, weights):
    x, b, w = Value(0.25, label="x"), Value(-0.5), [Value(0.1), Value(-0.2), Value(0.3)]
    if weights != "Values":
        w[1] = Value(0.7, requires_grad=False) if "constant" in weights else 0.7
    given = inputs(x)
    known = {z: id(z) for z in (x, b, *w, *given) if isinstance(z, Node)}
    seen, fast_seen = [], []
    with ModeContext(forward_hook=seen.append):
        plain = sum((w_k * x_k for w_k, x_k in zip(w, given, strict=True)), b)
    with ModeContext(forward_hook=fast_seen.append):
        watched = weighted_sum(w, given, b)
    fast = weighted_sum(w, given, b)
    assert graph_of(fast, known) == graph_of(watched, known) == graph_of(plain, known)
    assert [z.op.name for z in fast_seen] == [z.op.name for z in seen]
    assert list(map(id, fast_seen)) == [id(z) for z in history(watched) if z.op]
    with tg.no_grad():
        assert made(weighted_sum(w, given, b)) == made(sum((p * q for p, q in zip(w, given, strict=True)), b))


def test_every_node_of_a_net_names_the_line_that_called_it():
    net = MLP(2, [3, 2, 1], "tanh")
    score = net([Value(1.0), 2])
    here = score.where
    assert here.startswith(f"{__file__}:")
    assert {z.where for z in history(score) if z.op} == {here}


def test_an_anomaly_in_a_net_is_found_at_the_first_node_that_has_it():
    net = MLP(2, [2, 1])
    net.layers[0].neurons[1].w[0].data = math.inf
    with pytest.raises(AnomalyError, match="multiply"), tg.detect_anomaly():
        net([0.0, 1.0])


def test_a_stale_leaf_is_found_by_the_fast_walk_too():
    x = Value(2.0)
    z = x * 3.0
    x.assign(4.0)
    assert floats_back(z + 0.0, 1.0) is None
    with pytest.raises(StaleGraphError):
        (z + 0.0).backward()
    assert x.grad is None


def test_a_graph_with_wide_gaps_is_walked_all_the_same():
    x = Value(2.0)
    early = x * 3.0
    for _ in range(700):
        Value(0.0)
    late = early * early
    late.backward()
    assert (early.grad, x.grad) == (12.0, 36.0)


def test_a_node_is_one_tracked_object_of_at_most_250_bytes():
    x = Value(1.0)
    gc.collect()
    gc.disable()
    try:
        objects = len(gc.get_objects())
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        z = x
        for _ in range(10_000):
            z = z * 1.0
        after = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        assert len(gc.get_objects()) - objects <= 10_010
    finally:
        gc.enable()
    assert (after - before) / 10_000 <= 250


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
@pytest.mark.parametrize("axes", [(0, 1, 2), (2, 0, 1)])
@pytest.mark.parametrize("zero", [0.0, -0.0, 0, np.zeros(())])
def test_clearing_bits_is_choosing_zeros(dtype, axes, zero):
    y = np.random.default_rng(0).normal(size=(20, 15, 12)).astype(dtype).transpose(axes)
    c = y < 0.3
    y[::7], y[1::7], y[2::7] = np.nan, -np.inf, -0.0
    for where in (c, c * 1, c[:1]):  # the fast path is for the first
        found, expected = choice(where, zero, y), np.where(where, zero, y)
        np.testing.assert_array_equal(found, expected)
        np.testing.assert_array_equal(np.signbit(found), np.signbit(expected))
        assert found.dtype == expected.dtype
    assert choice(c, zero, y).strides == np.where(c, zero, y).strides


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries have their own ways")
def test_large_arrays_get_the_memory_that_others_have_freed():
    steps = """
import resource, numpy as np, tinygrad_edu
def step():
    arrays = [np.ones(150_000) for _ in range(12)]
for _ in range(3):
    step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    step()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""
    env = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
    pages = subprocess.run([sys.executable, "-c", steps], capture_output=True, text=True, check=True, env=env).stdout
    assert int(pages) < 1000  # or it would be a page for every 512 of 18 million numbers


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("classes", [1, 10, 33])  # short rows are turned into columns, the last are not short
def test_losses_of_short_rows_are_those_of_any(dtype, classes):
    rng = np.random.default_rng(classes)
    scores, labels = rng.normal(size=(7, classes)).astype(dtype) * 5, rng.integers(0, classes, 7)
    scores[0], scores[1] = 800.0, -800.0  # where exp overflows, and where it vanishes
    one_by_one = [losses.softmax(row) for row in scores]
    rtol = 1e-5 if dtype is np.float32 else 1e-13
    np.testing.assert_allclose(losses.softmax(scores), one_by_one, rtol)
    np.testing.assert_allclose(losses.log_softmax(scores), [losses.log_softmax(row) for row in scores], rtol)
    expected = [-losses.log_softmax(row)[label] for row, label in zip(scores, labels, strict=True)]
    np.testing.assert_allclose(losses.softmax_cross_entropy(scores, labels), expected, rtol, atol=1e-6)
    expected = np.array(one_by_one) - np.eye(classes)[labels]
    found = losses.softmax_minus_one_hot(scores, labels)
    np.testing.assert_allclose(found, expected, rtol, atol=1e-6)
    assert found.dtype == losses.softmax(scores).dtype == dtype


# Tensors ---------------------------------------------------------------------------------------------------------


def random_tensors(seed):
    """A graph of arrays with fan-out, broadcasting, masks, indices, views, constants and both kinds of float."""
    rng = np.random.default_rng(seed)
    draw = random.Random(seed)
    at = Tensor(np.array([2, 0, 2]))
    leaves = [Tensor(rng.normal(size=shape)) for shape in ((3, 3), (3,), (3, 1), ())]
    leaves += [Tensor(rng.normal(size=(3, 3)), dtype=np.float32), Tensor(rng.normal(size=(3, 3)), requires_grad=False)]
    nodes = list(leaves)
    for _ in range(40):
        x, y = draw.choice(nodes), draw.choice(nodes)
        nodes.append(
            draw.choice(
                [
                    lambda x, y: x + y,
                    lambda x, y: np.tanh(x * y),
                    lambda x, y: x - 0.5 * y,
                    lambda x, y: np.where(x > y, x, 0.5),
                    lambda x, y: (x + np.ones((3, 3)))[at],
                    lambda x, y: (x + np.ones((3, 3))).T @ np.sin(y + np.ones((3, 3))),
                    lambda x, y: nn.functional.linear(x + np.ones((3, 3)), leaves[0], leaves[1]),
                    lambda x, y: nn.functional.softmax(x + np.ones((3, 3))),
                    lambda x, y: np.mean(x) * np.max(y),
                    lambda x, y: x.reshape(-1).sum() + y,
                    lambda x, y: +x,
                ]
            )(x, y)
        )
    return leaves, sum((np.tanh(z).sum() for z in nodes[6:]), 0.0)


@pytest.mark.parametrize("seed", range(12))
def test_backward_of_tensors_equals_the_plain_walk(seed, monkeypatch):
    leaves, loss = random_tensors(seed)
    found = arrays_back(loss, loss.seed(None))
    assert found is not None
    assert {z for z in history(loss) if z.op is not None and z.requires_grad} == set(found[0])
    kept = [z for z in history(loss) if z.op is not None]
    loss.backward(retain_grad=True)  # the plain way
    expected = [x._grad for x in leaves]
    assert any(z._grad is not None for z in kept)
    for x in leaves:
        x._grad = None
    with monkeypatch.context() as patch:
        patch.setattr("tinygrad_edu.core.backprop.history", lambda *_: pytest.fail("took the plain walk"))
        loss.backward()
    for x, g in zip(leaves, expected, strict=True):
        assert (g is None) is (x._grad is None)
        assert g is None or (g.tobytes() == x._grad.tobytes() and g.dtype == x._grad.dtype == x.dtype)
    assert all(z._grad is None for z in kept), "what an earlier walk kept is out of date"


def test_stale_indices_are_found_by_both_walks():
    x, at = Tensor([1.0, 2.0]), Tensor(np.array([0, 1]))
    y, z = x[at].sum(), x[at + 0].sum()
    at.assign([1, 1])
    assert arrays_back(y, np.ones(())) is None
    for walk in (y.backward, lambda: y.backward(retain_grad=True), lambda: tg.gradients(y, [x])):
        with pytest.raises(StaleGraphError):
            walk()
    assert x.grad is None
    z.backward()  # what was computed from the old indices is as it was
    np.testing.assert_array_equal(x.grad, [1.0, 1.0])


@pytest.mark.parametrize("use", [lambda x, c: x * (c + 1.0), lambda x, c: x * (x > c)])
def test_a_constant_that_was_written_into_is_found_by_both_walks(use):
    x = Tensor([1.0, 2.0])
    c = Tensor([1.0, 0.0], requires_grad=False) * 2.0
    y = use(x, c).sum()
    c[0] = 5.0
    assert arrays_back(y, np.ones(())) is None
    with pytest.raises(StaleGraphError):
        y.backward()
    assert x.grad is None


def test_a_rule_that_fails_is_named_whichever_walk_met_it():
    broken = tg.op("broken_on_purpose", "{}", lambda x: x, lambda g, z, x: g[7, 7])
    x = Tensor([1.0, 2.0], label="x")
    loss = (broken(x) * x).sum()
    with pytest.raises(IndexError) as caught:
        loss.backward()
    assert "broken_on_purpose" in caught.value.__notes__[0]
    assert x.grad is None
