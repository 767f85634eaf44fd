"""The ground floor: a node remembers what made it, and the chain rule walks back over that memory.

`history` sorts what a node was made from by age; `pull` walks it from the newest node to the oldest; `pull_through`
is the chain rule at one node; `backward` writes the results down, `gradients` returns them as a graph of their own.
Knows nothing of arrays, of floats, or of any operation by name: everything else here is a fold over such nodes.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Collection, Container, Iterable, Sequence
from operator import attrgetter
from types import CodeType, FrameType
from typing import TYPE_CHECKING, Any, ClassVar

from . import reasons
from .accumulate import commit
from .copies import recipe
from .errors import DTypeError, GradientError, StaleGraphError, line_of, ours, users_frame
from .modes import PLAIN, current, mode, tracing

if TYPE_CHECKING:
    from .op import Op

Grads = dict["Node", Any]

mode_here, caller = current.get, sys._getframe  # by one name each: no dot in the hot path
clock = itertools.count(1)
tick = clock.__next__  # every node takes the next number: its inputs are always older than itself
born = attrgetter("born")
ABSENT: Any = object()  # in the second operand's slot: there is only one
LISTED: Any = object()  # in the second operand's slot: all of them are in a tuple in the first one's
NO_RULES = itertools.repeat(None)  # of a fact, or for the indices of an operand: but they may be stale as well
NO_PARAMS: dict[str, Any] = {}  # no keyword parameters; nobody writes into it
CUT: dict[str, Any] = {"cut": "made inside no_grad()"}  # nor into this


def data_of(x: Any) -> Any:
    """Return a node's number or array, and a constant as it is."""
    return x._data if isinstance(x, Node) else x


def itself(x: Any) -> Any:
    """Return a node as a node."""
    return x


