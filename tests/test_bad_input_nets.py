"""Layers and batches that are handed what they are not for, and what other libraries offer that is not here."""

import numpy as np
import pytest
from refusing import refuses

import tinygrad_edu as tg
from tinygrad_edu import Tensor, Value, nn


def test_one_example_has_no_variance_to_train_on():
    layer = nn.BatchNorm1d(3)
    before = {name: np.copy(x) for name, x in layer.state_dict().items()}
    with refuses(ValueError, "batch_norm", "no variance", "(1, 3)", "eval()"):
        layer(np.ones((1, 3)))
    assert all(np.array_equal(x, before[name]) for name, x in layer.state_dict().items())
    assert layer.eval()(np.ones((1, 3))).shape == (1, 3)


def test_inputs_and_answers_of_different_lengths():
    with refuses(ValueError, "batches", "(3, 2)", "(4,)"):
        next(iter(tg.data.batches(np.ones((3, 2)), np.ones(4), size=2)))


@pytest.mark.parametrize("layer", [nn.MaxPool2d(5), nn.AvgPool2d(5), nn.Conv2d(1, 1, 5, rng=0)])
def test_a_window_that_is_larger_than_its_padded_input(layer):
    with refuses(tg.errors.ShapeError, "5×5", "(1, 1, 3, 3)", "padding=1"):
        layer(np.ones((1, 1, 3, 3)))


def test_a_mode_that_was_forgotten_shows():
    net = nn.Sequential(nn.Dropout(0.5))
    assert "training=True" in repr(net)
    assert "training=False" in repr(net.eval())


@pytest.mark.parametrize("name", ["relu", "hardsigmoid", "hardtanh", "leaky_relu", "relu6"])
def test_second_derivatives_of_broken_lines_are_zero_beside_their_kinks(name):
    """Where other engines refuse, or answer without a rule: the slope of a line is a constant."""
    x = Tensor([-0.5, 0.5])
    (slope,) = tg.gradients(getattr(nn.functional, name)(x).sum(), [x])
    (second,) = tg.gradients((slope * x).sum(), [x])
    np.testing.assert_allclose(second.data, slope.data)  # d(f' x)/dx is f' + f'' x


def test_there_are_no_hooks_and_no_shared_memory():
    """Nothing is called within backward() but rules, and no array is shared with a node: docs/decisions.md says why."""
    for node in (Value(1.0), Tensor([1.0])):
        assert not hasattr(node, "register_hook")
    with pytest.raises(TypeError, match="copy"):
        Tensor(np.ones(2), copy=False)
