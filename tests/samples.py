"""Operands for every row of the table: from its domain where it is elementwise, and written down here where it is not.

A sample is a tuple of operands and a dict of parameters. Floating-point operands are differentiated by; integers and
booleans are not.
"""

import inspect
import math
import zlib

import numpy as np

from tinygrad_edu.core.op import TABLE, VariadicRule
from tinygrad_edu.ops import BUILT_IN
from tinygrad_edu.ops.indexing import HERE

NAMES = sorted(BUILT_IN)
DIFFERENTIABLE = [name for name in NAMES if TABLE[name].rules]


def rng_for(name):
    """Random numbers of a row's own, the same in every process."""
    return np.random.default_rng(zlib.crc32(name.encode()))


def draw(rng, shape=(), interval=(-math.inf, math.inf)):
    """Numbers of either sign well inside an interval."""
    low, high = interval
    if math.isinf(low) and math.isinf(high):
        return np.asarray(rng.uniform(0.2, 2.3, shape) * rng.choice((-1.0, 1.0), shape))
    low, high = (high - 2.5 if math.isinf(low) else low), (low + 2.5 if math.isinf(high) else high)
    margin = 0.1 * (high - low)
    return np.asarray(rng.uniform(low + margin, high - margin, shape))


R = np.random.default_rng(2024)
V, M, N, T = draw(R, (4,)), draw(R, (2, 3)), draw(R, (3, 2)), draw(R, (2, 3, 2))  # vector, matrices, and a stack
P = draw(R, (2, 3), (0.0, 1.0))  # probabilities
Z = np.array([[0.0, 2.0, -3.0], [0.0, 1.5, 0.0]])  # with one zero, and with two
S = draw(R, (3, 3)) + 2 * np.eye(3)  # a square matrix, and two of them
SINGULAR = np.array([[1.0, 2.0, 0.5], [2.0, 4.0, 1.0], [0.3, -1.0, 2.0]])
STACK = np.stack([S, draw(R, (3, 3)) - 2 * np.eye(3)])
YES = np.array([[True, False, True], [False, True, False]])
I = np.array([2, 0, 2])  # noqa: E741  # an index that picks an element twice
LABELS = np.array([2, 0])
IMAGES = draw(R, (2, 2, 3, 4))
FILTERS = draw(R, (4, 2, 2, 2))
SLIDING = {"stride": (2, 1), "padding": ((1, 0), (0, 2)), "dilation": (1, 2), "groups": 2}
TIED = np.array([[[3, 3, 1, 2], [0, 3, 2, 2], [5, 0, 2, 1]]])  # maxima of windows, once three of a kind
LARGEST = np.array([[[3, 3, 2], [5, 3, 2]]])
OVERLAPPING = {"window": (2, 2), "stride": (1, 1)}


def along(*shapes_and_axes):
    """Samples of a reduction: an array, an axis and whether to keep it."""
    return [((x,), {"axis": axis, "keepdims": keep}) for x, axis in shapes_and_axes for keep in (False, True)]


REDUCTION = along((V, 0), (M, None), (M, -1), (T, (0, 2)), (T, 1))
INDEX = [
    ((slice(None, None, -2), HERE), (I,), (4, 3)),
    ((HERE,), (np.array([[3, 1], [0, 0]]),), (4, 3)),
    ((HERE,), (np.array([[True, False, True], [True, True, False]]),), (2, 3)),
    ((Ellipsis, None, -1), (), (2, 3)),
    ((HERE, HERE), (np.array([[0], [1]]), I), (2, 3)),
]

