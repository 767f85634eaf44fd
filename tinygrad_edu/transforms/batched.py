"""Many gradients carried back at once, along an axis of their own in front of all others.

A rule holds for operands of any shape, so a batch of gradients may go through it where the row computes each example
of a batch of operands by itself. For elementwise rows that is so; of any other it is tried out, on two examples from
the very graph, with axes and shapes among its parameters moved up by one. Where that fails there is no batch.
"""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Iterator
from contextlib import suppress
from string import ascii_letters
from typing import Any, NamedTuple

import numpy as np

from ..core.context import mode
from ..core.node import Grads, Node, data_of, raw_of
from ..core.value import Value
from ..ops.complex import is_complex, real_part
from ..ops.reductions import sum  # noqa: A004  # NumPy's name, of arrays and of nodes
from ..ops.shapes import astype, broadcast_to, reshape, shape
from .record import Record, recording

LARGEST = 2**22  # numbers that a batch may have in one node: with more, memory traffic costs more than calls


class BatchingRule(NamedTuple):
    """The shapes in which a node's rules are handed a batch: of its operands and of its result in each example."""

    operands: tuple[tuple[int, ...] | None, ...]  # None for an operand that all examples share
    result: tuple[int, ...]


class BatchedPull:
    """The nodes of a record, each with the way in which a batch of gradients passes through it.

    possible: whether there is such a way for every one of them.
    """

    def __init__(self, record: Record) -> None:
        self.record = record
        self.batching_rules: dict[Node, BatchingRule | None] = {}
        self.read = record.reader(record.nested)
        self.possible = mode().backward_hook is None and not any(isinstance(z, Value) for z in record.order)
        inputs = set(record.inputs)
        self.inner = [z for z in record.order if z.op is not None and z not in inputs]
        with np.errstate(all="ignore"):
            for z in self.inner if self.possible else ():
                if not z.op.elementwise:  # type: ignore[union-attr]  # inner nodes were made by rows
                    self.batching_rules[z] = batching = batching_rule_of(z, record.path)
                    if batching is None:
                        self.possible = False
                        break

    def size(self) -> int:
        """Return how many gradients to carry at once."""
        return max(1, LARGEST // max((np.size(data_of(z)) for z in self.record.order), default=1))

    def seeds(self, y: Any) -> Iterator[Grads]:
        """Yield gradients that are 1 at one number of output `y` and 0 elsewhere, for every number, in batches."""
        n = np.size(y._data)
        for start in range(0, n, self.size()):
            rows = np.arange(start, min(start + self.size(), n))
            seed = np.zeros((len(rows), n), y._data.dtype)
            seed[np.arange(len(rows)), rows] = 1
            seed = seed.reshape(len(rows), *y._data.shape)
            yield {y: y.leaf(seed) if self.record.nested else seed}

    def pull(self, seeds: Grads) -> list[Any]:
        """Return the gradients of each input, given those of some outputs, all with the batch as their first axis."""
        grads = dict(seeds)
        with recording():
            for z in reversed(self.inner):
                if z in grads:
                    for x, dx in self.shares(z, grads.pop(z)):
                        grads[x] = grads[x] + dx if x in grads else dx
        return [grads.get(x) for x in self.record.inputs]

    def shares(self, z: Node, g: Any) -> Iterator[tuple[Any, Any]]:
        """Yield the operands of `z` that lie on the path, each with its share of every gradient of a batch."""
        assert z.op is not None
        batching, n = self.batching_rules.get(z), len(g)
        result, operands, params = self.read(z), [*map(self.read, z.inputs)], z.params
        if batching is not None:
            shapes = batching.operands
            operands = [x if s is None else repeat_shaped(x, n, s) for x, s in zip(operands, shapes, strict=True)]
            result, params = repeat_shaped(result, n, batching.result), moved(z, n)
            g = reshape(g, shape=(n, *batching.result))
        for i, (x, rule) in enumerate(zip(z.inputs, z.op.rules, strict=False)):
            if not isinstance(x, Node) or x not in self.record.path or rule is None:
                continue
            dx = rule(g, result, *operands, **params)
            if isinstance(dx, (np.ndarray, Node)):  # or it is zero
                if batching is None:  # an elementwise rule says nothing of the axes in front
                    dx, one = (
                        broadcast_to(dx, shape=shape(g)),
                        (1,) * (len(shape(g)) - 1 - x._data.ndim) + x._data.shape,
                    )
                else:
                    one = batching.operands[i]
                yield x, cast_batch(dx, (n, *one), x)


def cast_batch(dx: Any, handed: tuple[int, ...], x: Node) -> Any:
    """Return a batch of gradients in the shape and dtype of `x`, which the rule was given in the shape `handed`."""
    repeats = tuple(a for a, (n, m) in enumerate(zip(handed, shape(dx), strict=True)) if n == 1 and m != 1)
    dx = sum(dx, axis=repeats, keepdims=True) if repeats else dx
    dx = reshape(dx if is_complex(x) else real_part(dx), shape=(len(dx), *x._data.shape))
    return dx if dx.dtype == x._data.dtype else astype(dx, dtype=x._data.dtype)


def repeat_shaped(x: Any, n: int, each: tuple[int, ...]) -> Any:
    """Return `n` times the same array, each in another shape."""
    return broadcast_to(reshape(x, shape=each), shape=(n, *each))


def batching_rule_of(z: Node, path: Any) -> BatchingRule | None:
    """Return how a batch passes through a node, found by trying; None where no way gives the right numbers."""
    assert z.op is not None
    varied = [isinstance(x, Node) and x in path for x in z.inputs]
    one = [raw_of(x) for x in z.inputs]
    other, result = another(z, one, varied)
    if result.shape != z._raw.shape:  # the numbers decide it, as with an index of booleans
        return None
    expected = np.stack([z._raw, result])
    inner = tuple(range(1, expected.ndim))
    scale = np.nanmax(np.abs(expected), inner, initial=0.0, where=np.isfinite(expected), keepdims=True)
    deepest = max(np.ndim(x) for x in (*one, z._raw))
    shapes = [views(np.shape(x), deepest, shared=not v) for x, v in zip(one, varied, strict=True)]
    for choice in itertools.product(*shapes):
        pairs = [
            x if s is None else np.stack([np.reshape(x, s), np.reshape(y, s)])
            for x, y, s in zip(one, other, choice, strict=True)
        ]
        try:
            found = np.asarray(z.op.forward(*pairs, **moved(z, 2)))
            near = np.isclose(found.reshape(expected.shape), expected, rtol=1e-4, atol=1e-6 * scale, equal_nan=True)
        except (ValueError, TypeError, IndexError):
            continue
        if near.all() and len(found) == 2:
            return BatchingRule(choice, found.shape[1:])
    return None


def another(z: Node, one: list[Any], varied: list[bool]) -> tuple[list[Any], Any]:
    """Return other operands for the row of `z`, and their result.

    Their numbers are of size 1 if such have a result: a product of tiny ones would be lost in a sum beside it.
    """
    assert z.op is not None
    sizes = [np.max(np.abs(x), initial=0.0, where=np.isfinite(x)) if v else 1 for x, v in zip(one, varied, strict=True)]
    with suppress(ValueError, TypeError, IndexError):
        other = [changed(x, size or 1) if v else x for x, v, size in zip(one, varied, sizes, strict=True)]
        result = np.asarray(z.op.forward(*other, **z.params))
        if np.isfinite(result).all():
            return other, result
    other = [changed(x, 1) if v else x for x, v in zip(one, varied, strict=True)]
    return other, np.asarray(z.op.forward(*other, **z.params))


def changed(x: Any, size: float) -> Any:
    """Return other numbers than those of `x`, none of them 0, divided by `size`."""
    return np.where(x == 0, 0.1, 0.75 * x / size).astype(x.dtype)


def views(shape: tuple[int, ...], deepest: int, shared: bool) -> list[tuple[int, ...] | None]:
    """Return the shapes in which a row may want each example of an operand: as it is, padded, as a row or a column.

    shared: whether it is a constant, of which one may do for all examples.
    """
    found = [shape, (1,) * (deepest - len(shape)) + shape]
    if len(shape) == 1:
        rank = max(deepest, 2)
        found += [(1,) * (rank - 1) + shape, (1,) * (rank - 2) + (*shape, 1)]
    return [None, shape] if shared else list(dict.fromkeys(found))


def moved(z: Node, n: int) -> dict[str, Any]:
    """Return the parameters of a node for a batch of `n`: every axis one further, every shape with `n` in front."""
    assert z.op is not None
    params = defaults(z.op.forward) | z.params
    if "axis" in params:
        axis = params["axis"]
        every = tuple(range(1, np.ndim(data_of(z.inputs[0])) + 1))
        params["axis"] = (
            every if axis is None else tuple(map(further, axis)) if isinstance(axis, tuple) else further(axis)
        )
    if "axes" in params:
        params["axes"] = (0, *(further(a) for a in params["axes"]))
    if "shape" in params:
        params["shape"] = (n, *params["shape"])
    if "key" in params:
        params["key"] = (slice(None), *params["key"])
    if "terms" in params:  # of einsum: the batch gets a letter of its own
        letter = next(each for each in ascii_letters if each not in (*"".join(params["terms"]), *params["out"]))
        params["terms"], params["out"] = tuple(letter + term for term in params["terms"]), letter + params["out"]
    return params


def defaults(forward: Any) -> dict[str, Any]:
    """Return the parameters that a function has where none are given."""
    if isinstance(forward, np.ufunc):
        return {}
    parameters = inspect.signature(forward).parameters.values()
    return {p.name: p.default for p in parameters if p.default is not p.empty}


def further(axis: int) -> int:
    """Return where an axis lies once another stands in front; those counted from the end stay."""
    return axis + 1 if axis >= 0 else axis
