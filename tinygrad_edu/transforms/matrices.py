"""All derivatives at once: Jacobians and Hessians; and products with a Hessian, which need no matrix."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import wraps
from typing import Any

import numpy as np

from ..core.node import Node, data_of
from ..core.tensor import Tensor
from ..core.value import Value
from ..ops.shapes import concatenate, reshape, shape
from .batched import Batch
from .forward import push
from .record import Function, Record, recording, spread
from .reverse import Argnums, chosen, fitted, grad, positions, vjp
from .trees import rebuilt

FEW = 3  # rows that are carried back sooner than it is found out whether they can be a batch


def jacobian(f: Function, argnums: Argnums = 0, *, strict: bool = False) -> Function:
    """Return a function that computes every derivative of `f` by the arguments at `argnums`.

    For a result of shape `m` and an argument of shape `n` it returns shape `m + n`, in the argument's kind; for nested
    results, the structure of the result with that of the argument in place of each leaf. Columns are carried forward
    where the arguments are fewer numbers than the result, else rows are carried back.
    """

    @wraps(f)
    def matrix(*args: Any, **named: Any) -> Any:
        record = Record(f, args, named, positions(argnums, args))
        record.report_independent(strict)
        return blocks(record, argnums)

    return matrix


def hessian(f: Function, argnums: Argnums = 0) -> Function:
    """Return a function that computes all second derivatives of `f`, one number, by the arguments at `argnums`.

    For an argument of shape `n` it returns shape `n + n`; for nested arguments, their structure within itself.
    """
    gradient = grad(f, argnums)

    @wraps(f)
    def matrix(*args: Any, **named: Any) -> Any:
        return blocks(Record(gradient, args, named, positions(argnums, args)), argnums)

    return matrix


def hvp(f: Function, x: Any, v: Any) -> Any:
    """Return the Hessian of `f`, one number, at `x`, times `v`: how fast the gradient changes as `x` moves along `v`.

    x, v: arrays, numbers, Tensors, Values or nested lists, tuples and dicts of them, built alike; a tuple stands for
    all arguments of `f` where `f` requires that many. As a Hessian is symmetric, `v` is carried back through the graph
    of the gradient: that costs about as much as two gradients, and no matrix.
    """
    args = spread(f, x)
    _, pullback = vjp(grad(f, range(len(args))), *args)
    products = pullback(spread(f, v))
    return products if args is x else products[0]


def blocks(record: Record, argnums: Argnums) -> Any:
    """Return the Jacobian of a record, built like its result, and in place of each leaf like its arguments."""
    numbers = [np.size(data_of(y)) for y in record.outputs], [np.size(data_of(x)) for x in record.inputs]
    rows, columns = map(sum, numbers)
    batch = Batch(record) if FEW < rows <= 4 * columns else None
    if batch is not None and batch.possible:
        found = by_batches(record, batch)
    else:
        found = by_columns(record) if columns < rows else by_rows(record)
    return rebuilt(record.result, iter([chosen(argnums, record.returned(row, record.nested)) for row in found]))


def by_batches(record: Record, batch: Batch) -> list[list[Any]]:
    """Return the block of each output and input, carrying many gradients back at once."""
    found = []
    for y in record.outputs:
        parts = [batch.pull(seeds) for seeds in batch.seeds(y)] if y in record.path else []
        columns = zip(*parts, strict=True) if parts else [()] * len(record.inputs)
        whole = [shape(data_of(y)) + shape(data_of(x)) for x in record.inputs]
        found.append([flattened(*each, record.nested) for each in zip(columns, record.inputs, whole, strict=True)])
    return found


def flattened(parts: Sequence[Any], x: Node, whole: tuple[int, ...], nested: bool) -> Any:
    """Return batches of rows, or None for zeros, as one array or tensor of shape `whole`."""
    if not parts or parts[0] is None:
        zeros = np.zeros(whole, x._data.dtype)
        return x.leaf(zeros) if nested else zeros
    with recording():
        return reshape(parts[0] if len(parts) == 1 else concatenate(*parts, axis=0), shape=whole)


def by_rows(record: Record) -> list[list[Any]]:
    """Return the block of each output and input, carrying back one gradient for each number of the result."""
    found = []
    for k, y in enumerate(record.outputs):
        rows = [record.pull(seeds, record.nested) for seeds in unit(record.outputs, k, record.nested)]
        columns = zip(*rows, strict=True) if rows else [()] * len(record.inputs)
        pairs = zip(record.inputs, columns, strict=True)
        found.append([joined(parts, x, shape(data_of(y)) + shape(data_of(x)), 0, record.nested) for x, parts in pairs])
    return found


def by_columns(record: Record) -> list[list[Any]]:
    """Return the block of each output and input, carrying forward one tangent for each number of the arguments."""
    found: list[list[Any]] = [[] for _ in record.outputs]
    for i, x in enumerate(record.inputs):
        columns = [push(record, tangents, record.nested) for tangents in unit(record.inputs, i, record.nested)]
        rows = zip(*columns, strict=True) if columns else [()] * len(record.outputs)
        for y, parts, row in zip(record.outputs, rows, found, strict=True):
            row.append(joined(parts, y, shape(data_of(y)) + shape(data_of(x)), -1, record.nested))
    return found


def unit(nodes: Sequence[Any], which: int, nested: bool) -> Iterator[list[Any]]:
    """Yield, for each number of one of the nodes, seeds for all of them that are 1 there and nothing elsewhere."""
    node = nodes[which]
    if not isinstance(node, Node):
        return
    for j in range(np.size(node._data)):
        one = np.zeros(np.size(node._data))
        one[j] = 1.0
        yield [
            fitted(node, one.reshape(np.shape(node._data)), nested) if i == which else None for i in range(len(nodes))
        ]


def joined(parts: Sequence[Any], node: Any, whole: tuple[int, ...], axis: int, nested: bool) -> Any:
    """Return rows (axis 0) or columns (axis -1), shaped like a node, or None for zeros, as one of shape `whole`."""
    if isinstance(node, Value):
        return parts[0] if parts[0] is not None else node.zero() if nested else 0.0
    if not isinstance(node, Node) or all(part is None for part in parts):
        zeros = np.zeros(whole, getattr(data_of(node), "dtype", float))
        return Tensor(zeros, requires_grad=False) if nested else zeros
    if not nested:
        zero = np.zeros_like(node._data)
        return np.stack([zero if part is None else part for part in parts], axis).reshape(whole)
    each = (1, *node._data.shape) if axis == 0 else (*node._data.shape, 1)
    with recording():
        apart = [reshape(node.zero() if part is None else part, shape=each) for part in parts]
        return reshape(concatenate(*apart, axis=axis), shape=whole)
