import json
import re

import numpy as np
import pytest
from nets_by_hand import learner, net

import tinygrad_edu as tg
from tinygrad_edu.check.compare.digits import typed_digits
from tinygrad_edu.check.compare.formulas import compare_formulas, compare_in_file
from tinygrad_edu.errors import FormulaError, GradientError, ShapeError


@pytest.fixture
def it():
    return net(np.random.default_rng(0), (4, 5, 3), 7)


def square():
    x = tg.Value(3.0, label="x")
    return x, x**2


def test_a_right_number_is_right_however_it_is_given():
    x, y = square()
    for hand in (6, 6.0, np.float32(6), [6.0], "2*x", lambda x: 2 * x, {"x": "2*x"}):
        report = tg.compare(hand, x, y)
        assert report.ok
        assert report
        assert report.mistakes == []
    y.backward()
    assert tg.compare(6.0, x).ok
    assert tg.compare({"x": 6.0}, y).ok
    assert tg.compare(np.array([1.0, 2.0]), [1.0, 2.0]).ok


def test_the_report_says_how_far_off_and_where():
    auto = np.array([[1.0, 2.0], [3.0, 4.0]])
    hand = np.add(auto, [[0, 0], [0.5, 0]])
    report = tg.compare(hand, auto)
    assert not report.ok
    assert report.max_error == 0.5
    assert (report.worst.parameter, report.worst.index) == ("gradient", (1, 0))
    assert (report.worst.hand, report.worst.auto) == (3.5, 3.0)
    assert report.worst.ratio == pytest.approx(3.5 / 3)
    assert "loss=" in report.advice[0]


def test_shapes_come_before_numbers(it):
    right = learner(it)
    transposed = tg.compare(right["W^(1)"].T, it.parameters["W^(1)"], it.cost)
    assert [m.number for m in transposed.mistakes] == [6]
    assert "(4, 5)" in transposed.mistakes[0].evidence
    assert transposed.lines[0].verdict == "right numbers in the wrong shape"
    unsummed = tg.compare(np.ones((7, 5)) * right["b^(1)"] / 7, it.parameters["b^(1)"], it.cost)
    assert [m.number for m in unsummed.mistakes] == [7]
    one_number = tg.compare(right["b^(1)"].sum(), it.parameters["b^(1)"], it.cost)
    assert [m.number for m in one_number.mistakes] == [9]
    senseless = tg.compare(np.ones((2, 9)), it.parameters["W^(1)"], it.cost)
    assert [m.number for m in senseless.mistakes] == [0]
    assert "(5, 4)" in senseless.mistakes[0].fix


def test_a_wrong_shape_does_not_hide_a_wrong_number(it):
    report = tg.compare(-learner(it)["W^(1)"].T, it.parameters["W^(1)"], it.cost)
    assert [m.number for m in report.mistakes] == [6, 5]


def test_what_is_not_finite_is_shown(it):
    hand = learner(it)["W^(1)"].copy()
    hand[2, 1] = np.nan
    report = tg.compare(hand, it.parameters["W^(1)"], it.cost)
    assert not report.ok
    assert "[2, 1]" in report.mistakes[0].where
    assert "nan" in report.mistakes[0].evidence


def test_typed_digits_are_enough_if_they_are_right(it):
    hand = np.round(learner(it)["W^(1)"], 4)
    report = tg.compare(hand, it.parameters["W^(1)"], it.cost)
    assert report.ok
    assert [m.number for m in report.mistakes] == [34]
    wrong_last_digit = hand.copy()
    wrong_last_digit[0, 0] += 1e-4
    assert not tg.compare(wrong_last_digit, it.parameters["W^(1)"], it.cost).ok


@pytest.mark.parametrize(
    ("numbers", "decimals"),
    [
        ([1.234, 0.5], (3, 4)),
        ([0.1, 0.2], (0, 0)),
        ([2.0, 3.0], (0, 0)),
        ([1 / 3], (0, 0)),
        ([1.5e-5], (0, 0)),
        ([12.34], (2, 4)),
        ([1.234e-05, 567800.0, 0.5], (8, 4)),
        ([], (0, 0)),
    ],
)
def test_which_numbers_look_typed(numbers, decimals):
    assert typed_digits(np.array(numbers, dtype=float)) == decimals


