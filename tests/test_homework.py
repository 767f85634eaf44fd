"""`tinygrad-edu check homework.py`: right code is accepted, the first wrong line found, a fault costs itself only."""

import json
import os
import sys
import time
from unittest import mock

import numpy as np
import pytest
from campaigns.homework import campaign
from homework import (
    COLUMNS,
    LAYER_PAIR,
    LAYERS,
    MODEL,
    NETWORK,
    PLACE,
    PLACES,
    PROGRAM,
    RECORDED,
    RECURRENT,
    SCALARS,
    SCRIPT,
    TWO_LAYERS,
)
from homework_writer import sheet

import tinygrad_edu as tg
from tinygrad_edu.check.homework import child, recorder
from tinygrad_edu.check.homework.adapters import tasks_of
from tinygrad_edu.check.homework.check import check_program
from tinygrad_edu.check.homework.differences import step_slope
from tinygrad_edu.check.homework.forward_graph import forward_graph
from tinygrad_edu.check.homework.process import checked_in_child
from tinygrad_edu.check.homework.program import HomeworkError, LearnerProgram
from tinygrad_edu.check.homework.runs import Runs
from tinygrad_edu.check.homework.suspects import backward_lines, by_suspicion
from tinygrad_edu.check.homework.verdict import judge
from tinygrad_edu.cli import main

STYLES = {
    "two layers": TWO_LAYERS, "forward and backward": LAYER_PAIR, "columns": COLUMNS, "a class": NETWORK,
    "a script": SCRIPT, "a recurrent net": RECURRENT, "single numbers": SCALARS, "a model": MODEL,
}  # fmt: skip


def checked(text, function=""):
    return check_program(LearnerProgram(text, "homework.py"), function)


def changed(text, old, new):
    """The text with one of its lines changed, and the number of that line."""
    assert text.count(old) == 1, old
    return text.replace(old, new), text[: text.index(old)].count("\n") + 1


@pytest.mark.parametrize("style", STYLES)
def test_right_homework_is_right(style):
    report = checked(STYLES[style])
    assert report.right, report.text()
    assert report.parameters
    assert max(p.error or 0.0 for p in report.parameters.values()) < 1e-6
    assert not any("could not be recorded" in note for note in report.notes)


@pytest.mark.parametrize(
    ("text", "old", "new"),
    [
        (TWO_LAYERS, "dz1 = dh * (z1 > 0)", "dz1 = dh * (h > 0.3)"),
        (TWO_LAYERS, "    ds /= N\n", "    ds /= 1\n"),
        (TWO_LAYERS, "dW2 = h.T @ ds + 2 * reg * W2", "dW2 = h.T @ ds + reg * W2"),
        (LAYER_PAIR, "np.sum(dout, axis=0)", "np.sum(dout, axis=1)"),
        (LAYER_PAIR, "dw = x.reshape(x.shape[0], -1).T.dot(dout)", "dw = 2 * x.reshape(x.shape[0], -1).T.dot(dout)"),
        (COLUMNS, "(1 - np.power(A1, 2))", "(1 - A1)"),
        (COLUMNS, "dZ2 = A2 - Y", "dZ2 = Y - A2"),
        (NETWORK, "        nabla_b[-1] = delta", "        nabla_b[-1] = delta * 0.5"),
        (NETWORK, "sigmoid_prime(zs[-k])\n            nabla_b[-k]", "sigmoid(zs[-k])\n            nabla_b[-k]"),
        (SCRIPT, "dvar = -0.5 * (var + 1e-5) ** -1.5 * dinv", "dvar = 0.5 * (var + 1e-5) ** -1.5 * dinv"),
        (SCRIPT, "ddiff += 2 * diff / (n - 1) * dvar", "ddiff = 2 * diff / (n - 1) * dvar"),
        (RECURRENT, "dh = np.dot(Why.T, dy) + dhnext", "dh = np.dot(Why.T, dy)"),
        (RECURRENT, "dWhh += np.dot(dhraw, hs[t - 1].T)", "dWhh += np.dot(dhraw, hs[t].T)"),
        (SCALARS, "dz = da * a * (1 - a)", "dz = da * (1 - a)"),
    ],
)
def test_the_wrong_line_is_found_and_mended(text, old, new):
    wrong, line = changed(text, old, new)
    report = checked(wrong)
    assert not report.right
    assert report.line == line, report.text()
    assert report.mend is not None
    rows = wrong.splitlines()
    rows[report.line - 1] = report.mend
    assert checked("\n".join(rows)).right


