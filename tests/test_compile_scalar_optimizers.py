"""Optimisers of many scalar weights, compiled: one step of arrays, with the numbers of a step for each weight."""

import numpy as np
import pytest
from compiling import CLOSE

import tinygrad_edu as tg
from tinygrad_edu import Value, nn

KINDS = {
    "SGD": lambda p: nn.SGD(p, lr=0.05),
    "momentum": lambda p: nn.SGD(p, lr=0.05, momentum=0.9, nesterov=True, weight_decay=0.01),
    "Adam": lambda p: nn.Adam(p, lr=0.01, weight_decay=0.01),
    "amsgrad": lambda p: nn.Adam(p, lr=0.01, amsgrad=True),
    "AdamW": lambda p: nn.AdamW(p, lr=0.01),
    "RMSprop": lambda p: nn.RMSprop(p, lr=0.01, momentum=0.5),
    "Adagrad": lambda p: nn.Adagrad(p, lr=0.05),
    "two groups": lambda p: nn.Adam([{"params": p[::2]}, {"params": p[1::2], "lr": 0.1}], lr=0.01),
}


def world(kind, unused=3):
    """Return a net, weights of which some are not used, and their optimiser."""
    net = nn.MLP(3, [5, 5, 1], rng=0)
    weights = [Value(0.1 * i) for i in range(unused)]
    params = [*weights[:1], *net.parameters(), *weights[1:]]
    return net, params, KINDS[kind](params)


def loss_of(net, rows):
    return sum((net(row) - 1.0) ** 2 for row in rows) * (1.0 / len(rows))


def state_of(params, optimizer):
    """Return weights, gradients, the count of steps, and what the optimiser remembers."""
    return (
        np.array([w.data for w in params]),
        np.array([w.grad for w in params]),
        np.array([w._grad is None for w in params]),
        optimizer.steps,
        np.array([[*entry] for entry in optimizer.memory]),
    )


def agree(kind, make, calls=3):
    """Train twins, one of them compiled, and compare all of their state; return the compiled step."""
    twins = [world(kind), world(kind)]
    plain, fast = make(*twins[0]), tg.compile(make(*twins[1]))
    rng = np.random.default_rng(0)
    for _ in range(calls):
        rows = rng.normal(size=(4, 3)).tolist()
        assert fast(rows).data == pytest.approx(plain(rows).data, rel=1e-10)
        for ours, theirs in zip(state_of(*twins[1][1:]), state_of(*twins[0][1:]), strict=True):
            np.testing.assert_allclose(ours, theirs, **CLOSE)
    return fast


def training(net, params, optimizer):
    def step(rows):
        optimizer.zero_grad()
        loss = loss_of(net, rows)
        loss.backward()
        optimizer.step()
        return loss

    return step


@pytest.mark.filterwarnings("ignore:.*have no gradient")
@pytest.mark.parametrize("kind", KINDS)
def test_weights_are_stepped_as_arrays(kind):
    fast = agree(kind, training)
    if kind == "Adam":
        assert fast.source.count("np.sqrt") == 1


def by_hand(net, params, optimizer):
    def step(rows):
        for w in params:
            w.grad = 0.0
        loss = loss_of(net, rows)
        loss.backward()
        for w in params:
            w.data -= 0.05 * w.grad
        return loss

    return step


def twice(net, params, optimizer):
    step = training(net, params, optimizer)
    return lambda rows: step(rows) + step(rows)


def changed_by_hand(net, params, optimizer):
    def step(rows):
        optimizer.zero_grad()
        loss = loss_of(net, rows)
        loss.backward()
        params[5].grad = params[5].grad * 0.5
        optimizer.step()
        return loss

    return step


def clipped(net, params, optimizer):
    def step(rows):
        optimizer.zero_grad()
        loss = loss_of(net, rows)
        loss.backward()
        nn.clip_grad_norm([w for w in params if w.grad is not None], 0.1)
        optimizer.step()
        return loss

    return step


def weights_set_before(net, params, optimizer):
    def step(rows):
        optimizer.zero_grad()
        loss = loss_of(net, rows)
        loss.backward()
        for w in net.layers[0].parameters():
            w.data = w.data * 0.99
        optimizer.step()
        return loss * optimizer.steps

    return step


def arrays_then_each(net, params, optimizer):
    first, second = training(net, params, optimizer), changed_by_hand(net, params, optimizer)
    return lambda rows: first(rows) + second(rows)


def each_then_arrays(net, params, optimizer):
    first, second = changed_by_hand(net, params, optimizer), training(net, params, optimizer)
    return lambda rows: first(rows) + second(rows)


def accumulated(net, params, optimizer):
    def step(rows):
        optimizer.zero_grad()
        loss = loss_of(net, rows)
        loss.backward()
        loss_of(net, rows[:3]).backward()
        optimizer.step()
        return loss

    return step


@pytest.mark.filterwarnings("ignore:.*have no gradient")
@pytest.mark.parametrize(
    "make",
    [by_hand, twice, changed_by_hand, clipped, weights_set_before, arrays_then_each, each_then_arrays, accumulated],
)
def test_steps_among_others(make):
    agree("Adam", make)


class Halved(nn.SGD):
    """A rule of the user's that looks at one number."""

    def rule(self, s, w, g, lr, steps, *memory):
        return (w - lr * max(g, g * 0.5), *memory)


@pytest.mark.filterwarnings("ignore:.*have no gradient")
def test_a_users_rule_is_asked_for_each_weight(monkeypatch):
    monkeypatch.setitem(KINDS, "Halved", lambda p: Halved(p, lr=0.05))
    agree("Halved", training)


class UsersOwn(nn.SGD):
    """Stepped weight by weight, as its rule might be anything."""


@pytest.mark.parametrize("kind", [nn.SGD, UsersOwn])
@pytest.mark.filterwarnings("ignore:.*have no gradient")
def test_what_is_remembered_of_weights_without_a_gradient_stays_their_own(kind):
    def trained(wrap):
        weights = [Value(1.0 + k / 10) for k in range(90)]
        optimizer = kind(weights, lr=0.1, momentum=0.9)

        def step(used):
            optimizer.zero_grad()
            loss = sum(weights[k] * (k + 1.0) * weights[k] for k in used)
            loss.backward()
            optimizer.step()

        step(range(90))  # something else is remembered of each
        fast = wrap(step)
        for used in (range(0, 90, 2), range(0, 90, 2), range(1, 80, 3), range(0, 90, 2)):
            fast(used)
        return [w.data for w in weights], [[*part] for part in optimizer.memory]

    (ours, memory), (plain, expected) = trained(tg.compile), trained(lambda f: f)
    assert ours == pytest.approx(plain, rel=1e-12)
    for part, wanted in zip(memory, expected, strict=True):
        assert part == pytest.approx(wanted, rel=1e-12)
