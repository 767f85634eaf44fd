"""The layers of a net, found in a recorded graph, and the letters by which explanations speak of them.

W^(l) and b^(l) are the parameters of layer l, z^(l) what it computes, a^(l) what its activation makes of that,
a^(0) the input, C the cost. A layer is recognised by what it does, a product with a parameter, so a net of modules,
whose rows `linear` are product and bias in one, and a net written out by hand are the same here. Knows no derivative.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from ..core.backprop import history
from ..core.node import Node, data_of
from .names import printed_label

MATRIX_PRODUCTS = frozenset(("matmul", "linear"))
TURNS = frozenset(("mT", "transpose"))
CAST = frozenset(("astype", "reshape"))
CONVOLUTIONS = frozenset(("conv2d", "affine_conv2d"))
NOT_ACTIVATIONS = frozenset(("negative", "astype"))  # elementwise, and no activation
GENERIC_LABELS = frozenset(("W", "b", "z", "a"))  # labels of a layer that was not told its number


@dataclass(frozen=True, eq=False)
class GraphLayer:
    """One layer: its number, its parameters and its nodes."""

    number: int
    product: Node  # x @ W.T, before the bias; with it where one row computes both
    W: Node
    b: Node | None
    z: Node
    a: Node  # the activation; `z` itself where there is none
    x: Any  # the input of the layer: a node, or the array of the data
    axis: int | None  # along which the examples lie in `z`; None for a single example

    @property
    def weight(self) -> str:
        """The indices of W as it is stored: "jk" where a row holds a neuron's weights, "kj" where a column does."""
        side = 1 if self.product.inputs[0] is self.x else 0
        turns, w = 0, self.product.inputs[side]
        while w is not self.W:
            turns += w.op.name in TURNS
            w = w.inputs[0]
        rows_are_neurons = (self.product.op is not None and self.product.op.name == "linear") or side == 0
        return "jk" if rows_are_neurons == (turns % 2 == 0) else "kj"

    @property
    def is_plain(self) -> bool:
        """Whether z_j = Σ_k w_jk a_k + b_j is all of it: one matrix, one bias a neuron, examples along one axis."""
        side = 1 if self.product.inputs[0] is self.x else 0
        w = self.product.inputs[side]
        while w is not self.W:
            if w.op.name not in TURNS and np.shape(w._data) != np.shape(w.inputs[0]._data):
                return False
            w = w.inputs[0]
        if np.ndim(data_of(self.x)) > 2 or np.ndim(data_of(self.x)) < 1:
            return False
        if self.b is None:
            return True
        neurons = self.W.shape[0 if self.weight == "jk" else 1]
        columns = self.axis == 1
        fits = [(neurons, 1)] if columns else [(neurons,), (1, neurons)]
        return np.shape(self.b._data) in fits and np.shape(self.z._data) == np.shape(self.product._data)

    @property
    def activation(self) -> str:
        """The name of the row that the layer ends in; "" where there is none."""
        return self.a.op.name if self.a is not self.z and self.a.op else ""


def users_of(order: Iterable[Node]) -> dict[Node, list[Node]]:
    """Return the nodes that each node is an operand of, each of them once."""
    users: dict[Node, list[Node]] = {}
    for z in order:
        for x in dict.fromkeys(x for x in z.inputs if isinstance(x, Node)):
            users.setdefault(x, []).append(z)
    return users


