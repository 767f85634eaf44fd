"""`numpy.linalg` on nodes. Decompositions come as named tuples, as NumPy's do.

Where NumPy reads one triangle of a matrix that should be symmetric (cholesky, eigh), each element and its mirror image
share the gradient; if the matrix is not symmetric after all, the triangle that is read has it alone.
"""

from __future__ import annotations

import functools
import math
from typing import Any, NamedTuple

import numpy as np

from ..errors import DTypeError
from ..graph import data_of
from ..numpy_methods import implements
from ..ops import arithmetic, compare, linear, powers, shapes
from ..ops import linalg as rows
from ..ops import reductions as reduce_rows
from ..ops.complex import conj, is_complex, real_part
from . import products
from .arguments import flag, given, positions, refuse, refuse_out
from .choosing import diagonal as diagonal_of
from .choosing import take_along_axis, tril, triu
from .facts import imag
from .joining import block
from .reductions import squeezed
from .shaping import matrix_transpose as swapped
from .shaping import moveaxis, ravel, reshape


class EigResult(NamedTuple):
    """Eigenvalues, and eigenvectors as columns."""

    eigenvalues: Any
    eigenvectors: Any


class EighResult(NamedTuple):
    """Eigenvalues in rising order, and eigenvectors as columns."""

    eigenvalues: Any
    eigenvectors: Any


class QRResult(NamedTuple):
    """A matrix with orthonormal columns, and an upper triangle."""

    Q: Any
    R: Any


class SVDResult(NamedTuple):
    """Left singular vectors as columns, singular values in falling order, right singular vectors as rows."""

    U: Any
    S: Any
    Vh: Any


class SlogdetResult(NamedTuple):
    """The sign of a determinant, and the logarithm of its size."""

    sign: Any
    logabsdet: Any


# Solving -------------------------------------------------------------------------------------------------------


@implements(np.linalg.solve)
def solve(a: Any, b: Any) -> Any:
    """Solve a x = b: for one vector b, or for each column of a matrix."""
    a, b = given(a), given(b)
    if len(shapes.shape(b)) == 1:
        return rows.solve(a, b[:, None])[..., 0]
    return rows.solve(a, b)


@implements(np.linalg.inv)
def inv(a: Any) -> Any:
    """Invert a matrix."""
    return rows.inv(given(a))


@implements(np.linalg.pinv)
def pinv(a: Any, rcond: Any = None, hermitian: bool = False, *, rtol: Any = None) -> Any:
    """Return the pseudo-inverse; singular values below rcond times the largest count as 0."""
    x = given(a)
    if rtol is not None and rtol is not np._NoValue:  # type: ignore[attr-defined]  # NumPy's default, which its functions pass on
        rcond = rtol
    if rcond is None:
        rcond = 1e-15
    return rows.pinv(mirrored(x) if hermitian else x, rcond=data_of(rcond))


def mirrored(x: Any, lower: bool = True) -> Any:
    """Return the symmetric matrix of which NumPy reads one triangle only: as it is, if it is symmetric."""
    numbers = np.asarray(data_of(x))
    if np.array_equal(numbers, numbers.conj().mT):
        return x
    half = tril(x) if lower else triu(x)
    other = tril(x, -1) if lower else triu(x, 1)
    return half + conj(other).mT


@implements(np.linalg.lstsq)
def lstsq(a: Any, b: Any, rcond: Any = None) -> tuple[Any, Any, int, Any]:
    """Solve a x = b with the least squared error: x, the squared errors, the rank, the singular values."""
    a, b = given(a), given(b)
    m, n = shapes.shape(a)
    cut = np.finfo(data_of(a).dtype).eps * max(m, n) if rcond is None else float(data_of(rcond))
    cut = np.finfo(data_of(a).dtype).eps if cut == -1 else cut
    s = svdvals(a)
    rank = int(np.sum(data_of(s) > cut * np.max(data_of(s), initial=0)))
    x = linear.matmul(rows.pinv(a, rcond=cut), b)
    if rank < n or m <= n:
        residuals: Any = np.empty(0)
    else:
        error = arithmetic.absolute(linear.matmul(a, x) - b)
        residuals = reduce_rows.sum(error * error, axis=0, keepdims=len(shapes.shape(b)) == 1)
    return x, residuals, rank, s


