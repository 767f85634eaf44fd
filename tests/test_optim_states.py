"""Groups of parameters, the states of optimisers, read and put back, and what programs refuse of both."""

import math
import warnings

import numpy as np
import pytest
from refusing import refuses

import tinygrad_edu as tg
from tinygrad_edu import Tensor, Value, nn
from tinygrad_edu.errors import CheckpointError, CompileError
from tinygrad_edu.nn import optim
from tinygrad_edu.nn.optim.state import step_count


def stepped(n=2, **more):
    """Two weights of a momentum optimiser, after some steps, in two groups."""
    a, b = Tensor([1.0, 2.0], label="a"), Value(3.0, label="b")
    optimizer = optim.SGD([{"params": [a]}, {"params": [b], "lr": 0.5}], lr=0.1, momentum=0.9, **more)
    for _ in range(n):
        a.grad, b.grad = [1.0, -1.0], 2.0
        optimizer.step()
    return optimizer


# Groups --------------------------------------------------------------------------------------------------------------


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


def test_a_group_is_read_and_set_by_names_and_by_keys():
    optimizer = stepped(0)
    first, second = optimizer.param_groups
    assert (first.lr, second["lr"], second.momentum, optimizer.lr) == (0.1, 0.5, 0.9, 0.1)
    assert second.keys()[:2] == ["params", "lr"]
    assert repr(second).startswith("ParamGroup(1 parameters, lr=0.5, momentum=0.9")
    assert repr(optimizer) == "SGD(2 parameters, lr=0.1, steps=0)"
    second.lr = 0.25
    assert (first.lr, second.lr) == (0.1, 0.25)
    second["momentum"] = 0.5
    assert (first.momentum, second.momentum) == (0.9, 0.5)
    type(first).lr.fset(first, 0.75)
    assert first.lr == 0.75
    optimizer.momentum = 0.25
    assert (first.momentum, second.momentum) == (0.25, 0.25)
    for act in (lambda: second.color, lambda: setattr(second, "color", 1), lambda: optimizer.color):
        with pytest.raises(AttributeError, match="color"):
            act()
    with refuses(ValueError, "lr must be a number from 0 up, not -1"):
        second.lr = -1
    assert second.lr == 0.25
    optimizer.extra = 3
    assert optimizer.extra == 3
    with pytest.warns(UserWarning, match="with lr=0 no weight ever changes"):
        optimizer.lr = 0


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


def test_a_group_that_was_added_later_goes_on_from_its_own_first_step():
    u, v, w = Tensor([1.0, 2.0]), Tensor([3.0]), Tensor([1.0])
    optimizer = nn.Adam([u, v], 0.1)
    for _ in range(2):
        u.grad, v.grad = [1.0, 1.0], [0.5]
        optimizer.step()
    optimizer.add_param_group({"params": [w]})
    assert optimizer.state_dict()["state"][2]["step"] == 0
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


# States --------------------------------------------------------------------------------------------------------------


def test_a_state_has_pytorch_s_layout_and_is_a_copy():
    optimizer = stepped(2)
    state = optimizer.state_dict()
    assert [*state] == ["state", "param_groups"]
    assert [group["params"] for group in state["param_groups"]] == [[0], [1]]
    assert [group["lr"] for group in state["param_groups"]] == [0.1, 0.5]
    assert state["state"][0]["step"] == state["state"][1]["step"] == 2
    np.testing.assert_allclose(state["state"][0]["momentum_buffer"], [1.9, -1.9])
    state["state"][0]["momentum_buffer"][:] = 0
    np.testing.assert_allclose(optimizer.memory[0][0], [1.9, -1.9])
    assert stepped(0).state_dict()["state"] == {}


OPTIMISERS = {
    "SGD": lambda p: nn.SGD(p, 0.1),
    "momentum": lambda p: nn.SGD(p, lr=0.1, momentum=0.9, nesterov=True),
    "Adam": lambda p: nn.Adam(p, 0.1, (0.9, 0.99), weight_decay=0.1),
    "AdamW": lambda p: nn.AdamW(p, 0.1, amsgrad=True),
    "Adagrad": lambda p: nn.Adagrad(p, 0.1, lr_decay=0.5),
    "RMSprop": lambda p: nn.RMSprop(p, 0.1, 0.9, momentum=0.5, centered=True),
}


