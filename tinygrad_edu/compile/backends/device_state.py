"""The state of one program: which places outside it reads and writes, and the cells that hold their numbers.

A program that was the last to touch its state finds every place as it left it, by identity, and need not look into
any: then the results of one call are the arguments of the next. Knows nothing of how a program is written or run.
"""

from __future__ import annotations

from collections.abc import Iterable
from operator import attrgetter, eq, is_
from typing import Any

from ..ir import Var
from ..outside import CapturedInput
from ..vectorize.bulk_io import set_data, set_grad
from .mesh import Mesh
from .on_device import DESCRIPTORS, AwayTensor, Cell, Remembered

Change = tuple[Any, ...]  # a function of C and its arguments

SET: dict[str, Any] = {"_raw": set_data, "_slope": set_grad}
born_of = attrgetter("born")
set_attribute = object.__setattr__
set_class = vars(object)["__class__"].__set__


def memory_of(optimizer: Any) -> Any:
    """Return an optimiser's memory."""
    return vars(optimizer)["memory"]


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
        memory, (weight, part) = memory_of(self.owner), self.entry
        return (memory.cells(weight) if type(memory) is Remembered else memory[weight])[part]

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
        may_be = self.seen is not None and self.slot == "_raw" and not self.is_written
        return may_be and self.seen[0] is x and self.seen[1] == self.owner.born


class DeviceState:
    """All places of one program. inputs, outputs: those that it reads and writes, in the order of its arguments."""

    def __init__(self, read: Iterable[Var], written: Iterable[tuple[CapturedInput, Var]]) -> None:
        self.inputs = [StatePlace(x.source, x.data) for x in read]
        places = {place.key: place for place in self.inputs}
        for place in self.inputs:
            place.is_read = True
        self.outputs: list[StatePlace] = []
        for source, x in written:
            place = StatePlace(source, x.data)
            self.outputs.append(places.setdefault(place.key, place))
            self.outputs[-1].is_written = True
        self.places = [*places.values()]
        self.aged = [place.owner for place in self.outputs if place.slot == "_raw"]
        self.read: list[Cell] = []  # the cells of `inputs` and of `outputs`, once they have been taken
        self.written: list[Cell] = []
        self.watched: list[tuple[Any, Any, list[Any], list[Any]]] = []  # how the last call left every place

    def still_valid(self) -> bool:
        """Return whether all numbers that are read are of the shapes and dtypes that they had."""
        return self.is_steady() or all(place.still_valid() for place in self.inputs)

    def is_steady(self) -> bool:
        """Return whether every place holds the very object that the last call left there."""
        for same, get, owners, held in self.watched:
            if not all(map(same, map(get, owners), held)):
                return False
        return bool(self.watched)

    def watch(self) -> None:
        """Note what every place holds after a call."""
        self.watched = []
        only_read = [place for place in self.inputs if not place.is_written]
        if any(place.slot != "_raw" and type(place.get()) is not Cell for place in only_read):
            return  # an array without an age, which another program may write in turns
        for slot, descriptor in DESCRIPTORS.items():
            places = [place for place in self.places if place.slot == slot]
            self.watch_for(is_, descriptor.__get__, [place.owner for place in places])
        self.watch_for(is_, memory_of, {id(p.owner): p.owner for p in self.places if p.entry is not None}.values())
        self.watch_for(eq, born_of, [place.owner for place in only_read if place.slot])

    def watch_for(self, same: Any, get: Any, owners: Iterable[Any]) -> None:
        """Note one attribute of some owners, and how to tell whether it is the same."""
        if owners := [*owners]:
            self.watched.append((same, get, owners, [*map(get, owners)]))

    def taken(self, mesh: Mesh) -> tuple[list[Change], list[Change]]:
        """Take all numbers that are needed to the device; nothing outside is changed yet.

        Return the changes that put cells where they belong, and those that put back what is there now.
        """
        for place in self.places:
            place.take(mesh)
        self.read, self.written = ([place.cell for place in places] for places in (self.inputs, self.outputs))
        do: list[Change] = []
        undo: list[Change] = []
        memories: dict[int, tuple[Any, dict[Any, Cell]]] = {}
        for place in self.outputs:
            there = place.get()
            if there is place.cell:
                continue
            if place.slot:
                do += [(set_class, place.owner, AwayTensor), (SET[place.slot], place.owner, place.cell)]
                undo.append((SET[place.slot], place.owner, there))
            else:
                memories.setdefault(id(place.owner), (place.owner, {}))[1][place.entry] = place.cell
        for owner, cells in memories.values():
            memory = memory_of(owner)
            parts = [memory.cells(i) if type(memory) is Remembered else x for i, x in enumerate(memory)]
            new = Remembered(tuple(cells.get((i, j), x) for j, x in enumerate(entry)) for i, entry in enumerate(parts))
            do.append((set_attribute, owner, "memory", new))
            undo.append((set_attribute, owner, "memory", memory))
        return do, undo
