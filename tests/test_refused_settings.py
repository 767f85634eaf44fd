"""Settings of layers, losses, starts and runs that are refused, and the small ways that are seldom taken."""

import math
import sys
import types

import numpy as np
import pytest
from refusing import refuses

import tinygrad_edu as tg
from tinygrad_edu import Tensor, nn
from tinygrad_edu.data.scaler import Scaler
from tinygrad_edu.errors import AnomalyError, CheckpointError, ShapeError
from tinygrad_edu.nn import functional, init
from tinygrad_edu.nn.optim.clip import FiniteLength
from tinygrad_edu.nn.optim.optimizer import Optimizer
from tinygrad_edu.nn.recurrent import Recurrent
from tinygrad_edu.nn.summary import in_bytes
from tinygrad_edu.train import History
from tinygrad_edu.train.progress import Progress
from tinygrad_edu.train.resume import generator_write

X = np.linspace(-1, 1, 24).reshape(2, 3, 4)

REFUSED = {
    "heads": (lambda: nn.MultiHeadAttention(6, 4), ValueError, "embed_dim=6 is no multiple of num_heads=4"),
    "attention's input": (lambda: nn.MultiHeadAttention(6, 2, batch_first=True)(X, X, X), ShapeError, "(n, length, 6)"),
    "attention's input, length first": (lambda: nn.MultiHeadAttention(6, 2)(X, X, X), ShapeError, "(length, n, 6)"),
    "activation": (lambda: nn.TransformerBlock(4, 2, activation="tanh"), ValueError, "'relu', 'gelu' or a function"),
    "a loss's setting": (lambda: nn.MSELoss(wieght=1), TypeError, "MSELoss has no setting 'wieght'"),
    "output padding": (
        lambda: functional.conv_transpose2d(np.ones((1, 2, 3, 3)), np.ones((2, 1, 2, 2)), output_padding=1),
        ValueError,
        "output_padding=(1, 1) must be below the stride (1, 1)",
    ),
    "too much padding": (
        lambda: functional.conv_transpose2d(np.ones((1, 2, 1, 1)), np.ones((2, 1, 2, 2)), padding=1),
        ShapeError,
        "nothing is left of (1, 2, 1, 1)",
    ),
    "a bell curve's tails": (lambda: init.trunc_normal((3,), a=5.0, b=6.0), ValueError, "between 5.0 and 6.0"),
    "an empty interval": (lambda: init.trunc_normal((3,), a=1.0, b=1.0), ValueError, "between 1.0 and 1.0"),
    "a mode": (lambda: init.kaiming_normal_(Tensor(X[0]), mode="fan"), ValueError, "'fan_in' or 'fan_out', not 'fan'"),
    "smoothing": (
        lambda: functional.cross_entropy(X[0], [0, 1, 2], label_smoothing=1.5),
        ValueError,
        "label_smoothing must be from 0 to 1, not 1.5",
    ),
    "reduction in the place of weight": (
        lambda: functional.cross_entropy(X[0], [0, 1, 2], "sum"),
        TypeError,
        "write reduction='sum'",
    ),
    "groups": (lambda: nn.GroupNorm(4, 6), ValueError, "6 channels are no multiple of 4 groups"),
    "channels": (lambda: nn.GroupNorm(2, 6)(X), ShapeError, "GroupNorm(2, 6) needs (n, 6, …), not (2, 3, 4)"),
    "a recurrent layer's input": (lambda: nn.LSTM(3, 2)(X), ShapeError, "LSTM needs (length, n, 3)"),
    "batch first": (lambda: nn.GRU(3, 2, batch_first=True)(X), ShapeError, "GRU needs (n, length, 3)"),
    "first states": (lambda: nn.RNN(4, 2)(X, np.zeros((1, 2, 2))), ShapeError, "(1, 3, 2), not (1, 2, 2)"),
    "a pair of states": (lambda: nn.LSTM(4, 2)(X, np.zeros((1, 3, 2))), ShapeError, "h and c"),
    "nonlinearity": (lambda: nn.RNN(4, 2, nonlinearity="gelu"), ValueError, "'tanh' or 'relu', not 'gelu'"),
    "windows of padding": (
        lambda: functional.max_pool2d(np.ones((1, 1, 2, 2)), 2, stride=1, padding=1, dilation=3),
        ValueError,
        "would hold nothing but padding",
    ),
    "milestones": (
        lambda: (lambda o: nn.optim.SequentialLR(o, [nn.optim.StepLR(o, 1)], [3]))(nn.SGD([Tensor([1.0])], lr=0.1)),
        ValueError,
        "need 0 milestones, not 1",
    ),
    "a schedule of another optimiser": (
        lambda: nn.optim.SequentialLR(
            nn.SGD([Tensor([1.0])], lr=0.1), [nn.optim.StepLR(nn.SGD([Tensor([1.0])], lr=0.1), 1)], []
        ),
        ValueError,
        "of this optimiser",
    ),
}


