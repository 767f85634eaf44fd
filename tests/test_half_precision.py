"""Halves: results and gradients are those of single precision, rounded. Counts, eps and sums keep their size."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import Tensor

F = tg.nn.functional
RNG = np.random.default_rng(1)
MANY = RNG.standard_normal(70_000)
OTHER = RNG.standard_normal(70_000)
SCORES = RNG.standard_normal((70_000, 3))
LABELS = np.arange(70_000) % 3
CERTAIN = np.array([1.0, 0.0, 0.3, 0.9])

CASES = {
    "mean": (lambda x: x.mean(), MANY),
    "sum of rows": (lambda x: x.sum(axis=0), np.abs(SCORES[:7000])),
    "a bias for many rows": (lambda x, b: x + b, SCORES[:5000], np.ones(3)),
    "cumsum": (np.cumsum, np.ones(5000)),
    "var": (np.var, 300 * MANY),
    "std": (np.std, 300 * MANY),
    "norm": (np.linalg.norm, np.ones(70_000)),
    "logsumexp": (tg.logsumexp, MANY),
    "softmax": (F.softmax, np.zeros(70_000)),
    "log_softmax": (F.log_softmax, MANY),
    "mse_loss": (F.mse_loss, MANY, OTHER),
    "mse_loss, far off": (F.mse_loss, 300 * MANY[:100], OTHER[:100]),
    "l1_loss": (F.l1_loss, MANY, OTHER),
    "huber_loss": (F.huber_loss, MANY, OTHER),
    "cross_entropy": (lambda x: F.cross_entropy(x, LABELS), SCORES),
    "nll_loss": (lambda x: F.nll_loss(x, LABELS), SCORES),
    "binary_cross_entropy": (lambda p: F.binary_cross_entropy(p, np.rint(CERTAIN).astype(p.dtype)), CERTAIN),
    "binary_cross_entropy_with_logits": (
        lambda x: F.binary_cross_entropy_with_logits(x, (OTHER > 0).astype(x.dtype)),
        MANY,
    ),
    "avg_pool2d": (lambda x: F.avg_pool2d(x, 270), np.abs(RNG.standard_normal((1, 1, 270, 270)))),
    "normalize": (F.normalize, np.array([[1e-2, 1e-4], [0.0, 0.0], [300.0, 0.01]])),
    "normalize, p=3": (lambda x: F.normalize(x, 3), np.array([[1e-2, 1e-4], [0.0, 0.0], [300.0, 0.01]])),
    "cosine_similarity": (
        F.cosine_similarity,
        np.array([[1e-2, 1e-4], [0.0, 0.0], [16e3, 12.0]]),
        np.array([[300.0, 1.0], [1.0, 2.0], [2e4, 20.0]]),
    ),
    "layer_norm": (lambda x: F.layer_norm(x, (50,)), 1000 * RNG.standard_normal((3, 50))),
    "batch norm": (lambda x: tg.nn.BatchNorm1d(4, dtype=x.dtype)(x), 1000 * RNG.standard_normal((30, 4))),
    "conv2d": (F.conv2d, RNG.standard_normal((2, 3, 30, 30)), RNG.standard_normal((2, 3, 3, 3))),
    "arctan": (np.arctan, np.array([300.0, -5000.0, 3.0])),
    "arcsinh": (np.arcsinh, np.array([300.0, -5000.0, 3.0])),
    "arctan2": (np.arctan2, np.array([1e-4, 1e-4, 300.0]), np.array([1e-4, -1e-4, -400.0])),
}


def in_precision(f, inputs, dtype):
    """The result of f and the gradients of its inputs under signed random weights, from halves held in a dtype."""
    leaves = [Tensor(x.astype(np.float16), True, dtype=dtype) for x in inputs]
    z = f(*leaves)
    assert z.dtype == dtype
    z.backward(np.random.default_rng(0).standard_normal(z.shape).astype(np.float16).astype(dtype))
    return [np.asarray(z.data), *(np.asarray(x.grad) for x in leaves)]


@pytest.mark.filterwarnings("ignore:overflow encountered in cast")
@pytest.mark.parametrize("name", CASES)
def test_halves_are_single_precision_rounded(name):
    f, *inputs = CASES[name]
    halves, singles = (in_precision(f, inputs, dtype) for dtype in (np.float16, np.float32))
    for half, single in zip(halves, singles, strict=True):
        rounded = single.astype(np.float16).astype(float)
        np.testing.assert_allclose(half.astype(float), rounded, rtol=4e-3, atol=6e-7 + 1e-6 * np.abs(rounded).max())
        assert np.any(half), "all zero: nothing was compared"


OPTIMISERS = {
    "Adam": tg.nn.Adam,
    "AdamW": tg.nn.AdamW,
    "RMSprop": tg.nn.RMSprop,
    "Adagrad": tg.nn.Adagrad,
    "SGD": lambda params: tg.nn.SGD(params, lr=0.01, momentum=0.9),
}


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("name", OPTIMISERS)
def test_an_optimiser_steps_halves_as_it_steps_singles(name, compiled):
    def trained(dtype):
        w = Tensor([1.0, -2.0, 0.0, 3.0], True, dtype=dtype)
        optimizer = OPTIMISERS[name]([w])

        def step():
            optimizer.zero_grad()
            loss = (w * w * np.array([1, 1e-4, 1, 0], dtype)).sum()  # one gradient is tiny, one zero
            loss.backward()
            optimizer.step()
            return loss

        run = tg.compile(step) if compiled else step
        for _ in range(4):
            run()
        return w.data

    np.testing.assert_allclose(trained(np.float16), trained(np.float32), rtol=2e-3)


def test_clipping_measures_many_halves_in_single_precision():
    w = Tensor(np.ones(70_000), True, dtype=np.float16)
    (w * w).sum().backward()
    assert tg.nn.clip_grad_norm([w], 1.0) == pytest.approx(2 * 70_000**0.5, rel=1e-3)
    np.testing.assert_allclose(np.asarray(w.grad, float), 70_000**-0.5, rtol=1e-3)
