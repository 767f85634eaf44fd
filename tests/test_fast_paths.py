"""Every fast twin gives, bit for bit, the results of the plain method it replaces."""

import contextlib
import gc
import math
import os
import platform
import random
import subprocess
import sys
import tracemalloc
import warnings

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import Tensor, Value, nn
from tinygrad_edu.core import backprop
from tinygrad_edu.core.backprop import history
from tinygrad_edu.core.context import ModeContext
from tinygrad_edu.core.deferred import Deferred
from tinygrad_edu.core.node import Node
from tinygrad_edu.core.operators import BINARY, COMPARISONS, METHODS, REFLECTED, UNARY
from tinygrad_edu.core.value import ROUNDING_METHODS
from tinygrad_edu.errors import AnomalyError, StaleGraphError
from tinygrad_edu.fast import (
    NO_OPERATIONS,
    install,
    malloc,
    neuron_sum,
    tensor_backward,
    twins,
    uninstall,
    value_backward,
)
from tinygrad_edu.fast.neuron_sum import weighted_sum
from tinygrad_edu.nn import MLP
from tinygrad_edu.ops import compare, losses
from tinygrad_edu.ops.compare import choice


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
    assert value_backward.one_pass(loss, 1.0) is not None
    value_backward.backward(loss)
    fast = grads_of(loss)
    for node in history(loss):
        node._slope = None
    backprop.backward(loss)
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
@pytest.mark.filterwarnings("ignore")
def test_unusual_graphs_take_the_plain_walk(build):
    x, y = Value(2.0), Value(2.0)
    value_backward.backward(build(x))
    backprop.backward(build(y))
    assert isinstance(x.grad, float)
    assert x.grad == y.grad or (math.isnan(x.grad) and math.isnan(y.grad))


def test_the_sign_of_zero_survives_the_fast_walk():
    x = Value(2.0)
    y = x * 1.0
    value_backward.backward(y * -0.0)
    assert [math.copysign(1, grad) for grad in (x.grad, y.grad)] == [-1.0, -1.0]


def made(z):
    """All that a node is, but for its age and its place."""
    operands = [id(x) if isinstance(x, Node) else x for x in z.inputs]  # `==` of Values would compare numbers
    return z.op, z._data, z._requires_grad, z.label, z.params, z._grad, operands


def shown(function):
    """The result of a call, the nodes that its forward hook was shown, and the warnings: or the error."""
    seen = []
    with warnings.catch_warnings(record=True) as caught, ModeContext(forward_hook=seen.append):
        warnings.simplefilter("always")
        try:
            found = function()
        except Exception as error:
            found = error
    assert not isinstance(found, Node) or found.op is None or seen == [found]
    told = [(str(w.message), w.filename, w.lineno) for w in caught]
    return ((made(found), found.where) if isinstance(found, Node) else repr(found)), told


OPERANDS = {
    "Value": [0.75, -0.0, 1e308, math.inf, math.nan, -3.0],
    "Tensor": [[0.75, -2.0], [[0.0, -0.0], [1e308, math.nan]], [1, 2], []],
}
OTHERS = [2.5, 3, 0, True, np.float64(1.5), np.arange(2.0), 1j, "text", None, [1.0, 2.0]]


def others_of(kind, x):
    return [x, kind(x.data, requires_grad=False), (Tensor if kind is Value else Value)(1.0), *OTHERS]


OPERATOR_TWINS = [
    (owner, name, twin) for owner, name, twin in twins() if isinstance(owner, type) and name != "backward"
]


@pytest.mark.parametrize(
    ("owner", "name", "twin"), OPERATOR_TWINS, ids=[f"{t[0].__name__}.{t[1]}" for t in OPERATOR_TWINS]
)
@pytest.mark.usefixtures("plain_engine")
def test_a_method_makes_the_node_that_the_plain_method_makes(owner, name, twin):
    plain = getattr(owner, name)
    assert plain is not twin
    assert plain.__name__ == twin.__name__
    for data in OPERANDS[owner.__name__]:
        for requires_grad in (True, False):
            x = owner(data, requires_grad=requires_grad and np.asarray(data).dtype.kind == "f")
            for other in [()] if name in UNARY | METHODS else [(y,) for y in others_of(owner, x)]:
                for mode in (ModeContext(), tg.no_grad()):
                    with mode:
                        found = [  # by one line, which the nodes remember
                            shown(lambda method=method, x=x, other=other: method(x, *other)) for method in (plain, twin)
                        ]
                    assert repr(found[0]) == repr(found[1]), (data, other)  # by their texts, as NaN is not NaN


