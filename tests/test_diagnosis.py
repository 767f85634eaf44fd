"""Every row of the catalogue is named when a learner makes it, on nets that nobody chose."""

import re
from pathlib import Path

import numpy as np
import pytest
from campaigns.diagnosis import ON_NETS, mistakes_with_factor, nets_of, no_mistakes, single_mistakes
from nets_by_hand import learner, net, random_net

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.check.mistakes.catalogue import CATALOGUE
from tinygrad_edu.core.backprop import history
from tinygrad_edu.symbolic.parser import parse


def test_the_learners_backward_pass_is_right_without_a_mistake():
    rng = np.random.default_rng(0)
    for _ in range(20):
        it = random_net(rng)
        assert tg.compare(learner(it), it.parameters, it.cost).ok


@pytest.fixture(scope="module")
def nets():
    return nets_of(20261123, 14)


def test_every_single_mistake_is_named_first_or_among_the_first_two(nets):
    tried, first, missed = single_mistakes(nets, 3)
    assert missed == []
    assert sum(tried.values()) > 80
    assert set(tried) == set(ON_NETS)
    assert sum(first.values()) >= 0.95 * sum(tried.values()), {row: (first[row], tried[row]) for row in tried}


def test_a_mistake_times_a_constant_factor_is_still_named(nets):
    tried, missed = mistakes_with_factor(nets, 3)
    assert missed == []
    assert tried >= 20


def test_neither_correct_gradients_nor_noise_get_a_diagnosis(nets):
    tried, false = no_mistakes(nets, 6)
    assert false == []
    assert tried == 42


def test_one_gradient_alone_is_often_enough():
    it = net(np.random.default_rng(1), (5, 5, 5, 3), 7)
    for row in (6, 11, 12, 16, 18):
        hand = learner(it, row, 2)["W^(2)"]
        report = tg.compare(hand, it.parameters["W^(2)"], it.cost)
        assert row in [mistake.number for mistake in report.mistakes[:2]], row


def test_noise_on_every_gradient_is_no_mistake():
    it = net(np.random.default_rng(2), (5, 5, 5, 3), 6)
    noisy = {k: x + 1e-3 for k, x in learner(it).items()}
    report = tg.compare(noisy, it.parameters, it.cost)
    assert report.mistakes == []


def test_a_batch_of_one_hides_mistakes_and_the_report_says_so():
    it = net(np.random.default_rng(4), (4, 5, 3), n=2)
    report = tg.compare({k: 2 * x for k, x in learner(it).items()}, it.parameters, it.cost)
    assert set(report.indistinguishable) >= {1, 2, 27}
    assert any("n = 7" in line for line in report.advice)
    one = net(np.random.default_rng(4), (4, 5, 3), n=1)
    assert tg.compare(learner(one, 2), one.parameters, one.cost).ok


def test_the_place_of_a_mistake_is_named_in_the_letters_of_the_article():
    it = net(np.random.default_rng(5), (4, 5, 5, 3), 7)
    report = tg.compare(learner(it, 11, 2), it.parameters, it.cost)
    assert report.mistakes[0].number == 11
    assert (
        report.mistakes[0].where.startswith("a^(2)")
        or "layer 2" in report.mistakes[0].where
        or "(2)" in report.mistakes[0].where
    )
    assert "nets_by_hand.py:" in report.mistakes[0].where
    assert "σ'(z^(2))" in report.mistakes[0].fix


def test_intermediate_deltas_narrow_the_place_down():
    it = net(np.random.default_rng(6), (4, 5, 5, 3), 7)
    z = [node for node in history(it.cost) if node.op is not None and node.op.name in ("add", "linear")]
    grads = {f"delta{k}": g.data + (0.01 if k == 2 else 0) for k, g in enumerate(tg.gradients(it.cost, z), 1)}
    report = tg.compare(learner(it) | grads, it.parameters, it.cost)
    assert "δ^(2)" in " ".join(report.advice)
    assert [line.parameter for line in report.lines if not line.ok] == ["δ^(2)"]


