"""A program: the steps of a traced function, each once, and only those that something depends on.

Knows what steps compute and how they hang together; how they are written down is the business of `source`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import CompileError
from ..graph import Node
from ..op import TABLE, Op
from .kernels import AS_IT_STANDS, EXPANSIONS, SAME, Kernel, spelling
from .trace import Cell, Trace


@dataclass(eq=False, slots=True)
class Var:
    """A value of the program: a step if it has an `op`, else a constant, a cell or an argument."""

    data: Any  # what it was while the function was traced: its shape and type, and of a constant the value itself
    op: Op | Kernel | None = None
    args: tuple[Var, ...] = ()
    params: dict[str, Any] | None = None
    node: Node | None = None  # where it comes from in the user's program
    source: Any = None  # the cell, or the number of the argument, that it is read from
    views: Var | None = None  # the operand in whose memory it lies, if it is a view of one

    @property
    def constant(self) -> bool:
        """Whether it is the same at every call."""
        return self.op is None and self.source is None


class Program:
    """The steps by which `results` and `effects` follow from arguments and cells, in order."""

    def __init__(self, trace: Trace, arguments: dict[Node, int], results: list[Node]) -> None:
        self.trace = trace
        self.arguments = arguments
        self.known: dict[Any, Var] = {}  # steps by what they compute: common subexpressions are one step
        self.vars: dict[Node, Var] = {}
        self.steps: list[Var] = []
        wanted = [*results, *(node for effect in trace.effects for node in effect.results)]
        self.lower(wanted)
        self.drawn = [
            self.vars.get(leaf) or Var(leaf._data, node=leaf, source=cell)  # unused: yet the generator moves on
            for leaf, cell in trace.cells.items()
            if ".random(" in cell.place
        ]
        self.results = [self.vars[node] for node in results]
        self.effects = [(effect, [self.vars[node] for node in effect.results]) for effect in trace.effects]
        self.steps = self.live()

    def lower(self, wanted: list[Node]) -> None:
        """Turn the history of `wanted` into steps, oldest first."""
        seen, found = set(wanted), list(dict.fromkeys(wanted))
        for z in found:  # grows while it is read
            for x in z.inputs:
                if isinstance(x, Node) and (x := self.version(x, z)) not in seen:
                    seen.add(x)
                    found.append(x)
        for z in sorted(found, key=lambda node: node.born):
            if z.op is None:
                self.vars[z] = self.leaf(z)
        for z in sorted(found, key=lambda node: node.born):
            if z.op is not None:
                args = [self.vars[self.version(x, z)] if isinstance(x, Node) else Var(x) for x in z.inputs]
                self.vars[z] = self.step(z.op, args, z.params, z, z._data)

    def version(self, x: Node, z: Node) -> Node:
        """Return what stood in leaf `x` when `z` was made from it."""
        for born, node in reversed(self.trace.versions.get(x, ())):
            if born < z.born:
                return self.version(node, z) if node.op is None else node
        return x

    def leaf(self, node: Node) -> Var:
        """Return the variable for a leaf: an argument, something read at every call, or a constant."""
        if node in self.arguments:
            return Var(node._data, node=node, source=self.arguments[node])
        if node in self.trace.cells:
            return Var(node._data, node=node, source=self.trace.cells[node])
        if node.born < self.trace.started:
            return Var(node._data, node=node, source=Cell("{}._data", node, node.label or "w"))
        return Var(node._data, node=node)

    def step(self, op: Any, args: list[Var], params: dict[str, Any], node: Node | None, data: Any = None) -> Var:
        """Return the variable for `op` of `args`: a new step, unless it is known, constant or just an operand."""
        if data is None:
            data = op.forward(*(x.data for x in args), **params)
        while op.name == "reshape" and args[0].op is not None and args[0].op.name == "reshape":
            args = [args[0].args[0]]
        if op.name in SAME and SAME[op.name](data, args[0].data):
            return args[0]
        if op.name == "mT" and args[0].op is op:
            return args[0].args[0]
        if all(x.constant for x in args):
            return Var(data, node=node)
        if op.name == "getitem" and any(not x.constant and x.data.dtype == bool for x in args[1:]):
            raise CompileError(
                f"x[mask] (made at {node.where if node is not None else '?'}) has as many elements as the mask has "
                "True, and the memory of a compiled program has one size: use tinygrad_edu.where(mask, x, 0) instead"
            )
        if op.name in EXPANSIONS:

            def emit(name: Any, *xs: Any, **more: Any) -> Var:
                row = TABLE[name] if isinstance(name, str) else name
                return self.step(row, [x if isinstance(x, Var) else Var(x) for x in xs], more, node)

            if (expanded := EXPANSIONS[op.name](emit, *args, **params)) is not None:
                return expanded  # type: ignore[no-any-return]  # a Var, by emit
        key = (op, tuple(map(identity_of, args)), repr(sorted(params.items(), key=str)))
        if key not in self.known:
            self.known[key] = Var(data, op, tuple(args), params, node, views=viewed(op, args, params))
            self.steps.append(self.known[key])
        return self.known[key]

    def live(self) -> list[Var]:
        """Return the steps that results and effects depend on."""
        needed = {id(x) for x in self.results} | {id(x) for _, xs in self.effects for x in xs}
        kept = []
        for step in reversed(self.steps):
            if id(step) in needed:
                kept.append(step)
                needed.update(map(id, step.args))
        return kept[::-1]


def viewed(op: Op | Kernel, args: list[Var], params: dict[str, Any]) -> Var | None:
    """Return the operand of which the result is a view; of a row that is called as it stands, by trying it."""
    how = spelling(op)
    if how.view:
        return args[0]
    if how is not AS_IT_STANDS:
        return None
    z = op.forward(*(x.data for x in args), **params)
    return next((x for x in args if np.may_share_memory(z, x.data)), None) if isinstance(z, np.ndarray) else None


def identity_of(x: Var) -> Any:
    """Return what is equal for two variables that are certainly the same."""
    if not x.constant:
        return id(x)
    if isinstance(x.data, np.ndarray):
        return x.data.dtype, x.data.shape, x.data.tobytes()
    return type(x.data), repr(x.data)
