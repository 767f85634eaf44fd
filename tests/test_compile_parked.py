"""Leaves parked in a compiled program's arrays: whoever looks at one finds what the plain engine leaves there."""

import copy
import gc
import operator
import pickle
import threading
import weakref
from contextlib import suppress

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import Value, nn
from tinygrad_edu.compile.vectorize import vectorizer
from tinygrad_edu.compile.vectorize.parked_leaves import LONGEST_PAUSE, ParkedValue
from tinygrad_edu.core.parking import parked
from tinygrad_edu.errors import CompileError, GradientError, StaleGraphError

ROWS = np.random.default_rng(0).normal(size=(8, 3)).tolist()


def world(through=lambda f: f, unused=False):
    """Return a step of training a small net of scalars, its net and its optimiser."""
    net = nn.MLP(3, [6, 1], rng=0)
    adam = nn.Adam(net.parameters(), lr=0.01)

    def step():
        adam.zero_grad()
        loss = sum((net(row) - 1.0) ** 2 for row in ROWS)
        loss.backward()
        adam.step()
        return loss

    return through(step), net, adam


def until_parked(leaf, *steps):
    """Take steps until a program parks a leaf: it does not while its results are still compared at each call."""
    for _ in range(100):
        for step in steps:
            step()
        if type(leaf) is ParkedValue:
            return
    raise AssertionError("it is never parked")


def twins():
    """Return the weights of the plain engine and of a program that parks them, and both worlds."""
    plain, fast = world(), world(tg.compile)
    weights = fast[2].params
    until_parked(weights[0], plain[0], fast[0])
    assert all(type(w) is ParkedValue for w in weights)
    return plain[2].params, weights, plain, fast


def numbers(x):
    """Return what a look at a leaf gave as something that compares by value."""
    if isinstance(x, tg.Tensor | Value):
        return [type(x).__name__, isinstance(x, ParkedValue), np.round(x.numpy(), 9).tolist(), np.round(x.grad or 0, 9)]
    if isinstance(x, float | np.ndarray):
        return np.round(x, 9).tolist()
    return (
        [*map(numbers, x)] if isinstance(x, list | tuple) else x if isinstance(x, str | bool | type(None)) else type(x)
    )


ATTRIBUTES = sorted({name for name in dir(Value) if not name.startswith("__")} - {"born", "code", "instruction"})
LOOKS = {
    "number": lambda w: w.data,
    "gradient": lambda w: w.grad,
    "kind": lambda w: (w.__class__, isinstance(w, Value), tg.Value.__name__),
    "made by its type": lambda w: [type(w)(2.5), type(w)(1.0, "b", requires_grad=False).label, w.data],
    "by its type": lambda w: [type(w).relu(w), type(w).data.fget(w), type(w).__mul__(w, 2.0)],
    "namespace": lambda w: [{**vars(w)} == {}, "data" in dir(w), w.data],
    "many": lambda w: np.array([w.data, float(w.data)]) + np.asarray(w.grad),
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda w: pickle.loads(pickle.dumps(w)),
    "list of copies": lambda w: copy.deepcopy([w, {"w": w}])[0],
    "repr": lambda w: repr(w).split(".")[0],
    "format": lambda w: f"{w.data:.6f}",
    "float": lambda w: w.item(),
    "bool": bool,
    "array": lambda w: np.asarray(w.data),
    "ufunc": np.exp,
    "right operand": lambda w: 2.0 * w,
    "of a product": lambda w: Value(3.0) * w,
    "left operand": lambda w: w / 3,
    "both": lambda w: w * w,
    "negative": operator.neg,
    "power": lambda w: w**2,
    "relu": lambda w: w.relu(),
    "less": lambda w: (w < 0.1).data,
    "sum": lambda w: sum([w, w, 1.0]),
    "largest": lambda w: tg.maximum(w, 0.0),
    "gradient of a graph": lambda w: tg.gradients(w * w * 3.0, [w])[0],
    "backward": lambda w: ((w * 3.0).backward(), w.grad)[1],
    "a leaf's own": lambda w: (w.backward(), w.grad)[1],
    "zeroed": lambda w: (setattr(w, "grad", 0.0), w.grad, w.data)[1:],
    "assigned": lambda w: (setattr(w, "data", 0.5), w.data, w.grad)[1:],
    "added to": lambda w: (setattr(w, "data", w.data + 1.0), w.data)[1],
    "fixed": lambda w: (setattr(w, "requires_grad", False), (w * 2.0).requires_grad, setattr(w, "requires_grad", True))[
        1
    ],
    "detached": lambda w: w.detach(),
    "tangent": lambda w: tg.jvp(lambda x: x * x, Value(3.0), w)[1],
    "cotangent": lambda w: tg.vjp(lambda x: x * x, Value(3.0))[1](w),
    "argument": lambda w: tg.grad(lambda x: x * x)(w),
    "compiled argument": lambda w: tg.compile(lambda x: x * x)(w),
    "compiled arguments": lambda w: tg.compile(lambda xs: xs[0] * xs[1])([w, Value(2.0)]),
    "compiled": lambda w: tg.compile(lambda: w * w)(),
    "formula": lambda w: tg.formula(w * 2.0).count("w"),
    "explained": lambda w: len(tg.explain(w * 2.0)) > 10,
    "own attribute": lambda w: (setattr(w, "velocity", 1.5), w.velocity, w.data)[1:],
    "matched": lambda w: next((0 for _ in [w] if isinstance(w, Value)), 1),
    "in no_grad": lambda w: no_grad_product(w),
    "tensor of": lambda w: tg.Tensor(w.data),
    "neuron": lambda w: nn.Neuron(1, rng=0)([w]),
    "stepped": lambda w: (setattr(w, "grad", 2.0), nn.SGD([w], lr=0.1).step(), w.data)[2],
    "dropped": lambda w: (nn.SGD([w], lr=0.1).zero_grad(), w.grad, w.data)[1:],
}


