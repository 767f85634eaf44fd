"""Linear equations, inverses, powers and determinants."""

from __future__ import annotations

import math
import operator
from typing import Any, NamedTuple

import numpy as np

from ...core.dispatch import implements
from ...core.node import data_of
from ...ops import arithmetic, linear, shapes
from ...ops import linalg as rows
from ...ops import reductions as reduce_rows
from ...ops.complex import real_part
from ..arguments import cast, dtype_of, given
from ..shaping import moveaxis, ravel, reshape
from .decompositions import mirrored, svdvals


class SlogdetResult(NamedTuple):
    """The sign of a determinant, and the logarithm of its size."""

    sign: Any
    logabsdet: Any


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
    if rtol is not None and rtol is not np._NoValue:
        if rcond is not None:
            raise ValueError("pinv: rcond and rtol are two names of one bound: give one of them")
        rcond = rtol
    if rcond is None:
        rcond = 1e-15
    return rows.pinv(mirrored(x) if hermitian else x, rcond=data_of(rcond))


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
    """Return the inverse of `a` with respect to tensordot."""
    x = given(a)
    if ind <= 0:
        raise ValueError("Invalid ind argument.")
    shape = shapes.shape(x)
    return reshape(rows.inv(reshape(x, (math.prod(shape[:ind]), -1))), (*shape[ind:], *shape[:ind]))


@implements(np.linalg.matrix_power)
def matrix_power(a: Any, n: int) -> Any:
    """Multiply a matrix with itself n times; its inverse, if n is negative."""
    x, n = given(a), operator.index(n)
    if n < 0:
        x, n = rows.inv(x), -n
    z: Any = None
    while n:
        if n % 2:
            z = x if z is None else linear.matmul(z, x)
        n //= 2
        x = linear.matmul(x, x) if n else x
    one = np.eye(shapes.shape(x)[-1], dtype=dtype_of(x))
    return cast(arithmetic.multiply(x, 0) + one, dtype_of(x)) if z is None else z


@implements(np.linalg.det)
def det(a: Any) -> Any:
    """Return the determinant; its gradient is exact for singular matrices too."""
    return rows.det(given(a))


@implements(np.linalg.slogdet)
def slogdet(a: Any) -> SlogdetResult:
    """Return the sign of the determinant, and the logarithm of its size."""
    x = given(a)
    return SlogdetResult(rows.sign_of_det(x), real_part(rows.logabsdet(x)))
