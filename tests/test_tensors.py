"""Tensors, small and exact: as Python's objects, written into, asked by NumPy, and inside traced functions."""

import operator
import warnings

import numpy as np
import pytest
from refusing import refuses

import tinygrad_edu as tg
from tinygrad_edu import Tensor, Value
from tinygrad_edu.core.dispatch import HANDLED_FUNCTIONS, dispatch, implements
from tinygrad_edu.errors import CompileError, DTypeError, GradientError, InplaceError, ShapeError


def test_tensors_as_python_s_objects():
    t, one = Tensor([1.0, 2.5]), Tensor(2.5)
    assert (len(t), len(Tensor(np.ones((3, 2))))) == (2, 3)
    for ask, said in ((len, "has no length"), (iter, "cannot be iterated over")):
        with refuses(TypeError, f"a 0-d tensor {said}"):
            ask(one)
    assert [x.item() for x in t] == [1.0, 2.5]
    assert (2.5 in t, 3.0 in t) == (True, False)
    assert [*round(t).data] == [1.0, 2.0]
    assert [*round(Tensor([1.26]), 1).data] == [1.3]
    for ask in (bool, lambda t: t.item(), float, int):
        with pytest.raises(ValueError, match=r"\(2,\)"):
            ask(t)
    assert bool(Tensor(0.0)) is False
    assert bool(Tensor([[0.5]])) is True
    assert one.item() == 2.5
    assert type(one.item()) is float
    with refuses(DTypeError, "float()"):
        float(one)
    constant = Tensor(2.5, requires_grad=False)
    assert (float(constant), int(constant), complex(constant)) == (2.5, 2, 2.5)
    assert [10, 20, 30][Tensor(2)] == 30
    assert t.tolist() == [1.0, 2.5]
    assert "backward" in dir(t)
    assert dir(t) == sorted(set(dir(t)))


def test_how_many_numbers_are_shown():
    assert "..." not in repr(Tensor(np.arange(40.0)))
    assert repr(Tensor(np.arange(41.0))).startswith("Tensor([ 0.,  1., ..., 39., 40.], shape=(41,)")
    assert len(repr(Tensor(np.ones((40, 1))))) < 800


def test_what_a_tensor_is_made_of():
    x = Tensor([1.0])
    with refuses(DTypeError, "label='w'", line=False):
        Tensor([1.0], "w")
    with refuses(DTypeError, "int64"):
        Tensor([1, 2], requires_grad=True)
    assert (Tensor([1.0]).requires_grad, Tensor([1]).requires_grad, Tensor([1j]).requires_grad) == (True, False, True)
    assert (Tensor([1.0], requires_grad=False).requires_grad, Tensor([1], dtype=float).requires_grad) == (False, True)
    copy = Tensor(x, label="c")
    assert (copy.op.name, copy.label, copy.x is x) == ("identity", "c", True)
    assert Tensor(x, dtype=np.float32).op.name == "astype"
    assert Tensor(x, requires_grad=False).op is None
    with refuses(GradientError, "a leaf Tensor"):
        Tensor(x, requires_grad=True)
    with tg.no_grad():
        assert Tensor(x).op is None
    assert Tensor(Tensor([1.0], requires_grad=False)).op is None


def test_gradients_that_are_set_and_asked_for():
    x = Tensor([1.0, 2.0], label="x")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert x.grad is None
        assert (Tensor([1.0], requires_grad=False) * 2).grad is None
        x.grad = [3, 4]
        assert [*x.grad] == [3.0, 4.0]
        x.grad = np.array([1.0, 1.0])
        x.grad = None
        assert x.grad is None
    with pytest.warns(UserWarning, match="multiply"):
        assert (x * 2).grad is None
    for wrong, error, words in (
        (np.array([1, 2]), DTypeError, "int64"), (np.float32([1, 2]), DTypeError, "float32"),
        ([1.0], ShapeError, "(1,)"), ([[1.0, 2.0]], ShapeError, "(1, 2)"), ("a", DTypeError, "the gradient of `x`"),
    ):  # fmt: skip
        with refuses(error, words):
            x.grad = wrong
    given = np.array([5.0, 6.0])
    x.assign(given)
    given[0] = 0
    assert [*x.data] == [5.0, 6.0]
    x.data = [1, 2]
    assert x.dtype == float
    with refuses(ShapeError, "(3,)", "`x`"):
        x.data = [1, 2, 3]
    with refuses(DTypeError, "the data of `x`"):
        x.data = "a"


# Written into ------------------------------------------------------------------------------------------------------


def test_a_result_that_is_stored_nowhere_is_no_write():
    x = Tensor([1.0, 2.0], requires_grad=False)
    with pytest.raises(InplaceError, match="a part of"):
        (lambda: operator.iadd(x[:1], 1.0))()
    x[:1] += 1.0
    assert [*x.data] == [2.0, 2.0]


def test_a_view_of_what_nobody_holds_may_be_written_into():
    with tg.no_grad():
        view = (Tensor(np.arange(3.0)) * 2.0)[:2]
        view[0] = 9.0
        assert [*view.data] == [9.0, 2.0]
        whole = Tensor(np.arange(3.0)) * 2.0
        view = whole[:2]
        with pytest.raises(InplaceError, match="a part of"):
            view[0] = 9.0
        assert [*whole.data] == [0.0, 2.0, 4.0]


