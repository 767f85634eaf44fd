"""What a compiled function cannot do is refused with the reason, and leaves everything as it was."""

from collections import Counter, defaultdict

import numpy as np
import pytest
from refusing import refuses

import tinygrad_edu as tg
from tinygrad_edu import Tensor, nn
from tinygrad_edu.errors import CompileError, InplaceError, ShapeError


class Owner:
    pass


HIDDEN = Owner()


@pytest.mark.parametrize(
    "look",
    [
        lambda t: t if t.sum().item() > 0 else -t,
        lambda t: t * t.sum().item(),
        lambda t: t * float(t.sum()),
        lambda t: t * t.tolist()[0],
        lambda t: t[int(t.sum()) - 1],
    ],
)
def test_looking_at_numbers_is_refused(look):
    fast = tg.compile(look)
    with refuses(CompileError, "tinygrad_edu.where"):
        fast(Tensor([1.0, 1.0], requires_grad=False))
    assert look(Tensor([1.0, 1.0], requires_grad=False)) is not None  # the trace has ended


def test_a_tensor_that_is_kept_is_refused_by_the_name_of_the_list():
    kept = []

    @tg.compile
    def f(x):
        kept.append(x * 2)
        return x * 3

    with refuses(CompileError, "`kept`"):
        f(Tensor([1.0]))
    assert kept == []


def test_a_tensor_that_is_kept_where_nobody_sees_is_refused_when_it_is_used():
    HIDDEN.kept = kept = []

    @tg.compile
    def f(x):
        one = globals()["HID" + "DEN"]  # no name of the function's leads to the list
        one.kept += [x * 2, x]
        return x * 3

    f(Tensor([1.0]))
    assert len(kept) == 4  # once traced, and once run itself, to compare
    for leaked in kept[:2]:
        for use in (lambda t: t.data, lambda t: t + 1, lambda t: t.item(), lambda t: Tensor([1.0]) * t):
            with refuses(CompileError):
                use(leaked)


def test_an_argument_that_would_be_assigned_is_refused():
    def double(w):
        w.data = w.data * 2

    w = Tensor([1.0])
    with refuses(CompileError, "argument 0"):
        tg.compile(double)(w)
    assert w.item() == 1.0


def test_a_result_whose_shape_depends_on_data_is_refused():
    with refuses(CompileError, "where(mask"):
        tg.compile(lambda x: x[x > 0])(Tensor([1.0, -1.0, 2.0]))


def test_skipping_a_step_by_the_data_is_refused():
    w = Tensor([1.0], requires_grad=True)
    opt = nn.SGD([w], lr=1.0)

    def step():
        w.sum().backward()
        opt.step(on_nonfinite="skip")

    with refuses(CompileError, "on_nonfinite"):
        tg.compile(step)()
    assert w.item() == 1.0
    assert w.grad is None
    assert opt.steps == 0


def test_an_error_of_the_function_leaves_everything_as_it_was():
    w = Tensor([1.0], requires_grad=True)

    @tg.compile
    def f():
        w.sum().backward()
        w.data = w.data * 2
        raise KeyError("mine")

    with pytest.raises(KeyError):
        f()
    assert w.item() == 1.0
    assert w.grad is None
    assert (w * 2).requires_grad


def test_a_rate_set_inside_is_refused_and_so_is_an_optimiser_made_there():
    w = Tensor([1.0], requires_grad=True)
    opt = nn.SGD([w], lr=1.0)
    schedule = nn.optim.ExponentialLR(opt, 0.5)

    def rate():
        opt.lr = 0.5

    for inside in (rate, schedule.step, lambda: nn.SGD([w], lr=0.1)):
        with refuses(CompileError, "once"):
            tg.compile(inside)()
    assert opt.lr == 1.0
    schedule.step()
    assert opt.lr == 0.5


def test_asking_for_the_gradient_of_an_argument_that_has_one_is_refused():
    @tg.compile
    def slope(x):
        (x**2).sum().backward()
        return x.grad

    x = Tensor([1.0, 3.0])
    assert slope(x).tolist() == [2.0, 6.0]
    with refuses(CompileError, "argument 0"):
        slope(x)
    x.grad = None
    assert slope(x).tolist() == [2.0, 6.0]


class Matrix(np.ndarray):
    pass


@pytest.mark.parametrize(
    "odd",
    [
        *(np.ma.array([1.0], mask=[True]), np.ones(1).view(Matrix), np.array([None]), np.array(["a"])),
        *(defaultdict(float, a=1.0), Counter("ab"), type("Row", (list,), {})([1.0])),
    ],
    ids=["masked", "subclass", "objects", "strings", "defaultdict", "Counter", "a user's list"],
)
def test_arguments_that_a_program_would_take_for_plain_ones_are_refused(odd):
    with refuses(CompileError, "plain"):
        tg.compile(lambda x, odd: x)(Tensor([1.0]), odd)
    with refuses(CompileError, "plain"):
        tg.compile(lambda x, odd: x)(Tensor([1.0]), {"in": (odd,)})


def test_a_refusal_that_the_function_catches_is_raised_all_the_same():
    def f(x):
        try:
            return x * float(x.sum())
        except Exception:
            return x

    with refuses(CompileError, "tinygrad_edu.where"):
        tg.compile(f)(Tensor([1.0, 2.0], requires_grad=False))


def test_a_tensor_that_is_traced_prints_its_shape_and_no_numbers():
    def f(x):
        raise ValueError(f"{x!r} and {x[:1]!r}")

    with pytest.raises(ValueError, match=r"of a function that is traced, shape=\(2,\), dtype=float64"):
        tg.compile(f)(np.ones(2))
    with pytest.raises(ValueError, match="Value\\(of a function that is traced"):
        tg.compile(lambda v: raised(repr(v)))(tg.Value(1.0))


def raised(text):
    raise ValueError(text)


def test_what_cannot_be_assigned_eagerly_cannot_in_a_program():
    w = Tensor([1.0, 2.0], label="w")

    def of_another_shape(x):
        w.assign(np.ones(3))
        return x

    def a_result(x):
        z = w * x
        z.data = x
        return z

    for f, kind, words in (
        (of_another_shape, ShapeError, "cannot become the data of `w`"),
        (a_result, InplaceError, "only leaves"),
    ):
        with pytest.raises(kind, match=words):
            f(Tensor([1.0, 1.0]))
        with pytest.raises(kind, match=words):
            tg.compile(f)(np.ones(2))
        np.testing.assert_array_equal(w.data, [1.0, 2.0])