def test_the_report_shows_both_numbers_and_the_change():
    wrong, line = changed(TWO_LAYERS, "dz1 = dh * (z1 > 0)", "dz1 = dh")
    text = checked(wrong).text()
    assert f"Line {line} is the first that is wrong" in text
    assert "-     dz1 = dh\n" in text
    assert "✓ W2" in text
    assert "✗ W1" in text


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


def test_two_mistakes_are_told_as_two():
    text, first = changed(TWO_LAYERS, "db2 = ds.sum(axis=0)", "db2 = ds.mean(axis=0)")
    text, second = changed(text, "dW1 = X.T @ dz1 + 2 * reg * W1", "dW1 = X.T @ dz1 + reg * W1")
    report = checked(text)
    assert report.line == first
    assert report.kind == "several mistakes"
    assert f"line {second} the gradient by W1 is right" in report.text()


def test_what_cannot_be_recorded_is_judged_by_numbers():
    text = """\
W = np.arange(1.0, 5.0)


def cube(W):
    return sum(float(repr(float(w))) ** 3 for w in W.tolist()), {factor} * W**2
"""
    for factor, right in (("3", True), ("2", False)):
        report = checked("import numpy as np\n" + text.replace("{factor}", factor))
        assert report.right is right
        assert report.line is None
        assert any("could not be recorded" in note for note in report.notes)


def test_a_factor_that_a_later_line_takes_out_does_not_come_first():
    text, line = sheet(506).wrong(17)  # dZ is m times too large, as it should be there; its mask is wrong
    program = LearnerProgram(text, "homework.py")
    module = program.run()
    (task,) = tasks_of(program, module)
    verdict = judge(Runs(program, task, module))
    assert by_suspicion(program, backward_lines(program, verdict))[0].number == line


def test_a_mend_is_right_on_the_other_side_of_a_kink_too():
    text, line = sheet(818).wrong(15)  # so small a net that the first points lie on one side of its ReLU
    report = checked(text)
    assert (report.line, report.mend.strip()) == (line, "dZ[Z <= 0] = 0")


def test_a_forgotten_mean_is_mended_where_no_variable_holds_the_number_of_examples():
    text = """\
import numpy as np

X = np.random.default_rng(0).normal(size=(7, 3))
y = np.linspace(-1, 1, 7)
params = {"w": np.ones(3)}


def loss(params, X, y):
    d = X @ params["w"] - y
    return 0.5 * np.mean(d**2), {"w": X.T @ d}
"""
    report = checked(text)
    assert report.line == 10
    assert "/ len(X)" in report.mend


def test_a_measured_entry_is_named_by_its_own_place():
    text = """\
import numpy as np

W = np.arange(1.0, 401.0).reshape(200, 2)


def cube(W):
    right = 3 * W**2
    right[:, 1] *= 2
    return sum(float(repr(float(w))) ** 3 for w in W.ravel().tolist()), right
"""
    worst = checked(text).parameters["W"]
    assert worst.place[1] == 1
    assert worst.truth == pytest.approx(3 * (2 * worst.place[0] + 2) ** 2, rel=0.3)  # at a point drawn around it


def test_a_function_that_keeps_the_real_part_has_no_complex_step():
    def loss(step):
        return 300.0 + 1e-9 * np.real(step)  # so flat that the differences are mostly rounding

    slope, error = step_slope(loss, 0.0)
    assert error > 1e-9 or slope == pytest.approx(1e-9)


def test_a_kink_seen_from_one_side_only_is_said():
    text = TWO_LAYERS.replace("h = np.maximum(0, z1)", "h = np.maximum(-1e6, z1)").replace("* (z1 > 0)", "")
    report = checked(text)
    assert report.right
    assert any("the other is not tested" in note for note in report.notes)


