"""Random functions in a world that changes between calls: a compiled one must do what the function itself does.

A function is a list of random statements about weights, buffers, optimisers, layers, settings and its arguments.
Between calls random events change all of these. Twins live in worlds of their own, made from one seed.
"""

import warnings
from contextlib import nullcontext

import numpy as np

import tinygrad_edu as tg
from tinygrad_edu import Tensor, Value, nn
from tinygrad_edu.errors import CompileError
from tinygrad_edu.nn import functional


class Settings:
    base = 1.0

    def __init__(self):
        self.rate, self.square, self.shifts, self.by = 0.5, False, [1.0, 2.0], {"scale": 2.0}


class World:
    """Everything that a function can name."""

    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        self.a, self.b = (Tensor(rng.normal(size=3), label=name) for name in "ab")
        self.v = Value(float(rng.normal()), "v")
        self.buffer = Tensor(np.zeros(3), requires_grad=False)
        self.settings = Settings()
        kind = [lambda p: nn.SGD(p, lr=0.05), lambda p: nn.SGD(p, lr=0.05, momentum=0.9), lambda p: nn.Adam(p, lr=0.01)]
        self.optimizer = kind[rng.integers(3)]([self.a, self.b])
        self.layers = [nn.Linear(3, 3, rng=int(rng.integers(99))), nn.Tanh(), nn.BatchNorm1d(3), nn.Dropout(0.4, rng=1)]
        self.table = np.arange(3.0)
        self.kept = []  # arrays that were taken, and copies of what they held

    def leaves(self):
        found = [self.a, self.b, self.v, self.buffer]
        return found + [x for layer in self.layers for _, x in layer.named_leaves()]

    def numbers(self):
        for x in self.leaves():
            yield np.asarray(x.data)
            yield None if x.grad is None else np.asarray(x.grad)
        yield np.asarray(float(self.optimizer.steps))
        for part in self.optimizer.memory:
            yield from map(np.asarray, part)
        for array, copy in self.kept:
            yield np.asarray(array)
            assert np.array_equal(array, copy, equal_nan=True), "an array that was taken has changed"


# Statements: (world, x of shape (n, 3), y labels, so far) -> so far, a tensor of one number ------------------------


def weigh(w, x, y, t):
    return t + ((w.a * x) ** 2).mean() * w.settings.rate


def weigh_other(w, x, y, t):
    return t + (x @ w.b).sum() * Settings.base


def scaled(w, x, y, t):
    return t * w.settings.by["scale"] + sum(w.settings.shifts)


def squared(w, x, y, t):
    return t * t * 0.1 if w.settings.square else t - 1.0


def through_layers(w, x, y, t):
    for layer in w.layers:
        x = layer(x)
    return t + (x * x).mean()


def read_buffer(w, x, y, t):
    return t + (w.buffer * w.a.data).sum()


def move_buffer(w, x, y, t):
    with tg.no_grad():
        w.buffer.assign(0.9 * w.buffer + 0.1 * x.mean(axis=0))
    return t


def write_buffer(w, x, y, t):
    with tg.no_grad():
        w.buffer[1] = x.sum()
    return t


def wrapped(w, x, y, t):
    return t + (Tensor(x, requires_grad=False) * w.b).sum() * 0.1


def derivative(w, x, y, t):
    return t + tg.grad(lambda z: (z**3 * w.b.data).sum())(x).mean() * 0.01


def classes(w, x, y, t):
    return t + functional.cross_entropy(x * w.a, y)


def branch(w, x, y, t):
    return t * 0.5 if t > 0.3 else t + 1.0


def largest(w, x, y, t):
    return t + max([t, t * 2.0, (w.a * w.b).sum()]) * 0.1


def backward(w, x, y, t):
    w.optimizer.zero_grad()
    t.backward() if t.requires_grad else None
    return t


def accumulate(w, x, y, t):
    if t.requires_grad:
        (t * 0.5).backward()
    return t


