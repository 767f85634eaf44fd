"""Mistakes that only a net of layers has room for: the wrong operand, the wrong matrix, one example for all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ...core.node import Node, data_of
from ...symbolic.layers import GraphLayer, LayerMap, leaf_of
from ..replay.run import Edge, Instead, Recording, RuleChange
from .mutant import Mutant, changed_rule, example_mask, masked_rule, swapped


def of_layer(recording: Recording, notation: LayerMap, layer: GraphLayer) -> Iterator[Mutant]:
    """Yield the mistakes of one layer: the wrong operand in ∂C/∂W, the weights not transposed or skipped."""
    product = layer.product
    for edge in recording.edges[product]:
        i = edge[1]
        if i > 1:
            continue  # the bias, which is added: see `of_broadcasting`
        right = product.op.rules[i]  # type: ignore[union-attr]  # a product was made by a row
        mine, other = product.inputs[i], product.inputs[1 - i]
        if leaf_of(mine) is layer.W:
            for number, said, node in stand_ins(notation, layer):
                yield Mutant(number, said, product, {edge: Instead(right, 1 - i, node)})
            for k, which in ((-1, "last"), (0, "first")):
                if layer.axis is not None:
                    yield Mutant(10, f"the {which} example alone", product, {edge: masked_rule(right, k, layer.axis)})
            continue
        weights = np.asarray(getattr(other, "_data", other))
        if weights.ndim == 2 and weights.shape[0] == weights.shape[1]:
            yield Mutant(20, "W not transposed", product, {edge: changed_rule(right, operand=(1 - i, swapped))})
        if np.shape(mine._data) == np.shape(product._data):
            yield Mutant(21, "δ passed on without the weights", product, {edge: lambda g, *_, **__: g})
        elif np.ndim(mine._data) == np.ndim(product._data) > 1 and 1 in np.shape(product._data):
            yield Mutant(21, "δ passed on without the weights", product, {edge: repeated_delta})


def repeated_delta(g: Any, _: Any, *operands: Any, **__: Any) -> Any:
    """Return δ of one neuron, repeated for every neuron before it."""
    shapes = [np.shape(x) for x in operands[:2] if np.ndim(x) == np.ndim(g)]
    return np.broadcast_to(
        g, next(shape for shape in shapes if shape[0] == np.shape(g)[0] or shape[1] == np.shape(g)[1])
    )


def stand_ins(notation: LayerMap, layer: GraphLayer) -> Iterator[tuple[int, str, Any]]:
    """Yield what may have been put in place of a layer's input: the z before it, or another layer's activation."""
    shape = np.shape(getattr(layer.x, "_data", layer.x))
    before = [other for other in notation.layers if other.a is layer.x]
    for other in before:
        if other.z is not other.a:
            yield 18, "z before the activation in place of a", other.z
    seen = {id(layer.x), *(id(other.z) for other in before)}
    for other in notation.layers:
        for node, letter in ((other.a, "a"), (other.x, "a"), (other.z, "z")):
            if id(node) not in seen and np.shape(data_of(node)) == shape:
                seen.add(id(node))
                name = notation.name(node) if isinstance(node, Node) else f"a^({other.number - 1})"
                yield 19, f"{letter} of another layer: {name}", node


def of_examples(recording: Recording, notation: LayerMap) -> Iterator[Mutant]:
    """Yield the cost of one example alone, as a loop computes it that overwrites what it should add up."""
    last = notation.layers[-1] if notation.layers else None
    if last is not None and last.axis is not None and last.z in recording.uses:
        for k, which in ((-1, "last"), (0, "first")):
            yield Mutant(10, f"the {which} example alone", last.z, masks={last.z: example_mask(k, last.axis)})
    joined = [recording.edges[z] for z in recording.path if z.op is not None and z.op.name in ("concatenate", "stack")]
    for terms in (summands(recording), summands(recording, nested=False), *joined):
        if len(terms) > 2 and len({z.inputs[i].op for z, i in terms}) == 1:  # examples are alike
            for kept, which in ((terms[-1], "last"), (terms[0], "first")):
                others: dict[Edge, RuleChange] = {edge: None for edge in terms if edge is not kept}
                yield Mutant(10, f"the {which} example alone", kept[0], others)


def summands(recording: Recording, nested: bool = True) -> list[Edge]:
    """Return the terms of the sum that the output is, as edges, oldest first.

    nested: whether a term that is a sum itself, as the cost of an example with several outputs is, counts as its terms.
    """
    found: list[Edge] = []
    top = recording.output
    while top.op is not None and top.op.name in ("multiply", "divide") and len(recording.edges[top]) == 1:
        top = top.inputs[recording.edges[top][0][1]]
    sums = [top]
    for z in sums:  # grows while it is read
        if z.op is None or z.op.name != "add" or (z is not top and len(recording.uses[z]) > 1):
            continue
        for edge in recording.edges[z]:
            x = z.inputs[edge[1]]
            follows = nested or (edge is recording.edges[z][0] and len(z.inputs) == len(recording.edges[z]))
            if follows and x.op is not None and x.op.name == "add" and len(recording.uses[x]) == 1:
                sums.append(x)
            else:
                found.append(edge)
    return sorted(found, key=lambda edge: edge[0].inputs[edge[1]].born)
