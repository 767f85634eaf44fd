"""Real signals into tight loops: `python tests/campaigns/signals.py 1500` counts states torn and modes left on.

`signals.txt` beside this file holds what came of it.

Each action runs in a loop until an alarm interrupts it, the given number of times. Afterwards all that it changes
must be as it was before some whole action or after it, and no mode may hold.
"""

from __future__ import annotations

import random
import signal
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import tinygrad_edu as tg
from tinygrad_edu import Tensor, Value, nn, no_grad
from tinygrad_edu.core.context import PLAIN_MODE, mode


def modes() -> tuple[Callable[[], None], Callable[[], bool]]:
    """Return a block of no_grad; nothing can be torn but the mode itself."""

    def act() -> None:
        with no_grad():
            pass

    return act, lambda: True


def gradients() -> tuple[Callable[[], None], Callable[[], bool]]:
    """Return backward() into leaves whose gradients are equal as long as they are whole."""
    leaves = [Value(1.0) for _ in range(20)]
    loss = sum(leaves, Value(0.0))
    return loss.backward, lambda: len({x.grad for x in leaves}) == 1


def steps() -> tuple[Callable[[], None], Callable[[], bool]]:
    """Return steps of Adam for weights that stay equal, whose memory counts them."""
    leaves = [Tensor(np.ones(3)) for _ in range(6)]
    for x in leaves:
        x.grad = np.ones(3)
    optimizer = nn.Adam(leaves, lr=1e-3)

    def whole() -> bool:
        same = {x.data.tobytes() for x in leaves} | set()
        memory = {tuple(np.asarray(m).tobytes() for m in memory) for memory in optimizer.memory}
        return len(same) == len(memory) == 1 and len({x.born - leaves[0].born for x in leaves}) == len(leaves)

    return optimizer.step, whole


def loading() -> tuple[Callable[[], None], Callable[[], bool]]:
    """Return loading of one of two states in turn: weights must be all of one or of the other."""
    net = nn.Sequential(nn.Linear(3, 3, rng=0), nn.Linear(3, 3, rng=1))
    states = [{name: np.full_like(x, value) for name, x in net.state_dict().items()} for value in (1.0, 2.0)]
    turn = [0]

    def act() -> None:
        turn[0] ^= 1
        net.load_state_dict(states[turn[0]])

    net.load_state_dict(states[0])
    return act, lambda: len({x for w in net.parameters() for x in w.numpy().ravel().tolist()}) == 1


def writing() -> tuple[Callable[[], None], Callable[[], bool]]:
    """Return t[i] = y: the operation, the operands and the data belong together."""
    t = Tensor([1.0, 2.0]) * 1.0
    t[0] = 3.0  # a signal may come before the first of those that are watched

    def act() -> None:
        t[0] = 3.0

    def whole() -> bool:
        return t.op is not None and (t.op.name == "setitem") == isinstance(t.inputs[0], Tensor) and t.numpy()[1] == 2.0

    return act, whole


def buffers() -> tuple[Callable[[], None], Callable[[], bool]]:
    """Return batch normalisation in training: mean and variance move together, once for each batch counted."""
    layer = nn.BatchNorm1d(1, momentum=None)
    x = Tensor([[0.0], [2.0]], requires_grad=False)
    assert layer.running_mean is not None
    mean, var, count = layer.running_mean, layer.running_var, layer.num_batches_tracked

    def whole() -> bool:
        n = int(count.item())
        return n == 0 or (abs(mean.item() - 1.0) < 1e-9 and abs(var.item() - 2.0) < 1e-9)

    return lambda: layer(x), whole


def compiled() -> tuple[Callable[[], None], Callable[[], bool]]:
    """Return a compiled step of momentum: weights, memory and the count of steps are those of one step."""
    w = Tensor(np.ones(3))
    optimizer = nn.SGD([w], lr=1e-9, momentum=0.5)

    @tg.compile
    def step() -> Tensor:
        loss = (w * 1.0).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    for _ in range(3):  # the first calls are compared with the function itself
        step()
    velocity, weight, counted = 0.0, 1.0, 0  # by hand, taken up to the count of steps

    def whole() -> bool:
        nonlocal velocity, weight, counted
        while counted < optimizer.steps:
            velocity = 0.5 * velocity + 1.0
            weight, counted = weight - 1e-9 * velocity, counted + 1
        known = np.asarray(optimizer.memory[0][0])
        return bool(np.all(known == velocity) and np.allclose(w.numpy(), weight, rtol=1e-14, atol=0))

    return step, whole


ACTIONS = {f.__name__: f for f in (modes, gradients, steps, loading, writing, buffers, compiled)}


def struck(name: str, times: int) -> Iterator[tuple[bool, bool]]:
    """Yield for each signal whether the state is torn, and whether a mode is left on."""
    act, whole = ACTIONS[name]()
    kept: Any = None
    for _ in range(times):
        try:
            signal.setitimer(signal.ITIMER_REAL, random.uniform(2e-5, 3e-4))
            while True:
                act()
        except KeyboardInterrupt as error:
            kept = error  # as a notebook keeps the last traceback
        yield not whole(), mode() is not PLAIN_MODE
    del kept


def interrupt(*_: Any) -> None:
    """Do what Ctrl-C does."""
    raise KeyboardInterrupt


def main() -> int:
    """Send signals into every action; return 1 where anything was torn."""
    signal.signal(signal.SIGALRM, interrupt)
    random.seed(0)
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 1500
    torn_in_all, on_in_all = 0, 0
    for name in ACTIONS:
        found = list(struck(name, times))
        torn, on = (sum(column) for column in zip(*found, strict=True))
        print(f"{name:10} {times} signals: {torn} torn, {on} modes left on")
        torn_in_all, on_in_all = torn_in_all + torn, on_in_all + on
    print(f"torn {torn_in_all}, left on {on_in_all}")
    return 1 if torn_in_all or on_in_all else 0


if __name__ == "__main__":
    sys.exit(main())
