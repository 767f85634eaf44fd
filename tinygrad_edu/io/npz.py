"""NumPy's .npz format without pickles, with a limit to what an archive may unpack to."""

from __future__ import annotations

import io
import math
import zipfile
from typing import Any

import numpy as np

from ..core.types import Array
from ..errors import CheckpointError
from . import pieces, zips

TEXT = "__tree__"  # the name of the entry that describes a nested checkpoint
PACKED = 1 << 30  # bytes to which all compressed entries together may unpack


def dumped(arrays: dict[str, Array], text: str) -> bytes:
    """Return a file of arrays, uncompressed, and of a text."""
    file = io.BytesIO()
    for name in arrays:
        if name == TEXT or "\0" in name:
            raise CheckpointError(f"save: an .npz cannot hold an array called {name!r:.60}: choose another name")
    if text:
        arrays = {**arrays, TEXT: np.frombuffer(text.encode(), np.uint8)}
    with zipfile.ZipFile(file, "w") as archive:
        for name, x in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as entry:
                np.lib.format.write_array(entry, x, allow_pickle=False)
    return file.getvalue()


def loaded(archive: zipfile.ZipFile) -> tuple[dict[str, Array], str]:
    """Return arrays by name and the text of a file. Raises ValueError for anything odd."""
    entries = zips.entries(archive).values()
    stored = sum(entry.file_size for entry in entries if entry.compress_type == zipfile.ZIP_STORED)
    packed = sum(entry.file_size for entry in entries if entry.compress_type != zipfile.ZIP_STORED)
    if stored > zips.file_length(archive) or packed > PACKED:
        raise ValueError(f"its entries say that they hold {stored + packed:,} bytes, more than such a file may")
    arrays = {}
    for entry in entries:
        if not entry.filename.endswith(".npy"):
            raise ValueError(f"{entry.filename!r:.60} is no array")
        with archive.open(entry) as file:
            arrays[entry.filename[:-4]] = read_array(file, entry)
    text = arrays.pop(TEXT, None)
    return arrays, "" if text is None else text.tobytes().decode()


def read_array(file: Any, entry: zipfile.ZipInfo) -> Array:
    """Return one array: its header is read first, and must say what the entry's size says."""
    version = np.lib.format.read_magic(file)
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    if version not in readers:
        raise ValueError(f"{entry.filename!r:.60} is of version {version}")
    shape, fortran, dtype = readers[version](file)
    if dtype.hasobject or dtype.kind not in "biufc":
        raise ValueError(f"{entry.filename!r:.60} holds {dtype}, and only numbers are read")
    rest = entry.file_size - file.tell()
    if math.prod(shape) * dtype.itemsize != rest:
        raise ValueError(f"{entry.filename!r:.60} says that its shape is {shape}, and holds {rest} bytes")
    flat = np.empty(math.prod(shape), dtype)
    pieces.fill(file, flat, entry.filename)
    pieces.end(file, entry.filename)
    found = flat.reshape(shape[::-1]).T if fortran else flat.reshape(shape)
    return np.asarray(found, dtype.newbyteorder("="), order="C")
