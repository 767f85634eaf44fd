"""The pictures of the demo: one neuron's graph with its gradients, and the whole net at work on an image."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..draw.drawing import Drawing
from ..draw.graph import draw
from ..draw.network import draw_network
from ..graph import gradients
from ..nn import Linear, Sequential
from ..nn.functional import cross_entropy
from ..value import Value

Array = np.ndarray[Any, Any]
DRAWN = 3  # inputs of the neuron: those that weigh most


def network(model: Sequential, x: Array) -> Drawing:
    """Draw the trained net with the activations that one image causes."""
    return draw_network(model, x, image=(8, 8))


def neuron(model: Sequential, x: Array, y: int) -> tuple[Drawing, str]:
    """Draw one neuron of the second layer with the gradients of this image's cost, and say in words what it shows.

    Of its many inputs the strongest are drawn; the sum of the others, with the bias, is one number.
    """
    before, weighted = model[1](model[0](x)), model[2]
    assert isinstance(weighted, Linear)
    after = model[3](weighted(before))
    (of_after,) = gradients(cross_entropy(model[4](after), y), [after])
    j = int(np.argmax(np.where(after._data > 0, np.abs(of_after._data), -1)))
    one = weighted.neurons("relu")[j]
    inputs = [Value(number, f"a_{k}^(1)") for k, number in enumerate(before.tolist(), start=1)]
    shares = [abs(w.data * a.data) for w, a in zip(one.w, inputs, strict=True)]
    strongest = sorted(np.argsort(shares)[-DRAWN:].tolist())
    rest = sum(w.data * a.data for k, (w, a) in enumerate(zip(one.w, inputs, strict=True)) if k not in strongest)
    z = Value(one.b.data + rest, "b and the rest", requires_grad=False)
    for k in strongest:
        z = z + one.w[k] * inputs[k]
    z.label = one.z_label
    a = z.relu()
    a.label = one.a_label
    a.backward(of_after._data[j])
    said = (
        f"Neuron {j + 1} of the second hidden layer, at work on the image above, with its {DRAWN} strongest inputs of "
        f"{len(inputs)}. grad is how fast the cost C changes with each number: for {one.w[strongest[-1]].label} it is "
        f"∂C/∂{one.a_label} times 1, the slope of the ReLU, times {inputs[strongest[-1]].label}."
    )
    return draw(a), said
