"""Parts that are held: those attributes of objects, classes and nodes that count, because code can name them.

A walk meets an object before it has read all code. So what no code has named so far waits until some code does.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ..core.node import Node
from ..core.value import Value
from .attributes import OF_NODES, named_for, slots_of, triggers
from .holders import CLASS_AND_NAMESPACE, Holder, Parts, attributes_of
from .identity import namespace
from .users_code import is_of_package, is_users_class

OF_VALUES = frozenset(dir(Value))
Fact = tuple[str, str, Any]  # path, kind of comparison, and the object compared


class ClassOf(NamedTuple):
    """The class of an instance, which is not called itself."""

    kind: type


class Unnamed(NamedTuple):
    """An attribute that no code names so far. trigger: the name by which it would be read."""

    trigger: str
    path: str
    target: Any
    key: str


class HeldParts:
    """What a walk holds so far. ignored, unread: see `Reachable`."""

    def __init__(self, ignored: dict[type, set[str]], unread: dict[type, set[str]]) -> None:
        self.ignored, self.unread = ignored, unread
        self.facts: list[Fact] = []
        self.waiting: list[tuple[str, Any]] = []
        self.nodes: dict[int, Node] = {}
        self.holders: list[Holder] = []
        self.named: set[str] = set()  # by code so far: attributes, and classes with "()" behind their names
        self.is_open = False  # whether code looks for attributes by names that are computed
        self.asked: set[tuple[Node, str | None]] = set()  # attributes of Values that are held; None: all of them
        self.unnamed: list[Unnamed] = []
        self.logs: list[tuple[dict[str, Any], str]] = []  # attributes that must stay numbers, or lists of some

    def hold_instance(self, path: str, x: Any) -> None:
        """Hold the attributes of an instance, and go on with its class."""
        kind, ignored = type(x), named_for(type(x), self.ignored)
        attributes = getattr(x, "__dict__", None)
        if type(attributes) is dict and not (kind.__module__ == "functools" and not attributes):
            self.holders.append(attributes_of(path, x, CLASS_AND_NAMESPACE))
            self.hold_named(path, attributes, [key for key in attributes if key not in ignored], [*attributes], kind)
        bases = [base for base in kind.__mro__ if is_users_class(base) or not isinstance(x, Node)]
        slots = tuple(dict.fromkeys(slot for base in bases for slot in slots_of(base) if slot not in ignored))
        if slots and (is_of_package(kind) or is_users_class(kind)):
            self.hold(attributes_of(path, x, slots))
        self.waiting.append((kind.__name__, ClassOf(kind)))

    def hold(self, holder: Holder) -> None:
        """Note an object whose parts can be replaced, and go on with these."""
        self.holders.append(holder)
        self.waiting += zip(holder.names, holder.parts, strict=True)

    def hold_named(self, path: str, target: Any, keys: list[str], order: list[str], kind: type) -> None:
        """Hold those attributes of an object or a class that code names; the others wait until some code does."""
        space = namespace(target)
        unread = named_for(kind, self.unread)
        names_of = triggers(space, keys, kind, of_class=target is kind) | {key: key for key in keys if key in unread}
        chosen = [key for key in keys if self.is_named(names_of[key])]
        self.unnamed += [Unnamed(names_of[key], path, target, key) for key in keys if key not in chosen]
        if is_of_package(kind) and target is not kind:
            logs = [key for key in keys if key not in chosen and key not in unread]
            self.logs += [(space, key) for key in logs]
            self.facts += [(f"{path}.{key}", "plain", "a log") for key in logs]
        names = [f"{path}.{key}" for key in chosen]
        counted = target is not kind and unread.issuperset(key for key in keys if key not in chosen)
        self.hold(Holder(Parts.ENTRIES, target, names, [space[key] for key in chosen], chosen, order, counted))

    def is_named(self, name: str) -> bool:
        """Return whether code so far may look for an attribute, or make an instance of a class."""
        made = "()" in self.named and name.endswith("()")
        return self.is_open or not name or name in self.named or made

    def release(self) -> bool:
        """Hold the attributes that code has come to name; return whether there are any."""
        found = [x for x in self.unnamed if self.is_named(x.trigger)]
        self.unnamed = [x for x in self.unnamed if not self.is_named(x.trigger)]
        for _, path, target, key in found:
            self.hold(Holder(Parts.ENTRIES, target, [f"{path}.{key}"], [namespace(target)[key]], [key]))
        return bool(found) or self.release_of_values()

    def release_of_values(self) -> bool:
        """Hold what a program keeps on Values themselves, as in `p.velocity = 0.0`; return whether there is any more.

        They are asked for names that code uses: a look at its namespace would make one for each.
        """
        nodes = [x for x in self.nodes.values() if type(x) is Value]
        if self.is_open:
            found = [(x, [*vars(x)]) for x in nodes if (x, None) not in self.asked]
            self.asked.update((x, None) for x in nodes)
        else:
            names = self.named - OF_VALUES
            found = [(x, [key for key in names if (x, key) not in self.asked and hasattr(x, key)]) for x in nodes]
            self.asked.update((x, key) for x, keys in found for key in keys)
        for x, keys in found:
            if keys:
                self.hold(attributes_of(x.title, x, tuple(keys)))
        return any(keys for _, keys in found)

    def look_at_nodes(self) -> None:
        """Note what code asks of nodes besides their numbers and gradients."""
        slots = tuple(dict.fromkeys(slot for name, slots in OF_NODES.items() if name in self.named for slot in slots))
        for x in self.nodes.values() if slots else ():
            self.holders.append(attributes_of(x.title, x, slots))
            self.facts += [(f"{x.title}.{slot}", "is", getattr(x, slot)) for slot in slots if slot != "label"]
            self.facts += [(x.title, "plain", x.label)]