class LayerMap:
    """The layers of the graph of a cost, and a name for every node that the article has a letter for."""

    def __init__(self, cost: Node) -> None:
        self.cost = cost
        self.order = history(cost)
        self.users = users_of(self.order)
        self.layers: list[GraphLayer] = []
        self.convolutions = 0  # they count as layers, but what is told of products is not true of them
        for node in self.order:
            if node.op is not None and node.op.name in CONVOLUTIONS:
                self.convolutions += 1
            elif node.op is not None and node.op.name in MATRIX_PRODUCTS and (layer := self.layer_of(node)):
                self.layers.append(layer)

    def layer_of(self, product: Node) -> GraphLayer | None:
        """Return the layer that a matrix product computes; None if no side of it is a parameter."""
        sides = [leaf_of(x) for x in product.inputs[:2]]
        for i in (1, 0):  # x @ W.T, or W @ x
            W, x = sides[i], product.inputs[1 - i]  # noqa: N806  # the article's letter
            if W is None or len(getattr(W, "shape", ())) != 2 or (sides[1 - i] is not None and i == 0):
                continue
            z, b = product, leaf_of(product.inputs[2]) if len(product.inputs) > 2 else None
            after = self.next_of(product)
            if len(product.inputs) == 2 and after is not None and after.op is not None and after.op.name == "add":
                others = [leaf_of(y) for y in after.inputs if y is not product]
                if others and others[0] is not None:
                    z, b = after, others[0]
            a = self.next_of(z)
            if a is None or a.op is None or not a.op.elementwise or len(a.inputs) > 1 or a.op.name in NOT_ACTIVATIONS:
                a = z
            axis = None if len(getattr(x, "shape", ())) < 2 else 0 if i == 1 else 1
            return GraphLayer(self.convolutions + len(self.layers) + 1, product, W, b, z, a, x, axis)
        return None

    def next_of(self, node: Node) -> Node | None:
        """Return the only node that uses this one; None if there are several, or none."""
        users = self.users.get(node, [])
        return users[0] if len(users) == 1 else None

    @cached_property
    def n(self) -> int:
        """The number of examples in the batch; 1 for a single example that is a vector, or if that cannot be told."""
        for layer in self.layers:
            if layer.axis is not None:
                return int(layer.product._data.shape[layer.axis])
        if self.layers:
            return 1
        shape = self.widest
        return shape[0] if shape else 1

    @cached_property
    def m(self) -> int:
        """The number of outputs of the last layer; 1 if that cannot be told."""
        if self.layers:
            shape = self.layers[-1].product._data.shape
            return int(shape[-1] if self.layers[-1].axis != 1 else shape[0])
        shape = self.widest
        return shape[1] if len(shape) > 1 else 1

    @cached_property
    def widest(self) -> tuple[int, ...]:
        """The shape of the array that is reduced to the cost."""
        for node in reversed(self.order):
            if shape := getattr(node, "shape", ()):
                return tuple(shape)
        return ()

    @cached_property
    def names(self) -> dict[Node, str]:
        """The article's name of every node that has one; a label of the user's own comes first."""
        found: dict[Node, str] = {self.cost: "C"} if self.layers else {}
        if self.states:
            return found | {x: name for x, name in self.times.items() if x is not self.cost} | self.labels(found)
        for layer in self.layers:
            l = layer.number  # noqa: E741  # the article's letter
            if isinstance(layer.x, Node) and not self.convolutions:  # or it is pooled, and no activation
                found.setdefault(layer.x, f"a^({l - 1})" if l == 1 else f"x^({l})")
            found.setdefault(layer.W, f"W^({l})")
            if layer.b is not None:
                found.setdefault(layer.b, f"b^({l})")
            found[layer.z] = f"z^({l})"
            if layer.a is not layer.z:
                found[layer.a] = f"a^({l})"
        return found | self.labels(found)

    def labels(self, found: dict[Node, str]) -> dict[Node, str]:
        """Return the user's own labels, unless they only repeat a letter that the layer has."""
        own = {node: printed_label(node) for node in self.order if node.label}
        return {node: label for node, label in own.items() if node not in found or label not in GENERIC_LABELS}

    @cached_property
    def states(self) -> dict[Node, list[Any]]:
        """The states of each recurrence, h_0 to h_T, by the weight that leads from one to the next."""
        uses: dict[Node, list[GraphLayer]] = {}
        for layer in self.layers:
            uses.setdefault(layer.W, []).append(layer)
        found: dict[Node, list[Any]] = {}
        for W, layers in uses.items():  # noqa: N806  # as above
            if len(layers) > 1 and all(self.leads(a.product, b.x) for a, b in pairwise(layers)):
                found[W] = [layer.x for layer in layers]
                last = layers[-1].product
                while (after := self.next_of(last)) is not None and after is not self.cost:
                    last = after
                    if last.op is not None and last.op.elementwise and len(last.inputs) == 1:
                        found[W].append(last)
                        break
        return found

    def leads(self, start: Node, end: Any) -> bool:
        """Tell whether `end` was computed from `start`."""
        return isinstance(end, Node) and start in set(history(end))

    @cached_property
    def times(self) -> dict[Node, str]:
        """The names of the states of a recurrence and of what their activations are given: h_t and z_t."""
        found: dict[Node, str] = {}
        for k, states in enumerate(self.states.values()):
            h, z = ("h", "z") if k == 0 else (f"h{k + 1}", f"z{k + 1}")
            for t, state in enumerate(states):
                if not isinstance(state, Node) or state in found:
                    continue
                found[state] = f"{h}_{t}"
                if state.op is not None and len(state.inputs) == 1 and isinstance(state.inputs[0], Node):
                    found.setdefault(state.inputs[0], f"{z}_{t}")
        return found

    def name(self, node: Node) -> str:
        """Return the name of a node: its label, its letter, or its kind."""
        return self.names.get(node) or node.title


def leaf_of(x: Any) -> Node | None:
    """Return the parameter that `x` is, or is the transpose of; None if it is none."""
    while isinstance(x, Node) and x.op is not None and (x.op.name in TURNS | CAST or is_new_axis(x)):
        x = x.inputs[0]
    return x if isinstance(x, Node) and x.op is None and x.requires_grad else None


def is_new_axis(x: Node) -> bool:
    """Tell whether a node is another with an axis of length 1 more, as a column of biases, b[:, None], is."""
    key = x.params.get("key")
    return isinstance(key, tuple) and all(part in (None, slice(None)) for part in key)
