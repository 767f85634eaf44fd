"""What layers and losses compute: values and gradients against formulas written out, and bad targets refused."""

import math

import numpy as np
import pytest
from refusing import refuses

import tinygrad_edu as tg
from tinygrad_edu import Tensor, Value, nn
from tinygrad_edu.errors import DTypeError, ShapeError

F = nn.functional
RNG = np.random.default_rng(7)
SCORES = RNG.normal(size=(5, 3))
CLASSES = np.array([2, 0, 1, 1, 2])


def log_softmax(x):
    return x - np.log(np.exp(x).sum(axis=-1, keepdims=True))


def value_and_grad(f, x):
    t = Tensor(x)
    loss = f(t)
    (g,) = tg.gradients(loss, [t])
    return loss.data, g.data


# Losses ------------------------------------------------------------------------------------------------------------


def test_cross_entropy_is_the_mean_surprise_and_its_gradient_p_minus_y():
    value, grad = value_and_grad(lambda s: F.cross_entropy(s, CLASSES), SCORES)
    each = -log_softmax(SCORES)[np.arange(5), CLASSES]
    assert value == pytest.approx(each.mean(), rel=1e-14)
    np.testing.assert_allclose(grad, (np.exp(log_softmax(SCORES)) - np.eye(3)[CLASSES]) / 5, rtol=1e-12)
    np.testing.assert_allclose(F.cross_entropy(Tensor(SCORES), CLASSES, reduction="none").data, each, rtol=1e-14)
    np.testing.assert_allclose(F.cross_entropy(Tensor(SCORES), CLASSES, reduction="sum").data, each.sum(), rtol=1e-14)
    np.testing.assert_allclose(F.cross_entropy(SCORES, CLASSES), each.mean(), rtol=1e-14)
    np.testing.assert_allclose(F.cross_entropy(Tensor(SCORES[0]), 2).data, each[0], rtol=1e-14)


def test_cross_entropy_agrees_with_its_other_spellings():
    expected = value_and_grad(lambda s: F.cross_entropy(s, CLASSES), SCORES)
    for spelling in (
        lambda s: F.nll_loss(F.log_softmax(s), CLASSES),
        lambda s: F.cross_entropy(s, np.eye(3)[CLASSES]),
        lambda s: F.cross_entropy(s, Tensor(CLASSES)),
    ):
        for ours, theirs in zip(value_and_grad(spelling, SCORES), expected, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-12)


def test_classes_stand_on_axis_1_where_there_are_more_axes():
    scores, labels = RNG.normal(size=(2, 3, 4)), RNG.integers(0, 3, (2, 4))
    each = [[-log_softmax(scores[i, :, t])[labels[i, t]] for t in range(4)] for i in range(2)]
    np.testing.assert_allclose(F.cross_entropy(Tensor(scores), labels, reduction="none").data, each, rtol=1e-13)
    for log_p in (Tensor(scores), scores):
        spelled = F.nll_loss(np.swapaxes(F.log_softmax(np.swapaxes(log_p, 1, 2)), 1, 2), labels, reduction="none")
        np.testing.assert_allclose(spelled.data, each, rtol=1e-13)
    soft = np.swapaxes(np.eye(3)[labels], 1, 2)
    np.testing.assert_allclose(F.cross_entropy(Tensor(scores), soft, reduction="none").data, each, rtol=1e-13)
    with refuses(ShapeError, "scores of shape (2, 3, 4)", "shape (2, 4)", "the target has shape (2, 3)"):
        F.cross_entropy(scores, labels[:, :3])


def test_cross_entropy_survives_scores_that_overflow():
    value, grad = value_and_grad(lambda s: F.cross_entropy(s, [1]), [[1000.0, 0.0]])
    assert value == 1000
    np.testing.assert_array_equal(grad, [[1, -1]])


