"""The back-end of JAX: one function, compiled by XLA, with state that stays on the device between calls.

XLA writes over arrays that it was given, so the run and all changes of state are one instruction of Python: the cells
that held those arrays get the results before anybody can look. Where a check fails, the program has left the old
numbers, what else was changed is put back, and the function itself is run.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, repeat, starmap
from operator import call
from typing import Any, ClassVar

import numpy as np

from ...core.commit import commit
from ...core.node import Node, requirement_changes, tick
from ..guards import Requirements
from ..ir import Program, Var
from ..outside import CapturedInput, Effect
from ..trace import Trace
from ..vectorize.bulk_io import OtherOutcome, added_gradients, set_born, set_grad
from ..vectorize.parked_leaves import LeafGroup, all_unparked
from .device_state import SET, Change, DeviceState, memory_of, set_attribute
from .jax_library import in_64_bits
from .jax_program import compiled
from .jax_text import JaxWriter, is_device_state
from .mesh import Mesh
from .on_device import DESCRIPTORS, Cell, get_array, set_array

grad_in = DESCRIPTORS["_slope"].__get__  # what is there, without fetching it


class NotReplayedError(Exception):
    """A check of the program failed, and nothing has changed: the function itself says what is wrong."""


class OnJax:
    """A program that XLA compiles. devices: among which the rows of its arguments are divided, see `Mesh`.

    in_place_from: how many bytes of state XLA writes over; less is written anew, which is quicker than to choose
    between old numbers and new.
    """

    in_place_from: ClassVar[int] = 2**20

    def __init__(self, trace: Trace, results: list[Node], devices: Any = None) -> None:
        self.mesh = Mesh(devices)
        self.committed: list[bool] = []
        program = Program(trace, results, for_numpy=False)
        writer = JaxWriter(program)
        self.steps: list[tuple[Any, Var]] = []  # optimisers, and how many steps they will have taken
        self.dropped: list[Node] = []  # leaves whose gradient is forgotten
        self.others: list[tuple[Effect, list[Var]]] = []  # effects on Values, whose numbers are on the host
        written = self.on_device(program)
        self.state = DeviceState(writer.state, written)
        self.results, self.outcomes = program.results, [*writer.outcomes.values()]
        self.tests = writer.tests
        state_bytes = sum(x.data.nbytes for x in writer.state)
        self.in_place = (
            state_bytes >= self.in_place_from and not self.tests
        )  # which Python takes between run and commit
        read = [*self.results, *(x for x, _ in self.tests), *(x for _, xs in self.others for x in xs)]
        self.from_host = [x for x in dict.fromkeys([*read, *(x for _, x in self.steps)]) if writer.is_from_host(x)]
        self.fetched = [x for x in dict.fromkeys(read) if not writer.is_from_host(x)]
        self.answers = [Cell(None, None) for _ in (*self.fetched, "how the checks came out")]
        states = [x for _, x in written]
        used = [*writer.used, *states]
        given = [*{writer.name(x): x for x in used if not x.constant and writer.is_from_host(x)}.values()]
        self.source, text = writer.generated([*states, *self.fetched], given, self.from_host)
        exec(compile(self.source, f"{__file__} (the host's part)", "exec"), writer.space)  # no name in it is a user's
        self.host = writer.space.pop("host")
        inputs, outputs = self.state.inputs, self.state.outputs
        old = [inputs.index(place) if place.is_read and self.in_place else None for place in outputs]
        self.run = compiled(text, writer, self.mesh, given, old)
        self.fresh = [k for k, i in enumerate(old) if i is None]  # the outputs that take over nobody's memory
        owners = [x.source.owner for x in writer.captured()]
        leaves = [leaf for owner in owners for leaf in (owner if isinstance(owner, LeafGroup) else (owner,))]
        self.requirements = Requirements([*dict.fromkeys(leaf for leaf in leaves if isinstance(leaf, Node))])
        self.graded, self.unset = [*trace.unset], [*trace.unset.values()]

    def on_device(self, program: Program) -> list[tuple[CapturedInput, Var]]:
        """Return the effects on arrays that stay on the device; note the others by their kind."""
        found: list[tuple[CapturedInput, Var]] = []
        for effect, results in program.effects:
            entries = [None if effect.entry is None else (effect.entry, j) for j in range(len(results))]
            sources = [CapturedInput(p, effect.owner, "", e) for p, e in zip(effect.places, entries, strict=False)]
            if not results:
                self.dropped += effect.owner if isinstance(effect.owner, LeafGroup) else [effect.owner]
            elif effect.attribute == "_steps":
                self.steps.append((effect.owner, results[0]))
            elif sources and all(map(is_device_state, sources)) and isinstance(results[0].data, np.ndarray):
                found += zip(sources, results, strict=True)
            else:
                self.others.append((effect, results))
        return found

    def still_valid(self) -> bool:
        """Return whether leaves and optimisers are of the kinds that they were traced with."""
        return (
            (requirement_changes[0] == self.requirements.count or self.requirements.hold())
            and [g is None for g in map(grad_in, self.graded)] == self.unset
            and self.state.still_valid()
        )

    ready = still_valid

    def fill_buffers(self) -> None:
        """Do nothing: a call sends what is not on the device yet."""

    def __call__(self, inputs: list[Any], graded: Sequence[Node] = ()) -> Any:
        given, on_host = self.host(*inputs)
        known = dict(zip(self.from_host, on_host, strict=True))
        state = self.state
        self.committed.clear()
        with in_64_bits():
            is_steady = state.is_steady()
            do, undo = ([], []) if is_steady else state.taken(self.mesh)
            self.add_changes(do, undo, known)
            arguments = [*map(get_array, state.read), *given]
            self.mesh.agree(arguments)
            changes = starmap(call, do), map(set_born, state.aged, repeat(tick()))
            if not self.in_place:
                arrays = self.run(*arguments)
                self.answer(arrays[len(state.written) :], known)
                commit(map(set_array, state.written, arrays), *changes)
            else:
                undo += [(set_array, cell, cell.array) for cell in map(state.written.__getitem__, self.fresh)]
                arrays = chain.from_iterable(starmap(self.run, (arguments,)))
                try:
                    commit(map(set_array, [*state.written, *self.answers], arrays), *changes)
                except Exception as error:
                    self.mesh.refuse_lost(error, arguments)
                    raise
                answers = [*map(get_array, self.answers)]
                commit(map(set_array, self.answers, repeat(None)))
                try:
                    self.answer(answers, known)
                except BaseException as error:
                    commit(starmap(call, undo))
                    if isinstance(error, Exception):
                        self.mesh.refuse_lost(error, [])
                    raise
        if not is_steady:
            state.watch()
        results = [number(known.get(x, x.data), x.data) for x in self.results]
        if self.others or graded:
            self.change_host(results[len(results) - len(graded) :], graded, known)
        return results[: len(results) - len(graded)]

    def add_changes(self, do: list[Change], undo: list[Change], known: dict[Var, Any]) -> None:
        """List the changes of what is not on the device, and those that put it back."""
        do.append((self.committed.append, True))
        undo.append((self.committed.clear,))
        for owner, x in self.steps:
            do.append((set_attribute, owner, "_steps", int(known.get(x, x.data))))
            undo.append((set_attribute, owner, "_steps", owner._steps))
        for leaf in self.dropped:
            do.append((set_grad, leaf, None))
            undo.append((set_grad, leaf, grad_in(leaf)))

    def answer(self, arrays: Sequence[Any], known: dict[Var, Any]) -> None:
        """Fetch results. Raises NotReplayedError, OtherOutcome or a test's error where the call may not take effect."""
        *fetched, checks = map(np.asarray, arrays)  # bool(array) and its like take ten times as long
        ok, *outcomes = checks.tolist()
        if outcomes != self.outcomes:
            raise OtherOutcome
        if not ok:
            raise NotReplayedError
        known.update(zip(self.fetched, fetched, strict=True))
        for x, test in self.tests:
            test(known[x])

    def change_host(self, gradients: list[Any], graded: Sequence[Node], known: dict[Var, Any]) -> None:
        """Change Values, and add to the gradients of arguments."""
        effects = [on_values(effect, [known.get(x, x.data) for x in xs]) for effect, xs in self.others]
        commit(map(set_grad, graded, added_gradients(graded, gradients)), *chain.from_iterable(effects))


def on_values(effect: Effect, arrays: list[Any]) -> list[Any]:
    """Return the writes of an effect on Values: a number for each, from arrays or from numbers."""
    owner, columns = effect.owner, [np.ravel(x).tolist() for x in arrays]
    if effect.attribute in SET:
        leaves = all_unparked(owner if isinstance(owner, LeafGroup) else (owner,))
        aged = [map(set_born, leaves, repeat(tick()))] if effect.attribute == "_raw" else []
        return [map(SET[effect.attribute], leaves, columns[0]), *aged]
    rows = [*zip(*columns, strict=True)]
    memory = [*memory_of(owner)]
    if effect.entry is None:
        memory = rows
    else:
        memory[effect.entry] = rows[0]
    return [starmap(call, [(set_attribute, owner, "memory", memory)])]


def number(x: Any, like: Any) -> Any:
    """Return a result as the function itself gives it: an array of the caller's own, or one of Python's numbers."""
    return np.asarray(x).item() if isinstance(like, float) else np.array(x)
