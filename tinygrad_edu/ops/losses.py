"""The softmax and cross-entropy losses."""

from __future__ import annotations

import functools

import numpy as np

from ..core.op import op
from .arithmetic import maximum
from .powers import exp, log, log1p
from .precision import floating, real_numbers, rounded, wide
from .reductions import added_up, sum

# A reduction begins anew at each row, and the rows that scores are, a number a class, are short: they are turned into
# columns, which are reduced all at once. The reductions are called by the names of ufuncs: np.max, written in Python,
# costs twice as much.


def _are_short(x: np.ndarray, axis: int) -> bool:
    return x.ndim == 2 and axis in (-1, 1) and x.shape[1] <= 32


def _below_0(x: np.ndarray, axis: int) -> np.ndarray:
    x = wide(x)
    return x - np.maximum.reduce(x, axis=axis, keepdims=True) if x.size else x.copy()


def _softmax(x: np.ndarray, axis: int = -1) -> np.ndarray:
    x = floating(x)
    if _are_short(x, axis):
        return _softmax(x.T.copy(), 0).T
    e = _below_0(x, axis)
    np.exp(e, out=e)
    e /= added_up(e, axis, True)
    return rounded(e, x)


def _log_softmax(x: np.ndarray, axis: int = -1) -> np.ndarray:
    x = floating(x)
    if _are_short(x, axis):
        return _log_softmax(x.T.copy(), 0).T
    z = _below_0(x, axis)
    if z.size:  # the sum over an empty axis is 0, which has no logarithm
        z -= np.log(added_up(np.exp(z), axis, True))
    return rounded(z, x)


def _cross_entropy(x: np.ndarray, labels: np.ndarray) -> np.ndarray:
    x, at, axis = floating(x), _at(labels), -1
    if _are_short(x, axis) and len(at) == 2:
        x, at, axis = x.T.copy(), at[::-1], 0
    e = _below_0(x, axis)
    picked = e[at]
    z = np.log(added_up(np.exp(e, out=e), axis, False))
    z -= picked
    return rounded(z, x)


def _softmax_minus_one_hot(x: np.ndarray, labels: np.ndarray) -> np.ndarray:
    p = _softmax(x, -1)
    p[_at(labels)] -= 1
    return p


def _at(labels: np.ndarray) -> tuple[np.ndarray, ...]:
    labels = np.asarray(labels)
    if labels.dtype.kind not in "iu":
        raise IndexError(f"labels are whole numbers, not {labels.dtype}")
    if labels.ndim == 1:
        return _row_numbers(len(labels)), labels
    return (*np.ogrid[tuple(map(slice, labels.shape))], labels)


@functools.lru_cache(4)
def _row_numbers(n: int) -> np.ndarray:
    found = np.arange(n)
    found.flags.writeable = False
    return found


softmax = op(
    "softmax",
    "softmax({})",
    _softmax,
    lambda g, z, x, axis=-1: (g - sum(g * z, axis=axis, keepdims=True)) * z,
    tex=r"\mathrm{{softmax}}({})",
    onnx="Softmax",
    doc="Turn scores along an axis into probabilities.",
)
log_softmax = op(
    "log_softmax",
    "log_softmax({})",
    _log_softmax,
    lambda g, z, x, axis=-1: g - sum(g, axis=axis, keepdims=True) * exp(z),
    tex=r"\ln\,\mathrm{{softmax}}({})",
    onnx="LogSoftmax",
    doc="Compute log(softmax(x)) along an axis without overflow.",
)
softmax_cross_entropy = op(
    "softmax_cross_entropy",
    "cross_entropy({}, {})",
    _cross_entropy,
    lambda g, z, x, labels: g[..., None] * softmax_minus_one_hot(x, labels),
    None,
    tex=r"-\ln\,\mathrm{{softmax}}({})_{{{}}}",
    onnx="SoftmaxCrossEntropyLoss",
    doc="Compute -log(softmax(x)) at the labels: one loss an example. Fused, so that its gradient is p - y at once.",
)
softmax_minus_one_hot = op(
    "softmax_minus_one_hot",
    "softmax({}) - onehot({})",
    _softmax_minus_one_hot,
    lambda g, z, x, labels: (g - sum(g * softmax(x), axis=-1, keepdims=True)) * softmax(x),
    None,
    tex=r"\mathrm{{softmax}}({}) - \mathrm{{onehot}}({})",
    doc="Compute p - y, the slope of the cross-entropy: the probabilities, less 1 at the label.",
)
binary_cross_entropy = op(
    "binary_cross_entropy",
    "binary_cross_entropy({}, {})",
    lambda p, y: _binary_cross_entropy(*(real_numbers(x, "binary_cross_entropy") for x in (p, y))),
    lambda g, z, p, y: wide(g) * (p - y) / maximum(wide(p) * (1 - wide(p)), 1e-12),
    lambda g, z, p, y: g * (maximum(log1p(-p), -100) - maximum(log(p), -100)),
    tex=r"-\ln\,p({}, {})",
    elementwise=True,
    doc="Compute -log(p) where y is 1 and -log(1 - p) where it is 0, each 100 at most, as PyTorch bounds them.",
)
one_hot = op(
    "one_hot",
    "one_hot({})",
    lambda labels, classes: _one_hot(labels, classes),
    tex=r"\mathrm{{onehot}}({})",
    onnx="OneHot",
    doc="Turn labels into rows with a 1 at the label and 0 elsewhere.",
)


def _binary_cross_entropy(p: np.ndarray, y: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore"):  # log(0) is one of the values that the bound is for
        return -(y * np.maximum(np.log(p), -100) + (1 - y) * np.maximum(np.log1p(-p), -100))


def _one_hot(labels: np.ndarray, classes: int) -> np.ndarray:
    return np.equal(np.asarray(labels)[..., None], np.arange(classes)).astype(float)
