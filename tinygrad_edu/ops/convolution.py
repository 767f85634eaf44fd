"""Rows of convolution: the trilinear form Σ g · (x ∗ w) and its three derivatives, each the rule of the other two.

Images are (…, N, C, H, W), weights (…, O, C / groups, kh, kw), results (…, N, O, H', W'); more axes in front pair up.
So the axes are called, but results lie in memory as (H', O, W', N). Then a row of all images is one piece, windows are
cut from it by copying whole pieces, and kh such rows lie together as the matrix that the weights are multiplied by.
Images in any other order are copied into this one first.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from ..core.op import op
from .precision import floating
from .reductions import sum
from .shapes import shape
from .windows import Padding, Pair, overlap, window_count

conv2d = op(
    "conv2d",
    "conv2d({}, {})",
    lambda x, w, stride=(1, 1), padding=((0, 0), (0, 0)), dilation=(1, 1), groups=1: over_stacks(
        _convolve, x, w, stride, padding, dilation, groups
    ),
    lambda g, z, x, w, **how: conv2d_input(g, w, size=shape(x)[-2:], **how),
    lambda g, z, x, w, **how: conv2d_weight(x, g, size=shape(w)[-2:], **how),
    tex=r"{} \ast {}",
    linear=True,
    onnx="Conv",
    doc="Convolve images x with weights w: the sum of products at each place of the window.",
)
affine_conv2d = op(
    "affine_conv2d",
    "conv2d({}, {}, {})",
    lambda x, w, b, stride=(1, 1), padding=((0, 0), (0, 0)), dilation=(1, 1), groups=1: raised(
        over_stacks(_convolve, x, w, stride, padding, dilation, groups), b
    ),
    lambda g, z, x, w, b, **how: conv2d_input(g, w, size=shape(x)[-2:], **how),
    lambda g, z, x, w, b, **how: conv2d_weight(x, g, size=shape(w)[-2:], **how),
    lambda g, z, x, w, b, **how: sum(g, axis=(-4, -2, -1)),
    tex=r"{} \ast {} + {}",
    onnx="Conv",
    doc="Convolve images x with weights w, and add a bias b for each filter.",
)
conv2d_input = op(
    "conv2d_input",
    "conv2d_input({}, {})",
    lambda y, w, size, stride=(1, 1), padding=((0, 0), (0, 0)), dilation=(1, 1), groups=1: over_stacks(
        _to_input, y, w, stride, padding, dilation, groups, size
    ),
    lambda g, z, y, w, size, **how: conv2d(g, w, **how),
    lambda g, z, y, w, size, **how: conv2d_weight(g, y, size=shape(w)[-2:], **how),
    tex=r"{} \ast^\top {}",
    linear=True,
    onnx="ConvTranspose",
    doc="Give each number of y, times the weights w, to the window of images of a size that it belongs to.",
)
conv2d_weight = op(
    "conv2d_weight",
    "conv2d_weight({}, {})",
    lambda x, y, size, stride=(1, 1), padding=((0, 0), (0, 0)), dilation=(1, 1), groups=1: over_stacks(
        _to_weight, x, y, stride, padding, dilation, groups, size
    ),
    lambda g, z, x, y, size, **how: conv2d_input(y, g, size=shape(x)[-2:], **how),
    lambda g, z, x, y, size, **how: conv2d(x, g, **how),
    tex=r"{} \star {}",
    linear=True,
    doc="Add up each number of y times its window of images x: the gradient of weights of a size.",
)


def over_stacks(kernel: Callable[..., np.ndarray], x: np.ndarray, y: np.ndarray, *how: Any) -> np.ndarray:
    """Apply a kernel of two operands of four axes; of stacks of them to each pair."""
    x, y = floating(x), floating(y)
    if x.ndim == y.ndim == 4:
        return kernel(x, y, *how)
    stack = np.broadcast_shapes(x.shape[:-4], y.shape[:-4])
    x, y = np.broadcast_to(x, stack + x.shape[-4:]), np.broadcast_to(y, stack + y.shape[-4:])
    z = np.stack([kernel(x[i], y[i], *how) for i in np.ndindex(stack)])
    return z.reshape(stack + z.shape[1:])


def raised(z: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return convolutions with a number added for each filter: in place, as nobody else has seen them yet."""
    if b.dtype != z.dtype:
        z = z.astype(np.result_type(z, b), order="K")  # in place they would stay of their own type
    z += b[..., None, :, None, None]
    return z


