import numpy as np
import pytest
from matplotlib.mathtext import MathTextParser
from nets_by_hand import net
from told import Reader

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.errors import GradientError
from tinygrad_edu.symbolic.parser import parse

MATHTEXT = MathTextParser("path")


def neuron():
    return parse("relu(w*x + b)").record({"w": 2.0, "x": 3.0, "b": -1.0})


def test_one_neuron_reads_like_a_derivation_on_paper():
    node, leaves = neuron()
    lines = str(tg.explain(node, leaves["w"])).splitlines()
    assert "  v1 = w * x = 2 * 3 = 6" in lines
    assert "  v2 = v1 + b = 6 - 1 = 5" in lines
    assert "  ∂L/∂w = ∂L/∂v2 · ∂v2/∂v1 · ∂v1/∂w" in lines
    assert "        = 1 · 1 · 3 = 3" in lines
    assert lines[-1] == "In words: when w grows by a little, L grows by 3 times as much."


def test_both_paths_are_added_where_a_variable_is_used_twice():
    node, leaves = parse("x**2 * sin(x)").record({"x": 2.0})
    text = tg.explain(node, wrt=leaves["x"])
    assert "x is used twice, and reaches L along 2 paths: add both paths." in text
    assert "path 1: x → v1 → L" in text
    assert "path 2: x → v2 → L" in text
    node.backward()
    total = float(text.split("∂L/∂x = ")[1].splitlines()[0].split(" = ")[1])
    assert total == pytest.approx(leaves["x"].grad, rel=1e-5)


def test_every_leaf_is_explained_when_none_is_chosen():
    node, _ = neuron()
    text = tg.explain(node)
    assert [f"∂L/∂{name}" in text.splitlines() for name in "wxb"] == [True] * 3


def test_a_net_is_told_in_the_letters_of_the_article():
    it = net(np.random.default_rng(0), (4, 5, 3), 7)
    text = tg.explain(it.cost, it.parameters["W^(1)"])
    assert "z_j^(1) = Σ_k w_jk^(1) a_k^(0) + b_j^(1)" in text
    assert "∂a_k^(1)/∂z_k^(1) = Σ_j w_jk^(2) δ_j^(2) · a_k^(1) · (1 − a_k^(1))" in text
    assert (
        "∂C/∂w_jk^(1) = Σ over the examples of δ_j^(1) · ∂z_j^(1)/∂w_jk^(1) = Σ over the examples of δ_j^(1) a_k^(0)"
        in text
    )
    assert "∂C/∂w_jk^(2)" not in text
    assert "C = sum((a^(2) − y)²) / 7" in text
    assert "∂C/∂a^(2) = 2/7 · (a^(2) − y)" in text
    assert "add all paths" in text
    it.cost.backward()
    assert f"begins {it.parameters['W^(1)'].grad[0, 0]:.4g}" in text


@pytest.mark.parametrize(
    ("cost", "told"),
    [
        (lambda d: (d**2).mean(), "2/15 · (a^(1) − y)"),
        (lambda d: (d**2).sum() / 14, "1/7 · (a^(1) − y)"),
        (lambda d: 0.5 * (d**2).sum(axis=1).mean(), "0.2 · (a^(1) − y)"),
        (lambda d: (d**2).sum(), "2 · (a^(1) − y)"),
    ],
)
def test_the_derivative_of_the_cost_has_the_factors_of_the_cost_at_hand(cost, told):
    x, y, w = np.ones((5, 4)), np.arange(15.0).reshape(5, 3), tg.Tensor(np.ones((3, 4)), label="W")
    text = str(tg.explain(cost(np.tanh(x @ w.T) - y), w))
    assert f"∂C/∂a^(1) = {told}" in text
    assert "n = 5 examples" in text


def test_one_example_is_one_example():
    x, w = np.ones(4), tg.Tensor(np.ones((3, 4)), label="W")
    text = str(tg.explain((np.tanh(w @ x) ** 2).sum(), w))
    assert "examples" not in text
    assert "∂C/∂w_jk^(1) = δ_j^(1) · ∂z_j^(1)/∂w_jk^(1) = δ_j^(1) a_k^(0)" in text


