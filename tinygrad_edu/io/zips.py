"""Zip archives, checked: every entry is listed once, in a directory that agrees with the archive's end."""

from __future__ import annotations

import zipfile

END, LONG_END = b"PK\x05\x06", b"PK\x06\x06"  # the records at the end of an archive; the second of large ones
EMPTY = 22  # bytes of an archive of nothing


def entries(archive: zipfile.ZipFile, content: bytes) -> dict[str, zipfile.ZipInfo]:
    """Return the entries by name. Raises ValueError for two of one name, and where some are not listed."""
    found = {info.filename: info for info in archive.infolist()}
    end = content.rfind(END)
    count = int.from_bytes(content[end + 10 : end + 12], "little")
    if count == 0xFFFF:
        end = content.rfind(LONG_END)
        count = int.from_bytes(content[end + 32 : end + 40], "little")
    if not len(found) == len(archive.infolist()) == count:
        raise ValueError(f"it says that it holds {count} files, and lists {len(found)} of different names")
    if not found and len(content) > EMPTY:
        raise ValueError(f"it says that it holds nothing, and is {len(content):,} bytes long")
    return found
