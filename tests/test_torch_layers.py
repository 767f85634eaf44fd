"""Every layer and loss computes what PyTorch's computes, and so do its derivatives, to second order; state goes across.

See tests/torch_of_layers.py. PyTorch's answers are checked in; where it is installed it is asked anew.
"""

import functools
import json

import numpy as np
import pytest
from torch_of_layers import GOLDEN, ONLY_ONCE, SAMPLES, Numbers, answers, inputs_of, output_of, projected, weights_of

import tinygrad_edu as tg
from tinygrad_edu import Tensor, nn


@functools.cache
def golden():
    with np.load(GOLDEN) as file:
        names = json.loads(str(file["names"]))
        return {name: (names[name], numbers) for name, numbers in zip(names, file["numbers"], strict=True)}


def made(s, dtype=np.float64):
    """Return a sample's module with the weights that PyTorch's had, its inputs and the numbers to go on with."""
    numbers = Numbers(s.name)
    module = s.build(nn)
    if "Loss" not in s.kind:
        state = module.state_dict() | weights_of(numbers, golden()[s.name][0])
        for name, x in state.items():
            path, _, last = name.rpartition(".")
            owner = dict(module.named_modules())[path]
            old = getattr(owner, last)
            setattr(owner, last, Tensor(x if x.dtype.kind == "i" else x.astype(dtype), old.requires_grad))
    inputs = [x if x.dtype.kind in "ib" else x.astype(dtype) for x in inputs_of(numbers, s)]
    return module, inputs, numbers


def ours(s, dtype=np.float64):
    """Return what our module computes, projected as PyTorch's answers are, and the parts before that."""
    module, inputs, numbers = made(s, dtype)
    given = [Tensor(x) if isinstance(like, tuple) else x for x, like in zip(inputs, s.inputs, strict=True)]
    leaves = [x for x in given if isinstance(x, Tensor)] + module.parameters()
    outputs = output_of(module(*given, **s.call))
    total = sum((z * numbers.signed(z.shape).astype(dtype)).sum() for z in outputs)
    first = tg.gradients(total, leaves)
    slope = sum((g * numbers.signed(g.shape).astype(dtype)).sum() for g in first)
    second = [x.zero() for x in leaves] if not slope.requires_grad else tg.gradients(slope, leaves)
    after = [x for name, x in module.state_dict().items() if name.split(".")[-1].startswith(("running", "num_"))]
    parts = [[x.data for x in outputs], [g.data for g in first], [h.data for h in second], after]
    return np.stack([projected(numbers, part) for part in parts]), parts


@pytest.mark.parametrize("s", SAMPLES, ids=lambda s: s.name)
def test_values_and_derivatives_are_those_of_torch(s):
    found, _ = ours(s)
    expected = golden()[s.name][1]
    assert np.isnan(expected).any() == (s.kind in ONLY_ONCE)
    found = np.where(np.isnan(expected), expected, found)
    scale = np.maximum(1, np.abs(expected))
    np.testing.assert_allclose(found / scale, expected / scale, rtol=0, atol=1e-9)


@pytest.mark.parametrize("s", SAMPLES, ids=lambda s: s.name)
def test_names_shapes_and_order_of_the_state_are_those_of_torch(s):
    if "Loss" in s.kind:
        s = s._replace(how={name: x for name, x in s.how.items() if name != "bias"})
    state = s.build(nn).state_dict()
    named = [(name, list(x.shape)) for name, x in state.items()]
    assert sorted(named) == sorted((name, list(shape)) for name, shape in golden()[s.name][0])
    parameters = [name for name, _ in s.build(nn).named_parameters()]
    assert parameters == [name for name, _ in golden()[s.name][0] if name in parameters]


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
@pytest.mark.parametrize("s", SAMPLES, ids=lambda s: s.name)
def test_single_and_half_precision_are_kept(s, dtype):
    found, parts = ours(s, dtype)
    kinds = {x.dtype for part in parts[:3] for x in part}  # what is measured is kept in single precision at least
    assert kinds == {np.dtype(dtype)}
    if dtype is np.float32:
        expected = golden()[s.name][1]
        found = np.where(np.isnan(expected), expected, found)
        scale = np.maximum(1, np.abs(expected).max(axis=1, keepdims=True))
        np.testing.assert_allclose(found / scale, expected / scale, rtol=0, atol=2e-3)


def test_every_operand_and_weight_moves_the_value():
    """So that nothing above holds because it is all zeros."""
    flat = {s.name for s in SAMPLES if not golden()[s.name][1][1].any()}
    assert not flat
    assert sum(golden()[s.name][1][2].any() for s in SAMPLES) > len(SAMPLES) / 2


@pytest.mark.torch
def test_golden_data_are_what_torch_answers_here():
    pytest.importorskip("torch", reason="PyTorch is not installed: its answers are those checked in")
    for s in SAMPLES:
        named, numbers = answers(s)
        assert [[name, list(shape)] for name, shape in named] == golden()[s.name][0]
        np.testing.assert_allclose(numbers, golden()[s.name][1], rtol=1e-9, atol=1e-9, err_msg=s.name)
