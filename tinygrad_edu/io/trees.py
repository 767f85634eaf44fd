"""Checkpoints on disk: nested dicts and lists of arrays as one flat dict of arrays and a text.

A dict of names and arrays needs no text, and is then what every other program expects.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from ..core.node import Node, data_of
from ..core.types import Array
from ..errors import CheckpointError

KINDS = "biuf"  # of dtypes that every format has
ARRAY = "__array__"  # in the text, in place of an array: its name
DEPTH = 100  # of nesting, at most


def flattened(tree: Any) -> tuple[dict[str, Array], str]:
    """Return arrays by name, and the text of what is around them; "" where a plain dict holds nothing else.

    Raises CheckpointError that says by its path what cannot be saved.
    """
    if isinstance(tree, dict) and tree and all(type(name) is str and holds_numbers(x) for name, x in tree.items()):
        return {name: contiguous_array(x, name) for name, x in tree.items()}, ""
    arrays: dict[str, Array] = {}
    return arrays, json.dumps(as_json(tree, "", arrays, 0))


def as_json(x: Any, path: str, arrays: dict[str, Array], depth: int) -> Any:
    """Return a part as JSON has it; its arrays are put among `arrays` under their paths."""
    if depth > DEPTH:
        raise CheckpointError(f"save: {path:.100} lies more than {DEPTH} dicts and lists deep")
    if isinstance(x, dict):
        if ARRAY in x or not all(isinstance(key, (str, int)) and not isinstance(key, bool) for key in x):
            raise CheckpointError(f"save: the keys of {path or 'the dict'} must be texts or whole numbers")
        return {
            str(key): as_json(part, f"{path}.{key}" if path else str(key), arrays, depth + 1) for key, part in x.items()
        }
    if isinstance(x, (list, tuple)):
        return [as_json(part, f"{path}.{i}", arrays, depth + 1) for i, part in enumerate(x)]
    if x is None or isinstance(x, (bool, int, float, str)):
        return x
    if isinstance(x, np.generic) and x.dtype.kind in KINDS:
        return x.item()
    if holds_numbers(x):
        arrays[path] = contiguous_array(x, path)
        return {ARRAY: path}
    raise CheckpointError(
        f"save: {path or 'this'} is {x!r:.60}: only numbers, texts, arrays, lists and dicts are saved"
    )


def holds_numbers(x: Any) -> bool:
    """Return whether `x` is an array, or a node, whose numbers are meant."""
    return isinstance(x, (np.ndarray, Node)) or (isinstance(x, np.generic) and x.dtype.kind in KINDS)


def contiguous_array(x: Any, path: str) -> Array:
    """Return the numbers of a part in one piece of memory, in this machine's byte order."""
    numbers = np.asarray(data_of(x))
    if numbers.dtype.kind not in KINDS + "c":
        raise CheckpointError(f"save: {path} holds {numbers.dtype}, and only numbers are saved")
    return np.ascontiguousarray(numbers.astype(numbers.dtype.newbyteorder("="))).reshape(numbers.shape)


def restored(arrays: dict[str, Array], text: str) -> Any:
    """Return what `flattened` was given. Raises ValueError where text and arrays do not belong together."""
    if not text:
        return arrays
    left = dict(arrays)
    tree = put_back(json.loads(text), left, 0)
    if left:
        raise ValueError(f"{min(left)!r:.60} has no place")
    return tree


def put_back(x: Any, arrays: dict[str, Array], depth: int) -> Any:
    """Return a part of a text with its arrays, which are taken out of `arrays`."""
    if depth > DEPTH:
        raise ValueError(f"it is nested more than {DEPTH} deep")
    if isinstance(x, dict):
        if ARRAY in x:
            return arrays.pop(x[ARRAY])
        return {key: put_back(part, arrays, depth + 1) for key, part in x.items()}
    return [put_back(part, arrays, depth + 1) for part in x] if isinstance(x, list) else x
