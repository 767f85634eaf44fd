"""Outside state: everything that a function can name, found by walking from the function object.

A program holds as long as none of it changes. Names are looked up as Python does: cells of the closure, globals that
the code names, defaults, attributes, elements. Nodes end the walk (a program reads their numbers at every call), and
so does the code of the standard library and of installed packages. Attributes that no code names are left out: a list
that grows beside a training step is no part of it. Knows nothing of traces or of programs.
"""

from __future__ import annotations

import copy
import functools
import sys
import threading
from collections import deque
from collections.abc import Callable
from contextvars import ContextVar
from itertools import zip_longest
from types import FunctionType, MappingProxyType, ModuleType
from typing import Any

import numpy as np

from ..core.node import Node
from ..errors import CompileError
from ..errors.where import users_line
from .attributes import (
    MACHINERY,
    PARTED,
    PLAIN,
    hidden_parts,
    is_value,
    looks_by_text,
)
from .contents import BUFFERS, COMPARED_WHOLE, Contents
from .held_parts import ClassOf, HeldParts
from .holders import (
    MISSING,
    CurrentValue,
    Holder,
    Parts,
    attributes_of,
    cell_value,
    elements_of,
    names_in,
)
from .identity import identity_test, is_nodes
from .positions import Positions, moves, refuse_unseen
from .users_code import (
    BY_TEXT,
    HEARD,
    KNOWN_LIBRARIES,
    imported,
    is_installed,
    is_transparent,
    is_users_class,
    names_in_code,
    top,
    users_modules,
)

LARGE = 1000  # parts of a container of data, from which on only its identity and length are compared
MOST = 200_000  # objects that a walk visits
CONTAINERS = (list, tuple, set, frozenset, deque, dict, MappingProxyType)
MACHINES = {"threading", "_thread", "logging", "concurrent", "asyncio", "multiprocessing", "queue", "_queue", "socket"}
MACHINES |= {"weakref", "_weakref", "io", "_io", "subprocess", "contextvars", "selectors"}  # whose parts move unasked


