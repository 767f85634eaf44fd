import math
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.mathtext import MathTextParser
from nets_by_hand import net

import tinygrad_edu as tg
from tinygrad_edu.core.backprop import history
from tinygrad_edu.core.op import TABLE
from tinygrad_edu.symbolic.formats.mathml import row_of_tokens
from tinygrad_edu.symbolic.formats.text import Text
from tinygrad_edu.symbolic.formula import FormulaWriter
from tinygrad_edu.symbolic.names import NodeNames, tex_name
from tinygrad_edu.symbolic.parser import parse
from tinygrad_edu.symbolic.precedence import Binds, tex_spelling, text_spelling

MATHTEXT = MathTextParser("path")


def parses(tex):
    MATHTEXT.parse(f"${tex}$")
    return True


def recorded(text, **at):
    return parse(text).record(at or {"x": 1.7, "y": 0.6})[0]


@pytest.mark.parametrize(
    ("typed", "text", "tex"),
    [
        ("x - (y - x)", "x - (y - x)", "x - (y - x)"),
        ("(x - y) - x", "x - y - x", "x - y - x"),
        ("x / (y * x)", "x / (y * x)", r"\frac{x}{y \cdot x}"),
        ("(x + y) * x", "(x + y) * x", r"(x + y) \cdot x"),
        ("-x**2", "-x ** 2", "-{x}^{2}"),
        ("(-x)**2", "(-x) ** 2", "{(-x)}^{2}"),
        ("(x**y)**2", "(x ** y) ** 2", "{({x}^{y})}^{2}"),
        ("x**(y**2)", "x ** y ** 2", "{x}^{{y}^{2}}"),
        ("x * -3", "x * (-3)", r"x \cdot (-3)"),
        ("sqrt(x / y)", "sqrt(x / y)", r"\sqrt{\frac{x}{y}}"),
        ("abs(x - y) * 2", "abs(x - y) * 2", r"\left|x - y\right| \cdot 2"),
        ("(x > y) * x", "(x > y) * x", r"[x > y] \cdot x"),
        ("1e-7 * x", "1e-07 * x", r"1 \cdot 10^{-7} \cdot x"),
    ],
)
def test_brackets_stand_where_they_are_needed_and_nowhere_else(typed, text, tex):
    node = recorded(typed)
    assert tg.formula(node) == text
    assert tg.formula(node, "latex") == tex
    assert parses(tex)


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("1 * x", "x"),
        ("x * 1 + 0", "x"),
        ("x**1", "x"),
        ("x**0 + y", "1 + y"),
        ("--x", "x"),
        ("-(-(x + y)) * 2", "(x + y) * 2"),
        ("x + -y", "x - y"),
        ("x - -y", "x + y"),
        ("x + -y * 2", "x - y * 2"),
        ("0 - x", "-x"),
        ("-1 * x", "-x"),
        ("x / -1", "-x"),
        ("sin(1 * x) * 0 + x", "x"),
    ],
)
def test_what_changes_nothing_is_not_written(typed, text):
    assert tg.formula(recorded(typed)) == text


ATOMS = st.sampled_from(["x", "y", "2", "0.3", "-1.5", "1"])
UNARY = st.sampled_from(["sin({})", "-{}", "tanh({})", "({})**2", "abs({})", "relu({})", "-({})", "exp(-({})**2)"])
BINARY = st.sampled_from(["({}) + ({})", "({}) - ({})", "({}) * ({})", "({}) / (2 + abs({}))", "max({}, {})"])
EXPRESSIONS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.builds(str.format, UNARY, inner),
        st.builds(str.format, BINARY, inner, inner),
    ),
    max_leaves=12,
)


@settings(max_examples=100, deadline=None)
@given(EXPRESSIONS)
def test_a_formula_read_again_is_the_same_number(typed):
    at = {"x": 1.7, "y": -0.6}
    expression = parse(typed)
    node, _ = expression.record({name: at[name] for name in expression.variables})
    text = tg.formula(node)
    if "\n" not in text and expression.variables:
        assert float(parse(text)(**at)) == node.data
        assert parses(tg.formula(node, "latex"))