@pytest.mark.parametrize(("act", "error", "words"), REFUSED.values(), ids=REFUSED)
def test_a_setting_or_a_shape_that_cannot_be_is_refused_in_words(act, error, words):
    with refuses(error, words, line=error is not TypeError or "write" in words):
        act()


def test_classes_that_leave_out_what_every_one_needs():
    w = Tensor([1.0])
    w.grad = [1.0]
    bare = Optimizer([w], lr=0.1)
    assert bare.names(bare.param_groups[0]) == ()
    with pytest.raises(NotImplementedError, match="Optimizer has to define rule"):
        bare.step()
    assert w.data == [1.0]
    with pytest.raises(NotImplementedError, match="has to define next"):
        Recurrent.next(object.__new__(Recurrent), X, X, ())
    with pytest.raises(AnomalyError, match="the gradients are inf long"):
        FiniteLength()(math.inf)
    FiniteLength()(1.0)


def test_starts_in_place():
    w = Tensor(np.zeros((3, 4), np.float32), requires_grad=True)
    expected = {
        "uniform_": init.uniform((3, 4), 0.0, 1.0, rng=0),
        "normal_": init.normal((3, 4), 0.0, 1.0, rng=0),
        "xavier_normal_": init.xavier_normal((3, 4), rng=0),
        "xavier_uniform_": init.xavier_uniform((3, 4), rng=0),
    }
    for name, numbers in expected.items():
        assert getattr(init, name)(w, rng=0) is w
        np.testing.assert_array_equal(w.data, numbers.astype(np.float32))
    for name, gain in (("xavier_normal_", 3.0), ("xavier_uniform_", 3.0)):
        getattr(init, name)(w, gain, rng=0)
        np.testing.assert_allclose(w.data, 3 * expected[name], rtol=1e-6)
    assert init.constant_(w, 7.0) is w
    assert w.dtype == np.float32
    assert (w.data == 7).all()
    assert (init.zeros_(w).data == 0).all()
    assert (init.ones_(w).data == 1).all()
    assert (init.zeros((2,)) == 0).all()
    assert (init.ones((2,)) == 1).all()
    init.normal_(w, 100.0, 0.5, rng=0)
    np.testing.assert_allclose(w.data, 100 + 0.5 * expected["normal_"], rtol=1e-6)


def test_layers_in_seldom_ways():
    several = nn.Unflatten(1, (2, 2))
    assert several(Tensor(X[:, 0])).shape == (2, 2, 2)
    assert nn.Unflatten(-1, (2, 2))(Tensor(X)).shape == (2, 3, 2, 2)
    np.testing.assert_array_equal(several(Tensor(X[:, 0])).data, X[:, 0].reshape(2, 2, 2))
    assert repr(several).startswith("Unflatten(1, (2, 2)")
    modules = nn.ModuleList([nn.Tanh(), nn.ReLU()])
    assert isinstance(modules[1], nn.ReLU)
    assert isinstance(modules[-2], nn.Tanh)
    causal = functional.scaled_dot_product_attention(X, X, X, is_causal=True)
    np.testing.assert_allclose(np.asarray(causal)[:, 0], X[:, 0])
    only_self = functional.scaled_dot_product_attention(X, X, X, np.eye(3, dtype=bool), is_causal=True)
    np.testing.assert_allclose(np.asarray(only_self), X)
    p = np.array([[1.0, 0.0], [0.25, 0.75]])
    scores = np.array([[0.5, -1.0], [2.0, 0.0]])
    log = scores - np.log(np.exp(scores).sum(1, keepdims=True))
    smooth = 0.8 * p + 0.1
    found = functional.cross_entropy(scores, p, label_smoothing=0.2)
    np.testing.assert_allclose(float(np.asarray(found)), -(smooth * log).sum(1).mean())


