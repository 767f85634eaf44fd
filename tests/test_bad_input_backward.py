"""Asking for derivatives that cannot be had, rules that are wrong, and gradients that are set by hand."""

import contextlib
import itertools

import numpy as np
import pytest
from refusing import refuses

import tinygrad_edu as tg
from tinygrad_edu import Tensor, Value
from tinygrad_edu.errors import DTypeError, GradientError, NonScalarError, ShapeError, StaleGraphError

number = itertools.count()


def row(*rules, text="f({})", forward=lambda x: x * 2, **more):
    return tg.op(f"test_row_{next(number)}", text, forward, *rules, **more)


# Where to start from -------------------------------------------------------------------------------------------


def test_many_numbers_need_weights():
    y = Tensor([1.0, 2.0]) * 2
    with refuses(NonScalarError, "(2,)", ".sum()", ".mean()", "backward(seed)"):
        y.backward()


def constant_by_no_grad():
    x = Tensor([1.0])
    with tg.no_grad():
        y = x * 2
    return y + 1


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (constant_by_no_grad, ("made inside no_grad() at", ".py:")),
        (lambda: Tensor([1.0]).detach() * 2, ("detached at", ".py:")),
        (lambda: Tensor([1.0]) > 0, ("`greater` has no derivative", ".py:")),
        (lambda: np.argmax(Tensor([1.0])) * 2, ("`argmax` has no derivative",)),
        (lambda: Tensor([1.0], False, label="w") * 2, ("constants only, `w` (made at", ".py:", "requires_grad=True")),
        (lambda: Tensor([1, 2]), ("it is a constant", "requires_grad=True")),
        (lambda: Tensor([1, 2]).sum(), ("constants only", "requires_grad=True")),
        (lambda: Value(1.0, requires_grad=False) * 2, ("constants only", "requires_grad=True")),
        (lambda: Value(1.0) > 0, ("`greater` has no derivative",)),
    ],
)
def test_why_there_is_no_gradient(make, words):
    y = make()
    with refuses(GradientError, "has no gradient", *words, line=False):
        y.backward(1.0)


def test_a_seed_of_the_wrong_shape():
    y = Tensor([1.0, 2.0]) * 2
    with refuses(ShapeError, "(3,)", "(2,)", "seed"):
        y.backward(np.ones(3))


@pytest.mark.parametrize("seed", [[1, 2], [True, False], np.array([1.0, 2.0], np.float32), Tensor([1.0, 2.0])])
def test_seeds_become_the_dtype_of_what_they_weigh(seed):
    x = Tensor([1.0, 2.0])
    (x * 2).backward(seed)
    np.testing.assert_array_equal(x.grad, 2 * np.asarray(getattr(seed, "data", seed)).astype(float))
    assert x.grad.dtype == np.float64


def test_seeds_that_are_no_numbers():
    x = Tensor([1.0, 2.0])
    with refuses(DTypeError, "complex128", "seed"):
        (x * 2).backward([1j, 2])
    with refuses(DTypeError, "'a'"):
        (x * 2).backward("a")
    with refuses(DTypeError, "1j", line=False):
        (Value(1.0) * 2).backward(1j)
    assert x._grad is None


def test_a_nan_in_the_seed_propagates():
    x = Tensor([1.0, 2.0])
    (x * 2).backward([np.nan, 1])
    np.testing.assert_array_equal(x.grad, [np.nan, 2])


def test_gradients_of_what_are_no_nodes():
    x, y = Tensor([1.0, 2.0], label="x"), Value(2.0)
    with refuses(TypeError, "gradients(y, [x])", "`x`", line=False):  # its rows would be other nodes than x
        tg.gradients((x * x).sum(), x)
    for output, inputs in ((y * y, [3.0]), (3.0, [y])):
        with refuses(TypeError, "3.0", "float", "no node", line=False):
            tg.gradients(output, inputs)
    with refuses(ShapeError, "seed", "(3,)", "(2,)"):
        tg.gradients(x * x, [x], seed=Tensor(np.ones(3)))
    with refuses(NonScalarError, "(2,)", ".sum()"):
        tg.gradients(x * x, [x])
    (g,) = tg.gradients(x * x, [x], seed=x)
    np.testing.assert_array_equal(g.data, [2, 8])


# Again and again -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [Value, Tensor])
def test_backward_again_doubles_the_leaves_alone(make):
    a = make(3.0)
    b = a * a
    c = b * a
    c.backward(retain_grad=True)
    c.backward(retain_grad=True)
    assert a.grad == 2 * 27.0
    assert b.grad == 3.0
    a.grad = None
    c.backward()
    assert a.grad == 27.0


