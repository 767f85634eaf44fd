"""Optimiser state of many scalar weights, kept as the arrays that a program computes; read, it is a list.

A list of tuples takes longer to make of arrays, and to read into arrays, than the step itself.
"""

from __future__ import annotations

from collections.abc import Iterable, MutableSequence
from operator import itemgetter
from typing import Any

import numpy as np

from ...core.types import Array


class MemoryColumns(MutableSequence[Any]):
    """A list with an entry for each weight, a tuple of numbers, kept as an array for each number while nobody looks.

    arrays: one for each number that is remembered; nobody may write to them.
    """

    def __init__(self, *arrays: Array) -> None:
        self.arrays: tuple[Array, ...] | None = arrays
        self.known: list[Any] | None = None

    @property
    def entries(self) -> list[Any]:
        """The entries, a tuple each."""
        if self.known is None:
            self.known = [*zip(*(x.tolist() for x in self.arrays or ()), strict=True)]
        return self.known

    def changing(self) -> list[Any]:
        """Return the entries to be changed; from then on they are all there is."""
        known, self.arrays = self.entries, None
        return known

    def __len__(self) -> int:
        return len(self.arrays[0]) if self.arrays else len(self.entries)

    def __getitem__(self, i: Any) -> Any:
        return self.entries[i]

    def __setitem__(self, i: Any, new: Any) -> None:
        self.changing()[i] = new

    def __delitem__(self, i: Any) -> None:
        del self.changing()[i]

    def insert(self, i: int, new: Any) -> None:
        """Put an entry before that of number `i`."""
        self.changing().insert(i, new)

    def __eq__(self, other: object) -> bool:
        return self.entries == (other.entries if isinstance(other, MemoryColumns) else other)

    __hash__ = None  # type: ignore[assignment]  # as a list has none

    def __repr__(self) -> str:
        return repr(self.entries)


def state_column(memory: Iterable[Any], j: int) -> Array:
    """Return the j-th number that an optimiser remembers of each of its scalar weights."""
    if type(memory) is MemoryColumns and memory.arrays is not None:
        return memory.arrays[j]
    entries = list(memory)
    return np.fromiter(map(itemgetter(j), entries), float, len(entries))