def test_a_path_left_out_is_row_23():
    rng = np.random.default_rng(8)
    x, w = rng.normal(size=(7, 4)), tg.Tensor(rng.normal(size=(4, 4)), label="W^(1)")
    a = tg.tanh(tg.Tensor(x, requires_grad=False) @ w.T)
    cost = ((a @ w.T + a) ** 2).sum()
    values = np.tanh(x @ w.data.T)
    g = 2 * (values @ w.data.T + values)
    without_skip = ((g @ w.data) * (1 - values**2)).T @ x + g.T @ values
    assert 23 in [m.number for m in tg.compare(without_skip, w, cost).mistakes[:2]]


@pytest.mark.parametrize("factor", [2.0, -1.0, 0.5])
def test_a_factor_on_one_summand_is_row_35(factor):
    rng = np.random.default_rng(8)
    x, w = rng.normal(size=(7, 4)), tg.Tensor(rng.normal(size=(4, 4)), label="W^(1)")
    a = tg.tanh(tg.Tensor(x, requires_grad=False) @ w.T)
    cost = (tg.sin(a) + tg.exp(a)).sum()
    values = np.tanh(x @ w.data.T)
    hand = ((factor * np.cos(values) + np.exp(values)) * (1 - values**2)).T @ x
    report = tg.compare(hand, w, cost)
    assert report.mistakes[0].number == (5 if factor < 0 else 35)
    assert "everywhere" not in str(report)


def test_the_mean_over_an_axis_is_row_29():
    rng = np.random.default_rng(9)
    x = tg.Tensor(rng.normal(size=(5, 3)), label="x")
    cost = (x.mean(axis=0) ** 3).sum()
    hand = np.broadcast_to(3 * x.data.mean(axis=0) ** 2, (5, 3))
    assert 29 in [m.number for m in tg.compare(hand, x, cost).mistakes[:2]]
    kept = tg.compare(tg.gradients(x.sum(), [x])[0].data[None], x, x.sum())
    assert [m.number for m in kept.mistakes] == [29]


def test_the_jacobian_for_its_transpose_is_row_30():
    rng = np.random.default_rng(10)
    x = tg.Tensor(rng.normal(size=6), label="x")
    weights = rng.normal(size=6)
    cost = (np.cumsum(x) * weights).sum()
    report = tg.compare(np.cumsum(weights), x, cost)
    assert report.mistakes[0].number == 30
    assert tg.compare(np.cumsum(weights[::-1])[::-1], x, cost).ok


def test_weight_decay_forgotten_doubled_or_on_the_bias_is_row_26():
    it = net(np.random.default_rng(11), (4, 5, 3), 7)
    w, b = it.parameters["W^(1)"], it.parameters["b^(1)"]
    decayed = it.cost + 0.05 * (w**2).sum()
    plain = learner(it)
    forgotten = tg.compare(plain, it.parameters, decayed)
    assert forgotten.mistakes[0].number == 26
    doubled = tg.compare(plain | {"W^(1)": plain["W^(1)"] + 0.2 * w.data}, it.parameters, decayed)
    assert doubled.mistakes[0].number == 26
    biased = tg.compare(plain | {"b^(1)": plain["b^(1)"] + 0.1 * b.data}, it.parameters, it.cost)
    assert biased.mistakes[0].number == 26
    assert "0.1" in biased.mistakes[0].evidence


