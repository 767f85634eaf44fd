"""Nets written out from tensors, and their backward pass as a learner writes it, with one mistake on demand.

The mistakes here are written in plain NumPy and share no line with the package that has to recognise them.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

import tinygrad_edu as tg
from tinygrad_edu import nn

ACTIVATIONS = ("sigmoid", "tanh", "relu")
LOSSES = ("squares", "cross entropy")
VALUES = {"sigmoid": lambda z: 1 / (1 + np.exp(-z)), "tanh": np.tanh, "relu": lambda z: np.maximum(z, 0)}
WRITTEN = {  # the same as NumPy users write them
    "sigmoid": (
        lambda z: 1 / (1 + np.exp(-z)),
        lambda z: 1.0 / (np.exp(-z) + 1.0),
        lambda z: np.exp(z) / (1 + np.exp(z)),
    ),
    "tanh": (lambda z: np.tanh(z), lambda z: (np.exp(z) - np.exp(-z)) / (np.exp(z) + np.exp(-z))),
    "relu": (
        lambda z: np.maximum(0, z),
        lambda z: np.maximum(z, 0.0),
        lambda z: z * (z > 0),
        lambda z: np.where(z > 0, z, 0),
    ),
}
STYLES = ("rows", "written")  # of the forward pass: with tg.relu and its like, or written out in NumPy
SLOPES = {
    "sigmoid": lambda z, a: a * (1 - a),
    "tanh": lambda z, a: 1 - a * a,
    "relu": lambda z, a: 1.0 * (z > 0),
}
WRONG_FORMULAS = {
    "sigmoid": (lambda z, a: a * (1 + a), lambda z, a: 1 - a),
    "tanh": (lambda z, a: 1 - a, lambda z, a: 1 + a * a),
    "relu": (lambda z, a: 1.0 * (z < 0),),
}


@dataclass
class Net:
    x: np.ndarray
    y: np.ndarray
    weights: list
    biases: list
    activation: str
    loss: str
    cost: tg.Tensor
    parameters: dict

    @property
    def depth(self):
        return len(self.weights)


def cross_entropy_written_out(z, y, columns):
    """Return softmax and cross entropy as a course writes them."""
    axis = 0 if columns else 1
    e = np.exp(z - z.max(axis=axis, keepdims=True))
    p = e / e.sum(axis=axis, keepdims=True)
    n = len(y)
    return -np.log(p[y, np.arange(n)] if columns else p[np.arange(n), y]).sum() / n


def net(rng, sizes=(4, 5, 3), n=7, activation="sigmoid", loss="squares", style="rows", columns=False, dtype=float):
    """Return a net on random data, with its cost as a graph.

    style: of the forward pass; columns: whether an example is a column there, as deeplearning.ai has it.
    """
    x = rng.normal(size=(n, sizes[0])).astype(dtype)
    a = tg.Tensor(x.T if columns else x, requires_grad=False)
    parameters, weights, biases = {}, [], []
    for number, (k, j) in enumerate(pairwise(sizes), 1):
        weights.append((rng.normal(size=(j, k)) / np.sqrt(k) * 1.5).astype(dtype))
        biases.append(rng.normal(size=j).astype(dtype))
        w, b = tg.Tensor(weights[-1], label=f"W^({number})"), tg.Tensor(biases[-1], label=f"b^({number})")
        parameters |= {w.label: w, b.label: b}
        if columns:
            z = w @ a + b[:, None]
        else:
            z = nn.functional.linear(a, w, b) if n % 2 and style == "rows" else a @ w.T + b  # one row, or three
        is_last = number == len(sizes) - 1
        forms = (getattr(tg, activation),) if style == "rows" else WRITTEN[activation]
        a = z if is_last and loss == "cross entropy" else forms[int(rng.integers(len(forms)))](z)
    if loss == "cross entropy":
        y = rng.integers(0, sizes[-1], n)
        plain = style == "rows" and not columns
        cost = nn.functional.cross_entropy(a, y) if plain else cross_entropy_written_out(a, y, columns)
    else:
        y = rng.normal(size=(n, sizes[-1])).astype(dtype)
        cost = ((a - (y.T if columns else y)) ** 2).sum() / n
    return Net(x, y, weights, biases, activation, loss, cost, parameters)


def random_net(rng, style="rows", columns=False, dtype=float):
    """Return a net of random sizes, activation and loss; the sizes hide nothing."""
    sizes = tuple(int(k) for k in rng.choice([3, 4, 5, 6, 7, 11], size=rng.integers(3, 6), replace=False))
    if rng.random() < 0.5:  # two layers of one width, where a transpose or a wrong layer does not show in the shape
        sizes = (*sizes[:1], sizes[1], sizes[1], *sizes[2:])
    n = int(rng.choice([k for k in (5, 7, 8, 9, 13) if k != sizes[-1]]))
    return net(rng, sizes, n, str(rng.choice(ACTIVATIONS)), str(rng.choice(LOSSES)), style, columns, dtype)


def slope_of(name, z, a, row, variant):
    """Return what a learner multiplies by for the derivative of an activation."""
    slope, value = SLOPES[name], VALUES[name]
    if row == 11:
        return np.ones_like(z)
    if row == 12:
        return slope(a, value(a))
    if row == 13:
        return z * (1 - z) if name == "sigmoid" else 1 - z * z
    if row == 14:
        return a
    if row == 15:
        return WRONG_FORMULAS[name][variant % len(WRONG_FORMULAS[name])](z, a)
    if row == 16:
        return slope(z, a) ** 2
    return slope(z, a)


def first_delta(it, a, row, variant):
    """Return ∂C/∂a of the last layer, or ∂C/∂z where softmax and cross entropy are one."""
    n, m = len(it.x), a.shape[1]
    if it.loss == "squares":
        g = 2 * (a - it.y)
        g = {1: g / 2 if variant % 2 else 2 * g, 5: -g}.get(row, g)
    else:
        e = np.exp(a - a.max(axis=1, keepdims=True))
        p, y = e / e.sum(axis=1, keepdims=True), np.eye(m)[it.y]
        g = -(p - y) if row == 5 else p - y
        if row == 25:
            g = (p, (p - y) * p * (1 - p), -y * (1 - p))[variant % 3]
    return g / {2: 1, 3: n * n, 4: n * m}.get(row, n)


def learner(it, row=0, at=1, variant=0):
    """Return the gradients by name as derived with the mistake of a catalogue row, made at layer `at`.

    Returns None where the net leaves no room for it.
    """
    activations, zs = [it.x], []
    for number, (w, b) in enumerate(zip(it.weights, it.biases, strict=True), 1):
        zs.append(activations[-1] @ w.T + b)
        linear = number == it.depth and it.loss == "cross entropy"
        activations.append(zs[-1] if linear else VALUES[it.activation](zs[-1]))
    if row in range(11, 17) and (at == it.depth and it.loss == "cross entropy"):
        return None
    if (
        (row == 13 and it.activation == "relu")
        or (row == 25 and it.loss != "cross entropy")
        or (row == 1 and it.loss != "squares")
    ):
        return None
    g, found = first_delta(it, activations[-1], row, variant), {}
    for number in range(it.depth, 0, -1):
        w, here = it.weights[number - 1], row if number == at else 0
        z, a, below = zs[number - 1], activations[number], activations[number - 1]
        delta = (
            g if number == it.depth and it.loss == "cross entropy" else g * slope_of(it.activation, z, a, here, variant)
        )
        if here == 17:
            if it.activation != "relu" or (number == it.depth and it.loss == "cross entropy"):
                return None
            delta = g * (g > 0)
        if row == 10 and number == it.depth:
            delta = np.where(np.arange(len(delta))[:, None] == len(delta) - 1, delta, 0)
        inputs = below
        if here == 18:
            if number == 1:
                return None
            inputs = zs[number - 2]
        if here == 19:
            others = [x for x in activations if x is not below and x.shape == below.shape]
            if not others:
                return None
            inputs = others[variant % len(others)]
        step = delta.T @ inputs
        bias = {7: delta, 8: delta.mean(axis=0), 9: delta.sum()}.get(here, delta.sum(axis=0))
        found |= {f"W^({number})": step.T if here == 6 else step, f"b^({number})": bias}
        if here in (20, 21) and (w.shape[0] != w.shape[1] or number == 1):
            return None
        g = delta @ {20: w.T, 21: np.eye(len(w))}.get(here, w - 0.03 * step if row == 22 else w)
        if here == 24:
            g = 0 * g
    if row == 26:
        found[f"W^({at})"] = found[f"W^({at})"] + 0.01 * it.weights[at - 1]
    if row == 28:
        found[f"W^({at})"] = np.roll(found[f"W^({at})"], 1, axis=variant % 2)
    if row == 34:
        found = {name: np.round(x, 4) for name, x in found.items()}
    factor = {27: 3, 33: 180 / np.pi}.get(row, 1)
    return {name: factor * x for name, x in found.items()}
