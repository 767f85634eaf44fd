"""Reverse mode: `grad`, `value_and_grad`, `vjp`, and one gradient an example."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import numpy as np

from ..core.node import Node, data_of
from ..core.tensor import Tensor
from ..core.value import Value
from ..errors import DTypeError, NonScalarError, ShapeError
from ..errors.hints import tells_keywords
from ..ops.shapes import concatenate, reshape, shape
from .record import Function, Record, as_arguments, expect_function, recording
from .trees import leaves, matching_leaves, paths, rebuilt

Argnums = int | Sequence[int]


def argument_positions(argnums: Argnums, args: Sequence[Any]) -> list[int]:
    """Return `argnums` as positions among `args`, counted from the front. Raises ValueError where there is no such."""
    wanted = [argnums] if isinstance(argnums, int) else list(argnums)
    for i in wanted:
        if not -len(args) <= i < len(args):
            raise ValueError(f"argnums={argnums} asks for argument {i}, and the function was called with {len(args)}")
    found = [i % len(args) for i in wanted]
    if len(set(found)) < len(found):
        raise ValueError(f"argnums={argnums} names an argument twice")
    return found


def one_or_tuple(argnums: Argnums, results: Sequence[Any]) -> Any:
    """Return the result itself where one argument was asked for, and a tuple of them where several were."""
    return results[0] if isinstance(argnums, int) else tuple(results)


@tells_keywords
def value_and_grad(f: Function, argnums: Argnums = 0, *, strict: bool = False) -> Callable[..., tuple[Any, Any]]:
    """Return a function that computes `f(*args)`, one number, and its gradient by the arguments at `argnums`.

    `f` takes arrays, floats, Tensors, Values or nested lists, tuples and dicts of them; it is handed nodes, and the
    gradient comes back in the kind and structure that was given. Where an outer transform or a node that needs a
    gradient is involved, results are nodes, to be differentiated again.
    Where the result does not depend on an argument its gradient is zero, with an IndependentWarning; with `strict`,
    NotDifferentiableError. Raises NonScalarError, and DTypeError for arguments of integers.
    """
    expect_function(f)

    @wraps(f)
    def value_and_gradient(*args: Any, **named: Any) -> tuple[Any, Any]:
        record = Record(f, args, named, argument_positions(argnums, args))
        y = record.the_number("grad")
        record.report_independent(strict)
        seed = seed_like(y, np.ones(np.shape(data_of(y))), record.nested)
        return record.value(), one_or_tuple(argnums, record.returned(record.pull([seed], record.nested), record.nested))

    return value_and_gradient


@tells_keywords
def grad(f: Function, argnums: Argnums = 0, *, strict: bool = False) -> Function:
    """Return a function that computes the gradient of `f` by the arguments at `argnums`: see `value_and_grad`.

    >>> grad(grad(lambda x: x**3))(2.0)
    12.0
    """
    both = value_and_grad(f, argnums, strict=strict)

    @wraps(f)
    def gradient(*args: Any, **named: Any) -> Any:
        return both(*args, **named)[1]

    return gradient


def vjp(f: Function, *x: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """Return `f(*x)`, and the function that carries a gradient of the result back to each argument.

    That function takes a cotangent, built like the result, and returns a tuple with a gradient for each argument: the
    cotangent times the Jacobian. It may be called again and again. Raises ShapeError where a cotangent does not fit.
    """
    record = Record(f, x, {}, range(len(x)))

    def pullback(cotangent: Any) -> tuple[Any, ...]:
        given = matching_leaves(record.result, cotangent, "result and cotangent")
        nested = record.nested or any(isinstance(g, Node) and g.requires_grad for g in given)
        seeds = [seed_like(y, g, nested) for y, g in zip(record.outputs, given, strict=True)]
        return tuple(record.returned(record.pull(seeds, nested), nested))

    return record.value(), pullback


def seed_like(node: Any, given: Any, nested: bool) -> Any:
    """Return a cotangent or tangent of `node` as numbers of its shape and dtype, or as such a node.

    Raises ShapeError, DTypeError.
    """
    if not isinstance(node, Node):
        return None  # a constant result passes nothing on
    data = data_of(given)
    if np.shape(data) != np.shape(node._data):
        raise ShapeError(f"a tangent or cotangent of shape {np.shape(data)} does not fit shape {np.shape(node._data)}")
    if isinstance(given, Node) and not (isinstance(given, type(node)) or isinstance(node, type(given))):
        raise DTypeError(f"a {type(given).__name__} cannot be the tangent or cotangent of a {type(node).__name__}")
    if isinstance(given, Node) and nested:
        return given
    seed = node.seed(data)
    return node.leaf(seed) if nested else seed


def per_example_gradients(loss_fn: Function, params: Any, batch: Any) -> Any:
    """Return the gradient of the loss of each example by `params`, stacked on axis 0: the "nudges" before averaging.

    params: a tensor, an array, a number, or nested lists, tuples and dicts of them; the result is built the same way.
    batch: an array, or a tuple, list or dict of arrays, all of one length along axis 0. A tuple is
    spread, `loss_fn(params, x, y)`, where `loss_fn` requires that many arguments, else not: `loss_fn(params, batch)`.
    `loss_fn` gets each example as a batch of one, so that the loss one trains with needs no change, or without the
    axis of the batch if it cannot take that. The average of the result is the gradient of the mean loss.
    Raises ShapeError where lengths differ or the batch is empty.
    """
    arrays = list(paths(batch))
    lengths = {f"batch{path}": len(shape(a)) and shape(a)[0] for path, a in arrays}
    if len(set(lengths.values())) != 1 or 0 in lengths.values():
        raise ShapeError(f"every array of a batch needs the same length, one at least, along axis 0, not {lengths}")
    derivative = grad(loss_fn)

    def nudges(index: Any) -> list[Any]:
        example = rebuilt(batch, iter([a[index] for _, a in arrays]))
        return leaves(derivative(params, *as_arguments(loss_fn, example, before=1)))

    count = next(iter(lengths.values()))
    try:
        each = [nudges(slice(0, 1))]
        each += [nudges(slice(i, i + 1)) for i in range(1, count)]
    except (TypeError, ValueError, IndexError, NonScalarError) as error:
        try:
            each = [nudges(i) for i in range(count)]
        except (TypeError, ValueError, IndexError, NonScalarError):
            raise error from None
    return rebuilt(params, iter([stack_gradients(column) for column in zip(*each, strict=True)]))


def stack_gradients(parts: Sequence[Any]) -> Any:
    """Return gradients of one shape as one with a new first axis: numbers and arrays as an array, nodes as a tensor."""
    if isinstance(parts[0], Value):
        return Tensor([part.data for part in parts], requires_grad=False)
    if not isinstance(parts[0], Node):
        return np.stack(parts)
    with recording():
        return concatenate(*(reshape(part, shape=(1, *shape(part))) for part in parts), axis=0)
