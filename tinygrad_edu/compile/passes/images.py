"""Decompositions of convolution and pooling: windows that are cut once, and relu where there are fewer numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..codegen.primitives import POSITIVE, STRIPS, STRIPS_BY_RESULTS, STRIPS_BY_WEIGHTS

KEPT = 2**22  # numbers of windows that may be kept from the convolution until the gradient of its weights
FLOAT = (np.float32, np.float64)
ONE, UNPADDED = (1, 1), ((0, 0), (0, 0))  # the rows' own defaults


def _cut(emit: Any, x: Any, y: Any, size: Any, stride: Any, padding: Any, dilation: Any, groups: int) -> Any:
    """Cut images into windows, once for a convolution and for the gradient of its weights; None where that is none."""
    if x.data.dtype not in FLOAT or x.data.dtype != y.data.dtype or not x.data.ndim == y.data.ndim == 4:
        return None
    if size[1] == 1 or x.data.size * size[1] > KEPT:  # one column is a view of the images
        return None
    return emit(STRIPS, x, kw=size[1], stride=stride[1], padding=padding, dilation=dilation[1], groups=groups)


def conv2d_from_strips(
    emit: Any,
    x: Any,
    w: Any,
    *bias: Any,
    stride: Any = ONE,
    padding: Any = UNPADDED,
    dilation: Any = ONE,
    groups: int = 1,
) -> Any:
    """Compute a convolution from windows that its weights' gradient shares."""
    cut = _cut(emit, x, w, np.shape(w.data)[-2:], stride, padding, dilation, groups)
    if cut is None:
        return None
    return emit(STRIPS_BY_WEIGHTS, cut, w, *bias, stride=stride, dilation=dilation, groups=groups)


def weights_from_strips(
    emit: Any,
    x: Any,
    y: Any,
    size: Any,
    stride: Any = ONE,
    padding: Any = UNPADDED,
    dilation: Any = ONE,
    groups: int = 1,
) -> Any:
    """Compute the gradient of a convolution's weights from the windows of the convolution."""
    cut = _cut(emit, x, y, size, stride, padding, dilation, groups)
    if cut is None:
        return None
    return emit(STRIPS_BY_RESULTS, cut, y, size=size, stride=stride, dilation=dilation, groups=groups)


def _is_relu(x: Any) -> bool:
    return x.op is POSITIVE and x.args[1].constant and not np.any(x.args[1].data)


def relu_of_maxima(emit: Any, x: Any, **how: Any) -> Any:
    """Compute relu after the maxima, of which there are fewer: it keeps order, so they are the same."""
    return emit("relu", emit("max_pool2d", x.args[0], **how)) if _is_relu(x) else None


def relu_before_unpooling(emit: Any, condition: Any, zero: Any, y: Any) -> Any:
    """Return relu's gradient after unpooling as unpooling after relu's gradient; None where it is something else.

    Where the maximum of a window is above 0, it is that of what relu was computed from; where it is not, nothing gets
    through. A window with a NaN in it gives NaNs either way, and to more of its places this way.
    """
    if condition.op is None or y.op is None or (condition.op.name, y.op.name) != ("less_equal", "max_unpool2d"):
        return None
    g, p, r = y.args
    p = p.args[0] if _is_relu(p) else p
    if not (_is_relu(r) and condition.args[0] is r and is_zero(condition.args[1]) and is_zero(zero)):
        return None
    if p.op is None or p.op.name != "max_pool2d" or p.args[0] is not r.args[0] or p.params != y.params:
        return None
    return emit("max_unpool2d", emit("where", emit("less_equal", p, 0), 0.0, g), p, r.args[0], **y.params)


def is_zero(x: Any) -> bool:
    """Tell whether an operand is the constant 0.0, which has no sign."""
    return bool(x.constant and np.ndim(x.data) == 0 and x.data == 0 and not np.signbit(x.data))