def fixed_product(w):
    w.requires_grad = False
    z = w * 2.0
    w.requires_grad = True
    return z.requires_grad, z.data


def no_grad_product(w):
    with tg.no_grad():
        return w * 2.0


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("first", range(6))
def test_whoever_looks_at_a_parked_leaf_finds_its_numbers(first):
    theirs, ours, plain, fast = twins()
    for look in [*LOOKS][first::6]:
        until_parked(ours[3], plain[0], fast[0])
        assert numbers(LOOKS[look](ours[3])) == numbers(LOOKS[look](theirs[3])), look
        assert not parked or look in ("kind", "matched"), look
        for x, y in zip(ours, theirs, strict=True):
            assert (x.data, x.grad) == pytest.approx((y.data, y.grad), rel=1e-8), look
        assert fast[0]().data == pytest.approx(plain[0]().data, rel=1e-8), look


def test_any_attribute_brings_the_numbers_back():
    _, ours, _, fast = twins()
    for name in ATTRIBUTES:
        until_parked(ours[0], fast[0])
        with suppress(tg.errors.DTypeError):  # of `__array__` and its like
            getattr(ours[2], name, None)
        assert not parked, name
        assert {*map(type, ours)} == {Value}


def test_a_graph_from_before_a_parked_step_is_stale():
    theirs, ours, plain, fast = twins()
    graphs = [w[0] * 2.0 + w[1] * w[2] for w in (theirs, ours)]
    until_parked(ours[0], plain[0], fast[0])
    before = [w.grad for w in theirs]
    for z in graphs:
        with pytest.raises(StaleGraphError):
            z.backward()
    assert [w.grad for w in ours] == pytest.approx(before, rel=1e-9)


def test_a_program_that_assigns_parked_leaves_without_reading_them_has_the_last_word():
    _, ours, _, fast = twins()
    inner, outer = ours[:3], ours

    def reset():
        for w in inner:
            w.data = 0.25

    def reset_all():
        for i, w in enumerate(outer):
            w.data = 0.01 * i
            w.grad = None

    for f, leaves in ((reset, inner), (reset_all, outer)):
        again = tg.compile(f)
        for _ in range(3):
            until_parked(ours[0], fast[0])
            again()
            assert [w.data for w in leaves] == ([0.25] * 3 if f is reset else [0.01 * i for i in range(len(outer))])


