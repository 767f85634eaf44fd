"""Every layer and loss with PyTorch's name: saved and loaded bit by bit, compiled, drawn and explained."""

import copy

import numpy as np
import pytest
from test_torch_layers import made
from torch_of_layers import SAMPLES, output_of

import tinygrad_edu as tg
from tinygrad_edu import Tensor, nn

NAMES = {s.kind for s in SAMPLES}
OTHERS = {  # modules that are no layers, or have samples under another name, or none in PyTorch
    *("MLP", "Layer", "Neuron", "Module", "Sequential", "ModuleList", "Residual", "Identity", "Unflatten", "Dropout"),
    *("MultiHeadAttention", "TransformerBlock", "Hardsigmoid"),  # PyTorch's has no second derivative
}


def test_every_layer_has_a_sample():
    modules = {
        name for name in nn.__all__ if isinstance(getattr(nn, name), type) and issubclass(getattr(nn, name), nn.Module)
    }
    assert modules - NAMES == OTHERS, "write a sample of a new layer or loss into torch_of_layers.py"


def loss_of(s, module, inputs):
    """Return the weighted sum of all that a module returns, and the tensors it was called with."""
    rng = np.random.default_rng(3)
    outputs = output_of(module(*inputs, **s.call))
    return sum((z * rng.normal(size=z.shape)).sum() for z in outputs)


def given(s, inputs):
    return [Tensor(x) if isinstance(like, tuple) else x for x, like in zip(inputs, s.inputs, strict=True)]


@pytest.mark.parametrize("s", SAMPLES, ids=lambda s: s.name)
def test_it_is_saved_and_loaded_bit_by_bit(s):
    module, inputs, _ = made(s)
    other = s.build(nn)
    other.load_state_dict(module.state_dict())
    assert repr(other) == repr(module)
    for name, x in other.state_dict().items():
        assert x.tobytes() == module.state_dict()[name].tobytes()
    first, second = (loss_of(s, m.eval(), given(s, inputs)) for m in (module, other))
    assert first.item() == second.item()


@pytest.mark.parametrize("s", SAMPLES, ids=lambda s: s.name)
def test_it_is_compiled_with_its_gradients_and_state(s):
    module, inputs, _ = made(s)
    twin = copy.deepcopy(module)

    def step(m, *xs):
        loss = loss_of(s, m, xs)
        m.zero_grad()
        loss.backward()
        return loss

    tensors = [
        Tensor(x) if isinstance(like, tuple) else Tensor(x, requires_grad=False)
        for x, like in zip(inputs, s.inputs, strict=True)
    ]
    fast = tg.compile(lambda *xs: step(module, *xs))
    for scale in (1.0, 0.8):
        xs = [Tensor(x.data * scale) if x.requires_grad else x for x in tensors]
        again = [Tensor(x.data) if x.requires_grad else x for x in xs]
        assert fast(*xs).item() == pytest.approx(step(twin, *again).item(), rel=1e-9)
        for x, y in zip(xs, again, strict=True):
            if x.requires_grad:
                np.testing.assert_allclose(x.grad, y.grad, rtol=1e-7, atol=1e-9)
        for p, q in zip(module.parameters(), twin.parameters(), strict=True):
            np.testing.assert_allclose(p.grad, q.grad, rtol=1e-7, atol=1e-9)
        for name, x in module.state_dict().items():
            np.testing.assert_allclose(x, twin.state_dict()[name], rtol=1e-9)


# Deep recurrent nets are the same steps in larger graphs, of which a picture takes seconds.
@pytest.mark.parametrize("s", [s for s in SAMPLES if not s.name.endswith("deep")], ids=lambda s: s.name)
def test_it_is_drawn_and_explained(s):
    module, inputs, _ = made(s)
    loss = loss_of(s, module, given(s, inputs))
    assert "<svg" in tg.draw(loss).svg()
    loss.backward()
    assert len(str(tg.explain(loss))) > 100
    assert tg.tree(loss)


def test_batch_normalisation_and_dropout_change_between_training_and_use():
    for module in (
        nn.BatchNorm2d(3),
        nn.Dropout(0.5, rng=0),
        nn.TransformerBlock(4, 2, 8, dropout=0.5, rng=0),
        nn.LSTM(4, 3, 2, dropout=0.5, rng=0),
    ):
        x = np.random.default_rng(0).normal(size=(2, 3, 4, 4) if isinstance(module, nn.BatchNorm2d) else (2, 3, 4))
        trained = output_of(module(Tensor(x)))[0].data
        used = output_of(module.eval()(Tensor(x)))[0].data
        assert not np.allclose(trained, used)
        np.testing.assert_array_equal(used, output_of(module(Tensor(x)))[0].data)


