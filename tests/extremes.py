"""Rules at extreme numbers in every precision, held to the same rules in a wider one: nothing may over- or underflow.

`compare` serves the suite, which takes a few numbers of every size, and campaigns/extremes.py, which draws many.
"""

import numpy as np
from samples import DIFFERENTIABLE, arity, samples

import tinygrad_edu as tg
from tinygrad_edu import Tensor
from tinygrad_edu.core.op import TABLE

WIDER = {np.float16: np.float32, np.float32: np.float64, np.float64: np.longdouble}
ROWS = [name for name in DIFFERENTIABLE if TABLE[name].elementwise and arity(TABLE[name]) in (1, 2)]
NAMES = ["hardsigmoid", "hardswish", "logsigmoid", "mish", "relu6", "selu"]
COMPOSED = {name: getattr(tg, name) for name in NAMES} | {
    "gelu, tanh": lambda x: tg.gelu(x, "tanh"),
    "float_power": lambda x: np.float_power(x, 1.5).astype(x.dtype),
    "p-norm, 3": lambda x, y: np.linalg.norm(np.stack([x, y]), 3, axis=0),
    "p-norm, 1/2": lambda x, y: np.linalg.norm(np.stack([x, y]), 0.5, axis=0),
    "p-norm, -1": lambda x, y: np.linalg.norm(np.stack([x, y]), -1, axis=0),
    "p-norm, -2": lambda x, y: np.linalg.norm(np.stack([x, y]), -2, axis=0),
}
NUMPYS_OWN = {("sinc", 0)}  # the value is np.sinc's, whose argument is rounded after the product with pi
CONDITION = {np.float16: 8, np.float32: 200, np.float64: 1000}  # units in the last place that a steep function may lose


def points(dtype):
    """Numbers of every size and either sign that a dtype has."""
    info = np.finfo(dtype)
    small = max(float(info.eps) ** 2, 4 * float(info.tiny))
    some = [0, info.tiny, small, 1e-3, 0.3, 1, 1.5, 3, 12, 100, 1.5 * float(np.sqrt(info.max)), info.max / 4, np.inf]
    return np.array([*some, *(-x for x in some), np.nan]).astype(dtype)


def operands(name, dtype, numbers=points):
    """Operands for a row or a composed function: the numbers, or all pairs of them."""
    if (1 + name.startswith("p-norm") if name in COMPOSED else arity(TABLE[name])) == 1:
        return [numbers(dtype)]
    return [np.ravel(x) for x in np.meshgrid(numbers(dtype), numbers(dtype))]


def results(name, xs, params):
    """The value of a row or a composed function, and its gradients."""
    leaves = [Tensor(x) for x in xs]
    z = COMPOSED[name](*leaves) if name in COMPOSED else TABLE[name](*leaves, **params)
    z.backward(np.ones(z.shape, z.dtype))
    return [
        np.asarray(z.data),
        *(np.zeros_like(x) if t.grad is None else np.asarray(t.grad) for x, t in zip(xs, leaves, strict=True)),
    ]


def compare(name, dtype, xs):
    """Return what is not the wider result rounded: parameters, which result, operands, got and expected."""
    info, faults = np.finfo(dtype), []
    least = 16 * info.smallest_subnormal if dtype is np.float16 else 4 * info.tiny  # halves are few: their digits count
    for _, params in [((), {})] if name in COMPOSED else samples(name)[:2]:
        with np.errstate(all="ignore"):
            narrow = results(name, xs, params)
            wide = results(name, [x.astype(WIDER[dtype]) for x in xs], params)
            beyond = np.isinf(narrow[0]) & np.isfinite(wide[0])  # the value itself is too large: its slopes use it
            for k, (got, ref) in enumerate(zip(narrow, wide, strict=True)):
                if (name, k) in NUMPYS_OWN and not params.get("order"):
                    continue
                expected = ref.astype(dtype)
                near = np.abs(got - expected) <= CONDITION[dtype] * info.eps * np.abs(expected) + least
                fine = (got == expected) | (np.isnan(got) & np.isnan(expected)) | near | (k > 0) & beyond
                if name == "power":
                    fine |= where_y_less_1_is_rounded(*xs, info)
                wrong = np.flatnonzero(~fine)[:3]
                faults += [(params, k, [float(x[i]) for x in xs], float(got[i]), float(expected[i])) for i in wrong]
    return faults


def where_y_less_1_is_rounded(x, y, info):
    """Where the slope of x**y is y x**(y-1) with another sign, with none, or past the largest number on the way."""
    return ((x < 0) & ((y != np.rint(y)) | (np.abs(y) > 1 / info.eps))) | (np.abs(x) < 4 * info.tiny)
