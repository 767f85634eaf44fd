"""Loops over single numbers, as a learner writes them, compile to views and matrix products."""

import random

import pytest
from test_batching import twins

import tinygrad_edu as tg
from tinygrad_edu import Value

SIZE = range(5)


def weights(rng, n=5, m=5):
    return [[Value(rng.gauss(0, 0.5)) for _ in range(m)] for _ in range(n)]


def dot(xs, ys):
    return sum(x * y for x, y in zip(xs, ys, strict=True))


def transposed(a, x, _):
    return [sum(a[i][j] * x[i] for i in SIZE).tanh() for j in SIZE]


def shared_with_skips(a, x, b):
    for matrix in (a, b, a):
        x = [v + dot(row, x).tanh() for v, row in zip(x, matrix, strict=True)]
    return x


def normalised(a, x, _):
    h = [dot(row, x) for row in a]
    mean = sum(h) / 5
    spread = sum((v - mean) ** 2 for v in h) / 5
    return [(v - mean) / (spread + 1e-5) ** 0.5 for v in h]


def gated(a, x, b):
    c = [0.5 * v for v in x]
    for _ in range(2):
        gates, news = ([dot(row, x) for row in m] for m in (a, b))
        c = [tg.sigmoid(g) * v + (1 - tg.sigmoid(g)) * n.tanh() for g, v, n in zip(gates, c, news, strict=True)]
        x = c
    return c


def pairs(a, x, _):
    del x
    return [1 / (1 + sum((a[i][k] - a[j][k]) ** 2 for k in SIZE)) for i in SIZE for j in SIZE]


def polynomial(a, x, _):
    return [sum(c * v**k for k, c in enumerate(a[0])) for v in x]


# Of each kind of loops: how many matrix products there are at least, going forward and back.
KINDS = {transposed: 2, shared_with_skips: 8, normalised: 2, gated: 4, pairs: 0, polynomial: 0}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_loops_become_views_and_matrix_products(kind):
    def build():
        rng = random.Random(0)
        a, b = weights(rng), weights(rng)
        params = [w for row in (*a, *b) for w in row]
        xs = [[rng.gauss(0, 1) for _ in SIZE] for _ in range(20)]

        def step():
            loss = sum((z - 0.3) ** 2 for x in xs for z in kind(a, x, b)) / 20
            for w in params:
                w.grad = None
            loss.backward()
            for w in params:
                w.data -= 0.0 if w.grad is None else 0.01 * w.grad
            return loss

        return step, params

    fast = twins(build, steps=2, tolerance=1e-11)
    assert "HERE" not in fast.source
    assert "concatenate" not in fast.source
    assert fast.source.count(".dot(") + fast.source.count("np.matmul(") >= KINDS[kind]
    assert fast.source.count("\n") < 150
