"""Sums of products: the matrix product, the weighted sums of a layer, and einsum."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.op import VariadicRule, op
from .shapes import reshape, shape

matmul = op(
    "matmul",
    "{} @ {}",
    np.matmul,
    lambda g, z, x, y: to_left(g, x, y),
    lambda g, z, x, y: to_right(g, x, y),
    tex="{} {}",
    linear=True,
    onnx="MatMul",
    doc="Multiply matrices: the last axis of x with the last but one of y; stacks of matrices pair up.",
)


def product(x: Any, y: Any) -> Any:
    """Return x @ y: of plain matrices by `dot`, which has less call overhead (0.3 of 2 µs at 32×64×32)."""
    return x.dot(y) if type(x) is type(y) is np.ndarray and x.ndim == y.ndim == 2 else x @ y


def weighted_sums(x: np.ndarray, w: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return x wᵀ + b; the sum is made in place, so that a bias adds no axes to it."""
    z = product(x, w.mT)
    if type(b) is not np.ndarray or b.dtype is not z.dtype:
        z = z.astype(np.result_type(z, b))  # in place it would stay of the type of the products
    z += b
    return z


linear = op(
    "linear",
    "{} @ {}.T + {}",
    weighted_sums,
    lambda g, z, x, w, b: to_inputs(g, x, w),
    lambda g, z, x, w, b: to_weights(g, x, w),
    lambda g, z, x, w, b: g,
    tex=r"{} {{{}}}^\top + {}",
    onnx="Gemm",
    doc="Compute x wᵀ + b, the weighted sums of a layer of neurons: w has a row and b a number for each neuron.",
)

einsum = op(
    "einsum",
    "einsum({})",
    lambda *xs, terms, out: np.einsum(",".join(terms) + "->" + out, *xs, optimize=len(xs) > 2),
    VariadicRule(lambda i, g, z, *xs, terms, out: other_factors(i, g, xs, terms, out)),
    tex=r"\mathrm{{einsum}}({})",
    linear=True,
    onnx="Einsum",
    doc="Add up products of elements, by one letter an axis; letters that `out` lacks are added up.",
)


def to_left(g: Any, x: Any, y: Any) -> Any:
    """Return g yᵀ, where a vector counts as the row or column that it stood for."""
    if len(shape(y)) == 1:
        return g[..., None] * y
    if len(shape(x)) == 1:
        return (g[..., None, :] @ y.mT)[..., 0, :]
    return g @ y.mT


def to_right(g: Any, x: Any, y: Any) -> Any:
    """Return xᵀ g, where a vector counts as the row or column that it stood for."""
    if len(shape(x)) == 1:
        return x[:, None] * g[..., None, :] if len(shape(y)) > 1 else x * g
    if len(shape(y)) == 1:
        return (x.mT @ g[..., None])[..., 0]
    return x.mT @ g


def to_inputs(g: Any, x: Any, w: Any) -> Any:
    """Return g w, where the vector that one example is stands for a row."""
    return product(g, w) if x.ndim > 1 or w.ndim == 2 else (g[..., None, :] @ w)[..., 0, :]


def to_weights(g: Any, x: Any, w: Any) -> Any:
    """Return gᵀ x; of examples along several axes it is one product of all of them, not a sum of one for each."""
    if x.ndim == 1:
        return g[..., None] * x
    if x.ndim > 2 == w.ndim:
        n = math.prod(shape(x)[:-1])
        g, x = (reshape(each, shape=(n, shape(each)[-1])) for each in (g, x))
    return product(g.mT, x)


def other_factors(i: int, g: Any, xs: tuple[Any, ...], terms: tuple[str, ...], out: str) -> Any:
    """Return the gradient of the i-th operand of an einsum: the one of `g` and all other operands.

    An axis of the operand needs a factor of its own where its letter stands nowhere else (ones: it was added up),
    stood in the operand before (the unit matrix: a diagonal was taken) or is of length 1 there only (one).
    """
    letters = dict.fromkeys(out + "".join(terms), 1)
    for x, term in zip(xs, terms, strict=True):
        letters |= {letter: n for letter, n in zip(term, shape(x), strict=True) if n != 1}  # 1 beside 0 is 0
    fresh = (chr(code) for code in range(ord("A"), 0x250) if chr(code).isalpha() and chr(code) not in letters)
    factors = [(g, out), *((x, term) for j, (x, term) in enumerate(zip(xs, terms, strict=True)) if j != i)]
    around = {a for x, term in factors for a, n in zip(term, shape(x), strict=True) if n == letters[a]}
    mine = ""
    for letter, n in zip(terms[i], shape(xs[i]), strict=True):
        own = letter
        if letter in mine:
            own = next(fresh)
            factors.append((np.eye(n, dtype=g.dtype), letter + own))
        elif n != letters[letter]:
            own = next(fresh)
            factors.append((np.ones(1, g.dtype), own))
        elif letter not in around:
            factors.append((np.ones(n, g.dtype), letter))
        mine += own
    operands, by = zip(*factors, strict=True)
    return einsum(*operands, terms=by, out=mine)
