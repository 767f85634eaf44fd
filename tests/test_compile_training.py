"""A compiled training step leaves behind what the step itself leaves, whatever it is made of and in whatever order."""

import itertools
import tracemalloc
import weakref

import numpy as np
import pytest
from compiling import CLOSE, batch, flat, net, same, training

import tinygrad_edu as tg
from tinygrad_edu import Tensor, nn
from tinygrad_edu.nn import functional

OPTIMIZERS = {
    "sgd": lambda w: nn.SGD(w, lr=0.1),
    "momentum": lambda w: nn.SGD(w, lr=0.1, momentum=0.9, weight_decay=0.01),
    "nesterov": lambda w: nn.SGD(w, lr=0.1, momentum=0.9, nesterov=True),
    "adam": lambda w: nn.Adam(w, lr=0.01),
    "adamw": lambda w: nn.AdamW(w, lr=0.01),
    "rmsprop": lambda w: nn.RMSprop(w, lr=0.01),
    "adagrad": lambda w: nn.Adagrad(w, lr=0.01),
}
LAYERS = {
    "tanh": nn.Tanh,
    "gelu": nn.GELU,
    "leaky": nn.LeakyReLU,
    "layer norm": lambda: nn.LayerNorm(6),
    "batch norm": lambda: nn.BatchNorm1d(6),
    "dropout": lambda: nn.Dropout(0.3, rng=3),
}


def left_behind(model, optimizer):
    """Everything that a step changes."""
    weights = list(model.parameters())
    return [
        *weights,
        *(w.grad for w in weights),
        *model.buffers(),
        *flat(list(optimizer.memory)),
        float(optimizer.steps),
    ]


def alike(ours, theirs, **tolerance):
    for a, b in zip(flat(ours), flat(theirs), strict=True):
        if b is None:
            assert a is None
        else:
            same(a, b, **tolerance)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_five_training_steps_leave_weights_gradients_and_memory_as_eager_ones_do(optimizer, dtype):
    rng = np.random.default_rng(1)
    models = [net(dtype), net(dtype)]
    steppers = [OPTIMIZERS[optimizer](model.parameters()) for model in models]
    eager, plain = (training(m, o) for m, o in zip(models, steppers, strict=True))
    fast = tg.compile(plain)
    tolerance = CLOSE if dtype == np.float64 else {"rtol": 2e-5, "atol": 1e-6}
    for i in range(5):
        x, y = batch(rng, dtype=dtype)
        if i == 3:
            for o in steppers:
                o.lr = 0.02  # a schedule is followed
        same(fast(x, y), eager(x, y), **tolerance)
        for ours, theirs in zip(models[1].parameters(), models[0].parameters(), strict=True):
            same(ours, theirs, **tolerance)
            same(ours.grad, theirs.grad, **tolerance)
    assert steppers[1].steps == steppers[0].steps == 5
    for ours, theirs in zip(steppers[1].memory, steppers[0].memory, strict=True):
        for a, b in zip(ours, theirs, strict=True):
            same(a, b, **tolerance)
    assert sum(map(len, fast.programs.values())) <= 2  # with gradients unset at first, and set from then on


def test_batches_of_another_size_are_traced_anew_and_share_the_weights():
    rng = np.random.default_rng(2)
    models = [net(), net()]
    eager, plain = (training(m, nn.Adam(m.parameters(), lr=0.01)) for m in models)
    fast = tg.compile(plain)
    for n in (8, 8, 5, 8, 5):
        x, y = batch(rng, n)
        same(fast(x, y), eager(x, y))
    assert len(fast.programs) == 2
    for ours, theirs in zip(models[1].parameters(), models[0].parameters(), strict=True):
        same(ours, theirs)


@pytest.mark.parametrize("layer", LAYERS)
def test_a_net_with_this_layer_trains_as_in_eager_mode_on_batches_of_two_sizes(layer):
    rng = np.random.default_rng(4)
    models = [net(None, LAYERS[layer]()) for _ in range(2)]
    steppers = [nn.SGD(model.parameters(), lr=0.1, momentum=0.9) for model in models]
    eager, plain = (training(m, o) for m, o in zip(models, steppers, strict=True))
    fast = tg.compile(plain)
    for n in (8, 8, 5, 8, 5):
        x, y = batch(rng, n)
        alike([fast(x, y), *left_behind(models[1], steppers[1])], [eager(x, y), *left_behind(models[0], steppers[0])])


