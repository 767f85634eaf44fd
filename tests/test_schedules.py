"""Schedules: formulas and numbers worked out by hand, their states, and everything refused."""

import math

import numpy as np
import pytest
from refusing import refuses

from tinygrad_edu import Tensor, nn
from tinygrad_edu.errors import CheckpointError
from tinygrad_edu.nn import optim
from tinygrad_edu.nn.optim.schedule import Schedule, form


def sgd(**how):
    return nn.SGD([Tensor([1.0], label="w")], **{"lr": 0.1, **how})


RATES = {
    "step": (lambda o: optim.StepLR(o, 2, 0.5), lambda t: 0.5 ** (t // 2)),
    "milestones": (lambda o: optim.MultiStepLR(o, [4, 1], 0.5), lambda t: 0.5 ** ((t >= 1) + (t >= 4))),
    "exponential": (lambda o: optim.ExponentialLR(o, 0.5), lambda t: 0.5**t),
    "a function": (lambda o: optim.LambdaLR(o, lambda t: 1 / (t + 1)), lambda t: 1 / (t + 1)),
    "a cosine": (
        lambda o: optim.CosineAnnealingLR(o, 4, 0.5),
        lambda t: 0.5 + 0.5 * (1 + math.cos(math.pi * t / 4)) / 2,
    ),
    "restarts": (
        lambda o: optim.CosineAnnealingWarmRestarts(o, 2, 2, 0.5),
        lambda t: 0.5 + 0.5 * (1 + math.cos(math.pi * (t / 2 if t < 2 else (t - 2) / 4 if t < 6 else (t - 6) / 8))) / 2,
    ),
    "a line": (lambda o: optim.LinearLR(o, 0.25, 0.75, 4), lambda t: 0.25 + 0.5 * min(t / 4, 1)),
    "one after the other": (
        lambda o: optim.SequentialLR(
            o, [optim.ExponentialLR(o, 0.5), optim.LinearLR(o, 0.5, 1.0, 2), optim.ExponentialLR(o, 0.25)], [3, 7]
        ),
        lambda t: 0.5**t if t < 3 else 0.5 + 0.5 * min((t - 3) / 2, 1) if t < 7 else 0.25 ** (t - 7),
    ),
}


@pytest.mark.parametrize("name", RATES)
def test_a_schedule_is_its_formula(name):
    make, formula = RATES[name]
    optimizer = optim.SGD([{"params": [Tensor([1.0])]}, {"params": [Tensor([1.0])], "lr": 2.0}], lr=1.0)
    schedule = make(optimizer)
    for t in range(9):
        rates = [group.lr for group in optimizer.param_groups]
        if name in ("a cosine", "restarts"):  # which end at one rate, wherever they began
            assert rates[0] == pytest.approx(formula(t))
            assert rates[1] - 0.5 == pytest.approx(3 * (rates[0] - 0.5))
        else:
            assert rates == pytest.approx([formula(t), 2 * formula(t)])
        schedule.step()


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


def rates(optimizer, schedule, n, told=()):
    found = []
    for k in range(n):
        found.append(optimizer.lr)
        schedule.step(*told[k : k + 1])
    return found


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


def test_a_schedule_that_lacks_its_rate_and_one_of_no_optimiser():
    with pytest.raises(NotImplementedError, match="Schedule has to define rate"):
        Schedule(sgd())
    with refuses(TypeError, "StepLR: pass an optimiser, not 3"):
        optim.StepLR(3, 1)
    with refuses(ValueError, "CosineAnnealingLR: T_max must be at least 1, not 0"):
        optim.CosineAnnealingLR(sgd(), 0)


# States --------------------------------------------------------------------------------------------------------------


def test_the_form_of_a_saved_value():
    assert form(2) is form(0.5) is float
    assert (form(True), form("a"), form([1, "a", [2.0]]), form(None)) == (bool, str, [float, str, [float]], None)


def test_where_a_schedule_is_put_back():
    optimizer = nn.SGD([{"params": [Tensor([1.0])]}, {"params": [Tensor([1.0])], "lr": 0.5}], lr=0.1)
    schedule = optim.StepLR(optimizer, step_size=2, gamma=0.5)
    schedule.step()
    saved = schedule.state_dict()
    assert (saved["t"], saved["base_lrs"], schedule.get_last_lr()) == (1, [0.1, 0.5], [0.1, 0.5])
    saved["base_lrs"][0] = 7.0
    assert schedule.base_lrs == [0.1, 0.5]
    saved["base_lrs"][0] = 0.1
    schedule.step()
    assert schedule.get_last_lr() == [0.05, 0.25]
    schedule.load_state_dict(saved)
    assert (schedule.t, schedule.get_last_lr()) == (1, [0.1, 0.5])
    for wrong, words in (
        ({**saved, "t": -1}, "t cannot be -1, and is 1"),
        ({**saved, "t": True}, "t cannot be True"),
        ({**saved, "t": "a"}, "t cannot be 'a'"),
        ({**saved, "base_lrs": [0.1]}, "base_lrs cannot be [0.1], and is [0.1, 0.5]"),
        ({**saved, "gamma": None}, "gamma cannot be None"),
        ({**saved, "base_lrs": 0.1}, "base_lrs cannot be 0.1"),
        ({**saved, "more": 1}, "the state must hold"),
        (3, "and holds 3"),
    ):
        with refuses(CheckpointError, "StepLR", words):
            schedule.load_state_dict(wrong)
        assert schedule.t == 1
    schedule.load_state_dict({**saved, "t": 0})
    assert schedule.t == 0
