"""The same graph at other points: random numbers for its leaves, of which nothing is special."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.node import Node
from ...errors import GradientError
from .replay import Recording, Run

TRIES = 50


def random_runs(recording: Recording, count: int, rng: np.random.Generator) -> list[Run]:
    """Return runs of a recording at random points near its own, where everything is finite.

    Raises GradientError where no such point was found.
    """
    runs: list[Run] = []
    leaves = [z for z in recording.order if z.op is None and np.asarray(z._data).dtype.kind == "f"]
    for _ in range(TRIES):
        with np.errstate(all="ignore"):
            run = Run(recording, {leaf: near(leaf._data, rng) for leaf in leaves})
            if all(np.isfinite(run.gradient(run.grads, leaf)).all() for leaf in recording.leaves):
                runs.append(run)
        if len(runs) == count:
            return runs
    raise GradientError(
        f"no {count} random points were found where the gradient is finite; give a point inside the function's domain"
    )


def near(data: Any, rng: np.random.Generator) -> Any:
    """Return random numbers of the size of `data`, mostly of the same sign."""
    array = np.asarray(data)
    moved = array * rng.uniform(0.5, 1.7, array.shape) + rng.uniform(-0.1, 0.1, array.shape)
    return np.float64(moved) if isinstance(data, float) else moved.astype(array.dtype)


def surroundings(run: Run, names: dict[Node, str]) -> dict[str, Any]:
    """Return what a formula or a function may mention at this point: the data of every named node."""
    return {name: run.data[node] for node, name in names.items() if node in run.data}