def step(w, x, y, t):
    (t + (w.a * w.b).sum() * 0.1).backward()
    w.optimizer.step()
    return t.detach()


def by_hand(w, x, y, t):
    (t + (w.a**2).sum() * 0.01).backward()
    w.a.data = w.a.data - 0.01 * w.a.grad * w.optimizer.lr
    return t.detach()


def from_table(w, x, y, t):
    return t + (w.a * w.table).sum()


def value(w, x, y, t):
    w.v.grad = 0.0
    (w.v * w.v * 0.5).backward()
    w.v.data -= 0.1 * w.v.grad
    return t


def counted(w, x, y, t):
    w.settings.rate += 0.1  # refused: Python state
    return t


STATEMENTS = [
    *(weigh, weigh_other, scaled, squared, through_layers, read_buffer, move_buffer, write_buffer, wrapped, derivative),
    *(classes, branch, largest, backward, accumulate, step, by_hand, from_table, value, weigh, weigh_other),
]

# Events: (world, rng) -----------------------------------------------------------------------------------------------

EVENTS = [
    lambda w, rng: setattr(w.settings, "rate", float(rng.normal())),
    lambda w, rng: setattr(w.settings, "square", bool(rng.integers(2))),
    lambda w, rng: setattr(Settings, "base", float(rng.normal())),
    lambda w, rng: w.settings.shifts.__setitem__(0, float(rng.normal())),
    lambda w, rng: w.settings.by.update(scale=float(rng.normal())),
    lambda w, rng: w.a.assign(rng.normal(size=3)),
    lambda w, rng: setattr(w, "b", Tensor(rng.normal(size=3))),
    lambda w, rng: w.layers.__setitem__(0, nn.Linear(3, 3, rng=int(rng.integers(99)))),
    lambda w, rng: w.layers[3].eval() if rng.integers(2) else w.layers[3].train(),
    lambda w, rng: setattr(w.layers[3], "p", float(rng.uniform(0, 0.9))),
    lambda w, rng: setattr(w.layers[2], "momentum", float(rng.uniform(0, 1))),
    lambda w, rng: setattr(w.optimizer, "lr", float(rng.uniform(0.001, 0.1))),
    lambda w, rng: w.optimizer.zero_grad(),
    lambda w, rng: (w.a * rng.normal(size=3)).sum().backward(),
    lambda w, rng: setattr(w.b, "grad", rng.normal(size=3)),
    lambda w, rng: w.table.__setitem__(0, float(rng.normal())),
    lambda w, rng: setattr(w, "table", rng.normal(size=3)),
    lambda w, rng: keep(w, w.a.data),
    lambda w, rng: keep(w, w.a.grad),
    lambda w, rng: keep(w, +w.b),
    lambda w, rng: keep(w, w.b.reshape(3, 1)),
    lambda w, rng: keep(w, w.buffer[1:]),
    lambda w, rng: w.optimizer.load_state_dict(w.optimizer.state_dict()),
    lambda w, rng: w.buffer.assign(rng.normal(size=3)),
    lambda w, rng: setattr(w.v, "data", float(rng.normal())),
]


def keep(world, thing):
    """Keep an array, and a copy of it."""
    if thing is not None:
        array = thing._data if isinstance(thing, Tensor) else thing
        world.kept.append((array, np.array(array)))


LAYOUTS = [lambda x: x, np.asfortranarray, lambda x: x[::-1], lambda x: np.repeat(x, 2, axis=1)[:, ::2]]
MODES = [tg.no_grad, tg.strong_zero, tg.detect_anomaly]


def arguments(rng):
    """Random arguments: several shapes, dtypes and layouts, and sometimes a label that is no class."""
    n = int(rng.choice([2, 4, 4, 4]))
    x = LAYOUTS[rng.integers(len(LAYOUTS)) if rng.random() < 0.3 else 0](rng.normal(size=(n, 3)))
    y = rng.integers(0, 3, n)
    if rng.random() < 0.04:
        y[0] = rng.choice([-1, 3])
    kind = rng.random()
    return Tensor(x, requires_grad=False) if kind < 0.7 else x.astype(np.float32) if kind < 0.75 else x, y