def test_everything_that_has_a_twin_and_where_it_comes_from(monkeypatch):
    """By the files of the code that runs: a twin that is left out leaves the plain method, which gives the same."""
    kept = []
    monkeypatch.setattr(malloc, "keep_freed_arrays", lambda: kept.append(1))
    operators = {name for name, op in (UNARY | METHODS | ROUNDING_METHODS | COMPARISONS | BINARY | REFLECTED).items()
                 if op.scalar is not None} - NO_OPERATIONS  # fmt: skip
    expected = {(Value, name): "value_methods.py" for name in operators}
    expected |= {(Tensor, name): "tensor_operators.py" for name in COMPARISONS | BINARY}
    expected |= {(Value, "backward"): "value_backward.py", (Tensor, "backward"): "tensor_backward.py"}
    expected[sys.modules["tinygrad_edu.nn.neuron"], "weighted_sum"] = "neuron_sum.py"

    def code_of(owner, name):
        return os.path.basename(vars(owner)[name].__code__.co_filename)

    installed = uninstall()
    try:
        assert not kept
        inherited = {place for place in expected if place[1] not in vars(place[0])}
        assert inherited == {(owner, name) for owner, name in expected if owner in (Value, Tensor)} - {
            *((owner, "backward") for owner in (Value, Tensor)),
            *((Value, name) for name in ROUNDING_METHODS),
        }
        install()
        assert kept == [1]
        install()  # once more changes nothing
        assert {place: code_of(*place) for place in expected} == expected
        assert uninstall() is True
        assert uninstall() is False
        assert {place for place in expected if place[1] not in vars(place[0])} == inherited
        install()
        assert {(owner, name) for owner, name, _ in twins()} == expected.keys()
    finally:
        (install if installed else uninstall)()


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
    assert value_backward.one_pass(z + 0.0, 1.0) is None
    for backward in (value_backward.backward, backprop.backward):
        with pytest.raises(StaleGraphError):
            backward(z + 0.0)
    assert x._grad is None


def test_a_graph_with_wide_gaps_is_walked_all_the_same():
    x = Value(2.0)
    early = x * 3.0
    for _ in range(700):
        Value(0.0)
    late = early * early
    assert value_backward.one_pass(late, 1.0) is not None
    value_backward.backward(late)
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
def test_backward_of_tensors_equals_the_plain_walk(seed):
    leaves, loss = random_tensors(seed)
    found = tensor_backward.one_pass(loss, loss.seed(None))
    assert found is not None
    assert {z for z in history(loss) if z.op is not None and z.requires_grad} == set(found[0])
    kept = [z for z in history(loss) if z.op is not None]
    backprop.backward(loss, retain_grad=True)
    expected = [x._grad for x in leaves]
    assert any(z._grad is not None for z in kept)
    for x in leaves:
        x._slope = None
    tensor_backward.backward(loss)
    for x, g in zip(leaves, expected, strict=True):
        assert (g is None) is (x._grad is None)
        assert g is None or (g.tobytes() == x._grad.tobytes() and g.dtype == x._grad.dtype == x.dtype)
    assert all(z._grad is None for z in kept), "gradients that an earlier walk kept are out of date"


def test_stale_indices_are_found_by_both_walks():
    x, at = Tensor([1.0, 2.0]), Tensor(np.array([0, 1]))
    y, z = x[at].sum(), x[at + 0].sum()
    at.assign([1, 1])
    assert tensor_backward.one_pass(y, np.ones(())) is None
    for walk in (tensor_backward.backward, backprop.backward, lambda y: tg.gradients(y, [x])):
        with pytest.raises(StaleGraphError):
            walk(y)
    assert x._grad is None
    z.backward()  # what was computed from the old indices is as it was
    np.testing.assert_array_equal(x.grad, [1.0, 1.0])


@pytest.mark.parametrize("use", [lambda x, c: x * (c + 1.0), lambda x, c: x * (x > c)])
def test_a_constant_that_was_written_into_is_found_by_both_walks(use):
    x = Tensor([1.0, 2.0])
    c = Tensor([1.0, 0.0], requires_grad=False) * 2.0
    y = use(x, c).sum()
    c[0] = 5.0
    assert tensor_backward.one_pass(y, np.ones(())) is None
    for walk in (tensor_backward.backward, backprop.backward):
        with pytest.raises(StaleGraphError):
            walk(y)
    assert x._grad is None


