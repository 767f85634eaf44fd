"""Optimisers: their rules against formulas written out, one step all or nothing, and everything they refuse."""

import copy
import math
import warnings

import numpy as np
import pytest
from refusing import refuses

from tinygrad_edu import Tensor, Value, nn
from tinygrad_edu.errors import AnomalyError, CheckpointError, GradientError, StaleGraphError
from tinygrad_edu.nn import optim
from tinygrad_edu.nn.optim import CosineAnnealingLR, ExponentialLR, LinearLR, StepLR, clip_grad_norm

START, GRADS = 2.0, [0.5, -1.0, 0.25, 2.0]


def course(optimizer, w, steps=GRADS):
    """Step through given gradients and return where the weight went."""
    seen = []
    for g in steps:
        w.grad = g
        optimizer.step()
        seen.append(w.item())
    return seen


def sgd(momentum=0.0, nesterov=False, decay=0.0, lr=0.1):
    w, v = START, 0.0
    for g in GRADS:
        g = g + decay * w
        v = momentum * v + g
        w = w - lr * (g + momentum * v if nesterov else v)
        yield w


def adam(decay=0.0, apart=False, lr=0.1, b1=0.9, b2=0.99, eps=1e-8):
    w, m, s = START, 0.0, 0.0
    for t, g in enumerate(GRADS, 1):
        if apart:
            w = w - lr * decay * w
        else:
            g = g + decay * w
        m, s = b1 * m + (1 - b1) * g, b2 * s + (1 - b2) * g**2
        w = w - lr * (m / (1 - b1**t)) / (math.sqrt(s / (1 - b2**t)) + eps)
        yield w


def adagrad(lr=0.1, eps=1e-10):
    w, s = START, 0.0
    for g in GRADS:
        s = s + g**2
        w = w - lr * g / (math.sqrt(s) + eps)
        yield w


def rmsprop(lr=0.1, alpha=0.9, eps=1e-8, decay=0.1):
    w, s = START, 0.0
    for g in GRADS:
        g = g + decay * w
        s = alpha * s + (1 - alpha) * g**2
        w = w - lr * g / (math.sqrt(s) + eps)
        yield w


RULES = [
    (lambda p: nn.SGD(p, 0.1), sgd()),
    (lambda p: nn.SGD(p, lr=0.1, momentum=0.9), sgd(0.9)),
    (lambda p: nn.SGD(p, lr=0.1, momentum=0.9, nesterov=True), sgd(0.9, True)),
    (lambda p: nn.SGD(p, lr=0.1, momentum=0.5, weight_decay=0.1), sgd(0.5, False, 0.1)),
    (lambda p: nn.Adam(p, 0.1, (0.9, 0.99)), adam()),
    (lambda p: nn.Adam(p, 0.1, (0.9, 0.99), weight_decay=0.1), adam(0.1)),
    (lambda p: nn.AdamW(p, 0.1, (0.9, 0.99), weight_decay=0.1), adam(0.1, True)),
    (lambda p: nn.Adagrad(p, 0.1), adagrad()),
    (lambda p: nn.RMSprop(p, 0.1, 0.9, weight_decay=0.1), rmsprop()),
]


@pytest.mark.parametrize(("make", "expected"), [(make, list(course)) for make, course in RULES])
def test_each_rule_on_values_and_tensors(make, expected):
    for w in (Value(START), Tensor(START), Tensor([START])):
        shape = getattr(w, "shape", ())
        steps = GRADS if not shape else [[g] for g in GRADS]
        np.testing.assert_allclose(course(make([w]), w, steps), expected, rtol=1e-13)
    w = Tensor([START, START], dtype=np.float32)
    np.testing.assert_allclose(course_of_many(make([w]), w), [[x, x] for x in expected], rtol=1e-5)
    assert w.dtype == np.float32


def course_of_many(optimizer, w):
    seen = []
    for g in GRADS:
        w.grad = [g, g]
        optimizer.step()
        seen.append(w.tolist())
    return seen


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
    assert (good.tolist(), bad.tolist()) == ([1.0, 2.0], [3.0])
    optimizer.step(on_nonfinite="allow")
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


# Gradients that are missing, or used twice -------------------------------------------------------------------------


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


# What optimisers are given -----------------------------------------------------------------------------------------


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


# Groups ------------------------------------------------------------------------------------------------------------


