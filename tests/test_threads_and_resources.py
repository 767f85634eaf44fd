"""Threads get exact sums, training leaves nothing behind, and importing changes nothing for anybody else."""

import functools
import gc
import os
import signal
import subprocess
import sys
import threading
import time
import tracemalloc
import warnings

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import Tensor, Value
from tinygrad_edu.core import backprop, leaf_set
from tinygrad_edu.core import commit as commits


@pytest.fixture
def hasty_switching():
    """Let Python switch threads as often as it can."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


def in_threads(n, function):
    """Run `function(i)` in n threads at once; return what each returned."""
    found, start = [None] * n, threading.Barrier(n)

    def run(i):
        start.wait()
        found[i] = function(i)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


@functools.cache
def python(program, **environment):
    """Return what a fresh Python prints when it runs `program`."""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env={**os.environ, **environment}, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


# Threads -------------------------------------------------------------------------------------------------------


def test_own_graphs_over_a_shared_leaf(hasty_switching):
    w = Tensor(np.linspace(-1, 1, 5))

    def work(i):
        x = Tensor(np.arange(5.0) + i)
        for _ in range(20):
            found = tg.gradients((w * x * x).sum(), [w, x])
        return [g.data.tolist() for g in found]

    assert in_threads(8, work) == [work(i) for i in range(8)]
    assert w.grad is None


@pytest.mark.parametrize("make", [Value, Tensor])
def test_backward_into_one_leaf_from_many_threads_is_exact(hasty_switching, make):
    w = make(3.0)

    def work(i):
        for _ in range(100):
            (w * w).backward()

    in_threads(8, work)
    assert w.grad == 8 * 100 * 6.0


class Finalized:
    """Garbage that only the collector finds, and that runs Python code when it does, where threads take turns."""

    def __init__(self, order):
        self.me, self.order = self, order

    def __del__(self):
        self.order.append("finalizer")


def test_no_finalizer_runs_in_the_middle_of_a_commit():
    order, kept, often = [], [], gc.get_threshold()
    lists, last = functools.partial(kept.extend, map(list, [()] * 50)), functools.partial(order.append, "last write")
    gc.collect()
    holder = [Finalized(order)]
    writes = commits.calls([holder.clear, lists, last])
    gc.set_threshold(1)  # the collector comes with the next list
    try:
        commits.commit(writes)
    finally:
        gc.set_threshold(*often)
    gc.collect()
    assert order == ["last write", "finalizer"]


def test_a_commit_that_is_refused_leaves_the_collector_as_it_was():
    x, was = Value(1.0), gc.isenabled()
    for on in (True, False):
        (gc.enable if on else gc.disable)()
        try:
            with pytest.raises(commits.ChangedMeanwhile):
                commits.commit(commits.unchanged((x,), "_raw", (2.0,)))
            assert gc.isenabled() is on
            commits.commit(commits.attributes((x,), "_raw", (1.0,)))
            assert gc.isenabled() is on
        finally:
            (gc.enable if was else gc.disable)()


def test_a_thread_that_pauses_between_reading_and_writing_a_gradient_loses_none(monkeypatch):
    w, commit = Value(3.0), backprop.commit
    attempts = []

    def slow(*writes):  # the sums have been computed by now
        attempts.append(len(writes))
        time.sleep(0.001)
        commit(*writes)

    monkeypatch.setattr(backprop, "commit", slow)
    in_threads(8, lambda i: (w * w).backward())
    assert w.grad == 8 * 6.0
    assert len(attempts) > 8, "no thread found that another had written"


def test_without_a_gil_a_lock_keeps_changes_of_state_apart(monkeypatch, hasty_switching):
    """What builds of Python without the lock of the interpreter do; none is tested here, so their path is taken."""
    monkeypatch.setattr(commits, "HAS_GIL", False)
    w, done = Value(3.0), []
    in_threads(8, lambda i: [(w * w).backward() for _ in range(30)])
    assert w.grad == 8 * 30 * 6.0
    change = commits.calls([functools.partial(done.append, 1)])
    thread = threading.Thread(target=commits.commit, args=(change,))
    with commits._lock:
        thread.start()
        thread.join(0.05)
        assert done == []
        commits.commit(commits.calls([functools.partial(done.append, 2)]))  # as a signal handler may
    thread.join()
    assert done == [2, 1]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_without_a_gil_a_forked_child_waits_for_no_thread_that_is_gone(monkeypatch):
    monkeypatch.setattr(commits, "HAS_GIL", False)
    entered, leave = threading.Event(), threading.Event()

    def hold():
        with commits._lock:
            entered.set()
            leave.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    entered.wait()
    child = os.fork()
    if child == 0:  # nothing may leave this block: the child is a copy of the test run
        signal.alarm(10)  # ends it where it waits for ever
        commits.commit()
        os._exit(0)
    leave.set()
    thread.join()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_an_operation_is_added_while_another_thread_differentiates(hasty_switching):
    def work(i):
        x = Value(2.0)
        for n in range(50):
            if i == 0:
                tg.op(f"added_{n}", "f({})", np.positive, lambda g, z, x: g)
            else:
                x.grad = None
                (x * x + x).backward()
        return x.grad

    assert in_threads(4, work)[1:] == [5.0] * 3


# Memory --------------------------------------------------------------------------------------------------------


def training(steps):
    """Train one scalar and one tensor parameter, keeping nothing but the losses' numbers."""
    x, v, w = np.linspace(-1, 1, 8), Value(0.5), Tensor(np.zeros(8))
    for _ in range(steps):
        loss = ((w * x - 1.0) ** 2).sum()
        scalar = (v * 3.0 - 1.0) ** 2
        for p, y in ((w, loss), (v, scalar)):
            y.backward()
            p.data -= 0.01 * p.grad
            p.grad = None
    return loss.item()


