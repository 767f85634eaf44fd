"""A node: its data, the operation that made it, and its operands.

Knows nothing of arrays, of floats, of derivatives, or of any operation by name: everything else here is a fold over
such nodes.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from operator import attrgetter
from types import CodeType, FrameType
from typing import TYPE_CHECKING, Any, ClassVar

from ..errors import GradientError, InplaceError
from ..errors.gradients import fixed_by_inputs
from ..errors.inplace import not_a_leaf
from ..errors.printable import printable
from ..errors.where import line_of, package_files, users_frame
from .commit import attributes, commit
from .context import current, innermost, tracing
from .copying import reduce_node
from .deferred import DEFERRED, make_operands

if TYPE_CHECKING:
    from .op import Op

Grads = dict["Node", Any]

mode_here, caller = current.get, sys._getframe  # by one name each: no dot in the hot path
clock = itertools.count(1)
tick = clock.__next__  # every node takes the next number: its inputs are always older than itself
born, slope = attrgetter("born"), attrgetter("_slope")
requirement_changes = [0]  # how often it was set whether a node that exists requires a gradient
ABSENT: Any = object()  # in the second operand's slot: there is only one
LISTED: Any = object()  # in the second operand's slot: all of them are in a tuple in the first one's
NO_RULES = itertools.repeat(None)  # for operands without a rule (of a comparison, an index array): may be stale too
NO_PARAMS: dict[str, Any] = {}  # no keyword parameters; nobody writes into it
CUT: dict[str, Any] = {"cut": "made inside no_grad()"}  # of a result inside no_grad; nobody writes into it either


def data_of(x: Any) -> Any:
    """Return a node's number or array, and a constant as it is."""
    return x._data if isinstance(x, Node) else x


def raw_of(x: Any) -> Any:
    """Return a node's number or array, also while a function is traced: only code that computes nodes may ask."""
    return x._raw if isinstance(x, Node) else x


def itself(x: Any) -> Any:
    """Return an operand as it is. Rules that are handed nodes make the gradient a graph."""
    return x


