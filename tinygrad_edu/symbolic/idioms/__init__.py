"""Idioms: what NumPy users write out, `np.maximum(0, z)` or `e / e.sum()`, recognised as the row that computes it.

`idioms(root)` finds them in a recorded graph; `as_rows(root)` is the graph with the rows in their place. `ways.py` is
the list: each entry is a formula, and a sub-graph is the idiom where both have the same canonical form. That is an
identity of functions, so that a threshold of 0.1 or a sum along another axis is no idiom.
"""

from __future__ import annotations

from ...core.backprop import history
from ...core.node import Node
from ...core.op import TABLE
from ..rules import RECORDING
from .finder import Finder
from .idiom import Idiom

SIGN_PASSES = frozenset(("sum", "mean", "negative"))  # rows that hand on the sign of their operand

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
    minus: dict[Node, Node] = {}  # of nodes that are the negative of a row, the row: losses without their minus sign
    for z in order:
        if z not in needed:
            continue
        inputs = found[z].inputs if z in found else z.inputs
        if z.op is not None and z not in found and z.op.name in SIGN_PASSES and inputs[0] in minus:
            with RECORDING:
                minus[z] = minus[inputs[0]] if z.op.name == "negative" else z.op(minus[inputs[0]], **z.params)
            new[z] = minus[z] if z.op.name == "negative" else TABLE["negative"](minus[z])
            if z.op.name == "negative":
                del minus[z]
            continue
        moved = [new[x] if isinstance(x, Node) else x for x in inputs]
        if z in found:
            new[z] = found[z].equivalent(moved)
            if found[z].factor == -1:
                minus[z] = new[z].inputs[0]
        elif z.op is not None and any(a is not b for a, b in zip(moved, inputs, strict=True)):
            with RECORDING:
                new[z] = z.op(*moved, **z.params)
        else:
            new[z] = z
    for z, row in new.items():
        if row is not z and not row.label:
            row.label = z.label
    return new[root], new
