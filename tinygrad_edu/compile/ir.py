"""The intermediate representation: the steps of a traced function, each once, and only those that something needs.

Knows what steps compute and how they hang together; `codegen` writes them down.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.node import Node, born, data_of
from ..core.op import NUMBERS, TABLE, Op
from ..errors import CompileError
from .codegen.primitives import Primitive, lowering
from .outside import CapturedInput
from .passes.decompositions import DECOMPOSITIONS, IDENTITIES
from .trace import Trace

COMMUTE = {"add", "multiply"}  # give the same, to the last bit, with their operands swapped


@dataclass(eq=False, slots=True)
class Var:
    """A value of the program: a step if it has an `op`, else a constant, a captured input or an argument."""

    data: Any  # its value in the trace: gives the shape and dtype, and of a constant the value itself
    op: Op | Primitive | None = None
    args: tuple[Var, ...] = ()
    params: dict[str, Any] | None = None
    node: Node | None = None  # where it comes from in the user's program
    source: Any = None  # the captured input, or the number of the argument, that it is read from
    views: Var | None = None  # the operand in whose memory it lies, if it is a view of one

    @property
    def constant(self) -> bool:
        """Whether the value is the same at every call."""
        return self.op is None and self.source is None

    @property
    def base(self) -> Var:
        """The variable in whose memory it lies."""
        x = self
        while x.views is not None:
            x = x.views
        return x


class Program:
    """The steps by which `results` and `effects` follow from arguments and captured inputs, in order.

    for_numpy: whether steps are rewritten into what is quicker in NumPy, and views are told from copies.
    """

    def __init__(self, trace: Trace, results: list[Node], for_numpy: bool = True) -> None:
        self.trace, self.for_numpy = trace, for_numpy
        self.arguments = trace.arguments
        self.known: dict[Any, Var] = {}  # steps by what they compute: common subexpressions are one step
        self.vars: dict[Node, Var] = {}
        self.steps: list[Var] = []
        wanted = [
            *results,
            *(node for node, _ in trace.outcomes),
            *(node for effect in trace.effects for node in effect.results),
        ]
        self.lower(wanted)
        self.drawn = [
            self.vars.get(leaf) or Var(leaf._raw, node=leaf, source=captured)  # unused: yet the generator moves on
            for leaf, captured in trace.captured.items()
            if ".random(" in captured.place
        ]
        self.results = [self.vars[node] for node in results]
        self.outcomes = {self.vars[node]: outcome for node, outcome in trace.outcomes}
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
        found.sort(key=born)
        for z in found:
            if z.op is None:
                self.vars[z] = self.leaf(z)
        for z in found:
            if z.op is not None:
                args = [self.vars[self.version(x, z)] if isinstance(x, Node) else Var(x) for x in z.inputs]
                given = zip(args, map(data_of, z.inputs), strict=True)
                known = all(x.data is y or array_dtype(x.data) == array_dtype(y) for x, y in given)
                self.vars[z] = self.step(z.op, args, z.params, z, z._raw if known else None)

    def version(self, x: Node, z: Node) -> Node:
        """Return what stood in leaf `x` when `z` was made from it."""
        for age, node in reversed(self.trace.versions.get(x, ())):
            if age < z.born:
                return self.version(node, z) if node.op is None else node
        return x

    def leaf(self, node: Node) -> Var:
        """Return the variable for a leaf: an argument, something read at every call, or a constant."""
        if node in self.arguments:
            return Var(node._raw, node=node, source=self.arguments[node])
        if node in self.trace.captured:
            return Var(node._raw, node=node, source=self.trace.captured[node])
        if node.born < self.trace.started:
            return Var(node._raw, node=node, source=CapturedInput("{}._raw", node, node.label or "w"))
        return Var(node._raw, node=node)

    def step(self, op: Any, args: list[Var], params: dict[str, Any], node: Node | None, data: Any = None) -> Var:
        """Return the variable for `op` of `args`: a new step, unless it is known, constant or just an operand."""
        if data is None or (type(data) not in NUMBERS and any(map(is_plain, args))):
            data = op.forward(*(x.data for x in args), **params)  # a plain number, a rate say, widens no float32
            if isinstance(data, np.generic) and all(x.constant or is_plain(x) for x in args):
                data = data.item()
        if op.name in IDENTITIES and IDENTITIES[op.name](data, args[0].data):
            return args[0]
        if all(x.constant for x in args):
            return Var(data, node=node)
        if op.name == "getitem" and any(not x.constant and x.data.dtype == bool for x in args[1:]):
            raise CompileError(
                f"x[mask] (made at {node.where if node is not None else '?'}) has as many elements as the mask has "
                "True, and the memory of a compiled program has one size: use tinygrad_edu.where(mask, x, 0) instead"
            )
        if (
            self.for_numpy
            and op.name in DECOMPOSITIONS
            and (expanded := DECOMPOSITIONS[op.name](Emit(self, node), *args, **params)) is not None
        ):
            return expanded  # type: ignore[no-any-return]  # a Var, by Emit
        args = plainer(op, args, data) if self.for_numpy else args
        key = step_key(op, args, params)
        if key not in self.known:
            views = viewed(op, args, params) if self.for_numpy else None
            self.known[key] = Var(data, op, tuple(args), params, node, views=views)
            self.steps.append(self.known[key])
        return self.known[key]

    @property
    def sinks(self) -> list[Var]:
        """The variables that it returns or writes into state."""
        return [*self.results, *self.outcomes, *(x for _, xs in self.effects for x in xs)]

    def live(self) -> list[Var]:
        """Return the steps that results and effects depend on."""
        needed = set(map(id, self.sinks))
        kept = []
        for step in reversed(self.steps):
            if id(step) in needed:
                kept.append(step)
                needed.update(map(id, step.args))
        return kept[::-1]


class Emit:
    """Adds steps to a program, on behalf of a node."""

    def __init__(self, program: Program, node: Node | None) -> None:
        self.program = program
        self.node = node

    def __call__(self, name: Any, *xs: Any, **params: Any) -> Var:
        row = TABLE[name] if isinstance(name, str) else name
        return self.program.step(row, [x if isinstance(x, Var) else Var(x) for x in xs], params, self.node)

    def known(self, row: Any, *xs: Any) -> Var | None:
        """Return a step that the program has already; None if it has not."""
        return self.program.known.get(step_key(row, [x if isinstance(x, Var) else Var(x) for x in xs], {}))


def step_key(op: Op | Primitive, args: list[Var], params: dict[str, Any]) -> Any:
    """Return a key that is equal for steps that compute the same."""
    operands = [identity_of(x) for x in args]
    if op.name in COMMUTE:
        operands.sort(key=hash)
    return op, tuple(operands), comparable(params)


def comparable(x: Any) -> Any:
    """Return a key that is equal only for the same parameters: arrays by their numbers, other objects by identity."""
    kind = type(x)
    if kind is dict:
        return tuple((key, comparable(part)) for key, part in sorted(x.items()))
    if kind in (tuple, list):
        return kind, *map(comparable, x)
    if kind is slice:
        return kind, *map(comparable, (x.start, x.stop, x.step))
    if isinstance(x, np.ndarray):
        return x.dtype.str, x.shape, x.strides, x.tobytes()
    if isinstance(x, np.dtype) or (isinstance(x, type) and issubclass(x, np.generic)):
        return np.dtype(x).str
    return (kind, repr(x)) if kind in (*NUMBERS, complex, str, type(None)) else (kind, id(x))


def viewed(op: Op | Primitive, args: list[Var], params: dict[str, Any]) -> Var | None:
    """Return the operand of which the result is a view; of a row that is called as it stands, by trying it."""
    how = lowering(op)
    if how.view:
        return args[0]
    if how.out or how.fills:
        return None
    z = op.forward(*(x.data for x in args), **params)
    return next((x for x in args if np.may_share_memory(z, x.data)), None) if isinstance(z, np.ndarray) else None


def plainer(op: Op | Primitive, args: list[Var], z: Any) -> list[Var]:
    """Return simpler operands that give the same: plain numbers for constant arrays of one, none that is repeated."""
    if not isinstance(op, Op) or not isinstance(op.forward, np.ufunc) or not lowering(op).inplace:
        return args
    for x in args:
        if x.op is not None and x.op.name == "broadcast_to":
            others = [x.args[0] if y is x else y for y in args]
            if np.broadcast_shapes(*(np.shape(y.data) for y in others)) == np.shape(z):
                args = others
    uniform = [x for x in args if is_uniform(x)]
    if not uniform or np.broadcast_shapes(*(np.shape(x.data) for x in args if x not in uniform)) != np.shape(z):
        return args
    return [Var(x.data.flat[0]) if x in uniform else x for x in args]


def is_uniform(x: Var) -> bool:
    """Return whether it is a constant array of the same number everywhere."""
    return bool(x.constant and isinstance(x.data, np.ndarray) and x.data.size and (x.data == x.data.flat[0]).all())


def is_plain(x: Var) -> bool:
    """Return whether a variable is one of Python's own numbers when the program runs."""
    return type(x.data) in NUMBERS and not x.constant


def array_dtype(x: Any) -> Any:
    """Return the dtype of an array; None of a plain number."""
    return getattr(x, "dtype", None)


def identity_of(x: Var) -> Any:
    """Return a key that is equal only for two variables with the same value."""
    if not x.constant:
        return id(x)
    if isinstance(x.data, np.ndarray):
        return x.data.dtype, x.data.shape, x.data.tobytes()
    return type(x.data), repr(x.data)
