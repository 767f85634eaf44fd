"""The signature of a call: what of its arguments a program depends on, and the numbers that it reads of them."""

from __future__ import annotations

from operator import attrgetter
from typing import Any

import numpy as np

from ..core.node import Node, data_of
from ..core.value import Value
from ..transforms.trees import leaves, structure
from .vectorize.bulk_io import requires

NUMERIC = (np.ndarray, float, np.floating, Node)  # arguments of which the numbers are read at every call
op_of, params_of = attrgetter("op"), attrgetter("params")


def numeric(args: Any, kwargs: Any, fixed: bool) -> list[Any]:
    """Return the arguments whose numbers are read at every call, in order."""
    top = [x for x in (*args, *kwargs.values()) if not (fixed and type(x) is float)]
    return [x for x in leaves(top) if isinstance(x, NUMERIC)]


class InsideOuterGraph(Exception):  # noqa: N818  # not a fault: the function itself is run
    """An argument belongs to a graph around the call, to which gradients are to go back: a program would cut it."""


class Signature:
    """The properties of a call's arguments on which a program depends. Raises InsideOuterGraph.

    outside: the ids of nodes that the function can name: given as an argument, such a node is that very node.
    fixed: whether plain floats are taken as they are, so that each number is another signature.
    key: equal for calls that a program may serve. inputs: the numbers, in order.
    """

    __slots__ = ("inputs", "key", "nodes", "outside", "repeated")

    def __init__(self, args: Any, kwargs: Any, outside: set[int], fixed: bool = False) -> None:
        self.outside = outside
        self.inputs: list[Any] = []
        self.nodes: set[int] = set()
        self.repeated = False
        key: list[Any] = []
        self.add(key, args if not kwargs else (*args, *kwargs.values()), fixed)
        if self.repeated:  # whatever is done to a node is done to it under each of its names
            nodes = [id(x) for x in leaves([args, kwargs]) if isinstance(x, Node)]
            key.append(tuple(map(nodes.index, nodes)))
        self.key: Any = (tuple(key), *kwargs) if kwargs else tuple(key)

    def add(self, key: list[Any], args: Any, fixed: bool = False) -> None:
        """Take arguments, or parts of one."""
        inputs = self.inputs
        for x in args:
            kind = type(x)
            if kind is np.ndarray:
                key += x.shape, x.strides, x.dtype
                inputs.append(x)
            elif isinstance(x, np.ndarray):
                key += x.shape, x.strides, x.dtype
                inputs.append(np.array(x, subok=False))
            elif isinstance(x, (list, tuple, dict)):
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
            elif isinstance(x, (float, np.floating)):
                key.append(kind)
                inputs.append(x)
            else:
                key += kind, x  # 1, 1.0 and True are equal, and not the same

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
