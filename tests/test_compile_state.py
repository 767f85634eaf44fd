"""State that a compiled function leaves: all or nothing, and memory that users hold is theirs."""

import contextlib
import itertools
import math
import os
import signal
import threading
import time

import numpy as np
import pytest
from compiling import same

import tinygrad_edu as tg
from tinygrad_edu import Tensor, Value, nn
from tinygrad_edu.compile.vectorize.bulk_io import check_finite
from tinygrad_edu.errors import AnomalyError, CompileError

X = np.array([1.0, -2.0, 3.0])


def training(optimizer=lambda w: nn.Adam(w, lr=0.1), after=lambda w, x: None):
    w = Tensor([1.0, 2.0, 3.0])
    opt = optimizer([w])

    def step(x):
        opt.zero_grad()
        loss = ((w * x) ** 2).sum()
        loss.backward()
        opt.step()
        after(w, x)
        return loss

    return w, opt, step


HELD = {
    "data": lambda w, opt: w.data,
    "gradient": lambda w, opt: w.grad,
    "view": lambda w, opt: w[1:],
    "reshaped": lambda w, opt: w.reshape(3, 1)._data,
    "asarray": lambda w, opt: np.asarray(w.data),
    "memory": lambda w, opt: opt.memory[0][0],
    "node of it": lambda w, opt: tg.real(w),
}


@pytest.mark.parametrize("kind", HELD)
def test_memory_that_is_held_does_not_change(kind):
    w, opt, step = training()
    fast = tg.compile(step)
    held = []
    for k in range(8):
        fast(X + k)
        thing = HELD[kind](w, opt)
        array = thing._data if isinstance(thing, Tensor) else thing
        held.append((thing, array, np.array(array)))
    for _, array, copy in held:
        np.testing.assert_array_equal(np.asarray(array), copy)
    assert len({np.array(copy).tobytes() for *_, copy in held}) == 8  # or they would not have been those of each step


def test_memory_that_is_held_does_not_change_where_weights_are_assigned_between():
    w, _, step = training(lambda w: nn.SGD(w, lr=0.1))
    fast, held = tg.compile(step), []
    for k in range(8):
        fast(X + k)
        held += [(array, np.array(array)) for array in (w[1:]._data, w.data)]
        w.data = [1.0, 2.0, 3.0 + k]
    for array, copy in held:
        np.testing.assert_array_equal(np.asarray(array), copy)


def test_weights_keep_their_layout():
    found = []
    for compiled in (True, False):
        weights = [Tensor(np.asfortranarray(np.arange(6.0).reshape(2, 3))), Tensor(np.ones((3, 2)))]
        opt = nn.Adam(weights, lr=0.1)

        def step(x, weights=weights, opt=opt):
            opt.zero_grad()
            ((weights[0] @ weights[1] * x) ** 2).sum().backward()
            opt.step()

        step = tg.compile(step) if compiled else step
        for k in range(5):
            step(np.float64(k))
        found.append([(w.data.flags.f_contiguous, w.data) for w in weights])
    for (ours, numbers), (theirs, others) in zip(*found, strict=True):
        assert ours == theirs
        same(numbers, others)


def test_memory_of_an_optimiser_that_is_put_back():
    found = []
    for compiled in (True, False):
        w, opt, step = training()
        step = tg.compile(step) if compiled else step
        step(X)
        kept, data = opt.memory, w.data.copy()
        for k in range(3):
            step(X + k)
        opt.memory = kept
        w.data = data
        step(X)
        found.append(w)
    same(*found)


def test_an_exception_after_the_step_leaves_everything_as_it_was():
    table = np.arange(5.0)
    w, opt, step = training(after=lambda w, x: Tensor(table, requires_grad=False)[(x * 0 + 1).astype(int) * 9])
    with pytest.raises(IndexError):
        tg.compile(step)(X)
    assert w.tolist() == [1.0, 2.0, 3.0]
    assert (w.grad, opt.steps) == (None, 0)
    assert np.abs(opt.memory[0][0]).max() == 0


