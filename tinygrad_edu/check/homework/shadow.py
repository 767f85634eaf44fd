"""Shadow arrays: NumPy arrays that remember which operation of which line they came from.

They hand every operation to the recorder that made them. This module must not know what is recorded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ...core.types import Array

if TYPE_CHECKING:
    from .recorder import Memory


class Slot(NamedTuple):
    """The place of an operand in the arguments of a call."""

    place: int


def stack_numbers(*parts: Any) -> Any:
    """Return single numbers as one row."""
    return np.stack([part + 0.0 for part in parts])


class Shadow(np.ndarray[Any, Any]):
    """An array that remembers which operation of which line it came from."""

    _recorder: Any
    _memory: Any
    _node: Any
    _version: int
    _source: Any

    def __array_finalize__(self, source: Any) -> None:
        self._recorder = getattr(source, "_recorder", None)
        self._memory = self._node = None
        self._version = -1
        self._source = source if isinstance(source, Shadow) else None

    def memory(self) -> Memory:
        """Return the block that this array is a view of. Raises TypeError where NumPy made it without a word."""
        if self._memory is None:
            memory = self._source.memory()
            if not np.may_share_memory(unshadowed(self), memory.base):
                raise TypeError("an array came from a method that is not recorded")
            self._memory = memory
        found: Memory = self._memory
        return found

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        recorder = next(x._recorder for x in (*inputs, *as_tuple(kwargs.get("out"))) if isinstance(x, Shadow))
        if method == "at":
            target, key, *value = inputs
            if ufunc is np.subtract:
                return recorder.add_at(target, key, -value[0])
            if ufunc is not np.add:
                raise TypeError(f"np.{ufunc.__name__}.at cannot be recorded")
            return recorder.add_at(target, key, value[0])
        f = ufunc if method == "__call__" else getattr(ufunc, method)
        return recorder.call(f, inputs, kwargs)

    def __array_function__(self, f: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if f in NOT_RECORDED:
            return f(*plain_tree(args), **plain_tree(kwargs))
        found: list[Shadow] = []
        slotted((args, kwargs), found)
        recorder = found[0]._recorder
        if f is np.copyto:
            return recorder.set_item(args[0], Ellipsis, args[1])
        return recorder.call(f, args, kwargs)

    def __getitem__(self, key: Any) -> Any:
        return self._recorder.item(self, key)

    def __setitem__(self, key: Any, value: Any) -> None:
        self._recorder.set_item(self, key, value)

    def __copy__(self) -> Any:
        return self.copy()

    def __deepcopy__(self, _: Any) -> Any:
        return self.copy()

    def __hash__(self) -> int:  # type: ignore[override]  # a single number is hashable in NumPy
        return hash(unshadowed(self).item())

    def __round__(self, digits: int = 0) -> Any:
        return round(unshadowed(self).item(), digits)

    def item(self, *place: Any) -> Any:
        return self[place] if len(place) > 1 else self.reshape(-1)[place[0]] if place else self.reshape(())

    def tolist(self) -> Any:
        return [row.tolist() if row.ndim else row for row in self] if self.ndim else self

    def fill(self, value: Any) -> None:
        self[...] = value

    def astype(self, dtype: Any, *_: Any, **__: Any) -> Any:
        if np.dtype(dtype).kind == "f":
            return self._recorder.call(to_float, (self,), {})
        return self._recorder.call(np.ndarray.astype, (self, dtype), {})

    def reshape(self, *shape: Any, order: Any = "C") -> Any:  # type: ignore[override]
        return np.reshape(self, shape[0] if len(shape) == 1 else shape, order=order)

    def transpose(self, *axes: Any) -> Any:
        return np.transpose(self, axes[0] if len(axes) == 1 else axes or None)

    def flatten(self, order: Any = "C") -> Any:
        return np.ravel(self, order).copy()

    def copy(self, order: Any = "C") -> Any:
        return self._recorder.call(np.copy, (self, order), {})

    def dot(self, other: Any, out: Any = None) -> Any:
        return np.dot(self, other, out=out) if out is not None else np.dot(self, other)

    @property
    def flat(self) -> Any:
        return self.reshape(-1)

    @property
    def T(self) -> Any:  # noqa: N802  # NumPy's name
        return np.transpose(self)


def to_float(x: Any) -> Any:
    """Return an array as float64."""
    return x * 1.0


def by_function(name: str) -> Callable[..., Any]:
    """Return the method that calls NumPy's function of the same name, which is recorded."""
    f = getattr(np, name)

    def method(self: Shadow, *args: Any, **kwargs: Any) -> Any:
        return f(self, *args, **kwargs)

    return method


