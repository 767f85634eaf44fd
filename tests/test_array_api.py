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
