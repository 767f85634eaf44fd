"""A chain of scalar nodes, as long as one likes: what a node costs to make, to go back through, and to let go."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable
from typing import Any

Value = type[Any]


def chain(value: Value, length: int) -> tuple[Any, Any]:
    """Return a chain of so many nodes, each made from the one before and one of two leaves, and its first leaf."""
    w, b = value(0.999), value(0.001)
    y = w
    for _ in range(length // 2):
        y = y * w
        y = y + b
    return y, w


def times(value: Value, length: int) -> dict[str, float]:
    """Return the seconds it takes to make a chain, to go back through it, and to let it go."""
    began = time.perf_counter()
    y, _ = chain(value, length)
    made = time.perf_counter()
    y.backward()
    went_back = time.perf_counter()
    del y
    return {"forward": made - began, "backward": went_back - made, "free": time.perf_counter() - went_back}


def memory(value: Value, length: int) -> dict[str, Any]:
    """Return the bytes of a chain after forward, after backward, and of what stays when it has been let go."""
    chain(value, 2)[0].backward()  # what the first call of all keeps is not the chain's
    tracemalloc.start()
    try:
        y, w = chain(value, length)
        made = tracemalloc.get_traced_memory()[0]
        y.backward()
        went_back = tracemalloc.get_traced_memory()[0]
        result = [y.data, w.grad]
        del y
        return {"losses": result, "bytes": [made, went_back, tracemalloc.get_traced_memory()[0]]}
    finally:
        tracemalloc.stop()


def ours() -> Value:
    """Return this package's scalar."""
    from tinygrad_edu import Value

    return Value


def micrograd() -> Value:
    """Return micrograd's scalar, whose backward pass recurses along the chain."""
    from micrograd.engine import Value

    return Value


SUBJECTS: dict[str, Callable[[], Value]] = {"tinygrad_edu": ours, "micrograd": micrograd}
