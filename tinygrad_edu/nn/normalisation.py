"""Normalisation layers, across a batch or within each example, with PyTorch's names and meanings."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from ..core.node import assign_all
from ..core.tensor import Tensor
from ..errors import ShapeError
from ..errors.where import users_line
from . import functional
from .arguments import size
from .module import Module
from .normalise import batch_norm_and_statistics


class BatchNorm(Module):
    """Each channel gets mean 0 and variance 1 across the batch, then a scale and a shift that are learned.

    In training it measures the batch, and keeps running averages (buffers `running_mean`, `running_var`) that it
    uses otherwise; each new measurement counts `momentum`, or all count alike where that is None. Without
    `track_running_stats` it always measures. Ioffe and Szegedy 2015.
    """

    forms: ClassVar[dict[int, str]]  # of what it takes, by the number of axes

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        *,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        n = self.num_features = size(type(self).__name__, "num_features", num_features)
        self.eps, self.momentum = eps, momentum
        self.weight = Tensor(np.ones(n), requires_grad=True, label="γ", dtype=dtype) if affine else None
        self.bias = Tensor(np.zeros(n), requires_grad=True, label="β", dtype=dtype) if affine else None
        track = track_running_stats
        measured = np.result_type(dtype or float, np.float32)  # a variance above 65,504 is infinite in half precision
        self.running_mean = Tensor(np.zeros(n), requires_grad=False, dtype=measured) if track else None
        self.running_var = Tensor(np.ones(n), requires_grad=False, dtype=measured) if track else None
        self.num_batches_tracked = Tensor(0, requires_grad=False) if track else None

    def forward(self, x: Any) -> Tensor:
        """Return `x` normalised. Raises ShapeError, and ValueError for one number a channel in training."""
        kind, n = type(self).__name__, self.num_features
        if len(x.shape) not in self.forms or x.shape[1] != n:
            forms = " or ".join(form.format(n) for form in self.forms.values())
            raise ShapeError(f"{kind}({n}) needs {forms}, not {x.shape} (at {users_line()})")
        momentum, count = self.momentum, self.num_batches_tracked
        seen = count.detach() + 1 if self.training and count is not None else None
        if momentum is None and seen is not None:
            momentum = 1 / seen
        z, moved = batch_norm_and_statistics(
            x,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            training=self.training or self.running_mean is None,
            momentum=momentum,
            eps=self.eps,
        )
        if seen is not None:
            moved[count] = seen
        assign_all([*moved], moved.values())
        return z

    def extra_repr(self) -> str:
        return f"{self.num_features}"


class BatchNorm1d(BatchNorm):
    """Batch normalisation of rows (n, features) or of series (n, channels, length). See `BatchNorm`."""

    forms: ClassVar[dict[int, str]] = {2: "(n, {})", 3: "(n, {}, length)"}


class BatchNorm2d(BatchNorm):
    """Batch normalisation of images (n, channels, height, width). See `BatchNorm`."""

    forms: ClassVar[dict[int, str]] = {4: "(n, {}, height, width)"}


class LayerNorm(Module):
    """The last axes get mean 0 and variance 1, then a scale and a shift that are learned. Ba, Kiros and Hinton 2016.

    normalized_shape: the lengths of these axes; an int for the last one alone.
    """

    def __init__(
        self,
        normalized_shape: Any,
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        *,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        shape = self.normalized_shape = normalized_lengths("LayerNorm", normalized_shape)
        self.eps, affine = eps, elementwise_affine
        self.weight = Tensor(np.ones(shape), requires_grad=True, label="γ", dtype=dtype) if affine else None
        self.bias = Tensor(np.zeros(shape), requires_grad=True, label="β", dtype=dtype) if affine and bias else None

    def forward(self, x: Any) -> Tensor:
        """Return `x`, (…, *normalized_shape), normalised. Raises ShapeError."""
        return functional.layer_norm(x, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return ", ".join(map(str, self.normalized_shape))


class RMSNorm(Module):
    """The last axes are divided by the root of their mean square, then scaled. Zhang and Sennrich 2019.

    eps: added to the mean square; by default the spacing of numbers at 1 in the type of the input.
    """

    def __init__(
        self, normalized_shape: Any, eps: float | None = None, elementwise_affine: bool = True, *, dtype: Any = None
    ) -> None:
        super().__init__()
        shape = self.normalized_shape = normalized_lengths("RMSNorm", normalized_shape)
        self.eps = eps
        self.weight = Tensor(np.ones(shape), requires_grad=True, label="γ", dtype=dtype) if elementwise_affine else None

    def forward(self, x: Any) -> Tensor:
        """Return `x`, (…, *normalized_shape), normalised. Raises ShapeError."""
        return functional.rms_norm(x, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        return ", ".join(map(str, self.normalized_shape))


class GroupNorm(Module):
    """Each group of an example's channels gets mean 0 and variance 1, then each channel its scale and shift.

    Wu and He 2018.
    """

    def __init__(
        self, num_groups: int, num_channels: int, eps: float = 1e-5, affine: bool = True, *, dtype: Any = None
    ) -> None:
        super().__init__()
        self.num_groups = size("GroupNorm", "num_groups", num_groups)
        n = self.num_channels = size("GroupNorm", "num_channels", num_channels)
        if n % self.num_groups:
            raise ValueError(f"GroupNorm: {n} channels are no multiple of {num_groups} groups (at {users_line()})")
        self.eps = eps
        self.weight = Tensor(np.ones(n), requires_grad=True, label="γ", dtype=dtype) if affine else None
        self.bias = Tensor(np.zeros(n), requires_grad=True, label="β", dtype=dtype) if affine else None

    def forward(self, x: Any) -> Tensor:
        """Return `x`, (n, channels, …), normalised. Raises ShapeError."""
        if len(x.shape) < 2 or x.shape[1] != self.num_channels:
            raise ShapeError(
                f"GroupNorm({self.num_groups}, {self.num_channels}) needs (n, {self.num_channels}, …), not {x.shape} "
                f"(at {users_line()})"
            )
        return functional.group_norm(x, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return f"{self.num_groups}, {self.num_channels}"


def normalized_lengths(owner: str, given: Any) -> tuple[int, ...]:
    """Return the lengths of the axes that are normalised together."""
    given = given if isinstance(given, (tuple, list)) else (given,)
    return tuple(size(owner, "normalized_shape", n) for n in given)
