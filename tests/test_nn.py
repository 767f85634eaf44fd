"""Modules: what they find, keep, switch, show and refuse."""

from xml.etree import ElementTree

import numpy as np
import pytest
from refusing import refuses

from tinygrad_edu import Tensor, Value, nn
from tinygrad_edu.core.backprop import history
from tinygrad_edu.errors import CheckpointError, DTypeError, GradientError, ShapeError


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(3, 3, rng=0)
        self.bank = {"a": [nn.Linear(3, 3, rng=1), Tensor([1.0, 2.0])], "b": (Tensor([5.0], requires_grad=False),)}
        self.second = nn.Linear(3, 3, rng=2)
        self.second.weight = self.first.weight
        self.note = "not a part"

    def forward(self, x):
        return self.second(self.first(x))


def net(rng=0, **options):
    rng = np.random.default_rng(rng)
    return nn.Sequential(nn.Linear(4, 5, rng=rng, **options), nn.Tanh(), nn.Linear(5, 3, rng=rng, **options))


def test_parts_are_found_in_lists_tuples_and_dicts_and_tied_ones_once():
    model = Tied()
    assert [path for path, _ in model.named_parameters()] == [
        "bank.a.1",
        "first.weight",
        "first.bias",
        "bank.a.0.weight",
        "bank.a.0.bias",
        "second.bias",
    ]
    assert [path for path, _ in model.named_buffers()] == ["bank.b.0"]
    assert [path for path, _ in model.named_modules()] == ["", "first", "bank.a.0", "second"]


def test_a_tied_weight_gets_both_gradients_and_steps_once():
    model = Tied()
    x = np.random.default_rng(0).normal(size=(2, 3))
    model(x).sum().backward()
    w, b = model.first.weight._data, model.first.bias._data
    hidden = x @ w.T + b
    ones = np.ones((2, 3))
    expected = ones.T @ hidden + (ones @ w).T @ x
    np.testing.assert_allclose(model.first.weight.grad, expected, rtol=1e-12)
    before = w.copy()
    with pytest.warns(UserWarning, match="no gradient"):
        nn.SGD(model.parameters(), 0.5).step()
    np.testing.assert_allclose(model.first.weight.data, before - 0.5 * expected, rtol=1e-12)


def test_parameters_are_labelled_as_in_the_article():
    model = net()
    assert [p.label for p in model.parameters()] == ["W^(1)", "b^(1)", "W^(2)", "b^(2)"]
    hidden = model[1](model[0](np.ones((1, 4))))
    assert (hidden.label, hidden.inputs[0].label) == ("a^(1)", "z^(1)")
    assert model(np.ones((1, 4))).label == "z^(2)"
    nested = nn.Sequential(net(), nn.ReLU(), nn.Sequential(nn.Linear(3, 2, rng=0)))
    assert [p.label for p in nested.parameters()][-2:] == ["W^(3)", "b^(3)"]
    mine = Tied()
    assert [p.label for p in (mine.first.weight, mine.first.bias, mine.second.bias)] == ["W^(1)", "b^(1)", "b^(3)"]
    assert [p.label for p in nn.Linear(1, 1, rng=0).parameters()] == ["W", "b"]
    named = nn.Linear(1, 1, rng=0)
    named.weight.label = "slope"
    assert nn.Sequential(named)[0].weight.label == "slope"
    assert [p.label for p in nn.Layer(1, 2, rng=0).parameters()] == ["w_11", "b_1", "w_21", "b_2"]
    scalars = nn.MLP(2, [12, 1], rng=0)
    assert [p.label for p in scalars.layers[0].neurons[9].parameters()] == ["w_10,1^(1)", "w_10,2^(1)", "b_10^(1)"]
    assert scalars.layers[1].neurons[0].w[1].label == "w_12^(2)"
    assert scalars([1.0, 2.0]).label == "z_1^(2)"