def test_who_looks_often_is_not_made_to_wait():
    _, ours, _, fast = twins()
    was_parked = 0
    for _ in range(4 * LONGEST_PAUSE):
        fast[0]()
        was_parked += type(ours[0]) is ParkedValue
        assert ours[0].data == ours[0].data
    assert was_parked < 20


def three_parked_calls(fast, leaf):
    """Return the losses of three calls, between which the leaf stays parked."""
    fast.last.left = 5  # no comparison, which looks at all
    losses = [(fast().data, type(leaf)) for _ in range(3)]
    assert {kind for _, kind in losses} == {ParkedValue}
    return [loss for loss, _ in losses]


def test_gradients_that_add_up_over_calls_are_read_where_they_are_parked():
    def training(through):
        net = nn.MLP(3, [6, 1], rng=0)
        weights = net.parameters()

        def step():
            loss = sum((net(row) - 1.0) ** 2 for row in ROWS)
            loss.backward()
            for w in weights:
                w.data = w.data - 0.001 * w.grad
            return loss

        return through(step), weights

    (plain, theirs), (fast, ours) = training(lambda f: f), training(tg.compile)
    until_parked(ours[0], plain, fast)
    assert three_parked_calls(fast, ours[0]) == pytest.approx([plain().data for _ in range(3)], rel=1e-9)
    assert [w.grad for w in ours] == pytest.approx([w.grad for w in theirs], rel=1e-9)


def test_gradients_forgotten_at_the_end_of_a_step_are_none():
    def training(through):
        net = nn.MLP(3, [6, 1], rng=0)
        adam = nn.Adam(net.parameters(), lr=0.01)

        def step():
            loss = sum((net(row) - 1.0) ** 2 for row in ROWS)
            loss.backward()
            adam.step()
            adam.zero_grad()
            return loss

        return through(step), adam.params

    (plain, theirs), (fast, ours) = training(lambda f: f), training(tg.compile)
    until_parked(ours[0], plain, fast)
    assert three_parked_calls(fast, ours[0]) == pytest.approx([plain().data for _ in range(3)], rel=1e-9)
    assert [w._grad for w in ours] == [w._grad for w in theirs] == [None] * len(ours)


def test_another_thread_that_looks_during_steps_finds_no_state_in_between():
    _, ours, _, fast = twins()
    stop, seen = threading.Event(), []

    def look():
        while not stop.is_set():
            seen.append((ours[0].data, ours[-1].data))

    watcher = threading.Thread(target=look)
    watcher.start()
    known = [(ours[0].data, ours[-1].data)]
    for _ in range(300):
        fast[0]()
        known.append((ours[0].data, ours[-1].data))
    stop.set()
    watcher.join()
    place = [{pair[i]: k for k, pair in enumerate(known)} for i in (0, 1)]
    assert len(seen) > 10
    assert all(place[1][y] >= place[0][x] for x, y in seen)  # the second was read later


def test_a_state_that_was_brought_back_during_a_step_is_written_all_the_same(monkeypatch):
    theirs, ours, plain, fast = twins()
    program = fast[0].last.executable
    (parking,) = {id(x): x for x in program.turns.space[0].values() if type(x).__name__ == "ParkedLeaves"}.values()
    becomes = type(parking).becomes

    def looked_at_meanwhile(self, state):
        if state is not None and self.state is not None:
            self.restore()
        return becomes(self, state)

    monkeypatch.setattr(type(parking), "becomes", looked_at_meanwhile)
    fast[0]()
    plain[0]()
    assert {*map(type, ours)} == {Value}
    assert [w.data for w in ours] == pytest.approx([w.data for w in theirs], rel=1e-9)


def test_parked_leaves_are_freed_with_the_last_of_their_names():
    _, ours, _, fast = twins()
    kept = weakref.ref(ours[0])
    assert parked
    del ours, fast, _
    gc.collect()
    assert kept() is None
    assert not parked


