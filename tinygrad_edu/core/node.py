"""A node: its data, the operation that made it, and its operands.

Knows nothing of arrays, of floats, of derivatives, or of any operation by name: everything else here is a fold over
such nodes.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from operator import attrgetter
from types import CodeType, FrameType
from typing import TYPE_CHECKING, Any, ClassVar

from ..errors import GradientError
from ..errors.where import line_of, ours, users_frame
from .context import current, tracing
from .copying import recipe

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
    backward: Callable[..., None]  # `backprop.backward`, as a method

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
    numeric_context: ClassVar[Callable[[], AbstractContextManager[Any]]] = (
        nullcontext  # in which `backward` calls rules
    )

    def zero(self) -> Any:
        """Return a constant node that is zero, in this node's shape."""
        raise NotImplementedError  # every kind of node defines its own

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
