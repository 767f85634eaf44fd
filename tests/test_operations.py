"""An operation, small and exact: what a row says of itself, what it refuses, how it computes on numbers."""

import math
import warnings

import numpy as np
import pytest
from own_row import own
from refusing import refuses

import tinygrad_edu as tg
from tinygrad_edu.core.op import EVERYWHERE, TABLE, Op, VariadicRule
from tinygrad_edu.errors import GradientError, ShapeError

# Operations --------------------------------------------------------------------------------------------------------


def test_what_a_row_says_of_itself():
    op = own(lambda g, z, x: g, doc="", onnx="Square", tex="x^2")
    assert (repr(op), op.__name__, op.slots, op.arity) == ("<op own: own({})>", "own", 1, 1)
    assert (op.onnx, op.tex, op.linear, op.elementwise) == ("Square", "x^2", False, True)
    assert op.domain == (EVERYWHERE,)
    assert op.__doc__ == "Compute own(x), element by element."
    assert own(text="{} own {}", forward=np.add).__doc__ == "Compute x own y, element by element."
    assert own(doc="Do it.").__doc__ == "Do it."
    assert own(domain=(0.0, 1.0)).domain == ((0.0, 1.0),)
    assert own(domain=((0.0, 1.0), (2.0, 3.0))).domain == ((0.0, 1.0), (2.0, 3.0))
    assert own(forward=np.matmul).elementwise is False
    assert own(forward=np.matmul, elementwise=True).elementwise is True
    assert own(forward=abs).elementwise is False
    assert own(forward=abs).arity is None
    assert own(linear=True).linear is True
    assert "own" not in TABLE


def test_rows_that_are_refused():
    with refuses(ValueError, "exp", line=False):
        Op("exp", "exp({})", np.exp)
    for name, text in (("a\n", "a({})"), ("a", "a\n({})")):
        with refuses(ValueError, line=False):
            Op(name, text, np.exp)
    for rules in ([lambda g, z, x: g] * 2, [None] * 3):
        with refuses(GradientError, "own({})", line=False):
            own(*rules)
    assert own(VariadicRule(lambda i, g, z, *x: g), text="own").slots == 0
    assert own().rules == ()


def test_a_row_counts_the_operands_of_a_ufunc():
    for operands in ((), (1.0, 2.0)):
        with refuses(TypeError, "own", line=False):
            own()(*operands)
    into = np.zeros(2)
    with refuses(TypeError, "own", line=False):
        own()(np.ones(2), into)
    assert not into.any()
    assert own(forward=lambda *x: len(x))(1.0, np.ones(2)) == 2


def test_numbers_go_the_scalar_way_and_nothing_else_does():
    op = own(scalar=lambda x: "scalar")
    assert [op(x) for x in (2.0, 3, True)] == ["scalar"] * 3
    assert op(np.float64(2.0)) == 4.0
    assert op(np.array([2.0])) == [4.0]
    both = own(text="own({}, {})", forward=np.add, scalar=lambda x, y: "scalar")
    assert both(1, 2.0) == "scalar"
    assert both(1, np.float64(2)) == 3.0
    three = own(text="own({}, {}, {})", forward=lambda x, y, z: x + y + z, scalar=lambda x, y, z: "scalar")
    assert three(1.0, 2, True) == "scalar"
    assert own(forward=lambda: "none", scalar=lambda: "scalar", text="own")() == "none"


def test_an_edge_warns_with_the_point_and_is_quiet_where_numpy_is():
    op = own(forward=np.reciprocal, scalar=lambda x: 1 / x)
    with pytest.warns(RuntimeWarning, match=r"own\(0\) is inf"):
        assert op(0.0) == math.inf
    for state in ({"all": "ignore"}, {"all": "raise"}):
        with np.errstate(**state), warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            assert op.at_the_edge(0.0) == math.inf
        assert len(seen) == (state["all"] != "ignore")
    for error in (ValueError, ZeroDivisionError, OverflowError):

        def fails(x, error=error):
            raise error

        with np.errstate(all="ignore"):
            assert own(scalar=fails)(3.0) == 9.0
    with pytest.raises(KeyError):
        own(scalar=lambda x: {}[x])(3.0)


def test_a_failure_carries_the_operation_and_its_operands():
    x = np.ones((2, 3))
    with pytest.raises(ShapeError) as caught:
        tg.matmul(x, x)
    assert caught.value.graph.op is TABLE["matmul"]
    assert caught.value.graph.operands[0] is x
    assert caught.value.__cause__ is None
    assert TABLE["matmul"].describe((x, x)).count("(2, 3)") == 2


def test_which_rules_take_parameters():
    assert not own(lambda g, z, x: g).takes_parameters
    assert own(lambda g, z, x, axis: g).takes_parameters
    assert own(lambda g, z, x, *, axis=None: g).takes_parameters
    assert not own(None).takes_parameters
    assert not own(VariadicRule(lambda i, g, z, x, axis: g)).takes_parameters


def test_one_rule_for_any_number_of_operands_is_told_which_is_meant():
    rule = VariadicRule(lambda i, *args, **params: (i, args, params))
    assert rule[2]("g", axis=1) == (2, ("g",), {"axis": 1})
    assert [f("g")[0] for f, _ in zip(rule, range(3), strict=False)] == [0, 1, 2]