@implements(np.linalg.tensorsolve)
def tensorsolve(a: Any, b: Any, axes: Any = None) -> Any:
    """Solve tensordot(a, x) = b, where x has the last axes of `a`."""
    a, b = given(a), given(b)
    if axes is not None:
        a = moveaxis(a, tuple(axes), range(len(shapes.shape(a)) - len(axes), len(shapes.shape(a))))
    shape = shapes.shape(a)[len(shapes.shape(b)) :]
    return reshape(solve(reshape(a, (-1, math.prod(shape))), ravel(b)), shape)


@implements(np.linalg.tensorinv)
def tensorinv(a: Any, ind: int = 2) -> Any:
    """Invert what tensordot with `a` does."""
    x = given(a)
    if ind <= 0:
        raise ValueError("Invalid ind argument.")
    shape = shapes.shape(x)
    return reshape(rows.inv(reshape(x, (math.prod(shape[:ind]), -1))), (*shape[ind:], *shape[:ind]))


@implements(np.linalg.matrix_power)
def matrix_power(a: Any, n: int) -> Any:
    """Multiply a matrix with itself n times; its inverse, if n is negative."""
    x = given(a)
    if n < 0:
        x, n = rows.inv(x), -n
    z: Any = None
    while n:
        if n % 2:
            z = x if z is None else linear.matmul(z, x)
        n //= 2
        x = linear.matmul(x, x) if n else x
    return arithmetic.multiply(x, 0) + np.eye(shapes.shape(x)[-1]) if z is None else z


# Determinants --------------------------------------------------------------------------------------------------


@implements(np.linalg.det)
def det(a: Any) -> Any:
    """Return the determinant; its gradient is exact for singular matrices too."""
    return rows.det(given(a))


@implements(np.linalg.slogdet)
def slogdet(a: Any) -> SlogdetResult:
    """Return the sign of the determinant, and the logarithm of its size."""
    x = given(a)
    d = rows.det(x) if is_complex(x) else None
    sign = np.linalg.slogdet(data_of(x)).sign if d is None else d / arithmetic.absolute(d)
    return SlogdetResult(sign, real_part(rows.logabsdet(x)))


# Decompositions ------------------------------------------------------------------------------------------------


@implements(np.linalg.cholesky)
def cholesky(a: Any, /, *, upper: bool = False) -> Any:
    """Factor a positive definite matrix into l lᵀ, or uᵀ u where `upper`."""
    x = given(a)
    z = rows.cholesky(mirrored(x, not upper))
    return conj(z).mT if upper else z


@implements(np.linalg.eigh)
def eigh(a: Any, UPLO: str = "L") -> EighResult:  # noqa: N803  # NumPy's name
    """Return eigenvalues and eigenvectors of a symmetric matrix, of which one triangle is read."""
    if UPLO.upper() not in ("L", "U"):
        raise ValueError("UPLO argument must be 'L' or 'U'")
    z = rows.eigh(mirrored(given(a), UPLO.upper() == "L"))
    return EighResult(real_part(z[..., 0, :]), z[..., 1:, :])


@implements(np.linalg.eigvalsh)
def eigvalsh(a: Any, UPLO: str = "L") -> Any:  # noqa: N803  # NumPy's name
    """Return the eigenvalues of a symmetric matrix."""
    return eigh(a, UPLO).eigenvalues


@implements(np.linalg.eig)
def eig(a: Any) -> EigResult:
    """Return eigenvalues and eigenvectors of a square matrix; each vector has length 1 and a real largest element."""
    z = rows.eig(given(a))
    return EigResult(z[..., 0, :], z[..., 1:, :])


@implements(np.linalg.eigvals)
def eigvals(a: Any) -> Any:
    """Return the eigenvalues of a square matrix."""
    return rows.eig(given(a))[..., 0, :]


@implements(np.linalg.svd)
def svd(a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False) -> Any:
    """Return left singular vectors, singular values and right singular vectors; or the values alone."""
    x = given(a)
    m, n = shapes.shape(x)[-2:]
    if hermitian:
        return of_symmetric(x, compute_uv)
    if is_complex(x):
        if compute_uv:
            raise DTypeError(
                "svd: singular vectors of a complex matrix have a free phase, so they have no derivative; "
                "use compute_uv=False"
            )
        return of_pairs(x)
    if compute_uv and full_matrices and m != n:
        raise DTypeError(
            f"svd: full_matrices=True adds {abs(m - n)} vectors that are not determined by a matrix of shape {(m, n)}, "
            "so they have no derivative; use full_matrices=False"
        )
    z = rows.svd(x)
    s = z[..., m, :]
    if not compute_uv:
        return s
    return SVDResult(z[..., :m, :], s, swapped(z[..., m + 1 :, :]))


