"""A multilayer perceptron on a batch, with cross-entropy and gradient descent, of any width and depth."""

from __future__ import annotations

import functools
import shutil
from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from scalars import Step, descending, hips_descending

RATE = 0.01  # with 0.1 the deepest net diverges after some thousand steps


class Net(NamedTuple):
    """How many rows a batch has, how wide the layers are, the input's first, and in what precision it computes."""

    rows: int
    sizes: tuple[int, ...]
    dtype: str = "float64"


def start(net: Net) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    """Return inputs, labels, and weights and biases in turn, the same for each subject."""
    rng = np.random.default_rng(0)
    x, labels = rng.normal(size=(net.rows, net.sizes[0])), rng.integers(0, net.sizes[-1], net.rows)
    shapes = pairwise(net.sizes)
    parameters = [p for n, m in shapes for p in (rng.normal(size=(m, n)) * np.sqrt(2 / n), np.zeros(m))]
    return x.astype(net.dtype), labels, [p.astype(net.dtype) for p in parameters]


def cross_entropy(z: np.ndarray, labels: np.ndarray, rows: np.ndarray) -> tuple[float, np.ndarray]:
    """Return the loss of scores, in whose memory it computes, and its slope by them. rows: 0, 1, 2, … of the batch."""
    z -= z.max(1, keepdims=True)
    p = np.exp(z)
    total = p.sum(1, keepdims=True)
    loss = (np.log(total[:, 0]) - z[rows, labels]).mean()
    p /= total
    p[rows, labels] -= 1
    p /= len(rows)
    return float(loss), p


def by_hand(net: Net) -> Step:
    """Return the step as one writes it with NumPy and nothing else."""
    x, labels, parameters = start(net)
    layers = list(zip(parameters[::2], parameters[1::2], strict=True))
    rows = np.arange(len(x))

    def step() -> float:
        a, inputs = x, []
        for w, b in layers:
            inputs.append(a)
            z = a @ w.T
            z += b
            a = np.maximum(z, 0, out=z) if len(inputs) < len(layers) else z
        loss, d = cross_entropy(z, labels, rows)
        for (w, b), a in zip(reversed(layers), reversed(inputs), strict=True):
            dw, db = d.T @ a, d.sum(0)
            if a is not x:
                d = d @ w
                d *= a > 0
            dw *= RATE
            w -= dw
            db *= RATE
            b -= db
        return loss

    return step


