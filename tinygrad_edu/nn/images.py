"""Convolution and pooling as functions, with PyTorch's names and meanings; made of rows.

An image is (C, H, W) and a batch of them (N, C, H, W); a series is (C, L), a batch (N, C, L). `sliding` checks the
arguments; `ops.convolution` and `ops.windows` compute.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.node import Node
from ..errors import ShapeError
from ..errors.where import users_line
from ..ops import convolution, windows
from ..ops.precision import HALF, exact, rounded
from .arguments import size, sizes
from .sliding import as_image, by, check_channels, check_fit, check_groups, covered, padding_amounts, pooling


def conv2d(
    x: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
) -> Any:
    """Return the convolution of images with filters: (N, O, H', W') of (N, C, H, W).

    weight: (O, C / groups, kh, kw). bias: (O,). stride, dilation: an int, or a pair of them, down and right. padding:
    the same, "valid" for none, or "same" for results as large as the images. groups: of channels, which do not see
    each other. One image, without the axis of the batch, will do. Raises ShapeError, ValueError.
    """
    return convolved(2, x, weight, bias, stride, padding, dilation, groups)


def conv1d(
    x: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
) -> Any:
    """Return the convolution of series with filters: (N, O, L') of (N, C, L).

    weight: (O, C / groups, k). Everything else is as in `conv2d`, with one axis.
    """
    return convolved(1, x, weight, bias, stride, padding, dilation, groups)


def convolved(axes: int, x: Any, weight: Any, bias: Any, stride: Any, padding: Any, dilation: Any, groups: int) -> Any:
    """Return a convolution over the last one or two axes; over one, it is that of images of one row."""
    owner = f"conv{axes}d"
    x = as_image(owner, x, axes)
    weight, bias = (y if y is None or isinstance(y, Node) else np.asarray(y) for y in (weight, bias))
    operands = [y for y in (x, weight, bias) if y is not None]
    x, weight = exact(x), exact(weight)
    check_channels(owner, x, weight, size(owner, "groups", groups), axes)
    if bias is not None and bias.shape != weight.shape[:1]:
        raise ShapeError(
            f"{owner}: the bias must hold one number for each of the {weight.shape[0]} filters that weights "
            f"{weight.shape} are, ({weight.shape[0]},), and is {bias.shape} (at {users_line()})"
        )
    window = weight.shape[2:]
    stride, dilation = sizes(owner, "stride", stride, axes), sizes(owner, "dilation", dilation, axes)
    around = padding_amounts(owner, padding, window, stride, dilation)
    check_fit(owner, x, window, dilation, around)
    batched, flat = len(x.shape) == axes + 2, 2 - axes
    if not batched or flat:
        x = x.reshape((x.shape[0] if batched else 1, x.shape[-axes - 1], *(1,) * flat, *x.shape[-axes:]))
    if flat:
        weight = weight.reshape((*weight.shape[:2], 1, *window))
        stride, dilation, around = (1, *stride), (1, *dilation), ((0, 0), *around)
    how = {"stride": stride, "padding": around, "dilation": dilation, "groups": groups}
    z = convolution.conv2d(x, weight, **how) if bias is None else convolution.affine_conv2d(x, weight, bias, **how)
    if all(y.dtype is HALF for y in operands):
        z = rounded(z, operands[0])
    return z if batched and not flat else z.reshape((*z.shape[1 - batched : 2], *z.shape[-axes:]))


def conv_transpose2d(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Any:
    """Return images in which each number of (N, C, H, W) has added its filters to its window: `conv2d` backwards.

    weight: (C, O / groups, kh, kw). bias: (O,). The result is the image (N, O, H', W') of which a convolution with
    this stride, padding and dilation has the size of `x`; where several have, output_padding says how much larger
    than the smallest it is, down and right. Raises ShapeError, ValueError.
    """
    owner = "conv_transpose2d"
    x = as_image(owner, x)
    weight, bias = (y if y is None or isinstance(y, Node) else np.asarray(y) for y in (weight, bias))
    channels = x.shape[-3]
    if len(weight.shape) != 4 or weight.shape[0] != channels:
        raise ShapeError(
            f"{owner}: {x.shape} has {channels} channels and needs weights ({channels}, O / groups, kh, kw), not "
            f"{weight.shape} (at {users_line()})"
        )
    check_groups(owner, channels, channels, groups)
    stride, dilation = sizes(owner, "stride", stride), sizes(owner, "dilation", dilation)
    pad, more = sizes(owner, "padding", padding, least=0), sizes(owner, "output_padding", output_padding, least=0)
    if any(m >= s for m, s in zip(more, stride, strict=True)):
        raise ValueError(
            f"{owner}: output_padding={more} must be below the stride {stride}: by as much only may sizes differ that "
            f"a convolution makes alike (at {users_line()})"
        )
    lengths = zip(x.shape[-2:], weight.shape[2:], stride, pad, dilation, more, strict=True)
    large = tuple((n - 1) * s - 2 * p + d * (k - 1) + m + 1 for n, k, s, p, d, m in lengths)
    if min(large) < 1:
        raise ShapeError(f"{owner}: nothing is left of {x.shape} with padding={pad} (at {users_line()})")
    batched = len(x.shape) == 4
    how = {"stride": stride, "padding": tuple((p, p) for p in pad), "dilation": dilation, "groups": groups}
    numbers = exact(x if batched else x[None])
    z = convolution.conv2d_input(numbers, exact(weight), size=large, **how)
    z = z if bias is None else z + bias.reshape((-1, 1, 1))
    if all(y is None or y.dtype is HALF for y in (x, weight, bias)):
        z = rounded(z, x)
    return z if batched else z[0]


def max_pool2d(
    x: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: bool = False
) -> Any:
    """Return the largest number of each window of images (N, C, H, W) or (C, H, W).

    stride: `kernel_size` where it is None. Padding is never the largest. ceil_mode: whether windows may reach over the
    lower and the right edge. Where several places of a window hold its maximum they share the gradient equally, see
    docs/numbers.md; PyTorch gives the first of them all. Raises ShapeError, ValueError.
    """
    owner = "max_pool2d"
    x, dilation = as_image(owner, x), sizes(owner, "dilation", dilation)
    window, stride, around = pooling(owner, x, kernel_size, stride, padding, dilation, ceil_mode)
    return windows.max_pool2d(x, window=window, stride=stride, padding=around, dilation=dilation)


def avg_pool2d(
    x: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Any:
    """Return the average of each window of images (N, C, H, W) or (C, H, W).

    stride: `kernel_size` where it is None. ceil_mode: whether windows may reach over the lower and the right edge.
    count_include_pad: whether zeros of the padding count. divisor_override: what sums are divided by instead of the
    number of what was added up. Raises ShapeError, ValueError.
    """
    owner = "avg_pool2d"
    x = as_image(owner, x)
    window, stride, around = pooling(owner, x, kernel_size, stride, padding, (1, 1), ceil_mode)
    z = windows.sum_pool2d(exact(x), window=window, stride=stride, padding=around)
    if divisor_override is not None:
        return rounded(z / size(owner, "divisor_override", divisor_override), x)
    pad = sizes(owner, "padding", padding, least=0) if count_include_pad else (0, 0)
    counts = np.multiply.outer(
        *(
            covered(n, m, *axis)
            for n, m, *axis in zip(x.shape[-2:], z.shape[-2:], window, stride, around, pad, strict=True)
        )
    )
    divisor = int(counts[0, 0]) if counts.size and (counts == counts[0, 0]).all() else counts.astype(z.dtype)
    return rounded(z / divisor, x)


def adaptive_avg_pool2d(x: Any, output_size: Any) -> Any:
    """Return the averages of as many windows, of equal size, as `output_size` says: with 1 that of each channel.

    Raises ShapeError where the images cannot be cut so.
    """
    x, wanted = as_image("adaptive_avg_pool2d", x), sizes("adaptive_avg_pool2d", "output_size", output_size)
    height, width = x.shape[-2:]
    if height % wanted[0] or width % wanted[1]:
        raise ShapeError(
            f"adaptive_avg_pool2d: images {x.shape} cannot be cut into {by(wanted)} windows of equal size, and others "
            f"are not offered: use output_size=1, or avg_pool2d(x, kernel_size) (at {users_line()})"
        )
    return avg_pool2d(x, (height // wanted[0], width // wanted[1]))
