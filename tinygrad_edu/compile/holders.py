"""Holders: objects whose parts can be replaced, each with the parts that it had when a walk found it."""

from __future__ import annotations

from collections import deque
from operator import is_
from types import CellType, MappingProxyType
from typing import Any

MISSING: Any = type("Absent", (), {"__repr__": lambda _: "nothing"})()  # in place of a name that is not defined
MACHINERY = {"__dict__", "__weakref__", "__doc__", "__module__", "__annotations__", "__firstlineno__"}  # of a class


class Holder:
    """An object whose parts can be replaced: a cell, a namespace, an instance, a class, a list, a set.

    names: how a user would write each part. parts: what they were. keys: the parts' keys, where they have some.
    chosen: whether only some keys of a dict are looked at.
    """

    def __init__(
        self, path: str, target: Any, names: list[str], parts: list[Any], keys: Any = (), chosen: bool = False
    ) -> None:
        self.path, self.target, self.names, self.parts, self.keys, self.chosen = (
            path,
            target,
            names,
            parts,
            keys,
            chosen,
        )

    def restore(self) -> None:
        """Put the parts back."""
        x = self.target
        if isinstance(x, MappingProxyType):
            return
        if type(x) is CellType:
            if cell_value(x) is not self.parts[0]:
                if self.parts[0] is MISSING:
                    del x.cell_contents
                else:
                    x.cell_contents = self.parts[0]
        elif isinstance(x, dict):
            for key, part in zip(self.keys, self.parts, strict=True):
                if part is MISSING:
                    x.pop(key, None)
                elif x.get(key, MISSING) is not part:
                    x[key] = part
            if not self.chosen and len(x) > len(self.keys):
                for key in set(x) - set(self.keys):
                    del x[key]
        elif isinstance(x, (list, deque)):
            if len(x) != len(self.parts) or not all(map(is_, x, self.parts)):
                x.clear()
                x.extend(self.parts)
        elif isinstance(x, set):
            if x != set(self.parts):
                x.clear()
                x.update(self.parts)
        else:
            for key, part in zip(self.keys, self.parts, strict=True):
                now = vars(x).get(key, MISSING) if isinstance(x, type) else getattr(x, key, MISSING)
                if now is not part:
                    write = setattr if isinstance(x, type) else object.__setattr__  # a frozen dataclass refuses its own
                    write(x, key, part) if part is not MISSING else delattr(x, key)
            for key in {*vars(x)} - {*self.keys} - MACHINERY if isinstance(x, type) else ():
                delattr(x, key)


def names_in(prefix: str, space: dict[str, Any], keys: tuple[str, ...]) -> Holder:
    """Return the holder of chosen names in a namespace."""
    parts = [space.get(key, MISSING) for key in keys]
    return Holder(prefix, space, [f"{prefix}{key}" for key in keys], parts, keys, chosen=True)


def cell_value(cell: CellType) -> Any:
    """Return the contents of a closure's cell; MISSING where it is empty."""
    try:
        return cell.cell_contents
    except ValueError:
        return MISSING