def test_a_call_is_an_interval_of_ticks():
    model = net()
    x = Tensor(np.ones((2, 4)))
    loss = model(x).sum()
    calls = {path: (first, last) for path, _, first, last in model.named_calls()}
    assert list(calls) == ["", "0", "1", "2"]
    made = {path: [] for path in calls}
    for node in history(loss):
        for path, (first, last) in calls.items():
            if first < node.born < last:
                made[path].append(node.op.name)
    assert made == {
        "": ["linear", "tanh", "linear"],
        "0": ["linear"],
        "1": ["tanh"],
        "2": ["linear"],
    }
    assert nn.Linear(2, 2, rng=0).named_calls() == []


def test_train_and_eval_reach_every_part_and_show():
    model = nn.Sequential(nn.Linear(2, 2, rng=0), nn.Sequential(nn.Dropout(0.5, rng=0)))
    x = np.ones((50, 2))
    assert repr(model).startswith(
        "Sequential(training=True)\n  0: Linear(2, 2)\n  1: Sequential()\n    0: Dropout(p=0.5)"
    )
    dropped = model(x).data
    assert (dropped == 0).any()
    assert model.eval() is model
    assert not any(module.training for _, module in model.named_modules())
    np.testing.assert_array_equal(model(x).data, model(x).data)
    model[1].train()
    assert "1: Sequential(training=True)" in repr(model)
    assert "training=False" in repr(nn.Linear(1, 1, rng=0).eval())


def test_summary_counts_what_is_learnt():
    lines = net().summary().splitlines()
    assert [line.split() for line in lines if "(" in line] == [
        ["0", "Linear(4,", "5)", "25"],
        ["1", "Tanh()", "0"],
        ["2", "Linear(5,", "3)", "18"],
    ]
    assert lines[-1].split() == ["Sequential", "43"]
    assert "layers.1  Layer(3, 1)" in nn.MLP(2, [3, 1], rng=0).summary()
    assert "layers.1.neurons.0" in nn.MLP(2, [3, 1], rng=0).summary(depth=2)


def test_summary_of_an_example_tells_shapes_products_and_memory():
    net = nn.Sequential(nn.Conv2d(1, 4, 3, rng=0), nn.ReLU(), nn.Flatten(), nn.Dropout(0.5), nn.Linear(144, 2, rng=0))
    lines = net.summary(example=np.ones((5, 1, 8, 8))).splitlines()
    assert lines[0].split() == ["layer", "kind", "parameters", "output", "multiply-adds"]
    cells = [line.split("  ") for line in lines]
    assert [c[-1] for c in cells if len(c) > 4] == ["multiply-adds", "6,480", "0", "0", "0", "1,440", "7,920"]
    assert "(5, 4, 6, 6)" in lines[2]
    assert "(5, 2)" in lines[6]
    assert lines[-1].startswith("memory: 2.64 KB of weights, ")
    assert net.training
    both = nn.Sequential(nn.ConvTranspose2d(2, 3, 2, rng=0)).summary(example=np.ones((1, 2, 4, 4)))
    assert str(4 * 4 * 2 * 3 * 4) in both

    class Sums(nn.Module):
        def forward(self, x):
            return np.einsum("bij,bkj->bik", x, x)

    assert Sums().summary(example=Tensor(np.ones((2, 3, 5)))).total.multiply_adds == 2 * 3 * 3 * 5
    assert nn.LSTM(3, 2, rng=0).summary(example=np.ones((4, 2, 3))).count("memory") == 1


@pytest.mark.parametrize("example", [None, np.ones((2, 6, 8))])
def test_a_summary_draws_any_net(example, tmp_path):
    net = nn.Sequential(nn.TransformerBlock(8, 2, 16, rng=0), nn.Flatten(), nn.Linear(48, 2, rng=0))
    summary = net.summary(depth=2, example=example)
    assert [row.path for row in summary.rows][:2] == ["0", "0.self_attn"]
    picture = ElementTree.fromstring(summary.draw().svg())
    said = [text.text for text in picture.iter("{http://www.w3.org/2000/svg}text")]
    for row in summary.rows:
        assert f"{row.path}  {row.kind}" in said
    assert any(f"{summary.total.parameters:,} parameters" in text for text in said)
    whole = summary.total.parameters if example is None else summary.total.multiply_adds
    parts = [row.parameters if example is None else row.multiply_adds for row in summary.rows]
    bars = [float(r.get("width")) for r in picture.iter("{http://www.w3.org/2000/svg}rect") if r.get("height") == "8"]
    np.testing.assert_allclose(bars, [150 * part / whole for part in parts], atol=0.06)
    assert summary.draw().save(tmp_path / "net.html").endswith("net.html")


