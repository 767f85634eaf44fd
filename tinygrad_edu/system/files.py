"""The one way in which this package writes files: wholly or not at all; and folders for what programs leave behind.

Knows no format.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

DELETING = 10.0  # seconds that it may take to delete a scratch folder, into which somebody may still be writing


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
    if not path.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path.parent))
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


@contextlib.contextmanager
def scratch_folder(prefix: str) -> Iterator[Path]:
    """Give a temporary folder, and delete it afterwards with whatever a program has put there."""
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    try:
        yield folder
    finally:
        with contextlib.suppress(OSError):
            delete_folder(folder)


def delete_folder(folder: Path) -> None:
    """Delete a folder. Raises OSError where that fails, or takes longer than `DELETING`.

    It may be deeper than a path may be long and than Python recurses: so what lies in its folders is brought up,
    level by level, until nothing lies in any. No link is followed.
    """
    end = time.monotonic() + DELETING
    os.chmod(folder, stat.S_IRWXU)
    while entries := [*os.scandir(folder)]:
        for entry in entries:
            if time.monotonic() > end:
                raise TimeoutError(f"{folder} cannot be deleted in {DELETING:g} s")
            if not entry.is_dir(follow_symlinks=False):
                os.unlink(entry)
                continue
            os.chmod(entry, stat.S_IRWXU)
            for inner in [*os.scandir(entry)]:
                if inner.is_dir(follow_symlinks=False):
                    os.chmod(inner, stat.S_IRWXU)  # a folder that may not be written to cannot be moved
                    os.rename(inner, folder / secrets.token_hex(8))
                else:
                    os.unlink(inner)
            os.rmdir(entry)
    os.rmdir(folder)


def read_regular(path: Path, most: int) -> bytes:
    """Return at most so many bytes of a file that a program may have put there. Raises OSError for links and pipes."""
    flags = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)  # to open a pipe would wait for a writer
    with open(path, "rb", opener=lambda path, usual: os.open(path, usual | flags)) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(f"{path} is no file")
        return file.read(most)
