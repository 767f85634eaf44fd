"""Python's `max` and `min` of numbers that differ from call to call, while a function is traced.

They ask which number is larger, and a program would keep one answer: 27 numbers would need a program for every order
that they can have. So while a trace runs, the names stand for folds of `where`. Of numbers with a gradient, of anything
else, and in other threads they are the originals. Replacing them is process-wide, and counted, so that the last trace
puts them back.
"""

from __future__ import annotations

import builtins
import threading
from collections.abc import Callable, Sequence
from typing import Any

from ..core.context import tracing
from ..core.node import Node
from ..core.value import Value
from ..ops.compare import where
from .vectorize.bulk_io import LARGEST_NUMBER, SMALLEST_NUMBER

_lock = threading.Lock()
_traces = 0
_originals = builtins.max, builtins.min


def recording_extreme(original: Callable[..., Any], larger: bool) -> Callable[..., Any]:
    """Return what stands for `max` or `min`."""

    def fold(*given: Any, **keywords: Any) -> Any:
        if tracing() is None or keywords or not given:
            return original(*given, **keywords)
        items = list(given[0]) if len(given) == 1 else given
        nodes = [x for x in items if isinstance(x, Node)]
        if not nodes or any(x._requires_grad for x in nodes):  # of these only the one that is chosen gets a gradient
            return original(items)
        if all(type(x) is Value for x in items):
            return extreme_of(LARGEST_NUMBER if larger else SMALLEST_NUMBER, items)
        best = items[0]
        for x in items[1:]:
            best = where(x > best if larger else x < best, x, best)
        return best

    return fold


def extreme_of(op: Any, items: Sequence[Any]) -> Any:
    """Return the largest or smallest of scalars without a gradient as one node: no level of a graph for each."""
    z: Any = object.__new__(Value)
    z._raw = op.forward(*(x._raw for x in items))
    z.remember(op, tuple(items), {}, False)
    return z


class TracedExtremes:
    """A `with` block in which `max` and `min` record what they find."""

    def __enter__(self) -> None:
        global _traces
        with _lock:
            _traces += 1
            if _traces == 1:
                builtins.max = recording_extreme(_originals[0], larger=True)
                builtins.min = recording_extreme(_originals[1], larger=False)

    def __exit__(self, *_: object) -> None:
        global _traces
        with _lock:
            _traces -= 1
            if not _traces:
                builtins.max, builtins.min = _originals