@pytest.mark.parametrize(
    "make", [lambda t: 3.0 - t, lambda t: t - 3.0, lambda t: t * t, lambda t: tg.where(t > 0, t, 0.0)]
)
def test_what_is_written_may_be_made_of_what_is_written_into(make):
    x = Tensor([2.0, 5.0])
    t = x * 1.0
    t[0] = make(t)[1] * 10.0
    (t * [1.0, 100.0]).sum().backward()

    def plain(x):
        return (make(x)[1] * 10.0 + x[1] * 100.0).sum()

    np.testing.assert_allclose(x.grad, tg.grad(plain)(np.array([2.0, 5.0])))


def test_which_derivatives_read_their_result():
    x = Tensor([2.0])
    for make, reads in ((tg.exp, True), (lambda x: x * 3.0, False), (tg.sqrt, True), (tg.square, False)):
        y = make(x)
        if reads:
            with refuses(InplaceError, "y = y + "):
                y += 1.0
        else:
            y += 1.0
            assert y.op.name == "add"
    z = Tensor([1.0], requires_grad=False) ** Tensor([2.0], requires_grad=False)
    z += 1.0
    assert z.data == [2.0]


# Asked by NumPy ----------------------------------------------------------------------------------------------------


def test_an_answer_is_registered_and_stays_what_it_was():
    def asked(x):
        return x

    def answer(x):
        return x

    assert implements(asked)(answer) is answer
    try:
        assert dispatch(asked) is answer
    finally:
        del HANDLED_FUNCTIONS[asked]
    with refuses(DTypeError, "asked does not work on a tensor"):
        dispatch(asked)


def test_a_type_that_there_is_not():
    with pytest.raises(TypeError, match="nonsense"):
        np.exp(Tensor([1.0]), dtype="nonsense")
    assert np.exp(Tensor([0.0])).op.name == "exp"
    assert np.exp(Value(0.0)).op.name == "exp"
    assert np.add(np.ones(2), Tensor([1.0, 2.0])).op.name == "add"
    with refuses(DTypeError, "np.exp: dtype=int64: "):
        np.exp(Tensor([1.0]), dtype=np.int64)
    with refuses(DTypeError, "mask", line=False):
        np.ma.add(Tensor([1.0]), 1.0)


def test_a_function_of_pytorch_is_refused_by_name():
    with pytest.raises(TypeError, match="exp"):
        Tensor.__torch_function__(np.exp)
    with pytest.raises(TypeError, match="of its own"):
        Tensor.__torch_function__("of its own")


def test_a_real_number_s_gradient_by_a_complex_result_is_real():
    x, w = Tensor([2.0]), Tensor([1 + 1j])
    (x * (1 + 2j) * w).real.sum().backward()
    assert (x.grad.dtype, [*x.grad]) == (float, [-1.0])
    assert (w.grad.dtype, [*w.grad]) == (complex, [2 + 4j])


# In traced functions -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ask", [lambda x: x.item(), lambda x: x.tolist(), lambda x: 1.0 in x, lambda x: f"{x:.2f}"])
def test_numbers_cannot_be_had_in_a_traced_function(ask):
    with pytest.raises(CompileError):
        tg.compile(lambda x: x * (1.0 if ask(x) else 2.0))(Tensor([1.0]))


def test_tensors_that_are_made_in_a_traced_function_hold_the_numbers_of_each_call():
    w = Value(3.0)

    def f(x, t):
        joined = Tensor([x, 2.0])
        alone = Tensor(t, requires_grad=False)
        return joined * 10.0, alone + 1.0, x * w, w * x

    fast = tg.compile(f)
    for number in (1.0, 4.0, 9.0):
        a, b, c, d = fast(number, Tensor([number]))
        assert [*a.data] == [number * 10, 20.0]
        assert [*b.data] == [number + 1]
        assert c.item() == d.item() == number * 3


METHODS = {
    "all": (), "any": (), "argmax": (), "argmin": (), "argsort": (), "argpartition": (1,), "clip": (-0.5, 0.5),
    "choose": None, "conj": (), "conjugate": (), "copy": (), "cumprod": (0,), "cumsum": (1,), "diagonal": (),
    "dot": (np.ones(3),),
    "flatten": (), "max": (0,), "min": (1,), "prod": (), "ptp": None, "ravel": (), "repeat": (2,), "round": (1,),
    "searchsorted": None, "squeeze": (), "std": (0,), "swapaxes": (0, 1), "take": ([0, 2],), "trace": (), "var": (1,),
}  # fmt: skip


@pytest.mark.parametrize("name", METHODS)
def test_a_method_gives_what_numpy_s_gives(name):
    """Its arguments by place; those of three need other operands, or NumPy's arrays have them no longer."""
    x, arguments = np.random.default_rng(0).normal(size=(3, 3)), METHODS[name]
    if arguments is None:
        x = np.array([0, 1]) if name == "choose" else np.sort(x[0])
        arguments = {"choose": (np.array([[1.0, 2.0], [3.0, 4.0]]),), "searchsorted": (0.1,)}.get(name, ())
    found = getattr(Tensor(x, requires_grad=False), name)(*arguments)
    expected = np.ptp(x) if name == "ptp" else getattr(x, name)(*arguments)
    np.testing.assert_array_equal(found.data, expected)