def test_single_precision_is_named_and_accepted(it):
    report = tg.compare(learner(it)["W^(1)"] * (1 + 3e-8), it.parameters["W^(1)"], it.cost)
    assert report.ok
    assert "single precision" in report.lines[0].verdict


def test_a_formula_is_tried_at_several_points():
    x = tg.Value(2.0, label="x")
    y = x**2
    report = tg.compare("x + 2", x, y)  # right at this point only
    assert not report.ok
    assert report.max_error > 0
    assert tg.compare(4.0, x, y).ok


def test_a_formula_for_a_net_uses_the_letters_of_the_article():
    rng = np.random.default_rng(1)
    x = tg.Tensor(rng.normal(size=(7, 4)), requires_grad=False, label="a^(0)")
    w, b = tg.Tensor(rng.normal(size=(3, 4)), label="W^(1)"), tg.Tensor(rng.normal(size=3), label="b^(1)")
    z = x @ w.T + b
    z.label = "z^(1)"
    a = tg.sigmoid(z)
    a.label = "a^(1)"
    y = tg.Tensor(rng.normal(size=(7, 3)), requires_grad=False, label="y")
    cost = ((a - y) ** 2).sum() / 7
    delta = "2*(a1 - y)*a1*(1 - a1)/7"
    hand = {"W1": f"({delta}).T @ a0", "b1": f"({delta}).sum(axis=0)"}
    assert tg.compare(hand, {"W1": w, "b1": b}, cost).ok
    wrong = {"W1": "(2*(a1 - y)*z1*(1 - z1)/7).T @ a0", "b1": "(2*(a1 - y)*z1*(1 - z1)/7).sum(axis=0)"}
    assert tg.compare(wrong, {"W1": w, "b1": b}, cost).mistakes[0].number == 13


def test_functions_are_compared_at_random_points():
    def f(w, x):
        return (w * x - 1) ** 2

    assert tg.compare(lambda w, x: (2 * (w * x - 1) * x, 2 * (w * x - 1) * w), f).ok
    report = tg.compare(lambda w, x: ((w * x - 1) * x, (w * x - 1) * w), f)
    assert report.mistakes[0].number == 1
    by_name = tg.compare(lambda w, x: {"x": 2 * (w * x - 1) * w}, f)
    assert by_name.ok
    assert [line.parameter for line in by_name.lines] == ["x"]


def test_functions_of_arrays_are_given_arrays():
    def f(w=np.ones((3, 4)), x=np.ones(4)):  # noqa: B008  # the default is the example
        return (tg.tanh(w @ x) ** 2).sum()

    def gradient(w, x):
        a = np.tanh(w @ x)
        return np.outer(2 * a * (1 - a**2), x), w.T @ (2 * a * (1 - a**2))

    assert tg.compare(gradient, f).ok
    assert tg.compare(lambda x: 2 * x, lambda x: (x**2).sum()).ok


def test_what_cannot_be_compared_says_why(it):
    x, y = square()
    with pytest.raises(GradientError, match="call backward"):
        tg.compare(6.0, x)
    with pytest.raises(GradientError, match="give loss="):
        tg.compare("2*x", x)
    with pytest.raises(FormulaError, match="no value"):
        tg.compare("2*t", x, y)
    with pytest.raises(GradientError, match="no parameter 'y'"):  # of one parameter too
        tg.compare({"y": "2"}, tg.Value(1.0, label="x") * 2)
    with pytest.raises(GradientError, match="no parameter 'W9'"):
        tg.compare({"W9": 1.0, "W1": 1.0}, it.parameters, it.cost)
    with pytest.raises(GradientError, match="give a dict"):
        tg.compare(1.0, it.parameters, it.cost)
    with pytest.raises(GradientError, match="not made from it"):
        tg.compare(1.0, tg.Value(1.0, label="u"), y)
    with pytest.raises(ShapeError, match="not an array of numbers"):
        tg.compare([object()], x, y)
    with pytest.raises(GradientError, match="no arguments were found"):
        tg.compare(lambda x: x, lambda x: None)


def test_comparing_changes_nothing(it):
    it.cost.backward()
    before = {name: (p.data.copy(), p.grad.copy()) for name, p in it.parameters.items()}
    tg.compare(learner(it, 11, 1), it.parameters, it.cost)
    for name, p in it.parameters.items():
        assert np.array_equal(p.data, before[name][0])
        assert np.array_equal(p.grad, before[name][1])


