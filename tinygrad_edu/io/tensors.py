"""The safetensors format, read and written with the library of that name."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np

from ..core.types import Array
from ..errors import CheckpointError

TEXT, CHECKSUM = "tinygrad_edu", "sha256"  # in the metadata: of a nested checkpoint, and of all numbers
HEADER = 100_000_000  # bytes, at most: the format's own limit
NAMES = {
    "F64": "f8", "F32": "f4", "F16": "f2", "BF16": "u2", "I64": "i8", "I32": "i4", "I16": "i2", "I8": "i1",
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


def loaded(content: bytes) -> tuple[dict[str, Array], str]:
    """Return arrays by name and the text. Raises ValueError for anything odd."""
    length = int.from_bytes(content[:8], "little")
    if not 2 <= length <= min(HEADER, len(content) - 8):
        raise ValueError(f"its header says that it is {length:,} bytes long")
    header = json.loads(content[8 : 8 + length], object_pairs_hook=distinct)
    if not isinstance(header, dict):
        raise ValueError("its header is no object of JSON")
    metadata = header.pop("__metadata__", {})
    unknown = {part["dtype"] for part in header.values()} - NAMES.keys()
    if unknown:
        raise ValueError(f"it holds {min(unknown)}, of which NumPy has no numbers")
    safetensors = import_safetensors()
    try:
        entries = safetensors.deserialize(content)  # which checks every offset
    except safetensors.SafetensorError as error:
        raise ValueError(str(error)) from None
    arrays = {name: entry_array(part) for name, part in entries}
    text = str(metadata.get(TEXT, ""))
    if {CHECKSUM, TEXT} & metadata.keys() and metadata.get(CHECKSUM) != checksum(arrays, text):
        raise ValueError("its numbers are not those that were saved: the checksum differs")
    return arrays, text


def distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the dict that JSON pairs are. Raises ValueError for a name that stands there twice."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands there twice")
    return found


def entry_array(part: dict[str, Any]) -> Array:
    """Return an entry as an array; bfloat16, which is the upper half of float32, becomes float32."""
    flat = np.frombuffer(part["data"], np.dtype(NAMES[part["dtype"]]).newbyteorder("<"))
    if part["dtype"] == "BF16":
        flat = (flat.astype(np.uint32) << 16).view(np.float32)
    if part["dtype"] == "BOOL" and (flat.view(np.uint8) > 1).any():
        raise ValueError("a truth value is neither 0 nor 1")
    return flat.reshape(part["shape"]).astype(flat.dtype.newbyteorder("="), copy=False)