def test_nothing_between_two_layers_is_passed_over():
    x, w1, w2 = np.ones((5, 4)), *(tg.Tensor(np.ones((4, 4)) / 3, label=f"W{k}") for k in (1, 2))
    h = np.tanh(x @ w1)
    straight = str(tg.explain((h @ w2).sum(), w1))
    assert "Σ_j W2_kj δ_j^(2) · (1 − a_k^(1)²)" in straight
    for between in (h * (x > 0), h + x, h - h.mean(axis=1, keepdims=True), 0.5 * h):
        assert "Σ_j W2_kj δ_j^(2) · (1 −" not in str(tg.explain((between @ w2).sum(), w1))
    skip = str(tg.explain((h @ w2).sum() + 3 * h.sum(), w1))
    assert "∂C/∂a^(1) = 3 + δ^(2) W2ᵀ" in skip or "∂C/∂a^(1) = δ^(2) W2ᵀ + 3" in skip


def test_steps_of_a_recurrence_are_told_as_time():
    rng = np.random.default_rng(0)
    w_xh, w_hh = (tg.Tensor(rng.normal(size=s), label=n) for s, n in (((4, 3), "W_xh"), ((4, 4), "W_hh")))
    xs, h, loss = rng.normal(size=(3, 5, 3)), np.zeros((5, 4)), 0
    for x in xs:
        h = np.tanh(x @ w_xh.T + h @ w_hh.T)
        loss = loss + (h**2).sum()
    explanation = tg.explain(loss / 5)
    assert "Layer" not in explanation
    assert "∂C/∂h_2 = δ_3 W_hh + 0.4 · h_2" in explanation
    assert "∂C/∂W_hh = δ_3ᵀ h_2 + δ_2ᵀ h_1 + δ_1ᵀ h_0" in explanation
    reader = Reader(
        {"h_0": np.zeros((5, 4)), "W_xh": w_xh.data, "W_hh": w_hh.data} | {f"x_{t + 1}": xs[t] for t in range(3)}
    )
    for equation in explanation.equations:
        reader.read(equation.text)
    loss = loss / 5
    loss.backward()
    for w in (w_xh, w_hh):
        np.testing.assert_allclose(reader.values[f"∂C/∂{w.label}"], w.grad, rtol=1e-9)


def test_a_net_of_modules_is_the_same_as_one_written_out():
    model = nn.Sequential(nn.Linear(4, 5, rng=0), nn.Sigmoid(), nn.Linear(5, 3, rng=1))
    rng = np.random.default_rng(0)
    loss = nn.functional.cross_entropy(model(rng.normal(size=(7, 4))), rng.integers(0, 3, 7))
    text = tg.explain(loss)
    assert "Layer 1 (sigmoid): W^(1) is (5, 4), z^(1) is (7, 5)" in text
    assert "δ^(2) = ∂C/∂z^(2) = 1/7 · (softmax(z^(2)) − onehot(y))" in text


def test_a_deep_net_is_folded():
    it = net(np.random.default_rng(0), (3,) * 13, 5, "tanh")
    text = tg.explain(it.cost)
    assert "layers 3 to 10 do the same" in text
    assert "W^(1)" in text
    assert "W^(12)" in text
    assert "W^(6)" not in text
    assert len(text.splitlines()) < 70


def test_a_graph_with_too_many_paths_is_told_step_by_step():
    x = y = tg.Value(2.0, label="x")
    for _ in range(40):
        y = y * 1.01 + y
    text = tg.explain(y, x)
    assert "56 steps of the same kinds are left out" in text
    assert "∂L/∂v1 = ∂L/∂v2" in text
    y.backward()
    assert text.splitlines()[-1].strip() == f"∂L/∂x = {x.grad:.6g}"


def test_arrays_are_told_step_by_step():
    x = tg.Tensor(np.arange(3.0), label="x")
    text = tg.explain((x * x + x.sum()).mean(), x)
    assert "∂L/∂x = ∂L/∂v2 + ∂L/∂v1 ⊙ x + ∂L/∂v1 ⊙ x" in text
    assert text.splitlines()[-1].strip().startswith("∂L/∂x = [1, ")


SAMPLES = {
    "neuron": lambda: neuron()[0],
    "product": lambda: parse("x**2 * sin(x) / (1 + exp(-x))").record({"x": 2.0})[0],
    "negative": lambda: parse("-abs(x - y)**3 + sqrt(y) * log(y)").record({"x": -2.0, "y": 3.0})[0],
    "arrays": lambda: (
        tg.Tensor([[1.0, 2.0], [3.0, 4.0]], label="x") @ tg.Tensor([[1.0], [2.0]], label="my weights")
    ).sum(),
    "net": lambda: net(np.random.default_rng(0), (4, 5, 3), 7).cost,
    "one example": lambda: net(np.random.default_rng(0), (4, 3, 2), 1, "relu", "cross entropy").cost,
}


@pytest.mark.parametrize("sample", SAMPLES)
def test_every_equation_parses_as_latex_and_agrees_with_the_text(sample):
    explanation = tg.explain(SAMPLES[sample]())
    assert len(explanation.equations) >= 3
    for equation in explanation.equations:
        MATHTEXT.parse(f"${equation.tex}$")