def test_a_parameter_of_a_tensor_is_a_leaf_of_its_own():
    x = Tensor([1.0, 2.0])
    p, q = nn.Parameter(x), nn.Parameter(x * 3.0)
    assert (p.op, q.op, p.requires_grad, q.requires_grad) == (None, None, True, True)
    assert q.data.tolist() == [3, 6]
    p.data = [5.0, 5.0]
    assert x.data.tolist() == [1, 2]


def test_gradients_are_none_and_never_zeros():
    layer = nn.Linear(2, 1, rng=0)
    for owner in (layer, nn.SGD(layer.parameters(), 0.1)):
        layer(np.ones((1, 2))).sum().backward()
        with refuses(ValueError, "makes gradients None, not zeros"):
            owner.zero_grad(set_to_none=False)
        assert layer.weight.grad is not None
        owner.zero_grad()
        assert layer.weight.grad is None


# Keeping and loading numbers ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [net, lambda rng: nn.MLP(2, [3, 1], rng=rng)])
def test_state_goes_from_one_net_to_another(make):
    one, other = make(rng=1), make(rng=2)
    state = one.state_dict()
    assert list(state) == [path for path, _ in one.named_parameters()]
    other.load_state_dict(state)
    assert all(np.array_equal(p.data, q.data) for p, q in zip(one.parameters(), other.parameters(), strict=True))
    assert make is not net or list(state) == ["0.weight", "0.bias", "2.weight", "2.bias"]


def test_a_kept_state_is_a_copy():
    model = net()
    state = model.state_dict()
    state["0.weight"][:] = 7
    assert not (model[0].weight.data == 7).any()
    model.load_state_dict(state)
    state["0.weight"][:] = 8
    assert (model[0].weight.data == 7).all()


def test_a_state_that_does_not_fit_is_refused_whole_with_all_its_faults():
    model = net()
    before = model.state_dict()
    state = net(rng=9).state_dict()
    state["0.weihgt"] = state.pop("0.weight")
    state["2.weight"] = state["2.weight"].T
    state["2.bias"] = state["2.bias"].astype(np.int64)
    state["9.extra"] = np.zeros(2)
    with pytest.raises(CheckpointError) as caught:
        model.load_state_dict(state)
    for words in (
        "missing: 0.weight, float64 (5, 4) (is it 0.weihgt?)",
        "does not fit: 2.weight is float64 (3, 5) in the net, float64 (5, 3) in the state",
        "does not fit: 2.bias is float64 (3,) in the net, int64 (3,) in the state",
        "unexpected: 0.weihgt",
        "unexpected: 9.extra, float64 (2,)",
    ):
        assert words in str(caught.value)
    after = model.state_dict()
    assert all(np.array_equal(before[path], after[path]) for path in before)


def test_a_state_of_less_precision_fits_and_one_of_more_does_not():
    single = {path: x.astype(np.float32) for path, x in net(rng=9).state_dict().items()}
    model = net()
    model.load_state_dict(single)
    assert all(x.dtype == np.float64 and np.array_equal(x, single[path]) for path, x in model.state_dict().items())
    with pytest.raises(CheckpointError, match=r"float32 .* in the net, float64"):
        nn.Linear(5, 3, dtype=np.float32).load_state_dict(nn.Linear(5, 3).state_dict())
    with pytest.raises(CheckpointError, match=r"give tg.load\(path\)"):
        model.load_state_dict("net.pt")