@pytest.mark.parametrize("make", [Value, Tensor])
def test_two_losses_over_one_node(make):
    a = make(3.0)
    shared = a * a
    first, second = shared * 2, shared * a
    first.backward()
    second.backward()
    assert a.grad == 2 * 6.0 + 27.0


@pytest.mark.parametrize("make", [Value, Tensor])
def test_one_node_in_many_places(make):
    a = make(3.0)
    (a + a).backward()
    assert a.grad == 2.0
    a.grad = None
    (a * a).backward()
    assert a.grad == 6.0
    a.grad = None
    sum(a for _ in range(1000)).backward()
    assert a.grad == 1000.0


# Setting by hand -----------------------------------------------------------------------------------------------


def test_a_gradient_set_by_hand_must_fit():
    x = Tensor([1.0, 2.0], label="x")
    with refuses(ShapeError, "`x`", "(3,)", "(2,)"):
        x.grad = np.ones(3)
    with refuses(DTypeError, "`x`", "complex128", "float64"):
        x.grad = [1j, 2]
    with refuses(DTypeError, "`x`", "float32", "float64", ".astype"):
        x.grad = np.ones(2, np.float32)
    with refuses(DTypeError, "one real number", line=False):
        Value(1.0).grad = "a"
    assert x._grad is None
    x.grad = [1, 2]
    assert x.grad.dtype == np.float64
    x.grad = Tensor([3.0, 4.0])
    np.testing.assert_array_equal(x.grad, [3, 4])


def test_backward_adds_to_a_gradient_set_by_hand():
    x, seed = Tensor([1.0, 2.0]), np.ones(())
    y = (x * x).sum()
    y.backward(seed)
    x.grad = [10.0, 10.0]
    y.backward(seed)
    np.testing.assert_array_equal(x.grad, [12, 14])
    assert seed == 1


def test_the_gradient_of_an_interior_tensor_is_kept_on_request():
    x = Tensor([1.0, 2.0])
    y = x * 2
    y.sum().backward()
    with pytest.warns(UserWarning, match="retain_grad=True") as caught:
        assert y.grad is None
    assert caught[0].filename == __file__
    y.sum().backward(retain_grad=True)
    np.testing.assert_array_equal(y.grad, [1, 1])


def test_a_backward_that_keeps_nothing_forgets_what_an_earlier_one_kept():
    x = Tensor([1.0, 2.0])
    y = x * 2
    loss = (y * y).sum()
    loss.backward(retain_grad=True)
    np.testing.assert_array_equal(y._grad, [4, 8])
    loss.backward()
    assert y._grad is None
    np.testing.assert_array_equal(x.grad, [16, 32])


@pytest.mark.parametrize("make", [Value, Tensor])
def test_an_interior_node_cannot_be_told_to_require_no_gradient(make):
    y = make(1.0) * 2
    with refuses(GradientError, "`multiply`", "detach()"):
        y.requires_grad = False
    x = make(1.0)
    x.requires_grad = False
    assert not (x * 2).requires_grad


# Rules that are wrong ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (lambda g, z, x: g[:1], ("(1,)", "(2,)")),
        (lambda g, z, x: np.ones(3), ("(3,)", "(2,)")),
        (lambda g, z, x: np.ones((2, 2)), ("(2, 2)", "(2,)")),
        (lambda g, z, x: 3.0, ("()", "(2,)")),
        (lambda g, z, x: g * 1j, ("complex128",)),
        (lambda g, z, x: "ab", ("'ab'", "str")),
        (lambda g, z, x: np.array(["a", "b"]), ("<U1",)),
        (lambda g, z, x: (g,), ("tuple",)),
        (lambda g, z, x: object(), ("object",)),
    ],
)
def test_a_rule_that_gives_no_gradient_of_its_operand(rule, words):
    twice, x = row(rule), Tensor([1.0, 2.0])
    z = twice(x)
    with refuses(GradientError, "rule 0", f"`{twice.name}`", *words):
        z.sum().backward()
    assert x._grad is None


@pytest.mark.parametrize("gave", ["a", np.ones(2), 1j, object()])
def test_a_rule_that_gives_no_float_for_a_value(gave):
    twice, x = row(lambda g, z, x: gave, scalar=lambda x: x * 2), Value(1.0)
    z = twice(x)
    with refuses(GradientError, "rule 0", f"`{twice.name}`"):
        z.backward()
    assert x._grad is None


def test_none_is_zero_and_other_dtypes_are_converted():
    x, y = Tensor([1.0, 2.0]), Tensor([1.0, 2.0])
    row(lambda g, z, x: None)(x).sum().backward()
    assert x._grad is None
    row(lambda g, z, y: (2 * g).astype(np.float32))(y).sum().backward()
    assert y.grad.dtype == np.float64
    np.testing.assert_array_equal(y.grad, [2, 2])


