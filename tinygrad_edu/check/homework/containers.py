"""Floating-point numbers within lists, tuples and dicts, by name."""

from __future__ import annotations

from typing import Any

import numpy as np


def is_numbers(x: Any) -> bool:
    """Tell whether something is a floating-point number or an array of them."""
    if isinstance(x, (float, np.floating)):
        return True
    return isinstance(x, np.ndarray) and x.dtype.kind == "f" and x.size > 0


def numbers_in(name: str, tree: Any) -> dict[str, Any]:
    """Return the floating-point arrays and numbers within an argument, by their names."""
    if is_numbers(tree):
        return {name: tree}
    found: dict[str, Any] = {}
    if isinstance(tree, dict):
        for key, x in tree.items():
            found |= numbers_in(str(key), x)
    elif isinstance(tree, (list, tuple)):
        for i, x in enumerate(tree):
            found |= numbers_in(f"{name}[{i}]", x)
    return found


def with_numbers(name: str, tree: Any, values: dict[str, Any], other: Any) -> Any:
    """Return an argument with other numbers in it: those of `values` by name, `other(x)` for the rest."""
    if is_numbers(tree):
        return values[name] if name in values else other(tree)
    if type(tree) is dict:
        return {key: with_numbers(str(key), x, values, other) for key, x in tree.items()}
    if type(tree) in (list, tuple):
        return type(tree)([with_numbers(f"{name}[{i}]", x, values, other) for i, x in enumerate(tree)])
    return tree.copy() if isinstance(tree, np.ndarray) else tree
