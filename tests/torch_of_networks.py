"""What PyTorch has of our activations, losses and layers; NumPy has none of these."""

import numpy as np
from torch_sampling import Draw, P, R, S, Sample, U, same, same_activation

import tinygrad_edu.nn.functional as F  # noqa: N812  # what users of PyTorch call it

LABELS = np.array([2, 0, 1, 2])


ACTIVATIONS = [
    *same_activation("relu relu6 elu selu silu mish softsign softplus hardtanh hardswish leaky_relu logsigmoid gelu"),
    *same((R(2, 3),), "sigmoid erf erfc"),
    *same((U(2, 3),), "logit"),
    *same((P(2, 3),), "lgamma digamma"),
    *same((R(2, 3), P(3)), "xlogy"),
    # torch.nn.functional.hardsigmoid has no second derivative
    Sample(
        "hardsigmoid",
        (Draw((2, 4), -5.0, 5.0),),
        lambda m, x: m.hardsigmoid(x),
        lambda t, x: t.nn.functional.relu6(x + 3) / 6,
    ),
    Sample("polygamma 1", (P(4),), lambda m, x: m.polygamma(x, n=1), lambda t, x: t.polygamma(1, x)),
    Sample("polygamma 2", (P(4),), lambda m, x: m.polygamma(x, n=2), lambda t, x: t.polygamma(2, x)),
    Sample("lgamma of negatives", (S(4),), lambda m, x: m.lgamma(x), lambda t, x: t.lgamma(x)),
    Sample("entropy", (U(4),), lambda m, x: m.entropy(x), lambda t, x: t.special.entr(x)),
    Sample(
        "gelu, tanh",
        (R(4),),
        lambda m, x: m.gelu(x, approximate="tanh"),
        lambda t, x: t.nn.functional.gelu(x, approximate="tanh"),
    ),
    Sample("elu, alpha", (R(4),), lambda m, x: m.elu(x, 0.7), lambda t, x: t.nn.functional.elu(x, 0.7)),
    Sample(
        "leaky_relu, slope", (R(4),), lambda m, x: m.leaky_relu(x, 0.2), lambda t, x: t.nn.functional.leaky_relu(x, 0.2)
    ),
    Sample("softmax", (R(2, 3),), lambda m, x: m.softmax(x), lambda t, x: t.softmax(x, -1)),
    Sample("softmax, axis 0", (R(2, 3),), lambda m, x: m.softmax(x, axis=0), lambda t, x: t.softmax(x, 0)),
    Sample("log_softmax", (R(2, 3),), lambda m, x: m.log_softmax(x), lambda t, x: t.log_softmax(x, -1)),
    Sample("logsumexp", (R(2, 3),), lambda m, x: m.logsumexp(x, axis=1), lambda t, x: t.logsumexp(x, 1)),
    Sample(
        "logsumexp of all",
        (R(2, 3),),
        lambda m, x: m.logsumexp(x, keepdims=True),
        lambda t, x: t.logsumexp(x, (0, 1), True),
    ),
]


def loss(name, *operands, ours=(), **keywords):
    """Sample a loss of torch.nn.functional in each of its reductions."""
    return [
        Sample(
            f"{name}, {reduction}",
            operands,
            lambda m, *xs, r=reduction: getattr(F, name)(*xs, *ours, reduction=r, **keywords),
            lambda t, *xs, r=reduction: getattr(t.nn.functional, name)(
                *xs, *map(t.tensor, ours), reduction=r, **keywords
            ),
        )
        for reduction in ("mean", "sum", "none")
    ]


def attention(m, queries, keys, values):
    """Look up values by how well their keys fit the queries."""
    return m.softmax(queries @ keys.mT / 2.0, -1) @ values


def perceptron(m, x, v, w):
    """Compute two layers."""
    return m.tanh(x @ v) @ w


def windows(name, operands, *settings):
    """Sample a function of torch.nn.functional that looks through windows, in several settings."""
    return [
        Sample(
            f"{name}, {', '.join(f'{key} {value}' for key, value in how.items()) or 'plainly'}",
            operands,
            lambda m, *xs, how=how: getattr(F, name)(*xs, **how),
            lambda t, *xs, how=how: getattr(t.nn.functional, name)(*xs, **how),
        )
        for how in settings
    ]


