"""A small convolutional net: twice (filters, relu, maximum of each 2×2), then one linear layer; LeNet's size."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from matrices import (
    RATE,
    cross_entropy,
    hips_cross_entropy,
    jax_cross_entropy,
    tinygrad_training,
    torch_training,
    training,
)
from numpy.lib.stride_tricks import sliding_window_view
from scalars import Step, descending, hips_descending

SIDE, FILTERS, CLASSES = 28, ((8, 1, 5, 5), (16, 8, 5, 5)), 10
FLAT = 16 * 4 * 4  # what is left of 28 × 28 after two times (filters of 5 × 5, half)


def start(images: int) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    """Return images, labels, and the weights and biases of two convolutions and a linear layer."""
    rng = np.random.default_rng(0)
    x, labels = rng.normal(size=(images, 1, SIDE, SIDE)), rng.integers(0, CLASSES, images)
    shapes = (*FILTERS, (CLASSES, FLAT))
    draw = (rng.normal(size=s) * np.sqrt(2 / np.prod(s[1:])) for s in shapes)
    return x, labels, [p for w in draw for p in (w, np.zeros(len(w)))]


# By hand: channels come first, before the images, so that each product is one of two large matrices ----------------


def columns(x: np.ndarray) -> np.ndarray:
    """Return the windows of all images as columns: (channels · 25, images · places)."""
    windows = sliding_window_view(x, (5, 5), axis=(2, 3))
    return windows.transpose(0, 4, 5, 1, 2, 3).reshape(len(x) * 25, -1)


def from_columns(d: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Return the slope by images from that by their columns: each pixel's sum over the windows it is in."""
    channels, n, height, width = shape
    d = d.reshape(channels, 5, 5, n, height - 4, width - 4)
    x = np.zeros(shape)
    for i in range(5):
        for j in range(5):
            x[:, :, i : i + height - 4, j : j + width - 4] += d[:, i, j]
    return x


def halved(z: np.ndarray) -> np.ndarray:
    """Return the maxima of each 2×2."""
    rows = np.maximum(z[:, :, ::2], z[:, :, 1::2])
    return np.maximum(rows[..., ::2], rows[..., 1::2])


