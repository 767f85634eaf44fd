"""A net as a chain of weight matrices: what every picture of a net starts from, whatever classes it is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

from ...core.context import no_grad
from ...core.node import Node, data_of
from ...core.tensor import Tensor
from ...core.types import Array
from ...nn.activations import ACTIVATION_MODULES
from ...nn.module import Module
from ...nn.neuron import MLP, Layer, Neuron

TRANSPARENT = frozenset({"Identity", "Dropout", "Flatten"})  # what changes nothing in a net that is only looked at


@dataclass(slots=True)
class NetLayer:
    """One layer of weighted sums and what follows it: a = f(W a' + b)."""

    weight: Array
    bias: Array
    weight_grad: Array | None = None
    bias_grad: Array | None = None
    after: list[Callable[[Any], Any]] = field(default_factory=list)
    activation: str = ""  # what follows, in a word


def layers_of(model: Any) -> list[NetLayer]:
    """Return the layers of a net from input to output. Raises TypeError where it is no chain of such layers."""
    if isinstance(model, MLP):
        return [of_neurons(layer.neurons) for layer in model.layers]
    if isinstance(model, (Layer, Neuron)):
        return [of_neurons(model.neurons if isinstance(model, Layer) else [model])]
    layers: list[NetLayer] = []
    modules = [m for _, m in model.named_modules() if not list(m.children())] if isinstance(model, Module) else []
    for module in modules:
        weight = getattr(module, "weight", None)
        if module.starts_layer and isinstance(weight, Node) and np.ndim(weight._data) == 2:
            bias = getattr(module, "bias", None)
            shift = np.zeros(weight._data.shape[0]) if bias is None else bias._data
            layers.append(NetLayer(weight._data, shift, weight._grad, None if bias is None else bias._grad))
        elif module.parameters():
            raise TypeError(
                f"only chains of Linear layers can be drawn as a network: this net has {module.described()}"
            )
        elif layers and type(module).__name__ not in TRANSPARENT:
            layers[-1].after.append(module.forward)  # not a call, which would be taken for the net's own last one
            layers[-1].activation = type(module).__name__.lower()
    if not layers:
        raise TypeError(f"only a net of layers with weights can be drawn as a network, not {model!r:.60}")
    for before, layer in pairwise(layers):
        if before.weight.shape[0] != layer.weight.shape[1]:
            raise TypeError("only a chain of layers can be drawn as a network: these do not fit one onto the next")
    return layers


def of_neurons(neurons: list[Neuron]) -> NetLayer:
    """Return a layer of single neurons as matrices."""
    weight = np.array([[w._data for w in neuron.w] for neuron in neurons])
    computed = all(w._grad is not None for neuron in neurons for w in neuron.w)
    grad = np.array([[w._grad for w in neuron.w] for neuron in neurons]) if computed else None
    name = neurons[0].activation
    after = [] if name == "linear" else [ACTIVATION_MODULES[name]().forward]
    bias_grad = np.array([n.b._grad for n in neurons]) if all(n.b._grad is not None for n in neurons) else None
    bias, activation = np.array([n.b._data for n in neurons]), "" if name == "linear" else name
    return NetLayer(weight, bias, grad, bias_grad, list(after), activation)


def forward(layers: list[NetLayer], rows: Array) -> tuple[list[Array], list[Array]]:
    """Return the weighted sums and the activations of every layer, for one example a row."""
    sums, activations = [], []
    with no_grad(), np.errstate(all="ignore"):
        for layer in layers:
            z = rows @ layer.weight.T + layer.bias
            a: Any = Tensor(z, requires_grad=False)
            for f in layer.after:
                a = f(a)
            rows = np.asarray(data_of(a), dtype=float)
            sums.append(z)
            activations.append(rows)
    return sums, activations
