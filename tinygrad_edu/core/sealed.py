"""The stand-in for the numbers of a node while a function is traced: it has a shape and a dtype, and no numbers."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from .node import Node

OPERATORS = (
    *("add", "sub", "mul", "truediv", "floordiv", "mod", "divmod", "pow", "matmul", "and", "or", "xor"),
    *("lshift", "rshift"),
)
SEALED_METHODS = (
    *(f"__{name}__" for name in OPERATORS),
    *(f"__r{name}__" for name in OPERATORS),
    *(f"__{name}__" for name in ("neg", "pos", "abs", "invert", "round", "trunc", "floor", "ceil")),
    *(f"__{name}__" for name in ("lt", "le", "gt", "ge", "eq", "ne", "hash", "contains", "getitem", "setitem", "iter")),
    *(f"__{name}__" for name in ("bool", "int", "float", "complex", "index", "array", "array_ufunc", "buffer")),
    *(f"__{name}__" for name in ("copy", "deepcopy", "reduce_ex", "format")),
)


class Sealed:
    """The value of `node._data` in a traced function. Code that asks for numbers is refused at the user's line."""

    __slots__ = ("dtype", "node", "refuse", "shape", "strides")

    def __init__(self, node: Node, refuse: Any) -> None:
        raw = node._raw
        self.node, self.refuse = node, refuse
        self.shape: tuple[int, ...] = np.shape(raw)
        self.dtype = raw.dtype if isinstance(raw, (np.ndarray, np.generic)) else np.dtype(type(raw))
        self.strides: tuple[int, ...] = getattr(raw, "strides", ())

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        return int(np.prod(self.shape, dtype=int))

    @property
    def itemsize(self) -> int:
        """The number of bytes that one element takes."""
        return self.dtype.itemsize

    @property
    def nbytes(self) -> int:
        """The number of bytes that all elements take."""
        return self.size * self.itemsize

    def __len__(self) -> int:
        return self.shape[0]

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("_"):
            raise AttributeError(name)  # no name of numbers: NumPy asks for some before it asks for numbers
        self.refuse(self.node)
        raise AssertionError  # refuse() raises

    def __repr__(self) -> str:
        return f"numbers of shape {self.shape} that a traced function computes at each call"


def _refused(self: Sealed, *_: Any, **__: Any) -> NoReturn:
    self.refuse(self.node)
    raise AssertionError  # refuse() raises


for _name in SEALED_METHODS:
    setattr(Sealed, _name, _refused)
