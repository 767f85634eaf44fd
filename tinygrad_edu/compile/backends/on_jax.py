"""The back-end of JAX: one function, compiled by XLA, with state that stays on the device between calls.

XLA writes over arrays that it was given, so the run and all changes of state are one instruction of Python: the cells
that held those arrays get the results before anybody can look. Where a check fails, the program has left the old
numbers, what else was changed is put back, and the function itself is run.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import chain, repeat, starmap
from operator import attrgetter, eq, is_
from typing import Any

import numpy as np

from ...core.commit import calls, commit
from ...core.node import Node, tick
from ..ir import Program, Var
from ..outside import CapturedInput, Effect
from ..trace import Trace
from ..vectorize.bulk_io import OtherOutcome, added_gradients, set_born, set_data, set_grad
from ..vectorize.parked_leaves import LeafGroup, all_unparked
from . import jax_rows
from .jax_program import compiled
from .jax_text import JaxWriter, is_device_state
from .mesh import Mesh
from .on_device import DESCRIPTORS, AwayTensor, Cell, Remembered, set_array

SET: dict[str, Any] = {"_raw": set_data, "_slope": set_grad}
born_of = attrgetter("born")
set_attribute = object.__setattr__


class NotReplayedError(Exception):
    """A check of the program failed, and nothing has changed: the function itself says what is wrong."""


class StatePlace:
    """A place outside whose numbers are on the device between calls: a leaf's slot, or a part of an optimiser's memory.

    is_read, is_written: whether the program begins with the numbers there, and whether it leaves others.
    """

    def __init__(self, source: CapturedInput, like: Any) -> None:
        self.owner, self.entry = source.owner, source.entry
        self.slot = source.place.removeprefix("{}.") if self.entry is None else ""
        self.shape, self.dtype = like.shape, like.dtype
        self.is_read = self.is_written = False
        self.cell: Any = None
        self.seen: Any = None  # the array that was sent, and how old its leaf was then

    @property
    def key(self) -> Any:
        """A key that is equal for the same place."""
        return id(self.owner), self.slot, self.entry

    def get(self) -> Any:
        """Return what is there: a cell, an array of NumPy's, or None."""
        if self.entry is None:
            return DESCRIPTORS[self.slot].__get__(self.owner)
        memory = vars(self.owner)["memory"]
        return (memory.cells(self.entry[0]) if type(memory) is Remembered else memory[self.entry[0]])[self.entry[1]]

    def still_valid(self) -> bool:
        """Return whether the numbers there are of the shape and dtype that they had."""
        x = self.get()
        x = x.array if type(x) is Cell else x
        return x is not None and x.shape == self.shape and x.dtype == self.dtype

    def take(self, mesh: Mesh) -> None:
        """Hold a cell with the numbers that are there, sent to the device where they are not on it yet."""
        x = self.get()
        if type(x) is Cell and x.where == mesh.where:
            self.cell = x
        elif not self.is_read:
            self.cell = Cell(None, mesh.where)
        elif type(x) is Cell:
            self.cell = Cell(mesh.sent(x.fetched()), mesh.where)
        elif self.cell is None or not (self.cell.still(x) or self.was_sent(x)):
            self.cell = Cell(mesh.sent(x), mesh.where)
            self.seen = x, getattr(self.owner, "born", None)

    def was_sent(self, x: Any) -> bool:
        """Return whether an array was sent before and cannot have changed: some programs write arrays in turns."""
        return bool(
            self.seen
            and self.slot == "_raw"
            and not self.is_written
            and self.seen[0] is x
            and self.seen[1] == self.owner.born
        )


