"""Arrays of tensors and their gradients, small and exact: what becomes an array, what is kept, what is summed."""

import numpy as np
import pytest
from own_row import own
from refusing import refuses

import tinygrad_edu as tg
from tinygrad_edu import Tensor
from tinygrad_edu.core.array_gradients import summed_over_broadcast, without_aliases
from tinygrad_edu.core.arrays import ReadOnly, array_of, as_array, constant, first_odd, first_ragged, read_only
from tinygrad_edu.errors import DTypeError, GradientError, ShapeError

# Arrays ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ([[1, 2], [3]], "row 1 has 1 element, row 0 has 2 elements"),
        ([[1], 2], "row 1 is a number, row 0 has 1 element"),
        ([1, [2, 3]], "row 1 has 2 elements, row 0 is a number"),
        (([1, 2], (3, 4), np.zeros(3)), "row 2 has 3 elements, row 0 has 2 elements"),
        ([[[1, 2], [3, 4]], [[5, 6], [7]]], "in row 1, row 1 has 1 element, row 0 has 2 elements"),
        ([[], [1]], "row 1 has 1 element, row 0 has 0 elements"),
        ([[1, 2], [3, 4]], None),
        ([[[1], [2]], [[3], [4]]], None),
        ([], None),
        ("ab", None),
        (3.0, None),
    ],
)
def test_the_first_row_of_another_length_is_named(data, said):
    assert first_ragged(data) == said


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ([1.0, "x"], " (element 1 is 'x')"),
        ([[1.0, 2], [3, None]], " (element 1, 1 is None)"),
        ([[[1j]]], " (element 0, 0, 0 is 1j)"),
        (np.array([1, {}], object), " (element 1 is {})"),
        ([True, 2, np.float32(3), np.int8(4), np.bool_(0), np.zeros(2)], ""),
        ([[1, 2], [3, 4]], ""),
        ([["a (element b"]], " (element 0, 0 is 'a (element b')"),
        (np.array(["a"]), ""),
        ("text", " ('text' is a str)"),
    ],
)
def test_the_first_element_that_is_no_real_number_is_named(data, said):
    assert first_odd(data) == said


def test_arrays_of_data_are_new_native_and_plain():
    given = np.arange(3.0)
    made = array_of(given)
    assert type(made) is np.ndarray
    assert not np.shares_memory(made, given)
    assert type(array_of(read_only(given))) is np.ndarray
    swapped = array_of(given.astype(">f8"))
    assert swapped.dtype.isnative
    assert [*swapped] == [0, 1, 2]
    assert array_of([1, 2], np.float32).dtype == np.float32
    assert array_of(given, np.float32).dtype == np.float32
    assert array_of(np.float64(3), np.float32).dtype == np.float32
    assert array_of([1j], complex).dtype == complex
    assert array_of(np.array([1 + 2j]), np.complex64).dtype == np.complex64
    for data, dtype in (([1j], float), (np.array([1j]), float), (1j, float), ((1j, 2), np.float32)):
        with refuses(DTypeError, "complex", "a seed"):
            array_of(data, dtype, what="a seed")
    for data in ({}, object(), None, [None]):
        with refuses(DTypeError, "cannot become a seed"):
            array_of(data, what="a seed")
    for data in ({}, object()):
        with refuses(DTypeError, "cannot become a seed"):
            array_of(data, float, what="a seed")
    with refuses(DTypeError, "lose the mask", "a seed"):
        array_of(np.ma.masked_array([1.0]), what="a seed")
    with refuses(ShapeError, "ragged data cannot become a seed: row 1 has 1 element"):
        array_of([[1, 2], [3]], what="a seed")
    with refuses(DTypeError, "'x' cannot become a seed"):
        array_of("x", float, what="a seed")


def test_a_constant_is_kept_as_it_is_or_as_a_copy_of_its_own():
    for x in (True, 3, 2.5, 1j, np.float32(2), np.int8(1), np.bool_(1), np.complex64(1j)):
        assert constant(x) is x
    sealed = np.arange(3.0)
    sealed.setflags(write=False)
    assert constant(sealed) is sealed
    mixed = np.array([1j])
    mixed.setflags(write=False)
    assert constant(mixed) is mixed
    view = sealed[1:]
    written = np.arange(3.0)
    for x in (view, written, written.astype(">f8"), np.array([1j, 2]), [1.0, 2.0], np.arange(3).astype(bool)):
        kept = constant(x)
        assert type(kept) is np.ndarray
        assert not kept.flags.writeable
        assert kept.dtype.isnative
        assert not np.shares_memory(kept, x)
        np.testing.assert_array_equal(kept, x)
    with refuses(DTypeError, "a tensor"):
        constant(["x"])


def test_a_forward_function_gives_numbers():
    x = np.arange(2.0)
    assert as_array(x, "f") is x
    assert as_array(2.0, "f").shape == ()
    assert as_array(1j, "f").dtype == complex
    with refuses(DTypeError, "`f` has to compute numbers", "'x'"):
        as_array("x", "f")


