"""Layers that keep signals centred and of one size: across a batch, or within each example."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.context import no_grad
from ..core.tensor import Tensor
from ..errors import ShapeError
from ..errors.where import users_line
from ..ops.precision import exact
from . import functional
from .arguments import size
from .module import Module


class BatchNorm1d(Module):
    """Each feature gets mean 0 and variance 1 across the batch, then a scale and a shift that are learnt.

    In training it measures the batch, and keeps running averages (buffers `running_mean`, `running_var`) that it
    uses otherwise; each new measurement counts `momentum`. Ioffe and Szegedy 2015.
    """

    def __init__(self, features: int, eps: float = 1e-5, momentum: float = 0.1, *, dtype: Any = None) -> None:
        super().__init__()
        self.features, self.eps, self.momentum = size("BatchNorm1d", "features", features), eps, momentum
        self.weight = Tensor(np.ones(features), requires_grad=True, label="γ", dtype=dtype)
        self.bias = Tensor(np.zeros(features), requires_grad=True, label="β", dtype=dtype)
        measured = np.result_type(dtype or float, np.float32)  # a variance above 65,504 is infinite in half precision
        self.running_mean = Tensor(np.zeros(features), requires_grad=False, dtype=measured)
        self.running_var = Tensor(np.ones(features), requires_grad=False, dtype=measured)

    def forward(self, x: Any) -> Any:
        """Return `x`, (n, features), normalised. Raises ShapeError, and ValueError for a single row in training."""
        if len(x.shape) != 2 or x.shape[1] != self.features:
            raise ShapeError(
                f"BatchNorm1d({self.features}) needs (n, {self.features}), not {x.shape} (at {users_line()})"
            )
        if not self.training:
            return functional.batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias, self.eps)
        n = x.shape[0]
        if n < 2:
            raise ValueError(
                f"BatchNorm1d: one row has no variance to measure (input {x.shape}); "
                "train with larger batches, or call eval() to use a trained net "
                f"(at {users_line()})"
            )
        numbers = exact(x)
        mean = numbers.mean(axis=0)
        centred = numbers - mean
        variance = (centred * centred).mean(axis=0)
        self.remember(self.running_mean, mean)
        self.remember(self.running_var, variance, n / (n - 1))  # of the population, as it is a guess at any row's
        return functional.batch_norm(x, mean, variance, self.weight, self.bias, self.eps)

    def remember(self, running: Tensor, measured: Any, correction: float = 1.0) -> None:
        """Move a running average towards what was measured."""
        with no_grad():
            running.assign((1 - self.momentum) * running + self.momentum * correction * measured)

    def extra_repr(self) -> str:
        return f"{self.features}"


class LayerNorm(Module):
    """Each row gets mean 0 and variance 1, then a scale and a shift that are learnt. Ba, Kiros and Hinton 2016."""

    def __init__(self, features: int, eps: float = 1e-5, *, dtype: Any = None) -> None:
        super().__init__()
        self.features, self.eps = size("LayerNorm", "features", features), eps
        self.weight = Tensor(np.ones(features), requires_grad=True, label="γ", dtype=dtype)
        self.bias = Tensor(np.zeros(features), requires_grad=True, label="β", dtype=dtype)

    def forward(self, x: Any) -> Any:
        """Return `x`, (…, features), normalised. Raises ShapeError."""
        if not x.shape or x.shape[-1] != self.features:
            raise ShapeError(
                f"LayerNorm({self.features}) needs (…, {self.features}), not {x.shape} (at {users_line()})"
            )
        return functional.layer_norm(x, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return f"{self.features}"
