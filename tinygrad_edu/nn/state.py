"""The state of a net, arrays by name: copied, and loaded wholly or not at all."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.context import tracing
from ..core.node import assign_all, new_versions
from ..errors import CheckpointError
from ..errors.where import users_line

if TYPE_CHECKING:
    from .module import Module


def module_state(module: Module) -> dict[str, Any]:
    """Return the numbers of every parameter and buffer by path; nothing done to them later changes the net."""
    return {path: kept(x) for path, x in module.named_leaves()}


def kept(x: Any) -> Any:
    """Return a leaf's numbers: a new array, or a float."""
    if tracing() is not None:
        return x.data
    return np.array(x._data) if isinstance(x._data, np.ndarray) else x._data


def load_module(module: Module, saved: dict[str, Any]) -> None:
    """Assign `saved` to the leaves of `module`. Raises CheckpointError with all that does not fit; nothing changes."""
    leaves, new = fitted_to(module, saved)
    assign_all(leaves, new)


def module_writes(module: Module, saved: dict[str, Any]) -> Iterable[Any]:
    """Return the writes, for `commit`, that put a state back. Raises as `load` does."""
    leaves, new = fitted_to(module, saved)
    return new_versions(leaves, [leaf.as_data(x) for leaf, x in zip(leaves, new, strict=True)])


def fitted_to(module: Module, saved: dict[str, Any]) -> tuple[list[Any], list[Any]]:
    """Return the leaves of a module and their numbers in a state. Raises CheckpointError with all that does not fit."""
    leaves = dict(module.named_leaves())
    problems = []
    for path, x in leaves.items():
        if path not in saved:
            problems.append(f"missing: {path}, {shape_and_dtype(x._data)}{nearest(path, saved.keys() - leaves.keys())}")
        elif shape_and_dtype(saved[path]) != shape_and_dtype(x._data):
            problems.append(
                f"does not fit: {path} is {shape_and_dtype(x._data)} in the net, "
                f"{shape_and_dtype(saved[path])} in the state"
            )
    for path in saved:
        if path not in leaves:
            known = nearest(path, leaves.keys() - saved.keys())
            problems.append(f"unexpected: {path}, {shape_and_dtype(saved[path])}{known}")
    if problems:
        raise CheckpointError(
            f"the state does not fit this {type(module).__name__}, which stays as it was (at {users_line()}):\n  "
            + "\n  ".join(problems)
        )
    return [*leaves.values()], [saved[path] for path in leaves]


def shape_and_dtype(data: Any) -> str:
    """Say what numbers `data` holds: shape and dtype, by which a net and a state are compared."""
    array = data._data if hasattr(data, "_data") else data
    array = array if hasattr(array, "dtype") else np.asarray(array)
    return f"{array.dtype} {array.shape}"


def nearest(path: str, others: Any) -> str:
    """Say which of the unmatched names looks like `path`."""
    close = difflib.get_close_matches(path, sorted(others), n=1, cutoff=0.6)
    return f" (is it {close[0]}?)" if close else ""
