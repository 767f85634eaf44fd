"""A node and its operands, down to the leaves, as an indented tree for terminals."""

from __future__ import annotations

import numpy as np

from ..core.backprop import history
from ..core.node import Node
from ..symbolic.formula import FORMATS, FormulaWriter
from ..symbolic.names import NodeNames, amount, expect_node

MOST_LINES = 200  # lines


def tree(node: Node, depth: int | None = None) -> str:
    """Return `node` with the operands that it was made from below it, theirs below them, and so on.

    Every node stands once with its value, and its gradient if it has one; where it is used again only its name
    stands. depth: how many levels to show; by default all, up to 200 lines.
    """
    expect_node(node, "tree")
    order = history(node)
    names = NodeNames(order)
    lines: list[str] = []
    shown: set[Node] = set()
    stack: list[tuple[object, str, str, int]] = [(node, "", "", 0)]
    while stack:
        x, lead, below, level = stack.pop()
        if len(lines) >= MOST_LINES:
            lines.append(f"… {len(order) - len(shown)} more nodes")
            break
        if not isinstance(x, Node):
            lines.append(lead + amount(x))
            continue
        again = x in shown and x.op is not None
        lines.append(lead + line_of_node(x, names, again))
        shown.add(x)
        if again or (depth is not None and level >= depth):
            continue
        for k, operand in reversed(list(enumerate(x.inputs))):
            last = k == len(x.inputs) - 1
            stack.append((operand, below + ("└─ " if last else "├─ "), below + ("   " if last else "│  "), level + 1))
    return "\n".join(lines)


def line_of_node(node: Node, names: NodeNames, again: bool) -> str:
    """Return the line of one node in a tree."""
    if again:
        return f"{names[node]} (above)"
    made = ""
    if node.op is not None:
        writer = FormulaWriter(names, FORMATS["text"])
        made = f" = {writer.step(node, writer.name).text}"
    value = f" = {amount(node._data)}" if np.size(node._data) <= 6 else f" {np.shape(node._data)}"
    gradient = f"   grad {amount(node._grad)}" if node._grad is not None else ""
    return f"{names[node]}{made}{value}{gradient}"
