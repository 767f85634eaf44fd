"""Shapes, axes and indices that do not fit: what is raised, and that the message says enough to mend it."""

import numpy as np
import pytest
from numpy.exceptions import AxisError
from refusing import refuses

import tinygrad_edu as tg
from tinygrad_edu import Tensor
from tinygrad_edu.core.op import TABLE
from tinygrad_edu.errors import ShapeError, TinygradEduError, operations


def ones(*shape):
    return Tensor(np.ones(shape))


# Broadcasting --------------------------------------------------------------------------------------------------


def test_shapes_that_cannot_be_added():
    x, y = ones(3), ones(4)
    with refuses(ShapeError, "`add`", "x (3,)", "y (4,)", "axis 0", "try y[:3]"):
        x + y
    assert issubclass(ShapeError, ValueError)


def test_the_line_is_the_users():
    with pytest.raises(ShapeError) as caught:
        ones(3) + ones(4)
    assert f"{__file__}:{caught.traceback[0].lineno + 1}" in str(caught.value)


def test_labels_are_named_beside_the_variable():
    w = Tensor([1.0, 2.0], label="w^(1)")
    with refuses(ShapeError, "`multiply`", "w (`w^(1)`) (2,)"):
        w * np.ones(5)


def test_an_operand_without_a_name_gets_a_letter():
    with refuses(ShapeError, "a (2, 3, 4)", "b (3, 1, 4, 4)", "axis 1 of a has length 3 and axis 2 of b has length 4"):
        ones(2, 3, 4) * ones(3, 1, 4, 4)


@pytest.mark.parametrize(
    ("p", "q", "fix"),
    [
        ((2, 3), (3, 2), "try x.T"),
        ((3,), (3, 4), "try x[:, None]"),
        ((3, 4), (3,), "try y[:, None]"),
        ((2, 5), (2, 7), "try y[:, :5]"),
        ((2, 3), (5, 7), "print(x.shape, y.shape)"),
    ],
)
def test_the_fix_for_a_broadcast_is_one_that_works(p, q, fix):
    x, y = ones(*p), ones(*q)
    with refuses(ShapeError, str(p), str(q), fix):
        x - y
    if fix.startswith("try"):
        changed = eval(fix[4:], {"x": x, "y": y})
        (changed - y) if fix[4] == "x" else (x - changed)


def test_three_operands_that_cannot_be_broadcast():
    with refuses(ShapeError, "`where`", "(2,)", "(3,)"):
        np.where(np.array([True, False]), ones(2), ones(3))


def test_broadcasting_that_fits_is_exact_backwards():
    for p, q in [((3, 1), (1, 4)), ((1,), ()), ((2, 1, 3), (4, 1))]:
        x, y = Tensor(np.full(p, 2.0)), Tensor(np.full(q, 5.0))
        z = x * y
        z.sum().backward()
        assert x.grad.shape == p
        assert y.grad.shape == q
        np.testing.assert_array_equal(x.grad, np.full(p, 5.0 * z.size / x.size))
        np.testing.assert_array_equal(y.grad, np.full(q, 2.0 * z.size / y.size))


# Matrix products -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("p", "q", "fix"),
    [
        ((2, 3), (2, 3), "try x @ y.T"),
        ((3, 2), (3, 4), "try x.T @ y"),
        ((2, 3), (4, 2), "try y @ x"),
        ((7, 2, 3), (7, 2, 3), "try x @ y.mT"),
        ((2,), (2, 3, 2), "try x @ y.mT"),
    ],
)
def test_inner_sizes_that_differ(p, q, fix):
    x, y = ones(*p), ones(*q)
    with refuses(ShapeError, "`matmul`", str(p), str(q), f"inner sizes {p[-1]} ≠ {q[-2]}", fix):
        x @ y
    eval(fix[4:], {"x": x, "y": y})


def test_vectors_of_different_lengths():
    x, y = Tensor([1.0, 2.0]), np.ones(3)
    with refuses(ShapeError, "x (2,)", "y (3,)", "inner sizes 2 ≠ 3", "try y[:2]"):
        x @ y
    with refuses(ShapeError, "y (3,)", "x (2,)", "try y[:2]"):
        y @ x


