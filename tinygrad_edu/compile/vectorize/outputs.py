"""Results and effects of a traced function, vectorised: scalar ones become elements of arrays.

Effects on many leaves become one effect on all that lie in one array.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ...core.node import Node
from ...core.value import Value
from ..outside import Effect
from ..trace import Trace
from .parameter_packing import memory_column
from .parked_leaves import LeafGroup
from .strides import picked, shaped
from .vectorizer import Vectorizer


def vectorize_outputs(trace: Trace, nodes: list[Node]) -> list[Node]:
    """Return `nodes`, and order the effects of a trace, as elements of arrays where scalars can be vectorised."""
    tests = [node for node, _ in trace.outcomes]
    scalars = [
        z for z in (*nodes, *tests, *(z for effect in trace.effects for z in effect.results)) if type(z) is Value
    ]
    with trace.switch:  # so that what is computed without gradients is recorded too
        return vectorize_scalars(trace, nodes, scalars) if scalars else nodes


def vectorize_scalars(trace: Trace, nodes: list[Node], scalars: list[Value]) -> list[Node]:
    """Return `nodes` with each of `scalars` as an element of an array."""
    vectorizer = trace.vectorizer
    if not vectorizer.vectorize(scalars, vectorizer.walk(scalars, vectorizer.known)):
        return nodes
    waiting: dict[Any, list[Effect]] = {}
    effects: list[Effect] = []
    for effect in trace.effects:
        if type(effect.owner) is Value and effect.results:
            waiting.setdefault(effect.attribute, []).append(effect)
        elif type(effect.owner) is Value:
            waiting.setdefault(None, []).append(effect)
        elif effect.entry is not None and type(effect.results[0]) is Value:
            waiting.setdefault(id(effect.owner), []).append(effect)
        else:
            results = tuple(vectorizer.element(z) if type(z) is Value else z for z in effect.results)
            effects.append(replace(effect, results=results))
    for what, alike in waiting.items():
        if what is None:
            effects.append(Effect("_slope", LeafGroup(effect.owner for effect in alike), ()))
        elif isinstance(what, str):
            effects += array_effects(vectorizer, what, alike)
        else:
            effects += remembered(vectorizer, alike)
    trace.effects = effects
    trace.outcomes = [(vectorizer.element(z) if type(z) is Value else z, outcome) for z, outcome in trace.outcomes]
    return [vectorizer.element(z) if type(z) is Value else z for z in nodes]


def array_effects(vectorizer: Vectorizer, attribute: str, alike: Sequence[Effect]) -> list[Effect]:
    """Return effects on leaves as one for each array that the results lie in."""
    by_array: dict[int, list[tuple[int, Any]]] = {}
    for effect in alike:
        array, i = vectorizer.place(effect.results[0])
        by_array.setdefault(array, []).append((i, effect.owner))
    found = []
    for array, places in by_array.items():
        places.sort(key=lambda place: place[0])
        result = elements(vectorizer.arrays[array], [i for i, _ in places])
        found.append(Effect(attribute, LeafGroup(owner for _, owner in places), (result,)))
    return found


def remembered(vectorizer: Vectorizer, alike: Sequence[Effect]) -> list[Effect]:
    """Return what an optimiser remembers of its weights as one effect; of weights that had no gradient it stays."""
    optimizer = alike[0].owner
    known = {effect.entry: effect.results for effect in alike}
    if len({*map(len, optimizer.memory)}) > 1:
        return [replace(e, results=tuple(vectorizer.element(z) for z in e.results)) for e in alike]
    results = []
    for j in range(len(alike[0].results)):
        old = (
            vectorizer.numbered(memory_column(vectorizer.trace, optimizer, j))
            if len(known) < len(optimizer.memory)
            else -1
        )
        places = [vectorizer.place(known[i][j]) if i in known else (old, i) for i in range(len(optimizer.memory))]
        results.append(vectorizer.gathered(places))
    return [Effect("memory", optimizer, tuple(results))]


def elements(x: Any, places: list[int]) -> Any:
    """Return elements of the flattened `x`: itself where they are all of them, in order."""
    return x if places == list(range(x.size)) else picked(shaped(x, (x.size,)), np.array(places))
