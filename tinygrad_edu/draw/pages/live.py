"""`tg.live`: a page whose numbers answer the reader's hand: every leaf has a handle, and everything is computed anew.

`program_of` says what the page needs to compute a graph of numbers by itself: rows in JavaScript, the leaves, and
Python's own results, against which the page checks itself before it moves.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ...core.node import Node, data_of
from ...core.value import Value
from ...nn.module import Module
from ...nn.neuron import MLP
from ..graph.builder import stale
from ..graph.collapse import uses_in
from ..graph.picture import Picture
from ..javascript.rows import RowTable
from ..javascript.spellings import TranslationError
from . import templates
from .page import Page

WEIGHT = re.compile(r"[wWbB](\d|_|\^|$)|bias|weight")  # labels of what learns, where no module says so
ROOM = 10  # characters that a card keeps free for a number that will change
STILL = "<p class=soft>This page only replays: {} cannot be computed in a browser, and keeps it still.</p>"


def live(
    node: Node,
    path: str | Path | None = None,
    *,
    names: Mapping[str, Any] | None = None,
    model: Module | None = None,
    typed: str = "",
) -> Page:
    """Return the page of `tg.stepper`, opened where everything is computed: drag a number and see all others follow.

    "Take a step" moves every leaf that learns against its gradient, η times. Which leaves learn can be chosen; at
    first the parameters of `model`, else those whose names begin with w or b, else all.
    path: where to save it. names: what to call nodes that have no label. typed: the formula as it was typed.
    A graph of arrays, or of an operation that JavaScript cannot compute, replays only, and the page says why.
    Raises as `stepper` does.
    """
    from .stepper import stepper

    return stepper(node, path, names=names, model=model, typed=typed, opened=True)


def program_of(
    order: list[Node], picture: Picture, index: Mapping[Node, int], model: Module | None
) -> tuple[dict[str, Any], str]:
    """Return what the page computes with, and the rows in JavaScript.

    Raises TranslationError with the reason where the graph cannot be computed there.
    rows: of each operation in `vocabulary`'s order, its place among the rows. leaves: [card, number, whether it has a
    gradient, whether it learns]. constants: [card, number]. expected: of Python, the result and the gradients.
    """
    if stale(uses_in(order)):
        raise TranslationError("a graph whose leaves were assigned after it was computed")
    table, rows, seen = RowTable(), [], set()
    constants: list[list[Any]] = []
    edges = iter(picture.edges)
    for z in order:
        if not isinstance(z, Value):
            raise TranslationError(f"{z.title}, an array,")
        if z.op is None:
            continue
        tails = [next(edges).tail for _ in z.inputs]
        constants += [[k, data_of(x)] for k, x in zip(tails, z.inputs, strict=True) if not isinstance(x, Node)]
        key = operation_key(z)
        if key not in seen:
            seen.add(key)
            rows.append(table.place(z.op, len(z.inputs), z.params))
    leaves = [z for z in order if z.op is None]
    weights = learning(leaves, model)
    root = order[-1]
    grads = {} if not root.requires_grad else gradients_of(order)
    program = {
        "rows": rows,
        "leaves": [[index[z], json_number(z._data), int(z.requires_grad), int(z in weights)] for z in leaves],
        "names": unique([picture.cards[index[z]].title for z in leaves]),
        "constants": [[k, json_number(float(x))] for k, x in constants],
        "expected": [json_number(root._data), *(json_number(grads.get(z, 0.0)) for z in leaves)],
    }
    if isinstance(model, MLP):
        program |= network_cards(picture, index, model)
    return program, table.script()


def json_number(x: float) -> Any:
    """Return a number for JSON, which has no infinities: those as texts that JavaScript's Number() reads."""
    return float(x) if np.isfinite(x) else {"inf": "Infinity", "-inf": "-Infinity"}.get(str(float(x)), "NaN")


def operation_key(z: Node) -> Any:
    """Return what nodes have in common that the page says and computes alike."""
    shapes = () if isinstance(z, Value) else tuple(np.shape(data_of(x)) for x in (z, *z.inputs))
    known = [repr(x) for x in z.inputs if not isinstance(x, Node)] if templates.names_numbers(z) else []
    return (z.op, repr(z.params) if z.params else "", len(z.inputs), shapes, *known)


def gradients_of(order: list[Node]) -> dict[Node, float]:
    """Return the gradients of all nodes, computed apart from `.grad`."""
    from ...core.backprop import pull

    root = order[-1]
    path = sorted((z for z in order if z._requires_grad), key=lambda z: z.born)
    with Value.numeric_context():
        return pull(path, {root: root.seed(None)}, order, Value.operand)


def learning(leaves: list[Node], model: Module | None) -> set[Node]:
    """Return the leaves that "take a step" moves."""
    mine: set[Node] = set(model.parameters()) if model is not None else set()
    can = [z for z in leaves if z.requires_grad]
    return mine & set(can) or {z for z in can if WEIGHT.match(z.label)} or set(can)


def unique(names: list[str]) -> list[str]:
    """Return names, no two alike."""
    found: list[str] = []
    for name in names:
        n, new = 1, name
        while new in found:
            n += 1
            new = f"{name}'{n}"
        found.append(new)
    return found


def network_cards(picture: Picture, index: Mapping[Node, int], model: MLP) -> dict[str, Any]:
    """Return which card each line and each circle of the network is, and by which neuron the leaves are grouped."""
    wires = {
        f"{c} {j} {k}": index[w]
        for c, layer in enumerate(model.layers)
        for j, neuron in enumerate(layer.neurons)
        for k, w in enumerate(neuron.w)
        if w in index
    }
    arriving: dict[int, list[int]] = {}
    for edge in picture.edges:
        arriving.setdefault(edge.head, []).append(edge.tail)
    first = {card: int(place.split()[2]) for place, card in wires.items() if place.startswith("0 ")}
    circles = {}
    for tails in arriving.values():
        for w in tails:
            if w in first and len(tails) == 2:
                circles[f"a0_{first[w]}"] = next(t for t in tails if t != w)
    groups = {
        index[p]: f"neuron {j + 1} of layer {c + 1}"
        for c, layer in enumerate(model.layers)
        for j, neuron in enumerate(layer.neurons)
        for p in (*neuron.w, neuron.b)
        if p in index
    }
    return {"wires": wires, "inputs": circles, "groups": groups}


def formula_of(node: Node, name: str, typed: str) -> str:
    """Return the formula at the top of the page: as it was typed, or as it was computed where that is one line."""
    from ...symbolic.formula import formula

    text = typed or formula(node, "brief")
    whole = f"{name} = {text}" if text != name else text
    return whole if "\n" not in text and len(text) <= 200 else ""
