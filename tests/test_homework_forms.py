"""Where programs keep parameters and gradients, what they do with arrays, and what is said of how they were judged."""

import numpy as np
import pytest
from homework import (
    LAYER_PAIR,
    LAYERS,
    MODEL,
    NETWORK,
    PLACE,
    PLACES,
    PROGRAM,
    RECORDED,
    STYLES,
    TWO_LAYERS,
    changed,
    checked,
)

from tinygrad_edu.check.homework import recorder
from tinygrad_edu.check.homework.adapters import tasks_of
from tinygrad_edu.check.homework.forward_graph import forward_graph
from tinygrad_edu.check.homework.program import HomeworkError, LearnerProgram
from tinygrad_edu.check.homework.runs import Runs


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


def test_more_operations_than_are_kept_are_judged_by_numbers(monkeypatch):
    monkeypatch.setattr(recorder, "MOST", 20)
    report = checked(TWO_LAYERS)
    assert report.right
    assert any("could not be recorded" in note for note in report.notes)


def test_a_line_without_a_mend_is_told_with_both_numbers():
    body = "    z = W**3\n    dz = np.cos(7 * z) + np.tan(z)\n"
    report = checked(W + "\n\ndef f(W):\n" + body + "    return np.sum(z**2), {'W': dz * 3 * W**2}\n")
    assert (report.line, report.mend) == (8, None)
    assert "Line 8 is the first whose result is nothing that is known to be right here: dz[" in report.mistake
    assert "∂L/∂z is" in report.mistake