@pytest.mark.parametrize(
    "relu", ["np.maximum(0, z1)", "z1 * (z1 > 0)", "np.where(z1 > 0, z1, 0)", "np.clip(z1, 0, None)", "z1.clip(min=0)"]
)
def test_a_relu_whose_units_are_all_on_is_tried_where_they_are_off(relu):
    text = TWO_LAYERS.replace('"b1": np.zeros(5)', '"b1": np.full(5, 90.0)').replace("np.maximum(0, z1)", relu)
    assert checked(text).right
    assert not checked(text.replace("dz1 = dh * (z1 > 0)", "dz1 = dh")).right


@pytest.mark.parametrize("style", STYLES)
def test_the_graph_of_a_forward_pass_has_the_gradients_of_its_recording(style):
    program = LearnerProgram(STYLES[style], "homework.py")
    module = program.run()
    for task in tasks_of(program, module):
        recording = Runs(program, task, module).record(task.values)
        graph = forward_graph(recording, list(task.paths))
        assert set(graph.leaves) <= set(task.paths)
        for name, leaf in graph.leaves.items():
            np.testing.assert_allclose(
                graph.run.gradient(graph.run.grads, leaf), recording.truth(name), rtol=1e-9, atol=1e-12
            )


@pytest.mark.parametrize(
    ("shape", "accepted"), [("(4, 1)", True), ("4", False), ("(1, 4)", False), ("(1, 4, 1)", True)]
)
def test_a_shape_that_numpy_makes_fit_is_accepted_and_one_that_it_broadcasts_is_not(shape, accepted):
    text = """\
import numpy as np

b = np.linspace(-1, 1, 4).reshape(4, 1)


def loss(b):
    return np.sum(b**3), (3 * b**2).reshape(shape)
"""
    assert checked(text.replace("shape)\n", f"{shape})\n")).right is accepted


def test_a_gradient_that_was_not_returned_is_said():
    report = checked(TWO_LAYERS.replace(', "b2": db2}', "}"))
    assert report.missing == ("b2",)
    assert "Every gradient that was returned is right; none was returned for b2." in report.text()


def test_a_zero_gradient_is_right_up_to_rounding():
    text = """\
import numpy as np

x = np.random.default_rng(0).normal(size=(6, 3)) * 1e3
b = np.zeros(3)


def centred(b, x):
    z = x + b
    loss = np.sum((z - z.mean(axis=0)) ** 3)
    g = 3 * (z - z.mean(axis=0)) ** 2
    return loss, (g - g.mean(axis=0)).sum(axis=0)
"""
    assert checked(text).right
    assert checked(text.replace("(g - g.mean(axis=0)).sum(axis=0)", "np.zeros(3)")).right
    assert not checked(text.replace("(g - g.mean(axis=0)).sum(axis=0)", "g.sum(axis=0)")).right


def test_a_guard_within_a_logarithm_is_no_mistake():
    report = checked(TWO_LAYERS.replace("np.log(p[range(N), y])", "np.log(p[range(N), y] + 1e-7)"))
    assert report.right, report.text()