SAMPLES = {
    # elementwise rows that need more than numbers from their domain
    "where": [((YES, draw(R, (2, 3)), draw(R, (3,))), {})],
    "clip": [((draw(R, (2, 3)), -0.9, draw(R, (3,), (0.5, 1.5))), {}), ((V, draw(R, (4,), (-1.5, -0.5)), 0.8), {})],
    "polygamma": [((draw(R, (2, 3), (0.0, math.inf)),), {"n": n}) for n in (0, 1)],
    "sinc": [((np.array([0.0, 0.3, -1.4, 2.7]),), {"order": order}) for order in (0, 1)],
    "i0": [((np.array([0.0, 0.3, -1.4, 2.7]),), {"order": order}) for order in (0, 1, 2)],
    "nextafter": [((M, M[:1] + 1), {})],
    "binary_cross_entropy": [((P, draw(R, (3,), (0.0, 1.0))), {})],
    "astype": [((M,), {"dtype": np.dtype(float)})],
    "as_integers": [((M,), {"dtype": np.dtype(int)})],
    "bitwise_and": [((YES, ~YES[0]), {}), ((I, 3), {})],
    "bitwise_or": [((YES, ~YES[0]), {}), ((I, 4), {})],
    "bitwise_xor": [((YES, ~YES[0]), {}), ((I, 3), {})],
    "left_shift": [((I, np.array([1, 0, 3])), {})],
    "right_shift": [((I, np.array([1, 0, 3])), {})],
    "invert": [((YES,), {}), ((I,), {})],
    # shapes
    "reshape": [((M,), {"shape": (3, 2)}), ((V,), {"shape": (2, -1)})],
    "transpose": [((T,), {"axes": (2, 0, 1)}), ((M,), {"axes": (1, 0)})],
    "mT": [((M,), {}), ((T,), {})],
    "broadcast_to": [((V,), {"shape": (3, 4)}), ((draw(R, (2, 1)),), {"shape": (2, 3)}), ((V[0],), {"shape": (2,)})],
    "flip": [((M,), {"axis": 1}), ((T,), {"axis": (0, 2)}), ((M,), {"axis": None})],
    "concatenate": [((M, draw(R, (1, 3)), M[:0]), {"axis": 0}), ((M, draw(R, (2, 1))), {"axis": -1})],
    # indexing
    "getitem": [((draw(R, shape), *at), {"key": key}) for key, at, shape in INDEX],
    "put": [
        ((V, np.array([2, 0, 2, 1])), {"key": (HERE,), "shape": (3,)}),
        ((draw(R, (2, 2, 3)), np.array([[3, 1], [0, 0]])), {"key": (HERE,), "shape": (4, 3)}),
        ((V[:2], YES[0]), {"key": (1, HERE), "shape": (2, 3)}),
    ],
    "setitem": [
        ((M, draw(R, (2,)), np.array([0, 1])), {"key": (slice(None), HERE)}),
        ((V, draw(R, (3,)), I), {"key": (HERE,)}),
    ],
    # sums of products
    "matmul": [
        ((M, N), {}),
        ((M, draw(R, (3,))), {}),
        ((draw(R, (2,)), M), {}),
        ((V, V[::-1]), {}),
        ((T, draw(R, (2, 2))), {}),
    ],
    "linear": [
        ((M, draw(R, (4, 3)), draw(R, (4,))), {}),
        ((V[:3], draw(R, (2, 3)), draw(R, (2,))), {}),
        ((T, draw(R, (2, T.shape[-1])), draw(R, (1,))), {}),
        ((V[:3], draw(R, (2, 4, 3)), draw(R, (4,))), {}),
        ((M, draw(R, (2, 1, 3)), draw(R, (2, 1, 1))), {}),
    ],
    "einsum": [
        ((M, N, draw(R, (2,))), {"terms": ("ij", "jk", "k"), "out": "ki"}),
        ((draw(R, (3, 3)),), {"terms": ("ii",), "out": "i"}),
        ((M,), {"terms": ("ij",), "out": ""}),
        ((M, draw(R, (1, 3))), {"terms": ("ij", "ij"), "out": "j"}),
    ],
    # windows
    "conv2d": [((IMAGES, FILTERS), {}), ((IMAGES, FILTERS[:, :1]), SLIDING)],
    "affine_conv2d": [((IMAGES, FILTERS, V), {}), ((IMAGES, FILTERS[:, :1], V), SLIDING)],
    "conv2d_input": [
        ((draw(R, (2, 4, 2, 3)), FILTERS), {"size": (3, 4)}),
        ((draw(R, (2, 4, 2, 4)), FILTERS[:, :1]), {"size": (3, 4)} | SLIDING),
    ],
    "conv2d_weight": [
        ((IMAGES, draw(R, (2, 4, 2, 3))), {"size": (2, 2)}),
        ((IMAGES, draw(R, (2, 4, 2, 4))), {"size": (2, 2)} | SLIDING),
    ],
    "sum_pool2d": [((IMAGES,), {"window": (2, 2), "stride": (2, 1), "padding": ((0, 1), (1, 0))})],
    "sum_unpool2d": [((IMAGES,), {"window": (2, 3), "stride": (2, 1), "padding": ((1, 1), (0, 0)), "size": (5, 6)})],
    "max_pool2d": [
        ((IMAGES,), {"window": (3, 2), "stride": (1, 2)}),
        ((IMAGES,), {"window": (2, 2), "stride": (1, 1), "padding": ((1, 1), (1, 1)), "dilation": (2, 1)}),
    ],
    "max_unpool2d": [((draw(R, (1, 2, 3)), LARGEST, TIED), OVERLAPPING)],  # the images are looked at as they are
    "max_picked2d": [((draw(R, (1, 3, 4)), LARGEST, TIED), OVERLAPPING)],
    # reductions
    "sum": REDUCTION + along((M, 0), (M, (0,))),
    "mean": REDUCTION + along((M, 0)),
    "max": REDUCTION,
    "min": REDUCTION,
    "logsumexp": REDUCTION,
    "prod": [*REDUCTION, ((Z,), {"axis": 1}), ((Z,), {"axis": 0}), ((Z,), {})],
    "norm": REDUCTION,
    "p_norm": [
        ((draw(R, (2, 3), (0.0, math.inf)),), {"order": order, "axis": axis, "keepdims": keep})
        for order, axis, keep in ((3.0, 1, False), (0.5, None, True), (-2.0, 0, True))
    ],
    "direction": [((M,), {"axis": 1}), ((V,), {"axis": None}), ((T,), {"axis": (0, 1)})],
    "all": along((YES, None), (YES, 1)),
    "any": along((YES, None), (YES, 1)),
    "cumsum": [((V,), {"axis": 0}), ((T,), {"axis": 1})],
    "logcumsumexp": [((V,), {"axis": 0}), ((T,), {"axis": 1})],
    "cumprod": [((V,), {"axis": 0}), ((T,), {"axis": 1}), ((Z,), {"axis": 1})],
    # order
    "kth_smallest": [((M, np.array([[1], [2]])), {"axis": 1}), ((V, np.array([2])), {"axis": 0})],
    "argmax": along((M, None), (M, 1)),
    "argmin": along((M, None), (M, 1)),
    "argsort": [((M,), {"axis": 0})],
    "argpartition": [((V,), {"kth": 2})],
    "searchsorted": [((np.sort(V), draw(R, (3,))), {})],
    # linear algebra
    "inv": [((S,), {}), ((STACK,), {})],
    "solve": [((S, N), {}), ((STACK, N), {})],
    "det": [((S,), {}), ((STACK,), {}), ((SINGULAR,), {})],
    "cofactor": [((S,), {}), ((S[:1, :1],), {}), ((SINGULAR,), {})],
    "logabsdet": [((S,), {}), ((STACK,), {})],
    "sign_of_det": [((S,), {}), ((STACK,), {})],
    "cholesky": [((S @ S.T + np.eye(3),), {})],
    "eigh": [((S + S.T,), {})],
    "eig": [((np.diag([1.0, 3.0, 6.0]) + 0.2 * S,), {})],
    "svd": [((draw(R, (4, 3)),), {}), ((M,), {}), ((S,), {})],
    "qr": [((draw(R, (4, 3)),), {}), ((S,), {})],
    "pinv": [((N,), {"rcond": 1e-15}), ((M,), {"rcond": 1e-15})],
    "fft": [((V,), {"axis": 0}), ((M,), {"axis": 1, "norm": "ortho"})],
    "ifft": [((V,), {"axis": 0}), ((M,), {"axis": 1, "norm": "forward"})],
    # losses
    "softmax": [((M,), {}), ((M,), {"axis": 0})],
    "log_softmax": [((M,), {}), ((M,), {"axis": 0})],
    "softmax_cross_entropy": [((M, LABELS), {}), ((draw(R, (3,)), np.array(1)), {})],
    "softmax_minus_one_hot": [((M, LABELS), {})],
    "one_hot": [((LABELS,), {"classes": 3})],
}