def training(model: Any) -> Callable[[Any, Any], Any]:
    """Return a training step of this package's nets, as a function of inputs and labels."""
    from tinygrad_edu import nn

    optimizer = nn.SGD(model.parameters(), lr=RATE)

    def step(x: Any, labels: Any) -> Any:
        loss = nn.functional.cross_entropy(model(x), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    return step


def ours(net: Net, through: Callable[[Any], Any] = lambda step: step) -> Step:
    """Return the step on this package's tensors."""
    from tinygrad_edu import nn

    x, labels, parameters = start(net)
    modules: list[Any] = []
    for (n, m), w, b in zip(pairwise(net.sizes), parameters[::2], parameters[1::2], strict=True):
        layer = nn.Linear(n, m, rng=0, dtype=net.dtype)
        layer.weight.data, layer.bias.data = w, b
        modules += [layer, nn.ReLU()]
    step = through(training(nn.Sequential(*modules[:-1])))
    return lambda: float(step(x, labels).item())


def compiled(net: Net) -> Step:
    """Return the step on this package's tensors, traced once and replayed."""
    import tinygrad_edu

    return ours(net, tinygrad_edu.compile)


def on_xla(net: Net) -> Step:
    """Return the step on this package's tensors, compiled by XLA."""
    import tinygrad_edu

    return ours(net, functools.partial(tinygrad_edu.compile, backend="jax"))


def mygrad(net: Net) -> Step:
    """Return the step on MyGrad's tensors."""
    import mygrad as mg
    from mygrad.nnet.activations import relu
    from mygrad.nnet.losses import softmax_crossentropy

    x, labels, weights = start(net)

    def step() -> float:
        nonlocal weights
        ws = [mg.tensor(w, copy=False) for w in weights]
        a = x
        for w, b in zip(ws[:-2:2], ws[1:-2:2], strict=True):
            a = relu(mg.matmul(a, w.T) + b)
        loss = softmax_crossentropy(mg.matmul(a, ws[-2].T) + ws[-1], labels)
        loss.backward()
        weights = [w.data - RATE * w.grad for w in ws]
        return float(loss.item())

    return step


def hips(net: Net) -> Step:
    """Return the step on HIPS autograd."""
    import autograd.numpy as anp

    x, labels, weights = start(net)
    rows = np.arange(len(x))

    def loss_of(ws: list[Any]) -> Any:
        a = x
        for w, b in zip(ws[:-2:2], ws[1:-2:2], strict=True):
            a = anp.maximum(anp.dot(a, w.T) + b, 0)
        return hips_cross_entropy(anp.dot(a, ws[-2].T) + ws[-1], labels, rows)

    return hips_descending(loss_of, weights, RATE)


def hips_cross_entropy(z: Any, labels: np.ndarray, rows: np.ndarray) -> Any:
    """Return the loss of scores, on HIPS autograd."""
    import autograd.numpy as anp

    z = z - anp.max(z, axis=1, keepdims=True)
    return anp.mean(anp.log(anp.sum(anp.exp(z), axis=1)) - z[rows, labels])


def torch(net: Net) -> Step:
    """Return the step on PyTorch's tensors, eager."""
    import torch
    from torch.nn import Linear, ReLU, Sequential

    x, labels, parameters = start(net)
    modules: list[Any] = []
    for (n, m), w, b in zip(pairwise(net.sizes), parameters[::2], parameters[1::2], strict=True):
        layer = Linear(n, m, dtype=getattr(torch, net.dtype))
        layer.weight.data, layer.bias.data = torch.from_numpy(w), torch.from_numpy(b)
        modules += [layer, ReLU()]
    return torch_training(Sequential(*modules[:-1]), x, labels)


def torch_training(model: Any, x: np.ndarray, labels: np.ndarray) -> Step:
    """Return the training step of a module of PyTorch's."""
    import torch
    from torch.nn.functional import cross_entropy

    inputs, targets = torch.from_numpy(x), torch.from_numpy(labels)
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE)

    def step() -> float:
        loss = cross_entropy(model(inputs), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return float(loss.item())

    return step


def jax(net: Net) -> Step:
    """Return the step on JAX's arrays, compiled by XLA."""
    import jax

    x, labels, parameters = start(net)

    def loss_of(ws: list[Any], x: Any, labels: Any) -> Any:
        a = x
        for w, b in zip(ws[:-2:2], ws[1:-2:2], strict=True):
            a = jax.nn.relu(a @ w.T + b)
        return jax_cross_entropy(a @ ws[-2].T + ws[-1], labels)

    return descending(loss_of, parameters, RATE, x, labels)


def jax_cross_entropy(z: Any, labels: Any) -> Any:
    """Return the loss of scores, on JAX's arrays."""
    import jax

    return -jax.nn.log_softmax(z)[np.arange(len(labels)), labels].mean()


def tinygrad(net: Net) -> Step:
    """Return the step on tinygrad's tensors, through its own compiler."""

    def scores(a: Any, ws: list[Any]) -> Any:
        for w, b in zip(ws[:-2:2], ws[1:-2:2], strict=True):
            a = a.linear(w.T, b).relu()
        return a.linear(ws[-2].T, ws[-1])

    return tinygrad_training(scores, *start(net))


def tinygrad_training(scores: Callable[[Any, list[Any]], Any], x: np.ndarray, labels: np.ndarray, ws: Any) -> Step:
    """Return the training step of scores computed from inputs and weights, on tinygrad."""
    if shutil.which("clang") is None:
        raise ImportError("tinygrad compiles by clang, which is not installed")
    from tinygrad import Tensor, TinyJit

    inputs, targets = Tensor(x).realize(), Tensor(labels).realize()
    weights = [Tensor(w).realize() for w in ws]

    @TinyJit
    def train() -> Any:
        loss = scores(inputs, weights).sparse_categorical_crossentropy(targets)
        slopes = loss.gradient(*weights)
        return loss.realize(*(w.assign(w - RATE * g) for w, g in zip(weights, slopes, strict=True)))

    return lambda: float(train().item())


SUBJECTS: dict[str, Callable[[Net], Step]] = {
    "NumPy by hand": by_hand,
    "tinygrad_edu": ours,
    "tinygrad_edu compiled": compiled,
    "tinygrad_edu on XLA": on_xla,
    "MyGrad": mygrad,
    "HIPS autograd": hips,
    "PyTorch": torch,
    "JAX jit": jax,
    "tinygrad": tinygrad,
}
