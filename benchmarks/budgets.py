"""What this package promises about its speed, and whether it holds in what was measured."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import twins
from results import Tasks, median, ratio
from tasks import CURVES

OURS, COMPILED, HAND = "tinygrad_edu", "tinygrad_edu compiled", "NumPy by hand"
ON_XLA = "tinygrad_edu on XLA"
DEMO, PAGES = "micrograd-demo", "pages of 1,000 nodes"
NUMPY_FRAMEWORKS = ("MyGrad", "HIPS autograd")
CHAINS = [length for length in CURVES["nodes of a chain"] if length >= 1000]


@dataclass(frozen=True)
class Budget:
    """One promise. limit: what `measured` may be at most, or at least; `unit` is that of both."""

    work: str
    target: str
    limit: float
    measured: Callable[[Tasks], float | None]
    at_least: bool = False
    unit: str = "×"

    def met(self, tasks: Tasks) -> bool | None:
        """Return whether the promise holds, None where that was not measured."""
        found = self.measured(tasks)
        if found is None:
            return None
        return found >= self.limit if self.at_least else found <= self.limit


def slower(task: str, subject: str, *others: str, part: str = "") -> Callable[[Tasks], float | None]:
    """Return how many times as long as the quickest of the others a subject takes, as a function of the results."""

    def measured(tasks: Tasks) -> float | None:
        ratios = [ratio(tasks, task, subject, other, part) for other in others]
        return max((r for r in ratios if r is not None), default=None)

    return measured


def seconds_of_first(task: str) -> Callable[[Tasks], float | None]:
    """Return the seconds of the first step through XLA, as a function of the results."""
    return lambda tasks: tasks.get(task, {}).get(ON_XLA, {}).get("first")


def slower_first(task: str) -> Callable[[Tasks], float | None]:
    """Return how many times as long as a hand-written step's a first step through XLA takes."""

    def measured(tasks: Tasks) -> float | None:
        ours, theirs = (tasks.get(task, {}).get(subject, {}).get("first") for subject in (ON_XLA, "JAX jit"))
        return ours / theirs if ours and theirs else None

    return measured


def bytes_of_a_node(tasks: Tasks, subject: str, length: int) -> float | None:
    """Return the bytes of a scalar node whose gradient is known."""
    found = tasks.get(f"nodes of a chain: {length:,}", {}).get(subject, {})
    return found["bytes"][1] / length if "bytes" in found else None


def bytes_against_micrograd(tasks: Tasks) -> float | None:
    """Return a node's bytes relatively to micrograd's, in the longest chain that micrograd goes back through."""
    ours, theirs = (bytes_of_a_node(tasks, subject, 500) for subject in (OURS, "micrograd"))
    return ours / theirs if ours and theirs else None


def most_bytes(tasks: Tasks) -> float | None:
    """Return the bytes of a node in the chain where a node takes most."""
    return max((b for n in CHAINS if (b := bytes_of_a_node(tasks, OURS, n)) is not None), default=None)


def evenness(tasks: Tasks) -> float | None:
    """Return the time a node takes in the chain where it takes longest, relatively to where it takes least."""
    each = [t / n for n in CHAINS if (t := median(tasks, f"nodes of a chain: {n:,}", OURS)) is not None]
    return max(each) / min(each) if len(each) == len(CHAINS) else None


def milliseconds(page: str) -> Callable[[Tasks], float | None]:
    """Return how long writing a page takes, as a function of the results."""
    return lambda tasks: None if (t := median(tasks, PAGES, page)) is None else t * 1e3


def kilobytes(page: str) -> Callable[[Tasks], float | None]:
    """Return how large a page is, as a function of the results."""
    return lambda tasks: None if "bytes" not in (f := tasks.get(PAGES, {}).get(page, {})) else f["bytes"] / 1e3


