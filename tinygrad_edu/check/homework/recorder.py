"""The recorder: a graph of everything that a learner's program computes from its parameters, with lines and names.

Every operation is a node: the NumPy function, its operands, its value, and the lines of the program that were running.
Memory that is written in place is a sequence of nodes, one a version (`Memory`). This module knows arrays and frames,
nothing of gradients or of what is right.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from types import FrameType
from typing import Any, NamedTuple

import numpy as np

from ...core.types import Array
from .shadow import Shadow, as_tuple, is_in, plain_tree, slotted, stack_numbers, unshadowed

MOST = 400_000  # operations of one run
CONSTANT, PARAMETER, CALL, GATHER, PUT, ADD_AT = "constant", "parameter", "call", "gather", "put", "add_at"


class Name(NamedTuple):
    """A variable that a value was assigned to, and the line of the assignment."""

    name: str
    line: int


class Operation:
    """One operation of the program. `inputs` are its operands, `controls` the nodes that only chose its indices.

    kind: how it was computed; CALL keeps the function in `call`, the kinds of memory keep flat `indices`.
    lines: the program's lines that were running, innermost first.
    """

    __slots__ = ("call", "controls", "indices", "inputs", "kind", "lines", "names", "number", "shape", "value")

    def __init__(
        self, number: int, kind: str, inputs: tuple[Operation, ...], lines: tuple[int, ...], shape: Any
    ) -> None:
        self.number, self.kind, self.inputs, self.lines, self.shape = number, kind, inputs, lines, shape
        self.controls: tuple[Operation, ...] = ()
        self.call: Any = None
        self.indices: Any = None
        self.value: Any = None
        self.names: list[Name] = []

    @property
    def line(self) -> int:
        """The line that computed this node; 0 if none of the program's did."""
        return self.lines[0] if self.lines else 0


