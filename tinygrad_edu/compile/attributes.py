"""Attributes that count: which parts of an object a function may look at, by the names in its code.

A class of the user's is known by its code. Code of this package may look for any attribute of its own classes, and of
those made from them; code of other libraries for any of theirs.
"""

from __future__ import annotations

import functools
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from operator import attrgetter, methodcaller
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any

import numpy as np

from ..nn.module import Module
from .users_code import (
    BY_TEXT,
    KNOWN_LIBRARIES,
    functions_behind,
    is_of_package,
    is_transparent,
    logged,
    names_in_bases,
    top,
)

PLAIN = {type(None), bool, int, float, complex, str, bytes, type(Ellipsis), range, slice}  # values, like their equals
LOGGED = {bool, int, float, np.float64, np.float32, str}
PARTED = (functools.partial, MethodType, staticmethod, classmethod, property, functools.cached_property)  # all is seen
VIEWS_OF_DICTS: Any = (type({}.keys()), type({}.values()), type({}.items()))
MACHINERY = {"__dict__", "__weakref__", "__doc__", "__module__", "__annotations__", "__firstlineno__"}  # of a class
MAKING = {"__init__", "__new__", "__post_init__"}  # run where a class is called
OF_NODES = {  # attributes of nodes that no program reads, and the slots behind them
    "label": ("label",),
    "title": ("label",),
    "requires_grad": ("_requires_grad",),
    "op": ("op",),
    "params": ("params",),
    "inputs": ("op", "x", "y"),
}


def is_value(x: Any) -> bool:
    """Return whether an object is a value that tells all by its type and its `repr`."""
    return type(x) in PLAIN or (isinstance(x, (np.generic, np.dtype)) and not isinstance(x, np.void))


def named_for(kind: type, attributes: dict[type, set[str]]) -> set[str]:
    """Return the attributes that are given for a type and its bases."""
    return set().union(*(names for base, names in attributes.items() if issubclass(kind, base)))


def triggers(space: Mapping[str, Any], keys: Iterable[str], kind: type, of_class: bool) -> dict[str, str]:
    """Return the name by which each attribute of an instance, or a class, would be read; "" if by any code."""
    package = is_of_package(kind)
    if not package and not is_transparent(kind):
        return dict.fromkeys(keys, "")  # a library's code, which is not followed, may look for it

    def trigger(key: str) -> str:
        if of_class and key in MAKING:
            return f"{kind.__name__}()"
        if key.startswith("__") and key.endswith("__"):
            return ""
        own = (of_class and key in logged(kind)) or is_users_log(key, space[key], kind)
        return key if own or not package else ""

    return {key: trigger(key) for key in keys}


def is_users_log(key: str, part: Any, kind: type) -> bool:
    """Return whether an attribute of an instance is a number or a list of some, and only code of the user's names it.

    A layer may be given one from outside, as in `net.losses = []`; what this package's code sets on it, it also names.
    """
    own = key not in names_in_bases(kind) and issubclass(kind, Module)
    return (own or key in logged(kind)) and is_log(part)


def is_log(x: Any) -> bool:
    """Return whether a value is a number or a list of some, in which this package looks for no parts of a net."""
    return ends_in_number(x) and (type(x) in LOGGED or all(type(part) in LOGGED for part in x))


def ends_in_number(x: Any) -> bool:
    """Return whether a value is a number, or a list that is empty or ends in one, as a list of numbers that grows."""
    return type(x) in LOGGED or (isinstance(x, (list, deque)) and (not x or type(x[-1]) in LOGGED))


def looks_by_text(x: Any) -> bool:
    """Return whether an object is a function of C that looks for attributes by their names, or may."""
    if isinstance(x, (attrgetter, methodcaller)):
        return True
    return isinstance(x, BuiltinFunctionType) and (
        x.__name__ in BY_TEXT or top(x.__module__ or "builtins") not in KNOWN_LIBRARIES
    )


def hidden_parts(path: str, x: Any) -> list[tuple[str, Any]]:
    """Return the parts of objects of Python's own that are no attributes of their namespace."""
    if isinstance(x, functools.partial):
        return [(f"{path}.func", x.func), (f"{path}.args", x.args), (f"{path}.keywords", x.keywords)]
    if isinstance(x, MethodType):
        return [(path, x.__self__), (path, x.__func__)]
    if isinstance(x, memoryview):
        return [(f"{path}.obj", x.obj)]
    if isinstance(x, VIEWS_OF_DICTS):
        return [(f"{path}.mapping", x.mapping)]
    if isinstance(x, np.flatiter):
        return [(f"{path}.base", x.base)]
    if isinstance(x, defaultdict):
        return [(f"{path}.default_factory", x.default_factory)]
    return [(path, f) for f in functions_behind(x)] if not isinstance(x, FunctionType) else []


def slots_of(kind: type) -> tuple[str, ...]:
    """Return the names of a class's own slots, as attributes."""
    slots = vars(kind).get("__slots__", ())
    names = (slots,) if isinstance(slots, str) else tuple(slots)
    mangled = (f"_{kind.__name__.lstrip('_')}{s}" if s.startswith("__") and not s.endswith("__") else s for s in names)
    return tuple(name for name in mangled if name not in MACHINERY)