NOT_IN_HALF_PRECISION = {  # NumPy has none of these
    *("cholesky", "cofactor", "det", "eig", "eigh", "inv", "logabsdet", "pinv", "qr", "sign_of_det", "solve", "svd")
}


def arity(row):
    """How many operands a row takes; None where that is any number."""
    if isinstance(row.rules, VariadicRule):
        return None
    if isinstance(row.forward, np.ufunc):
        return row.forward.nin
    try:
        parameters = inspect.signature(row.forward).parameters.values()
    except ValueError:  # a function of NumPy's written in C
        return row.text.count("{}")
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return None
    return len(row.rules) or row.text.count("{}")


def samples(name):
    """Operands and parameters to try a row on. Raises KeyError for a row that nobody has written samples for."""
    row = TABLE[name]
    if name in SAMPLES:
        return SAMPLES[name]
    n = arity(row)
    if not row.elementwise or n is None:
        raise KeyError(
            f"{name} is not elementwise: write samples of it into tests/samples.py, or say elementwise=True in its row"
        )
    rng = rng_for(name)
    intervals = [row.domain[min(i, len(row.domain) - 1)] for i in range(n)]
    shapes = [(2, 3), (3,), (2, 1)][:n]
    return [(tuple(draw(rng, s, interval) for s, interval in zip(shapes, intervals, strict=True)), {})]


def operands_of(sample):
    """The operands that can be differentiated by, as positions."""
    return [
        i for i, x in enumerate(sample[0]) if isinstance(x, (float, np.ndarray)) and np.asarray(x).dtype.kind == "f"
    ]
