"""Matrix decompositions; results are named tuples like NumPy's.

Where NumPy reads one triangle of a matrix that should be symmetric (cholesky, eigh), that triangle alone has a
gradient: each element has that of its mirror image too.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ...core.dispatch import implements
from ...core.node import Node, data_of
from ...core.tensor import Tensor
from ...errors import DTypeError
from ...ops import arithmetic, linear, ordering, shapes
from ...ops import decompositions as rows
from ...ops.complex import conj, real_part
from ..arguments import given, refuse
from ..selecting import take_along_axis, tril, triu
from ..shaping import matrix_transpose as swapped


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


def needs_gradient(x: Any) -> bool:
    """Say whether `x` is a node that gradients flow to."""
    return isinstance(x, Node) and x.requires_grad


def as_constants(arrays: Any) -> Any:
    """Return arrays as tensors that need no gradient."""
    return (Tensor(x, requires_grad=False) for x in arrays)


def mirrored(x: Any, lower: bool = True) -> Any:
    """Return the symmetric matrix of which NumPy reads one triangle only."""
    half = tril(x) if lower else triu(x)
    other = tril(x, -1) if lower else triu(x, 1)
    return half + conj(other).mT


@implements(np.linalg.cholesky)
def cholesky(a: Any, /, *, upper: bool = False) -> Any:
    """Factor a positive definite matrix into l lᵀ, or uᵀ u where `upper`."""
    x = given(a)
    return rows.cholesky(mirrored(x, not upper), upper=upper)


@implements(np.linalg.eigh)
def eigh(a: Any, UPLO: str = "L") -> EighResult:  # noqa: N803  # NumPy's name
    """Return eigenvalues and eigenvectors of a symmetric matrix, of which one triangle is read."""
    if UPLO.upper() not in ("L", "U"):
        raise ValueError("UPLO argument must be 'L' or 'U'")
    z = rows.eigh(mirrored(given(a), UPLO.upper() == "L"), UPLO=UPLO.upper())
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
    if compute_uv and full_matrices and m != n:
        if not needs_gradient(x):
            return SVDResult(*as_constants(np.linalg.svd(data_of(x))))
        raise DTypeError(
            f"svd: full_matrices=True adds {abs(m - n)} vectors that are not determined by a matrix of shape {(m, n)}, "
            "so they have no derivative; use full_matrices=False"
        )
    z = rows.svd(x)
    s = real_part(z[..., m, :])
    if not compute_uv:
        return s
    return SVDResult(z[..., :m, :], s, swapped(z[..., m + 1 :, :]))


def of_symmetric(x: Any, compute_uv: bool) -> Any:
    """Return the singular value decomposition of a symmetric matrix, from its eigenvalues."""
    w, v = eigh(x)
    order = ordering.argsort(arithmetic.absolute(w))[..., ::-1]
    w, v = take_along_axis(w, order, -1), take_along_axis(v, order[..., None, :], -1)
    s = arithmetic.absolute(w)
    return SVDResult(v, s, conj(v * arithmetic.sign(w)[..., None, :]).mT) if compute_uv else s


@implements(np.linalg.svdvals)
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
        if not needs_gradient(x):
            return QRResult(*as_constants(np.linalg.qr(data_of(x), "complete")))
        raise DTypeError(
            f'qr: mode="complete" adds {m - n} columns that are not determined by the matrix; use mode="reduced"'
        )
    k = min(m, n)
    z = rows.qr(x[..., :k])
    q, r = z[..., :m, :], swapped(z[..., m:, :])
    if n > m:
        r = shapes.concatenate(r, linear.matmul(swapped(q), x[..., k:]), axis=-1)
    return r if mode == "r" else QRResult(q, r)
