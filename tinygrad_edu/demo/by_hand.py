"""Backpropagation as it is derived on paper, written out in plain NumPy: nothing here knows of a graph.

The letters are those of the derivation. Layer l computes z^(l) = W^(l) a^(l-1) + b^(l) and a^(l) = σ(z^(l)), from
the image a^(0); w_jk leads from neuron k to neuron j. σ is the ReLU, and in the last layer L the softmax. The cost
of one example is C = -ln a_y^(L), where y is the digit it shows, and δ^(l) stands for ∂C/∂z^(l).
"""

from __future__ import annotations

import numpy as np

from ..core.types import Array

Layers = dict[int, Array]  # by the number of the layer, from 1 to L


def backpropagation(W: Layers, b: Layers, x: Array, y: int) -> tuple[Layers, Layers]:
    """Return ∂C/∂W^(l) and ∂C/∂b^(l) of every layer, for one example."""
    L = len(W)
    z: Layers = {}
    a: Layers = {0: x}
    for l in range(1, L + 1):
        z[l] = W[l] @ a[l - 1] + b[l]
        a[l] = np.maximum(z[l], 0) if l < L else np.exp(z[l]) / np.sum(np.exp(z[l]))

    δ = {L: a[L] - (np.arange(len(a[L])) == y)}
    for l in range(L - 1, 0, -1):
        δ[l] = (W[l + 1].T @ δ[l + 1]) * (z[l] > 0)

    return {l: np.outer(δ[l], a[l - 1]) for l in δ}, δ  # ∂C/∂w_jk = δ_j a_k and ∂C/∂b_j = δ_j


def of_a_batch(W: Layers, b: Layers, xs: Array, ys: Array) -> tuple[Layers, Layers]:
    """Return the gradients of a batch: the average of those of its examples."""
    examples = [backpropagation(W, b, x, y) for x, y in zip(xs, ys, strict=True)]
    dW = {l: np.mean([example[0][l] for example in examples], axis=0) for l in W}
    db = {l: np.mean([example[1][l] for example in examples], axis=0) for l in b}
    return dW, db
