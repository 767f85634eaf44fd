"""Optimisers: their rules against formulas written out, one step all or nothing, clipping, and what they refuse."""

import math
import warnings

import numpy as np
import pytest
from refusing import refuses

import tinygrad_edu as tg
from tinygrad_edu import Tensor, Value, nn
from tinygrad_edu.errors import AnomalyError, GradientError, StaleGraphError
from tinygrad_edu.nn import optim
from tinygrad_edu.nn.optim import clip_grad_norm
from tinygrad_edu.nn.optim.clip import gradient_norm
from tinygrad_edu.nn.optim.optimizer import all_finite

GRADS = [0.5, -1.0, 0.25, 2.0, -0.125]


def adagrad(w, lr=0.1, lr_decay=0.0, weight_decay=0.0, initial_accumulator_value=0.0, eps=0.25):
    total = initial_accumulator_value
    for t, g in enumerate(GRADS):
        g = g + weight_decay * w
        total += g * g
        w -= lr / (1 + t * lr_decay) * g / (math.sqrt(total) + eps)
        yield w


def rmsprop(w, lr=0.1, alpha=0.75, eps=0.25, weight_decay=0.0, momentum=0.0, centered=False):
    square = mean = velocity = 0.0
    for g in GRADS:
        g = g + weight_decay * w
        square = alpha * square + (1 - alpha) * g * g
        mean = alpha * mean + (1 - alpha) * g
        velocity = momentum * velocity + g / (math.sqrt(square - mean**2 if centered else square) + eps)
        w -= lr * velocity
        yield w


def adam(w, lr=0.1, betas=(0.75, 0.5), eps=0.25, weight_decay=0.0, amsgrad=False, apart=False):
    mean = square = largest = 0.0
    for t, g in enumerate(GRADS, 1):
        if apart:
            w -= lr * weight_decay * w
        else:
            g = g + weight_decay * w
        mean, square = betas[0] * mean + (1 - betas[0]) * g, betas[1] * square + (1 - betas[1]) * g * g
        largest = max(largest, square)
        size = math.sqrt((largest if amsgrad else square) / (1 - betas[1] ** t)) + eps
        w -= lr / (1 - betas[0] ** t) * mean / size
        yield w


def sgd(w, lr=0.1, momentum=0.0, nesterov=False, weight_decay=0.0):
    velocity = 0.0
    for g in GRADS:
        g = g + weight_decay * w
        velocity = momentum * velocity + g
        w -= lr * (g + momentum * velocity if nesterov else velocity)
        yield w


RULES = {
    "SGD": (
        lambda w, **more: optim.SGD(w, lr=0.1, **more),
        sgd,
        [{}, {"momentum": 0.75}, {"momentum": 0.75, "nesterov": True}, {"momentum": 0.5, "weight_decay": 0.5}],
    ),
    "Adagrad": (
        lambda w, **more: optim.Adagrad(w, **{"lr": 0.1, "eps": 0.25, **more}),
        adagrad,
        [{}, {"lr_decay": 0.5}, {"weight_decay": 0.5}, {"initial_accumulator_value": 0.5}],
    ),
    "RMSprop": (
        lambda w, **more: optim.RMSprop(w, **{"lr": 0.1, "alpha": 0.75, "eps": 0.25, **more}),
        rmsprop,
        [{}, {"centered": True}, {"momentum": 0.5}, {"weight_decay": 0.5, "centered": True, "momentum": 0.5}],
    ),
    "Adam": (
        lambda w, **more: optim.Adam(w, **{"lr": 0.1, "betas": (0.75, 0.5), "eps": 0.25, **more}),
        adam,
        [{}, {"amsgrad": True}, {"weight_decay": 0.5}, {"weight_decay": 0.5, "amsgrad": True}],
    ),
    "AdamW": (
        lambda w, **more: optim.AdamW(w, **{"lr": 0.1, "betas": (0.75, 0.5), "eps": 0.25, **more}),
        lambda w, **more: adam(w, apart=True, **more),
        [{"weight_decay": 0.5}, {"weight_decay": 0.5, "amsgrad": True}],
    ),
}
SETTINGS = [(name, settings) for name, (*_, given) in RULES.items() for settings in given]


def single(x):
    return Tensor([x, x], dtype=np.float32)