MATHML_SIGNS = {"−": "-", "·": "*", "⊙": "*", "\u2062": "@"}


def typed_mathml(element):
    """What a piece of MathML says, as it is typed in Python."""
    inside = [typed_mathml(child) for child in element]
    match element.tag:
        case "mfrac" | "msup":
            return f"(({inside[0]}){'/' if element.tag == 'mfrac' else '**'}({inside[1]}))"
        case "msqrt":
            return f"sqrt({''.join(inside)})"
    return "".join(inside) or MATHML_SIGNS.get(element.text, element.text.replace("−", "-"))


def typed_latex(tex):
    """What a piece of LaTeX says, as it is typed in Python."""
    tex = re.sub(r"\\mathrm\{([A-Za-z]+)\}", lambda m: m[1].lower(), tex.replace(r"\cdot", "*"))
    tex = re.sub(r"\\left\|", "abs(", tex).replace(r"\right|", ")")
    group = r"\{([^{}]*)\}"
    before = None
    while before != tex:
        before = tex
        tex = re.sub(r"\\frac" + group + group, r"((\1)/(\2))", tex)
        tex = re.sub(rf"{group}\^{group}", r"((\1)**(\2))", tex)
        tex = re.sub(rf"\be\^{group}", r"exp(\1)", tex)
    return re.sub(r"\\(sin|tanh|max)", r"\1", tex)


@settings(max_examples=100, deadline=None)
@given(EXPRESSIONS)
def test_latex_and_mathml_have_their_brackets_where_they_are_needed(typed):
    at = {"x": 1.7, "y": -0.6}
    expression = parse(typed)
    node, _ = expression.record({name: at[name] for name in expression.variables})
    mathml, tex = tg.formula(node, "mathml"), tg.formula(node, "latex")
    if r"\\" not in tex and expression.variables:
        for read in (typed_mathml(ElementTree.fromstring(f"<math>{mathml}</math>")), typed_latex(tex)):
            assert float(parse(read)(**at)) == pytest.approx(node.data, rel=1e-2, abs=1e-3)  # constants are rounded


@pytest.mark.parametrize("row", TABLE.values(), ids=lambda row: row.name)
def test_every_row_is_spelled_in_mathml(row):
    for text in (row.text, row.text.replace("{}", "{0}")):  # a page puts names into such places
        assert ElementTree.fromstring(row_of_tokens(text, "·", 0).template.replace("{", "").replace("}", ""))


class Shouted(Text):
    """A format by way of example: function names in capitals, and square brackets."""

    def spelling(self, z, op):
        plain = super().spelling(z, op)
        return plain._replace(template=plain.template.upper())

    def in_brackets(self, text, binds=None):
        return f"[{text}]"


def test_a_format_is_a_table_and_the_walk_is_shared():
    node = recorded("tanh(x + -2*y) * (x - y)**2")
    assert FormulaWriter(NodeNames(history(node)), Shouted()).piece(node).text == "TANH(x - 2 * y) * [x - y] ** 2"
    assert tg.formula(node, "brief") == "tanh(x − 2·y)·(x − y)²"


def test_what_a_formula_says_is_what_was_computed():
    x = tg.Tensor(np.ones((5, 3)), label="x")
    assert tg.formula(x + (-x) % 3.0) == "x + -x % 3"  # not x - x % 3
    assert tg.formula(x @ np.ones(3)) == "x @ [1, 1, 1]"  # not x @ 1
    assert tg.formula(x[0] * np.ones((2, 3))).startswith("x[0] * [[1, ")  # the ones give it another shape
    assert tg.formula(x * np.ones((5, 3)) + np.full(3, 2.0)) == "x + 2"
    assert tg.formula(x.sum(axis=0) * x, "latex") == r"(\sum_{\mathrm{axis}\ 0} x) \cdot x"
    assert tg.formula(tg.leaky_relu(x, slope=0.5), "latex") == r"\mathrm{LeakyReLU}_{\mathrm{slope}\ 0.5}(x)"
    assert tg.formula(x * 2j) == "x * 2j"
    assert "axis 1" in tg.formula(x.mean(axis=1), "mathml")