def test_a_transpose_is_suggested_only_where_it_fits():
    x, y = ones(2, 3), ones(5, 4)
    with refuses(ShapeError, "inner sizes 3 ≠ 5", "3 rows") as caught:
        x @ y
    assert ".T" not in str(caught.value)


def test_a_single_number_has_no_matrix_product():
    x = ones(3)
    with refuses(ShapeError, "matmul needs ≥1-d", "left is 0-d", "use *, as in a * x"):
        Tensor(2.0) @ x
    with refuses(ShapeError, "matmul needs ≥1-d", "right is 0-d", "use *, as in x * 2.0"):
        x @ 2.0


def test_stacks_of_matrices_that_do_not_pair_up():
    x, y = ones(2, 3, 4), ones(5, 4, 3)
    with refuses(ShapeError, "`matmul`", "(2, 3, 4)", "(5, 4, 3)", "axis 0 of x has length 2"):
        x @ y


def test_a_layer_says_what_it_expected_and_where_it_is():
    rng = np.random.default_rng(0)
    net = tg.nn.Sequential(tg.nn.Linear(4, 3, rng=rng), tg.nn.Sequential(tg.nn.ReLU(), tg.nn.Linear(5, 2, rng=rng)))
    with refuses(
        ShapeError, "expected last axis 5, got (7, 3)", "in Linear(5, 2)", "which is '1' of Sequential"
    ) as caught:
        net(np.ones((7, 4)))
    assert caught.value.__notes__ == ["in Linear(5, 2)", "which is '1' of Sequential", "which is '1' of Sequential"]
    assert "(2, 5)" not in str(caught.value)  # how the weights are stored is the layer's own business
    with refuses(ShapeError, "expected last axis 3, got (5, 4)", "in_features=4"):
        tg.nn.Linear(3, 2, rng=rng)(np.ones((5, 4)))


# Other shapes --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ((6,), (4, 2), ("(6,)", "(4, 2)", "has 6 elements", "has 8", "try x.reshape(-1, 2)")),
        ((6,), (-1, -1), ("only one -1",)),
        ((0, 3), (-1, 0), ("ambiguous", "0 elements")),
        ((6,), (4, -1), ("6 elements", "no multiple of 4", "try x.reshape(-1)")),
        ((6,), (-2, 4), ("cannot be negative",)),
    ],
)
def test_reshape(old, new, words):
    x = ones(*old)
    with refuses(ShapeError, "reshape", str(old), str(new), *words):
        x.reshape(*new)


def test_broadcast_to_a_shape_that_does_not_fit():
    x = ones(3)
    with refuses(ShapeError, "`broadcast_to`", "(3,)", "(2, 4)"):
        np.broadcast_to(x, (2, 4))


def test_an_axis_out_of_range():
    x = ones(2, 3)
    with refuses(AxisError, "`sum`", "(2, 3)", "axis 2", "dimension 2", "from -2 to 1") as caught:
        x.sum(axis=2)
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, IndexError)
    assert (caught.value.axis, caught.value.ndim) == (2, 2)
    for wrong in (lambda: np.max(x, axis=(0, 5)), lambda: x.mean(axis=-3), lambda: np.concatenate([x, x], axis=7)):
        with refuses(AxisError, "(2, 3)", "dimension 2"):
            wrong()


def test_an_axis_named_twice():
    x = ones(2, 3)
    with refuses(ValueError, "duplicate axis", "0 and -2", "axis=(0, -2)"):
        x.sum(axis=(0, -2))


@pytest.mark.parametrize("order", [(0, 0), (0,), (0, 1, 2)])
def test_an_order_of_axes_that_is_no_permutation(order):
    x = ones(2, 3)
    with refuses(ValueError, "permutation", str(order), "2-d", "x.transpose((1, 0))"):
        x.transpose(order)


def test_arrays_that_cannot_be_joined():
    x, y, z = ones(2, 3), ones(2, 3), ones(2, 4)
    with refuses(ShapeError, "array 2", "along axis 0", "(2, 3)", "(2, 4)"):
        np.concatenate([x, y, z], axis=0)
    with refuses(ShapeError, "array 1", "axis=1 would fit"):
        np.concatenate([x, z])
    with refuses(ShapeError, "array 1 is 1-d, array 0 is 2-d"):
        np.concatenate([x, ones(3)])
    with refuses(ShapeError, "array 1", "(3,)", "(4,)"):
        np.stack([ones(3), ones(4)])


