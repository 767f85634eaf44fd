"""Every row of several elements, on operands of every dtype and memory layout: the layout changes no number.

The operands are views inside the graph, so that the rules meet the layout too, and gradients go back through it.
"""

import numpy as np
import pytest
from samples import DIFFERENTIABLE, NOT_IN_HALF_PRECISION, draw, operands_of, rng_for, samples

from tinygrad_edu import Tensor
from tinygrad_edu.core.op import TABLE


def moving_in(name, i):
    """The operands of a sample that have axes and are differentiated by, as positions."""
    return [j for j in operands_of(samples(name)[i]) if np.ndim(samples(name)[i][0][j])]


ROWS = [  # elementwise rows are NumPy's ufuncs, or made of them
    (name, i)
    for name in DIFFERENTIABLE
    if not TABLE[name].elementwise
    for i in range(len(samples(name)))
    if moving_in(name, i)
]
BY_COMPARING = {"max_unpool2d", "max_picked2d"}  # they look for equals in another operand: rounding would make others
ROUGHNESS = {np.float64: 1e-13, np.float32: 2e-4, np.float16: 0.2}  # of numbers of size 1, a few of them added up


def reversed_ends(x):
    return np.flip(x).copy(), lambda t: np.flip(t)


def transposed(x):
    return np.ascontiguousarray(np.transpose(x)), np.transpose


def every_other(x):
    spread = np.zeros((2 * x.shape[0], *x.shape[1:]), x.dtype)
    spread[::2] = x
    return spread, lambda t: t[::2]


def in_the_middle(x):
    padded = np.pad(x, 1)
    return padded, lambda t: t[(slice(1, -1),) * x.ndim]


LAYOUTS = [reversed_ends, transposed, every_other, in_the_middle]


def outcome(name, operands, params, moving, views, seed):
    """The result of a row on views of leaves, and the gradient of each leaf."""
    leaves = {j: Tensor(operands[j]) for j in moving}
    given = [views[j](leaves[j]) if j in moving else x for j, x in enumerate(operands)]
    z = TABLE[name](*given, **params)
    z.backward(seed.astype(z.dtype).reshape(z.shape))
    return np.asarray(z.data), [np.asarray(leaves[j].grad) for j in moving]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(("name", "i"), ROWS)
def test_a_layout_changes_no_number(name, i, layout):
    operands, params = samples(name)[i]
    moving = moving_in(name, i)
    plain = TABLE[name].forward(*operands, **params)
    seed = draw(rng_for(name), np.shape(plain)) * (1 + 0.5j if np.iscomplexobj(plain) else 1)
    same = {j: (lambda t: t) for j in moving}
    value, slopes = outcome(name, operands, params, moving, same, seed)
    for dtype, roughness in ROUGHNESS.items():
        if name in BY_COMPARING and dtype is not np.float64:
            continue
        if dtype is np.float16 and (name in NOT_IN_HALF_PRECISION or np.iscomplexobj(plain)):
            continue
        narrow = [x.astype(dtype) if j in moving else x for j, x in enumerate(operands)]
        laid = {j: layout(narrow[j]) for j in moving}
        bases = [laid[j][0] if j in moving else x for j, x in enumerate(narrow)]
        found, grads = outcome(name, bases, params, moving, {j: laid[j][1] for j in moving}, seed)
        np.testing.assert_allclose(found, value, rtol=roughness, atol=roughness * max(1, np.abs(value).max(initial=0)))
        for j, g, expected in zip(moving, grads, slopes, strict=True):
            assert g.dtype == dtype
            scale = roughness * max(1, np.abs(expected).max(initial=0))
            np.testing.assert_allclose(laid[j][1](g), expected, rtol=roughness, atol=scale)
