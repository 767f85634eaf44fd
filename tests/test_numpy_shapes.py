"""NumPy's functions that reshape, join and split, handed tensors: values as NumPy's, derivatives as measured."""

import numpy as np
import pytest
from slopes import hold

RNG = np.random.default_rng(0)
A = RNG.normal(size=(3, 4))
v = RNG.normal(size=5)
w = RNG.normal(size=4)
T = RNG.normal(size=(2, 3, 4))
P = np.abs(RNG.normal(size=(3, 4))) + 0.3
number = np.array(0.7)
positive = np.abs(RNG.normal(size=5)) + 0.2

CASES = {}


def case(name, f, *operands, **how):
    assert name not in CASES
    CASES[name] = (f, operands, how)


case("reshape", lambda x: np.reshape(x, (4, 3)), A)
case("reshapeF", lambda x: np.reshape(x, (4, -1), order="F"), A)
case("reshapem", lambda x: x.reshape(2, 6), A)
case("ravel", np.ravel, A)
case("ravelF", lambda x: np.ravel(x, order="F"), A)
case("flat", lambda x: x.flatten(), A)
case("transpose", np.transpose, T)
case("transpose2", lambda x: np.transpose(x, (1, -1, 0)), T)
case("permute", lambda x: np.permute_dims(x, (2, 0, 1)), T)
case("T", lambda x: x.T, T)
case("mT", lambda x: x.mT, T)
case("transposem", lambda x: x.transpose(2, 0, 1), T)
case("matrix_transpose", np.matrix_transpose, T)
case("swapaxes", lambda x: np.swapaxes(x, 0, -1), T)
case("moveaxis", lambda x: np.moveaxis(x, [0, 1], [-1, 0]), T)
case("rollaxis", lambda x: np.rollaxis(x, 2), T)
case("rollaxis2", lambda x: np.rollaxis(x, 0, 3), T)
case("expand_dims", lambda x: np.expand_dims(x, (0, -1)), A)
case("squeeze", lambda x: np.squeeze(x), A[None, :, None])
case("squeeze0", lambda x: np.squeeze(x, axis=(0, 2)), A[None, :, None])
case("broadcast_to", lambda x: np.broadcast_to(x, (2, 5, 4)), w)
case("broadcast_to2", lambda x: np.broadcast_to(x, (3, 4)), A[:, :1])
case("broadcast_arrays", lambda x, y: tuple(np.broadcast_arrays(x, y)), A, w)
for n in ["atleast_1d", "atleast_2d", "atleast_3d"]:
    for k, x in enumerate([number, v, A, T]):
        case(f"{n}{k}", getattr(np, n), x)
case("flip", np.flip, T)
case("flip1", lambda x: np.flip(x, 1), T)
case("flip2", lambda x: np.flip(x, (0, 2)), T)
case("fliplr", np.fliplr, A)
case("flipud", np.flipud, A)
for k in range(-1, 4):
    case(f"rot90{k}", lambda x, k=k: np.rot90(x, k, axes=(1, 2)), T)
case("roll", lambda x: np.roll(x, 5), A)
case("roll1", lambda x: np.roll(x, -1, axis=1), A)
case("roll2", lambda x: np.roll(x, (1, 2), axis=(0, 1)), A)
case("roll3", lambda x: np.roll(x, (1, 1), axis=(0, 0)), A)
case("astype", lambda x: x.astype(float), A)
case("copy", np.copy, A)
case("copym", lambda x: x.copy(), A)
case("concatenate", lambda x, y: np.concatenate([x, y], axis=1), A, P)
case("concatN", lambda x, y: np.concatenate([x, y], axis=None), A, v)
case("concat", lambda x, y: np.concat([x, y]), A, P)
case("stack", lambda x, y: np.stack([x, y], axis=-1), A, P)
case("vstack", lambda x, y: np.vstack([x, y]), A, w)
case("hstack", lambda x, y: np.hstack([x, y]), A, P)
case("hstack1", lambda x, y: np.hstack([x, y]), v, w)
case("dstack", lambda x, y: np.dstack([x, y]), A, P)
case("column_stack", lambda x, y: np.column_stack([x, y]), v, positive)
case("append", lambda x, y: np.append(x, y), A, v)
case("append1", lambda x, y: np.append(x, y, axis=0), A, P)
case("block", lambda x, y: np.block([[x, y], [y, x]]), A, P)
case("block1", lambda x, y: np.block([x, y]), v, w)
case("split", lambda x: np.split(x, 2, axis=1), A)
case("split2", lambda x: np.split(x, [1, 3]), v)
case("array_split", lambda x: np.array_split(x, 3), v)
case("vsplit", lambda x: np.vsplit(x, 3), A)
case("hsplit", lambda x: np.hsplit(x, 2), A)
case("hsplit1", lambda x: np.hsplit(x, [2]), v)
case("dsplit", lambda x: np.dsplit(x, 2), T)
if hasattr(np, "unstack"):  # since NumPy 2.1
    case("unstack", lambda x: np.unstack(x, axis=1), A)
case("tile", lambda x: np.tile(x, (2, 1, 3)), A)
case("tile2", lambda x: np.tile(x, 2), A)
case("repeat", lambda x: np.repeat(x, 2), A)
case("repeat1", lambda x: np.repeat(x, [1, 0, 2], axis=0), A)
case("repeatm", lambda x: x.repeat(3, axis=1), A)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", CASES)
def test_values_and_derivatives(name):
    f, operands, how = CASES[name]
    hold(f, *operands, **how)