class Reachable(HeldParts):
    """The objects that the `roots` can name, as they are now.

    roots: objects by the name under which a message speaks of them; a function's name is "".
    stops: types of objects of which a walk follows only the attribute that is named.
    ignored: attributes, by type, that a program reads or writes itself. unread: those that only users' code looks for.
    Raises CompileError where there are too many objects to look at before every call.
    """

    def __init__(
        self, roots: dict[str, Any], stops: dict[type, str], ignored: dict[type, set[str]], unread: dict[type, set[str]]
    ) -> None:
        super().__init__(ignored, unread)
        self.roots, self.stops = roots, stops
        self.contents, self.positions = Contents(), Positions()
        self.seen: dict[int, Any] = {}  # the objects too, so that no id is used again
        self.first: dict[int, int] = {}  # the place of each among those seen
        self.waiting = [*roots.items()][::-1]
        while self.waiting or self.release():
            path, x = self.waiting.pop()
            start = len(self.waiting)
            self.visit(path, x)
            self.waiting[start:] = self.waiting[start:][::-1]
            if len(self.seen) > MOST:
                raise CompileError(
                    f"the function can name more than {MOST:,} objects, the last in `{path.split('.')[0]}`, too "
                    f"many to look at before each call: give it the parts that it uses as arguments (at {users_line()})"
                )
        self.look_at_nodes()

    # Walking ---------------------------------------------------------------------------------------------------

    def visit(self, path: str, x: Any) -> None:
        """Note an object, and queue the objects that it refers to."""
        if x is MISSING or is_value(x):
            self.facts.append((path, "plain", (type(x), repr(x))))
            return
        if isinstance(x, Node):
            self.nodes[id(x)] = x
            self.facts.append((path, "is", x))
            if is_users_class(type(x)):
                self.hold_instance(path, x)
            return
        if isinstance(x, type):
            self.named.update(f"{kind.__name__}()" for kind in x.__mro__)  # code may call it
        elif type(x) is ClassOf:
            x = x.kind
        if id(x) in self.first:
            self.facts.append((path, "plain", self.first[id(x)]))  # which of them: two names may have one object
            return
        self.first[id(x)], self.seen[id(x)] = len(self.first), x
        if isinstance(x, np.ndarray):
            self.array(path, x)
        elif isinstance(x, BUFFERS):
            self.facts.append((path, "plain", (type(x), self.contents.add_buffer(x))))
        elif isinstance(x, CONTAINERS):
            self.container(path, x)
        elif isinstance(x, FunctionType):
            self.function(path, x)
        elif isinstance(x, type):
            self.of_class(path, x)
        elif isinstance(x, ModuleType):
            self.facts.append((path, "is", x))  # its attributes are followed from the code that names them
        elif moves(x):
            self.facts.append((path, "is", x))
            self.waiting += self.positions.add(path, x)
        else:
            self.instance(path, x)

    def array(self, path: str, x: np.ndarray[Any, Any]) -> None:
        """Note an array: a small one by its numbers."""
        if x.nbytes > COMPARED_WHOLE or x.dtype.hasobject:
            self.facts.append((path, "is", x))
        self.facts.append((path, "plain", self.contents.add_array(x)))
        if x.dtype == object:
            self.waiting += [(f"{path}[{i}]", part) for i, part in enumerate(x.ravel().tolist())]
        self.positions.add_array(path, x)

    def container(self, path: str, x: Any) -> None:
        """Note a container and go on with its elements; of a long list of data, with a copy of it."""
        self.facts.append((path, "plain", (type(x), len(x))))
        if len(x) > LARGE and not is_nodes(x):
            self.facts.append((path, "is", x))
            if type(x) is list:
                self.facts.append((path, "plain", self.contents.add_list(x)))
        elif isinstance(x, (dict, MappingProxyType)):
            names = [f"{path}[{key!r:.40}]" if is_value(key) else f"{path}[a {type(key).__name__}]" for key in x]
            self.hold(Holder(Parts.ENTRIES, x, names, [*x.values()], [*x], [*x]))
            self.waiting += [(f"a key of {path}", key) for key in x]
        elif isinstance(x, (tuple, frozenset)):  # whose parts cannot be replaced
            self.waiting += [(f"{path}[{i}]", part) for i, part in enumerate(x)]
        else:
            self.hold(elements_of(path, x))
        if type(x) not in CONTAINERS:
            self.instance(path, x)

    def function(self, path: str, f: Any) -> None:
        """Note a function of the user's, and go on with what its code can name."""
        for name, cell in zip(f.__code__.co_freevars, f.__closure__ or (), strict=True):
            self.hold(Holder(Parts.CELL, cell, [name], [cell_value(cell)]))  # also of a library's: `fit` makes its step
        if is_installed(f.__code__.co_filename):
            self.facts.append((path, "is", f))
            self.is_open |= top(f.__module__ or "") not in KNOWN_LIBRARIES or f.__name__ in BY_TEXT
            return
        self.facts.append((path, "==", f.__code__))
        self.hold(attributes_of(f.__name__, f, ("__code__", "__defaults__", "__kwdefaults__")))
        found = names_in_code(f.__code__)
        self.named.update(found.attributes)
        self.is_open |= found.is_open
        if "type" in found.names or "__class__" in found.attributes:
            self.named.add("()")  # code may make objects of any class
        self.hold(names_in("", f.__globals__, found.names))  # those that are not there too: `sum` may become a global
        self.hold(names_in("", sys.modules, tuple(imported(f))))
        for module in users_modules(f):
            known = vars(module)
            self.hold(names_in(f"{module.__name__}.", known, tuple(key for key in found.attributes if key in known)))
        own = vars(f)
        names = [f"{path}.{key}" for key in own]
        self.hold(Holder(Parts.ENTRIES, own, names, [*own.values()], [*own], [*own], counted=True))

    def of_class(self, path: str, x: Any) -> None:
        """Note a class of the user's, and go on with its attributes, its bases and its own class."""
        self.facts.append((path, "is", x))
        if is_users_class(x):
            self.is_open |= getattr(x, "_is_protocol", False)  # `isinstance` then asks for attributes by their names
            keys = [key for key in vars(x) if key not in MACHINERY]
            self.hold_named(x.__name__, x, keys, [*vars(x)], x)
            self.holders.append(attributes_of(x.__name__, x, ("__bases__",)))
            self.waiting += [(kind.__name__, ClassOf(kind)) for kind in (*x.__bases__, type(x))]

    def instance(self, path: str, x: Any) -> None:
        """Note any other object, and go on with its attributes and its class."""
        kind = type(x)
        refuse_unseen(path, x)
        if isinstance(x, ContextVar):
            self.facts.append((path, "is", x))
            self.hold(attributes_of(path, CurrentValue(x), ("now",)))
            return
        for stop, name in self.stops.items():
            if isinstance(x, stop):
                self.facts.append((path, "is", x))
                self.waiting.append((path, getattr(x, name)))
                return
        if top(kind.__module__) in MACHINES and not issubclass(kind, threading.local):
            self.facts.append((path, "is", x))
            return
        own = is_transparent(kind) or isinstance(x, PARTED)
        self.facts.append((path, "plain", kind) if own else (path, "is", x))
        if isinstance(x, (int, float, complex, str, bytes)):  # a value of the user's own type
            shown: Any = next(base for base in kind.__mro__ if base in PLAIN).__repr__
            self.facts.append((path, "plain", shown(x)))
        self.is_open |= looks_by_text(x)
        self.waiting += hidden_parts(path, x)
        self.named.update(["()"] if isinstance(x, classmethod) else ())
        self.hold_instance(path, x)

    # Comparing -------------------------------------------------------------------------------------------------

    @functools.cached_property
    def unchanged(self) -> Callable[[], bool]:
        """The test whether everything is still the very same that it was at the walk."""
        held = self.contents
        return identity_test(self.holders, held.arrays + held.probes, held.layouts, held.buffers, held.data, self.logs)

    def difference(self, other: Reachable) -> str:
        """Return where two walks from the same roots first differ; "" where they found the same."""
        for a, b in zip_longest(self.facts, other.facts, fillvalue=("", "", None)):
            if a[:2] != b[:2] or not (a[2] is b[2] if a[1] == "is" else a[2] == b[2]):
                known = {path for path, *_ in self.facts}
                return (b[0] if b[0] not in known else a[0]) or a[0] or "the function itself"
        return ""

    def speaks(self) -> bool:
        """Return whether code of the user's prints, draws or writes: run again, it would do so twice."""
        codes = [f.__code__ for f in self.seen.values() if isinstance(f, FunctionType)]
        found = [names_in_code(code) for code in codes if not is_installed(code.co_filename)]
        return any(not HEARD.isdisjoint((*names, *attributes)) for names, attributes, *_ in found)

    def renewed(self) -> Reachable:
        """Return the same, with the positions that objects have by now; for where nothing else has changed."""
        now = copy.copy(self)
        now.positions = self.positions.renewed()
        return now

    def again(self, roots: dict[str, Any] | None = None) -> Reachable:
        """Walk again: from the same roots, or from others in their place."""
        return Reachable(self.roots | (roots or {}), self.stops, self.ignored, self.unread)

    def restore(self) -> None:
        """Put back every part that was replaced since, and every position of a random generator."""
        for holder in self.holders:
            holder.restore()
        self.contents.restore()
        self.positions.restore()