@pytest.mark.parametrize("kind", [nn.SGD, nn.Adam, lambda w, lr: nn.SGD(w, lr, momentum=0.9)])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("scalar", [False, True])
def test_a_step_to_no_finite_number_is_refused_as_in_eager_mode(kind, bad, scalar):
    w = Value(2.0, "w") if scalar else Tensor([2.0, 3.0], label="w")
    opt = kind([w], lr=0.1)

    def step(x):
        opt.zero_grad()
        loss = w * x if scalar else (w * x).sum()
        loss.backward()
        opt.step()

    fast = tg.compile(step)
    fast(1.0), fast(2.0)
    before, grad = np.array(w.data), np.array(w.grad)
    with pytest.raises(AnomalyError, match=r"parameter 0, `w` holds (nan|inf)"), np.errstate(all="ignore"):
        fast(bad)
    np.testing.assert_array_equal(w.data, before)
    np.testing.assert_array_equal(w.grad, grad)
    assert opt.steps == 2
    fast(1.0)
    assert opt.steps == 3


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("shape", [(), (3,), (2, 2)])
def test_a_step_is_checked_in_both_parts_of_a_complex_number(bad, shape):
    for number in (complex(1.0, bad), complex(bad, 1.0)):
        with pytest.raises(AnomalyError, match="not finite"), np.errstate(all="ignore"):
            check_finite(np.ones(shape, complex), np.full(shape, number))


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="interrupts by a timer are POSIX's")
def test_an_interrupted_step_is_whole_or_not_taken():
    """Ctrl-C at any moment: weights, memory, the count of steps and gradients of arguments belong to one of them."""
    w, opt, step = training(lambda w: nn.SGD(w, lr=0.01, momentum=0.5))
    fast, given = tg.compile(step), Tensor(X)
    for _ in range(3):
        fast(given)
    assert "map(set_slope, graded, added_gradients(graded, " in fast.source
    signal.signal(signal.SIGALRM, raise_interrupt)
    torn = interrupted = 0
    seen = 0
    struck.clear()
    try:
        for k in range(300):
            start, count, velocity, grad = w.data.copy(), opt.steps, np.array(opt.memory[0][0]), np.array(given.grad)
            try:
                signal.setitimer(signal.ITIMER_REAL, 1e-5 * (1 + k % 20))
                for _ in range(50):
                    start, count, velocity, grad = (
                        w.data.copy(),
                        opt.steps,
                        np.array(opt.memory[0][0]),
                        np.array(given.grad),
                    )
                    calling.append(1)
                    fast(given)
                    calling.clear()
                signal.setitimer(signal.ITIMER_REAL, 0)
            except InterruptedError:
                interrupted += 1
                seen += bool(calling)
            calling.clear()
            taken = opt.steps - count
            torn += taken not in (0, 1)
            torn += np.array_equal(w.data, start) != (taken == 0)
            torn += np.array_equal(given.grad, grad) != (taken == 0)
            torn += np.array_equal(opt.memory[0][0], velocity) != (taken == 0)
            if abs(w.data).max() < 1e-3:
                w.data = [1.0, 2.0, 3.0]
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
    assert interrupted > 50
    assert torn == 0
    assert seen == len(struck) > 50, "an interrupt was taken for a fault of the program and lost"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_that_is_forked_during_a_call_computes_by_itself():
    """The thread that holds the functions' lock is not there any more; what the child trains is its own."""
    w, _, step = training(lambda w: nn.SGD(w, lr=0.01, momentum=0.5))
    fast = tg.compile(step)
    first = fast(X).item()
    entered, leave = threading.Event(), threading.Event()

    def call():
        with fast.group.lock:
            entered.set()
            leave.wait()

    thread = threading.Thread(target=call)
    thread.start()
    entered.wait()
    before = w.data.copy()
    child = os.fork()
    if child == 0:  # nothing may leave this block: the child is a copy of the test run
        with contextlib.suppress(BaseException):
            signal.alarm(20)  # ends it where it waits for ever
            losses = [fast(X).item() for _ in range(3)]
            os._exit(0 if first > losses[0] > losses[1] > losses[2] else 2)
        os._exit(3)
    leave.set()
    thread.join()
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    np.testing.assert_array_equal(w.data, before)
    assert fast(X).item() < first