def test_an_embedding_learns_the_words_that_occur():
    rng = np.random.default_rng(5)
    models = [nn.Sequential(nn.Embedding(10, 6, rng=0), nn.Linear(6, 3, rng=1)) for _ in range(2)]
    steppers = [nn.Adam(model.parameters(), lr=0.1) for model in models]
    eager, plain = (training(m, o) for m, o in zip(models, steppers, strict=True))
    fast = tg.compile(plain)
    for _ in range(4):
        x, y = rng.integers(0, 10, 8), rng.integers(0, 3, 8)
        alike([fast(x, y), *left_behind(models[1], steppers[1])], [eager(x, y), *left_behind(models[0], steppers[0])])


def test_an_optimisers_step_is_a_few_calls_for_all_weights_together():
    model = net()
    fast = tg.compile(training(model, nn.Adam(model.parameters(), lr=0.01)))
    fast(*batch(np.random.default_rng(0)))
    assert fast.source.count("np.sqrt(") == 1
    assert all(w._data.base is model[0].weight._data.base for w in model.parameters())


# Whatever a step does to its weights, and in whatever order -----------------------------------------------------


def swapped(a, b, opt, x):
    a.data, b.data = b.data, a.data
    return a * x


def swapped_gradients(a, b, opt, x):
    if a.grad is None:
        a.grad, b.grad = np.ones(3), np.arange(3.0)
    a.grad, b.grad = b.grad, a.grad


def old_and_new(a, b, opt, x):
    old = a.data
    opt.zero_grad()
    ((a * x).sum() ** 2 + (b * b * x).sum()).backward()
    opt.step()
    return old, a.data, a.grad, b.grad * 2, old * 2, b.data[1:], (a * b).sum()


def two_backward_passes(a, b, opt, x):
    opt.zero_grad()
    ((a * x).sum() ** 2).backward()
    ((a * b * x).sum() ** 2).backward()
    opt.step()


def two_steps(a, b, opt, x):
    for power in (1, 2):
        opt.zero_grad()
        ((a * x).sum() ** 2 + (b**power * x).sum()).backward()
        opt.step()
    return (a * x).sum()


def one_gradient_for_both(a, b, opt, x):
    opt.zero_grad()
    ((a + b) * x).sum().backward()
    opt.step()


def by_hand(a, b, opt, x):
    a.grad = b.grad = None
    ((a * x).sum() ** 2 + (b * x * a).sum()).backward()
    for w in (a, b):
        w.data -= 0.1 * w.grad
    return a.data


def only_one_is_reached(a, b, opt, x):
    b.grad = b * 0.5
    a.grad = None
    (a * x).sum().backward()
    opt.step()


def average(a, b, opt, x):
    a.grad = None
    ((a * x).sum() ** 2).backward()
    a.data = a.data - 0.1 * a.grad
    with tg.no_grad():
        b.assign(0.9 * b + 0.1 * a.data)
    return b * 2


def a_velocity_each(a, b, opt, x):
    a.grad = b.grad = None
    ((a * x).sum() ** 2 + (b * x * a).sum()).backward()
    with tg.no_grad():
        for w, velocity in zip((a, b), opt.velocities, strict=True):
            velocity.assign(0.9 * velocity + w.grad)
            w.assign(w - 0.1 * velocity)


def gradients_added_to(a, b, opt, x):
    ((a * x).sum() ** 2 + (a * b * x).sum()).backward()


STEPS = [
    *(swapped, swapped_gradients, old_and_new, two_backward_passes, two_steps, one_gradient_for_both, by_hand),
    *(only_one_is_reached, average, a_velocity_each, gradients_added_to),
]


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.__name__)
def test_effects_are_those_of_the_step_itself(step):
    twins = []
    for _ in range(2):
        a, b = (Tensor(x, requires_grad=True) for x in ([1.0, 2.0, 3.0], [4.0, 5.0, 6.0]))
        twins.append((a, b, nn.Adam([a, b], lr=0.1)))
        twins[-1][2].velocities = [Tensor(np.zeros(3), requires_grad=False) for _ in (a, b)]
    fast = tg.compile(lambda x: step(*twins[0], x))
    for x in np.random.default_rng(0).normal(size=(4, 3)):
        results = fast(x), step(*twins[1], x)
        alike(*([result, a, b, a.grad, b.grad, opt.memory] for result, (a, b, opt) in zip(results, twins, strict=True)))


def test_weights_of_several_kinds():
    twins = []
    for _ in range(2):
        weights = [
            Tensor(np.ones(3), requires_grad=True, dtype=np.float32),
            *(Tensor(np.ones(shape), requires_grad=True) for shape in (3, (2, 3), ())),
        ]
        twins.append((weights, nn.Adam(weights, lr=0.1)))

    def step(weights, opt, x):
        a, b, c, d = weights
        opt.zero_grad()
        ((a * x).sum() ** 2 + (b * x * d).sum() + (c * x * x).sum() * d).backward()
        opt.step()

    fast = tg.compile(lambda x: step(*twins[0], x))
    for x in np.random.default_rng(0).normal(size=(4, 3)):
        fast(x), step(*twins[1], x)
        alike(*([w, [v.grad for v in w], opt.memory] for w, opt in twins), rtol=1e-6)


