"""The collector of garbage, held off while very many nodes are made.

It would look at all of them again and again, and find nothing: graphs have no cycles, and go with their last name.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def without_collector(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Return what a function returns; the collector does not run meanwhile."""
    was_on = gc.isenabled()
    try:
        gc.disable()  # in here: an interrupt may strike right behind it
        return function(*args, **kwargs)
    finally:
        if was_on:
            gc.enable()
