"""Whether a program does what its function does: both run from the same state of the world, which is then put back."""

from __future__ import annotations

from types import TracebackType
from typing import Any

import numpy as np

from ..core.node import Node
from ..errors import CompileError
from ..errors.where import users_line
from .trace import Trace
from .vectorize.bulk_io import Leaves


class World:
    """What a traced function changes: leaves, optimisers and generators. Within `with`, changes last until its end."""

    def __init__(self, trace: Trace) -> None:
        every = [x for e in trace.effects for x in (e.owner if isinstance(e.owner, Leaves) else (e.owner,))]
        owners = {id(x): x for x in every}.values()
        self.leaves = [x for x in owners if isinstance(x, Node)]
        self.optimizers = [x for x in owners if not isinstance(x, Node)]
        self.generators = [rng for rng, _ in trace.rngs.values()]

    def __enter__(self) -> World:
        self.before = self.state()
        self.born = [x.born for x in self.leaves]
        self.drawn_from = [rng.bit_generator.state for rng in self.generators]
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        old = iter(self.before)
        for x, born in zip(self.leaves, self.born, strict=True):
            x._raw, x._slope, x.born = next(old), next(old), born
        for x in self.optimizers:
            x.steps = next(old)
            x.memory = [tuple(next(old) for _ in part) for part in x.memory]
        for rng, state in zip(self.generators, self.drawn_from, strict=True):
            rng.bit_generator.state = state

    def state(self) -> list[Any]:
        """Return copies of all numbers that the function may change, always in the same order."""
        found = [part for x in self.leaves for part in (x._raw, x._slope)]
        for x in self.optimizers:
            found += [x.steps, *(part for parts in x.memory for part in parts)]
        return [x.copy() if isinstance(x, np.ndarray) else x for x in found]


def largest_difference(replayed: list[Any], eager: list[Any], tolerance: float) -> float:
    """Return by how much two lists of numbers differ, each relative to the largest number of its own array.

    Raises CompileError where that is more than `tolerance`, or where shapes differ.
    """
    worst = 0.0
    for ours, theirs in zip(replayed, eager, strict=True):
        if ours is None or theirs is None or np.shape(ours) != np.shape(theirs):
            same = ours is theirs
            difference = 0.0 if same else np.inf
        else:
            a, b = np.asarray(ours), np.asarray(theirs)
            scale = max(1.0, float(np.max(np.abs(b[np.isfinite(b)]), initial=0.0)))
            equal = (a == b) | (np.isnan(a) & np.isnan(b))
            difference = float(np.max(np.where(equal, 0.0, np.abs(a - b)), initial=0.0)) / scale
        if not difference <= tolerance:
            raise CompileError(
                f"the compiled function gives {ours!r:.200} where the function itself gives {theirs!r:.200}: they "
                f"differ by {difference:.3g}. Does it read anything but parameters, optimisers and generators that "
                f"changes between calls, such as a counter or a file? (at {users_line()})"
            )
        worst = max(worst, difference)
    return worst
