"""Programs that XLA compiles, past what test_backends.py asks of every back-end; held against the plain engine."""

import sys

import numpy as np
import pytest
from samples import NAMES, operands_of, samples

import tinygrad_edu as tg
from tinygrad_edu import Tensor, nn
from tinygrad_edu.compile.backends.mesh import Mesh
from tinygrad_edu.compile.backends.on_jax import OnJax
from tinygrad_edu.core.node import Node
from tinygrad_edu.core.op import TABLE
from tinygrad_edu.errors import AnomalyError, CompileError
from tinygrad_edu.nn import optim

jax = pytest.importorskip("jax", reason="JAX is not installed: pip install tinygrad-edu[xla]")

REFUSED = {"argpartition"}  # NumPy's own choice of an order
if TABLE["eig"].forward(np.eye(2)).dtype == float:  # which is always complex in JAX, and in NumPy from 2.5 on
    REFUSED.add("eig")


def of_dtype(x, dtype):
    return x.astype(dtype) if isinstance(x, np.ndarray) and x.dtype == float else x


def close(ours, theirs, tolerance, name):
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    assert (ours.shape, ours.dtype) == (theirs.shape, theirs.dtype), name
    if ours.dtype.kind in "fc":
        size = max(np.max(np.abs(theirs), initial=0.0), 1e-3)
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=tolerance * size, err_msg=name)
    else:
        np.testing.assert_array_equal(ours, theirs, err_msg=name)


def row_and_gradients(row, operands, params, places, rng):
    """A function of the operands at `places`: what the row gives, and its gradients by a random cotangent."""
    like = row.forward(*operands, **params)
    cotangent = rng.normal(size=np.shape(like)).astype(np.asarray(like).dtype, copy=False)

    def f(*given):
        every = list(operands)
        for i, x in zip(places, given, strict=True):
            every[i] = x
        z = row(*every, **params)
        by = [x for x in given if x.requires_grad]
        return (z, *tg.gradients(z, by, cotangent)) if by and z.requires_grad else (z,)

    return f


def everything(names, dtype, most):
    """One function of the operands of all samples of some rows, at most so many of each, and these operands."""
    parts, given = [], []
    for name in names:
        rng = np.random.default_rng(7)
        for operands, params in samples(name)[:most]:
            operands = [of_dtype(x, dtype) for x in operands]
            if name == "astype":
                params = {"dtype": np.dtype(dtype)}
            places = [i for i in operands_of((operands, params)) if isinstance(operands[i], np.ndarray)]
            parts.append((name, row_and_gradients(TABLE[name], operands, params, places, rng), len(places)))
            given.append([Tensor(operands[i]) for i in places])

    def f(*given):
        return [part(*xs) for (_, part, _), xs in zip(parts, given, strict=True)]

    return f, given, [name for name, *_ in parts]


class Hastily:
    """In place of a function to be jitted: compiled without the optimisations that make it quick."""

    def __init__(self, function):
        self.function = function

    def lower(self, *inputs):
        self.lowered = jax.jit(self.function).lower(*inputs)
        return self

    def compile(self):
        return self.lowered.compile({"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True})


ALIKE = [name for name in NAMES if name not in REFUSED]


@pytest.mark.parametrize("part", range(4))
@pytest.mark.parametrize(("dtype", "most", "tolerance"), [(np.float64, 1, 1e-10), (np.float32, 1, 2e-4)])
def test_every_row_and_its_gradients_are_what_they_are_eagerly(monkeypatch, part, dtype, most, tolerance):
    monkeypatch.setattr(Mesh, "jit", lambda _, f, *__: Hastily(f))
    f, given, names = everything(ALIKE[part::4], dtype, most)
    ours, theirs = tg.compile(f, backend="jax")(*given), f(*given)
    for name, mine, plain in zip(names, ours, theirs, strict=True):
        for a, b in zip(mine, plain, strict=True):
            close(a.data, b.data, tolerance, name)


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_a_row_that_jax_computes_otherwise_is_refused_by_name(name):
    operands, params = samples(name)[0]
    with pytest.raises(CompileError, match=f'`{name}` cannot be computed by backend="jax".*test_xla.py'):
        tg.compile(lambda x: TABLE[name](x, **params), backend="jax")(Tensor(operands[0]))


# Training -------------------------------------------------------------------------------------------------------


def linear(n, m, seed):
    return nn.Linear(n, m, rng=np.random.default_rng(seed))


def mlp():
    return nn.Sequential(linear(8, 16, 1), nn.ReLU(), linear(16, 3, 2))


def normalised():
    return nn.Sequential(linear(8, 16, 1), nn.BatchNorm1d(16), nn.Tanh(), linear(16, 3, 2))


def dropping():
    return nn.Sequential(linear(8, 16, 1), nn.Tanh(), nn.Dropout(0.3, rng=np.random.default_rng(5)), linear(16, 3, 2))


def both():
    normal, dropout = nn.BatchNorm1d(16), nn.Dropout(0.3, rng=np.random.default_rng(5))
    return nn.Sequential(linear(8, 16, 1), normal, nn.Tanh(), dropout, linear(16, 3, 2))


def cnn():
    first, second = (np.random.default_rng(k) for k in (1, 2))
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1, rng=first), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(64, 3, rng=second)
    )