@pytest.mark.parametrize("loss", [F.cross_entropy, F.nll_loss])
@pytest.mark.parametrize(
    ("target", "kind", "words"),
    [
        ([2, 0, 3, 1, 2], IndexError, "class 3, but there are 3 classes (0–2), in row 2"),
        ([2, 0, 1, -1, 2], IndexError, "class -1, but there are 3 classes (0–2), in row 3"),
        ([2.0, 0.0, 1.0, 1.0, 2.0], DTypeError, "use .astype(int)"),
        ([2, 0, 1], ShapeError, "scores of shape (5, 3) go with one class an example, shape (5,)"),
        (np.zeros((5, 1), int), ShapeError, "shape (5, 1)"),
    ],
)
def test_classes_are_checked(loss, target, kind, words):
    with refuses(kind, words):
        loss(Tensor(SCORES), target)


def test_squared_absolute_and_huber_losses():
    y = np.array([[0.5, 3.0], [-1.0, 0.0]])
    x = np.array([[0.0, 0.0], [-1.0, 1.0]])
    d = x - y
    for loss, each, slope in (
        (F.mse_loss, d**2, 2 * d),
        (F.l1_loss, abs(d), np.sign(d)),
        (F.huber_loss, np.where(abs(d) < 1, d**2 / 2, abs(d) - 0.5), np.clip(d, -1, 1)),
        (lambda *a: F.smooth_l1_loss(*a, beta=2.0), np.where(abs(d) < 2, d**2 / 4, abs(d) - 1), np.clip(d / 2, -1, 1)),
    ):
        value, grad = value_and_grad(lambda t, loss=loss: loss(t, y), x)
        assert value == pytest.approx(each.mean(), rel=1e-14)
        np.testing.assert_allclose(grad, slope / 4, rtol=1e-14)
        np.testing.assert_allclose(loss(Tensor(x), y, "none").data, each, rtol=1e-14)


def test_a_column_against_a_row_is_refused_unless_meant():
    column, row = Tensor(np.zeros((4, 1))), np.ones(4)
    for loss in (F.mse_loss, F.l1_loss, F.huber_loss):
        with refuses(ShapeError, "(4, 1)", "(4,)", "they would become (4, 4)"):
            loss(column, row)
        assert loss(column, row, broadcast=True).item() > 0
    with refuses(ShapeError, "(4, 1)", "(3,)"):
        F.mse_loss(column, np.ones((3,)))


def test_losses_take_single_values():
    w = Value(3.0)
    loss = F.mse_loss(w * 2.0, 5.0)
    loss.backward()
    assert (loss.data, w.grad) == (1.0, 4.0)
    scores = Value(0.0)
    F.binary_cross_entropy_with_logits(scores, 1.0).backward()
    assert scores.grad == -0.5


def test_binary_cross_entropy_both_ways():
    z, y = RNG.normal(size=6), np.array([0.0, 1, 1, 0, 0.3, 1])
    p = 1 / (1 + np.exp(-z))
    expected = -(y * np.log(p) + (1 - y) * np.log(1 - p)).mean()
    value, grad = value_and_grad(lambda t: F.binary_cross_entropy_with_logits(t, y), z)
    assert value == pytest.approx(expected, rel=1e-13)
    np.testing.assert_allclose(grad, (p - y) / 6, rtol=1e-12)
    value, grad = value_and_grad(lambda t: F.binary_cross_entropy(t, y), p)
    assert value == pytest.approx(expected, rel=1e-13)
    np.testing.assert_allclose(grad, (p - y) / (p * (1 - p)) / 6, rtol=1e-12)


def test_binary_cross_entropy_at_certainty_is_bounded():
    value, grad = value_and_grad(lambda p: F.binary_cross_entropy(p, [1.0, 0.0, 1.0], reduction="sum"), [0.0, 0.0, 1.0])
    assert value == 100
    np.testing.assert_array_equal(grad, [-1e12, 0, 0])
    scores = Tensor([-1000.0, 1000.0, 40.0])
    each = F.binary_cross_entropy_with_logits(scores, [1.0, 0.0, 1.0], reduction="none")
    np.testing.assert_allclose(each.data, [1000, 1000, math.exp(-40)], rtol=1e-12)


