"""micrograd's own programs, run unchanged but for their imports, give its numbers."""

import random
from types import SimpleNamespace

import numpy as np
import pytest

from tinygrad_edu import Value
from tinygrad_edu.nn import MLP, Layer, Neuron


def test_readme_example():
    a = Value(-4.0)
    b = Value(2.0)
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    assert f"{g.data:.4f}" == "24.7041"
    g.backward()
    assert f"{a.grad:.4f}" == "138.8338"
    assert f"{b.grad:.4f}" == "645.5773"


def test_sanity_check():
    x = Value(-4.0)
    z = 2 * x + 2 + x
    q = z.relu() + z * x
    h = (z * z).relu()
    y = h + q + q * x
    y.backward()
    assert (y.data, x.grad) == (-20.0, 46.0)


def test_neurons_keep_the_signatures_and_what_they_print():
    n = Neuron(2)
    assert repr(n) == "ReLUNeuron(2)"
    assert repr(Neuron(3, nonlin=False)) == repr(Neuron(3, False)) == "LinearNeuron(3)"
    assert len(n.w) == 2
    assert n.b.data == 0
    assert [*n.w, n.b] == n.parameters()
    layer = Layer(2, 3, nonlin=False)
    assert repr(layer) == "Layer of [LinearNeuron(2), LinearNeuron(2), LinearNeuron(2)]"
    assert len(layer([1.0, 2.0])) == 3
    assert isinstance(Layer(2, 1)([1.0, 2.0]), Value)
    model = MLP(3, [2, 1])
    assert repr(model) == "MLP of [Layer of [ReLUNeuron(3), ReLUNeuron(3)], Layer of [LinearNeuron(2)]]"
    assert len(MLP(2, [16, 16, 1]).parameters()) == 337


def demo_step(module, steps):
    """Run micrograd's demo (a max-margin loss with weight decay) and return its losses."""
    random.seed(1337)
    rng = np.random.default_rng(1337)
    points = rng.normal(size=(12, 2))
    labels = np.where(points[:, 0] + points[:, 1] ** 2 > 0.5, 1, -1)
    model = module.MLP(2, [4, 4, 1])
    losses = []
    for k in range(steps):
        inputs = [list(map(module.Value, point)) for point in points]
        scores = list(map(model, inputs))
        margins = [(1 + -yi * scorei).relu() for yi, scorei in zip(labels.tolist(), scores, strict=True)]
        data_loss = sum(margins) * (1.0 / len(margins))
        reg_loss = 1e-4 * sum(p * p for p in model.parameters())
        total_loss = data_loss + reg_loss
        model.zero_grad()
        total_loss.backward()
        learning_rate = 1.0 - 0.9 * k / 100
        for p in model.parameters():
            p.data -= learning_rate * p.grad
        losses.append(total_loss.data)
    return losses


def test_demo_takes_the_same_course():
    pytest.importorskip("micrograd", reason="compares with micrograd itself: pip install micrograd")
    import micrograd.engine
    import micrograd.nn

    theirs = demo_step(SimpleNamespace(MLP=micrograd.nn.MLP, Value=micrograd.engine.Value), 12)
    ours = demo_step(SimpleNamespace(MLP=MLP, Value=Value), 12)
    np.testing.assert_allclose(ours, theirs, rtol=1e-10)


def test_demo_learns():
    losses = demo_step(SimpleNamespace(MLP=MLP, Value=Value), 30)
    assert losses[-1] < losses[0] / 2


def test_its_notebook_traces_a_graph():
    def trace(root):
        nodes, edges = set(), set()

        def build(v):
            if v not in nodes:
                nodes.add(v)
                for child in v._prev:
                    edges.add((child, v))
                    build(child)

        build(root)
        return nodes, edges

    x, y = Value(1.0), Value(2.0)
    square = x * x
    z = (square + y * 3.0).relu()
    z.backward()
    nodes, edges = trace(z)
    assert (len(nodes), len(edges)) == (6, 5)
    assert (x, square) in edges
    assert sorted(f"{v._op} {v.data:.1f} {v.grad:.1f}" for v in nodes)[:2] == [" 1.0 2.0", " 2.0 3.0"]
    assert (z._op, square._op) == ("relu", "multiply")


# Habits of its programs -------------------------------------------------------------------------------------------


def test_a_gradient_reads_zero_before_it_is_computed():
    p = Value(2.0)
    assert f"{p.grad:.4f}" == "%.4f" % p.grad == "0.0000"  # noqa: UP031  # as its notebooks write it
    p.grad += 1.5
    (p * p).backward()
    assert p.grad == 5.5
    p.grad = 0
    assert p.grad == 0.0


def test_an_optimiser_still_tells_no_gradient_from_zero():
    from tinygrad_edu.nn import SGD

    p, q = Value(2.0), Value(3.0)
    (p * p).backward()
    SGD([p, q], lr=0.1).step()
    assert (p.data, q.data) == (1.6, 3.0)
    with pytest.raises(RuntimeError, match=r"no gradient|backward"):
        SGD([q], lr=0.1).step()


def test_a_value_keeps_what_programs_put_on_it():
    p = Value(2.0)
    p.m = 0
    p.m += 0.9
    assert p.m == 0.9


def test_equality_is_identity_so_lists_find_the_right_node():
    a, b = Value(2.0), Value(2.0)
    assert (a == b, a != b, a == a) == (False, True, True)
    assert b not in [a]
    assert [a, b].index(b) == 1
    nodes = [a, b]
    nodes.remove(b)
    assert nodes[0] is a
    assert (a == 2.0).data == 1.0
    from tinygrad_edu import equal

    assert equal(a, b).data == 1.0


def test_a_graph_is_traced_through_a_list():
    x = Value(2.0)
    y, z = x * 1.0, x * 1.0  # two nodes of equal numbers
    loss = y * z
    nodes = []

    def build(v):
        if v not in nodes:
            for child in v._prev:
                build(child)
            nodes.append(v)

    build(loss)
    assert [id(v) for v in nodes] == [id(v) for v in (x, y, z, loss)]


def test_backward_by_hand_one_node_at_a_time():
    x, w, b = Value(0.5), Value(-3.0), Value(2.0)
    n = x * w + b * x
    o = n.tanh() * x
    o.grad = 1.0
    topo, seen = [], set()

    def build(v):
        if v not in seen:
            seen.add(v)
            for child in v._prev:
                build(child)
            topo.append(v)

    build(o)
    for node in reversed(topo):
        node._backward()
    by_hand = [v.grad for v in (x, w, b, n)]
    for v in topo:
        v.grad = 0.0
    o.backward()
    assert by_hand == pytest.approx([v.grad for v in (x, w, b, n)], rel=1e-14)


def test_a_subclass_takes_part(monkeypatch):
    monkeypatch.setattr(Value, "subclassed", False)  # and as it was for the tests after this one

    class V(Value):
        def double(self):
            return self * 2.0

    v, w = V(3.0), Value(2.0)
    z = (v * w + v).relu() + v.double() + 1.0
    z.backward()
    assert (z.data, v.grad, w.grad) == (16.0, 5.0, 3.0)
    z = v + 1.0
    z.backward()
    assert v.grad == 6.0


def test_operands_given_by_hand_are_refused_in_words():
    a, b = Value(1.0), Value(2.0)
    with pytest.raises(TypeError, match=r"label.*tg\.op"):
        Value(3.0, (a, b), "+")
    with pytest.raises(TypeError, match=r"label.*tg\.op"):
        Value(3.0, (a, b))
    assert Value(3.0, ()).label == ""
