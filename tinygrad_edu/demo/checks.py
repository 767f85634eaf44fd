"""The demo's proofs about a trained net: its gradients by hand, their average, and the same net as single neurons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.backprop import gradients
from ..core.types import Array
from ..nn import Linear, Sequential
from ..nn.functional import cross_entropy, linear, relu
from ..ops.powers import exp, log
from ..transforms import per_example_gradients
from .by_hand import of_a_batch

TOLERANCE = 1e-10


def relative_gap(hand: Any, auto: Any) -> float:
    """Return how far two arrays are apart at worst, as a part of the largest number in them."""
    hand, auto = np.asarray(hand), np.asarray(auto)
    return float(np.abs(hand - auto).max() / max(np.abs(hand).max(), np.abs(auto).max(), np.finfo(float).tiny))


@dataclass
class Compared:
    """One parameter's gradient, by hand and automatic."""

    name: str
    hand: Array
    auto: Array

    @property
    def error(self) -> float:
        """The distance of the two, relative to the largest number."""
        return relative_gap(self.hand, self.auto)

    @property
    def size(self) -> int:
        """The number of entries."""
        return self.auto.size

    @property
    def largest(self) -> tuple[float, float]:
        """The largest of the numbers by hand, and of the automatic ones."""
        return float(np.abs(self.hand).max()), float(np.abs(self.auto).max())


def by_hand(model: Sequential, x: Array, y: Array) -> list[Compared]:
    """Compare every gradient of a batch with the formulas derived by hand."""
    loss = cross_entropy(model(x), y)
    auto = gradients(loss, model.parameters())
    layers = {module.layer_number: module for module in model if isinstance(module, Linear)}
    W = {l: layer.weight._data for l, layer in layers.items()}
    b = {l: layer.bias._data for l, layer in layers.items() if layer.bias is not None}
    dW, db = of_a_batch(W, b, x, y)
    hand = [d[l] for l in layers for d in (dW, db)]
    return [
        Compared(p.label, ours, theirs._data) for p, ours, theirs in zip(model.parameters(), hand, auto, strict=True)
    ]


@dataclass
class Nudges:
    """The change of the last layer's biases that each example of a batch asks for, and the average of all nudges."""

    digits: Array  # (n,)
    each: Array  # (n, 10): minus the gradient of each example's own cost
    error: float  # of the average of all nudges of all parameters against the gradient of the batch


def example_nudges(model: Sequential, x: Array, y: Array) -> Nudges:
    """Compute the gradient of each example by itself, and average."""

    def cost(parameters: list[Any], images: Any, digits: Any) -> Any:
        *hidden, last = zip(parameters[::2], parameters[1::2], strict=True)
        a = images
        for weight, bias in hidden:
            a = relu(linear(a, weight, bias))
        return cross_entropy(linear(a, *last), digits)

    parameters = [p._data for p in model.parameters()]
    each = per_example_gradients(cost, parameters, (x, y))
    batch = gradients(cross_entropy(model(x), y), model.parameters())
    error = max(relative_gap(one.mean(axis=0), whole._data) for one, whole in zip(each, batch, strict=True))
    return Nudges(y, -each[-1], error)


@dataclass
class Scales:
    """One image through the net of tensors and through the same net of single neurons."""

    tensors: Array  # (10,): the scores
    neurons: Array
    count: int  # of neurons
    gradient_error: float  # of all gradients, computed neuron by neuron

    @property
    def error(self) -> float:
        """The largest distance between the scores."""
        return relative_gap(self.neurons, self.tensors)


def as_neurons(model: Sequential, x: Array, y: int) -> Scales:
    """Run one image forward and backward through single neurons made of Values, and through the tensors."""
    linears = [module for module in model if isinstance(module, Linear)]
    layers = [layer.neurons("relu" if layer is not linears[-1] else None) for layer in linears]
    a: list[Any] = x.tolist()
    for layer in layers:
        a = [neuron(a) for neuron in layer]
    cost = log(sum(exp(z) for z in a)) - a[y]
    cost.backward()
    scores = model(x)
    tensors = gradients(cross_entropy(scores, y), model.parameters())
    values = [g for layer in layers for g in ([[w.grad for w in n.w] for n in layer], [n.b.grad for n in layer])]
    return Scales(
        scores._data,
        np.array([z.data for z in a]),
        sum(map(len, layers)),
        max(relative_gap(one, other._data) for one, other in zip(values, tensors, strict=True)),
    )