def attempt(f, given):
    """Return what a call gives: the numbers of its result, or its error."""
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            warnings.filterwarnings("error", "a program of")  # one that failed, so that the function was run instead
            result = f(*given)
    except CompileError:
        raise
    except Exception as error:
        return type(error).__name__, None
    return "", np.asarray(result.data if isinstance(result, (Tensor, Value)) else result)


def run(seed, calls=10):
    """Run one random program; return "agreed" or "refused". Raises AssertionError where the two differ."""
    rng = np.random.default_rng(seed)
    statements = [STATEMENTS[i] for i in rng.integers(0, len(STATEMENTS), rng.integers(2, 7))]
    if rng.random() < 0.02:
        statements.append(counted)
    Settings.base = 1.0
    worlds = World(seed), World(seed)

    def function(world):
        def f(x, y):
            t = Tensor(0.1, requires_grad=False)
            for statement in statements:
                t = statement(world, x, y, t)
            return t

        return f

    plain, fast, is_single = function(worlds[0]), tg.compile(function(worlds[1])), False
    for k in range(calls):
        for _ in range(rng.integers(0, 3) if k else 0):
            event, event_seed = EVENTS[rng.integers(len(EVENTS))], rng.integers(2**32)
            for world in worlds:
                event(world, np.random.default_rng(event_seed))
        given = arguments(rng)
        mode = MODES[rng.integers(3)]() if rng.random() < 0.08 else nullcontext()
        before = [*snapshot(worlds[0])]
        found = []
        for f in (plain, fast):
            try:
                with mode:
                    found.append(attempt(f, given))
            except CompileError:
                return "refused"
        (error, theirs), (mine, ours) = found
        assert error == mine, f"seed {seed}, call {k}: {mine or 'no error'} instead of {error or 'no error'}"
        if error:
            if type(mode) is nullcontext:  # the compiled function is all or nothing: so is its twin from here on
                put_back(worlds[0], before)
                continue
            return "agreed"
        is_single |= given[0].dtype == np.float32  # whose rounding stays in what the function keeps
        same(ours, theirs, f"seed {seed}, call {k}: the result", is_single)
        for i, (a, b) in enumerate(zip(worlds[1].numbers(), worlds[0].numbers(), strict=True)):
            same(a, b, f"seed {seed}, call {k}: number {i} of the world", is_single)
    return "agreed"


def snapshot(world):
    """Yield all that a call may change, to put it back."""
    for x in world.leaves():
        yield x, x._raw, x._slope
    yield world.optimizer, world.optimizer.steps, [*world.optimizer.memory]
    yield world.layers[3].rng, world.layers[3].rng.bit_generator.state, None


def put_back(world, before):
    """Put a snapshot back."""
    for x, first, second in before:
        if isinstance(x, (Tensor, Value)):
            x._raw, x._slope = first, second
        elif x is world.optimizer:
            x.steps, x.memory = first, second
        else:
            x.bit_generator.state = first


def same(ours, theirs, what, is_single):
    """Compare two arrays, or None and None."""
    if ours is None or theirs is None:
        assert ours is theirs, f"{what} is {ours} instead of {theirs}"
        return
    assert ours.shape == theirs.shape, f"{what} has shape {ours.shape} instead of {theirs.shape}"
    assert ours.dtype == theirs.dtype, f"{what} has dtype {ours.dtype} instead of {theirs.dtype}"
    tolerance = 1e-4 if is_single else 1e-8
    scale = max(1.0, float(np.max(np.abs(theirs), initial=0.0, where=np.isfinite(theirs))))
    assert np.allclose(ours, theirs, rtol=0, atol=tolerance * scale, equal_nan=True), (
        f"{what}: {ours} instead of {theirs}"
    )
