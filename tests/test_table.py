"""The suite that comes from the table: every row goes through every check here, unasked."""

import ast
import itertools
import string
from pathlib import Path

import numpy as np
import pytest
from mutants import mutated
from samples import DIFFERENTIABLE, NAMES, NOT_IN_HALF_PRECISION, SAMPLES, arity, draw, operands_of, rng_for, samples

import tinygrad_edu as tg
from tinygrad_edu import Tensor, Value, ops
from tinygrad_edu.core.node import data_of
from tinygrad_edu.core.op import TABLE

ELEMENTWISE = [name for name in DIFFERENTIABLE if TABLE[name].elementwise and name not in SAMPLES]
SHAPES = [(), (1,), (3,), (2, 1), (1, 3), (2, 3), (0,), (0, 1), (2, 0), (4, 2, 3)]
PAIRS = []
for one, two in itertools.product(SHAPES, SHAPES):
    try:
        PAIRS.append((one, two, np.broadcast_shapes(one, two)))
    except ValueError:
        continue


def each_sample(names):
    return [pytest.param(name, i, id=f"{name}-{i}" if i else name) for name in names for i in range(len(samples(name)))]


def leaves_of(operands, dtype=float):
    """The operands, those of floating-point numbers as leaves; and these leaves."""
    moving = operands_of((operands, {}))
    given = [Tensor(np.asarray(x), True, dtype=dtype) if i in moving else x for i, x in enumerate(operands)]
    return given, [given[i] for i in moving]


def test_every_row_has_samples():
    assert all(samples(name) for name in NAMES)
    assert not set(SAMPLES) - set(NAMES), "samples of rows that do not exist"


def test_broadcasting_is_tried_on_every_kind_of_shape():
    assert len(PAIRS) > 50


# Derivatives -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "i"), each_sample(DIFFERENTIABLE))
def test_first_and_second_derivatives_are_the_measured_ones(name, i):
    operands, params = samples(name)[i]
    tg.gradcheck(lambda *xs: TABLE[name](*xs, **params), *operands, order=2).assert_ok()


@pytest.mark.parametrize(("name", "i"), each_sample(DIFFERENTIABLE))
def test_forward_and_reverse_mode_are_each_others_transpose(name, i):
    operands, params = samples(name)[i]
    moving = operands_of((operands, params))
    rng = rng_for(name)

    def f(*xs):
        return TABLE[name](*(xs[moving.index(j)] if j in moving else x for j, x in enumerate(operands)), **params)

    xs = [np.asarray(operands[j]) for j in moving]
    tangents = [draw(rng, x.shape) for x in xs]
    z, dz = tg.jvp(f, tuple(xs), tuple(tangents))
    u = draw(rng, np.shape(z))
    _, pull = tg.vjp(f, *xs)
    back = pull(u)
    left = np.real(np.sum(u * dz))
    right = sum(np.sum(g * v) for g, v in zip(back, tangents, strict=True))
    assert left == pytest.approx(right, rel=1e-10, abs=1e-12)


# The checks are checked ------------------------------------------------------------------------------------------

MUTATIONS = {
    "times 1.01": lambda rule: lambda g, *xs, **params: scaled(rule(g, *xs, **params), 1.01),
    "negated": lambda rule: lambda g, *xs, **params: scaled(rule(g, *xs, **params), -1.0),
    "zeroed": lambda rule: lambda g, *xs, **params: None,
    "operands swapped": lambda rule: lambda g, z, x, y, *xs, **params: rule(g, z, y, x, *xs, **params),
    "axis turned round": lambda rule: lambda g, *xs, **params: turned(rule(g, *xs, **params)),
    "axes swapped": lambda rule: lambda g, *xs, **params: swapped(rule(g, *xs, **params)),
    "in single precision": lambda rule: lambda g, *xs, **params: rounded(rule(g, *xs, **params)),
    "without the gradient arriving": lambda rule: lambda g, *xs, **params: rule(g * 0.0 + 1.0, *xs, **params),
}

FINE = {
    "axis turned round",
    "axes swapped",
    "in single precision",
    "without the gradient arriving",
}  # tried on the first sample only


def turned(dx):
    return dx[..., ::-1] if np.ndim(data_of(dx)) else dx


def swapped(dx):
    shape = np.shape(data_of(dx))
    return dx.mT if len(shape) > 1 and shape[-1] == shape[-2] else dx


def rounded(dx):
    return dx if dx is None else tg.astype(tg.astype(dx, np.float32), np.float64)


def scaled(dx, factor):
    return None if dx is None else dx * factor