class Node:
    """The result of an operation, or a leaf: data that was given.

    One or two operands are stored in slots of the node itself, other lists of operands in a tuple. A tuple for every
    node would be one more object for Python's garbage collector (measured: 414 instead of 310 ns to make a node).
    No slot is left empty, so that no kind of node needs a `__getattr__`: a class that has one reads all attributes
    the slow way, which would double the time of a walk over a graph.
    """

    __slots__ = (
        "__weakref__",
        "_raw",  # the number or array itself; only code that computes nodes reads it, all other reads `_data`
        "_requires_grad",
        "_slope",  # the gradient; all other code reads `_grad`
        "born",  # the tick at which it was made or last assigned
        "code",  # where it was made: a code object ...
        "instruction",  # ... and how far into it
        "label",
        "op",  # the row of the table that made it; None for a leaf
        "params",  # the row's keyword parameters; of a leaf how it was cut from a graph, or for what it stands
        "x",  # the first operand
        "y",  # the second; ABSENT if there is none; LISTED if `x` holds a tuple of all, DEFERRED if a `Deferred`
    )

    _raw: Any
    _slope: Any
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

    # Defined by each kind of node (one float, an array) --------------------------------------------------------

    @classmethod
    def make(cls, op: Op, operands: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """Compute `op` on `operands` and return the node that remembers it."""
        raise NotImplementedError

    @classmethod
    def accepts(cls, operand: Any) -> bool:
        """Return whether an operator of this kind of node can compute with an operand."""
        raise NotImplementedError

    def as_data(self, new: Any) -> Any:
        """Return a copy of `new` as data of this node. Raises DTypeError or ShapeError where it cannot be."""
        raise NotImplementedError

    def numpy(self) -> Any:
        """Return the data: a float, or an array that cannot be written into."""
        raise NotImplementedError

    def unbroadcast(self, g: Any, z: Node, i: int) -> Any:
        """Return gradient `g`, which the i-th rule of `z` gave, in this node's own shape and type; None is zero."""
        raise NotImplementedError

    def seed(self, given: Any) -> Any:
        """Return the data of the gradient to start from: `given`, or one."""
        raise NotImplementedError

    def allow_gradient(self) -> None:
        """Raise DTypeError where data of this type has no derivative."""

    def leaf(self, data: Any) -> Any:
        """Return a new constant node of this kind."""
        raise NotImplementedError

    @staticmethod
    def without_aliases(grads: Iterable[Any]) -> Iterable[Any]:
        """Return gradients as nodes of this kind may keep them: no two share memory."""
        raise NotImplementedError

    operand: ClassVar[Callable[[Any], Any]] = staticmethod(data_of)  # makes an operand an argument of rules
    numeric_context: ClassVar[Callable[[], AbstractContextManager[Any]]] = nullcontext  # around calls of rules

    def zero(self) -> Any:
        """Return a constant node that is zero, in this node's shape."""
        raise NotImplementedError

    # Reading ---------------------------------------------------------------------------------------------------

    @property
    def _data(self) -> Any:
        """The number or array; while a function is traced a stand-in, which has a shape and no numbers."""
        return self._raw if (tracer := tracing()) is None else tracer.sealed(self)

    @_data.setter
    def _data(self, new: Any) -> None:
        if (tracer := tracing()) is not None:
            tracer.refuse(self)
        self._raw = new

    @property
    def _grad(self) -> Any:
        """The gradient as it is stored, or None; while a function is traced a node that stands for it."""
        return self._slope if self.op is not None or (tracer := tracing()) is None else tracer.grad(self)

    @property
    def inputs(self) -> tuple[Any, ...]:
        """The operands this node was made from: nodes, and constants as they were given."""
        if self.op is None:
            return ()
        if self.y is LISTED:
            return self.x  # type: ignore[no-any-return]  # a tuple here
        if self.y is DEFERRED:
            make_operands(self)
        return (self.x,) if self.y is ABSENT else (self.x, self.y)

    @property
    def requires_grad(self) -> bool:
        """Whether `backward()` gives it a gradient. May be set on leaves only."""
        return self._requires_grad

    @requires_grad.setter
    def requires_grad(self, wanted: bool) -> None:
        if self.op is not None:
            raise GradientError(fixed_by_inputs(self.title, self.where))
        if wanted:
            self.allow_gradient()
        self._requires_grad = bool(wanted)
        requirement_changes[0] += 1

    def __reduce__(self) -> tuple[Any, ...]:
        return reduce_node(self)

    @property
    def where(self) -> str:
        """The `file:line` where this node was made, or last assigned."""
        return line_of(self.code, self.instruction)

    @property
    def title(self) -> str:
        """Its label, or else what it is, for messages."""
        kind = f"the result of `{self.op.name}`" if self.op else f"a leaf {type(self).__name__}"
        return f"`{printable(self.label):.80}`" if self.label else kind

    # Making ----------------------------------------------------------------------------------------------------

    def remember(self, op: Op | None, operands: tuple[Any, ...], params: dict[str, Any], requires_grad: bool) -> None:
        """Store what made this node, unless inside `no_grad`; the caller has stored its data."""
        here = mode_here()
        if here is not None:
            here = innermost()
        if here is not None and op is not None and not here.recording:
            requires_grad = False
            if here.tracer is None:  # a program must compute again even what needs no gradient
                op, operands, params = None, (), CUT
        self._slope = None
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
        record_origin(self, caller(2))  # past this and its caller
        if here is not None and here.forward_hook is not None and op is not None:
            here.forward_hook(self)

    def numbers(self) -> Any:
        """Return the data for Python to decide by, or to compute with outside the graph.

        Raises CompileError while a program is traced: the program would keep what holds for this data only.
        """
        if (tracer := tracing()) is not None:
            tracer.refuse(self)
        return self._raw

    def assign(self, new: Any) -> None:
        """Give a leaf other data; graphs built from the old data become stale.

        Raises InplaceError on a node that was computed, ShapeError where the shape differs.
        """
        if self.op is not None or tracing() is not None:
            assign_all((self,), (new,))
        else:
            commit(new_version(self, self.as_data(new)))

    def detach(self) -> Any:
        """Return the same data as a leaf that needs no gradient and remembers nothing."""
        if (tracer := tracing()) is not None:
            return tracer.read(self)
        node = self.leaf(self._raw)
        node.params = {"cut": "detached"}
        return node


def record_origin(node: Node, frame: FrameType) -> None:
    """Store where a node was made: at the innermost line of the user's program, from `frame` outward."""
    while package_files[frame.f_code.co_filename] and (outer := frame.f_back) is not None:
        frame = outer
    node.code, node.instruction = frame.f_code, frame.f_lasti


def assign_all(leaves: Sequence[Node], new: Iterable[Any]) -> None:
    """Give each leaf other data, all or none."""
    for leaf in leaves:
        if leaf.op is not None:
            raise InplaceError(not_a_leaf(leaf.title, leaf.where, type(leaf).__name__))
    if (tracer := tracing()) is not None:
        for leaf, x in zip(leaves, new, strict=True):
            tracer.assign(leaf, x)
        return
    commit(new_versions(leaves, [leaf.as_data(x) for leaf, x in zip(leaves, new, strict=True)]))


def new_version(leaf: Node, data: Any) -> Iterable[Any]:
    """Return the writes, for `commit`, that `new_versions` gives for one leaf."""
    frame = users_frame()
    values = (data, tick(), frame.f_code, frame.f_lasti)
    return map(setattr, itertools.repeat(leaf), ("_raw", "born", "code", "instruction"), values)


def new_versions(leaves: Sequence[Node], data: Iterable[Any]) -> Iterable[Any]:
    """Return the writes, for `commit`, that give leaves other data and the running line of the user as their origin.

    A leaf is then younger than what was made from its old data: that is how a stale graph is found.
    """
    frame = users_frame()
    return itertools.chain(
        attributes(leaves, "_raw", data),
        attributes(leaves, "born", clock),
        attributes(leaves, "code", itertools.repeat(frame.f_code)),
        attributes(leaves, "instruction", itertools.repeat(frame.f_lasti)),
    )
