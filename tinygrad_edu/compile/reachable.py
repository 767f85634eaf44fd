"""Outside state: everything that a function can name, found by walking from the function object.

A program holds as long as none of it changes. Names are looked up as Python does: cells of the closure, globals that
the code names, defaults, attributes, elements. Nodes end the walk (a program reads their numbers at every call), and
so does the code of the standard library and of installed packages. Knows nothing of traces or of programs.
"""

from __future__ import annotations

import copy
import dis
import functools
import os
import sys
import sysconfig
from collections import deque
from collections.abc import Callable, Iterator
from itertools import zip_longest
from types import CodeType, FunctionType, MappingProxyType, MethodType, ModuleType
from typing import Any

import numpy as np

from ..core.node import Node
from ..errors import CompileError
from ..errors.where import package_files, users_line
from .holders import MACHINERY, MISSING, Holder, cell_value, names_in
from .identity import identity_test, is_nodes
from .positions import Positions, moves

PLAIN_TYPES = (type(None), bool, int, float, complex, str, bytes, type(Ellipsis), range, slice, np.generic, np.dtype)
SMALL = 4096  # bytes of an array, up to which its numbers are compared before every call
PROBED = 100  # about so many numbers of a larger array are compared
LARGE = 1000  # parts of a container of data, from which on only its identity and length are compared
MOST = 200_000  # objects that a walk visits
PACKAGE = __name__.partition(".")[0]
FOLDERS = [sysconfig.get_path(key) for key in ("stdlib", "platstdlib", "purelib", "platlib")]
INSTALLED = tuple({folder + os.sep for folder in FOLDERS if folder})
STANDARD = sys.stdlib_module_names - {"__main__"} | {"builtins"}
MACHINES = {"threading", "_thread", "logging", "concurrent", "asyncio", "multiprocessing", "queue", "_queue", "socket"}
MACHINES |= {"weakref", "_weakref", "io", "_io", "subprocess", "contextvars", "selectors"}  # whose parts move unasked
HEARD = {"print", "open", "input", "plot", "show", "savefig", "write", "display", "exec", "system", "run"}

Fact = tuple[str, str, Any]  # path, kind of comparison, and the object compared


