"""`tg.draw_network`: a net as columns of neurons, as textbooks draw it, with the user's own numbers.

Any chain of layers that have a weight matrix can be drawn: nets of single `Value`s and of tensors alike.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.node import data_of
from ...core.types import Array
from ...errors import ShapeError
from ...nn.module import Module
from ..drawing import Drawing
from .feature_maps import feature_maps, is_convolutional
from .layers import forward, layers_of
from .picture import NetworkPicture

EDGES = ("weight", "gradient", "nudge")


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
    A net with convolutions is drawn for an image `x`: the maps that each layer made of it, beside their kernels.
    image: height and width, where the inputs are the pixels of an image; an `x` of two axes says so by itself.
    Raises TypeError for what is not a net of layers, ValueError for an unknown `edges` or gradients that have not
    been computed, ShapeError for an `x` that does not fit.
    """
    if edges not in EDGES:
        raise ValueError(f"draw_network(edges=…) is {', '.join(map(repr, EDGES))}, not {edges!r:.60}")
    if is_convolutional(model):
        return Drawing(feature_maps(model, x, most))
    layers = layers_of(model)
    shown = []
    for i, layer in enumerate(layers, start=1):
        if edges == "weight":
            shown.append(layer.weight)
        elif layer.weight_grad is None:
            raise ValueError(f"layer {i} has no gradient yet: call loss.backward(), then draw its {edges}s")
        else:
            shown.append(layer.weight_grad * (1.0 if edges == "gradient" else -lr))
    sums, activations, inputs = None, None, layers[0].weight.shape[1]
    if x is not None:
        given = example(x, inputs)
        sums, activations = forward(layers, given)
        activations = [given, *activations]
        if image is None and np.ndim(data_of(x)) == 2 and 1 not in np.shape(data_of(x)):
            image = np.shape(data_of(x))
    if image is not None and image[0] * image[1] != inputs:
        raise ShapeError(f"an image of {image[0]} × {image[1]} is not the {inputs} inputs of this net")
    return Drawing(
        NetworkPicture(
            weights=shown,
            sums=None if sums is None else [z[0] for z in sums],
            activations=None if activations is None else [a[0] for a in activations],
            names=[layer.activation for layer in layers],
            biases=[layer.bias for layer in layers],
            what=edges,
            most=most,
            image=image,
            gradients=None if edges != "weight" else known([layer.weight_grad for layer in layers]),
            bias_gradients=known([layer.bias_grad for layer in layers]),
        )
    )


def known(gradients: list[Array | None]) -> list[Array] | None:
    """Return gradients, or None where one has not been computed."""
    found = [each for each in gradients if each is not None]
    return found if len(found) == len(gradients) else None


def example(x: Any, count: int) -> Array:
    """Return one example as the only row of a matrix. Raises ShapeError where it has not `count` numbers."""
    row = np.array([data_of(each) for each in x] if isinstance(x, (list, tuple)) else data_of(x), dtype=float)
    if row.size != count:
        raise ShapeError(f"draw_network(x=…) is one example of {count} numbers, and this one has shape {row.shape}")
    return row.reshape(1, -1)
