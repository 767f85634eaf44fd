"""What leaves the program: files are whole or as they were, and every stream takes every text."""

import ast
import io
import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.classroom import grade, sheets
from tinygrad_edu.cli import main
from tinygrad_edu.system import files
from tinygrad_edu.train.history import History

PACKAGE = Path(tg.__file__).parent
WRITES = {"write_text", "write_bytes", "savez", "savetxt", "tofile"}
ALLOWED = {
    "system/files.py": "the writer itself",
    "check/homework/process.py": "what a learner's code prints, in a folder that is deleted",
}

# Files ---------------------------------------------------------------------------------------------------------------


def writers(path):
    """The lines of a file that open another one for writing, or write one by themselves."""
    text = path.read_text()
    if not any(word in text for word in ("open(", *WRITES)):
        return
    for call in ast.walk(ast.parse(text)):
        if not isinstance(call, ast.Call):
            continue
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        given = [a.value for a in [*call.args, *(k.value for k in call.keywords)] if isinstance(a, ast.Constant)]
        modes = [set(x) for x in given if isinstance(x, str) and set(x) <= set("rwxabt+")]
        opens = name == "open" and any(mode & set("wxa+") for mode in modes)
        if (opens and "archive" not in ast.unparse(call.func)) or name in WRITES:
            yield call.lineno


def test_files_are_written_in_one_place():
    found = {str(path.relative_to(PACKAGE)) for path in PACKAGE.rglob("*.py") if [*writers(path)]}
    assert found == set(ALLOWED)


def net():
    return nn.Sequential(nn.Linear(3, 4, rng=0), nn.Tanh(), nn.Linear(4, 1, rng=1))


def drawing():
    return tg.draw(tg.Value(2.0, label="x") * 3.0)


def history():
    found = History(net())
    found.epochs = [{"epoch": i, "loss": 1 / (i + 1)} for i in range(100)]
    return found


SAVES = {
    "net.npz": lambda path: tg.save(net(), path),
    "net.safetensors": lambda path: tg.save(net(), path),
    "net.onnx": lambda path: tg.export_onnx(net(), np.ones((1, 3)), path),
    "a.svg": lambda path: drawing().save(path),
    "a.html": lambda path: drawing().save(path),
    "a.tex": lambda path: drawing().save(path),
    "a.dot": lambda path: drawing().save(path),
    "page.html": lambda path: tg.stepper(tg.Value(2.0) * 3.0).save(path),
    "h.csv": lambda path: history().save(path),
    "h.json": lambda path: history().save(path),
    "marks.csv": lambda path: grade.write_csv(
        path, [grade.Mark("a", 1.0, "wrong", "", 1, (), (), 3, "", "é" * 500, 1.0, "")]
    ),
    "neuron.md": lambda path: sheets.write_sheet("neuron", 0, path.parent),
}


@contextmanager
def full_disk(most):
    """Let no file grow beyond `most` bytes, as on a disk that is full."""
    resource = pytest.importorskip("resource", reason="this system limits no files")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("name", SAVES)
def test_a_full_disk_leaves_the_old_file_whole(name, tmp_path):
    if name.endswith((".safetensors", ".onnx")):
        pytest.importorskip(name.split(".")[1])
    path, save = tmp_path / name, SAVES[name]
    save(path)
    for file in tmp_path.iterdir():
        file.chmod(0o640)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    with full_disk(64), pytest.raises(OSError):  # noqa: PT011  # whichever the system says
        save(path)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before
    save(path)
    assert {file.name: file.stat().st_mode & 0o777 for file in tmp_path.iterdir()} == dict.fromkeys(before, 0o640)


@pytest.mark.skipif(os.name == "nt", reason="Windows lets nobody replace a file that another has open")
def test_of_two_that_write_one_file_at_once_the_last_one_wins(tmp_path):
    path = tmp_path / "report.txt"
    texts = ["a" * 100_000, "b" * 100_000]
    both = [threading.Thread(target=lambda t=t: [files.write(path, t) for _ in range(30)]) for t in texts]
    for writer in both:
        writer.start()
    while any(writer.is_alive() for writer in both):
        assert not path.exists() or path.read_text() in texts
    assert path.read_text() in texts
    assert [*tmp_path.iterdir()] == [path]


