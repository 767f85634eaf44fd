"""Rows of matrix decompositions: Cholesky, eigenvalues, singular values and QR.

A decomposition into several arrays is one array here, its parts stacked row by row, so that it is one row of the
table with one rule; callers slice off the parts. All rules hold for stacks of matrices.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.node import raw_of
from ..core.op import op
from .arithmetic import absolute
from .compare import where
from .complex import conj, imag, is_complex, real_part
from .limits import PackedParts, adds, differs, lies_in_row, magnitude, only, value_error
from .linalg import inv, solve
from .losses import one_hot
from .ordering import argmax
from .precision import floating
from .reductions import sum
from .shapes import shape

cholesky = op(
    "cholesky",
    "cholesky({})",
    lambda x, upper=False: np.linalg.cholesky(_mean_with_mirror(x), upper=upper),
    lambda g, z, x, upper=False: cholesky_back(conj(g).mT if upper else conj(g), conj(z).mT if upper else z),
    tex=r"\mathrm{{chol}}({})",
    doc="Factor a positive definite matrix into l lᵀ, or uᵀ u where `upper`; its gradient is symmetric, as it is.",
)
eigh = op(
    "eigh",
    "eigh({})",
    lambda x, UPLO="L": _packed_eigh(x, UPLO),  # noqa: N803  # NumPy's name
    lambda g, z, x, **_: eigh_back(g, z),
    tex=r"\mathrm{{eigh}}({})",
    doc="Decompose a symmetric matrix: a row of eigenvalues, and below it the eigenvectors as columns.",
)
eig = op(
    "eig",
    "eig({})",
    lambda x: _packed_eig(x),
    lambda g, z, x: eig_back(g, z),
    tex=r"\mathrm{{eig}}({})",
    doc="Decompose a square matrix: a row of eigenvalues, and below it the eigenvectors as columns.",
)
svd = op(
    "svd",
    "svd({})",
    lambda x: _packed_svd(x),
    lambda g, z, x: svd_back(g, z, shape(x)[-2]),
    tex=r"\mathrm{{svd}}({})",
    doc="Decompose a matrix into u s vᴴ: u, below it s as one row, below it the conjugate of v.",
)
qr = op(
    "qr",
    "qr({})",
    lambda x: _packed_qr(x),
    lambda g, z, x: qr_back(g, z, shape(x)[-2]),
    tex=r"\mathrm{{qr}}({})",
    doc="Factor a matrix that is not wider than tall into q r: q, and below it rᵀ.",
)


def _mean_with_mirror(x: np.ndarray) -> np.ndarray:
    x = floating(x)  # narrow integers would wrap round
    return (x + x.conj().mT) / 2


def _packed_eigh(x: np.ndarray, UPLO: Any) -> np.ndarray:  # noqa: N803  # NumPy's name
    w, v = np.linalg.eigh(_mean_with_mirror(x), UPLO)
    return np.concatenate([w[..., None, :], v], axis=-2)


def _packed_eig(x: np.ndarray) -> np.ndarray:
    w, v = np.linalg.eig(x)
    return np.concatenate([w[..., None, :], v], axis=-2)


def _packed_svd(x: np.ndarray) -> np.ndarray:
    u, s, vh = np.linalg.svd(x, full_matrices=False)
    return np.concatenate([u, s[..., None, :], vh.mT], axis=-2)


def _packed_qr(x: np.ndarray) -> np.ndarray:
    q, r = np.linalg.qr(x)
    return np.concatenate([q, r.mT], axis=-2)


def cholesky_back(g: Any, z: Any) -> Any:
    """Return the gradient of a positive definite matrix from that of its factor l, which arrives as its conjugate."""
    return conj(symmetric(conj(inv(z)).mT @ halved(conj(z).mT @ g) @ inv(z)))


def eigh_back(g: Any, z: Any) -> Any:
    """Return the gradient of a symmetric matrix from those of its eigenvalues and eigenvectors; it is symmetric.

    Equal eigenvalues leave the choice of their eigenvectors open: what depends on it has no derivative, and what does
    not has the limit between unequal ones.
    """
    w, v = real_part(z[..., 0, :]), z[..., 1:, :]
    if lies_in_row(g, 0):
        return conj(v * real_part(g[..., None, 0, :]) @ conj(v).mT)
    m = conj(v).mT @ conj(g[..., 1:, :])
    parts = PackedParts(g, z, 0, magnitude(m), lambda mixed: packed_numbers(0 * w, v @ mixed), 1.5)
    if is_complex(z):
        parts.refuse_phase("eigh", m - conj(m).mT)
    turning = 0.5 * beside(parts.over(m - conj(m).mT, gaps(w), differs))
    return conj(v @ (turning + diagonal_matrix(real_part(g[..., 0, :]))) @ conj(v).mT)


def eig_back(g: Any, z: Any) -> Any:
    """Return the gradient of a matrix from those of its eigenvalues and eigenvectors; see `eigh_back` for equal ones.

    An eigenvector keeps its length 1, and its largest element stays real.
    """
    w, v, gv = z[..., 0, :], z[..., 1:, :], g[..., 1:, :]
    if lies_in_row(g, 0):
        return solve(v.mT, g[..., 0, :, None] * v.mT)
    along = sum(gv * v, axis=-2, keepdims=True)
    parts = PackedParts(g, z, 0, magnitude(v.mT @ gv), lambda mixed: packed_numbers(0 * w, v @ mixed), 0.5)
    gv = gv - conj(v) * real_part(along)
    if is_complex(v) and shape(v)[-1]:
        top = one_hot(argmax(absolute(v), axis=-2), classes=shape(v)[-1]).mT
        gv = gv - 1j * imag(along) * top / where(top == 0, 1.0, v)
    turning = beside(parts.over(v.mT @ gv, gaps(w), differs))
    return solve(v.mT, (turning + diagonal_matrix(g[..., 0, :])) @ v.mT)


def svd_back(g: Any, z: Any, m: int) -> Any:
    """Return the gradient of a matrix from those of u, s, v̄; see `eigh_back` for equal values.

    Townsend 2016; of complex ones Wan and Zhang 2019.
    """
    gu, gs, gv = conj(g[..., :m, :]), real_part(g[..., m, :]), g[..., m + 1 :, :]
    u, s, v = z[..., :m, :], real_part(z[..., m, :]), conj(z[..., m + 1 :, :])
    if lies_in_row(g, m):
        gs = where(s <= value_error(s)[..., 0], 0.0, gs)  # a value of 0 is a kink, of which the least slope is 0
        return conj(u * gs[..., None, :] @ conj(v).mT)
    uu, vv = conj(u).mT @ gu, conj(v).mT @ gv
    a, b = uu - conj(uu).mT, vv - conj(vv).mT
    parts = PackedParts(
        g, z, m, magnitude(gu, gv), lambda mixed: packed_numbers(u @ mixed, 0 * s, conj(v @ mixed)), 0.5
    )
    inner = parts.over(a + b, gaps(s), differs) + parts.over(a - b, s[..., None, :] + s[..., :, None], adds)
    inner = 0.5 * beside(inner) + diagonal_matrix(gs)
    if is_complex(z):
        parts.refuse_phase("svd", a + b)
        inner = inner - 0.5 * (np.eye(shape(s)[-1]) * parts.over(b, s[..., None, :], only))
    left, right = (parts.over(x, s[..., None, :], only) for x in (gu - u @ uu, gv - v @ vv))
    return conj(u @ inner @ conj(v).mT + left @ conj(v).mT + u @ conj(right).mT)


def qr_back(g: Any, z: Any, m: int) -> Any:
    """Return the gradient of a matrix from those of q and rᵀ (Walter and Lehmann 2018); the diagonal of r is real."""
    q, gq, r, gr = z[..., :m, :], conj(g[..., :m, :]), z[..., m:, :].mT, conj(g[..., m:, :]).mT
    inner = r @ conj(gr).mT - conj(gq).mT @ q
    strict = inner * np.tri(shape(r)[-1], k=-1, dtype=z.dtype)
    mirrored = strict + conj(strict).mT + real_part(inner) * np.eye(shape(r)[-1], dtype=z.dtype)
    return conj(solve(conj(r), (gq + q @ mirrored).mT).mT)


def packed_numbers(*parts: Any) -> Any:
    """Return the numbers of matrices and vectors, stacked as a decomposition stacks its parts."""
    arrays = [np.asarray(raw_of(x)) for x in parts]
    deep = max(x.ndim for x in arrays)
    return np.concatenate([x if x.ndim == deep else x[..., None, :] for x in arrays], axis=-2)


def gaps(w: Any) -> Any:
    """Return the matrix of differences w[j] - w[i], with 1 on its diagonal."""
    return w[..., None, :] - w[..., :, None] + np.eye(shape(w)[-1], dtype=w.dtype)


def beside(x: Any) -> Any:
    """Return a matrix with 0 on its diagonal."""
    return x * (1 - np.eye(shape(x)[-1])).astype(x.dtype)


def diagonal_matrix(w: Any) -> Any:
    """Return matrices that have vectors on their diagonals."""
    return w[..., None, :] * np.eye(shape(w)[-1], dtype=w.dtype)


def halved(x: Any) -> Any:
    """Return the lower triangle, with half of the diagonal."""
    n = shape(x)[-1]
    return x * (np.tri(n) - 0.5 * np.eye(n)).astype(x.dtype)


def symmetric(x: Any) -> Any:
    """Return the mean of a matrix and its mirror image."""
    return (x + conj(x).mT) * 0.5
