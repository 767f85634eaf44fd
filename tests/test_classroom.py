"""Exercises differ by seed and can be solved; grading tells right, wrong and where, and survives the rest."""

import csv
import json
import os

import pytest

from tinygrad_edu.check.homework.check import check_program
from tinygrad_edu.check.homework.program import LearnerProgram
from tinygrad_edu.classroom.exercises import EXERCISES, ExerciseError
from tinygrad_edu.classroom.grade import grade, read_marks, submissions
from tinygrad_edu.classroom.sheets import exercise_of, exercise_of_file, reference_code, stub, write_sheet
from tinygrad_edu.cli import main

SOLUTIONS = {
    "golfer": """\
    return {"w": np.mean(2 * (cache["distance"] - y) * X, keepdims=True)}""",
    "single-neuron": """\
    δ = 2 * (cache["a"] - y) * cache["a"] * (1 - cache["a"])
    return {"w1": δ * X[0], "w2": δ * X[1], "b": δ}""",
    "used-twice": """\
    du = 2 * (cache["out"] - y) * (2 * cache["u"] + 3)
    return {"w": du * X, "b": du}""",
    "two-paths": """\
    dz = (cache["out"] - y) * (2 * cache["a"] + 1) * (1 - cache["a"] ** 2) / len(y)
    return {"w": X.T @ dz, "b": dz.sum(keepdims=True)}""",
    "neuron": """\
    dz = (cache["a"] - y) * cache["a"] * (1 - cache["a"]) / len(y)
    return {"w": X.T @ dz, "b": dz.sum(keepdims=True)}""",
    "two-layers": """\
    dz2 = cache["p"].copy()
    dz2[np.arange(len(y)), y] -= 1
    dz2 /= len(y)
    dz1 = dz2 @ params["W2"].T * (cache["z1"] > 0)
    return {"W1": X.T @ dz1, "b1": dz1.sum(axis=0), "W2": cache["a1"].T @ dz2, "b2": dz2.sum(axis=0)}""",
    "columns": """\
    m = X.shape[1]
    dZ2 = (cache["A2"] - y) / m
    dZ1 = params["W2"].T @ dZ2 * (1 - cache["A1"] ** 2)
    dW2 = dZ2 @ cache["A1"].T + cache["penalty"] / m * params["W2"]
    dW1 = dZ1 @ X.T + cache["penalty"] / m * params["W1"]
    return {"W1": dW1, "b1": dZ1.sum(1, keepdims=True), "W2": dW2, "b2": dZ2.sum(1, keepdims=True)}""",
    "normalisation": """\
    dout = (cache["out"] - y) / y.size
    dnormal = dout * params["gamma"]
    mixed = (dnormal * cache["normal"]).mean(axis=0)
    dz = (dnormal - dnormal.mean(axis=0) - cache["normal"] * mixed) / cache["std"]
    return {"W": X.T @ dz, "gamma": (dout * cache["normal"]).sum(axis=0), "beta": dout.sum(axis=0)}""",
    "recurrent": """\
    grads = {name: np.zeros_like(p) for name, p in params.items()}
    dout = cache["out"] - y
    grads["V"] = np.outer(dout, cache["h"][-1])
    dh = params["V"].T @ dout
    for t in reversed(range(len(X))):
        dz = dh * (1 - cache["h"][t + 1] ** 2)
        grads["Wx"] += np.outer(dz, X[t])
        grads["Wh"] += np.outer(dz, cache["h"][t])
        grads["b"] += dz
        dh = params["Wh"].T @ dz
    return grads""",
}


def solved(name, seed, old="", new=""):
    assert not old or SOLUTIONS[name].count(old) == 1
    return stub(name, seed).replace(
        '    raise NotImplementedError("to be filled in")', SOLUTIONS[name].replace(old, new)
    )


@pytest.mark.parametrize("name", EXERCISES)
@pytest.mark.parametrize("seed", [0, 7])
def test_every_exercise_can_be_solved(name, seed):
    text = solved(name, seed)
    assert exercise_of(text) == (name, seed)
    program = LearnerProgram(text, "x.py").with_appendix(reference_code(name, seed))
    report = check_program(program, "graded")
    assert report.right, report.text()
    assert set(report.parameters) == set(EXERCISES[name].parameters)


def test_numbers_differ_by_seed_and_a_sheet_says_its_seed(tmp_path):
    sheets = [write_sheet("two-layers", seed, tmp_path / str(seed)) for seed in (1, 2)]
    first, second = ([path.read_text() for path in paths] for paths in sheets)
    assert first != second
    assert [path.suffix for path in sheets[0]] == [".md", ".html", ".py"]
    assert all("seed 1" in text for text in first)
    assert first == [path.read_text() for path in write_sheet("two-layers", 1, tmp_path / "again")]


