"""Large graphs made readable: which nodes are drawn as one card.

A folding says of each node by which key it is drawn; nodes of one key become one card. Three ways to find one:
what is computed only to be used once is folded into its user; nodes that the same line made for every example of a
batch become one, "×100"; and the user's own choice.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Any

from ...core.node import Node

READABLE = 300  # cards: more are folded unless the user objects
Folding = dict[Node, Hashable]
Choice = bool | Callable[[Node], Any] | None


def folding(order: list[Node], collapse: Choice) -> tuple[Folding, list[str]]:
    """Return how to fold a graph, empty for not at all, and what to tell the reader about it.

    collapse: None folds what is too large to read, True folds anything, False nothing; a function returns of each
    node the title of the card that it goes into, or None.
    """
    if callable(collapse):
        titles = {z: collapse(z) for z in order}
        return {z: ("chosen", title) if title else z for z, title in titles.items()}, []
    drawn = len(order) + sum(not isinstance(x, Node) for z in order for x in z.inputs)
    if collapse is False or (collapse is None and drawn <= READABLE):
        return {}, []
    found = into_users(order)
    left = len(set(found.values()))
    if left > READABLE:
        found = over_examples(order, found)
    cards = len(set(found.values()))
    return found, [f"{drawn:,} nodes folded into {cards:,}; draw(…, collapse=False) draws them all."]


def users_of(order: Iterable[Node]) -> dict[Node, list[Node]]:
    """Return the results that each node was an operand of, each use once."""
    users: dict[Node, list[Node]] = {}
    for z in order:
        for x in z.inputs:
            if isinstance(x, Node):
                users.setdefault(x, []).append(z)
    return users


def into_users(order: list[Node]) -> Folding:
    """Fold every node that has no name and one use into its user, and every leaf of one use as well."""
    users = users_of(order)
    found: Folding = {}
    for z in reversed(order):
        to = users.get(z, [])
        alone = len(to) == 1 and (not z.label or z.op is None)
        found[z] = found[to[0]] if alone and to[0] in found else z
    return found


def over_examples(order: list[Node], before: Folding) -> Folding:
    """Make one of the nodes that one line computed of different examples: of equal name, operation and depth."""
    depth: dict[Hashable, int] = {}
    for z in order:
        key = before[z]
        below = [depth[before[x]] + 1 for x in z.inputs if isinstance(x, Node) and before[x] is not key]
        depth[key] = max([depth.get(key, 0), *below])
    lines: dict[Any, str] = {}  # instructions of one line may differ: the interpreter specialises them as it goes
    same: dict[Hashable, Hashable] = {}
    for z in order:
        if before[z] is z:
            made = (z.code, z.instruction)
            line = lines.get(made) or lines.setdefault(made, z.where)
            same[z] = (z.label, z.op and z.op.name, line, depth[z])
    found = {z: same[key] for z, key in before.items()}
    for x, users in users_of(order).items():
        homes = {found[z] for z in users}
        if x.op is None and len(homes) == 1:
            found[x] = homes.pop()
    return found


def in_order(order: list[Node], key_of: Folding) -> list[tuple[Hashable, list[Node]]]:
    """Return each key with its nodes, operands before results. Raises ValueError where a folding makes a circle."""
    members: dict[Hashable, list[Node]] = {}
    for z in order:
        members.setdefault(key_of[z], []).append(z)
    needs = {
        key: {key_of[x] for z in nodes for x in z.inputs if isinstance(x, Node)} - {key}
        for key, nodes in members.items()
    }
    feeds: dict[Hashable, list[Hashable]] = {}
    for key, below in needs.items():
        for other in below:
            feeds.setdefault(other, []).append(key)
    ready = [key for key, below in needs.items() if not below]
    for key in ready:  # grows while it is read
        for other in feeds.get(key, []):
            needs[other].discard(key)
            if not needs[other]:
                ready.append(other)
    if len(ready) < len(members):
        circle = next(key for key in members if key not in set(ready))
        raise ValueError(
            f"collapse folds nodes into {circle!r:.60} that others lie between: the graph would be a circle"
        )
    return [(key, members[key]) for key in ready]