class Memory:
    """A block of numbers, in C order, that arrays are views of, and the node that describes its present contents."""

    __slots__ = ("base", "node", "places", "version")

    def __init__(self, base: Array, node: Operation) -> None:
        self.base, self.node, self.version = base, node, 0
        self.places: Array | None = None

    def holds_just(self, view: Array) -> bool:
        """Tell whether a view is the whole block as it lies there."""
        return view.shape == self.base.shape and view.strides == self.base.strides

    def indices(self, view: Array) -> Array:
        """Return the place in the flat base of every entry of a view."""
        if self.places is None:
            self.places = np.arange(self.base.size)
        if not view.size:
            return np.zeros(view.shape, np.intp)
        size = self.base.itemsize
        first = (address(view) - address(self.base)) // size
        strides = [n // size * self.places.itemsize for n in view.strides]
        return np.lib.stride_tricks.as_strided(self.places[first:], view.shape, strides)


def address(x: Array) -> int:
    """Return where an array's first entry lies."""
    return int(x.__array_interface__["data"][0])


class ProgramRecorder:
    """Records one run of a program. `filename` is the one its code objects carry."""

    def __init__(self, filename: str) -> None:
        self.filename = filename
        self.nodes: list[Operation] = []
        self.parameters: dict[str, Operation] = {}

    # nodes

    def lines(self) -> tuple[int, ...]:
        """Return the lines of the program that are running, innermost first."""
        found = []
        frame: FrameType | None = sys._getframe(2)
        while frame is not None:
            if frame.f_code.co_filename == self.filename:
                found.append(frame.f_lineno)
            frame = frame.f_back
        return tuple(found)

    def node(self, kind: str, inputs: Iterable[Operation], value: Any, shape: Any) -> Operation:
        """Add a node to the record. Raises MemoryError when there are too many."""
        if len(self.nodes) >= MOST:
            raise MemoryError(f"more than {MOST} operations")
        node = Operation(len(self.nodes), kind, tuple(inputs), self.lines(), shape)
        node.value = value
        self.nodes.append(node)
        return node

    def leaf(self, value: Any, kind: str = CONSTANT) -> Shadow:
        """Return an array of numbers that the program was given."""
        data = np.array(value, dtype=np.float64 if np.asarray(value).dtype.kind == "f" else None, order="C")
        return self.owned(data, self.node(kind, (), data, data.shape))

    def parameter(self, name: str, value: Any) -> Shadow:
        """Return a parameter of the program as an array that remembers."""
        shadow = self.leaf(value, PARAMETER)
        self.parameters[name] = shadow._memory.node
        return shadow

    def owned(self, data: Array, node: Operation) -> Shadow:
        """Return an array that is the whole of a new block of memory."""
        shadow = data.view(Shadow)
        shadow._recorder, shadow._memory = self, Memory(data, node)
        shadow._node, shadow._version = node, 0
        return shadow

    def read(self, x: Any) -> Operation:
        """Return the node of an array's present contents."""
        if not isinstance(x, Shadow):
            data = np.array(x)
            return self.node(CONSTANT, (), data, data.shape)
        memory = x.memory()
        if x._version == memory.version and x._node is not None:
            node: Operation = x._node
        elif memory.holds_just(x):
            node = memory.node
        else:
            node = self.node(GATHER, (self.contents(memory),), None, x.shape)
            node.indices = memory.indices(x).copy()
        if node.value is None:
            node.value = np.array(unshadowed(x))
        x._node, x._version = node, memory.version
        return node

    def contents(self, memory: Memory) -> Operation:
        """Return the node of a whole block, with its value."""
        if memory.node.value is None:
            memory.node.value = memory.base.copy()
        return memory.node

    # operations

    def call(self, f: Callable[..., Any], args: Any, kwargs: dict[str, Any]) -> Any:
        """Call a NumPy function on plain arrays and record what it returns."""
        operands: list[Shadow] = []
        template = slotted((args, kwargs), operands)
        out = [x for x in as_tuple(kwargs.get("out")) if isinstance(x, Shadow)]
        inputs = [self.read(x) for x in operands if not any(x is o for o in out) or is_in(x, args)]
        given, keywords = plain_tree((args, kwargs))
        for x in out:
            self.unshare(x)
        result = f(*given, **keywords)
        if out:
            for x in out:
                self.write(x, self.called(f, template, inputs, unshadowed(x).copy()))
            return out[0] if len(out) == 1 else tuple(out)
        if isinstance(result, tuple):
            return tuple(self.result(operands, template, f, inputs, r, i) for i, r in enumerate(result))
        if isinstance(result, list):
            return [self.result(operands, template, f, inputs, r, i) for i, r in enumerate(result)]
        return self.result(operands, template, f, inputs, result)

    def called(self, f: Any, template: Any, inputs: list[Operation], value: Any, part: Any = None) -> Operation:
        """Add the node of a call; `part` says which of several results it is."""
        node = self.node(CALL, inputs, value, np.shape(value))
        args, kwargs = template
        kwargs = {key: x for key, x in kwargs.items() if key != "out"}
        node.call = (f, args, kwargs, part)
        return node

    def result(
        self, operands: list[Shadow], template: Any, f: Any, inputs: list[Operation], x: Any, part: Any = None
    ) -> Any:
        """Return a result of a call as an array that remembers: a view of an operand, or new numbers."""
        if not isinstance(x, (np.ndarray, np.generic)) or np.asarray(x).dtype.kind not in "fcbiu":
            return x
        if isinstance(x, np.generic) and x.dtype.kind in "iu":
            return x
        for operand in operands if x.ndim else ():
            memory = operand.memory()
            if np.may_share_memory(x, memory.base):
                return self.view(np.asarray(x), memory)
        data = np.array(x, order="C")
        return self.owned(data, self.called(f, template, inputs, data, part))

    def view(self, x: Array, memory: Memory) -> Shadow:
        """Return an array that shows part of a block."""
        shadow = x.view(Shadow)
        shadow._recorder, shadow._memory, shadow._node, shadow._version = self, memory, None, -1
        self.read(shadow)
        return shadow

    def item(self, x: Shadow, key: Any) -> Any:
        """Return `x[key]`."""
        memory = x.memory()
        plain_key = plain_tree(key)
        found = unshadowed(x)[plain_key]
        if isinstance(found, np.generic) and found.dtype.kind in "iu":
            return found
        if isinstance(found, np.ndarray) and found.ndim and np.may_share_memory(found, memory.base):
            return self.view(found, memory)
        node = self.node(GATHER, (self.contents(memory),), np.array(found), np.shape(found))
        node.indices = np.array(memory.indices(unshadowed(x))[plain_key])
        node.controls = self.chosen_by(key)
        return self.owned(np.array(found), node)

    def set_item(self, x: Shadow, key: Any, value: Any) -> None:
        """Carry out `x[key] = value`."""
        memory, plain_key = x.memory(), plain_tree(key)
        places = np.array(memory.indices(unshadowed(x))[plain_key])
        same = isinstance(value, Shadow) and value.memory() is memory and value.shape == places.shape
        if same and np.array_equal(memory.indices(unshadowed(value)), places):
            return  # the end of `x[key] += …`, which has been written already
        if isinstance(value, (list, tuple)):
            value = self.array(value)
        source = self.read(value)
        before = self.contents(memory)
        self.unshare(x)
        unshadowed(x)[plain_key] = plain_tree(value)
        self.versioned(memory, PUT, (before, source), places, self.chosen_by(key))

    def add_at(self, x: Shadow, key: Any, value: Any) -> None:
        """Carry out `np.add.at(x, key, value)`."""
        memory, plain_key = x.memory(), plain_tree(key)
        places = np.array(memory.indices(unshadowed(x))[plain_key])
        source, before = self.read(value), self.contents(memory)
        self.unshare(x)
        np.add.at(unshadowed(x), plain_key, plain_tree(value))
        self.versioned(memory, ADD_AT, (before, source), places, self.chosen_by(key))

    def write(self, x: Shadow, node: Operation) -> None:
        """Note that the contents of `x` are now those of a node."""
        memory = x.memory()
        if memory.holds_just(x):
            memory.node, memory.version = node, memory.version + 1
        else:
            self.versioned(memory, PUT, (memory.node, node), memory.indices(unshadowed(x)).copy(), ())

    def versioned(self, memory: Memory, kind: str, inputs: tuple[Operation, ...], places: Array, controls: Any) -> None:
        """Note a write into part of a block."""
        node = self.node(kind, inputs, None, memory.base.shape)
        node.indices, node.controls = places, controls
        memory.node, memory.version = node, memory.version + 1

    def unshare(self, x: Shadow) -> None:
        """Keep the value of a block's node from a write that is about to happen."""
        memory = x.memory()
        if memory.node.value is None or memory.node.value is memory.base:
            memory.node.value = memory.base.copy()

    def chosen_by(self, key: Any) -> tuple[Operation, ...]:
        """Return the nodes of the arrays that an index is made of."""
        arrays: list[Shadow] = []
        slotted(key, arrays)
        return tuple(self.read(x) for x in arrays)

    def array(self, x: Any) -> Any:
        """Return a nested list of numbers and arrays as one array."""
        arrays: list[Shadow] = []
        slotted(x, arrays)
        if not arrays:
            return np.array(x)
        if isinstance(x, Shadow):
            return self.call(np.positive if x.dtype.kind != "b" else np.copy, (x,), {})
        parts = [self.array(part) if isinstance(part, (list, tuple, Shadow)) else part for part in x]
        return (
            self.call(np.stack, ([part if np.ndim(part) else np.asarray(plain_tree(part)) for part in parts],), {})
            if not any(isinstance(part, Shadow) and not part.ndim for part in parts)
            else self.call(stack_numbers, tuple(parts), {})
        )
