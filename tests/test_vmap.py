"""vmap against a Python loop: every row, derivatives in and around it, and what it has to refuse."""

import importlib

import numpy as np
import pytest
from samples import DIFFERENTIABLE, NAMES, draw, operands_of, rng_for, samples

import tinygrad_edu as tg
from tinygrad_edu import Tensor
from tinygrad_edu.core.op import TABLE
from tinygrad_edu.errors import DTypeError, ShapeError

module = importlib.import_module("tinygrad_edu.transforms.vmap")

RNG = np.random.default_rng(5)
X = RNG.normal(size=(4, 3))
W = RNG.normal(size=(3, 2))
SQUARE = RNG.normal(size=(3, 3))
SCALES = (1.0, 1.07, 0.93)
ROWS = [(name, i) for name in NAMES for i in range(len(samples(name)))]


def numbers(x):
    return np.asarray(x.data if isinstance(x, Tensor) else x)


def looped(f, *batches):
    return np.stack([numbers(f(*each)) for each in zip(*batches, strict=True)])


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("name", "i"), ROWS)
def test_every_row_does_for_a_batch_what_it_does_for_each(name, i):
    operands, params = samples(name)[i]
    moving = operands_of((operands, params)) or [0]
    batches = [np.stack([x * np.asarray(s).astype(np.asarray(x).dtype) for s in SCALES]) for x in operands]
    for mapped in {tuple(moving), (moving[0],)}:
        given = [batches[k] if k in mapped else x for k, x in enumerate(operands)]
        alone = [[x[k] if j in mapped else x for j, x in enumerate(given)] for k in range(len(SCALES))]

        def row(*xs, mapped=mapped):
            return TABLE[name](*(xs[mapped.index(j)] if j in mapped else x for j, x in enumerate(operands)), **params)

        axes = [0 if j in mapped else None for j in range(len(operands))]
        found = tg.vmap(lambda *xs: TABLE[name](*xs, **params), axes)(*given)
        expected = np.stack([numbers(row(*(Tensor(each[j]) for j in mapped))) for each in alone])
        np.testing.assert_allclose(numbers(found), expected, rtol=1e-10, atol=1e-12)
        if name in DIFFERENTIABLE:
            seeds = draw(rng_for(name), expected.shape).astype(expected.dtype)
            together = tg.vjp(tg.vmap(row), *(batches[j] for j in mapped))[1](seeds)
            each = [tg.vjp(row, *(x[j] for j in mapped))[1](seed) for x, seed in zip(alone, seeds, strict=True)]
            for a, b in zip(together, zip(*each, strict=True), strict=True):
                np.testing.assert_allclose(a, np.stack(b), rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize(
    "name", ["det", "solve", "einsum", "softmax", "sum", "conv2d", "getitem", "fft", "matmul", "svd"]
)
def test_a_row_is_called_once_for_all_examples(name, monkeypatch):
    operands, params = samples(name)[0]
    calls, row = [], TABLE[name]
    forward = row.forward
    monkeypatch.setattr(row, "forward", lambda *xs, **how: calls.append(np.shape(xs[0])) or forward(*xs, **how))
    monkeypatch.setattr(
        module, "batching_rule_of", lambda *args, once=module.batching_rule_of: counted(calls, once, *args)
    )
    tg.vmap(lambda *xs: row(*xs, **params), [0] + [None] * (len(operands) - 1))(
        np.stack([operands[0]] * 50), *operands[1:]
    )
    assert len(calls) <= 3, calls  # for the first example, for all, and to look at the last


def counted(calls, once, *args):
    """Find a way to hand a row a batch without counting what is tried."""
    before = len(calls)
    found = once(*args)
    del calls[before:]
    return found


INSIDE = {
    "gradient": tg.grad(lambda x: (tg.sin(x) * x[::-1]).prod()),
    "jacobian": tg.jacobian(lambda x: tg.softmax(x @ SQUARE)),
    "hessian": tg.hessian(lambda x: (tg.sin(x) * x[::-1]).prod()),
    "forward": lambda x: tg.jvp(lambda y: tg.tanh(y) * y.sum(), x, x * 2)[1],
    "data": lambda x: x * x.data[0],
    "branches": lambda x: tg.where(x > 0.1, tg.exp(x), x**2),
    "indices": lambda x: x[tg.argsort(x)] + x[:, None][0] * np.sort(x)[-1],
    "writes": lambda x: written(x * 2),
    "constants of its own": lambda x: Tensor(np.ones(3)) * x + np.arange(3),
    "rounding": lambda x: x - x.detach() * 0.5,
    "interpolation": lambda x: np.interp(x, [0.0, 1.0, 2.0], [0.0, 5.0, 6.0]),
    "signs of determinants": lambda x: np.linalg.slogdet(np.outer(x, x) - np.eye(3))[0] * x,
    "p-norms": lambda x: np.linalg.norm(x, 3) + np.linalg.norm(x, -1) * x,
    "decompositions": lambda x: np.linalg.eigh(np.outer(x, x) + np.eye(3) * x.sum() ** 2)[0],
}


def written(y):
    y[1] = y[0] * y[2]
    return y


@pytest.mark.parametrize("name", INSIDE)
def test_functions_of_an_example(name):
    f = INSIDE[name]
    np.testing.assert_allclose(numbers(tg.vmap(f)(X)), looped(f, map(Tensor, X)), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("transform", [tg.grad, tg.hessian])
def test_derivatives_around_it(transform):
    def together(w):
        return (tg.vmap(lambda x: tg.tanh(x @ w))(X) ** 3).sum()

    def one_by_one(w):
        return sum((tg.tanh(Tensor(x, requires_grad=False) @ w) ** 3).sum() for x in X)

    np.testing.assert_allclose(transform(together)(W), transform(one_by_one)(W), rtol=1e-10)


def test_no_gradient_passes_where_none_did():
    f = lambda x: x * x.detach()  # noqa: E731  # as a user would write it
    np.testing.assert_allclose(tg.grad(lambda x: tg.vmap(f)(x).sum())(X), X)


def test_axes():
    f, y = (lambda x, y: (x @ y, y)), RNG.normal(size=(3, 2))
    z, same = tg.vmap(f, in_axes=(1, None), out_axes=(1, None))(X.T, y)
    np.testing.assert_allclose(z, (X @ y).T)
    np.testing.assert_array_equal(same, y)
    np.testing.assert_allclose(tg.vmap(lambda x: 2 * x, -1, -1)(X), 2 * X)
    np.testing.assert_allclose(tg.vmap(lambda x: 1.5)(X), np.full(4, 1.5))
    np.testing.assert_allclose(tg.vmap(lambda p, x: p["w"] * x)({"w": X}, X), X * X)
    np.testing.assert_allclose(
        tg.vmap(lambda x, scale: x * scale)(X, scale=np.arange(4.0)), X * np.arange(4.0)[:, None]
    )
    nested = tg.vmap(tg.vmap(lambda a, b: a * b, (None, 0)), (0, None))(X[:, 0], X[0])
    np.testing.assert_allclose(nested, np.outer(X[:, 0], X[0]))


def test_kinds():
    assert type(tg.vmap(lambda x: x.sum())(X)) is np.ndarray
    assert isinstance(tg.vmap(lambda x: x.sum())(Tensor(X)), Tensor)
    w = Tensor(W)
    tg.vmap(lambda x: (x @ w).sum())(X).sum().backward()
    np.testing.assert_allclose(w.grad, np.repeat(X.sum(0)[:, None], 2, 1))
    assert tg.vmap(lambda x: x * 2)(X.astype(np.float32)).dtype == np.float32


def test_it_compiles():
    w = Tensor(W)
    step = tg.compile(lambda x: tg.vmap(lambda x: tg.tanh(x @ w) ** 2)(x).sum())
    for x in (X, 3 * X):
        assert step(x).item() == pytest.approx((np.tanh(x @ W) ** 2).sum())


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x if x.sum() > 0 else -x,
        lambda x: x * float(x[0].detach()),
        lambda x: Tensor(np.asarray(x.detach())) * x,
        lambda x: x * int(tg.argmax(x)),
        lambda x: x[x > 0],
        lambda x: tg.nn.functional.dropout(x, 0.5),
        lambda x: STATE.assign(x) or x,
        lambda x: (x * STATE).sum().backward() or x,
    ],
)
def test_what_differs_from_example_to_example_is_refused(f):
    with pytest.raises((DTypeError, ShapeError), match=r"vmap.*test_vmap\.py:\d+"):
        tg.vmap(f)(X)


