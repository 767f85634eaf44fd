"""The test before every call that outside state is the very same: each part of each holder is compared by identity.

For a few parts it is written out, a line for each, which takes some nanoseconds a part. For many, loops of C read all
parts into one array of references, and its bytes are compared: so much text would take longer to compile than to run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import chain, repeat
from operator import attrgetter
from types import CellType, MappingProxyType
from typing import Any

import numpy as np

from ..core.node import Node, tick
from ..errors.where import raised_by_signal_handler
from .holders import MACHINERY, MISSING, Holder, cell_value

FEW = 128  # parts up to which the test is written out
Test = Callable[[], bool]


def identity_test(
    holders: list[Holder], arrays: list[tuple[np.ndarray[Any, Any], bytes]], data: list[tuple[list[Any], list[Any]]]
) -> Test:
    """Return a function that tells whether all parts of holders are the very same, and the numbers of arrays and data.

    arrays: small ones, and their bytes. data: lists of plain numbers, and copies of them.
    """
    parts = Parts()
    lists = [h for h in holders if type(h.target) is list and (is_nodes(h.parts) or is_floats(h.parts))]
    chosen = {*map(id, lists)}
    others = [h for h in holders if id(h) not in chosen]
    few = sum(len(h.parts) for h in others) <= FEW
    tests = parts.written_out(others) if few else parts.in_loops(others)
    if lists:  # `==` of lists asks for identity first; if it asks for equality, a node is made, which takes a tick
        tests += [f"{parts.name([h.target for h in lists])} == {parts.name([h.parts for h in lists])}"]
    if data:
        tests += [f"{parts.name([x for x, _ in data])} == {parts.name([x for _, x in data])}"]
    if arrays:
        tests += [f"[*map(bytes_of, {parts.name([x for x, _ in arrays])})] == {parts.name([x for _, x in arrays])}"]
    tests += ["tick() == now + 1"] if lists else []
    lines = [*(["now = tick()"] if lists else []), f"return {' and '.join(tests) or 'True'}"]
    text = "\n    ".join(["def unchanged():", *lines])
    exec(text, parts.space)  # text of this module alone, with no name of the user's
    same: Test = parts.space["unchanged"]

    def unchanged() -> bool:
        try:
            return same()
        except Exception as error:  # a key or an attribute is gone, or a part was replaced by what cannot be compared
            if raised_by_signal_handler(error):
                raise
            return False

    return unchanged


class Parts:
    """The names of a test, and the objects that they stand for."""

    def __init__(self) -> None:
        self.space: dict[str, Any] = {
            "MISSING": MISSING,
            "flat": chain.from_iterable,
            "contents": attrgetter("cell_contents"),
            "references": np.fromiter,
            "bytes_of": np.ndarray.tobytes,
            "is_empty": is_empty,
            "tick": tick,
        }

    def name(self, x: Any) -> str:
        """Return a new name for an object."""
        name = f"k{len(self.space)}"
        self.space[name] = x
        return name

    def written_out(self, holders: list[Holder]) -> list[str]:
        """Return a test for each part."""
        tests: list[str] = []
        for h in holders:
            x = h.target
            if type(x) is CellType:
                cell = self.name(x)
                tests.append(
                    f"is_empty({cell})" if h.parts[0] is MISSING else f"{cell}.cell_contents is {self.name(h.parts[0])}"
                )
            elif isinstance(x, (dict, MappingProxyType, type)):
                space = self.name(namespace(x))
                tests += [] if h.chosen else [f"len({space}) == {entry_count(h)}"]
                for key, part in zip(map(self.literal, h.keys), h.parts, strict=True):
                    tests.append(f"{key} not in {space}" if part is MISSING else f"{space}[{key}] is {self.name(part)}")
            elif h.keys:
                owner = self.name(x)
                for key, part in zip(map(self.literal, h.keys), h.parts, strict=True):
                    tests.append(f"getattr({owner}, {key}, MISSING) is {self.name(part)}")
            else:
                ids, kept = self.name([*map(id, h.parts)]), self.name(h.parts)  # kept: so that no id is used again
                tests.append(f"len({self.name(x)}) == len({kept}) and [*map(id, {self.name(x)})] == {ids}")
        return tests

    def literal(self, key: Any) -> str:
        """Return how a key is written: a plain string as itself."""
        return repr(key) if type(key) is str else self.name(key)

    def in_loops(self, holders: list[Holder]) -> list[str]:
        """Return tests of the lengths of all holders, and of all parts at once."""
        cells: list[Any] = []
        empty: list[Any] = []
        get: list[Any] = []
        keys: list[Any] = []
        live: list[Any] = []
        owners: list[Any] = []
        names: list[str] = []
        parts: dict[str, list[Any]] = {"cells": [], "chosen": [], "live": [], "named": []}
        sized: list[tuple[Any, int]] = []
        for h in holders:
            x = h.target
            if type(x) is CellType:
                if h.parts[0] is MISSING:
                    empty.append(x)
                else:
                    cells.append(x)
                    parts["cells"] += h.parts
            elif h.chosen or isinstance(x, type):
                get.append(namespace(x).get)
                keys.append(h.keys)
                parts["chosen"] += h.parts
                sized += [] if h.chosen else [(namespace(x), entry_count(h))]
            elif h.keys and not isinstance(x, (dict, MappingProxyType)):
                owners += [x] * len(h.keys)
                names += h.keys
                parts["named"] += h.parts
            else:
                live.append(x.values() if isinstance(x, (dict, MappingProxyType)) else x)
                parts["live"] += h.parts
                sized.append((live[-1], len(h.parts)))
        wanted = [*chain.from_iterable(parts.values())]
        absent = self.name(repeat(MISSING))
        read = (
            f"flat((map(contents, {self.name(cells)}), "
            f"flat(map(map, {self.name(get)}, {self.name(keys)}, {self.name([repeat(MISSING)] * len(get))})), "
            f"flat({self.name(live)}), map(getattr, {self.name(owners)}, {self.name(names)}, {absent})))"
        )
        self.name(wanted)  # kept, so that no address is used again
        return [
            f"[*map(len, {self.name([x for x, _ in sized])})] == {self.name([n for _, n in sized])}",
            *([f"all(map(is_empty, {self.name(empty)}))"] if empty else []),
            f"references({read}, object, {len(wanted)}).tobytes() == {self.name(references(wanted))}",
        ]


def is_nodes(parts: Iterable[Any]) -> bool:
    """Return whether all parts are nodes."""
    return all(isinstance(x, Node) for x in parts)


def is_floats(parts: list[Any]) -> bool:
    """Return whether all parts are floats, and none is zero: of zeros two are equal, and not the same."""
    return all(type(x) is float and x != 0 for x in parts)


def namespace(x: Any) -> Any:
    """Return what holds the attributes of a class; a dict itself."""
    return vars(x) if isinstance(x, type) else x


def entry_count(h: Holder) -> int:
    """Return how many entries the namespace of a holder had; of a class those too that are not looked at."""
    return len(h.parts) + (len(MACHINERY & vars(h.target).keys()) if isinstance(h.target, type) else 0)


def references(parts: list[Any]) -> bytes:
    """Return the addresses of objects."""
    return np.fromiter(parts, object, len(parts)).tobytes()


def is_empty(cell: CellType) -> bool:
    """Return whether a closure's cell holds nothing."""
    return cell_value(cell) is MISSING