def test_second_derivatives_read_like_textbooks():
    x = tg.Value(2.0, label="x")
    (first,) = tg.gradients(x**3, [x])
    (second,) = tg.gradients(first, [x])
    assert tg.formula(first) == "3 * x ** 2"
    assert parse(tg.formula(second))(x=2.0) == 12.0


def test_a_graph_with_2_to_the_60_paths_is_written_in_60_lines():
    y = tg.Value(1.0, label="x")
    for _ in range(60):
        y = y + y
    lines = tg.formula(y).splitlines()
    assert len(lines) < 62
    assert lines[0].startswith("v")
    assert max(map(len, lines)) < 310


def test_a_chain_of_ten_thousand_nodes_is_no_recursion():
    y = tg.Value(0.5, label="x")
    for _ in range(10_000):
        y = tg.sin(y)
    assert tg.formula(y).count("sin") == 10_000


def test_tensors_show_axes_shapes_and_indices():
    x = tg.Tensor(np.ones((5, 3)), label="x")
    w = tg.Tensor(np.ones((2, 3)), label="W^(1)")
    node = (x @ w.T).sum(axis=0)[1:]
    assert tg.formula(node) == "sum(x @ W^(1).T, axis=0)[1:]"
    assert parses(tg.formula(node, "latex"))
    assert tg.formula(tg.concatenate([x, x, x])).startswith("concatenate(x, x, x")


@pytest.mark.parametrize(
    ("label", "tex"),
    [
        ("w_jk^(L)", "w_{jk}^{(L)}"),
        ("W^(2)", "W^{(2)}"),
        ("x1", "x_{1}"),
        ("theta", r"\theta"),
        ("a_3", "a_{3}"),
        ("my loss", r"\mathrm{my\ loss}"),
        ("50%_of{it}", r"\mathrm{50\%\_of\{it\}}"),
    ],
)
def test_labels_become_latex(label, tex):
    assert tex_name(label) == tex
    assert parses(tex)


def test_two_leaves_of_one_label_stay_two():
    a, b = tg.Value(1.0, label="w"), tg.Value(2.0, label="w")
    assert tg.formula(a - b) == "w - w'"


def test_constants_and_infinities():
    x = tg.Value(1.0, label="x")
    assert tg.formula(x * math.inf, "latex") == r"x \cdot \infty"
    assert parses(tg.formula(x + math.nan, "latex"))
    with pytest.raises(ValueError, match="format"):
        tg.formula(x, "html")


@pytest.mark.parametrize("row", TABLE.values(), ids=lambda row: row.name)
def test_every_row_of_the_table_is_spelled_so_that_latex_accepts_it(row):
    text, tex = text_spelling(row.text), tex_spelling(row.tex or row.text)
    assert len(text.slots) == row.text.count("{}")
    assert all(isinstance(slot, Binds) for slot in (*text.slots, *tex.slots))
    filled = (row.tex or row.name.replace("_", r"\_")).format(*["x"] * 9) if row.tex else "x"
    assert parses(filled)


def test_a_net_and_its_gradients_have_formulas():
    it = net(np.random.default_rng(0), (3, 4, 2), n=5)
    for node in (it.cost, *tg.gradients(it.cost, list(it.parameters.values()))):
        assert "W^(" in tg.formula(node)
        for line in tg.formula(node, "latex").split(r" \\ "):
            assert parses(line)


def test_transposing_twice_is_not_written():
    x = tg.Tensor(np.ones((2, 3)), label="x")
    assert tg.formula(x.T.T @ x.T) == "x @ x.T"


def test_a_leaf_that_was_assigned_since_is_still_written():
    w = tg.Value(2.0, label="w")
    z = w * 3.0
    w.data = 5.0
    assert tg.formula(z) == "w * 3"
