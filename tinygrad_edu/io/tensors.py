"""The safetensors format: a header of JSON, and the bytes of all arrays end to end. Its library writes it."""

from __future__ import annotations

import hashlib
import json
import math
import os
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from ..core.types import Array
from ..errors import CheckpointError
from . import pieces

TEXT, CHECKSUM = "tinygrad_edu", "sha256"  # in the metadata: of a nested checkpoint, and of all numbers
HEADER = 100_000_000  # bytes, at most: the format's own limit
NAMES = {
    "F64": "f8", "F32": "f4", "F16": "f2", "BF16": pieces.BFLOAT16, "I64": "i8", "I32": "i4", "I16": "i2", "I8": "i1",
    "U64": "u8", "U32": "u4", "U16": "u2", "U8": "u1", "BOOL": "?",
}  # fmt: skip


def import_safetensors() -> Any:
    """Return the library. Raises ImportError that says how to install it."""
    try:
        import safetensors.numpy
    except ImportError:
        raise ImportError(
            'safetensors files need the library: pip install "tinygrad-edu[io]"; a path that ends in .npz needs nothing'
        ) from None
    return safetensors


def dumped(arrays: dict[str, Array], text: str) -> bytes:
    """Return a file of arrays, and of a text. Raises CheckpointError for numbers that the format has not."""
    for name, x in arrays.items():
        if name == "__metadata__":
            raise CheckpointError(f"save: safetensors cannot hold an array called {name!r}: choose another name")
        if x.dtype.kind == "c":
            raise CheckpointError(f"save: {name} holds complex numbers, which safetensors has not: save as .npz")
    metadata = {CHECKSUM: checksum(arrays, text), TEXT: text}
    made: bytes = import_safetensors().numpy.save(arrays, metadata)
    length = int.from_bytes(made[:8], "little")
    header = json.loads(made[8 : 8 + length]) | {"__metadata__": metadata}  # which the library writes in any order
    head = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    head += b" " * (-len(head) % 8)
    return len(head).to_bytes(8, "little") + head + made[8 + length :]


def checksum(arrays: dict[str, Array], text: str) -> str:
    """Return the hash of the text and of all names, types, shapes and numbers, in the order of the names."""
    digest = hashlib.sha256(text.encode())
    for name in sorted(arrays):
        digest.update(json.dumps([name, arrays[name].dtype.name, arrays[name].shape]).encode())
        digest.update(np.ascontiguousarray(arrays[name]).reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def loaded(file: BinaryIO) -> tuple[dict[str, Array], str]:
    """Return arrays by name and the text. Raises ValueError for anything odd."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    length = int.from_bytes(file.read(8), "little")
    if not 2 <= length <= min(HEADER, size - 8):
        raise ValueError(f"its header says that it is {length:,} bytes long")
    header = json.loads(file.read(length), object_pairs_hook=distinct, parse_constant=no_json)
    if not isinstance(header, dict):
        raise ValueError("its header is no object of JSON")
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(x, str) for x in metadata.values()):
        raise ValueError("its metadata are no texts by name")
    entries = [Entry.of(name, part) for name, part in header.items()]
    entries.sort(key=lambda entry: (entry.start, entry.end))
    ends = [0, *(entry.end for entry in entries)]
    if [entry.start for entry in entries] != ends[:-1] or ends[-1] != size - 8 - length:
        raise ValueError("its arrays do not lie end to end, from the header to the end of the file")
    found = {entry.name: entry.read(file) for entry in entries}
    arrays = {name: found[name] for name in header}  # in the order of the header
    text = metadata.get(TEXT, "")
    if {CHECKSUM, TEXT} & metadata.keys() and metadata.get(CHECKSUM) != checksum(arrays, text):
        raise ValueError("its numbers are not those that were saved: the checksum differs")
    return arrays, text


class Entry(NamedTuple):
    """An array in a file: the type of its numbers, its shape, and where its bytes are, from the header's end on."""

    name: str
    kind: str
    shape: list[int]
    start: int
    end: int

    @classmethod
    def of(cls, name: str, part: dict[str, Any]) -> Entry:
        """Read an entry of the header. Raises ValueError where its parts do not agree."""
        kind, shape, (start, end) = part["dtype"], part["shape"], part["data_offsets"]
        if kind not in NAMES:
            raise ValueError(f"it holds {kind!s:.20}, of which NumPy has no numbers")
        if not all(type(n) is int and n >= 0 for n in (*shape, start, end)):
            raise ValueError(f"{name!r:.60} has the shape {shape!r:.60} and lies from {start!r:.30} to {end!r:.30}")
        if end - start != math.prod(shape) * pieces.size_of(NAMES[kind]):
            raise ValueError(f"{name!r:.60} says that its shape is {shape!r:.60}, and has {end - start} bytes")
        return cls(name, NAMES[kind], shape, start, end)

    def read(self, file: BinaryIO) -> Array:
        """Return the array; the file is at its first byte."""
        flat: Array = np.empty(math.prod(self.shape), pieces.native_dtype(self.kind))
        at = 0
        for part in pieces.read(file, self.kind, "<", flat.size, self.name):
            flat[at : at + part.size] = part
            at += part.size
        return flat.reshape(self.shape)


def no_json(constant: str) -> Any:
    """Raise ValueError: Python reads NaN and infinities, which JSON has not."""
    raise ValueError(f"its header holds {constant}, which is no JSON")


def distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the dict that JSON pairs are. Raises ValueError for a name that stands there twice."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands there twice")
    return found
