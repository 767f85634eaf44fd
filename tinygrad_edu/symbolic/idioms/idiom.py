"""An idiom: a sub-graph, and the row or short formula of rows that computes the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...core.node import Node, data_of
from ...core.op import TABLE
from ..rules import RECORDING
from .ways import Build


@dataclass(frozen=True, eq=False)
class Idiom:
    """A sub-graph that computes what one row, or a short formula of rows, computes.

    name: of the row, or "variance", "standard_deviation", "batch_norm", "layer_norm", which have none.
    inputs: nodes and constants, as the row takes them. params: the row's keyword parameters.
    factor: the sub-graph is this number times the row: -1 where the minus sign of a loss comes later.
    inside: the nodes between the inputs and the node, without the inputs.
    """

    name: str
    node: Node
    inputs: tuple[Any, ...]
    params: dict[str, Any]
    factor: float
    inside: frozenset[Node]
    build: Build = field(repr=False)

    def equivalent(self, inputs: Sequence[Any] | None = None) -> Any:
        """Return a node that computes the same by rows: of the idiom's own inputs, or of others in their place."""
        with RECORDING:
            result = self.build(*(self.inputs if inputs is None else inputs), **self.params)
            if self.factor != 1:
                result = -result if self.factor == -1 else result * self.factor
            shape = np.shape(self.node._data)
            return result if np.shape(data_of(result)) == shape else TABLE["reshape"](result, shape=shape)


def nodes_inside(z: Node, inputs: Sequence[Any]) -> frozenset[Node]:
    """Return the nodes on the paths from inputs to `z`, without the inputs and with `z`."""
    ends = {x for x in inputs if isinstance(x, Node)}
    seen, found = {z}, [z]
    for node in found:  # grows while it is read
        new = [x for x in node.inputs if isinstance(x, Node) and x not in seen and x not in ends]
        seen.update(new)
        found += new
    reached: set[Node] = set()
    for node in sorted(found, key=lambda x: x.born):
        if any(isinstance(x, Node) and (x in ends or x in reached) for x in node.inputs):
            reached.add(node)
    return frozenset(reached)
