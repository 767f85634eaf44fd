"""Loss functions, with PyTorch's names, signatures and meanings.

Each takes the net's output and the truth. reduction: "mean" over the examples, "sum", or "none".
Whole numbers count as doubles, and of halves all is computed in single precision and rounded at the end.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.node import Node
from ..errors.where import users_line
from ..numpy_api.arguments import given
from ..ops import activations, arithmetic, compare, losses, powers, reductions
from ..ops.checks import checked
from ..ops.precision import exact, rounded
from ..ops.shapes import shape
from ..ops.special import xlogy
from .targets import (
    checked_target,
    class_weights,
    classes,
    classes_last,
    from_0_to_1,
    of_type,
    reduced,
    times_weight,
    weighted,
)


def mse_loss(input: Any, target: Any, reduction: str = "mean", *, broadcast: bool = False) -> Any:
    """Return the mean of (input - target)².

    Raises ShapeError where the shapes differ, unless `broadcast` says that this is meant.
    """
    difference = exact(input) - checked_target("mse_loss", input, target, broadcast)
    return reduced("mse_loss", difference**2, reduction, input)


def l1_loss(input: Any, target: Any, reduction: str = "mean", *, broadcast: bool = False) -> Any:
    """Return the mean of |input - target|. Raises ShapeError as `mse_loss` does."""
    difference = exact(input) - checked_target("l1_loss", input, target, broadcast)
    return reduced("l1_loss", arithmetic.absolute(difference), reduction, input)


def huber_loss(input: Any, target: Any, reduction: str = "mean", delta: float = 1.0, *, broadcast: bool = False) -> Any:
    """Return the mean of d²/2 where |d| = |input - target| is below `delta`, and of a straight line beyond."""
    if not delta > 0:
        raise ValueError(f"huber_loss: delta must be positive, not {delta!r:.60} (at {users_line()})")
    difference = exact(input) - checked_target("huber_loss", input, target, broadcast)
    size = arithmetic.absolute(difference)
    each = compare.where(size < delta, difference**2 / 2, delta * (size - delta / 2))
    return reduced("huber_loss", each, reduction, input)


def smooth_l1_loss(
    input: Any, target: Any, reduction: str = "mean", beta: float = 1.0, *, broadcast: bool = False
) -> Any:
    """Return `huber_loss` with delta = beta, divided by beta."""
    return huber_loss(input, target, reduction, beta, broadcast=broadcast) / beta


def cross_entropy(
    input: Any,
    target: Any,
    weight: Any = None,
    *,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Any:
    """Return the mean of -log(softmax(input)) at the true classes.

    input: (n, classes), before any softmax, or (classes,), or (n, classes, …) for many answers an example.
    target: the classes as whole numbers, (n,) or (n, …), or a probability for each, in the shape of the input.
    weight: how much each class counts, (classes,); the mean is then the weighted one. ignore_index: a class that
    counts nothing. label_smoothing: the share of the truth that is spread evenly over all classes.
    Raises DTypeError, ShapeError, and IndexError for a class that there is not.
    """
    owner, input = "cross_entropy", given(input)
    numbers, weight = exact(input), class_weights(owner, input, weight)
    if not 0 <= label_smoothing <= 1:
        raise ValueError(
            f"{owner}: label_smoothing must be from 0 to 1, not {label_smoothing!r:.60} (at {users_line()})"
        )
    labels: Any = target if isinstance(target, Node) else np.asarray(target)
    if labels.dtype.kind == "f" and labels.ndim == len(shape(input)):
        p = classes_last(checked_target(owner, input, target, broadcast=False))
        if label_smoothing:
            p = p * (1 - label_smoothing) + label_smoothing / shape(p)[-1]
        p = p if weight is None else p * weight
        return reduced(owner, -(losses.log_softmax(classes_last(numbers)) * p).sum(axis=-1), reduction, input)
    labels, kept = classes(owner, input, target, ignore_index)
    scores = classes_last(numbers)
    each = losses.softmax_cross_entropy(scores, labels)
    if weight is None and kept is None and not label_smoothing:
        return reduced(owner, each, reduction, input)
    counts = 1.0 if weight is None else weight[labels]
    each = each * counts
    if label_smoothing:
        log_p = losses.log_softmax(scores)
        smooth = -(log_p if weight is None else log_p * weight).sum(axis=-1)
        each = each * (1 - label_smoothing) + smooth * (label_smoothing / shape(scores)[-1])
    return weighted(owner, each, counts, kept, reduction, input)


def nll_loss(input: Any, target: Any, weight: Any = None, *, ignore_index: int = -100, reduction: str = "mean") -> Any:
    """Return the mean of -log(p) at the true classes, of `log_softmax`'s rows. As `cross_entropy` otherwise."""
    input = given(input)
    weight = class_weights("nll_loss", input, weight)
    labels, kept = classes("nll_loss", input, target, ignore_index)
    each = -classes_last(exact(input))[(*np.indices(shape(labels)), labels)]
    if weight is None and kept is None:
        return reduced("nll_loss", each, reduction, input)
    counts = 1.0 if weight is None else weight[labels]
    return weighted("nll_loss", each * counts, counts, kept, reduction, input)