def test_a_finite_difference_is_recognised():
    it = net(np.random.default_rng(12), (3, 4, 2), 5)
    w = it.parameters["W^(1)"]
    hand = np.zeros(w.shape)
    for place in np.ndindex(w.shape):
        costs = []
        for h in (1e-3, 0):
            moved = w.data.copy()
            moved[place] += h
            weights = [moved, *it.weights[1:]]
            a = it.x
            for matrix, bias in zip(weights, it.biases, strict=True):
                a = 1 / (1 + np.exp(-(a @ matrix.T + bias)))
            costs.append(((a - it.y) ** 2).sum() / len(it.x))
        hand[place] = (costs[0] - costs[1]) / 1e-3
    report = tg.compare(hand, w, it.cost)
    assert not report.ok
    assert "h = 0.001" in report.mistakes[0].evidence


def test_the_gradient_of_another_quantity_is_recognised():
    it = net(np.random.default_rng(13), (5, 5, 5), 7)
    w1, w2 = it.parameters["W^(1)"], it.parameters["W^(2)"]
    report = tg.compare(learner(it)["W^(2)"], w1, it.cost)
    assert "∂C/∂W^(2)" in report.mistakes[0].evidence
    assert w2.label == "W^(2)"


CALCULUS = [  # the function, a wrong derivative, the row
    ("x**2 * sin(x)", "2*x*sin(x)", 31),
    ("x**2 * sin(x)", "2*x*cos(x)", 31),
    ("sin(x) / x", "(cos(x)*x + sin(x)) / x**2", 31),
    ("sin(x**2)", "cos(x) * 2*x", 31),
    ("sin(x**2)", "cos(x**2)", 31),
    ("sin(x**2)", "cos(2*x)", 31),
    ("exp(3*x)", "exp(3*x)", 31),
    ("x**3", "3*x**3", 32),
    ("x**3", "x**2", 32),
    ("exp(x)", "x*exp(x - 1)", 32),
    ("2**x", "2**x", 32),
    ("2**x", "x*2**(x - 1)", 32),
    ("log10(x)", "1/x", 32),
    ("log(x)", "1/(x*log(10))", 32),
    ("sqrt(x)", "1/sqrt(x)", 32),
    ("cos(x)", "sin(x)", 5),
    ("sin(x)", "cos(x) * 180/pi", 33),
    ("(w*x + b - y)**2", "(w*x + b - y)*w", 1),
    ("x*x + x", "2*x", 23),
    ("sigmoid(w*x + b)", "sigmoid(w*x + b)*w", 14),
    ("tanh(x)", "1 - x**2", 13),
]


@pytest.mark.parametrize(("function", "hand", "row"), CALCULUS)
def test_mistakes_of_school_calculus(function, hand, row):
    expression = parse(function)
    cost, leaves = expression.record({name: 1.3 + 0.2 * k for k, name in enumerate(expression.variables)})
    report = tg.compare(hand, leaves["x"], cost)
    assert not report.ok
    assert report.mistakes[0].number == row, report


def test_every_row_of_the_catalogue_is_tried_by_a_test():
    tested = {*ON_NETS, *(row for _, _, row in CALCULUS), 23, 26, 29, 30, 35}
    families = (Path(__file__).parent / "test_families.py").read_text()
    tested |= {row for row in CATALOGUE if row > 35 and re.search(rf"\b{row}\b", families)}
    assert not set(CATALOGUE) - tested, "try the new row here or in test_families.py"
    assert list(CATALOGUE) == list(range(1, len(CATALOGUE) + 1))


def test_a_module_is_compared_by_its_own_names():
    model = nn.Sequential(nn.Linear(4, 5, rng=0), nn.Tanh(), nn.Linear(5, 3, rng=1))
    rng = np.random.default_rng(0)
    loss = nn.functional.mse_loss(model(rng.normal(size=(7, 4))), rng.normal(size=(7, 3)))
    loss.backward()
    hand = {name: p.grad for name, p in model.named_parameters()}
    assert tg.compare(hand, model, loss).ok
    by_label = {"W1": model.layers[0].weight.grad / 7, "b2": model.layers[2].bias.grad}
    report = tg.compare(by_label, model, loss)
    assert [line.parameter for line in report.lines] == ["W^(1)", "b^(2)"]
    assert report.mistakes[0].number == 3


