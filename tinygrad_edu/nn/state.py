"""The state of a net, arrays by name: copied, and loaded wholly or not at all."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.context import tracing
from ..core.node import Node, assign_all, data_of, new_versions
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


def load_module(module: Module, saved: dict[str, Any], strict: bool = True) -> None:
    """Assign `saved` to the leaves of `module`. Raises CheckpointError with all that does not fit; nothing changes."""
    leaves, new = fitted_to(module, saved, strict)
    assign_all(leaves, new)


def module_writes(module: Module, saved: dict[str, Any]) -> Iterable[Any]:
    """Return the writes, for `commit`, that put a state back. Raises as `load` does."""
    leaves, new = fitted_to(module, saved)
    return new_versions(leaves, [leaf.as_data(x) for leaf, x in zip(leaves, new, strict=True)])


def fitted_to(module: Module, saved: dict[str, Any], strict: bool = True) -> tuple[list[Any], list[Any]]:
    """Return the leaves of a module and their numbers in a state. Raises CheckpointError with all that does not fit.

    strict: whether names that only one of them has are an error. Numbers of less precision, like the float32 of most
    files, fit where the net has more: none of them changes.
    """
    if not hasattr(saved, "keys"):
        raise CheckpointError(
            f"a state is a dict of arrays by name, not {saved!r:.60}: give tg.load(path), or state_dict() of a net "
            f"(at {users_line()})"
        )
    leaves = dict(module.named_leaves())
    saved = {path: as_numpy(x) for path, x in saved.items()}
    problems = []
    for path, x in leaves.items():
        if path not in saved:
            known = nearest(path, saved.keys() - leaves.keys())
            problems += [f"missing: {path}, {shape_and_dtype(x._data)}{known}"] * strict
        elif not fits(saved[path], x._data):
            problems.append(
                f"does not fit: {path} is {shape_and_dtype(x._data)} in the net, "
                f"{shape_and_dtype(saved[path])} in the state"
            )
    for path in [path for path in saved if path not in leaves and strict]:
        known = nearest(path, leaves.keys() - saved.keys())
        problems.append(f"unexpected: {path}, {shape_and_dtype(saved[path])}{known}")
    if problems:
        raise CheckpointError(
            f"the state does not fit this {type(module).__name__}, which stays as it was (at {users_line()}):\n  "
            + "\n  ".join(problems)
        )
    found = [path for path in leaves if path in saved]
    return [leaves[path] for path in found], [saved[path] for path in found]


def as_numpy(x: Any) -> Any:
    """Return an array of another library, like a tensor of PyTorch's, as one of NumPy's; anything else as it is."""
    return np.asarray(x) if hasattr(x, "__array__") and not isinstance(x, (Node, np.ndarray, np.generic)) else x


def fits(saved: Any, own: Any) -> bool:
    """Say whether numbers have the shape of a leaf's, and can be its numbers as they are."""
    given, array = array_in(saved), array_in(own)
    same_kind = given.dtype.kind == array.dtype.kind
    return given.shape == array.shape and same_kind and np.can_cast(given.dtype, array.dtype, "safe")


def shape_and_dtype(data: Any) -> str:
    """Say what numbers `data` holds: shape and dtype, by which a net and a state are compared."""
    array = array_in(data)
    return f"{array.dtype} {array.shape}"


def array_in(x: Any) -> Any:
    """Return what holds the numbers of a leaf or of an entry of a state: an array, or its stand-in in a trace."""
    data = data_of(x)
    return data if hasattr(data, "dtype") else np.asarray(data)


def nearest(path: str, others: Any) -> str:
    """Say which of the unmatched names looks like `path`."""
    close = difflib.get_close_matches(path, sorted(others), n=1, cutoff=0.6)
    return f" (is it {close[0]}?)" if close else ""