def test_markdown_and_latex_have_their_marks():
    node, leaves = neuron()
    markdown = tg.explain(node, leaves["w"], format="markdown")
    assert "### ∂L/∂w" in markdown
    assert r"$$\frac{\partial L}{\partial w} = 1 \cdot 1 \cdot 3 = 3$$" in markdown
    assert tg.explain(node, leaves["w"])._repr_markdown_() == markdown
    latex = tg.explain(node, leaves["w"], format="latex")
    assert r"\subsection*{$\partial$L/$\partial$w}" in latex
    with pytest.raises(ValueError, match="format"):
        tg.explain(node, format="html")


def test_what_cannot_be_explained_says_why():
    node, _ = neuron()
    with pytest.raises(GradientError, match="was not made from"):
        tg.explain(node, tg.Value(1.0, label="u"))
    with pytest.raises(GradientError, match="constant"):
        tg.explain(tg.Value(1.0, requires_grad=False) * 2)


def test_a_tree_shows_every_node_once_with_its_gradient():
    x = tg.Value(2.0, label="x")
    y = x * x
    z = y + tg.sin(y)
    z.backward()
    lines = tg.tree(z).splitlines()
    assert lines[0].startswith("v3 = v1 + v2 = ")
    assert lines[1] == f"├─ v1 = x * x = 4   grad {1 + np.cos(4):.4g}"
    assert lines[-1] == "   └─ v1 (above)"
    assert tg.tree(z, depth=0) == lines[0]


def test_a_deep_tree_is_cut_and_recurses_nowhere():
    y = tg.Value(0.5, label="x")
    for _ in range(5000):
        y = tg.sin(y)
    lines = tg.tree(y).splitlines()
    assert len(lines) == 201
    assert lines[-1] == "… 4801 more nodes"


@pytest.mark.parametrize("reader", [tg.explain, tg.formula, tg.source, tg.tree])
@pytest.mark.parametrize("given", [None, "x", 3.0])
def test_what_is_no_node_is_refused_by_its_type(reader, given):
    with pytest.raises(TypeError, match=f"reads the graph of a Value or a Tensor, not {type(given).__name__}"):
        reader(given)


def test_a_result_is_its_own_derivative_and_a_flat_place_is_said():
    x = tg.Value(3.0, label="x")
    text = str(tg.explain(x, x))
    assert "  x = 3\n" in text
    assert "x is the result itself: it changes exactly as much as itself, ∂x/∂x = 1." in text
    y = (x - 3.0) ** 2
    y.label = "y"
    y.backward()
    assert str(tg.explain(y, x)).endswith("In words: y does not change when x changes a little.")


RESULTS = {  # that are one number, of arrays: x = [1, 2, 3], M = [[2, 1], [0.5, 3]]
    "x @ x": ("∂L/∂x = x + x", "[2, 4, 6]"),
    "det(M)": ("∂L/∂M = cofactor(M)", "[[3, -0.5], [-1, 2]]"),
    "softmax(x)[0]": ("∂L/∂v1 = [1, 0, 0]\n", "[0.0819251, -0.022033, -0.059892]"),
    "x[0] * x[1]": ("  L = v1 * v2 = 2\n", "[2, 1, 0]"),
    "2 ** x[1]": ("L · log(2) = 2.77259", "[0, 2.77259, 0]"),
    "-log(M[0, 0])": ("L = -v2 = -0.693147", "[[-0.5, 0], [0, 0]]"),
}


@pytest.mark.parametrize("text", RESULTS)
def test_results_of_arrays_that_are_one_number_are_told(text):
    formula = parse(text)
    node, leaves = formula.record({"x": [1.0, 2.0, 3.0], "M": [[2.0, 1.0], [0.5, 3.0]]})
    explained = str(tg.explain(node))
    step, last = RESULTS[text]
    assert step in explained
    assert explained.endswith(f"∂L/∂{next(iter(leaves))} = {last}")
    assert "array(" not in explained
    assert str(tg.explain(node, format="latex"))


@pytest.mark.parametrize(
    ("text", "at", "words"),
    [
        ("1/x", 0.0, "L is not finite here"),
        ("sqrt(x)", 0.0, "L has no slope here"),
        ("log(x)", -1.0, "L is not finite"),
    ],
)
def test_a_slope_that_is_no_number_has_no_meaning_in_words(text, at, words):
    node, _ = parse(text).record({"x": at})
    assert words in str(tg.explain(node)).splitlines()[-1]