def test_every_row_has_its_place_in_the_pages_on_mistakes():
    pages = Path(__file__).parent.parent / "docs" / "mistakes"
    listed = re.findall(r"\]\((\w+\.md)\).*\| (.+) \|", (pages / "README.md").read_text())
    rows = []
    for name, numbers in listed:
        for part in numbers.split(", "):
            first, _, last = part.partition(" – ")
            of_page = range(int(first), int(last or first) + 1)
            rows += of_page
            text = (pages / name).read_text()
            assert all(f"| {row} |" in text or f"**Row {row}.**" in text for row in of_page), name
    assert sorted(rows) == list(CATALOGUE), "give the new row its place in docs/mistakes"
    for page in (pages / "README.md", pages.parent.parent / "README.md"):
        assert f"which of {len(CATALOGUE)} mistakes" in " ".join(page.read_text().split()), page
    assert {name for name, _ in listed} == {page.name for page in pages.glob("*.md")} - {"README.md"}


def test_a_loop_over_examples_of_single_numbers():
    model = nn.MLP(2, [3, 1])
    examples, targets = np.random.default_rng(0).normal(size=(5, 2)), (1.0, -1.0, 1.0, 1.0, -1.0)
    losses = [(model([float(k) for k in x]) - y) ** 2 for x, y in zip(examples, targets, strict=True)]
    cost = sum(losses) / 5
    parameters = dict(model.named_parameters())
    right = {name: g.data for name, g in zip(parameters, tg.gradients(cost, parameters.values()), strict=True)}
    assert tg.compare(right, model, cost).ok
    assert tg.compare({name: 5 * g for name, g in right.items()}, model, cost).mistakes[0].number == 2
    last = {name: g.data for name, g in zip(parameters, tg.gradients(losses[-1], parameters.values()), strict=True)}
    overwritten = tg.compare(last, model, cost)
    assert overwritten.mistakes[0].number == 10
    assert "not divided by n = 5" in overwritten.mistakes[0].evidence


def one_by_one(weights, biases, x, y, row, layer):
    """Return the gradients of a tanh net and its squares, mistaken at one layer, neuron by neuron."""
    activations, zs = [x], []
    for number, (w, b) in enumerate(zip(weights, biases, strict=True), 1):
        zs.append(activations[-1] @ w.T + b)
        activations.append(zs[-1] if number == len(weights) else np.tanh(zs[-1]))
    g, found = 2 * (activations[-1] - y) / len(x), []
    if row == 10:
        g[:-1] = 0
    for number in range(len(weights), 0, -1):
        a, here = activations[number], row if number == layer else 0
        slope = {11: np.ones_like(a), 14: a, 16: (1 - a * a) ** 2}.get(here, 1 - a * a)
        delta = g if number == len(weights) else g * slope
        step = delta.T @ (zs[number - 2] if here == 18 else activations[number - 1])
        found[:0] = [z for w, b in zip(step, delta.sum(axis=0), strict=True) for z in (*w, b)]
        g = delta @ weights[number - 1]
    return found


class Scalars:
    """A tanh net of single numbers on a loop over examples, recorded once, and its gradients by hand."""

    def __init__(self):
        rng = np.random.default_rng(5)
        self.model = nn.MLP(3, [3, 3, 2], "tanh")
        for p in self.model.parameters():
            p.assign(float(rng.normal()))
        self.x, self.y = rng.normal(size=(4, 3)), rng.normal(size=(4, 2))
        self.loss = 0
        for one, right in zip(self.x, self.y, strict=True):
            self.loss = self.loss + sum((a - b) ** 2 for a, b in zip(self.model(list(one)), right, strict=True))
        self.loss = self.loss / len(self.x)
        self.weights = [np.array([[w.data for w in n.w] for n in block.neurons]) for block in self.model.layers]
        self.biases = [np.array([n.b.data for n in block.neurons]) for block in self.model.layers]

    def report(self, row, layer):
        names = dict(self.model.named_parameters())
        hand = one_by_one(self.weights, self.biases, self.x, self.y, row, layer)
        return tg.compare({name: float(g) for name, g in zip(names, hand, strict=True)}, self.model, self.loss)


