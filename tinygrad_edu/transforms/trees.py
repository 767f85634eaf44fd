"""Nested lists, tuples and dicts of numbers: lists of their leaves, and the same structure with other leaves.

Knows nothing of nodes or of derivatives. A leaf is whatever is not a list, a tuple or a dict.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from typing import Any

from ..errors import ShapeError

TREES = (list, tuple, dict)


def leaves(tree: Any) -> list[Any]:
    """Return the leaves of a tree, from left to right."""
    if not isinstance(tree, TREES):
        return [tree]
    parts = tree.values() if isinstance(tree, dict) else tree
    return list(parts) if all_leaves(parts) else [leaf for part in parts for leaf in leaves(part)]


def structure(tree: Any) -> Any:
    """Return the structure of a tree without its leaves, as a key of a dict."""
    if isinstance(tree, dict):
        return type(tree), *tree, *map(type, tree), *map(structure, tree.values())  # the keys 1 and True are equal
    if isinstance(tree, (list, tuple)):
        return type(tree), len(tree), *(() if all_leaves(tree) else map(structure, tree))
    return None


def all_leaves(parts: Iterable[Any]) -> bool:
    """Return whether parts of a tree are leaves, of one type: the commonest case, and a quick test."""
    kinds = {*map(type, parts)}
    return len(kinds) == 1 and not issubclass(kinds.pop(), TREES)


def paths(tree: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each leaf with the way to it, as it would be written after the tree's name: `['w'][0]`."""
    if isinstance(tree, dict):
        for key, part in tree.items():
            yield from paths(part, f"{path}[{key!r}]")
    elif isinstance(tree, (list, tuple)):
        for i, part in enumerate(tree):
            yield from paths(part, f"{path}[{i}]")
    else:
        yield path, tree


def rebuilt(tree: Any, new: Iterator[Any]) -> Any:
    """Return a tree like `tree`, with the next of `new` for each leaf."""
    if not isinstance(tree, TREES):
        return next(new)
    return with_parts(tree, [rebuilt(part, new) for part in (tree.values() if isinstance(tree, dict) else tree)])


def with_parts(tree: Any, parts: list[Any]) -> Any:
    """Return a list, tuple or dict of the same type with other elements."""
    if type(tree) is dict:
        return dict(zip(tree, parts, strict=True))
    if isinstance(tree, dict):
        new = copy.copy(tree)  # of a defaultdict its factory, too
        new.update(zip(tree, parts, strict=True))
        return new
    return type(tree)(*parts) if hasattr(tree, "_fields") else type(tree)(parts)  # a named tuple takes its parts


def matching_leaves(tree: Any, other: Any, what: str) -> list[Any]:
    """Return the leaves of `other` in the order of those of `tree`. Raises ShapeError where it is built otherwise.

    what: two words for `tree` and `other` in the message, as in "result and cotangent".
    """
    if isinstance(tree, dict) and isinstance(other, dict) and tree.keys() == other.keys():
        return [leaf for key in tree for leaf in matching_leaves(tree[key], other[key], what)]
    if isinstance(tree, (list, tuple)) and isinstance(other, (list, tuple)) and len(tree) == len(other):
        return [leaf for pair in zip(tree, other, strict=True) for leaf in matching_leaves(*pair, what)]
    if isinstance(tree, (dict, list, tuple)):
        raise ShapeError(f"{what} must be built alike, but one is {built(tree)} and the other {built(other)}")
    return [other]


def built(tree: Any) -> str:
    """Say how a tree is built at its top."""
    if isinstance(tree, dict):
        return f"a dict of {', '.join(map(repr, tree))}" if tree else "an empty dict"
    if isinstance(tree, (list, tuple)):
        return f"a {type(tree).__name__} of {len(tree)}"
    return f"one {type(tree).__name__}"
