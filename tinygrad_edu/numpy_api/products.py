"""NumPy's products of vectors, matrices and tensors, einsum included."""

from __future__ import annotations

import itertools
import string
from typing import Any

import numpy as np

from ..core.dispatch import implements
from ..ops import arithmetic, linear, shapes
from ..ops import reductions as rows
from ..ops.complex import conj
from .arguments import cast, cast_by_rule, dtype_of, given, normalize_axes, refuse_out
from .joining import stack
from .selecting import diagonal
from .shaping import moveaxis, ravel, reshape

__all__ = [
    "cross", "dot", "einsum", "inner", "kron", "matmul", "matvec", "outer", "tensordot", "trace", "vdot", "vecdot",
    "vecmat",
]  # fmt: skip


def matmul(x: Any, y: Any, /) -> Any:
    """Multiply matrices: the last axis of x with the last but one of y; stacks of matrices pair up."""
    return linear.matmul(given(x), given(y))


@implements(np.dot)
def dot(a: Any, b: Any, out: Any = None) -> Any:
    """Multiply the last axis of `a` with the last but one of `b`, and every rest with every other; numbers scale."""
    refuse_out("dot", out)
    x, y = given(a), given(b)
    if not shapes.shape(x) or not shapes.shape(y):
        return arithmetic.multiply(x, y)
    if len(shapes.shape(x)) <= 2 and len(shapes.shape(y)) <= 2:
        return linear.matmul(x, y)
    return tensordot(x, y, ((-1,), (-min(2, len(shapes.shape(y))),)))


@implements(np.inner)
def inner(a: Any, b: Any, /) -> Any:
    """Multiply along the last axis of both; numbers scale."""
    x, y = given(a), given(b)
    if not shapes.shape(x) or not shapes.shape(y):
        return arithmetic.multiply(x, y)
    return tensordot(x, y, ((-1,), (-1,)))


@implements(np.vdot)
def vdot(a: Any, b: Any, /) -> Any:
    """Multiply all elements of both, the first conjugated, and add up."""
    return linear.matmul(conj(ravel(a)), ravel(b))


def vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    """Multiply along an axis, the first conjugated, and add up; the other axes broadcast."""
    x, y = moveaxis(x1, axis, -1), moveaxis(x2, axis, -1)
    m, n = shapes.shape(x)[-1], shapes.shape(y)[-1]
    if m != n:
        raise ValueError(f"vecdot: vectors of {m} and of {n} elements (shapes {shapes.shape(x)}, {shapes.shape(y)})")
    products = arithmetic.multiply(conj(x), y)
    return cast(rows.sum(products, axis=-1), dtype_of(products))  # a sum of narrow integers would be wide


def matvec(x1: Any, x2: Any, /) -> Any:
    """Multiply matrices with vectors; the other axes broadcast."""
    return linear.matmul(given(x1), given(x2)[..., None])[..., 0]


def vecmat(x1: Any, x2: Any, /) -> Any:
    """Multiply vectors, conjugated, with matrices; the other axes broadcast."""
    return linear.matmul(conj(given(x1))[..., None, :], given(x2))[..., 0, :]


@implements(np.outer)
def outer(a: Any, b: Any, out: Any = None) -> Any:
    """Multiply each element of `a` with each of `b`."""
    refuse_out("outer", out)
    return arithmetic.multiply(reshape(a, (-1, 1)), ravel(b))


@implements(np.tensordot)
def tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    """Multiply along pairs of axes; a number of axes means the last of `a` with the first of `b`."""
    x, y = given(a), given(b)
    m, n = len(shapes.shape(x)), len(shapes.shape(y))
    if isinstance(axes, (int, np.integer)):
        left, right = tuple(range(m - int(axes), m)), tuple(range(int(axes)))
    else:
        left, right = normalize_axes(axes[0], m), normalize_axes(axes[1], n)
    if [shapes.shape(x)[i] for i in left] != [shapes.shape(y)[j] for j in right]:
        raise ValueError(
            f"tensordot: axes {left} of shape {shapes.shape(x)} do not match axes {right} of shape {shapes.shape(y)}"
        )
    letters = iter(string.ascii_letters)
    mine = [next(letters) for _ in range(m)]
    other = [next(letters) for _ in range(n)]
    for i, j in zip(left, right, strict=True):
        other[j] = mine[i]
    rest = [c for i, c in enumerate(mine) if i not in left] + [c for j, c in enumerate(other) if j not in right]
    return by_matmul(x, y, left, right) if rest else linear.einsum(x, y, terms=("".join(mine), "".join(other)), out="")


def by_matmul(x: Any, y: Any, left: tuple[int, ...], right: tuple[int, ...]) -> Any:
    """Return a tensordot as one matrix product, which is faster than to follow the letters."""
    keep = [i for i in range(len(shapes.shape(x))) if i not in left]
    rest = [j for j in range(len(shapes.shape(y))) if j not in right]
    tall = [shapes.shape(x)[i] for i in keep]
    wide = [shapes.shape(y)[j] for j in rest]
    shared = int(np.prod([shapes.shape(x)[i] for i in left], dtype=int))
    first = reshape(shapes.transpose(x, axes=(*keep, *left)), (int(np.prod(tall, dtype=int)), shared))
    second = reshape(shapes.transpose(y, axes=(*right, *rest)), (shared, int(np.prod(wide, dtype=int))))
    return reshape(linear.matmul(first, second), (*tall, *wide))


