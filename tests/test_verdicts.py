"""Right is never called wrong, nor wrong right: kinks, zeros, single precision, typed digits, forms of input."""

import numpy as np
import pytest
from nets_by_hand import learner, net

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.check.compare.formulas import compare_formulas
from tinygrad_edu.check.replay.sides import SWITCHES
from tinygrad_edu.core.backprop import history
from tinygrad_edu.core.op import TABLE
from tinygrad_edu.errors import GradientError

KINKS = [  # a function, a derivative, whether it is right
    ("relu(x)", "1", False),
    ("relu(x)", "x > 0", True),
    ("relu(w*x + b)", "x = w", False),
    ("relu(w*x + b)", "x = w * (w*x + b > 0)", True),
    ("abs(x)", "1", False),
    ("abs(x)", "sign(x)", True),
    ("x*abs(x)", "2*x", False),
    ("x*abs(x)", "2*abs(x)", True),
    ("log(abs(x))", "1/abs(x)", False),
    ("log(abs(x))", "1/x", True),
    ("x**2", "2*abs(x)", False),  # the kink is in what was derived
    ("max(x, 3)", "1", False),
    ("max(x, 3)", "x > 3", True),
    ("min(x, 30*w)", "x = 1", False),
    ("clip(x, -2, 2)", "1", False),
    ("relu(x - 40)", "0", False),  # far from any point that is drawn
    ("relu(-x - 40)", "0", False),
    ("relu(relu(x) - 25)", "0", False),
    ("x if x > 7 else 2*x", "2", False),
    ("x if x > 7 else 2*x", "1 if x > 7 else 2", True),
    ("hardtanh(x)", "1", False),
    ("leaky_relu(x)", "1", False),
    ("elu(x)", "1", False),
]


@pytest.mark.parametrize(("function", "hand", "right"), KINKS)
def test_points_lie_on_both_sides_of_every_kink(function, hand, right):
    report = compare_formulas(function, [hand], "", {}, 0)
    assert report.ok is right
    assert not report.untested


@pytest.mark.parametrize("hand", [lambda x: np.ones_like(x), lambda x: 1.0 * (x > 0)])
def test_kinks_of_arrays_have_points_on_both_sides_too(hand):
    def f(x=np.ones(5)):  # noqa: B008  # the default is the example
        return tg.relu(x + 3.0).sum()

    assert not tg.compare(hand, f).ok
    assert tg.compare(lambda x: 1.0 * (x > -3), f).ok


def test_what_no_point_can_show_is_said():
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(7, 4)), tg.Tensor(rng.normal(size=(3, 4)), label="W^(1)")
    b = tg.Tensor(np.full(3, 50.0), label="b^(1)")
    cost = (tg.relu(x @ w.T + b) ** 2).sum()
    report = tg.compare(2 * ((x @ w.data.T + b.data).T @ x), w, cost)  # σ' was forgotten, and is 1 everywhere
    assert report.ok
    assert report.untested == ("no ReLU was off (a^(1)) in this batch: the derivative there was not tested",)
    assert "as far as it was tested" in report.headline()
    assert "not tested: no ReLU was off" in str(report)
    both = tg.relu(x @ w.T)
    assert not tg.compare(2 * (both.data.T @ x), w, (both**2).sum()).untested
    never = compare_formulas("relu(exp(x))", ["exp(x)"], "", {}, 0)
    assert never.ok
    assert "at any point that was tried" in never.untested[0]


def test_the_table_of_switches_has_every_row_whose_rules_compare():
    """Run every rule on nodes: where it records a comparison of its operands, the row switches there."""
    comparing = set()
    for name, row in TABLE.items():
        count = row.text.count("{}")
        if not row.rules or not row.elementwise or count > 3:
            continue
        operands = [tg.Tensor(np.array([0.3, 0.6]) + i) for i in range(count)]
        params = {"polygamma": {"n": 1}, "astype": {"dtype": np.dtype(float)}}.get(name, {})
        with np.errstate(invalid="ignore"):
            z = row(*operands, **params)
            ones = tg.Tensor(np.ones(2))
            slopes = [rule(ones, z, *operands, **z.params) for rule in row.rules[:count] if rule is not None]
        for g in slopes:
            if isinstance(g, tg.Tensor):
                comparing |= {name for node in history(g) if node.op is not None and node.op.name in COMPARING}
    smooth = {"where", "xlogy", "hypot", "logaddexp", "logaddexp2", "power", "erfc", "silu", "softplus"}
    jumps = {"remainder", "fmod", "floor_divide"}
    assert {name for name in comparing if name not in SWITCHES} <= smooth | jumps | SAFE
    assert set(SWITCHES) <= set(TABLE)


