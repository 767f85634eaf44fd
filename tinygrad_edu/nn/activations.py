"""Activation functions as modules, with PyTorch's names."""

from __future__ import annotations

from typing import Any, ClassVar

from ..core.tensor import Tensor
from . import functional, functions
from .module import Module


class Activation(Module):
    """A function of each element, or of each row, by its name in `functional`; its settings are attributes."""

    function: ClassVar[str]
    settings: ClassVar[tuple[str, ...]] = ()

    def forward(self, x: Any) -> Tensor:
        """Return the activations."""
        settings = (getattr(self, name) for name in self.settings)
        return functions.labelled(getattr(functional, self.function)(x, *settings), "a", self.layer_number)

    def extra_repr(self) -> str:
        return ", ".join(f"{name}={getattr(self, name)!r}" for name in self.settings)


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


class GELU(Activation):
    """z times the chance that a standard normal number is below z; approximate="tanh" as GPT-2 has it."""

    function, settings = "gelu", ("approximate",)

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.approximate = approximate


class ELU(Activation):
    """z where it is positive, else alpha (exp(z) - 1)."""

    function, settings = "elu", ("alpha",)

    def __init__(self, alpha: float = 1.0) -> None:
        super().__init__()
        self.alpha = alpha


class Hardtanh(Activation):
    """z within bounds."""

    function, settings = "hardtanh", ("min_val", "max_val")

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0) -> None:
        super().__init__()
        self.min_val, self.max_val = min_val, max_val


class LeakyReLU(Activation):
    """z, and a small part of it where it is negative."""

    function, settings = "leaky_relu", ("negative_slope",)

    def __init__(self, negative_slope: float = 0.01) -> None:
        super().__init__()
        self.negative_slope = negative_slope


class Softmax(Activation):
    """Probabilities from scores, along `dim`."""

    function, settings = "softmax", ("dim",)

    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        self.dim = dim


class LogSoftmax(Softmax):
    """The logarithms of probabilities from scores, along `dim`."""

    function = "log_softmax"


ACTIVATION_MODULES: dict[str, type[Activation]] = {"relu": ReLU, "sigmoid": Sigmoid, "tanh": Tanh}
