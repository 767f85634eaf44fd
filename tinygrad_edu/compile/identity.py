"""The test before every call that outside state is the very same: each part of each holder is compared by identity.

For a few parts it is written out, a line for each, which takes some nanoseconds a part. For many, loops of C read all
parts into one array of references, and its bytes are compared: so much text would take longer to compile than to run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import chain, repeat
from keyword import iskeyword
from operator import attrgetter, is_
from types import CellType
from typing import Any

import numpy as np

from ..core.node import Node, tick
from ..errors.where import raised_by_signal_handler
from .attributes import ends_in_number
from .contents import layout_of
from .holders import CLASS_AND_NAMESPACE, MISSING, Holder, Parts, cell_value

SHORT = 32  # elements of a list up to which each has a line of its own
FEW = 600  # parts up to which the test is written out
Test = Callable[[], bool]


def identity_test(
    holders: list[Holder],
    arrays: list[tuple[np.ndarray[Any, Any], bytes]],
    layouts: list[tuple[np.ndarray[Any, Any], Any]],
    buffers: list[tuple[Any, bytes]],
    data: list[tuple[list[Any], list[Any]]],
    logs: list[tuple[dict[str, Any], str]],
) -> Test:
    """Return a function that tells whether all parts of holders are the very same, and the numbers of arrays and data.

    arrays: small ones, and their bytes. layouts: of all arrays. buffers: such as a bytearray, and their bytes. data:
    lists of plain numbers, and copies of them. logs: namespaces and their attributes that stay numbers or lists of
    some, whichever.
    """
    text = TestText()
    lists = [h for h in holders if type(h.target) is list and (is_nodes(h.parts) or is_floats(h.parts))]
    lists = lists if len(all_parts(holders)) > FEW else []
    chosen = {*map(id, lists)}
    others = [h for h in holders if id(h) not in chosen]
    tests = text.written_out(others) if len(all_parts(others)) <= FEW else text.in_loops(others)
    if lists:  # `==` of lists asks for identity first; if it asks for equality, a node is made, which takes a tick
        tests += [f"{text.name([h.target for h in lists])} == {text.name([h.parts for h in lists])}"]
    if data:
        tests += [f"{text.name([x for x, _ in data])} == {text.name([x for _, x in data])}"]
    if arrays:
        tests += [f"[*map(bytes_of, {text.name([x for x, _ in arrays])})] == {text.name([x for _, x in arrays])}"]
    if layouts:
        tests += [f"[*map(layout_of, {text.name([x for x, _ in layouts])})] == {text.name([x for _, x in layouts])}"]
    if buffers:
        tests += [f"[*map(to_bytes, {text.name([x for x, _ in buffers])})] == {text.name([x for _, x in buffers])}"]
    tests += [f"ends_in_number({text.name(space)}[{text.name(key)}])" for space, key in logs]
    tests += ["tick() == now + 1"] if lists else []
    start = "now = tick()" if lists else "pass"
    lines = [
        "def unchanged():",
        "    try:",
        f"        {start}",
        f"        return {' and '.join(tests) or 'True'}",
        "    except Exception as error:",  # a key is gone, or a part was replaced by what cannot be compared
        "        if raised_by_signal_handler(error):",
        "            raise",
        "        return False",
    ]
    exec("\n".join(lines), text.space)  # text of this module alone, with no name of the user's
    unchanged: Test = text.space["unchanged"]
    return unchanged


class TestText:
    """The text of a test, and the objects that its names stand for."""

    def __init__(self) -> None:
        self.space: dict[str, Any] = {
            "MISSING": MISSING,
            "flat": chain.from_iterable,
            "contents": attrgetter("cell_contents"),
            "namespace_of": attrgetter("__dict__"),
            "references": np.fromiter,
            "to_bytes": bytes,
            "bytes_of": np.ndarray.tobytes,
            "is_": is_,
            "is_empty": is_empty,
            "layout_of": layout_of,
            "tick": tick,
            "ends_in_number": ends_in_number,
            "raised_by_signal_handler": raised_by_signal_handler,
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
            if h.kind is Parts.CELL:
                cell, part = self.name(h.target), h.parts[0]
                tests.append(f"is_empty({cell})" if part is MISSING else f"{cell}.cell_contents is {self.name(part)}")
            elif h.kind is Parts.ELEMENTS:
                container = self.name(h.target)
                if type(h.target) is list and len(h.parts) <= SHORT:
                    tests.append(f"len({container}) == {len(h.parts)}")
                    tests += [f"{container}[{i}] is {self.name(part)}" for i, part in enumerate(h.parts)]
                else:
                    tests.append(self.same_elements(container, h.parts))
            elif h.kind is Parts.ENTRIES:
                space = self.name(namespace(h.target))
                if h.order is not None:
                    tests.append(f"len({space}) == {len(h.order)}" if h.counted else self.same_keys(space, h.order))
                for key, part in zip(map(self.literal, h.keys), h.parts, strict=True):
                    tests.append(f"{key} not in {space}" if part is MISSING else f"{space}[{key}] is {self.name(part)}")
            else:
                owner = self.name(h.target)
                for key, part in zip(h.keys, h.parts, strict=True):
                    plain = part is not MISSING and key.isidentifier() and not iskeyword(key)
                    read = f"{owner}.{key}" if plain else f"getattr({owner}, {self.literal(key)}, MISSING)"
                    tests.append(f"{read} is {self.name(part)}")
        return tests

    def same_elements(self, container: str, parts: list[Any]) -> str:
        """Return a test of the elements of a container, or of the keys of a dict, in order."""
        return f"len({container}) == {len(parts)} and all(map(is_, {container}, {self.name(parts)}))"

    def same_keys(self, space: str, keys: list[Any]) -> str:
        """Return a test of the keys of a namespace: of text by `==`, of others by identity, as 1 == 1.0 == True."""
        text = all(type(key) is str for key in keys)
        return f"[*{space}] == {self.name(keys)}" if text else self.same_elements(space, keys)

    def literal(self, key: Any) -> str:
        """Return how a key is written: a plain string as itself."""
        return repr(key) if type(key) is str else self.name(key)

    def in_loops(self, holders: list[Holder]) -> list[str]:
        """Return tests of the lengths of all holders, and of all parts and keys at once."""
        by_kind = {kind: [h for h in holders if h.kind is kind] for kind in Parts}
        empty = [h.target for h in by_kind[Parts.CELL] if h.parts[0] is MISSING]
        cells = [h for h in by_kind[Parts.CELL] if h.parts[0] is not MISSING]
        whole = [h for h in by_kind[Parts.ENTRIES] if isinstance(h.target, dict) and h.order == h.keys]
        chosen = [h for h in by_kind[Parts.ENTRIES] if h not in whole]
        sized = [h for h in holders if h.order is not None or h.kind is Parts.ELEMENTS]
        ordered = [h for h in by_kind[Parts.ENTRIES] if h.order is not None and not h.counted]
        instances = [h for h in by_kind[Parts.ATTRIBUTES] if h.keys == CLASS_AND_NAMESPACE]
        named = [h for h in by_kind[Parts.ATTRIBUTES] if h.keys != CLASS_AND_NAMESPACE]
        objects, spaces = [h.target for h in instances], [namespace(h.target) for h in ordered]
        containers = [namespace(h.target) for h in sized]
        live = [*(h.target.values() for h in whole), *(h.target for h in by_kind[Parts.ELEMENTS])]
        wanted = [
            *all_parts(cells),
            *(h.parts[0] for h in instances),
            *(h.parts[1] for h in instances),
            *(key for h in ordered for key in h.order or ()),
            *all_parts([*whole, *by_kind[Parts.ELEMENTS], *chosen, *named]),
        ]
        self.name(wanted)  # kept, so that no address is used again
        absent, seen = self.name(repeat(MISSING)), self.name(references(wanted))
        read = [
            f"map(contents, {self.name([h.target for h in cells])})",
            f"map(type, {self.name(objects)}), map(namespace_of, {self.name(objects)})",
            f"flat({self.name(spaces)})",
            f"flat({self.name(live)})",
            f"flat(map(map, {self.name([namespace(h.target).get for h in chosen])}, "
            f"{self.name([h.keys for h in chosen])}, {self.name([repeat(MISSING)] * len(chosen))}))",
            f"map(getattr, {self.name([h.target for h in named for _ in h.keys])}, "
            f"{self.name([key for h in named for key in h.keys])}, {absent})",
        ]
        return [
            f"[*map(len, {self.name(containers)})] == {self.name([*map(len, containers)])}",
            *([f"all(map(is_empty, {self.name(empty)}))"] if empty else []),
            f"references(flat(({', '.join(read)})), object, {len(wanted)}).tobytes() == {seen}",
        ]


def all_parts(holders: Iterable[Holder]) -> list[Any]:
    """Return the parts of several holders."""
    return [part for h in holders for part in h.parts]


def is_nodes(parts: Iterable[Any]) -> bool:
    """Return whether all parts are nodes."""
    return all(isinstance(x, Node) for x in parts)


def is_floats(parts: list[Any]) -> bool:
    """Return whether all parts are floats, and none is zero: of zeros two are equal, and not the same."""
    return all(type(x) is float and x != 0 for x in parts)


def namespace(x: Any) -> Any:
    """Return what holds the attributes of a class; a dict itself."""
    return vars(x) if isinstance(x, type) else x


def references(parts: list[Any]) -> bytes:
    """Return the addresses of objects."""
    return np.fromiter(parts, object, len(parts)).tobytes()


def is_empty(cell: CellType) -> bool:
    """Return whether a closure's cell holds nothing."""
    return cell_value(cell) is MISSING