class Reachable:
    """The objects that the `roots` can name, as they are now.

    roots: objects by the name under which a message speaks of them; a function's name is "".
    stops: types of objects of which a walk follows only the attribute that is named.
    ignored: attributes, by type, that a program reads or writes itself.
    Raises CompileError where there are too many objects to look at before every call.
    """

    def __init__(self, roots: dict[str, Any], stops: dict[type, str], ignored: dict[type, set[str]]) -> None:
        self.roots, self.stops, self.ignored = roots, stops, ignored
        self.facts: list[Fact] = []
        self.nodes: dict[int, Node] = {}
        self.holders: list[Holder] = []
        self.arrays: list[tuple[np.ndarray[Any, Any], bytes]] = []
        self.probes: list[tuple[np.ndarray[Any, Any], bytes]] = []  # some numbers of large arrays, as views of them
        self.data: list[tuple[list[Any], list[Any]]] = []  # long lists of plain numbers, and copies of them
        self.positions = Positions()
        self.seen: dict[int, Any] = {}  # the objects too, so that no id is used again
        self.waiting = [*roots.items()][::-1]
        while self.waiting:
            path, x = self.waiting.pop()
            start = len(self.waiting)
            self.visit(path, x)
            self.waiting[start:] = self.waiting[start:][::-1]
            if len(self.seen) > MOST:
                raise CompileError(
                    f"the function can name more than {MOST:,} objects, the last in `{path.split('.')[0]}`, too "
                    f"many to look at before each call: give it the parts that it uses as arguments (at {users_line()})"
                )

    # Walking ---------------------------------------------------------------------------------------------------

    def visit(self, path: str, x: Any) -> None:
        """Note an object, and queue the objects that it refers to."""
        kind = type(x)
        if x is MISSING or issubclass(kind, PLAIN_TYPES):
            self.facts.append((path, "plain", (kind, repr(x))))
            return
        if isinstance(x, Node):
            self.nodes[id(x)] = x
            self.facts.append((path, "is", x))
            return
        if id(x) in self.seen:
            return
        self.seen[id(x)] = x
        if isinstance(x, np.ndarray):
            self.array(path, x)
        elif isinstance(x, (list, tuple, set, frozenset, deque, dict, MappingProxyType)):
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
        if x.nbytes <= SMALL and x.dtype != object:
            self.arrays.append((x, x.tobytes()))
            self.facts.append((path, "plain", (x.shape, x.strides, x.dtype.str, x.tobytes())))
        else:
            self.facts.append((path, "is", x))
            if x.dtype != object:
                self.probes.append((seen := probe(x), seen.tobytes()))
                self.facts.append((path, "plain", self.probes[-1][1]))
        self.positions.add_array(path, x)

    def container(self, path: str, x: Any) -> None:
        """Note a container and go on with its elements; of a long list of data, with a copy of it."""
        self.facts.append((path, "plain", (type(x), len(x))))
        if len(x) > LARGE and not is_nodes(x):
            self.facts.append((path, "is", x))
            if type(x) is list and (copied := copy_of(x)) is not None:
                self.data.append((x, copied))
                self.facts.append((path, "plain", copied))
            return
        if isinstance(x, (dict, MappingProxyType)):
            self.hold(Holder(path, x, [f"{path}[{key!r:.40}]" for key in x], list(x.values()), [*x]))
            self.facts.append((path, "plain", [*map(repr, x)]))
        elif isinstance(x, tuple):  # whose parts cannot be replaced
            self.waiting += [(f"{path}[{i}]", part) for i, part in enumerate(x)]
        else:
            self.hold(Holder(path, x, [f"{path}[{i}]" for i in range(len(x))], list(x)))

    def function(self, path: str, f: Any) -> None:
        """Note a function of the user's, and go on with what its code can name."""
        for name, cell in zip(f.__code__.co_freevars, f.__closure__ or (), strict=True):
            self.hold(Holder(name, cell, [name], [cell_value(cell)]))  # also of a library's code: `fit` makes its step
        if is_installed(f.__code__.co_filename):
            self.facts.append((path, "is", f))
            return
        self.facts.append((path, "==", f.__code__))
        own = ("__code__", "__defaults__", "__kwdefaults__")
        self.hold(Holder(path, f, [f"{f.__name__}.{key}" for key in own], [getattr(f, key) for key in own], own))
        names, attributes = named_by(f.__code__)
        self.hold(names_in("", f.__globals__, names))  # those that are not there too: `sum` may become a global
        for name in names:
            module = f.__globals__.get(name)
            if isinstance(module, ModuleType) and is_users_module(module):
                known = vars(module)
                self.hold(names_in(f"{name}.", known, tuple(a for a in attributes if a in known)))
        self.hold(Holder(path, vars(f), [f"{path}.{key}" for key in vars(f)], [*vars(f).values()], [*vars(f)]))

    def of_class(self, path: str, x: Any) -> None:
        """Note a class of the user's, and go on with its attributes and bases."""
        self.facts.append((path, "is", x))
        if is_users_class(x):
            known = {key: part for key, part in vars(x).items() if key not in MACHINERY}
            names = [f"{x.__name__}.{key}" for key in known]
            self.hold(Holder(path, x, names, [*known.values()], [*known]))
            self.waiting += [(base.__name__, base) for base in x.__bases__]

    def instance(self, path: str, x: Any) -> None:
        """Note any other object, and go on with its attributes and its class."""
        kind = type(x)
        for stop, name in self.stops.items():
            if isinstance(x, stop):
                self.facts.append((path, "is", x))
                self.waiting.append((path, getattr(x, name)))
                return
        if kind.__module__.partition(".")[0] in MACHINES:
            self.facts.append((path, "is", x))
            return
        ours = any(base.__module__.partition(".")[0] == PACKAGE for base in kind.__mro__)
        self.facts.append((path, "is", x) if ours else (path, "plain", kind))
        if isinstance(x, functools.partial):
            self.waiting += [(f"{path}.func", x.func), (f"{path}.args", x.args), (f"{path}.keywords", x.keywords)]
        elif isinstance(x, MethodType):
            self.waiting += [(path, x.__self__), (path, x.__func__)]
        elif isinstance(x, (staticmethod, classmethod)):
            self.waiting.append((path, x.__func__))
        elif isinstance(x, property):
            self.waiting += [(path, f) for f in (x.fget, x.fset, x.fdel) if f is not None]
        elif isinstance(x, functools.cached_property):
            self.waiting.append((path, x.func))
        ignored = set().union(*(names for base, names in self.ignored.items() if isinstance(x, base)))
        attributes = getattr(x, "__dict__", None)
        if type(attributes) is dict and not (kind.__module__ == "functools" and not attributes):
            self.holders.append(Holder(path, x, [f"{path}.__dict__"], [attributes], ("__dict__",)))
            if not ignored.isdisjoint(attributes):
                self.hold(names_in(f"{path}.", attributes, tuple(key for key in attributes if key not in ignored)))
            else:
                names = [f"{path}.{key}" for key in attributes]
                self.hold(Holder(path, attributes, names, [*attributes.values()], [*attributes]))
        slots = tuple(dict.fromkeys(slot for base in kind.__mro__ for slot in slots_of(base) if slot not in ignored))
        if slots and (ours or is_users_class(kind)):
            self.hold(
                Holder(path, x, [f"{path}.{s}" for s in slots], [getattr(x, s, MISSING) for s in slots], [*slots])
            )
        self.waiting.append((kind.__name__, kind))

    def hold(self, holder: Holder) -> None:
        """Note an object whose parts can be replaced, and go on with these."""
        self.holders.append(holder)
        self.waiting += zip(holder.names, holder.parts, strict=True)

    # Comparing -------------------------------------------------------------------------------------------------

    @functools.cached_property
    def unchanged(self) -> Callable[[], bool]:
        """The test whether everything is still the very same that it was at the walk."""
        return identity_test(self.holders, self.arrays + self.probes, self.data)

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
        return any(
            name in HEARD
            for code in codes
            if not is_installed(code.co_filename)
            for part in named_by(code)
            for name in part
        )

    def renewed(self) -> Reachable:
        """Return the same, with the positions that objects have by now; for where nothing else has changed."""
        now = copy.copy(self)
        now.positions = self.positions.renewed()
        return now

    def again(self) -> Reachable:
        """Walk from the same roots again."""
        return Reachable(self.roots, self.stops, self.ignored)

    def restore(self) -> None:
        """Put back every part that was replaced since, and every position of a random generator."""
        for holder in self.holders:
            holder.restore()
        for array, old in self.arrays:
            if array.tobytes() != old:
                array[...] = np.frombuffer(old, array.dtype).reshape(array.shape)
        self.positions.restore()


