"""Activations as modules, with PyTorch's names: what a layer of neurons makes of its weighted sums."""

from __future__ import annotations

from typing import Any, ClassVar

from . import functional
from .module import Module


class Activation(Module):
    """A function of each element, or of each row, by the name it has in `functional`."""

    function: ClassVar[str]

    def forward(self, x: Any) -> Any:
        """Return the activations."""
        return functional.labelled(getattr(functional, self.function)(x), "a", self.layer_number)


class ReLU(Activation):
    """max(0, z)."""

    function = "relu"


class Sigmoid(Activation):
    """1 / (1 + exp(-z))."""

    function = "sigmoid"


class Tanh(Activation):
    """The hyperbolic tangent."""

    function = "tanh"


class Softplus(Activation):
    """log(1 + exp(z)): a smooth ReLU."""

    function = "softplus"


class SiLU(Activation):
    """z sigmoid(z)."""

    function = "silu"


class GELU(Activation):
    """z times the chance that a standard normal number is below z."""

    function = "gelu"


class LeakyReLU(Module):
    """z, and a small part of it where it is negative."""

    def __init__(self, negative_slope: float = 0.01) -> None:
        super().__init__()
        self.negative_slope = negative_slope

    def forward(self, x: Any) -> Any:
        """Return the activations."""
        return functional.labelled(functional.leaky_relu(x, self.negative_slope), "a", self.layer_number)

    def extra_repr(self) -> str:
        return f"{self.negative_slope}"


class Softmax(Module):
    """Probabilities from scores, along `dim`."""

    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, x: Any) -> Any:
        """Return the probabilities."""
        return functional.labelled(functional.softmax(x, self.dim), "a", self.layer_number)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


class LogSoftmax(Softmax):
    """The logarithms of probabilities from scores, along `dim`."""

    def forward(self, x: Any) -> Any:
        """Return the logarithms."""
        return functional.log_softmax(x, self.dim)


ACTIVATION_MODULES: dict[str, type[Activation]] = {"relu": ReLU, "sigmoid": Sigmoid, "tanh": Tanh}
