"""Double buffering: in its two turns a program reads and writes either buffer of each pair.

Both turns run the same code, each with its own namespace, in which names stand for the one array or for the other.
Whoever else holds an array that is about to be written (a view that the user took, a gradient that was kept) keeps
it: the program takes new memory. That is found by counting references.
"""

from __future__ import annotations

from sys import getrefcount
from typing import Any

import numpy as np

from ...core.types import Array
from .state_buffers import BufferPair, aligned


class Turns:
    """Two namespaces for one piece of code, and the memory that each writes.

    space: names and their objects in the first turn. pairs: memory, each once. parts: the buffers of single owners.
    """

    def __init__(self, code: Any, space: dict[str, Any], pairs: list[BufferPair], parts: list[BufferPair]) -> None:
        self.space = [space]
        self.watched: list[list[Any]] = [[], []]  # by the turn that writes them
        self.counts: list[int] = []
        if pairs:
            exchanged = Exchange({}, {})
            for pair in pairs:
                exchanged.memory(*pair)
                exchanged.memory(*pair[::-1])
            for pair in (*pairs, *parts):
                exchanged.known[id(pair.old)] = pair.new
                exchanged.known[id(pair.new)] = pair.old
            self.space.append({name: exchanged(thing) for name, thing in space.items()})
            self.watched = [
                self.writable(names, pairs, parts, which)
                for names, which in zip(self.space, ("new", "old"), strict=True)
            ]
        for names in self.space:
            exec(code, names)  # the program's text, which `source` wrote: no name in it is a user's

    def writable(
        self, space: dict[str, Any], pairs: list[BufferPair], parts: list[BufferPair], which: str
    ) -> list[Any]:
        """Return the objects that a turn writes and others may hold: arrays, the memory they lie in, tuples of them."""
        arrays = {id(x): x for pair in (*pairs, *parts) for x in (getattr(pair, which),)}
        owners = {id(x.base): x.base for x in arrays.values()}
        entries = [x for x in space.values() if type(x) is tuple and any(id(part) in arrays for part in x)]
        return [*arrays.values(), *owners.values(), *entries]

    def count_references(self) -> None:
        """Count the references that the program itself has, once, while nobody else has any."""
        self.counts = self.counts or [sum(map(getrefcount, watched)) for watched in self.watched]

    def is_shared(self, turn: int) -> bool:
        """Return whether somebody else holds memory that a turn is about to write."""
        return sum(map(getrefcount, self.watched[turn])) > self.counts[turn]

    def renew(self, turn: int) -> None:
        """Give a turn new memory to write, and leave the old to its holder."""
        new = Exchange({}, {})
        arrays = [x for x in self.watched[turn] if type(x) is np.ndarray and x.base is not None]
        owner: Any
        for owner in {id(x.base): x.base for x in arrays}.values():
            new.owners[id(owner)] = (start_of(owner) + -start_of(owner) % 64, aligned(owner.size - 64))
        for names in self.space:
            names.update({name: new(thing) for name, thing in names.items()})
        fresh = [new(x) for x in arrays]
        entries = [new(x) for x in self.watched[turn] if type(x) is tuple]
        self.watched[turn] = [*fresh, *{id(x.base): x.base for x in fresh}.values(), *entries]
        del new, arrays, fresh, entries, owner
        self.counts[turn] = sum(map(getrefcount, self.watched[turn]))


class Exchange:
    """Objects of a namespace with some memory exchanged for other memory.

    known: what was exchanged before, by id. owners: where the bytes of a memory begin and what takes their place.
    """

    def __init__(self, known: dict[int, Any], owners: dict[int, tuple[int, Array]]) -> None:
        self.known, self.owners = known, owners
        self.kept: list[Any] = []  # what was exchanged, so that no id is used again

    def memory(self, one: Array, other: Array) -> None:
        """Exchange the memory of one array for that of another."""
        owner: Any = other.base
        flat: Array = np.ndarray(other.nbytes, np.uint8, owner, start_of(other) - start_of(owner))
        self.owners[id(one.base)] = start_of(one), flat

    def __call__(self, x: Any) -> Any:
        if id(x) in self.known:
            return self.known[id(x)]
        if type(x) is np.ndarray and id(x.base) in self.owners:
            start, other = self.owners[id(x.base)]
            z: Any = np.ndarray(x.shape, x.dtype, other, start_of(x) - start, x.strides) if x.size else x
        elif type(x) in (list, tuple) and x:
            parts = [self(part) for part in x]
            same = all(a is b for a, b in zip(parts, x, strict=True))
            z = x if same else type(x)(parts)
        else:
            return x
        self.known[id(x)] = z
        self.kept.append(x)
        return z


def start_of(x: Array) -> int:
    """Return the address at which the numbers of an array begin."""
    return x.__array_interface__["data"][0]  # type: ignore[no-any-return]  # an address
