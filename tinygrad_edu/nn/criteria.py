"""Losses as modules, with PyTorch's names: each holds its settings and calls its function in `losses`."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from ..core.node import Node
from ..core.tensor import Tensor
from . import losses
from .module import Module


class Loss(Module):
    """A loss by the name it has in `losses`; its settings are that function's."""

    function: ClassVar[str]
    settings: ClassVar[tuple[str, ...]] = ()
    constants: ClassVar[tuple[str, ...]] = ()  # settings that are arrays, kept as buffers

    def __init__(self, *, reduction: str = "mean", **settings: Any) -> None:
        super().__init__()
        if unknown := settings.keys() - {*self.settings, *self.constants}:
            raise TypeError(f"{type(self).__name__} has no setting {min(unknown)!r}")
        self.reduction = reduction
        self.given = {name: settings[name] for name in self.settings if name in settings}
        for name in self.constants:
            array = settings.get(name)
            setattr(self, name, array if array is None or isinstance(array, Node) else as_buffer(array))

    def forward(self, *inputs: Any) -> Tensor:
        """Return the loss of the net's output and the truth."""
        arrays = {name: getattr(self, name) for name in self.constants}
        loss: Tensor = getattr(losses, self.function)(*inputs, reduction=self.reduction, **self.given, **arrays)
        return loss

    def extra_repr(self) -> str:
        said = {"reduction": self.reduction} if self.reduction != "mean" else {}
        return ", ".join(f"{name}={value!r}" for name, value in (said | self.given).items())


class WeightedLoss(Loss):
    """A loss that may be given weights before its other settings."""

    def __init__(self, weight: Any = None, **settings: Any) -> None:
        super().__init__(weight=weight, **settings)


class MSELoss(Loss):
    """The mean of squared differences."""

    function = "mse_loss"


class L1Loss(Loss):
    """The mean of absolute differences."""

    function = "l1_loss"


class HuberLoss(Loss):
    """Squared differences below `delta`, a straight line beyond."""

    function, settings = "huber_loss", ("delta",)


class SmoothL1Loss(Loss):
    """The Huber loss with delta = beta, divided by beta."""

    function, settings = "smooth_l1_loss", ("beta",)


class CrossEntropyLoss(WeightedLoss):
    """-log(softmax(scores)) at the true class; `weight` by class, `ignore_index`, `label_smoothing`."""

    function, settings, constants = "cross_entropy", ("ignore_index", "label_smoothing"), ("weight",)


class NLLLoss(WeightedLoss):
    """-log(p) at the true class, of log-probabilities; `weight` by class, `ignore_index`."""

    function, settings, constants = "nll_loss", ("ignore_index",), ("weight",)


class BCELoss(WeightedLoss):
    """Binary cross-entropy of probabilities; `weight` of each."""

    function, constants = "binary_cross_entropy", ("weight",)


class BCEWithLogitsLoss(WeightedLoss):
    """Binary cross-entropy of scores before the sigmoid; `weight` of each, `pos_weight` of targets of 1."""

    function, constants = "binary_cross_entropy_with_logits", ("weight", "pos_weight")


class KLDivLoss(Loss):
    """The Kullback-Leibler divergence of log-probabilities from targets, which reduction="batchmean" gives itself."""

    function, settings = "kl_div", ("log_target",)


class HingeEmbeddingLoss(Loss):
    """The input where the target is 1, max(0, margin - input) where it is -1."""

    function, settings = "hinge_embedding_loss", ("margin",)


class MultiMarginLoss(Loss):
    """The hinge loss of classes."""

    function, settings, constants = "multi_margin_loss", ("p", "margin"), ("weight",)


class MarginRankingLoss(Loss):
    """max(0, margin - target (x1 - x2)): the target is 1 where x1 should be larger, else -1."""

    function, settings = "margin_ranking_loss", ("margin",)


class SoftMarginLoss(Loss):
    """log(1 + exp(-target·input))."""

    function = "soft_margin_loss"


class GaussianNLLLoss(Loss):
    """The negative log-likelihood of targets under normal distributions, given means, targets and variances."""

    function, settings = "gaussian_nll_loss", ("full", "eps")


def as_buffer(array: Any) -> Tensor:
    """Return an array as a buffer."""
    return Tensor(np.asarray(array), requires_grad=False)
