"""The net of the demo, and how it learns: mini-batch SGD on the digits that are shipped."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ..core.context import no_grad
from ..core.types import Array
from ..data import batches
from ..draw.pages.recorder import Recorder
from ..nn import SGD, Linear, ReLU, Sequential
from ..nn.functional import cross_entropy
from ..nn.optim import CosineAnnealingLR

LEARNING_RATE = 0.1
MOMENTUM = 0.9
BATCH = 32
SMUDGE = 0.3  # each time an image is seen its pixels change a little, so that it is not learnt by heart
REPLAY_FRAMES = 40  # of the replay: with more of them, a net of this size would make a large page


def digit_net(rng: np.random.Generator) -> Sequential:
    """Return an untrained net: 64 pixels, two hidden layers, a score for each digit."""
    return Sequential(Linear(64, 48, rng=rng), ReLU(), Linear(48, 24, rng=rng), ReLU(), Linear(24, 10, rng=rng))


def train(
    model: Sequential, x: Array, y: Array, epochs: Iterable[int], total: int, rng: np.random.Generator
) -> Recorder:
    """Train on the images, once through for each of the `total` `epochs`; return what was seen of it."""
    optimizer = SGD(model.parameters(), LEARNING_RATE, momentum=MOMENTUM)
    schedule = CosineAnnealingLR(optimizer, total, LEARNING_RATE / 100)
    recorder = Recorder(model, frames=REPLAY_FRAMES)
    for _ in epochs:
        for images, digits in batches(x, y, BATCH, rng):
            loss = cross_entropy(model(images + rng.normal(0, SMUDGE, images.shape)), digits)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            recorder.record(loss)
        schedule.step()
    return recorder


def recognised(model: Sequential, x: Array) -> Array:
    """Return the digit that the net takes each image for."""
    with no_grad():
        return np.asarray(model(x)._data.argmax(axis=1))


def least_sure(model: Sequential, x: Array, y: Array) -> int:
    """Return which image it recognises with the smallest probability: there its gradients are large."""
    with no_grad():
        doubt = cross_entropy(model(x), y, reduction="none")._data
    return int(np.argmax(np.where(recognised(model, x) == y, doubt, -1)))
