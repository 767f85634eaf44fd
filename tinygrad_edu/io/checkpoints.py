"""`tg.save` and `tg.load`: arrays by name, in the format that the file's suffix or its first bytes tell."""

from __future__ import annotations

import errno
import io
import struct
import tokenize
import zipfile
import zlib
from pathlib import Path
from typing import Any, BinaryIO

from ..errors import CheckpointError
from ..errors.where import users_line
from ..system import files
from . import npz, tensors, torch_pickle, trees

# Whatever a broken file makes a reader raise; everything else is a fault of ours and passes as it is.
BROKEN = (
    ValueError, KeyError, IndexError, TypeError, AttributeError, EOFError, OverflowError, RecursionError, MemoryError,
    NotImplementedError, RuntimeError, SyntaxError, struct.error, zlib.error, zipfile.BadZipFile, tokenize.TokenError,
)  # fmt: skip
KINDS = {  # of files that people hand over by mistake, by how they begin
    b"\x93NUMPY": "one array of NumPy's: read it with numpy.load",
    b"<!": "a page: a download may have gone wrong", b"<html": "a page", b"<?xml": "XML",
    b"\x89PNG": "a picture", b"\xff\xd8\xff": "a picture", b"GIF8": "a picture", b"%PDF": "a PDF",
    b"\x1f\x8b\x08": "packed by gzip", b"7z\xbc\xaf": "packed by 7-Zip", b"\x89HDF": "HDF5, as Keras writes it",
    b"version https://git-lfs": "a pointer of Git LFS: fetch the file itself with git lfs pull",
}  # fmt: skip
PYTORCHS = (".pt", ".pth")
START = 64  # bytes that tell what a file is


def save(what: Any, path: str | Path) -> None:
    """Write the numbers of a net, or of a dict, to a file: .npz, or safetensors for any other ending.

    what: a module, of which its state_dict is meant, or a dict of arrays by name; also nested dicts and lists with
    numbers and texts, as checkpoints are. The file is written under another name first, so that it is whole or as it
    was. Raises CheckpointError for what cannot be saved, ImportError where the library is missing.
    """
    what = what.state_dict() if hasattr(what, "state_dict") else what
    if not isinstance(what, dict):
        raise CheckpointError(f"save: give a module or a dict, not {what!r:.60} (at {users_line()})")
    if Path(path).suffix.lower() in PYTORCHS:
        raise CheckpointError(
            f"save: {Path(path).suffix} is PyTorch's own format, which is read here and not written: end the path in "
            f".safetensors, which PyTorch's users load with safetensors.torch, or in .npz (at {users_line()})"
        )
    arrays, text = trees.flattened(what)
    form = npz if Path(path).suffix == ".npz" else tensors
    try:
        content = form.dumped(arrays, text)
    except UnicodeEncodeError as error:  # half of a character of UTF-16
        raise CheckpointError(f"save: a name cannot be written: {error} (at {users_line()})") from None
    files.write(path, content)


def load(path: str | Path) -> Any:
    """Return what `save` wrote, or the numbers in another program's .safetensors, .npz, or PyTorch's .pt.

    Nothing in the file is run: a .pt is read without unpickling. bfloat16 becomes float32. Raises CheckpointError for
    a file that is broken, or holds anything but numbers by name.
    """
    if Path(path).is_dir():
        raise CheckpointError(f"load: {path} cannot be read: it is a folder (at {users_line()})")
    with Path(path).open("rb") as opened:
        file = opened if opened.seekable() else io.BytesIO(opened.read())  # a pipe is read but once
        start = file.read(START)
        try:
            return parsed(file, start)
        except (*BROKEN, OSError) as error:
            if isinstance(error, OSError) and error.errno != errno.EINVAL:  # which is to read at a place no file has
                raise
            said = other_kind(start) or str(error) or type(error).__name__
            raise CheckpointError(f"load: {path} cannot be read: {said:.300} (at {users_line()})") from None


def other_kind(start: bytes) -> str:
    """Say what a file is that is no checkpoint; "" where it does not look like anything else."""
    if len(start) < 8:
        return f"it is {'empty' if not start else f'{len(start)} bytes long'}"
    return next((f"it is {kind}" for begins, kind in KINDS.items() if start.startswith(begins)), "")


def parsed(file: BinaryIO, start: bytes) -> Any:
    """Return the numbers in a file, which begins so; they are read piece by piece, into their arrays."""
    if start.startswith(b"PK"):
        with zipfile.ZipFile(file) as archive:
            if any(name.endswith("/data.pkl") for name in archive.namelist()):
                return torch_pickle.Reader(archive).read()
            return trees.restored(*npz.loaded(archive))
    if start[:1] == b"\x80":
        raise ValueError("it is a bare pickle, which may run anything: save it anew with torch.save of PyTorch 1.6 on")
    return trees.restored(*tensors.loaded(file))
