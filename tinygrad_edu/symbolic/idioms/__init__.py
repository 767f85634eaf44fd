"""Idioms: what NumPy users write out, `np.maximum(0, z)` or `e / e.sum()`, recognised as the row that computes it.

`idioms(root)` finds them in a recorded graph; `as_rows(root)` is the graph with the rows in their place. `ways.py` is
the list: each entry is a formula, and a sub-graph is the idiom where both have the same canonical form. That is an
identity of functions, so that a threshold of 0.1 or a sum along another axis is no idiom.
"""

from __future__ import annotations

from ...core.backprop import history
from ...core.node import Node
from ..rules import RECORDING
from .finder import Finder
from .idiom import Idiom

__all__ = ["Idiom", "as_rows", "idioms"]


def idioms(root: Node) -> dict[Node, Idiom]:
    """Return the idioms in the graph of `root` by the node that each ends in; one may lie inside another."""
    finder = Finder()
    for z in history(root):
        finder.visit(z)
    return finder.found


def as_rows(root: Node) -> tuple[Node, dict[Node, Node]]:
    """Return `root` computed by rows in place of idioms, and for each node that is still computed its counterpart.

    Leaves, and nodes below which nothing changed, are their own counterparts.
    """
    found, order = idioms(root), history(root)
    needed = {root}
    for z in reversed(order):
        if z in needed:
            needed.update(x for x in (found[z].inputs if z in found else z.inputs) if isinstance(x, Node))
    new: dict[Node, Node] = {}
    for z in order:
        if z not in needed:
            continue
        inputs = found[z].inputs if z in found else z.inputs
        moved = [new[x] if isinstance(x, Node) else x for x in inputs]
        if z in found:
            new[z] = found[z].equivalent(moved)
        elif z.op is not None and any(a is not b for a, b in zip(moved, inputs, strict=True)):
            with RECORDING:
                new[z] = z.op(*moved, **z.params)
        else:
            new[z] = z
        if new[z] is not z:
            new[z].label = z.label
    return new[root], new
