"""Frames around what one call of a module computed, found by when nodes were made."""

from __future__ import annotations

from typing import Any

from ...core.node import Node
from ...symbolic.layers import users_of
from .picture import Group, short_text


def clusters(order: list[Node], model: Any) -> tuple[list[Group], dict[Node, int]]:
    """Return a group for each last call of the modules inside `model`, and the innermost group of each node.

    A leaf belongs to the group of all its users, if they have one in common. Groups that would hold nothing but
    one other group, or one node, are left out.
    """
    calls = [(path, module, first, last) for path, module, first, last in model.named_calls() if path]
    inside: dict[int, list[Node]] = {}
    for k, (_, _, first, last) in enumerate(calls):
        inside[k] = [z for z in order if z.op is not None and first < z.born < last]
    kept = [k for k in inside if len(inside[k]) > 1 and not any(same(inside[k], inside[j]) for j in inside if j > k)]
    groups: list[Group] = []
    found: dict[Node, int] = {}
    number: dict[int, int] = {}
    for k in kept:  # outer calls come before those inside them
        path, module, first, last = calls[k]
        around = [j for j in number if calls[j][2] < first and last < calls[j][3]]
        number[k] = len(groups)
        groups.append(Group(short_text(f"{path} {module_summary(module)}", 48), number[around[-1]] if around else None))
        for z in inside[k]:
            found[z] = number[k]
    for x, users in users_of(order).items():
        if x.op is None and (group := common([found.get(z) for z in users], groups)) is not None:
            found[x] = group
    return groups, found


def same(these: list[Node], those: list[Node]) -> bool:
    """Return whether two lists hold the same nodes: `==` of nodes would compute."""
    return len(these) == len(those) and all(a is b for a, b in zip(these, those, strict=True))


def module_summary(module: Any) -> str:
    """Describe a module in a few words."""
    return str(module.described()) if module.extra_repr() else repr(module).splitlines()[0]


def common(homes: list[int | None], groups: list[Group]) -> int | None:
    """Return the innermost group around all of `homes`."""
    shared: list[int] | None = None
    for home in homes:
        around = []
        while home is not None:
            around.append(home)
            home = groups[home].parent
        shared = around if shared is None else [g for g in shared if g in around]
    return shared[0] if shared else None
