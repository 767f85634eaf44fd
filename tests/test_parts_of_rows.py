"""What rows are made of, small and exact: checks of numbers, keys of indices, dtypes, slopes at kinks."""

import itertools

import numpy as np
import pytest
from refusing import refuses

import tinygrad_edu as tg
from tinygrad_edu import Tensor, Value
from tinygrad_edu.core.op import TABLE
from tinygrad_edu.ops.checks import Below, KnownWords, checked, tested
from tinygrad_edu.ops.compare import choice
from tinygrad_edu.ops.complex import rightward
from tinygrad_edu.ops.cumulative import recurrence, shifted
from tinygrad_edu.ops.indexing import HERE, numpy_index, split_index
from tinygrad_edu.ops.linear import to_inputs, to_weights
from tinygrad_edu.ops.ordering import positions_in_order
from tinygrad_edu.ops.precision import HALF, SINGLE, exact, floating, floats, real_numbers, rounded, wide
from tinygrad_edu.ops.reductions import others, readonly_ones
from tinygrad_edu.ops.slopes import away_from_kink, is_formal, slope_along

# Checks ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("labels", "ignored", "said"),
    [
        ([0, 1, 2], None, ""),
        ([], None, ""),
        ([0, 3, 4], None, "class 3, but there are 3 classes (0–2), in row 1"),
        ([[0, 1], [-1, 2]], None, "class -1, but there are 3 classes (0–2), in row 2"),
        ([0, -100, 2], -100, ""),
        ([-100, 3], -100, "class 3, but there are 3 classes (0–2), in row 1"),
        ([-100], None, "class -100"),
        ([7, 1], 7, ""),
    ],
)
def test_labels_that_are_no_classes_are_named(labels, ignored, said):
    test = Below("cross_entropy", 3, ignored)
    given = np.array(labels, int)
    passing = [0 <= k < 3 or k == ignored for k in given.flat]
    assert test.holds(given).ravel().tolist() == passing
    assert test.all_pass(given) == (not given.size or bool(((given >= 0) & (given < 3)).all()))
    if said:
        with refuses(IndexError, "cross_entropy", said):
            test(given)
    else:
        test(given)
    test(labels if not said else [0])


def test_words_that_there_are_not_are_named():
    test = KnownWords(5)
    test(np.array([0, 4]))
    test(np.array([], int))
    assert test.holds(np.array([-1, 0, 4, 5])).tolist() == [False, True, True, False]
    for numbers, word in (([0, 5], 5), ([[1, 2], [-1, 9]], -1)):
        with refuses(IndexError, f"embedding: word {word}, but there are 5 words (0–4)"):
            test(np.array(numbers))


def test_a_check_gives_what_it_was_given_and_is_a_step_of_a_program():
    seen = []
    x = Tensor([1.0, 2.0])
    assert checked(seen.append, x) is x
    assert checked(seen.append, 3.0) == 3.0
    assert [*map(np.ndim, seen)] == [1, 0]
    assert "tested" not in TABLE
    seen.clear()

    def test(numbers):
        if np.any(np.asarray(numbers) < 0):
            raise ValueError("below 0")

    fast = tg.compile(lambda x: checked(test, x) * 2.0)
    assert [*fast(x).data] == [2.0, 4.0]
    assert [*fast(Tensor([5.0, 6.0])).data] == [10.0, 12.0]
    with pytest.raises(ValueError, match="below 0"):
        fast(Tensor([5.0, -6.0]))
    (tested(x, test=test) * [3.0, 4.0]).sum().backward()
    assert [*x.grad] == [3.0, 4.0]
    v = Value(2.0)
    (tested(v, test=test) * 3.0).backward()
    assert v.grad == 3.0


# Keys of indices ---------------------------------------------------------------------------------------------------


def test_an_index_is_split_into_a_key_and_arrays():
    for key in (1, slice(1, 2), None, ..., (1, ...), (slice(None), None, 2), ()):
        assert split_index(key) == (key if isinstance(key, tuple) else (key,), [])
    array, mask, node = np.array([0, 1]), np.array([True, False]), Tensor([0, 1])
    for key, parts in (
        (array, (HERE,)), ((1, array), (1, HERE)), ((array, slice(2), mask), (HERE, slice(2), HERE)),
        ((None, [0, 1], ...), (None, HERE, ...)), ((node, True), (HERE, True)), (np.int64(1), (HERE,)),
    ):  # fmt: skip
        found, arrays = split_index(key)
        assert found == parts
        whole = key if isinstance(key, tuple) else (key,)
        assert [*map(id, arrays)] == [id(part) for part, kept in zip(whole, parts, strict=True) if kept is HERE]
        assert [*map(id, numpy_index(found, tuple(arrays)))] == [*map(id, whole)]
    for key in ("a", (1, "a"), b"a"):
        with refuses(IndexError, "index a tensor, and", repr(key), line=False):
            split_index(key)
    assert numpy_index((1, None), ()) == (1, None)