def test_other_functions_and_eager_steps_may_come_between():
    twins = []
    for _ in range(2):
        a, b = (Tensor(x, requires_grad=True) for x in ([1.0, 2.0, 3.0], [4.0, 5.0, 6.0]))
        twins.append((a, b, nn.Adam([a, b], lr=0.1)))
    once, twice = (tg.compile(lambda x, k=k: two_backward_passes(*twins[0], x * k)) for k in (1, 2))
    product = tg.compile(lambda x: (twins[0][0] * x).sum())
    rng = np.random.default_rng(1)
    for turn in itertools.islice(itertools.cycle(range(4)), 12):
        x = rng.normal(size=3)
        if turn < 3:
            (once, twice, lambda x: two_backward_passes(*twins[0], x))[turn](x)
            two_backward_passes(*twins[1], x * 2 if turn == 1 else x)
        else:
            for a, _, _ in twins:
                a.data = a.data * 2
        same(product(x), (twins[1][0] * x).sum())
        alike(*([a, b, opt.memory, float(opt.steps)] for a, b, opt in twins))


def test_a_label_that_is_no_class_is_refused_and_nothing_has_changed():
    model = net()
    opt = nn.Adam(model.parameters(), lr=0.1)
    fast = tg.compile(training(model, opt))
    x, y = batch(np.random.default_rng(0))
    fast(x, y)
    before = [np.array(getattr(part, "data", part)) for part in left_behind(model, opt)]
    for wrong in (3, -1):
        with pytest.raises(IndexError, match=f"class {wrong}, but there are 3 classes"):
            fast(x, np.where(np.arange(8) == 5, wrong, y))
        alike([np.array(getattr(part, "data", part)) for part in left_behind(model, opt)], before)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_what_relu_holds_back_is_zero_even_if_it_is_infinite(dtype):
    w = Tensor(np.ones(4, dtype), requires_grad=True)

    def slope(x):
        w.grad = None
        np.sqrt(functional.relu(w * x)).sum().backward()
        return w.grad

    fast = tg.compile(slope)
    for x in ([0.0, 1.0, -1.0, 4.0], [-0.0, 2.0, np.nan, -np.nan], [0.0, np.inf, -np.inf, 0.5]):
        with np.errstate(all="ignore"):
            same(fast(np.array(x, dtype)), slope(np.array(x, dtype)))


