"""The page of a network: choose a neuron to read its arithmetic; see gradients or nudges in place of weights."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from ..graph.picture import format_number
from ..pages.page import Page, asset, fill_template, json_data

if TYPE_CHECKING:
    from .picture import NetworkPicture

MOST = 400  # terms of a neuron that a page holds


def network_page(net: NetworkPicture) -> Page:
    """Return the page of a network."""
    columns = range(1, len(net.counts()))
    said = {f"a{c}_{j}": arithmetic(net, c, j) for c in columns for j in net.visible(c) if j is not None}
    title = net.alt().partition(",")[0].capitalize()  # what the edges show is said by the buttons
    body = fill_template(asset("network.html"), {"picture": net.svg(), "title": escape(title), "data": json_data(said)})
    return Page(title, body, styles=asset("network.css"), script=asset("narrow.js") + asset("network.js"))


def arithmetic(net: NetworkPicture, c: int, j: int) -> dict[str, Any]:
    """Return how neuron `j` of column `c` is computed.

    lines: formulas. terms: of its sum the largest first, each [weight's name, weight, input's name, input, product,
    gradient of the weight], as far as they are known. more: how many terms are left out.
    """
    w, b, name = net.weights[c - 1][j], float(net.biases[c - 1][j]), net.names[c - 1]
    a, z = f"a_{j + 1}^({c})", f"z_{j + 1}^({c})"
    x = None if net.activations is None else net.activations[c - 1]
    sizes = np.abs(w) if x is None else np.abs(w * x)
    chosen = np.argsort(-sizes, kind="stable")[:MOST] if len(w) > MOST else np.arange(len(w))
    slopes = None if net.gradients is None else net.gradients[c - 1][j]
    terms = [
        [
            f"w_{j + 1}{k + 1}^({c})" if max(j, k) < 9 else f"w_{j + 1},{k + 1}^({c})",
            format_number(float(w[k])),
            f"x_{k + 1}" if c == 1 else f"a_{k + 1}^({c - 1})",
            "" if x is None else format_number(float(x[k])),
            "" if x is None else format_number(float(w[k] * x[k])),
            "" if slopes is None else format_number(float(slopes[k])),
        ]
        for k in chosen
    ]
    lines = [f"{z} = Σ w a + b"]
    if net.activations is not None and net.sums is not None:
        total, value = format_number(float(net.sums[c - 1][j])), format_number(float(net.activations[c][j]))
        lines = [f"{z} = Σ w a + b = {total}, with b = {format_number(b)}"]
        lines.append(f"{a} = {name}({total}) = {value}" if name else f"{a} = {z} = {value}")
    else:
        lines += [f"b = {format_number(b)}", f"{a} = {name}({z})" if name else f"{a} = {z}"]
    if (delta := delta_of(net, c, j)) is not None:
        lines.append(f"δ_{j + 1}^({c}) = ∂C/∂z = {format_number(delta)}, and ∂C/∂w = δ·a")
    return {"lines": lines, "terms": terms, "more": len(w) - len(terms)}


def delta_of(net: NetworkPicture, c: int, j: int) -> float | None:
    """Return δ of a neuron where the gradients are δ·a of the example that is shown, which is computed, not assumed."""
    if net.gradients is None or net.activations is None or net.bias_gradients is None:
        return None
    delta = float(net.bias_gradients[c - 1][j])
    mine = delta * net.activations[c - 1]
    return delta if np.allclose(mine, net.gradients[c - 1][j], rtol=1e-6, atol=1e-12) else None
