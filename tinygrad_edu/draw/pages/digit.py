"""`tg.digit_page`: a trained net in a page, with a canvas to draw on: every layer lights up while one draws."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...core.types import Array
from ...errors import ShapeError
from ..graph.picture import short_text
from ..network.layers import layers_of
from .page import Page, asset, fill_template, json_data

KNOWN = ("", "relu", "tanh", "sigmoid", "softmax")  # the activations that the page can compute


def digit_page(model: Any, size: tuple[int, int] = (8, 8), *, classes: Sequence[str] | None = None) -> Page:
    """Return a page with the net in it: whoever opens it draws a digit and sees what the net makes of it.

    model: a chain of layers whose inputs are the pixels of a grey image between 0 and 1, bright on dark.
    size: height and width of that image. classes: what its outputs mean; by default 0, 1, 2, ….
    Raises ShapeError where `size` is not its number of inputs, ValueError for an activation that the page does not
    know, TypeError where the model is no chain of layers.
    """
    layers = layers_of(model)
    inputs, outputs = layers[0].weight.shape[1], layers[-1].weight.shape[0]
    if size[0] * size[1] != inputs:
        raise ShapeError(f"digit_page: an image of {size[0]} × {size[1]} is not the {inputs} inputs of this net")
    for layer in layers:
        if layer.activation not in KNOWN or len(layer.after) > 1:
            raise ValueError(f"digit_page computes {', '.join(KNOWN[1:])}, not {layer.activation}")
    names = [short_text(str(name)) for name in (classes or range(outputs))]
    if len(names) != outputs:
        raise ValueError(f"digit_page: {len(names)} classes for {outputs} outputs")
    content = {
        "size": list(size),
        "classes": names,
        "layers": [
            [*layer.weight.shape, base64_floats(layer.weight), base64_floats(layer.bias), layer.activation]
            for layer in layers
        ],
    }
    body = fill_template(asset("digit.html"), {"data": json_data(content)})
    return Page("Draw a digit", body, styles=asset("digit.css"), script=asset("digit.js"), height=640)


def base64_floats(values: Array) -> str:
    """Return numbers in single precision, in base64."""
    return b64encode(np.ascontiguousarray(values, dtype="<f4").tobytes()).decode()
