"""The Array API's namespace: programs for any array library run on tensors, and gradients flow through them."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import Tensor
from tinygrad_edu.errors import DTypeError

X = np.array([[0.5, -1.0, 2.0], [3.0, 0.25, -0.5]])
xp = Tensor(X).__array_namespace__()


def standardised(x):
    """Written for any library: the columns with mean 0 and deviation 1, and the positive ones alone."""
    xp = x.__array_namespace__()
    centred = x - xp.mean(x, axis=0, keepdims=True)
    whole = centred / (xp.std(x, axis=0, keepdims=True) + xp.ones((1,), dtype=x.dtype, device=x.device))
    return xp.where(whole > 0, whole, xp.zeros_like(whole))


def test_a_program_for_any_library_is_differentiable():
    np.testing.assert_allclose(standardised(Tensor(X)).data, standardised(X), rtol=1e-14)
    tg.gradcheck(standardised, X, order=2).assert_ok()


@pytest.mark.parametrize(
    "name", ["unique_values", "unique_counts", "nonzero", "isin", "searchsorted", "argsort", "arange"]
)
def test_results_are_tensors_with_numpys_numbers(name):
    arguments = {"isin": (X, X[0]), "searchsorted": (np.sort(X[0]), X[1]), "arange": (3.0,)}.get(name, (X,))
    ours = getattr(xp, name)(*(Tensor(x, requires_grad=False) if isinstance(x, np.ndarray) else x for x in arguments))
    theirs = getattr(np, name)(*arguments)
    for mine, other in zip(*((z if isinstance(z, tuple) else (z,)) for z in (ours, theirs)), strict=True):
        assert isinstance(mine, Tensor)
        assert not mine.requires_grad
        assert mine.dtype == other.dtype
        np.testing.assert_array_equal(mine.data, other)


def test_arrays_are_made_of_anything():
    t = Tensor(X)
    assert xp.asarray(t) is t
    copy = xp.asarray(t, copy=True)
    assert copy is not t
    assert copy.requires_grad  # a copy in the graph
    assert xp.asarray([1, 2], dtype=xp.float32).dtype == np.float32
    assert not xp.asarray(X).requires_grad
    np.testing.assert_array_equal(np.from_dlpack(t.detach()), X)
    assert complex(Tensor(1j, requires_grad=False)) == 1j
    assert t.to_device("cpu") is t
    assert xp.result_type(t, xp.float32) == np.float64
    assert {"sum", "asarray", "float64", "unique_all"} <= set(dir(xp))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: xp.isin(Tensor(X), 1.0), DTypeError, "cut it out of its graph"),
        (lambda: Tensor(X).__dlpack__(), DTypeError, "cut it out of its graph"),
        (lambda: xp.zeros(3, device="gpu"), ValueError, "one device"),
        (lambda: Tensor(X).to_device("gpu"), ValueError, "one device"),
        (lambda: xp.asarray(X, copy=False), ValueError, "copy=False"),
        (lambda: Tensor(X).__array_namespace__(api_version="1999.01"), ValueError, "1999"),
        (lambda: xp.no_such_name, AttributeError, "no_such_name"),
    ],
)
def test_what_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_signatures_are_the_standards():
    t = Tensor(X)
    assert type(xp.meshgrid(t[0], t[1])) is type(xp.broadcast_arrays(t, t[0])) is list
    np.testing.assert_array_equal(xp.clip(t, min=0).data, np.clip(X, 0, None))
    np.testing.assert_array_equal(xp.where(t > 0, t, t * 2).data, np.where(X > 0, X, X * 2))
    assert xp.full((2,), 1.5, dtype=xp.float32, device="cpu").dtype == np.float32
    assert xp.linalg.matrix_rank(Tensor(np.eye(3)), rtol=1e-3).item() == 3
    for name in ("fftfreq", "rfftfreq"):
        np.testing.assert_array_equal(getattr(xp.fft, name)(8, d=0.5).data, getattr(np.fft, name)(8, d=0.5))
    assert isinstance(xp.fft.fft(t), Tensor)


def test_shifts_are_numpys():
    x, n = np.array([1, 6, -8]), np.array([2, 1, 1])
    for ours, theirs in (
        (Tensor(x) << n, x << n),
        (Tensor(x) >> 1, x >> 1),
        (xp.bitwise_left_shift(Tensor(x), Tensor(n)), x << n),
        (xp.bitwise_right_shift(Tensor(x), Tensor(n)), x >> n),
    ):
        np.testing.assert_array_equal(ours.data, theirs)


def test_constants_stay_constants():
    t = xp.asarray([1.0, 2.0])
    assert not xp.asarray(t, copy=True).requires_grad
    assert not xp.astype(t, xp.float32).requires_grad
    t /= 2.0  # may be written into, which a leaf that needs a gradient may not
    np.testing.assert_array_equal(xp.astype(xp.asarray([True]), xp.bool).data, [True])


def test_vectors_that_a_matrix_does_not_determine_are_had_of_constants():
    tall = X.T @ np.diag([1.0, 2.0])
    for ours, theirs in (
        (xp.linalg.svd(xp.asarray(X)), np.linalg.svd(X)),
        (xp.linalg.qr(xp.asarray(tall), mode="complete"), np.linalg.qr(tall, "complete")),
    ):
        for one, other in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(one.data, other)
    with pytest.raises(DTypeError, match="full_matrices=False"):
        xp.linalg.svd(Tensor(X))