def test_a_rule_that_fails_is_named_whichever_walk_met_it():
    broken = tg.op("broken_on_purpose", "{}", lambda x: x, lambda g, z, x: g[7, 7])
    x = Tensor([1.0, 2.0], label="x")
    loss = (broken(x) * x).sum()
    for walk in (tensor_backward.backward, backprop.backward):
        with pytest.raises(IndexError) as caught:
            walk(loss)
        assert "broken_on_purpose" in caught.value.__notes__[0]
    assert x._grad is None


# Whole programs, plain and fast ----------------------------------------------------------------------------------


def scalar_program(seed):
    """Values that reach poles, overflow, are compared, assigned, labelled, and computed inside no_grad."""
    rng = random.Random(seed)
    leaves = [Value(rng.choice([rng.uniform(-2, 2), 0.0, -0.0, 2.0, 1e200]), label=f"x{i}") for i in range(4)]
    yield from leaves
    nodes = [*leaves, Value(0.7, requires_grad=False)]
    for _ in range(25):
        x, y = rng.choice(nodes), rng.choice(nodes)
        nodes.append(
            rng.choice(
                [
                    lambda x, y: x + y,
                    lambda x, y: x * y,
                    lambda x, y: 2 - x,
                    lambda x, y: x / y,
                    lambda x, y: 1.5 / y,
                    lambda x, y: x**2,
                    lambda x, y: abs(x) ** y,
                    lambda x, y: x % 3.0,
                    lambda x, y: x // 2,
                    lambda x, y: x.tanh(),
                    lambda x, y: x.relu() - y,
                    lambda x, y: x.log(),
                    lambda x, y: x.exp(),
                    lambda x, y: (x < y) * x,
                    lambda x, y: round(x, 1),
                    lambda x, y: np.float64(0.5) * x,
                    lambda x, y: tg.where(x > y, x, y),
                    lambda x, y: nn.Neuron(2, "tanh", rng=seed)([x, y]),
                    lambda x, y: nn.MLP(2, [2, 1], rng=seed)([x.item(), y]),
                ]
            )(x, y)
        )
    with tg.no_grad():
        nodes.append(nodes[-1] * 2.0)
    loss = sum(nodes, nodes[0] * 1.0)
    if seed % 5 == 0:
        leaves[0].assign(1.0)  # so the graph is stale
    if seed % 5 == 1:
        loss.backward(rng.uniform(-1, 1))
    yield loss
    loss.backward()
    with tg.detect_anomaly() if seed % 3 == 0 else tg.strong_zero():
        (loss * 2.0).backward()


def tensor_program(seed):
    """Tensors of several shapes that do not always fit, with poles, facts, writes and modes."""
    rng, draw = np.random.default_rng(seed), random.Random(seed)
    leaves = [Tensor(rng.normal(size=shape), label="w") for shape in ((3, 3), (3,), (3, 1), (), (2, 3))]
    leaves += [Tensor(rng.normal(size=3), dtype=np.float32), Tensor(np.array([0.0, -0.0, 1e200])), Tensor([1, 0, 2])]
    yield from leaves
    nodes = list(leaves)
    for _ in range(12):
        x, y = draw.choice(nodes[:4] + nodes[5:] if draw.random() < 0.97 else nodes), draw.choice(nodes[:4] + nodes[5:])
        nodes.append(
            draw.choice(
                [
                    lambda x, y: x + y,
                    lambda x, y: x * 2,
                    lambda x, y: x - np.ones(3),
                    lambda x, y: 1.0 / x,
                    lambda x, y: x / y,
                    lambda x, y: abs(x) ** 0.5,
                    lambda x, y: (x > y) * x,
                    lambda x, y: np.tanh(x) @ np.ones(3) if x.ndim else -x,
                    lambda x, y: x // 2.0 + x % 3,
                    lambda x, y: [1.0, 2.0, 3.0] - x,
                ]
            )(x, y)
        )
    u = nodes[0] * 1.0
    u[0] = nodes[1] * 2.0
    u += 1.0
    loss = sum((z.sum() for z in [u, *nodes]), 0.0)
    if seed % 5 == 0:
        leaves[0].assign(np.ones((3, 3)))
    yield loss
    loss.backward(retain_grad=seed % 3 == 0)
    with tg.strong_zero():
        (loss * 2.0).backward()


