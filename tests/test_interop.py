"""Tensors and Values among NumPy's arrays, Python's own functions, and text."""

import os

import numpy as np
import pytest
from refusing import refuses

import tinygrad_edu as tg
from tinygrad_edu import Tensor, Value
from tinygrad_edu.errors import DTypeError, ShapeError

OPERATORS = [
    lambda x, y: x + y,
    lambda x, y: x - y,
    lambda x, y: x * y,
    lambda x, y: x / y,
    lambda x, y: x**y,
    lambda x, y: x @ y,
    lambda x, y: x % y,
    lambda x, y: x // y,
]


@pytest.mark.parametrize("operate", OPERATORS)
@pytest.mark.parametrize("other", [np.array([3.0, 2.0]), [3.0, 2.0], (3.0, 2.0)], ids=["array", "list", "tuple"])
def test_arrays_and_lists_on_either_side(operate, other):
    t, array = Tensor([1.5, 2.5]), np.asarray(other)
    for z, expected in ((operate(t, other), operate(t.numpy(), array)), (operate(other, t), operate(array, t.numpy()))):
        assert type(z) is Tensor
        assert z.requires_grad
        np.testing.assert_array_equal(z.data, expected)


@pytest.mark.parametrize("number", [np.float64(2), np.float32(2), np.int64(2), np.array(2.0), 2, 2.0, True])
@pytest.mark.parametrize("make", [Value, Tensor])
def test_numbers_on_either_side(make, number):
    x = make(3.0)
    for z, expected in ((number * x, 3.0 * number), (x * number, 3.0 * number), (number - x, number - 3.0)):
        assert type(z) is make
        assert z.op is not None
        assert z.item() == expected


def test_a_value_and_an_array_do_not_mix():
    with refuses(DTypeError, "one real number", "use Tensor"):
        np.ones(2) * Value(3.0)
    with refuses(DTypeError, "one real number", "use Tensor"):
        Value(3.0) * np.ones(2)
    for mixed in (lambda: Value(3.0) * Tensor([1.0]), lambda: Tensor([1.0]) * Value(3.0)):
        with refuses(DTypeError, "`multiply`", "a leaf Value", "Tensor(v.data)"):
            mixed()
    assert (Value(1.0) == Tensor([1.0])) is False


@pytest.mark.parametrize("wrong", ["a", None, {}, object()])
@pytest.mark.parametrize("make", [Value, Tensor])
def test_what_is_no_number_is_refused_by_python(make, wrong):
    with pytest.raises(TypeError, match=type(wrong).__name__):
        make(1.0) + wrong
    with pytest.raises(TypeError, match=type(wrong).__name__):
        wrong - make(1.0)


def test_our_functions_explain_themselves_on_plain_arrays_too():
    x, y, text = np.ones(3), np.ones(4), "2"
    assert type(tg.add(x, 1.0)) is np.ndarray
    with refuses(ShapeError, "`add`", "x (3,)", "y (4,)"):
        tg.add(x, y)
    with refuses(DTypeError, "`exp`", "text", "type str", "float(text)"):
        tg.exp(text)


def test_numpys_own_functions_keep_the_graph():
    t = Tensor([3.0, 4.0])
    for z, expected in (
        (np.sin(t), np.sin([3.0, 4.0])),
        (np.concatenate([t, t]), [3, 4, 3, 4]),
        (np.linalg.norm(t), 5.0),
        (np.sum(t, axis=0), 7.0),
        (np.stack([t, t]), [[3, 4], [3, 4]]),
    ):
        assert type(z) is Tensor
        assert z.requires_grad
        np.testing.assert_allclose(z.data, expected)


def test_a_function_without_a_derivative_is_refused_by_name():
    t = Tensor([3.0, 4.0])
    with refuses(TypeError, "np.piecewise ", "where"):
        np.piecewise(t, [t > 0], [1, 2])
    with refuses(TypeError, "np.save ", ".data"):
        np.save(os.devnull, t)


def test_out_and_where_would_bypass_the_graph():
    t = Tensor([3.0, 4.0])
    for bypass in (lambda: np.add(t, t, out=np.ones(2)), lambda: np.add(np.ones(2), np.ones(2), out=t)):
        with refuses(TypeError, "np.add", "out=", "bypass the graph", line=False):
            bypass()
    with refuses(TypeError, "np.add", "where=", "np.where", line=False):
        np.add(t, t, where=np.array([True, False]))
    np.testing.assert_array_equal(t.data, [3, 4])


