"""Race programs on XLA against the same steps written for `jax.jit` by hand: `python benchmarks/xla.py [TASK …]`.

Both run in turns in one process, on whatever JAX finds; pin the process to one core for figures that can be compared.
The first call includes tracing, and compiling by XLA.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable

from tasks import TRAINING

SUBJECTS = ("JAX jit", "tinygrad_edu on XLA")
ROUNDS, SECONDS = 9, 0.3


def one_turn(step: Callable[[], float]) -> float:
    """Return the seconds of a step, the mean over a turn."""
    began, n = time.perf_counter(), 0
    while (spent := time.perf_counter() - began) < SECONDS:
        step()
        n += 1
    return spent / n


def main(names: list[str]) -> None:
    """Print a row for each task: the first call and a later step of both, and the ratios."""
    print("| task | first call: jax.jit | on XLA | ratio | a step: jax.jit | on XLA | ratio |\n|" + " ---: |" * 7)
    for name in names or [*TRAINING]:
        task, steps, first = TRAINING[name], [], []
        for subject in SUBJECTS:
            step = task.subjects[subject](task.setting)
            began = time.perf_counter()
            step()
            first.append(time.perf_counter() - began)
            steps.append(step)
        for step in steps:
            one_turn(step)
        turns = [[one_turn(step) for step in steps] for _ in range(ROUNDS)]
        hand, ours = (statistics.median(column) for column in zip(*turns, strict=True))
        ratio = statistics.median(b / a for a, b in turns)
        print(
            f"| {name} | {first[0]:.2f} s | {first[1]:.2f} s | {first[1] / first[0]:.2f} × "
            f"| {hand * 1e6:,.0f} µs | {ours * 1e6:,.0f} µs | {ratio:.2f} × |",
            flush=True,
        )


if __name__ == "__main__":
    main(sys.argv[1:])
