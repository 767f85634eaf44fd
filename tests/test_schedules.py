"""Schedules, groups and states of optimisers at their edges: numbers worked out by hand, and everything refused."""

import math
import warnings

import numpy as np
import pytest
from refusing import refuses

import tinygrad_edu as tg
from tinygrad_edu import Tensor, nn
from tinygrad_edu.errors import CheckpointError, CompileError
from tinygrad_edu.nn import optim


def sgd(**how):
    return nn.SGD([Tensor([1.0], label="w")], **{"lr": 0.1, **how})


def rates(optimizer, schedule, n, told=()):
    found = []
    for k in range(n):
        found.append(optimizer.lr)
        schedule.step(*told[k : k + 1])
    return found


# Schedules ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [lambda: sgd(momentum=0.9), lambda: nn.Adam([Tensor([1.0])], betas=(0.9, 0.99))])
@pytest.mark.parametrize("strategy", ["cos", "linear"])
def test_one_cycle_leads_the_rate_up_and_down_and_the_momentum_against_it(make, strategy):
    optimizer = make()
    schedule = optim.OneCycleLR(optimizer, 0.5, 11, anneal_strategy=strategy, pct_start=3 / 11, div_factor=5)
    group, seen = optimizer.param_groups[0], []
    for t in range(11):
        momentum = group.betas[0] if "betas" in group.settings() else group.momentum
        seen.append((group.lr, momentum))
        if t < 10 or strategy == "cos":  # PyTorch allows one step more; of a straight line it would lead below 0
            schedule.step()
    half = 0.5  # of the way, where both strategies are in the middle
    np.testing.assert_allclose(
        [seen[t] for t in (0, 1, 2, 6, 10)],
        [(0.1, 0.95), (0.3, 0.90), (0.5, 0.85), (half * (0.5 + 1e-5), 0.90), (1e-5, 0.95)],
        rtol=1e-11,
    )
    assert "betas" not in group.settings() or group.betas[1] == 0.99
    with refuses(ValueError, "step 13 of a cycle of 11 steps" if strategy == "cos" else "must be a number from 0 up"):
        schedule.step()


def test_one_cycle_leaves_the_momentum_alone_on_request():
    optimizer = sgd(momentum=0.7)
    schedule = optim.OneCycleLR(optimizer, 0.5, epochs=2, steps_per_epoch=5, cycle_momentum=False)
    schedule.step()
    assert (optimizer.momentum, schedule.total_steps) == (0.7, 10)
    with refuses(ValueError, "anneal_strategy is 'cos' or 'linear', not 'exp'"):
        optim.OneCycleLR(optimizer, 0.5, 10, anneal_strategy="exp")


@pytest.mark.parametrize(
    ("how", "measures", "expected"),
    [
        ({}, [1.0, 1.0, 0.9, 0.9, 0.9], [1, 1, 1, 1, 1, 0.5]),  # a tie is bad, and two in a row are too many
        ({"threshold": 0.1}, [10.0, 9.0, 8.99, 8.0], [1, 1, 1, 1, 1]),  # 9 is not below 9, 8.99 is
        ({"threshold": 0.1}, [10.0, 9.5, 9.1], [1, 1, 1, 0.5]),
        ({"threshold": 0.1, "threshold_mode": "abs"}, [10.0, 9.95, 9.9], [1, 1, 1, 0.5]),
        ({"threshold": 0.1, "threshold_mode": "abs"}, [10.0, 9.95, 9.89, 9.8], [1, 1, 1, 1, 1]),
        ({"mode": "max", "threshold": 0.1}, [10.0, 10.9, 11.0], [1, 1, 1, 0.5]),
        ({"mode": "max", "threshold": 0.1}, [10.0, 10.9, 11.1, 11.1], [1, 1, 1, 1, 1]),
        ({"cooldown": 2}, [1.0] * 9, [1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25]),
        ({"min_lr": 0.3}, [1.0] * 6, [1, 1, 1, 0.5, 0.5, 0.3, 0.3]),
        ({"eps": 0.6}, [1.0] * 4, [1, 1, 1, 1, 1]),  # a step that small is not taken
        ({}, [math.nan, math.nan, 1.0, 0.5], [1, 1, 0.5, 0.5, 0.5]),
        ({"mode": "max"}, [-math.inf, -1.0, -2.0], [1, 1, 1, 1]),
    ],
)
def test_a_plateau_lowers_the_rate_when_the_measure_has_not_got_better(how, measures, expected):
    optimizer = sgd(lr=1.0)
    schedule = optim.ReduceLROnPlateau(optimizer, factor=0.5, patience=1, **{"threshold": 0.0, **how})
    np.testing.assert_allclose([*rates(optimizer, schedule, len(measures), measures), optimizer.lr], expected)
    assert schedule.t == len(measures)


def test_a_plateau_is_told_a_measure_and_settings_that_there_are():
    schedule = optim.ReduceLROnPlateau(sgd())
    with refuses(TypeError, "ReduceLROnPlateau: step() is told the measure"):
        schedule.step()
    schedule.step(Tensor(0.25))
    assert schedule.best == 0.25
    for how, words in (
        ({"mode": "least"}, "mode is 'min' or 'max', not 'least'"),
        ({"threshold_mode": "x"}, "threshold_mode is 'rel' or 'abs', not 'x'"),
        ({"factor": 1.0}, "factor must be below 1"),
    ):
        with refuses(ValueError, words):
            optim.ReduceLROnPlateau(sgd(), **how)