@pytest.mark.skipif(os.name == "nt", reason="links and pipes as POSIX has them")
def test_a_link_is_followed_a_pipe_is_written_to_and_a_long_name_is_no_trouble(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "file")
    files.write(tmp_path / "link", "a")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_text() == "a"
    read, write = os.pipe()
    files.write(f"/dev/fd/{write}", b"b")
    assert os.read(read, 10) == b"b"
    os.close(read)
    os.close(write)
    files.write(tmp_path / ("ü" * 127), "c")
    assert len(list(tmp_path.iterdir())) == 3
    os.umask(mask := os.umask(0o027))
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o666 & ~os.umask(mask)


# Streams -------------------------------------------------------------------------------------------------------------


@contextmanager
def streams(monkeypatch, encoding):
    """Put streams of an encoding that raises at what it has not in the place of the program's own."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="strict") for _ in range(2))
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", out)
        patch.setattr(sys, "stderr", err)
        yield out, err
        out.flush()
        err.flush()


def commands(folder):
    """A call of every command, some of them failing, with texts beyond ASCII in each."""
    homework = folder / "hömework\x1b[31m.py"
    homework.write_text('W = 2.0\nprint("✓ 🎲")\nloss = W**2\ndW = W\n', "utf-8")
    sheet = folder / "sheet.txt"
    sheet.write_text("∂ ✗\n", "utf-8")
    at = ["--at", "α=2,x=3"]
    yield []
    for form in ("text", "markdown", "latex", "json"):
        yield ["explain", "relu(α*x)", *at, "--format", form]
        yield ["check", "α*x", "--hand", "α = x", "--hand", "x = 2*α", "--format", form]
    yield ["explain", "α\u202e*x\x1b[31m"]
    yield ["check", str(homework)]
    yield ["check", str(folder / "mis\x1bsing\udc80.py")]
    yield ["exercise", "neuron", "-o", str(folder / "übung")]
    yield ["exercise", "nörgel"]
    yield ["grade", str(folder), "-o", str(folder / "märks.csv"), "--seconds", "20"]
    yield ["draw", "relu(α*x)", *at, "-o", str(folder / "grāph.svg")]
    yield ["step", "relu(α*x)", *at, "-o", str(folder / "stęp.html")]
    yield ["live", "relu(α*x)", "-o", str(folder / "łive.html")]
    yield ["pad", "relu(α*x)", "-o", str(folder / "påd.html")]
    yield ["pad", str(sheet)]
    yield ["playground", "-o", str(folder / "пlay.html")]
    engine = folder / "mötor.py"
    engine.write_text('class Array:\n    def __init__(self, data):\n        raise ValueError("ø\x1b[31m")\n', "utf-8")
    yield ["laws", str(engine)]
    yield ["doctor"]


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_every_command_prints_on_every_stream(encoding, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = set()
    for arguments in commands(tmp_path):
        with streams(monkeypatch, encoding) as (out, err):
            status = main(arguments)
        said = (out.buffer.getvalue() + err.buffer.getvalue()).decode(encoding)
        assert status in (0, 1, 2)
        assert said.strip()
        assert said.replace("\n", "").replace("\t", "").isprintable(), arguments
        assert "Traceback" not in said
        done.add(arguments[0] if arguments else "")
    from tinygrad_edu.cli import parser

    assert done == {"", *parser()._subparsers._group_actions[0].choices} - {"demo"}


def command(*arguments, **keywords):
    program = [sys.executable, "-m", "tinygrad_edu", *arguments]
    return subprocess.run(program, capture_output=True, check=False, env=ENVIRONMENT, **keywords)


ENVIRONMENT = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONPATH": str(PACKAGE.parent)}


@pytest.mark.skipif(os.name == "nt", reason="needs a shell")
def test_a_real_process_escapes_and_a_reader_that_goes_away_is_no_error():
    done = command("explain", "relu(w*x)", "--at", "w=2,x=3")
    assert (done.returncode, done.stderr) == (0, b"")
    assert rb"\u2202" in done.stdout
    full = f"{sys.executable} -m tinygrad_edu doctor > /dev/full"
    done = subprocess.run(["sh", "-c", full], capture_output=True, check=False, env=ENVIRONMENT)
    assert done.returncode == 2
    assert done.stderr.decode().splitlines() == ["tinygrad-edu doctor: [Errno 28] No space left on device"]
    gone = f"({sys.executable} -m tinygrad_edu doctor; echo $? >&2) | true"
    done = subprocess.run(["sh", "-c", gone], capture_output=True, check=False, env=ENVIRONMENT)
    assert done.stderr == b"2\n"
