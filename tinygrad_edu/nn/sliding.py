"""Arguments of functions that slide a window over images or series: checked, and put into the terms of the rows.

Knows nothing of what is computed of a window.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.node import Node
from ..errors import ShapeError
from ..errors.where import users_line
from ..ops import windows
from .arguments import size, sizes

Around = tuple[tuple[int, int], ...]  # the padding before and after, for each axis

KINDS = {
    1: ("series (N, C, L), or one (C, L)", "give it an axis of channels, as in x[:, None] for series in rows"),
    2: (
        "images (N, C, H, W), or one (C, H, W)",
        "give one image an axis of channels, as in x[None]; make images of rows as in x.reshape(-1, 1, 28, 28)",
    ),
}


def as_image(owner: str, x: Any, axes: int = 2) -> Any:
    """Return what has channels and one or two axes more as a node or an array. Raises ShapeError for anything else."""
    x = x if isinstance(x, Node) else np.asarray(x)
    if len(x.shape) in (axes + 1, axes + 2):
        return x
    expected, fix = KINDS[axes]
    raise ShapeError(f"{owner}: expected {expected}, got {x.shape}: {fix} (at {users_line()})")


def check_channels(owner: str, x: Any, weight: Any, groups: int, axes: int) -> None:
    """Raise ShapeError where the weights do not fit the channels."""
    shape, channels = weight.shape, x.shape[-axes - 1]
    if len(shape) != axes + 2:
        raise ShapeError(
            f"{owner}: expected weights (O, C / groups, {'kh, kw' if axes == 2 else 'k'}), got {shape} "
            f"(at {users_line()})"
        )
    if channels != shape[1] * groups:
        fix = f"change the layer to in_channels={channels}, or the input, whose axis {-axes - 1} holds the channels"
        if shape[1] * groups == 1 and len(x.shape) == axes + 1:
            fix = f"if it holds {channels} examples, give them an axis of channels, as in x[:, None]"
        raise ShapeError(
            f"{owner}: {x.shape} has {channels} channels, and weights {shape} see {shape[1] * groups}"
            f"{f' in {groups} groups' if groups > 1 else ''}: {fix} (at {users_line()})"
        )
    check_groups(owner, channels, shape[0], groups)


def check_groups(owner: str, channels: int, filters: int, groups: Any) -> int:
    """Return `groups` as an int. Raises ValueError where channels or filters are no multiple of it."""
    divisor = size(owner, "groups", groups)
    for name, n in (("in_channels", channels), ("out_channels", filters)):
        if n % divisor:
            raise ValueError(
                f"{owner}: {name}={n} is no multiple of groups={divisor}: use {name}={-(-n // divisor) * divisor} "
                f"(at {users_line()})"
            )
    return divisor


def check_fit(owner: str, x: Any, window: tuple[int, ...], dilation: tuple[int, ...], around: Around) -> None:
    """Raise ShapeError where a window is larger than the padded image."""
    spans = [d * (k - 1) + 1 for k, d in zip(window, dilation, strict=True)]
    lengths = x.shape[-len(window) :]
    short = [span - n - sum(p) for span, n, p in zip(spans, lengths, around, strict=True)]
    if max(short) > 0:
        dilated = f", dilated to {by(spans)}," if any(d > 1 for d in dilation) else ""
        raise ShapeError(
            f"{owner}: a window of {by(window)}{dilated} does not fit on {x.shape}, of {by(lengths)} and padding "
            f"{around}: use a smaller kernel_size, or padding={max(p[0] for p in around) + (max(short) + 1) // 2} "
            f"(at {users_line()})"
        )


def padding_amounts(
    owner: str, padding: Any, window: tuple[int, ...], stride: tuple[int, ...], dilation: tuple[int, ...]
) -> Around:
    """Return the padding before and after each axis. Raises ValueError where there is none of that name."""
    if not isinstance(padding, str):
        return tuple((n, n) for n in sizes(owner, "padding", padding, len(window), least=0))
    if padding == "valid":
        return ((0, 0),) * len(window)
    if padding != "same":
        raise ValueError(
            f"{owner}: padding must be whole numbers, 'same' or 'valid', not {padding!r:.60} (at {users_line()})"
        )
    if any(s > 1 for s in stride):
        raise ValueError(
            f"{owner}: padding='same' keeps the size, and stride={stride} does not: use "
            f"padding={tuple(k // 2 for k in window)} (at {users_line()})"
        )
    spans = [d * (k - 1) for k, d in zip(window, dilation, strict=True)]
    return tuple((span // 2, span - span // 2) for span in spans)


def pooling(
    owner: str, x: Any, kernel_size: Any, stride: Any, padding: Any, dilation: tuple[int, ...], ceil_mode: bool
) -> tuple[tuple[int, ...], tuple[int, ...], Around]:
    """Return the window, the stride and the padding of a pooling. Raises ValueError, ShapeError."""
    window = sizes(owner, "kernel_size", kernel_size)
    stride = window if stride is None else sizes(owner, "stride", stride)
    pad = sizes(owner, "padding", padding, least=0)
    if any(p > k // 2 for p, k in zip(pad, window, strict=True)):
        raise ValueError(
            f"{owner}: padding={padding} is more than half of the window of {by(window)}, and some windows would hold "
            f"nothing else: use padding={tuple(k // 2 for k in window)} at the most (at {users_line()})"
        )
    axes = zip(x.shape[-2:], window, stride, pad, dilation, strict=True)
    around = tuple((p, p + (overhang(n, k, s, p, d) if ceil_mode else 0)) for n, k, s, p, d in axes)
    check_fit(owner, x, window, dilation, around)
    for n, *sliding in zip(x.shape[-2:], window, stride, around, dilation, strict=True):
        if windows.without_places(n, *sliding):
            raise ValueError(
                f"{owner}: with dilation={dilation} some windows of {by(window)} on {x.shape} would hold nothing but "
                f"padding: use padding=0 or a smaller dilation (at {users_line()})"
            )
    return window, stride, around


def overhang(n: int, window: int, stride: int, pad: int, dilation: int) -> int:
    """Return how far beyond the padding the last window of an axis reaches, if it begins before its end."""
    span = dilation * (window - 1) + 1
    last = -(-(n + 2 * pad - span) // stride) * stride  # where it begins, counted from the edge of the padding
    last -= stride if last >= n + pad else 0
    return max(0, last + span - n - 2 * pad)


def covered(n: int, m: int, window: int, stride: int, around: tuple[int, int], pad: int) -> np.ndarray[Any, Any]:
    """Return how many places of each of `m` windows lie on an axis of length `n`, with `pad` on either side."""
    start = np.arange(m) * stride - around[0]
    return np.minimum(start + window, n + pad) - np.maximum(start, -pad)


def by(lengths: Any) -> str:
    """Return lengths as one writes them: 5×5."""
    return "×".join(map(str, lengths))
