"""Optimisers, small and exact: groups, states that are read and put back, clipping, and what programs refuse."""

import math

import numpy as np
import pytest
from refusing import refuses

import tinygrad_edu as tg
from tinygrad_edu import Tensor, Value, nn
from tinygrad_edu.errors import AnomalyError, CheckpointError, CompileError, DTypeError
from tinygrad_edu.nn import optim
from tinygrad_edu.nn.optim import clip_grad_norm
from tinygrad_edu.nn.optim.clip import gradient_norm
from tinygrad_edu.nn.optim.groups import checked_params, given_groups, parameter_list, zero_like
from tinygrad_edu.nn.optim.optimizer import all_finite
from tinygrad_edu.nn.optim.schedule import Schedule, form
from tinygrad_edu.nn.optim.state import step_count


def stepped(n=2, **more):
    """Two weights of a momentum optimiser, after some steps, in two groups."""
    a, b = Tensor([1.0, 2.0], label="a"), Value(3.0, label="b")
    optimizer = optim.SGD([{"params": [a]}, {"params": [b], "lr": 0.5}], lr=0.1, momentum=0.9, **more)
    for _ in range(n):
        a.grad, b.grad = [1.0, -1.0], 2.0
        optimizer.step()
    return optimizer


# Groups ------------------------------------------------------------------------------------------------------------


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


def test_a_group_that_is_added_later_counts_its_own_steps():
    optimizer = stepped(2)
    c = Tensor([1.0])
    optimizer.add_param_group({"params": [c], "name": "late"})
    group = optimizer.param_groups[2]
    assert (group.since, group.lr, len(optimizer.memory), optimizer.params[2] is c) == (2, 0.1, 3, True)
    assert optimizer.state_dict()["state"][2]["step"] == 0
    with refuses(ValueError, "no setting is called 'color'"):
        optimizer.add_param_group({"params": [Tensor([1.0])], "color": 1})
    with refuses(ValueError, "parameters 2 and 3 are the same"):
        optimizer.add_param_group({"params": [c]})
    assert len(optimizer.param_groups) == len(optimizer.params) == 3


def test_what_may_be_stepped():
    w, x = Tensor([1.0]), Tensor([2.0], label="x")
    assert given_groups("SGD", iter([w])) == [{"params": [w]}]
    assert given_groups("SGD", [{"params": iter([w]), "lr": 1}]) == [{"params": [w], "lr": 1}]
    for given in (w, "w", {"params": [w]}, 3, None):
        with refuses(DTypeError, "SGD: pass model.parameters()"):
            parameter_list("SGD", given)
    with refuses(ValueError, "no parameters to step"):
        parameter_list("SGD", [])
    for params, words in (
        ([w, 3.0], "parameter 1 is 3.0, not a Value"),
        ([w, w * 2], "only leaves can be stepped"),
        ([w, Tensor([1.0], requires_grad=False)], "requires_grad=False"),
        ([x, w, x], "parameters 0 and 2 are the same, `x`"),
    ):
        with refuses(ValueError, words):
            checked_params("SGD", params)
    assert checked_params("SGD", [w, x]) == [w, x]
    assert zero_like(Value(2.0)) == 0.0
    assert zero_like(Tensor(np.ones(2, np.float16))).dtype == np.float32
    assert [*zero_like(Tensor([1.0, 2.0]))] == [0.0, 0.0]


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


# States ------------------------------------------------------------------------------------------------------------


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


def test_a_state_that_is_put_back_goes_on_as_the_first_would():
    first, second = stepped(3), stepped(1)
    for w, v in zip(second.params, first.params, strict=True):
        w.assign(v.data)
    second.load_state_dict(first.state_dict())
    assert (second.steps, [g.since for g in second.param_groups]) == (3, [0, 0])
    for optimizer in (first, second):
        a, b = optimizer.params
        a.grad, b.grad = [1.0, 1.0], 1.0
        optimizer.step()
    assert second.params[0].data.tolist() == first.params[0].data.tolist()
    assert second.params[1].data == first.params[1].data
    empty = stepped(2)
    empty.load_state_dict(stepped(0).state_dict())
    assert empty.steps == 0
    assert empty.memory[0][0].tolist() == [0.0, 0.0]
    assert empty.memory[1] == (0.0,)
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