def test_a_state_that_is_not_strict_leaves_the_rest_alone():
    model, other = net(), net(rng=9).state_dict()
    before = model.state_dict()
    model.load_state_dict({"2.bias": other["2.bias"], "head.weight": np.ones(2)}, strict=False)
    after = model.state_dict()
    assert np.array_equal(after.pop("2.bias"), other["2.bias"])
    assert all(np.array_equal(before[path], x) for path, x in after.items())
    with pytest.raises(CheckpointError, match=r"does not fit: 2\.bias"):
        model.load_state_dict({"2.bias": np.ones(9)}, strict=False)


def test_parts_of_a_sequential_are_nets_and_keep_their_numbers():
    layers = {"first": nn.Linear(4, 5, rng=0), "act": nn.Tanh(), "last": nn.Linear(5, 3, rng=1)}
    model = nn.Sequential(layers)
    assert [*model.state_dict()] == ["first.weight", "first.bias", "last.weight", "last.bias"]
    x = np.ones((2, 4))
    assert np.array_equal(model[1:](model[:1](x)).data, model(x).data)
    assert (model[1:][1].weight.label, model.layers[2].layer_number) == ("W^(2)", 2)
    assert model.append(nn.Linear(3, 1)) is model
    assert (len(model), model(x).shape, [*model.state_dict()][-1]) == (4, (2, 1), "3.bias")
    with pytest.raises(TypeError, match=r"argument 4 is 2\.0"):
        model.append(2.0)


# Refusals ----------------------------------------------------------------------------------------------------------


def test_forgetting_super_is_named():
    class Forgetful(nn.Module):
        def __init__(self):
            self.layers = [nn.Linear(2, 2, rng=0)]

    with pytest.raises(GradientError, match=r"Forgetful.__init__: call super\(\).__init__\(\) first"):
        Forgetful()


def test_a_parameter_is_not_replaced_by_an_array():
    layer = nn.Linear(2, 2, rng=0)
    before = layer.weight
    with pytest.raises(DTypeError, match=r"write \.weight\.data = "):
        layer.weight = np.zeros((2, 2))
    with pytest.raises(TypeError):
        layer.bias = layer(np.ones((1, 2)))
    assert layer.weight is before
    layer.bias = None
    layer.weight = Tensor(np.zeros((2, 2)))
    assert [path for path, _ in layer.named_parameters()] == ["weight"]


@pytest.mark.parametrize(
    ("make", "kind", "words"),
    [
        (lambda: nn.Linear(0, 2), ValueError, "in_features must be at least 1, not 0"),
        (lambda: nn.Linear(2, -1), ValueError, "out_features must be at least 1, not -1"),
        (lambda: nn.Linear(2.0, 2), TypeError, "in_features must be a whole number, not 2.0"),
        (lambda: nn.Linear("3", 2), TypeError, "in_features must be a whole number, not '3'"),
        (lambda: nn.Linear(True, 2), TypeError, "in_features must be a whole number, not True"),
        (lambda: nn.Neuron(0), ValueError, "Neuron: n_in must be at least 1"),
        (lambda: nn.Layer(2, 0), ValueError, "Layer: n_out must be at least 1"),
        (lambda: nn.MLP(2, []), ValueError, "n_outs is empty"),
        (lambda: nn.Neuron(2, "rely"), ValueError, "'rely' is none of relu"),
        (lambda: nn.Dropout(1.0), ValueError, "p must be from 0 up to, but not including, 1, not 1.0"),
        (lambda: nn.Dropout(-0.1), ValueError, "not -0.1"),
        (lambda: nn.Embedding(0, 2), ValueError, "Embedding: num_embeddings must be at least 1"),
        (lambda: nn.BatchNorm1d(1.5), TypeError, "num_features must be a whole number"),
        (lambda: nn.Linear(2, 2, rng="seed"), TypeError, "rng must be"),
        (lambda: nn.MLP(2, [1], rng="seed"), TypeError, "rng must be"),
        (lambda: nn.Linear(2, 2, dtype=int), TypeError, "cannot carry a gradient"),
        (lambda: nn.LayerNorm(2, dtype=int), TypeError, "cannot carry a gradient"),
        (lambda: nn.Sequential([nn.ReLU()]), TypeError, "argument 0 is"),
        (lambda: nn.Module()(1), NotImplementedError, "forward"),
        (lambda: nn.init.xavier_uniform((3,)), ValueError, "two axes"),
        (lambda: nn.init.kaiming_normal((3, 3), "rely"), ValueError, "'rely' is none of"),
    ],
)
def test_sizes_and_settings_are_checked(make, kind, words):
    with refuses(kind, words):
        make()


