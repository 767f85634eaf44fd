r"""Writes a net of layers as a LaTeX document with TikZ: circles in columns, edges by weight, w_{jk}^{(L)} in print."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..formats.png import tint
from ..formats.tikz import tex_literal
from ..graph.picture import format_number
from .columns import RADIUS, Columns, brief, label_at

if TYPE_CHECKING:
    from .picture import NetworkPicture

MOST = 3000  # edges: TeX has memory for no more

HEAD = r"""\documentclass[border=8pt]{standalone}
\usepackage{amssymb,iftex,tikz}
\newcommand\other[1]{\ifPDFTeX?\else\symbol{#1}\fi}
\definecolor{plus}{HTML}{0072B2}
\definecolor{minus}{HTML}{D55E00}
\begin{document}
\begin{tikzpicture}[scale=0.75,x=1pt,y=1pt,every node/.style={font=\footnotesize},minus/.style={dashed},
  plus/.style={},neuron/.style={circle,draw,minimum size=28pt,inner sep=0pt},
  weight/.style={sloped,above,font=\scriptsize,inner sep=1.5pt},
  etc/.style={font=\Large},column/.style={align=center,anchor=north}]
"""
LETTERS = {"weight": "w", "gradient": r"\partial w", "nudge": r"\Delta w"}


def network_tikz(net: NetworkPicture) -> str:
    """Return a LaTeX document of a network. Raises ValueError for more than 3000 edges."""
    count = sum(len(net.drawn_edges(layer)) for layer in range(len(net.weights)))
    if count > MOST:
        raise ValueError(f"TeX would run out of memory over {count:,} edges ({MOST:,} at most): draw fewer with most=…")
    columns, parts = Columns.of(net), [HEAD]
    for c, x in enumerate(columns.xs):
        name, under = net.title(c)
        parts.append(f"\\node[column] at ({x:.0f},0) {{\\textbf{{{tex_literal(name)}}}\\\\{tex_literal(under)}}};\n")
        parts += [tikz_neuron(net, c, j, *columns.at[c, j]) for j in net.visible(c)]
    for layer in range(len(net.weights)):
        parts += tikz_edges(net, layer)
    return "".join(parts) + "\\end{tikzpicture}\n\\end{document}\n"


def tikz_neuron(net: NetworkPicture, c: int, j: int | None, x: float, y: float) -> str:
    """Return one circle, its activation in it and its name under it; "⋮" for those left out."""
    if j is None:
        return f"\\node[etc] at ({x:.0f},{-y:.0f}) {{$\\vdots$}};\n"
    name = f"$a_{{{j + 1}}}^{{({c})}}$" if c else f"$x_{{{j + 1}}}$"
    if net.activations is None:
        return f"\\node[neuron] (n{c}x{j}) at ({x:.0f},{-y:.0f}) {{{name}}};\n"
    a = float(net.activations[c][j])
    r, g, b = (int(tint(a * 0.75, net.loudest(c))[k : k + 2], 16) for k in (1, 3, 5))
    fill = f"fill={{rgb,255:red,{r};green,{g};blue,{b}}}"
    under = f"\\node at ({x:.0f},{-y - RADIUS - 13:.0f}) {{{name}}};\n"
    return f"\\node[neuron,{fill}] (n{c}x{j}) at ({x:.0f},{-y:.0f}) {{{tex_literal(brief(a))}}};\n{under}"


def tikz_edges(net: NetworkPicture, layer: int) -> list[str]:
    """Return the edges of a layer, with their names where there is room for them."""
    parts, largest = [], net.largest()[layer] or 1.0
    where = label_at(len(net.visible(layer)), len(net.visible(layer + 1)))
    for j, k, w in net.drawn_edges(layer):
        size = abs(w) / largest
        sign = "minus" if w < 0 else "plus"
        look = f"{sign},draw={sign},line width={0.3 + 2.4 * size:.2f}pt,opacity={0.2 + 0.65 * size:.2f}"
        index = f"{j + 1}{k + 1}" if max(j, k) < 9 else f"{j + 1},{k + 1}"
        name = f"${LETTERS[net.what]}_{{{index}}}^{{({layer + 1})}}$~{tex_literal(format_number(w, 3))}"
        label = f" node[weight,pos={where:.2f},opacity=1] {{{name}}}" if net.named(layer) else ""
        parts.append(f"\\draw[{look}] (n{layer}x{k}) --{label} (n{layer + 1}x{j});\n")
    return parts
