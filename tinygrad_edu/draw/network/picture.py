"""Writes a net of layers as SVG and as DOT: circles in columns, edges by weight.

Notation: w_jk^(L) leads from neuron k of layer L-1 to neuron j of layer L; z is the weighted sum, a the activation.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape

import numpy as np

from ...core.types import Array
from ..formats.png import grey, signed, tint, uri
from ..graph.picture import format_number
from ..pages.page import Page
from .columns import RADIUS, Columns, brief, label_at
from .paper import network_paper
from .tikz import network_tikz

LETTERS = {"weight": "w", "gradient": "∂w", "nudge": "Δw"}
THUMB = 34.0  # side of the image of a neuron's weights


@dataclass(slots=True)
class NetworkPicture:
    """A net to be drawn; the first of `activations` is the input."""

    weights: list[Array]
    biases: list[Array]
    names: list[str]
    sums: list[Array] | None
    activations: list[Array] | None
    what: str
    most: int
    image: tuple[int, int] | None
    gradients: list[Array] | None = None  # of the weights, for the page to show instead of them
    bias_gradients: list[Array] | None = None  # which are δ, where there is one example
    ours: bool = True  # columns are what this picture is about, and Graphviz would shuffle them

    def alt(self) -> str:
        """Return what the picture shows, in a line."""
        return f"a network of {'-'.join(map(str, self.counts()))} neurons, edges by {self.what}"

    def counts(self) -> list[int]:
        """Return how many neurons each column has, the input first."""
        return [self.weights[0].shape[1], *(w.shape[0] for w in self.weights)]

    def visible(self, column: int) -> list[int | None]:
        """Return the neurons of a column that are drawn; None stands for the others."""
        n = self.counts()[column]
        if n <= self.most:
            return list(range(n))
        head = (self.most + 1) // 2
        return [*range(head), None, *range(n - (self.most - head), n)]

    def drawn_edges(self, layer: int) -> list[tuple[int, int, float]]:
        """Return (j, k, weight) of each edge between drawn neurons, the faint ones first: the strong lie on top."""
        ends = ((j, k) for j in self.visible(layer + 1) for k in self.visible(layer) if j is not None and k is not None)
        found = [(j, k, float(self.weights[layer][j, k])) for j, k in ends]
        return sorted(found, key=lambda edge: abs(edge[2]))

    def page(self) -> Page:
        """Return a page where a neuron that is chosen shows its arithmetic."""
        from .page import network_page

        return network_page(self)

    def tex(self) -> str:
        """Return a LaTeX document of the picture."""
        return network_tikz(self)

    # DOT ---------------------------------------------------------------------------------------------------------

    def statements(self) -> list[str]:
        """Return the statements of a DOT digraph, one rank a column."""
        lines = [
            "\trankdir=LR ranksep=1.4 bgcolor=white splines=line\n",
            "\tnode [shape=circle fixedsize=true width=0.55]\n",
        ]
        for c in range(len(self.counts())):
            row = " ".join(f"c{c}_{'etc' if j is None else j}" for j in self.visible(c))
            lines.append(f"\t{{rank=same {row}}}\n")
            for j in self.visible(c):
                if j is None:
                    lines.append(f'\tc{c}_etc [label="⋮" shape=plaintext]\n')
                    continue
                value = brief(float(self.activations[c][j])) if self.activations is not None else ""
                fill = (
                    tint(float(self.activations[c][j]), self.loudest(c)) if self.activations is not None else "#ffffff"
                )
                lines.append(f'\tc{c}_{j} [label="{value}" style=filled fillcolor="{fill}"]\n')
        for layer, largest in enumerate(self.largest()):
            for j, k, w in self.drawn_edges(layer):
                look = 'color="#0072b2"' if w >= 0 else 'color="#d55e00" style=dashed'
                lines.append(
                    f"\tc{layer}_{k} -> c{layer + 1}_{j} [penwidth={thick(w, largest):.2f} arrowhead=none {look}]\n"
                )
        return lines

    def largest(self) -> list[float]:
        """Return the largest absolute weight of each layer."""
        return [float(np.max(np.abs(w), initial=0.0)) for w in self.weights]

    def loudest(self, column: int) -> float:
        """Return the largest absolute activation of a column."""
        return 0.0 if self.activations is None else float(np.max(np.abs(self.activations[column]), initial=0.0))

    # SVG ---------------------------------------------------------------------------------------------------------

    def svg(self) -> str:
        """Return the picture as one SVG element."""
        columns = Columns.of(self)
        at, middle = columns.at, columns.middle
        w, high = columns.size
        parts = [network_paper(w, high, self.alt())]
        labels: list[str] = []
        for layer in range(len(self.weights)):
            if layer == 0 and self.image:
                parts += self.fan(at, middle)
            else:
                parts += self.layer_edges(layer, at, labels)
        parts += [f'<g class="l">{"".join(labels)}</g>'] if labels else []
        for c, x in enumerate(columns.xs):
            parts.append(self.heading(c, x))
            if c == 0 and self.image:
                parts.append(self.input_image(x, middle))
            else:
                parts += [self.neuron(c, j, *at[c, j]) for j in self.visible(c)]
        parts.append("</svg>")
        return "".join(parts)

    def layer_edges(
        self, layer: int, at: dict[tuple[int, int | None], tuple[float, float]], labels: list[str]
    ) -> list[str]:
        """Return the edges of a layer, with the weights' names and values in `labels` where there is room for them."""
        parts, largest = [], self.largest()[layer]
        heads = [j for j in self.visible(layer + 1) if j is not None]
        many = len(heads) * len(self.visible(layer)) > 60
        letter = LETTERS[self.what]
        where = label_at(len(self.visible(layer)), len(heads))
        for j, k, w in self.drawn_edges(layer):
            (x, y), (u, v) = at[layer, k], at[layer + 1, j]
            name = f"{letter}_{indices(j, k)}^({layer + 1}) = {format_number(w)}"
            line = f"M{x + RADIUS:.0f} {y:.0f}L{u - RADIUS:.0f} {v:.0f}"
            wide = thick(w, largest) * (0.6 if many else 1.0)
            slope = "" if self.gradients is None else f' data-g="{self.gradients[layer][j, k]:.6g}"'
            strength = 0.2 + 0.65 * abs(w) / (largest or 1.0)
            parts.append(
                f'<path class="w{sign_class(w)}" data-w="{w:.6g}" data-at="{layer} {j} {k}"{slope} d="{line}"'
                f' stroke-width="{wide:.2f}" stroke-opacity="{strength:.2f}"><title>{name}</title></path>'
            )
            if self.named(layer):
                labels.append(edge_label(at[layer, k], at[layer + 1, j], where, letter, indices(j, k), layer + 1, w))
        return parts

    def named(self, layer: int) -> bool:
        """Tell whether there is room for the names of a layer's weights."""
        return len(self.visible(layer + 1)) <= 3 and len(self.visible(layer)) <= 4 and not (layer == 0 and self.image)

    def fan(self, at: dict[tuple[int, int | None], tuple[float, float]], middle: float) -> list[str]:
        """Return thin lines from the input image to the image of each first neuron's weights."""
        parts, largest = [], self.largest()[0]
        for j in self.visible(1):
            if j is not None:
                x, y = at[1, j]
                x -= RADIUS + THUMB + 14
                bend = (190 + x) / 2
                box = f'x="{x:.0f}" y="{y - THUMB / 2:.0f}" width="{THUMB:.0f}" height="{THUMB:.0f}"'
                source = uri(signed(self.weights[0][j].reshape(self.image), largest))
                curve = f"M190 {middle:.0f}C{bend:.0f} {middle:.0f} {bend:.0f} {y:.0f} {x:.0f} {y:.0f}"
                parts.append(
                    f'<path class="q" d="{curve}"/>'
                    f'<path class="q" d="M{x + THUMB:.0f} {y:.0f}H{x + THUMB + 14:.0f}"/>'
                    f'<image {box} data-j="{j}" style="image-rendering:pixelated" href="{source}">'
                    f'<title>the weights of neuron {j + 1}</title></image><rect class="frame" {box}/>'
                )
        return parts

    def input_image(self, x: float, y: float) -> str:
        """Return the input as an image."""
        box = f'x="{x - 70:.0f}" y="{y - 70:.0f}" width="140" height="140"'
        if self.activations is None:
            return f'<rect class="frame" {box}/><text class="m" x="{x:.0f}" y="{y:.0f}">an image</text>'
        source = uri(grey(self.activations[0].reshape(self.image)))
        return f'<image {box} style="image-rendering:pixelated" href="{source}"/><rect class="frame" {box}/>'

    def heading(self, c: int, x: float) -> str:
        """Return what a column is."""
        name, under = self.title(c)
        return (
            f'<text class="h" x="{x:.0f}" y="18">{name}</text><text class="s" x="{x:.0f}" y="33">{escape(under)}</text>'
        )

    def title(self, c: int) -> tuple[str, str]:
        """Return what a column is, and how many it has of what."""
        name = "input" if c == 0 else "output" if c == len(self.weights) else f"hidden layer {c}"
        if c == 0 and self.image:
            return name, f"{self.image[0]} × {self.image[1]} pixels"
        return name, f"{self.counts()[c]}" + (f" · {self.names[c - 1]}" if c and self.names[c - 1] else "")

    def neuron(self, c: int, j: int | None, x: float, y: float) -> str:
        """Return one circle, its activation in it and its name under it; "⋮" for those left out."""
        if j is None:
            return f'<text class="m" x="{x:.0f}" y="{y + 6:.0f}" style="font-size:20px">⋮</text>'
        letter = scripted("x", str(j + 1)) if c == 0 else scripted("a", str(j + 1), f"({c})")
        value, fill, tip = "", 'class="paper"', ""
        if self.activations is not None:
            a = float(self.activations[c][j])
            value, fill = brief(a), shade(a * 0.75, self.loudest(c))
            tip = f"a_{j + 1}^({c}) = {format_number(a)}" if c else f"x_{j + 1} = {format_number(a)}"
            if c and self.sums is not None:
                z, b = format_number(float(self.sums[c - 1][j])), format_number(float(self.biases[c - 1][j]))
                tip = f"z_{j + 1}^({c}) = Σ w a + b = {z}, b = {b}, {tip}"
        circle = f'<circle cx="{x:.0f}" cy="{y:.0f}" r="{RADIUS:.0f}" {fill}/>'
        inside = f'<text class="v" x="{x:.0f}" y="{y + 3.5:.0f}">{value or letter}</text>'
        under = f'<text class="m u" x="{x:.0f}" y="{y + RADIUS + 14:.0f}">{letter}</text>' if value else ""
        return f'<g id="a{c}_{j}"><title>{tip}</title>{circle}{inside}{under}</g>'