COMPARING = {"greater", "greater_equal", "less", "less_equal", "equal", "sign", "logical_and"}
SAFE = {"sinc", "arctan2", "lgamma", "cbrt", "angle"}  # their rules compare to avoid 0/0, and have no kink


def batch_norm(rng):
    """Return a net with a bias before a batch norm, whose gradient is zero but for rounding, and all parameters."""
    x, y = rng.normal(size=(32, 6)), rng.integers(0, 4, 32)
    shapes = {"W1": (6, 8), "b1": (8,), "gain": (8,), "shift": (8,), "W2": (8, 4), "b2": (4,)}
    leaves = {name: tg.Tensor(rng.normal(size=shape), label=name) for name, shape in shapes.items()}
    h = x @ leaves["W1"] + leaves["b1"]
    centred = h - h.mean(axis=0, keepdims=True)
    normal = centred / ((centred**2).sum(axis=0, keepdims=True) / 31 + 1e-5) ** 0.5
    scores = tg.tanh(normal * leaves["gain"] + leaves["shift"]) @ leaves["W2"] + leaves["b2"]
    return leaves, nn.functional.cross_entropy(scores, y)


@pytest.mark.parametrize("noise", [0.0, 1e-16, -3e-17])
def test_a_bias_before_batch_norm_has_gradient_zero_however_it_was_rounded(noise):
    for seed in range(5):
        leaves, loss = batch_norm(np.random.default_rng(seed))
        right = dict(zip(leaves, (g.data for g in tg.gradients(loss, leaves.values())), strict=True))
        hand = {name: g * (1 + 1e-14) for name, g in right.items()} | {"b1": np.full(8, noise)}
        report = tg.compare(hand, leaves, loss)
        assert report.ok
        assert not report.mistakes
        assert report.lines[1].relative_error is None
        tg.assert_gradient(hand, leaves, loss)
        assert not tg.compare(hand | {"b1": np.full(8, 1e-3)}, leaves, loss).ok
        loss.backward()
        assert tg.compare(hand, leaves).ok  # without the graph too


def test_zeros_that_come_of_cancelling_are_zero():
    t = tg.Value(np.pi / 2, label="t")
    assert tg.compare(0.0, t, tg.sin(t)).ok
    assert not tg.compare(1e-8, t, tg.sin(t)).ok
    z = tg.Tensor(np.random.default_rng(0).normal(size=(7, 5)), label="z")
    shift = tg.Tensor(0.3, label="shift")
    loss = -tg.log_softmax(z + shift).mean()  # a shift of all scores changes nothing
    assert tg.compare(0.0, shift, loss).ok
    rng = np.random.default_rng(1)
    A, y = rng.normal(size=(20, 4)), rng.normal(size=20)
    w = tg.Tensor(np.linalg.lstsq(A, y, rcond=None)[0], label="w")
    optimum = ((A @ w - y) ** 2).sum()
    assert tg.compare(np.zeros(4), w, optimum).ok
    assert tg.compare(2 * A.T @ (A @ w.data - y), w, optimum).ok
    assert not tg.compare(A.T @ y, w, optimum).ok


def test_gradcheck_knows_a_zero_that_is_zero_but_for_rounding():
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(16, 3)), rng.normal(size=(3, 4))

    def f(b):
        h = x @ w + b
        centred = h - h.mean(axis=0)
        return ((centred / ((centred**2).mean(axis=0) + 1e-5) ** 0.5) ** 3).sum()

    assert tg.gradcheck(f, rng.normal(size=4)).ok
    assert tg.gradcheck(lambda t: tg.sin(t), np.pi / 2).ok
    assert tg.gradcheck(lambda z: tg.log_softmax(z + z.mean()).sum(), rng.normal(size=5)).ok