def test_an_array_of_a_tensor():
    t = Tensor([3.0, 4.0], label="t")
    for cut in (np.asarray, np.array, lambda t: np.array([t[0], t[1]]), lambda t: np.asarray([t, t])):
        with refuses(DTypeError, "cut", ".data", "stack", line=False):
            cut(t)
    for free in (t.detach(), Tensor([3, 4]), Tensor([3.0, 4.0], requires_grad=False)):
        array = np.asarray(free, dtype=np.float32)
        assert type(array) is np.ndarray
        assert array.dtype == np.float32
        array[:] = 0
        np.testing.assert_array_equal(free.data, [3, 4])
    with tg.no_grad():
        np.testing.assert_array_equal(np.asarray(t), [3, 4])


def test_pythons_functions_on_single_numbers():
    for a, b in ((Tensor(1.0), Tensor(2.0)), (Value(1.0), Value(2.0))):
        assert sum([a, b]).item() == 3.0
        assert max(a, b) is b
        assert min(b, a) is a
        assert sorted([b, a]) == [a, b]
        assert abs(-b).item() == 2.0


def test_identity_in_sets_and_dictionaries():
    for make in (Tensor, Value):
        a, twin = make(1.0), make(1.0)
        assert len({a, twin}) == 2
        assert {a: "a", twin: "b"}[a] == "a"
        assert tg.equal(a, twin).item() == 1
    x, y = Tensor([1.0, 2.0]), Tensor([1.0, 3.0])
    np.testing.assert_array_equal((x == y).data, [True, False])
    with refuses(ValueError, "ambiguous", line=False):
        assert x in [y, x]  # Python asks ==, element by element
    assert {x: 1, y: 2}[y] == 2


@pytest.mark.parametrize(
    "tensor",
    [
        Tensor(np.zeros((1000, 1000))),
        Tensor(np.full((2,) * 12, np.nan)),
        Tensor(np.ones((2,) * 20)),  # NumPy itself would write all million of them
        Tensor(np.ones((5, 4, 3, 2, 2))),
        Tensor(np.ones((0, 3))),
        Tensor(1e-300),
        Tensor([np.inf, -np.inf, np.nan]),
        Tensor(np.ones(3), label="z" * 10**6),
        Tensor([True, False]),
        Tensor(np.ones((3, 3))) @ np.ones(3),
        Tensor(np.arange(100, dtype=np.uint8)),
        Tensor(np.random.default_rng(0).normal(size=(30, 30)) * 1e200),
    ],
)
def test_tensors_show_themselves_in_few_words(tensor):
    for text in (repr(tensor), str(tensor), f"{tensor}"):
        assert len(text) <= 1000
        assert f"shape={tensor.shape}" in text
        assert f"dtype={tensor.dtype}" in text
        assert tensor.op is None or f"op={tensor.op.name}" in text


def test_a_name_that_is_not_there():
    for node in (Value(1.0), Tensor([1.0])):
        with pytest.raises(AttributeError, match="reshap") as caught:
            node.reshap  # noqa: B018  # looking is the test
        assert caught.value.obj is node  # from which Python suggests the nearest name


def test_numbers_format_as_numbers():
    assert f"{Tensor(2.5):.2f} {Value(2.5):.2f} {Tensor([2.5]):6.1f}" == "2.50 2.50    2.5"
    assert f"{Value(2.5)}" == "Value(data=2.5, grad=0.0)"
    assert f"{Tensor([1.0, 2.0]):.2f}" == repr(Tensor([1.0, 2.0]))
    assert repr(Value(np.nan, label="n" * 1000)).startswith("Value(data=nan, grad=0.0, label='nnn")
    assert len(repr(Value(1.0, label="n" * 1000))) < 200


def test_arrays_of_tensors_print_as_arrays_and_are_handed_on_without_a_copy():
    t = tg.Tensor([1.0, 2.0], requires_grad=False)
    assert repr(t.data) == "array([1., 2.])"
    assert t.__dlpack_device__() == (1, 0)
    np.testing.assert_array_equal(np.from_dlpack(t), t.data)
