"""Collapsing of large graphs: nodes that are drawn as one card.

Nodes of one key become one card. Five ways to find keys: a node that is used once is folded into its user; nodes that
the same line made for every example of a batch become one, "×100"; blocks that the same lines made one after another
become one, "×12"; what is written out, 1 / (1 + exp(−z)), becomes the operation it is; and the user's choice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ...core.node import Node
from ...symbolic.idioms import idioms

ROUNDS = 6
READABLE = 300  # cards: more are folded unless the user objects
DEEP = 40  # cards one after another: a longer row of blocks is wider than any screen
Cards = dict[Node, Hashable]
Choice = bool | Literal["idioms"] | Callable[[Node], Any] | None


@dataclass(slots=True)
class Uses:
    """Every use of a node as an operand, in the order of its users: `operands[i]` is one of `users[i]`.

    Two long lists, so that a pass over a graph of 100,000 nodes makes no object for each of them.
    """

    operands: list[Node]
    users: list[Node]
    constants: int

    def __iter__(self) -> Iterator[tuple[Node, Node]]:
        return zip(self.operands, self.users, strict=True)


def uses_in(order: list[Node]) -> Uses:
    """Return the uses of nodes in a graph, and how many operands are constants."""
    found = Uses([], [], 0)
    for z in order:
        for x in z.inputs:
            if isinstance(x, Node):
                found.operands.append(x)
                found.users.append(z)
            else:
                found.constants += 1
    return found


def collapsed(order: list[Node], uses: Uses, collapse: Choice) -> tuple[Cards, list[str]]:
    """Return how to fold a graph, empty for not at all, and what to tell the reader about it.

    collapse: None folds what is too large to read, True folds anything, False nothing, "idioms" what is written out; a
    function returns of each node the title of the card that it goes into, or None.
    """
    if isinstance(collapse, str):
        return over_idioms(order, uses), []
    if callable(collapse):
        titles = {z: collapse(z) for z in order}
        return {z: ("chosen", title) if title else z for z, title in titles.items()}, []
    drawn = len(order) + uses.constants
    if collapse is False or (collapse is None and drawn <= READABLE):
        return {}, []
    found = into_users(order, uses)
    if len(set(found.values())) > READABLE:
        found = over_examples(order, uses, found)
    for _ in range(ROUNDS):  # blocks within blocks
        cards = len(set(found.values()))
        if cards <= DEEP or (cards <= READABLE and max(depths(uses, found).values()) <= DEEP):
            break
        if (folded := over_blocks(order, uses, found)) is found:
            break
        found = folded
    cards = len(set(found.values()))
    return found, [f"{drawn:,} nodes folded into {cards:,}; draw(…, collapse=False) draws them all."]


def into_users(order: list[Node], uses: Uses) -> Cards:
    """Fold every node that has no name and one use into its user, and every leaf of one use as well."""
    count, user = Counter(uses.operands), dict(uses)
    found: Cards = {}
    for z in reversed(order):
        alone = count[z] == 1 and (not z.label or z.op is None)
        found[z] = found[user[z]] if alone else z
    return found


def over_idioms(order: list[Node], uses: Uses) -> Cards:
    """Make one of the nodes that together are one operation, written out, and that nothing else uses."""
    users: dict[Node, set[Node]] = {}
    for x, z in uses:
        users.setdefault(x, set()).add(z)
    cards: Cards = {z: z for z in order}
    for z, idiom in idioms(order[-1]).items():  # outer ones come after those inside them
        inner = idiom.inside - {z}
        if idiom.factor == 1 and inner and all(users[x] <= idiom.inside for x in inner):
            cards |= dict.fromkeys((*inner, z), ("idiom", idiom.name, z.born))
    return cards


def over_examples(order: list[Node], uses: Uses, before: Cards) -> Cards:
    """Make one of the nodes that one line computed of different examples: of equal name, operation and depth."""
    depth = depths(uses, before)
    lines: dict[Any, str] = {}  # instructions of one line may differ: the interpreter specialises them as it goes
    same: dict[Hashable, Hashable] = {}
    for z in order:
        if before[z] is z:
            made = (z.code, z.instruction)
            line = lines.get(made) or lines.setdefault(made, z.where)
            same[z] = (z.label, z.op and z.op.name, line, depth[z])
    return with_leaves(uses, {z: same[key] for z, key in before.items()})


def depths(uses: Uses, cards: Cards) -> dict[Hashable, int]:
    """Return of each card how many lie one after another below it."""
    depth: dict[Hashable, int] = dict.fromkeys(cards.values(), 0)
    for x, z in uses:
        key, below = cards[z], cards[x]
        if depth[below] >= depth[key] and below is not key and not same_key(below, key):
            depth[key] = depth[below] + 1
    return depth


def with_leaves(uses: Uses, found: Cards) -> Cards:
    """Put each leaf whose users are all on one card on that card."""
    home: dict[Node, Hashable] = {}
    for x, z in uses:
        if x.op is None:
            card = found[z]
            if home.setdefault(x, card) is not card and not same_key(home[x], card):
                home[x] = x  # its users are on several cards
    return found | {x: card for x, card in home.items() if card is not x}


def same_key(one: Hashable, other: Hashable) -> bool:
    """Return whether two keys are equal, where a key may be a node, whose == would compute."""
    return isinstance(one, tuple) and isinstance(other, tuple) and one == other


def over_blocks(order: list[Node], uses: Uses, before: Cards) -> Cards:
    """Make one of blocks that the same lines computed one after another, like the layers of a deep net.

    The last of them stays as it is, so that a reader sees what a block is. A leaf goes with its users where all are in
    one block. Blocks that cannot be drawn without a circle stay apart.
    """
    computed = [before[z] for z in order if z.op is not None]
    last = dict(zip(computed, (z for z in order if z.op is not None), strict=True))  # says what the key computes
    sizes = Counter(computed)  # cards that look alike may be of different steps inside
    where: dict[Any, Any] = {}
    lines: dict[Any, int] = {}
    ids = []
    for key, z in last.items():
        made = (z.code, z.instruction)
        line = key if is_chosen(key) else (z.op, where.get(made) or where.setdefault(made, z.where), sizes[key])
        ids.append(lines.setdefault(line, len(lines)))
    keys, block = list(last), dict[Hashable, Hashable]()
    rounds = sum(map(is_chosen, keys))
    for k, (start, period, times) in enumerate(repeats(ids), start=rounds + 1):
        title = f"block {k}: ×{times - 1}, as shown"
        block |= dict.fromkeys(keys[start : start + period * (times - 1)], ("chosen", title))
    if not block:
        return before
    found = with_leaves(uses, {z: block.get(key, key) for z, key in before.items()})
    try:
        in_order(order, uses, found)
    except ValueError:
        return before
    return found


def is_chosen(key: Hashable) -> bool:
    """Return whether a key stands for a block, or a card of the user's choice."""
    return isinstance(key, tuple) and len(key) == 2 and key[0] == "chosen"


