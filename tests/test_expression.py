import math

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.errors import FormulaError
from tinygrad_edu.symbolic.parser import assignments, parse


def test_a_formula_of_numbers_is_a_graph_of_values():
    node, leaves = parse("x**2 * sin(x) + relu(w*x + b)").record({"x": 2.0, "w": 1.0, "b": 3.0})
    node.backward()
    assert node.data == pytest.approx(4 * math.sin(2) + 5)
    assert leaves["x"].grad == pytest.approx(4 * math.sin(2) + 4 * math.cos(2) + 1)
    assert list(leaves) == ["x", "w", "b"]
    assert isinstance(node, tg.Value)


def test_a_formula_of_arrays_is_a_graph_of_tensors():
    x, a, y = np.ones((5, 2)), np.full((5, 3), 2.0), np.zeros((5, 3))
    node, _ = parse("2 * (x.T @ (a - y)) / 5").record({"x": x, "a": a, "y": y})
    np.testing.assert_allclose(node.data, np.full((2, 3), 4.0))
    assert parse("(x - y[:, :2]).sum(axis=0, keepdims=True)").record({"x": x, "y": y})[0].shape == (1, 2)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("-x**2", -4.0),
        ("(-x)**2", 4.0),
        ("2**x**2", 16.0),
        ("x - (1 - 1)", 2.0),
        ("np.sin(x) / math.pi * pi", math.sin(2)),
        ("ln(e**x)", 2.0),
        ("max(x, 3) - min(x, 3) + abs(-x)", 3.0),
        ("x if x > 3 else 7", 7.0),
        ("(1 < x < 3) * 5", 5.0),
        ("7 % x + 7 // x", 4.0),
        ("σ(x) + pow(x, 3)", 8 + 1 / (1 + math.exp(-2))),
    ],
)
def test_what_formulas_mean(text, value):
    assert float(parse(text)(x=2.0)) == pytest.approx(value)
    assert parse(text).record({"x": 2.0})[0].data == pytest.approx(value)


ON_PAPER = [  # as it is written on paper, and in the notation of the parser
    ("2x", "2*x"),
    ("x^2", "x**2"),
    ("2x²·sin x", "2*x**2*sin(x)"),
    ("x − 1", "x - 1"),
    ("a'(1 − a)", "a_prime*(1 - a)"),
    ("x(1 − x)", "x*(1 - x)"),
    ("(x+1)(x−1)", "(x+1)*(x-1)"),
    ("sin 2x cos x", "sin(2*x)*cos(x)"),
    ("ln x / x", "ln(x) / x"),
    ("sin²x + cos^2 x", "sin(x)**2 + cos(x)**2"),
    ("sin⁻¹ x", "arcsin(x)"),
    ("2|x − 1|", "2*abs(x - 1)"),
    ("||x| − 1|", "abs(abs(x) - 1)"),
    ("√(x+1) + √x", "sqrt(x+1) + sqrt(x)"),
    ("½x²", "(1/2)*x**2"),
    ("2[z > 0]", "2*(z > 0)"),
    ("e^(−x²)", "e**(-x**2)"),
    ("e⁻ˣ", "e**(-x)"),
    ("x⁻¹", "x**(-1)"),
    ("σ'(z)·w", "σ_prime(z)*w"),
    ("Wᵀδ", "W.T @ δ"),
    ("δ a^T", "δ @ a.T"),
    ("‖x‖²", "norm(x)**2"),
    ("1/n Σ_i (a_i − y_i)²", "1/n*sum((a - y)**2)"),
    ("x ≥ 0", "x >= 0"),
    ("exp -x", "exp(-x)"),
    (r"\frac{1}{2} x^{2} \sin\left(x\right)", "(1/2)*x**2*sin (x)"),
    (r"$\sigma(z)(1-\sigma(z))$", "σ(z)*(1-σ(z))"),
    (r"\sum_{i=1}^{n} (a_i-y_i)^2", "sum((a-y)**2)"),
    (r"\sqrt[3]{x} + \sqrt{2}", "((x)**(1/3)) + sqrt(2)"),
    (r"\operatorname{relu}(w x)", "relu(w*x)"),
]


@pytest.mark.parametrize(("written", "notation"), ON_PAPER)
def test_formulas_as_they_are_written_on_paper(written, notation):
    assert parse(written).text == notation
    assert parse(notation).text == notation  # and what is in that notation stays as it is


def test_names_that_are_known_are_told_apart_from_products():
    assert parse("xy^2", ("x", "y")).text == "x*y**2"
    assert parse("xy^2", ("xy",)).text == parse("xy^2").text == "xy**2"
    assert parse("W^(2) x_1", ("W2", "x1")).text == "W2*x1"
    assert parse("lr(a − y)", ("lr", "a", "y")).text == "lr*(a - y)"


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "relu", "sin", "softplus"])
def test_a_prime_behind_a_function_is_its_derivative(name):
    x = tg.Value(0.7)
    slope = parse(f"{name}'(x)")(x=x)
    getattr(tg, name)(x).backward()
    assert slope.data == pytest.approx(x.grad, rel=1e-14)
    assert parse(f"{name}_prime(x)")(x=0.7) == pytest.approx(x.grad, rel=1e-14)