def test_a_read_only_view_computes_plain_arrays_and_is_assigned_anew():
    x = np.arange(1.0, 4.0)
    view = read_only(x)
    assert type(view) is ReadOnly
    assert not view.flags.writeable
    assert x.flags.writeable
    assert np.shares_memory(view, x)
    assert repr(view) == "array([1., 2., 3.])"
    assert type(view + 1) is np.ndarray
    assert type(view.sum()) is np.float64
    assert type(np.exp(view)) is np.ndarray
    assert read_only(np.float64(2)).shape == ()
    for name, expected in (
        ("iadd", x + 2), ("isub", x - 2), ("imul", x * 2), ("itruediv", x / 2), ("ifloordiv", x // 2), ("imod", x % 2),
        ("ipow", x**2),
    ):  # fmt: skip
        made = getattr(view, f"__{name}__")(2)
        assert type(made) is np.ndarray
        np.testing.assert_array_equal(made, expected)
    np.testing.assert_array_equal(read_only(np.eye(2)).__imatmul__(np.ones((2, 1))), np.ones((2, 1)))
    assert [*x] == [1.0, 2.0, 3.0]


# Gradients as arrays -----------------------------------------------------------------------------------------------


def test_a_rule_that_gives_zero_gives_no_gradient():
    for zero in (0, 0.0, None):
        x, y = Tensor([2.0]), Tensor([3.0])
        kept = Tensor([2.0])
        kept.grad = [5.0]
        op = own(lambda g, z, x, y, zero=zero: zero, lambda g, z, x, y: g * x, text="own({}, {})", forward=np.multiply)
        op(x, y).sum().backward()
        assert x.grad is None
        assert [*y.grad] == [2.0]
        op(kept, y).sum().backward()
        assert [*kept.grad, *y.grad] == [5.0, 4.0]


@pytest.mark.parametrize("bad", ["text", [1.0], {}, 2j])
def test_a_rule_that_gives_no_array_is_named(bad):
    x = Tensor([2.0, 1.0])
    with refuses(GradientError, "own", repr(bad)[:10], line=False):
        own(lambda g, z, x: bad)(x).sum().backward()


def test_a_rule_may_give_a_number_for_every_place():
    x = Tensor(2.0)
    own(lambda g, z, x: 3)(x).backward()
    assert (x.grad, x.grad.dtype) == (3.0, float)
    half = Tensor(np.float32(2.0))
    own(lambda g, z, x: np.float64(3))(half).backward()
    assert half.grad.dtype == np.float32


def test_gradients_of_a_shape_that_cannot_have_been_broadcast_are_refused():
    x, z = Tensor(np.ones((2, 3))), Tensor(np.ones((4, 2, 3))) + Tensor(np.ones((2, 3)))
    g = np.arange(24.0).reshape(4, 2, 3)
    np.testing.assert_array_equal(summed_over_broadcast(g, (2, 3), z, 1), g.sum(0))
    np.testing.assert_array_equal(summed_over_broadcast(g, (2, 1), z, 1), g.sum((0, 2)).reshape(2, 1))
    np.testing.assert_array_equal(summed_over_broadcast(g, (1, 1, 3), z, 1), g.sum((0, 1)).reshape(1, 1, 3))
    np.testing.assert_array_equal(summed_over_broadcast(g, (), z, 1), g.sum())
    np.testing.assert_array_equal(summed_over_broadcast(g[None], (2, 3), z, 1), g.sum(0))
    np.testing.assert_array_equal(summed_over_broadcast(g[None], (2, 1), z, 1), g.sum((0, 2)).reshape(2, 1))
    for shape in ((3, 3), (4, 2, 3, 1), (2,)):
        with refuses(GradientError, "a gradient of shape (4, 2, 3)", line=False):
            summed_over_broadcast(g, shape, z, 1)
    with refuses(GradientError, "shape (4, 2, 3)", line=False):
        summed_over_broadcast(g, x.shape, tg.exp(x), 0)


def test_the_gradient_of_a_bias_is_a_graph_too():
    x, b = Tensor([[1.0, 2.0], [3.0, 4.0]]), Tensor([10.0, 20.0])
    of_bias = tg.gradients(((x + b) ** 2).sum(), [b])[0]
    np.testing.assert_array_equal(of_bias.data, [48.0, 92.0])
    of_x = tg.gradients((of_bias * [1.0, 5.0]).sum(), [x])[0]
    np.testing.assert_array_equal(of_x.data, [[2.0, 10.0], [2.0, 10.0]])


def test_gradients_that_are_kept_share_no_memory():
    x = np.arange(4.0)
    kept = without_aliases([x, x, x[1:], None, np.float64(2), x + 1])
    assert kept[0] is x
    assert kept[3] is None
    assert type(kept[4]) is np.ndarray
    arrays = [a for a in kept if a is not None]
    for i, a in enumerate(arrays):
        assert a.base is None
        assert not any(np.shares_memory(a, b) for b in arrays[:i])
    np.testing.assert_array_equal(kept[2], [1, 2, 3])