@pytest.mark.parametrize("rules", [(lambda g, z, x, y: g,), (lambda g, z, x, y: g,) * 3])
def test_a_row_has_one_rule_for_each_operand(rules):
    with refuses(GradientError, "test_row", "2 operands", f"{len(rules)} rule", line=False):
        row(*rules, text="{} with {}")


def test_a_name_of_the_table_is_taken():
    with refuses(ValueError, "'add'", "another name", line=False):
        tg.op("add", "{} + {}", np.add)


def raising(error):
    def rule(g, z, x):
        raise error

    return rule


@pytest.mark.parametrize("make", [Value, Tensor])
@pytest.mark.parametrize("kind", [KeyError, ZeroDivisionError, TypeError, KeyboardInterrupt])
def test_a_rule_that_raises_changes_no_gradient(make, kind):
    error = kind("boom")
    broken = row(raising(error), scalar=lambda x: x * 2)
    a, w = make(2.0), make(3.0)
    a.label = "a"
    interior = a * w
    interior.backward(retain_grad=True)
    loss = interior + broken(a) + w * w
    with refuses(kind, "boom", line=False) as caught:
        loss.backward()
    assert (a.grad, w.grad, interior.grad) == (3.0, 2.0, 1.0)
    if isinstance(error, Exception):  # a Ctrl-C is not the rule's fault
        note = caught.value.__notes__[0]
        assert f"`{broken.name}` of" in note
        assert __file__ in note
    (interior + w * w).backward()
    assert (a.grad, w.grad) == (6.0, 2.0 + 2.0 + 6.0)


def test_an_error_in_the_forward_function_keeps_its_type_and_gets_a_note():
    broken = row(lambda g, z, x: g, forward=raising_forward)
    x = Tensor([1.0, 2.0], label="x")
    with refuses(KeyError, "boom", f"`{broken.name}`", "(2,)"):
        broken(x)


def raising_forward(x):
    raise KeyError("boom")


# Graphs that nobody should build -------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [Value, Tensor])
@pytest.mark.parametrize("length", [1, 2])
def test_a_cycle_is_named(make, length):
    a = make(1.0)
    b = a * 2
    c = b * 3 if length == 2 else b
    b.x = c
    with refuses(GradientError, "cycle"):
        c.backward()
    assert a._grad is None


@pytest.mark.parametrize("make", [Value, Tensor])
def test_a_leaf_that_changed_after_the_forward_pass(make):
    w = make(1.0)
    w.label = "w"
    loss = w * w
    w.assign(2.0)
    with refuses(StaleGraphError, "`w` was assigned at", "`multiply`", "forward pass again") as caught:
        loss.backward()
    lines = [int(part.split()[0].rstrip(":,;")) for part in str(caught.value).split(f"{__file__}:")[1:]]
    assert lines[0] == lines[1] + 1
    assert w._grad is None
    with refuses(StaleGraphError, "`w`"):
        tg.gradients(loss, [w])


def test_a_wide_node_and_a_deep_chain():
    x = Value(1.0)
    deep = x
    for _ in range(100_000):
        deep = deep + 1.0
    deep.backward()
    assert x.grad == 1.0
    leaves = [Tensor([1.0]) for _ in range(5_000)]
    np.concatenate(leaves).sum().backward()
    assert all(leaf.grad == 1.0 for leaf in leaves)


def test_control_c_between_two_leaves_leaves_both_as_they_were(monkeypatch):
    a, b = Tensor([1.0]), Tensor([2.0])
    unbroadcast, calls = Tensor.unbroadcast, itertools.count()

    def interrupted(self, *args):
        if next(calls) == 3:
            raise KeyboardInterrupt
        return unbroadcast(self, *args)

    loss = (a * b).sum()
    with monkeypatch.context() as patch, contextlib.suppress(KeyboardInterrupt):
        patch.setattr(Tensor, "unbroadcast", interrupted)
        loss.backward()
        loss.backward()
    before = a.grad, b.grad
    assert (before[0] is None) == (before[1] is None)
    a.grad = b.grad = None
    loss.backward()
    assert (a.grad, b.grad) == ([2.0], [1.0])


@pytest.mark.parametrize("given", [None, "text"])
def test_a_row_that_computes_no_numbers(given):
    row = tg.op("no_numbers", "no_numbers({})", lambda x: given, lambda g, z, x: g, scalar=lambda x: given)
    with refuses(DTypeError, "`no_numbers`", repr(given)):
        row(Tensor([1.0]))
    with refuses(DTypeError, repr(given)):
        row(Value(1.0))
