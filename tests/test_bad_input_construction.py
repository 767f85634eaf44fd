"""What may become a node, and what is refused with the element, its kind and a fix."""

import math
from decimal import Decimal

import numpy as np
import pytest
from refusing import refuses

import tinygrad_edu as tg
from tinygrad_edu import Tensor, Value
from tinygrad_edu.errors import DTypeError, GradientError, ShapeError

RECORDS = np.zeros(2, [("x", float)])


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ([[1, 2], [3]], ("row 1 has 1 element", "row 0 has 2 elements")),
        ([[[1, 2], [3]], [[1, 2], [3, 4]]], ("in row 0, row 1 has 1 element",)),
        ([1.0, [2.0, 3.0]], ("row 1 has 2 elements, row 0 is a number",)),
    ],
)
def test_ragged_lists(data, words):
    with refuses(ShapeError, "ragged", *words):
        Tensor(data)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (["a"], ("element 0 is 'a'", "<U1", "float(")),
        ("12", ("'12' is a str",)),
        ([1.0, None], ("element 1 is None", "object")),
        ([[1.0, 2.0], [3.0, None]], ("element 1, 1 is None",)),
        (None, ("NoneType",)),
        ([Decimal(1)], ("element 0 is Decimal('1')",)),
        (np.array([1.0, "b"], object), ("element 1 is 'b'",)),
        ({"a": 1}, ("dict",)),
        (iter([1.0]), ("iterator",)),
        (np.array(["2020-01-01"], "M8[D]"), ("datetime64[D]", "np.timedelta64")),
        (RECORDS, ("data['x']",)),
        ([Value(1.0)], ("element 0 is Value", "v.data for v in values")),
    ],
)
def test_data_that_is_not_real_numbers(data, words):
    with refuses(DTypeError, "cannot become a tensor", *words):
        Tensor(data)
    assert issubclass(DTypeError, TypeError)


@pytest.mark.parametrize("data", ["a", None, [1, 2], np.ones(1), Decimal(1), 1j, Tensor([1.0, 2.0])])
def test_a_value_is_one_real_number(data):
    with refuses(DTypeError, "one real number", type(data).__name__, line=False):
        Value(data)


def test_a_list_of_tensors_is_not_cut_from_its_graph():
    x = Tensor([1.0, 2.0])
    with refuses(DTypeError, "cut", "stack", line=False):
        Tensor([x[0], x[1]])


@pytest.mark.parametrize(
    "data",
    [
        np.arange(4.0)[::-1],
        np.arange(4).astype(">f8"),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.broadcast_to(np.float32(3.0), (2, 2)),
        np.arange(6.0)[::2],
        np.arange(3, dtype=np.uint8),
    ],
    ids=["negative strides", "big-endian", "Fortran", "broadcast view", "strided", "unsigned"],
)
def test_arrays_of_any_layout_are_copied_as_they_are(data):
    data.flags.writeable = False
    tensor = Tensor(data)
    np.testing.assert_array_equal(tensor.data, data)
    assert tensor.dtype.isnative
    assert tensor.dtype == data.dtype.newbyteorder("=")
    assert not np.shares_memory(tensor.data, data)


def test_a_mask_is_never_lost():
    masked = np.ma.array([1.0, 2.0], mask=[False, True])
    with refuses(DTypeError, "mask", ".filled(", line=False):
        Tensor(masked)
    for node in (Tensor([1.0, 2.0]), Tensor([1.0, 2.0], requires_grad=False)):
        for mixed in (lambda t: t * masked, lambda t: masked * t, lambda t: masked / t, lambda t: np.add(masked, t)):
            with refuses(DTypeError, "mask", ".filled(", line=False):
                mixed(node)
    with refuses(DTypeError, "mask", ".filled(", line=False):
        masked * Value(2.0)


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")  # NumPy's, about its own matrices
def test_a_matrix_becomes_an_array_of_two_axes():
    tensor = Tensor(np.matrix([[1.0, 2.0]]))
    assert not isinstance(tensor.data, np.matrix)
    assert (tensor * tensor).shape == (1, 2)  # a matrix would multiply as matrices do


def test_a_tensor_made_of_a_tensor_stays_in_its_graph():
    x = Tensor([1.0, 2.0])
    y = Tensor(x * 2, label="y")
    (Tensor(y, dtype=np.float32) * Tensor(x)).sum().backward()
    np.testing.assert_array_equal(x.grad, [4, 8])
    assert y.label == "y"
    cut = Tensor(y, requires_grad=False)
    assert cut.op is None
    assert not cut.requires_grad
    with refuses(GradientError, "would cut the graph of `y`", "t.detach()"):
        Tensor(y, requires_grad=True)


def test_a_label_in_the_wrong_place():
    with refuses(DTypeError, "requires_grad", "label='w'", line=False):
        Tensor([1.0], "w")


@pytest.mark.parametrize("data", [[1, 2], [True], np.zeros(2, np.uint8)])
def test_integers_carry_no_gradient(data):
    with refuses(DTypeError, "integers can't carry gradients", "1.0", "dtype=float", str(np.asarray(data).dtype)):
        Tensor(data, requires_grad=True)
    tensor = Tensor(data)
    assert not tensor.requires_grad
    with refuses(DTypeError, "integers can't carry gradients"):
        tensor.requires_grad = True


def test_a_value_of_an_integer_is_a_float():
    value = Value(3)
    assert value.data == 3.0
    assert type(value.data) is float
    assert Value(10**20).data == 1e20


def test_complex_numbers_for_real_ones():
    x = Tensor([1.0, 2.0])
    with refuses(DTypeError, "complex128", "the data of", ".imag"):
        x.assign(np.array([1j, 2j]))
    with refuses(DTypeError, "complex128"):
        Tensor([1j], dtype=float)


def test_one_number_is_asked_of_many():
    x = Tensor([1.0, 2.0], label="x")
    for ask, word in ((bool, ".any() or .all()"), (float, "float()"), (int, "int()"), (Tensor.item, "item()")):
        with refuses(ValueError, word, "(2,)", line=False):
            ask(x)
    with refuses(ValueError, "ambiguous"):
        assert x > 0
    with refuses(ValueError, "ambiguous"):
        bool(Tensor(np.ones(0)))


def test_whole_numbers_count_and_index():
    n = Tensor(2)
    assert (list(range(n)), "abc"[n], int(n), int(Tensor(2.9, requires_grad=False))) == ([0, 1], "c", 2, 2)
    with refuses(TypeError, "float", line=False):
        range(Tensor(2.0, requires_grad=False))
    with refuses(DTypeError, "int()", "cut"):
        int(Tensor(2.0))
    assert int(Value(2.9, requires_grad=False)) == 2
    with refuses(DTypeError, "cut"):
        int(Value(2.0))


@pytest.mark.parametrize("make", [Value, Tensor])
def test_math_does_not_cut_the_graph(make):
    x = make(1.0)
    with refuses(DTypeError, "math.sin", "cut", "tinygrad_edu.sin"):
        math.sin(x)
    assert math.sin(x.detach()) == math.sin(1.0)
    assert tg.sin(x).item() == pytest.approx(math.sin(1.0))
