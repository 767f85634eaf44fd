"""Python's `max` and `min` of numbers that differ from call to call, while a function is traced.

They ask which number is larger, and a program would keep one answer: 27 numbers would need a program for every order
that they can have. So while a trace runs, the names stand for folds of `where`. Of numbers with a gradient, of anything
else, and in other threads they are the originals. Replacing them is process-wide, until the last trace has ended.
"""

from __future__ import annotations

import builtins
import os
from collections.abc import Callable, Sequence
from typing import Any
from weakref import WeakValueDictionary

from ..core.context import tracing
from ..core.node import Node
from ..core.value import Value
from ..ops.compare import where
from .vectorize.bulk_io import LARGEST_NUMBER, SMALLEST_NUMBER

_originals = builtins.max, builtins.min
_traces: WeakValueDictionary[int, object] = WeakValueDictionary()  # those that run, by id


def recording_extreme(original: Callable[..., Any], larger: bool) -> Callable[..., Any]:
    """Return what stands for `max` or `min`."""

    def fold(*given: Any, **keywords: Any) -> Any:
        if tracing() is None or keywords or not given:
            if not _traces:  # an interrupt struck between the end of a trace and `choose_extremes`
                choose_extremes()
            return original(*given, **keywords)
        items = list(given[0]) if len(given) == 1 else given
        nodes = [x for x in items if isinstance(x, Node)]
        if not nodes or any(x._requires_grad for x in nodes):  # of these only the one that is chosen gets a gradient
            return original(items)
        if all(isinstance(x, Value) for x in items):
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


def record_extremes(trace: object) -> None:
    """Let `max` and `min` record what they find. An interrupt may come: call it in a `try` with `restore_extremes`."""
    _traces[id(trace)] = trace
    choose_extremes()


def restore_extremes(trace: object) -> None:
    """Put `max` and `min` back, if no other trace runs."""
    _traces.pop(id(trace), None)
    choose_extremes()


def choose_extremes() -> None:
    """Give the names to the functions that are wanted now.

    Without a lock, which a signal handler that compiles would wait for in vain: whoever was late looks again.
    """
    while True:
        recording = bool(_traces)
        builtins.max, builtins.min = _recording if recording else _originals
        if recording is bool(_traces):
            return


def _forget_other_threads() -> None:
    """Forget the traces of other threads, which do not run in a child process."""
    _traces.clear()
    choose_extremes()


_recording = recording_extreme(_originals[0], larger=True), recording_extreme(_originals[1], larger=False)
if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_forget_other_threads)
