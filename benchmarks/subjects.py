"""The steps that `run.py` times: one training step of the same net on the same data, written for each library.

A subject is a function that gets ready and returns a step; a step trains once and returns the loss before it. The
first losses of all subjects of one task agree, or the comparison would be of different things.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

Step = Callable[[], float]

RATE = 0.1
NETS = {"mlp-small": (32, (64, 64, 32, 10)), "mlp-large": (128, (784, 256, 128, 10))}  # rows, and sizes of layers


# micrograd's demo: 2-16-16-1 neurons, 100 points, a hinge loss with a penalty, all of scalars ---------------------


def demo(value: type[Any], mlp: type[Any], points: int, through: Callable[[Any], Any] = lambda step: step) -> Step:
    """Return the step of micrograd's demo, with the classes of either library."""
    random.seed(1)
    rows = [[random.gauss(0, 1), random.gauss(0, 1)] for _ in range(points)]
    labels = [random.choice((-1, 1)) for _ in range(points)]
    model = mlp(2, [16, 16, 1])
    for p in model.parameters():
        p.data = random.uniform(-1, 1)

    def step() -> Any:
        scores = [model([value(x) for x in row]) for row in rows]
        losses = [(1 + -label * score).relu() for label, score in zip(labels, scores, strict=True)]
        total = sum(losses) * (1.0 / len(losses)) + 1e-4 * sum(p * p for p in model.parameters())
        model.zero_grad()
        total.backward()
        for p in model.parameters():
            p.data -= 0.01 * p.grad
        return total

    step = through(step)
    return lambda: float(step().data)


def demo_micrograd(points: int) -> Step:
    """Return micrograd's own demo."""
    from micrograd.engine import Value
    from micrograd.nn import MLP

    return demo(Value, MLP, points)


def demo_eager(points: int) -> Step:
    """Return the demo on this package's scalars."""
    from tinygrad_edu import Value, nn

    return demo(Value, nn.MLP, points)


def demo_compiled(points: int) -> Step:
    """Return the demo on this package's scalars, traced once and replayed."""
    import tinygrad_edu as tg

    return demo(tg.Value, tg.nn.MLP, points, tg.compile)


# A step of a net of matrices ------------------------------------------------------------------------------------


def start(task: str) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    """Return inputs, labels, and weights and biases in turn, the same for each subject."""
    rows, sizes = NETS[task]
    rng = np.random.default_rng(0)
    x, labels = rng.normal(size=(rows, sizes[0])), rng.integers(0, sizes[-1], rows)
    pairs = pairwise(sizes)
    weights = [w for n, m in pairs for w in (rng.normal(size=(m, n)) * np.sqrt(2 / n), np.zeros(m))]
    return x, labels, weights


def by_hand(task: str) -> Step:
    """Return the step as one writes it with NumPy and nothing else."""
    x, labels, weights = start(task)
    w1, b1, w2, b2, w3, b3 = weights
    rows = np.arange(len(x))

    def step() -> float:
        a1 = x @ w1.T
        a1 += b1
        np.maximum(a1, 0, out=a1)
        a2 = a1 @ w2.T
        a2 += b2
        np.maximum(a2, 0, out=a2)
        z = a2 @ w3.T
        z += b3
        z -= z.max(1, keepdims=True)
        p = np.exp(z)
        total = p.sum(1, keepdims=True)
        loss = (np.log(total[:, 0]) - z[rows, labels]).mean()
        p /= total
        p[rows, labels] -= 1
        p /= len(x)
        d2 = p @ w3
        d2 *= a2 > 0
        d1 = d2 @ w2
        d1 *= a1 > 0
        grads = (d1.T @ x, d1.sum(0), d2.T @ a1, d2.sum(0), p.T @ a2, p.sum(0))
        for w, g in zip(weights, grads, strict=True):
            g *= RATE
            w -= g
        return float(loss)

    return step


