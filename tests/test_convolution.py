"""Convolution and pooling are what seven plain loops compute, in every direction of the trilinear form."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from refusing import refuses

import tinygrad_edu as tg
import tinygrad_edu.nn.functional as F  # noqa: N812  # what users of PyTorch call it
from tinygrad_edu import Tensor, nn
from tinygrad_edu.core.op import TABLE
from tinygrad_edu.errors import ShapeError
from tinygrad_edu.ops.convolution import conv2d, conv2d_input, conv2d_weight
from tinygrad_edu.ops.windows import in_shares, sum_pool2d, sum_unpool2d, window_count, without_places

RNG = np.random.default_rng(7)


def normal(*shape):
    return RNG.normal(size=shape)


def loops(x, w, g, stride, padding, dilation, groups):
    """Convolution and the gradients of Σ g · (x ∗ w) by x and by w, one product at a time."""
    z, dx, dw = np.zeros(g.shape), np.zeros(x.shape), np.zeros(w.shape)
    seen, filters = w.shape[1], w.shape[0] // groups
    for at in np.ndindex(g.shape):
        n, o, row, column = at
        for c, i, j in np.ndindex(w.shape[1:]):
            place = (
                n,
                o // filters * seen + c,
                row * stride[0] + i * dilation[0] - padding[0][0],
                column * stride[1] + j * dilation[1] - padding[1][0],
            )
            if 0 <= place[2] < x.shape[2] and 0 <= place[3] < x.shape[3]:
                z[at] += x[place] * w[o, c, i, j]
                dx[place] += g[at] * w[o, c, i, j]
                dw[o, c, i, j] += g[at] * x[place]
    return z, dx, dw


@st.composite
def convolutions(draw):
    """The shapes and settings of a convolution in which at least one window fits."""
    small, pad = st.integers(1, 3), st.integers(0, 2)
    how = {
        "stride": (draw(small), draw(small)),
        "padding": ((draw(pad), draw(pad)), (draw(pad), draw(pad))),
        "dilation": (draw(small), draw(small)),
        "groups": draw(st.integers(1, 2)),
    }
    window = draw(small), draw(small)
    spans = [d * (k - 1) + 1 for k, d in zip(window, how["dilation"], strict=True)]
    size = [max(1, span - sum(p)) + draw(pad) for span, p in zip(spans, how["padding"], strict=True)]
    g = how["groups"]
    return (draw(small), g * draw(st.integers(1, 2)), *size), (g * draw(st.integers(1, 2)), *window), how


@given(convolutions(), st.integers(0, 2**32))
def test_convolutions_and_both_gradients_are_those_of_the_loops(shapes, seed):
    image, (filters, *window), how = shapes
    rng = np.random.default_rng(seed)
    x, w = rng.normal(size=image), rng.normal(size=(filters, image[1] // how["groups"], *window))
    z = conv2d(x, w, **how)
    g = rng.normal(size=z.shape)
    expected, dx, dw = loops(x, w, g, **how)
    np.testing.assert_allclose(z, expected, atol=1e-12)
    np.testing.assert_allclose(conv2d_input(g, w, size=x.shape[-2:], **how), dx, atol=1e-12)
    np.testing.assert_allclose(conv2d_weight(x, g, size=w.shape[-2:], **how), dw, atol=1e-12)


GEOMETRIES = [  # window, stride, padding, dilation, no two numbers alike where they might be mistaken for each other
    ((2, 3), (1, 2), ((1, 0), (0, 2)), (1, 2)),
    ((3, 1), (2, 3), ((0, 2), (1, 0)), (2, 1)),
    ((1, 2), (3, 1), ((0, 0), (2, 1)), (3, 2)),
    ((2, 2), (2, 1), ((2, 1), (1, 2)), (1, 3)),
    ((3, 3), (1, 1), ((0, 0), (0, 0)), (1, 1)),
    ((2, 2), (2, 2), ((0, 0), (0, 0)), (1, 1)),
    ((1, 1), (1, 2), ((1, 2), (0, 3)), (1, 1)),
    ((2, 1), (3, 2), ((0, 1), (0, 0)), (2, 2)),
    ((1, 3), (2, 4), ((3, 0), (0, 0)), (1, 1)),
    ((1, 3), (1, 2), ((0, 0), (1, 0)), (1, 2)),
]


@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_a_window_is_where_its_geometry_says(geometry):
    """A slice of the test above, that takes no time, and the same of pooling, with ties."""
    window, stride, padding, dilation = geometry
    how = {"stride": stride, "padding": padding, "dilation": dilation}
    x, w = normal(2, 4, 7, 8), normal(2, 2, *window)
    z = conv2d(x, w, **how, groups=2)
    g = normal(*z.shape)
    expected, dx, dw = loops(x, w, g, **how, groups=2)
    np.testing.assert_allclose(z, expected, atol=1e-12)
    np.testing.assert_allclose(conv2d_input(g, w, size=(7, 8), **how, groups=2), dx, atol=1e-12)
    np.testing.assert_allclose(conv2d_weight(x, g, size=window, **how, groups=2), dw, atol=1e-12)
    x = RNG.integers(-2, 3, size=(2, 7, 8)).astype(float)
    for one in (dilation, (1, 1)):
        pooled_as_by_loops(x, window, stride, padding, one)
        pooled_as_by_loops(np.zeros((1, 7, 8)), window, stride, padding, one)  # every number is a largest one


@pytest.mark.parametrize("n", [1, 2, 3, 5])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_which_windows_lie_on_padding_alone(n, stride):
    for window, before, after, dilation in itertools.product((1, 2), (0, 1, 3), (0, 2), (1, 3)):
        count = window_count(n, window, stride, (before, after), dilation)
        covers = [
            {k * stride - before + i * dilation for i in range(window)} & {*range(n)} for k in range(max(count, 0))
        ]
        if count > 0:
            assert without_places(n, window, stride, (before, after), dilation) == (not all(covers))


def test_shares_of_maxima_for_each_of_a_stack():
    y, ties = normal(4, 2, 3), RNG.integers(1, 4, size=(2, 3)).astype(np.uint8)
    np.testing.assert_allclose(in_shares(y, ties), y / ties)
    assert in_shares(y.astype(np.float32), ties).dtype == np.float32
    np.testing.assert_array_equal(in_shares(y[0], ties), y[0] / ties)


def pooled_as_by_loops(x, window, stride, padding, dilation):
    """Compare sums, maxima and both ways back with windows that are taken out one by one."""
    how = {"window": window, "stride": stride, "padding": padding}
    z = TABLE["max_pool2d"](x, **how, dilation=dilation)
    assert z.dtype == float
    for kind, expected in (
        (np.float32, np.float32),
        (np.int8, float if np.ptp(padding) or window == (1, 1) else np.int8),
    ):
        assert TABLE["max_pool2d"](x.astype(kind), **how, dilation=dilation).dtype == expected
    y, picked = normal(*z.shape), normal(*x.shape)
    spread, taken, sums, back = np.zeros(x.shape), np.zeros(z.shape), np.zeros(z.shape), np.zeros(x.shape)
    for n, row, column in np.ndindex(z.shape):
        places = [
            (n, row * stride[0] + i * dilation[0] - padding[0][0], column * stride[1] + j * dilation[1] - padding[1][0])
            for i, j in np.ndindex(window)
        ]
        places = [at for at in places if 0 <= at[1] < x.shape[1] and 0 <= at[2] < x.shape[2]]
        largest = max((x[at] for at in places), default=-np.inf)
        assert z[n, row, column] == largest
        ties = [at for at in places if x[at] == largest]
        for at in ties:
            spread[at] += y[n, row, column] / len(ties)
            taken[n, row, column] += picked[at] / len(ties)
        for at in places:
            sums[n, row, column] += x[at]
            back[at] += y[n, row, column]
    with np.errstate(all="ignore"):  # a window of padding alone has no place to pick from
        found = TABLE["max_picked2d"](picked, z, x, **how, dilation=dilation)
        np.testing.assert_allclose(TABLE["max_unpool2d"](y, z, x, **how, dilation=dilation), spread, atol=1e-12)
    np.testing.assert_allclose(np.where(np.isinf(z), 0.0, found), taken, atol=1e-12)
    if dilation == (1, 1):
        np.testing.assert_allclose(sum_pool2d(x, **how), sums)
        np.testing.assert_allclose(sum_unpool2d(y, size=x.shape[1:], **how), back, atol=1e-12)


@pytest.mark.parametrize(
    ("window", "stride", "padding"), [((2, 2), (2, 2), 0), ((3, 2), (1, 2), 1), ((1, 3), (2, 1), 0)]
)
def test_summing_and_spreading_are_each_others_transpose(window, stride, padding):
    x, at = normal(2, 5, 6), {"window": window, "stride": stride, "padding": ((padding, 0), (0, padding))}
    z = sum_pool2d(x, **at)
    g = normal(*z.shape)
    assert np.sum(g * z) == pytest.approx(np.sum(sum_unpool2d(g, size=(5, 6), **at) * x), rel=1e-12)


def test_stacks_of_images_and_weights_pair_up():
    x, w = normal(2, 1, 3, 2, 5, 5), normal(4, 3, 2, 2, 2)
    z = conv2d(x, w)
    assert z.shape == (2, 4, 3, 3, 4, 4)
    for i, j in np.ndindex(2, 4):
        np.testing.assert_array_equal(z[i, j], conv2d(x[i, 0], w[j]))


def test_the_order_of_axes_in_memory_changes_nothing():
    x, w = normal(3, 2, 6, 5), normal(4, 2, 3, 3)
    z = conv2d(x, w)
    for order in itertools.permutations(range(4)):
        turned = np.ascontiguousarray(x.transpose(order)).transpose(np.argsort(order))
        np.testing.assert_array_equal(conv2d(turned, w), z)
        pooled = F.max_pool2d(turned, 2, 1)
        np.testing.assert_array_equal(pooled, F.max_pool2d(x, 2, 1))


# The functions ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"stride": 2, "padding": 1},
        {"stride": (1, 2), "padding": (2, 0), "dilation": (1, 2)},
        {"padding": "same", "groups": 2},
        {"padding": "valid", "dilation": 2, "groups": 2},
    ],
)
def test_conv2d_has_exact_first_and_second_derivatives(how):
    x, w, b = normal(2, 2, 5, 4), normal(2, 2 // how.get("groups", 1), 2, 2), normal(2)
    tg.gradcheck(lambda x, w, b: F.conv2d(x, w, b, **how) ** 2, x, w, b, order=2).assert_ok()


def test_max_pooling_has_exact_first_and_second_derivatives():
    x = normal(1, 4, 5)
    for how in ({}, {"stride": 1, "padding": 1}, {"stride": (2, 1), "dilation": (1, 2)}, {"ceil_mode": True}):
        tg.gradcheck(lambda x, how=how: F.max_pool2d(x, 2, **how) ** 3, x, order=2).assert_ok()


def test_average_pooling_has_exact_derivatives():
    x = normal(1, 4, 5)
    for how in ({}, {"stride": 1, "padding": 1}, {"ceil_mode": True}, {"padding": 1, "count_include_pad": False}):
        tg.gradcheck(lambda x, how=how: F.avg_pool2d(x, 2, **how) ** 2, x, order=2).assert_ok()


def test_ties_of_a_maximum_share_its_gradient():
    x = Tensor([[[1.0, 1.0, 0.0], [1.0, 0.0, 2.0], [5.0, 0.0, 2.0]]])
    F.max_pool2d(x, 2, 1).backward(np.array([[[3.0, 10.0], [7.0, 20.0]]]))
    np.testing.assert_array_equal(x.grad, [[[1, 1, 0], [1, 0, 20], [7, 0, 10]]])


def test_padding_is_never_the_largest_and_a_nan_is_not_hidden():
    x = -np.ones((1, 3, 3))
    np.testing.assert_array_equal(F.max_pool2d(x, 3, padding=1), -np.ones((1, 1, 1)))
    x[0, 0, 0] = np.nan
    assert np.isnan(F.max_pool2d(x, 3)).all()
    assert np.isnan(F.avg_pool2d(x, 3)).all()


def test_a_window_that_may_reach_over_the_edge_may_be_larger_than_the_image():
    x = normal(2, 2, 3)
    np.testing.assert_array_equal(F.max_pool2d(x, (3, 2), ceil_mode=True)[:, 0, 0], x[:, :, :2].max(axis=(1, 2)))
    np.testing.assert_allclose(F.avg_pool2d(x, 3, ceil_mode=True), x.mean(axis=(1, 2), keepdims=True), atol=1e-15)


def test_results_that_no_image_of_this_size_gives_are_refused():
    with pytest.raises(ValueError, match="4 windows of 2 rows, dilated by 1, do not lie on 4 rows"):
        conv2d_weight(normal(1, 1, 4, 4), normal(1, 1, 4, 3), size=(2, 2))
    with pytest.raises(ValueError, match="4 windows of 2 rows, dilated by 1, do not lie on 4 rows"):
        conv2d_input(normal(1, 1, 4, 3), normal(1, 1, 2, 2), size=(4, 4))


def test_padding_same_keeps_the_size():
    for k, d in [(1, 1), (2, 1), (3, 2), (4, 1)]:
        assert F.conv2d(normal(1, 2, 7, 6), normal(3, 2, k, k), padding="same", dilation=d).shape == (1, 3, 7, 6)


def test_one_image_is_a_batch_of_one_without_its_axis():
    x, w, b = normal(2, 5, 5), normal(3, 2, 2, 2), normal(3)
    np.testing.assert_array_equal(F.conv2d(x, w, b), F.conv2d(x[None], w, b)[0])
    np.testing.assert_array_equal(F.max_pool2d(x, 2), F.max_pool2d(x[None], 2)[0])


def test_a_series_is_an_image_of_one_row():
    x, w, b = normal(2, 4, 9), normal(6, 2, 3), normal(6)
    z = F.conv1d(x, w, b, stride=2, padding=1, dilation=2, groups=2)
    image = F.conv2d(x[:, :, None], w[:, :, None], b, (1, 2), (0, 1), (1, 2), 2)
    np.testing.assert_array_equal(z, image[:, :, 0])
    np.testing.assert_array_equal(F.conv1d(x[0], w, b, groups=2), F.conv1d(x, w, b, groups=2)[0])


def test_adaptive_pooling_averages_whole_channels():
    x = normal(2, 3, 4, 6)
    np.testing.assert_allclose(F.adaptive_avg_pool2d(x, 1)[..., 0, 0], x.mean(axis=(2, 3)), atol=1e-15)
    np.testing.assert_allclose(nn.AdaptiveAvgPool2d((2, 1))(x)[..., 0, 0], x[:, :, :2].mean(axis=(2, 3)), atol=1e-15)


def test_integers_are_pooled_too():
    x = np.arange(16).reshape(1, 4, 4)
    np.testing.assert_array_equal(F.max_pool2d(x, 2), [[[5, 7], [13, 15]]])
    np.testing.assert_array_equal(F.avg_pool2d(x, 2), [[[2.5, 4.5], [10.5, 12.5]]])


# What does not fit -----------------------------------------------------------------------------------------------


def test_the_wrong_number_of_channels():
    layer = nn.Conv2d(3, 8, 5, rng=0)
    with refuses(ShapeError, "(2, 1, 28, 28)", "(8, 3, 5, 5)", "in_channels=1", "Conv2d(3, 8"):
        layer(normal(2, 1, 28, 28))
    with refuses(ShapeError, "1 channels", "see 4 in 2 groups"):
        F.conv2d(normal(1, 1, 3, 3), normal(2, 2, 1, 1), groups=2)


def test_images_that_lack_the_axis_of_channels():
    with refuses(ShapeError, "(8, 28, 28)", "8 examples", "x[:, None]"):
        nn.Conv2d(1, 4, 3, rng=0)(normal(8, 28, 28))


def test_a_bias_that_does_not_fit_the_filters():
    with refuses(ShapeError, "conv2d", "each of the 4 filters", "(4, 3, 3, 3)", "is (3,)"):
        F.conv2d(normal(2, 3, 5, 5), normal(4, 3, 3, 3), normal(3))


@pytest.mark.parametrize(
    "bias", [np.float64([1, 2]), np.float32([1, 2]), [1.0, 2.0], np.array([1, 2]), np.array([1j, 2])]
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_a_bias_promotes_as_numpy_does(dtype, bias):
    x, w = np.arange(32).reshape(2, 1, 4, 4).astype(dtype), np.arange(18).reshape(2, 1, 3, 3).astype(dtype)
    expected = F.conv2d(x, w) + np.reshape(bias, (2, 1, 1))
    for z in (F.conv2d(x, w, bias), F.conv2d(Tensor(x), Tensor(w), bias).data):
        np.testing.assert_array_equal(z, expected)
        assert z.dtype == expected.dtype


def test_no_images_give_no_results_and_no_gradient():
    x, w, b = Tensor(normal(0, 2, 5, 5)), Tensor(normal(4, 1, 3, 3)), Tensor(normal(4))
    z = F.conv2d(x, w, b, groups=2)
    assert z.shape == (0, 4, 3, 3)
    z.sum().backward()
    assert x.grad.shape == x.shape
    np.testing.assert_array_equal(w.grad, np.zeros(w.shape))
    np.testing.assert_array_equal(b.grad, np.zeros(4))


def test_a_window_that_is_larger_than_the_image():
    with refuses(ShapeError, "5×5", "(1, 1, 3, 4)", "padding=1"):
        F.conv2d(normal(1, 1, 3, 4), normal(1, 1, 5, 5))
    with refuses(ShapeError, "dilated to 5×5"):
        F.conv2d(normal(1, 1, 3, 4), normal(1, 1, 3, 3), dilation=2)
    with refuses(ShapeError, "4×4", "(1, 3, 3)"):
        F.max_pool2d(normal(1, 3, 3), 4)
    F.conv2d(normal(1, 1, 3, 4), normal(1, 1, 5, 5), padding=1)


def test_images_without_channels_or_in_rows():
    with refuses(ShapeError, "(28, 28)", "x[None]", "x.reshape(-1, 1, 28, 28)"):
        F.conv2d(normal(28, 28), normal(1, 1, 5, 5))
    with refuses(ShapeError, "(5,)", "series (N, C, L)", "x[:, None]"):
        F.conv1d(normal(5), normal(1, 1, 5))
    with refuses(ShapeError, "expected weights (O, C / groups, kh, kw), got (3, 5)"):
        F.conv2d(normal(1, 5, 5), normal(3, 5))


def test_settings_that_cannot_be():
    with refuses(ValueError, "in_channels=3", "groups=2", "use in_channels=4"):
        nn.Conv2d(3, 4, 5, groups=2)
    with refuses(ValueError, "'same' or 'valid'", "'full'"):
        F.conv2d(normal(1, 5, 5), normal(1, 1, 3, 3), padding="full")
    with refuses(ValueError, "Conv2d", "'same' or 'valid'", "'full'"):
        nn.Conv2d(1, 1, 3, padding="full")
    with refuses(ValueError, "padding='same'", "stride=(2, 2)", "padding=(1, 1)"):
        F.conv2d(normal(1, 5, 5), normal(1, 1, 3, 3), padding="same", stride=2)
    with refuses(ValueError, "padding=2", "padding=(1, 1) at the most"):
        F.max_pool2d(normal(1, 5, 5), 2, padding=2)
    with refuses(ValueError, "kernel_size must be one whole number or 2"):
        nn.Conv2d(1, 1, (3, 3, 3))
    with refuses(TypeError, "kernel_size must be a whole number"):
        nn.MaxPool2d(2.5)
    with refuses(ShapeError, "(1, 5, 5)", "2×2", "output_size=1"):
        F.adaptive_avg_pool2d(normal(1, 5, 5), 2)


# Layers ----------------------------------------------------------------------------------------------------------


def lenet(rng=0, dtype=None):
    """LeNet, for digits of 8×8 pixels."""
    rng = np.random.default_rng(rng)
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1, rng=rng, dtype=dtype),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding="same", rng=rng, dtype=dtype),
        nn.ReLU(),
        nn.AvgPool2d(2),
        nn.Flatten(),
        nn.Linear(64, 10, rng=rng, dtype=dtype),
    )


def test_layers_say_what_they_are():
    assert repr(nn.Conv2d(1, 8, 5, stride=2, padding="valid", bias=False)).startswith(
        "Conv2d(1, 8, kernel_size=(5, 5), stride=(2, 2), padding='valid', bias=False"
    )
    assert nn.Conv1d(2, 4, 3, dilation=2, groups=2).described() == (
        "Conv1d(2, 4, kernel_size=(3,), dilation=(2,), groups=2)"
    )
    assert nn.MaxPool2d(2, 1, 1, (2, 1), ceil_mode=True).described() == (
        "MaxPool2d(kernel_size=(2, 2), stride=(1, 1), padding=(1, 1), ceil_mode=True, dilation=(2, 1))"
    )
    assert nn.AvgPool2d(2, count_include_pad=False, divisor_override=3).described() == (
        "AvgPool2d(kernel_size=(2, 2), count_include_pad=False, divisor_override=3)"
    )
    assert nn.AdaptiveAvgPool2d(1).described() == "AdaptiveAvgPool2d(output_size=(1, 1))"
    assert [line.split()[-1] for line in lenet().summary().splitlines()[2:6]] == ["80", "0", "0", "1,168"]


def test_layers_keep_weight_and_bias_and_label_them():
    net = lenet()
    shapes = {name: x.shape for name, x in net.state_dict().items()}
    assert shapes["0.weight"] == (8, 1, 3, 3)
    assert shapes["3.bias"] == (16,)
    other = lenet(1)
    other.load_state_dict(net.state_dict())
    x = normal(2, 1, 8, 8)
    np.testing.assert_array_equal(other(x).data, net(x).data)
    z = net[3](net[2](net[1](net[0](x))))
    assert (net[3].weight.label, net[3].bias.label, z.label) == ("W^(2)", "b^(2)", "z^(2)")
    assert list(nn.Conv2d(1, 2, 3, bias=False).state_dict()) == ["weight"]


def test_first_weights_lie_within_one_over_the_root_of_fan_in():
    layer = nn.Conv2d(6, 40, (3, 5), groups=2, rng=3)
    bound = 1 / np.sqrt(3 * 3 * 5)
    for leaf in (layer.weight, layer.bias):
        assert np.abs(leaf.data).max() <= bound
        assert np.abs(leaf.data).max() > 0.9 * bound
    np.testing.assert_array_equal(layer.weight.data, nn.Conv2d(6, 40, (3, 5), groups=2, rng=3).weight.data)


def test_a_gradient_that_nobody_asked_for_is_not_computed(monkeypatch):
    net, asked = lenet(), []
    row = TABLE["conv2d_input"]
    forward = row.forward
    monkeypatch.setattr(row, "forward", lambda *xs, **how: asked.append(xs[0].shape) or forward(*xs, **how))
    F.cross_entropy(net(normal(4, 1, 8, 8)), np.arange(4)).backward()
    assert asked == [(4, 16, 4, 4)]  # the second layer's images, and not the first's, which are data


def trained(net, epochs, fast):
    x, y = tg.data.load_digits()
    (x, y), held_out = tg.data.split(x.reshape(-1, 1, 8, 8), y, held_out=0.2, rng=1)
    optimizer = nn.SGD(net.parameters(), lr=0.2, momentum=0.9)

    def step(images, digits):
        loss = F.cross_entropy(net(images), digits)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    step = tg.compile(step) if fast else step
    rng = np.random.default_rng(2)
    for _ in range(epochs):
        for images, digits in tg.data.batches(x, y, 64, rng=rng):
            step(images, digits)
    return held_out


def test_a_small_lenet_learns_digits():
    net = lenet()
    x, y = trained(net, 8, fast=False)
    assert np.mean(net(x).data.argmax(axis=1) == y) > 0.97


def test_compiled_training_gives_the_same_weights():
    eager, fast = lenet(), lenet()
    trained(eager, 1, fast=False)
    trained(fast, 1, fast=True)
    for a, b in zip(eager.parameters(), fast.parameters(), strict=True):
        np.testing.assert_allclose(a.data, b.data, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize(
    ("conv", "pool"),
    [
        ({}, {"kernel_size": 2}),
        ({"padding": (1, 2)}, {"kernel_size": 3, "stride": 1}),
        ({"stride": 2, "padding": 1}, {"kernel_size": 2, "stride": 1, "padding": 1}),
        ({"dilation": (1, 2)}, {"kernel_size": 2, "stride": (2, 1)}),
        ({"groups": 2}, {"kernel_size": 3, "stride": 2}),
    ],
)
@pytest.mark.parametrize("rows", [2, 0])
def test_a_program_cuts_windows_once_and_computes_relu_after_the_maxima(conv, pool, rows):
    rng = np.random.default_rng(3)
    small = {"requires_grad": True}
    w = Tensor(rng.integers(-2, 3, (4, 2 // conv.get("groups", 1), 3, 3)).astype(float), **small)
    b = Tensor(
        rng.integers(-25, 1, 4).astype(float), **small
    )  # whole numbers: many ties, and windows without a positive

    def f(x, g):
        z = F.max_pool2d(F.conv2d(x, w, b, **conv).relu(), **pool)
        return (z, *tg.gradients(z, [x, w, b], g))

    x = rng.integers(-3, 4, (rows, 2, 9, 8)).astype(float)
    like = F.max_pool2d(F.conv2d(x, w, b, **conv), **pool)
    given = Tensor(x, **small), rng.normal(size=like.shape)
    fast = tg.compile(f)
    for ours, plain in zip(fast(*given), f(*given), strict=True):
        np.testing.assert_allclose(ours.data, plain.data, rtol=1e-12, atol=1e-12)
    assert rows == 0 or (0 < (like.data <= 0).mean() < 1)
    assert fast.source.count("strips(") == 1
    assert fast.source.index("max_pool2d(") < fast.source.index("np.maximum(")


def test_single_precision_stays_single():
    net = lenet(dtype=np.float32)
    z = net(normal(2, 1, 8, 8).astype(np.float32))
    z.backward(np.ones((2, 10)))
    assert z.dtype == np.float32
    assert {p.grad.dtype for p in net.parameters()} == {np.dtype(np.float32)}


# All that reads or differentiates graphs -------------------------------------------------------------------------


def test_the_chain_rule_is_told_node_by_node():
    net = lenet()
    loss = F.cross_entropy(net(normal(2, 1, 8, 8)), np.array([1, 2]))
    told = str(tg.explain(loss, wrt=net[0].weight))
    assert "z^(1) = conv2d(" in told
    assert "∂C/∂W^(1) = conv2d_weight(" in told
    assert "max_unpool2d(" in told
    assert "conv2d(" in tg.tree(loss)
    assert "z^(1)" in tg.draw(loss).source


def test_a_gradient_derived_by_hand_is_compared_by_the_labels_of_the_layers():
    net = lenet()
    loss = F.cross_entropy(net(normal(4, 1, 8, 8)), np.array([1, 2, 3, 3]))
    loss.backward()
    right = {"W^(1)": net[0].weight.grad, "b^(2)": net[3].bias.grad, "W^(3)": net[7].weight.grad}
    assert tg.compare(right, loss).ok
    report = tg.compare(right | {"W^(3)": 4 * net[7].weight.grad}, loss)
    assert "sum instead of average" in str(report)
    assert "averaged over outputs" not in str(report)


def test_jacobians_of_batches_and_products_with_hessians():
    x, w, v = normal(2, 2, 5, 5), normal(3, 2, 2, 2), normal(3, 2, 2, 2)

    def f(w):
        return F.max_pool2d(F.conv2d(np.tanh(x), w), 2)

    matrix = tg.jacobian(f)(w)
    value, tangent = tg.jvp(f, w, v)
    np.testing.assert_allclose(np.tensordot(matrix, v, 4), tangent, atol=1e-12)
    back = tg.vjp(f, w)[1](np.ones(value.shape))[0]
    np.testing.assert_allclose(np.tensordot(np.ones(value.shape), matrix, 4), back, atol=1e-12)

    def cost(w):
        return np.sum(f(w) ** 3)

    h = 1e-5
    measured = (tg.grad(cost)(w + h * v) - tg.grad(cost)(w - h * v)) / (2 * h)
    np.testing.assert_allclose(tg.hvp(cost, w, v), measured, rtol=1e-5, atol=1e-5)


def test_the_average_of_the_gradients_of_examples_is_that_of_the_batch():
    x, y, params = normal(3, 1, 6, 6), np.array([0, 2, 1]), (normal(3, 1, 3, 3), normal(3))

    def loss(params, x, y):
        return F.cross_entropy(F.avg_pool2d(F.conv2d(x, *params), 4).reshape(len(x), 3), y)

    each = tg.per_example_gradients(loss, params, (x, y))
    for one, whole in zip(each, tg.grad(loss)(params, x, y), strict=True):
        np.testing.assert_allclose(one.mean(axis=0), whole, atol=1e-13)