# Rules, against their formulas written out ---------------------------------------------------------------------------

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
    "SGD": (optim.SGD, sgd, [{}, {"momentum": 0.75}, {"momentum": 0.75, "nesterov": True}, {"weight_decay": 0.5}]),
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


@pytest.mark.parametrize(("name", "settings"), SETTINGS, ids=[f"{name} {'+'.join(s)}" for name, s in SETTINGS])
@pytest.mark.parametrize("kind", [Value, Tensor])
def test_a_rule_is_its_formula(name, settings, kind):
    make, formula, _ = RULES[name]
    w = kind(2.0)
    optimizer = make([w], **({"lr": 0.1} if name == "SGD" else {}) | settings)
    for expected, g in zip(formula(2.0, **settings), GRADS, strict=True):
        w.grad = g
        optimizer.step()
        assert w.item() == pytest.approx(expected, rel=1e-12, abs=0)


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
        lambda o: optim.SequentialLR(o, [optim.ExponentialLR(o, 0.5), optim.LinearLR(o, 0.5, 1.0, 2)], [3]),
        lambda t: 0.5**t if t < 3 else 0.5 + 0.5 * min((t - 3) / 2, 1),
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


# Schedules ---------------------------------------------------------------------------------------------------------


def test_the_form_of_a_saved_value():
    assert form(2) is form(0.5) is float
    assert (form(True), form("a"), form([1, "a", [2.0]]), form(None)) == (bool, str, [float, str, [float]], None)


def test_a_schedule_that_lacks_its_rate_and_one_of_no_optimiser():
    with pytest.raises(NotImplementedError, match="Schedule has to define rate"):
        Schedule(stepped(0))
    with refuses(TypeError, "StepLR: pass an optimiser, not 3"):
        optim.StepLR(3, 1)


def test_where_a_schedule_is_put_back():
    optimizer = stepped(0)
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
        ({**saved, "more": 1}, "the state must hold"),
        (3, "and holds 3"),
    ):
        with refuses(CheckpointError, "StepLR", words):
            schedule.load_state_dict(wrong)
        assert schedule.t == 1
    schedule.load_state_dict({**saved, "t": 0})
    assert schedule.t == 0


# Clipping ----------------------------------------------------------------------------------------------------------


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


# Inside a compiled function ----------------------------------------------------------------------------------------

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


def test_steps_zero_grad_and_gradients_that_are_missing():
    a, b = Tensor([1.0], label="a"), Tensor([2.0], label="b")
    optimizer = nn.SGD([a, b], lr=0.5)
    with refuses(tg.errors.GradientError, "SGD.step: no gradients"):
        optimizer.step()
    a.grad = [1.0]
    with pytest.warns(
        UserWarning, match="1 of 2 parameters have no gradient and stay as they are, first parameter 1, `b`"
    ):
        optimizer.step()
    assert (a.data, b.data, optimizer.steps) == ([0.5], [2.0], 1)
    optimizer.zero_grad()
    assert a.grad is None
    a.grad, b.grad = [1.0], [math.nan]
    for how, error in (("raise", AnomalyError), ("Raise", ValueError)):
        with pytest.raises(error):
            optimizer.step(how)
    assert (a.data, optimizer.steps) == ([0.5], 1)
    optimizer.step("skip")
    assert (a.data, optimizer.steps) == ([0.5], 1)
    optimizer.step("allow")
    assert (a.data, optimizer.steps) == ([0.0], 2)
    assert math.isnan(b.data[0])
    b.grad = [1.0]
    with refuses(AnomalyError, "parameter 1, `b` holds a NaN or an infinity already"):
        optimizer.step()
    b.assign([1e308])
    b.grad = [-1.7e308]
    optimizer.lr = 10.0
    with refuses(AnomalyError, "the step of parameter 1, `b` overflows float64"):
        optimizer.step()
    b.grad = [math.inf]
    with refuses(AnomalyError, "the gradient of parameter 1, `b` holds inf"):
        optimizer.step()
