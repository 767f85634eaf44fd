"""NumPy's products, handed tensors: values as NumPy's, derivatives as measured."""

import numpy as np
from slopes import A, B, Cases, P, S, T, number, v, w

RNG = np.random.default_rng(1)
case = Cases()
case("dot", np.dot, A, B)
case("dotv", np.dot, A, w)
case("dotvv", np.dot, w, w * 2)
case("dot0", np.dot, number, A)
case("dotT", np.dot, T, RNG.normal(size=(2, 4, 3)))
case("dotm", lambda x, y: x.dot(y), A, B)
case("inner", np.inner, A, T)
case("bincount", lambda x: np.bincount([3, 1, 1, 0, 3], weights=x, minlength=6), v)
case("innerv", np.inner, w, w * 2)
case("vdot", np.vdot, A, P)
case("vecdot", np.vecdot, A, w)
case("vecdot0", lambda x, y: np.vecdot(x, y, axis=0), A, P)
if hasattr(np, "matvec"):  # since NumPy 2.2
    case("matvec", np.matvec, A, w)
    case("vecmat", np.vecmat, v[:3], A)
case("outer", np.outer, A, v)
case("kron", np.kron, A, S)
case("kron1", np.kron, v, A)
case("tensordot", lambda x, y: np.tensordot(x, y, 1), T, B)
case("tensordot2", lambda x, y: np.tensordot(x, y, ([0, 2], [1, 0])), T, RNG.normal(size=(4, 2, 3)))
case("tensordot0", lambda x, y: np.tensordot(x, y, 0), v, A)
case("tensordotall", lambda x, y: np.tensordot(x, y), A, P)
case("cross", np.cross, S, S * 2 + 1)
case("cross1", lambda x, y: np.cross(x, y, axis=0), S, S[::-1].copy() + 0.3)
case("crossab", lambda x, y: np.cross(x, y, axisa=0, axisb=1, axisc=0), S, S + 1)
case("crossb", np.cross, S, S[0] + 1)
for k, (s, xs) in enumerate(
    [
        ("ij,jk->ik", (A, B)),
        ("ij,jk", (A, B)),
        ("ii", (S,)),
        ("ii->i", (S,)),
        ("ij->ji", (A,)),
        ("ij->", (A,)),
        ("i,i", (w, w + 1)),
        ("i,j->ij", (v, w)),
        ("bij,jk->bik", (T, B)),
        ("...ij,...jk->...ik", (T, B)),
        ("...i,...i", (T, w)),
        ("i...->...", (T,)),
        ("ijk,ilm,j->lm", (T, RNG.normal(size=(2, 2, 3)), v[:3])),
        ("iij->j", (RNG.normal(size=(3, 3, 2)),)),
        ("ij,ij,ij->i", (A, A + 1, P)),
        ("i,ij->j", (np.ones(1), A)),
        ("iji->j", (RNG.normal(size=(3, 2, 3)),)),
        ("ba", (A,)),
        ("...,...", (A, w)),
        ("ij,kj", (A, P)),
        ("iii->", (RNG.normal(size=(3, 3, 3)),)),
        ("...j,j...->...", (A, B[:, :1])),
    ]
):
    case(f"einsum{k} {s}", lambda *x, s=s: np.einsum(s, *x), *xs)
case("einsumn", lambda x, y: np.einsum(x, [0, 1], y, [1, 2], [0, 2]), A, B)
case("einsumn2", lambda x: np.einsum(x, [0, 0]), S)
case("einsumo", lambda x, y: np.einsum("ij,jk->ik", x, y, optimize=True), A, B)
case("matmul", np.matmul, T, RNG.normal(size=(4, 2)))
case("matmulv", np.matmul, w, B)
case("matmulb", np.matmul, T, RNG.normal(size=(5, 1, 4, 2)))


test_values_and_derivatives = case.test()
