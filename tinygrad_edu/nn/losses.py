"""How wrong a net is, as one number: the losses, with PyTorch's names and meanings.

Each takes the net's output and the truth. reduction: "mean" over the examples, "sum", or "none".
Whole numbers count as doubles, and of halves all is computed in single precision and rounded at the end.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.node import Node, data_of
from ..errors import DTypeError, ShapeError
from ..errors.where import users_line
from ..numpy_api.arguments import given
from ..ops import activations, arithmetic, compare, losses, reductions
from ..ops.precision import exact, rounded
from ..ops.shapes import shape, transpose


def mse_loss(output: Any, target: Any, reduction: str = "mean", *, broadcast: bool = False) -> Any:
    """Return the mean of (output - target)².

    Raises ShapeError where the shapes differ, unless `broadcast` says that this is meant.
    """
    difference = exact(output) - alike("mse_loss", output, target, broadcast)
    return reduced("mse_loss", difference**2, reduction, output)


def l1_loss(output: Any, target: Any, reduction: str = "mean", *, broadcast: bool = False) -> Any:
    """Return the mean of |output - target|. Raises ShapeError as `mse_loss` does."""
    difference = exact(output) - alike("l1_loss", output, target, broadcast)
    return reduced("l1_loss", arithmetic.absolute(difference), reduction, output)


def huber_loss(
    output: Any, target: Any, reduction: str = "mean", delta: float = 1.0, *, broadcast: bool = False
) -> Any:
    """Return the mean of d²/2 where |d| = |output - target| is below `delta`, and of a straight line beyond."""
    if not delta > 0:
        raise ValueError(f"huber_loss: delta must be positive, not {delta!r:.60} (at {users_line()})")
    difference = exact(output) - alike("huber_loss", output, target, broadcast)
    size = arithmetic.absolute(difference)
    each = compare.where(size < delta, difference**2 / 2, delta * (size - delta / 2))
    return reduced("huber_loss", each, reduction, output)


def smooth_l1_loss(
    output: Any, target: Any, reduction: str = "mean", beta: float = 1.0, *, broadcast: bool = False
) -> Any:
    """Return `huber_loss` with delta = beta, divided by beta."""
    return huber_loss(output, target, reduction, beta, broadcast=broadcast) / beta


def cross_entropy(scores: Any, target: Any, reduction: str = "mean") -> Any:
    """Return the mean of -log(softmax(scores)) at the true classes.

    scores: (n, classes), before any softmax, or (classes,), or (n, classes, …) for many answers an example.
    target: the classes as whole numbers, (n,) or (n, …), or a probability for each, in the shape of the scores.
    Raises DTypeError, ShapeError, and IndexError for a class that there is not.
    """
    scores = given(scores)
    labels, numbers = np.asarray(data_of(target)), exact(scores)
    if labels.dtype.kind == "f" and labels.ndim == len(shape(scores)):
        probabilities = classes_last(alike("cross_entropy", scores, target, broadcast=False))
        each = -(losses.log_softmax(classes_last(numbers)) * probabilities).sum(axis=-1)
    else:
        each = losses.softmax_cross_entropy(classes_last(numbers), classes("cross_entropy", scores, target))
    return reduced("cross_entropy", each, reduction, scores)


def nll_loss(log_probabilities: Any, target: Any, reduction: str = "mean") -> Any:
    """Return the mean of -log(p) at the true classes, of `log_softmax`'s rows. Raises as `cross_entropy` does."""
    log_probabilities = given(log_probabilities)
    labels = classes("nll_loss", log_probabilities, target)
    picked = classes_last(exact(log_probabilities))[(*np.indices(shape(labels)), labels)]
    return reduced("nll_loss", -picked, reduction, log_probabilities)


def binary_cross_entropy(p: Any, target: Any, reduction: str = "mean") -> Any:
    """Return the mean of -log(p) where the target is 1 and of -log(1 - p) where it is 0, each at most 100.

    Raises ValueError for a p outside 0 to 1, ShapeError where the shapes differ.
    """
    seen = np.asarray(data_of(p))
    if seen.size and not (seen.min() >= 0 and seen.max() <= 1):
        raise ValueError(
            f"binary_cross_entropy: probabilities run from 0 to 1, and these from {seen.min():g} to {seen.max():g}; "
            "for scores before the sigmoid use binary_cross_entropy_with_logits "
            f"(at {users_line()})"
        )
    target = alike("binary_cross_entropy", p, target, broadcast=False)
    return reduced("binary_cross_entropy", losses.binary_cross_entropy(exact(p), target), reduction, p)


def binary_cross_entropy_with_logits(scores: Any, target: Any, reduction: str = "mean") -> Any:
    """Return `binary_cross_entropy` of sigmoid(scores), exact however large the scores."""
    name = "binary_cross_entropy_with_logits"
    target = alike(name, scores, target, broadcast=False)
    x = exact(scores)
    each = target * activations.softplus(-x) + (1 - target) * activations.softplus(x)
    return reduced(name, each, reduction, scores)


def reduced(name: str, each: Any, reduction: str, output: Any) -> Any:
    """Return the losses of all examples as one number, or as they are; in half precision if `output` is."""
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"{name}: reduction {reduction!r:.60} is none of 'mean', 'sum', 'none' (at {users_line()})")
    if reduction != "none" and shape(each):  # one number is its own mean, and a Value has no axes
        each = reductions.mean(each) if reduction == "mean" else reductions.sum(each)
    return rounded(each, output)


def alike(name: str, output: Any, target: Any, broadcast: bool) -> Any:
    """Return the target in a form to compute with. Raises ShapeError where its shape is not that of the output."""
    target = exact(target)
    ours, theirs = np.shape(data_of(output)), shape(target)
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


def classes(name: str, scores: Any, target: Any) -> Any:
    """Return class labels, checked against the scores. Raises DTypeError, ShapeError or IndexError."""
    labels = np.asarray(data_of(target))
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
    if labels.size and labels.astype(np.uintp).max() >= n:  # without its sign a negative number is enormous
        wrong = np.flatnonzero((labels < 0) | (labels >= n))
        raise IndexError(
            f"{name}: class {labels.flat[wrong[0]]}, but there are {n} classes (0–{n - 1}), in row {wrong[0]} "
            f"(at {users_line()})"
        )
    return target if isinstance(target, Node) else labels
