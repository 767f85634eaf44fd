"""Nets of single neurons, made of `Value`s: micrograd's classes, its signatures and its results.

They never call NumPy. Without `rng` the first weights come from Python's own `random`, as in micrograd, so that
`random.seed(1337)` gives the same net there and here.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from operator import methodcaller
from typing import TYPE_CHECKING, Any, Protocol

from ..core.context import tracing
from ..core.node import Node
from ..core.value import Value
from ..errors import DTypeError, ShapeError
from ..errors.where import users_line
from .arguments import size
from .module import Module

if TYPE_CHECKING:
    from .containers import Sequential


class Uniform(Protocol):
    """A source of first weights: `random`, a `random.Random` or a `numpy.random.Generator`."""

    def uniform(self, low: float, high: float, /) -> float:
        """Return a number between `low` and `high`."""


UniformRng = Uniform | int | None
ActivationName = str | bool | None

ACTIVATIONS: dict[str, Callable[[Value], Value]] = {
    "relu": methodcaller("relu"),
    "sigmoid": methodcaller("sigmoid"),
    "tanh": methodcaller("tanh"),
    "linear": lambda z: z,
}


def weighted_sum(weights: Sequence[Any], inputs: Sequence[Any], bias: Any) -> Any:
    """Return w₁x₁ + w₂x₂ + … + b for lists of equal length, added up from the bias on."""
    return sum((w * x for w, x in zip(weights, inputs, strict=True)), bias)


class ScalarModule(Module):
    """A module made of `Value`s."""

    if TYPE_CHECKING:  # a Module promises tensors

        def parameters(self) -> list[Value]: ...  # type: ignore[override]
        def named_parameters(self) -> list[tuple[str, Value]]: ...  # type: ignore[override]


class Neuron(ScalarModule):
    """One neuron: the weighted sum z of its inputs and a bias, then its activation a.

    activation: "relu", "sigmoid", "tanh" or "linear"; True and False are micrograd's words for the first and last.
    nonlin: False leaves the activation out. rng: a generator or a seed.
    """

    def __init__(
        self, n_in: int, activation: ActivationName = "relu", *, nonlin: bool = True, rng: UniformRng = None
    ) -> None:
        super().__init__()
        draw = uniform_source(rng).uniform
        self.w = [Value(float(draw(-1, 1))) for _ in range(size("Neuron", "n_in", n_in))]
        self.b = Value(0.0)
        self.activation = activation_name(activation) if nonlin else "linear"
        self.label()

    def label(self, j: str = "", layer: str = "") -> None:
        """Label its parameters, its sum and its activation for pictures: neuron `j` of `layer`."""
        for k, w in enumerate(self.w, start=1):
            w.label = f"w_{weight_index(j, k)}{layer}"
        at = f"_{j}" if j else ""
        self.b.label, self.z_label, self.a_label = f"b{at}{layer}", f"z{at}{layer}", f"a{at}{layer}"

    def forward(self, x: Any) -> Value:
        """Return the activation for inputs `x`: numbers or Values, as many as there are weights."""
        x = input_list(x)
        if len(x) != len(self.w):
            raise ShapeError(
                f"this neuron has {len(self.w)} weight{'s' * (len(self.w) > 1)}, and got {len(x)} inputs "
                f"(at {users_line()})"
            )
        z: Value = weighted_sum(self.w, x, self.b)
        z.label = self.z_label
        if self.activation == "linear":
            return z
        a = ACTIVATIONS[self.activation](z)
        a.label, a.code, a.instruction = self.a_label, z.code, z.instruction  # made where z was, for the user
        return a

    def __repr__(self) -> str:
        kind = "ReLU" if self.activation == "relu" else self.activation.capitalize()
        return f"{kind}Neuron({len(self.w)})"


class Layer(ScalarModule):
    """Neurons side by side, all with the same inputs; one neuron alone gives a Value, more give a list."""

    starts_layer = True

    def __init__(
        self, n_in: int, n_out: int, activation: ActivationName = "relu", *, nonlin: bool = True, rng: UniformRng = None
    ) -> None:
        super().__init__()
        rng = uniform_source(rng)
        self.neurons = [Neuron(n_in, activation, nonlin=nonlin, rng=rng) for _ in range(size("Layer", "n_out", n_out))]
        self.set_layer_number(0)

    def set_layer_number(self, number: int) -> None:
        super().set_layer_number(number)
        for j, neuron in enumerate(self.neurons, start=1):
            neuron.label(str(j), f"^({number})" if number else "")

    def forward(self, x: Any) -> Any:
        """Return the activations of its neurons."""
        x = input_list(x)
        a = [neuron(x) for neuron in self.neurons]
        return a[0] if len(a) == 1 else a

    def extra_repr(self) -> str:
        return f"{len(self.neurons[0].w)}, {len(self.neurons)}"

    def __repr__(self) -> str:
        return f"Layer of [{', '.join(map(repr, self.neurons))}]"


class MLP(ScalarModule):
    """Layers one after the other: a multi-layer perceptron, its last layer without activation.

    n_in: how many numbers go in. n_outs: how many neurons each layer has.
    """

    def __init__(
        self, n_in: int, n_outs: Iterable[int], activation: ActivationName = "relu", *, rng: UniformRng = None
    ) -> None:
        super().__init__()
        rng = uniform_source(rng)
        sizes = [n_in, *n_outs]
        if len(sizes) < 2:
            raise ValueError(
                "MLP: n_outs is empty; give the number of neurons of each layer, like MLP(2, [16, 1]) "
                f"(at {users_line()})"
            )
        self.layers = [
            Layer(n, m, activation, nonlin=i < len(sizes) - 2, rng=rng) for i, (n, m) in enumerate(pairwise(sizes))
        ]

    def forward(self, x: Any) -> Any:
        """Return the output of the last layer."""
        for layer in self.layers:
            x = layer(x)
        return x

    def to_tensor_model(self) -> Sequential:
        """Return the same net made of tensors: for rows of inputs it gives rows of the same outputs."""
        from .activations import ACTIVATION_MODULES
        from .containers import Sequential
        from .layers import Linear

        modules: list[Module] = []
        for layer in self.layers:
            modules.append(Linear.of_neurons(layer.neurons))
            if layer.neurons[0].activation != "linear":
                modules.append(ACTIVATION_MODULES[layer.neurons[0].activation]())
        return Sequential(*modules)

    def __repr__(self) -> str:
        return f"MLP of [{', '.join(map(repr, self.layers))}]"


def uniform_source(rng: UniformRng) -> Uniform:
    """Return the generator to draw from: Python's `random`, a new one from a seed, or the one given."""
    if rng is None:
        return random
    if isinstance(rng, int):
        return random.Random(rng)
    if not hasattr(rng, "uniform"):
        raise TypeError(
            f"rng must be a random.Random, a numpy.random.Generator or a seed, not {rng!r:.60} (at {users_line()})"
        )
    return rng


def activation_name(activation: ActivationName) -> str:
    """Return the name of an activation. Raises ValueError for an unknown one."""
    name = "relu" if activation is True else activation or "linear"
    if name not in ACTIVATIONS:
        raise ValueError(f"activation {activation!r:.60} is none of {', '.join(ACTIVATIONS)} (at {users_line()})")
    return name


def input_list(x: Any) -> Any:
    """Return inputs as a list. Raises DTypeError for one node, whose graph a list of its numbers would not have."""
    if isinstance(x, (list, tuple)):
        return x
    if isinstance(x, Node) and tracing() is None:
        raise DTypeError(
            f"a neuron takes a list of numbers or Values, not {x.title}; for tensors there is to_tensor_model() "
            f"(at {users_line()})"
        )
    return x.tolist() if hasattr(x, "tolist") and tracing() is None else list(x)


def weight_index(j: str, k: int) -> str:
    """Return the indices of the weight to neuron `j` from input `k`: 12, and 1,12 where that could be misread."""
    return f"{j}{',' if j and (len(j) > 1 or k > 9) else ''}{k}"
