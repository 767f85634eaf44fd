"""Every row of several elements, at sizes from nothing to past every block and every switch of algorithm.

The derivative along a random way is held to a measured one, and narrow dtypes to double precision.
"""

import numpy as np
import pytest
from samples import DIFFERENTIABLE, NOT_IN_HALF_PRECISION, draw, operands_of, rng_for

import tinygrad_edu as tg
from tinygrad_edu import Tensor
from tinygrad_edu.core.op import TABLE
from tinygrad_edu.ops.indexing import HERE

WINDOWS = {"window": (2, 3), "stride": (1, 2), "padding": ((1, 0), (0, 1))}
SLIDING = {"stride": (2, 1), "padding": ((1, 0), (0, 2)), "dilation": (1, 1), "groups": 1}
VECTORS = [0, 1, 2, 7, 700]  # of small results: sums and sorts, past the blocks in which a processor adds up
MATRICES = [0, 1, 2, 7, 30]  # cofactors change their way at 25
IMAGES = [1, 2, 7, 40]  # a window does not fit into an image of nothing


def well_conditioned(r, n):
    """A matrix whose inverse, eigenvalues and singular values are far from any trouble."""
    return 0.3 * r(n, n) / max(n, 1) ** 0.5 + np.diag(np.linspace(1.0, 2.5, n))


def pooled(r, n):
    """Images with maxima that stay maxima, and what their windows gave."""
    x = r.permuted(2, n, n + 2)
    return x, np.asarray(TABLE["max_pool2d"](x, **WINDOWS))


