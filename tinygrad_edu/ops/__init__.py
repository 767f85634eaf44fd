"""The table of operations: one row each, in modules by subject."""

from ..core.op import BUILT_IN, TABLE
from . import (
    activations,
    arithmetic,
    compare,
    complex,
    convolution,
    cumulative,
    decompositions,
    fft,
    indexing,
    linalg,
    linear,
    losses,
    ordering,
    powers,
    reductions,
    shapes,
    special,
    trigonometry,
    windows,
)

BUILT_IN.update(TABLE)

# Rows that a function or a method of another name, or of another signature, gives their parameters to.
INNER_ROWS = {
    *("getitem", "put", "setitem", "as_integers", "identity", "mT", "kth_smallest"),  # indexing, transforms, ordering
    *("norm", "p_norm", "direction", "inv", "solve", "det", "cofactor", "sign_of_det", "logabsdet", "pinv"),  # linalg
    *("cholesky", "eigh", "eig", "svd", "qr", "ifft"),  # linalg and fft
    *("linear", "binary_cross_entropy", "softmax_cross_entropy", "softmax_minus_one_hot"),  # nn.functional
    *("conv2d", "affine_conv2d", "conv2d_input", "conv2d_weight"),
    *("sum_pool2d", "sum_unpool2d", "max_pool2d", "max_unpool2d", "max_picked2d"),
}

__all__ = [
    "activations",
    "arithmetic",
    "compare",
    "complex",
    "convolution",
    "cumulative",
    "decompositions",
    "fft",
    "indexing",
    "linalg",
    "linear",
    "losses",
    "ordering",
    "powers",
    "reductions",
    "shapes",
    "special",
    "trigonometry",
    "windows",
]