NETWORKS = [
    *windows(
        "conv2d",
        (R(1, 2, 5, 4), R(2, 2, 3, 2), R(2)),
        {},
        {"stride": 2, "padding": 1},
        {"stride": (1, 3), "padding": (2, 1), "dilation": (2, 1)},
        {"padding": "same", "dilation": (1, 2)},
    ),
    *windows("conv2d", (R(2, 3, 3), R(2, 1, 2, 2)), {"groups": 2}),
    *windows("conv1d", (R(1, 2, 7), R(2, 1, 3), R(2)), {"stride": 2, "padding": 1, "dilation": 2, "groups": 2}),
    *windows(
        "max_pool2d",
        (R(1, 5, 6),),
        {"kernel_size": 2},
        {"kernel_size": (3, 2), "stride": 1, "padding": 1},
        {"kernel_size": 2, "stride": (2, 3), "dilation": (2, 1), "ceil_mode": True},
    ),
    *windows(
        "avg_pool2d",
        (R(1, 5, 6),),
        {"kernel_size": 2},
        {"kernel_size": (3, 2), "stride": (1, 2), "padding": 1},
        {"kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": True},
        {"kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": True, "count_include_pad": False},
        {"kernel_size": 2, "divisor_override": 3},
    ),
    *windows("adaptive_avg_pool2d", (R(1, 4, 6),), {"output_size": (2, 1)}),
    Sample("attention", (R(2, 3, 4), R(2, 5, 4), R(2, 5, 3)), attention, attention),
    Sample(
        "perceptron",
        (R(4, 2), R(2, 5), R(5, 3)),
        lambda m, *xs: F.cross_entropy(perceptron(m, *xs), LABELS),
        lambda t, *xs: t.nn.functional.cross_entropy(perceptron(t, *xs), t.tensor(LABELS)),
    ),
    Sample(
        "likelihood of a normal distribution",
        (R(3), R(3, 3)),
        lambda m, x, a: m.linalg.slogdet(a @ a.mT)[1] + m.dot(x, m.linalg.solve(a @ a.mT, x)),
        lambda t, x, a: t.linalg.slogdet(a @ a.mT)[1] + t.dot(x, t.linalg.solve(a @ a.mT, x)),
    ),
    *loss("mse_loss", R(4, 3), R(4, 3)),
    *loss("l1_loss", R(4, 3), R(4, 3)),
    *loss("huber_loss", R(4, 3), R(4, 3), delta=0.8),
    *loss("smooth_l1_loss", R(4, 3), R(4, 3), beta=0.8),
    *loss("cross_entropy", R(4, 3), ours=(LABELS,)),
    Sample(
        "cross_entropy of probabilities",
        (R(4, 3), U(4, 3)),
        lambda m, x, p: F.cross_entropy(x, p),
        lambda t, x, p: t.nn.functional.cross_entropy(x, p),
    ),
    *loss("nll_loss", R(4, 3), ours=(LABELS,)),
    *loss("binary_cross_entropy", U(4, 3), U(4, 3)),
    *loss("binary_cross_entropy_with_logits", R(4, 3), U(4, 3)),
    Sample(
        "linear", (R(4, 3), R(2, 3), R(2)), lambda m, *xs: F.linear(*xs), lambda t, *xs: t.nn.functional.linear(*xs)
    ),
    Sample(
        "embedding",
        (R(3, 2),),
        lambda m, w: F.embedding(LABELS, w),
        lambda t, w: t.nn.functional.embedding(t.tensor(LABELS), w),
    ),
    Sample(
        "layer_norm",
        (R(4, 3), R(3), R(3)),
        lambda m, x, w, b: F.layer_norm(x, (3,), w, b),
        lambda t, x, w, b: t.nn.functional.layer_norm(x, (3,), w, b),
    ),
    Sample(
        "batch_norm",
        (R(4, 3), R(3), P(3), R(3), R(3)),
        lambda m, *xs: F.batch_norm(*xs),
        lambda t, x, mean, variance, w, b: (x - mean) / t.sqrt(variance + 1e-5) * w + b,
    ),
    Sample(
        "batch_norm in training",
        (R(4, 3), R(3), R(3)),
        lambda m, x, w, b: F.batch_norm(x, None, None, w, b, training=True),
        lambda t, x, w, b: t.nn.functional.batch_norm(x, None, None, w, b, training=True),
    ),
]