@pytest.mark.parametrize("name", OPTIMISERS)
@pytest.mark.parametrize("kind", [Value, lambda w: Tensor([w])])
def test_an_optimiser_goes_on_from_its_state(name, kind):
    one, other = kind(2.0), kind(2.0)
    first, second = OPTIMISERS[name]([one]), OPTIMISERS[name]([other])
    for g in (0.5, -1.0, 0.25, 2.0):
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


def test_a_state_says_how_many_steps_were_taken():
    empty = stepped(2)
    empty.load_state_dict(stepped(0).state_dict())
    assert (empty.steps, empty.memory[0][0].tolist(), empty.memory[1]) == (0, [0.0, 0.0], (0.0,))
    late = stepped(2)
    saved = late.state_dict()
    saved["state"][1]["step"] = 5
    late.load_state_dict(saved)
    assert (late.steps, [g.since for g in late.param_groups]) == (5, [3, 0])


def changed(**more):
    """A state with something changed in it; `state` and `group` are its first entries."""
    state = stepped(2).state_dict()
    state["state"][0].update(more.pop("state", {}))
    state["param_groups"][0].update(more.pop("group", {}))
    return {**state, **more}


UNFIT = {
    "no dict": (3, 'it is no dict with a list "param_groups" of dicts and a dict "state"'),
    "no groups": ({"state": {}}, "it is no dict"),
    "groups that are no dicts": (changed(param_groups=[1]), "it is no dict"),
    "a state that is a list": (changed(state_=0) | {"state": []}, "it is no dict"),
    "other numbers of parameters": (
        changed(group={"params": [0, 1]}),
        "groups of [1, 1] parameters here, of [2, 1] in the state",
    ),
    "no list of parameters": (changed(group={"params": None}), "of [0, 1] in the state"),
    "fewer groups": (changed(param_groups=stepped(0).state_dict()["param_groups"][:1]), "of [1] in the state"),
    "a setting of Adam's": (changed(group={"amsgrad": True}), "group 0: amsgrad=True is not offered by this SGD"),
    "a dampening": (changed(group={"dampening": 0.5}), "group 0: dampening=0.5 is not offered"),
    "decoupled decay": (changed(group={"decoupled_weight_decay": True}), "decoupled_weight_decay=True"),
    "a rate below 0": (changed(group={"lr": -1}), "group 0: SGD: lr must be a number from 0 up"),
    "a text for a rate": (changed(group={"lr": "x"}), "group 0: SGD: lr must be"),
    "no dict of a parameter": (changed() | {"state": {0: 5}}, "parameter 0: 5 is no dict"),
    "a parameter too many": (changed() | {"state": {2: {}}}, "unexpected: the state of parameter 2"),
    "a name for a parameter": (changed() | {"state": {"w": {}}}, "unexpected: the state of parameter 'w'"),
    "half a step": (changed(state={"step": 1.5}), "parameter 0: step must be a whole number, not 1.5"),
    "a step below 0": (changed(state={"step": -1}), "parameter 0: step must be a whole number, not -1"),
    "several steps": (changed(state={"step": [1, 2]}), "must be a whole number, not [1, 2]"),
    "another shape": (
        changed(state={"momentum_buffer": np.zeros(3)}),
        "momentum_buffer is float64 (3,) in the state, and must be floats of shape (2,)",
    ),
    "whole numbers": (changed(state={"momentum_buffer": np.zeros(2, int)}), "momentum_buffer is int64 (2,)"),
    "nothing remembered": (changed(state={"momentum_buffer": None}), "parameter 0, `a`: momentum_buffer is missing"),
}