@pytest.mark.parametrize(("name", "settings"), SETTINGS, ids=[f"{name} {'+'.join(s)}" for name, s in SETTINGS])
@pytest.mark.parametrize("kind", [Value, Tensor, single], ids=["value", "tensor", "two of single precision"])
def test_a_rule_is_its_formula(name, settings, kind):
    make, formula, _ = RULES[name]
    w = kind(2.0)
    optimizer = make([w], **settings)
    for expected, g in zip(formula(2.0, **settings), GRADS, strict=True):
        w.grad = g if np.ndim(w.data) == 0 else [g, g]
        optimizer.step()
        np.testing.assert_allclose(w.data, expected, rtol=1e-5 if kind is single else 1e-12)
    assert kind is not single or w.dtype == np.float32


def trained(make, steps=120):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 3))
    y = x @ [[1.0], [-2.0], [0.5]] + 0.3
    model = nn.Linear(3, 1, rng=0)
    optimizer = make(model.parameters())
    for _ in range(steps):
        loss = nn.functional.mse_loss(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return loss.item()


@pytest.mark.parametrize(
    "make",
    [
        lambda p: nn.SGD(p, 0.1, momentum=0.8),
        lambda p: nn.Adam(p, 0.1),
        lambda p: nn.AdamW(p, 0.1, weight_decay=1e-6),
        lambda p: nn.RMSprop(p, 0.02),
        lambda p: nn.Adagrad(p, 0.5),
    ],
)
def test_each_learns_a_plane(make):
    assert trained(make) < 1e-3


def test_a_step_changes_all_weights_or_none():
    good, bad = Tensor([1.0, 2.0], label="good"), Tensor([3.0], label="bad")
    optimizer = nn.SGD([good, bad], 0.1, momentum=0.9)
    good.grad, bad.grad = [1.0, 1.0], [math.nan]
    with refuses(AnomalyError, "parameter 1, `bad`", "nan", "no weight was changed"):
        optimizer.step()
    assert (good.tolist(), bad.tolist(), optimizer.steps) == ([1.0, 2.0], [3.0], 0)
    assert not optimizer.memory[0][0].any()
    optimizer.step(on_nonfinite="skip")
    assert (good.tolist(), bad.tolist(), optimizer.steps) == ([1.0, 2.0], [3.0], 0)
    optimizer.step(on_nonfinite="allow")
    assert optimizer.steps == 1
    np.testing.assert_array_equal(bad.data, [math.nan])
    w = Value(1.0, label="w")
    w.grad = math.inf
    with refuses(AnomalyError, "parameter 0, `w`", "inf"):
        nn.Adam([w]).step()
    with refuses(ValueError, "'never' is none of"):
        optimizer.step("never")


def test_a_step_makes_older_graphs_stale():
    w = Tensor([1.0], label="w")
    loss = (w * w).sum()
    loss.backward()
    nn.SGD([w], 0.1).step()
    with refuses(StaleGraphError, "`w`"):
        loss.backward()


def test_parameters_keep_their_array_apart_from_what_was_read():
    w = Tensor([1.0])
    before, w.grad = w.data, [1.0]
    nn.SGD([w], 0.1).step()
    assert (before[0], w.data[0]) == (1.0, 0.9)


def test_a_step_that_would_overflow_is_refused_and_names_the_weight():
    with np.errstate(all="raise"):
        w = Tensor(np.array([1.0, 2.0], np.float16), label="w")
        w.grad = np.array([300.0, 0.0], np.float16)
        optimizer = nn.Adam([w], 1e5)
        with refuses(AnomalyError, "the step of parameter 0, `w` overflows float16"):
            optimizer.step()
    assert (w.tolist(), optimizer.steps) == ([1.0, 2.0], 0)
    w = Tensor([math.inf], label="w")
    w.grad = [1.0]
    with refuses(AnomalyError, "parameter 0, `w` holds a NaN or an infinity already"):
        nn.SGD([w], 0.1).step()


@pytest.mark.parametrize(
    ("x", "finite"),
    [
        (1.0, True), (math.inf, False), (math.nan, False),
        (np.array([1.0, 1e300]), True), (np.array([1.0, np.inf]), False), (np.array([[1.0], [np.nan]]), False),
        (np.array([1, 2]), True), (np.array([1j, 1e300 + 1e300j]), True), (np.array([complex(1, np.inf)]), False),
        (np.array([]), True),
    ],
)  # fmt: skip
def test_what_is_finite(x, finite):
    assert all_finite(x) is finite


# Gradients that are missing, or used twice ---------------------------------------------------------------------------


def test_a_step_without_gradients_is_refused():
    model = nn.Linear(2, 1, rng=0)
    with refuses(GradientError, "call loss.backward() before step()"):
        nn.SGD(model.parameters(), 0.1).step()
    part = nn.SGD([*model.parameters(), Tensor([1.0], label="lonely")], 0.1)
    model(np.ones((1, 2))).sum().backward()
    with pytest.warns(UserWarning, match="1 of 3 parameters have no gradient .* first parameter 2, `lonely`"):
        part.step()
    assert part.params[2].tolist() == [1.0]


def test_forgetting_zero_grad_is_named():
    w = Tensor([1.0], label="w")
    optimizer = nn.SGD([w], 0.1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (w * 2).sum().backward()
        (w * 2).sum().backward()  # adding up before a step is meant
        optimizer.step()
        optimizer.zero_grad()
        (w * 2).sum().backward()
        optimizer.step()
    with pytest.warns(UserWarning, match="`w`.*zero_grad"):
        (w * 2).sum().backward()
    assert w.grad[0] == 4


def test_gradients_are_forgotten_in_a_compiled_function():
    v = Tensor([1.0])
    optimizer = optim.SGD([v], lr=0.5)

    def f(x):
        (v * x).sum().backward()
        optimizer.step()
        optimizer.zero_grad()

    fast = tg.compile(f)
    for before, after in ((1.0, -1.0), (-1.0, -3.0), (-3.0, -5.0)):
        assert v.data == before
        fast(4.0)
        assert v.data == after
        assert v.grad is None


# What optimisers are given -------------------------------------------------------------------------------------------


def params():
    return [Tensor([1.0], label="w")]


@pytest.mark.parametrize(
    ("make", "kind", "words"),
    [
        (lambda: nn.SGD([], 0.1), ValueError, "did you consume model.parameters()?"),
        (lambda: nn.SGD(iter(()), 0.1), ValueError, "no parameters"),
        (lambda: nn.SGD(Tensor([1.0]), 0.1), TypeError, "pass model.parameters()"),
        (lambda: nn.SGD(Value(1.0), 0.1), TypeError, "pass model.parameters()"),
        (lambda: nn.SGD(nn.Linear(1, 1, rng=0), 0.1), TypeError, "pass model.parameters()"),
        (lambda: nn.SGD(3, 0.1), TypeError, "pass model.parameters()"),
        (lambda: nn.SGD({"w": params()[0]}, 0.1), TypeError, "pass model.parameters()"),
        (lambda: nn.SGD([*params(), params()[0] * 2], 0.1), ValueError, "parameter 1 is the result of `multiply`"),
        (lambda: nn.SGD([Tensor([1.0], requires_grad=False)], 0.1), ValueError, "parameter 0"),
        (lambda: nn.SGD([*params(), np.ones(2)], 0.1), ValueError, "parameter 1 is array"),
        (lambda: nn.SGD(params() * 2, 0.1), ValueError, "parameters 0 and 1 are the same, `w`"),
        *[
            (lambda lr=lr: nn.SGD(params(), lr), ValueError, f"lr must be a number from 0 up, not {lr!r}")
            for lr in (-0.1, math.nan, math.inf, "0.1", True, None)
        ],
        (lambda: nn.SGD(params(), 0.1, momentum=1.0), ValueError, "momentum must be a number from 0 up to, but not"),
        (lambda: nn.SGD(params(), 0.1, momentum=-0.1), ValueError, "not -0.1"),
        (lambda: nn.SGD(params(), 0.1, nesterov=True), ValueError, "nesterov"),
        (lambda: nn.SGD(params(), 0.1, weight_decay=-1), ValueError, "weight_decay must be a number from 0 up, not -1"),
        (lambda: nn.Adam(params(), betas=(0.9, 1.0)), ValueError, "betas[1] must be"),
        (lambda: nn.Adam(params(), betas=(-0.1, 0.9)), ValueError, "betas[0] must be"),
        (lambda: nn.Adam(params(), betas=0.9), ValueError, "betas must be two numbers"),
        (lambda: nn.Adam(params(), eps=0), ValueError, "eps must be above 0, not 0"),
        (lambda: nn.AdamW(params(), weight_decay=math.nan), ValueError, "weight_decay"),
        (lambda: nn.RMSprop(params(), alpha=1.5), ValueError, "alpha must be"),
        (lambda: nn.RMSprop(params(), weight_decay=-1.0), ValueError, "weight_decay must be"),
        (lambda: nn.RMSprop(params(), eps=0.0), ValueError, "eps must be above 0"),
        (lambda: nn.Adagrad(params(), eps=-1e-8), ValueError, "eps must be"),
    ],
)
def test_what_cannot_be_stepped_is_named(make, kind, words):
    with refuses(kind, words):
        make()


def test_a_learning_rate_of_zero_is_warned_of_and_a_bad_new_one_refused():
    with pytest.warns(UserWarning, match="lr=0"):
        nn.SGD(params(), 0)
    optimizer = nn.SGD(params(), np.float32(0.5))
    assert optimizer.lr == 0.5
    with refuses(ValueError, "lr must be"):
        optimizer.lr = math.nan
    assert optimizer.lr == 0.5
    assert repr(optimizer) == "SGD(1 parameters, lr=0.5, steps=0)"


# Clipping ------------------------------------------------------------------------------------------------------------


def test_lengths_of_gradients_neither_overflow_nor_vanish():
    assert gradient_norm(np.array([3e200, 4e200])) == pytest.approx(5e200, rel=1e-12, abs=0)
    assert gradient_norm(np.array([3e-200, 4e-200])) == pytest.approx(5e-200, rel=1e-12, abs=0)
    assert gradient_norm(np.array([0.3, 0.4])) == pytest.approx(0.5)
    assert gradient_norm(np.zeros(3)) == 0.0
    assert gradient_norm(np.zeros((0, 2))) == 0.0
    assert gradient_norm(np.array([1.0, np.inf])) == math.inf
    assert math.isnan(gradient_norm(np.array([1.0, np.nan])))
    assert gradient_norm(-2.0) == 2.0
    assert gradient_norm(np.array([3 + 4j])) == pytest.approx(5.0)


@pytest.mark.parametrize(("most", "factor"), [(10.0, 1.0), (5.0, 1.0), (2.5, 0.5)])
def test_clipping_scales_all_together(most, factor):
    a, b, c = Tensor([0.0, 0.0]), Value(0.0), Tensor([1.0])
    given = np.array([3.0, 0.0])
    a.grad, b.grad = given, 4.0
    before = a._slope
    assert clip_grad_norm([a, b, c], most) == 5.0
    assert [*a.grad, b.grad] == [3 * factor, 0.0, 4 * factor]
    assert c.grad is None
    assert (a._slope is before) == (factor == 1.0)
    b.grad = math.inf
    with refuses(AnomalyError, "the gradient of parameter 1, a leaf Value, is inf long"):
        clip_grad_norm([a, b, c], most)
    a.grad, b.grad = [3e200, 0.0], 4e200
    assert clip_grad_norm([a, b, c], most) == pytest.approx(5e200)
    for wrong in (0, -1.0, True, "1", None):
        with refuses(ValueError, "max_norm must be above 0"):
            clip_grad_norm([a], wrong)


@pytest.mark.parametrize("kind", ["tensor", "value", "complex"])
def test_clipping_in_a_compiled_function_is_clipping(kind):
    def world():
        w = {"tensor": Tensor([1.0, -2.0]), "value": Value(1.5), "complex": Tensor([1 + 2j, -1j])}[kind]
        idle = Tensor([1.0])

        def f(x):
            w.grad = None
            loss = (abs(w * x) ** 2).sum() if kind != "value" else (w * x) ** 2
            loss.backward()
            return clip_grad_norm([w, idle], 3.0)

        return w, f

    (w, f), (v, g) = world(), world()
    fast = tg.compile(g)
    for x in (0.1, 0.9, 5.0, 0.5):
        length, ours = f(x), fast(x)
        assert float(ours.data) == pytest.approx(length)
        np.testing.assert_allclose(np.asarray(v._data if v.grad is None else v.grad), np.asarray(w.grad), rtol=1e-12)
        assert (length > 3) == (abs(float(np.linalg.norm(w.grad)) - 3) < 1e-9)
    with refuses(AnomalyError, "the gradient of parameter 0"):
        fast(1e200)