@implements(np.einsum)
def einsum(*operands: Any, out: Any = None, optimize: Any = False, **unused: Any) -> Any:
    """Add up products of elements, by one letter an axis, as in "ij,jk->ik"."""
    refuse_out("einsum", out)
    if set(unused) - {"dtype", "order", "casting"}:
        raise TypeError(f"einsum got an unexpected keyword {next(iter(unused))!r}")
    if isinstance(operands[0], str):
        text, parts = operands[0].replace(" ", ""), [given(x) for x in operands[1:]]
    else:
        text, parts = from_numbers(operands)
    parts = [cast_by_rule("einsum", x, unused.get("dtype"), unused.get("casting", "safe")) for x in parts]
    terms, result = letters_of(text, [len(shapes.shape(x)) for x in parts])
    return linear.einsum(*parts, terms=terms, out=result)


def from_numbers(operands: tuple[Any, ...]) -> tuple[str, list[Any]]:
    """Return the letters for NumPy's other notation: einsum(a, [0, 1], b, [1, 2], [0, 2])."""
    pairs = (
        list(itertools.batched(operands, 2))
        if hasattr(itertools, "batched")
        else [operands[i : i + 2] for i in range(0, len(operands), 2)]
    )
    result = pairs.pop()[0] if len(operands) % 2 else None

    def word(numbers: Any) -> str:
        return "".join("..." if k is Ellipsis else string.ascii_letters[k] for k in numbers)

    text = ",".join(word(numbers) for _, numbers in pairs)
    return text if result is None else f"{text}->{word(result)}", [given(x) for x, _ in pairs]


def letters_of(text: str, ndims: list[int]) -> tuple[tuple[str, ...], str]:
    """Return one term an operand and the result's, with a letter in place of all that NumPy lets one leave out."""
    inputs, arrow, result = text.partition("->")
    terms = inputs.split(",")
    if len(terms) != len(ndims):
        raise ValueError(f"einsum: {text!r} names {len(terms)} operands and {len(ndims)} were given")
    spare = [c for c in string.ascii_letters if c not in text]
    extra = [
        ndim - len(term.replace("...", "")) if "..." in term else 0 for term, ndim in zip(terms, ndims, strict=True)
    ]
    for term, ndim, k in zip(terms, ndims, extra, strict=True):
        if k < 0 or len(term.replace("...", "")) + k != ndim:
            raise ValueError(f"einsum: {term!r} does not fit an operand of {ndim} axes, in {text!r}")
    dots = "".join(spare[: max(extra, default=0)])
    terms = [term.replace("...", dots[len(dots) - k :]) for term, k in zip(terms, extra, strict=True)]
    if arrow:
        return tuple(terms), result.replace("...", dots)
    every = "".join(terms)
    once = sorted(c for c in set(every) if every.count(c) == 1 and c not in dots)
    return tuple(terms), dots + "".join(once)


@implements(np.kron)
def kron(a: Any, b: Any) -> Any:
    """Return the block matrix of all products: each element of `a` times the whole of `b`."""
    x, y = given(a), given(b)
    ndim = max(len(shapes.shape(x)), len(shapes.shape(y)))
    m = (1,) * (ndim - len(shapes.shape(x))) + shapes.shape(x)
    n = (1,) * (ndim - len(shapes.shape(y))) + shapes.shape(y)
    apart = arithmetic.multiply(
        reshape(x, tuple(k for i in m for k in (i, 1))), reshape(y, tuple(k for j in n for k in (1, j)))
    )
    return reshape(apart, tuple(i * j for i, j in zip(m, n, strict=True)))


@implements(np.cross)
def cross(a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Any:
    """Return the vector product of vectors with three elements along an axis."""
    if axis is not None:
        axisa = axisb = axisc = axis
    x, y = moveaxis(a, axisa, -1), moveaxis(b, axisb, -1)
    if shapes.shape(x)[-1] == shapes.shape(y)[-1] == 2:
        return x[..., 0] * y[..., 1] - x[..., 1] * y[..., 0]
    if {shapes.shape(x)[-1], shapes.shape(y)[-1]} - {2, 3}:
        raise ValueError("cross needs vectors of 2 or 3 elements")
    zero = np.zeros(())
    (p, q, r), (u, v, w) = ([t[..., 0], t[..., 1], t[..., 2] if shapes.shape(t)[-1] == 3 else zero] for t in (x, y))
    return stack(np.broadcast_arrays(q * w - r * v, r * u - p * w, p * v - q * u), axis=axisc)


@implements(np.trace)
def trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None, out: Any = None) -> Any:
    """Add up a diagonal."""
    refuse_out("trace", out)
    return cast(rows.sum(cast(diagonal(a, offset, axis1, axis2), dtype), axis=-1), dtype)