@pytest.fixture(scope="module")
def scalars():
    return Scalars()


def test_the_gradients_of_a_net_of_single_numbers_are_right_without_a_mistake(scalars):
    assert scalars.report(0, 1).ok


@pytest.mark.parametrize(("row", "layer"), [(10, 1), (11, 1), (11, 2), (14, 2), (16, 1), (18, 2), (18, 3)])
def test_a_mistake_in_a_net_of_single_numbers_is_made_in_all_neurons_of_a_layer(row, layer, scalars):
    assert scalars.report(row, layer).mistakes[0].number == row


@pytest.mark.parametrize("variant", [0, 1, 2])
def test_softmax_written_out_is_recognised_as_the_fused_one_is(variant):
    rng = np.random.default_rng(11)
    x, y = rng.normal(size=(7, 5)), np.eye(3)[rng.integers(0, 3, 7)]
    w = tg.Tensor(rng.normal(size=(3, 5)), label="W")
    p = tg.softmax(x @ w.T, axis=1)
    loss = -(tg.log(p) * y).sum() / 7
    q = p.data
    delta = (q, (q - y) * q * (1 - q), -y * (1 - q))[variant] / 7
    assert tg.compare((q - y).T @ x / 7, w, loss).ok
    assert tg.compare(delta.T @ x, w, loss).mistakes[0].number == 25


def test_rows_in_any_other_order_are_recognised_and_so_is_the_data_in_place_of_an_activation():
    it = net(np.random.default_rng(2), (5, 5, 4))
    hand = learner(it)
    assert tg.compare(hand | {"W^(1)": hand["W^(1)"][[2, 0, 1, 4, 3]]}, it.parameters, it.cost).mistakes[0].number == 28
    w1, w2 = (tg.Tensor(w, label=f"W{i}") for i, w in enumerate(it.weights, 1))
    loss = ((w2 @ tg.tanh(w1 @ it.x.T) - it.y.T) ** 2).sum()  # the data is an array here, no node
    z = it.weights[0] @ it.x.T
    delta = 2 * (it.weights[1] @ np.tanh(z) - it.y.T)
    assert tg.compare(delta @ np.tanh(z).T, w2, loss).ok
    assert tg.compare(delta @ it.x, w2, loss).mistakes[0].number == 19


def test_all_gradients_of_a_comparison_were_typed_to_the_same_decimals():
    right = {"w": np.array([0.123456, -1.234567, 0.3456789]), "b": np.array([0.0254, 0.0601])}
    report = tg.compare({"w": np.round(right["w"], 3), "b": np.round(right["b"], 3)}, right)
    assert report.ok
    assert [(mistake.number, mistake.where) for mistake in report.mistakes] == [(34, "w, b")]


@pytest.mark.parametrize("kept", [-1, 0])
def test_a_loop_over_examples_that_overwrites_is_recognised_where_they_were_stacked(kept):
    rng = np.random.default_rng(4)
    w, x, y = tg.Tensor(rng.normal(size=(3, 4)), label="W"), rng.normal(size=(7, 4)), rng.normal(size=(7, 3))
    loss = ((np.stack([tg.tanh(w @ one) for one in x]) - y) ** 2).sum() / 7
    a = np.tanh(x @ w.data.T)
    delta = 2 / 7 * (a - y) * (1 - a * a)
    assert tg.compare(delta.T @ x, w, loss).ok
    report = tg.compare(np.outer(delta[kept], x[kept]), w, loss)
    assert 10 in [mistake.number for mistake in report.mistakes[:2]]  # the first is the only path counted, too