NETS = {"mlp": mlp, "batch norm": normalised, "dropout": dropping, "both": both, "cnn": cnn}
OPTIMIZERS = {
    "adam": lambda params: nn.Adam(params, lr=0.03),
    "momentum": lambda params: nn.SGD(params, lr=0.05, momentum=0.9),
}


class Run:
    """A net that is trained, and everything that training leaves."""

    def __init__(self, net, optimizer, backend, clip=None, **how):
        model = self.model = NETS[net]()
        steps = self.optimizer = OPTIMIZERS[optimizer](model.parameters())
        self.schedule = optim.CosineAnnealingLR(self.optimizer, 20)

        def step(x, y):
            steps.zero_grad()
            loss = nn.functional.cross_entropy(model(x), y)
            loss.backward()
            if clip is not None:
                optim.clip_grad_norm(model.parameters(), clip)
            steps.step()
            return loss

        self.plain = step
        self.step = step if backend is None else tg.compile(step, backend=backend, **how)

    def train(self, batches):
        losses = []
        for x, y in batches:
            losses.append(self.step(x, y).item())
            self.schedule.step()
        return losses

    def left(self):
        state = self.optimizer.state_dict()
        memory = [x for entry in state["state"].values() for x in entry.values()]
        grads = [p.grad for p in self.model.parameters()]
        return [*self.model.state_dict().values(), *grads, *memory]


def batches(net, n=20, rows=16, seed=0):
    rng = np.random.default_rng(seed)
    shape = (rows, 1, 8, 8) if net == "cnn" else (rows, 8)
    return [(rng.normal(size=shape), rng.integers(0, 3, rows)) for _ in range(n)]


def all_close(ours, theirs, tolerance=1e-11):
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(
    ("net", "optimizer", "clip"),
    [("mlp", "adam", None), ("batch norm", "momentum", None), ("dropout", "adam", 0.5), ("cnn", "momentum", None)],
)
def test_twenty_steps_leave_what_the_plain_engine_leaves(net, optimizer, clip):
    ours, plain = Run(net, optimizer, "jax", clip), Run(net, optimizer, None, clip)
    data = batches(net)
    all_close(ours.train(data), plain.train(data))
    all_close(ours.left(), plain.left())
    assert len(ours.step.programs) == 1


# State ----------------------------------------------------------------------------------------------------------


def weights(run):
    return list(run.model.parameters())


def test_state_stays_on_the_device_until_it_is_read():
    run = Run("mlp", "adam", "jax")
    run.train(batches("mlp", 3))
    run.step.last.left = 10**9  # a comparison with the function itself reads all state
    run.train(batches("mlp", 1))
    (first, *_) = weights(run)
    held = vars(Node)["_raw"].__get__(first)
    assert type(held).__name__ == "Cell"
    run.train(batches("mlp", 3))
    assert vars(Node)["_raw"].__get__(first) is held  # nothing was fetched, or sent, in between
    numbers, _ = first.data, first.grad
    assert type(first) is Tensor  # all of it has been fetched
    assert not np.shares_memory(numbers, np.asarray(held.array))