def test_putting_adds_what_was_picked_twice_and_only_the_last_that_was_written_stays():
    g = np.array([1.0, 10.0, 100.0])
    np.testing.assert_array_equal(TABLE["put"](g, np.array([0, 0, 2]), key=(HERE,), shape=(4,)), [11, 0, 100, 0])
    np.testing.assert_array_equal(TABLE["put"](g, key=(slice(1, 4),), shape=(5,)), [0, 1, 10, 100, 0])
    mask = np.array([True, False, True, True])
    np.testing.assert_array_equal(TABLE["put"](g, mask, key=(HERE,), shape=(4,)), [1, 0, 10, 100])
    assert TABLE["put"](g.astype(np.float32), key=(slice(3),), shape=(3,)).dtype == np.float32
    x, y = Tensor([1.0, 2.0, 3.0]), Tensor([10.0, 20.0, 30.0])
    z = x * 1.0
    z[np.array([0, 2, 0])] = y
    assert [*z.data] == [30.0, 2.0, 20.0]
    (z * [1.0, 5.0, 7.0]).sum().backward()
    assert [*x.grad] == [0.0, 5.0, 0.0]
    assert [*y.grad] == [0.0, 7.0, 1.0]
    x, y = Tensor([[1.0, 2.0]]), Tensor(5.0)
    z = x * 1.0
    z[0, np.array(1)] = y
    (z * [[3.0, 4.0]]).sum().backward()
    assert (x.grad.tolist(), y.grad) == ([[3.0, 0.0]], 4.0)


# Precision ---------------------------------------------------------------------------------------------------------


def test_which_type_a_row_computes_in():
    half, single, double = (np.ones(2, dtype) for dtype in (np.float16, np.float32, float))
    for x in (half, single, double, double * 1j):
        assert floating(x) is x
        assert floats(x) is x
    for x in ([1, 2], np.array([1, 2], np.uint8), np.array([True]), (1, 2)):
        assert floating(x).dtype == floats(x).dtype == exact(x).dtype == float
    assert floats(2) == 2
    assert floats(2.5) == 2.5
    assert type(floats(2)) is int
    v = Value(2.0)
    assert floats(v) is v
    assert exact(v) is v
    assert floats(Tensor([1, 2])).dtype == float
    assert (wide(half).dtype, exact(half).dtype, wide(Tensor(half)).dtype) == (SINGLE, SINGLE, SINGLE)
    for x in (single, double, 2.0, v):
        assert wide(x) is x
        assert rounded(x, x) is x
    assert rounded(single, half).dtype == HALF
    assert rounded(Tensor(single), Tensor(half)).dtype == HALF
    assert rounded(single, single) is single
    assert real_numbers([1, 2], "f").dtype == float
    assert real_numbers(half, "f") is half
    with pytest.raises(TypeError, match="f is defined here for real numbers only, and was given complex128"):
        real_numbers([1j], "f")


# Slopes ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [Value, Tensor])
def test_how_fast_a_node_changes_along_a_direction(kind):
    z, other = kind(3.0), kind(1.0)
    assert slope_along(z * z, z, 2.0).item() == 12.0
    assert slope_along(z * z * z, z, 1.0).item() == 27.0
    assert slope_along(other * 2.0, z, 1.0) is None
    assert is_formal(z)
    assert not is_formal(z * 1.0)
    assert not is_formal(kind(1.0, requires_grad=False))
    assert not is_formal(1.0)


