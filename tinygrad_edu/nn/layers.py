"""Linear, dropout, embedding and reshaping layers, with PyTorch's names and meanings; a row an example."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

from ..core.tensor import Tensor
from ..core.types import Rng
from . import functional, functions, init
from .arguments import fraction, size
from .module import Module
from .neuron import Neuron


class Linear(Module):
    """A layer of neurons: z = x Wᵀ + b, one row an example; `weight[j, k]` leads from input k to neuron j.

    weight: (out_features, in_features). bias: (out_features,), or None. rng: a generator or a seed.
    """

    starts_layer = True

    def __init__(
        self, in_features: int, out_features: int, bias: bool = True, *, rng: Rng = None, dtype: Any = None
    ) -> None:
        super().__init__()
        n = self.in_features = size("Linear", "in_features", in_features)
        m = self.out_features = size("Linear", "out_features", out_features)
        rng = init.generator(rng)
        self.weight = Tensor(init.fan_in_uniform((m, n), n, rng=rng), requires_grad=True, label="W", dtype=dtype)
        start = init.fan_in_uniform((m,), n, rng=rng)
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
            neuron = Neuron(self.in_features, activation, rng=0)
            for w, number in zip(neuron.w, row, strict=True):
                w.assign(number)
            neuron.b.assign(0.0 if self.bias is None else self.bias._data[j])
            neuron.label(str(j + 1), mark)
            made.append(neuron)
        return made

    def forward(self, x: Any) -> Tensor:
        """Return (…, out_features) for `x` of shape (…, in_features)."""
        return functions.labelled(functional.linear(x, self.weight, self.bias), "z", self.layer_number)

    def extra_repr(self) -> str:
        return f"{self.in_features}, {self.out_features}{', bias=False' if self.bias is None else ''}"


class Identity(Module):
    """The input, unchanged."""

    def forward(self, x: Any) -> Tensor:
        """Return `x`."""
        return x


class Flatten(Module):
    """The axes from `start_dim` to `end_dim` made into one: images become rows."""

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__()
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, x: Any) -> Tensor:
        """Return `x` with fewer axes."""
        after = x.shape[self.end_dim + 1 :] if self.end_dim != -1 else ()
        return x.reshape((*x.shape[: self.start_dim], -1, *after))

    def extra_repr(self) -> str:
        return f"start_dim={self.start_dim}" + (f", end_dim={self.end_dim}" if self.end_dim != -1 else "")


class Unflatten(Module):
    """The axis `dim` made into several: rows become images."""

    def __init__(self, dim: int, unflattened_size: Sequence[int]) -> None:
        super().__init__()
        self.dim, self.unflattened_size = dim, tuple(unflattened_size)

    def forward(self, x: Any) -> Tensor:
        """Return `x` with more axes."""
        dim = self.dim % len(x.shape)
        return x.reshape((*x.shape[:dim], *self.unflattened_size, *x.shape[dim + 1 :]))

    def extra_repr(self) -> str:
        return f"{self.dim}, {self.unflattened_size}"


class Dropout(Module):
    """In training, each element is dropped with probability `p`, and the others grow by 1 / (1 - p)."""

    def __init__(self, p: float = 0.5, *, rng: Rng = None) -> None:
        super().__init__()
        self.p = fraction("Dropout", "p", p)
        self.rng = init.generator(rng)

    def forward(self, x: Any) -> Tensor:
        """Return `x` thinned out in training, and `x` itself otherwise."""
        return functional.dropout(x, self.p, self.training, rng=self.rng)

    def extra_repr(self) -> str:
        return f"p={self.p}"


class Embedding(Module):
    """A row of numbers for each of `num_embeddings` words, looked up by the word's number.

    weight: (num_embeddings, embedding_dim). padding_idx: a word whose row is zero and stays so.
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        *,
        rng: Rng = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        n = self.num_embeddings = size("Embedding", "num_embeddings", num_embeddings)
        self.embedding_dim = size("Embedding", "embedding_dim", embedding_dim)
        self.padding_idx = None if padding_idx is None else size("Embedding", "padding_idx", padding_idx % n, 0)
        start = init.normal((n, self.embedding_dim), rng=rng)
        if self.padding_idx is not None:
            start[self.padding_idx] = 0
        self.weight = Tensor(start, requires_grad=True, label="E", dtype=dtype)

    def forward(self, words: Any) -> Tensor:
        """Return (…, embedding_dim) for whole numbers of shape (…)."""
        return functional.embedding(words, self.weight, self.padding_idx)

    def extra_repr(self) -> str:
        padding = "" if self.padding_idx is None else f", padding_idx={self.padding_idx}"
        return f"{self.num_embeddings}, {self.embedding_dim}{padding}"
