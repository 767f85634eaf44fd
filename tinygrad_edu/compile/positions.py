"""Objects that move when they are used: iterators, generators, counters and random generators.

A function that is traced uses such an object once, and the program would keep what it gave. So their positions are
compared before and after a trace. Only objects that can be looked at without moving them are looked at.
"""

from __future__ import annotations

import itertools
import operator
import random
import weakref
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from types import GeneratorType
from typing import Any

import numpy as np

from ..core.commit import calls, commit
from ..errors import CompileError
from ..errors.where import users_line

LARGEST = 2**25  # bytes of an array, up to which a trace is checked for writing into it
ITERATORS = tuple(
    map(type, (iter([]), iter(()), iter(""), iter(b""), iter(range(0)), iter(set()), iter({}), iter({}.items()),
               iter({}.values()), reversed([]), reversed(range(0)), iter(range(2**70)))),
)  # fmt: skip
WRAPPERS = (enumerate, zip, map, filter)  # iterators over others, which they show
COUNTERS = (itertools.count, itertools.repeat)  # show where they are when they are printed
RANDOM = (random.Random, np.random.Generator, np.random.RandomState, np.random.BitGenerator)
C_RANDOM: Any = random.Random.__base__
WEAK: tuple[Any, ...] = (weakref.ref, weakref.WeakValueDictionary, *weakref.ProxyTypes)
MOVING = (*ITERATORS, *WRAPPERS, *COUNTERS, *RANDOM, GeneratorType)


def moves(x: Any) -> bool:
    """Return whether an object moves when it is used, and can show where it is."""
    return isinstance(x, MOVING)


def refuse_unseen(path: str, x: Any) -> None:
    """Raise CompileError for an object that gives another thing later, and does not show when.

    These are weak references, whose object may go, and iterators of C that do not tell how far they are.
    """
    kind = type(x)
    if issubclass(kind, WEAK):
        what, cure = "a weak reference, whose object may go at any time", "give that object itself"
    elif hasattr(kind, "__next__") and kind.__module__ in ("builtins", "itertools") and not issubclass(kind, MOVING):
        what, cure = f"{article(kind.__name__)}, which does not tell how far it is", "give what comes next instead"
    else:
        return
    raise CompileError(f"the function can name `{path}`, {what}: {cure} (at {users_line()})")


def position(x: Any) -> Any:
    """Return where an object is, something that is equal as long as it has not moved."""
    if isinstance(x, GeneratorType):
        frame = x.gi_frame
        return None if frame is None else (frame.f_lasti, [*map(repr_of, frame.f_locals.values())])
    if isinstance(x, COUNTERS):
        return repr(x)
    if isinstance(x, ITERATORS):
        return operator.length_hint(x)
    if isinstance(x, enumerate):
        return x.__reduce__()[1][1]
    return comparable_state(state_of(x)) if isinstance(x, RANDOM) else None


def repr_of(x: Any) -> Any:
    """Return a plain value as text, and the identity of anything else."""
    return repr(x) if isinstance(x, (int, float, str, bool, type(None))) else id(x)


def state_of(rng: Any) -> Any:
    """Return the state of a random generator."""
    if isinstance(rng, random.Random):
        return rng.getstate()
    if isinstance(rng, np.random.RandomState):
        return rng.get_state(legacy=False)
    return rng.bit_generator.state if isinstance(rng, np.random.Generator) else rng.state


def restored_states(generators: Iterable[Any], states: Iterable[Any]) -> Iterable[Any]:
    """Return the writes, for `commit`, that put random generators back: calls of functions of C."""
    return calls([write for rng, state in zip(generators, states, strict=True) for write in state_writes(rng, state)])


def state_writes(rng: Any, state: Any) -> list[Callable[[], Any]]:
    """Return the functions that put one random generator back."""
    if type(rng) is random.Random:
        _, numbers, gauss_next = state  # as `Random.setstate` does, which is written in Python
        return [partial(C_RANDOM.setstate, rng, numbers), partial(setattr, rng, "gauss_next", gauss_next)]
    if isinstance(rng, random.Random):
        return [partial(rng.setstate, state)]
    if isinstance(rng, np.random.RandomState):
        return [partial(rng.set_state, state)]
    return [partial(setattr, rng.bit_generator if isinstance(rng, np.random.Generator) else rng, "state", state)]


def comparable_state(state: Any) -> Any:
    """Return the state of a generator as something that compares by value."""
    if isinstance(state, dict):
        return {key: comparable_state(part) for key, part in state.items()}
    return state.tobytes() if isinstance(state, np.ndarray) else state


class Positions:
    """The states of objects that move, and samples of large arrays, at the time when they are added."""

    def __init__(self) -> None:
        self.found: list[tuple[str, Any, Any]] = []
        self.states: list[tuple[Any, Any]] = []
        self.arrays: list[tuple[str, Any, int]] = []
        for path, rng in (
            ("random, Python's global generator", random._inst),  # the one behind random.random()
            ("np.random, NumPy's global generator", np.random.mtrand._rand),
        ):
            self.add(path, rng)

    def add(self, path: str, x: Any) -> Iterator[tuple[str, Any]]:
        """Note where an object is; return the objects that move with it."""
        if isinstance(x, RANDOM):
            self.states.append((x, state_of(x)))
            self.found.append((path, x, comparable_state(self.states[-1][1])))
            return iter(())
        self.found.append((path, x, position(x)))
        if isinstance(x, WRAPPERS):
            return iter([(path, part) for part in x.__reduce__()[1] if not isinstance(part, int)])
        if isinstance(x, GeneratorType) and x.gi_frame is not None:
            return iter([(path, part) for part in (*x.gi_frame.f_locals.values(), x.gi_yieldfrom) if part is not None])
        return iter(())

    def add_array(self, path: str, x: np.ndarray[Any, Any]) -> None:
        """Note what an array holds."""
        if x.nbytes <= LARGEST and x.dtype != object:
            self.arrays.append((path, x, hash(x.tobytes())))

    def renewed(self) -> Positions:
        """Return the present positions of the same objects and contents of the same arrays."""
        now: Positions = object.__new__(Positions)
        now.states = [(x, state_of(x)) for x, _ in self.states]
        states = {id(x): comparable_state(state) for x, state in now.states}
        now.found = [(path, x, states[id(x)] if id(x) in states else position(x)) for path, x, _ in self.found]
        now.arrays = []
        for path, x, _ in self.arrays:
            now.add_array(path, x)
        return now

    def moved(self) -> str:
        """Return the name of the first object that has moved; "" where none has."""
        for path, x, before in self.found:
            if position(x) != before:
                return f"{path}, {article(type(x).__name__)}" if not path.endswith("generator") else path
        return next((f"{path}, an array" for path, x, before in self.arrays if hash(x.tobytes()) != before), "")

    def restore(self) -> None:
        """Put random generators back."""
        commit(restored_states(*zip(*self.states, strict=True)))


def article(noun: str) -> str:
    """Return a noun with its article."""
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"
