"""Every formula that `explain` tells of a net, computed as it is told, ends at the gradients of `backward()`."""

import itertools

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from told import Reader

import tinygrad_edu as tg
from tinygrad_edu import Tensor
from tinygrad_edu.core.op import TABLE
from tinygrad_edu.symbolic.textbook import TEXTBOOK, local_rule, textbook_gradient

ACTIVATIONS = {
    "sigmoid": tg.sigmoid,
    "sigmoid by hand": lambda z: 1 / (1 + np.exp(-z)),
    "tanh": np.tanh,
    "relu": tg.relu,
    "relu by hand": lambda z: np.maximum(0, z),
    "mask": lambda z: z * (z > 0),
    "softplus": tg.softplus,
    "leaky relu": lambda z: tg.leaky_relu(z, slope=0.2),
    "none": lambda z: z,
}
BETWEEN = ("nothing", "dropout", "layer norm", "batch norm", "residual", "scale")
LAYOUTS = ("linear", "x @ W.T + b", "x @ W + b", "W @ x + b", "one example", "no bias")
LOSSES = {
    "mean": lambda d, n: (d**2).mean(),
    "sum / n": lambda d, n: (d**2).sum() / n,
    "sum / 14": lambda d, n: np.square(d).sum() / 14,
    "half mean": lambda d, n: 0.5 * (d * d).mean(),
    "sum": lambda d, n: (d**2).sum(),
    "means of sums": lambda d, n: (d**2).sum(axis=-1).mean(),
    "1 / 7": lambda d, n: (1 / 7) * (d**2).sum(),
    "absolute": lambda d, n: abs(d).mean(),
}
CROSS_ENTROPIES = ("row", "by hand", "one-hot")


def product(layout, a, w, b):
    """What a layer computes before its activation, as different people write it."""
    match layout:
        case "linear":
            return tg.nn.functional.linear(a, w, b)
        case "x @ W + b":
            return a @ w + b
        case "W @ x + b":
            return w @ a + b
        case "no bias":
            return a @ w.T
    return a @ w.T + b


class Net:
    """A net of random make, its cost, and the values of what its explanation may mention."""

    def __init__(self, draw, seed):
        rng = np.random.default_rng(seed)
        layout = draw(st.sampled_from(LAYOUTS))
        self.columns = layout == "W @ x + b"
        depth, n = draw(st.integers(1, 4)), 5
        widths = [4] * (depth + 1) if draw(st.booleans()) else [3, 4, 6, 2, 3][: depth + 1]
        x = rng.normal(size=widths[0] if layout == "one example" else (n, widths[0]))
        x = x.T if self.columns else x
        self.values = {"a^(0)": x}
        self.parameters = {}
        a, masks = x, 0
        for l in range(1, depth + 1):  # noqa: E741  # the article's letter
            k, j = widths[l - 1], widths[l]
            flat = layout == "x @ W + b"
            w = self.parameter(f"W^({l})", rng.normal(size=(k, j) if flat else (j, k)))
            b = None
            if layout != "no bias":
                b = self.parameter(f"b^({l})", rng.normal(size=(j, 1) if self.columns else j))
            z = product(layout, a, w, b)
            last = l == depth
            before, a = a, ACTIVATIONS[draw(st.sampled_from(list(ACTIVATIONS)))](z)
            if last:
                break
            axis = 0 if self.columns or layout == "one example" else 1
            match draw(st.sampled_from(BETWEEN)):
                case "dropout":
                    masks += 1
                    mask = (rng.random(np.shape(a.data)) < 0.7) / 0.7
                    self.values[f"c{masks}"] = mask
                    a = a * mask
                case "layer norm":
                    c = a - a.mean(axis=axis, keepdims=True)
                    a = c / np.sqrt((c * c).mean(axis=axis, keepdims=True) + 1e-3)
                case "batch norm" if layout != "one example":
                    a = (a - a.mean(axis=1 - axis, keepdims=True)) / np.sqrt(a.var(axis=1 - axis, keepdims=True) + 1e-3)
                case "residual" if np.shape(a.data) == np.shape(before if l == 1 else before.data):
                    a = a + before
                case "scale":
                    a = 0.5 * a
        self.cost = self.loss(draw, rng, a, n)
        if draw(st.booleans()):
            penalty = (self.parameters["W^(1)"] ** 2).sum()
            self.cost = self.cost + draw(st.sampled_from([0.1, 0.01 / 2])) * penalty

    def parameter(self, name, data):
        self.values[name] = data
        self.parameters[name] = Tensor(data, label=name)
        return self.parameters[name]

    def loss(self, draw, rng, a, n):
        if self.columns or a.ndim == 1 or draw(st.booleans()):
            y = rng.normal(size=a.shape)
            self.values["y"] = y
            return LOSSES[draw(st.sampled_from(list(LOSSES)))](a - y, n)
        labels = rng.integers(0, a.shape[1], n)
        self.values["y"] = labels
        kind = draw(st.sampled_from(CROSS_ENTROPIES))
        if kind == "row":
            return tg.nn.functional.cross_entropy(a, labels)
        e = np.exp(a - a.max(axis=1, keepdims=True))
        p = e / e.sum(axis=1, keepdims=True)
        if kind == "by hand":
            return -np.log(p[range(n), labels]).mean()
        return -(np.eye(a.shape[1])[labels] * np.log(p)).sum() / n


@settings(max_examples=25, deadline=None, phases=(Phase.reuse, Phase.generate))  # shrinking takes minutes
@given(st.data(), st.integers(0, 10**6))
def test_every_formula_told_of_a_net_is_true(data, seed):
    net = Net(data.draw, seed)
    explanation = tg.explain(net.cost)
    reader = Reader(net.values, net.columns)
    for equation in explanation.equations:
        reader.read(equation.text)
    assert reader.values["C"] == pytest.approx(net.cost.data)
    net.cost.backward()
    for name, parameter in net.parameters.items():
        np.testing.assert_allclose(reader.values[f"∂C/∂{name}"], parameter.grad, rtol=1e-6, atol=1e-9)


def test_textbook_slopes_are_those_of_the_rules():
    points = (-3.0, -0.5, 0.0, 0.7, 4.0)  # ties of max and min among them
    for name, slopes in TEXTBOOK.items():
        for numbers in itertools.product(points, repeat=len(slopes)):
            leaves = [tg.Value(x, label=f"x{k}") for k, x in enumerate(numbers)]
            z = TABLE[name](*leaves)
            right = tg.gradients(z * 3.0, leaves)
            for i, slope in enumerate(right):
                for anywhere in (False, True):
                    told = local_rule(z, i, tg.Value(3.0), z, z.inputs, anywhere=anywhere)
                    assert told.data == pytest.approx(slope.data, rel=1e-13), (name, i, numbers)
    z = tg.maximum(tg.Value(2.0, "x"), tg.Value(1.0, "y"))
    assert tg.formula(local_rule(z, 0, tg.Value(3.0, "g"), z, z.inputs)) == "g * (x > y)"
    w, b = tg.Value(0.3, label="w"), tg.Value(-0.2, label="b")
    loss = (tg.sigmoid(w * 2.0 + b) - tg.relu(w).tanh() * w) ** 2 * (w < 1.0)
    (right,) = tg.gradients(loss, [w])
    told = textbook_gradient(loss, w)
    assert told.data == pytest.approx(right.data, rel=1e-13)
    assert "sigmoid(-" not in tg.formula(told)
