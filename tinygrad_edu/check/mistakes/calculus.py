"""Mistakes of school calculus that no single wrong rule makes: (uv)' = u'v', a lost inner derivative, f'(g'(x)).

They are told for single numbers, where a formula of one or a few variables was differentiated on paper.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ...core.node import Grads, Node
from ..replay.run import Edge, Recording, Run
from .mutant import Mutant

MOST = 60  # nodes of a formula that somebody differentiates on paper


def of_calculus(recording: Recording) -> Iterator[Mutant]:
    """Yield the mistakes of a formula of numbers."""
    if len(recording.path) > MOST or any(np.ndim(z._data) for z in recording.path):
        return
    for z in reversed(recording.path):
        if z.op is None:
            continue
        edges = recording.edges[z]
        inner = [z.inputs[i] for _, i in edges]
        if z.op.name == "multiply" and len(edges) == 2:
            yield Mutant(31, "u'v' for u'v + uv'", z, dict.fromkeys(edges), leaves=product_of_slopes(z, *inner))
        if z.op.name == "divide" and len(edges) == 2:
            yield Mutant(31, "u'/v' for (u'v − uv')/v²", z, dict.fromkeys(edges), leaves=quotient_of_slopes(z, *inner))
        for edge, u in zip(edges, inner, strict=True):
            if u.op is not None and len(edges) == 1 and z.op.elementwise and z.op.name not in ("add", "subtract"):
                yield Mutant(31, "the inner derivative left out", z, {edge: None}, leaves=without_inner(edge, u))
                yield Mutant(31, "f'(g'(x)) for f'(g(x))·g'(x)", z, {edge: None}, leaves=inner_into_outer(edge, u))


Finish = Callable[[Run, Grads], Grads]


def product_of_slopes(z: Node, u: Node, v: Node) -> Finish:
    """Return what adds g u'v' to the gradient of every leaf."""
    return add_to_leaves(lambda run, leaf: run.grads[z] * run.slopes(u).get(leaf, 0.0) * run.slopes(v).get(leaf, 0.0))


def quotient_of_slopes(z: Node, u: Node, v: Node) -> Finish:
    """Return what adds g u'/v' to the gradient of every leaf."""
    return add_to_leaves(
        lambda run, leaf: run.grads[z] * run.slopes(u).get(leaf, 0.0) / run.slopes(v).get(leaf, np.inf)
    )


def without_inner(edge: Edge, u: Node) -> Finish:
    """Return what hands the gradient of `u` straight to the leaves that it was made from."""
    return add_to_leaves(lambda run, leaf: run.share(edge, run.grads[edge[0]]) * (leaf in run.slopes(u)))


def inner_into_outer(edge: Edge, u: Node) -> Finish:
    """Return what puts the inner derivative into the outer one."""
    z, i = edge
    row = z.op
    assert row is not None

    def share(run: Run, leaf: Node) -> Any:
        slope = run.slopes(u).get(leaf)
        if slope is None:
            return 0.0
        operands = [run.read(x) for x in z.inputs]
        operands[i] = np.float64(slope)
        return row.rules[i](run.grads[z], row(*operands, **z.params), *operands, **z.params)

    return add_to_leaves(share)


def add_to_leaves(share: Callable[[Run, Node], Any]) -> Finish:
    """Return what adds a share to the gradient of every leaf that was asked for."""
    return lambda run, grads: grads | {x: grads.get(x, 0.0) + share(run, x) for x in run.recording.leaves}
