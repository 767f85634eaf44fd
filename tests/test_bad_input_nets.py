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


def sequences(*shape):
    return np.zeros(shape)


def schedules(optimizer, milestones):
    return nn.optim.SequentialLR(optimizer, [nn.optim.StepLR(optimizer, 1), nn.optim.StepLR(optimizer, 2)], milestones)


REFUSED = {
    "heads that do not share the width": (
        lambda: nn.MultiHeadAttention(6, 4),
        ValueError,
        ("embed_dim=6", "num_heads=4"),
    ),
    "attention of another width": (
        lambda: nn.MultiHeadAttention(4, 2, rng=0)(*[sequences(5, 1, 3)] * 3),
        tg.errors.ShapeError,
        ("(length, n, 4)", "(5, 1, 3)"),
    ),
    "an activation that a block has not": (
        lambda: nn.TransformerBlock(4, 2, activation="swish"),
        ValueError,
        ("'relu', 'gelu'", "swish"),
    ),
    "output_padding as large as the stride": (
        lambda: nn.ConvTranspose2d(1, 1, 3, stride=2, output_padding=2, rng=0)(np.zeros((1, 1, 4, 4))),
        ValueError,
        ("output_padding=(2, 2)", "below the stride (2, 2)"),
    ),
    "padding that leaves nothing": (
        lambda: nn.ConvTranspose2d(1, 1, 1, padding=2, rng=0)(np.zeros((1, 1, 3, 3))),
        tg.errors.ShapeError,
        ("nothing is left of (1, 1, 3, 3)",),
    ),
    "a truncated normal far out": (
        lambda: nn.init.trunc_normal(3, a=9, b=10, rng=0),
        ValueError,
        ("between 9 and 10",),
    ),
    "a mode of kaiming that there is not": (
        lambda: nn.init.kaiming_normal_(Tensor(np.zeros((2, 2))), mode="fan"),
        ValueError,
        ("'fan_in' or 'fan_out'", "'fan'"),
    ),
    "more smoothing than there is truth": (
        lambda: nn.functional.cross_entropy(np.zeros((1, 2)), [0], label_smoothing=1.5),
        ValueError,
        ("label_smoothing", "1.5"),
    ),
    "reduction where the weight belongs": (
        lambda: nn.functional.cross_entropy(np.zeros((1, 2)), [0], "sum"),
        TypeError,
        ("reduction='sum'",),
    ),
    "channels that groups do not share": (lambda: nn.GroupNorm(3, 4), ValueError, ("4 channels", "3 groups")),
    "other channels than a norm has": (
        lambda: nn.GroupNorm(2, 4)(np.zeros((2, 3))),
        tg.errors.ShapeError,
        ("GroupNorm", "(2, 3)"),
    ),
    "a nonlinearity that an RNN has not": (lambda: nn.RNN(2, 2, nonlinearity="sin"), ValueError, ("'tanh' or 'relu'",)),
    "sequences of another width": (
        lambda: nn.GRU(3, 2, rng=0)(sequences(5, 1, 4)),
        tg.errors.ShapeError,
        ("(length, n, 3)", "(5, 1, 4)"),
    ),
    "first states of another size": (
        lambda: nn.LSTM(3, 2, rng=0)(sequences(5, 1, 3), (sequences(1, 1, 2), sequences(1, 1, 4))),
        tg.errors.ShapeError,
        ("h and c", "(1, 1, 2)", "(1, 1, 4)"),
    ),
    "dilated windows on padding alone": (
        lambda: nn.MaxPool2d(2, padding=1, dilation=4)(np.zeros((1, 1, 3, 3))),
        ValueError,
        ("dilation=(4, 4)", "nothing but padding"),
    ),
    "one milestone too many": (
        lambda: schedules(nn.SGD(nn.Linear(1, 1, rng=0).parameters(), lr=1.0), [1, 2]),
        ValueError,
        ("SequentialLR",),
    ),
    "a setting that a loss has not": (lambda: nn.MSELoss(size_average=True), TypeError, ("MSELoss", "'size_average'")),
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_in_words_that_name_it(name):
    call, kind, words = REFUSED[name]
    with refuses(kind, *words, line=False):
        call()


def test_a_clipped_step_of_endless_gradients_raises_compiled_too():
    w = Tensor([1.0, 2.0])

    def step(x):
        w.grad = None
        (w * x).sum().backward()
        return nn.optim.clip_grad_norm([w], 1.0)

    fast = tg.compile(step)
    assert fast(np.array([3.0, 4.0])).item() == 5.0
    with pytest.raises(tg.errors.AnomalyError, match="clip_grad_norm"):
        fast(np.array([np.inf, 1.0]))