def attention(dtype, rng):
    """Return the gradients of a head of attention in a precision, by hand, and its graph."""
    q, k, v = (rng.normal(size=(6, 4)).astype(dtype) for _ in range(3))
    target = rng.normal(size=(6, 4)).astype(dtype)
    Q, K, V = (tg.Tensor(x, label=name) for x, name in zip((q, k, v), "QKV", strict=True))
    loss = ((tg.softmax(Q @ K.T / 2.0, axis=-1) @ V - target) ** 2).sum()
    s = q @ k.T / dtype(2)
    e = np.exp(s - s.max(axis=-1, keepdims=True))
    p = e / e.sum(axis=-1, keepdims=True)
    do = 2 * (p @ v - target)
    dp = do @ v.T
    ds = p * (dp - (dp * p).sum(axis=-1, keepdims=True)) / dtype(2)
    return {"Q": ds @ k, "K": ds.T @ q, "V": p.T @ do}, {"Q": Q, "K": K, "V": V}, loss


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("upcast", [False, True])
def test_rounding_is_never_explained_as_a_mistake(dtype, upcast):
    for seed in range(10):
        hand, leaves, loss = attention(dtype, np.random.default_rng(seed))
        report = tg.compare({k: g.astype(float) if upcast else g for k, g in hand.items()}, leaves, loss)
        assert report.ok, report
        assert not report.mistakes


@pytest.mark.parametrize("size", [1.0, 30.0])
def test_a_saturated_softmax_in_single_precision_is_right(size):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(64, 5)).astype(np.float32), np.eye(3, dtype=np.float32)[rng.integers(0, 3, 64)]
    w = tg.Tensor((size * rng.normal(size=(5, 3))).astype(np.float32), label="W")
    loss = -(tg.log_softmax(x @ w) * y).sum() / 64
    e = np.exp(x @ w.data - (x @ w.data).max(axis=1, keepdims=True))
    hand = x.T @ (e / e.sum(axis=1, keepdims=True) - y) / 64
    assert tg.compare(hand, w, loss).ok
    assert not tg.compare(hand * np.float32(1.01), w, loss).ok


def test_every_parameter_has_its_own_factor():
    it = net(np.random.default_rng(0), (4, 5, 3), 7)
    hand = learner(it)
    wrong = hand | {"W^(1)": 2 * hand["W^(1)"], "b^(1)": -hand["b^(1)"]}
    report = tg.compare(wrong, it.parameters, it.cost)
    assert report.headline() == "✗ wrong: W^(1) × 2; b^(1) × −1; the others are right"
    assert "everywhere" not in str(report)
    assert [(m.number, m.where) for m in report.mistakes] == [(0, "W^(1)"), (5, "b^(1)")]  # the 2 is of no square
    every = tg.compare({name: -g for name, g in hand.items()}, it.parameters, it.cost)
    assert every.mistakes[0].where == "everywhere"
    some = tg.compare(hand | {"W^(1)": -hand["W^(1)"], "W^(2)": -hand["W^(2)"]}, it.parameters, it.cost)
    assert some.mistakes[0].where in ("W^(1), W^(2)", "W^(2), W^(1)")
    assert "the others are right" in some.mistakes[0].evidence


def test_two_mistakes_in_two_parameters_are_told_as_two():
    it = net(np.random.default_rng(3), (4, 5, 5, 3), 7)
    right, forgotten = learner(it), learner(it, 11, 2)
    hand = right | {"W^(2)": forgotten["W^(2)"], "W^(1)": learner(it, 28, 1)["W^(1)"]}
    report = tg.compare(hand, it.parameters, it.cost)
    told = {mistake.where.split(" ")[0]: mistake.number for mistake in report.mistakes}
    assert told["W^(2)"] == 11
    assert told["W^(1)"] == 28


def test_a_cause_that_would_show_in_every_gradient_is_not_named_for_one():
    it = net(np.random.default_rng(0), (4, 5, 3), 7)
    hand = learner(it)
    for factor in (2.0, 3.0, 0.5, 1 / 3):
        report = tg.compare(hand | {"b^(2)": factor * hand["b^(2)"]}, it.parameters, it.cost)
        assert not {1, 4, 27} & {m.number for m in report.mistakes}
        assert report.mistakes[0].where == "b^(2)"
        assert "the others are right" in report.mistakes[0].evidence
    noise = np.random.default_rng(1).normal(size=hand["W^(1)"].shape)
    mixed = tg.compare(hand | {"W^(1)": hand["W^(1)"] + noise, "b^(2)": -hand["b^(2)"]}, it.parameters, it.cost)
    assert "W^(1) differs too, and no known mistake explains it." in mixed.advice


def test_relative_errors_are_shown():
    report = tg.compare(np.array([100.0, 1.01]), np.array([100.0, 1.0]))
    assert report.lines[0].relative_error == pytest.approx(1e-4)
    assert "relative" in str(report)
    assert "0.0001" in str(report)