def repeats(ids: list[int]) -> list[tuple[int, int, int]]:
    """Return where a sequence repeats itself three times or more: (start, period, times), apart from each other."""
    array = np.array(ids)
    last: dict[int, int] = {}
    gaps: Counter[int] = Counter()
    for at, each in enumerate(ids):
        if each in last:
            gaps[at - last[each]] += 1
        last[each] = at
    found: list[tuple[int, int, int]] = []
    taken = np.zeros(len(array), dtype=bool)
    for period, _ in sorted(gaps.most_common(40), key=lambda gap: -gap[0] * gap[1]):
        if period * 3 > len(array):
            continue
        same = np.concatenate(([False], array[:-period] == array[period:], [False]))
        starts, ends = np.flatnonzero(np.diff(same.astype(int)) == 1), np.flatnonzero(np.diff(same.astype(int)) == -1)
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
            times = (end - start) // period + 1
            if times >= 3 and not taken[start : start + period * times].any():
                taken[start : start + period * times] = True
                found.append((start, period, times))
    return sorted(found)


def in_order(order: list[Node], uses: Uses, key_of: Cards) -> list[tuple[Hashable, list[Node], dict[Hashable, int]]]:
    """Return each key with its nodes, and how often these use those of other keys, operands before results.

    Raises ValueError where cards would make a circle.
    """
    members: dict[Hashable, list[Node]] = {}
    for z in order:
        members.setdefault(key_of[z], []).append(z)
    below: dict[Hashable, dict[Hashable, int]] = {key: {} for key in members}
    above: dict[Hashable, list[Hashable]] = {key: [] for key in members}
    keys = key_of.__getitem__
    for (key, other), times in Counter(zip(map(keys, uses.users), map(keys, uses.operands), strict=True)).items():
        if key is not other and not same_key(key, other):
            below[key][other] = times
            above[other].append(key)
    missing = {key: len(others) for key, others in below.items()}
    ready = [key for key, count in missing.items() if not count]
    for key in ready:  # grows while it is read
        for other in above[key]:
            missing[other] -= 1
            if not missing[other]:
                ready.append(other)
    if len(ready) < len(members):
        circle = next(key for key in members if key not in set(ready))
        raise ValueError(
            f"collapse folds nodes into {circle!r:.60} that others lie between: the graph would be a circle"
        )
    return [(key, members[key], below[key]) for key in ready]