@pytest.mark.parametrize(("saved", "words"), UNFIT.values(), ids=UNFIT)
def test_a_state_that_does_not_fit_is_refused_whole(saved, words):
    optimizer = stepped(1)
    before = optimizer.state_dict()
    with refuses(CheckpointError, "does not fit this SGD, which stays as it was", words):
        optimizer.load_state_dict(saved)
    after = optimizer.state_dict()
    assert after["param_groups"] == before["param_groups"]
    assert repr(after["state"]) == repr(before["state"])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda state: state["state"][0].pop("exp_avg"), "exp_avg is missing"),
        (lambda state: state["param_groups"][0].pop("lr"), "group 0: 'lr' is missing"),
        (lambda state: state["param_groups"][0].update(betas=(0.9, 2.0)), "betas[1] must be"),
        (lambda state: state["param_groups"][0].update(amsgrad=True), "this setting needs max_exp_avg_sq"),
    ],
)
def test_a_state_that_misses_something_of_adam_is_refused_whole(change, words):
    w = Tensor([1.0, 2.0])
    optimizer = nn.Adam([w], 0.1)
    w.grad = [1.0, 1.0]
    optimizer.step()
    before, state = optimizer.state_dict(), optimizer.state_dict()
    change(state)
    with refuses(CheckpointError, "stays as it was", words):
        optimizer.load_state_dict(state)
    np.testing.assert_equal(optimizer.state_dict(), before)


def test_parameters_of_one_group_step_together():
    a, b = Tensor([1.0]), Tensor([2.0])
    optimizer = optim.SGD([a, b], lr=0.1, momentum=0.9)
    a.grad, b.grad = [1.0], [1.0]
    optimizer.step()
    saved = optimizer.state_dict()
    saved["state"][1]["step"] = 3
    with refuses(CheckpointError, "parameters of one group have taken [1, 3] steps"):
        optimizer.load_state_dict(saved)
    saved["state"][1]["step"] = 1
    saved["param_groups"][0] |= {
        "dampening": 0, "maximize": False, "foreach": None, "fused": True, "capturable": False, "initial_lr": 7,
        "differentiable": False, "decoupled_weight_decay": False,
    }  # fmt: skip
    optimizer.load_state_dict(saved)
    assert optimizer.steps == 1
    del saved["param_groups"][0]["momentum"]
    with refuses(CheckpointError, "group 0: 'momentum' is missing"):
        optimizer.load_state_dict(saved)


@pytest.mark.parametrize("given", [2, 2.0, np.int64(2), np.array([2]), np.array(2.0, np.float32), Tensor(2.0)])
def test_counts_of_steps(given):
    problems = []
    assert step_count(tg.core.node.data_of(given), "step", problems) == 2
    assert type(step_count(2.0, "step", problems)) is int
    assert problems == []


def test_a_count_that_is_none():
    problems = []
    assert [step_count(x, "step", problems) for x in ("a", -1, 0.5, math.inf, [], True)] == [0] * 6
    assert len(problems) == 6
    assert step_count(0, "step", problems) == 0
    assert len(problems) == 6


# Inside a compiled function ------------------------------------------------------------------------------------------


W = Tensor([1.0], label="W")
STEPPED = optim.SGD([W], lr=0.1)
SCHEDULED = optim.StepLR(STEPPED, 1)
INSIDE = {
    "an optimiser is made": lambda: optim.SGD([Tensor([1.0])], lr=0.1),
    "lr of an optimiser is set": lambda: setattr(STEPPED, "lr", 0.5),
    "lr of an optimiser is set, by group": lambda: setattr(STEPPED.param_groups[0], "lr", 0.5),
    "the number of an optimiser's steps is set": lambda: setattr(STEPPED, "steps", 3),
    "a schedule steps": SCHEDULED.step,
    "the state of an optimiser is read": STEPPED.state_dict,
    "the state of an optimiser is loaded": lambda: STEPPED.load_state_dict({}),
}


@pytest.mark.parametrize("done", INSIDE)
def test_what_would_happen_once_is_refused_inside_a_compiled_function(done):
    def f(x):
        INSIDE[done]()
        return x * W

    with refuses(CompileError, done.split(",")[0], "inside a compiled function"):
        tg.compile(f)(2.0)
    assert (STEPPED.lr, STEPPED.steps, SCHEDULED.t) == (0.1, 0, 0)
    STEPPED.steps = 4
    assert STEPPED.steps == 4
    STEPPED.steps = 0