@pytest.mark.parametrize("activation", [nn.ReLU, nn.GELU, lambda: nn.LayerNorm(600)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_large_arrays_are_taken_block_by_block(activation, dtype):
    models = [
        nn.Sequential(nn.Linear(6, 600, rng=0, dtype=dtype), activation(), nn.Linear(600, 3, rng=1, dtype=dtype))
        for _ in range(2)
    ]
    steppers = [nn.Adam(model.parameters(), lr=0.01) for model in models]
    eager, plain = (training(m, o) for m, o in zip(models, steppers, strict=True))
    fast, rng = tg.compile(plain), np.random.default_rng(6)
    for n in (130, 130, 111):
        x, y = batch(rng, n, dtype)
        tolerance = CLOSE if dtype == np.float64 else {"rtol": 1e-4, "atol": 1e-5}
        ours, theirs = fast(x, y), eager(x, y)
        same(ours, theirs, **tolerance)
        alike([w.grad for w in models[1].parameters()], [w.grad for w in models[0].parameters()], **tolerance)
    assert " in blocks1:" in fast.source
    assert len(fast.programs) == 2


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("max_norm", [0.01, 1e9])
def test_gradients_are_clipped_as_in_eager_mode(dtype, max_norm):
    def clipping(model, optimizer):
        def step(x, y):
            optimizer.zero_grad()
            functional.cross_entropy(model(x), y).backward()
            length = nn.clip_grad_norm(model.parameters(), max_norm)
            optimizer.step()
            return length

        return step

    rng = np.random.default_rng(6)
    models = [net(dtype), net(dtype)]
    steppers = [nn.SGD(model.parameters(), lr=0.5, momentum=0.9) for model in models]
    eager, plain = (clipping(m, o) for m, o in zip(models, steppers, strict=True))
    fast = tg.compile(plain)
    tolerance = CLOSE if dtype == np.float64 else {"rtol": 2e-5, "atol": 1e-6}
    for _ in range(3):
        x, y = batch(rng, dtype=dtype)
        np.testing.assert_allclose(fast(x, y).item(), eager(x, y), **tolerance)
        alike(left_behind(models[1], steppers[1]), left_behind(models[0], steppers[0]), **tolerance)


def test_gradients_of_single_neurons_are_clipped_as_in_eager_mode():
    rng = np.random.default_rng(7)
    models = [nn.MLP(2, [3, 1], rng=1) for _ in range(2)]

    def clipping(model):
        def step(x):
            model.zero_grad()
            (model(x) ** 2).backward()
            length = nn.clip_grad_norm(model.parameters(), 0.1)
            for p in model.parameters():
                p.data -= 0.1 * p.grad
            return length

        return step

    eager, fast = clipping(models[0]), tg.compile(clipping(models[1]))
    for _ in range(3):
        x = [tg.Value(float(number)) for number in rng.normal(size=2)]
        assert fast(x).item() == pytest.approx(eager(x), rel=1e-12)
        for ours, theirs in zip(models[1].parameters(), models[0].parameters(), strict=True):
            assert ours.data == pytest.approx(theirs.data, rel=1e-12)
            assert ours.grad == pytest.approx(theirs.grad, rel=1e-12)


@pytest.mark.parametrize("show", [lambda w: w, lambda w: w[::-1], lambda w: w.T[1:].T], ids=["itself", "view", "part"])
def test_arrays_that_show_a_weight_are_what_they_were_before_the_step(show):
    twins = []
    for fast in (True, False):
        w = Tensor(np.arange(6.0).reshape(2, 3), requires_grad=True)
        opt = nn.SGD([w], lr=0.1, momentum=0.9)

        def step(x, w=w, opt=opt):
            opt.zero_grad()
            (w[:, : x.shape[1]] * x).sum().backward()
            opt.step()
            return x * 2

        twins.append((w, tg.compile(step) if fast else step))
    for _ in range(3):
        results = [step(show(np.asarray(w.data))) for w, step in twins]
        alike(*([result, w] for result, (w, _) in zip(results, twins, strict=True)))


class Holder(nn.Module):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, x):
        return self.inner(x)


def test_a_part_or_a_weight_that_is_put_in_the_place_of_another_is_noticed():
    rng = np.random.default_rng(0)
    holder, x = Holder(nn.Linear(6, 3, rng=rng)), rng.normal(size=(4, 6))
    fast = tg.compile(lambda x: holder(x) * 1)
    same(fast(x), holder(x))
    holder.inner = nn.Linear(6, 3, rng=rng)
    same(fast(x), holder(x))
    holder.inner.weight = Tensor(rng.normal(size=(3, 6)))
    same(fast(x), holder(x))


def test_a_gradient_that_was_taken_away_or_put_there_outside_is_noticed():
    twins = []
    for fast in (True, False):
        w = Tensor([1.0, 2.0], requires_grad=True)
        plain = lambda x, w=w: ((w * x) ** 2).sum().backward()  # noqa: E731  # one for each
        twins.append((w, tg.compile(plain) if fast else plain))
    for new in ([1.0, -1.0], None, [2.0, 3.0], None):
        for w, step in twins:
            w.grad = new
            step(np.array([3.0, -1.0]))
            step(np.array([0.5, 2.0]))
        same(twins[0][0].grad, twins[1][0].grad)


@pytest.mark.filterwarnings("error")
def test_weights_that_are_changed_alike_by_operands_of_other_shapes():
    def world():
        weights = [Tensor(np.arange(6.0).reshape(2, 3) + k, requires_grad=True) for k in range(3)]
        rows = [Tensor([1.0, 2.0, 3.0 + k], requires_grad=False) for k in range(3)]

        def step():
            for w in weights:
                w.grad = None
            sum((w**2).sum() for w in weights).backward()
            for w, row in zip(weights, rows, strict=True):
                w.data = w.data - 0.1 * w.grad * row.data

        return step, weights

    (plain, theirs), (twin, ours) = world(), world()
    fast = tg.compile(twin)
    for _ in range(3):
        fast(), plain()
        for a, b in zip(ours, theirs, strict=True):
            same(a, b)


def test_a_program_keeps_nothing_of_the_run_that_made_it():
    w = Tensor(np.ones(1000), requires_grad=True)

    @tg.compile
    def f(x):
        first = x * w
        globals()["product"] = weakref.ref(first)  # where compile() does not look
        return (first**2).sum()

    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    f(np.ones((300, 1000)))  # 2.4 MB a step
    held = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert globals()["product"]() is None
    assert held < 4e6  # its own memory, once
