"""ONNX operators of the rows that are not one operator by the name in their `onnx`.

A writer is given the graph being written, the node and the names of its operands, and returns the name of the result.
A row that is not here and has no operator of its own is refused by name.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.node import data_of

if TYPE_CHECKING:
    from ..core.node import Node
    from .onnx import OnnxWriter

Write = Callable[..., str]

LOGIC = {"logical_and": "And", "logical_or": "Or", "logical_xor": "Xor", "logical_not": "Not"}
BOOLEAN_ROWS = {"greater", "greater_equal", "less", "less_equal", "equal"}
REDUCTIONS = {"sum", "mean", "max", "min", "prod", "norm", "logsumexp"}


class Refused(Exception):  # noqa: N818  # it becomes the reason in an error
    """A row with these parameters has no operator in ONNX; the message says why."""


def composed(*steps: tuple[Any, ...]) -> Write:
    """Return a writer of several operators: (operator, operands), where 0 is the operand and -1 the last result."""

    def write(w: OnnxWriter, z: Node, *names: str) -> str:
        made: list[str] = []
        for operator, *operands in steps:
            made.append(w.emit(operator, [onnx_operand(w, z, x, names, made) for x in operands]))
        return made[-1]

    return write


def onnx_operand(w: OnnxWriter, z: Node, x: Any, names: tuple[str, ...], made: list[str]) -> str:
    """Return the name of an operand of a step: of an operand, of the result of a step before, or of a number."""
    if isinstance(x, int):
        return names[x] if x >= 0 else made[x]
    return w.constant(np.asarray(x, z._data.dtype))


def onnx_reduction(w: OnnxWriter, z: Node, x: str) -> str:
    """Write a reduction: its axes are an operand."""
    axis, keep = z.params.get("axis"), int(bool(z.params.get("keepdims")))
    axes = axis if isinstance(axis, tuple) else () if axis is None else (axis,)
    if axis == ():
        return w.emit("Identity", [x])
    inputs = [x, w.constant(np.array(axes, np.int64))] if axes else [x]
    assert z.op is not None
    return w.emit(z.op.onnx, inputs, keepdims=keep)


def linear(w: OnnxWriter, z: Node, x: str, weight: str, bias: str) -> str:
    """Write the weighted sums of a layer, for any number of axes."""
    if np.ndim(data_of(z.inputs[1])) != 2:
        raise Refused("its weights are a stack of matrices")
    turned = w.emit("Transpose", [weight], perm=[1, 0])
    return w.emit("Add", [w.emit("MatMul", [x, turned]), bias])


def convolution(w: OnnxWriter, z: Node, *names: str) -> str:
    """Write a convolution."""
    return w.emit("Conv", [*names], **sliding(z))


def transposed_convolution(w: OnnxWriter, z: Node, y: str, weight: str) -> str:
    """Write a convolution backwards: what its size is beyond the smallest is output padding."""
    how = sliding(z)
    lengths, window = np.shape(data_of(z.inputs[0]))[-2:], np.shape(data_of(z.inputs[1]))[-2:]
    begin, end = how["pads"][:2], how["pads"][2:]
    more = [
        n - ((m - 1) * s - b - e + d * (k - 1) + 1)
        for n, m, k, s, d, b, e in zip(
            z.params["size"], lengths, window, how["strides"], how["dilations"], begin, end, strict=True
        )
    ]
    if min(more) < 0:
        raise Refused("its size is below that of ONNX")
    return w.emit("ConvTranspose", [y, weight], output_padding=more, **how)


def sliding(z: Node) -> dict[str, Any]:
    """Return how windows slide, as attributes. Raises Refused for stacks of batches."""
    if np.ndim(z._data) != 4:
        raise Refused("ONNX knows images (n, channels, height, width) only")
    (above, below), (left, right) = z.params.get("padding", ((0, 0), (0, 0)))
    return {
        "strides": [*z.params.get("stride", (1, 1))],
        "dilations": [*z.params.get("dilation", (1, 1))],
        "pads": [above, left, below, right],
        "group": z.params.get("groups", 1),
    }


def max_pool(w: OnnxWriter, z: Node, x: str) -> str:
    """Write maxima of windows."""
    how = sliding(z)
    del how["group"]
    return w.emit("MaxPool", [x], kernel_shape=[*z.params["window"]], **how)


def sum_pool(w: OnnxWriter, z: Node, x: str) -> str:
    """Write sums of windows: averages that count the padding, times the size of a window."""
    how = sliding(z)
    del how["group"], how["dilations"]
    window = z.params["window"]
    mean = w.emit("AveragePool", [x], kernel_shape=[*window], count_include_pad=1, **how)
    return w.emit("Mul", [mean, w.constant(np.asarray(math.prod(window), z._data.dtype))])


def getitem(w: OnnxWriter, z: Node, x: str, *indices: str) -> str:
    """Write an index of slices, whole numbers, new axes and one array of whole numbers."""
    key, shape = z.params["key"], np.shape(data_of(z.inputs[0]))
    if indices:
        spots = [i for i, part in enumerate(key) if part == "HERE"]
        if len(indices) > 1 or np.asarray(data_of(z.inputs[1])).dtype == bool:
            raise Refused("it is indexed by several arrays, or by truth values")
        rest = key[: spots[0]] + key[spots[0] + 1 :]
        if any(part != slice(None) and part is not Ellipsis for part in rest) or Ellipsis in key[: spots[0]]:
            raise Refused("it is indexed by an array and by something else")
        wrapped = w.emit("Cast", [indices[0]], to=w.type_of(np.dtype(np.int64)))
        return w.emit("Gather", [x, wrapped], axis=spots[0])
    taken = sum(part is not None and part is not Ellipsis for part in key)
    if not any(part is Ellipsis for part in key):
        key = (*key, Ellipsis)
    axis, starts, gone, new, at = 0, [], [], [], 0
    for part in key:
        if part is Ellipsis:
            axis, at = axis + len(shape) - taken, at + len(shape) - taken
        elif part is None:
            new.append(at)
            at += 1
        else:
            if isinstance(part, slice):
                begin, end, step = part.indices(shape[axis])
                end = end if end >= 0 else -(2**62)
            else:
                begin, step = part % shape[axis], 1
                end = begin + 1
                gone.append(axis)
            starts.append((axis, begin, end, step))
            axis, at = axis + 1, at + isinstance(part, slice)
    if starts:
        axes, begins, ends, steps = (w.constant(np.array(column, np.int64)) for column in zip(*starts, strict=True))
        x = w.emit("Slice", [x, begins, ends, axes, steps])
    if gone:
        x = w.emit("Squeeze", [x, w.constant(np.array(gone, np.int64))])
    return w.emit("Unsqueeze", [x, w.constant(np.array(new, np.int64))]) if new else w.emit("Identity", [x])


def softmax_cross_entropy(w: OnnxWriter, z: Node, scores: str, labels: str) -> str:
    """Write the loss of each example: log-probabilities at the labels."""
    if np.ndim(data_of(z.inputs[0])) != 2:
        raise Refused("its scores are not (n, classes)")
    log_p = w.emit("LogSoftmax", [scores], axis=-1)
    column = w.emit("Unsqueeze", [labels, w.constant(np.array([1], np.int64))])
    picked = w.emit("GatherElements", [log_p, w.emit("Cast", [column], to=w.type_of(np.dtype(np.int64)))], axis=1)
    return w.emit("Neg", [w.emit("Squeeze", [picked, w.constant(np.array([1], np.int64))])])


def logaddexp(w: OnnxWriter, _: Node, x: str, y: str) -> str:
    """Write log(exp(x) + exp(y)) by the larger, and a softplus of how far the other is below it."""
    gap = w.emit("Neg", [w.emit("Abs", [w.emit("Sub", [x, y])])])
    return w.emit("Add", [w.emit("Max", [x, y]), w.emit("Softplus", [gap])])


def attribute_writer(operator: str, **names: str) -> Write:
    """Return a writer that hands parameters of the row on as attributes; `names` are ours of theirs."""
    return lambda w, z, *xs: w.emit(
        operator, [*xs], **{theirs: z.params[ours] for theirs, ours in names.items() if ours in z.params}
    )


WRITERS: dict[str, Write] = {
    **dict.fromkeys(REDUCTIONS, onnx_reduction),
    **{name: (lambda w, z, *xs, operator=operator: w.emit(operator, [*xs])) for name, operator in LOGIC.items()},
    "not_equal": lambda w, z, x, y: w.emit("Not", [w.emit("Equal", [x, y])]),
    "reshape": lambda w, z, x: w.emit("Reshape", [x, w.constant(np.array(z._data.shape, np.int64))], allowzero=1),
    "broadcast_to": lambda w, z, x: w.emit("Expand", [x, w.constant(np.array(z._data.shape, np.int64))]),
    "transpose": lambda w, z, x: w.emit("Transpose", [x], perm=[int(a) % z._data.ndim for a in z.params["axes"]]),
    "mT": lambda w, z, x: w.emit(
        "Transpose", [x], perm=[*range(z._data.ndim - 2), z._data.ndim - 1, z._data.ndim - 2]
    ),
    "concatenate": lambda w, z, *xs: w.emit("Concat", [*xs], axis=z.params["axis"]),
    "astype": lambda w, z, x: w.emit("Cast", [x], to=w.type_of(z._data.dtype)),
    "as_integers": lambda w, z, x: w.emit("Cast", [x], to=w.type_of(z._data.dtype)),
    "softmax": lambda w, z, x: w.emit("Softmax", [x], axis=z.params.get("axis", -1)),
    "log_softmax": lambda w, z, x: w.emit("LogSoftmax", [x], axis=z.params.get("axis", -1)),
    "softmax_cross_entropy": softmax_cross_entropy,
    "getitem": getitem,
    "linear": linear,
    "matmul": lambda w, z, x, y: w.emit("MatMul", [x, y]),
    "einsum": lambda w, z, *xs: w.emit("Einsum", [*xs], equation=",".join(z.params["terms"]) + "->" + z.params["out"]),
    "conv2d": convolution,
    "affine_conv2d": convolution,
    "conv2d_input": transposed_convolution,
    "max_pool2d": max_pool,
    "sum_pool2d": sum_pool,
    "leaky_relu": attribute_writer("LeakyRelu", alpha="slope"),
    "elu": attribute_writer("Elu", alpha="alpha"),
    "hardtanh": lambda w, z, x: w.emit(
        "Clip",
        [x, *(w.constant(np.asarray(z.params.get(n, d), z._data.dtype)) for n, d in (("low", -1.0), ("high", 1.0)))],
    ),
    "clip": lambda w, z, x, low, high: w.emit("Min", [w.emit("Max", [x, low]), high]),
    "silu": composed(("Sigmoid", 0), ("Mul", 0, -1)),
    "square": composed(("Mul", 0, 0)),
    "positive": composed(("Identity", 0)),
    "rsqrt": composed(("Sqrt", 0), ("Reciprocal", -1)),
    "erfc": composed(("Erf", 0), ("Sub", 1.0, -1)),
    "log2": composed(("Log", 0), ("Mul", -1, 1 / math.log(2))),
    "log10": composed(("Log", 0), ("Mul", -1, 1 / math.log(10))),
    "exp2": composed(("Mul", 0, math.log(2)), ("Exp", -1)),
    "deg2rad": composed(("Mul", 0, math.pi / 180)),
    "rad2deg": composed(("Mul", 0, 180 / math.pi)),
    "logaddexp": logaddexp,
    "trunc": composed(("Abs", 0), ("Floor", -1), ("Sign", 0), ("Mul", -1, -2)),
    "fmod": lambda w, z, x, y: w.emit("Mod", [x, y], fmod=1),
    "one_hot": lambda w, z, x: one_hot(w, z, x),
    "argmax": lambda w, z, x: arg(w, z, x, "ArgMax"),
    "argmin": lambda w, z, x: arg(w, z, x, "ArgMin"),
    "cumsum": lambda w, z, x: w.emit("CumSum", [x, w.constant(np.array(z.params["axis"], np.int64))]),
}  # fmt: skip


def arg(w: OnnxWriter, z: Node, x: str, operator: str) -> str:
    """Write the place of an extreme along an axis, or in the whole."""
    axis = z.params.get("axis")
    if axis is None:
        x, axis = w.emit("Reshape", [x, w.constant(np.array([-1], np.int64))]), 0
    found = w.emit(operator, [x], axis=axis, keepdims=0)
    return w.emit("Reshape", [found, w.constant(np.array(z._data.shape, np.int64))])


def one_hot(w: OnnxWriter, z: Node, x: str) -> str:
    """Write rows with a 1 at the label, in single precision first, as ONNX Runtime has no other."""
    labels = w.emit("Cast", [x], to=w.type_of(np.dtype(np.int64)))
    classes, values = np.array(z.params["classes"], np.int64), np.array([0, 1], np.float32)
    made = w.emit("OneHot", [labels, w.constant(classes), w.constant(values)], axis=-1)
    return w.emit("Cast", [made], to=w.type_of(z._data.dtype))