def everything(program, seed):
    """All that can be seen of a program: its nodes, their lines and gradients, its warnings and its error."""
    roots, error = [], None
    with warnings.catch_warnings(record=True) as caught, np.errstate(all="warn"):
        warnings.simplefilter("always")
        try:
            roots.extend(program(seed))
        except Exception as raised:
            error = (type(raised), str(raised), getattr(raised, "__notes__", ()))
        nodes = [] if roots and isinstance(error, StaleGraphError) else walked(roots)
    names = {z: i for i, z in enumerate(nodes)}
    return (
        [
            (z.op, bits(z._data), bits(z._grad), z._requires_grad, z.label, z.params, z.where, *operands(z, names))
            for z in nodes
        ],
        [(str(w.message), w.lineno if w.filename == __file__ else "inside the package") for w in caught],
        error,
    )


def operands(z, names):
    """The operands of a node: nodes by number, constants by their bits."""
    return [names[x] if isinstance(x, Node) else bits(x) for x in z.inputs]


def walked(roots):
    """The nodes of graphs in the order in which they are found, however old."""
    found = list(roots)
    seen = set(found)
    for z in found:
        new = [x for x in z.inputs if isinstance(x, Node) and x not in seen]
        seen.update(new)
        found += dict.fromkeys(new)
    return found


def bits(x):
    """Data as something that tells -0.0 from 0.0 and equals itself where it is NaN."""
    return (x.dtype, x.shape, x.tobytes()) if isinstance(x, np.ndarray) else repr(x)


@pytest.mark.parametrize("seed", range(60))
@pytest.mark.parametrize("program", [scalar_program, tensor_program])
def test_a_random_program_is_the_same_plain_and_fast(program, seed):
    installed = uninstall()
    try:
        plain = everything(program, seed)
        install()
        fast = everything(program, seed)
    finally:
        (install if installed else uninstall)()
    assert fast[2] == plain[2]
    assert fast[1] == plain[1]
    assert fast[0] == plain[0]


# Which way is taken: both give the same, so only this shows that a twin does what it is for -------------------------


def calls_of(monkeypatch, owner, name):
    """Note the calls of a function."""
    seen, function = [], getattr(owner, name)

    def noted(*args, **keywords):
        seen.append(args)
        return function(*args, **keywords)

    monkeypatch.setattr(owner, name, noted)
    return seen


def hooked(z, i, g, dx):
    return dx


BACKWARD = {  # a graph, how backward() is called, and whether the plain walk is needed
    "values": (lambda: tg.tanh(Value(2.0) * Value(3.0) + 1.0), {}, False),
    "values, twice": (lambda: (lambda x: (x + 1) * (x + 1) + x * x)(Value(2.0)), {}, False),
    "values with a seed": (lambda: Value(2.0) * 3.0, {"seed": 2.0}, False),
    "values, kept": (lambda: Value(2.0) * 3.0, {"retain_grad": True}, False),
    "values and constants": (lambda: Value(2.0) * Value(3.0, requires_grad=False), {}, False),
    "constants and values": (lambda: Value(3.0, requires_grad=False) ** Value(2.0), {}, False),
    "a leaf": (lambda: Value(2.0), {}, True),
    "a pole": (lambda: tg.sqrt(Value(0.0)), {}, True),
    "three operands": (lambda: tg.where(Value(1.0) > 0, Value(2.0), Value(3.0)), {}, True),
    "tensors": (lambda: (tg.tanh(Tensor([2.0]) * Tensor([3.0])) + 1.0).sum(), {}, False),
    "tensors with parameters": (lambda: tg.stack([Tensor([2.0]) * 2.0, Tensor([3.0])]).sum(), {}, False),
    "tensors with a seed": (lambda: Tensor([2.0]) * 3.0, {"seed": [2.0]}, False),
    "tensors, indexed": (lambda: (Tensor([2.0, 3.0]) * 2.0)[np.array([0, 0])].sum(), {}, False),
    "tensors, kept": (lambda: (Tensor([2.0]) * 3.0 * 2.0).sum(), {"retain_grad": True}, True),
    "a leaf tensor": (lambda: Tensor(2.0), {}, True),
}


@pytest.mark.parametrize("name", BACKWARD)
@pytest.mark.parametrize("mode", ["plain", "hook", "forward hook"])
@pytest.mark.filterwarnings("ignore:.*inf")
def test_which_graphs_are_walked_in_one_pass(name, mode, monkeypatch):
    make, keywords, plain = BACKWARD[name]
    root = make()
    twin = value_backward.backward if isinstance(root, Value) else tensor_backward.backward
    walked = calls_of(monkeypatch, backprop, "backward")
    hooks = {"plain": {}, "hook": {"backward_hook": hooked}, "forward hook": {"forward_hook": hooked}}[mode]
    with ModeContext(**hooks) if hooks else contextlib.nullcontext():
        twin(root, **keywords)
    assert bool(walked) == (plain or mode == "hook")