def test_an_even_function_of_a_length_has_no_kink():
    x = Tensor([0.0, 2.0, 0.0, 0.0])
    first = tg.gradients((abs(x) ** 2).sum(), [x])[0]
    assert [*tg.gradients((first * [1.0, 10.0, 100.0, 7.0]).sum(), [x])[0].data] == [2.0, 20.0, 200.0, 14.0]
    size = abs(x)
    first = tg.gradients((size + size**2).sum(), [x])[0]  # has one: its slope counts as constant there
    assert [*tg.gradients((first * [1.0, 10.0, 100.0, 7.0]).sum(), [x])[0].data] == [0.0, 20.0, 0.0, 0.0]
    x = Tensor([0.0, 2.0, -3.0])
    first = tg.gradients((abs(x) ** 2).sum(), [x])[0]
    assert [*first.data] == [0.0, 4.0, -6.0]
    assert [*tg.gradients((first * [1.0, 10.0, 100.0]).sum(), [x])[0].data] == [2.0, 20.0, 200.0]
    y = Tensor([0.0, 0.0])
    first = tg.gradients(tg.linalg.norm(y) ** 2, [y])[0]
    assert [*first.data] == [0.0, 0.0]
    assert [*tg.gradients((first * [1.0, 5.0]).sum(), [y])[0].data] == [2.0, 10.0]
    size = abs(y)
    first = tg.gradients(size[0] * size[1], [y])[0]  # lengths that meet: not even in both at once
    assert [*tg.gradients((first * [1.0, 5.0]).sum(), [y])[0].data] == [0.0, 0.0]
    odd = tg.gradients(abs(x).sum(), [x])[0]
    assert [*odd.data] == [0.0, 1.0, -1.0]
    for g in (
        np.zeros(3),
        Tensor(np.zeros(3)),
        abs(x) * [1.0, 0.0, 0.0] + [1.0, 0.0, 0.0],
    ):  # no graph, a formal one, a kink
        assert away_from_kink("as it is", g, abs(x), x) == "as it is"


# Helpers of rows ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("numbers", [[2.0, 1.0, 2.0, np.nan, -1.0, np.nan, 2.0], [3, 1, 3, 2], [], [0.0, -0.0, 0.0]])
def test_positions_in_order_keep_equals_and_end_with_nan(numbers, descending):
    x = np.array(numbers)
    sign = -1 if descending else 1
    expected = sorted(range(len(x)), key=lambda i: (bool(np.isnan(x[i])), 0 if np.isnan(x[i]) else sign * x[i]))
    assert positions_in_order(x, 0, descending).tolist() == expected
    both = np.stack([x, x[::-1]])
    assert positions_in_order(both, -1, descending)[0].tolist() == expected
    np.testing.assert_array_equal(positions_in_order(both.T, 0, descending), positions_in_order(both, 1, descending).T)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, float, int, complex])
@pytest.mark.parametrize("size", [500, 501, 2000])
def test_a_choice_is_numpy_s_to_the_sign_of_zero(dtype, size):
    rng = np.random.default_rng(0)
    y, c = rng.normal(size=size).astype(dtype), rng.random(size) < 0.5
    y[:3] = np.array([0.0, -0.0, 3.0]).astype(dtype)
    for x in (0.0, -0.0, 1.0, 0, np.float64(0.0)):
        for condition in (c, c.astype(int), c[:1], list(c)):
            found, expected = choice(condition, x, y), np.where(condition, x, y)
            np.testing.assert_array_equal(found, expected)
            assert found.dtype == expected.dtype
            np.testing.assert_array_equal(np.signbit(found.real), np.signbit(expected.real))


def test_the_sign_that_leads_to_the_right():
    x = np.array([1 + 1j, -1 + 1j, 1j, -1j, 0])
    assert rightward(x).tolist() == [1 + 1j, 1 - 1j, 1j, -1j, 0]
    assert rightward(np.array([-2.0, 3.0])).tolist() == [2.0, 3.0]


@pytest.mark.parametrize("n", [0, 1, 2, 3, 5, 8])
@pytest.mark.parametrize("axis", [0, 1])
def test_a_recurrence_is_solved_as_one_would_step_by_step(n, axis):
    rng = np.random.default_rng(n)
    a, b = rng.normal(size=(2, 2, n))
    expected = b.copy()
    for k in range(1, n):
        expected[:, k] += a[:, k] * expected[:, k - 1]
    a, b, expected = (x if axis else x.T for x in (a, b, expected))
    np.testing.assert_allclose(recurrence(a, b, axis), expected)