def test_training_leaves_nothing_behind():
    training(1)
    gc.collect()
    gc.disable()
    try:
        objects = len(gc.get_objects())
        tracemalloc.start()
        training(100)  # which gives every weight an array that is counted
        before, _ = tracemalloc.get_traced_memory()
        training(600)
        after, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        gc.enable()
    assert len(gc.get_objects()) - objects <= 5
    assert after - before < 5_000  # 8 bytes a step
    assert peak - before < 1_000_000


def test_a_node_keeps_its_graph_and_detach_lets_it_go():
    gc.collect()
    gc.disable()
    try:
        objects = len(gc.get_objects())
        x = Value(1.0)
        loss = x
        for _ in range(1000):
            loss = loss * 1.001
        assert len(gc.get_objects()) - objects >= 1000
        loss = loss.detach()
        assert len(gc.get_objects()) - objects < 10
    finally:
        gc.enable()


def test_leaves_that_are_gone_are_forgotten_and_no_other_is_taken_for_one_of_them():
    known = leaf_set.LeafSet()
    kept = [Tensor([float(i)]) for i in range(20)]
    known.members.update(known.references(kept))
    for _ in range(40):
        passing = [Tensor([0.0]) for _ in range(200)]
        known.members.update(known.references(passing))
    del passing
    assert len(known.members) == 20
    assert len(known.refs) <= 1300  # 1,000, and those that came in one call
    assert known.common([*kept, Tensor([0.0])]) == kept
    others = [Tensor([0.0]) for _ in range(3000)]  # some have the places of leaves that are gone
    assert known.common(others) == []
    assert known.references(kept) == known.references(kept)


def failing_rule(g, z, x):
    raise LookupError("on purpose")


def test_failures_leak_nothing():
    broken = tg.op("broken_for_leaks", "f({})", np.positive, failing_rule)
    w = Tensor([1.0, 2.0])

    def fail():
        for attempt in (lambda: w + np.ones(3), lambda: w @ np.ones(3), lambda: broken(w * w).sum().backward()):
            try:
                attempt()
            except (ValueError, LookupError):
                continue
            pytest.fail("did not fail")

    fail()
    gc.collect()
    objects = len(gc.get_objects())
    for _ in range(200):
        fail()
    gc.collect()
    assert len(gc.get_objects()) - objects <= 5
    assert w.grad is None
    (w * w).sum().backward()  # no lock was left held
    np.testing.assert_array_equal(w.grad, [2, 4])


# Other people's state ------------------------------------------------------------------------------------------

IMPORT = """
import sys, threading, warnings
import numpy as np
def state():
    return (np.geterr(), np.geterrcall(), np.random.get_state()[1].tolist(), np.get_printoptions(),
            sys.getrecursionlimit(), sys.getswitchinterval(), list(warnings.filters), sys.displayhook, sys.excepthook,
            threading.active_count())
before = state()
import tinygrad_edu as tg
x = tg.Tensor([1.0, 2.0])
(x * x).sum().backward()
repr(x), tg.nn, tg.data
assert state() == before
"""


def test_import_and_use_change_no_global_state_and_print_nothing():
    assert python(IMPORT) == ""


