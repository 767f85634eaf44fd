"""`tg.stepper`: a page that goes through a graph forward and backward, one node at a time, with the arithmetic."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from ...core.backprop import history
from ...core.node import Node, data_of
from ...core.tensor import Tensor
from ...core.value import Value
from ...errors import NonScalarError
from ...nn.module import Module
from ...nn.neuron import MLP
from ...symbolic.formats.mathml import MathML
from ...symbolic.names import PARTS, NodeNames
from ..formats import svg
from ..graph.builder import is_computed, picture_of, stale
from ..graph.cards import FIELD_NAMES
from ..graph.collapse import READABLE, uses_in
from ..graph.picture import Picture, data_summary, format_number
from ..javascript.spellings import TranslationError
from ..network.draw_network import draw_network
from . import templates
from .live import ROOM, STILL, formula_of, operation_key, program_of
from .page import Page, asset, fill_template, json_data
from .steps import Step, StepMaker

MOST = 1500  # nodes: a page with more steps would not be read
TITLES = {False: "Backpropagation, step by step", True: "Backpropagation, live"}
LARGE = (
    "{:,} nodes do not fit on a screen: the picture shows where the step is. To see all of them at once, folded into a "
    "few cards, use <code>tg.draw</code>; to step through fewer, take one example, or a smaller net."
)
MAX_IN_SENTENCE = 12  # numbers of an array that are written out in a sentence


def stepper(
    node: Node,
    path: str | Path | None = None,
    *,
    names: Mapping[str, Any] | None = None,
    model: Module | None = None,
    typed: str = "",
    opened: bool = False,
) -> Page:
    """Return a page that computes `node` forward and its gradients backward, one step at a time.

    It has a slider, keys, a quiz, and the naive order of going back beside the right one. Opened with `#12` it
    stands at step 12, with `#last` after the last one. Where all nodes are numbers the page computes by itself, and
    every leaf can be changed there: see `tg.live`.
    path: where to save it. names: what to call nodes that have no label, as in `names=locals()`.
    model: the net that was called; a net of neurons is drawn beside its graph, and each lights up in the other.
    typed: the formula as it was typed. opened: whether the page opens after the last step.
    Raises TypeError where `node` is no node, NonScalarError where it is more than one number, ValueError for more
    than 1500 nodes.
    """
    if not isinstance(node, Node):
        raise TypeError(f"stepper() walks through a Value or a Tensor, not {type(node).__name__}")
    if np.size(node._data) != 1:
        raise NonScalarError(f"stepper() goes back from one number, and {node.title} has shape {np.shape(node._data)}")
    order = sorted(history(node), key=is_computed)
    if len(order) > MOST:
        raise ValueError(f"stepper: {len(order)} nodes are too many to step through ({MOST} at most): take one example")
    return page_of(order, names or {}, model, typed, opened).saved(path)


def page_of(
    order: list[Node], names: Mapping[str, Any], model: Module | None, typed: str = "", opened: bool = False
) -> Page:
    """Return the page for the graph of the last node of `order`."""
    root = order[-1]
    picture, index = picture_of(order, names, model)
    neurons = neurons_of(picture) if isinstance(model, MLP) else {}
    picture.notes = stale(uses_in(order))
    called = NodeNames(order, {} if root.label or any(z.label == "L" for z in order) else {root: "L"})
    for z in order:  # the arithmetic speaks of every node, so that every card needs a name
        picture.cards[index[z]].title = picture.cards[index[z]].title or called[z]
    words = vocabulary(order, picture, index)
    try:
        program, rows, why = *program_of(order, picture, index, model), ""
    except TranslationError as reason:
        program, rows, why = None, "", str(reason)
    content = {
        "neurons": neurons,
        # An edge's slope is the text on it, in the picture; these have none, and those of tensors have rules instead
        "bare": [k for k, edge in enumerate(picture.edges) if not edge.label] if isinstance(root, Value) else None,
        "opened": opened,
        "leaves": [index[z] for z in order if z.op is None and z.requires_grad],
        **words,
        **({"live": program} if program else replayed(order, picture, index)),
    }
    if program:
        keep_room(picture)
    about, result = TITLES[opened], picture.cards[index[root]].title
    parts = {
        "title": f"{about}: {typeset(result)}",
        "typed": f'<p id="typed" class="mono">{escape(line)}</p>' if (line := formula_of(root, result, typed)) else "",
        "notice": (f"<p class=soft>{LARGE.format(len(order))}</p>" if len(order) > READABLE else "")
        + (STILL.format(escape(why)) if why and opened else ""),
        "picture": svg.svg(picture),
        "network": network_of(program, order, index, model) if neurons and isinstance(model, MLP) else "",
        "hand": asset("live.html" if program else "leaves.html"),
        "data": json_data(content),
    }
    scripts = [
        "numbers.js",
        "sentences.js",
        "zoom.js",
        "texts.js",
        "quiz.js",
        *(["engine.js", "live.js"] if program else []),
        *(["narrow.js", "live_network.js"] if program and parts["network"] else []),
        "stepper.js",
    ]
    styles = asset("stepper.css") + asset("zoom.css") + (asset("live.css") if program else "")
    script = rows + "".join(map(asset, scripts))
    title = f"{about}: {result}"
    return Page(title, fill_template(asset("stepper.html"), parts), styles=styles, script=script, height=760)


def typeset(name: str) -> str:
    """Return a name as HTML, its index below and its layer above as in textbooks."""
    return f"<math>{MathML().label(name)}</math>" if set("_^") & set(name) and PARTS.match(name) else escape(name)


def replayed(order: list[Node], picture: Picture, index: Mapping[Node, int]) -> dict[str, Any]:
    """Return the steps of going back as Python took them, for a page that cannot compute by itself."""
    root, walk = order[-1], StepMaker(order, dict(index))
    naive, wrong = (walk.naive(), dict(walk.grads)) if root.requires_grad else (None, {})
    backward = walk.backward() if root.requires_grad else []
    right = walk.grads
    for z, g in right.items():  # the layout leaves room for the final gradients
        picture.cards[index[z]].rows[-1] = ("grad", data_summary(g))
    return {
        "backward": [steps(step) for step in backward],
        "naive": None if naive is None else [steps(step) for step in naive],
        "wrong": naive is not None and any(np.any(g != wrong.get(z)) for z, g in right.items() if z.op is None),
    }


def keep_room(picture: Picture) -> None:
    """Widen numbers to what they may become: the page writes others in their place."""
    for card in picture.cards:
        if card.kind != "constant":
            card.rows = [(name, text.ljust(ROOM)) for name, text in card.rows]
    for edge in picture.edges:
        edge.label = edge.label and edge.label.rjust(6)


def network_of(program: Any, order: list[Node], index: Mapping[Node, int], model: MLP) -> str:
    """Return the network beside the graph; of a live page with the activations that the graph computed."""
    program = program or {"inputs": {}, "constants": []}
    value = {index[z]: z._data for z in order} | dict(program["constants"])
    count, inputs = len(model.layers[0].neurons[0].w), program["inputs"]
    x = [value[inputs[f"a0_{k}"]] for k in range(count)] if len(inputs) == count else None
    return f'<div class="scroll" id="net">{draw_network(model, x).svg()}</div>'


def neurons_of(picture: Picture) -> dict[int, str]:
    """Return of each card in the frame of a neuron which circle of the network that neuron is."""
    found = {}
    for i, card in enumerate(picture.cards):
        title = "" if card.group is None else picture.groups[card.group].title
        if neuron := re.match(r"layers\.(\d+)\.neurons\.(\d+) ", title):
            found[i] = f"a{int(neuron[1]) + 1}_{neuron[2]}"
    return found


def vocabulary(order: list[Node], picture: Picture, index: Mapping[Node, int]) -> dict[str, Any]:
    """Return what the page makes its sentences of.

    operations: name, formula and rules of each row, as templates of MathML. made: of each card that was computed, in
    this order, [card, number of its operation, card of each operand]. arrays: the data of cards that are arrays.
    """
    operations: dict[Any, int] = {}
    written: list[Any] = []
    made: list[list[int]] = []
    arrays = {index[z]: shown_data(z._data) for z in order if isinstance(z, Tensor) and z._data.size > 1}
    edges = iter(picture.edges)
    for z in order:
        if z.op is None:
            continue
        shapes = () if isinstance(z, Value) else tuple(np.shape(data_of(x)) for x in (z, *z.inputs))
        key = operation_key(z)
        if key not in operations:
            operations[key] = len(written)
            rules = [templates.rule(z, i) for i in range(len(z.inputs))]
            written.append([FIELD_NAMES.get(z.op.name, z.op.name), templates.formula_template(z), rules])
        tails = [next(edges).tail for _ in z.inputs]
        made.append([index[z], operations[key], *tails])
        if shapes:
            arrays.update((k, shown_data(x)) for k, x in zip(tails, z.inputs, strict=True) if isinstance(x, np.ndarray))
    return {"operations": written, "made": made, "arrays": arrays}


def shown_data(x: Any) -> Any:
    """Return data as the page shows it: as text, and of an array also its shape, and its numbers where they are few.

    t: the text that a card shows. s: the shape. m: the numbers, row by row.
    """
    if isinstance(x, float):
        return format_number(x)
    text = data_summary(x)
    if np.size(x) == 1:
        return text
    found: dict[str, Any] = {"t": text, "s": "×".join(map(str, np.shape(x)))}
    if x.size <= MAX_IN_SENTENCE and x.ndim <= 2 and x.dtype.kind in "fiub":
        found["m"] = [[format_number(float(each), 3) for each in row] for row in np.atleast_2d(x)]
    return found


def steps(step: Step) -> list[Any]:
    """Return a step as the page reads it: [card, [operand, share, gradient then if it is another], …]."""
    shares = (
        [s.operand, shown_data(s.share), *([] if s.after is s.share else [shown_data(s.after)])] for s in step.shares
    )
    return [step.card, *shares]