def _convolve(x: np.ndarray, w: np.ndarray, stride: Pair, padding: Padding, dilation: Pair, groups: int) -> np.ndarray:
    cut = strips(x, w.shape[3], stride[1], padding, dilation[1], groups)
    return strips_by_weights(cut, w, stride=stride, dilation=dilation, groups=groups)


def strips_by_weights(
    cut: np.ndarray, w: np.ndarray, *bias: np.ndarray, stride: Pair, dilation: Pair, groups: int
) -> np.ndarray:
    """Multiply windows, of images cut by `strips`, by weights, and add a bias for each filter where there is one."""
    rows = window_count(cut.shape[1], w.shape[2], stride[0], (0, 0), dilation[0])
    columns, n = cut.shape[4:]
    z = np.empty((rows, w.shape[0], columns, n), np.result_type(cut, w))
    out = grouped(z, groups).reshape(groups, rows, w.shape[0] // groups, columns * n)
    np.matmul(matrices(w, groups), windows(cut, w.shape[2], rows, stride[0], dilation[0]), out=out)
    z = z.transpose(3, 1, 0, 2)
    return raised(z, *bias) if bias else z


def _to_weight(
    x: np.ndarray, y: np.ndarray, stride: Pair, padding: Padding, dilation: Pair, groups: int, size: Pair
) -> np.ndarray:
    cut = strips(x, size[1], stride[1], padding, dilation[1], groups)
    return strips_by_results(cut, y, size=size, stride=stride, dilation=dilation, groups=groups)


def strips_by_results(
    cut: np.ndarray, y: np.ndarray, *, size: Pair, stride: Pair, dilation: Pair, groups: int
) -> np.ndarray:
    """Multiply windows, of images cut by `strips`, by what stands at the results: weights of a size."""
    y = grouped(in_rows(y), groups)
    rows, filters, columns, n = y.shape[1:]
    y, x = y.reshape(groups, rows, filters, columns * n), windows(cut, size[0], rows, stride[0], dilation[0])
    products = (y @ x.mT).mT if y.itemsize == 8 else x @ y.mT  # OpenBLAS's quicker way, by a tenth to a quarter each
    w = products.sum(axis=1).reshape(groups, size[0], -1, size[1], filters)
    return w.transpose(0, 4, 2, 1, 3).reshape(-1, w.shape[2], *size)


def _to_input(
    y: np.ndarray, w: np.ndarray, stride: Pair, padding: Padding, dilation: Pair, groups: int, size: Pair
) -> np.ndarray:
    y, turned = grouped(in_rows(y), groups), from_below(w, groups)
    (_, rows, _, columns, n), (_, inner, kh, kw) = y.shape, w.shape
    refuse_misfit(rows, size[0] + sum(padding[0]), kh, stride[0], dilation[0])
    x = np.zeros((size[0], groups * inner, size[1], n), np.result_type(y, w))
    strip = np.empty((groups, inner * kw, columns * n), x.dtype)  # windows of one row, which stay in the cache
    across = [overlap(size[1], columns, stride[1], j * dilation[1] - padding[1][0]) for j in range(kw)]
    for row, (there, above) in enumerate(rows_above(rows, size[0], kh, stride[0], padding[0][0], dilation[0])):
        left = turned[:, :, above].reshape(groups, inner * kw, -1)
        np.matmul(left, y[:, there].reshape(groups, left.shape[-1], columns * n), out=strip)
        cut, image = strip.reshape(groups, inner, kw, columns, n), x[row].reshape(groups, inner, size[1], n)
        for j, (here, at) in enumerate(across):
            image[..., at, :] += cut[:, :, j, here]
    return x.transpose(3, 1, 0, 2)


@lru_cache(64)
def rows_above(rows: int, height: int, kh: int, stride: int, padding: int, dilation: int) -> tuple[Any, ...]:
    """Return for each row of images the rows of results whose windows it is in, and its places there, from below.

    Their products then add up inside of one product of matrices.
    """
    found = []
    for row in range(padding, padding + height):
        pairs = [divmod(row - k * stride, dilation) for k in range(rows)]
        ks = [k for k, (i, rest) in enumerate(pairs) if not rest and 0 <= i < kh]
        found.append((progression(ks), progression([kh - 1 - pairs[k][0] for k in ks])))
    return tuple(found)


def progression(numbers: list[int]) -> slice:
    """Return numbers that grow evenly as a slice."""
    if not numbers:
        return slice(0, 0)
    return slice(numbers[0], numbers[-1] + 1, numbers[1] - numbers[0] if len(numbers) > 1 else 1)


def from_below(w: np.ndarray, groups: int) -> np.ndarray:
    """Return weights as (groups, C / groups · kw, kh, O / groups), the lowest row of windows first."""
    o, inner, kh, kw = w.shape
    turned = w[:, :, ::-1].reshape(groups, o // groups, inner, kh, kw).transpose(0, 2, 4, 3, 1)
    return np.ascontiguousarray(turned).reshape(groups, inner * kw, kh, o // groups)


def in_rows(x: np.ndarray) -> np.ndarray:
    """Return images (N, C, H, W) as (H, C, W, N): without a copy if they lie so in memory."""
    return np.ascontiguousarray(x.transpose(2, 1, 3, 0))


def grouped(x: np.ndarray, groups: int) -> np.ndarray:
    """Return (H, C, W, N), which is one piece of memory, as (groups, H, C / groups, W, N)."""
    height, channels, width, n = x.shape
    return x.reshape(height, groups, channels // groups, width, n).transpose(1, 0, 2, 3, 4)


def matrices(w: np.ndarray, groups: int) -> np.ndarray:
    """Return weights as (groups, 1, O / groups, kh · C / groups · kw)."""
    o, _, kh, _ = w.shape
    return w.transpose(0, 2, 1, 3).reshape(groups, 1, o // groups, kh * (w.size // max(o * kh, 1)))


def strips(x: np.ndarray, kw: int, stride: int, padding: Padding, dilation: int, groups: int) -> np.ndarray:
    """Cut images into windows from left to right: (groups, H padded, C / groups, kw, W', N)."""
    x = grouped(in_rows(x), groups)
    height, inner, width, n = x.shape[1:]
    columns = window_count(width, kw, stride, padding[1], dilation)
    if kw == stride == 1 and padding == ((0, 0), (0, 0)):
        return x[:, :, :, None]  # windows of one column are the columns
    (above, below), (left, _) = padding
    cut = np.empty((groups, height + above + below, inner, kw, columns, n), x.dtype)
    cut[:, :above] = cut[:, above + height :] = 0
    for j in range(kw):
        here, there = overlap(width, columns, stride, j * dilation - left)
        column = cut[:, above : above + height, :, j]
        column[..., : here.start, :] = column[..., here.stop :, :] = 0
        column[..., here, :] = x[..., there, :]
    return cut


def refuse_misfit(rows: int, height: int, kh: int, stride: int, dilation: int) -> None:
    """Raise ValueError where so many windows do not lie on so many rows, padding included."""
    if (rows - 1) * stride + (kh - 1) * dilation >= height:
        raise ValueError(f"{rows} windows of {kh} rows, dilated by {dilation}, do not lie on {height} rows")


def windows(cut: np.ndarray, kh: int, rows: int, stride: int, dilation: int) -> np.ndarray:
    """Return strips as the matrix of each row of the result: (groups, H', kh · C / groups · kw, W' · N).

    Windows that follow each other share their rows in memory; only dilated ones have to be copied.
    """
    groups, height, inner, kw, columns, n = cut.shape
    refuse_misfit(rows, height, kh, stride, dilation)
    group, row, *rest = cut.strides
    shape, strides = (groups, rows, kh, inner, kw, columns, n), (group, stride * row, dilation * row, *rest)
    matrices = np.lib.stride_tricks.as_strided(cut, shape, strides)
    return matrices.reshape(groups, rows, kh * inner * kw, columns * n)
