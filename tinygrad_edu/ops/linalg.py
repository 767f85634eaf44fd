"""Rows of linear algebra: what a matrix is undone by, and what it is made of.

A decomposition into several arrays is one array here, its parts stacked row by row, so that it is one row of the
table with one rule; whoever wants the parts slices them off. All rules hold for stacks of matrices.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.op import op
from .arithmetic import absolute
from .compare import where
from .complex import conj, imag, is_complex, real_part
from .indexing import HERE, put
from .losses import one_hot
from .ordering import argmax
from .reductions import sum
from .shapes import shape

MINORS = 24  # up to this size the second derivative of a determinant is exact for singular matrices too

inv = op(
    "inv",
    "inv({})",
    np.linalg.inv,
    lambda g, z, x: -(z.mT @ g @ z.mT),
    tex="{{{}}}^{{-1}}",
    doc="Invert a matrix.",
)
solve = op(
    "solve",
    "solve({}, {})",
    lambda a, b: np.linalg.solve(a, b),
    lambda g, z, a, b: -(solve(a.mT, g) @ z.mT),
    lambda g, z, a, b: solve(a.mT, g),
    tex="{{{}}}^{{-1}} {}",
    doc="Solve a x = b for the columns of the matrix b.",
)
det = op(
    "det",
    "det({})",
    lambda x: np.linalg.det(x),
    lambda g, z, x: g[..., None, None] * cofactor(x),
    tex=r"\det {}",
    onnx="Det",
    doc="Compute the determinant.",
)
cofactor = op(
    "cofactor",
    "cofactor({})",
    lambda x: _cofactor(x),
    lambda g, z, x: by_minors(g, x) if shape(x)[-1] <= MINORS else by_inverse(g, z, x),
    tex=r"\mathrm{{cof}}({})",
    doc="Compute the matrix of cofactors: the gradient of the determinant, of singular matrices too.",
)
logabsdet = op(
    "logabsdet",
    "log|det({})|",
    lambda x: np.linalg.slogdet(x).logabsdet,
    lambda g, z, x: g[..., None, None] * inv(x).mT,
    tex=r"\ln \left|\det {}\right|",
    doc="Compute the logarithm of the size of the determinant, without overflow.",
)
cholesky = op(
    "cholesky",
    "cholesky({})",
    lambda x: np.linalg.cholesky(_mean_with_mirror(x)),
    lambda g, z, x: conj(symmetric(conj(inv(z)).mT @ halved(conj(z).mT @ conj(g)) @ inv(z))),
    tex=r"\mathrm{{chol}}({})",
    doc="Factor a positive definite matrix into l lᵀ. The gradient is symmetric, as the matrix has to be.",
)
eigh = op(
    "eigh",
    "eigh({})",
    lambda x: _packed_eigh(x),
    lambda g, z, x: eigh_back(g[..., 0, :], g[..., 1:, :], z[..., 0, :], z[..., 1:, :]),
    tex=r"\mathrm{{eigh}}({})",
    doc="Decompose a symmetric matrix: a row of eigenvalues, and below it the eigenvectors as columns.",
)
eig = op(
    "eig",
    "eig({})",
    lambda x: _packed_eig(x),
    lambda g, z, x: eig_back(g[..., 0, :], g[..., 1:, :], z[..., 0, :], z[..., 1:, :]),
    tex=r"\mathrm{{eig}}({})",
    doc="Decompose a square matrix: a row of eigenvalues, and below it the eigenvectors as columns.",
)
svd = op(
    "svd",
    "svd({})",
    lambda x: _packed_svd(x),
    lambda g, z, x: svd_back(g, z, shape(x)[-2]),
    tex=r"\mathrm{{svd}}({})",
    doc="Decompose a real matrix into u s vᵀ: u, below it s as one row, below it v.",
)
qr = op(
    "qr",
    "qr({})",
    lambda x: _packed_qr(x),
    lambda g, z, x: qr_back(g, z, shape(x)[-2]),
    tex=r"\mathrm{{qr}}({})",
    doc="Factor a matrix that is not wider than tall into q r: q, and below it rᵀ.",
)
pinv = op(
    "pinv",
    "pinv({})",
    lambda x, rcond: np.linalg.pinv(x, rcond),
    lambda g, z, x, rcond: pinv_back(g, z, x),
    tex="{{{}}}^{{+}}",
    doc="Invert a matrix as far as it goes: the pseudo-inverse, differentiated at constant rank.",
)


# Determinants --------------------------------------------------------------------------------------------------


def _cofactor(x: np.ndarray) -> np.ndarray:
    """Compute det(u v) u c vᵀ, where c is the product of all other singular values."""
    n = x.shape[-1]
    if n == 0:
        return x
    u, s, vh = np.linalg.svd(x)
    rest = np.where(np.eye(n, dtype=bool), 1, s[..., None, :])
    turned = np.linalg.det(u) * np.linalg.det(vh)
    return turned[..., None, None] * ((u.conj() * np.prod(rest, axis=-1)[..., None, :]) @ vh.conj())


def by_minors(g: Any, x: Any) -> Any:
    """Return the gradient of all cofactors: each is a determinant of the matrix without one row and one column."""
    n = shape(x)[-1]
    if n == 1:
        return g * 0.0
    kept = np.array([[k for k in range(n) if k != i] for i in range(n)])
    rows, columns = kept[:, None, :, None], kept[None, :, None, :]
    signs = (-1.0) ** np.add.outer(np.arange(n), np.arange(n))
    inner = (g * signs)[..., None, None] * cofactor(x[..., rows, columns])
    return put(inner, rows, columns, key=(..., HERE, HERE), shape=shape(x))


def by_inverse(g: Any, z: Any, x: Any) -> Any:
    """Return the gradient of all cofactors from det(x) x⁻ᵀ, which needs an inverse but little memory."""
    y = inv(x).mT
    return sum(g * y, axis=(-2, -1), keepdims=True) * z - y @ g.mT @ z


# Decompositions ------------------------------------------------------------------------------------------------


def _mean_with_mirror(x: np.ndarray) -> np.ndarray:
    return (x + x.conj().mT) / 2


def _packed_eigh(x: np.ndarray) -> np.ndarray:
    w, v = np.linalg.eigh(_mean_with_mirror(x))
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


def eigh_back(gw: Any, gv: Any, w: Any, v: Any) -> Any:
    """Return the gradient of a symmetric matrix from those of its eigenvalues and eigenvectors; it is symmetric.

    Equal eigenvalues leave the choice of their eigenvectors open, and what depends on it has no derivative; what
    does not depend on it needs no turning of one into the other, so the quotient counts as 0 there.
    """
    m = conj(v).mT @ conj(gv)
    turning = (m - conj(m).mT) * (0.5 * over(apart(real_part(w))))
    return conj(v @ (turning + diagonal_matrix(real_part(gw))) @ conj(v).mT)


def eig_back(gw: Any, gv: Any, w: Any, v: Any) -> Any:
    """Return the gradient of a matrix from those of its eigenvalues and eigenvectors; see `eigh_back` for equal ones.

    An eigenvector keeps its length 1, and its largest element stays real.
    """
    along = sum(gv * v, axis=-2, keepdims=True)
    gv = gv - conj(v) * real_part(along)
    if is_complex(v):
        largest = one_hot(argmax(absolute(v), axis=-2), classes=shape(v)[-1]).mT
        gv = gv - 1j * imag(along) * largest / v
    return solve(v.mT, (v.mT @ gv * over(apart(w)) + diagonal_matrix(gw)) @ v.mT)


def svd_back(g: Any, z: Any, m: int) -> Any:
    """Return the gradient of a real matrix from those of u, s, v (Townsend 2016); see `eigh_back` for equal values."""
    gu, gs, gv = g[..., :m, :], g[..., m, :], g[..., m + 1 :, :]
    u, s, v = z[..., :m, :], z[..., m, :], z[..., m + 1 :, :]
    turning = over(apart(s * s))
    uu, vv = u.mT @ gu, v.mT @ gv
    size, inverse = s[..., None, :], over(s)[..., None, :]
    inner = (uu - uu.mT) * turning * size + s[..., :, None] * (turning * (vv - vv.mT)) + diagonal_matrix(gs)
    return u @ inner @ v.mT + (gu - u @ uu) * inverse @ v.mT + u * inverse @ (gv - v @ vv).mT


def qr_back(g: Any, z: Any, m: int) -> Any:
    """Return the gradient of a real matrix from those of q and rᵀ (Walter and Lehmann 2018)."""
    q, gq, rt, grt = z[..., :m, :], g[..., :m, :], z[..., m:, :], g[..., m:, :]
    inner = rt.mT @ grt - gq.mT @ q
    lower = inner * np.tri(shape(rt)[-1], dtype=z.dtype)
    strict = inner * np.tri(shape(rt)[-1], k=-1, dtype=z.dtype)
    return solve(rt.mT, (gq + q @ (lower + strict.mT)).mT).mT


def pinv_back(g: Any, z: Any, x: Any) -> Any:
    """Return the gradient of a matrix from that of its pseudo-inverse (Golub and Pereyra 1973)."""
    m, n = shape(x)[-2:]
    left = (np.eye(m, dtype=x.dtype) - x @ z) @ g.mT @ z @ conj(z).mT
    right = conj(z).mT @ z @ g.mT @ (np.eye(n, dtype=x.dtype) - z @ x)
    return conj(left + right) - z.mT @ g @ z.mT


def apart(w: Any) -> Any:
    """Return the matrix of differences w[j] - w[i]."""
    return w[..., None, :] - w[..., :, None]


def over(x: Any) -> Any:
    """Return 1 / x, and 0 where x is 0."""
    return where(x == 0, 0.0, 1.0 / where(x == 0, 1.0, x))


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
