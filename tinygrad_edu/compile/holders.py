"""Holders: objects whose parts can be replaced, and one check, at the speed of C, that none has been.

Each part is compared by identity, all of them in one pass of `all(map(is_, …))`; small arrays by their bytes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from itertools import chain, repeat
from operator import attrgetter, is_
from types import CellType, MappingProxyType
from typing import Any

import numpy as np

from ..core.node import Node, tick

ABSENT: Any = type("Absent", (), {"__repr__": lambda _: "nothing"})()  # in place of a name that is not defined
contents = attrgetter("cell_contents")


class Parts:
    """Objects that are looked at in the same way, and the parts that each of them had."""

    def __init__(self) -> None:
        self.owners: list[Any] = []
        self.parts: list[list[Any]] = []

    def add(self, owner: Any, parts: list[Any]) -> None:
        """Add an object."""
        self.owners.append(owner)
        self.parts.append(parts)


TOOLS = {
    "contents": contents,
    "flat": chain.from_iterable,
    "repeat": repeat,
    "ABSENT": ABSENT,
    "is_": is_,
    "tick": tick,
}
TOOLS |= {"tobytes": np.ndarray.tobytes}


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
                if self.parts[0] is ABSENT:
                    del x.cell_contents
                else:
                    x.cell_contents = self.parts[0]
        elif isinstance(x, dict):
            for key, part in zip(self.keys, self.parts, strict=True):
                if part is ABSENT:
                    x.pop(key, None)
                elif x.get(key, ABSENT) is not part:
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
                now = vars(x).get(key, ABSENT) if isinstance(x, type) else getattr(x, key, ABSENT)
                if now is not part:
                    setattr(x, key, part) if part is not ABSENT else delattr(x, key)


def names_in(prefix: str, space: dict[str, Any], keys: tuple[str, ...]) -> Holder:
    """Return the holder of chosen names in a namespace."""
    parts = [space.get(key, ABSENT) for key in keys]
    return Holder(prefix, space, [f"{prefix}{key}" for key in keys], parts, keys, chosen=True)


def cell_value(cell: CellType) -> Any:
    """Return what a closure's cell holds; ABSENT where it is empty."""
    try:
        return cell.cell_contents
    except ValueError:
        return ABSENT


def guard(holders: list[Holder], arrays: list[tuple[np.ndarray[Any, Any], bytes]]) -> Callable[[], bool]:
    """Return a function that tells, at the speed of C, whether everything is still the very same."""
    cells, names, nodes, live, slots = Parts(), Parts(), Parts(), Parts(), Parts()
    for h in holders:
        if type(h.target) is CellType:
            cells.add(h.target, h.parts) if h.parts[0] is not ABSENT else None
        elif h.chosen:
            names.add((h.target.get, h.keys), h.parts)
        elif type(h.target) is list and all(isinstance(x, Node) for x in h.parts):
            nodes.add(h.target, h.parts)
        elif isinstance(h.target, (dict, MappingProxyType)):
            live.add(h.target.values(), h.parts)
        elif isinstance(h.target, (list, set, deque)):
            live.add(h.target, h.parts)
        else:
            slots.add((h.target, h.keys), h.parts)
    found = {
        "map(contents, cells)": cells,
        "flat(map(map, get, keys, nothing))": names,
        "flat(live)": live,
        "map(getattr, owners, slots, repeat(ABSENT))": slots,
    }
    parts = [text for text, group in found.items() if group.owners]
    checks = [
        *(["list(map(len, live)) == lengths"] if live.owners else []),
        *([f"all(map(is_, flat(({', '.join(parts)},)), wanted))"] if parts else []),
        *(["list(map(tobytes, arrays)) == numbers"] if arrays else []),
    ]
    lines = [f"return {' and '.join(checks) or 'True'}"]
    if nodes.owners:  # `==` of lists asks for identity first; asking for equality would make a node, in another tick
        lines = ["now = tick()", f"{lines[0]} and lists == elements and tick() == now + 1"]
    space = TOOLS | {
        "cells": cells.owners,
        "get": [get for get, _ in names.owners],
        "keys": [keys for _, keys in names.owners],
        "nothing": [repeat(ABSENT)] * len(names.owners),
        "live": live.owners,
        "lengths": [*map(len, live.owners)],
        "owners": [x for x, keys in slots.owners for _ in keys],
        "slots": [key for _, keys in slots.owners for key in keys],
        "lists": nodes.owners,
        "elements": nodes.parts,
        "arrays": [x for x, _ in arrays],
        "numbers": [x for _, x in arrays],
        "wanted": [x for group in found.values() for parts in group.parts for x in parts],
    }
    exec("\n    ".join(["def unchanged():", *lines]), space)  # text of this module alone, with no name of the user's
    return space["unchanged"]  # type: ignore[no-any-return]  # a function, by exec