def test_bad_probabilities_and_reductions_are_refused():
    with refuses(ValueError, "from -0.5 to 1.5", "binary_cross_entropy_with_logits"):
        F.binary_cross_entropy(Tensor([-0.5, 1.5]), [0.0, 1.0])
    with refuses(ValueError, "nan"):
        F.binary_cross_entropy(Tensor([math.nan]), [0.0])
    with refuses(ValueError, "'avg' is none of 'mean', 'sum', 'none'"):
        F.mse_loss(Tensor([1.0]), [1.0], "avg")
    with refuses(ValueError, "delta must be positive"):
        F.huber_loss(Tensor([1.0]), [1.0], delta=0)


# Layers ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("module", "formula"),
    [
        (nn.ReLU(), lambda x: np.maximum(x, 0)),
        (nn.Tanh(), np.tanh),
        (nn.Sigmoid(), lambda x: 1 / (1 + np.exp(-x))),
        (nn.Softplus(), lambda x: np.log1p(np.exp(x))),
        (nn.SiLU(), lambda x: x / (1 + np.exp(-x))),
        (nn.GELU(), lambda x: x * np.vectorize(lambda v: math.erfc(-v / math.sqrt(2)) / 2)(x)),
        (nn.LeakyReLU(0.1), lambda x: np.where(x > 0, x, 0.1 * x)),
        (nn.Softmax(), lambda x: np.exp(log_softmax(x))),
        (nn.LogSoftmax(), log_softmax),
        (nn.Softmax(dim=0), lambda x: np.exp(log_softmax(x.T)).T),
        (nn.Identity(), lambda x: x),
    ],
    ids=lambda x: repr(x)[:12],
)
def test_activations_compute_their_formula(module, formula):
    np.testing.assert_allclose(module(Tensor(SCORES)).data, formula(SCORES), rtol=1e-12, atol=1e-15)


def test_elu():
    np.testing.assert_allclose(F.elu(Tensor(SCORES), 2.0).data, np.where(SCORES > 0, SCORES, 2 * np.expm1(SCORES)))


def test_linear_is_a_weighted_sum_a_neuron():
    layer = nn.Linear(3, 2, rng=0)
    w, b = layer.weight._data, layer.bias._data
    expected = [[sum(w[j, k] * row[k] for k in range(3)) + b[j] for j in range(2)] for row in SCORES]
    np.testing.assert_allclose(layer(SCORES).data, expected, rtol=1e-13)
    np.testing.assert_allclose(layer(SCORES.tolist()).data, expected, rtol=1e-13)
    np.testing.assert_allclose(layer(Tensor(SCORES[0])).data, expected[0], rtol=1e-13)
    np.testing.assert_allclose(layer(SCORES.reshape(5, 1, 3)).data[:, 0], expected, rtol=1e-13)
    plain = nn.Linear(3, 2, bias=False, rng=0, dtype=np.float32)
    assert plain.bias is None
    assert plain(SCORES.astype(np.float32)).dtype == np.float32
    np.testing.assert_allclose(plain(SCORES).data, SCORES @ w.T, rtol=1e-6)


@pytest.mark.parametrize("bias", [np.float64([1, 2]), np.float32([1, 2]), 1.5, [1.0, 2.0], np.array([1, 2]), 1j])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_linear_promotes_as_numpy_does(dtype, bias):
    x, w = np.arange(6).reshape(2, 3).astype(dtype), np.arange(6).reshape(2, 3).astype(dtype)
    expected = x @ w.T + bias
    for z in (
        F.linear(x, w, bias),
        F.linear(Tensor(x), Tensor(w), bias).data,
        F.linear(x.tolist(), Tensor(w), bias).data,
    ):
        np.testing.assert_array_equal(z, expected)
    assert F.linear(x, w, bias).dtype == F.linear(Tensor(x), Tensor(w), bias).dtype == expected.dtype
    np.testing.assert_array_equal(F.linear(x.tolist(), w.tolist(), [1.0, 2.0]), x @ w.T + [1.0, 2.0])
    np.testing.assert_array_equal(F.linear(x.tolist(), w.tolist()), x @ w.T)