@pytest.mark.parametrize("form", ["{:.4g}", "{:.4f}", "{:.6f}", "{:.3e}", "{:.8f}"])
def test_numbers_as_we_print_them_ourselves_are_right_and_said_to_be_rounded(form):
    it = net(np.random.default_rng(0), (4, 5, 3), 7)
    typed = {name: np.vectorize(lambda x: float(form.format(x)))(g) for name, g in learner(it).items()}
    report = tg.compare(typed, it.parameters, it.cost)
    assert report.ok
    assert "given" in report.lines[0].verdict or "float32" in report.lines[0].verdict
    off = typed | {"b^(2)": typed["b^(2)"] * 1.05}
    assert not tg.compare(off, it.parameters, it.cost).ok


def test_a_single_number_read_off_a_page_is_evidence():
    x = tg.Value(0.3, label="x")
    assert tg.compare(-0.264, x, -0.2637 * x).ok
    assert not tg.compare(-0.265, x, -0.2637 * x).ok


def test_rows_that_are_no_mistake_do_not_break_a_report():
    x = tg.Tensor(np.random.default_rng(0).normal(size=5), label="x")
    report = tg.compare(7.123456 * np.cos(x.data), x, tg.sin(x).sum())
    assert 0 not in report.indistinguishable
    assert "7.12346 times" in str(report)


def test_another_convention_at_a_kink_is_no_mistake():
    x, w = np.array([[1.0, 0.0], [0.0, 0.0]]), tg.Tensor([[1.0], [2.0]], label="W")
    z = x @ w  # 0 for the second example
    for a in (np.maximum(0.0, z), np.maximum(z, 0.0), tg.relu(z)):
        loss = (a + z).sum()
        for slope in ((z.data > 0), (z.data >= 0), 0.5 * (z.data >= 0) + 0.5 * (z.data > 0)):
            hand = x.T @ (slope + np.ones((2, 1)))
            assert tg.compare(hand, w, loss).ok
    assert not tg.compare(np.full((2, 1), 9.0), w, loss).ok


def forms(it):
    """Yield the gradients of a net in the forms that people keep them in."""
    hand = learner(it)
    names = list(it.parameters)
    yield "list", [hand[name] for name in names]
    yield "tuple", tuple(hand[name] for name in names)
    yield "flat", np.concatenate([hand[name].ravel() for name in names])
    yield "flat column", np.concatenate([hand[name].ravel() for name in names])[:, None]
    forms = "d{} grad_{} {}_grad nabla_{} ∇{} dLd{} dJ/d{} ∂C/∂{} dloss_d{} g_{} {}.grad"
    for form in forms.split():
        yield form, {form.format(name.replace("^(", "").replace(")", "")): g for name, g in hand.items()}


def test_gradients_are_read_in_the_forms_that_people_keep_them_in():
    it = net(np.random.default_rng(0), (4, 5, 3), 7)
    for form, given in forms(it):
        assert tg.compare(given, it.parameters, it.cost).ok, form
        assert len(tg.compare(given, it.parameters, it.cost).lines) == 4, form
    hand = learner(it)
    nested = {"first": {"W": hand["W^(1)"]}, "second": {"W": hand["W^(2)"]}}
    targets = {"first": {"W": it.parameters["W^(1)"]}, "second": {"W": it.parameters["W^(2)"]}}
    assert tg.compare(nested, targets, it.cost).ok
    assert tg.compare([hand["W^(1)"], hand["b^(1)"]], [it.parameters["W^(1)"], it.parameters["b^(1)"]], it.cost).ok
    with pytest.raises(GradientError, match="3 gradients were given for 4 parameters"):
        tg.compare([hand["W^(1)"]] * 3, it.parameters, it.cost)
    with pytest.raises(GradientError, match="two gradients were given"):
        tg.compare({"dW1": hand["W^(1)"], "W1": hand["W^(1)"]}, it.parameters, it.cost)


def test_tensors_of_torch_that_require_a_gradient_are_numbers():
    torch = pytest.importorskip("torch", reason="an optional check against PyTorch's tensors")
    x = tg.Tensor([1.0, 2.0], label="x")
    assert tg.compare(torch.tensor([2.0, 4.0], requires_grad=True), x, (x**2).sum()).ok


