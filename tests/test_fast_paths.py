"""Every fast path of the eager engine gives what the plain one gives."""

import gc
import math
import random
import tracemalloc

import numpy as np
import pytest

from tinygrad_edu import Value
from tinygrad_edu.errors import StaleGraphError
from tinygrad_edu.graph import Node, history
from tinygrad_edu.ops import compare
from tinygrad_edu.ops.compare import choice
from tinygrad_edu.walks import floats_back


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
    Node.backward(loss)
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
        Node.backward(w)
    assert x.grad == y.grad or (math.isnan(x.grad) and math.isnan(y.grad))


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
