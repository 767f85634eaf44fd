"""What the tests of compiled functions share: a net, a training step, and comparing what is left behind."""

import numpy as np

from tinygrad_edu import nn
from tinygrad_edu.nn import functional

CLOSE = {"rtol": 1e-12, "atol": 1e-13}


def same(ours, theirs, **tolerance):
    """Compare two results, or the state of two models."""
    ours, theirs = np.asarray(getattr(ours, "_data", ours)), np.asarray(getattr(theirs, "_data", theirs))
    assert ours.dtype == theirs.dtype
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours, theirs, **(tolerance or CLOSE))


def flat(tree):
    return [leaf for part in tree for leaf in flat(part)] if isinstance(tree, (list, tuple)) else [tree]


def training(model, optimizer):
    def step(x, y):
        optimizer.zero_grad()
        loss = functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    return step


def net(dtype=None, *more):
    rng = np.random.default_rng(0)
    return nn.Sequential(nn.Linear(6, 6, rng=rng, dtype=dtype), *more, nn.ReLU(), nn.Linear(6, 3, rng=rng, dtype=dtype))


def batch(rng, n=8, dtype=float):
    return rng.normal(size=(n, 6)).astype(dtype), rng.integers(0, 3, n)
