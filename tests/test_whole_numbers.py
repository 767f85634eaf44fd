"""Whole numbers, narrow, unsigned and boolean ones too: results are those of the same numbers in floating point."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import Tensor

F = tg.nn.functional
DTYPES = [bool, np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.uint64]
UNARY = (
    "sigmoid logsigmoid silu softplus gelu elu leaky_relu hardtanh hardsigmoid hardswish relu6 selu mish softsign "
    "softmax softmin log_softmax logsumexp sech2 erf erfc lgamma digamma sinc entropy i0 rsqrt frac"
)
MORE = {
    "functional.softmax": F.softmax,
    "functional.sigmoid": F.sigmoid,
    "functional.silu": F.silu,
    "functional.elu": F.elu,
    "gelu, tanh": lambda x: tg.gelu(x, "tanh"),
    "logit": lambda x: tg.logit(x[:2] * 0),
    "norm": np.linalg.norm,
    "norm 1": lambda x: np.linalg.norm(x, 1),
    "norm 3": lambda x: np.linalg.norm(x, 3),
    "mse_loss": lambda x: F.mse_loss(x, x[::-1]),
    "l1_loss": lambda x: F.l1_loss(x, x[::-1]),
    "huber_loss": lambda x: F.huber_loss(x, x[::-1]),
    "bce with logits": lambda x: F.binary_cross_entropy_with_logits(x, x[::-1] > 0),
    "cross_entropy": lambda x: F.cross_entropy(x.reshape(2, 2), np.array([0, 1])),
    "nll_loss": lambda x: F.nll_loss(x.reshape(2, 2), np.array([0, 1])),
    "binary_cross_entropy": lambda x: F.binary_cross_entropy(x > 0, x[::-1] > 0),
    "avg_pool2d": lambda x: F.avg_pool2d(x.reshape(1, 2, 2), 2),
    "conv2d": lambda x: F.conv2d(x.reshape(1, 1, 2, 2), x[1:2].reshape(1, 1, 1, 1)),
    "conv1d": lambda x: F.conv1d(x.reshape(1, 1, 4), x.reshape(1, 1, 4)),
    "layer_norm": lambda x: F.layer_norm(x, np.shape(x)[-1:]),
    "dropout": lambda x: F.dropout(x, 0.5, rng=0),
    "xlogy": lambda x: tg.xlogy(x, x),
}


def numbers(dtype):
    most = 1 if dtype is bool else min(np.iinfo(dtype).max, 120)
    return np.array([0, most, 1, 0 if np.dtype(dtype).kind != "i" else -128], dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", [*UNARY.split(), *MORE])
def test_whole_numbers_count_as_the_same_in_floating_point(name, dtype):
    f = MORE.get(name) or getattr(tg, name)
    x = numbers(dtype)
    with np.errstate(all="ignore"):
        expected = f(x.astype(float))
        for given in (x, Tensor(x)):
            z = f(given)
            got = np.asarray(z.data if isinstance(z, Tensor) else z)
            assert got.dtype == float
            np.testing.assert_allclose(got, expected, rtol=1e-14)


@pytest.mark.parametrize("dtype", DTYPES[1:])
def test_the_gradient_of_samples_is_numpys(dtype):
    x = np.array([[3, 1, 2], [0, 5, 100]], dtype)
    for got, expected in zip(np.gradient(Tensor(x)), np.gradient(x), strict=True):
        np.testing.assert_array_equal(got.data, expected)
        assert got.dtype == expected.dtype
    with pytest.raises(TypeError):
        np.gradient(Tensor(x > 1))


@pytest.mark.parametrize("f", [F.softmax, F.log_softmax, tg.softmax, tg.log_softmax, tg.logsumexp, F.sigmoid, F.silu])
def test_lists_of_scores_are_taken_as_arrays(f):
    np.testing.assert_array_equal(f([1, 2, 3]), f(np.array([1.0, 2.0, 3.0])))


def test_a_list_of_scores_has_a_cross_entropy():
    expected = F.cross_entropy(np.array([[1.0, 2.0], [0.0, 3.0]]), np.array([0, 1]))
    assert F.cross_entropy([[1, 2], [0, 3]], [0, 1]) == pytest.approx(float(expected), rel=1e-15)
    assert F.cross_entropy([1, 2], 0) == pytest.approx(np.log1p(np.e))
    assert F.mse_loss([1, 2], [0, 4]) == pytest.approx(2.5)
