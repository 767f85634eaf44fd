"""Verification: a replay is compared with the function itself, both from the same state, which is then put back.

Programs never write over arrays that others can see, and neither does the engine: so a state is kept by reference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from itertools import repeat
from math import isfinite
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np

from ..core.commit import attributes, calls, commit
from ..core.leaf_set import stepped_since_zero_grad
from ..core.node import Node, data_of
from ..errors import CompileError
from ..errors.where import users_line
from ..nn.module import Module
from ..nn.optim import Optimizer
from ..transforms.trees import TREES, leaves
from .positions import restored_states, state_of
from .reachable import Reachable

SLOTS = ("_raw", "_slope", "born", "code", "instruction")


class StateSnapshot(NamedTuple):
    """The contents of nodes, optimisers and random generators, and the leaves whose gradient a step has used.

    generators: none where they are to stay as they are.
    """

    nodes: list[tuple[Any, ...]]
    optimizers: list[tuple[int, list[Any]]]
    stepped: list[Node]
    generators: list[Any]


class CallNumbers(NamedTuple):
    """Numbers that a call returns or writes: their kind, their index among that kind, their name, and the numbers."""

    kind: str
    index: Any
    name: str
    numbers: Any


class MutableState:
    """All that a function can change: nodes that it can name or is given, optimisers, random generators."""

    def __init__(self, reach: Reachable, given: Iterable[Node], generators: Iterable[Any]) -> None:
        self.reach = reach
        self.nodes = [*{id(x): x for x in (*reach.nodes.values(), *given)}.values()]
        self.optimizers = [x for x in reach.seen.values() if isinstance(x, Optimizer)]
        self.modules = [x for x in reach.seen.values() if isinstance(x, Module)]
        found = [*generators, *(rng for rng, _ in reach.positions.states)]
        self.generators = [*{id(x): x for x in found}.values()]

    def snapshot(self) -> StateSnapshot:
        """Return what everything holds now."""
        return self.numbers()._replace(generators=[*map(state_of, self.generators)])

    def numbers(self) -> StateSnapshot:
        """Return what nodes and optimisers hold now: the states of generators take long to read."""
        return StateSnapshot(
            [*map(attrgetter(*SLOTS), self.nodes)],
            [(x.steps, [*x.memory]) for x in self.optimizers],
            stepped_since_zero_grad.common(self.nodes),
            [],
        )

    def restore(self, snapshot: StateSnapshot) -> None:
        """Put a snapshot back."""
        columns = zip(*snapshot.nodes, strict=True) if snapshot.nodes else [()] * len(SLOTS)
        commit(
            *(attributes(self.nodes, slot, values) for slot, values in zip(SLOTS, columns, strict=True)),
            map(object.__setattr__, self.optimizers, repeat("_steps"), [steps for steps, _ in snapshot.optimizers]),
            map(object.__setattr__, self.optimizers, repeat("memory"), [memory for _, memory in snapshot.optimizers]),
            self.stepped(snapshot.stepped),
            restored_states(self.generators, snapshot.generators),
        )

    def stepped(self, leaves: list[Node]) -> Iterable[Any]:
        """Return the writes, for `commit`, after which a step has used the gradients of these leaves alone."""
        used = stepped_since_zero_grad
        forget = partial(used.members.difference_update, used.known(self.nodes))
        return calls([forget, partial(used.members.update, used.references(leaves))])

    def nudge(self, rng: np.random.Generator, scale: float) -> None:
        """Move all numbers of leaves by a share of at most `scale`."""
        for x in self.nodes if scale else ():
            if x.op is None:
                x._raw = other(x._raw, rng, scale)

    def changes(self, before: StateSnapshot, states: list[StateSnapshot]) -> list[list[CallNumbers]]:
        """Return what was changed in any of several states, with the numbers that it has in each."""
        found: list[list[CallNumbers]] = [[] for _ in states]
        for k, (x, old, *news) in enumerate(zip(self.nodes, before.nodes, *(s.nodes for s in states), strict=True)):
            for slot, kind in enumerate(("data", "gradient")):
                if any(new[slot] is not old[slot] for new in news):
                    for changes, new in zip(found, news, strict=True):
                        changes.append(CallNumbers(kind, k, f"the {kind} of {x.title}", new[slot]))
        for k, x in enumerate(self.optimizers):
            for changes, state in zip(found, states, strict=True):
                steps, memory = state.optimizers[k]
                changes.append(CallNumbers("steps", k, f"the steps of {type(x).__name__}", steps))
                for i, parts in enumerate(memory):
                    for j, part in enumerate(parts):
                        name = f"what {type(x).__name__} remembers of parameter {i}"
                        changes.append(CallNumbers(f"memory {j}", (k, i), name, part))
        return found


def largest_difference(ours: Iterable[CallNumbers], theirs: Iterable[CallNumbers]) -> tuple[float, str]:
    """Return the largest difference, and the name of what differs most.

    Each is relative to the largest number of its kind: of all gradients, say, as a gradient that ought to be zero is as
    large as the rounding of the others.
    """
    mine, other = ({change[:2]: change for change in found} for found in (ours, theirs))
    for key in mine.keys() ^ other.keys():
        who = "the program" if key in mine else "the function"
        return np.inf, f"{(mine | other)[key].name}, which only {who} gives"
    scale: dict[str, float] = {}
    for kind, _, _, value in other.values():
        if value is not None:
            scale[kind] = max(scale.get(kind, 0.0), largest_finite(value))
    worst, where = 0.0, ""
    for key, (kind, _, name, value) in other.items():
        difference = relative_difference(mine[key].numbers, value, max(scale.get(kind, 0.0), 1e-300))
        if not difference <= worst:
            worst, where = difference, name
    return worst, where


def largest_finite(value: Any) -> float:
    """Return the largest size of a finite number among numbers; 0.0 where there is none."""
    if type(value) is float:
        return abs(value) if isfinite(value) else 0.0
    x = np.abs(np.asarray(value))
    return float(np.max(x, initial=0.0, where=np.isfinite(x)))


def relative_difference(x: Any, y: Any, scale: float) -> float:
    """Return by how much numbers differ at most, relative to `scale`; infinite where shapes or dtypes differ."""
    if type(x) is type(y) is float:
        return 0.0 if x == y or (x != x and y != y) else abs(x - y) / scale
    if x is None or y is None:
        return 0.0 if x is y else np.inf
    x, y = np.asarray(x), np.asarray(y)
    if x.shape != y.shape or x.dtype != y.dtype:
        return np.inf
    equal = (x == y) | (np.isnan(x) & np.isnan(y)) if x.dtype.kind in "fc" else x == y
    sizes = np.abs(np.subtract(x, y, dtype=np.result_type(x, float)))
    size = float(np.max(np.where(equal, 0.0, sizes), initial=0.0))
    return size / scale / rounding_scale(x.dtype) if size else 0.0


def rounding_scale(dtype: np.dtype[Any]) -> float:
    """Return how many times the rounding of a sum in double precision that of another dtype is taken to be."""
    return {4: 1e6, 2: 1e8}.get(dtype.itemsize // (1 + (dtype.kind == "c")), 1.0) if dtype.kind in "fc" else 1.0


class Agreement(float):
    """The largest relative difference that a check found, in units of double precision; `tried` says what it tried."""

    tried: tuple[str, ...] = ()

    def __new__(cls, difference: float, tried: Iterable[str]) -> Agreement:
        """Make one."""
        found = super().__new__(cls, difference)
        found.tried = tuple(tried)
        return found

    def __repr__(self) -> str:
        return f"{float(self):.3g} (tried: {', '.join(self.tried)})"


def refuse_difference(name: str, what: str, difference: float, calls: int) -> None:
    """Raise CompileError: a program does something else than its function."""
    since = f"results of its last {calls:,} calls may be wrong, too; " if calls else ""
    raise CompileError(
        f"the compiled {name} and the function itself differ in {what}, by {difference:.3g} of the largest number of "
        f"that kind; {since}everything is as it was before this call. Does it read anything that it cannot name, such "
        f"as a clock, a file or a large array written in place? Give that as an argument (at {users_line()})"
    )


def variations(state: MutableState, rng: np.random.Generator) -> dict[str, Callable[[], None]]:
    """Return changes of the state, by name, under which to compare; each is put in place by calling it."""
    leaves = [x for x in state.nodes if x.op is None and np.asarray(x._raw).dtype.kind in "fc"]
    learnt = [x for x in leaves if x._requires_grad]

    def weights() -> None:
        for x in leaves:
            x._raw = other(x._raw, rng)

    def gradients() -> None:
        for x in learnt:
            x._slope = other(np.ones_like(x._raw) if isinstance(x._raw, np.ndarray) else 1.0, rng)

    def no_gradients() -> None:
        for x in learnt:
            x._slope = None

    def modes() -> None:
        for module in state.modules:
            module.training = not module.training

    found: dict[str, Callable[[], None]] = {"other weights": weights} if leaves else {}
    if learnt:
        found |= {"with gradients from before": gradients, "without": no_gradients}
    if state.modules:
        found["train() and eval() exchanged"] = modes
    return found


def other(x: Any, rng: np.random.Generator, scale: float = 0.1) -> Any:
    """Return other numbers of the size, sign and type of `x`; whole numbers in another order, if `scale` is large."""
    if isinstance(x, np.ndarray):
        if x.dtype.kind in "fc":
            scale = scale if scale > 0.01 else scale * rounding_scale(x.dtype)
            return np.asarray(x * (1 + scale * rng.uniform(-1, 1, x.shape)), x.dtype)
        return x if scale < 0.01 else rng.permutation(x.ravel()).reshape(x.shape)
    return type(x)(x * (1 + scale * rng.uniform(-1, 1))) if isinstance(x, (float, np.floating)) else x


def nodes_in(args: Any, kwargs: Any) -> list[Node]:
    """Return the nodes among arguments."""
    return [x for x in leaves([args, kwargs]) if isinstance(x, Node)]


def result_numbers(result: Any) -> list[CallNumbers]:
    """Return the numbers of a result; what has none is told apart by its type, or by its value."""
    found = [CallNumbers("result", containers(result), "the structure of the result", None)]
    for i, x in enumerate(leaves(result)):
        if isinstance(x, (np.ndarray, np.generic, float, Node)):
            found.append(CallNumbers("result", i, f"result {i}", data_of(x)))
        else:
            shown = repr(x) if type(x) in (int, bool, str, bytes, type(None)) else type(x)
            found.append(CallNumbers("result", (i, shown), f"result {i}", None))
    return found


def containers(tree: Any) -> Any:
    """Return how a result is built: the types of its containers and their keys, and None for each leaf."""
    if not isinstance(tree, TREES):
        return None
    parts = tree.values() if isinstance(tree, dict) else tree
    return type(tree), *(tree if isinstance(tree, dict) else ()), *map(containers, parts)


def varied_argument(x: Any, rng: np.random.Generator, scale: float = 0.1) -> Any:
    """Return an argument with other numbers."""
    if not isinstance(x, Node):
        return other(x, rng, scale)
    new = x.leaf(other(x._data, rng, scale))
    new._requires_grad, new._slope = x._requires_grad and x.op is None, x._grad
    return new
