"""MNIST, the 70,000 handwritten digits of Yann LeCun and others, read from its four IDX files."""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from ..core.types import Array
from ..errors.where import users_line

LARGEST = 1 << 30  # no file of this kind unpacks to a gigabyte
READ_AT_ONCE = 1 << 18  # bytes


def load_mnist(folder: str | Path, dtype: Any = np.float32) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """Return ((x, y), (x_test, y_test)) from the IDX files in `folder`, gzipped or not.

    x is (60000, 784), from 0, black, to 1, white, in `dtype`; y is (60000,), whole numbers. The test set has 10,000.
    Raises FileNotFoundError that names the missing file, ValueError for a file that is not what it should be.
    """
    if np.dtype(dtype).kind != "f":
        raise TypeError(f"load_mnist: pixels become floats from 0 to 1, and dtype is {dtype!r:.60} (at {users_line()})")
    sets: list[tuple[Array, Array]] = []
    for name in ("train", "t10k"):
        images = read_idx(file_of(folder, f"{name}-images-idx3-ubyte"), axes=3)
        labels = read_idx(file_of(folder, f"{name}-labels-idx1-ubyte"), axes=1)
        if len(images) != len(labels):
            raise ValueError(f"load_mnist: {name} has {len(images)} images and {len(labels)} labels")
        if labels.max() > 9:
            place = int(np.argmax(labels > 9))
            raise ValueError(f"load_mnist: label {place} of {name} is {labels[place]}, and digits are 0 to 9")
        x = images.reshape(len(images), math.prod(images.shape[1:])).astype(dtype) / np.dtype(dtype).type(255)
        if sets and x.shape[1] != sets[0][0].shape[1]:
            raise ValueError(
                f"load_mnist: images of train have {sets[0][0].shape[1]} pixels, those of {name} {x.shape[1]}: "
                "the files are of two data sets"
            )
        sets.append((x, labels.astype(np.int64)))
    return sets[0], sets[1]


def file_of(folder: str | Path, name: str) -> Path:
    """Return the path of a file, gzipped or not. Raises FileNotFoundError."""
    for path in (Path(folder, f"{name}.gz"), Path(folder, name)):
        if path.is_file():
            return path
    raise FileNotFoundError(
        f"load_mnist: {Path(folder, name)}.gz is missing; MNIST is four files, "
        "train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz and the same for t10k"
    )


def read_idx(path: Path, axes: int) -> Array:
    """Return the bytes of an IDX file as an array. Raises ValueError that names the file and what is wrong.

    The header is read first, and no more of a packed file is unpacked than it says: a file made to fill the
    memory is refused before it does, and a header that promises more than there is takes none.
    """
    head = 4 + 4 * axes
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            start = file.read(head)
            if len(start) < head or start[:4] != bytes((0, 0, 8, axes)):  # 8: unsigned bytes
                raise ValueError(
                    f"{path} is not an IDX file of bytes with {axes} axes: it begins with {start[:4].hex(' ')}"
                )
            shape = tuple(int(n) for n in np.frombuffer(start[4:], ">u4"))
            size = math.prod(shape)
            if not 0 < size <= LARGEST:
                raise ValueError(f"{path} says that its shape is {shape}: it is empty, or no file of this kind")
            content = bytearray()
            while len(content) <= size and (part := file.read(min(READ_AT_ONCE, size + 1 - len(content)))):
                content += part
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ValueError(f"{path} is not a whole gzip file: {error}") from None
    if len(content) != size:
        held = f"{len(content)}" if len(content) < size else "more"
        raise ValueError(f"{path} says that its shape is {shape}, and holds {held} numbers")
    return np.frombuffer(content, np.uint8).reshape(shape)