def test_a_residual_adds_and_a_list_is_gone_through():
    x = np.arange(6.0).reshape(2, 3)
    inner = nn.Linear(3, 3, rng=0)
    np.testing.assert_array_equal(nn.Residual(inner, nn.ReLU())(x).data, x + np.maximum(inner(x).data, 0))
    assert [name for name, _ in nn.Residual(inner).named_parameters()] == ["0.weight", "0.bias"]

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.blocks = nn.ModuleList(nn.Linear(3, 3, rng=i) for i in range(2))
            self.scale = nn.Parameter([2.0])
            self.register_buffer("mean", [1.0])
            self.blocks.append(nn.Linear(3, 1, rng=2))

        def forward(self, x):
            for block in self.blocks:
                x = block(x)
            return x * self.scale

    net = Net()
    assert net(x).shape == (2, 1)
    assert len(net.blocks) == 3
    assert [name for name, _ in net.named_parameters()][:3] == ["scale", "blocks.0.weight", "blocks.0.bias"]
    assert [name for name, _ in net.named_buffers()] == ["mean"]
    with pytest.raises(TypeError, match="element 0 is 3, not a module"):
        net.blocks.append(3)
    seen = []
    net.apply(lambda module: seen.append(type(module).__name__))
    assert seen == ["Linear"] * 3 + ["ModuleList", "Net"]


def test_orthogonal_and_truncated_first_weights():
    for shape in ((3, 7), (7, 3), (4, 2, 3)):
        w = nn.init.orthogonal_(Tensor(np.zeros(shape)), gain=2.0, rng=0).data.reshape(shape[0], -1)
        product = w @ w.T if w.shape[0] <= w.shape[1] else w.T @ w
        np.testing.assert_allclose(product, 4 * np.eye(len(product)), atol=1e-12)
    drawn = nn.init.trunc_normal_(Tensor(np.zeros((100, 100), np.float32)), std=2.0, a=-1.0, b=3.0, rng=0).data
    assert drawn.dtype == np.float32
    assert -1 <= drawn.min() < -0.99
    assert 2.9 < drawn.max() <= 3
    w = Tensor(np.zeros((300, 400)))
    for draw, deviation in (
        (lambda: nn.init.kaiming_normal_(w, nonlinearity="relu", rng=0), (2 / 400) ** 0.5),
        (lambda: nn.init.kaiming_uniform_(w, a=5**0.5, rng=0), (1 / 3 / 400) ** 0.5),
        (lambda: nn.init.kaiming_normal_(w, mode="fan_out", rng=0), (2 / 300) ** 0.5),
        (lambda: nn.init.xavier_uniform_(w, gain=2.0, rng=0), 2 * (2 / 700) ** 0.5),
    ):
        assert draw() is w
        assert w.data.std() == pytest.approx(deviation, rel=0.01)
    assert nn.init.eye_(w).data.sum() == 300


def test_first_weights_by_pytorchs_names():
    init, w = nn.init, Tensor(np.zeros((40, 30)), dtype=np.float32)
    bounds = {
        "uniform_": lambda: init.uniform_(w, 2.0, 3.0, rng=0),
        "normal_": lambda: init.normal_(w, 2.5, 0.1, rng=0),
        "constant_": lambda: init.constant_(w, 2.5),
    }
    for name, draw in bounds.items():
        assert draw() is w
        assert w.dtype == np.float32
        np.testing.assert_allclose(w.data.mean(), 2.5, atol=0.02, err_msg=name)
        assert np.abs(w.data - 2.5).max() <= 0.5, name
    assert (init.zeros_(w).data == init.zeros(w.shape)).all()
    assert (init.ones_(w).data == init.ones(w.shape)).all()
    assert np.std(init.xavier_normal_(w, gain=3.0, rng=0).data) == pytest.approx(3 * (2 / 70) ** 0.5, rel=0.05)
    with pytest.raises(tg.errors.InplaceError):
        init.zeros_(w * 2)


def test_small_parts_of_nets():
    np.testing.assert_array_equal(
        nn.Unflatten(-1, (2, 3))(Tensor(np.arange(12.0).reshape(2, 6))).data, np.arange(12.0).reshape(2, 2, 3)
    )
    assert repr(nn.Unflatten(1, (2, 3))) == "Unflatten(1, (2, 3), training=True)"
    parts = nn.ModuleList([nn.Identity(), nn.Tanh()])
    assert isinstance(parts[1], nn.Tanh)
    optimizer = nn.SGD(nn.Linear(1, 1, rng=0).parameters(), lr=0.5)
    optimizer.param_groups[0].lr = 0.25
    assert optimizer.lr == 0.25


def test_attention_that_looks_back_only():
    rng = np.random.default_rng(2)
    q, k, v = (Tensor(rng.normal(size=(4, 3))) for _ in range(3))
    seen = np.tri(4, dtype=bool)
    scores = np.where(seen, q.data @ k.data.T / 3**0.5, -np.inf)
    weights = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    attend = nn.functional.scaled_dot_product_attention
    np.testing.assert_allclose(attend(q, k, v, is_causal=True).data, weights @ v.data)
    np.testing.assert_allclose(attend(q, k, v, seen, is_causal=True).data, weights @ v.data)


def test_smoothed_probabilities_as_targets():
    rng = np.random.default_rng(3)
    x, p = rng.normal(size=(4, 3)), rng.dirichlet(np.ones(3), size=4)
    log_p = x - np.log(np.exp(x).sum(axis=1, keepdims=True))
    smooth = 0.8 * p + 0.2 / 3
    loss = nn.functional.cross_entropy(Tensor(x), p, label_smoothing=0.2)
    np.testing.assert_allclose(loss.data, -(smooth * log_p).sum(axis=1).mean())
