"""Normalisation as functions, with PyTorch's names and meanings; made of rows."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.context import no_grad
from ..core.node import assign_all
from ..errors import ShapeError
from ..errors.where import users_line
from ..numpy_api.linalg import vector_norm
from ..ops import arithmetic, powers, reductions
from ..ops.precision import HALF, exact, rounded


def batch_norm(
    input: Any,
    running_mean: Any,
    running_var: Any,
    weight: Any = None,
    bias: Any = None,
    training: bool = False,
    momentum: Any = 0.1,
    eps: float = 1e-5,
) -> Any:
    """Return (n, channels, …) with each channel in units of its deviation from its mean, then scaled and shifted.

    training: mean and variance are those of the batch, towards which the running ones, if there are any, move by
    the share `momentum`; otherwise they are the running ones. Raises ValueError for one number a channel in training.
    """
    z, moved = batch_norm_and_statistics(
        input, running_mean, running_var, weight, bias, training=training, momentum=momentum, eps=eps
    )
    assign_all([*moved], moved.values())
    return z


def batch_norm_and_statistics(
    input: Any,
    running_mean: Any,
    running_var: Any,
    weight: Any,
    bias: Any,
    *,
    training: bool,
    momentum: Any,
    eps: float,
) -> tuple[Any, dict[Any, Any]]:
    """Return the result of `batch_norm`, and the new values of the running statistics, which are not written yet."""
    axes = (0, *range(2, len(input.shape)))
    along = (-1, *(1,) * (len(input.shape) - 2))  # channels on axis 1
    x = exact(input)
    if not training:
        mean, variance = (exact(y).reshape(along) for y in (running_mean, running_var))
        return narrowed(scaled(x - mean, variance, weight, bias, eps, along), input, weight, bias), {}
    n = math.prod(input.shape[axis] for axis in axes)
    if n < 2:
        raise ValueError(
            f"batch_norm: one number a channel has no variance to measure (input {input.shape}); train with larger "
            f"batches, or call eval() to use a trained net (at {users_line()})"
        )
    mean = x.mean(axis=axes, keepdims=True)
    centred = x - mean
    variance = (centred * centred).mean(axis=axes, keepdims=True)
    z = narrowed(scaled(centred, variance, weight, bias, eps, along), input, weight, bias)
    with no_grad():
        population = variance * (n / (n - 1))  # a guess at the variance of any row, not of these alone
        moved = {
            running: (1 - momentum) * running + momentum * measured.reshape(running.shape)
            for running, measured in ((running_mean, mean), (running_var, population))
            if running is not None
        }
    return z, moved


def layer_norm(input: Any, normalized_shape: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Any:
    """Return the last axes with mean 0 and variance 1, then scaled by `weight` and shifted by `bias`."""
    axes = last_axes("layer_norm", input, normalized_shape)
    x = exact(input)
    centred = x - x.mean(axis=axes, keepdims=True)
    z = scaled(centred, (centred * centred).mean(axis=axes, keepdims=True), weight, bias, eps)
    return narrowed(z, input, weight, bias)


def rms_norm(input: Any, normalized_shape: Any, weight: Any = None, eps: float | None = None) -> Any:
    """Return the last axes divided by the root of their mean square, then scaled by `weight`."""
    axes = last_axes("rms_norm", input, normalized_shape)
    least = float(np.finfo(input.dtype).eps) if eps is None else eps
    x = exact(input)
    return narrowed(scaled(x, (x * x).mean(axis=axes, keepdims=True), weight, None, least), input, weight)


def group_norm(input: Any, num_groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Any:
    """Return (n, channels, …) with mean 0 and variance 1 in each group of an example's channels, scaled and shifted."""
    x = exact(input).reshape((input.shape[0], num_groups, -1))
    centred = x - x.mean(axis=-1, keepdims=True)
    z = scaled(centred, (centred * centred).mean(axis=-1, keepdims=True), None, None, eps).reshape(input.shape)
    return narrowed(scale_and_shift(z, weight, bias, (-1, *(1,) * (len(input.shape) - 2))), input, weight, bias)


def normalize(input: Any, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Any:
    """Return vectors along `dim` divided by their p-norm, or by `eps` where that is larger."""
    x = exact(input)
    return narrowed(x / arithmetic.maximum(vector_norm(x, axis=dim, keepdims=True, ord=p), eps), input)


def cosine_similarity(x1: Any, x2: Any, dim: int = 1, eps: float = 1e-8) -> Any:
    """Return the cosines of the angles between vectors along `dim`."""
    one, two = (exact(x) for x in (x1, x2))
    directions = (x / arithmetic.maximum(reductions.norm(x, axis=dim, keepdims=True), eps) for x in (one, two))
    return narrowed(reductions.sum(next(directions) * next(directions), axis=dim), x1, x2)


def last_axes(name: str, x: Any, lengths: Any) -> tuple[int, ...]:
    """Return the axes that are normalised together. Raises ShapeError where they have other lengths."""
    lengths = tuple(lengths) if isinstance(lengths, (tuple, list)) else (lengths,)
    if not lengths or tuple(x.shape[-len(lengths) :]) != lengths:
        said = ", ".join(map(str, lengths))
        kind = {"layer_norm": "LayerNorm", "rms_norm": "RMSNorm"}[name]
        raise ShapeError(f"{kind}({said}) needs (…, {said}), not {x.shape} (at {users_line()})")
    return tuple(range(-len(lengths), 0))


def narrowed(z: Any, *operands: Any) -> Any:
    """Round a result to half precision if all operands are in half precision."""
    return rounded(z, operands[0]) if all(getattr(y, "dtype", HALF) is HALF for y in operands) else z


def scaled(centred: Any, variance: Any, weight: Any, bias: Any, eps: float, along: tuple[int, ...] = ()) -> Any:
    """Return numbers in units of their deviation, then scaled and shifted."""
    return scale_and_shift(centred / powers.sqrt(variance + eps), weight, bias, along)


def scale_and_shift(z: Any, weight: Any, bias: Any, along: tuple[int, ...]) -> Any:
    """Return `z` times `weight` plus `bias`, in the shape `along` where that is longer than one axis."""
    weight, bias = (x if x is None or len(along) < 2 else x.reshape(along) for x in (weight, bias))
    z = z if weight is None else z * weight
    return z if bias is None else z + bias