def test_a_bias_of_more_digits_gets_its_gradient_and_is_compiled():
    x, w, b = (Tensor(RNG.normal(size=n), dtype=kind) for n, kind in (((2, 3), "f4"), ((4, 3), "f4"), ((4,), "f8")))

    def step():
        z = (F.linear(x, w, b) ** 2).sum()
        z.backward()
        return z

    fast = tg.compile(step)
    assert fast().dtype == np.float64
    assert fast.check() < 1e-6
    assert (w.grad.dtype, b.grad.dtype) == (np.float32, np.float64)


def test_weights_and_biases_that_make_no_layer():
    x = np.ones((2, 3))
    for bias in (None, 1.0):
        with refuses(ShapeError, "a row for each neuron", "(n_out, n_in)", "(3,)"):
            F.linear(x, np.ones(3), bias)
    for bias in (np.ones(3), np.ones((5, 2, 4))):
        with refuses(ShapeError, "the bias", "each of the 4 neurons", "(4, 3)", str(bias.shape)):
            F.linear(Tensor(x), np.ones((4, 3)), bias)


def test_images_before_a_layer_have_to_be_flattened():
    net = nn.Sequential(nn.Conv2d(1, 4, 3, rng=0), nn.ReLU(), nn.Linear(144, 2, rng=0))
    with refuses(ShapeError, "expected last axis 144, got (5, 4, 6, 6)", "Flatten()", "(5, 144)"):
        net(np.ones((5, 1, 8, 8)))


def test_dropout_drops_its_share_and_keeps_the_mean():
    layer = nn.Dropout(0.25, rng=0)
    x = Tensor(np.ones((100, 100), np.float32))
    out = layer(x)
    assert set(np.unique(out.data)) == {np.float32(0), np.float32(1 / 0.75)}
    assert abs((out.data == 0).mean() - 0.25) < 0.02
    out.sum().backward()
    np.testing.assert_array_equal(x.grad, out.data)
    assert x.grad.dtype == np.float32
    assert layer.eval()(x) is x
    assert nn.Dropout(0.0)(x) is x


def test_batch_norm_measures_in_training_and_remembers_for_use():
    layer = nn.BatchNorm1d(3)
    x = RNG.normal(2, 3, size=(8, 3))
    layer.weight.data, layer.bias.data = [1.0, 2.0, 3.0], [0.5, 0.0, -1.0]
    scaled = lambda x, m, v: (x - m) / np.sqrt(v + 1e-5) * [1, 2, 3] + [0.5, 0, -1]  # noqa: E731  # a formula
    np.testing.assert_allclose(layer(Tensor(x)).data, scaled(x, x.mean(0), x.var(0)), rtol=1e-12)
    np.testing.assert_allclose(layer.running_mean.data, 0.1 * x.mean(0), rtol=1e-12)
    np.testing.assert_allclose(layer.running_var.data, 0.9 + 0.1 * x.var(0, ddof=1), rtol=1e-12)
    layer.eval()
    np.testing.assert_allclose(layer(x).data, scaled(x, 0.1 * x.mean(0), 0.9 + 0.1 * x.var(0, ddof=1)), rtol=1e-12)
    assert set(layer.state_dict()) == {"weight", "bias", "running_mean", "running_var", "num_batches_tracked"}
    assert len(layer.parameters()) == 2
    layer.train()
    with refuses(ValueError, "one number a channel", "eval()"):
        layer(x[:1])
    with refuses(ShapeError, "(8, 2)"):
        layer(x[:, :2])


def test_batch_norm_passes_gradients_through_its_measurements():
    layer = nn.BatchNorm1d(3)
    weights = RNG.normal(size=(6, 3))
    assert tg.gradcheck(lambda x: (layer(x) * weights).sum(), RNG.normal(size=(6, 3)))