def test_a_change_of_another_line_that_does_as_well_is_told():
    text = """\
import numpy as np

rng = np.random.default_rng(0)
x, W, t = rng.normal(size=(6, 4)), rng.normal(size=(4, 3)), rng.normal(size=(6, 3))


def loss(W, x, t):
    z = x @ W
    a = np.tanh(z)
    da = a - t
    dz = da * (1 - a**2)
    dW = x.T @ dz
    return 0.5 * np.sum((a - t) ** 2) / len(x), dW
"""
    report = checked(text)
    others = [note for note in report.notes if "does as well" in note]
    assert report.mend is not None
    assert len(others) == 1
    assert f"line {report.others[0]} " in others[0]
    assert report.line in (10, 11, 12)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("dW[:, y[i]] -= X[i] / n", "dW[:, j] -= X[i] / n"),
        ("dW = dA @ B.T + dB @ A.T", "dW = dA @ A.T + dB @ B.T"),
    ],
)
def test_a_wrong_index_of_a_target_and_names_exchanged_are_mended(right, wrong):
    svm = """\
import numpy as np

rng = np.random.default_rng(2)
X, W, y = rng.normal(size=(6, 4)), rng.normal(size=(4, 3)), np.array([0, 2, 1, 1, 0, 2])


def svm(W, X, y):
    n, loss, dW = len(X), 0.0, np.zeros_like(W)
    for i in range(n):
        s = X[i] @ W
        for j in range(3):
            if j != y[i] and s[j] - s[y[i]] + 1 > 0:
                loss += (s[j] - s[y[i]] + 1) / n
                dW[:, j] += X[i] / n
                dW[:, y[i]] -= X[i] / n
    return loss, dW
"""
    pair = """\
import numpy as np

rng = np.random.default_rng(3)
W, A, B = rng.normal(size=(3, 3)), rng.normal(size=(3, 3)), rng.normal(size=(3, 3))


def two(W, A, B):
    P, Q = W @ A, W @ B
    loss = np.sum(np.sin(P)) + np.sum(Q**3)
    dA, dB = 3 * Q**2, np.cos(P)
    dW = dA @ B.T + dB @ A.T
    return loss, {"W": dW}
"""
    text = svm if right in svm else pair
    assert checked(text).right
    broken, line = changed(text, right, wrong)
    report = checked(broken)
    assert report.line == line, report.text()
    assert report.mend is not None


@pytest.mark.parametrize("what", RECORDED)
def test_what_programs_do_with_arrays_is_recorded(what):
    lines = "; ".join(RECORDED[what])
    name, lines = "F" if "F[" in lines else "W", lines.replace("; ", "\n    ")
    right, wrong = (checked(PROGRAM.format(name=name, lines=lines, factor=factor)) for factor in (1, 2))
    assert right.right, right.text()
    assert not right.notes
    assert not wrong.right
    assert wrong.mend is not None


@pytest.mark.parametrize("case", PLACES)
def test_parameters_and_gradients_are_found_where_programs_keep_them(case):
    line, arguments, result = PLACES[case]
    report = checked(PLACE.format(line=line, arguments=arguments, result=result))
    assert report.right, report.text()
    assert all(p.judged for p in report.parameters.values())


@pytest.mark.parametrize("prefix", ["", "d"])
@pytest.mark.parametrize(("a", "b", "form"), [("[0]", "[1]", "[%s, %s]"), ('["l1"]', '["l2"]', '{"l1": %s, "l2": %s}')])
def test_layers_with_the_same_names_in_them_are_told_apart(a, b, form, prefix):
    layer = '{"W": rng.normal(size=(3, 3)), "b": np.zeros(3)}'
    grads = form % tuple(
        f'{{"{prefix}W": {x}.T @ {d}, "{prefix}b": {d}.sum(axis=0)}}' for x, d in (("X", "dz"), ("h", "d"))
    )
    text = LAYERS.format(params=form % (layer, layer), a=a, b=b, grads=grads)
    assert len(checked(text).parameters) == 4
    assert checked(text).right
    report = checked(text.replace("(1 - h * h)", "(1 - h)"))
    assert report.line == text[: text.index("    dz")].count("\n") + 1
    assert [name for name, p in report.parameters.items() if p.ok] == [
        f'{"params" * (a == "[0]")}{b}["{x}"]'.replace('["l2"][', "l2[") for x in "Wb"
    ]


COSTS = """class {name}:
    @staticmethod
    def fn(a, y):
        return {fn}

    @staticmethod
    def delta(z, a, y):
        return {delta}


"""


@pytest.mark.parametrize(
    ("name", "fn", "delta"),
    [
        ("CrossEntropyCost", "np.sum(np.nan_to_num(-y * np.log(a) - (1 - y) * np.log(1 - a)))", "a - y"),
        ("QuarterOfSquares", "0.25 * np.linalg.norm(a - y) ** 2", "0.5 * (a - y) * sigmoid_prime(z)"),
    ],
)
def test_a_network_may_have_a_cost_of_its_own(name, fn, delta):
    text = NETWORK.replace("class Network", COSTS.format(name=name, fn=fn, delta=delta) + "class Network")
    text = text.replace("    def feedforward", f"    cost = {name}\n\n    def feedforward")
    text = text.replace("(activations[-1] - y) * sigmoid_prime(zs[-1])", "self.cost.delta(zs[-1], activations[-1], y)")
    text += "\n\nnet, cost = Network(), CrossEntropyCost()\n" if "Entropy" in name else ""
    assert checked(text, "Network.backprop").right
    wrong, line = changed(text, "nabla_b[-1] = delta", "nabla_b[-1] = 2 * delta")
    assert checked(wrong).line == line