def probe(x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return a view of some numbers, spread over all of a large array: most writes in place show in one of them."""
    key, wanted = [slice(None)] * x.ndim, float(PROBED)
    for left, axis in zip(range(x.ndim, 0, -1), np.argsort(x.shape), strict=True):  # the shortest axes first
        step = max(1, int(x.shape[axis] / wanted ** (1 / left)))
        key[axis] = slice(step // 2, None, step)
        wanted = max(1.0, wanted / -(-x.shape[axis] // step))
    return x[tuple(key)]


def copy_of(x: list[Any]) -> list[Any] | None:
    """Return a copy of a list of plain numbers, or of rows of them; None of anything else and of very many."""
    rows = [part for part in x if type(part) is list]
    if not rows:
        return [*x] if len(x) <= MOST and all(isinstance(part, PLAIN_TYPES) for part in x) else None
    if len(rows) < len(x) or sum(map(len, rows)) > MOST:
        return None
    return [[*row] for row in rows] if all(isinstance(part, PLAIN_TYPES) for row in rows for part in row) else None


def slots_of(kind: type) -> tuple[str, ...]:
    """Return the names of a class's own slots, as attributes."""
    slots = vars(kind).get("__slots__", ())
    names = (slots,) if isinstance(slots, str) else tuple(slots)
    mangled = (f"_{kind.__name__.lstrip('_')}{s}" if s.startswith("__") and not s.endswith("__") else s for s in names)
    return tuple(name for name in mangled if name not in MACHINERY)


@functools.lru_cache(maxsize=4096)
def named_by(code: CodeType) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the globals and the attributes that code names, functions inside it included."""
    names: dict[str, None] = {}
    attributes: dict[str, None] = {}
    for inner in nested_code(code):
        for step in dis.get_instructions(inner):
            if step.opname in ("LOAD_GLOBAL", "LOAD_NAME", "STORE_GLOBAL", "DELETE_GLOBAL"):
                names[step.argval] = None
            elif step.argval is not None and step.opname.startswith(("LOAD_ATTR", "LOAD_METHOD", "STORE_ATTR")):
                attributes[step.argval] = None
    return tuple(names), tuple(attributes)


def nested_code(code: CodeType) -> Iterator[CodeType]:
    """Yield code and all code inside it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from nested_code(constant)


@functools.lru_cache(maxsize=4096)
def is_installed(file: str) -> bool:
    """Return whether code is Python's own, this package's or another installed one's: users do not change it."""
    return package_files[file] or file.startswith((*INSTALLED, "<frozen"))


def is_users_class(kind: type) -> bool:
    """Return whether a class is defined in the user's code."""
    module = sys.modules.get(kind.__module__)
    return is_users_module(module) if module is not None else kind.__module__ not in STANDARD


def is_users_module(module: ModuleType) -> bool:
    """Return whether a module is the user's own code."""
    file = getattr(module, "__file__", None)
    return module.__name__.partition(".")[0] not in STANDARD and not (file and is_installed(file))