def gradients_by(row, operands, params):
    """The gradients of a row under signed random weights; None where the rule cannot even be applied."""
    given, leaves = leaves_of(operands)
    z = row(*given, **params)
    try:
        z.backward(draw(rng_for(row.name), z.shape))
    except Exception:
        return None
    return [np.zeros(x.shape) if x.grad is None else np.array(x.grad) for x in leaves]


@pytest.mark.parametrize(("name", "sample"), each_sample(DIFFERENTIABLE))
def test_every_mutant_of_a_rule_is_caught(name, sample):
    row, alive, killed = TABLE[name], [], 0
    operands, params = samples(name)[sample]
    right = gradients_by(row, operands, params)
    for i, (mutation, mutate) in itertools.product(operands_of((operands, params)), MUTATIONS.items()):
        if (mutation == "operands swapped" and arity(row) != 2) or (mutation in FINE and sample):
            continue
        mutant = mutated(row, i, mutate)
        wrong = gradients_by(mutant, operands, params)
        if wrong is not None and all(np.allclose(x, y, rtol=1e-14, atol=0) for x, y in zip(wrong, right, strict=True)):
            continue  # the same rule in other words, like that of x in x + y with its operands swapped
        if tg.gradcheck(lambda *xs, mutant=mutant: mutant(*xs, **params), *operands):
            alive.append((i, mutation))
        killed += 1
    assert not alive
    assert killed or not any(np.any(g) for g in right), "no mutant was tried"


# What a gradient is, whatever it is given ------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "i"), each_sample(DIFFERENTIABLE))
def test_operands_and_seed_are_untouched_and_gradients_share_no_memory(name, i):
    operands, params = samples(name)[i]
    given, leaves = leaves_of(operands)
    before = [np.array(x._data) for x in leaves] + [np.array(x) for x in operands]
    z = TABLE[name](*given, **params)
    result = np.array(z._data)
    seed = draw(rng_for(name), z.shape)
    kept = seed.copy()
    z.backward(seed, retain_grad=True)
    after = [x._data for x in leaves] + [np.asarray(x) for x in operands]
    assert all(map(np.array_equal, before, after))
    assert np.array_equal(result, z._data)
    assert np.array_equal(seed, kept)
    grads = [x._grad for x in (*leaves, z) if x._grad is not None]
    for one, two in itertools.combinations([*grads, seed, *(x._data for x in leaves)], 2):
        assert not np.shares_memory(one, two) or one is two or not any(one is g or two is g for g in grads)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_a_gradient_has_the_dtype_and_shape_of_its_operand(name, dtype):
    operands, params = samples(name)[0]
    given, leaves = leaves_of(operands, dtype)
    if dtype is np.float16 and name in NOT_IN_HALF_PRECISION:
        with pytest.raises(TypeError, match="float16"):
            TABLE[name](*given, **params)
        return
    z = TABLE[name](*given, **params)
    z.backward(np.ones(z.shape))
    if "dtype" not in params and z.dtype.kind == "f":
        assert z.dtype == dtype
    for x in leaves:
        if x.grad is not None:
            assert (x.grad.dtype, x.grad.shape) == (dtype, x.shape)
    exact = gradients_by(TABLE[name], operands, params)
    assert all(x.grad is not None or not np.any(g) for x, g in zip(leaves, exact, strict=True))


@pytest.mark.parametrize("name", [name for name in NAMES if TABLE[name].scalar is not None])
def test_a_value_equals_a_tensor_of_no_axes(name):
    for operands, params in samples(name):
        for picks in range(3):
            numbers = [np.asarray(x).flat[picks % np.size(x)] for x in operands]
            values = [Value(float(x)) for x in numbers]
            tensors = [Tensor(x) for x in numbers]
            z, t = TABLE[name](*values, **params), TABLE[name](*tensors, **params)
            assert z.data == pytest.approx(float(t.item()), rel=1e-14, abs=1e-300)
            if TABLE[name].rules:
                z.backward(1.5)
                t.backward(1.5)
                for v, u in zip(values, tensors, strict=True):
                    if u.requires_grad and u.grad is not None:
                        assert v.grad == pytest.approx(float(u.grad), rel=1e-13, abs=1e-300)


