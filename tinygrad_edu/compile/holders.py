"""Holders: objects whose parts can be replaced, each with the parts that it had when a walk found it."""

from __future__ import annotations

from collections import deque
from contextvars import ContextVar
from enum import Enum, auto
from operator import is_
from types import CellType, MappingProxyType
from typing import Any

MISSING: Any = type("Absent", (), {"__repr__": lambda _: "nothing"})()  # in place of a name that is not defined


CLASS_AND_NAMESPACE = ("__class__", "__dict__")  # attributes of every instance that has others


class Parts(Enum):
    """How parts are had from their holder."""

    CELL = auto()  # the contents of a closure's cell
    ENTRIES = auto()  # by key, of a dict or of the namespace of a class
    ATTRIBUTES = auto()  # by name, of any object
    ELEMENTS = auto()  # of a list, a deque or a set


class Holder:
    """An object whose parts can be replaced: a cell, a namespace, an instance, a class, a list, a set.

    names: how a user would write each part. parts: what they were. keys: the parts' keys, where they have some.
    order: all keys of a namespace, in order; None where only the keys that are given matter. counted: whether their
    order does not matter and all are given: then it is enough to count them.
    """

    def __init__(
        self,
        kind: Parts,
        target: Any,
        names: list[str],
        parts: list[Any],
        keys: Any = (),
        order: list[Any] | None = None,
        counted: bool = False,
    ) -> None:
        self.kind, self.target, self.names, self.parts = kind, target, names, parts
        self.keys, self.order, self.counted = keys, order, counted

    def restore(self) -> None:
        """Put the parts back."""
        x = self.target
        if self.kind is Parts.CELL:
            if cell_value(x) is not self.parts[0]:
                if self.parts[0] is MISSING:
                    del x.cell_contents
                else:
                    x.cell_contents = self.parts[0]
        elif self.kind is Parts.ELEMENTS:
            if len(x) != len(self.parts) or not all(map(is_, x, self.parts)):
                x.clear()
                (x.update if isinstance(x, set) else x.extend)(self.parts)
        elif isinstance(x, dict):
            self.restore_entries(x)
        elif not isinstance(x, MappingProxyType):  # through which nothing can be written
            write = setattr if isinstance(x, type) else object.__setattr__  # a frozen dataclass refuses its own
            for key, part in zip(self.keys, self.parts, strict=True):
                now = vars(x).get(key, MISSING) if self.kind is Parts.ENTRIES else getattr(x, key, MISSING)
                if now is not part:
                    write(x, key, part) if part is not MISSING else delattr(x, key)
            for key in {*vars(x)} - {*self.order} if self.order is not None else ():
                delattr(x, key)

    def restore_entries(self, x: dict[Any, Any]) -> None:
        """Put the entries of a dict back, in order."""
        for key, part in zip(self.keys, self.parts, strict=True):
            if part is MISSING:
                x.pop(key, None)
            elif x.get(key, MISSING) is not part:
                x[key] = part
        if self.order is not None and not (len(x) == len(self.order) and all(map(is_, x, self.order))):
            known = {key: x[key] for key in self.order if key in x}
            x.clear()
            x.update(known)


class CurrentValue:
    """The value of a context variable, as an attribute that can be replaced."""

    def __init__(self, variable: ContextVar[Any]) -> None:
        self.variable = variable

    @property
    def now(self) -> Any:
        """The value here, in this thread and task."""
        try:
            return self.variable.get()
        except LookupError:
            return MISSING

    @now.setter
    def now(self, value: Any) -> None:
        self.variable.set(value)

    @now.deleter
    def now(self) -> None:
        """Do nothing: only who set a variable can take its value away."""


def names_in(prefix: str, space: dict[str, Any], keys: tuple[str, ...]) -> Holder:
    """Return the holder of chosen names in a namespace."""
    parts = [space.get(key, MISSING) for key in keys]
    return Holder(Parts.ENTRIES, space, [f"{prefix}{key}" for key in keys], parts, keys)


def elements_of(path: str, x: list[Any] | deque[Any] | set[Any]) -> Holder:
    """Return the holder of the elements of a container."""
    return Holder(Parts.ELEMENTS, x, [f"{path}[{i}]" for i in range(len(x))], [*x])


def attributes_of(path: str, x: Any, keys: tuple[str, ...]) -> Holder:
    """Return the holder of chosen attributes of an object."""
    parts = [getattr(x, key, MISSING) for key in keys]
    return Holder(Parts.ATTRIBUTES, x, [f"{path}.{key}" for key in keys], parts, keys)


def cell_value(cell: CellType) -> Any:
    """Return the contents of a closure's cell; MISSING where it is empty."""
    try:
        return cell.cell_contents
    except ValueError:
        return MISSING