def of_symmetric(x: Any, compute_uv: bool) -> Any:
    """Return the singular value decomposition of a symmetric matrix, from its eigenvalues."""
    w, v = eigh(x)
    order = np.argsort(np.abs(data_of(w)))[..., ::-1]
    w, v = take_along_axis(w, order, -1), take_along_axis(v, order[..., None, :], -1)
    s = arithmetic.absolute(w)
    return SVDResult(v, s, conj(v * arithmetic.sign(w)[..., None, :]).mT) if compute_uv else s


def of_pairs(x: Any) -> Any:
    """Return the singular values of a complex matrix: its real form [[a, -b], [b, a]] has each of them twice."""
    a, b = real_part(x), imag(x)
    s = svd(block([[a, -b], [b, a]]), compute_uv=False)
    return (s[..., ::2] + s[..., 1::2]) * 0.5


def svdvals(x: Any, /) -> Any:
    """Return the singular values in falling order."""
    return svd(x, compute_uv=False)


@implements(np.linalg.qr)
def qr(a: Any, mode: str = "reduced") -> Any:
    """Factor a matrix into one with orthonormal columns and an upper triangle."""
    x = given(a)
    m, n = shapes.shape(x)[-2:]
    refuse("qr", 'use mode="reduced" or "r"', mode=mode if mode not in ("reduced", "r", "complete") else None)
    if mode == "complete" and m > n:
        raise DTypeError(
            f'qr: mode="complete" adds {m - n} columns that are not determined by the matrix; use mode="reduced"'
        )
    if is_complex(x):
        raise DTypeError("qr: not differentiable for complex matrices; use the real and imaginary parts")
    k = min(m, n)
    z = rows.qr(x[..., :k])
    q, r = z[..., :m, :], swapped(z[..., m:, :])
    if n > m:
        r = shapes.concatenate(r, linear.matmul(swapped(q), x[..., k:]), axis=-1)
    return r if mode == "r" else QRResult(q, r)


# Sizes ---------------------------------------------------------------------------------------------------------


@implements(np.linalg.norm)
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: Any = False) -> Any:
    """Return the length of vectors or the size of matrices, by any of NumPy's norms."""
    x = given(x)
    keepdims = flag(keepdims)
    if axis is None and (ord is None or len(shapes.shape(x)) == 1):
        if ord is None or ord == 2:
            return reduce_rows.norm(x, axis=None, keepdims=keepdims)
        axis = 0
    if axis is None:
        axis = tuple(range(len(shapes.shape(x))))
    axes = positions(axis, len(shapes.shape(x)))
    if len(axes) == 1:
        return vector_size(x, 2 if ord is None else ord, axes[0], keepdims)
    if len(axes) != 2:
        raise ValueError("Improper number of dimensions to norm.")
    return matrix_size(x, "fro" if ord is None else ord, axes, keepdims)


def vector_size(x: Any, ord: Any, axis: int, keepdims: bool) -> Any:
    """Return the p-norm along one axis. Scaled by the largest element, so that no power overflows."""
    if isinstance(ord, str):
        raise ValueError(f"Invalid norm order {ord!r} for vectors")
    if ord == 2:
        return reduce_rows.norm(x, axis=axis, keepdims=keepdims)
    size = arithmetic.absolute(x)
    if ord == math.inf:
        return reduce_rows.max(size, axis=axis, keepdims=keepdims)
    if ord == -math.inf:
        return reduce_rows.min(size, axis=axis, keepdims=keepdims)
    if ord == 0:
        return reduce_rows.sum((x != 0) * 1.0, axis=axis, keepdims=keepdims)
    if ord == 1:
        return reduce_rows.sum(size, axis=axis, keepdims=keepdims)
    largest = np.max(np.asarray(data_of(size)), axis=axis, keepdims=True, initial=0)
    scale = np.where((largest == 0) | ~np.isfinite(largest), 1, largest)
    total = reduce_rows.sum(powers.power(size / scale, ord), axis=axis, keepdims=True)
    zero = total == 0  # where the slope counts as 0, the least of the subgradients
    z = compare.where(zero, 0.0, scale * powers.power(compare.where(zero, 1.0, total), 1 / ord))
    return z if keepdims else squeezed(z, axis)