def test_products_of_numpy():
    a, b = np.arange(3.0), np.ones(3)
    assert parse("np.dot(a, b) + a.dot(b)")(a=a, b=b) == 6
    assert parse("2 * np.dot(c, c)")(c=3.0) == 18
    np.testing.assert_array_equal(parse("np.outer(a, b)")(a=a, b=b), np.outer(a, b))


@pytest.mark.parametrize(
    ("text", "says"),
    [(r"\foo{x}", "foo` is not known"), (r"\frac{1}{x", "no `}`"), ("Σ_j w_jk δ_j", "product of matrices")],
)
def test_what_cannot_be_understood_on_paper_says_so(text, says):
    with pytest.raises(FormulaError, match=says):
        parse(text)


def test_e_may_be_a_variable_if_it_is_given():
    assert parse("e * 2")() == 2 * math.e
    assert parse("e * 2")(e=5.0) == 10.0


@pytest.mark.parametrize(
    ("text", "says", "at"),
    [
        ("x 2", "side by side", 2),
        ("__import__('os')", "no function `__import__`", 0),
        ("x.__class__", "means nothing", 0),
        ("1 + foo(x)", "no function `foo`", 4),
        ("sigmod(x)", "did you mean sigmoid", 0),
        ("sin(x, 3)", "takes 1 operand", 0),
        ("3 + (lambda: 1)", "Lambda", 5),
        ("x + sin", "write sin(…)", 4),
        ("sin - x", "write sin(…)", 0),
        ("y = x", "no assignment", None),
        ("[i for i in x]", "ListComp", 0),
        ("é + 'a'", "not a real number", 4),
        ("sum(x, dtype=float)", "may be named", 13),
        ("f'{x}'", "JoinedStr", 0),
        ("(x := 3)", "NamedExpr", 1),
        ("x << 2", "this operator has no meaning", 5),
        ("~x", "this operator has no meaning", 0),
        ("x is 2", "this comparison has no meaning", 0),
        ("sum(x, axis=y)", "plain integer", 12),
        ("x | 2", "never closed", None),
        ("|x", "never closed", None),
        ("‖x", "never closed", None),
        ("[x > 0", "never closed", None),
        ("[x", "never closed", None),
    ],
)
def test_anything_else_is_refused_and_pointed_at(text, says, at):
    with pytest.raises(FormulaError) as caught:  # noqa: PT012  # some are refused when read, some when computed
        expression = parse(text)
        expression(**dict.fromkeys(expression.variables, 1.0))
    message = str(caught.value)
    assert says in message
    if at is not None:
        assert message.splitlines()[-1].index("^") == at + 2


def test_indices_and_truth_in_formulas():
    x, i = np.arange(6.0).reshape(2, 3), np.array([1, 0])
    for text, expected in (
        ("x[i]", x[i]),
        ("x[[1, 0], ::-1]", x[[1, 0], ::-1]),
        ("x[-1]", x[-1]),
        ("+x", x),
        ("x > 1 and x < 4 and x != 2", (x > 1) & (x < 4) & (x != 2)),
        ("not x", x == 0),
        ("sec(x) - cot(x + 1)", 1 / np.cos(x) - 1 / np.tan(x + 1)),
    ):
        np.testing.assert_allclose(parse(text)(x=x, i=i), expected, rtol=1e-14, err_msg=text)
    for text in ("x[1.5]", "x['a']"):
        with pytest.raises(FormulaError, match="plain integer"):
            parse(text)(x=x)
    with pytest.raises(tg.errors.ShapeError) as caught:
        parse("1 + x @ x")(x=tg.Tensor(x))
    assert "it was this part of the formula\n  1 + x @ x\n      ^" in caught.value.__notes__[0]


def test_no_formula_is_too_deep_to_be_refused_politely():
    for text in ("(" * 300 + "x" + ")" * 300, "+".join("x" * 4000), "-" * 3000 + "x", "x" * 20_000, "", "\0"):
        with pytest.raises(FormulaError):
            parse(text)(x=1.0)


def test_an_enormous_power_is_infinite_at_once():
    with pytest.warns(RuntimeWarning):
        assert parse("9**9**9")() == math.inf


def test_a_variable_without_a_value_is_named():
    with pytest.raises(FormulaError, match="`b` has no value"):
        parse("w*x + b").record({"w": 1, "x": 2})


def test_a_users_own_row_is_a_function_of_formulas():
    tg.op("cubed_here", "cubed_here({})", lambda x: x**3, lambda g, z, x: g * 3 * x**2, scalar=lambda x: x**3)
    node, leaves = parse("cubed_here(x)").record({"x": 2.0})
    node.backward()
    assert (node.data, leaves["x"].grad) == (8.0, 12.0)


def test_values_at_a_point():
    assert assignments("w=2, x=-3.5, b=[1, 2], t=pi/2") == {"w": 2, "x": -3.5, "b": [1, 2], "t": math.pi / 2}
    for bad in ("2", "w=", "w=hello", "**w", "w=[1, 'a']", "w=2)+(1", "w=2, x=1, w=2"):
        with pytest.raises(FormulaError):
            assignments(bad)