def test_one_schedule_follows_another_from_its_own_beginning():
    optimizer = sgd(lr=1.0)
    parts = [optim.ExponentialLR(optimizer, gamma) for gamma in (0.5, 0.25, 0.1)]
    schedule = optim.SequentialLR(optimizer, parts, [2, 5])
    np.testing.assert_allclose(rates(optimizer, schedule, 7), [1, 0.5, 1, 0.25, 0.0625, 1, 0.1])


def test_a_schedule_of_ones_own_defines_its_rate():
    class Nothing(optim.StepLR.__mro__[1]):
        pass

    with pytest.raises(NotImplementedError, match=r"Nothing has to define rate"):
        Nothing(sgd())


# Groups and settings -----------------------------------------------------------------------------------------------


def test_a_group_shows_its_settings_and_names_those_that_there_are_not():
    optimizer = sgd(momentum=0.5)
    group = optimizer.param_groups[0]
    assert repr(group).startswith("ParamGroup(1 parameters, lr=0.1, momentum=0.5")
    assert group.keys()[:2] == ["params", "lr"]
    group.lr = 0.25
    assert optimizer.lr == group["lr"] == 0.25
    with refuses(AttributeError, "no setting 'rate', but lr, momentum", line=False):
        assert group.rate
    with refuses(AttributeError, "no setting 'rate', but lr, momentum"):
        group.rate = 1.0
    with refuses(AttributeError, "SGD has no attribute 'rate'", line=False):
        assert optimizer.rate
    optimizer.steps = 7
    assert optimizer.steps == 7
    with refuses(ValueError, "weight_decay must be"):
        nn.RMSprop([Tensor([1.0])], weight_decay=-1.0)
    with refuses(ValueError, "eps must be above 0"):
        nn.RMSprop([Tensor([1.0])], eps=0.0)


STATE = sgd().state_dict()


@pytest.mark.parametrize(
    "act",
    [
        lambda optimizer, schedule: nn.SGD([Tensor([1.0])], lr=0.1),
        lambda optimizer, schedule: setattr(optimizer, "lr", 0.5),
        lambda optimizer, schedule: setattr(optimizer.param_groups[0], "lr", 0.5),
        lambda optimizer, schedule: setattr(optimizer, "steps", 5),
        lambda optimizer, schedule: schedule.step(),
        lambda optimizer, schedule: optimizer.state_dict(),
        lambda optimizer, schedule: optimizer.load_state_dict(STATE),
    ],
    ids=["make", "rate", "rate of a group", "steps", "schedule", "state", "load"],
)
def test_what_would_happen_once_only_is_refused_inside_a_compiled_function(act):
    optimizer = sgd()
    schedule = optim.ExponentialLR(optimizer, 0.5)

    @tg.compile
    def f(x):
        act(optimizer, schedule)
        return x * 2.0

    with pytest.raises(CompileError):
        f(np.ones(2))
    assert (optimizer.lr, optimizer.steps, schedule.t) == (0.1, 0, 0)


# States ------------------------------------------------------------------------------------------------------------


def stepped():
    u, v = Tensor([1.0, 2.0], label="u"), Tensor([3.0], label="v")
    optimizer = nn.Adam([u, v], 0.1)
    for _ in range(2):
        u.grad, v.grad = [1.0, 1.0], [0.5]
        optimizer.step()
    return optimizer


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda state: state["state"].update({0: 3}), "parameter 0: 3 is no dict"),
        (lambda state: state["state"][1].update(step=1), "have taken [1, 2] steps: here they step together"),
        (lambda state: state["state"][1].update(step=-2), "step must be a whole number, not -2"),
        (lambda state: state["state"][1].update(step=1.5), "step must be a whole number, not 1.5"),
        (lambda state: state["state"][1].update(step="2"), "step must be a whole number"),
        (lambda state: state["state"][1].pop("exp_avg"), "exp_avg is missing"),
        (lambda state: state["param_groups"][0].pop("lr"), "group 0: 'lr' is missing"),
    ],
)
def test_a_state_that_has_lost_its_sense_is_refused_whole(change, words):
    optimizer = stepped()
    before, state = optimizer.state_dict(), optimizer.state_dict()
    change(state)
    with refuses(CheckpointError, "stays as it was", words):
        optimizer.load_state_dict(state)
    np.testing.assert_equal(optimizer.state_dict(), before)


def test_a_group_that_was_added_later_goes_on_from_its_own_first_step():
    optimizer = stepped()
    w = Tensor([1.0])
    optimizer.add_param_group({"params": [w]})
    w.grad = [1.0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the others have no new gradient
        optimizer.step()
    state = optimizer.state_dict()
    assert [int(state["state"][i]["step"]) for i in range(3)] == [3, 3, 1]
    assert [group["params"] for group in state["param_groups"]] == [[0, 1], [2]]
    other = nn.Adam([{"params": [Tensor([1.0, 2.0]), Tensor([3.0])]}, {"params": [Tensor([1.0])]}])
    other.load_state_dict(state)
    assert other.steps == 3
    np.testing.assert_equal(other.state_dict(), state)


# Clipping ----------------------------------------------------------------------------------------------------------


def test_clipping_measures_tiny_and_zero_gradients_and_leaves_what_is_short_enough():
    w = Tensor([0.0, 0.0])
    for g, length in (([0.3, 0.4], 0.5), ([0.0, 0.0], 0.0), ([3e-200, 4e-200], 5e-200), ([3e200, 4e200], 5e200)):
        w.grad = g
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert nn.clip_grad_norm([w], 1e300) == pytest.approx(length, rel=1e-15)
        np.testing.assert_array_equal(w.grad, g)
    w.grad = [3.0, 4.0]
    slope = w._slope
    assert nn.clip_grad_norm([w], 5.0) == 5.0
    assert w._slope is slope  # exactly as long as may be: nothing is written