@pytest.mark.parametrize("shape", [(5, 3), (2,), ()])
def test_inputs_of_another_width_are_refused(shape):
    with refuses(ShapeError, "expected last axis 4", str(shape), "in Linear(4, 5)"):
        nn.Linear(4, 5, rng=0)(np.ones(shape))


def test_a_neuron_counts_its_inputs():
    with refuses(ShapeError, "2 weights", "3 inputs"):
        nn.Neuron(2, rng=0)([1.0, 2.0, 3.0])


def test_a_neuron_takes_any_inputs_but_a_tensor():
    layer = nn.Layer(2, 2, rng=0)
    expected = [a.data for a in layer([1.0, 2.0])]
    for x in ((1, 2), np.array([1.0, 2.0]), np.array([1, 2]), map(float, (1, 2)), [Value(1.0), Value(2.0)]):
        assert [a.data for a in layer(x)] == expected
    for x in (Tensor([1.0, 2.0], label="x"), Value(1.0, label="x")):
        with refuses(DTypeError, "list of numbers or Values, not `x`", "to_tensor_model()"):
            layer(x)


# Randomness --------------------------------------------------------------------------------------------------------


def test_global_random_state_is_left_alone():
    before = np.random.get_state()[1].copy()
    model = nn.Sequential(nn.Linear(3, 3), nn.Dropout(0.5), nn.Embedding(3, 3))
    model[1](np.ones((2, 3)))
    np.testing.assert_array_equal(np.random.get_state()[1], before)


def test_a_seed_gives_the_same_net_and_none_another():
    assert np.array_equal(nn.Linear(3, 2, rng=5).weight.data, nn.Linear(3, 2, rng=5).weight.data)
    assert not np.array_equal(nn.Linear(3, 2).weight.data, nn.Linear(3, 2).weight.data)
    one, other = (nn.MLP(2, [3, 1], rng=5).state_dict() for _ in range(2))
    assert one == other
    assert isinstance(nn.MLP(2, [1], rng=np.random.default_rng(0)).parameters()[0].data, float)


@pytest.mark.parametrize(
    ("draw", "deviation"),
    [
        (nn.init.xavier_uniform, (2 / 700) ** 0.5),
        (nn.init.xavier_normal, (2 / 700) ** 0.5),
        (nn.init.kaiming_uniform, (2 / 400) ** 0.5),
        (nn.init.kaiming_normal, (2 / 400) ** 0.5),
    ],
)
def test_first_weights_have_the_promised_spread(draw, deviation):
    w = draw((300, 400), rng=0)
    assert w.shape == (300, 400)
    assert abs(w.mean()) < deviation / 100
    assert w.std() == pytest.approx(deviation, rel=0.01)


def test_linear_starts_within_one_over_the_root_of_its_inputs():
    layer = nn.Linear(25, 1000, rng=0)
    assert 0.19 < np.abs(layer.weight.data).max() <= 0.2
    assert 0.19 < np.abs(layer.bias.data).max() <= 0.2


def test_values_can_be_parameters_of_a_module_of_ones_own():
    class Line(nn.Module):
        def __init__(self):
            super().__init__()
            self.slope, self.offset = Value(0.0), Value(0.0)

        def forward(self, x):
            return self.slope * x + self.offset

    line = Line()
    optimizer = nn.SGD(line.parameters(), lr=0.1)
    for _ in range(200):
        loss = sum((line(x) - (3 * x - 1)) ** 2 for x in (-1.0, 0.0, 1.0)) / 3
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert line.slope.data == pytest.approx(3, abs=1e-3)
    assert line.offset.data == pytest.approx(-1, abs=1e-3)
