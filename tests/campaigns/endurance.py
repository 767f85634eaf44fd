"""Endurance: a million training steps in flat memory, eager and compiled, and a graph of ten million nodes.

`python tests/campaigns/endurance.py [steps] [nodes]`; `endurance.txt` beside this file holds what came of it. Memory is
the process's own, as the system counts it.
"""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Callable

import numpy as np

import tinygrad_edu as tg
from tinygrad_edu import Tensor, Value, nn

PAGE = os.sysconf("SC_PAGE_SIZE")
SPARE = 2 << 20  # bytes by which memory may move once everything has been used
A_NODE = 250  # bytes that a scalar node may take


def resident() -> int:
    """Return how many bytes of memory this process has."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * PAGE


def eager() -> Callable[[], object]:
    """Return a step of a scalar and of a tensor parameter, by hand."""
    x, v, w = np.linspace(-1, 1, 8), Value(0.5), Tensor(np.zeros(8))

    def step() -> None:
        for p, loss in ((w, ((w * x - 1.0) ** 2).sum()), (v, (v * 3.0 - 1.0) ** 2)):
            loss.backward()
            p.data -= 0.01 * p.grad
            p.grad = None

    return step


def compiled() -> Callable[[], object]:
    """Return a compiled step of Adam."""
    w, x = Tensor(np.zeros(8)), np.linspace(-1, 1, 8)
    optimizer = nn.Adam([w], lr=1e-3)

    @tg.compile
    def step() -> Tensor:
        loss = ((w * x - 1.0) ** 2).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    return step


def endure(name: str, step: Callable[[], object], steps: int) -> bool:
    """Take steps, with the collector off; return whether memory stayed where it was after the first tenth."""
    gc.collect()
    gc.disable()
    for _ in range(steps // 10):
        step()
    objects, before, began, most = len(gc.get_objects()), resident(), time.perf_counter(), 0
    for _ in range(9):
        for _ in range(steps // 10):
            step()
        most = max(most, resident() - before)
    grown = len(gc.get_objects()) - objects
    gc.enable()
    seconds = time.perf_counter() - began
    print(
        f"{name}: {steps:,} steps, memory +{most / 1e6:.2f} MB at most, {grown:+} objects, {seconds:.0f} s", flush=True
    )
    return most <= SPARE and grown <= 5


def large(nodes: int) -> bool:
    """Build, differentiate and free a chain of so many nodes; return whether memory and gradient are right."""
    x, before, began = Value(1.0), resident(), time.perf_counter()
    gc.disable()
    y = x
    for _ in range(nodes):
        y = y + 1.0
    built = resident() - before
    y.backward()
    after, right = resident() - before, x.grad == 1.0
    del y
    freed = resident() - before
    gc.enable()
    seconds = time.perf_counter() - began
    each = [f"{n / nodes:.0f}" for n in (built, after, freed)]
    print(f"{nodes:,} nodes: {each[0]} bytes each, {each[1]} with gradients, {each[2]} once freed; {seconds:.0f} s")
    return right and built <= A_NODE * nodes


def main(steps: int = 1_000_000, nodes: int = 10_000_000) -> int:
    """Run all three; return 1 where one fell short."""
    found = [endure("eager", eager(), steps), endure("compiled", compiled(), steps), large(nodes)]
    print("all held" if all(found) else f"fell short: {found}")
    return 0 if all(found) else 1


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:3])))