class ScalarWorld:
    """A small net of scalars, with sums of ever more terms, and programs on the same weights."""

    def __init__(self, seed, through):
        rng = np.random.default_rng(seed)
        self.weights = [Value(x) for x in rng.normal(size=24).tolist()]
        kinds = [
            lambda p: nn.SGD(p, lr=0.01),
            lambda p: nn.SGD(p, lr=0.01, momentum=0.9),
            lambda p: nn.Adam(p, lr=0.01),
        ]
        self.optimizer = kinds[int(rng.integers(3))](self.weights[: int(rng.integers(12, 25))])
        self.accumulates, self.rows, self.graph = bool(rng.integers(2)), rng.normal(size=(6, 4)).tolist(), None
        self.training, self.loss, self.half = through(self.train), through(self.evaluate), through(self.halve)

    def evaluate(self):
        w, losses = self.weights, []
        for row in self.rows:
            hidden = [sum(w[4 * j + k] * row[k] for k in range(4)).tanh() for j in range(4)]
            seen = [sum(hidden[k] * w[16 + k] for k in range(n + 1)) for n in range(4)]
            losses.append(sum((s - w[20 + n]) ** 2 for n, s in enumerate(seen)))
        return sum(losses) * (1.0 / len(losses))

    def train(self):
        if not self.accumulates:
            self.optimizer.zero_grad()
        loss = self.evaluate()
        loss.backward()
        self.optimizer.step()
        return loss

    def halve(self):
        for w in self.weights[::2]:
            w.data = w.data * 0.5

    def stale(self):
        try:
            self.graph.backward()
        except (StaleGraphError, AttributeError) as error:
            return type(error).__name__
        finally:
            self.graph = None
        return "fresh"


EVENTS = {
    "step": lambda w, i: w.training(),
    "evaluate": lambda w, i: w.loss(),
    "halve": lambda w, i: w.half(),
    "look": lambda w, i: w.weights[i].data,
    "gradient": lambda w, i: w.weights[i].grad,
    "assign": lambda w, i: setattr(w.weights[i], "data", 0.3),
    "forget": lambda w, i: setattr(w.weights[i], "grad", None),
    "given": lambda w, i: setattr(w.weights[i], "grad", 0.2),
    "fix": lambda w, i: setattr(w.weights[i], "requires_grad", not w.weights[i].requires_grad),
    "eager step": lambda w, i: w.train(),
    "graph": lambda w, i: setattr(w, "graph", w.weights[i] * w.weights[i - 1]),
    "backward": lambda w, i: w.stale(),
    "rate": lambda w, i: setattr(w.optimizer, "lr", 0.02),
    "copy": lambda w, i: copy.deepcopy(w.weights[i]),
    "replace": lambda w, i: w.rows.__setitem__(i % 6, [0.1 * i] * 4),
    "zero": lambda w, i: w.optimizer.zero_grad(),
    "saved": lambda w, i: w.optimizer.load_state_dict(copy.deepcopy(w.optimizer.state_dict())),
}


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("seed", range(4))
def test_random_events_between_parked_steps(seed, monkeypatch):
    scalar_events(seed, monkeypatch)


def scalar_events(seed, monkeypatch):
    """Let the same events happen to a plain world and to a compiled one, and compare both after each."""
    monkeypatch.setattr(vectorizer, "LEAST", 0)
    monkeypatch.setattr(vectorizer, "WORTH", 1)
    plain, fast = ScalarWorld(seed, lambda f: f), ScalarWorld(seed, tg.compile)
    rng, was_parked = np.random.default_rng(seed + 1000), 0
    for _ in range(30):
        name, i = ["step", *EVENTS][int(rng.integers(len(EVENTS) + 1))], int(rng.integers(24))
        for _ in range(int(rng.integers(1, 5)) if name == "step" else 1):
            found = []
            for world in (plain, fast):
                with suppress(GradientError, CompileError):  # no weight may require a gradient by now
                    found.append(EVENTS[name](world, i))
            was_parked += type(fast.weights[0]) is ParkedValue
        shown = [getattr(x, "data", x) for x in found if x is not None]
        assert len({str(x) if isinstance(x, str) else "" for x in shown}) <= 1, name
        if rng.integers(2):
            for x, y in zip(fast.weights, plain.weights, strict=True):
                assert (x.data, x.grad) == pytest.approx((y.data, y.grad), rel=1e-7, abs=1e-9), (name, seed)
                assert (x._grad is None) is (y._grad is None), (name, seed)
    return was_parked
