"""Order statistics, and the positions of sorted and of extreme elements, which have no derivative."""

from __future__ import annotations

import numpy as np

from ..core.op import op
from .reductions import share_of_extreme


def positions_in_order(x: np.ndarray, axis: int = -1, descending: bool = False) -> np.ndarray:
    """Return the positions that put an axis in order; equals keep theirs, and NaN comes last either way."""
    if not descending:
        return np.argsort(x, axis=axis, kind="stable")
    last = x.shape[axis] - 1
    order = np.flip(last - np.argsort(np.flip(x, axis), axis=axis, kind="stable"), axis)
    missing = np.take_along_axis(np.isnan(x), order, axis)
    return np.take_along_axis(order, np.argsort(missing, axis=axis, kind="stable"), axis)


kth_smallest = op(
    "kth_smallest",
    "kth_smallest({}, {})",
    lambda x, k, axis: np.take_along_axis(np.sort(x, axis), k, axis),
    lambda g, z, x, k, axis: g * share_of_extreme(z, x, axis, True),
    None,
    tex=r"\mathrm{{kth}}({}, {})",
    doc="Find the element that k others precede in order along an axis, which stays with length 1; ties share.",
)
argmax = op(
    "argmax",
    "argmax({})",
    lambda x, axis=None, keepdims=False: np.argmax(x, axis=axis, keepdims=keepdims),
    tex=r"\mathrm{{argmax}}({})",
    onnx="ArgMax",
    doc="Return where the largest element lies; the first of equals.",
)
argmin = op(
    "argmin",
    "argmin({})",
    lambda x, axis=None, keepdims=False: np.argmin(x, axis=axis, keepdims=keepdims),
    tex=r"\mathrm{{argmin}}({})",
    onnx="ArgMin",
    doc="Return where the smallest element lies; the first of equals.",
)
argsort = op(
    "argsort",
    "argsort({})",
    positions_in_order,
    tex=r"\mathrm{{argsort}}({})",
    doc="Return the positions that put an axis in order; equals keep theirs.",
)
argpartition = op(
    "argpartition",
    "argpartition({})",
    lambda x, kth, axis=-1, kind="introselect": np.argpartition(x, kth, axis, kind),
    tex=r"\mathrm{{argpartition}}({})",
    doc="Return positions that put the kth element where it belongs, the smaller before it and the larger behind.",
)
searchsorted = op(
    "searchsorted",
    "searchsorted({}, {})",
    lambda a, v, side="left": np.searchsorted(a, v, side),
    tex=r"\mathrm{{searchsorted}}({}, {})",
    doc="Return where v would be inserted into the ordered a.",
)
