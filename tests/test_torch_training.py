"""Optimisers and schedules go as PyTorch's do: weights over 100 steps to 1e-6, rates over 60; and state goes across."""

import functools
import warnings

import numpy as np
import pytest
from torch_of_training import GOLDEN, OPTIMIZERS, SCHEDULES, START, answers, course, loss, rates, warm_up

import tinygrad_edu as tg
from tinygrad_edu import Tensor, nn
from tinygrad_edu.nn import optim

COURSES = [*((name, False) for name in OPTIMIZERS), ("SGD momentum", True), ("AdamW", True)]


@functools.cache
def golden():
    with np.load(GOLDEN) as file:
        return dict(file)


def parameters():
    return [Tensor(w) for w in START]


@pytest.mark.parametrize(("name", "groups"), COURSES)
def test_weights_go_where_those_of_torch_go(name, groups):
    seen = course(optim, tg, *OPTIMIZERS[name], parameters(), groups)
    assert np.abs(seen[-1] - START).max() > 0.01
    np.testing.assert_allclose(seen, golden()[f"{name} of groups" if groups else name], rtol=0, atol=1e-6)


@pytest.mark.parametrize(("name", "groups"), COURSES)
def test_compiled_steps_go_there_too(name, groups):
    u, v = parameters()
    kind, how = OPTIMIZERS[name]
    given = [{"params": [u]}, {"params": [v], "lr": 0.1, "weight_decay": 0.2}] if groups else [u, v]
    optimizer = getattr(optim, kind)(given, **how)

    @tg.compile
    def step():
        value = loss(tg, u, v)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        return value

    for _ in range(100):
        step()
    expected = golden()[f"{name} of groups" if groups else name][-1]
    np.testing.assert_allclose([u.data, v.data], expected, rtol=0, atol=1e-6)


def two_groups():
    u, v = parameters()
    return nn.SGD([{"params": [u]}, {"params": [v], "lr": 0.02}], lr=0.1, momentum=0.9)


@pytest.mark.parametrize("name", [*SCHEDULES, "warm-up"])
def test_rates_and_momenta_are_those_of_torch(name):
    optimizer = two_groups()
    if name == "warm-up":
        schedule = warm_up(optim, optimizer)
    else:
        kind, how = SCHEDULES[name]
        schedule = getattr(optim, kind)(optimizer, **how)
    np.testing.assert_allclose(rates(optimizer, schedule), golden()[f"rates {name}"], rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_goes_on_from_its_state(name):
    kind, how = SCHEDULES[name]
    one, other = two_groups(), two_groups()
    first, second = (getattr(optim, kind)(optimizer, **how) for optimizer in (one, other))
    told = [[2.0]] * 3 if kind == "ReduceLROnPlateau" else [[]] * 3
    for measure in told * 3:
        first.step(*measure)
    second.load_state_dict(first.state_dict())
    for measure in told:
        first.step(*measure)
        second.step(*measure)
        assert first.get_last_lr() == second.get_last_lr()


@pytest.mark.torch
def test_golden_data_are_what_torch_answers_here():
    pytest.importorskip("torch", reason="PyTorch is not installed: its answers are those checked in")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        asked = answers()
    assert asked.keys() == golden().keys()
    for name, seen in asked.items():
        np.testing.assert_allclose(seen, golden()[name], rtol=0, atol=1e-9, err_msg=name)


@pytest.mark.torch
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_state_of_torch_is_taken_over_and_goes_on_there(name):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    kind, how = OPTIMIZERS[name]
    theirs = [torch.tensor(w, requires_grad=True) for w in START]
    ours = parameters()
    steppers = getattr(torch.optim, kind)(theirs, **how), getattr(optim, kind)(ours, **how)

    def steps(stepper, numbers, leaves, n):
        for _ in range(n):
            stepper.zero_grad()
            loss(numbers, *leaves).backward()
            stepper.step()

    steps(steppers[0], torch, theirs, 7)
    for w, x in zip(ours, theirs, strict=True):
        w.data = x.detach().numpy()
    steppers[1].load_state_dict(steppers[0].state_dict())
    steps(steppers[0], torch, theirs, 5)
    steps(steppers[1], tg, ours, 5)
    np.testing.assert_allclose([w.data for w in ours], [w.detach().numpy() for w in theirs], rtol=1e-9)
