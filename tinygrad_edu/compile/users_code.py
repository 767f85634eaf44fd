"""The user's own code: which functions, classes and modules are the user's, and what their code names.

Code of the standard library, of this package and of installed ones does not change, so it is not followed.
"""

from __future__ import annotations

import dis
import functools
import os
import sys
import sysconfig
from collections import OrderedDict, defaultdict, deque
from collections.abc import Iterator
from importlib.util import resolve_name
from types import CodeType, FunctionType, ModuleType
from typing import Any, NamedTuple

from ..errors.where import package_files

OWN_PACKAGE = __name__.partition(".")[0]
FOLDERS = [sysconfig.get_path(key) for key in ("stdlib", "platstdlib", "purelib", "platlib")]
INSTALLED = tuple({folder + os.sep for folder in FOLDERS if folder})
STANDARD = sys.stdlib_module_names - {"__main__"} | {"builtins"}
SEEN = {
    object,
    bool,
    int,
    float,
    complex,
    str,
    bytes,
    list,
    tuple,
    set,
    frozenset,
    dict,
    deque,
    OrderedDict,
    defaultdict,
}
KNOWN_LIBRARIES = STANDARD | {OWN_PACKAGE, "numpy"}  # libraries that look for no attributes of users' objects
HEARD = {"print", "open", "input", "plot", "show", "savefig", "write", "display", "exec", "system", "run"}
HEARD |= {"warn", "info", "debug", "warning"}
BY_TEXT = {"getattr", "hasattr", "setattr", "delattr", "vars", "dir", "locals", "globals", "eval", "exec", "copy"}
BY_TEXT |= {"deepcopy", "replace", "asdict", "astuple", "fields", "attrgetter", "methodcaller", "dump", "dumps"}
BY_TEXT |= {"__dict__", "__getattribute__", "__getstate__", "__reduce__", "__reduce_ex__", "getmembers"}
BY_TEXT |= {"format", "format_map"}
GLOBAL_STEPS = {"LOAD_GLOBAL", "LOAD_NAME", "STORE_GLOBAL", "DELETE_GLOBAL"}
ATTRIBUTE_STEPS = ("LOAD_ATTR", "LOAD_METHOD", "STORE_ATTR", "DELETE_ATTR", "LOAD_SUPER_ATTR", "IMPORT_FROM")


class NamesInCode(NamedTuple):
    """What code names, functions inside it included.

    modules: the names and levels of its imports.
    is_open: whether it may look for any attribute, by a name that is computed.
    """

    names: tuple[str, ...]
    attributes: tuple[str, ...]
    modules: tuple[tuple[str, int], ...]
    is_open: bool


@functools.lru_cache(maxsize=4096)
def names_in_code(code: CodeType) -> NamesInCode:
    """Return what code names."""
    names: dict[str, None] = {}
    attributes: dict[str, None] = {}
    modules: dict[tuple[str, int], None] = {}
    is_open = False
    for inner in nested_code(code):
        steps = [step for step in dis.get_instructions(inner) if step.opname not in ("EXTENDED_ARG", "CACHE")]
        for i, step in enumerate(steps):
            if step.opname in GLOBAL_STEPS:
                names[step.argval] = None
            elif step.argval is not None and step.opname.startswith(ATTRIBUTE_STEPS):
                attributes[step.argval] = None
            elif step.opname == "IMPORT_NAME":
                modules[step.argval, steps[i - 2].argval] = None  # the level is loaded before the names and the module
            is_open = is_open or step.opname == "MATCH_CLASS"
    is_open = is_open or not BY_TEXT.isdisjoint(names) or not BY_TEXT.isdisjoint(attributes)
    return NamesInCode(tuple(names), tuple(attributes), tuple(modules), is_open)


def nested_code(code: CodeType) -> Iterator[CodeType]:
    """Yield code and all code inside it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from nested_code(constant)


def users_modules(f: FunctionType) -> list[ModuleType]:
    """Return the user's modules that a function names or imports, and those that it names as parts of them."""
    found = names_in_code(f.__code__)
    named = [*map(f.__globals__.get, found.names), *map(sys.modules.get, imported(f))]
    modules = [x for x in named if isinstance(x, ModuleType) and is_users_module(x)]
    for x in modules:  # grows while it is read
        inner = [vars(x).get(name) for name in found.attributes]
        modules += [y for y in inner if isinstance(y, ModuleType) and is_users_module(y) and y not in modules]
    return modules


def imported(f: FunctionType) -> list[str]:
    """Return the names in `sys.modules` of what a function's code imports: modules, and those above them."""
    found: list[str] = []
    for name, level in names_in_code(f.__code__).modules:
        if level:
            try:
                name = resolve_name("." * level + name, f.__globals__.get("__package__"))
            except ImportError:
                continue
        parts = name.split(".")
        found += [".".join(parts[: i + 1]) for i in range(len(parts))]
    return found


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
    return is_users_file(module.__name__, getattr(module, "__file__", None))


@functools.lru_cache(maxsize=4096)
def is_users_file(name: str, file: str | None) -> bool:
    """Return whether a module of this name from this file is the user's own code."""
    return top(name) not in STANDARD and not (file and is_installed(file))


def top(name: str) -> str:
    """Return the package that a module belongs to."""
    return name.partition(".")[0]


def is_of_package(kind: type) -> bool:
    """Return whether a class is this package's, or made from one of these."""
    return is_of_package_by_names(tuple([base.__module__ for base in kind.__mro__]))


@functools.lru_cache(maxsize=4096)
def is_of_package_by_names(modules: tuple[str, ...]) -> bool:
    """Return whether one of several modules is of this package."""
    return any(top(name) == OWN_PACKAGE for name in modules)


@functools.lru_cache(maxsize=1024)
def names_in_bases(kind: type) -> frozenset[str]:
    """Return what the code of a class's bases in this package names: attributes that it may look for itself."""
    found: set[str] = set()
    for base in kind.__mro__:
        if top(base.__module__) == OWN_PACKAGE:
            for part in vars(base).values():
                for f in functions_behind(part):
                    found.update(*names_in_code(f.__code__)[:2])
    return frozenset(found)


def functions_behind(part: Any) -> list[FunctionType]:
    """Return the functions behind an attribute of a class."""
    if isinstance(part, property):
        parts = [part.fget, part.fset, part.fdel]
    elif isinstance(part, functools.cached_property):
        parts = [part.func]
    elif isinstance(part, (staticmethod, classmethod)):
        parts = [part.__func__]
    else:
        parts = [part]
    return [f for f in parts if isinstance(f, FunctionType)]


def is_transparent(kind: type) -> bool:
    """Return whether all of an instance's parts can be seen: no base of its class is a library's."""
    return all(is_users_class(base) or base in SEEN for base in kind.__mro__)


@functools.lru_cache(maxsize=1024)
def logged(kind: type) -> frozenset[str]:
    """Return the attributes that only the user's code of a class sets and may look for: no base's code names them."""
    found: set[str] = set()
    for base in kind.__mro__:
        if is_users_class(base):
            for part in vars(base).values():
                for f in functions_behind(part):
                    found.update(names_in_code(f.__code__).attributes)
    return frozenset(found - names_in_bases(kind)) if found else frozenset()
