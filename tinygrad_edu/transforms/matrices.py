"""Jacobians and Hessians, and Hessian-vector products, which need no matrix."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import wraps
from typing import Any

import numpy as np

from ..core.backprop import GraphNeeded
from ..core.node import Node, data_of, raw_of
from ..core.tensor import Tensor
from ..core.value import Value
from ..errors import DTypeError
from ..errors.hints import tells_keywords
from ..ops.complex import is_complex
from ..ops.shapes import concatenate, reshape, shape
from .batched import BatchedPull
from .forward import pushforward
from .record import Function, Record, as_arguments, expect_function, function_name, recording
from .reverse import Argnums, argument_positions, grad, one_or_tuple, seed_like, vjp
from .trees import rebuilt

UNBATCHED_ROWS = 3  # rows that are carried back sooner than it is found out whether they can be a batch


@tells_keywords
def jacobian(f: Function, argnums: Argnums = 0, *, strict: bool = False) -> Function:
    """Return a function that computes every derivative of `f` by the arguments at `argnums`.

    For a result of shape `m` and an argument of shape `n` it returns shape `m + n`, in the argument's kind; for nested
    results, the structure of the result with that of the argument in place of each leaf. Columns are carried forward
    where the arguments are fewer numbers than the result or the result is complex, else rows are carried back.
    By complex numbers a real result has its gradients, dL/da - i dL/db; raises DTypeError for a complex result that is
    not holomorphic.
    """
    expect_function(f)

    @wraps(f)
    def matrix(*args: Any, **keywords: Any) -> Any:
        record = Record(f, args, keywords, argument_positions(argnums, args))
        record.report_independent(strict)
        return blocks(record, argnums)

    return matrix


@tells_keywords
def hessian(f: Function, argnums: Argnums = 0) -> Function:
    """Return a function that computes all second derivatives of `f`, one number, by the arguments at `argnums`.

    For an argument of shape `n` it returns shape `n + n`; for nested arguments, their structure within itself.
    """
    gradient = grad(f, argnums)

    @wraps(f)
    def matrix(*args: Any, **named: Any) -> Any:
        return blocks(Record(gradient, args, named, argument_positions(argnums, args)), argnums)

    return matrix


def hvp(f: Function, x: Any, v: Any) -> Any:
    """Return the Hessian of `f`, one number, at `x`, times `v`: how fast the gradient changes as `x` moves along `v`.

    x, v: arrays, numbers, Tensors, Values or nested lists, tuples and dicts of them, built alike; a tuple stands for
    all arguments of `f` where `f` requires that many. As a Hessian is symmetric, `v` is carried back through the graph
    of the gradient: that costs about as much as two gradients, and no matrix.
    """
    args = as_arguments(f, x)
    _, pullback = vjp(grad(f, range(len(args))), *args)
    products = pullback(as_arguments(f, v))
    return products if args is x else products[0]


def blocks(record: Record, argnums: Argnums) -> Any:
    """Return the Jacobian of a record, built like its result, and in place of each leaf like its arguments."""
    numbers = [np.size(data_of(y)) for y in record.outputs], [np.size(data_of(x)) for x in record.inputs]
    rows, columns = map(sum, numbers)
    by_column = any(map(is_complex, record.outputs))  # a row would tell of the real part alone
    batch = BatchedPull(record) if UNBATCHED_ROWS < rows <= 4 * columns and not by_column else None
    found = by_batches(record, batch) if batch is not None and batch.possible else None
    if found is None:
        found = by_columns(record) if columns < rows or by_column else by_rows(record)
    return rebuilt(record.result, iter([one_or_tuple(argnums, record.returned(row, record.nested)) for row in found]))


def by_batches(record: Record, batch: BatchedPull) -> list[list[Any]] | None:
    """Return the block of each output and input, carrying many gradients back at once; None where a rule needs each."""
    found = []
    for y in record.outputs:
        try:
            carried = isinstance(y, Node) and y in record.path  # a constant result is no node
            parts = [batch.pull(seeds) for seeds in batch.seeds(y)] if carried else []
        except GraphNeeded:
            return None
        columns = zip(*parts, strict=True) if parts else [()] * len(record.inputs)
        whole = [shape(data_of(y)) + shape(data_of(x)) for x in record.inputs]
        found.append([join_batches(*each, record.nested) for each in zip(columns, record.inputs, whole, strict=True)])
    return found


def join_batches(parts: Sequence[Any], x: Node, whole: tuple[int, ...], nested: bool) -> Any:
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
        found.append(
            [join_rows(parts, x, shape(data_of(y)) + shape(data_of(x)), 0, record.nested) for x, parts in pairs]
        )
    return found


def by_columns(record: Record) -> list[list[Any]]:
    """Return the block of each output and input, carrying forward one tangent for each number of the arguments."""
    found: list[list[Any]] = [[] for _ in record.outputs]
    for i, x in enumerate(record.inputs):
        columns = [pushforward(record, tangents, record.nested) for tangents in unit(record.inputs, i, record.nested)]
        if is_complex(x):
            turned = [
                pushforward(record, tangents, record.nested) for tangents in unit(record.inputs, i, record.nested, 1j)
            ]
            with recording():
                columns = [complex_column(record, *pair) for pair in zip(columns, turned, strict=True)]
        rows = zip(*columns, strict=True) if columns else [()] * len(record.outputs)
        for y, parts, row in zip(record.outputs, rows, found, strict=True):
            row.append(join_rows(parts, y, shape(data_of(y)) + shape(data_of(x)), -1, record.nested))
    return found


def complex_column(record: Record, by_real: list[Any], by_imaginary: list[Any]) -> list[Any]:
    """Return the derivative of each output by one complex number, given those by its two parts.

    Of a real output it is the gradient dL/da - i dL/db. Raises DTypeError for a complex one that is not holomorphic.
    """
    column: list[Any] = []
    for y, a, b in zip(record.outputs, by_real, by_imaginary, strict=True):
        if a is None and b is None:
            column.append(None)
            continue
        a, b = (y.zero() if record.nested else np.zeros_like(y._data) if t is None else t for t in (a, b))
        if not is_complex(y):
            column.append(a - 1j * b)
            continue
        if not np.allclose(raw_of(b), 1j * raw_of(a), rtol=1e-6, atol=1e-9, equal_nan=True):
            raise DTypeError(
                f"jacobian: {function_name(record.f)} is not holomorphic, so its derivative by a complex number is no "
                "complex number: take the jacobian of its real and of its imaginary part"
            )
        column.append(a)
    return column


def unit(nodes: Sequence[Any], which: int, nested: bool, one: complex = 1.0) -> Iterator[list[Any]]:
    """Yield, for each number of one of the nodes, seeds for all of them: `one` there and nothing elsewhere."""
    node = nodes[which]
    if not isinstance(node, Node):
        return
    for j in range(np.size(node._data)):
        seed = np.zeros(np.size(node._data), np.asarray(one).dtype)
        seed[j] = one
        yield [
            seed_like(node, seed.reshape(np.shape(node._data)), nested) if i == which else None
            for i in range(len(nodes))
        ]


def join_rows(parts: Sequence[Any], node: Any, whole: tuple[int, ...], axis: int, nested: bool) -> Any:
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