def test_work_is_never_overwritten(tmp_path):
    *_, path = write_sheet("neuron", 1, tmp_path)
    path.write_text(solved("neuron", 1))
    with pytest.raises(ExerciseError, match="work"):
        write_sheet("neuron", 1, tmp_path)
    assert path.read_text() == solved("neuron", 1)
    with pytest.raises(ExerciseError, match="two-layers"):
        write_sheet("nothing", 1, tmp_path)


def test_a_submission_is_judged_against_the_reference(tmp_path, capsys):
    path = tmp_path / "neuron.py"
    text = solved("neuron", 3).replace("0.5 * np.mean", "0.25 * np.mean").replace("/ len(y)", "/ len(y) / 2")
    path.write_text(text)
    assert main(["check", str(path)]) == 1  # right for its own loss, not for the one that was set
    assert "✗ w" in capsys.readouterr().out


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="limits of processes are POSIX's")
@pytest.mark.parametrize(
    ("name", "encode"),
    [
        ("mark.py", lambda text: b"\xef\xbb\xbf" + text.encode()),
        ("declared.py", lambda text: ("# -*- coding: cp1252 -*-\n" + text.replace("…", "Größe")).encode("cp1252")),
        ("lines.PY", lambda text: text.replace("\n", "\r\n").encode()),
        ("cells.ipynb", lambda text: json.dumps({"cells": [{"cell_type": "code", "source": [text]}]}).encode()),
    ],
)
def test_a_submission_is_read_as_python_reads_it(name, encode, tmp_path):
    text = stub("golfer", 3)
    (tmp_path / name).write_bytes(encode(text))
    assert exercise_of_file(tmp_path / name) == ("golfer", 3)
    assert submissions(tmp_path) == [tmp_path / name]
    assert LearnerProgram.read(tmp_path / name).text.replace("Größe", "…").endswith(text)


def test_a_class_is_graded(tmp_path, capsys):
    folder, out = tmp_path / "class", tmp_path / "marks.csv"
    wrong = solved("two-layers", 4, '* (cache["z1"] > 0)', "")
    for name, text in {
        "ada/work.py": solved("two-layers", 4),
        "bob.py": wrong,
        "cyd.py": stub("two-layers", 4),
        "dan.py": "import time\nwhile True: time.sleep(1)",
        "eve.py": "import os\nos._exit(0)",
        "=fay.py": solved("neuron", 1, "return {", "return {}\n    return {"),
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert main(["grade", str(folder), "-o", str(out), "--seconds", "8", "--jobs", "2"]) == 0
    assert "right: 1\nwrong: 1\nunusable: 4" in capsys.readouterr().out
    with out.open(newline="") as source:
        rows = {row["submission"]: row for row in csv.DictReader(source)}
    assert rows["ada/work.py"]["mark"] == "100.0"
    assert rows["bob.py"]["mark"] == "50.0"
    line = wrong[: wrong.index("dz1 =")].count("\n") + 1
    assert rows["bob.py"]["line"] == str(line)
    assert rows["bob.py"]["kind"] == "the derivative of a ReLU"
    assert rows["cyd.py"]["kind"] == "not filled in"
    assert rows["dan.py"]["kind"] == "does not end"
    assert rows["eve.py"]["mark"] == "0"
    assert "'=fay.py" in rows
    page = out.with_suffix(".html").read_text()
    assert "6 submissions" in page
    assert "not filled in" in page
    results = json.loads(out.with_suffix(".json").read_text())["submissions"]
    assert [test["score"] for test in results[2]["tests"]] == [25.0, 25.0, 0, 0]


def test_grading_goes_on_where_it_was(tmp_path):
    folder, out = tmp_path / "class", tmp_path / "marks.csv"
    folder.mkdir()
    for k in range(2):
        (folder / f"s{k}.py").write_text(solved("neuron", k))
    seen = []
    grade(folder, out, jobs=1, progress=lambda done, count, name: seen.append(name))
    (folder / "s1.py").write_text(solved("neuron", 5, "* (1 - cache", "* (2 - cache"))
    marks = grade(folder, out, jobs=1, progress=lambda done, count, name: seen.append(name))
    assert seen == ["s0.py", "s1.py", "s1.py"]
    assert [mark.status for mark in marks] == ["right", "wrong"]
    assert read_marks(out.with_suffix(".json")) == marks
