"""All-or-nothing changes of state: compute everything that may raise, then write it all in one call of C.

Python runs signal handlers (Ctrl-C) and, under the GIL, other threads only between two of its own instructions. A
`deque` that exhausts iterators made of `map`, `repeat` and `chain` is one instruction. Knows nothing of nodes.

Before Python 3.12 the collector of garbage may come in the middle of it, and runs the finalizers of what it finds, in
which Python takes turns as ever: then it is held off for that long.
"""

from __future__ import annotations

import gc
import operator
import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable
from itertools import chain, repeat
from typing import Any


class ChangedMeanwhile(Exception):  # noqa: N818  # no error: the caller computes again
    """Another thread or a signal handler changed the state that a commit was computed from; nothing was written."""


class _SameObject(dict[bool, None]):
    def __missing__(self, same: bool) -> None:
        raise ChangedMeanwhile


_check = _SameObject({True: None}).__getitem__
exhaust = deque[Any](maxlen=0).extend  # of a deque that keeps nothing, so all threads may share it


def commit(*writes: Iterable[Any]) -> None:
    """Exhaust iterators of `attributes`, `calls` and `unchanged`, as one instruction of Python."""
    every = chain.from_iterable(writes)
    if not HAS_GIL:
        with _lock:
            exhaust(every)
    elif COLLECTS_WITHIN and gc.isenabled():
        try:
            exhaust(chain(map(operator.call, (gc.disable,)), every))
        finally:
            gc.enable()
    else:
        exhaust(every)


def attributes(objects: Iterable[Any], name: str, values: Iterable[Any]) -> Iterable[Any]:
    """Return the writes that set one attribute of each object."""
    return map(setattr, objects, repeat(name), values)


def calls(functions: Iterable[Callable[[], Any]]) -> Iterable[Any]:
    """Return the writes that call each function. Give functions of C, such as `partial(list.append, x, y)`."""
    return map(operator.call, functions)


def unchanged(objects: Iterable[Any], name: str, values: Iterable[Any]) -> Iterable[Any]:
    """Return a check for the front of a commit: it raises ChangedMeanwhile unless attributes are these very objects."""
    return map(_check, map(operator.is_, map(operator.attrgetter(name), objects), values))


COLLECTS_WITHIN = sys.version_info < (3, 12)
HAS_GIL = getattr(sys, "_is_gil_enabled", lambda: True)()  # then no lock is needed, so nobody can wait for one
_lock = threading.RLock()  # re-entrant, as a signal handler may commit too


def _new_lock() -> None:
    global _lock
    _lock = threading.RLock()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_new_lock)  # a thread that no longer exists may have held it