class Node:
    """Something computed, or a leaf that was given.

    One or two operands lie in slots of the node itself, and only other lists of operands in a tuple: a tuple a
    node would be one more object for Python's collector to walk (measured: 414 instead of 310 ns to make a node).
    No slot is left empty, so that no kind of node needs a `__getattr__`: with one, Python reads every attribute the
    slow way, which would double the time of a walk over a graph.
    """

    __slots__ = (
        "__weakref__",
        "_data",  # the number or array itself; `data` is what users see of it
        "_grad",
        "_requires_grad",
        "born",  # the tick at which it was made or last assigned
        "code",  # where it was made: a code object ...
        "instruction",  # ... and how far into it
        "label",
        "op",  # the row of the table that made it; None for a leaf
        "params",  # the row's keyword parameters; of a leaf how it was cut from a graph, or for what it stands
        "x",  # the first operand
        "y",  # the second; ABSENT if there is none; LISTED if `x` holds a tuple of all operands
    )

    _data: Any
    _grad: Any
    _requires_grad: bool
    born: int
    code: CodeType | None
    label: str
    instruction: int
    op: Op | None
    params: dict[str, Any]
    x: Any
    y: Any
    keeps_interior_gradients: ClassVar[bool]

    __hash__ = object.__hash__  # a node is itself; sets and dicts of nodes compare hashes, and so never ask `==`

    # What each kind of node (one float, an array) adds ---------------------------------------------------------

    @classmethod
    def make(cls, op: Op, operands: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """Compute `op` on `operands` and return the node that remembers it."""
        raise NotImplementedError  # every kind of node defines its own

    def assign(self, new: Any) -> None:
        """Give a leaf other data; graphs built from the old become stale."""
        raise NotImplementedError  # every kind of node defines its own

    def numpy(self) -> Any:
        """Return the data: a float, or an array that cannot be written into."""
        raise NotImplementedError  # every kind of node defines its own

    def fit(self, g: Any, z: Node, i: int) -> Any:
        """Return gradient `g`, which the i-th rule of `z` gave, in this node's own shape and type; None is zero."""
        raise NotImplementedError  # every kind of node defines its own

    def seed(self, given: Any) -> Any:
        """Return the data of the gradient to start from: `given`, or one."""
        raise NotImplementedError  # every kind of node defines its own

    def allow_gradient(self) -> None:
        """Raise DTypeError where data of this type has no derivative."""

    def quick_walk(self, seed: Any) -> tuple[list[Any], list[Any], Grads] | None:  # noqa: ARG002  # see Value
        """Return interior nodes, their gradients, and the leaves' gradients, if this kind of node has a quicker way.

        Where anything is out of the ordinary: raises, or returns None, and has changed nothing.
        """
        return None

    def leaf(self, data: Any) -> Any:
        """Return a new constant node of this kind."""
        raise NotImplementedError  # every kind of node defines its own

    @staticmethod
    def apart(grads: Iterable[Any]) -> Iterable[Any]:
        """Return gradients as nodes of this kind may keep them: no two share memory."""
        raise NotImplementedError  # every kind of node defines its own

    operand: ClassVar[Callable[[Any], Any]] = staticmethod(data_of)  # what `backward` hands to rules of an operand

    def zero(self) -> Any:
        """Return a constant node that is zero, in this node's shape."""
        raise NotImplementedError  # every kind of node defines its own

    def plain_walk(self, order: Sequence[Node], grads: Grads, keep: Collection[Node]) -> Grads:
        """Carry gradients back on numbers by the walk that has an answer to everything: see `pull`."""
        return pull(order, grads, keep, type(self).operand)

    # Reading ---------------------------------------------------------------------------------------------------

    @property
    def inputs(self) -> tuple[Any, ...]:
        """The operands this node was made from: nodes, and constants as they were given."""
        if self.op is None:
            return ()
        if self.y is LISTED:
            return self.x  # type: ignore[no-any-return]  # a tuple here
        return (self.x,) if self.y is ABSENT else (self.x, self.y)

    @property
    def requires_grad(self) -> bool:
        """Whether `backward()` gives it a gradient. May be set on leaves only."""
        return self._requires_grad

    @requires_grad.setter
    def requires_grad(self, wanted: bool) -> None:
        if self.op is not None:
            raise GradientError(
                f"{self.title} was computed at {self.where}, so whether it requires a gradient follows from what it "
                "was made from: use .detach() for a copy that requires none"
            )
        if wanted:
            self.allow_gradient()
        self._requires_grad = bool(wanted)

    def __reduce__(self) -> tuple[Any, ...]:
        return recipe(self)

    @property
    def where(self) -> str:
        """The `file:line` where this node was made, or last assigned."""
        return line_of(self.code, self.instruction)

    @property
    def title(self) -> str:
        """Its label, or else what it is, for messages."""
        if self.label:
            return f"`{self.label:.80}`"
        return f"the result of `{self.op.name}`" if self.op else f"a leaf {type(self).__name__}"

    # Making ----------------------------------------------------------------------------------------------------

    def remember(self, op: Op | None, operands: tuple[Any, ...], params: dict[str, Any], requires_grad: bool) -> None:
        """Store what made this node, unless inside `no_grad`; the caller has stored its data."""
        here = mode_here()
        if here is not None and op is not None and not here.recording:
            requires_grad = False
            if here.trace is None:  # a program must compute again even what needs no gradient
                op, operands, params = None, (), CUT
        self._grad = None
        self.label = ""
        self.op = op
        self.params = params
        self._requires_grad = requires_grad
        self.born = tick()
        if params or len(operands) > 2:
            self.x, self.y = operands, LISTED
        elif operands:
            self.x, self.y = operands if len(operands) == 2 else (operands[0], ABSENT)
        else:
            self.x = self.y = ABSENT
        noted(self, caller(2))  # past this and its caller
        if here is not None and here.watch_made and op is not None:
            here.watch_made(self)

    def numbers(self) -> Any:
        """Return the data for Python to decide by, or to compute with outside the graph.

        Raises CompileError while a program is traced: the program would keep what holds for this data only.
        """
        if (trace := tracing()) is not None:
            trace.refuse(self)
        return self._data

    def reborn(self) -> None:
        """Make what was computed from this leaf stale, and note which line of the user's program is running."""
        reborn((self,))

    def detach(self) -> Any:
        """Return the same data as a leaf that needs no gradient and remembers nothing."""
        if (trace := tracing()) is not None:
            return trace.read(self)
        node = self.leaf(self._data)
        node.params = {"cut": "detached"}
        return node

    # The chain rule --------------------------------------------------------------------------------------------

    def backward(self, seed: Any = None, *, retain_grad: bool = False) -> None:
        """Add d(self)/d(leaf) to the gradient of every leaf, and set that of the nodes between.

        seed: the gradient to start from, of this node's shape; may be left out where that is one number.
        retain_grad: keep the gradients of interior tensors too (a `Value` always keeps them).
        Raises NonScalarError, GradientError, StaleGraphError; then no gradient anywhere has changed.
        """
        if not self._requires_grad:
            raise GradientError(reasons.constant(self, history(self)))
        here = mode_here() or PLAIN
        if here.trace is not None:
            here.trace.backward(self, seed)
            return
        start = self.seed(seed)
        if self.op is not None and here.watch_pull is None and (self.keeps_interior_gradients or not retain_grad):
            try:
                quick = self.quick_walk(start)
            except Exception:  # a pole, an overflow, a rule at fault: the plain walk answers, or says what is wrong
                quick = None
            if quick is not None:
                commit(*quick, self.apart)
                return
        order = [node for node in history(self) if node._requires_grad]
        keep = order if retain_grad or self.keeps_interior_gradients else ()
        grads = self.plain_walk(order, {self: start}, keep)
        interior = [z for z in order if z.op is not None]
        leaves = {z: grads[z] for z in order if z.op is None and z in grads}
        commit(interior, map(grads.get, interior), leaves, self.apart)


def noted(node: Node, frame: FrameType) -> None:
    """Note on a node where it was made: in the innermost line of the user's, from `frame` outward."""
    while ours[frame.f_code.co_filename] and (outer := frame.f_back) is not None:
        frame = outer
    node.code, node.instruction = frame.f_code, frame.f_lasti


def reborn(leaves: Iterable[Node]) -> None:
    """Make what was computed from these leaves stale, and note which line of the user's program is running."""
    frame = users_frame()
    code, instruction = frame.f_code, frame.f_lasti
    for leaf in leaves:
        leaf.born, leaf.code, leaf.instruction = tick(), code, instruction


def history(*roots: Node) -> list[Node]:
    """Return `roots` and every node they were made from, oldest first.

    Raises StaleGraphError where a computed node is not older than what was made from it: it was written to since.
    """
    seen, found = set(roots), list(dict.fromkeys(roots))
    for node in found:  # grows while it is read, so nothing recurses
        for x in node.inputs:
            if isinstance(x, Node):
                if x.born >= node.born and x.op is not None:
                    raise StaleGraphError(reasons.stale(node, x))
                if x not in seen:
                    seen.add(x)
                    found.append(x)
    found.sort(key=born)  # the order of making is a topological order
    return found


def pull(order: Sequence[Node], grads: Grads, keep: Collection[Node], read: Callable[[Any], Any]) -> Grads:
    """Carry gradients from the newest node to the oldest: this is backpropagation.

    order: the nodes that pass gradients on, oldest first. grads: the gradients to start from, by node.
    keep: interior nodes whose gradient is wanted; that of any other is dropped as soon as it has been used.
    read: what the rules are handed: `data_of` for numbers, `itself` for nodes, so that gradients are a graph again.
    Returns `grads`, completed: the leaves' gradients, and those of `keep`.
    """
    path, keep, watch = set(order), set(keep), mode().watch_pull
    for z in reversed(order):
        if z.op is not None and z in grads:
            pull_through(z, grads[z] if z in keep else grads.pop(z), grads, path, read, watch)
    return grads


def pull_through(
    z: Node,
    g: Any,
    grads: Grads,
    path: Container[Node],
    read: Callable[[Any], Any],
    watch: Callable[[Node, int, Any, Any], Any] | None,
) -> None:
    """Hand each operand of `z` its share of `g`, the gradient of `z`: this is the chain rule."""
    inputs, op = z.inputs, z.op
    assert op is not None
    result, operands, params = read(z), [read(x) for x in inputs], z.params
    for i, (x, rule) in enumerate(zip(inputs, itertools.chain(op.rules, NO_RULES), strict=False)):
        if not isinstance(x, Node):
            continue
        if x.born >= z.born:
            raise StaleGraphError(reasons.stale(z, x))
        if rule is None or x not in path:
            continue
        try:
            dx = rule(g, result, *operands, **params)
        except Exception as error:
            error.add_note(f"in the derivative of {op.said(inputs)} by operand {i}, made at {z.where}")
            raise
        dx = x.fit(dx, z, i)
        if watch is not None:
            dx = watch(z, i, g, dx)
        if dx is not None:
            grads[x] = grads[x] + dx if x in grads else dx


def gradients(output: Node, inputs: Iterable[Node], seed: Any = None) -> list[Any]:
    """Return d(output)/d(x) for each x of `inputs`, as nodes: to read, draw, compile or differentiate again.

    The same rules as in `backward()`, handed nodes instead of numbers. No `.grad` changes.
    seed: the gradient to start from, of the output's shape; may be left out where that is one number.
    An input that the output does not depend on gets zero. Raises as `backward()` does.
    """
    if isinstance(inputs, Node):
        raise DTypeError(f"gradients: give a list of nodes, as in gradients(y, [x]), not {inputs.title} by itself")
    wanted = list(inputs)
    for x in (output, *wanted):
        if not isinstance(x, Node):
            raise DTypeError(f"gradients: {x!r:.60} of type {type(x).__name__} is no node, which remembers its making")
    for x in wanted:
        if not x._requires_grad:
            raise GradientError(reasons.constant(x, history(x)))
    start = output.seed(data_of(seed))
    start = seed if isinstance(seed, Node) else output.leaf(start)
    order = history(output)
    path = set(wanted)  # only what was made from a wanted node can pass a gradient on to it
    for node in order:
        if any(x in path for x in node.inputs if isinstance(x, Node)):
            path.add(node)
    grads = pull([node for node in order if node in path], {output: start}, wanted, itself)
    return [grads[x] if x in grads else x.zero() for x in wanted]
