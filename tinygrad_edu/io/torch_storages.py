"""The archive of a .pt or .pth file: its entries, and the storages that tensors are views of. Knows no pickle."""

from __future__ import annotations

import math
import zipfile
from reprlib import repr as shortened
from typing import Any, NamedTuple

import numpy as np

from ..core.types import Array
from . import pieces, zips

STRETCH = 16  # times the size of the file is as much as all tensors together may take
STORAGES = {
    "torch DoubleStorage": "f8", "torch FloatStorage": "f4", "torch HalfStorage": "f2",
    "torch BFloat16Storage": pieces.BFLOAT16, "torch LongStorage": "i8", "torch IntStorage": "i4",
    "torch ShortStorage": "i2", "torch CharStorage": "i1", "torch ByteStorage": "u1", "torch BoolStorage": "?",
    "torch ComplexFloatStorage": "c8", "torch ComplexDoubleStorage": "c16",
}  # fmt: skip


class Storage(NamedTuple):
    """A storage in the archive: the type and count of its numbers, and its file."""

    kind: str
    key: str
    length: int


class TorchArchive:
    """One archive. Raises ValueError for anything but a plain one of PyTorch's.

    order: of the bytes of its numbers. kinds: of storages by key, the type of the numbers. views: the tensors that are
    made of each storage. left: how many bytes tensors may take yet.
    """

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.archive, self.left = archive, STRETCH * zips.file_length(archive)
        self.entries = torch_entries(archive)
        pickles = [name for name in self.entries if name.endswith("/data.pkl")]
        if len(pickles) != 1:
            raise ValueError(f"it holds {len(pickles)} files data.pkl, and needs one")
        self.root = pickles[0].removesuffix("data.pkl")
        order = self.content("byteorder", 16) if f"{self.root}byteorder" in self.entries else b"little"
        if order not in (b"little", b"big"):
            raise ValueError(f"its byte order is {order!r:.20}")
        self.order: pieces.Order = "<" if order == b"little" else ">"
        self.kinds: dict[str, str] = {}
        self.views: dict[Storage, list[StorageView]] = {}

    def entry(self, name: str, limit: int) -> zipfile.ZipInfo:
        """Return an entry of the archive. Raises ValueError where it is missing or too large."""
        entry = self.entries.get(f"{self.root}{name}")
        if entry is None or entry.file_size > limit:
            raise ValueError(f"{name:.60} is missing or too large")
        return entry

    def content(self, name: str, limit: int) -> bytes:
        """Return what an entry of the archive holds."""
        return self.archive.read(self.entry(name, limit))

    def tensor(self, storage: Any, offset: Any, size: Any, stride: Any, *_: Any) -> Array:
        """Return a tensor that `fill` will give its numbers: a view of a storage, checked against its bounds."""
        if not isinstance(storage, Storage) or not all(type(x) is tuple for x in (size, stride)):
            raise ValueError("its pickle makes a tensor of something that is no storage")
        if len(size) != len(stride) or any(type(n) is not int or n < 0 for n in (offset, *size, *stride)):
            raise ValueError(f"a tensor has the shape {shortened(size):.60} and the strides {shortened(stride):.60}")
        last = offset + sum((n - 1) * s for n, s in zip(size, stride, strict=True))
        count = math.prod(size)
        if count and last >= storage.length:
            raise ValueError(f"a tensor of shape {size} reaches beyond its storage of {storage.length} numbers")
        dtype = pieces.native_dtype(storage.kind)
        self.left -= count * dtype.itemsize
        if self.left < 0:
            raise ValueError(f"its tensors take more than {STRETCH} times as much memory as the file")
        views = self.views_of(storage)
        array: Array = np.empty(size, dtype)
        views.append(StorageView(array, offset, stride))
        return array

    def views_of(self, storage: Storage) -> list[StorageView]:
        """Return the tensors of a storage so far. Raises ValueError where it is not in the archive as it says."""
        if self.kinds.setdefault(storage.key, storage.kind) != storage.kind:
            raise ValueError(f"storage {storage.key!r:.20} is of two types")
        if storage not in self.views:
            size = storage.length * pieces.size_of(storage.kind)
            found = self.entry(f"data/{storage.key}", size).file_size
            if found != size:
                raise ValueError(f"storage {storage.key!r:.20} holds {found} bytes of {storage.length} numbers")
            self.views[storage] = []
        return self.views[storage]

    def fill_all(self) -> None:
        """Read all storages into the tensors that were made of them."""
        for storage, views in self.views.items():
            self.fill(storage, views)

    def fill(self, storage: Storage, views: list[StorageView]) -> None:
        """Read a storage into its tensors; where one has gaps or turned axes, it is kept until that is filled."""
        flats = [(view.offset, view.array.reshape(-1)) for view in views if view.is_contiguous()]
        others = [view for view in views if not view.is_contiguous()]
        whole: Array = np.empty(storage.length if others else 0, pieces.native_dtype(storage.kind))
        step = pieces.PIECE // pieces.size_of(storage.kind)  # numbers in a piece
        waiting: dict[int, list[tuple[int, Array]]] = {}  # by piece: what begins where, and has numbers of it
        for start, flat in (*flats, (0, whole)):
            for k in range(start // step, -(-(start + flat.size) // step)):
                waiting.setdefault(k, []).append((start, flat))
        with self.archive.open(self.entries[f"{self.root}data/{storage.key}"]) as file:
            for k, numbers in enumerate(pieces.read(file, storage.kind, self.order, storage.length, storage.key)):
                for start, flat in waiting.get(k, ()):
                    at = k * step - start  # of the piece's first number in this array
                    flat[max(at, 0) : at + step] = numbers[max(-at, 0) : flat.size - at]
            pieces.end(file, storage.key)
        for view in others:
            view.copy_from(whole)


class StorageView(NamedTuple):
    """A tensor that is to be filled, and where in its storage its numbers lie."""

    array: Array
    offset: int
    stride: tuple[int, ...]

    def is_contiguous(self) -> bool:
        """Whether its numbers lie in the storage one after the other."""
        expected = 1
        for n, step in zip(reversed(self.array.shape), reversed(self.stride), strict=True):
            if n != 1 and step != expected:
                return not self.array.size
            expected *= n
        return True

    def copy_from(self, storage: Array) -> None:
        """Take the numbers from a storage; that they lie within it was checked."""
        steps = [step * storage.itemsize for step in self.stride]
        self.array[...] = np.lib.stride_tricks.as_strided(
            storage[self.offset :], self.array.shape, steps, writeable=False
        )


def torch_entries(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """Return what the archive holds, by name. Raises ValueError for anything but a plain archive of PyTorch's."""
    found = zips.entries(archive)
    if any(info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 1 for info in found.values()):
        raise ValueError("its files are packed or locked, and PyTorch's are not")
    if sum(info.file_size for info in found.values()) > zips.file_length(archive):
        raise ValueError("its files say that they are larger than the whole")
    return found
