"""Copies of a node by `copy`, `deepcopy` and `pickle`.

A leaf is copied exactly, with its gradient and its label. A node that a gradient would flow through is refused:
a copy would be cut from its graph without a word. Other nodes are copied as the constants that they are.
Nothing here follows the graph, so its depth does not matter.
"""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any

from ..errors.gradients import copy_in_graph

if TYPE_CHECKING:
    from .node import Node


def reduce_node(node: Node) -> tuple[Any, ...]:
    """Return a function and arguments that make a copy, as `__reduce__` does. Raises TypeError in a graph."""
    if node.op is not None and node.requires_grad:
        raise TypeError(copy_in_graph(node.title, node.where))
    cut = node.params if node.op is None else {}
    return rebuild_leaf, (type(node), node._data, node._grad, node.label, node.requires_grad, cut)


def rebuild_leaf(kind: type[Node], data: Any, grad: Any, label: str, requires_grad: bool, cut: dict[str, Any]) -> Node:
    """Return a leaf that shares no memory with the one it is a copy of."""
    node = object.__new__(kind)
    node._data = copy(data)
    node.remember(None, (), {}, requires_grad)
    node._grad, node.label = copy(grad), label
    if cut:
        node.params = dict(cut)
    return node
