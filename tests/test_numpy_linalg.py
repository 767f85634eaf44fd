"""`numpy.linalg`, handed tensors: values as NumPy's, derivatives as measured."""

import numpy as np
from slopes import S2, A, B, Cases, P, S, T, v, w

RNG = np.random.default_rng(1)


def definite(x):
    return x @ np.swapaxes(x, -1, -2) + np.eye(3) * 0.5


def symmetric(x):
    return x + np.swapaxes(x, -1, -2)


case = Cases()
case("solve", np.linalg.solve, S, RNG.normal(size=(3, 2)))
case("solvev", np.linalg.solve, S, v[:3])
case("solveb", np.linalg.solve, S2, RNG.normal(size=(2, 3, 2)))
case("solvebb", np.linalg.solve, S, RNG.normal(size=(2, 3, 2)))
case("inv", np.linalg.inv, S2)
case("det", np.linalg.det, S2)
case("det1", np.linalg.det, S2[:, :1, :1])
case("det4", np.linalg.det, RNG.normal(size=(4, 4)))
case("slogdet", lambda x: np.linalg.slogdet(x)[1], S2)
case("chol", lambda x: np.linalg.cholesky(definite(x)), S2)
case("cholu", lambda x: np.linalg.cholesky(definite(x), upper=True), S2)
case("eigh", lambda x: (lambda r: (r[0], r[1]))(np.linalg.eigh(symmetric(x))), S2)
case("eighU", lambda x: np.linalg.eigh(symmetric(x), "U")[0], S2)
case("eigvalsh", lambda x: np.linalg.eigvalsh(symmetric(x)), S2)
case("eig", lambda x: tuple(np.linalg.eig(x)), S)
case("eig of another", lambda x: tuple(np.linalg.eig(x)), S2[1])
case("eigs", lambda x: tuple(np.linalg.eig(definite(x))), S)
case("eigvals", np.linalg.eigvals, S)
case("abs eigvals", lambda x: np.abs(np.linalg.eigvals(x)), np.array([[1.0, 2, 0], [-3, 1, 0.5], [0.3, 0.2, -1]]))
case("eigc", lambda x: tuple(np.linalg.eig(x)), np.array([[1.0, 2, 0], [-3, 1, 0.5], [0.3, 0.2, -1]]))
case("svd", lambda x: tuple(np.linalg.svd(x, full_matrices=False)), A)
case("svdt", lambda x: tuple(np.linalg.svd(x, full_matrices=False)), A.T.copy())
case("svdsq", lambda x: tuple(np.linalg.svd(x)), S2)
case("svdv", lambda x: np.linalg.svd(x, compute_uv=False), T)
case("svdvals", lambda x: np.linalg.svdvals(x), A)
case("qr", lambda x: tuple(np.linalg.qr(x)), A)
case("qrt", lambda x: tuple(np.linalg.qr(x)), A.T.copy())
case("qrs", lambda x: tuple(np.linalg.qr(x)), S2)
case("qrr", lambda x: np.linalg.qr(x, mode="r"), A)
case("qrb", lambda x: tuple(np.linalg.qr(x)), RNG.normal(size=(2, 4, 3)))
case("pinv", np.linalg.pinv, A)
case("pinvt", np.linalg.pinv, RNG.normal(size=(2, 4, 2)))
case("lstsq", lambda x, y: np.linalg.lstsq(x, y)[0], RNG.normal(size=(4, 2)), w)
case("lstsqr", lambda x, y: np.linalg.lstsq(x, y)[:2], RNG.normal(size=(4, 2)), RNG.normal(size=(4, 3)))
case("lstsqu", lambda x, y: np.linalg.lstsq(x, y)[0], A, v[:3])
case("lstsq1", lambda x, y: np.linalg.lstsq(x, y)[1], RNG.normal(size=(4, 2)), w)
for n in (0, 1, 2, 3, 5, -2):
    case(f"mpow{n}", lambda x, n=n: np.linalg.matrix_power(x, n) + 0 * x, S)
case("multi_dot", lambda x, y, z: np.linalg.multi_dot([x, y, z]), A, B, B.T.copy())
case("multi_dotv", lambda x, y, z: np.linalg.multi_dot([x, y, z]), v[:3], A, w)
case("tensorinv", lambda x: np.linalg.tensorinv(x, ind=1), RNG.normal(size=(6, 2, 3)))
case("tensorsolve", lambda x, y: np.linalg.tensorsolve(x, y), RNG.normal(size=(2, 3, 6)), RNG.normal(size=(2, 3)))
case(
    "tensorsolvea",
    lambda x, y: np.linalg.tensorsolve(x, y, axes=(1,)),
    RNG.normal(size=(2, 6, 3)),
    RNG.normal(size=(2, 3)),
)
for o in (None, 2, 1, 0, 3, -1, -2, 0.5, np.inf, -np.inf, 4):
    case(f"norm{o}", lambda x, o=o: np.linalg.norm(x, o) + 0 * x.sum(), w)
    case(f"normax{o}", lambda x, o=o: np.linalg.norm(x, o, axis=1, keepdims=True) + 0 * x, A)
for o in (None, "fro", "nuc", 2, -2, 1, -1, np.inf, -np.inf):
    case(f"mnorm{o}", lambda x, o=o: np.linalg.norm(x, o, axis=(0, 2)), T)
    case(f"mnormk{o}", lambda x, o=o: np.linalg.norm(x, o, keepdims=True), A)
case("norm3d", np.linalg.norm, T)
case("vnorm", lambda x: np.linalg.vector_norm(x, axis=(0, 2)), T)
case("vnorm3", lambda x: np.linalg.vector_norm(x, ord=3, keepdims=True), T)
case("mnormf", np.linalg.matrix_norm, T)
case("cond", np.linalg.cond, S2)
for p in (1, "fro", -2, 2, np.inf):
    case(f"cond{p}", lambda x, p=p: np.linalg.cond(x, p), S)
case("ltrace", lambda x: np.linalg.trace(x), T)
case("ldiag", lambda x: np.linalg.diagonal(x, offset=1), T)
case("louter", np.linalg.outer, v, w)
case("lcross", np.linalg.cross, S, S + 1)
case("lmatmul", np.linalg.matmul, A, B)
case("lvecdot", np.linalg.vecdot, A, P)
case("ltd", lambda x, y: np.linalg.tensordot(x, y, axes=1), A, B)
case("lmt", np.linalg.matrix_transpose, T)


test_values_and_derivatives = case.test()
