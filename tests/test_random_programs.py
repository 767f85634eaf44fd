"""Programs that nobody thought of: value, gradient and Hessian-vector product against plain NumPy on complex numbers.

A step is written once, in NumPy. Run on tensors it is recorded and differentiated; run on complex arrays it tells the
derivative by a complex step, without any rule.
"""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_edu as tg
from tinygrad_edu import Tensor
from tinygrad_edu.check.gradcheck.numerical import TINY, richardson_slope
from tinygrad_edu.core.node import Node

SHAPES = [(), (3,), (1,), (2, 1), (1, 3), (2, 3)]  # any two broadcast together

UNARY = [
    np.sin,
    np.cos,
    np.tanh,
    np.arctan,
    np.negative,
    np.square,
    lambda x: np.exp(np.sin(x)),
    lambda x: np.log(x * x + 1.5),
    lambda x: np.sqrt(x * x + 1.0),
    lambda x: 1.0 / (np.exp(-x) + 2.0),
    lambda x: 2.0 - x,
    lambda x: (x * x + 1.0) ** 0.3,
    lambda x: np.where(x > 0.0, x, 0.1 * x),
]
BINARY = [
    np.add,
    np.subtract,
    np.maximum,
    lambda x, y: 0.5 * x * y,
    lambda x, y: x / (y * y + 1.0),
    lambda x, y: (x * x + 0.5) ** np.sin(y),
    lambda x, y: np.where(x > y, np.sin(x), y),
    lambda x, y: np.concatenate([np.reshape(x, -1), np.reshape(y, -1)])[:1],
    lambda x, y: np.sum(np.stack([x + y, x * y]), axis=0) / 4.0,
]
VIEWS = [
    lambda x: x[::-1],
    lambda x: x[..., ::-1],
    lambda x: x[..., [0, 0, 0]],  # the same element three times
    lambda x: np.reshape(np.transpose(x), x.shape),
    lambda x: x[:1],
    lambda x: np.broadcast_to(x, (2, 3)),
    lambda x: np.sum(x, axis=-1, keepdims=True) / 3.0,
    lambda x: np.mean(x, axis=0, keepdims=True),
    lambda x: np.max(x, axis=-1, keepdims=True),
    lambda x: np.sum(x) / 4.0,
    lambda x: 0.1 * (x @ np.transpose(x)) @ x if x.ndim == 2 else x,
    lambda x: np.einsum("...i,...i->...", x, np.cos(x))[..., None] / 3.0,
    lambda x: np.cumsum(x, axis=-1) / 3.0,
]
VIEWS = [lambda x, view=view: view(x) if x.ndim else x for view in VIEWS]


@st.composite
def programs(draw):
    """Shapes of the leaves, and steps: a function and the numbers of the nodes that it takes."""
    shapes = draw(st.lists(st.sampled_from(SHAPES), min_size=3, max_size=8))
    steps = []
    for n in range(len(shapes), len(shapes) + draw(st.integers(5, 40))):
        one = draw(st.integers(max(0, n - 6), n - 1))  # not far back: so that much is made of much
        if draw(st.booleans()):
            steps.append((draw(st.sampled_from(BINARY)), (one, draw(st.integers(0, n - 1)))))
        else:
            steps.append((draw(st.sampled_from(UNARY + VIEWS)), (one,)))
    return shapes, steps, draw(st.integers(0, 2**32 - 1))


def run(steps, leaves):
    """The sum of weighted results: the last node, and every node from which three steps or more were made."""
    nodes, uses = list(leaves), [0] * (len(leaves) + len(steps))
    for step, at in steps:
        for i in at:
            uses[i] += 1
        nodes.append(step(*(nodes[i] for i in at)))
    total = np.sum(np.sin(nodes[-1]))
    for node, n in zip(nodes, uses, strict=True):
        if n >= 3:  # forced fan-out
            total = total + np.sum(node * np.cos(node)) / 7.0
    return total


def moved(arrays, directions, step):
    return [x + step * v for x, v in zip(arrays, directions, strict=True)]


def units(arrays):
    """Every direction of the space of all leaves in which one element moves."""
    for j, x in enumerate(arrays):
        for at in np.ndindex(x.shape):
            directions = [np.zeros(a.shape) for a in arrays]
            directions[j][at] = 1.0
            yield directions


@settings(max_examples=100)
@given(programs())
def test_value_gradient_and_hessian_vector_product(program):
    shapes, steps, seed = program
    rng = np.random.default_rng(seed)
    arrays = [np.asarray(rng.normal(size=shape)) for shape in shapes]
    leaves = [Tensor(x) for x in arrays]
    loss = run(steps, leaves)
    value = run(steps, arrays)
    size = 1.0 + abs(value)
    assert isinstance(loss, Node)
    assert abs(loss.item() - value) <= 1e-12 * size

    def exact(directions, at=arrays):
        return run(steps, moved(at, directions, 1j * TINY)).imag / TINY

    loss.backward()
    numerical = np.array([exact(unit) for unit in units(arrays)])
    grads = [np.zeros(x.shape) if x.grad is None else np.asarray(x.grad) for x in leaves]
    automatic = np.concatenate([g.ravel() for g in grads])
    scale = np.max(np.abs(numerical), initial=size)
    assert np.max(np.abs(automatic - numerical)) <= 1e-11 * scale

    first = tg.gradients(loss, leaves)
    np.testing.assert_allclose(np.concatenate([g.data.ravel() for g in first]), automatic, atol=1e-12 * scale)
    v = [rng.normal(size=shape) for shape in shapes]
    along = sum(np.sum(g * w) for g, w in zip(first, v, strict=True))
    if not along.requires_grad:
        assert all(not g.requires_grad for g in first)
        return
    second = [np.asarray(h.data) for h in tg.gradients(along, leaves)]
    for _ in range(2):
        u = [rng.normal(size=shape) for shape in shapes]
        measured = richardson_slope(lambda h, u=u: exact(u, moved(arrays, v, float(h))), rounding=1e-16 * scale)
        if measured.kink:
            continue
        curvature = sum(np.sum(h * w) for h, w in zip(second, u, strict=True))
        assert abs(curvature - measured.value) <= 1e-8 * max(abs(measured.value), scale) + 10 * measured.error
        assert measured.error <= 1e-4 * max(abs(measured.value), scale)