def test_sizes_as_one_says_them():
    said = [in_bytes(n) for n in (12, 999, 1000, 1_234_000, 5e9, 7e12)]
    assert said == ["12 bytes", "999 bytes", "1 KB", "1.23 MB", "5 GB", "7e+03 GB"]
    assert repr(Scaler(X.reshape(6, 4))) == "Scaler(mean (1, 4), std (1, 4))"


# Runs --------------------------------------------------------------------------------------------------------------


class Bar:
    def __init__(self, **given):
        self.given, self.told = given, []

    def set_postfix_str(self, text, refresh):
        self.told.append((text, refresh))

    def update(self):
        self.told.append("update")

    def write(self, line, file):
        self.told.append((line, file is sys.stderr))

    def close(self):
        self.told.append("close")


def test_a_bar_in_a_notebook(monkeypatch):
    monkeypatch.setitem(sys.modules, "ipykernel", types.ModuleType("ipykernel"))
    auto = types.ModuleType("tqdm.auto")
    auto.tqdm = Bar
    monkeypatch.setitem(sys.modules, "tqdm", types.ModuleType("tqdm"))
    monkeypatch.setitem(sys.modules, "tqdm.auto", auto)
    progress = Progress(40, 10, shown=True)
    assert progress.bar.given == {"total": 40, "initial": 10, "unit": "step"}
    assert (progress.parts, progress.said) == (20, 5)
    progress.begin("begins")
    progress.step({"loss": 0.5})
    progress.step({"loss": 0.25}, last=True)
    progress.epoch({"loss": 0.25, "accuracy": 1.0})
    progress.epoch({"loss": 0.25})
    progress.close()
    assert progress.bar.told == [
        ("begins", True),
        *(("loss 0.5", False), "update", ("loss 0.25", False), "update"),
        (" 30 %  loss 0.25, accuracy 1", True),
        "close",
    ]
    assert Progress(40, 10, shown=False).bar is None


def test_lines_where_there_is_no_bar(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "ipykernel", types.ModuleType("ipykernel"))
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    progress = Progress(20, 0, shown=True)
    assert (progress.bar, progress.parts) == (None, 10)
    for _ in range(4):
        progress.step({"loss": 0.5})
    progress.step({"loss": 0.5}, last=True)
    progress.close()
    assert capsys.readouterr().err == " 10 %  loss 0.5\n 20 %  loss 0.5\n"
    silent = Progress(0, 0, shown=False)
    assert silent.total == 1
    silent.begin("nothing")
    silent.step({"loss": 1.0})
    assert capsys.readouterr().err == ""


def test_what_a_history_says_of_itself():
    history = tg.fit(nn.Linear(2, 1, rng=0), (np.ones((4, 2)), np.ones((4, 1))), epochs=2, batch_size=2, progress=False)
    assert isinstance(history, History)
    said = repr(history)
    assert said.startswith("History(2 epochs, 4 steps, ")
    assert f"loss={history.epochs[-1]['loss']:.4g}" in said
    history.epochs.clear()
    history.stopped = ""
    assert repr(history) == "History(0 epochs, 4 steps, running: )"


def test_classes_need_outputs_in_rows():
    net = nn.Sequential(nn.Linear(2, 4, rng=0), nn.Unflatten(1, (2, 2)))
    with refuses(ShapeError, "the net must have outputs (n, classes), not (1, 2, 2)"):
        tg.fit(net, (np.ones((4, 2)), np.zeros(4, int)), epochs=1, progress=False)


def test_a_generator_of_another_kind_takes_no_state():
    rng = np.random.default_rng(0)
    other = np.random.Generator(np.random.MT19937(0)).bit_generator.state
    before = rng.bit_generator.state
    for wrong in (other, {}, 3):
        with refuses(CheckpointError, "the state of a generator does not fit"):
            generator_write(rng, wrong)
    assert rng.bit_generator.state == before
