"""What is raced: for each task its subjects, what they are told, and how they are measured."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import chains
import devices
import guards
import images
import matrices
import microgpt
import nets
import package
import scalars
import twins
from matrices import Net

Repetition = Callable[[], dict[str, float]]  # does the work once and returns the seconds of its parts

FIRST = 3  # how many of the first losses are compared


def steps(subject: Callable[[Any], scalars.Step], setting: Any) -> tuple[dict[str, Any], Repetition]:
    """Return the first losses of a subject, the seconds of its first step, and its step as something to repeat."""
    return trained(subject(setting))


def steps_in_single_precision(
    subject: Callable[[Any], scalars.Step], setting: Any
) -> tuple[dict[str, Any], Repetition]:
    """Return the same of a subject that computes in single precision, and how far its losses may be from others'."""
    about, once = steps(subject, setting)
    return about | {"same": 1e-5}, once


def trained(step: scalars.Step) -> tuple[dict[str, Any], Repetition]:
    """Return the same of a step that is ready."""
    began = time.perf_counter()
    losses = [step()]
    first = time.perf_counter() - began
    losses += [step() for _ in range(FIRST - 1)]

    def once() -> dict[str, float]:
        began = time.perf_counter()
        loss = step()
        seconds = time.perf_counter() - began
        if not math.isfinite(loss):
            raise ArithmeticError("the loss is no longer finite: this measures nothing")
        return {"step": seconds}

    return {"losses": losses, "first": first}, once


def steps_and_memory(subject: Callable[[Any], scalars.Step], setting: Net) -> tuple[dict[str, Any], Repetition]:
    """Return also by how many bytes the process grows for its net, its data and its first steps."""
    warm_up = subject(Net(2, (2, 2, 2, 2)))
    warm_up()  # loads what the library loads when it is first used
    forget_peak()
    before = peak()
    step = subject(setting)
    forget_peak()  # that of getting ready: copies of the first weights, say
    about, once = trained(step)
    return about | {"memory": max(0, peak() - before)}, once


def forget_peak() -> None:
    """Let the peak of this process's memory be what it has now, where the system can: on Linux."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def peak() -> int:
    """Return the most memory that this process has had, in bytes."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        import resource  # which there is on Unix only

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


def lengths(subject: Callable[[], type[Any]], length: int) -> tuple[dict[str, Any], Repetition]:
    """Return the bytes of a chain of scalar nodes, and making, walking and freeing it as something to repeat."""
    value = subject()
    return chains.memory(value, length), lambda: chains.times(value, length)


@dataclass(frozen=True)
class Task:
    """One race. small: what the subjects are told instead where only the losses are looked at."""

    subjects: dict[str, Callable[..., Any]]
    setting: Any
    small: Any
    measure: Callable[..., tuple[dict[str, Any], Repetition]] = steps


TINY = Net(4, (5, 6, 4, 3))
TRAINING = {
    "micrograd-demo": Task(scalars.SUBJECTS, 100, 6),
    "mlp-small": Task(matrices.SUBJECTS, Net(32, (64, 64, 32, 10)), Net(32, (64, 64, 32, 10))),
    "mlp-medium": Task(matrices.SUBJECTS, Net(128, (784, 256, 128, 10)), TINY),
    "mlp-large": Task(matrices.SUBJECTS, Net(512, (784, 1024, 1024, 10)), TINY),
    "cnn": Task(images.SUBJECTS, 64, 3),
}

SINGLE = {  # the same in single precision
    f"float32 {name}": Task(
        {
            subject: step
            for subject, step in matrices.SUBJECTS.items()
            if subject not in ("MyGrad", "HIPS autograd", "tinygrad")
        },
        TRAINING[name].setting._replace(dtype="float32"),
        TINY._replace(dtype="float32"),
        steps_in_single_precision,
    )
    for name in ("mlp-small", "mlp-medium", "mlp-large")
}
DEVICES = {"devices: mlp-medium": Task(devices.SUBJECTS, TRAINING["mlp-medium"].setting, TINY)}

# Curves: one thing grows, all else stays as it is in mlp-small ------------------------------------------------------

SCALED = {
    name: matrices.SUBJECTS[name] for name in ("NumPy by hand", "tinygrad_edu", "tinygrad_edu compiled", "PyTorch")
}
CURVES: dict[str, dict[int, Task]] = {
    "rows of a batch": {
        n: Task(SCALED, Net(n, (64, 64, 32, 10)), TINY, steps_and_memory) for n in (1, 8, 64, 512, 4096)
    },
    "width of layers": {
        n: Task(SCALED, Net(32, (n, n, n, 10)), TINY, steps_and_memory) for n in (8, 32, 128, 512, 1024)
    },
    "number of layers": {n: Task(SCALED, Net(32, (64,) * n + (10,)), TINY, steps_and_memory) for n in (1, 3, 10, 30)},
    "nodes of a chain": {n: Task(chains.SUBJECTS, n, 40, lengths) for n in (500, 1000, 10_000, 100_000, 1_000_000)},
}

OTHERS = {
    "mnist-cnn": Task(nets.READERS, 64, 3, steps_in_single_precision),
    "small-gpt": Task(nets.WRITERS, 16, 2, steps_in_single_precision),
    "microgpt": Task(microgpt.SUBJECTS, 8, 2),
    **{f"guards: {name}": Task(guards.SUBJECTS, (name, 100), (name, 8), guards.seconds) for name in guards.WORK},
    "import": Task(package.IMPORTS, None, None, package.seconds_of_import),
    "pages of 1,000 nodes": Task(package.PAGES, 1000, 50, package.seconds_of_writing),
    **{f"twin {name}": Task(twins.SUBJECTS, name, name, twins.seconds) for name in twins.WORK},
}

TASKS = {
    **TRAINING,
    **SINGLE,
    **DEVICES,
    **{f"{curve}: {n:,}": task for curve, points in CURVES.items() for n, task in points.items()},
    **OTHERS,
}
