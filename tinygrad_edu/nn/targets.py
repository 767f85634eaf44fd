"""Targets and weights of loss functions, checked, and the reduction of the losses of all examples to one number."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.context import tracing
from ..core.node import Node, data_of
from ..errors import DTypeError, ShapeError
from ..errors.where import users_line
from ..numpy_api.arguments import dtype_of, given
from ..ops import compare, reductions
from ..ops.checks import Below, checked
from ..ops.precision import exact, rounded
from ..ops.shapes import astype, shape, transpose


def reduced(name: str, each: Any, reduction: str, output: Any) -> Any:
    """Return the losses of all examples as one number, or as they are; in half precision if `output` is."""
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"{name}: reduction {reduction!r:.60} is none of 'mean', 'sum', 'none' (at {users_line()})")
    if reduction != "none" and shape(each):  # one number is its own mean, and a Value has no axes
        each = reductions.mean(each) if reduction == "mean" else reductions.sum(each)
    return rounded(each, output)


def weighted(name: str, each: Any, counts: Any, kept: Any, reduction: str, output: Any) -> Any:
    """Return the losses of examples that count `counts`, those that are not `kept` nothing; the mean is weighted."""
    if kept is not None:
        each = compare.where(kept, each, 0.0)
        counts = of_type(compare.where(kept, counts, 0.0), each)
    if reduction != "mean" or isinstance(counts, float):
        return reduced(name, each, reduction, output)
    return rounded(reductions.sum(each) / reductions.sum(counts), output)


def times_weight(each: Any, weight: Any) -> Any:
    """Return the losses times a weight, if there is one."""
    return each if weight is None else each * of_type(weight, each)


def of_type(x: Any, like: Any) -> Any:
    """Return an array or node in the type of another, which a constant does not widen."""
    dtype = dtype_of(like)
    if isinstance(x, Node):
        return x if dtype_of(x) == dtype or not shape(x) else astype(x, dtype=dtype)
    return np.asarray(x, dtype=dtype)


def class_weights(name: str, input: Any, weight: Any) -> Any:
    """Return the weights of classes in the input's type. Raises ShapeError where there is not one a class."""
    if weight is None:
        return None
    if isinstance(weight, str):
        raise TypeError(f"{name}: the third argument is weight; write reduction={weight!r:.60} (at {users_line()})")
    n = shape(input)[1 if len(shape(input)) > 1 else 0]
    if shape(weight if isinstance(weight, Node) else np.asarray(weight)) != (n,):
        raise ShapeError(
            f"{name}: weight must hold a number for each of the {n} classes, ({n},), not {np.shape(data_of(weight))} "
            f"(at {users_line()})"
        )
    return of_type(weight, exact(input))


def checked_target(name: str, output: Any, target: Any, broadcast: bool) -> Any:
    """Return the target in a form to compute with. Raises ShapeError where its shape is not that of the output."""
    target = exact(given(target))
    ours, theirs = shape(given(output)), shape(target)
    if ours != theirs and not broadcast:
        try:
            become = f" they would become {np.broadcast_shapes(ours, theirs)}, every number with every other;"
        except ValueError:
            become = ""
        raise ShapeError(
            f"{name}: the output has shape {ours} and the target {theirs};{become} "
            f"reshape one, as in target.reshape({ours}) (at {users_line()})"
        )
    return target


def classes_last(x: Any) -> Any:
    """Return (n, classes, …) as (n, …, classes)."""
    n = len(shape(x))
    return transpose(x, axes=(0, *range(2, n), 1)) if n > 2 else x


def classes(name: str, scores: Any, target: Any, ignored: int | None) -> tuple[Any, Any]:
    """Return class labels, checked against the scores, and which of them count: None if all do.

    A label that is `ignored` becomes 0. Raises DTypeError, ShapeError or IndexError.
    """
    labels: Any = target if isinstance(target, Node) else np.asarray(target)
    if labels.dtype.kind not in "iu":
        raise DTypeError(
            f"{name}: classes are whole numbers, and the target is {labels.dtype}: use .astype(int) (at {users_line()})"
        )
    whole = shape(scores) or (0,)
    axis = 1 if len(whole) > 1 else 0
    examples, n = whole[:axis] + whole[axis + 1 :], whole[axis]
    if labels.shape != examples:
        raise ShapeError(
            f"{name}: scores of shape {shape(scores)} go with one class an example, shape {examples}, "
            f"and the target has shape {labels.shape} (at {users_line()})"
        )
    may_skip = ignored is not None and 0 <= ignored < n
    if not may_skip and tracing() is None and Below(name, n).all_pass(data_of(labels)):
        return labels, None  # so it is most of the time, and one look at the labels finds it
    skips = ignored is not None and bool(np.any(labels == ignored))  # a branch of a program that is traced
    found = checked(Below(name, n, ignored if skips else None), labels)
    if not skips:
        return found, None
    counts = compare.not_equal(found, ignored)
    return compare.where(counts, found, 0), counts


def from_0_to_1(p: Any) -> None:
    """Raise ValueError for a number that is no probability."""
    if np.size(p) and not (np.min(p) >= 0 and np.max(p) <= 1):
        raise ValueError(
            f"binary_cross_entropy: probabilities run from 0 to 1, and these from {np.min(p):g} to {np.max(p):g}; "
            "for scores before the sigmoid use binary_cross_entropy_with_logits "
            f"(at {users_line()})"
        )
