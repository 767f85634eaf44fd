"""Homework in NumPy: right code is accepted, the first wrong line is found and mended."""

import numpy as np
import pytest
from campaigns.homework import campaign
from homework import COLUMNS, LAYER_PAIR, NETWORK, RECURRENT, SCALARS, SCRIPT, STYLES, TWO_LAYERS, changed, checked
from homework_writer import sheet

from tinygrad_edu.check.homework.adapters import tasks_of
from tinygrad_edu.check.homework.differences import step_slope
from tinygrad_edu.check.homework.program import LearnerProgram
from tinygrad_edu.check.homework.runs import Runs
from tinygrad_edu.check.homework.suspects import backward_lines, by_suspicion
from tinygrad_edu.check.homework.verdict import judge


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


def test_two_mistakes_are_told_as_two():
    text, first = changed(TWO_LAYERS, "db2 = ds.sum(axis=0)", "db2 = ds.mean(axis=0)")
    text, second = changed(text, "dW1 = X.T @ dz1 + 2 * reg * W1", "dW1 = X.T @ dz1 + reg * W1")
    report = checked(text)
    assert report.line == first
    assert report.kind == "several mistakes"
    assert f"line {second} the gradient by W1 is right" in report.text()


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


def test_a_gradient_that_is_missing_is_said_beside_a_wrong_one():
    report = checked(TWO_LAYERS.replace(', "b2": db2}', "}").replace("* (z1 > 0)", "* 1"))
    assert not report.right
    assert "No gradient was returned for b2." in report.notes


def test_a_program_that_needs_its_guard_keeps_it():
    report = checked(TWO_LAYERS.replace("dz1 = dh * (z1 > 0)", "dz1 = dh + 0 * (1 / 1e-8)"))
    assert report.mend is not None


def test_a_slice_of_the_campaign():
    """Homework written at random, one piece of each style, with two of its mistakes."""
    counts, _, _ = campaign(range(240, 252), mistakes=1, verbose=False)
    assert counts["RIGHT REJECTED"] == counts["WRONG ACCEPTED"] == counts["FALSE MEND"] == 0
    assert counts["right accepted"] == 12
    assert counts["line first"] >= 0.8 * counts["wrong"], counts  # the whole campaign's figures stand beside its script
    assert counts["mend"] >= 0.7 * counts["wrong"], counts
