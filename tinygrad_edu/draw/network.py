"""`tg.draw_network`: a net as columns of neurons, as textbooks draw it, with the user's own numbers.

Any chain of layers that have a weight matrix can be drawn: nets of single `Value`s and of tensors alike.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from ..errors import ShapeError
from ..graph import Node
from ..modes import no_grad
from ..nn.module import Module
from ..nn.neuron import MLP, Layer, Neuron
from ..tensor import Tensor
from .drawing import Drawing
from .network_picture import NetworkPicture

Array = np.ndarray[Any, Any]
EDGES = ("weight", "gradient", "nudge")


@dataclass(slots=True)
class NetLayer:
    """One layer of weighted sums and what follows it: a = f(W a' + b)."""

    weight: Array
    bias: Array
    weight_grad: Array | None
    bias_grad: Array | None
    after: list[Callable[[Any], Any]]
    activation: str


def draw_network(
    model: Module,
    x: Any = None,
    *,
    edges: str = "weight",
    lr: float = 0.1,
    most: int = 12,
    image: tuple[int, int] | None = None,
) -> Drawing:
    """Draw a net: columns of neurons, and an edge for each weight, as wide as the weight is large.

    Blue is positive; orange and dashed is negative. Wide layers show their first and last neurons around a "⋮".
    x: one example; then every neuron shows its activation. edges: what the edges show: "weight", "gradient" of
    the weight, or "nudge", which is -lr * gradient. most: how many neurons of a layer are drawn.
    image: height and width, where the inputs are the pixels of an image; an `x` of two axes says so by itself.
    Raises TypeError for what is not a net of layers, ValueError for an unknown `edges` or gradients that have not
    been computed, ShapeError for an `x` that does not fit.
    """
    if edges not in EDGES:
        raise ValueError(f"draw_network(edges=…) is {', '.join(map(repr, EDGES))}, not {edges!r:.60}")
    layers = layers_of(model)
    shown = []
    for i, layer in enumerate(layers, start=1):
        if edges == "weight":
            shown.append(layer.weight)
        elif layer.weight_grad is None:
            raise ValueError(f"layer {i} has no gradient yet: call loss.backward(), then draw its {edges}s")
        else:
            shown.append(layer.weight_grad * (1.0 if edges == "gradient" else -lr))
    given = None if x is None else example(x, layers[0].weight.shape[1])
    if image is None and x is not None and np.ndim(_plain(x)) == 2 and 1 not in np.shape(_plain(x)):
        image = np.shape(_plain(x))
    if image is not None and image[0] * image[1] != layers[0].weight.shape[1]:
        raise ShapeError(
            f"an image of {image[0]} × {image[1]} is not the {layers[0].weight.shape[1]} inputs of this net"
        )
    return Drawing(
        NetworkPicture(
            weights=shown,
            sums=None if given is None else forward(layers, given)[0],
            activations=None if given is None else [given, *forward(layers, given)[1]],
            names=[layer.activation for layer in layers],
            biases=[layer.bias for layer in layers],
            what=edges,
            most=most,
            image=image,
        )
    )


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
            zeros = np.zeros(weight._data.shape[0])
            layers.append(
                NetLayer(
                    weight._data,
                    zeros if bias is None else bias._data,
                    weight._grad,
                    None if bias is None else bias._grad,
                    [],
                    "",
                )
            )
        elif layers and not module.parameters():
            layers[-1].after.append(module)
            if type(module).__name__ not in ("Identity", "Dropout", "Flatten"):
                layers[-1].activation = type(module).__name__.lower()
        elif module.parameters():
            raise TypeError(f"draw_network draws chains of Linear layers, and this net has a {module.described()}")
    if not layers:
        raise TypeError(f"draw_network draws a net of layers with weights, not {model!r:.60}")
    for before, layer in pairwise(layers):
        if before.weight.shape[0] != layer.weight.shape[1]:
            raise TypeError("draw_network draws layers that follow one another: these do not fit one onto the next")
    return layers


def of_neurons(neurons: list[Neuron]) -> NetLayer:
    """Return a layer of single neurons as matrices."""
    weight = np.array([[w._data for w in neuron.w] for neuron in neurons])
    computed = all(w._grad is not None for neuron in neurons for w in neuron.w)
    grads = np.array([[w._grad for w in neuron.w] for neuron in neurons]) if computed else None
    bias_grads = np.array([neuron.b._grad for neuron in neurons]) if computed else None
    name = neurons[0].activation
    from ..nn.activations import ACTIVATION_MODULES

    after = [] if name == "linear" else [ACTIVATION_MODULES[name]()]
    return NetLayer(
        weight, np.array([n.b._data for n in neurons]), grads, bias_grads, list(after), "" if name == "linear" else name
    )


def _plain(x: Any) -> Any:
    return x._data if isinstance(x, Node) else x


def example(x: Any, count: int) -> Array:
    """Return one example as a row of numbers. Raises ShapeError where it has not `count` of them."""
    row = np.array([_plain(each) for each in x] if isinstance(x, (list, tuple)) else _plain(x), dtype=float)
    if row.size != count:
        raise ShapeError(f"draw_network(x=…) is one example of {count} numbers, and this one has shape {row.shape}")
    return row.reshape(-1)


def forward(layers: list[NetLayer], x: Array) -> tuple[list[Array], list[Array]]:
    """Return the weighted sums and the activations of every layer for one example."""
    sums, activations = [], []
    with no_grad():
        for layer in layers:
            z = layer.weight @ x + layer.bias
            a: Any = Tensor(z[None, :], requires_grad=False)
            for f in layer.after:
                a = f(a)
            x = np.asarray(a._data, dtype=float).reshape(-1)
            sums.append(z)
            activations.append(x)
    return sums, activations
