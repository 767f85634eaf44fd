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


def test_e_may_be_a_variable_if_it_is_given():
    assert parse("e * 2")() == 2 * math.e
    assert parse("e * 2")(e=5.0) == 10.0


@pytest.mark.parametrize(
    ("text", "says", "at"),
    [
        ("2x", "write the multiplication", 0),
        ("x^2", "write **", 2),
        ("__import__('os')", "no function `__import__`", 0),
        ("x.__class__", "means nothing", 0),
        ("1 + foo(x)", "no function `foo`", 4),
        ("sigmod(x)", "did you mean sigmoid", 0),
        ("sin(x, 3)", "takes 1 operand", 0),
        ("3 + (lambda: 1)", "Lambda", 5),
        ("x + sin", "write sin(…)", 4),
        ("sin x", "side by side", 4),
        ("y = x", "no assignment", None),
        ("[i for i in x]", "ListComp", 0),
        ("é + 'a'", "not a real number", 4),
        ("sum(x, dtype=float)", "may be named", 13),
        ("f'{x}'", "JoinedStr", 0),
        ("(x := 3)", "NamedExpr", 1),
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
    for bad in ("2", "w=", "w=hello", "**w", "w=[1, 'a']", "w=2)+(1"):
        with pytest.raises(FormulaError):
            assignments(bad)