def test_a_group_has_settings_of_its_own_and_rates_are_set_for_all_or_one():
    u, v = Tensor([1.0], label="u"), Tensor([1.0], label="v")
    optimizer = nn.SGD([{"params": [u], "name": "slow"}, {"params": [v], "lr": 1.0, "momentum": 0.5}], lr=0.1)
    for _ in range(2):
        u.grad, v.grad = [1.0], [0.25]
        optimizer.step()
    np.testing.assert_allclose([u.item(), v.item()], [0.8, 1 - 0.25 - 0.375])
    assert [group["lr"] for group in optimizer.param_groups] == [0.1, 1.0]
    optimizer.param_groups[0]["lr"] = 0.5
    assert optimizer.lr == 0.5
    optimizer.lr = 0.25
    assert [group.lr for group in optimizer.param_groups] == [0.25, 0.25]
    w = Tensor([1.0], label="w")
    optimizer.add_param_group({"params": [w], "lr": 0.1})
    u.grad, v.grad, w.grad = [0.0], [0.0], [2.0]
    optimizer.step()
    assert w.item() == 0.8
    with refuses(ValueError, "no setting is called 'learning_rate', but lr, momentum"):
        nn.SGD([{"params": [Tensor([1.0])], "learning_rate": 0.1}], 0.1)
    with refuses(ValueError, "are the same, `u`"):
        optimizer.add_param_group({"params": [u]})
    with refuses(AttributeError, "no setting 'rate'"):
        optimizer.param_groups[0]["rate"] = 1


def test_the_count_of_adam_begins_with_its_group():
    late, fresh = Tensor([1.0]), Tensor([1.0])
    optimizer, alone = nn.Adam([Tensor([1.0], label="first")], 0.1), nn.Adam([fresh], 0.1)
    optimizer.params[0].grad = [1.0]
    optimizer.step()
    optimizer.add_param_group({"params": [late]})
    for w, stepper in ((late, optimizer), (fresh, alone)):
        w.grad = [0.3]
        stepper.step()
    assert late.item() == fresh.item()


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


# State -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [make for make, _ in RULES])
@pytest.mark.parametrize("kind", [Value, lambda w: Tensor([w])])
def test_an_optimiser_goes_on_from_its_state(make, kind):
    one, other = kind(START), kind(START)
    first, second = make([one]), make([other])
    for g in GRADS:
        one.grad = [g] if isinstance(one, Tensor) else g
        first.step()
    state = first.state_dict()
    second.load_state_dict(state)
    other.assign(one.data)
    for name, x in state["state"][0].items():
        if name != "step":
            x[...] = 77  # a state is a copy
    for w, stepper in ((one, first), (other, second)):
        w.grad = [0.7] if isinstance(w, Tensor) else 0.7
        stepper.step()
    assert one.item() == other.item()
    assert first.steps == second.steps == 5


def spoilt(state, **changes):
    state = copy.deepcopy(state)
    state["param_groups"][0] |= changes
    return state


def test_a_state_that_does_not_fit_is_refused_whole():
    w = Tensor([1.0, 2.0], label="w")
    optimizer = nn.Adam([w], 0.1)
    w.grad = [1.0, 1.0]
    optimizer.step()
    good = optimizer.state_dict()
    wide, odd = copy.deepcopy(good), copy.deepcopy(good)
    wide["state"][0]["exp_avg"] = np.zeros(3)
    odd["state"] |= {7: {}}
    for state, words in (
        (3, "no dict"),
        ({**good, "param_groups": []}, "groups of [1] parameters here, of [] in the state"),
        (wide, "exp_avg is float64 (3,) in the state, and must be floats of shape (2,)"),
        ({**good, "state": {0: {"step": 1.5}}}, "step must be a whole number"),
        (odd, "unexpected: the state of parameter 7"),
        (spoilt(good, maximize=True), "maximize=True is not offered by this Adam"),
        (spoilt(good, decoupled_weight_decay=True), "decoupled_weight_decay=True is not offered"),
        (spoilt(good, betas=(0.9, 2.0)), "betas[1] must be"),
        (spoilt(good, amsgrad=True), "this setting needs max_exp_avg_sq"),
    ):
        with refuses(CheckpointError, "stays as it was", words):
            optimizer.load_state_dict(state)
    np.testing.assert_equal(optimizer.state_dict(), good)
    optimizer.load_state_dict(spoilt(good, foreach=None, lr=0.5))
    assert optimizer.lr == 0.5


# Clipping and schedules --------------------------------------------------------------------------------------------


