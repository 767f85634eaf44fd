"""What homework leaves behind is not trusted: its folder, its answer, its output; nor are marks that were spoilt."""

import json
import os
import sys
import tempfile
from dataclasses import asdict, fields
from pathlib import Path

import pytest

from tinygrad_edu.check.homework.process import ANSWER, checked_in_child
from tinygrad_edu.check.homework.program import HomeworkError
from tinygrad_edu.check.homework.report import CodeReport, GradientVerdict
from tinygrad_edu.classroom.grade import Mark, marked, read_marks, write_json
from tinygrad_edu.classroom.sheets import exercise_of
from tinygrad_edu.system import files

posix = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="links, pipes and rights as POSIX has them")

VERDICT = GradientVerdict(1e-9, "right", True, (0, 1), 2.0, 2.0)
REPORT = CodeReport(
    "a.py", "loss", True, {"w": VERDICT}, 3, None, "dw = w", "dw = 2 * w", "words", "a kind", (4,), ("b",)
)
MARK = Mark("a.py", 50.0, "wrong", "neuron", 1, ("w",), ("b",), 3, "a kind", "in words", 0.5, "0123")

LEFT = {  # by a program, in the place of its answer and its output
    "pipes": "os.mkfifo('answer.json'); os.unlink('output.txt'); os.mkfifo('output.txt')",
    "links to what does not end": (
        "os.symlink('/dev/zero', 'answer.json'); os.unlink('output.txt'); os.symlink('/dev/zero', 'output.txt')"
    ),
    "no folder": "shutil.rmtree(os.environ['TMPDIR'])",
    "rights of nobody": "os.makedirs('answer.json/a'); os.chmod('answer.json', 0); os.chmod('.', 0)",
}
FORGED = asdict(REPORT) | {"line": "<script>hit()</script>"}


@posix
@pytest.mark.parametrize("text", LEFT.values(), ids=LEFT)
def test_a_program_that_spoils_its_folder_costs_itself_only(text, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    path = tmp_path / "homework.py"
    start = "import os, shutil\nprint('so far', flush=True)\nos.chdir(os.environ['TMPDIR'])\n"
    path.write_text(f"{start}{text}\nos._exit(3)\n")
    with pytest.raises(HomeworkError, match="ended with status 3\nIts output ends:\nso far"):
        checked_in_child(path, "", 0, seconds=20)
    assert [*tmp_path.iterdir()] == [path], "its folder is left"


@posix
def test_a_forged_report_is_not_shown(tmp_path):
    path = tmp_path / "homework.py"
    text = json.dumps({"report": FORGED})
    path.write_text(f"import os\nopen(os.environ['TMPDIR'] + '/answer.json', 'w').write({text!r})\nos._exit(0)\n")
    mark = marked("homework.py", path, 20.0)
    assert (mark.status, mark.line) == ("unusable", None)
    assert "in the place of the checker's" in mark.mistake


WRONG = ["<b>", None, True, 1, 0.5, float("nan"), [], [None], {}, {"w": 1}, [["w"]]]  # data of every kind of JSON


def kind_of(x):
    """What a field of JSON is, as far as a reader may see it."""
    return {int: float, list: tuple}.get(type(x), type(x))


@pytest.mark.parametrize("made", [REPORT, VERDICT, MARK], ids=lambda made: type(made).__name__)
def test_data_of_another_type_than_is_declared_is_refused(made, tmp_path):
    def read(data):
        if isinstance(made, Mark):
            (tmp_path / "a.json").write_text(json.dumps({"submissions": [{"mark": data}]}))
            return read_marks(tmp_path / "a.json")[0]
        whole = data if made is REPORT else asdict(REPORT) | {"parameters": {"w": data}}
        found = CodeReport.from_dict(json.loads(json.dumps(whole)))
        return found if made is REPORT else found.parameters["w"]

    assert read(asdict(made)) == made
    refused = 0
    for field in fields(made):
        for wrong in WRONG:
            try:
                found = getattr(read(asdict(made) | {field.name: wrong}), field.name)
            except (KeyError, TypeError, AttributeError, IndexError):
                refused += 1
                continue
            right = getattr(made, field.name)
            assert found is None or found in ((), {}) or kind_of(found) is kind_of(right) or right is None, field.name
            assert found == found, field.name
        with pytest.raises((KeyError, TypeError, IndexError)):
            read({name: x for name, x in asdict(made).items() if name != field.name} | {"more": 1})
    assert refused > 6 * len(fields(made))


@pytest.mark.parametrize("text", ["", "[" * 100_000, "[]", '{"submissions": 1}', '{"submissions": [{"mark": "a"}]}'])
def test_marks_that_cannot_be_read_are_made_anew(text, tmp_path):
    (tmp_path / "a.json").write_text(text)
    assert read_marks(tmp_path / "a.json") == []
    write_json(tmp_path / "a.json", [MARK])
    assert read_marks(tmp_path / "a.json") == [MARK]


def test_a_submission_that_cannot_be_read_has_a_mark_of_its_own(tmp_path):
    mark = marked("gone.py", tmp_path / "gone.py", 1.0)
    assert (mark.status, mark.mark, mark.digest) == ("unusable", 0, "")
    assert "No such file" in mark.mistake
    assert exercise_of(f"# tinygrad-edu exercise: neuron, seed {'9' * 5000}") is None


# Files -------------------------------------------------------------------------------------------------------------


@posix
def test_only_a_file_is_read_and_no_more_of_it_than_it_may_hold(tmp_path):
    (tmp_path / "file").write_bytes(b"12345")
    (tmp_path / "link").symlink_to("file")
    os.mkfifo(tmp_path / "pipe")
    assert files.read_regular(tmp_path / "file", 3) == b"123"
    assert files.read_regular(tmp_path / "file", ANSWER) == b"12345"
    for name in ("link", "pipe", ".", "/dev/zero", "nothing"):
        with pytest.raises(OSError):  # noqa: PT011  # whichever the system says
            files.read_regular(tmp_path / name, 3)


@posix
def test_a_folder_deeper_than_a_path_may_be_long_is_deleted_and_no_link_is_followed(tmp_path, monkeypatch):
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").write_text("kept")
    depth, frame = 0, sys._getframe()
    while frame := frame.f_back:
        depth += 1
    limit = sys.getrecursionlimit()
    with files.scratch_folder("deep-") as folder:
        monkeypatch.chdir(folder)
        for k in range(80):
            os.mkdir("d" * 200)
            os.symlink(tmp_path / "kept", "link")
            Path(f"file {k}").write_text("")
            os.chdir("d" * 200)
        os.chdir(tmp_path)
        sys.setrecursionlimit(depth + 60)
    sys.setrecursionlimit(limit)
    assert not folder.exists()
    assert (tmp_path / "kept" / "file").read_text() == "kept"


def test_a_folder_that_takes_too_long_to_delete_is_left(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(files, "DELETING", -1.0)
    with files.scratch_folder("busy-") as folder:
        (folder / "file").write_text("")
    assert [*folder.iterdir()] == [folder / "file"]