def ours(task: str) -> tuple[Callable[[Any, Any], Any], np.ndarray, np.ndarray]:
    """Return this package's step as a function of inputs and labels, and these."""
    from tinygrad_edu import nn
    from tinygrad_edu.nn import functional

    x, labels, weights = start(task)
    sizes = NETS[task][1]
    layers = [nn.Linear(n, m, rng=0) for n, m in pairwise(sizes)]
    for layer, w, b in zip(layers, weights[::2], weights[1::2], strict=True):
        layer.weight.data, layer.bias.data = w, b
    model = nn.Sequential(layers[0], nn.ReLU(), layers[1], nn.ReLU(), layers[2])
    optimizer = nn.SGD(model.parameters(), lr=RATE)

    def step(x: Any, labels: Any) -> Any:
        loss = functional.cross_entropy(model(x), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    return step, x, labels


def eager(task: str) -> Step:
    """Return this package's step, its graph made anew each time."""
    step, x, labels = ours(task)
    return lambda: float(step(x, labels).item())


def compiled(task: str) -> Step:
    """Return this package's step, traced once and replayed."""
    import tinygrad_edu

    step, x, labels = ours(task)
    fast = tinygrad_edu.compile(step)
    return lambda: float(fast(x, labels).item())


def mygrad(task: str) -> Step:
    """Return the step on MyGrad's tensors."""
    import mygrad as mg
    from mygrad.nnet.activations import relu
    from mygrad.nnet.losses import softmax_crossentropy

    x, labels, weights = start(task)

    def step() -> float:
        nonlocal weights
        ws = [mg.tensor(w, copy=False) for w in weights]
        a = x
        for i in (0, 2):
            a = relu(mg.matmul(a, ws[i].T) + ws[i + 1])
        loss = softmax_crossentropy(mg.matmul(a, ws[4].T) + ws[5], labels)
        loss.backward()
        weights = [w.data - RATE * w.grad for w in ws]
        return float(loss.item())

    return step


def hips(task: str) -> Step:
    """Return the step on HIPS autograd."""
    import autograd.numpy as anp
    from autograd import value_and_grad

    x, labels, weights = start(task)
    rows = np.arange(len(x))

    def loss_of(ws: list[Any]) -> Any:
        a = x
        for i in (0, 2):
            a = anp.maximum(anp.dot(a, ws[i].T) + ws[i + 1], 0)
        z = anp.dot(a, ws[4].T) + ws[5]
        z = z - anp.max(z, axis=1, keepdims=True)
        return anp.mean(anp.log(anp.sum(anp.exp(z), axis=1)) - z[rows, labels])

    slope = value_and_grad(loss_of)

    def step() -> float:
        nonlocal weights
        loss, grads = slope(weights)
        weights = [w - RATE * g for w, g in zip(weights, grads, strict=True)]
        return float(loss)

    return step


def torch(task: str) -> Step:
    """Return the step on PyTorch's tensors, eager, on one thread."""
    import torch
    from torch.nn.functional import cross_entropy

    torch.set_num_threads(1)
    x, labels, weights = start(task)
    inputs, targets = torch.from_numpy(x), torch.from_numpy(labels)
    ws = [torch.from_numpy(w).requires_grad_() for w in weights]
    optimizer = torch.optim.SGD(ws, lr=RATE)

    def step() -> float:
        a = inputs
        for i in (0, 2):
            a = torch.relu(a @ ws[i].T + ws[i + 1])
        loss = cross_entropy(a @ ws[4].T + ws[5], targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return float(loss.item())

    return step


MATRICES = {
    "NumPy by hand": by_hand,
    "tinygrad_edu": eager,
    "tinygrad_edu compiled": compiled,
    "MyGrad": mygrad,
    "HIPS autograd": hips,
    "PyTorch": torch,
}

# Of each task: the subjects, and what a subject is told. The first subject is what the others are measured by.
TASKS: dict[str, tuple[dict[str, Callable[[Any], Step]], Any]] = {
    "micrograd-demo": (
        {"micrograd": demo_micrograd, "tinygrad_edu": demo_eager, "tinygrad_edu compiled": demo_compiled},
        100,
    ),
    "mlp-small": (MATRICES, "mlp-small"),
    "mlp-large": (MATRICES, "mlp-large"),
}
