"""Names of gradients and of the parameters they belong to, and parameters within lists and dicts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

# How people write "the gradient by X": group 1 is X. The first that leads to a known name is taken.
GRADIENTS = [
    re.compile(pattern)
    for pattern in (
        r"^d(?:L|J|C|E|loss|cost)_?/?d_?(.+)$",
        r"^d_?(.+)$",
        r"^D_(.+)$",
        r"^(?:grad|gradient|nabla|delta|del|g)_?(.+)$",
        r"^∇_?(.+)$",
        r"^(.+?)_?(?:grad|gradient|bar)$",
    )
]


def variables_of(name: str) -> Iterator[str]:
    """Yield the variables that a name may be the gradient by, most likely first."""
    inner = re.search(r"\[['\"](.+?)['\"]\]$", name)
    name = inner[1] if inner else name.rsplit(".", 1)[-1]
    for pattern in GRADIENTS:
        if found := pattern.match(name):
            yield found[1]


def variable_of(name: str, known: Iterable[str]) -> str | None:
    """Return the known variable that a name is the gradient by, or that it is itself; None if there is none."""
    known = list(known)
    folded = {x.lower(): x for x in reversed(known)}
    short = {x.rsplit(".", 1)[-1]: x for x in reversed(known)}
    for guess in variables_of(name):
        if guess in known:
            return guess
    if name in known:
        return name
    for guess in (*variables_of(name), name):
        if guess in short:
            return short[guess]
    for guess in (*variables_of(name), name):
        if guess.lower() in folded:
            return folded[guess.lower()]
    return None


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
