"""The signature of a call: what of its arguments a program depends on, and the numbers that it reads of them."""

from __future__ import annotations

from collections import OrderedDict
from operator import attrgetter
from typing import Any

import numpy as np

from ..core.arrays import NUMERIC_KINDS, ReadOnly
from ..core.node import Node, data_of
from ..core.value import Value
from ..errors import CompileError
from ..errors.where import users_line
from ..transforms.trees import TREES, leaves, structure
from .contents import layout_of
from .positions import article
from .vectorize.bulk_io import requires

FLOAT_TYPES = {float, np.float16, np.float32, np.float64, np.longdouble}
PLAIN_ARRAYS = {np.ndarray}
ARRAYS = {np.ndarray, ReadOnly, np.memmap}  # other kinds, such as masked arrays, compute otherwise
VALUES = {type(None), bool, int, str, bytes, type(Ellipsis)}  # where equals are alike, once they are of one type
CONTAINERS = {list, tuple, dict, OrderedDict}  # whose elements are arguments; named tuples are such, too
op_of, params_of = attrgetter("op"), attrgetter("params")


def is_read_anew(x: Any) -> bool:
    """Return whether the numbers of an argument are read at every call."""
    return type(x) in FLOAT_TYPES or isinstance(x, (np.ndarray, Node))


def numeric(args: Any, kwargs: Any, fixed: bool) -> list[Any]:
    """Return the arguments whose numbers are read at every call, in order."""
    top = [x for x in (*args, *kwargs.values()) if not (fixed and type(x) is float)]
    return [x for x in leaves(top) if is_read_anew(x)]


def objects_in(args: Any, kwargs: Any) -> list[Any]:
    """Return the arguments that are neither numbers nor values, in order."""
    return [x for x in leaves([args, kwargs]) if not is_read_anew(x) and not is_immediate(x)]


def is_immediate(x: Any) -> bool:
    """Return whether an argument is a value that stands in the key itself."""
    return type(x) in VALUES or type(x) is complex or isinstance(x, np.generic)


class InsideOuterGraph(Exception):  # noqa: N818  # not a fault: the function itself is run
    """An argument belongs to a graph around the call, to which gradients are to go back: a program would cut it."""


class Signature:
    """The properties of a call's arguments on which a program depends. Raises InsideOuterGraph.

    outside: the ids of nodes that the function can name: given as an argument, such a node is that very node.
    fixed: whether plain floats are taken as they are, so that each number is another signature.
    key: equal for calls that a program may serve, if what `objects` can name is alike, too. inputs: the numbers, in
    order. objects: the arguments that are neither numbers nor values.
    """

    __slots__ = ("inputs", "key", "nodes", "objects", "outside", "repeated")

    inputs: list[Any]
    objects: list[Any]
    nodes: set[int]
    key: Any

    def __init__(self, args: Any, kwargs: Any, outside: set[int], fixed: bool = False) -> None:
        self.outside = outside
        self.read(args, kwargs, fixed)

    def read(self, args: Any, kwargs: Any, fixed: bool) -> None:
        """Read the arguments, again where `outside` has come to be more."""
        if not kwargs and PLAIN_ARRAYS.issuperset(map(type, args)):  # the commonest case, and quicker
            self.inputs, self.objects, self.key = [*args], [], tuple(map(layout_of, args))
            return
        self.inputs, self.objects, self.nodes, self.repeated = [], [], set(), False
        key: list[Any] = []
        self.add(key, args if not kwargs else (*args, *kwargs.values()), fixed)
        if self.repeated:  # whatever is done to a node is done to it under each of its names
            nodes = [id(x) for x in leaves([args, kwargs]) if isinstance(x, Node)]
            key.append(tuple(map(nodes.index, nodes)))
        self.key = (tuple(key), *kwargs) if kwargs else tuple(key)

    def add(self, key: list[Any], args: Any, fixed: bool = False) -> None:
        """Take arguments, or parts of one."""
        inputs = self.inputs
        for x in args:
            kind = type(x)
            if kind is np.ndarray:
                key += x.shape, x.strides, x.dtype
                inputs.append(x)
            elif isinstance(x, np.ndarray):
                key += kind, x.shape, x.strides, x.dtype
                inputs.append(np.array(x, subok=False))
            elif isinstance(x, TREES):
                parts = leaves(x)
                kinds = {*map(type, parts)}
                if kinds == {float}:  # many plain numbers, or many Values: all at once
                    key.append(float)
                    inputs += parts
                elif kinds != {Value} or not self.many_values(key, parts):
                    self.add(key, parts)
                key.append(structure(x))
            elif isinstance(x, Node):
                if x._requires_grad and (x.op is not None or x.params):
                    raise InsideOuterGraph
                data = x._raw
                if type(data) is float:
                    key += kind, x._requires_grad
                else:
                    key += kind, data.shape, data.strides, data.dtype, x._requires_grad
                if id(x) in self.outside:
                    key.append(id(x))
                if id(x) in self.nodes:
                    self.repeated = True
                self.nodes.add(id(x))
                inputs.append(data)
            elif fixed and kind is float:
                key += kind, x.hex()  # tells 0.0 and -0.0 apart, and no NaN from another
            elif kind in FLOAT_TYPES:
                key.append(kind)
                inputs.append(x)
            elif kind in VALUES:
                key += kind, x  # 1, 1.0 and True are equal, and not the same
            elif kind is complex or isinstance(x, np.generic):
                key += kind, repr(x)
            else:
                key.append(kind)
                self.objects.append(x)

    def many_values(self, key: list[Any], parts: list[Any]) -> bool:
        """Take a list of Values at once; return whether all are leaves, each given once, that no other name has."""
        ids = {*map(id, parts)}
        if {*map(op_of, parts)} != {None} or any(map(params_of, parts)) or len(ids) < len(parts):
            return False
        if not (ids.isdisjoint(self.outside) and ids.isdisjoint(self.nodes)):
            return False
        self.nodes = ids | self.nodes if self.nodes else ids
        key += Value, *map(requires, parts)
        self.inputs += map(data_of, parts)
        return True


def refuse_odd_arguments(args: Any, kwargs: Any) -> None:
    """Raise CompileError for arrays and containers of a kind that a program would take for a plain one."""
    waiting = [*args, *kwargs.values()]
    for x in waiting:  # grows while it is read
        kind = type(x)
        if isinstance(x, np.ndarray):
            if kind not in ARRAYS or x.dtype.kind not in NUMERIC_KINDS:
                refuse_odd(x, "a plain array of numbers, as np.asarray(x, float) makes")
        elif isinstance(x, TREES):
            if kind not in CONTAINERS and not hasattr(x, "_fields"):
                refuse_odd(x, "a plain list, tuple or dict, or take it from outside of the function")
            waiting += x.values() if isinstance(x, dict) else x


def refuse_odd(x: Any, wanted: str) -> None:
    """Raise CompileError for an argument."""
    kind = article(type(x).__name__) + (f" of {x.dtype}" if isinstance(x, np.ndarray) else "")
    raise CompileError(f"{kind} is an argument of a compiled function: give {wanted} (at {users_line()})")
