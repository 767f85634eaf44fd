"""The same run with rows in place of idioms: softmax, not its exponentials and their sum.

A derivation by hand is made of rows and rounds as they do. Written out, a softmax that subtracts the largest score
hides the rounding that is lost where the gradients of a row cancel.
"""

from __future__ import annotations

from ...core.node import Node
from ...symbolic.idioms import as_rows
from .rounding import spreads
from .run import Recording, Run


def run_in_rows(run: Run, nodes: list[Node]) -> tuple[Run, dict[Node, Node]] | None:
    """Return a run computed by rows, and the counterpart of each node; None if there are no idioms, or nodes are lost.

    nodes: those that must have a counterpart, beside the leaves.
    """
    root, new = as_rows(run.recording.output)
    if root is run.recording.output or any(x not in new for x in (*run.recording.leaves, *nodes)):
        return None
    for z, counterpart in new.items():
        if counterpart is not z:
            counterpart.code, counterpart.instruction = z.code, z.instruction
    return Run(Recording(root, [new[x] for x in run.recording.leaves]), run.values), new


def spreads_in_rows(run: Run, nodes: list[Node], eps: float) -> list[float]:
    """Return how far rounding moved the gradient of each node where idioms are rows; 0 if there are none."""
    found = run_in_rows(run, nodes)
    if found is None:
        return [0.0] * len(nodes)
    rows, new = found
    return spreads(rows, [new[x] for x in nodes], eps)