calling, struck = [], []  # while a compiled step runs, and for each signal that came then


def raise_interrupt(*_):
    if calling:
        struck.append(1)
    raise InterruptedError


def test_two_functions_on_one_weight_in_two_threads():
    w = Tensor(np.ones(50))
    opts = [nn.SGD([w], lr=1e-4) for _ in range(2)]

    def make(opt):
        def step(x):
            opt.zero_grad()
            (w * x).sum().backward()
            opt.step()

        return tg.compile(step)

    errors = []

    def work(fast):
        try:
            for _ in range(200):
                fast(np.ones(50))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(make(opt),)) for opt in opts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    np.testing.assert_allclose(w.data, 1 - 400e-4)
    assert [opt.steps for opt in opts] == [200, 200]


def test_a_tie_that_rounding_breaks_is_no_difference_and_a_clock_is_one():
    w = Tensor([0.1, 0.2, -0.3])
    fast = tg.compile(lambda x: np.where((w * x).sum() > 0, 1.0, -1.0) * x)
    for _ in range(3):
        assert abs(fast(np.ones(3)).data).sum() == 3.0
    tie = tg.compile(lambda x: np.where((x[0] + x[1]) + x[2] > x[0] + (x[1] + x[2]), 1.0, -1.0) * x)
    for _ in range(3):
        tie(np.array([0.1, 0.2, 0.3]))
    clock = tg.compile(lambda x: x * (time.perf_counter() % 1.0))
    with pytest.raises(CompileError, match="clock"):
        clock(np.ones(3))


# Programs that were refused, and work -----------------------------------------------------------------------------


def test_a_rate_in_a_value_and_python_s_functions_of_floats():
    w, v, lr = Tensor([1.0, 2.0]), Value(3.0), Value(0.1)

    def f(x):
        w.grad = v.grad = None
        (w * w).sum().backward()
        (v * v).backward()
        v.data = v.data - lr.data * v.grad
        return w.data * x, v.data

    found = [tg.compile(f)(2.0), f(2.0)]
    same(found[0][0], found[1][0])
    assert math.isclose(found[0][1].data, 3.0 - 0.1 * 6.0)


@pytest.mark.filterwarnings("error:a program of")
@pytest.mark.parametrize(
    "f", [lambda x: Value(2.0) * math.sqrt(x), lambda x: tg.array([x, 2 * x]), lambda x: Tensor([x, -x]) * x]
)
def test_plain_floats_that_python_or_numpy_ask_for(f):
    fast = tg.compile(f)
    for x in (4.0, 9.0, 4.0, -0.0, 0.0):
        same(fast(x), f(x))


def gpt_like(kind):
    """A small language model in lists of single numbers: embedding, attention, norm, softmax."""
    rng = np.random.default_rng(3)
    matrix = lambda m, n: [[kind(float(x)) for x in row] for row in rng.normal(size=(m, n)) * 0.3]  # noqa: E731
    words, q, k, v, out = matrix(5, 4), matrix(4, 4), matrix(4, 4), matrix(4, 4), matrix(5, 4)
    params = [p for m in (words, q, k, v, out) for row in m for p in row]
    for p in params:
        p.grad = 0

    def product(m, x):
        return [sum(w * a for w, a in zip(row, x, strict=True)) for row in m]

    def softmax(scores):
        largest = max(s.data for s in scores)
        exps = [(s - largest).exp() for s in scores]
        return [e / sum(exps) for e in exps]

    def norm(x):
        return [a * (sum(b * b for b in x) / len(x) + 1e-5) ** -0.5 for a in x]

    def loss(tokens):
        keys, values, losses = [], [], []
        for word, target in itertools.pairwise(tokens):
            x = norm(words[word])
            keys.append(product(k, x))
            values.append(product(v, x))
            query = product(q, x)
            weights = softmax([sum(a * b for a, b in zip(query, key, strict=True)) / 2 for key in keys])
            mixed = [sum(w * value[j] for w, value in zip(weights, values, strict=True)) for j in range(4)]
            h = [(a + b).relu() for a, b in zip(mixed, x, strict=True)]
            losses.append(-softmax(product(out, h))[target].log())
        total = (1 / len(losses)) * sum(losses)
        total.backward()
        return total

    first, second = [0.0] * len(params), [0.0] * len(params)

    def update(step):
        for i, p in enumerate(params):
            first[i] = 0.85 * first[i] + 0.15 * p.grad
            second[i] = 0.99 * second[i] + 0.01 * p.grad**2
            p.data -= 0.02 * first[i] / (1 - 0.85**step) / ((second[i] / (1 - 0.99**step)) ** 0.5 + 1e-8)
            p.grad = 0

    return loss, update


