"""Complex numbers: every row's rule on them is the derivative, in either mode, or the row refuses them by name."""

import numpy as np
import pytest
from mutants import mutated
from samples import DIFFERENTIABLE, draw, operands_of, rng_for, samples

import tinygrad_edu as tg
from tinygrad_edu import Tensor
from tinygrad_edu.core.op import TABLE
from tinygrad_edu.errors import DTypeError

# By the nature of the function, or because nobody has asked for more yet.
REAL_ROWS = (
    "arctan2 cbrt ceil copysign deg2rad erf erfc floor floor_divide fmod gelu heaviside hypot lgamma logaddexp "
    "logaddexp2 nextafter binary_cross_entropy polygamma rad2deg remainder softplus trunc i0 p_norm softsign frac "
    "logcumsumexp max_pool2d"
)
REAL_ONLY = {*REAL_ROWS.split()}
PHASE = {"eigh", "svd"}  # of their vectors only what does not depend on a free phase has a derivative


def complex_samples(name):
    """The samples of a row, with an imaginary part for every number that is differentiated by."""
    for operands, params in samples(name):
        moving, rng = operands_of((operands, params)), rng_for(name)
        yield (
            [x + 0.5j * draw(rng, np.shape(x)) if i in moving else x for i, x in enumerate(operands)],
            params,
            moving,
        )


def along_random_ways(row, operands, params, moving, rng):
    """A row as a function of one complex number an operand, which moves all its numbers, each its own way.

    What is wrong in any derivative by any number of an operand is wrong in that by this one too.
    """
    ways = {j: draw(rng, np.shape(operands[j])) + 1j * draw(rng, np.shape(operands[j])) for j in moving}

    def moved(*steps):
        step = dict(zip(moving, steps, strict=True))
        return row(*(x + step[j] * ways[j] if j in step else x for j, x in enumerate(operands)), **params)

    return moved, [np.zeros((), complex) for _ in moving]


ROWS = [(name, i) for name in DIFFERENTIABLE for i in range(len(samples(name)))]


@pytest.mark.parametrize(("name", "i"), ROWS)
def test_every_rule_on_complex_numbers(name, i):
    operands, params, moving = list(complex_samples(name))[i]
    row = TABLE[name]
    if name in REAL_ONLY and not (name == "max_pool2d" and i == 0):
        with pytest.raises(TypeError, match="real numbers only"):
            row(*operands, **params)
        return
    if name in PHASE:
        z = row(Tensor(operands[0]), **params)
        with pytest.raises(DTypeError, match="phase"):
            z.backward(draw(rng_for(name), z.shape) * (1 + 2j))
        return
    f, start = along_random_ways(row, operands, params, moving, rng_for(name))
    tg.gradcheck(f, *start, order=2 if i == 0 else 1).assert_ok()


@pytest.mark.parametrize(("name", "i"), ROWS)
def test_the_modes_are_each_others_transpose(name, i):
    if name in REAL_ONLY | PHASE:
        return
    operands, params, moving = list(complex_samples(name))[i]
    rng = rng_for(name)

    def f(*xs):
        return TABLE[name](*(xs[moving.index(j)] if j in moving else x for j, x in enumerate(operands)), **params)

    xs = [np.asarray(operands[j]) for j in moving]
    tangents = [draw(rng, x.shape) + 1j * draw(rng, x.shape) for x in xs]
    z, dz = tg.jvp(f, tuple(xs), tuple(tangents))
    u = draw(rng, np.shape(z)) + (1j * draw(rng, np.shape(z)) if np.iscomplexobj(z) else 0)
    back = tg.vjp(f, *xs)[1](u)
    right = sum(np.sum(g * v) for g, v in zip(back, tangents, strict=True))
    assert np.sum(u * dz).real == pytest.approx(right.real, rel=1e-10, abs=1e-12)


HOLOMORPHIC = {
    "exp": (np.exp, np.exp),
    "tanh": (np.tanh, lambda z: 1 / np.cosh(z) ** 2),
    "sigmoid": (tg.sigmoid, lambda z: 1 / (1 + np.exp(-z)) / (1 + np.exp(z))),
    "silu": (tg.silu, lambda z: (1 + np.exp(-z) * (1 + z)) / (1 + np.exp(-z)) ** 2),
    "sech2": (tg.sech2, lambda z: -2 * np.tanh(z) / np.cosh(z) ** 2),
    "arcsin": (np.arcsin, lambda z: 1 / np.sqrt(1 - z * z)),
    "arctan": (np.arctan, lambda z: 1 / (1 + z * z)),
    "arcsinh": (np.arcsinh, lambda z: 1 / np.sqrt(1 + z * z)),
    "log": (np.log, lambda z: 1 / z),
    "z**3": (lambda z: z**3, lambda z: 3 * z**2),
}
POINTS = np.array([0.3 + 0.4j, -1.2 + 0.1j, 0.5 - 2j])


@pytest.mark.parametrize("name", HOLOMORPHIC)
def test_holomorphic_functions_have_their_own_derivative(name):
    f, derivative = HOLOMORPHIC[name]
    expected = derivative(POINTS)
    np.testing.assert_allclose(tg.jvp(f, POINTS, np.full(3, 1j))[1], 1j * expected, rtol=1e-13)
    np.testing.assert_allclose(tg.vjp(f, POINTS)[1](np.full(3, 2j))[0], 2j * expected, rtol=1e-13)
    np.testing.assert_allclose(tg.jacobian(f)(POINTS), np.diag(expected), rtol=1e-13)
    assert tg.jacobian(f)(POINTS[0]) == pytest.approx(expected[0], rel=1e-13)
    np.testing.assert_allclose(tg.grad(lambda z: f(z).imag.sum())(POINTS), -1j * expected, rtol=1e-13)


