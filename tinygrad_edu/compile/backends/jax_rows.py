"""Rows of the table that are written anew for JAX, each with the row's own name and parameters.

They write into memory in NumPy, look at strides, ask Python's `math`, or mean something else in JAX.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...ops import windows
from ...ops.indexing import numpy_index
from .jax_library import jax, jnp, lax


def softmax(x: Any, axis: int = -1) -> Any:
    """Compute as the row does: in single precision where halves are given."""
    return jax.nn.softmax(single(x), axis).astype(as_floats(x).dtype)


def log_softmax(x: Any, axis: int = -1) -> Any:
    """Compute as the row does."""
    return jax.nn.log_softmax(single(x), axis).astype(as_floats(x).dtype)


def softmax_cross_entropy(x: Any, labels: Any) -> Any:
    """Pick -log(softmax(x)) at the labels."""
    picked = jnp.take_along_axis(jax.nn.log_softmax(single(x), -1), jnp.asarray(labels)[..., None], -1)[..., 0]
    return -picked.astype(as_floats(x).dtype)


def softmax_minus_one_hot(x: Any, labels: Any) -> Any:
    """Subtract 1 at the labels."""
    p = softmax(x)
    return p - jax.nn.one_hot(labels, x.shape[-1], dtype=p.dtype)


def as_floats(x: Any) -> Any:
    """Return whole numbers as doubles."""
    x = jnp.asarray(x)
    return x if x.dtype.kind in "fc" else x.astype(float)


def single(x: Any) -> Any:
    """Return halves in single precision, whole numbers in double."""
    x = as_floats(x)
    return x.astype(np.float32) if x.dtype == np.float16 else x


def real(f: Any) -> Any:
    """Return a function of real numbers of `jax.scipy.special`, by its name there."""

    def of_numbers(x: Any) -> Any:
        if as_floats(x).dtype.kind == "c":
            raise TypeError("it is defined for real numbers only")
        return getattr(jax.scipy.special, f)(as_floats(x))

    return of_numbers


def gelu(x: Any) -> Any:
    """Compute x Φ(x)."""
    x = as_floats(x)
    return x * (0.5 * jax.scipy.special.erfc(x * -math.sqrt(0.5)))


def setitem(x: Any, y: Any, *indices: Any, key: Any) -> Any:
    """Write y; of two numbers for one place the last stays, which XLA's own scatter leaves open."""
    x, index = jnp.asarray(x), numpy_index(key, indices)
    if all(jnp.ndim(i) == 0 for i in indices):
        return x.at[index].set(y)
    picked = jax.eval_shape(lambda a: a[index], x).shape
    turns = jnp.arange(math.prod(picked)).reshape(picked)
    last = jnp.full(x.shape, -1).at[index].max(turns)
    written = jnp.broadcast_to(jnp.asarray(y, x.dtype), picked).reshape(-1)
    return jnp.where(last >= 0, written[last], x)


def put(x: Any, *indices: Any, key: Any, shape: Any) -> Any:
    """Add into zeros."""
    return jnp.zeros(shape, x.dtype).at[numpy_index(key, indices)].add(x)


def conv2d(
    x: Any, w: Any, stride: Any = (1, 1), padding: Any = "VALID", dilation: Any = (1, 1), groups: int = 1
) -> Any:
    """Convolve; of stacks each pair."""
    x, w = as_floats(x), as_floats(w)
    kind = jnp.result_type(x, w)

    def one(x: Any, w: Any) -> Any:
        return lax.conv_general_dilated(x, w, stride, padding, rhs_dilation=dilation, feature_group_count=groups)

    stack = np.broadcast_shapes(x.shape[:-4], w.shape[:-4])
    x, w = (jnp.broadcast_to(a, stack + a.shape[-4:]).astype(kind) for a in (x, w))
    for _ in stack:
        one = jax.vmap(one)
    return one(x, w)


def transpose_of(f: Any, y: Any, shape: tuple[int, ...], kind: Any) -> Any:
    """Return the transpose of a linear function of an array of a shape, applied to `y`."""
    return jax.linear_transpose(f, jax.ShapeDtypeStruct(shape, kind))(y.astype(kind))[0]


def stacked(y: Any, other: Any) -> Any:
    """Return results of convolutions and one operand as floats of one kind, and the axes in front that pair up."""
    y, other = as_floats(y), as_floats(other)
    kind, stack = jnp.result_type(y, other), np.broadcast_shapes(y.shape[:-4], other.shape[:-4])
    return jnp.broadcast_to(y, stack + y.shape[-4:]).astype(kind), other.astype(kind), stack


def conv2d_input(y: Any, w: Any, size: Any, **how: Any) -> Any:
    """Transpose the convolution by its images."""
    y, w, stack = stacked(y, w)
    shape = (*stack, y.shape[-4], w.shape[-3] * how.get("groups", 1), *size)
    return transpose_of(lambda x: conv2d(x, w, **how), y, shape, y.dtype)


