"""PyTorch's values, first and second derivatives are ours, in float64 and weighed with signed random numbers.

What PyTorch answers is checked in, so that the comparison needs no torch; where it is installed it is asked anew.
"""

import functools

import numpy as np
import pytest
from torch_samples import GOLDEN, NUMPYS, SAMPLES, answers, flat

import tinygrad_edu as tg
from tinygrad_edu import Tensor
from tinygrad_edu.core.node import data_of

TOLERANCES = {"": 1e-9, "'": 1e-7, "''": 1e-6}  # of values, and of first and second derivatives, in float64
FLAT = {  # operands by which both derivatives are 0, as they should be; no other may pass unseen
    *((name, 0) for name in ("floor", "ceil", "trunc", "fix", "rint", "round", "sign", "floor_divide", "heaviside")),
    *(("by argsort", 0), ("by argmax", 0), ("copysign", 1)),
}
SPELLED = [pytest.param(s, tg, id=f"tg {s.name}") for s in SAMPLES]
AFTER_2_0 = ("cumulative_prod", "cumulative_sum", "matvec", "unstack", "vecmat")  # names that NumPy 2.0 has not
SPELLED += [pytest.param(s, np, id=f"np {s.name}") for s in NUMPYS if hasattr(np, s.name) or s.name not in AFTER_2_0]


@functools.cache
def golden():
    with np.load(GOLDEN) as file:
        return dict(file)


def close(found, expected, tolerance, of=""):
    """Compare relative to the largest number expected, or to 1 where all are smaller."""
    assert np.shape(found) == np.shape(expected), of
    scale = max(1.0, np.abs(expected).max(initial=0.0))
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance * scale, err_msg=of)


def given(sample):
    """Return what PyTorch was given: the operands, as leaves, their directions, and the weights of the result."""
    draws = sample.operands * 2
    numbers = np.split(golden()[f"{sample.name} at"], np.cumsum([np.prod(d.shape, dtype=int) for d in draws]))
    arrays = [x.reshape(d.shape) for x, d in zip(numbers[:-1], draws, strict=True)]
    count = len(sample.operands)
    return [Tensor(x, True) for x in arrays[:count]], arrays[count:], numbers[-1]


@pytest.mark.parametrize(("sample", "module"), SPELLED)
def test_value_and_derivatives_are_those_of_torch(sample, module):
    xs, directions, weights = given(sample)
    value = sample.ours(module, *xs)
    assert isinstance(value, Tensor)
    close(value.data, golden()[sample.name], TOLERANCES[""])
    first = tg.gradients(value, xs, weights.reshape(value.shape))
    close(flat([g.data for g in first]), golden()[f"{sample.name}'"], TOLERANCES["'"])
    slope = sum((g * v).sum() for g, v in zip(first, directions, strict=True))
    second = tg.gradients(slope, xs) if slope.requires_grad else [x.zero() for x in xs]
    close(flat([data_of(h) for h in second]), golden()[f"{sample.name}''"], TOLERANCES["''"])


def test_every_sample_has_its_golden_data_and_these_are_numbers():
    names = [sample.name for sample in SAMPLES]
    assert len(names) == len(set(names))
    assert set(golden()) == {f"{name}{part}" for name in names for part in (*TOLERANCES, " at")}
    assert all(np.isfinite(x).all() for x in golden().values())


def test_every_operand_moves_its_sample_but_for_the_flat_ones():
    still = set()
    for sample in SAMPLES:
        ends = np.cumsum([np.prod(d.shape, dtype=int) for d in sample.operands])[:-1]
        orders = (np.split(golden()[sample.name + order], ends) for order in ("'", "''"))
        still |= {(sample.name, i) for i, (g, h) in enumerate(zip(*orders, strict=True)) if not (g.any() or h.any())}
    assert still == FLAT


@pytest.mark.torch
def test_golden_data_are_what_torch_answers_here():
    pytest.importorskip("torch", reason="PyTorch is not installed: its answers are those checked in")
    for sample in SAMPLES:
        asked = answers(sample)
        for part, tolerance in TOLERANCES.items():
            close(asked[sample.name + part], golden()[sample.name + part], tolerance, sample.name)
        np.testing.assert_array_equal(asked[f"{sample.name} at"], golden()[f"{sample.name} at"])
