"""Arguments of all functions here: lists of nodes become one node, axes become positions.

A keyword without meaning in a graph is refused by name.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..core.node import Node, data_of
from ..core.tensor import Tensor
from ..errors import DTypeError, ShapeError
from ..errors.where import users_line
from ..ops import shapes


def given(x: Any) -> Any:
    """Return an array-like as a node or an array; nested lists that hold tensors are joined into one."""
    if isinstance(x, (Node, np.ndarray)):
        return x
    if isinstance(x, (list, tuple)) and holds_tensor(x):
        return stack_parts([given(part) for part in x])
    return np.asarray(x)


def holds_tensor(x: Any) -> bool:
    """Say whether a tensor lies in nested lists."""
    return isinstance(x, Tensor) or (isinstance(x, (list, tuple)) and any(map(holds_tensor, x)))


def stack_parts(parts: list[Any], axis: int = 0) -> Any:
    """Return arrays of one shape as one with a new axis."""
    apart = [shapes.reshape(x, shape=with_axis(shapes.shape(x), axis)) for x in parts]
    return shapes.concatenate(*apart, axis=axis % (len(shapes.shape(parts[0])) + 1))


def with_axis(shape: tuple[int, ...], axis: int) -> tuple[int, ...]:
    """Return a shape with a new axis of length 1."""
    axis = normalize_axis(axis, len(shape) + 1)
    return (*shape[:axis], 1, *shape[axis:])


def normalize_axis(axis: Any, ndim: int) -> int:
    """Return which axis is meant, counted from the front. Raises NumPy's AxisError where there is none."""
    axis = operator.index(axis)
    if not -ndim <= axis < ndim:
        raise np.exceptions.AxisError(axis, ndim, f"at {users_line()}")
    return int(axis) % ndim


def normalize_axes(axis: Any, ndim: int) -> tuple[int, ...]:
    """Return which axes are meant; None is all of them. Raises as NumPy does for one that is missing or named twice."""
    if axis is None:
        return tuple(range(ndim))
    found = tuple(normalize_axis(a, ndim) for a in (axis if isinstance(axis, Iterable) else (axis,)))
    if len(set(found)) < len(found):
        raise ShapeError(f"duplicate axis in axis={axis} of {ndim} axes: name each once (at {users_line()})")
    return found


def at(axis: int, part: Any) -> tuple[Any, ...]:
    """Return the index that picks `part` along an axis, counted from the front, and everything along the others."""
    return (*[slice(None)] * axis, part)


def dtype_of(x: Any) -> np.dtype[Any]:
    """Return the kind of number that `x` holds."""
    data = data_of(x)
    return data.dtype if hasattr(data, "dtype") else np.asarray(data).dtype


def cast(x: Any, dtype: Any) -> Any:
    """Return `x` in another dtype, if one is asked for; in one of whole numbers it is a constant."""
    if dtype is None or dtype_of(x) == dtype:
        return x
    row = shapes.astype if np.dtype(dtype).kind in "fc" else shapes.as_integers
    return row(x, dtype=np.dtype(dtype))


def cast_by_rule(name: str, x: Any, dtype: Any, casting: Any) -> Any:
    """Return `x` in another dtype, if one is asked for. Raises DTypeError where NumPy's rule `casting` forbids it."""
    if dtype is not None and not np.can_cast(dtype_of(x), dtype, casting):
        raise DTypeError(
            f"{name}: {dtype_of(x)} is not cast to {np.dtype(dtype)} by the rule {casting!r:.20}; "
            f"write .astype({np.dtype(dtype).name!r}) where that is meant (at {users_line()})"
        )
    return cast(x, dtype)


def cast_for_mean(name: str, x: Any, dtype: Any, casting: Any = "unsafe") -> Any:
    """Return `x` in another dtype, if one is asked for. Raises DTypeError for whole numbers, which hold no mean."""
    if dtype is not None and np.dtype(dtype).kind not in "fc":
        raise DTypeError(
            f"{name}: dtype={np.dtype(dtype).name} would cut the result off; leave it out (at {users_line()})"
        )
    return cast_by_rule(name, x, dtype, casting)


def float_of(x: Any) -> np.dtype[Any]:
    """Return the kind of floating-point number that results computed from `x` have."""
    return np.result_type(dtype_of(x), np.float16) if dtype_of(x).kind in "fc" else np.dtype(float)


def flag(keepdims: Any) -> bool:
    """Return `keepdims` as NumPy means it, which has a value for `not given`."""
    return False if keepdims is np._NoValue else bool(keepdims)


def refuse_out(name: str, out: Any) -> None:
    """Refuse `out=`, which would write into an array behind the graph's back."""
    if out is not None:
        raise DTypeError(f"{name}: out= would bypass the graph; use the result that {name} returns")


def refuse(name: str, advice: str, **keywords: Any) -> None:
    """Refuse each of `keywords` that is not None or False, with advice."""
    for keyword, value in keywords.items():
        if value is not None and value is not False:
            raise DTypeError(f"{name}: {keyword}={value!r:.40} is not differentiable here; {advice}")
