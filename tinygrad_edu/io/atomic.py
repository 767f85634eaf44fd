"""Writing a file wholly or not at all: under another name first, which is then changed."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path


def write(path: str | Path, content: bytes) -> None:
    """Write `content`; whenever the process dies, the old file or the new one is there, and never a part of one."""
    path = Path(path)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, permissions(path))
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


def permissions(path: Path) -> int:
    """Return the mode of a file that is there, and else what a new file would get."""
    if path.exists():
        return path.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
