"""Every reader on a slice of what `campaigns/fuzz_files.py` tries a million times, and on what was found there."""

import gzip
import io
import json
import random
from contextlib import suppress

import numpy as np
import pytest
from hostile_files import FORMULAS, Reader, attempt, readers, spoilt
from refusing import refuses
from test_files import archive, same, spoilings, tensor

import tinygrad_edu as tg
from tinygrad_edu.check.homework.program import HomeworkError, LearnerProgram
from tinygrad_edu.classroom.pad import grade_sheet
from tinygrad_edu.data.mnist import read_idx
from tinygrad_edu.errors import CheckpointError, FormulaError
from tinygrad_edu.io import pieces, tensors

pytest.importorskip("safetensors", reason='needs pip install "tinygrad-edu[io]"')
TRIES = 50


@pytest.fixture(scope="module")
def all_readers(tmp_path_factory):
    return readers(tmp_path_factory.mktemp("readers"))


def test_no_reader_crashes_hangs_or_fills_the_memory(all_readers, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(pieces, "PIECE", 48)  # bytes, so that arrays are longer than a piece
    refused = 0
    for name, reader in all_readers.items():
        rng, path = random.Random(name), tmp_path / f"file{reader.suffix}"
        assert attempt(reader, path, reader.content) is not None
        expected = reader.read(path) if reader.exact else None
        for k in range(TRIES):
            found = attempt(reader, path, spoilt(reader.content, rng, reader.words), measured=k < 3)
            assert not reader.exact or found is None or same(expected, found), name
            refused += found is None
        path.unlink()
    assert refused > TRIES * len(all_readers) / 4
    assert [*tmp_path.iterdir()] == []


SHORT = [
    "IDX",
    "IDX, gzipped",
    "notebook",
    "homework",
    "marks",
    "values",
    *(f"formula {i}" for i in range(len(FORMULAS))),
]


SAMPLED = {"notebook": 7, "marks": 7, "sheet": 23}  # JSON, whose reader is Python's, and functions that are compared


@pytest.mark.parametrize("name", [*SHORT, "sheet"])
def test_a_short_file_that_ends_anywhere_or_has_any_bit_turned_is_refused_or_read(all_readers, name, tmp_path):
    reader, path = all_readers[name], tmp_path / f"file{all_readers[name].suffix}"
    whole, every = len(reader.content), SAMPLED.get(name, 1)
    for k, content in enumerate(spoilings(reader.content, every)):
        if k % every == 0 or k >= whole:
            found = attempt(reader, path, content)
            assert found is None or k >= whole or not name.startswith("IDX")


# Memory ------------------------------------------------------------------------------------------------------------


def large(form):
    """A good file of two megabytes."""
    x = np.arange(1 << 18, dtype=float)
    if form == "IDX":
        return bytes((0, 0, 8, 3)) + np.array([2, 1024, 1024], ">u4").tobytes() + bytes(2 << 20)
    if form == ".pt":
        count = b"J" + (1 << 18).to_bytes(4, "little")
        pickled = tensor(size=count + b"\x85", stride=b"K\x01\x85", storage=b"ctorch\nDoubleStorage\n", count=count)
        return archive(pickled, **{"0": x.tobytes()})
    file = io.BytesIO()
    if form == ".npz":
        np.savez(file, x=x)
    else:
        file.write(tensors.dumped({"x": x}, ""))
    return file.getvalue()


@pytest.mark.parametrize("form", ["IDX", ".npz", ".safetensors", ".pt"])
def test_reading_takes_no_more_memory_than_is_promised(form, tmp_path):
    read = (lambda path: read_idx(path, 3)) if form == "IDX" else tg.load
    content = large(form)
    reader = Reader(read, content, error=(CheckpointError, ValueError))
    for end in (len(content), len(content) - 1, len(content) // 2):  # whole, and cut short
        found = attempt(reader, tmp_path / "file", content[:end], measured=True)
        assert (found is None) == (end < len(content))


@pytest.mark.parametrize("form", [".npz", ".pt"])
def test_an_archive_that_says_that_a_file_in_it_is_long_takes_no_memory(form, all_readers, tmp_path):
    content = all_readers[f"load{form}"].content
    for at in (20, 24):  # in an entry of the directory: the length as it is packed, and as it was
        promised = bytearray(content)
        place = content.index(b"PK\x01\x02") + at
        promised[place : place + 4] = (1 << 28).to_bytes(4, "little")
        reader = Reader(tg.load, content, error=CheckpointError)
        assert attempt(reader, tmp_path / "file", bytes(promised), measured=True) is None


def test_half_precision_that_numpy_has_not_takes_twice_its_bytes(tmp_path):
    count = 1 << 20
    header = json.dumps({"x": {"dtype": "BF16", "shape": [count], "data_offsets": [0, 2 * count]}}).encode()
    content = len(header).to_bytes(8, "little") + header + b"\x80\x3f" * count
    found = attempt(Reader(tg.load, content), tmp_path / "file", content, measured=True, times=2)
    assert found["x"].dtype == np.float32
    assert (found["x"] == 1.0).all()


def test_tensors_of_one_storage_take_the_memory_of_what_is_returned(tmp_path):
    """Two halves of a storage of two megabytes; and one turned around, for which the storage is kept meanwhile."""
    x = np.arange(1 << 18, dtype=float)
    count, half = (b"J" + n.to_bytes(4, "little") for n in (1 << 18, 1 << 17))
    storage = {"storage": b"ctorch\nDoubleStorage\n", "count": count}
    halves = [tensor(offset=at, size=half + b"\x85", stride=b"K\x01\x85", **storage) for at in (b"K\x00", half)]
    turned = tensor(size=b"M\x00\x02M\x00\x02\x86", stride=b"K\x01M\x00\x02\x86", **storage)
    for pickled, times, expected in (
        (halves, 1, [x[: 1 << 17], x[1 << 17 :]]),
        ([turned], 2, [x.reshape(512, 512).T]),
        ([turned, *halves], 3, [x.reshape(512, 512).T, x[: 1 << 17], x[1 << 17 :]]),
    ):
        content = archive(b"\x80\x02](" + b"".join(p[2:-1] for p in pickled) + b"e.", **{"0": x.tobytes()})
        found = attempt(Reader(tg.load, content), tmp_path / "file", content, measured=True, times=times)
        for array, right in zip(found, expected, strict=True):
            np.testing.assert_array_equal(array, right)
            assert array.flags.c_contiguous
            assert array.flags.writeable


def test_what_the_format_s_own_library_refuses_is_refused(tmp_path):
    """Of files with a spoilt header; and what both read are the same arrays."""
    from safetensors import SafetensorError
    from safetensors.numpy import load, save

    arrays = {"a": np.arange(6.0).reshape(2, 3), "b": np.array([True, False]), "c": np.zeros((2, 0), np.int32)}
    content, rng, refused = save(arrays), random.Random(0), 0
    head = 8 + int.from_bytes(content[:8], "little")
    for _ in range(400):
        made = spoilt(content[8:head], rng)
        whole = len(made).to_bytes(8, "little") + made + content[head:]
        path = tmp_path / "file"
        path.write_bytes(whole)
        try:
            right = load(whole)
        except (SafetensorError, ValueError, TypeError, KeyError):
            refused += 1
            with pytest.raises(CheckpointError):
                tg.load(path)
            continue
        with suppress(CheckpointError):
            found = tg.load(path)
            assert found.keys() == right.keys()
            for name, array in found.items():
                np.testing.assert_array_equal(array, right[name])
    assert refused > 100


@pytest.mark.parametrize("text", ["a\0b", "-" * 50_000 + "x", "x" + "+x" * 50_000, "(" * 300], ids=range(4))
def test_homework_that_python_cannot_read_is_said(text, tmp_path):
    with refuses(HomeworkError, "no Python that can be run", line=False):
        LearnerProgram(text, "a.py")
    (tmp_path / "a.ipynb").write_text("[" * 100_000)
    with refuses(HomeworkError, "no notebook", line=False):
        LearnerProgram.read(tmp_path / "a.ipynb")


@pytest.mark.parametrize("expression", ["2", "()**2", "pi"])
def test_a_sheet_of_a_formula_without_variables_is_refused(expression, tmp_path):
    (tmp_path / "sheet.txt").write_text(f"# L = {expression}\n2*e*x\n")
    with refuses(FormulaError, "has no variable", "L = w*x", line=False):
        grade_sheet(tmp_path / "sheet.txt")


@pytest.mark.parametrize("lengths", [(2, 2, 1 << 26), (1 << 28, 1, 2), (2, 1 << 24, 3)])
@pytest.mark.parametrize("packed", [False, True])
def test_an_idx_header_that_promises_much_takes_no_memory(lengths, packed, tmp_path):
    content = bytes((0, 0, 8, 3)) + np.array(lengths, ">u4").tobytes() + bytes(12)
    path = tmp_path / ("file.gz" if packed else "file")
    reader = Reader(lambda path: read_idx(path, 3), content, error=ValueError)
    content = gzip.compress(content, mtime=0) if packed else content
    assert attempt(reader, path, content, measured=True) is None


def test_a_sheet_whose_lines_double_each_other_is_refused_at_once(tmp_path):
    lines = ["# L = w*x", "a0 = w + w", *(f"a{i + 1} = a{i} + a{i}" for i in range(60)), "dL/dw = a60"]
    (tmp_path / "sheet.txt").write_text("\n".join(lines))
    with refuses(FormulaError, "too many to read", line=False):
        grade_sheet(tmp_path / "sheet.txt")


def test_the_watch_sees_what_takes_too_long_or_too_much(tmp_path):
    """So that nothing above passes because nothing is watched."""
    with pytest.raises(AssertionError, match="bytes for a file of 1"):
        attempt(Reader(lambda _: bytes(1 << 22), b"a"), tmp_path / "a", b"a", measured=True)
    with pytest.raises(ZeroDivisionError):
        attempt(Reader(lambda _: 1 // 0, b"a"), tmp_path / "a", b"a")
    with pytest.raises(CheckpointError):
        tg.load(tmp_path / "a")