def conv2d_weight(x: Any, y: Any, size: Any, **how: Any) -> Any:
    """Transpose the convolution by its weights."""
    y, x, stack = stacked(y, x)
    shape = (*stack, y.shape[-3], x.shape[-3] // how.get("groups", 1), *size)
    return transpose_of(lambda w: conv2d(x, w, **how), y, shape, y.dtype)


def affine_conv2d(x: Any, w: Any, b: Any, **how: Any) -> Any:
    """Convolve, and add a number for each filter."""
    return conv2d(x, w, **how) + b[..., None, :, None, None]


def over_windows(x: Any, start: Any, by: Any, window: Any, stride: Any, padding: Any, dilation: Any = (1, 1)) -> Any:
    """Reduce each window of the last two axes."""
    left = x.ndim - 2
    return lax.reduce_window(
        x, start, by, (1,) * left + window, (1,) * left + stride, ((0, 0),) * left + padding,
        window_dilation=(1,) * left + dilation,
    )  # fmt: skip


UNPADDED = ((0, 0), (0, 0))


def sum_pool2d(x: Any, window: Any, stride: Any, padding: Any = UNPADDED) -> Any:
    """Add up windows."""
    x = x.astype(windows.sum_type(np.empty(0, x.dtype)))
    return over_windows(x, x.dtype.type(0), lax.add, window, stride, padding)  # a zero of JAX would have no transpose


def sum_unpool2d(x: Any, size: Any, **at: Any) -> Any:
    """Transpose the sums of windows."""
    x = x.astype(windows.sum_type(np.empty(0, x.dtype)))
    return transpose_of(lambda a: sum_pool2d(a, **at), x, (*x.shape[:-2], *size), x.dtype)


def max_pool2d(x: Any, window: Any, stride: Any, padding: Any = UNPADDED, dilation: Any = (1, 1)) -> Any:
    """Find the maxima of windows; whole numbers become doubles where there is padding."""
    if x.dtype.kind != "f":
        x = x.astype(float)
    return over_windows(x, x.dtype.type(-np.inf), lax.max, window, stride, padding, dilation)


def maxima(m: Any, x: Any, window: Any, stride: Any, padding: Any = UNPADDED, dilation: Any = (1, 1)) -> Any:
    """Return the places of windows, each with where it holds the maximum m; and in how many places each window does."""
    every = windows.places(x.shape[-2:], m.shape[-2:], window, stride, padding, dilation)
    found = [(here, there, x[there] == m[here]) for here, there in every]
    return found, sum(spread(holds.astype(m.dtype), here, m.shape[-2:]) for here, _, holds in found)


def spread(a: Any, where: Any, size: Any) -> Any:
    """Return zeros of a size with `a` at some rows and columns."""
    return transpose_of(lambda image: image[where], a, (*a.shape[:-2], *size), a.dtype)


def max_unpool2d(y: Any, m: Any, x: Any, *at: Any, **how: Any) -> Any:
    """Give each number of y to the maxima of its window, ties in equal shares."""
    found, ties = maxima(m, x, *at, **how)
    share = (y / ties).astype(y.dtype)
    return sum(spread(jnp.where(holds, share[here], 0), there, x.shape[-2:]) for here, there, holds in found)


def max_picked2d(y: Any, m: Any, x: Any, *at: Any, **how: Any) -> Any:
    """Take from y what stands at the maxima of windows of x, of ties the average."""
    found, ties = maxima(m, x, *at, **how)
    picked = sum(spread(jnp.where(holds, y[there], 0), here, m.shape[-2:]) for here, there, holds in found)
    return (picked / ties).astype(y.dtype)


def without_namesake(why: str) -> Any:
    """Return the function of a row that JAX has not."""

    def refuse(*_: Any, **__: Any) -> Any:
        raise TypeError(why)

    return refuse


OWN: dict[str, Any] = {
    "erf": real("erf"),
    "erfc": real("erfc"),
    "lgamma": real("gammaln"),
    "gelu": gelu,
    "broadcast_to": lambda x, shape: jnp.broadcast_to(x, shape),
    "sum": lambda x, axis=None, keepdims=False: jnp.sum(x, axis, keepdims=keepdims),
    "logcumsumexp": lambda x, axis: lax.cumlogsumexp(as_floats(x), axis % x.ndim),
    "pinv": lambda x, rcond: jnp.linalg.pinv(x, rtol=rcond),
    "argsort": lambda x, axis=-1: jnp.argsort(x, axis, stable=True),
    "searchsorted": lambda a, v, side="left": jnp.searchsorted(a, v, side).astype(int),
    "argpartition": without_namesake(
        "the positions that it gives to what is not the kth element are NumPy's own choice"
    ),
}
PRIMITIVES: dict[str, Any] = {
    "element": lambda x, i: jnp.reshape(x, -1)[i],
    "stand_in": lambda x: x,
    "pack": lambda *numbers: jnp.stack([jnp.asarray(x, float) for x in numbers]),
}
OWN |= {
    f.__name__: f
    for f in (
        *(softmax, log_softmax, softmax_cross_entropy, softmax_minus_one_hot, setitem, put),
        *(conv2d, conv2d_input, conv2d_weight, affine_conv2d),
        *(sum_pool2d, sum_unpool2d, max_pool2d, max_unpool2d, max_picked2d),
    )
}
# What rows find in place of NumPy's functions that ask numbers for a shortcut, or take a tuple for an array.
ANSWERS: dict[str, dict[str, Any]] = {
    "i0": {"all": lambda _: False, "isin": lambda x, among: jnp.isin(x, jnp.array(among))}
}