def test_one_convention_for_gradients():
    z = Tensor(POINTS)
    assert z.requires_grad
    (abs(z) ** 2).sum().backward()
    np.testing.assert_allclose(z.grad, 2 * POINTS.conj())
    np.testing.assert_allclose(tg.grad(lambda z: (z * z.conj()).real.sum())(POINTS), 2 * POINTS.conj())
    np.testing.assert_allclose(tg.jacobian(lambda z: abs(z) ** 2)(POINTS), np.diag(2 * POINTS.conj()), atol=1e-15)
    np.testing.assert_allclose(tg.jacobian(np.fft.fft)(np.ones(4)), np.fft.fft(np.eye(4)), atol=1e-15)
    assert tg.grad(lambda x: abs(x * (3 + 4j)))(2.0) == pytest.approx(5)


@pytest.mark.parametrize("f", [np.conj, lambda z: z * abs(z), lambda z: z.real + 0 * z])
def test_what_is_not_holomorphic_has_no_jacobian(f):
    with pytest.raises(DTypeError, match="not holomorphic"):
        tg.jacobian(f)(POINTS)


def test_a_hessian_vector_product_by_complex_numbers():
    v = np.array([1j, 2.0, 1 - 1j])
    found = tg.hvp(lambda z: (abs(z) ** 4).sum(), POINTS, v)
    h = 1e-6
    gradient = tg.grad(lambda z: (abs(z) ** 4).sum())
    pairing = [1, 1j]
    for k, unit in np.ndindex(3, 2):
        e = np.eye(3)[k] * pairing[unit]
        measured = ((gradient(POINTS + h * e) - gradient(POINTS - h * e)) / (2 * h) * v).sum().real
        assert (found * e).sum().real == pytest.approx(measured, rel=1e-7, abs=1e-7)


def test_complex_statistics_are_numpys():
    for f in (np.var, np.std, np.mean):
        assert f(Tensor(POINTS)).item() == pytest.approx(f(POINTS), rel=1e-14)
    tg.gradcheck(np.var, POINTS, order=2).assert_ok()


def test_singular_values_and_projections_of_complex_matrices():
    rng = np.random.default_rng(0)
    for shape in ((3, 3), (4, 2), (2, 4)):
        a = rng.standard_normal(shape) + 1j * rng.standard_normal(shape)
        tg.gradcheck(lambda a: np.linalg.svd(a, compute_uv=False), a, order=2).assert_ok()

        def projections(a):
            u, s, vh = np.linalg.svd(a, full_matrices=False)
            return abs(u) * s, (u * s**2) @ vh

        tg.gradcheck(projections, a).assert_ok()


OPTIMISERS = [
    lambda params: tg.nn.SGD(params, 0.1),
    lambda params: tg.nn.SGD(params, 0.02, momentum=0.9),
    lambda params: tg.nn.Adam(params, 0.1),
    lambda params: tg.nn.RMSprop(params, 0.05),
    lambda params: tg.nn.Adagrad(params, 0.5),
]


@pytest.mark.parametrize("make", OPTIMISERS)
@pytest.mark.parametrize("compiled", [False, True])
def test_optimisers_go_downhill(make, compiled):
    w = Tensor(np.array([1 + 1j, -2.0 + 0.5j]), label="w")
    optimizer = make([w])
    goal = np.array([2 - 1j, 0.5j])

    def step():
        optimizer.zero_grad()
        loss = (abs(w - goal) ** 2).sum()
        loss.backward()
        optimizer.step()
        return loss

    run = tg.compile(step) if compiled else step
    losses = [run().item() for _ in range(60)]
    assert losses[-1] < 0.05 * losses[0]
    np.testing.assert_allclose(w.data, goal, atol=0.4)


def conjugated(rule):
    return lambda *args, **params: tg.conj(rule(*args, **params))


def half_a_turn(rule):
    return lambda *args, **params: rule(*args, **params) * 1j


@pytest.mark.parametrize("name", sorted(set(DIFFERENTIABLE) - REAL_ONLY - PHASE))
@pytest.mark.parametrize("mutate", [conjugated, half_a_turn])
def test_every_complex_mutant_of_a_rule_is_caught(name, mutate):
    operands, params, moving = next(complex_samples(name))
    row = TABLE[name]
    for i in moving:
        wrong = mutated(row, i, mutate)
        right, found = (gradient_of(op, operands, params, i) for op in (row, wrong))
        if not np.array_equal(right, found):
            f, start = along_random_ways(wrong, operands, params, [i], rng_for(name))
            assert not tg.gradcheck(f, *start), i


def gradient_of(row, operands, params, i):
    """The gradient of one operand of a row under random complex weights."""
    x = Tensor(operands[i])
    z = row(*(x if i == j else y for j, y in enumerate(operands)), **params)
    z.backward(draw(rng_for(row.name), z.shape) * (1 - 2j if np.iscomplexobj(z.data) else 1))
    return np.zeros(x.shape) if x.grad is None else np.asarray(x.grad)


def test_gradcheck_sees_a_missing_conjugate():
    wrong = tg.op("wrong conjugate", "wc({})", np.conjugate, lambda g, z, x: g, linear=True)
    assert not tg.gradcheck(wrong, POINTS)
    assert tg.gradcheck(np.conj, POINTS)