STATE = Tensor(np.ones(3))


def test_what_depends_on_no_example_may_be_read():
    assert STATE.data[0] == 1
    f = lambda x: x * float(STATE.data[0] + 1) if STATE.sum() > 0 else -x  # noqa: E731
    np.testing.assert_allclose(numbers(tg.vmap(f)(X)), 2 * X)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: tg.vmap(lambda x, y: x)(X, X[:2]), "same number of examples.*x.*4.*y.*2"),
        (lambda: tg.vmap(lambda x: x)(2.0), "`x` has no axis 0"),
        (lambda: tg.vmap(lambda x: x, 2)(X), "`x` has no axis 2"),
        (lambda: tg.vmap(lambda x: x, (0, 0))(X), "2 entries.*1 argument"),
        (lambda: tg.vmap(lambda x: x)(X[:0]), "one at least"),
        (lambda: tg.vmap(lambda x: x, None)(X), "one at least"),
        (lambda: tg.vmap(lambda x: x, out_axes=None)(X), "out_axes=None"),
        (lambda: tg.vmap(lambda x: x, out_axes=(0, 1))(X), "out_axes"),
        (lambda: tg.vmap(lambda x: x)([tg.Value(1.0)]), "no axis 0"),
    ],
)
def test_misuse_is_told(call, message):
    with pytest.raises(ShapeError, match=message):
        call()
