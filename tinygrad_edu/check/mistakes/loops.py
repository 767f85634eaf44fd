"""Mistakes in a loop, which are made at every turn of it: through time, over layers, over examples.

Nodes that one instruction of the user's program has made are the same place in every turn. A mistake made at all of
them is one mistake; the turns by themselves are tried at the ends of a long loop only.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...core.node import Node
from ...symbolic.layers import MATRIX_PRODUCTS, leaf_of
from ..replay.run import Edge, Instead, Recording, RuleChange
from .mutant import Mutant, scaled_rule

LONG = 6  # turns of a loop: of a longer one, the turns in the middle are not tried by themselves
CallSite = tuple[object, int, str]  # code, instruction, row: one place of the user's program


def place_of(z: Node) -> CallSite | None:
    """Return the place of the user's program that made a node; None where it has none, as in a typed formula."""
    return None if z.op is None or z.code is None else (z.code, z.instruction, z.op.name)


def turns(recording: Recording) -> dict[CallSite, list[Node]]:
    """Return the nodes that each place of the program has made more than once, oldest first."""
    found: dict[CallSite, list[Node]] = {}
    for z in recording.path:
        if (place := place_of(z)) is not None:
            found.setdefault(place, []).append(z)
    return {place: nodes for place, nodes in found.items() if len(nodes) > 1}


def middle_of_loops(recording: Recording, depths: dict[Node, int]) -> set[Node]:
    """Return the nodes of long chains of turns, each made from the one before, but for the first turn and the last two.

    depths: how far from the leaves a node is; the neurons of a layer are at one depth, and no chain.
    """
    long = [nodes for nodes in turns(recording).values() if len(nodes) > LONG]
    return {z for nodes in long if len({depths[z] for z in nodes}) == len(nodes) for z in nodes[1:-2]}


def of_loops(recording: Recording) -> Iterator[Mutant]:
    """Yield the mistakes of a loop: one path lost or scaled at every turn, the state of another turn."""
    yield from of_paths_of_turns(recording)
    for nodes in turns(recording).values():
        if nodes[0].op is not None and nodes[0].op.name in MATRIX_PRODUCTS:
            yield from of_states(recording, nodes)


def of_paths_of_turns(recording: Recording) -> Iterator[Mutant]:
    """Yield, for what is used more than once in every turn, one of these paths lost, or with a factor, in all turns."""
    paths: dict[tuple[CallSite, int], list[Edge]] = {}
    for x in recording.path:
        uses = recording.uses[x]
        if x.op is None or len(uses) < 2:
            continue
        for z, i in uses:
            if (place := place_of(z)) is not None:
                paths.setdefault((place, i), []).append((z, i))
    for edges in paths.values():
        if len(edges) < 2:
            continue
        node = edges[0][0]
        lost: dict[Edge, RuleChange] = dict.fromkeys(edges)
        yield Mutant(36, f"nothing passed back along this path in any of {len(edges)} turns", node, lost)
        for c in (-1.0, 2.0, 0.5):
            times: dict[Edge, RuleChange] = {(z, i): scaled_rule(rules_of(z)[i], c) for z, i in edges}
            yield Mutant(36, f"times {c:g} along this path in each of {len(edges)} turns", node, times)


def rules_of(z: Node) -> Any:
    """Return the rules of the row that made a node."""
    assert z.op is not None
    return z.op.rules


def of_states(recording: Recording, products: list[Node]) -> Iterator[Mutant]:
    """Yield the state of another turn in the gradient of recurrent weights: h_t for h_{t−1}, or the last for the first.

    products: the products of a state with the weights, one a turn.
    """
    for i in (0, 1):
        weights = {leaf_of(z.inputs[i]) for z in products}
        states = [z.inputs[1 - i] for z in products]
        made = [x for x in states if isinstance(x, Node) and x.op is not None]
        if len(weights) != 1 or None in weights or len(made) < len(products) - 1 or not made:
            continue
        place = place_of(made[-1])
        all_states = [z for z in recording.path if place is not None and place_of(z) == place]
        after = [x for x in all_states if x.born > products[-1].born]
        edges = [(z, i) for z in products]
        if not after or any(edge not in recording.edges[edge[0]] for edge in edges):
            continue
        last = after[0]
        following = [*states[1:], last]
        late: dict[Edge, RuleChange] = {
            (z, k): Instead(rules_of(z)[k], 1 - i, x) for (z, k), x in zip(edges, following, strict=True)
        }
        yield Mutant(36, "the state after each turn in place of the one before it, h_t for h_{t−1}", products[0], late)
        first, k = edges[0]
        wrapped: dict[Edge, RuleChange] = {edges[0]: Instead(rules_of(first)[k], 1 - i, last)}
        yield Mutant(36, "the last state in place of the first, as index −1 picks it", first, wrapped)
        if not isinstance(states[0], Node) or states[0].op is None:
            continue
        skipped: dict[Edge, RuleChange] = {edges[0]: None}
        yield Mutant(36, "the first turn left out", first, skipped)
