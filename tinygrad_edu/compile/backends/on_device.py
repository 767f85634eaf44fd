"""State that lives on a device between calls, and comes back to its leaf or optimiser when somebody reads it.

A leaf whose data or gradient is away holds a `Cell` in the slot and is of a kind whose slots fetch. Programs share
cells: each replaces the array in a cell in place of giving the leaf another object. Knows nothing of JAX but that an
array of a device can be turned into one of NumPy's.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ...core.node import Node
from ...core.tensor import Tensor


class Cell:
    """One array of a device.

    where: the device or mesh that it is on. copy: the array of NumPy's that was last fetched, while it is the same.
    """

    __slots__ = ("array", "copy", "where")

    def __init__(self, array: Any, where: Any, copy: Any = None) -> None:
        self.array, self.where, self.copy = array, where, copy

    def fetched(self) -> Any:
        """Return the numbers as an array of NumPy's own, which nobody writes into."""
        if self.copy is None or self.copy[0] is not self.array:
            self.copy = self.array, np.array(self.array)  # a copy: XLA may write where its own array lies
        return self.copy[1]

    def still(self, x: Any) -> bool:
        """Return whether an array is what was fetched from here, and this has not changed since."""
        return self.copy is not None and self.copy[1] is x and self.copy[0] is self.array


set_array: Any = vars(Cell)["array"].__set__
get_array: Any = vars(Cell)["array"].__get__
DESCRIPTORS: Any = {name: vars(Node)[name] for name in ("_raw", "_slope")}


def fetching(name: str, other: str) -> property:
    """Return the property that stands over a slot of a leaf of which something is away."""
    slot, beside = DESCRIPTORS[name], DESCRIPTORS[other]

    def restore_class(leaf: Any) -> None:
        try:
            away = type(beside.__get__(leaf)) is Cell
        except AttributeError:  # a leaf that is being made
            away = False
        if not away:
            leaf.__class__ = Tensor

    def read(leaf: Any) -> Any:
        x = slot.__get__(leaf)
        if type(x) is Cell:
            x = x.fetched()
            slot.__set__(leaf, x)
        restore_class(leaf)
        return x

    def write(leaf: Any, new: Any) -> None:
        slot.__set__(leaf, new)
        restore_class(leaf)

    return property(read, write)


class AwayTensor(Tensor):
    """A leaf whose data or gradient is on a device; it is a Tensor again as soon as all of it has been fetched."""

    __slots__ = ()
    _raw = fetching("_raw", "_slope")
    _slope = fetching("_slope", "_raw")


AwayTensor.__name__ = AwayTensor.__qualname__ = "Tensor"  # which messages show


class Remembered(list[Any]):
    """An optimiser's memory of which some is on a device: whoever reads an entry gets NumPy's arrays."""

    def __getitem__(self, i: Any) -> Any:
        found = super().__getitem__(i)
        return here(found) if isinstance(found, tuple) else [here(entry) for entry in found]

    def __iter__(self) -> Iterator[Any]:
        return map(here, super().__iter__())

    def __reduce__(self) -> Any:
        return list, ([*self],)

    def cells(self, i: int) -> tuple[Any, ...]:
        """Return an entry as it is, wherever its parts are."""
        found: tuple[Any, ...] = super().__getitem__(i)
        return found


def here(entry: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return an entry of an optimiser's memory with all its arrays fetched."""
    return tuple(x.fetched() if type(x) is Cell else x for x in entry)
