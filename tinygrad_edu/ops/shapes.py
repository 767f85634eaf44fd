"""Changes of shape, order of axes, dtype and number of copies, which change no number."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.op import VariadicRule, op


def shape(x: Any) -> tuple[int, ...]:
    """Return the shape of an array or a node; that of a plain number is ()."""
    return getattr(x, "shape", ())


identity = op(
    "identity",
    "{}",
    lambda x: x,
    lambda g, z, x: g,
    tex="{}",
    scalar=lambda x: x,
    linear=True,
    elementwise=True,
    onnx="Identity",
    doc="Stand for x as a node of its own, by which one can differentiate apart from x.",
)
reshape = op(
    "reshape",
    "reshape({})",
    lambda x, shape: np.reshape(x, shape),
    lambda g, z, x, **_: reshape(g, shape=shape(x)),
    tex=r"\mathrm{{reshape}}({})",
    linear=True,
    onnx="Reshape",
    doc="Give the elements, in row-major order, another shape.",
)
transpose = op(
    "transpose",
    "transpose({})",
    lambda x, axes: np.transpose(x, axes),
    lambda g, z, x, axes: transpose(g, axes=tuple(map(int, np.argsort(np.mod(axes, len(axes)))))),
    tex=r"{{{}}}^\top",
    linear=True,
    onnx="Transpose",
    doc="Put the axes in another order.",
)
mT = op(  # noqa: N816  # NumPy's name; a row of its own because it stands in the rules of every matrix product
    "mT",
    "{}.T",
    lambda x: x.mT,
    lambda g, z, x: mT(g),
    tex=r"{{{}}}^\top",
    linear=True,
    doc="Swap the last two axes: the transposed matrix.",
)


def _broadcast(x: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    if math.prod(shape) > 10_000 or 0 in shape:
        return np.broadcast_to(x, shape)
    z = np.empty(
        shape, getattr(x, "dtype", None) or np.result_type(x)
    )  # for few elements that is quicker than NumPy's function
    z[...] = x
    return z


broadcast_to = op(
    "broadcast_to",
    "broadcast_to({})",
    _broadcast,
    lambda g, z, x, shape: g,  # the engine adds up over the axes that were repeated
    tex=r"\mathrm{{broadcast}}({})",
    linear=True,
    onnx="Expand",
    doc="Repeat along axes of length 1, or new ones, up to a shape.",
)
astype = op(
    "astype",
    "astype({})",
    lambda x, dtype: np.asarray(x).astype(dtype),
    lambda g, z, x, dtype: g,  # the engine gives a gradient its node's own dtype
    tex="{}",
    linear=True,
    elementwise=True,
    onnx="Cast",
    doc="Convert to another dtype.",
)
as_integers = op(
    "as_integers",
    "int({})",
    lambda x, dtype: np.asarray(x).astype(dtype),
    tex=r"\lfloor {} \rceil",
    elementwise=True,
    onnx="Cast",
    doc="Convert to a dtype of integers or booleans, which are constants.",
)
flip = op(
    "flip",
    "flip({})",
    lambda x, axis: np.flip(x, axis),
    lambda g, z, x, axis: flip(g, axis=axis),
    tex=r"\mathrm{{flip}}({})",
    linear=True,
    doc="Turn axes round.",
)
concatenate = op(
    "concatenate",
    "concatenate({})",
    lambda *xs, axis: np.concatenate(xs, axis),
    VariadicRule(lambda i, g, z, *xs, axis: g[joined_slice(i, xs, axis)]),
    tex=r"\mathrm{{concatenate}}({})",
    linear=True,
    onnx="Concat",
    doc="Join arrays along an axis that they have.",
)


def joined_slice(i: int, xs: tuple[Any, ...], axis: int) -> tuple[slice, ...]:
    """Return where the i-th of the joined arrays lies in the whole."""
    start = sum(shape(x)[axis] for x in xs[:i])
    return (*[slice(None)] * (axis % len(shape(xs[i]))), slice(start, start + shape(xs[i])[axis]))


def restore_axes(g: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    """Return `g`, the gradient of a reduction of `x`, with its lost axes back as axes of length 1."""
    if keepdims or axis is None:  # one number fits any shape
        return g
    axes = {a % len(shape(x)) for a in (axis if isinstance(axis, tuple) else (axis,))}
    return reshape(g, shape=tuple(1 if a in axes else n for a, n in enumerate(shape(x))))