def test_layer_norm_centres_each_row():
    layer = nn.LayerNorm(3)
    expected = (SCORES - SCORES.mean(1, keepdims=True)) / np.sqrt(SCORES.var(1, keepdims=True) + 1e-5)
    np.testing.assert_allclose(layer(Tensor(SCORES)).data, expected, rtol=1e-12)
    layer.weight.data, layer.bias.data = [1.0, 2.0, 3.0], [0.5, 0.0, -1.0]
    np.testing.assert_allclose(layer(SCORES).data, expected * [1, 2, 3] + [0.5, 0, -1], rtol=1e-12)
    with refuses(ShapeError, "LayerNorm(3)", "(2, 4)"):
        layer(np.ones((2, 4)))


def test_embedding_looks_rows_up_and_adds_up_their_gradients():
    layer = nn.Embedding(4, 2, rng=0)
    words = np.array([[1, 3], [1, 1]])
    out = layer(words)
    np.testing.assert_array_equal(out.data, layer.weight.data[words])
    out.sum().backward()
    np.testing.assert_array_equal(layer.weight.grad, [[0, 0], [3, 3], [0, 0], [1, 1]])
    with refuses(IndexError, "word 4, but there are 4 words (0–3)"):
        layer([0, 4])
    with refuses(IndexError, "word -1"):
        layer([-1])
    with refuses(DTypeError, "float64"):
        layer([0.0])


def test_flatten_makes_rows_of_images():
    x = Tensor(np.arange(24.0).reshape(2, 3, 4))
    np.testing.assert_array_equal(nn.Flatten()(x).data, x.data.reshape(2, 12))
    assert nn.Flatten(2)(x).shape == (2, 3, 4)


# The same net at either scale --------------------------------------------------------------------------------------


@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid"])
def test_a_net_of_values_and_its_tensors_have_the_same_loss_and_gradients(activation):
    scalars = nn.MLP(3, [4, 3, 2], activation, rng=3)
    tensors = scalars.to_tensor_model()
    x, y = RNG.normal(size=(6, 3)), RNG.normal(size=(6, 2))
    total = sum((a - t) ** 2 for row, truth in zip(x, y, strict=True) for a, t in zip(scalars(row), truth, strict=True))
    by_values = total / 12
    by_tensors = F.mse_loss(tensors(x), y)
    assert by_values.data == pytest.approx(by_tensors.item(), rel=1e-13)
    by_values.backward()
    by_tensors.backward()
    linears = [module for module in tensors if isinstance(module, nn.Linear)]
    for layer, linear in zip(scalars.layers, linears, strict=True):
        assert [p.label for p in linear.parameters()] == [f"{x}^({linear.layer_number})" for x in "Wb"]
        np.testing.assert_allclose([[w.grad for w in n.w] for n in layer.neurons], linear.weight.grad, rtol=1e-11)
        np.testing.assert_allclose([n.b.grad for n in layer.neurons], linear.bias.grad, rtol=1e-11)


def test_a_linear_layer_seen_as_neurons():
    model = nn.Sequential(nn.Linear(3, 4, rng=0), nn.ReLU(), nn.Linear(4, 2, bias=False, rng=1))
    x = SCORES[0]
    a = [neuron(x) for neuron in model[0].neurons("relu")]
    np.testing.assert_allclose([v.data for v in a], model[1](model[0](x)).data, rtol=1e-13)
    z = [neuron(a) for neuron in model[2].neurons()]
    np.testing.assert_allclose([v.data for v in z], model(x).data, rtol=1e-13)
    assert [v.label for v in (*a[:1], *z[1:])] == ["a_1^(1)", "z_2^(2)"]


@pytest.mark.parametrize("p", [1, 2, 3, 0.5, np.inf])
def test_normalize_divides_by_numpys_norm(p):
    x = np.array([[0.5, -2.0, 1.0], [3.0, 0.1, -0.2]])
    expected = x / np.linalg.norm(x, p, axis=1, keepdims=True)
    np.testing.assert_allclose(F.normalize(Tensor(x), p).data, expected, rtol=1e-14)


def test_a_cosine_of_long_vectors_does_not_overflow():
    x, y = Tensor([[1e200, 2e200]]), Tensor([[3e200, -1e200]])
    np.testing.assert_allclose(F.cosine_similarity(x, y).data, 1 / np.sqrt(50), rtol=1e-14)
