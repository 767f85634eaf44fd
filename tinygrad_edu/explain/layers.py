"""The chain rule on a net of layers, in the article's letters: δ^(l) going back, ∂C/∂W^(l) and ∂C/∂b^(l) at each.

Layers that only repeat what was said are folded into one sentence.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..core.backprop import gradients
from ..core.node import Node
from ..symbolic.layers import Layer, LayerMap
from ..symbolic.names import amount
from .explanation import Block, Equation, Heading, Words

MOST_LAYERS = 4  # that are told one by one
SLOPES = {  # σ' by activation, as text and LaTeX, in a and z
    "sigmoid": ("a(1 − a)", r"a (1 - a)"),
    "tanh": ("1 − a²", "1 - a^2"),
    "relu": ("1 where z > 0, else 0", r"[z > 0]"),
    "softplus": ("σ(z)", r"\sigma(z)"),
}


def of_layers(notation: LayerMap, chosen: list[Node]) -> Iterator[Block]:
    """Yield the explanation of a net: its forward pass, then back to the layers of the chosen parameters."""
    layers = notation.layers
    n, last = notation.n, layers[-1]
    yield Heading("Forward")
    for layer in shown(layers):
        if layer is None:
            yield Words(f"  … layers {MOST_LAYERS // 2 + 1} to {len(layers) - MOST_LAYERS // 2} do the same …")
        else:
            yield from forward(layer)
    cost = f"the cost of all n = {n} examples" if n > 1 else "the cost C_0 of one example"
    if n > 1 and notation.cost.op is not None and notation.cost.op.name == "mean":
        cost = f"the average of C_0, the cost of one example, over n = {n}"
    yield Words(f"C = {amount(notation.cost._data, 6)} is {cost}.")
    wanted = [layer for layer in layers if any(x in chosen_set(chosen) for x in (layer.W, layer.b))] or layers
    lowest = min(layer.number for layer in wanted)
    nodes = [
        x for layer in layers[lowest - 1 :] for x in (layer.z, layer.W, *([layer.b] if layer.b is not None else []))
    ]
    nodes = [x for x in nodes if x.requires_grad]
    grads = dict(zip(nodes, (g._data for g in gradients(notation.cost, nodes)), strict=True))
    yield Heading("Backward")
    yield Words("δ^(l) = ∂C/∂z^(l) says how much the cost changes with what layer l computes, before its activation.")
    for layer in shown(layers[lowest - 1 :][::-1]):
        if layer is None:
            yield Words("  … the layers between hand δ back in the same way …")
            continue
        if layer is last:
            yield from of_cost(notation, layer)
        yield from backward(layer, layer is last, layer in wanted, grads)
    if any(len(notation.users.get(x, ())) > 1 for x in chosen):
        yield Words("A parameter that is used more than once gets the sum of what comes back: add both paths.")


def chosen_set(chosen: list[Node]) -> set[Node]:
    """Return the chosen nodes for quick asking."""
    return set(chosen)


def shown(layers: list[Layer]) -> list[Layer | None]:
    """Return the layers to tell one by one; None where the middle of many is folded."""
    if len(layers) <= MOST_LAYERS:
        return list(layers)
    half = MOST_LAYERS // 2
    return [*layers[:half], None, *layers[-half:]]


def forward(layer: Layer) -> Iterator[Block]:
    """Yield what one layer computes."""
    l, k = layer.number, layer.number - 1  # noqa: E741  # the article's letter
    bias, tex_bias = (f" + b^({l})", f" + b^{{({l})}}") if layer.b is not None else ("", "")
    shapes = f"W^({l}) is {layer.W._data.shape}, z^({l}) is {np.shape(layer.z._data)}"
    yield Words(f"Layer {l}{' (' + layer.activation + ')' if layer.activation else ''}: {shapes}")
    one = f" + b_j^({l})" if layer.b is not None else ""
    tex_one = f" + b_j^{{({l})}}" if layer.b is not None else ""
    if layer.axis == 0:
        yield Equation(
            f"z^({l}) = a^({k}) W^({l})ᵀ{bias},  that is z_j^({l}) = Σ_k w_jk^({l}) a_k^({k}){one}",
            rf"z^{{({l})}} = a^{{({k})}} {{W^{{({l})}}}}^\top{tex_bias}, \quad "
            rf"z_j^{{({l})}} = \sum_k w_{{jk}}^{{({l})}} a_k^{{({k})}}{tex_one}",
        )
    else:
        yield Equation(
            f"z^({l}) = W^({l}) a^({k}){bias},  that is z_j^({l}) = Σ_k w_jk^({l}) a_k^({k}){one}",
            rf"z^{{({l})}} = W^{{({l})}} a^{{({k})}}{tex_bias}, \quad "
            rf"z_j^{{({l})}} = \sum_k w_{{jk}}^{{({l})}} a_k^{{({k})}}{tex_one}",
        )
    if layer.activation:
        name = "σ" if layer.activation == "sigmoid" else layer.activation
        tex = r"\sigma" if layer.activation == "sigmoid" else rf"\mathrm{{{layer.activation}}}".replace("_", r"\_")
        yield Equation(f"a^({l}) = {name}(z^({l}))", rf"a^{{({l})}} = {tex}(z^{{({l})}})")


def of_cost(notation: LayerMap, last: Layer) -> Iterator[Block]:
    """Yield the derivative of the cost of one example by what the last layer gives, where the cost is a known one."""
    l, used = last.number, notation.next_of(last.a)  # noqa: E741  # the article's letter
    if used is None or used.op is None:
        return
    after = notation.next_of(used)
    squared = after is not None and after.op is not None and after.op.name in ("square", "power")
    if used.op.name == "subtract" and used.inputs[0] is last.a and squared:
        yield Equation(
            f"∂C_0/∂a_j^({l}) = 2 (a_j^({l}) − y_j)",
            rf"\frac{{\partial C_0}}{{\partial a_j^{{({l})}}}} = 2 (a_j^{{({l})}} - y_j)",
        )
    elif used.op.name == "softmax_cross_entropy":
        yield Equation(
            f"∂C_0/∂z_j^({l}) = p_j − y_j, with p = softmax(z^({l}))",
            rf"\frac{{\partial C_0}}{{\partial z_j^{{({l})}}}} = p_j - y_j, \quad p = \mathrm{{softmax}}(z^{{({l})}})",
        )


def backward(layer: Layer, is_last: bool, wanted: bool, grads: dict[Node, Any]) -> Iterator[Block]:
    """Yield what comes back to one layer, and what it means for its parameters."""
    l, k, up = layer.number, layer.number - 1, layer.number + 1  # noqa: E741  # the article's letter
    slope = f"σ'(z^({l}))" if layer.activation else "1"
    tex_slope = rf"\sigma'(z_j^{{({l})}})" if layer.activation else "1"
    if is_last:
        text = f"δ_j^({l}) = ∂C/∂a_j^({l}) · ∂a_j^({l})/∂z_j^({l}) = ∂C/∂a_j^({l}) · {slope}"
        tex = (
            rf"\delta_j^{{({l})}} = \frac{{\partial C}}{{\partial a_j^{{({l})}}}} \cdot "
            rf"\frac{{\partial a_j^{{({l})}}}}{{\partial z_j^{{({l})}}}} = "
            rf"\frac{{\partial C}}{{\partial a_j^{{({l})}}}} \cdot {tex_slope}"
        )
        if not layer.activation:
            text, tex = (
                f"δ_j^({l}) = ∂C/∂z_j^({l})",
                rf"\delta_j^{{({l})}} = \frac{{\partial C}}{{\partial z_j^{{({l})}}}}",
            )
    else:
        text = f"δ_k^({l}) = Σ_j w_jk^({up}) δ_j^({up}) · {slope}"
        tex = rf"\delta_k^{{({l})}} = \sum_j w_{{jk}}^{{({up})}} \delta_j^{{({up})}} \cdot " + tex_slope.replace(
            "z_j", "z_k"
        )
    yield Words(
        f"Layer {l}:"
        + (
            ""
            if is_last
            else f" neuron k of layer {l} reaches the cost through every neuron j of layer {up}: add all paths."
        )
    )
    yield Equation(text, tex)
    if layer.activation in SLOPES:
        yield Equation(
            f"σ'(z^({l})) = {SLOPES[layer.activation][0]}", rf"\sigma'(z^{{({l})}}) = {SLOPES[layer.activation][1]}"
        )
    if layer.z in grads and np.size(grads[layer.z]) <= 6:
        yield Equation(
            f"δ^({l}) = {amount(grads[layer.z])}",
            rf"\delta^{{({l})}} = \mathrm{{{amount(grads[layer.z])}}}".replace(" ", r"\ "),
        )
    if not wanted:
        return
    each = "Σ over the examples of " if layer.axis is not None else ""
    tex_each = r"\sum_{\mathrm{examples}} " if layer.axis is not None else ""
    yield Equation(
        f"∂C/∂w_jk^({l}) = {each}δ_j^({l}) · ∂z_j^({l})/∂w_jk^({l}) = {each}δ_j^({l}) a_k^({k})",
        rf"\frac{{\partial C}}{{\partial w_{{jk}}^{{({l})}}}} = {tex_each}\delta_j^{{({l})}} \cdot "
        rf"\frac{{\partial z_j^{{({l})}}}}{{\partial w_{{jk}}^{{({l})}}}} = {tex_each}\delta_j^{{({l})}} a_k^{{({k})}}",
    )
    if layer.b is not None:
        yield Equation(
            f"∂C/∂b_j^({l}) = {each}δ_j^({l}) · 1",
            rf"\frac{{\partial C}}{{\partial b_j^{{({l})}}}} = {tex_each}\delta_j^{{({l})}} \cdot 1",
        )
    for parameter, letter in ((layer.W, "W"), (layer.b, "b")):
        if parameter is not None and parameter in grads:
            data = np.asarray(grads[parameter])
            first = ", ".join(f"{x:.4g}" for x in data.ravel()[:3])
            more = ", …" if data.size > 3 else ""
            yield Words(f"  in numbers, ∂C/∂{letter}^({l}) {data.shape} begins {first}{more}")
