"""Activation functions as modules, with PyTorch's names."""

from __future__ import annotations

from typing import Any, ClassVar

from ..core.tensor import Tensor
from . import functional, functions
from .module import Module


class Activation(Module):
    """A function of each element, or of each row, by the name it has in `functional`."""

    function: ClassVar[str]

    def forward(self, x: Any) -> Tensor:
        """Return the activations."""
        return functions.labelled(getattr(functional, self.function)(x), "a", self.layer_number)


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


class SELU(Activation):
    """An ELU, scaled so that signals keep their size (Klambauer and others 2017)."""

    function = "selu"


class Mish(Activation):
    """z tanh(softplus(z))."""

    function = "mish"


class ReLU6(Activation):
    """max(0, z), and 6 at most."""

    function = "relu6"


class Softsign(Activation):
    """z / (1 + |z|)."""

    function = "softsign"


class LogSigmoid(Activation):
    """The logarithm of the sigmoid."""

    function = "logsigmoid"


class Hardswish(Activation):
    """z times a sigmoid made of straight lines."""

    function = "hardswish"


class Hardsigmoid(Activation):
    """A sigmoid made of straight lines."""

    function = "hardsigmoid"


class GELU(Module):
    """z times the chance that a standard normal number is below z; approximate="tanh" as GPT-2 has it."""

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.approximate = approximate

    def forward(self, x: Any) -> Tensor:
        """Return the activations."""
        return functions.labelled(functional.gelu(x, approximate=self.approximate), "a", self.layer_number)

    def extra_repr(self) -> str:
        return "" if self.approximate == "none" else f"approximate={self.approximate!r}"


class ELU(Module):
    """z where it is positive, else alpha (exp(z) - 1)."""

    def __init__(self, alpha: float = 1.0) -> None:
        super().__init__()
        self.alpha = alpha

    def forward(self, x: Any) -> Tensor:
        """Return the activations."""
        return functions.labelled(functional.elu(x, self.alpha), "a", self.layer_number)

    def extra_repr(self) -> str:
        return f"alpha={self.alpha}"


class Hardtanh(Module):
    """z within bounds."""

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0) -> None:
        super().__init__()
        self.min_val, self.max_val = min_val, max_val

    def forward(self, x: Any) -> Tensor:
        """Return the activations."""
        return functions.labelled(functional.hardtanh(x, self.min_val, self.max_val), "a", self.layer_number)

    def extra_repr(self) -> str:
        return f"{self.min_val}, {self.max_val}"


class LeakyReLU(Module):
    """z, and a small part of it where it is negative."""

    def __init__(self, negative_slope: float = 0.01) -> None:
        super().__init__()
        self.negative_slope = negative_slope

    def forward(self, x: Any) -> Tensor:
        """Return the activations."""
        return functions.labelled(functional.leaky_relu(x, self.negative_slope), "a", self.layer_number)

    def extra_repr(self) -> str:
        return f"{self.negative_slope}"


class Softmax(Module):
    """Probabilities from scores, along `dim`."""

    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, x: Any) -> Tensor:
        """Return the probabilities."""
        return functions.labelled(functional.softmax(x, self.dim), "a", self.layer_number)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


class LogSoftmax(Softmax):
    """The logarithms of probabilities from scores, along `dim`."""

    def forward(self, x: Any) -> Tensor:
        """Return the logarithms."""
        return functional.log_softmax(x, self.dim)


ACTIVATION_MODULES: dict[str, type[Activation]] = {"relu": ReLU, "sigmoid": Sigmoid, "tanh": Tanh}
