"""Tests on numbers inside a compiled function: each way through is a program; `max` and `min` need one only."""

import itertools
import threading

import numpy as np
import pytest
from compiling import same
from refusing import refuses

import tinygrad_edu as tg
from tinygrad_edu import Tensor, Value, nn
from tinygrad_edu.errors import CompileError


def twins(make, calls):
    """Call a function and its twin compiled, and compare results and what is left behind."""
    (plain, state), (twin, others) = make(), make()
    fast = tg.compile(twin)
    for call in calls:
        same(fast(*call), plain(*call))
        for ours, theirs in zip(others(), state(), strict=True):
            same(ours, theirs)
    return fast


def test_a_clipped_step_with_an_early_return():
    def make():
        w = Tensor([1.0, -2.0])
        opt = nn.SGD([w], lr=0.1, momentum=0.9)

        def step(x):
            opt.zero_grad()
            loss = ((w * x) ** 2).sum()
            loss.backward()
            length = (w.grad**2).sum() ** 0.5
            if length < 0.5:
                return loss
            if length > 2.0:
                w.grad = w.grad * (2.0 / length)
            opt.step()
            return loss

        return step, lambda: [w, *(part for parts in opt.memory for part in parts)]

    rng = np.random.default_rng(0)
    fast = twins(make, [(rng.normal(size=2) * 10.0 ** rng.integers(-2, 2),) for _ in range(40)])
    assert sum(map(len, fast.programs.values())) == 3


def test_tests_on_values_on_state_and_on_what_was_assigned_before():
    def make():
        w, steps = Value(1.0), Tensor(np.zeros(()), requires_grad=False)

        def f(x):
            with tg.no_grad():
                steps.assign(steps + 1)
            if steps > 3:
                w.data = w.data * 0.5
            return w * x if w * x > 1.0 and bool(x) else w - x

        return f, lambda: [w, steps]

    twins(make, [(Value(x, requires_grad=False),) for x in (2.0, 0.1, -1.0, 3.0, 1.0, 1.0, 5.0, 0.0)])


def test_too_many_ways_are_refused_with_the_cure():
    def f(x):
        total = x[0] * 0.0
        for k in range(16):
            total = total + (x[k] if x[k] > 0 else 0.0)
        return total

    rng, fast = np.random.default_rng(0), tg.compile(f)
    with refuses(CompileError, "tinygrad_edu.where", "16 different ways"):
        call_often(fast, rng)


def call_often(fast, rng):
    for _ in range(40):
        fast(rng.normal(size=16))


def softmax(logits):
    largest = max(v.data for v in logits)
    exps = [(v - largest).exp() for v in logits]
    total = sum(exps)
    return [e / total for e in exps]


def test_max_and_min_of_numbers_are_one_program():
    def f(logits):
        return [*softmax(logits), max(logits), min(logits[0], logits[1]), max(1, 2), min([3.0, 1.0])]

    rng, fast = np.random.default_rng(1), tg.compile(f)
    for _ in range(20):
        given = [Value(x, requires_grad=False) for x in rng.normal(size=7)]
        for ours, theirs in zip(fast(given), f(given), strict=True):
            same(ours, theirs)
    assert sum(map(len, fast.programs.values())) == 1


def test_max_and_min_of_tensors_and_constants_are_one_program():
    f = lambda x, y: (max(x.sum(), y.sum(), 0.5), min([2 * x.sum(), y.sum(), Tensor(1.0, False)]))  # noqa: E731
    fast = tg.compile(f)
    for x, y in itertools.permutations(([1.0, -3.0], [2.0, 0.1], [-4.0, 0.2]), 2):
        given = Tensor(x, requires_grad=False), Tensor(y, requires_grad=False)
        for ours, theirs in zip(fast(*given), f(*given), strict=True):
            assert float(ours) == float(theirs)
    assert len(fast.programs) == 1


def test_max_of_numbers_with_gradients_is_a_test_as_only_the_one_that_is_chosen_gets_one():
    weights = [Value(float(i)) for i in range(3)]

    def f(x):
        for w in weights:
            w.grad = None
        max(w * w * x for w in weights).backward()
        return [w._grad is None for w in weights], [w.grad for w in weights]

    fast = tg.compile(f)
    for x in (1.0, -1.0, 2.0):
        (missing, gradients), expected = fast(x), f(x)
        assert [w._slope is None for w in weights] == [w != 2.0 if x > 0 else w != 0.0 for w in (0.0, 1.0, 2.0)]
        assert missing == expected[0]
        assert [float(g) for g in gradients if g is not None] == [float(g) for g in expected[1] if g is not None]


def test_max_is_python_s_own_elsewhere_and_afterwards():
    originals, seen = (max, min), []
    started, traced = threading.Event(), threading.Event()

    def watch():
        started.wait()
        seen.append((max(2, 3), max([5, 1], key=lambda x: -x), min((), default=7)))
        traced.set()

    thread = threading.Thread(target=watch)
    thread.start()

    def f(x):
        started.set()
        traced.wait()
        return x * max(2, 3) + max([4, 9], key=lambda x: -x)

    assert tg.compile(f)(Tensor([1.0])).item() == 7.0
    thread.join()
    assert seen == [(3, 1, 7)]
    assert (max, min) == originals
    with pytest.raises(ZeroDivisionError):
        tg.compile(lambda x: x / 0 if 1 // 0 else x)(Tensor([1.0]))
    assert (max, min) == originals


def test_a_test_that_python_makes_of_a_membership_or_a_loop():
    def f(x):
        k = 0
        while x * 2.0**k < 10.0:
            k += 1
        return x * k

    fast = tg.compile(f)
    for x in (1.0, 3.0, 9.0, 1.1, 20.0):
        same(fast(Tensor(x, requires_grad=False)), f(Tensor(x, requires_grad=False)))