def budgets() -> Iterator[Budget]:
    """Return all promises."""
    demo = f"{DEMO}, "
    yield Budget(demo + "eager", "≥ 30 × quicker than micrograd", 30, slower(DEMO, "micrograd", OURS), True)
    yield Budget("a scalar node's memory", "≤ 1/3 of micrograd's", 1 / 3, bytes_against_micrograd)
    yield Budget(demo + "compiled", "≥ 10,000 × quicker than micrograd", 1e4, slower(DEMO, "micrograd", COMPILED), True)
    yield Budget(demo + "compiled", "≤ 1 × JAX jit's tensors", 1, slower(DEMO, COMPILED, "JAX jit"))
    yield Budget("mlp-small, eager", "≤ 2.3 × NumPy by hand", 2.3, slower("mlp-small", OURS, HAND))
    rivals = slower("mlp-small", OURS, "PyTorch", *NUMPY_FRAMEWORKS)
    yield Budget("mlp-small, eager", "ahead of PyTorch, MyGrad and HIPS autograd", 1, rivals)
    for task in ("mlp-small", "mlp-medium", "mlp-large"):
        yield Budget(f"{task}, compiled", "≤ 1 × NumPy by hand", 1, slower(task, COMPILED, HAND))
        yield Budget(f"{task}, compiled", "ahead of PyTorch", 1, slower(task, COMPILED, "PyTorch"))
    for task, limit in (("mlp-small", 1.2), ("mlp-medium", 1.05), ("mlp-large", 1.05), ("cnn", 1.05)):
        yield Budget(f"{task}, on XLA", f"≤ {limit} × jax.jit by hand", limit, slower(task, ON_XLA, "JAX jit"))
    yield Budget(f"{DEMO}, first step on XLA", "≤ 1 s", 1, seconds_of_first(DEMO), unit="s")
    for task in ("mlp-small", "mlp-medium", "mlp-large", "cnn"):
        yield Budget(f"{task}, first step on XLA", "≤ 1.5 × jax.jit by hand", 1.5, slower_first(task))
    for subject, how, limit in ((OURS, "eager", 2), (COMPILED, "compiled", 0.5)):
        yield Budget(f"cnn, {how}", f"≤ {limit} × PyTorch", limit, slower("cnn", subject, "PyTorch"))
        yield Budget(f"cnn, {how}", "ahead of MyGrad and HIPS autograd", 1, slower("cnn", subject, *NUMPY_FRAMEWORKS))
    yield Budget("mnist-cnn, compiled", "≤ 1 × PyTorch", 1, slower("mnist-cnn", COMPILED, "PyTorch"))
    yield Budget("small-gpt, compiled", "≤ 2 × PyTorch", 2, slower("small-gpt", COMPILED, "PyTorch"))
    yield Budget("microgpt, eager", "≤ 1 × its own class", 1, slower("microgpt", OURS, "its own class"))
    quicker = slower("microgpt", "its own class", COMPILED)
    yield Budget("microgpt, compiled", "≥ 400 × quicker than its own class", 400, quicker, True)
    yield Budget("microgpt, compiled", "≤ 1.2 × NumPy by hand", 1.2, slower("microgpt", COMPILED, HAND))
    for name, limit in (("small step", 0.1), ("many scalars", 0.03)):
        share = slower(f"guards: {name}", "guards", "call")
        yield Budget(f"guards of {name}", f"≤ {limit:.0%} of a compiled call", limit, share)
    yield Budget("chains of 10³ to 10⁶ scalar nodes", "time a node even within 1.3 ×", 1.3, evenness)
    yield Budget("chains of 10³ to 10⁶ scalar nodes", "≤ 250 bytes a node", 250, most_bytes, unit="bytes")
    yield Budget("import", "≤ 1.3 × import numpy", 1.3, slower("import", OURS, "numpy"))
    for name, (_, times) in twins.WORK.items():
        target = f"≥ {times} × as fast as the plain method"
        yield Budget(f"fast twin {name}", target, times, slower(f"twin {name}", "plain", "fast"), True)
    for page in ("picture", "stepper page"):
        yield Budget(f"{page} of 1,000 nodes", "≤ 50 ms to write", 50, milliseconds(page), unit="ms")
        yield Budget(f"{page} of 1,000 nodes", "≤ 500 KB", 500, kilobytes(page), unit="KB")
