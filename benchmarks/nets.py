"""Steps of two nets that examples train, in single precision with Adam: MNIST's convolutional net and a small GPT.

Each net is written once, for whichever library's `nn` it is handed, and begins with the same weights in both.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scalars import Step

LETTERS, RATE = 28, 0.001
Build = Callable[[Any, dict[str, Any]], Any]  # a net from a library's `nn` and keywords of all layers


def reader(nn: Any, how: dict[str, Any]) -> Any:
    """Return the convolutional net that reads MNIST."""
    return nn.Sequential(
        nn.Conv2d(1, 8, 5, **how),
        nn.BatchNorm2d(8, **how),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 5, **how),
        nn.BatchNorm2d(16, **how),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(256, 10, **how),
    )


def writer(nn: Any, how: dict[str, Any], blocks: int = 2, width: int = 64, length: int = 64) -> Any:
    """Return a small GPT: texts (n, length) become scores of the next characters, (n · length, characters)."""

    class Writer(nn.Module):  # type: ignore[misc]  # of any library
        def __init__(self) -> None:
            super().__init__()
            self.letters, self.places = nn.Embedding(LETTERS, width, **how), nn.Embedding(length, width, **how)
            block = {"dropout": 0.0, "activation": "gelu", "batch_first": True, "norm_first": True}
            self.blocks = nn.ModuleList(
                [nn.TransformerEncoderLayer(width, 4, 4 * width, **block, **how) for _ in range(blocks)]
            )
            self.scores = nn.Linear(width, LETTERS, **how)

        def forward(self, x: Any, mask: Any) -> Any:
            h = self.letters(x) + self.places.weight
            for block in self.blocks:
                h = block(h, src_mask=mask)
            return self.scores(h).reshape(-1, LETTERS)

    return Writer()


def pictures(n: int) -> tuple[tuple[np.ndarray, ...], np.ndarray]:
    """Return the inputs of `reader`, images, and their labels."""
    rng = np.random.default_rng(0)
    return (rng.random((n, 1, 28, 28), np.float32),), rng.integers(0, 10, n)


def texts(n: int, length: int = 64) -> tuple[tuple[np.ndarray, ...], np.ndarray]:
    """Return the inputs of `writer`, texts and the mask of what is ahead, and the characters that follow."""
    rng = np.random.default_rng(0)
    rows = rng.integers(0, LETTERS, (n, length + 1))
    ahead = np.triu(np.full((length, length), -np.inf, np.float32), 1)
    return (rows[:, :-1], ahead), rows[:, 1:].reshape(-1)


def ours(build: Build, data: Any, through: Callable[[Any], Any] = lambda step: step) -> Step:
    """Return the step on this package's tensors."""
    from tinygrad_edu import nn

    model, (inputs, labels) = build(nn, {"dtype": np.float32}), data
    model.load_state_dict(first_weights(model.state_dict()))
    optimizer = nn.Adam(model.parameters(), lr=RATE)

    def step(labels: Any, *inputs: Any) -> Any:
        loss = nn.functional.cross_entropy(model(*inputs), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    fast = through(step)
    return lambda: float(fast(labels, *inputs).item())


def compiled(build: Build, data: Any) -> Step:
    """Return the step on this package's tensors, traced once and replayed."""
    import tinygrad_edu

    return ours(build, data, tinygrad_edu.compile)


def torch(build: Build, data: Any) -> Step:
    """Return the step on PyTorch's tensors, eager."""
    import torch

    model = build(torch.nn, {})
    state = first_weights({name: x.numpy() for name, x in model.state_dict().items()})
    model.load_state_dict({name: torch.from_numpy(x) for name, x in state.items()})
    inputs, labels = [torch.from_numpy(np.array(x)) for x in data[0]], torch.from_numpy(np.array(data[1]))
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE)

    def step() -> float:
        loss = torch.nn.functional.cross_entropy(model(*inputs), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return float(loss.item())

    return step


def first_weights(state: dict[str, Any]) -> dict[str, Any]:
    """Return a state with the same random weights for the same name, and no biases, in every library."""
    first = {}
    for name in state:
        x = np.array(state[name])
        rng = np.random.default_rng([*name.encode()])
        first[name] = rng.normal(0, 0.1, x.shape).astype(x.dtype) if x.ndim > 1 else x
        if name.endswith("bias"):
            first[name][...] = 0
    return first


def subjects(build: Build, data: Callable[[int], Any]) -> dict[str, Callable[[int], Step]]:
    """Return the subjects of a race on a net: the step of each on a batch of n examples."""
    libraries = {"tinygrad_edu": ours, "tinygrad_edu compiled": compiled, "PyTorch": torch}
    return {name: lambda n, library=library: library(build, data(n)) for name, library in libraries.items()}


READERS, WRITERS = subjects(reader, pictures), subjects(writer, texts)
