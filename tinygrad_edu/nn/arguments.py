"""Checks of the arguments that describe a layer; errors name the argument."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..core.node import Node
from ..errors import ShapeError
from ..errors.where import users_line


def size(owner: str, name: str, given: Any, least: int = 1) -> int:
    """Return `given` as an int. Raises TypeError where it is not a whole number, ValueError where it is too small."""
    try:
        n = operator.index(given)
    except TypeError:
        raise TypeError(f"{owner}: {name} must be a whole number, not {given!r:.60} (at {users_line()})") from None
    if isinstance(given, bool):
        raise TypeError(f"{owner}: {name} must be a whole number, not {given} (at {users_line()})")
    if n < least:
        raise ValueError(f"{owner}: {name} must be at least {least}, not {n} (at {users_line()})")
    return n


def fraction(owner: str, name: str, given: Any) -> float:
    """Return `given` as a float. Raises ValueError where it is not a number from 0 up to, but not including, 1."""
    if isinstance(given, bool) or not isinstance(given, (int, float)) or not 0 <= given < 1:
        raise ValueError(
            f"{owner}: {name} must be from 0 up to, but not including, 1, not {given!r:.60} (at {users_line()})"
        )
    return float(given)


def sizes(owner: str, name: str, given: Any, axes: int = 2, least: int = 1) -> tuple[int, ...]:
    """Return a number for each of `axes` axes, of one for all of them or one for each. Raises as `size` does."""
    if not isinstance(given, (tuple, list)):
        return (size(owner, name, given, least),) * axes
    if len(given) != axes:
        raise ValueError(
            f"{owner}: {name} must be one whole number or {axes}, one an axis, not {given!r:.60} (at {users_line()})"
        )
    return tuple(size(owner, name, n, least) for n in given)


def as_sequence(owner: str, x: Any, width: int, batch_first: bool, axes: tuple[int, ...] = (2, 3)) -> Any:
    """Return sequences, (length, n, width), or one, (length, width), as a node or an array. Raises ShapeError."""
    x = x if isinstance(x, Node) else np.asarray(x)
    if len(x.shape) not in axes or x.shape[-1] != width:
        form = f"(n, length, {width})" if batch_first else f"(length, n, {width})"
        raise ShapeError(f"{owner} needs {form}, or (length, {width}), not {x.shape} (at {users_line()})")
    return x


def check_set_to_none(owner: str, given: Any) -> None:
    """Raise ValueError where zeros are wanted for gradients: an optimiser would take them for computed ones."""
    if given is not True:
        raise ValueError(
            f"{owner}: zero_grad() makes gradients None, not zeros; leave set_to_none out (at {users_line()})"
        )