class OnJax:
    """A program that XLA compiles. devices: among which the rows of its arguments are divided, see `Mesh`."""

    def __init__(self, trace: Trace, results: list[Node], devices: Any = None) -> None:
        self.jax, self.mesh = jax_rows.import_jax(), Mesh(devices)
        self.committed: list[bool] = []
        program = Program(trace, results, for_numpy=False)
        writer = JaxWriter(program)
        self.steps: list[tuple[Any, Var]] = []  # optimisers, and how many steps they will have taken
        self.dropped: list[Node] = []  # leaves whose gradient is forgotten
        self.others: list[tuple[Effect, list[Var]]] = []  # effects on Values, whose numbers are on the host
        self.results, self.tests = program.results, writer.tests
        self.outcomes = {x: was for x, was in program.outcomes.items() if not writer.is_from_host(x)}
        self.inputs = [StatePlace(x.source, x.data) for x in writer.state]
        places = {place.key: place for place in self.inputs}
        for place in self.inputs:
            place.is_read = True
        self.outputs, states = [], []
        for source, x in self.on_device(program):
            place = StatePlace(source, x.data)
            self.outputs.append(places.setdefault(place.key, place))
            self.outputs[-1].is_written = True
            states.append(x)
        self.places = [*places.values()]
        read = [*self.results, *self.outcomes, *(x for x, _ in self.tests), *(x for _, xs in self.others for x in xs)]
        self.from_host = [x for x in dict.fromkeys([*read, *(x for _, x in self.steps)]) if writer.is_from_host(x)]
        self.fetched = [x for x in dict.fromkeys(read) if not writer.is_from_host(x)]
        used = [*(x for z in writer.on_device for x in z.args), *states]
        given = [*{writer.name(x): x for x in used if not x.constant and writer.is_from_host(x)}.values()]
        self.late = bool(self.tests or self.outcomes)  # Python decides after a run whether it takes effect
        old = [self.inputs.index(place) if place.is_read and not self.late else None for place in self.outputs]
        self.source, text = writer.generated([*states, *self.fetched], given, self.from_host)
        exec(compile(self.source, f"{__file__} (the host's part)", "exec"), writer.space)  # no name in it is a user's
        self.host = writer.space.pop("host")
        self.run = compiled(text, writer, self.mesh, given, old)
        self.fresh = [place for place, i in zip(self.outputs, old, strict=True) if i is None]
        self.answers = [Cell(None, None) for _ in range(len(self.fetched) + 1)]  # the last: whether all is well
        self.aged = [place.owner for place in self.outputs if place.slot == "_raw"]
        owners = [x.source.owner for x in writer.captured()]
        leaves = [leaf for owner in owners for leaf in (owner if isinstance(owner, LeafGroup) else (owner,))]
        self.leaves = [*dict.fromkeys(leaf for leaf in leaves if isinstance(leaf, Node))]
        self.required = [leaf._requires_grad for leaf in self.leaves]
        self.unset = dict(trace.unset)
        self.watched: list[tuple[Any, Any, list[Any], list[Any]]] = []  # where every place is as the last call left it

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

    # Before a call ---------------------------------------------------------------------------------------------

    def still_valid(self) -> bool:
        """Return whether leaves and optimisers are of the kinds that they were traced with."""
        slope = DESCRIPTORS["_slope"].__get__
        return (
            [x._requires_grad for x in self.leaves] == self.required
            and all((slope(x) is None) is unset for x, unset in self.unset.items())
            and (self.is_steady() or all(place.still_valid() for place in self.inputs))
        )

    ready = still_valid

    def fill_buffers(self) -> None:
        """Do nothing: a call sends what is not on the device yet."""

    def is_steady(self) -> bool:
        """Return whether every place holds the very object that the last call left there."""
        return bool(self.watched) and all(all(map(same, map(get, xs), held)) for same, get, xs, held in self.watched)

    def watch(self) -> None:
        """Note what every place holds after a call."""
        self.watched = []
        for slot in DESCRIPTORS:
            places = [place for place in self.places if place.slot == slot]
            self.watched.append((is_, DESCRIPTORS[slot].__get__, [s.owner for s in places], [s.get() for s in places]))
        owners = [*{id(s.owner): s.owner for s in self.places if s.entry is not None}.values()]
        self.watched.append((is_, memory_of, owners, [*map(memory_of, owners)]))
        only_read = [s for s in self.inputs if not s.is_written]
        if any(s.slot != "_raw" and type(s.get()) is not Cell for s in only_read):
            self.watched = []  # an array without an age, which another program may write in turns
            return
        ages = [s.owner for s in only_read if s.slot]
        self.watched.append((eq, born_of, ages, [*map(born_of, ages)]))

    # A call ----------------------------------------------------------------------------------------------------

    def __call__(self, inputs: list[Any], graded: Sequence[Node] = ()) -> Any:
        given, on_host = self.host(*inputs)
        known = dict(zip(self.from_host, on_host, strict=True))
        with jax_rows.in_64_bits():
            self.committed.clear()
            do: list[Any] = [partial(self.committed.append, True)]
            undo: list[Any] = [self.committed.clear]
            is_steady = self.is_steady()
            if not is_steady:
                for place in self.places:
                    place.take(self.mesh)
                self.move(do, undo)
            for owner, x in self.steps:
                do.append(partial(set_attribute, owner, "_steps", int(known.get(x, x.data))))
                undo.append(partial(set_attribute, owner, "_steps", owner._steps))
            for leaf in self.dropped:
                do.append(partial(set_grad, leaf, None))
                undo.append(partial(set_grad, leaf, DESCRIPTORS["_slope"].__get__(leaf)))
            undo += [partial(set_array, place.cell, place.cell.array) for place in self.fresh]
            cells = [place.cell for place in self.outputs]
            arguments = [*[place.cell.array for place in self.inputs], *given]
            self.mesh.agree(arguments)
            aged = map(set_born, self.aged, repeat(tick()))
            if self.late:
                arrays = self.run(*arguments)
                commit(map(set_array, self.answers, arrays[len(cells) :]))
                self.answer(known)
                commit(map(set_array, cells, arrays), calls(do), aged)
            else:
                run = chain.from_iterable(starmap(self.run, (arguments,)))
                try:
                    commit(map(set_array, [*cells, *self.answers], run), calls(do), aged)
                except Exception as error:
                    self.mesh.refuse_lost(error, arguments)
                    raise
                try:
                    self.answer(known)
                except BaseException as error:
                    commit(calls(undo))
                    if isinstance(error, Exception):
                        self.mesh.refuse_lost(error, [])
                    raise
        if not is_steady:
            self.watch()
        results = [number(known.get(x, x.data), x.data) for x in self.results]
        if self.others or graded:
            gradients = added_gradients(graded, results[len(results) - len(graded) :])
            writes = (
                write for effect, xs in self.others for write in on_values(effect, [known.get(x, x.data) for x in xs])
            )
            commit(map(set_grad, graded, gradients), *writes)
        return results[: len(results) - len(graded)]

    def move(self, do: list[Any], undo: list[Any]) -> None:
        """List the writes that put cells where they belong, and those that put back what is there now."""
        entries: dict[int, dict[Any, Any]] = {}
        for place in self.outputs:
            there = place.get()
            if there is place.cell:
                continue
            if place.slot:
                do += [partial(set_class, place.owner, AwayTensor), partial(SET[place.slot], place.owner, place.cell)]
                undo.append(partial(SET[place.slot], place.owner, there))
            else:
                entries.setdefault(id(place.owner), {"owner": place.owner})[place.entry] = place.cell
        for changed in entries.values():
            owner = changed["owner"]
            memory = memory_of(owner)
            parts = [memory.cells(i) if type(memory) is Remembered else x for i, x in enumerate(memory)]
            new = Remembered(
                tuple(changed.get((i, j), x) for j, x in enumerate(entry)) for i, entry in enumerate(parts)
            )
            do.append(partial(set_attribute, owner, "memory", new))
            undo.append(partial(set_attribute, owner, "memory", memory))

    def answer(self, known: dict[Var, Any]) -> None:
        """Fetch results. Raises NotReplayedError, OtherOutcome or a test's error where the call may not take effect."""
        arrays = [cell.array for cell in self.answers]
        for cell in self.answers:
            cell.array = None
        if not bool(arrays.pop()):
            raise NotReplayedError
        known.update((x, np.array(array)) for x, array in zip(self.fetched, arrays, strict=True))
        for x, outcome in self.outcomes.items():
            if bool(known.get(x, x.data)) is not outcome:
                raise OtherOutcome
        for x, test in self.tests:
            test(known[x])


set_class = vars(object)["__class__"].__set__


def memory_of(optimizer: Any) -> Any:
    """Return an optimiser's memory."""
    return vars(optimizer)["memory"]


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
    return [calls([partial(set_attribute, owner, "memory", memory)])]


def number(x: Any, like: Any) -> Any:
    """Return a result as the function itself gives it: an array of the caller's own, or one of Python's numbers."""
    return np.asarray(x).item() if isinstance(like, float) else np.array(x)
