"""The forward pass of a recorded program as a graph of this package, to be judged as any other graph is.

Its kinks, what rounding does to its gradients and points on the other sides of its kinks are those of `check.replay`.
The result of a function that has no rule here stands in the graph as a constant.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from ...core.node import Node as GraphNode
from ...core.tensor import Tensor
from ...ops.indexing import HERE, put, setitem
from ..replay.points import towards
from ..replay.run import Recording as GraphRecording
from ..replay.run import Run
from ..replay.sides import switching
from ..replay.untested import reaches
from .adjoints import ancestors
from .recorder import ADD_AT, CALL, GATHER, PUT, Operation
from .runs import RecordedRun, without_warnings
from .shadow import with_operands
from .task import Values

TRIED = 3  # places of one line from which a kink is approached
Side = tuple[int, int, bool]  # a line, which of the quantities that switch there, whether it is above zero


def recomputed(node: Operation, operands: list[Any]) -> Any:
    """Return a node's value from other values of its operands: arrays, or nodes of a graph."""
    if node.kind == CALL:
        f, args, kwargs, part = node.call
        result = f(*with_operands(args, operands), **with_operands(kwargs, operands))
        return result if part is None else result[part]
    flat = operands[0].reshape(-1)
    if node.kind == GATHER:
        return flat[node.indices]
    if node.kind == PUT:
        return setitem(flat, operands[1], node.indices, key=(HERE,)).reshape(node.shape)
    assert node.kind == ADD_AT
    spread = operands[1] + np.zeros(node.indices.shape)
    return (flat + put(spread, node.indices, key=(HERE,), shape=flat.shape)).reshape(node.shape)


class ForwardGraph(NamedTuple):
    """A forward pass as a graph: its run, the leaf of each parameter, and the program's line of each node."""

    run: Run
    leaves: dict[str, GraphNode]
    lines: dict[GraphNode, int]

    def sides(self) -> set[Side]:
        """Return the sides of kinks that the run has numbers on, by the lines of the program."""
        found = set()
        for z, k, quantity in self.switches():
            for above in (True, False):
                if np.any(quantity > 0 if above else quantity < 0):
                    found.add((self.lines[z], k, above))
        return found

    def on_kink(self) -> bool:
        """Tell whether a kink is met exactly."""
        return any(bool(np.any(quantity == 0)) for _, _, quantity in self.switches())

    def switches(self) -> Iterator[tuple[GraphNode, int, Any]]:
        """Yield what switches derivatives in the learner's lines: the node, which of its quantities, the numbers."""
        for (z, k), quantity in switching(self.run).items():
            if self.lines.get(z) and reaches(z, self.run.recording):
                yield z, k, np.asarray(quantity)

    def other_sides(self, seen: set[Side]) -> Iterator[Values]:
        """Yield values of the parameters with which a kink is on a side that was not seen."""
        tries: dict[Side, int] = {}
        for z, k, _ in self.switches():
            for above in (True, False):
                side = self.lines[z], k, above
                if side in seen or tries.get(side, 0) == TRIED:
                    continue
                tries[side] = tries.get(side, 0) + 1
                with without_warnings():
                    found = towards(self.run, z, k, above)
                if found is not None:
                    tries[side] = TRIED
                    yield {name: np.array(found.data[leaf]) for name, leaf in self.leaves.items()}


def forward_graph(recording: RecordedRun, judged: list[str]) -> ForwardGraph | None:
    """Return the graph of a recorded forward pass by the parameters to be judged; None where it cannot be made."""
    names = {node: name for name, node in recording.targets.items() if name in judged}
    made: dict[Operation, Any] = {}
    lines: dict[GraphNode, int] = {}
    for node in sorted(ancestors([recording.loss]), key=lambda node: node.number):
        z = node.value
        operands = [made[x] for x in node.inputs]
        if any(isinstance(x, GraphNode) for x in operands) or z is None:
            try:
                with without_warnings():
                    z = recomputed(node, operands)
            except Exception:  # of any kind: the program's function, or one that has no rule here
                z = node.value
        if z is None or np.shape(getattr(z, "_data", z)) != node.shape:
            return None
        if node in names and not (isinstance(z, GraphNode) and z.requires_grad):
            z = Tensor(np.array(node.value), requires_grad=True, label=names[node])
        made[node] = z
        own(z, node.line, lines)
    loss = made[recording.loss]
    leaves = {name: made[node] for node, name in names.items() if node in made}
    if not isinstance(loss, GraphNode) or not leaves:
        return None
    graph = GraphRecording(loss, list(leaves.values()))
    return ForwardGraph(Run(graph), {name: x for name, x in leaves.items() if x in graph.uses}, lines)


def own(z: Any, line: int, lines: dict[GraphNode, int]) -> None:
    """Note the line of a node, and of those before it that have none yet."""
    waiting = [z]
    while waiting:
        x = waiting.pop()
        if isinstance(x, GraphNode) and x not in lines:
            lines[x] = line
            waiting += x.inputs
