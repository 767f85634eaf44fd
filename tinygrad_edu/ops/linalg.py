"""Rows of linear algebra: inverses, solutions of equations and determinants; all of them of stacks of matrices too."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.op import op
from .complex import conj, is_complex
from .indexing import HERE, put
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
pinv = op(
    "pinv",
    "pinv({})",
    lambda x, rcond: np.linalg.pinv(x, rcond),
    lambda g, z, x, rcond: pinv_back(g, z, x),
    tex="{{{}}}^{{+}}",
    doc="Compute the pseudo-inverse, differentiated at constant rank.",
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
sign_of_det = op(
    "sign_of_det",
    "sign(det({}))",
    lambda x: np.linalg.slogdet(x).sign,
    lambda g, z, x: turned_by_det(g[..., None, None] * z[..., None, None], x) if is_complex(x) else x * 0.0,
    tex=r"\mathrm{{sign}} \det {}",
    doc="Compute the sign of the determinant, of a complex one its direction: no product over- or underflows.",
)
logabsdet = op(
    "logabsdet",
    "log|det({})|",
    lambda x: np.linalg.slogdet(x).logabsdet,
    lambda g, z, x: g[..., None, None] * inv(x).mT,
    tex=r"\ln \left|\det {}\right|",
    doc="Compute the logarithm of the size of the determinant, without overflow.",
)


def _cofactor(x: np.ndarray) -> np.ndarray:
    """Compute det(u v) u c vᵀ, where c is the product of all other singular values."""
    n = x.shape[-1]
    if n == 0:
        return x
    u, s, vh = np.linalg.svd(x)
    rest = np.where(np.eye(n, dtype=bool), 1, s[..., None, :])
    turned = np.linalg.det(u) * np.linalg.det(vh)
    return turned[..., None, None] * ((u.conj() * np.prod(rest, axis=-1)[..., None, :]) @ vh.conj())


def turned_by_det(w: Any, x: Any) -> Any:
    """Return the gradient of a complex matrix by the direction z of its determinant, from w = g z: i Im(w) x⁻ᵀ."""
    return 0.5 * (w - conj(w)) * inv(x).mT


def by_minors(g: Any, x: Any) -> Any:
    """Return the gradient of all cofactors: each is a determinant of the matrix without one row and one column."""
    n = shape(x)[-1]
    if n <= 1:
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


def pinv_back(g: Any, z: Any, x: Any) -> Any:
    """Return the gradient of a matrix from that of its pseudo-inverse (Golub and Pereyra 1973)."""
    m, n = shape(x)[-2:]
    left = (np.eye(m, dtype=x.dtype) - x @ z) @ g.mT @ z @ conj(z).mT
    right = conj(z).mT @ z @ g.mT @ (np.eye(n, dtype=x.dtype) - z @ x)
    return conj(left + right) - z.mT @ g @ z.mT
