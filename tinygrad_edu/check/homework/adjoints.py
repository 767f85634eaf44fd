"""Gradients of a recorded program: of its result by every node, and the share that comes along every edge.

Each operation is differentiated by this package's own rules, one node at a time, so that an operation without a rule
cuts its own edges only. This module must not know whose program it is.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np

from ...core.node import Node as GraphNode
from ...core.tensor import Tensor
from ...core.types import Array
from .recorder import ADD_AT, GATHER, PARAMETER, PUT, Operation
from .shadow import with_operands


class Adjoints(NamedTuple):
    """Gradients of one number by the nodes that it was made from.

    of: by node. shares: by (user, place among its operands). A node that has no rule passes nothing on.
    """

    of: dict[Operation, Array]
    shares: dict[tuple[Operation, int], Array]


def ancestors(roots: Iterable[Operation], controls: bool = False) -> set[Operation]:
    """Return the nodes that some nodes were made from, themselves included."""
    return reached(roots, lambda node: (*node.inputs, *node.controls) if controls else node.inputs)


def reached(roots: Iterable[Operation], onward: Callable[[Operation], Iterable[Operation]]) -> set[Operation]:
    """Return the nodes that steps lead to from some nodes, themselves included."""
    found: set[Operation] = set()
    waiting = list(roots)
    while waiting:
        node = waiting.pop()
        if node not in found:
            found.add(node)
            waiting += onward(node)
    return found


def adjoints(root: Operation, wanted: set[Operation] | None = None) -> Adjoints:
    """Return the gradient of a single number by the nodes that depend on a parameter.

    wanted: further nodes to count as depending on one.
    """
    order = sorted(ancestors([root]), key=lambda node: node.number)
    moving: set[Operation] = set(wanted or ())
    for node in order:
        depends = node.kind == PARAMETER or any(x in moving for x in node.inputs)
        if depends and (node.value is None or node.value.dtype.kind in "fc"):
            moving.add(node)
    of: dict[Operation, Array] = {root: np.ones(root.shape)}
    shares: dict[tuple[Operation, int], Array] = {}
    for node in reversed(order):
        if node not in of or node not in moving or not node.inputs:
            continue
        try:
            parts = pulled(node, of[node], [x in moving for x in node.inputs])
        except Exception:  # of any kind: the program's function, or a rule that is missing
            continue
        for place, (x, part) in enumerate(zip(node.inputs, parts, strict=True)):
            if part is not None:
                shares[node, place] = part
                of[x] = np.asarray(of[x] + part) if x in of else part
    return Adjoints(of, shares)


def pulled(node: Operation, g: Array, needed: list[bool]) -> list[Array | None]:
    """Return the gradient that a node passes on to each operand; None to those that need none."""
    if node.kind == GATHER:
        whole = np.bincount(node.indices.ravel(), g.ravel(), minlength=int(np.prod(node.inputs[0].shape)))
        return [whole.reshape(node.inputs[0].shape)]
    if node.kind in (PUT, ADD_AT):
        return write_adjoints(node, g, needed)
    operands = [
        Tensor(x.value, requires_grad=True) if need else x.value for x, need in zip(node.inputs, needed, strict=True)
    ]
    f, args, kwargs, part = node.call
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        z = f(*with_operands(args, operands), **with_operands(kwargs, operands))
        z = z if part is None else z[part]
        if isinstance(z, GraphNode) and z.requires_grad:
            z.backward(np.reshape(g, np.shape(z._data)))
    return [
        (np.zeros(x.shape) if t._grad is None else np.array(t._grad)) if isinstance(t, Tensor) else None
        for x, t in zip(node.inputs, operands, strict=True)
    ]


def write_adjoints(node: Operation, g: Array, needed: list[bool]) -> list[Array | None]:
    """Return the gradients of a write: of the contents before it, and of the numbers written."""
    places, source = node.indices, node.inputs[1]
    before: Array | None = g.copy()
    taken = g.ravel()[places]
    if node.kind == PUT:
        assert before is not None
        before.reshape(-1)[places.ravel()] = 0.0
        last = np.zeros(g.size, np.intp)
        last[places.ravel()] = np.arange(places.size)
        taken = np.where(last[places] == np.arange(places.size).reshape(places.shape), taken, 0.0)
    return [before if needed[0] else None, summed_to(taken, source.shape) if needed[1] else None]


def summed_to(x: Array, shape: tuple[int, ...]) -> Array:
    """Return an array summed over the axes along which `shape` was broadcast."""
    extra = x.ndim - len(shape)
    if extra > 0:
        x = x.sum(axis=tuple(range(extra)))
    elif extra < 0:
        x = x.reshape(shape)
    axes = tuple(i for i, n in enumerate(shape) if n == 1 and x.shape[i] != 1)
    return x.sum(axis=axes, keepdims=True) if axes else x