@pytest.mark.parametrize("axis", [None, 0, 1, -1, (0, 2), (1,), (-1, 0)])
def test_the_product_of_the_others(axis):
    x = np.random.default_rng(0).normal(size=(2, 3, 2))
    axes = tuple(range(3)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    np.testing.assert_allclose(others(x, axis) * x, np.prod(x, axis=axes, keepdims=True) * np.ones_like(x))
    x[0, 0, 0] = 0.0
    assert others(x, axis)[0, 0, 0] == pytest.approx(
        np.prod(np.where(x == 0, 1.0, x), axis=axes, keepdims=True).flat[0]
    )


@pytest.mark.parametrize("shape", [(3,), (4, 3), (2, 4, 3)])
def test_gradients_of_a_layer_s_weights_and_inputs(shape):
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=shape), rng.normal(size=(2, 3))
    g = rng.normal(size=(*shape[:-1], 2))
    expected = np.einsum("no,ni->oi", g.reshape(-1, 2), x.reshape(-1, 3))
    np.testing.assert_allclose(to_weights(g, x, w).reshape(-1, 2, 3).sum(0), expected)
    assert to_weights(g, x, w).shape == (2, 3)
    np.testing.assert_allclose(to_inputs(g, x, w), np.einsum("...o,oi->...i", g, w))


@pytest.mark.parametrize("shape", [(3, 3), (2, 40), (2, 3, 4), (5,)])
def test_a_softmax_and_its_logarithm_are_their_formulas_along_every_axis(shape):
    x = np.random.default_rng(0).normal(size=shape) * 100
    for axis in range(-len(shape), len(shape)):
        z = np.exp(x - x.max(axis, keepdims=True))
        z /= z.sum(axis, keepdims=True)
        np.testing.assert_allclose(TABLE["softmax"](x, axis=axis), z)
        with np.errstate(divide="ignore"):
            far = np.log(z)
        found = TABLE["log_softmax"](x, axis=axis)
        np.testing.assert_allclose(found[z > 1e-300], far[z > 1e-300])
        assert np.isfinite(found).all()
        for name in ("softmax", "log_softmax"):
            whole = TABLE[name].forward(np.sign(x).astype(int).tolist(), axis)
            np.testing.assert_array_equal(whole, TABLE[name].forward(np.sign(x), axis))
        labels = np.arange(z[..., 0].size).reshape(z.shape[:-1]) % shape[-1]
        found = TABLE["softmax_cross_entropy"](np.sign(x).tolist(), labels.tolist())
        small = np.exp(np.sign(x)) / np.exp(np.sign(x)).sum(-1, keepdims=True)
        np.testing.assert_allclose(found, -np.log(np.take_along_axis(small, labels[..., None], -1))[..., 0])
        half = TABLE["softmax"](x.astype(np.float16), axis=axis)
        assert half.dtype == np.float16
        np.testing.assert_allclose(half, z, atol=0.2)


def test_the_element_of_a_rank_shares_its_gradient_with_its_equals():
    x = Tensor([[3.0, 1.0, 1.0, 2.0], [5.0, 4.0, 6.0, 6.0]])
    g = np.array([[8.0], [3.0]])
    for axis, given in ((1, x), (0, x.T)):
        x.grad = None
        z = TABLE["kth_smallest"](given, np.array([[1], [2]]) if axis else np.array([[1, 2]]), axis=axis)
        assert z.data.ravel().tolist() == [1.0, 6.0]
        z.backward(g if axis else g.T)
        assert x.grad.tolist() == [[0.0, 4.0, 4.0, 0.0], [0.0, 0.0, 1.5, 1.5]]


def test_sums_are_kept_from_who_writes_into_a_vector_of_ones():
    ones = readonly_ones(3, np.dtype(float))
    assert ones.tolist() == [1.0] * 3
    with pytest.raises(ValueError, match="read-only"):
        ones[0] = 2.0


@pytest.mark.parametrize("x", [3, 2.5, True, np.float32(2), [1, 2], [[1, 2]], np.array([True, False]), np.arange(2)])
@pytest.mark.parametrize("shape", [(2,), (2, 2), (200, 100, 2), (0, 2)])
def test_what_is_repeated_keeps_its_numbers_and_their_type(x, shape):
    if np.ndim(x) > len(shape):
        return
    found, expected = TABLE["broadcast_to"](np.asarray(x), shape=shape), np.broadcast_to(x, shape)
    np.testing.assert_array_equal(found, expected)
    assert found.dtype == expected.dtype
    if np.ndim(x) == 0:
        assert TABLE["broadcast_to"].forward(x, shape).dtype == expected.dtype


def test_what_is_shifted_along_an_axis_keeps_its_length():
    for n, by, axis in itertools.product(range(4), range(5), (0, 1, -1)):
        x = np.arange(2.0 * n).reshape((n, 2) if axis == 0 else (2, n))
        for k in np.ndindex(x.shape):
            before = list(k)
            before[axis] -= by
            expected = x[tuple(before)] if before[axis] >= 0 else -1.0
            assert shifted(x, axis, by, -1.0)[k] == expected
        assert shifted(x, axis, by, -1.0).shape == x.shape