BITS = """
import numpy as np
import tinygrad_edu as tg
leaves = [tg.Value(0.1 * i + 0.01) for i in range(40)]
total = 0.0
for i, x in enumerate(leaves):
    for y in leaves[i:]:
        total = total + (x * y).tanh() / 3.0
total.backward()
w = tg.Tensor(np.linspace(-1, 1, 12).reshape(3, 4))
((w @ w.T) * w.sum()).sum().backward()
grads = tg.gradients(sum(w * x for x in (w, tg.exp(-w))).sum(), [w])
print([x.grad.hex() for x in leaves], w.grad.tobytes().hex(), grads[0].data.tobytes().hex())
"""


def test_the_same_bits_in_every_process():
    assert python(BITS, PYTHONHASHSEED="1") == python(BITS, PYTHONHASHSEED="4242")


TRAINED = """
import numpy as np
import tinygrad_edu as tg
net = tg.nn.Sequential(tg.nn.Linear(4, 6, rng=0), tg.nn.Tanh(), tg.nn.Dropout(0.2, rng=2), tg.nn.Linear(6, 2, rng=1))
optimizer, x = tg.nn.Adam(net.parameters(), lr=0.01), np.linspace(-1, 1, 20).reshape(5, 4)
def step():
    loss = (net(x) ** 2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss
step = way(step)
print([step().item().hex() for _ in range(6)], [w.numpy().tobytes().hex() for w in net.parameters()])
"""
EAGER, COMPILED = "way = lambda f: f\n", "import tinygrad_edu\nway = tinygrad_edu.compile\n"
FIRST = "import tinygrad_edu.draw, tinygrad_edu.check, tinygrad_edu.io.onnx, tinygrad_edu.data, tinygrad_edu.nn\n"
PLAIN = "import tinygrad_edu.nn\nfrom tinygrad_edu import fast\nfast.uninstall()\n"


@pytest.mark.parametrize(
    ("one", "other"),
    [(EAGER, FIRST + EAGER), (EAGER, PLAIN + EAGER), (COMPILED, FIRST + COMPILED), (COMPILED, PLAIN + COMPILED)],
    ids=["import order", "plain", "compiled, import order", "compiled, plain"],
)
def test_training_has_the_same_bits_in_every_process_import_order_and_engine(one, other):
    assert python(one + TRAINED, PYTHONHASHSEED="1") == python(other + TRAINED, PYTHONHASHSEED="77")


def test_compiled_training_agrees_with_eager_training_to_rounding():
    losses = [eval(python(way + TRAINED).partition("] [")[0] + "]") for way in (EAGER, COMPILED)]
    numbers = [[float.fromhex(text) for text in column] for column in losses]
    np.testing.assert_allclose(numbers[1], numbers[0], rtol=1e-13)


def test_the_users_random_numbers_are_untouched():
    np.random.seed(3)  # the legacy state is what must not move
    before = np.random.get_state()[1].copy()
    tg.data.make_moons(10, rng=np.random.default_rng(0))
    tg.nn.Linear(3, 2, rng=np.random.default_rng(0))
    tg.nn.Neuron(2)
    np.testing.assert_array_equal(np.random.get_state()[1], before)


def test_a_warning_is_given_once_a_line_at_the_users_line(capsys):
    zero = Value(0.0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        for _ in range(3):
            1.0 / zero
        1.0 / zero
    assert [w.filename for w in caught] == [__file__] * 2
    assert caught[1].lineno == caught[0].lineno + 1
    assert all(w.category is RuntimeWarning and "1 / 0 is inf" in str(w.message) for w in caught)
    assert capsys.readouterr() == ("", "")


def test_numpys_error_state_is_the_users():
    x = Tensor([0.0, 1.0])
    with np.errstate(divide="raise"), pytest.raises(FloatingPointError) as caught:
        1.0 / x
    assert "`divide`" in caught.value.__notes__[0]
    with np.errstate(divide="ignore"), warnings.catch_warnings():
        warnings.simplefilter("error")
        assert (1.0 / x).data[0] == np.inf


# Derivatives within derivatives --------------------------------------------------------------------------------


def test_a_derivative_within_a_derivative_keeps_its_variables_apart():
    assert tg.grad(lambda x: x * tg.grad(lambda y: x + y)(1.0))(5.0) == 1.0
    assert tg.grad(tg.grad(tg.grad(lambda x: x**4)))(2.0) == 48.0
    outer = Tensor(3.0)
    assert tg.grad(lambda x: x * outer)(2.0) == 3.0
    assert outer.grad is None