def test_clipping_shortens_all_gradients_together():
    a, b = Tensor([0.0, 0.0]), Value(0.0)
    a.grad, b.grad = [3.0, 0.0], 4.0
    assert clip_grad_norm([a, b], 10) == 5
    assert b.grad == 4
    assert clip_grad_norm([a, b], 1) == 5
    np.testing.assert_allclose([*a.grad, b.grad], [0.6, 0, 0.8])
    a.grad, b.grad = [3e200, 0.0], 4e200
    assert clip_grad_norm([a, b], 1) == pytest.approx(5e200)


def test_clipping_names_the_parameter_that_is_not_a_number():
    a, b = Tensor([0.0], label="a"), Tensor([0.0], label="b")
    a.grad, b.grad = [3.0], [math.nan]
    with refuses(AnomalyError, "parameter 1, `b`"):
        clip_grad_norm([a, b], 1)
    assert a.grad[0] == 3
    with refuses(ValueError, "max_norm"):
        clip_grad_norm([a], 0)


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda o: StepLR(o, 2), [0.1, 0.1, 0.01, 0.01, 0.001]),
        (lambda o: ExponentialLR(o, 0.5), [0.1, 0.05, 0.025, 0.0125, 0.00625]),
        (lambda o: CosineAnnealingLR(o, 4, 0.05), [0.05 + 0.025 * (1 + math.cos(math.pi * t / 4)) for t in range(5)]),
        (lambda o: CosineAnnealingLR(o, 2), [0.1, 0.05, 0.0]),
        (lambda o: CosineAnnealingLR(o, 1, eta_min=0.01), [0.1, 0.01, 0.1]),  # up again, as in PyTorch
        (lambda o: LinearLR(o, 0.25, total_iters=3), [0.025, 0.05, 0.075, 0.1, 0.1]),
    ],
)
def test_schedules_set_the_learning_rate(make, expected):
    optimizer = nn.SGD(params(), 0.1)
    schedule = make(optimizer)
    seen = []
    for _ in expected:
        seen.append(optimizer.lr)
        schedule.step()
    np.testing.assert_allclose(seen, expected, rtol=1e-12, atol=1e-17)


def test_a_schedule_needs_an_optimiser_and_a_length():
    with refuses(TypeError, "StepLR: pass an optimiser"):
        StepLR(params(), 2)
    with refuses(ValueError, "CosineAnnealingLR: T_max must be at least 1, not 0"):
        CosineAnnealingLR(nn.SGD(params(), 0.1), 0)


def test_a_schedule_that_cannot_go_on_changes_nothing():
    u, v = Tensor([1.0]), Tensor([2.0])
    optimizer = nn.SGD([{"params": [u], "momentum": 0.9}, {"params": [v]}], lr=0.1)
    with refuses(ValueError, "OneCycleLR: cycle_momentum needs an optimiser with momentum"):
        optim.OneCycleLR(optimizer, 0.5, 10)
    assert [(g.lr, g.momentum) for g in optimizer.param_groups] == [(0.1, 0.9), (0.1, 0.0)]
    schedule = optim.LambdaLR(optimizer, lambda t: -1.0 if t else 1.0)
    with refuses(ValueError, "lr must be a number from 0 up"):
        schedule.step()
    assert (schedule.t, optimizer.lr) == (0, 0.1)
    with refuses(ValueError, "nesterov looks ahead along the velocity"):
        optimizer.nesterov = True  # which the second group has no momentum for
    assert not optimizer.param_groups[0].nesterov
    with refuses(TypeError, "ReduceLROnPlateau follows a measure"):
        optim.SequentialLR(optimizer, [optim.ReduceLROnPlateau(optimizer)], [])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"t": -1}, "t cannot be -1"),
        ({"t": "2"}, "t cannot be '2', and is 0"),
        ({"base_lrs": [0.1, 0.2]}, "base_lrs cannot be [0.1, 0.2]"),
        ({"base_lrs": 0.1}, "base_lrs cannot be 0.1"),
        ({"gamma": None}, "gamma cannot be None"),
        ({"more": 1}, "the state must hold optimizer"),
        (None, "the state must hold"),
    ],
)
def test_a_schedule_refuses_a_state_that_is_none_of_its_own(change, words):
    optimizer = nn.SGD(params(), 0.1)
    schedule = StepLR(optimizer, 2)
    saved = None if change is None else schedule.state_dict() | {"t": 7} | change
    with refuses(CheckpointError, "StepLR", words.replace(" optimizer", "")):
        schedule.load_state_dict(saved)
    assert (schedule.t, optimizer.lr) == (0, 0.1)
