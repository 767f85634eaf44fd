"""NumPy's functions that pick and sort elements, handed tensors: values as NumPy's, derivatives as measured."""

import numpy as np
from numpy.lib import NumpyVersion
from slopes import A, Cases, T, mask, number, v, w

import tinygrad_edu as tg

RNG = np.random.default_rng(1)
case = Cases()
case("where", lambda x, y: np.where(mask, x, y), A, w)
case("where2", lambda x, y: np.where(x > y, x * y, y), A, w)
case("take", lambda x: np.take(x, [0, 2, 2], axis=1), A)
case("take0", lambda x: np.take(x, [[0, 5], [5, 11]]), A)
case("takew", lambda x: np.take(x, [-1, 7], axis=1, mode="wrap"), A)
case("takec", lambda x: np.take(x, [-1, 7], axis=1, mode="clip"), A)
case("takem", lambda x: x.take(2, axis=0), A)
case("take_neg", lambda x: np.take(x, -1, axis=1), A)
case("taa", lambda x: np.take_along_axis(x, np.array([[0, 0], [1, 3], [2, 2]]), axis=1), A)
case("taa0", lambda x: np.take_along_axis(x, np.argsort(A, axis=0), axis=0), A)
case("taaN", lambda x: np.take_along_axis(x, np.array([3, 3, 1]), axis=None), A)
case("compress", lambda x: np.compress([True, False, True], x, axis=0), A)
case("compressm", lambda x: x.compress([True, False, True], axis=0), A)
case("extract", lambda x: np.extract(mask, x), A)
case("delete", lambda x: np.delete(x, 1, axis=1), A)
case("delete2", lambda x: np.delete(x, [0, 3]), A)
case("delete3", lambda x: np.delete(x, slice(0, 2), axis=1), A)
case("insert", lambda x, y: np.insert(x, 1, y, axis=1), A, v[:3])
case("insert2", lambda x, y: np.insert(x, [1, 3], y), v, w[:2])
case("insert3", lambda x, y: np.insert(x, 2, y), v, number)
case("insert4", lambda x, y: np.insert(x, [0, 2], y, axis=0), A, w)
case("insert5", lambda x, y: np.insert(x, 1, y), v, w)
case("insert6", lambda x, y: np.insert(x, 1, y, axis=0), A, w)
case("insert7", lambda x, y: np.insert(x, 1, y, axis=1), A, RNG.normal(size=(3, 1)))
case("insert8", lambda x, y: np.insert(x, [1], y, axis=1), A, RNG.normal(size=(3, 1)))
case("select", lambda x, y: np.select([A > 0.5, A < -0.2], [x, y * x], default=x * 3), A, w)
case("choose", lambda x, y: np.choose(np.array([0, 1, 1, 0]), [x, y]), w, w * 2)
case("choosew", lambda x, y: np.choose(np.array([0, 3, 1, 2]), [x, y], mode="wrap"), w, w * 2)
case("diagonal", lambda x: np.diagonal(x, 1), A)
case("diagonal2", lambda x: np.diagonal(x, -1, 1, 2), T)
case("diag", lambda x: np.diag(x, -1), A)
case("diagv", lambda x: np.diag(x, 2), v)
case("diagvn", lambda x: np.diag(x, -1), v)
case("diagflat", lambda x: np.diagflat(x, 1), A)
case("tril", lambda x: np.tril(x, -1), T)
case("triu", lambda x: np.triu(x, 1), A)
case("trace", lambda x: np.trace(x), A)
case("trace2", lambda x: np.trace(x, 1, 1, 2), T)
case("tracem", lambda x: x.trace(), A)
case("diagm", lambda x: x.diagonal(), A)
case("full_like", lambda x: tg.full_like(A, x) if not isinstance(x, np.ndarray) else np.full_like(A, x), w)
case("full_liket", lambda x: np.full_like(x, 2.0) * x, A)
case("zl", lambda x: (np.zeros_like(x) + np.ones_like(x) + np.empty_like(x) * 0) * x, A)
for k, ix in enumerate(
    [
        0,
        -1,
        slice(None, None, -1),
        (slice(None), [0, 2, 2]),
        ([0, 1], [1, 1]),
        (None, 1, Ellipsis),
        A > 0,
        (Ellipsis, slice(1, 3)),
        (np.array([[0, 1], [1, 1]]),),
        (slice(0, 2), np.array([True, False, True, True])),
    ]
):
    case(f"getitem{k}", lambda x, ix=ix: x[ix], A)
case("sort", np.sort, A)
case("sort0", lambda x: np.sort(x, axis=0), A)
case("sortN", lambda x: np.sort(x, axis=None), A)
if NumpyVersion(np.__version__) >= "2.5.0":
    case("sortd", lambda x: np.sort(x, axis=0, descending=True), A)
    case("argsortd", lambda x: x[np.argsort(x[:, 0], descending=True)], A)
case("sortk", lambda x: np.sort(x, kind="mergesort"), A)
case("partition", lambda x: np.sort(np.partition(x, 2)), A)
case("partition0", lambda x: np.partition(x, 1, axis=0), A)


test_values_and_derivatives = case.test()


def test_falling_order_has_nan_last_and_keeps_equals_in_place():
    x = np.array([3.0, np.nan, 1.0, 3.0, np.nan, 2.0])
    for t in (x, tg.Tensor(x)):
        np.testing.assert_array_equal(np.asarray(tg.argsort(t, descending=True)), [0, 3, 5, 2, 1, 4])
    whole = tg.sort(tg.Tensor(x.reshape(2, 3)), axis=0, descending=True)
    np.testing.assert_array_equal(whole.data, [[3, np.nan, 2], [3, np.nan, 1]])
    np.testing.assert_array_equal(tg.sort(np.array([1, 3, 2], np.uint8), descending=True), [3, 2, 1])