class Plain:
    """A number with reverse mode in a dozen lines: what such programs bring along."""

    def __init__(self, data, inputs=(), slopes=()):
        self.data, self.grad, self.inputs, self.slopes = data, 0, inputs, slopes

    def __add__(self, other):
        other = other if isinstance(other, Plain) else Plain(other)
        return Plain(self.data + other.data, (self, other), (1, 1))

    def __mul__(self, other):
        other = other if isinstance(other, Plain) else Plain(other)
        return Plain(self.data * other.data, (self, other), (other.data, self.data))

    def __pow__(self, n):
        return Plain(self.data**n, (self,), (n * self.data ** (n - 1),))

    def exp(self):
        return Plain(math.exp(self.data), (self,), (math.exp(self.data),))

    def log(self):
        return Plain(math.log(self.data), (self,), (1 / self.data,))

    def relu(self):
        return Plain(max(0, self.data), (self,), (float(self.data > 0),))

    __radd__, __rmul__ = __add__, __mul__

    def __neg__(self):
        return self * -1

    def __sub__(self, other):
        return self + (-other)

    def __truediv__(self, other):
        return self * other**-1

    def backward(self):
        order, seen = [], set()

        def visit(x):
            if x not in seen:
                seen.add(x)
                for y in x.inputs:
                    visit(y)
                order.append(x)

        visit(self)
        self.grad = 1
        for x in reversed(order):
            for y, slope in zip(x.inputs, x.slopes, strict=True):
                y.grad += slope * x.grad


def test_a_language_model_of_single_numbers_with_only_its_class_replaced():
    courses = []
    for kind, compiled in ((Plain, False), (Value, False), (Value, True)):
        loss, update = gpt_like(kind)
        loss, course = tg.compile(loss) if compiled else loss, []
        for step in range(1, 9):
            course.append(loss([0, 3, 1, 4] if step % 2 else [0, 2, 2]).data)
            update(step)
        courses.append(course)
    np.testing.assert_allclose(courses[1], courses[0], rtol=1e-12)
    np.testing.assert_allclose(courses[2], courses[0], rtol=1e-10)
    assert courses[0][-2] < courses[0][0]


def micrograd_demo(compiled):
    """The demonstration of micrograd with batches and a falling rate, as a step of the batch and the rate."""
    rng = np.random.default_rng(0)
    points = rng.normal(size=(40, 2))
    labels = np.where(points[:, 0] * points[:, 1] > 0, 1.0, -1.0)
    model = nn.MLP(2, [8, 1], rng=1337)

    def step(xs, ys, rate):
        scores = [model([Value(a), Value(b)]) for a, b in xs]
        losses = [(1 + -y * s).relu() for y, s in zip(ys, scores, strict=True)]
        total = sum(losses) * (1.0 / len(losses)) + 1e-4 * sum(p * p for p in model.parameters())
        model.zero_grad()
        total.backward()
        for p in model.parameters():
            p.data -= rate * p.grad
        return total

    fast = tg.compile(step) if compiled else step
    course = []
    for k in range(8):
        rows = rng.permutation(40)[:10]
        course.append(fast(points[rows].tolist(), labels[rows].tolist(), 1.0 - 0.9 * k / 8).data)
    return course, [p.data for p in model.parameters()]


def test_micrograd_s_demonstration_with_batches_and_a_falling_rate():
    for ours, theirs in zip(micrograd_demo(True), micrograd_demo(False), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9)