def test_without_a_graph_factors_and_places_are_told():
    auto = np.random.default_rng(2).normal(size=(5, 3))
    for hand, row in (
        (-auto, 5),
        (auto / 5, 29),
        (180 / np.pi * auto, 33),
        (auto[::-1], 28),
        (auto[[1, 0, 2, 4, 3]], 28),
    ):
        report = tg.compare(hand, auto)
        assert row in [m.number for m in report.mistakes], row
    assert tg.compare(np.zeros((5, 3)), auto).mistakes[0].number == 24
    assert tg.compare(auto + np.random.default_rng(0).normal(size=(5, 3)), auto).mistakes == []


def test_the_report_prints_as_a_table_as_html_markdown_and_json(it):
    report = tg.compare(learner(it, 11, 1), it.parameters, it.cost)
    text = str(report)
    assert text.splitlines()[0].startswith("✗ wrong: activation's derivative forgotten")
    assert re.search(r"^W\^\(1\) +\(5, 4\) +[\d.e-]+ +[\d.e-]+ +wrong$", text, re.M)
    assert "row 11 of the catalogue" in text
    assert max(map(len, text.splitlines())) <= 140
    page = report._repr_html_()
    assert page.count("<tr>") == 5
    assert "<b>activation&#x27;s derivative forgotten</b>" in page
    assert "| W^(1) | (5, 4) |" in report.markdown()
    data = json.loads(json.dumps(report.as_dict()))
    assert data["mistakes"][0]["number"] == 11
    assert data["ok"] is False


def test_html_escapes_labels():
    x = tg.Value(1.0, label="<script>alert(1)</script>")
    assert "<script>" not in tg.compare(3.0, x, x**2)._repr_html_()


def test_assert_gradient_is_silent_or_shows_the_report(it):
    tg.assert_gradient(learner(it), it.parameters, it.cost)
    with pytest.raises(AssertionError, match=r"✗ wrong: wrong sign") as caught:
        tg.assert_gradient(learner(it, 5), it.parameters, it.cost)
    assert "W^(1)" in str(caught.value)
    assert caught.traceback[-1].frame.code.raw.co_name == "assert_gradient"


def test_what_is_right_at_one_point_only_is_called_so():
    w, x = tg.Value(0.5, label="w"), tg.Value(2.0, label="x")
    report = tg.compare("x", w, tg.relu(w * x - 0.9))
    assert report.mistakes[0].number == 11
    assert "It is right at the point that was given, and wrong at other points." in report.advice


def test_a_formula_may_use_the_label_that_the_article_has_another_name_for():
    w = tg.Tensor([[1.0, 2.0, -1.0], [0.5, 3.0, 2.0]], label="W")
    x = np.array([[0.3, -1.2, 0.8]])
    loss = ((x @ w.T) ** 2).sum() + (w**2).sum()
    report = tg.compare("2*W", w, loss)
    assert not report.ok
    assert report.lines[0].verdict == "wrong"


def test_one_number_for_an_array_is_told_as_that_whatever_the_number():
    w = tg.Tensor([1.0, 2.0, 3.0], label="w")
    for number in (12.0, -12.0, 5.5):
        assert tg.compare(number, w, (w**2).sum()).mistakes[0].number == 9


@pytest.mark.parametrize(
    ("hand", "said"), [({}, "no gradient was given"), ({"w": [[1.0], [1.0, 2.0]]}, "rows are not equally long")]
)
def test_what_is_no_gradient_is_refused(hand, said):
    w = tg.Tensor([1.0, 2.0, 3.0], label="w")
    with pytest.raises((tg.errors.GradientError, tg.errors.ShapeError), match=said):
        tg.compare(hand, {"w": w}, (w**2).sum())


