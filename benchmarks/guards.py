"""The share of a compiled call that is no computing: its guards, and comparing the program with the function."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

Call = tuple[Any, tuple[Any, ...]]  # a compiled function, and arguments for it


def small_step(rows: int) -> Call:
    """Return a training step of two layers with Adam."""
    import tinygrad_edu as tg
    from tinygrad_edu import nn

    rng = np.random.default_rng(0)
    model = nn.Sequential(nn.Linear(64, 64, rng=rng), nn.ReLU(), nn.Linear(64, 10, rng=rng))
    adam = nn.Adam(model.parameters(), lr=1e-4)

    def step(x: Any, labels: Any) -> Any:
        adam.zero_grad()
        loss = nn.functional.cross_entropy(model(x), labels)
        loss.backward()
        adam.step()
        return loss

    return tg.compile(step), (rng.normal(size=(rows, 64)), rng.integers(0, 10, rows))


def many_scalars(rows: int) -> Call:
    """Return micrograd's demo, of 65,000 scalar nodes where there are 100 rows."""
    import tinygrad_edu as tg
    from tinygrad_edu import nn

    rng = np.random.default_rng(0)
    model, points = nn.MLP(2, [16, 16, 1], rng=0), rng.normal(size=(rows, 2)).tolist()

    def step() -> Any:
        loss = sum((model(x) - 1.0) ** 2 for x in points)
        model.zero_grad()
        loss.backward()
        for p in model.parameters():
            p.data -= 1e-4 * p.grad
        return loss

    return tg.compile(step), ()


WORK: dict[str, Callable[[int], Call]] = {"small step": small_step, "many scalars": many_scalars}


def guards(name: str, rows: int) -> Callable[[], Any]:
    """Return the guards of a program alone, as they run before each call."""
    from tinygrad_edu.compile.signature import Signature

    fast, args = WORK[name](rows)
    for _ in range(5):
        fast(*args)
    return lambda: fast.last.valid(Signature(args, {}, fast.outside))


def calls(name: str, rows: int) -> Callable[[], Any]:
    """Return whole calls, those compared with the function included."""
    fast, args = WORK[name](rows)
    for _ in range(5):
        fast(*args)
    return lambda: fast(*args)


def programs(name: str, rows: int) -> Callable[[], Any]:
    """Return whole calls without comparing them."""
    fast, args = WORK[name](rows)
    for _ in range(5):
        fast(*args)
    return lambda: fast.replay(*args)


SUBJECTS = {"guards": guards, "call": calls, "replay": programs}


def seconds(subject: Callable[..., Callable[[], Any]], setting: tuple[str, int]) -> tuple[dict[str, Any], Any]:
    """Return nothing beforehand, and a hundred times the work as something to repeat."""
    work = subject(*setting)

    def once() -> dict[str, float]:
        began = time.process_time()
        for _ in range(100):
            work()
        return {"work": (time.process_time() - began) / 100}

    return {}, once