@pytest.mark.parametrize("join", ["concatenate", "stack"])
def test_joining_nothing(join):
    with refuses(ValueError, "at least one"):
        getattr(tg, join)([])


def test_letters_of_an_einsum_that_disagree():
    x, y = ones(2, 3), ones(4, 5)
    with refuses(
        ShapeError, "`einsum`", "x (2, 3)", "y (4, 5)", "'j' stands for 3 in operand 0 and for 4 in operand 1"
    ):
        np.einsum("ij,jk->ik", x, y)


def test_the_matrix_transpose_of_a_vector():
    x = ones(3)
    with refuses(ShapeError, "x is 1-d", "try x[:, None]"):
        assert x.mT


def test_one_operand_too_many_is_not_written_into():
    x, y = Tensor([1.0, 2.0]), np.zeros(2)
    for spare in (x, y, x.numpy()):
        with refuses(TypeError, "`exp` takes 1 operand, not 2", line=False):
            tg.exp(x, spare)
    with refuses(TypeError, "`add` takes 2 operands, not 3", line=False):
        tg.add(x, x, y)
    with refuses(TypeError, "`exp` takes 1 operand, not 0", line=False):
        tg.exp()
    np.testing.assert_array_equal(x.data, [1, 2])
    np.testing.assert_array_equal(y, [0, 0])


def test_what_no_diagnosis_explains_keeps_its_type_and_is_noted():
    sideways = tg.op("sideways", "{} across {}", lambda x, y: x[:, None] * y * np.ones(7), None, None)
    x, y = ones(2), ones(3)
    with refuses(ValueError, "`sideways` of x (2,) and y (3,)") as caught:
        sideways(x, y)
    assert type(caught.value) is ValueError
    with refuses(TypeError, "`sum` of x (2,)", "interpreted as an integer"):
        x.sum(axis="a")
    with refuses(TypeError, "interpreted as an integer"):
        Tensor(2.0).sum(axis=1.5)
    with refuses(ValueError, "`exp`"):
        tg.exp([[1.0, 2.0], [3.0]])


def test_many_operands_are_not_all_named():
    many = [ones(2, 3) for _ in range(500)] + [ones(2, 4)]
    with refuses(ShapeError, "array 500", "496 more"):
        np.concatenate(many)


# Indices -------------------------------------------------------------------------------------------------------


def test_an_index_out_of_range():
    x, y = Tensor([1.0, 2.0, 3.0]), ones(2, 3)
    with refuses(IndexError, "x (3,)", "index 5", "axis 0", "size 3", "-3 to 2"):
        x[5]
    with refuses(IndexError, "index 5", "axis 0", "size 3"):
        x[[0, 5]]
    with refuses(IndexError, "index -4", "axis 1", "size 3"):
        y[1, -4]
    with refuses(IndexError, "axis is empty"):
        ones(0)[0]


def test_indices_of_the_wrong_kind_or_number():
    x = Tensor([1.0, 2.0, 3.0])
    with refuses(IndexError, "(3,)", "too many indices"):
        x[0, 0]
    with refuses(IndexError, "only integers"):
        x[1.0]
    with refuses(IndexError, "'a'", "integers", line=False):
        x["a"]
    with refuses(IndexError, "boolean index", "size of axis is 3"):
        x[np.array([True, False])]


def test_putting_what_does_not_fit():
    x = Tensor([1.0, 2.0, 3.0]) * 2
    with refuses(IndexError, "`setitem`", "index 7", "size 3"):
        x[7] = 5
    with refuses(ShapeError, "`setitem`", "(2,)", "(3,)"):
        x[0:2] = [1.0, 2.0, 3.0]
    np.testing.assert_array_equal(x.data, [2, 4, 6])


def test_an_element_picked_twice_gets_both_gradients():
    x = Tensor([1.0, 2.0, 3.0])
    x[[0, 0, 1]].sum().backward()
    np.testing.assert_array_equal(x.grad, [2, 1, 0])


