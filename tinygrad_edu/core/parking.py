"""Leaves that are parked: their numbers lie in one array until somebody looks at one of them. Knows no array."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

parked: dict[int, Callable[[], Any]] = {}  # weak references to groups of such leaves


def unpark_all() -> None:
    """Give all leaves their own numbers: for code that tells nodes by their types before it reads from them."""
    for group in [found() for found in parked.values()]:
        if group is not None:
            group.restore()