def doubled(d: np.ndarray, a: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Return the slope by scores from that by the halved `a` of their relu `z`: where `a` is 0, nothing."""
    d *= a > 0
    back = np.empty_like(z)
    for i in range(2):
        for j in range(2):
            np.multiply(z[..., i::2, j::2] == a, d, out=back[..., i::2, j::2])
    return back


def by_hand(images: int) -> Step:
    """Return the step as one writes it with NumPy and nothing else: windows as columns, and matrix products."""
    x, labels, parameters = start(images)
    x = x.reshape(1, images, SIDE, SIDE)
    w1, b1, w2, b2, w3, b3 = parameters
    w1, w2 = w1.reshape(8, -1), w2.reshape(16, -1)
    rows = np.arange(images)

    def forward(a: np.ndarray, w: np.ndarray, b: np.ndarray, side: int) -> tuple[np.ndarray, ...]:
        c = columns(a)
        z = w @ c
        z += b[:, None]
        z = np.maximum(z, 0, out=z).reshape(len(w), images, side, side)
        return c, z, halved(z)

    def step() -> float:
        c1, z1, a1 = forward(x, w1, b1, 24)
        c2, z2, a2 = forward(a1, w2, b2, 8)
        flat = a2.swapaxes(0, 1).reshape(images, FLAT)
        z3 = flat @ w3.T
        z3 += b3
        loss, d3 = cross_entropy(z3, labels, rows)
        d2 = (d3 @ w3).reshape(images, 16, 4, 4).swapaxes(0, 1)
        d2 = doubled(d2, a2, z2).reshape(16, -1)
        d1 = doubled(from_columns(w2.T @ d2, a1.shape), a1, z1).reshape(8, -1)
        slopes = (d1 @ c1.T, d1.sum(1), d2 @ c2.T, d2.sum(1), d3.T @ flat, d3.sum(0))
        for p, g in zip((w1, b1, w2, b2, w3, b3), slopes, strict=True):
            g *= RATE
            p -= g
        return loss

    return step


# By libraries ------------------------------------------------------------------------------------------------------


def ours(images: int, through: Callable[[Any], Any] = lambda step: step) -> Step:
    """Return the step on this package's tensors."""
    from tinygrad_edu import nn

    x, labels, parameters = start(images)
    first, second, last = nn.Conv2d(1, 8, 5), nn.Conv2d(8, 16, 5), nn.Linear(FLAT, CLASSES)
    for layer, w, b in zip((first, second, last), parameters[::2], parameters[1::2], strict=True):
        layer.weight.data, layer.bias.data = w, b
    pool, relu = nn.MaxPool2d(2), nn.ReLU()
    model = nn.Sequential(first, relu, pool, second, relu, pool, nn.Flatten(), last)
    step = through(training(model))
    return lambda: float(step(x, labels).item())


def compiled(images: int) -> Step:
    """Return the step on this package's tensors, traced once and replayed."""
    import tinygrad_edu

    return ours(images, tinygrad_edu.compile)


def on_xla(images: int) -> Step:
    """Return the step on this package's tensors, compiled by XLA."""
    import tinygrad_edu

    return ours(images, functools.partial(tinygrad_edu.compile, backend="jax"))


def mygrad(images: int) -> Step:
    """Return the step on MyGrad's tensors."""
    import mygrad as mg
    from mygrad.nnet.activations import relu
    from mygrad.nnet.layers import conv_nd, max_pool
    from mygrad.nnet.losses import softmax_crossentropy

    x, labels, weights = start(images)

    def step() -> float:
        nonlocal weights
        ws = [mg.tensor(w, copy=False) for w in weights]
        a = x
        for w, b in ((ws[0], ws[1]), (ws[2], ws[3])):
            a = max_pool(relu(conv_nd(a, w, stride=1) + b.reshape(1, -1, 1, 1)), (2, 2), 2)
        loss = softmax_crossentropy(mg.matmul(a.reshape(images, FLAT), ws[4].T) + ws[5], labels)
        loss.backward()
        weights = [w.data - RATE * w.grad for w in ws]
        return float(loss.item())

    return step


def hips(images: int) -> Step:
    """Return the step on HIPS autograd, whose `convolve` turns filters around and takes channels first."""
    import autograd.numpy as anp
    from autograd.scipy.signal import convolve

    x, labels, weights = start(images)
    rows = np.arange(images)

    def loss_of(ws: list[Any]) -> Any:
        a = x
        for w, b in ((ws[0], ws[1]), (ws[2], ws[3])):
            turned = anp.transpose(w[:, :, ::-1, ::-1], (1, 0, 2, 3))
            z = convolve(a, turned, axes=([2, 3], [2, 3]), dot_axes=([1], [0]), mode="valid") + b[:, None, None]
            n, channels, height, width = z.shape
            z = anp.reshape(anp.maximum(z, 0), (n, channels, height // 2, 2, width // 2, 2))
            a = anp.max(anp.max(z, axis=5), axis=3)
        return hips_cross_entropy(anp.dot(anp.reshape(a, (images, FLAT)), ws[4].T) + ws[5], labels, rows)

    return hips_descending(loss_of, weights, RATE)


def torch(images: int) -> Step:
    """Return the step on PyTorch's tensors, eager."""
    import torch
    from torch import nn

    x, labels, parameters = start(images)
    layers = [nn.Conv2d(1, 8, 5), nn.Conv2d(8, 16, 5), nn.Linear(FLAT, CLASSES)]
    for layer, w, b in zip(layers, parameters[::2], parameters[1::2], strict=True):
        layer.weight.data, layer.bias.data = torch.from_numpy(w), torch.from_numpy(b)
    pool, relu = nn.MaxPool2d(2), nn.ReLU()
    model = nn.Sequential(layers[0], relu, pool, layers[1], relu, pool, nn.Flatten(), layers[2])
    return torch_training(model, x, labels)


def jax(images: int) -> Step:
    """Return the step on JAX's arrays, compiled by XLA."""
    import jax

    x, labels, parameters = start(images)

    def loss_of(ws: list[Any], x: Any, labels: Any) -> Any:
        a = x
        for w, b in ((ws[0], ws[1]), (ws[2], ws[3])):
            z = jax.lax.conv_general_dilated(a, w, (1, 1), "VALID") + b[:, None, None]
            window = (1, 1, 2, 2)
            a = jax.lax.reduce_window(jax.nn.relu(z), -np.inf, jax.lax.max, window, window, "VALID")
        return jax_cross_entropy(a.reshape(images, FLAT) @ ws[4].T + ws[5], labels)

    return descending(loss_of, parameters, RATE, x, labels)


def tinygrad(images: int) -> Step:
    """Return the step on tinygrad's tensors, through its own compiler."""
    x, labels, parameters = start(images)

    def scores(a: Any, ws: list[Any]) -> Any:
        for w, b in ((ws[0], ws[1]), (ws[2], ws[3])):
            a = a.conv2d(w, b).relu().max_pool2d((2, 2))
        return a.reshape(images, FLAT).linear(ws[4].T, ws[5])

    return tinygrad_training(scores, x, labels, parameters)


SUBJECTS: dict[str, Callable[[int], Step]] = {
    "NumPy by hand": by_hand,
    "tinygrad_edu": ours,
    "tinygrad_edu compiled": compiled,
    "tinygrad_edu on XLA": on_xla,
    "MyGrad": mygrad,
    "HIPS autograd": hips,
    "PyTorch": torch,
    "JAX jit": jax,
    "tinygrad": tinygrad,
}