_BY_FUNCTION = (
    "all any argmax argmin argsort clip cumprod cumsum diagonal max mean min nonzero prod ravel repeat round squeeze "
    "std sum swapaxes take trace var"
)
for _name in _BY_FUNCTION.split():
    setattr(Shadow, _name, by_function(_name))


def by_value(name: str) -> Callable[..., Any]:
    """Return the in-place operator: single numbers are replaced, as NumPy's scalars are, arrays are written."""
    inplace, ordinary = getattr(np.ndarray, f"__i{name}__"), getattr(np.ndarray, f"__{name}__")

    def operator(self: Shadow, other: Any) -> Any:
        return inplace(self, other) if self.ndim else ordinary(self, other)

    return operator


for _name in ["add", "sub", "mul", "truediv", "pow", "matmul"]:
    setattr(Shadow, f"__i{_name}__", by_value(_name))


_PLAIN = (
    "shape ndim size array_equal allclose isclose array2string array_repr array_str zeros_like ones_like empty_like "
    "full_like may_share_memory shares_memory result_type iscomplexobj isrealobj save savez savetxt"
)


# Functions that tell of an array, or make one without its numbers.
NOT_RECORDED = {getattr(np, _name) for _name in _PLAIN.split()}


def unshadowed(x: Array) -> Array:
    """Return an array without its memory of where it came from."""
    return x.view(np.ndarray)


def as_tuple(x: Any) -> tuple[Any, ...]:
    """Return the `out` of a ufunc as a tuple."""
    return x if isinstance(x, tuple) else () if x is None else (x,)


def is_in(x: Any, args: Any) -> bool:
    """Tell whether an array is itself among the arguments."""
    return any(x is a for a in args)


def slotted(tree: Any, found: list[Shadow]) -> Any:
    """Return nested arguments with a `Slot` in the place of every array that remembers; append those to `found`."""
    if isinstance(tree, Shadow):
        for i, x in enumerate(found):
            if x is tree:
                return Slot(i)
        found.append(tree)
        return Slot(len(found) - 1)
    if isinstance(tree, (list, tuple)) and type(tree) in (list, tuple):
        return type(tree)([slotted(x, found) for x in tree])
    if isinstance(tree, dict):
        return {key: slotted(x, found) for key, x in tree.items()}
    return tree.copy() if isinstance(tree, np.ndarray) else tree


def with_operands(tree: Any, operands: Any) -> Any:
    """Return nested arguments with operands in their slots."""
    if isinstance(tree, Slot):
        return operands[tree.place]
    if isinstance(tree, (list, tuple)):
        return type(tree)([with_operands(x, operands) for x in tree])
    if isinstance(tree, dict):
        return {key: with_operands(x, operands) for key, x in tree.items()}
    return tree


def plain_tree(tree: Any) -> Any:
    """Return nested arguments with plain arrays in the place of those that remember."""
    if isinstance(tree, Shadow):
        return unshadowed(tree)
    if type(tree) in (list, tuple):
        return type(tree)([plain_tree(x) for x in tree])
    if type(tree) is dict:
        return {key: plain_tree(x) for key, x in tree.items()}
    return tree
