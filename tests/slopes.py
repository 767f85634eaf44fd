"""Hold a function of NumPy's names, handed tensors, to NumPy itself: its values, its slope, and the slope of that."""

import numpy as np
import pytest

import tinygrad_edu as tg

_rng = np.random.default_rng(0)
SHAPES = (3, 4), (4, 2), 5, 4, (2, 3, 4), (3, 3), (3, 4), (2, 3, 3)
A, B, v, w, T, S, P, S2 = (_rng.normal(size=shape) for shape in SHAPES)
P, positive, number = np.abs(P) + 0.3, np.abs(_rng.normal(size=5)) + 0.2, np.array(0.7)
mask = A > -0.6


class Cases(dict):
    """Calls to be held, by name: each a function, its operands, and keywords of `hold`."""

    def __call__(self, name, f, *operands, **how):
        assert name not in self
        self[name] = f, operands, how

    def test(self):
        """Return the test of all of them."""

        @pytest.mark.filterwarnings("ignore::RuntimeWarning")
        @pytest.mark.parametrize("name", self)
        def values_and_derivatives(name):
            f, operands, how = self[name]
            hold(f, *operands, **how)

        return values_and_derivatives


def weighed(z, seed=7):
    """Return the sum of all numbers in a result, or a tuple of them, each with a random weight of either sign."""
    rng = np.random.default_rng(seed)
    total = 0.0
    for part in z if isinstance(z, (tuple, list)) else (z,):
        if isinstance(part, (tg.Tensor, np.ndarray, np.generic)) and part.dtype.kind in "fc":
            total = total + np.sum(np.real(part) * rng.normal(size=part.shape))
            if part.dtype.kind == "c":
                total = total + np.sum(np.imag(part) * rng.normal(size=part.shape))
    return total


def slope_of(f, xs, towards):
    """Return the derivative of f at xs in a direction: central differences, extrapolated twice."""

    def difference(h):
        ahead, behind = ([x + sign * h * d for x, d in zip(xs, towards, strict=True)] for sign in (1, -1))
        return (f(*ahead) - f(*behind)) / (2 * h)

    h = 2e-3
    d1, d2, d4 = difference(h), difference(h / 2), difference(h / 4)
    e1, e2 = (4 * d2 - d1) / 3, (4 * d4 - d2) / 3
    return (16 * e2 - e1) / 15


def same_values(ours, theirs):
    """Assert that results agree in number, kind, shape and value."""
    if isinstance(theirs, (tuple, list)):
        assert len(ours) == len(theirs)
        for mine, other in zip(ours, theirs, strict=True):
            same_values(mine, other)
        return
    mine = ours.data if isinstance(ours, tg.Tensor) else np.asarray(ours)
    assert mine.shape == np.shape(theirs)
    assert mine.dtype == np.asarray(theirs).dtype
    np.testing.assert_allclose(np.asarray(mine), theirs, rtol=1e-11, atol=1e-13)


def same_kinds(ours, theirs):
    """Assert that results have the same dtypes."""
    for mine, other in zip(*((z if isinstance(z, (tuple, list)) else (z,)) for z in (ours, theirs)), strict=True):
        assert (mine.dtype if isinstance(mine, tg.Tensor) else np.asarray(mine).dtype) == np.asarray(other).dtype


def hold(f, *xs, order=2, rtol=1e-7):
    """Assert that f on tensors has NumPy's values, right gradients and, for order=2, right second derivatives."""
    xs = [np.asarray(x, float) for x in xs]
    tensors = [tg.Tensor(x) for x in xs]
    result = f(*tensors)
    same_values(result, f(*xs))
    single = [x.astype(np.float32) for x in xs]
    same_kinds(f(*map(tg.Tensor, single)), f(*single))
    rng = np.random.default_rng(3)
    towards = [rng.normal(size=x.shape) for x in xs]
    total = weighed(result)
    assert isinstance(total, tg.Tensor), "the graph was lost"
    total.backward()
    found = sum(np.sum(t.grad * d) for t, d in zip(tensors, towards, strict=True) if t.grad is not None)
    wanted = slope_of(lambda *at: weighed(f(*at)), xs, towards)
    scale = max((np.abs(t.grad).max(initial=1) for t in tensors if t.grad is not None), default=1)
    np.testing.assert_allclose(found, wanted, rtol=rtol, atol=rtol * scale)
    _, forward = tg.jvp(lambda *at: weighed(f(*at)), tuple(xs), tuple(towards))
    np.testing.assert_allclose(float(forward), found, rtol=1e-8, atol=1e-8 * scale)
    if order < 2:
        return

    def gradient(*at):
        leaves = [tg.Tensor(x) for x in at]
        z = weighed(f(*leaves))
        return np.concatenate([np.ravel(g.data) for g in tg.gradients(z, leaves)])

    leaves = [tg.Tensor(x) for x in xs]
    first = tg.gradients(weighed(f(*leaves)), leaves)
    along = sum(np.sum(g * d) for g, d in zip(first, towards, strict=True))
    if along.requires_grad:
        second = np.concatenate([np.ravel(g.data) for g in tg.gradients(along, leaves)])
    else:
        second = np.zeros(sum(x.size for x in xs))
    wanted = slope_of(gradient, xs, towards)
    scale = max(1.0, np.abs(wanted).max(initial=0))
    np.testing.assert_allclose(second, wanted, rtol=10 * rtol, atol=10 * rtol * scale)
