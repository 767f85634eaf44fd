"""Nets written out from tensors, for tests that need many of them."""

import numpy as np

import tinygrad_edu as tg
from tinygrad_edu import nn

LOSSES = ("mse", "cross entropy")
ACTIVATIONS = ("sigmoid", "tanh", "relu")


def net(rng, sizes=(4, 5, 3), n=7, activation="sigmoid", loss="mse"):
    """Return the cost of a net on random data, and its parameters by label."""
    a = tg.Tensor(rng.normal(size=(n, sizes[0])), requires_grad=False)
    parameters = {}
    for number, (k, j) in enumerate(zip(sizes, sizes[1:], strict=False), 1):
        W = tg.Tensor(rng.normal(size=(j, k)) / np.sqrt(k) * 1.5, label=f"W^({number})")
        b = tg.Tensor(rng.normal(size=j), label=f"b^({number})")
        parameters |= {W.label: W, b.label: b}
        z = a @ W.T + b
        is_last = number == len(sizes) - 1
        a = z if is_last and loss == "cross entropy" else getattr(tg, activation)(z)
    if loss == "cross entropy":
        return nn.functional.cross_entropy(a, rng.integers(0, sizes[-1], n)), parameters
    return ((a - rng.normal(size=(n, sizes[-1]))) ** 2).sum() / n, parameters