@pytest.mark.parametrize("side", [0, 1])
def test_what_ends_one_pass(side, monkeypatch):
    old, new = Value(2.0) * 1.0, Value(3.0)
    between = [Value(0.0) for _ in range(20)]
    z = (old * new) if side == 0 else (new * old)
    assert len(between) == 20
    assert value_backward.one_pass(z, 1.0) is not None
    monkeypatch.setattr(value_backward, "MAX_GAP", 20)
    assert value_backward.one_pass(z, 1.0) is None
    monkeypatch.setattr(value_backward, "MAX_GAP", 21)
    assert value_backward.one_pass(z, 1.0) is not None
    z = weighted_sum([Value(1.0)], [old], Value(0.0))
    monkeypatch.setattr(value_backward, "MAX_GAP", z.born - old.born - 1)
    assert value_backward.one_pass(z, 1.0) is not None
    monkeypatch.setattr(value_backward, "MAX_GAP", z.born - old.born - 2)
    assert value_backward.one_pass(z, 1.0) is None
    z = (old * new) if side == 0 else (new * old)
    monkeypatch.undo()
    new.assign(4.0)
    assert value_backward.one_pass(z, 1.0) is None
    t, u = Tensor([2.0]), Tensor([3.0])
    z = (t * u) if side == 0 else (u * t)
    assert tensor_backward.one_pass(z, np.ones(1)) is not None
    t.assign([5.0])
    assert tensor_backward.one_pass(z, np.ones(1)) is None
    constant, u = Tensor([2.0], requires_grad=False), Tensor([3.0])
    z = (constant * u) if side == 0 else (u * constant)
    constant.assign([5.0])
    assert tensor_backward.one_pass(z, np.ones(1)) is None


def test_a_kind_of_tensor_of_its_own_gets_its_gradient_the_plain_way():
    class Elsewhere(Tensor):
        __slots__ = ()

    x, y = Elsewhere([2.0]), Tensor([3.0])
    z = (x * y).sum()
    assert tensor_backward.one_pass(x * y, np.ones(1)) is None
    tensor_backward.backward(z)
    assert [*x.grad, *y.grad] == [3.0, 2.0]


IN_THE_PACKAGE = compile(
    "def unary(x): return x.exp()\ndef binary(x): return x + x\ndef reflected(x): return 2.0 - x",
    os.path.join(os.path.dirname(tg.__file__), "a_file_of_the_package.py"),
    "exec",
)


@pytest.mark.parametrize("kind", [Value, Tensor])
@pytest.mark.parametrize("name", ["unary", "binary", "reflected"])
def test_a_node_that_the_package_makes_names_the_line_of_the_user(name, kind):
    functions = {}
    exec(IN_THE_PACKAGE, functions)
    x = kind(2.0)
    for _ in range(2):
        here = sys._getframe().f_lineno + 1
        z = functions[name](x)
        assert z.where == f"{__file__}:{here}"
    for make in (lambda x: x + x, functions["binary"], lambda x: x + x):  # one after the other, in turns
        assert "test_fast_paths.py" in make(x).where


def test_what_one_pass_finds():
    x, y, c = Value(2.0), Value(3.0), Value(4.0, requires_grad=False)
    a = x * y
    z = a + a * c + y
    nodes, grads, leaves = value_backward.one_pass(z, 10.0)
    found = {id(node): g for node, g in zip(nodes, grads, strict=True) if node is not value_backward.NO_NODE}
    assert found[id(z)] == 10.0
    assert found[id(a)] == 50.0
    assert leaves == {x: 150.0, y: 110.0}
    assert all(
        math.copysign(1, g) == -1 and g == 0 for n, g in zip(nodes, grads, strict=True) if n is value_backward.NO_NODE
    )
    t, u, c = Tensor([2.0]), Tensor([3.0]), Tensor([4.0], requires_grad=False)
    a = t * u
    z = a + a * c + u
    between, nothing, leaves = tensor_backward.one_pass(z, np.array([10.0]))
    assert {id(node) for node in between} == {id(node) for node in history(z) if node.op is not None}
    assert nothing == [None] * len(between)
    assert {id(leaf): g.tolist() for leaf, g in leaves.items()} == {id(t): [150.0], id(u): [110.0]}