def binary_cross_entropy(input: Any, target: Any, weight: Any = None, *, reduction: str = "mean") -> Any:
    """Return the mean of -log(p) where the target is 1 and of -log(1 - p) where it is 0, each at most 100.

    weight: times which each loss counts. Raises ValueError for a p outside 0 to 1, ShapeError where shapes differ.
    """
    input = checked(from_0_to_1, input if isinstance(input, Node) else np.asarray(input))
    target = checked_target("binary_cross_entropy", input, target, broadcast=False)
    each = times_weight(losses.binary_cross_entropy(exact(input), target), weight)
    return reduced("binary_cross_entropy", each, reduction, input)


def binary_cross_entropy_with_logits(
    input: Any, target: Any, weight: Any = None, *, reduction: str = "mean", pos_weight: Any = None
) -> Any:
    """Return `binary_cross_entropy` of sigmoid(input), exact however large the input.

    weight: times which each loss counts. pos_weight: times which a target of 1 counts.
    """
    name = "binary_cross_entropy_with_logits"
    target = checked_target(name, input, target, broadcast=False)
    x = exact(input)
    each = times_weight(target, pos_weight) * activations.softplus(-x) + (1 - target) * activations.softplus(x)
    return reduced(name, times_weight(each, weight), reduction, input)


def kl_div(input: Any, target: Any, reduction: str = "mean", log_target: bool = False) -> Any:
    """Return the mean of p (log(p) - input): how far log-probabilities `input` are from the truth p = `target`.

    reduction: also "batchmean", the sum divided by the number of examples, which is the divergence itself.
    log_target: the target is log(p) too.
    """
    target, numbers = checked_target("kl_div", input, target, broadcast=False), exact(input)
    each = powers.exp(target) * (target - numbers) if log_target else xlogy(target, target) - target * numbers
    if reduction == "batchmean":
        return rounded(reductions.sum(each) / (shape(each) or (1,))[0], input)
    return reduced("kl_div", each, reduction, input)


def hinge_embedding_loss(input: Any, target: Any, margin: float = 1.0, *, reduction: str = "mean") -> Any:
    """Return the mean of the input where the target is 1, and of max(0, margin - input) where it is -1."""
    target = checked_target("hinge_embedding_loss", input, target, broadcast=False)
    each = compare.where(target == 1, exact(input), activations.relu(margin - exact(input)))
    return reduced("hinge_embedding_loss", each, reduction, input)


def multi_margin_loss(
    input: Any, target: Any, p: int = 1, margin: float = 1.0, weight: Any = None, *, reduction: str = "mean"
) -> Any:
    """Return the hinge loss of classes: the mean of Σ max(0, margin - input[y] + input[j])^p / classes over j ≠ y."""
    owner = "multi_margin_loss"
    if p not in (1, 2):
        raise ValueError(f"{owner}: p is 1 or 2, not {p!r:.60} (at {users_line()})")
    labels, _ = classes(owner, input, target, None)
    weight, n = class_weights(owner, input, weight), shape(input)[-1]
    scores = exact(input)
    picked = scores[(*np.indices(shape(labels)), labels)]
    others = of_type(1 - losses.one_hot(labels, classes=n), scores)
    gaps = activations.relu(margin - picked[..., None] + scores) * others
    each = (gaps if p == 1 else gaps * gaps).sum(axis=-1) / n
    return reduced(owner, each if weight is None else each * weight[labels], reduction, input)


def margin_ranking_loss(input1: Any, input2: Any, target: Any, margin: float = 0.0, *, reduction: str = "mean") -> Any:
    """Return the mean of max(0, margin - target (input1 - input2)): a target of 1 wants the first to be larger."""
    each = activations.relu(margin - target * (exact(input1) - exact(input2)))
    return reduced("margin_ranking_loss", each, reduction, input1)


def soft_margin_loss(input: Any, target: Any, *, reduction: str = "mean") -> Any:
    """Return the mean of log(1 + exp(-target·input)), for targets of 1 and -1."""
    target = checked_target("soft_margin_loss", input, target, broadcast=False)
    return reduced("soft_margin_loss", activations.softplus(-target * exact(input)), reduction, input)


def gaussian_nll_loss(
    input: Any, target: Any, var: Any, full: bool = False, eps: float = 1e-6, *, reduction: str = "mean"
) -> Any:
    """Return the mean surprise at `target` of normal distributions with means `input` and variances `var`.

    full: with the constant log(2π)/2. eps: the least variance.
    """
    difference = exact(input) - checked_target("gaussian_nll_loss", input, target, broadcast=False)
    variance = arithmetic.maximum(exact(var), eps)
    each = 0.5 * (powers.log(variance) + difference * difference / variance)
    each = each + 0.5 * math.log(2 * math.pi) if full else each
    return reduced("gaussian_nll_loss", each, reduction, input)