def matrix_size(x: Any, ord: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    """Return the norm of matrices that two axes span."""
    row, column = axes
    if ord in ("fro", "f"):
        return reduce_rows.norm(x, axis=axes, keepdims=keepdims)
    if ord in (1, -1, math.inf, -math.inf):
        along, across = (row, column) if abs(ord) == 1 else (column, row)
        sums = reduce_rows.sum(arithmetic.absolute(x), axis=along, keepdims=True)
        z = (reduce_rows.max if ord > 0 else reduce_rows.min)(sums, axis=across, keepdims=True)
        return z if keepdims else squeezed(z, axes)
    if ord not in ("nuc", 2, -2):
        raise ValueError(f"Invalid norm order {ord!r} for matrices.")
    s = svdvals(moveaxis(x, axes, (-2, -1)))
    z = {"nuc": reduce_rows.sum, 2: reduce_rows.max, -2: reduce_rows.min}[ord](s, axis=-1)
    return reshape(z, tuple(1 if k in axes else n for k, n in enumerate(shapes.shape(x)))) if keepdims else z


def vector_norm(x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
    """Return the length of vectors; by default of all elements as one."""
    x = given(x)
    axes = positions(axis, len(shapes.shape(x)))
    if len(axes) == 1:
        return vector_size(x, ord, axes[0], keepdims)
    rest = [k for k in range(len(shapes.shape(x))) if k not in axes]
    flat = reshape(moveaxis(x, axes, range(-len(axes), 0)), (*(shapes.shape(x)[k] for k in rest), -1))
    z = vector_size(flat, ord, len(rest), False)
    return reshape(z, tuple(1 if k in axes else n for k, n in enumerate(shapes.shape(x)))) if keepdims else z


def matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    """Return the size of matrices."""
    return norm(x, ord, (-2, -1), keepdims)


@implements(np.linalg.cond)
def cond(x: Any, p: Any = None) -> Any:
    """Return how much a matrix can enlarge errors: its norm times that of its inverse."""
    x = given(x)
    if p in (None, 2, -2):
        s = svdvals(x)
        return s[..., -1] / s[..., 0] if p == -2 else s[..., 0] / s[..., -1]
    return norm(x, p, (-2, -1)) * norm(inv(x), p, (-2, -1))


@implements(np.linalg.matrix_rank)
def matrix_rank(A: Any, *args: Any, **keywords: Any) -> Any:  # noqa: N803  # NumPy's name
    """Return how many rows are independent: a constant."""
    return np.linalg.matrix_rank(data_of(given(A)), *args, **keywords)


@implements(np.linalg.multi_dot)
def multi_dot(arrays: Any, *, out: Any = None) -> Any:
    """Multiply several matrices, one after the other."""
    refuse_out("multi_dot", out)
    return functools.reduce(linear.matmul, [given(x) for x in arrays])


def diagonal(x: Any, /, *, offset: int = 0) -> Any:
    """Return a diagonal of matrices."""
    return diagonal_of(x, offset, -2, -1)


def trace(x: Any, /, *, offset: int = 0, dtype: Any = None) -> Any:
    """Add up a diagonal of matrices."""
    return products.trace(x, offset, -2, -1, dtype)


def outer(x1: Any, x2: Any, /) -> Any:
    """Multiply each element of one vector with each of another."""
    return products.outer(x1, x2)


def cross(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    """Return the vector product."""
    return products.cross(x1, x2, axis=axis)


def matmul(x1: Any, x2: Any, /) -> Any:
    """Multiply matrices."""
    return products.matmul(x1, x2)


def matrix_transpose(x: Any, /) -> Any:
    """Swap the last two axes."""
    return swapped(x)


def tensordot(x1: Any, x2: Any, /, *, axes: Any = 2) -> Any:
    """Multiply along pairs of axes, and every rest with every other."""
    return products.tensordot(x1, x2, axes)


def vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    """Multiply along an axis and add up."""
    return products.vecdot(x1, x2, axis=axis)


for _ours in (
    *(svdvals, vector_norm, matrix_norm, diagonal, trace, outer, cross, matmul, matrix_transpose, tensordot, vecdot),
):
    implements(getattr(np.linalg, _ours.__name__))(_ours)
