"""Data that was read from a file, compared with the types that a dataclass declares. Knows no format, no dataclass."""

from __future__ import annotations

import math
from dataclasses import fields
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

T = TypeVar("T")


def declared(x: T) -> T:
    """Return a dataclass. Raises TypeError where one of its fields is not of its declared type."""
    kinds = get_type_hints(type(x))
    for field in fields(x):  # type: ignore[arg-type]  # every caller hands over a dataclass
        if not is_of(getattr(x, field.name), kinds[field.name]):
            raise TypeError(f"{field.name} is not of the type {kinds[field.name]}")
    return x


def is_of(x: Any, kind: Any) -> bool:
    """Return whether a value is of a type: a class, a union, a tuple or a dict of these. A float is finite."""
    origin, parts = get_origin(kind), get_args(kind)
    if origin is UnionType:
        return any(is_of(x, part) for part in parts)
    if origin is tuple:
        return type(x) is tuple and all(is_of(item, parts[0]) for item in x)
    if origin is dict:
        return type(x) is dict and all(is_of(key, parts[0]) and is_of(item, parts[1]) for key, item in x.items())
    return type(x) in (int, float) and math.isfinite(x) if kind is float else type(x) is kind
