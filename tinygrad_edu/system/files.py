"""The one way in which this package writes files: wholly or not at all. Knows no format."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path


def write(path: str | os.PathLike[str], content: str | bytes) -> None:
    """Write `content`, a text as UTF-8; should the process die or the disk be full, the old file is there, or the new.

    The content goes under another name in the same folder first, to the disk, and is then given the name of the file.
    A link is followed. What is no file, like /dev/stdout or a pipe, is written to as it is. Raises OSError.
    """
    content = content.encode("utf-8", "backslashreplace") if isinstance(content, str) else content
    path = Path(path)
    if path.exists() and not path.is_file() and not path.is_dir():
        path.write_bytes(content)
        return
    path = Path(os.path.realpath(path))
    temporary = path.with_name(f".{path.name[:40]}.{secrets.token_hex(4)}.part")
    try:
        with open(temporary, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            os.chmod(temporary, path.stat().st_mode & 0o777)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    with contextlib.suppress(OSError):  # where a folder can be opened, as on POSIX, its new entry is made to last too
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
