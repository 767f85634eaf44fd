"""The page of a network: choose a neuron to read its arithmetic; see gradients or nudges in place of weights."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import numpy as np

from ..graph.picture import number
from ..pages.page import Page, asset, data, filled

if TYPE_CHECKING:
    from .picture import NetworkPicture

TERMS = 8  # of a weighted sum that are written out


def network_page(net: NetworkPicture) -> Page:
    """Return the page of a network."""
    columns = range(1, len(net.counts()))
    said = {f"a{c}_{j}": arithmetic(net, c, j) for c in columns for j in net.visible(c) if j is not None}
    parts = {"picture": net.svg(), "title": escape(net.alt().capitalize()), "data": data(said)}
    body = filled(asset("network.html"), parts)
    return Page(net.alt(), body, styles=asset("network.css"), script=asset("network.js"))


def arithmetic(net: NetworkPicture, c: int, j: int) -> list[str]:
    """Return how neuron `j` of column `c` is computed, a line each: its largest terms, its sum, its activation."""
    w, b, name = net.weights[c - 1][j], number(float(net.biases[c - 1][j])), net.names[c - 1]
    a, z = f"a_{j + 1}^({c})", f"z_{j + 1}^({c})"
    inputs = [f"x_{k + 1}" if c == 1 else f"a_{k + 1}^({c - 1})" for k in range(len(w))]
    x = np.ones(len(w)) if net.activations is None else net.activations[c - 1]
    chosen = sorted(np.argsort(-np.abs(w * x), kind="stable")[:TERMS])
    hidden = len(w) - len(chosen)
    if net.activations is None or net.sums is None:
        terms = [f"({number(float(w[k]))}) {inputs[k]}" for k in chosen] + [f"{hidden} more"] * bool(hidden)
        return [f"{z} = {' + '.join(terms)} + ({b})", f"{a} = {name}({z})" if name else f"{a} = {z}"]
    rest = float(w @ x) - float(w[chosen] @ x[chosen])
    terms = [f"({number(float(w[k]))})({number(float(x[k]))})" for k in chosen]
    terms += [f"({number(rest)} from {hidden} more)"] * bool(hidden)
    total, value = number(float(net.sums[c - 1][j])), number(float(net.activations[c][j]))
    last = f"{a} = {name}({total}) = {value}" if name else f"{a} = {z} = {value}"
    return [f"{z} = Σ w a + b", f"{z} = {' + '.join(terms)} + ({b}) = {total}", last]
