"""Rows of pooling: sums and maxima in windows that slide over images, and the places of the windows on an axis.

Images are (…, H, W) here, in any number of axes before these two. A window is taken apart by its places: all numbers
that stand at place (i, j) of some window are one strided slice of the image, and NumPy goes through as many slices as
a window has places, never through a reduction over its few numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..core.op import op
from .shapes import shape

Pair = tuple[int, int]
Padding = tuple[Pair, Pair]  # rows above and below, columns left and right

sum_pool2d = op(
    "sum_pool2d",
    "sum_pool2d({})",
    lambda x, window, stride, padding=((0, 0), (0, 0)): _sums(x, window, stride, padding),
    lambda g, z, x, **at: sum_unpool2d(g, size=shape(x)[-2:], **at),
    tex=r"\mathrm{{sumpool}}({})",
    linear=True,
    doc="Add up each window of images (…, H, W).",
)
sum_unpool2d = op(
    "sum_unpool2d",
    "sum_unpool2d({})",
    lambda x, size, window, stride, padding=((0, 0), (0, 0)): _spread(x, size, window, stride, padding),
    lambda g, z, x, size, **at: sum_pool2d(g, **at),
    tex=r"\mathrm{{sumpool}}^\top({})",
    linear=True,
    doc="Add each number to every place of its window, the transpose of sum_pool2d.",
)
max_pool2d = op(
    "max_pool2d",
    "max_pool2d({})",
    lambda x, window, stride, padding=((0, 0), (0, 0)), dilation=(1, 1): _maxima(x, window, stride, padding, dilation),
    lambda g, z, x, **at: max_unpool2d(g, z, x, **at),
    tex=r"\mathrm{{maxpool}}({})",
    onnx="MaxPool",
    doc="Find the largest number of each window of images (…, H, W); ties share the gradient.",
)
max_unpool2d = op(
    "max_unpool2d",
    "max_unpool2d({}, {}, {})",
    lambda y, m, x, window, stride, padding=((0, 0), (0, 0)), dilation=(1, 1): _to_largest(
        y, m, x, window, stride, padding, dilation
    ),
    lambda g, z, y, m, x, **at: max_picked2d(g, m, x, **at),
    None,
    None,
    tex=r"\mathrm{{maxpool}}^\top({}, {}, {})",
    doc="Give each number of y to where the window of x has its maximum m; ties get equal shares.",
)
max_picked2d = op(
    "max_picked2d",
    "max_picked2d({}, {}, {})",
    lambda y, m, x, window, stride, padding=((0, 0), (0, 0)), dilation=(1, 1): _at_largest(
        y, m, x, window, stride, padding, dilation
    ),
    lambda g, z, y, m, x, **at: max_unpool2d(g, m, x, **at),
    None,
    None,
    tex=r"\mathrm{{picked}}({}, {}, {})",
    doc="Pick the element of y at the place of the maximum m of each window of x; the average at ties.",
)


def window_count(n: int, window: int, stride: int, padding: Pair, dilation: int = 1) -> int:
    """Return how many windows fit on an axis of length `n`."""
    return (n + sum(padding) - dilation * (window - 1) - 1) // stride + 1


def without_places(n: int, window: int, stride: int, padding: Pair, dilation: int) -> bool:
    """Say whether some window on an axis of length `n` lies on padding alone."""
    first = np.arange(window_count(n, window, stride, padding, dilation))[:, None] * stride - padding[0]
    place = first + np.arange(window) * dilation
    return bool(np.any(np.all((place < 0) | (place >= n), axis=1)))


def overlap(n: int, m: int, stride: int, offset: int) -> tuple[slice, slice]:
    """Return where two axes meet: result o, of `m`, has place o · stride + offset, of `n`, if that exists.

    The first slice is of the results, the second of the places.
    """
    first = max(0, -(offset // stride))
    stop = max(first, min(m, (n - 1 - offset) // stride + 1))
    start = first * stride + offset
    return slice(first, stop), slice(start, start + (stop - first) * stride, stride) if stop > first else slice(0, 0)


def places(size: Pair, counts: Pair, window: Pair, stride: Pair, padding: Padding, dilation: Pair) -> Iterator[Any]:
    """Yield, for each place in a window, the index of the windows that have it on the image, and that of the image."""
    across = [overlap(size[1], counts[1], stride[1], j * dilation[1] - padding[1][0]) for j in range(window[1])]
    for i in range(window[0]):
        rows, at_rows = overlap(size[0], counts[0], stride[0], i * dilation[0] - padding[0][0])
        for columns, at_columns in across:
            yield (..., rows, columns), (..., at_rows, at_columns)


def window_counts(x: np.ndarray, window: Pair, stride: Pair, padding: Padding, dilation: Pair) -> Pair:
    """Return how many windows there are, from top to bottom and from left to right."""
    return (
        window_count(x.shape[-2], window[0], stride[0], padding[0], dilation[0]),
        window_count(x.shape[-1], window[1], stride[1], padding[1], dilation[1]),
    )


def image_like(x: np.ndarray, size: Pair, fill: Any, dtype: Any = None) -> np.ndarray:
    """Return an image of another size whose axes lie in memory in the order of those of `x`."""
    return np.full_like(x, fill, dtype, shape=(*x.shape[:-2], *size))


def sum_type(x: np.ndarray) -> Any:
    """Return the dtype in which numbers are added up, as NumPy's sum has it."""
    return np.add.reduce(np.zeros(1, x.dtype)).dtype


