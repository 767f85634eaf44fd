"""Floating-point numbers within lists, tuples and dicts, by name.

Those in a dict that is itself an argument have its keys for names; deeper ones have names like `layers[0]["W"]`.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np


def is_numbers(x: Any) -> bool:
    """Tell whether something is a floating-point number or an array of them."""
    if isinstance(x, (float, np.floating)):
        return True
    return isinstance(x, np.ndarray) and x.dtype.kind == "f" and x.size > 0


def numbers_in(name: str, tree: Any, inner: bool = False) -> dict[str, Any]:
    """Return the floating-point arrays and numbers within an argument, by their names."""
    if is_numbers(tree):
        return {name: tree}
    found: dict[str, Any] = {}
    if isinstance(tree, dict):
        for key, x in tree.items():
            found |= numbers_in(f'{name}["{key}"]' if inner else str(key), x, True)
    elif isinstance(tree, (list, tuple)):
        for i, x in enumerate(tree):
            found |= numbers_in(f"{name}[{i}]", x, True)
    return found


def with_numbers(name: str, tree: Any, values: dict[str, Any], other: Any, inner: bool = False) -> Any:
    """Return an argument with other numbers in it: those of `values` by name, `other(x)` for the rest."""
    if is_numbers(tree):
        return values[name] if name in values else other(tree)
    if type(tree) is dict:
        names = [f'{name}["{key}"]' if inner else str(key) for key in tree]
        return {k: with_numbers(n, x, values, other, True) for n, (k, x) in zip(names, tree.items(), strict=True)}
    if type(tree) in (list, tuple):
        return type(tree)([with_numbers(f"{name}[{i}]", x, values, other, True) for i, x in enumerate(tree)])
    return tree.copy() if isinstance(tree, np.ndarray) else tree


def keys_of(name: str) -> tuple[str, ...]:
    """Return the keys and places on the way to a number: `("layers", "0", "W")` for `layers[0]["W"]`."""
    return tuple(re.findall(r'[^\[\]"]+', name))
