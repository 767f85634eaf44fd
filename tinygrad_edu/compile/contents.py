"""Contents: the numbers of arrays, buffers and long lists that a function can name, to be compared before a call."""

from __future__ import annotations

from array import array
from operator import attrgetter
from typing import Any

import numpy as np

COMPARED_WHOLE = 4096  # bytes of an array or a buffer, up to which its numbers are compared before every call
PROBED = 100  # about so many numbers of a larger array are compared
layout_of = attrgetter("shape", "strides", "dtype")
MOST = 200_000  # numbers in a list, from which on it is not compared
BUFFERS = (bytearray, array)
PLAIN_NUMBERS_AND_TEXT = (type(None), bool, int, float, complex, str, bytes)


class Contents:
    """What arrays, buffers and long lists of plain numbers hold, when they are added.

    probes: views of some numbers of large arrays, and their bytes.
    """

    def __init__(self) -> None:
        self.arrays: list[tuple[np.ndarray[Any, Any], bytes]] = []
        self.probes: list[tuple[np.ndarray[Any, Any], bytes]] = []
        self.kept: list[
            np.ndarray[Any, Any]
        ] = []  # the elements of arrays of objects, so that no address is used again
        self.layouts: list[tuple[np.ndarray[Any, Any], Any]] = []  # shape, strides and dtype: all can be set in place
        self.buffers: list[tuple[Any, bytes]] = []
        self.data: list[tuple[list[Any], list[Any]]] = []

    def add_array(self, x: np.ndarray[Any, Any]) -> Any:
        """Note an array; return its layout and numbers, or some of them, to compare those of another one with."""
        layout = layout_of(x)
        self.layouts.append((x, layout))
        if x.dtype.hasobject:
            if x.nbytes <= COMPARED_WHOLE:  # its bytes are addresses
                self.arrays.append((x, x.tobytes()))
                self.kept.append(x.copy())
            return layout
        held, seen = (self.arrays, x) if x.nbytes <= COMPARED_WHOLE else (self.probes, probe(x))
        held.append((seen, seen.tobytes()))
        return layout, held[-1][1]

    def add_buffer(self, x: Any) -> Any:
        """Note a buffer; return what to compare it by."""
        if len(x) * getattr(x, "itemsize", 1) > COMPARED_WHOLE:
            return len(x)
        self.buffers.append((x, bytes(x)))
        return bytes(x)

    def add_list(self, x: list[Any]) -> list[Any] | None:
        """Note a list of plain numbers, or of rows of them, and return a copy; None where it is none, or too long."""
        if (copied := copy_of(x)) is not None:
            self.data.append((x, copied))
        return copied

    def restore(self) -> None:
        """Put the numbers of small arrays and buffers back."""
        for x, old in self.arrays:
            if not x.dtype.hasobject and x.tobytes() != old:
                x[...] = np.frombuffer(old, x.dtype).reshape(x.shape)
        for buffer, old in self.buffers:
            if bytes(buffer) != old:
                buffer[:] = type(buffer)(old) if isinstance(buffer, bytearray) else array(buffer.typecode, old)


def probe(x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return a view of some numbers, spread over all of a large array: most writes in place show in one of them."""
    key, wanted = [slice(None)] * x.ndim, float(PROBED)
    for left, axis in zip(range(x.ndim, 0, -1), np.argsort(x.shape), strict=True):  # the shortest axes first
        step = max(1, int(x.shape[axis] / wanted ** (1 / left)))
        key[axis] = slice(step // 2, None, step)
        wanted = max(1.0, wanted / -(-x.shape[axis] // step))
    return x[tuple(key)]


def copy_of(x: list[Any]) -> list[Any] | None:
    """Return a copy of a list of plain numbers, or of rows of them; None of anything else and of very many."""
    rows = [part for part in x if type(part) is list]
    if not rows:
        return [*x] if len(x) <= MOST and all(type(part) in PLAIN_NUMBERS_AND_TEXT for part in x) else None
    if len(rows) < len(x) or sum(map(len, rows)) > MOST:
        return None
    return (
        [[*row] for row in rows] if all(type(part) in PLAIN_NUMBERS_AND_TEXT for row in rows for part in row) else None
    )