W, SEVERAL = "import numpy as np\n\nW, b = np.arange(1.0, 5.0), np.ones(4)\n", "\n\ndef f(W):\n    return "
PAIR = """import numpy as np

x, w = np.ones((5, 3)), np.ones((3, 2))


def layer_forward(x, w{0}):
    return x @ w, (x, w)


def layer_backward({1}):
    x, w = cache
    return {2} @ w.T, x.T @ {2}
"""
UNCHECKABLE = [
    (TWO_LAYERS, "nothing", "has no function `nothing`; it has net"),
    ("x = 1", "", "nothing to check"),
    (W + "\n\ndef f(W):\n    print(W)\n", "", "nothing to check"),
    (NETWORK, "Network.feedforward", "nothing to check"),
    (MODEL, "Net.other", "nothing to check"),
    (W + "\n\ndef back_backward(d):\n    return d\n", "", "nothing to check"),
    ("def f(w):\n    return w**2, 2 * w\n", "", "f needs `w`: give it a default, or a value of that name"),
    (MODEL.replace("y=None", "labels").replace("if y", "if labels"), "", "Net.loss needs `labels`: give a value"),
    (W + SEVERAL + "W * 2\n", "f", r"f returned an array of shape \(4,\), and should return \(loss, gradients\)"),
    (W + SEVERAL + "(W, None)\n", "f", r"f returned \(an array of shape \(4,\), nothing\), and should return"),
    (W + SEVERAL + "np.sum(W), {'other': np.ones(4)}\n", "", "none of it could be told to be the gradient of W"),
    (W + SEVERAL + "np.sum(1 / (W - 1)), -1 / (W - 1) ** 2\n", "", "the loss is inf"),
    (W + SEVERAL + "np.random.default_rng().normal() * np.sum(W), W\n", "", "the loss differs from run to run"),
    (W + "W = np.zeros(30)\n" + SEVERAL + "np.sum(abs(W)) + 0 * np.sum(W**0.5), 7 + W\n", "", "on a kink"),
    (W + "z = W * 2\ndW = 2 * np.ones(4)\n", "", r"has gradients \(dW\) but no loss"),
    (PAIR.format(", b", "dout, cache", "dout"), "", "layer_forward needs `b`"),
    (PAIR.format("", "cache", "np.ones((5, 2))"), "", "layer_backward takes no gradient of an output"),
    (PAIR.format("", "dout, cache, k", "dout"), "", "layer_backward needs `k`, which neither the file nor"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "function", "said"), UNCHECKABLE, ids=[said[:30] for *_, said in UNCHECKABLE])
def test_homework_without_anything_to_judge_is_told_why(text, function, said):
    with np.errstate(all="ignore"), pytest.raises(HomeworkError, match=said):
        checked(text, function)


def test_all_pairs_of_a_file_are_judged():
    relu = "\n\ndef relu_forward(x):\n    return np.maximum(0, x), x\n"
    relu += "\n\ndef relu_backward(dout, cache):\n    return dout * (cache > 0)\n"
    report = checked(LAYER_PAIR + relu + "\n\ndef lonely_backward(d):\n    return d\n")
    assert report.right
    assert report.function == "affine_backward, relu_backward"
    assert {"affine_backward: w", "relu_backward: x"} <= set(report.parameters)
    assert checked(PAIR.format("", "dz, cache, k=1", "dz")).right