def _sums(x: np.ndarray, window: Pair, stride: Pair, padding: Padding) -> np.ndarray:
    z = image_like(x, window_counts(x, window, stride, padding, (1, 1)), 0, sum_type(x))
    for here, there in places(x.shape[-2:], z.shape[-2:], window, stride, padding, (1, 1)):
        z[here] += x[there]
    return z


def _spread(x: np.ndarray, size: Pair, window: Pair, stride: Pair, padding: Padding) -> np.ndarray:
    z = image_like(x, size, 0, sum_type(x))
    for here, there in places(size, x.shape[-2:], window, stride, padding, (1, 1)):
        z[there] += x[here]
    return z


def _maxima(x: np.ndarray, window: Pair, stride: Pair, padding: Padding, dilation: Pair) -> np.ndarray:
    counts = window_counts(x, window, stride, padding, dilation)
    if padding != ((0, 0), (0, 0)) or window == (1, 1):
        z = image_like(x, counts, -np.inf, x.dtype if x.dtype.kind == "f" else float)
        for here, there in places(x.shape[-2:], counts, window, stride, padding, dilation):
            np.maximum(z[here], x[there], out=z[here])
        return z
    (_, one), (_, two), *rest = places(x.shape[-2:], counts, window, stride, padding, dilation)
    z = np.maximum(x[one], x[two])  # every window lies wholly on the image: nothing to fill in first
    for _, there in rest:
        np.maximum(z, x[there], out=z)
    return z


def window_maxima(
    m: np.ndarray, x: np.ndarray, window: Pair, stride: Pair, padding: Padding, dilation: Pair
) -> tuple[list[Any], np.ndarray]:
    """Return the places of windows, each with where it holds the maximum m; and in how many places each window does."""
    found, ties = [], np.zeros_like(m, np.min_scalar_type(window[0] * window[1]))
    for here, there in places(x.shape[-2:], m.shape[-2:], window, stride, padding, dilation):
        holds = x[there] == m[here]
        ties[here] += holds.view(np.uint8)
        found.append((here, there, holds))
    return found, ties


def in_shares(y: np.ndarray, ties: np.ndarray) -> np.ndarray:
    """Return y divided by the number of places that each window's part goes to, in the memory order of the maxima."""
    if y.shape != ties.shape:
        return np.divide(y, ties, dtype=y.dtype)
    share = np.empty_like(ties, y.dtype)
    if ties.size and ties.min() == ties.max() == 1:
        np.copyto(share, y)  # without ties, as most of the time, there is nothing to divide
    else:
        np.divide(y, ties, out=share)
    return share


def _to_largest(
    y: np.ndarray, m: np.ndarray, x: np.ndarray, window: Pair, stride: Pair, padding: Padding, dilation: Pair
) -> np.ndarray:
    found, ties = window_maxima(m, x, window, stride, padding, dilation)
    share = in_shares(y, ties)
    apart = stride[0] > dilation[0] * (window[0] - 1) and stride[1] > dilation[1] * (window[1] - 1)
    like = x if x.ndim == share.ndim else share
    z = np.empty_like(like, y.dtype, shape=(*like.shape[:-2], *x.shape[-2:]))
    if not apart or sum(z[there].size for _, there, _ in found) < z.size:
        z.fill(0)
    for here, there, holds in found:
        if apart:  # each place is in one window
            np.multiply(share[here], holds, out=z[there])
        else:
            z[there] += share[here] * holds
    return z


def _at_largest(
    y: np.ndarray, m: np.ndarray, x: np.ndarray, window: Pair, stride: Pair, padding: Padding, dilation: Pair
) -> np.ndarray:
    found, ties = window_maxima(m, x, window, stride, padding, dilation)
    z = image_like(y, m.shape[-2:], 0)
    for here, there, holds in found:
        z[here] += y[there] * holds
    return np.divide(z, ties, dtype=y.dtype)
