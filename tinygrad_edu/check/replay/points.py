"""The same graph at other points: random numbers for its leaves, and points on both sides of every kink."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ...core.node import Node
from ...core.types import Array
from ...errors import GradientError
from .run import Recording, Run
from .sides import sides_of, switching

TRIES = 50
DRAWS = 60  # points tried in search of the other sides of kinks
STEPS = 12  # towards one side of one kink
MORE = 16  # points that may be added to reach all sides


def random_runs(recording: Recording, count: int, rng: np.random.Generator) -> list[Run]:
    """Return runs of a recording at random points near its own, where everything is finite.

    Raises GradientError where no such point was found.
    """
    runs: list[Run] = []
    for _ in range(TRIES):
        with np.errstate(all="ignore"):
            run = Run(recording, {leaf: near(leaf._data, rng) for leaf in moving(recording)})
            if run.finite:
                runs.append(run)
        if len(runs) == count:
            return runs
    raise GradientError(
        f"no {count} random points were found where the gradient is finite; give a point inside the function's domain"
    )


def moving(recording: Recording) -> list[Node]:
    """Return the leaves whose numbers may be others: all floating-point ones but targets that are probabilities."""
    leaves = [z for z in recording.order if z.op is None and np.asarray(z._data).dtype.kind == "f"]
    return [z for z in leaves if z in recording.uses or not is_distribution(np.asarray(z._data))]


def is_distribution(data: Array) -> bool:
    """Tell whether data is one-hot, or probabilities, in rows or in columns: δ = p − y holds for such targets only."""
    sides = [axis for axis, length in enumerate(data.shape) if length > 1]
    return bool(np.all(data >= 0)) and any(np.allclose(data.sum(axis=axis), 1.0) for axis in sides)


def near(data: Any, rng: np.random.Generator) -> Any:
    """Return random numbers of the size of `data`, mostly of the same sign."""
    array = np.asarray(data, dtype=float)
    return numbers_like(data, array * rng.uniform(0.5, 1.7, array.shape) + rng.uniform(-0.1, 0.1, array.shape))


def numbers_like(data: Any, numbers: Any) -> Any:
    """Return numbers as an array, or as one number where `data` is one."""
    return np.float64(numbers) if isinstance(data, float) else np.asarray(numbers)


def other_sides(recording: Recording, runs: list[Run], rng: np.random.Generator) -> list[Run]:
    """Return further runs, on sides of kinks, and with signs of the leaves, that `runs` do not reach.

    A side that is not reached may not exist, as where a ReLU is applied to an exponential.
    """
    seen = set().union(*(signs_of(run) for run in runs))
    found: list[Run] = []
    for values in draws(recording, rng):
        run = accepted(recording, values)
        if run is not None and not signs_of(run) <= seen:
            seen |= signs_of(run)
            found.append(run)
        if len(found) == MORE:
            return found
    for z, k in switching(runs[0]):
        for above in (True, False):
            if (z, k, above) in seen:
                continue
            for start in [*runs[:2], *found[:2]]:
                run = towards(start, z, k, above)
                if run is not None and len(found) < MORE:
                    seen |= signs_of(run)
                    found.append(run)
                    break
    return found


def signs_of(run: Run) -> set[tuple[Node, int, bool]]:
    """Return the sides of kinks that a run has numbers on, and the signs that the numbers of its leaves have."""
    leaves = {
        (z, -1, above) for z in moving(run.recording) for above in (True, False) if np.any(of_sign(run, z, above))
    }
    return sides_of(run) | leaves


def of_sign(run: Run, z: Node, above: bool) -> Any:
    """Return which numbers of a leaf are positive, or negative."""
    return run.data[z] > 0 if above else run.data[z] < 0


def draws(recording: Recording, rng: np.random.Generator) -> Iterator[dict[Node, Any]]:
    """Yield numbers for the leaves: of other signs, and of other sizes."""
    leaves = moving(recording)
    for attempt in range(DRAWS):
        values = {}
        for leaf in leaves:
            array = np.asarray(leaf._data, dtype=float)
            if attempt % 3 == 0:  # the same sizes, signs at random
                numbers = array * rng.uniform(0.5, 1.7, array.shape) * rng.choice((-1.0, 1.0), array.shape)
            else:
                size = rng.choice((0.5, 1.0, 3.0))
                numbers = size * rng.normal(size=array.shape)
            values[leaf] = numbers_like(leaf._data, numbers)
        yield values


def accepted(recording: Recording, values: dict[Node, Any]) -> Run | None:
    """Return the run at a point, if everything is finite there."""
    with np.errstate(all="ignore"):
        try:
            run = Run(recording, values)
            return run if run.finite else None
        except (ValueError, ArithmeticError, np.linalg.LinAlgError):
            return None


def towards(start: Run, z: Node, k: int, above: bool) -> Run | None:
    """Return a run on one side of a kink, found by Newton's steps on the number that is nearest to crossing it."""
    run, recording = start, start.recording
    for step in range(STEPS):
        quantity = np.asarray(switching(run)[z, k], dtype=float)
        place = np.unravel_index(int(np.argmin(np.abs(quantity))), quantity.shape) if quantity.ndim else ()
        now = float(quantity[place])
        if (now > 0) is above and now != 0:
            return run
        seed = np.zeros(quantity.shape)
        seed[place] = 1.0
        slopes = slopes_of_difference(run, z, seed)
        square = sum(float(np.sum(np.square(g))) for g in slopes.values())
        if square == 0.0 or not np.isfinite(square):
            return None
        wanted = (1.0 if above else -1.0) * (0.3 * abs(now) + 0.1) * 2.0 ** (step // 3)
        values = {
            leaf: numbers_like(leaf._data, run.data[leaf] + (wanted - now) / square * slopes[leaf])
            if leaf in slopes
            else run.data[leaf]
            for leaf in moving(recording)
        }
        following = accepted(recording, values)
        if following is None:
            return None
        run = following
    return None


def slopes_of_difference(run: Run, z: Node, seed: Any) -> dict[Node, Any]:
    """Return the derivative, by every leaf that moves, of what a kink compares; `seed` picks one of its numbers."""
    seeds: dict[Node, Any] = {}
    for x, sign in zip([x for x in z.inputs if isinstance(x, Node)][:2], (1.0, -1.0), strict=False):
        sign = -1.0 if x is z.inputs[-1] and x is not z.inputs[0] else sign
        part = np.broadcast_to(sign * seed, np.broadcast_shapes(np.shape(seed), np.shape(run.data[x])))
        if np.shape(run.data[x]) != part.shape:
            part = part.sum(axis=tuple(range(part.ndim - np.ndim(run.data[x])))).reshape(np.shape(run.data[x]))
        if x in run.recording.uses:
            seeds[x] = seeds.get(x, 0.0) + part
    grads = run.backward(seeds, {})
    return {leaf: grads[leaf] for leaf in moving(run.recording) if leaf in grads}