def test_single_numbers_are_compared_as_they_were_printed():
    rng = np.random.default_rng(0)
    w, b = tg.Tensor(rng.normal(size=(3, 4)), label="W"), tg.Tensor(rng.normal(size=4), label="b")
    loss = (np.tanh(rng.normal(size=(5, 3)) @ w + b) ** 2).mean()
    right = {name: g.data for name, g in zip("Wb", tg.gradients(loss, [w, b]), strict=True)}
    printed = {"dW[2][1]": round(right["W"][2, 1], 4), "db[-1]": round(right["b"][-1], 4)}
    report = tg.compare(printed, {"W": w, "b": b}, loss)
    assert report.ok
    assert [line.parameter for line in report.lines] == ["W[2, 1]", "b[-1]"]
    assert "Only these numbers" in str(report)
    assert not tg.compare(printed | {"dW[0, 0]": -right["W"][0, 0]}, {"W": w, "b": b}, loss).ok
    assert tg.compare({"W[0, 3]": right["W"][0, 3]}, right).ok
    with pytest.raises(GradientError, match=r"shape \(3, 4\)"):
        tg.compare({"W[3][1]": 0.5}, {"W": w, "b": b}, loss)


def test_a_number_that_is_right_at_one_point_is_no_mistake_of_calculus():
    w = tg.Value(5.0, label="w")
    cost = (8.0 * w - 65.0) ** 2
    report = tg.compare({"w": "8*2*(8*5 - 65)"}, cost)
    assert report.headline() == "✗ wrong: a number instead of a formula"
    assert "It is right at the point that was given, and wrong at other points." in report.advice
    assert tg.compare({"w": -400.0}, cost).ok
    assert "number instead" not in tg.compare({"w": "-300"}, cost).headline()
    assert tg.compare({"w": "3"}, 3.0 * w).ok


def test_a_prime_without_an_argument_is_told_what_it_lacks():
    w = tg.Value(0.5, label="w")
    a = tg.sigmoid(w)
    a.label = "a"
    with pytest.raises(FormulaError, match="`a'` does not say by what"):
        tg.compare({"w": "2 a · a'"}, a**2)


RETURNED = [  # what a gradient function returns for the parameters W and b
    (lambda w, b: np.concatenate([2 * w.ravel(), 3 * b**2]), ""),
    (lambda w, b: (3 * b**2, 2 * w), ""),
    (lambda w, b: (np.sum(w**2) + np.sum(b**3), 2 * w, 3 * b**2), ""),
    (lambda w, b: (1.0, 2 * w, 3 * b**2, 0.0), "returned 4 things, and the function has the parameters w, b"),
    (lambda w, b: {"dw": 2 * w, "dc": 3 * b**2}, "has no parameter 'dc'; there are: w, b"),
]


@pytest.mark.parametrize(("hand", "refused"), RETURNED)
def test_gradients_of_several_parameters_are_told_apart_or_refused(hand, refused):
    def cubes(w=np.ones((2, 2)), b=np.ones(3)):  # noqa: B008  # examples of arguments
        return np.sum(w**2) + np.sum(b**3)

    if refused:
        with pytest.raises(tg.errors.GradientError, match=refused):
            tg.compare(hand, cubes)
    else:
        report = tg.compare(hand, cubes)
        assert report.ok
        assert "\nw " in report.text()
        assert "\nb " in report.text()


def test_a_list_of_numbers_is_one_gradient():
    def cubes(b=np.ones(3)):  # noqa: B008  # an example of an argument
        return np.sum(b**3)

    assert tg.compare(lambda b: [3 * x**2 for x in b], cubes).ok
    assert not tg.compare(lambda b: [2 * x**2 for x in b], cubes).ok


@pytest.mark.parametrize(
    ("text", "hand", "wrt", "at", "said"),
    [
        ("x**2", "2*x", "q", {}, "`q` is no variable of x"),
        ("2 + 3", "1", "", {}, "has no variable to differentiate by"),
        ("log(x)", "1/x", "", {"x": -1.0}, "is not finite at"),
    ],
)
def test_formulas_that_do_not_fit_together_are_refused(text, hand, wrt, at, said):
    with pytest.raises(tg.errors.GradientError, match=said):
        compare_formulas(text, [hand], wrt, at, 0)


@pytest.mark.parametrize(
    ("text", "function", "hand", "said"),
    [
        ("1 / 0", "", "df", "cannot be run: ZeroDivisionError"),
        ("def f(x):\n    return x\n", "", "df", "has no function `df` with the gradient; there are: f"),
        ("def df(x):\n    return x\n", "", "df", "has no function `to differentiate`; there are: df"),
    ],
)
def test_files_without_the_functions_are_refused(text, function, hand, said, tmp_path):
    (tmp_path / "functions.py").write_text(text)
    with pytest.raises(tg.errors.GradientError, match=said):
        compare_in_file(tmp_path / "functions.py", function, hand, 0)