def test_room_for_older_nodes_grows_by_an_eighth():
    nodes, grads = [None] * 16, [0.0] * 16
    assert value_backward.make_room(20, nodes, grads) == 20 + 8 + 2 == len(nodes) == len(grads)


@pytest.fixture
def fast_engine():
    """The fast twins, for one test, where the suite runs without them."""
    were_off = not uninstall()
    install()
    yield
    if were_off:
        uninstall()


USUAL = [(x, y) for x in (Value(2.0), Tensor([2.0])) for y in (x, type(x)(x.data), 3.0, 2)]


@pytest.mark.parametrize(("x", "y"), USUAL, ids=[f"{type(x).__name__}-{type(y).__name__}" for x, y in USUAL])
@pytest.mark.usefixtures("fast_engine")
def test_usual_operands_take_no_plain_way(x, y, monkeypatch):
    made, make = [], type(x).make
    monkeypatch.setattr(type(x), "make", classmethod(lambda _, *given: made.append(given) or make(*given)))
    x + y, x < y, y - x
    if isinstance(x, Value):
        -x, x.exp(), math.floor(x)
    assert len(made) == (isinstance(x, Tensor) and not isinstance(y, Tensor))  # 2 - t alone has no twin
    made.clear()
    with tg.no_grad():
        x + y
    assert len(made) == 1
    made.clear()
    with ModeContext(forward_hook=lambda z: None):
        x + y
    assert len(made) == isinstance(x, Tensor)
    made.clear()
    for other in (np.float64(2.0), True):
        x + other
    assert len(made) == 2


SUMS = {  # weights, inputs, bias, the mode, and whether the operators themselves add up
    "values": ([Value(2.0)], [Value(3.0)], Value(1.0), {}, False),
    "numbers": ([Value(2.0)], [3.0], Value(1.0), {}, False),
    "an integer": ([Value(2.0)], [3], Value(1.0), {}, True),
    "a bias that is a number": ([Value(2.0)], [3.0], 1.0, {}, True),
    "no graph": ([Value(2.0)], [3.0], Value(1.0), {"recording": False}, False),
    "no graph, an integer": ([Value(2.0)], [3], Value(1.0), {"recording": False}, True),
    "no graph, a weight that is an integer": ([2], [3.0], Value(1.0), {"recording": False}, True),
    "no graph, a bias that is an integer": ([Value(2.0)], [3.0], 1, {"recording": False}, True),
    "a hook": ([Value(2.0)], [3.0], Value(1.0), {"forward_hook": lambda z: None}, True),
}


@pytest.mark.parametrize("name", SUMS)
def test_which_sums_are_written_out(name, monkeypatch):
    weights, inputs, bias, mode, plain = SUMS[name]
    added, multiplied = (calls_of(monkeypatch, *of) for of in ((neuron_sum, "reference"), (Value, "__mul__")))
    with ModeContext(**mode) if mode else contextlib.nullcontext():
        z = weighted_sum(weights, inputs, bias)
    assert z.data == 7.0
    assert bool(added) == plain
    assert bool(multiplied) == (plain and name != "no graph, a weight that is an integer")
    assert (z.op is None) == (mode.get("recording") is False)
    assert "test_fast_paths.py" in z.where


def test_the_parts_of_a_sum_are_made_once_whoever_asks(monkeypatch):
    """Somebody asks while they are being made, as another thread may: both get the same nodes."""
    z = weighted_sum([Value(0.1)] * 3, [0.5, 1.0, 2.0], Value(0.3))
    summand, found = neuron_sum.summand, []

    def interrupted(*args):
        monkeypatch.setattr(neuron_sum, "summand", summand)
        found.extend(z.inputs)
        return summand(*args)

    monkeypatch.setattr(neuron_sum, "summand", interrupted)
    assert [*map(id, z.inputs)] == [*map(id, found)] == [*map(id, z.inputs)]
    with pytest.raises(NotImplementedError):
        Deferred().operands(z)


def test_a_sum_in_the_middle_of_which_another_thread_assigns_is_written_out(monkeypatch):
    w, products_of = Value(0.1), neuron_sum.products_of

    def interrupted(*operands):
        products = products_of(*operands)
        w.data = 0.7
        return products

    monkeypatch.setattr(neuron_sum, "products_of", interrupted)
    z = weighted_sum([w] * 3, [0.5, 1.0, 2.0], Value(0.3))
    assert z.data == 0.3 + 0.35 + 0.7 + 1.4
    assert len(history(z)) == 8
    z.backward()
    assert w.grad == 3.5
