"""Layers of tensors, with PyTorch's names and meanings: what they are given has one row an example."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Self

from ..core.tensor import Tensor
from ..errors.where import users_line
from . import functional, init
from .arguments import fraction, size
from .init import Rng
from .module import Module
from .neuron import Neuron


class Linear(Module):
    """A layer of neurons: z = x Wᵀ + b, one row an example; `weight[j, k]` leads from input k to neuron j.

    weight: (n_out, n_in). bias: (n_out,), or None. rng: a generator or a seed.
    """

    starts_layer = True

    def __init__(self, n_in: int, n_out: int, bias: bool = True, *, rng: Rng = None, dtype: Any = None) -> None:
        super().__init__()
        self.n_in, self.n_out = size("Linear", "n_in", n_in), size("Linear", "n_out", n_out)
        rng = init.generator(rng)
        self.weight = Tensor(
            init.fan_in_uniform((n_out, n_in), n_in, rng=rng), requires_grad=True, label="W", dtype=dtype
        )
        start = init.fan_in_uniform((n_out,), n_in, rng=rng)
        self.bias = Tensor(start, requires_grad=True, label="b", dtype=dtype) if bias else None

    @classmethod
    def of_neurons(cls, neurons: Sequence[Neuron]) -> Self:
        """Return the layer that these neurons are, without their activation."""
        layer = cls(len(neurons[0].w), len(neurons), rng=0)
        layer.weight.assign([[w.data for w in neuron.w] for neuron in neurons])
        assert layer.bias is not None
        layer.bias.assign([neuron.b.data for neuron in neurons])
        return layer

    def neurons(self, activation: str | None = None) -> list[Neuron]:
        """Return the same layer as single neurons of Values, with a copy of its numbers."""
        mark = f"^({self.layer_number})" if self.layer_number else ""
        made = []
        for j, row in enumerate(self.weight.tolist()):
            neuron = Neuron(self.n_in, activation, rng=0)
            for w, number in zip(neuron.w, row, strict=True):
                w.assign(number)
            neuron.b.assign(0.0 if self.bias is None else self.bias._data[j])
            neuron.label(str(j + 1), mark)
            made.append(neuron)
        return made

    def forward(self, x: Any) -> Any:
        """Return (…, n_out) for `x` of shape (…, n_in)."""
        return functional.labelled(functional.linear(x, self.weight, self.bias), "z", self.layer_number)

    def extra_repr(self) -> str:
        return f"{self.n_in}, {self.n_out}{', bias=False' if self.bias is None else ''}"


class Sequential(Module):
    """Modules one after the other. Layers are numbered from 1: labels read W^(1), b^(1), z^(1), a^(1), W^(2)."""

    def __init__(self, *layers: Module) -> None:
        super().__init__()
        for i, layer in enumerate(layers):
            if not isinstance(layer, Module):
                raise TypeError(
                    f"Sequential: argument {i} is {layer!r:.60}, not a module; pass modules one by one "
                    f"(at {users_line()})"
                )
        self.layers = layers

    def named_parts(self) -> Iterator[tuple[str, Any]]:
        yield from ((str(i), layer) for i, layer in enumerate(self.layers))

    def forward(self, x: Any) -> Any:
        """Return the output of the last module."""
        for layer in self.layers:
            x = layer(x)
        return x

    def __len__(self) -> int:
        return len(self.layers)

    def __iter__(self) -> Iterator[Module]:
        return iter(self.layers)

    def __getitem__(self, i: int) -> Module:
        return self.layers[i]


class Identity(Module):
    """What comes in."""

    def forward(self, x: Any) -> Any:
        """Return `x`."""
        return x


class Flatten(Module):
    """All axes from `start_dim` on made into one: images become rows."""

    def __init__(self, start_dim: int = 1) -> None:
        super().__init__()
        self.start_dim = start_dim

    def forward(self, x: Any) -> Any:
        """Return `x` with fewer axes."""
        return x.reshape((*x.shape[: self.start_dim], -1))

    def extra_repr(self) -> str:
        return f"start_dim={self.start_dim}"


class Dropout(Module):
    """In training, each element is dropped with probability `p`, and the others grow by 1 / (1 - p)."""

    def __init__(self, p: float = 0.5, *, rng: Rng = None) -> None:
        super().__init__()
        self.p = fraction("Dropout", "p", p)
        self.rng = init.generator(rng)

    def forward(self, x: Any) -> Any:
        """Return `x` thinned out in training, and `x` itself otherwise."""
        return functional.dropout(x, self.p, self.training, rng=self.rng)

    def extra_repr(self) -> str:
        return f"p={self.p}"


class Embedding(Module):
    """A row of numbers for each of `n` words, looked up by the word's number. weight: (n, width)."""

    def __init__(self, n: int, width: int, *, rng: Rng = None, dtype: Any = None) -> None:
        super().__init__()
        self.n, self.width = size("Embedding", "n", n), size("Embedding", "width", width)
        self.weight = Tensor(init.normal((n, width), rng=rng), requires_grad=True, label="E", dtype=dtype)

    def forward(self, words: Any) -> Any:
        """Return (…, width) for whole numbers of shape (…)."""
        return functional.embedding(words, self.weight)

    def extra_repr(self) -> str:
        return f"{self.n}, {self.width}"
