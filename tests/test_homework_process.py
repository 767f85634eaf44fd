"""A learner's code runs in a process of its own: a fault costs itself only, and is told."""

import json
import os
import sys
import time
from unittest import mock

import numpy as np
import pytest
from homework import TWO_LAYERS, changed

import tinygrad_edu as tg
from tinygrad_edu.check.homework import child
from tinygrad_edu.check.homework.process import checked_in_child
from tinygrad_edu.check.homework.program import HomeworkError
from tinygrad_edu.cli import main


def test_functions_are_checked_where_they_are():
    scale = 3.0

    def loss(w=np.array([1.0, -2.0]), x=np.array([0.5, 1.5])):  # noqa: B008  # an example value
        return scale * np.sum((w * x) ** 2), {"w": scale * 2 * w * x}

    report = tg.check_code(loss)
    assert not report.right
    assert report.mend is not None
    assert not report


def test_the_command_prints_the_contract(tmp_path, capsys):
    wrong, line = changed(TWO_LAYERS, "db2 = ds.sum(axis=0)", "db2 = ds.sum(axis=1)[:3]")
    for text, status in ((TWO_LAYERS, 0), (wrong, 1)):
        path = tmp_path / "homework.py"
        path.write_text(text)
        assert main(["check", str(path), "--format", "json"]) == status
        report = json.loads(capsys.readouterr().out)
        assert report["right"] is (status == 0)
        assert {"right", "line", "parameters", "mistake", "mend"} <= set(report)
        assert set(report["parameters"]) == {"W1", "b1", "W2", "b2"}
    assert report["line"] == line
    assert main(["check", str(path), "--function", "net"]) == 1
    assert main(["check", str(path), "--function", "nothing"]) == 2
    assert main(["check", str(tmp_path / "none.py")]) == 2


def test_a_notebook_is_checked_cell_by_cell(tmp_path):
    head, body = TWO_LAYERS.split("\n\n\n")
    wrong = body.replace("dh = ds @ W2.T", "dh = -ds @ W2.T")
    sources = [["%matplotlib inline\n", *head.splitlines(True)], "# text", wrong]
    kinds = ["code", "markdown", "code"]
    cells = [{"cell_type": kind, "source": source} for kind, source in zip(kinds, sources, strict=True)]
    path = tmp_path / "homework.ipynb"
    path.write_text(json.dumps({"cells": cells}))
    report = tg.check_code(path)
    assert (report.cell, report.line) == (2, wrong[: wrong.index("dh = ")].count("\n") + 1)
    assert "code cell 2" in report.text()


HOSTILE = {
    "while True: pass": "still running",
    "input('name?')": "asks for input at line 1",
    "import os\nos._exit(0)": "ended the process",
    "raise ValueError('no such data')": "fails at line 1: ValueError: no such data",
    "import sys\nsys.exit(0)": "ends the program at line 2",
    "x = bytearray(1 << 40)": "more memory",
    "def f(x)\n    pass": "no Python",
    "x = 1": "nothing to check",
    "open('/dev/full', 'w').write('x' * 100000)": "fails at line 1",
}


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="limits of processes are POSIX's")
@pytest.mark.parametrize("text", HOSTILE)
def test_code_that_cannot_be_checked_is_told_why(text, tmp_path):
    path = tmp_path / "homework.py"
    path.write_text(text)
    with pytest.raises(HomeworkError, match=HOSTILE[text]):
        checked_in_child(path, "", 0, seconds=1 if "while" in text else 20)


@pytest.mark.parametrize(
    "text", [text for text in HOSTILE if "fails" in HOSTILE[text] or "exit" in text or "def" in text]
)
def test_the_child_answers_with_what_went_wrong(text, tmp_path, monkeypatch):
    path, left = tmp_path / "homework.py", []
    path.write_text(text.replace("os._exit(0)", "sys.exit()").replace("import os", "import sys"))
    request = {"path": str(path), "function": "", "seed": 0, "appendix": ""}
    asked: dict[int, tuple[int, int]] = {}
    monkeypatch.setattr(child.os, "_exit", left.append)
    monkeypatch.setattr("resource.setrlimit", asked.__setitem__)
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.setattr(sys, "argv", [])
    limits = {"seconds": 3.0, "memory": 1 << 31, "written": 1 << 20, "answer": str(tmp_path / "answer.json")}
    child.main([json.dumps(request | limits)])
    assert json.loads((tmp_path / "answer.json").read_text()) == child.answer(request)
    assert left == [0]
    assert (sys.path, sys.argv) == ([str(tmp_path)], [str(path)])
    assert {(4, 4), (1 << 31, 1 << 31), (1 << 20, 1 << 20), (0, 0)} <= set(asked.values())


