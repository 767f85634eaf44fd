"""Dataflow in a recorded program: what a node was made from, what was made from it, and what only hands it on."""

from __future__ import annotations

import numpy as np

from .adjoints import ancestors, reached
from .known import KnownMatch
from .program import LearnerProgram
from .recorder import CALL, PARAMETER, Operation
from .shadow import Slot

ARRAY_PRODUCTS = {np.multiply, np.matmul, np.dot, np.divide, np.outer, np.einsum, np.tensordot}


def passed_through(node: Operation) -> list[Operation]:
    """Return a node, and those that it only hands on: copies, clips that clip nothing."""
    found = [node]
    while found[-1].kind == CALL:
        last = found[-1]
        same = [
            x
            for x in last.inputs
            if x.shape == last.shape and x.value is not None and np.array_equal(x.value, last.value)
        ]
        if not same:
            break
        found.append(same[0])
    return found


def whole_contents(node: Operation, users: dict[Operation, list[Operation]]) -> Operation:
    """Return the first whole contents that a write into part of an array has led to."""
    seen = node
    while seen.value is None:
        later = [use for use in users.get(seen, []) if use.inputs and use.inputs[0] is seen]
        if not later:
            return node
        seen = min(later, key=lambda use: use.number)
    return seen


def last_named(program: LearnerProgram, node: Operation) -> int:
    """Return the statement that gave a node its last name, other than by returning it."""
    named = [program.statement_at(name.line) for name in node.names if name.line not in program.returns]
    return named[-1] if named else program.statement_at(node.line)


def depends(node: Operation, known: dict[Operation, bool]) -> bool:
    """Tell whether a node depends on a parameter; `known` keeps answers."""
    for x in sorted(ancestors([node], controls=True), key=lambda x: x.number):
        if x not in known:
            known[x] = x.kind == PARAMETER or any(known[y] for y in (*x.inputs, *x.controls))
    return known[node]


def descendants(nodes: list[Operation], users: dict[Operation, list[Operation]]) -> set[Operation]:
    """Return the nodes that were computed from some nodes, themselves included."""
    return reached(nodes, lambda node: users.get(node, ()))


def used_up(node: Operation, found: KnownMatch | None, users: dict[Operation, list[Operation]]) -> bool:
    """Tell whether a mere share of a gradient goes on into products, where the whole gradient belongs."""
    if found is None or found.kind not in ("share", "partial sum"):
        return False
    uses = users.get(node, [])
    return bool(uses) and all(is_product(use) for use in uses)


def is_product(node: Operation) -> bool:
    """Tell whether a node is a product of arrays, not just one times a number."""
    return (
        node.kind == CALL
        and node.call[0] in ARRAY_PRODUCTS
        and all(np.ndim(x) or isinstance(x, Slot) for x in node.call[1])
    )