def shade(value: float, largest: float) -> str:
    """Return the fill of a circle by one signed number, as attributes that suit light and dark paper."""
    part = min(1.0, abs(value) / (largest or 1.0)) if math.isfinite(value) else 0.0
    return f'fill="{"#d55e00" if value < 0 else "#0072b2"}" fill-opacity="{part:.2f}"'


def sign_class(w: float) -> str:
    """Return how a line says its sign: a zero is neither positive nor negative."""
    return " neg" if w < 0 else "" if w > 0 else " zero"


def thick(w: float, largest: float) -> float:
    """Return how wide the edge of a weight is drawn."""
    return 0.5 + 4.5 * abs(w) / largest if largest else 0.5


def indices(j: int, k: int) -> str:
    """Return the indices of the weight to neuron j from neuron k, counted from 1."""
    return f"{j + 1}{k + 1}" if max(j, k) < 9 else f"{j + 1},{k + 1}"


def scripted(letter: str, below: str, above: str = "", after: str = "") -> str:
    """Return a letter with an index below and the layer above it, and what comes after, as SVG text."""
    up = f'<tspan dx="{-0.6 * len(below):.1f}em" dy="-8" font-size="75%">{above}</tspan>' if above else ""
    rest = f'<tspan dx="4" dy="{5 if above else -3}">{after}</tspan>' if after else ""
    return f'{letter}<tspan dy="3" font-size="75%">{below}</tspan>{up}{rest}'


def edge_label(
    tail: tuple[float, float],
    head: tuple[float, float],
    where: float,
    letter: str,
    below: str,
    layer: int,
    w: float,
) -> str:
    """Return the name and the value of a weight, written along its edge at `where` of the way."""
    (x, y), (u, v) = tail, head
    px, py = x + RADIUS + where * (u - x - 2 * RADIUS), y + where * (v - y)
    turn = math.degrees(math.atan2(v - y, u - x - 2 * RADIUS))
    text = scripted(letter, below, f"({layer})", format_number(w, 3))
    return f'<text transform="translate({px:.0f} {py:.0f}) rotate({turn:.1f})" y="-7">{text}</text>'
