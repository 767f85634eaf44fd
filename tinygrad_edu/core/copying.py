"""Copies of a node by `copy`, `deepcopy` and `pickle`.

A leaf is copied exactly, with its gradient and its label. A node that a gradient would flow through is refused:
a copy would be cut from its graph without a word. Other nodes are copied as the constants that they are.
Nothing here follows the graph, so its depth does not matter.
"""

from __future__ import annotations

from copy import copy
from functools import partial
from typing import TYPE_CHECKING, Any

from ..errors.gradients import copy_in_graph
from .context import tracing

if TYPE_CHECKING:
    from .node import Node


def reduce_node(node: Node) -> tuple[Any, ...]:
    """Return a function and arguments that make a copy, as `__reduce__` does. Raises TypeError in a graph."""
    if node.requires_grad and (node.op is not None or "stands for" in node.params):
        raise TypeError(copy_in_graph(node.title, node.where))
    if tracing() is not None:
        return partial(copy_in_program, node), ()
    cut = node.params if node.op is None else {}
    return rebuild_leaf, (type(node), node._raw, node._slope, node.label, node.requires_grad, cut)


def copy_in_program(node: Any) -> Any:
    """Return a leaf like a node of a function that is traced: its numbers are those of the node at every call."""
    new = node.zero()
    new._requires_grad, new.label = node.requires_grad, node.label
    new.assign(node)
    if node._grad is not None:
        new.grad = node._grad
    return new


def rebuild_leaf(kind: type[Node], data: Any, grad: Any, label: str, requires_grad: bool, cut: dict[str, Any]) -> Node:
    """Return a leaf that shares no memory with the one it is a copy of."""
    node = object.__new__(kind)
    node._raw = copy(data)
    node.remember(None, (), {}, requires_grad)
    node._slope, node.label = copy(grad), label
    if cut:
        node.params = dict(cut)
    return node
