"""Zip archives, checked: every entry is listed once, in a directory that agrees with the archive's end."""

from __future__ import annotations

import os
import zipfile

END, LONG_END = b"PK\x05\x06", b"PK\x06\x06"  # the records at the end of an archive; the second of large ones
EMPTY = 22  # bytes of an archive of nothing
TAIL = 22 + 0xFFFF + 20 + 56  # bytes at most from the first of these records to the end: with a comment, and both long


def entries(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """Return the entries by name. Raises ValueError for two of one name, and where some are not listed."""
    found = {info.filename: info for info in archive.infolist()}
    length = file_length(archive)
    tail = read_at(archive, max(0, length - TAIL), TAIL)
    end = tail.rfind(END)
    count = int.from_bytes(tail[end + 10 : end + 12], "little")
    if count == 0xFFFF:
        end = tail.rfind(LONG_END)
        count = int.from_bytes(tail[end + 32 : end + 40], "little")
    if not len(found) == len(archive.infolist()) == count:
        raise ValueError(f"it says that it holds {count} files, and lists {len(found)} of different names")
    if any(info.compress_size > length for info in found.values()):  # which Python would allocate to read them
        raise ValueError(f"it says that it holds files longer than its own {length:,} bytes")
    if not found and length > EMPTY:
        raise ValueError(f"it says that it holds nothing, and is {length:,} bytes long")
    return found


def file_length(archive: zipfile.ZipFile) -> int:
    """Return how many bytes long an archive is."""
    assert archive.fp is not None
    return archive.fp.seek(0, os.SEEK_END)


def read_at(archive: zipfile.ZipFile, place: int, length: int) -> bytes:
    """Return some bytes of an archive as they stand in the file."""
    assert archive.fp is not None
    archive.fp.seek(place)
    return archive.fp.read(length)