def test_limits_that_a_system_refuses_or_lacks_are_done_without(monkeypatch):
    request, asked = {"seconds": 3.0, "memory": 1 << 31, "written": 1 << 20}, []

    def refuse(kind, limits):
        asked.append(kind)
        raise ValueError(limits)

    monkeypatch.setattr("resource.setrlimit", refuse)
    child.limit(request)
    assert len(asked) == 6
    monkeypatch.setitem(sys.modules, "resource", None)
    child.limit(request)
    assert len(asked) == 6


def test_the_child_answers_with_a_report(tmp_path):
    path = tmp_path / "homework.py"
    path.write_text("w = 2.0\n\n\ndef f(w):\n    return g(w), 3 * w**2\n")
    request = {"path": str(path), "function": "f", "seed": 0, "appendix": "def g(w):\n    return w**3\n"}
    assert child.answer(request)["report"]["right"] is True
    error = child.answer({**request, "appendix": ""})["error"]
    assert error == "homework.py fails at line 5: NameError: name 'g' is not defined"
    path.write_text("raise MemoryError")
    assert "needs more memory than it may have at line 1" in child.answer(request)["error"]
    path.write_text("input()")
    with mock.patch("builtins.input", side_effect=EOFError):
        assert "asks for input at line 1" in child.answer(request)["error"]


ANSWERS = """import json, os, pathlib, sys
pathlib.Path(json.loads(sys.orig_argv[-1])["answer"]).write_text("""


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="limits of processes are POSIX's")
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", "ended by SIGKILL: it was killed, as for want"),
        ("import os, signal\nos.kill(os.getpid(), signal.SIGTERM)", "ended by SIGTERM"),
        ("import os\nprint('so far')\nos._exit(3)", "ended with status 3\nIts output ends:\nso far"),
        (
            ANSWERS + "'{\"report\": []}')\nos._exit(0)",
            "wrote an answer in the place of the checker's",
        ),
        (
            ANSWERS + "'[]')\nos._exit(0)",
            "ended the process",
        ),
    ],
)
def test_a_process_that_gives_no_answer_is_told_how_it_ended(text, said, tmp_path):
    path = tmp_path / "homework.py"
    path.write_text(text.replace("print('so far')", "print('so far', flush=True)"))
    with pytest.raises(HomeworkError, match=said):
        checked_in_child(path, "", 0, seconds=20)


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="limits of processes are POSIX's")
def test_what_it_starts_is_ended_with_it(tmp_path):
    path, beat = tmp_path / "homework.py", tmp_path / "beat"
    parent = "while True: time.sleep(1)"
    child = f"open({str(beat)!r}, 'w').write(str(time.time()))\n        time.sleep(0.02)"
    path.write_text(f"import os, time\nif os.fork() == 0:\n    while True:\n        {child}\n{parent}\n")
    with pytest.raises(HomeworkError, match="still running"):
        checked_in_child(path, "", 0, seconds=6)
    last = beat.read_text()
    time.sleep(0.2)
    assert beat.read_text() == last


def test_output_plots_and_files_do_no_harm(tmp_path):
    path = tmp_path / "homework.py"
    path.write_text("print('x' * 1000000)\n" + TWO_LAYERS + "\nprint(net(**params, X=X, y=y)[0])\n")
    assert tg.check_code(path).right
    assert path.read_text().startswith("print")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["homework.py"]


def test_a_function_without_a_source_is_refused():
    with pytest.raises(HomeworkError, match="put it into a file"):
        tg.check_code(eval("lambda w=1.0: (w, 1.0)"))