@pytest.mark.parametrize("name", [name for name in ELEMENTWISE if arity(TABLE[name]) == 2])
def test_every_pair_of_shapes_that_broadcast(name):
    row, rng = TABLE[name], rng_for(name)
    intervals = [row.domain[min(i, len(row.domain) - 1)] for i in range(2)]
    for one, two, both in PAIRS:
        x, y = draw(rng, one, intervals[0]), draw(rng, two, intervals[1])
        seed = draw(rng, both)
        a, b = Tensor(x), Tensor(y)
        z = row(a, b)
        assert z.shape == both
        z.backward(seed)
        wide_a, wide_b = Tensor(np.broadcast_to(x, both)), Tensor(np.broadcast_to(y, both))
        row(wide_a, wide_b).backward(seed)
        for narrow, wide in ((a, wide_a), (b, wide_b)):
            summed = summed_to(wide.grad if wide.grad is not None else np.zeros(both), narrow.shape)
            got = np.zeros(narrow.shape) if narrow.grad is None else narrow.grad
            assert got.shape == narrow.shape
            np.testing.assert_allclose(got, summed, rtol=1e-12, atol=1e-12)


def summed_to(g, shape):
    """Un-broadcasting, written another way than the engine's."""
    total = np.zeros(shape)
    for at in np.ndindex(g.shape):
        total[tuple(i if n != 1 else 0 for i, n in zip(at[len(at) - len(shape) :], shape, strict=True))] += g[at]
    return total


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_views_of_any_layout_give_the_same(name):
    operands, params = samples(name)[0]
    moving = operands_of((operands, params))
    plain, leaves = leaves_of(operands)
    z = TABLE[name](*plain, **params)
    seed = draw(rng_for(name), z.shape)
    z.backward(seed)
    layouts = {
        "Fortran": lambda x: (x.T, lambda t: np.transpose(t)),
        "negative strides": lambda x: (x[::-1], lambda t: t[::-1]) if x.ndim else (x, lambda t: t),
        "every other": lambda x: (np.repeat(x, 2, 0), lambda t: t[::2]) if x.ndim else (x, lambda t: t),
    }
    for layout, make in layouts.items():
        given, sources = list(operands), []
        for j in moving:
            stored, view = make(np.asarray(operands[j]))
            sources.append((Tensor(np.ascontiguousarray(stored)), view))
            given[j] = view(sources[-1][0])
        w = TABLE[name](*given, **params)
        np.testing.assert_allclose(w.data, z.data, rtol=1e-13, atol=1e-14, err_msg=layout)
        w.backward(np.array(seed, order="F"))
        for (source, view), leaf in zip(sources, leaves, strict=True):
            g = np.zeros(source.shape) if source.grad is None else np.asarray(source.grad)
            expected = np.zeros(leaf.shape) if leaf.grad is None else leaf.grad
            np.testing.assert_allclose(view(g), expected, rtol=1e-12, atol=1e-13, err_msg=layout)
    for j in moving:
        locked = np.array(operands[j])
        locked.flags.writeable = False
        given = [locked if k == j else x for k, x in enumerate(plain)]
        np.testing.assert_array_equal(data_of(TABLE[name](*given, **params)), z._data)


# Spellings -------------------------------------------------------------------------------------------------------


def slots(spelling):
    return [field for _, field, _, _ in string.Formatter().parse(spelling) if field is not None]


@pytest.mark.parametrize("name", NAMES)
def test_text_and_latex_have_one_slot_an_operand(name):
    row, n = TABLE[name], arity(TABLE[name])
    assert row.tex, "how is it written?"
    assert len(slots(row.tex)) == len(slots(row.text))
    assert n is None or len(slots(row.text)) == n
    assert row.__doc__
    assert row.__doc__.rstrip().endswith(".")


@pytest.mark.parametrize("name", NAMES)
def test_latex_parses(name):
    from matplotlib.mathtext import MathTextParser

    row = TABLE[name]
    MathTextParser("path").parse(f"${row.tex.format(*'xyzuvw'[: len(slots(row.tex))])}$")


def test_rules_compare_operands_by_the_row_equal():
    """Between two Values `==` asks whether they are one node, so a rule that writes x == y would be wrong of them."""
    found = []
    for path in sorted(Path(ops.__file__).parent.glob("*.py")):
        for rule in ast.walk(ast.parse(path.read_text())):
            is_rule = isinstance(rule, ast.Lambda) and [a.arg for a in rule.args.args[:2]] == ["g", "z"]
            if is_rule or isinstance(rule, ast.FunctionDef):  # rules call functions
                names = {a.arg for a in rule.args.args} & set("gzxyuv")
                found += [
                    f"{path.name}:{x.lineno}"
                    for x in ast.walk(rule)
                    if isinstance(x, ast.Compare)
                    and any(isinstance(o, (ast.Eq, ast.NotEq)) for o in x.ops)
                    and all(isinstance(side, ast.Name) and side.id in names for side in (x.left, *x.comparators))
                ]
    assert not found