def test_eager_steps_assignments_and_other_programs_in_between_keep_their_meaning():
    data = batches("mlp", 4)
    ours, plain = Run("mlp", "adam", "jax"), Run("mlp", "adam", None)
    on_numpy = tg.compile(ours.plain)
    for run, others in ((ours, (ours.step, ours.plain, on_numpy)), (plain, (plain.plain,) * 3)):
        for step in (others[0], *others, others[0], others[2], others[0]):
            step(*data[0])
        for w in weights(run):
            w.data -= 0.01 * w.grad
        for x, y in data:
            run.step(x[:7], y[:7])  # a batch of another size is another program, with the same state
            run.step(x, y)
        state = run.optimizer.state_dict()
        run.optimizer.load_state_dict(state)
        run.model.load_state_dict({name: 2 * x for name, x in run.model.state_dict().items()})
        run.step(*data[1])
    all_close(ours.left(), plain.left())


@pytest.mark.parametrize(("clip", "says"), [(None, "no weight was changed"), (0.5, "clip_grad_norm: the gradient of")])
@pytest.mark.parametrize("in_place", [True, False])
def test_a_step_that_is_not_finite_or_a_label_that_is_none_changes_nothing(monkeypatch, clip, says, in_place):
    monkeypatch.setattr(OnJax, "in_place_from", 0 if in_place else 2**20)
    run = Run("mlp", "adam", "jax", clip)
    (x, y), *_ = batches("mlp", 1)
    run.step(x, y)
    assert ("may-alias" in run.step.last.executable.run.as_text()) is in_place  # whether XLA writes over state
    before = [np.array(part) for part in run.left()]
    with pytest.raises(AnomalyError, match=says):
        run.step(np.where(x > 1, np.inf, x), y)
    after = [np.array(part) for part in run.left()]
    n = len(run.model.state_dict())
    all_close(after[:n] + after[2 * n :], before[:n] + before[2 * n :], 0)  # the gradients are the failed step's own
    with pytest.raises(IndexError, match="but there are 3 classes"):
        run.step(x, y + 3)
    all_close(run.left(), after, 0)
    run.step(x, y)


@pytest.mark.parametrize("in_place", [True, False])
def test_a_label_that_counts_nothing_takes_the_other_program(monkeypatch, in_place):
    monkeypatch.setattr(OnJax, "in_place_from", 0 if in_place else 2**20)
    ours, plain = Run("mlp", "adam", "jax"), Run("mlp", "adam", None)
    (x, y), *_ = batches("mlp", 1)
    some = np.where(np.arange(len(y)) % 3 == 0, -100, y)  # cross_entropy's ignore_index
    data = [(x, labels) for labels in (y, some, y, some, some)]
    all_close(ours.train(data), plain.train(data))
    all_close(ours.left(), plain.left())
    assert sum(map(len, ours.step.programs.values())) == 2


def test_values_are_vectorised_before_xla_sees_them():
    def trained(wrap):
        net, rng = nn.MLP(2, [4, 1], rng=np.random.default_rng(0)), np.random.default_rng(1)
        data = [(rng.normal(size=2).tolist(), float(rng.choice((-1, 1)))) for _ in range(10)]
        optimizer = nn.SGD(net.parameters(), lr=0.1)

        def step():
            optimizer.zero_grad()
            loss = sum((1 - net(x) * y).relu() for x, y in data) * 0.1
            loss.backward()
            optimizer.step()
            return loss

        run = wrap(step)
        return (
            [run().data for _ in range(5)],
            [p.data for p in net.parameters()],
            [p.grad for p in net.parameters()],
            run,
        )

    *ours, fast = trained(lambda f: tg.compile(f, backend="jax"))
    *plain, _ = trained(lambda f: f)
    for a, b in zip(ours, plain, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)
    assert fast.source.count("jnp.") < 100


def test_single_precision_and_the_users_setting_stay_as_they_are():
    set_before = jax.config.jax_enable_x64  # 64 bits are JAX's own setting, and off by default
    w = Tensor(np.ones((3, 2), np.float32))
    fast = tg.compile(lambda x, rate: (w * rate @ x, x * 2), backend="jax")
    z, twice = fast(np.ones(2, np.float32), 0.1)
    assert z.dtype == twice.dtype == np.float32
    assert jax.config.jax_enable_x64 == set_before


def test_a_back_end_that_there_is_not(monkeypatch):
    with pytest.raises(ValueError, match='none of "numpy", "jax"'):
        tg.compile(abs, backend="torch")
    with pytest.raises(ValueError, match="devices="):
        tg.compile(abs, devices=2)
    monkeypatch.setitem(sys.modules, "jax", None)
    with pytest.raises(ImportError, match=r'pip install "tinygrad-edu\[xla\]"'):
        tg.compile(abs, backend="jax")