# Nothing at all ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["max", "min", "argmax", "argmin"])
def test_the_largest_of_nothing(name):
    x = ones(0)
    with refuses(ValueError, f"zero-size array to reduction operation {name} which has no identity"):
        getattr(np, name)(x)


def test_sums_of_nothing():
    for total, expected in ((np.sum, 0.0), (np.prod, 1.0)):
        x = ones(0)
        z = total(x)
        assert z.item() == expected
        z.backward()
        assert x.grad.shape == (0,)
    x = ones(0)
    with pytest.warns(RuntimeWarning):
        z = x.mean()
    assert np.isnan(z.item())


def test_softmax_over_an_empty_axis_is_empty():
    for softmax in (tg.softmax, tg.log_softmax):
        x = ones(2, 0)
        z = softmax(x, axis=-1)
        assert z.shape == (2, 0)
        z.sum().backward()
        assert x.grad.shape == (2, 0)


# One number ----------------------------------------------------------------------------------------------------


def test_the_gradient_of_one_number_is_an_array():
    x = Tensor(2.0)
    (x**2).backward()
    assert isinstance(x.grad, np.ndarray)
    assert x.grad.shape == ()
    assert x.grad == 4.0


def test_one_number_has_no_length_and_no_elements():
    with refuses(TypeError, "0-d"):
        len(Tensor(2.0))
    with refuses(TypeError, "0-d"):
        list(Tensor(2.0))


def test_errors_that_are_ours_have_one_root():
    with pytest.raises(TinygradEduError):
        ones(3) + ones(4)


def test_success_asks_for_no_reason(monkeypatch):
    monkeypatch.setattr("tinygrad_edu.core.op.operation_error", None)  # would raise if it were called
    x = ones(2, 3)
    (x @ x.T + x.sum(axis=1)[:, None]).reshape(-1).sum().backward()
    assert x.grad.shape == (2, 3)


# Every diagnosis -----------------------------------------------------------------------------------------------


CALLS = {  # a diagnosis -> a call that it explains
    "operand_types": lambda: tg.sinh({}),
    "axes": lambda: ones(2).sum(axis=3),
    "emptiness": lambda: ones(0).max(),
    "index": lambda: ones(2)[5],
    "broadcasting": lambda: ones(3) + ones(4),
    "matrix_product": lambda: ones(2, 3) @ ones(2, 3),
    "linear_layer": lambda: tg.nn.functional.linear(ones(2, 3), ones(4, 3), ones(5)),
    "new_shape": lambda: ones(6).reshape(4),
    "permutation": lambda: ones(2, 3).transpose(0, 0),
    "concatenation": lambda: tg.concatenate([ones(2, 3), ones(2, 4)]),
    "broadcast_to": lambda: tg.broadcast_to(ones(3), (4,)),
    "setting_items": lambda: TABLE["setitem"](ones(3), ones(2), key=(slice(None),)),
    "einsum_letters": lambda: tg.einsum("ij,jk", ones(2, 3), ones(4, 5)),
    "transposed_matrix": lambda: ones(3).mT,
    "powers": lambda: tg.power(np.arange(3), -1),
}


def test_every_diagnosis_explains_a_call(monkeypatch):
    explained = []

    def noting(diagnose):
        def diagnosis(*asked):
            found = diagnose(*asked)
            explained.extend([diagnose.__name__] if found is not None else [])
            return found

        return diagnosis

    tables = {"OF_ANY_ROW": tuple(map(noting, operations.OF_ANY_ROW))}
    tables["BY_ROW"] = {row: tuple(map(noting, asked)) for row, asked in operations.BY_ROW.items()}
    known = {diagnose.__name__ for asked in (operations.OF_ANY_ROW, *operations.BY_ROW.values()) for diagnose in asked}
    assert known == set(CALLS), "write a call that a new diagnosis explains"
    for name, table in tables.items():
        monkeypatch.setattr(operations, name, table)
    for name, call in CALLS.items():
        with pytest.raises((TypeError, ValueError, IndexError)):
            call()
        assert explained.pop() == name
