"""A convolutional net as columns of images: what each layer made of one picture, and the neurons at the end."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

from ...core.context import no_grad
from ...core.node import data_of
from ...core.tensor import Tensor
from ...core.types import Array
from ...errors import ShapeError
from ...errors.printable import printable
from ...nn.convolution import Conv2d
from ...nn.module import Module
from ..formats.dot import quoted
from ..formats.png import grey, signed, uri
from ..graph.picture import format_number
from ..pages.page import Page
from .columns import brief
from .layers import TRANSPARENT
from .paper import network_paper
from .picture import shade

MAP_SIDE, DOWN, ACROSS, TOP = 60.0, 78.0, 170.0, 56.0


@dataclass(slots=True)
class Stage:
    """The output of one layer and the functions after it: maps of shape (n, height, width), or n numbers."""

    name: str
    values: Array
    kernels: Array | None = None  # (n, channels, height, width)


@dataclass(slots=True)
class FeatureMaps:
    """A convolutional net, to be drawn for one image."""

    stages: list[Stage]
    most: int
    ours: bool = True  # Graphviz has no images made of numbers

    def alt(self) -> str:
        """Return what the picture shows, in a line."""
        return "a convolutional network: " + ", ".join(
            f"{stage.name} {map_sizes(stage.values)}" for stage in self.stages
        )

    def statements(self) -> list[str]:
        """Return the statements of a DOT digraph: a box a layer."""
        boxes = [
            f'\ts{k} [shape=box label="{quoted(stage.name)}\\n{map_sizes(stage.values)}"]\n'
            for k, stage in enumerate(self.stages)
        ]
        return ["\trankdir=LR\n", *boxes, *(f"\ts{k} -> s{k + 1}\n" for k in range(len(boxes) - 1))]

    def tex(self) -> str:
        """Raise ValueError: a picture made of images is no drawing of TeX's."""
        raise ValueError("a convolutional network is drawn with images: save it as .svg or .html")

    def page(self) -> Page:
        """Return a page with the picture on it."""
        least = (
            f".scroll svg{{max-width:max(100%,{0.7 * ACROSS * len(self.stages):.0f}px);height:auto}}"  # still readable
        )
        return Page(self.alt().capitalize(), f'<div class="scroll">{self.svg()}</div>', styles=least)

    def svg(self) -> str:
        """Return the picture as one SVG element."""
        rows = max(min(len(stage.values), self.most + 1) for stage in self.stages)
        wide, high = ACROSS * len(self.stages), max(180.0, TOP + DOWN * rows + 10)
        parts = [network_paper(wide, high, self.alt())]
        for c, stage in enumerate(self.stages):
            x = ACROSS * (c + 0.5)
            parts.append(
                f'<text class="h" x="{x:.0f}" y="18">{escape(stage.name)}</text>'
                f'<text class="s" x="{x:.0f}" y="33">{map_sizes(stage.values)}</text>'
            )
            shown = min(len(stage.values), self.most)
            start = TOP + (high - TOP - DOWN * (shown + (shown < len(stage.values)))) / 2
            parts += [self.one(c, k, x, start + DOWN * (k + 0.5)) for k in range(shown)]
            if shown < len(stage.values):
                more, y = len(stage.values) - shown, start + DOWN * (shown + 0.5)
                parts.append(f'<text class="s" x="{x:.0f}" y="{y:.0f}">⋮ {more} more</text>')
        return "".join(parts) + "</svg>"

    def one(self, c: int, k: int, x: float, y: float) -> str:
        """Return one map with its kernel beside it, or one neuron."""
        stage = self.stages[c]
        values, largest = stage.values[k], float(np.max(np.abs(stage.values), initial=0.0))
        if np.ndim(values) == 0:
            a = float(values)
            return (
                f'<g><title>neuron {k + 1}: {format_number(a)}</title><circle cx="{x:.0f}" cy="{y:.0f}" r="18" '
                f'{shade(a * 0.75, largest)}/><text class="v" x="{x:.0f}" y="{y + 3.5:.0f}">{brief(a)}</text></g>'
            )
        pixels = grey(values) if c == 0 else signed(values, largest)
        title = "the image" if c == 0 else f"map {k + 1}"
        tip = f"{title}: {format_number(values.min())} … {format_number(values.max())}"
        text = image(pixels, x - MAP_SIDE / 2 + 18 * (c > 0), y - MAP_SIDE / 2, MAP_SIDE, tip)
        if stage.kernels is not None:
            kernel = stage.kernels[k].mean(axis=0)
            channels = stage.kernels.shape[1]
            said = f"the kernel of map {k + 1}" + (f", the mean of its {channels} channels" if channels > 1 else "")
            text += image(signed(kernel, float(np.abs(kernel).max())), x - MAP_SIDE / 2 - 22, y - 15, 30.0, said)
        return text


def image(pixels: Array, x: float, y: float, side: float, tip: str) -> str:
    """Return an image with a frame and a tip."""
    box = f'x="{x:.0f}" y="{y:.0f}" width="{side:.0f}" height="{side:.0f}"'
    return (
        f'<image {box} style="image-rendering:pixelated" href="{uri(pixels)}"><title>{escape(tip)}</title></image>'
        f'<rect class="frame" {box}/>'
    )


def map_sizes(values: Array) -> str:
    """Return how many maps of which size, or how many neurons."""
    return f"{len(values)}" if values.ndim == 1 else f"{len(values)} × {values.shape[1]}×{values.shape[2]}"


def is_convolutional(model: Any) -> bool:
    """Return whether a net has a layer of convolutions."""
    return isinstance(model, Module) and any(isinstance(m, Conv2d) for _, m in model.named_modules())


def feature_maps(model: Module, x: Any, most: int) -> FeatureMaps:
    """Return the picture of a chain of modules for one image.

    Raises TypeError where there is no image, ShapeError where it is not one.
    """
    if x is None:
        raise TypeError("draw_network: a convolutional net is drawn for an image: give it, as in draw_network(net, x)")
    given = np.asarray(data_of(x), dtype=float)
    given = given.reshape((1,) * (4 - given.ndim) + given.shape) if 2 <= given.ndim <= 4 else given
    if given.ndim != 4 or len(given) != 1:
        raise ShapeError(f"draw_network: one image of (channels, height, width) is wanted, not {np.shape(data_of(x))}")
    stages = [Stage("image", given[0])]
    state: Any = Tensor(given, requires_grad=False)
    with no_grad():
        for _, module in model.named_modules():
            if list(module.children()):
                continue
            state, kind = module.forward(state), printable(type(module).__name__)
            values = np.asarray(data_of(state), dtype=float)[0]
            if module.starts_layer or (values.ndim == 1 and stages[-1].values.ndim == 3 and kind not in TRANSPARENT):
                weight = getattr(module, "weight", None)
                kernels = np.asarray(data_of(weight)) if isinstance(module, Conv2d) else None
                stages.append(Stage(kind.lower().replace("2d", ""), values, kernels))
            elif kind not in TRANSPARENT and len(stages) > 1:
                stages[-1].values = values
                stages[-1].name += f" · {kind.lower().replace('2d', '')}"
    return FeatureMaps(stages, most)