ROWS = {  # name: sizes, and what makes operands and parameters of a size
    "sum": (VECTORS, lambda r, n: ((r(n, 3),), {"axis": 0})),
    "mean": (VECTORS[1:], lambda r, n: ((r(3, n),), {"axis": 1})),
    "prod": (VECTORS[:-1], lambda r, n: ((r(n, 3),), {"axis": 0})),
    "max": (VECTORS[1:], lambda r, n: ((r.permuted(3, n),), {"axis": 1})),
    "min": (VECTORS[1:], lambda r, n: ((r.permuted(n, 3),), {"axis": None})),
    "norm": (VECTORS, lambda r, n: ((r(n, 3),), {"axis": 0})),
    "p_norm": (VECTORS, lambda r, n: ((abs(r(3, n)),), {"order": 3.0, "axis": 1})),
    "direction": (VECTORS, lambda r, n: ((r(3, n),), {"axis": 1})),
    "logsumexp": (VECTORS[1:], lambda r, n: ((r(3, n),), {"axis": 1})),
    "softmax": (VECTORS[1:], lambda r, n: ((r(3, n),), {})),
    "log_softmax": (VECTORS[1:], lambda r, n: ((r(3, n),), {"axis": 1})),
    "softmax_cross_entropy": (VECTORS[1:], lambda r, n: ((r(3, n), np.arange(3) % n), {})),
    "softmax_minus_one_hot": (VECTORS[1:], lambda r, n: ((r(3, n), np.arange(3) % n), {})),
    "cumsum": (VECTORS, lambda r, n: ((r(n, 2),), {"axis": 0})),
    "cumprod": (VECTORS[:-1], lambda r, n: ((r(n, 2),), {"axis": 0})),
    "logcumsumexp": (VECTORS, lambda r, n: ((r(n, 2),), {"axis": 0})),
    "kth_smallest": (VECTORS[1:], lambda r, n: ((r.permuted(n), np.array([n // 2])), {"axis": 0})),
    "matmul": (VECTORS, lambda r, n: ((r(3, n), r(n, 2)), {})),
    "linear": (VECTORS, lambda r, n: ((r(n, 3), r(4, 3), r(4)), {})),
    "einsum": (VECTORS, lambda r, n: ((r(2, n), r(n, 3), r(3)), {"terms": ("ij", "jk", "k"), "out": "ki"})),
    "broadcast_to": ([0, 1, 2, 7, 7000], lambda r, n: ((r(2, 1),), {"shape": (2, n)})),
    "concatenate": (VECTORS, lambda r, n: ((r(n, 2), r(3, 2), r(n, 2)), {"axis": 0})),
    "flip": (VECTORS, lambda r, n: ((r(n, 2),), {"axis": 0})),
    "reshape": (VECTORS, lambda r, n: ((r(n, 6),), {"shape": (2, n, 3)})),
    "transpose": (VECTORS, lambda r, n: ((r(2, n, 3),), {"axes": (2, 0, 1)})),
    "mT": (VECTORS, lambda r, n: ((r(2, n, 3),), {})),
    "getitem": (VECTORS, lambda r, n: ((r(5, 3), np.arange(n) % 5), {"key": (HERE,)})),
    "put": (VECTORS, lambda r, n: ((r(n, 3), np.arange(n) % 5), {"key": (HERE,), "shape": (5, 3)})),
    "setitem": (VECTORS, lambda r, n: ((r(n + 2, 3), r(n, 3), np.arange(n)), {"key": (HERE,)})),
    "fft": (VECTORS[1:], lambda r, n: ((r(3, n),), {"axis": 1})),
    "ifft": (VECTORS[1:], lambda r, n: ((r(n, 3),), {"axis": 0, "norm": "ortho"})),
    "inv": (MATRICES, lambda r, n: ((well_conditioned(r, n),), {})),
    "solve": (MATRICES, lambda r, n: ((well_conditioned(r, n), r(n, 2)), {})),
    "det": (MATRICES, lambda r, n: ((well_conditioned(r, n),), {})),
    "cofactor": (MATRICES, lambda r, n: ((well_conditioned(r, n),), {})),
    "logabsdet": (MATRICES, lambda r, n: ((well_conditioned(r, n),), {})),
    "sign_of_det": (MATRICES, lambda r, n: ((well_conditioned(r, n),), {})),
    "cholesky": (MATRICES, lambda r, n: ((well_conditioned(r, n) @ well_conditioned(r, n).T,), {})),
    "eigh": (MATRICES[:-1], lambda r, n: ((well_conditioned(r, n) + well_conditioned(r, n).T,), {})),
    "eig": (MATRICES[:-1], lambda r, n: ((np.diag(np.arange(1.0, n + 1)) + 0.05 * r(n, n),), {})),
    "svd": (MATRICES[1:-1], lambda r, n: ((np.vstack([np.diag(np.arange(1.0, n + 1)), 0.1 * r(2, n)]),), {})),
    "qr": (MATRICES[1:], lambda r, n: ((np.vstack([well_conditioned(r, n), r(2, n)]),), {})),
    "pinv": (MATRICES[1:], lambda r, n: ((np.vstack([well_conditioned(r, n), r(2, n)]),), {"rcond": 1e-15})),
    "conv2d": (IMAGES, lambda r, n: ((r(2, 2, n, n), r(3, 2, 2, 1)), SLIDING)),
    "affine_conv2d": (IMAGES, lambda r, n: ((r(2, 2, n, n), r(3, 2, 2, 1), r(3)), SLIDING)),
    "conv2d_input": (IMAGES[1:], lambda r, n: ((r(2, 3, n - 1, n), r(3, 2, 2, 1)), {"size": (n, n)})),
    "conv2d_weight": (IMAGES[1:], lambda r, n: ((r(2, 2, n, n), r(2, 3, n - 1, n)), {"size": (2, 1)})),
    "sum_pool2d": (IMAGES, lambda r, n: ((r(2, n, n + 2),), WINDOWS)),
    "sum_unpool2d": (IMAGES, lambda r, n: ((r(*pooled(r, n)[1].shape),), WINDOWS | {"size": (n, n + 2)})),
    "max_pool2d": (IMAGES, lambda r, n: ((r.permuted(2, n, n + 2),), WINDOWS)),
    "max_unpool2d": (IMAGES, lambda r, n: ((r(*pooled(r, n)[1].shape), *pooled(r, n)[::-1]), WINDOWS)),
    "max_picked2d": (IMAGES, lambda r, n: ((r(2, n, n + 2), *pooled(r, n)[::-1]), WINDOWS)),
}
CASES = [(name, n) for name, (sizes, _) in ROWS.items() for n in sizes]
LOOKED_AT = {"max_unpool2d": 1, "max_picked2d": 1}  # so many first operands are differentiated by
ROUGHNESS = {np.float32: 1e-3, np.float16: 0.25}


class Random:
    """Numbers of either sign, and distinct ones a twentieth apart in random order."""

    def __init__(self, name, n):
        self.rng = rng_for(f"{name} {n}")

    def __call__(self, *shape):
        return draw(self.rng, shape) / 2

    def permuted(self, *shape):
        return self.rng.permutation(int(np.prod(shape))).reshape(shape) / 20.0


def case(name, n):
    operands, params = ROWS[name][1](Random(name, n), n)
    return operands, params, operands_of((operands, params))[: LOOKED_AT.get(name)]


def test_every_row_of_several_elements_is_here():
    several = {name for name in DIFFERENTIABLE if not TABLE[name].elementwise}
    assert set(ROWS) == several, f"write operands of a size into ROWS: {sorted(several ^ set(ROWS))}"


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("name", "n"), CASES)
def test_the_derivative_along_a_random_way_is_the_measured_one(name, n):
    operands, params, moving = case(name, n)
    rng = rng_for(name)
    ways = {j: draw(rng, np.shape(operands[j])) * 1e-2 for j in moving}
    shape = np.shape(TABLE[name].forward(*operands, **params))
    weights = draw(rng, shape)

    def along(step):
        moved = (x + step * ways[j] if j in ways else x for j, x in enumerate(operands))
        z = TABLE[name](*moved, **params) * weights
        return np.real(z).sum()

    if 0 in shape:
        assert tg.grad(along)(0.0) == 0
    else:
        tg.gradcheck(along, 0.0).assert_ok()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("name", "n"), CASES)
def test_narrow_dtypes_are_double_precision_rounded(name, n):
    operands, params, moving = case(name, n)
    seed = draw(rng_for(name), np.shape(TABLE[name].forward(*operands, **params)))
    exact = outcome(name, operands, params, moving, float, seed)
    for dtype, roughness in ROUGHNESS.items():
        if dtype is np.float16 and name in NOT_IN_HALF_PRECISION | {"fft", "ifft", *LOOKED_AT, "max_pool2d"}:
            continue  # halves are not there, or the numbers are not apart in them
        for narrow, wide in zip(outcome(name, operands, params, moving, dtype, seed), exact, strict=True):
            assert narrow.shape == wide.shape
            np.testing.assert_allclose(narrow, wide, rtol=roughness, atol=roughness * np.abs(wide).max(initial=1e-3))


def outcome(name, operands, params, moving, dtype, seed):
    """The result of a row in a dtype, and the gradients of its operands."""
    leaves = {j: Tensor(operands[j], dtype=dtype) for j in moving}
    rest = [x.astype(dtype) if getattr(x, "dtype", None) == np.float64 else x for x in operands]
    z = TABLE[name](*(leaves.get(j, x) for j, x in enumerate(rest)), **params)
    z.backward(seed.astype(z.dtype))
    grads = (np.zeros(x.shape) if x.grad is None else x.grad for x in leaves.values())
    return [np.asarray(z.data), *map(np.asarray, grads)]
