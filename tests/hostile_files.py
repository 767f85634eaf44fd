"""Files and texts that readers are handed, and accidents that happen to them: for a slice in the suite and a long run.

A reader may give what it read, or raise an error that is meant for the user; it may not crash, hang, run anything, or
allocate more than the file is long and a megabyte.
"""

import gzip
import io
import json
import pickletools
import signal
import tracemalloc
import warnings
import zipfile
from contextlib import contextmanager

import numpy as np
from test_files import FORMS, small
from torch_of_files import STATE, TRAINING

import tinygrad_edu as tg
from tinygrad_edu.check.homework.program import LearnerProgram
from tinygrad_edu.classroom.grade import read_marks as read_marks
from tinygrad_edu.classroom.pad import grade_sheet
from tinygrad_edu.data.mnist import read_idx
from tinygrad_edu.errors import CheckpointError, TinygradEduError
from tinygrad_edu.io.torch_pickle import STEPS
from tinygrad_edu.symbolic.parser import assignments, parse

SPARE = 1 << 20  # bytes that a reader may allocate beyond the length of its file
SECONDS = 5.0  # that reading a small file may take

HOMEWORK = "import numpy as np\nW = np.ones((2, 2))\nloss = (W ** 2).sum()\ndW = 2 * W  # π\n"
NOTEBOOK = json.dumps({"cells": [{"cell_type": "code", "source": HOMEWORK.splitlines(keepends=True)}], "nbformat": 4})
SHEET = "# L = (w*x - y)**2\ne = w*x - y\ndL/dw = 2*e*x\n# note\ndL/dx = 2*e*w\n"
MARK = {"submission": "a", "mark": 1.0, "status": "right", "exercise": "", "seed": 1, "right": ["w"], "wrong": []}
MARK |= {"line": 3, "kind": "", "mistake": "", "seconds": 1.0, "digest": ""}
MARKS = json.dumps({"submissions": [{"mark": MARK}]})
FORMULAS = [
    r"\frac{w \cdot x}{2} + \sin^2(x_i)",
    "2x² · sin x − e^{-x}",
    "σ'(z)*(a - y)",
    "where(x > 0, x, -x)",
]
IDX = bytes((0, 0, 8, 3)) + np.array([2, 2, 3], ">u4").tobytes() + bytes(range(12))


class Reader:
    """Something that reads: the function, the error that it may raise, and a good file.

    around: makes a file of what is spoilt, so that a checksum on the outside is right, and what lies inside is read.
    words: of the language that the file is written in, which are put in here and there.
    """

    def __init__(self, read, content, suffix="", error=TinygradEduError, exact=False, around=bytes, words=()):
        self.read, self.content, self.suffix, self.error, self.exact = read, content, suffix, error, exact
        self.around, self.words = around, words


def text_of(path):
    """Return a file as a text that somebody may have typed."""
    return path.read_bytes().decode("utf-8", "replace")


# opcodes that a state needs, with small arguments, and some that make pairs of pairs of what is on the stack
OPCODES = [op.code.encode("latin-1") + bytes(2) for op in pickletools.opcodes if op.name in STEPS]
OPCODES += [b"q\x05h\x05\x86", b"h\x05h\x05\x86q\x05" * 40]


def inside(path, name):
    """Return an entry of a zip, and a function that puts another in its place."""
    with zipfile.ZipFile(path) as archive:
        entries = {info.filename: archive.read(info) for info in archive.infolist()}

    def around(content):
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w") as archive:
            for key, kept in entries.items():
                archive.writestr(key, content if key == name else kept)
        return made.getvalue()

    return entries[name], around


