"""No rule over- or underflows inside, in any precision, at numbers of any size: see `extremes`."""

import numpy as np
import pytest
from extremes import ROWS, WIDER, compare, operands

from tinygrad_edu.core.op import TABLE, Op


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("dtype", WIDER)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_rule_at_extreme_numbers_is_that_in_a_wider_precision(name, dtype):
    if WIDER[dtype] is np.longdouble and np.finfo(np.longdouble).eps == np.finfo(float).eps:
        pytest.skip("no float here is wider than a double")
    assert not compare(name, dtype, operands(name, dtype))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(("dtype", "x"), [(np.float16, 300.0), (np.float32, 1e-23), (np.float64, 1e-170)])
def test_the_sweep_sees_squares_that_over_or_underflow(dtype, x, monkeypatch):
    row = TABLE["arctan2"]
    naive = object.__new__(Op)
    slopes = (lambda g, z, y, x: g * x / (x * x + y * y), lambda g, z, y, x: -g * y / (x * x + y * y))
    vars(naive).update(vars(row), rules=slopes)
    assert not compare("arctan2", dtype, [np.array([x], dtype)] * 2)
    monkeypatch.setitem(TABLE, "arctan2", naive)
    assert compare("arctan2", dtype, [np.array([x], dtype)] * 2)
