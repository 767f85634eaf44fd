"""Numbers as files hold them, read piece by piece into the arrays that are to be returned.

So a reader needs no more memory than those, and a piece. What a file says of its length is compared with what there is
before it comes here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Literal

import numpy as np

from ..core.types import Array

PIECE = 1 << 17  # bytes that are read at once; a multiple of the size of every number
BFLOAT16 = "bf16"  # NumPy has no such type: it is the upper half of float32, and becomes that

Order = Literal["<", ">"]


def size_of(kind: str) -> int:
    """Return how many bytes a number takes in a file."""
    return 2 if kind == BFLOAT16 else np.dtype(kind).itemsize


def native_dtype(kind: str) -> np.dtype[np.generic]:
    """Return the type that numbers have once they are read."""
    return np.dtype("f4" if kind == BFLOAT16 else kind)


def read(file: IO[bytes], kind: str, order: Order, count: int, name: str) -> Iterator[Array]:
    """Yield so many numbers, piece by piece. Raises ValueError where a file ends early or a truth value is no such."""
    left = count * size_of(kind)
    while left:
        part = np.empty(min(left, PIECE), np.uint8)
        fill(file, part, name)
        left -= part.size
        yield decoded(part, kind, order)


def decoded(part: Array, kind: str, order: Order) -> Array:
    """Return bytes as numbers, perhaps in the other byte order. Raises ValueError for a truth value that is no such."""
    if kind == BFLOAT16:
        upper = part.view(f"{order}u2").astype(np.uint32)
        upper <<= 16
        return upper.view(np.float32)
    if kind == "?" and (part > 1).any():
        raise ValueError("a truth value is neither 0 nor 1")
    return part.view(np.dtype(kind).newbyteorder(order))


def fill(file: IO[bytes], array: Array, name: str) -> None:
    """Read bytes until an array is full. Raises ValueError where there are fewer."""
    waiting = array.view(np.uint8).data
    while waiting:
        part = file.read(min(len(waiting), PIECE))
        if not part:
            raise ValueError(f"{name!r:.60} ends early")
        waiting[: len(part)] = part
        waiting = waiting[len(part) :]


def end(file: IO[bytes], name: str) -> None:
    """Raise ValueError where a file goes on; at its end a zip compares the checksum of what was read."""
    if file.read(1):
        raise ValueError(f"{name!r:.60} is longer than it says")