NOTED = [  # what a function returns, whether that is right, what is said
    ("np.sum(np.vectorize(lambda x: x**2)(W)), {'W': 2 * W}", True, "could not be recorded"),
    ("np.sum(W.compress([True, False] * 2) ** 2), {'W': 2 * W * [1, 0, 1, 0]}", True, "could not be recorded"),
    ("np.sum(W**2) * (1 + (type(W) is not np.ndarray)), {'W': 2 * W}", True, "could not be recorded"),
    ("np.sum([float(repr(float(w))) ** 2 for w in W]), {'W': 2 * W[:2]}", False, "which is not the parameter's"),
    ("np.sum((0 * W) ** 1.5), {'W': 0 * W}", True, "right"),
    ("np.sum((W - np.arange(1.0, 5.0)) ** 1.5), {'W': 0 * W}", True, "at one point only"),
    ("np.sum(abs(W - 1)), {'W': np.where(W == 1, 5, np.sign(W - 1))}", True, "a kink is met exactly"),
    ("abs(W[0] - 1 + 1e-5), {'W': np.sign(W[0] - 1 + 1e-5) * np.array([1, 0, 0, 0])}", True, "right"),
    ("np.sum(W**2 + b), (2 * W, None)", False, "no gradient was returned"),
    ("np.sum(W**2), {'W': W}", False, "No line of a backward pass computes what was returned"),
    ("np.sum(W**2), {'W': 2.0}", False, "the shape is wrong"),
]  # fmt: skip


@pytest.mark.parametrize(("returned", "right", "said"), NOTED)
def test_how_gradients_were_judged_is_said(returned, right, said):
    report = checked(W + "\n\ndef f(W, b):\n    return " + returned + "\n")
    assert report.right is right, report.text()
    assert said in report.text()


def test_a_variable_that_cannot_be_judged_is_not_called_right():
    a = "a = np.array([float(repr(float(x))) ** 2 for x in z.tolist()])\nloss = np.sum(a)\n"
    for lines, left in ((a, "z"), ("q = 3 * W\nloss = np.sum(z**2)\ndq = 7 * z\ndz = 2 * z\n", "q")):
        report = checked(f"import numpy as np\n\nW = np.arange(1.0, 4.0)\nz = 2 * W\n{lines}dz = 2 * z\ndW = 4 * z\n")
        assert report.right
        assert f"Every gradient that was judged is right; {left} was not." in report.text()
        assert f"· {left}" in report.text()


def test_a_line_without_a_mend_is_told_with_both_numbers():
    body = "    z = W**3\n    dz = np.cos(7 * z) + np.tan(z)\n"
    report = checked(W + "\n\ndef f(W):\n" + body + "    return np.sum(z**2), {'W': dz * 3 * W**2}\n")
    assert (report.line, report.mend) == (8, None)
    assert "Line 8 is the first whose result is nothing that is known to be right here: dz[" in report.mistake
    assert "∂L/∂z is" in report.mistake


def test_a_gradient_that_is_missing_is_said_beside_a_wrong_one():
    report = checked(TWO_LAYERS.replace(', "b2": db2}', "}").replace("* (z1 > 0)", "* 1"))
    assert not report.right
    assert "No gradient was returned for b2." in report.notes


def test_a_program_that_needs_its_guard_keeps_it():
    report = checked(TWO_LAYERS.replace("dz1 = dh * (z1 > 0)", "dz1 = dh + 0 * (1 / 1e-8)"))
    assert report.mend is not None


def test_more_operations_than_are_kept_are_judged_by_numbers(monkeypatch):
    monkeypatch.setattr(recorder, "MOST", 20)
    report = checked(TWO_LAYERS)
    assert report.right
    assert any("could not be recorded" in note for note in report.notes)


def test_a_function_without_a_source_is_refused():
    with pytest.raises(HomeworkError, match="put it into a file"):
        tg.check_code(eval("lambda w=1.0: (w, 1.0)"))


def test_a_slice_of_the_campaign():
    """Homework written at random, one piece of each style, with two of its mistakes."""
    counts, _, _ = campaign(range(240, 252), mistakes=1, verbose=False)
    assert counts["RIGHT REJECTED"] == counts["WRONG ACCEPTED"] == counts["FALSE MEND"] == 0
    assert counts["right accepted"] == 12
    assert counts["line first"] >= 0.8 * counts["wrong"], counts  # the whole campaign's figures stand beside its script
    assert counts["mend"] >= 0.7 * counts["wrong"], counts
