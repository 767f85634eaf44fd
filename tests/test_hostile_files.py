"""Every reader on a slice of what `campaigns/fuzz_files.py` tries a million times, and on what was found there."""

import random

import pytest
from hostile_files import Reader, attempt, readers, spoilt
from refusing import refuses
from test_files import same

import tinygrad_edu as tg
from tinygrad_edu.check.homework.program import HomeworkError, LearnerProgram
from tinygrad_edu.classroom.pad import grade_sheet
from tinygrad_edu.errors import CheckpointError, FormulaError

pytest.importorskip("safetensors", reason='needs pip install "tinygrad-edu[io]"')
TRIES = 60


@pytest.fixture(scope="module")
def all_readers(tmp_path_factory):
    return readers(tmp_path_factory.mktemp("readers"))


def test_no_reader_crashes_hangs_or_fills_the_memory(all_readers, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    refused = 0
    for name, reader in all_readers.items():
        rng, path = random.Random(name), tmp_path / f"file{reader.suffix}"
        assert attempt(reader, path, reader.content) is not None
        expected = reader.read(path) if reader.exact else None
        for k in range(TRIES):
            found = attempt(reader, path, spoilt(reader.content, rng), measured=k < 3)
            assert not reader.exact or found is None or same(expected, found), name
            refused += found is None
        path.unlink()
    assert refused > TRIES * len(all_readers) / 4
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("name", ["IDX", "IDX, gzipped", "notebook", "homework", "sheet", "marks"])
def test_a_small_file_that_ends_anywhere_is_refused_or_read(all_readers, name, tmp_path):
    reader = all_readers[name]
    for n in range(0, len(reader.content), 1 if name.startswith("IDX") else 5):
        found = attempt(reader, tmp_path / f"file{reader.suffix}", reader.content[:n])
        assert found is None or not name.startswith("IDX")


@pytest.mark.parametrize("text", ["a\0b", "-" * 50_000 + "x", "x" + "+x" * 50_000, "(" * 300], ids=range(4))
def test_homework_that_python_cannot_read_is_said(text, tmp_path):
    with refuses(HomeworkError, "no Python that can be run", line=False):
        LearnerProgram(text, "a.py")
    (tmp_path / "a.ipynb").write_text("[" * 100_000)
    with refuses(HomeworkError, "no notebook", line=False):
        LearnerProgram.read(tmp_path / "a.ipynb")


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
