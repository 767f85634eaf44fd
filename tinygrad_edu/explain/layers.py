"""The chain rule on a net of layers, in the article's letters: δ^(l) going back, ∂C/∂W^(l) and ∂C/∂b^(l) at each.

Every equation is read off the graph (`backward.py`); where a layer is a plain one, the same is told neuron by neuron.
Layers that only repeat what was said are folded into one sentence.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

import numpy as np

from ..core.backprop import between, history
from ..core.node import Node
from ..core.value import Value
from ..symbolic.layers import TURNS, GraphLayer, LayerMap
from ..symbolic.names import NodeNames, amount, tex_name
from ..symbolic.rules import LETTERS_FOR_NAMES
from ..symbolic.textbook import TEXTBOOK, times_slope
from .backward import BackwardEquations, as_text_and_latex, numbered
from .explanation import Equation, Heading, Statement, Words
from .letters import constant_arrays, with_index

MOST_LAYERS = 4  # that are told one by one


def of_layers(layers: LayerMap, chosen: list[Node]) -> Iterator[Statement]:
    """Yield the explanation of a net: its forward pass, then back to the chosen nodes."""
    story = Story(layers, chosen)
    yield Heading("Forward")
    yield from story.forward()
    yield Heading("Backward")
    yield Words(story.meaning_of_delta())
    yield from story.backward()


class Story:
    """What is told of one net."""

    def __init__(self, layers: LayerMap, chosen: list[Node]) -> None:
        self.map = layers
        self.chosen = dict.fromkeys(chosen)
        root = layers.cost
        path = [z for z in between(chosen, root) if z.requires_grad]
        order = history(root)
        known: dict[Node, str] = {}
        for node, name in layers.names.items():
            if name not in known.values():
                known[node] = name
        known.setdefault(root, "C")
        leaves = [z for z in order if z.op is None and (z.requires_grad or np.ndim(z._data))]
        everything = NodeNames([*known, *leaves], known)
        names = {z: everything[z] for z in (*known, *leaves)}
        self.arrays = constant_arrays(order, layers, set(names.values()))
        uses = Counter(x for z in path for x in z.inputs if isinstance(x, Node))
        shared = [z for z in path if uses[z] > 1 and z not in names]
        names |= numbered(shared, {*names.values(), *self.arrays.values()})
        self.deltas = self.names_of_deltas(names)
        self.told = BackwardEquations(root, names, self.arrays, self.deltas, path)
        while long := self.told.inside_long_formulas():
            names |= numbered(long, {*names.values(), *self.arrays.values()})
            self.told = BackwardEquations(root, names, self.arrays, self.deltas, path)
        self.names = names
        self.by_z = {} if layers.states else {layer.z: layer for layer in layers.layers}
        self.by_a = {} if layers.states else {layer.a: layer for layer in layers.layers if layer.a is not layer.z}
        self.order = [z for z in order if z in names]

    def names_of_deltas(self, names: dict[Node, str]) -> dict[Node, str]:
        """Return the names of the gradients that have a letter: δ^(l) of a layer, δ_t of a time step."""
        if self.map.states:
            return {z: "δ" + name[1:] for z, name in names.items() if re.fullmatch(r"z\d*_\d+", name)}
        return {layer.z: f"δ^({layer.number})" for layer in self.map.layers}

    def meaning_of_delta(self) -> str:
        """Define δ."""
        if self.map.states:
            return "δ_t = ∂C/∂z_t says how much the cost changes with what the activation is given at time step t."
        return "δ^(l) = ∂C/∂z^(l) says how much the cost changes with what layer l computes, before its activation."

    def sections(self) -> list[tuple[GraphLayer | None, list[Node]]]:
        """Return the named nodes layer by layer, oldest first, and after the last layer those of the cost."""
        ends = [] if self.map.states else [(layer, layer.a.born) for layer in self.map.layers]
        found: list[tuple[GraphLayer | None, list[Node]]] = [(layer, []) for layer, _ in ends] + [(None, [])]
        parameters = {p: k for k, (layer, _) in enumerate(ends) for p in (layer.b, layer.W) if p is not None}
        for z in self.order:
            k = parameters.get(z, sum(z.born > end for _, end in ends))
            found[k][1].append(z)
        return found

    def folded(self) -> list[tuple[GraphLayer | None, list[Node]] | None]:
        """Return the sections to tell; None where the middle of many layers is folded."""
        every = self.sections()
        if len(every) - 1 <= MOST_LAYERS:
            return list(every)
        half = MOST_LAYERS // 2
        return [*every[:half], None, *every[-half - 1 :]]

    # Forward ---------------------------------------------------------------------------------------------------

    def forward(self) -> Iterator[Statement]:
        """Yield the equations of each layer, of the steps between them, and of the cost."""
        count = len(self.map.layers)
        for section in self.folded():
            if section is None:
                yield Words(f"  … layers {MOST_LAYERS // 2 + 1} to {count - MOST_LAYERS // 2} do the same …")
                continue
            layer, nodes = section
            for z in nodes:
                if z.op is None:
                    continue
                if layer is not None and z is layer.z:
                    act = f" ({layer.activation})" if layer.activation else ""
                    shapes = (
                        f"{self.names[layer.W]} is {np.shape(layer.W._data)}, {self.names[z]} is {np.shape(z._data)}"
                    )
                    yield Words(f"Layer {layer.number}{act}: {shapes}")
                text, tex = self.told.definition(z)
                yield Equation(f"{self.names[z]} = {text}", f"{tex_name(self.names[z])} = {tex}")
                if layer is not None and z is layer.z and (each := self.of_neurons(layer)):
                    yield each
        root = self.map.cost
        n = f" n = {self.map.n} examples are computed at once." if self.map.n > 1 else ""
        yield Words(f"{self.names[root]} = {amount(root._data, 6)}.{n}")
        for name, shape in self.shapes_of_constants():
            yield Words(f"{name} is constant, {shape}.")

    def shapes_of_constants(self) -> Iterator[tuple[str, str]]:
        """Yield the constant arrays that equations mention, with their shapes."""
        seen = set()
        for z in history(self.map.cost):
            for x in z.inputs:
                name = self.arrays.get(id(x))
                if name and name not in seen:
                    seen.add(name)
                    yield name, f"an array of shape {np.shape(x)}"

    def of_neurons(self, layer: GraphLayer) -> Equation | None:
        """Return the equations of one neuron of a plain layer."""
        letters = self.letters(layer)
        if letters is None:
            return None
        (z, tex_z), (w, tex_w), (x, tex_x), (b, tex_b) = letters
        bias, tex_bias = (f" + {b}", f" + {tex_b}") if b else ("", "")
        return Equation(f"{z} = Σ_k {w} {x}{bias}", rf"{tex_z} = \sum_k {tex_w} {tex_x}{tex_bias}")

    def letters(self, layer: GraphLayer) -> list[tuple[str, str]] | None:
        """Return z_j, w_jk, x_k, b_j of a plain layer as text and LaTeX; None where it is none, or called otherwise."""
        x = layer.x
        name = self.names.get(x) if isinstance(x, Node) else self.arrays.get(id(x))
        if not layer.is_plain or name is None:
            return None
        w = self.names[layer.W]
        w = "w" + w[1:] if w.startswith("W^") else w
        found = [with_index(self.names[layer.z], "j"), with_index(w, layer.weight), with_index(name, "k")]
        found.append(with_index(self.names[layer.b], "j") if layer.b is not None else ("", ""))
        return None if None in found else found  # type: ignore[return-value]  # no None is left

    # Backward --------------------------------------------------------------------------------------------------

    def backward(self) -> Iterator[Statement]:
        """Yield the gradient of each named node on the way back, the cost first."""
        wanted = self.chosen
        on_path = self.told.on_path
        for section in reversed(self.folded()):
            if section is None:
                yield Words("  … the layers between hand δ back in the same way …")
                continue
            layer, nodes = section
            nodes = [x for x in nodes if x in on_path and x is not self.map.cost]
            nodes = [x for x in nodes if x.op is not None or x in wanted]
            if layer is not None and nodes:
                yield Words(f"Layer {layer.number}:")
            computed = [x for x in reversed(nodes) if x.op is not None]
            for x in [*computed, *(x for x in nodes if x.op is None)]:
                yield from self.of_node(x, layer)
        if any(len(self.told.users.get(x, ())) > 1 for x in self.chosen):
            yield Words("A parameter that is used more than once gets the sum of what comes back: add both paths.")

    def of_node(self, x: Node, layer: GraphLayer | None) -> Iterator[Statement]:
        """Yield the equations of one gradient."""
        if x in self.by_a and self.above(x) is not None and self.times_slope(("", ""), self.by_a[x], "k"):
            return  # told with δ, in one line
        if x in self.by_z:
            yield from self.delta(self.by_z[x])
        else:
            yield self.told.equation(x)
            if layer is not None and (x is layer.W or x is layer.b) and (each := self.of_parameter(layer, x)):
                yield each
        grad = self.told.grads[x]
        if x in self.chosen:
            first = ", ".join(f"{g:.4g}" for g in np.ravel(grad)[:3])
            more = ", …" if np.size(grad) > 3 else ""
            name = f"∂{self.names[self.map.cost]}/∂{self.names[x]}"
            yield Words(f"  in numbers, {name} {np.shape(grad)} begins {first}{more}")
        elif np.size(grad) <= 6 and x in self.deltas:
            text = amount(grad)
            yield Equation(
                f"{self.deltas[x]} = {text}", rf"{tex_name(self.deltas[x])} = \mathrm{{{text}}}".replace(" ", r"\ ")
            )

    def above(self, a: Node) -> GraphLayer | None:
        """Return the plain layer to which alone, and directly, `a` leads; None where it leads anywhere else."""
        tops, inner = self.told.tops(a)
        layer = self.by_z.get(next(iter(tops))) if len(tops) == 1 else None
        if layer is None or layer.x is not a or inner - {layer.product} or self.letters(layer) is None:
            return None
        return layer

    def times_slope(self, came: tuple[str, str], layer: GraphLayer, index: str) -> tuple[str, str] | None:
        """Return a gradient times ∂a/∂z of one neuron, as text and LaTeX; None where no textbook has that slope."""
        a, z = with_index(self.names[layer.a], index), with_index(self.names[layer.z], index)
        if layer.activation not in TEXTBOOK or a is None or z is None or (layer.a.op is not None and layer.a.params):
            return None
        text, tex = as_text_and_latex(
            times_slope(layer.activation, 0, *(Value(0.5, place) for place in LETTERS_FOR_NAMES[:3]))
        )
        for place, (name, tex_of_name) in zip(LETTERS_FOR_NAMES, (came, a, z), strict=False):
            text, tex = text.replace(place, name), tex.replace(place, tex_of_name)
        return text, tex

    def delta(self, layer: GraphLayer) -> Iterator[Statement]:
        """Yield the equation of δ of a layer."""
        name, cost = self.deltas[layer.z], self.names[self.map.cost]
        a_is_plain = layer.a is not layer.z and self.told.tops(layer.z) == ({layer.a}, set())
        up = self.above(layer.a) if a_is_plain or layer.a is layer.z else None
        index = "j" if up is None else "k"
        delta = with_index(name, index)
        z, a = with_index(self.names[layer.z], index), with_index(self.names[layer.a], index)
        known = not a_is_plain or self.times_slope(("", ""), layer, index)
        if not known or delta is None or z is None or a is None or (not a_is_plain and up is None):
            yield self.told.equation(layer.z)
            return
        first = f"∂{cost}/∂{a[0]}", rf"\frac{{\partial {cost}}}{{\partial {a[1]}}}"
        if up is None:
            came = first
        else:
            (w, tex_w), above = self.letters(up)[1], with_index(self.deltas[up.z], "j")  # type: ignore[index]  # `above` asked
            came = f"Σ_j {w} {above[0]}", rf"\sum_j {tex_w} {above[1]}"  # type: ignore[index]  # δ has an index
            yield Words(
                f"Neuron k of layer {layer.number} reaches the cost through every neuron j of layer {up.number}: "
                "add all paths."
            )
        if not a_is_plain:
            yield Equation(f"{delta[0]} = {came[0]}", f"{delta[1]} = {came[1]}")
            return
        local = rf"\frac{{\partial {a[1]}}}{{\partial {z[1]}}}"
        product = self.times_slope(came, layer, index)
        assert product is not None
        yield Equation(
            f"{delta[0]} = {first[0]} · ∂{a[0]}/∂{z[0]} = {product[0]}",
            rf"{delta[1]} = {first[1]} \cdot {local} = {product[1]}",
        )

    def of_parameter(self, layer: GraphLayer, x: Node) -> Equation | None:
        """Return the derivative by one weight, or one bias, of a plain layer that is its only use."""
        letters = self.letters(layer)
        tops, inner = self.told.tops(x)
        turned = {z for z in inner if z.op is not None and z.op.name in (*TURNS, "astype")}
        if letters is None or tops != {layer.z} or inner - turned - {layer.product}:
            return None
        (z, tex_z), (w, tex_w), (k, tex_k), (b, tex_b) = letters
        delta, cost = with_index(self.deltas[layer.z], "j"), self.names[self.map.cost]
        assert delta is not None
        each, tex_each = (
            ("Σ over the examples of ", r"\sum_{\mathrm{examples}} ") if layer.axis is not None else ("", "")
        )
        name, tex_name_of = (w, tex_w) if x is layer.W else (b, tex_b)
        share, tex_share = (f"{delta[0]} {k}", f"{delta[1]} {tex_k}") if x is layer.W else delta
        whole = rf"\frac{{\partial {cost}}}{{\partial {tex_name_of}}}"
        local = rf"\frac{{\partial {tex_z}}}{{\partial {tex_name_of}}}"
        return Equation(
            f"∂{cost}/∂{name} = {each}{delta[0]} · ∂{z}/∂{name} = {each}{share}",
            rf"{whole} = {tex_each}{delta[1]} \cdot {local} = {tex_each}{tex_share}",
        )
