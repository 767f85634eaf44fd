"""What every back-end owes: rows, training, branches, errors and state, each against the function itself.

The tests are made from the table of back-ends, so that one that is added to it is tested from then on.
"""

import numpy as np
import pytest
from samples import NAMES, operands_of, samples

import tinygrad_edu as tg
from tinygrad_edu import Tensor, Value, nn
from tinygrad_edu.compile.backends import BACKENDS
from tinygrad_edu.core.op import TABLE
from tinygrad_edu.errors import AnomalyError, StaleGraphError


@pytest.fixture(params=sorted(BACKENDS))
def compiled(request):
    """tg.compile with one back-end."""
    try:
        BACKENDS[request.param]()
    except ImportError as error:
        pytest.skip(str(error))
    return lambda f: tg.compile(f, backend=request.param)


def same(ours, theirs, tolerance=1e-11):
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=tolerance, atol=tolerance)


class Training:
    """A net with dropout and batch normalisation, and a step that trains it."""

    def __init__(self, wrap):
        rng = np.random.default_rng(3)
        hidden = nn.Linear(5, 8, rng=rng), nn.Tanh(), nn.BatchNorm1d(8), nn.Dropout(0.2, rng=rng)
        self.net = nn.Sequential(*hidden, nn.Linear(8, 3, rng=rng))
        self.optimizer = nn.Adam(self.net.parameters(), lr=0.05)
        self.step = wrap(self.plain)

    def plain(self, x, y):
        self.optimizer.zero_grad()
        loss = nn.functional.cross_entropy(self.net(x), y)
        loss.backward()
        self.optimizer.step()
        return loss

    def left(self):
        memory = [x for entry in self.optimizer.state_dict()["state"].values() for x in entry.values()]
        return [*self.net.state_dict().values(), *(p.grad for p in self.net.parameters()), *memory]


def batches(n, rows=12):
    rng = np.random.default_rng(n)
    return [(rng.normal(size=(rows, 5)), rng.integers(0, 3, rows)) for _ in range(n)]


def test_a_row_of_every_module_of_operations_with_its_gradients(compiled):
    modules = {TABLE[name].forward.__module__: name for name in NAMES if samples(name)}
    for name in modules.values():
        (operands, params), *_ = samples(name)
        places = [i for i in operands_of((operands, params)) if isinstance(operands[i], np.ndarray)]
        cotangent = np.random.default_rng(1).normal(size=np.shape(TABLE[name].forward(*operands, **params)))

        def f(*given, name=name, operands=operands, params=params, places=places, cotangent=cotangent):
            every = list(operands)
            for i, x in zip(places, given, strict=True):
                every[i] = x
            z = TABLE[name](*every, **params)
            by = [x for x in given if x.requires_grad]
            return (z, *tg.gradients(z, by, cotangent)) if by and z.requires_grad else (z,)

        given = [Tensor(operands[i]) for i in places]
        same([x.data for x in compiled(f)(*given)], [x.data for x in f(*given)], 1e-10)


def test_training_leaves_what_the_function_itself_leaves(compiled):
    ours, plain = Training(compiled), Training(lambda f: f)
    for x, y in batches(5) + batches(2, rows=7) + batches(2):
        same([ours.step(x, y).item()], [plain.step(x, y).item()])
    same(ours.left(), plain.left())


def test_eager_steps_and_assigned_weights_in_between_keep_their_meaning(compiled):
    ours, plain = Training(compiled), Training(lambda f: f)
    for run, steps in ((ours, (ours.step, ours.plain)), (plain, (plain.plain,) * 2)):
        for i, (x, y) in enumerate(batches(6)):
            steps[i % 2](x, y)
            weight = run.net[0].weight
            weight.data -= 0.1 * weight.grad
    same(ours.left(), plain.left())


def test_a_graph_from_before_a_step_is_stale(compiled):
    run = Training(compiled)
    (x, y), *_ = batches(1)
    run.step(x, y)
    loss = nn.functional.cross_entropy(run.net(x), y)
    run.step(x, y)
    with pytest.raises(StaleGraphError):
        loss.backward()


@pytest.mark.filterwarnings("ignore:invalid value")
def test_a_step_that_fails_changes_no_weight_no_statistic_and_no_memory(compiled):
    run = Training(compiled)
    (x, y), *_ = batches(1)
    run.step(x, y)
    n = len(run.net.state_dict())
    grads = len(list(run.net.parameters()))

    def kept():
        left = [np.array(part) for part in run.left()]
        return left[:n] + left[n + grads :]  # the gradients are the failed step's own

    before = kept()
    with pytest.raises(AnomalyError):
        run.step(np.where(x > 1, np.inf, x), y)
    with pytest.raises(IndexError, match="but there are 3 classes"):
        run.step(x, y + 3)
    same(kept(), before, 0)
    run.step(x, y)


def test_arrays_that_a_user_gives_and_gets_are_never_written(compiled):
    run = Training(compiled)
    (x, y), *_ = batches(1)
    weight, given = run.net[0].weight, x.copy()
    kept = [(a, a.copy()) for _ in range(4) for a in [run.step(given, y).data, weight.data, weight.grad]]
    given[:] = 0
    weight.assign(kept[1][1])
    run.step(x, y)
    for a, was in kept:
        np.testing.assert_array_equal(a, was)


def test_an_index_past_the_end_is_the_error_of_the_function_itself(compiled):
    table = Tensor(np.arange(12.0).reshape(4, 3))
    fast = compiled(lambda i: table[i] * 2.0)
    np.testing.assert_array_equal(fast(np.array([1, -1])).data, 2 * table.data[[1, -1]])
    with pytest.raises(IndexError):
        fast(np.array([1, 4]))


def test_a_branch_on_numbers_takes_the_other_program(compiled):
    w = Tensor([2.0], label="w")

    def f(x):
        y = (w * x).sum()
        if y > 0:
            w.assign(w + 1)
            return y
        return -y * 3

    data = [np.array([1.0]), np.array([-1.0]), np.array([3.0])]
    fast = compiled(f)
    ours = [fast(x).item() for x in data], w.data.tolist()
    w.assign([2.0])
    assert ours == ([f(x).item() for x in data], w.data.tolist())


def test_loops_over_values(compiled):
    net, rng = nn.MLP(2, [4, 1], rng=0), np.random.default_rng(1)
    points = rng.normal(size=(10, 2)).tolist()

    def step():
        net.zero_grad()
        loss = sum(((1 - net(x)).relu() for x in points), Value(0.0)) * 0.1
        loss.backward()
        for p in net.parameters():
            p.data -= 0.1 * p.grad
        return loss

    start = net.state_dict()
    fast = compiled(step)
    ours = [fast().data for _ in range(4)], [p.data for p in net.parameters()]
    net.load_state_dict(start)
    theirs = [step().data for _ in range(4)], [p.data for p in net.parameters()]
    same(ours[0], theirs[0])
    same(ours[1], theirs[1])