def insides(folder):
    """Readers of what a checksum, or the length of a header, keeps spoilt files from reaching."""
    for path in (STATE, TRAINING):
        pickled, around = inside(path, f"{path.stem}/data.pkl")
        yield f"{path.name}, its pickle", Reader(tg.load, pickled, ".pt", CheckpointError, around=around, words=OPCODES)
    np.savez(folder / "array.npz", a=np.arange(12.0).reshape(3, 4).T)
    array, around = inside(folder / "array.npz", "a.npy")
    yield "an array in .npz", Reader(tg.load, array, ".npz", CheckpointError, around=around)
    entries = {"w": ("F64", [2, 3], 48), "b": ("BF16", [4], 8), "t": ("BOOL", [2], 2), "none": ("I32", [2, 0], 0)}
    header, end = {}, 0
    for name, (kind, shape, size) in entries.items():
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [end, end + size]}
        end += size
    text, numbers = json.dumps(header).encode(), bytes(end)

    def whole(content):
        return len(content).to_bytes(8, "little") + content + numbers

    yield "a header of safetensors", Reader(tg.load, text, ".safetensors", CheckpointError, around=whole)


def readers(folder):
    """Every reader, by name."""
    found = {
        f"load{form}": Reader(tg.load, small(form, folder), form, CheckpointError, True) for form in [*FORMS, ".pt"]
    }
    for path in (STATE, TRAINING):
        found[path.name] = Reader(tg.load, path.read_bytes(), ".pt", CheckpointError, True)
    np.savez_compressed(folder / "packed.npz", a=np.arange(6.0), b=np.array([True]))
    found |= insides(folder)
    found["packed.npz"] = Reader(tg.load, (folder / "packed.npz").read_bytes(), ".npz", CheckpointError, True)
    found["IDX"] = Reader(lambda path: read_idx(path, 3), IDX, "", ValueError)
    found["IDX, gzipped"] = Reader(lambda path: read_idx(path, 3), gzip.compress(IDX, mtime=0), ".gz", ValueError)
    found["homework"] = Reader(LearnerProgram.read, HOMEWORK.encode(), ".py")
    found["notebook"] = Reader(LearnerProgram.read, NOTEBOOK.encode(), ".ipynb")
    found["sheet"] = Reader(grade_sheet, SHEET.encode(), ".txt", (TinygradEduError, UnicodeDecodeError))
    found["marks"] = Reader(read_marks, MARKS.encode(), ".json", ())
    for i, text in enumerate(FORMULAS):
        found[f"formula {i}"] = Reader(lambda path: parse(text_of(path), ("x", "y")), text.encode())
    found["values"] = Reader(lambda path: assignments(text_of(path)), b"w=2, x=[1.5, -2e3], y=[[1], [2]]")
    return found


@contextmanager
def watched(seconds=SECONDS):
    """Interrupt what takes too long."""

    def late(*_):
        raise TimeoutError(f"reading takes more than {seconds} s")

    if not hasattr(signal, "SIGALRM"):  # Windows has none
        yield
        return
    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def attempt(reader, path, content, measured=False, times=1):
    """Read a spoilt file; return what was read, or None where it was refused. Everything else is raised.

    Where memory is measured it may be so many times the length of the file, and a megabyte.
    """
    content = reader.around(content)
    path.write_bytes(content)
    if measured:
        tracemalloc.start()
    try:
        with watched(), warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            found = reader.read(path)
    except reader.error:
        found = None
    finally:
        peak = 0
        if measured:
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
    assert peak <= times * len(content) + SPARE, f"{peak:,} bytes for a file of {len(content):,}"
    return found


def spoilt(content, rng, words=()):
    """Return a file after one to four accidents: bytes changed, doubled, taken out, put in, swapped, or cut off."""
    made = bytearray(content)
    for _ in range(rng.randint(1, 4)):
        at, n = rng.randrange(len(made) or 1), rng.randint(1, 8)
        kind = rng.randrange(8 if words else 7)
        if kind == 0:
            made[at : at + 1] = bytes([rng.randrange(256)])
        elif kind == 1:
            made[at:at] = made[at : at + n]
        elif kind == 2:
            del made[at : at + n]
        elif kind == 3:
            made[at:at] = rng.randbytes(n)
        elif kind == 4:
            other = rng.randrange(len(made) or 1)
            made[at : at + n], made[other : other + n] = made[other : other + n], made[at : at + n]
        elif kind == 5:
            made[at : at + 4] = rng.choice((b"\xff" * 4, b"\x7f\xff\xff\xff", b"\x00" * 4, b"\x00\x00\x00\x80"))
        elif kind == 6:
            del made[at + len(made) // 2 :]
        else:
            made[at:at] = rng.choice(words)
    return bytes(made)