def test_a_row_for_a_matrix_of_one_row_is_right_and_told():
    w = tg.Tensor(np.random.default_rng(0).normal(size=(1, 64)), label="W")
    report = tg.compare(2 * w.data[0], w, (w**2).sum())
    assert report.ok
    assert "(64,)" in report.lines[0].verdict
    column = tg.compare(2 * w.data.T, w, (w**2).sum())
    assert not column.ok


def test_functions_may_return_fewer_gradients_or_the_loss_with_them():
    def f(w, b, x, y):
        return (w * x + b - y) ** 2

    assert tg.compare(lambda w, b, x, y: (2 * (w * x + b - y) * x, 2 * (w * x + b - y)), f).ok
    wrong = tg.compare(lambda w, b, x, y: ((w * x + b - y) * x, (w * x + b - y)), f)
    assert [line.parameter for line in wrong.lines] == ["w", "b"]
    assert wrong.mistakes[0].number == 1
    with_loss = lambda w, b, x, y: ((w * x + b - y) ** 2, {"dw": 2 * (w * x + b - y) * x})  # noqa: E731  # as short as the others
    assert tg.compare(with_loss, f).ok

    def svm(W=np.random.default_rng(0).normal(size=(4, 3)), X=np.random.default_rng(1).normal(size=(6, 4))):  # noqa: B008  # examples
        return (np.maximum(0.0, X @ W) ** 2).sum()

    def loss_and_gradient(W, X):
        a = np.maximum(0, X @ W)
        return (a**2).sum(), 2 * X.T @ a

    assert tg.compare(loss_and_gradient, svm).ok
    assert not tg.compare(lambda W, X: ((np.maximum(0, X @ W) ** 2).sum(), X.T @ np.maximum(0, X @ W)), svm).ok


def test_sympy_expressions_are_formulas():
    sympy = pytest.importorskip("sympy", reason='needs pip install "tinygrad-edu[sympy]"')
    s = sympy.Symbol("x")
    x = tg.Value(1.3, label="x")
    f = x**2 * tg.sin(x)
    assert tg.compare(sympy.diff(s**2 * sympy.sin(s), s), x, f).ok
    assert not tg.compare(2 * s * sympy.cos(s), x, f).ok
    assert tg.compare(2 * sympy.Abs(s), x, x * abs(x)).ok


def test_a_function_that_cannot_be_recorded_is_measured():
    import math

    def f(x, w):
        return math.erf(x * w) + x**2

    def right(x, w):
        return 2 / math.sqrt(math.pi) * math.exp(-((x * w) ** 2)) * w + 2 * x

    report = tg.compare(right, f)
    assert report.ok
    assert "measured from its values" in report.advice[0]
    twice = tg.compare(lambda x, w: 2 * right(x, w), f)
    assert not twice.ok
    assert "2 times" in twice.mistakes[0].evidence
    assert not tg.compare(lambda x, w: right(x, w) + 1e-4, f).ok


@pytest.mark.parametrize("written", [True, False])
def test_a_zero_that_a_softmax_hides_is_judged_by_what_is_lost_in_it(written):
    rng = np.random.default_rng(98)
    x, y = np.tile(rng.normal(size=(1, 3)), (3, 1)), rng.normal(size=(3, 2))  # all rows alike: attention is uniform
    wq, wk, wv = (tg.Tensor(rng.normal(size=(3, 2)), label=f"W{letter}") for letter in "qkv")
    scores = (x @ wq) @ (x @ wk).T / 2**0.5
    if written:
        e = np.exp(scores - scores.max(axis=1, keepdims=True))
        p = e / e.sum(axis=1, keepdims=True)
    else:
        p = tg.softmax(scores, axis=1)
    loss = 0.5 * ((p @ (x @ wv) - y) ** 2).sum()
    q, k, v = x @ wq.data, x @ wk.data, x @ wv.data
    dv = p.data @ v - y
    dp = dv @ v.T
    ds = p.data * (dp - (dp * p.data).sum(axis=1, keepdims=True)) / np.sqrt(2)
    parameters = {"Wq": wq, "Wk": wk, "Wv": wv}
    right = {"Wq": x.T @ (ds @ k), "Wk": x.T @ (ds.T @ q), "Wv": x.T @ (p.data.T @ dv)}
    assert tg.compare(right, parameters, loss).ok
    wrong = p.data * dp / np.sqrt(2)
    assert not tg.compare(right | {"Wq": x.T @ (wrong @ k)}, parameters, loss).ok
