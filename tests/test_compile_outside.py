"""Outside state may change between calls: a compiled function does what the function itself does, or refuses."""

import copy
import functools
import itertools
import random
import types
import warnings
from collections import deque

import numpy as np
import pytest
from compiling import same
from refusing import refuses

import tinygrad_edu as tg
from tinygrad_edu import Tensor, Value, nn
from tinygrad_edu.compile.contents import layout_of, probe
from tinygrad_edu.compile.holders import CLASS_AND_NAMESPACE, Holder, Parts, attributes_of, elements_of, names_in
from tinygrad_edu.compile.identity import FEW, identity_test
from tinygrad_edu.compile.reachable import Reachable
from tinygrad_edu.errors import CompileError, GradientError
from tinygrad_edu.nn import functional

X = np.array([1.0, -2.0, 3.0])


def agrees(f, *worlds, x=X):
    """Compare f and f compiled after each change of the world; nothing may have been traced in vain."""
    fast = tg.compile(f)
    for _ in range(2):
        for change in (lambda: None, *worlds):
            change()
            for _ in range(2):
                for ours, theirs in zip(leaves(fast(x)), leaves(f(x)), strict=True):
                    same(ours, theirs)
    return fast


def leaves(tree):
    return [leaf for part in tree for leaf in leaves(part)] if isinstance(tree, (list, tuple)) else [tree]


# Settings and parts ---------------------------------------------------------------------------------------------


class Settings:
    scale = 2.0

    def __init__(self):
        self.rate, self.flags, self.names = 1.0, {"square": False, "shift": [1, 2]}, ("a", [3.0])


class Slotted:
    __slots__ = ("rate",)


class Slotted2:
    __slots__ = ("rate",)


def scaled(x, by=3.0):
    return x * by


def test_numbers_flags_and_functions_of_any_object_that_it_can_name():
    settings, slotted, module = Settings(), Slotted(), types.ModuleType("settings")
    slotted.rate, module.rate, module.unused = 1.0, 1.0, 0
    helper, names, queue = {"f": np.sin}, {"a"}, deque([1.0])
    weights = np.array([1.0, 2.0, 3.0])

    def f(x):
        t = Tensor(weights, requires_grad=False) * settings.rate * Settings.scale * slotted.rate * queue[0]
        if settings.flags["square"]:
            t = t * t
        return helper["f"](t * x) + sum(settings.flags["shift"]) + settings.names[1][0] + len(names) + scaled(t)

    fast = agrees(
        f,
        lambda: setattr(settings, "rate", settings.rate + 1),
        lambda: setattr(Settings, "scale", Settings.scale + 1),
        lambda: setattr(slotted, "rate", slotted.rate + 1),
        lambda: settings.flags.update(square=not settings.flags["square"]),
        lambda: settings.flags["shift"].append(2.5),
        lambda: settings.names[1].__setitem__(0, 5.0),
        lambda: helper.update(f=np.cos if helper["f"] is np.sin else np.sin),
        lambda: names.add(len(names)),
        lambda: queue.appendleft(queue[0] / 2),
        lambda: weights.__setitem__(0, weights[0] + 1),  # a small array, written in place
        lambda: setattr(scaled, "__defaults__", (scaled.__defaults__[0] + 1,)),
    )
    traced = sum(map(len, fast.programs.values()))
    settings.rate = float(str(settings.rate))  # an equal number is no reason to trace anew
    settings.flags = dict(settings.flags)
    same(fast(X), f(X))
    assert sum(map(len, fast.programs.values())) == traced


class Doubled:
    def by(self, x):
        return x * 2.0


class Plainly(Doubled):
    factor = 1.0
    helper = staticmethod(scaled)

    @property
    def twice(self):
        return self.factor * 2


def test_what_comes_to_be_named_later_is_seen():
    one, space = Plainly(), {}
    exec("def f(x, one):\n    return sum([one.by(x) * one.factor * one.helper(one.twice), x])", space)

    def f(x):
        return space["f"](Tensor(x), one)

    agrees(
        f,
        lambda: setattr(Plainly, "by", lambda self, x: x * 3.0),  # in front of the method that it inherits
        lambda: setattr(one, "factor", 5.0),  # in front of the class's own
        lambda: space.update(sum=lambda parts: parts[0] - parts[1]),  # in front of Python's own
        lambda: setattr(one, "__dict__", {"factor": 7.0}),
    )
    del Plainly.by


def test_a_world_that_has_not_changed_is_not_walked_again(monkeypatch):
    def f(x, one=Plainly()):  # noqa: B008  # a default is a way to name something
        return one.by(Tensor(x)) * one.twice * one.helper(2.0)

    fast = tg.compile(f)
    same(fast(X), f(X))
    monkeypatch.setattr(Reachable, "again", None)
    same(fast(X), f(X))


@pytest.mark.parametrize("many", [False, True])
def test_each_kind_of_part_is_compared_by_identity(many):
    """Parts of every kind are replaced by equal ones that are not the same, or by others, one at a time."""
    cell = (lambda: None if x is None else x).__closure__[0] if (x := 1000.0) else None
    owner, slotted = Settings(), Slotted()
    slotted.rate = 0.0
    numbered = {1: "a", "two": "b"}
    kinds = {
        "a": Holder(Parts.CELL, cell, ["x"], [cell.cell_contents]),
        "b": Holder(Parts.ENTRIES, vars(owner), [*vars(owner)], [*vars(owner).values()], [*vars(owner)]),
        "c": names_in("", vars(owner), ("rate", "absent")),
        "d": attributes_of("", slotted, ("rate", "__class__")),
        "e": elements_of("", floats := [1.0, 0.0]),
        "f": elements_of("", flags := [True, 2]),
        "g": elements_of("", names := {"a"}),
        "h": elements_of("", nodes := [Tensor([1.0])]),
        "i": Holder(Parts.ENTRIES, numbered, ["", ""], [*numbered.values()], [*numbered], [*numbered]),
        "j": Holder(Parts.ENTRIES, by_name := {"a": 1, "b": 2}, ["a"], [1], ["a"], ["a", "b"]),
    }
    instance, table = Settings(), np.zeros((2, 3))
    kinds["k"] = attributes_of("", instance, CLASS_AND_NAMESPACE)
    own = vars(instance)
    filler = [str(i) for i in range(FEW + 1 if many else 1)]
    kinds["filler"] = elements_of("", filler)
    rows = [[1.0, 2.0] for _ in range(3)]
    buffer, objects = bytearray(b"ab"), np.array([1.0, "a"], object)
    unchanged = identity_test(
        [*kinds.values()],
        [(X, X.tobytes()), (objects, objects.tobytes())],
        [(table, layout_of(table))],
        [(buffer, bytes(buffer))],
        [(rows, [[*row] for row in rows])],
        [(logs := {"kept": [1.0]}, "kept")],
    )
    first = objects[0]
    changes = [
        (lambda: setattr(cell, "cell_contents", 1000.5), lambda: setattr(cell, "cell_contents", kinds["a"].parts[0])),
        (lambda: owner.flags.update({}), None),
        (lambda: setattr(owner, "rate", True), lambda: setattr(owner, "rate", kinds["c"].parts[0])),
        (lambda: setattr(owner, "absent", 1), lambda: delattr(owner, "absent")),
        (lambda: setattr(slotted, "rate", -0.0), lambda: setattr(slotted, "rate", kinds["d"].parts[0])),
        (lambda: floats.__setitem__(1, -0.0), lambda: floats.__setitem__(1, kinds["e"].parts[1])),
        (lambda: flags.__setitem__(0, 1), lambda: flags.__setitem__(0, True)),
        (lambda: flags.append(1), lambda: flags.pop()),
        (lambda: names.add("b"), lambda: names.remove("b")),
        (lambda: nodes.__setitem__(0, Tensor([1.0])), lambda: nodes.__setitem__(0, kinds["h"].parts[0])),
        (lambda: filler.__setitem__(-1, str(len(filler))), lambda: filler.__setitem__(-1, kinds["filler"].parts[-1])),
        (lambda: rows[2].__setitem__(1, 3.0), lambda: rows[2].__setitem__(1, 2.0)),
        (lambda: setattr(slotted, "__class__", Slotted2), lambda: setattr(slotted, "__class__", Slotted)),
        (lambda: setattr(instance, "__class__", Doubled), lambda: setattr(instance, "__class__", Settings)),
        (lambda: setattr(instance, "__dict__", dict(own)), lambda: setattr(instance, "__dict__", own)),
        (lambda: numbered.update(two=numbered.pop("two")), None),  # the last one again
        (lambda: numbered.update({1: numbered.pop(1)}), lambda: numbered.update(two=numbered.pop("two"))),
        (lambda: by_name.update(b=3), None),  # of which only the key matters
        (lambda: by_name.update(c=by_name.pop("b")), lambda: by_name.update(b=by_name.pop("c"))),
        (lambda: logs["kept"].append(2.0), None),
        (lambda: logs["kept"].append(None), lambda: logs["kept"].pop()),
        (lambda: logs.update(kept=3), None),
        (lambda: buffer.extend(b"c"), lambda: buffer.pop()),
        (lambda: setattr(table, "shape", (3, 2)), lambda: setattr(table, "shape", (2, 3))),
        (lambda: objects.__setitem__(0, float("1.0")), lambda: objects.__setitem__(0, first)),
    ]
    for i, (change, back) in enumerate(changes):
        assert unchanged(), i
        change()
        assert unchanged() is (back is None), i
        if back is not None:
            back()
    assert unchanged()


def test_the_last_of_many_lists_grows():
    lists = [[str(i)] for i in range(FEW + 1)]
    unchanged = identity_test([elements_of("", x) for x in lists], [], [], [], [], [])
    assert unchanged()
    lists[-1].append("more")
    assert not unchanged()


@pytest.mark.parametrize("shape", [(1000,), (40, 50), (3, 700), (9, 9, 9), (2, 1, 5000)])
def test_a_large_array_written_in_place_as_a_whole(shape):
    table = np.random.default_rng(0).normal(size=shape)
    for array in (table, table.T, table[..., ::-1]):
        assert 30 <= probe(array).size <= 400
        assert np.may_share_memory(probe(array), table)
        agrees(
            lambda x, array=array: Tensor(x) * array.sum(),
            lambda array=array: np.multiply(array, 1.1, out=array),
            lambda array=array: array.__setitem__(..., array[::-1].copy() - 1),
        )


def test_a_long_list_of_numbers_written_in_place():
    numbers, rows = [float(i) for i in range(1500)], [[float(i), 1.0] for i in range(1500)]
    agrees(
        lambda x: Tensor(x) * sum(numbers) + rows[1400][1],
        lambda: numbers.__setitem__(700, -3.0),
        lambda: rows[1400].__setitem__(1, 2.0),
    )


def test_an_attribute_of_a_users_module_and_a_global():
    module = types.ModuleType("a_module")
    module.rate = 2.0
    space = {"module": module, "rate": 3.0, "np": np}
    exec("def f(x):\n    return np.sin(x * module.rate * rate)", space)
    agrees(lambda x: space["f"](Tensor(x)), lambda: setattr(module, "rate", 4.0), lambda: space.update(rate=5.0))


def test_closures_partials_methods_and_functions_in_functions():
    def maker():
        factor = Tensor([2.0, 3.0, 4.0])

        def change(new):
            nonlocal factor
            factor = Tensor(new)

        return lambda x: factor * x, change

    f, change = maker()
    agrees(f, lambda: change([5.0, 6.0, 7.0]))
    keywords = {"by": 2.0}
    part = functools.partial(scaled, **keywords)
    agrees(lambda x: part(Tensor(x)), lambda: part.keywords.update(by=7.0))
    settings = Settings()
    settings.apply = types.MethodType(lambda self, x: x * self.rate, settings)
    agrees(lambda x: settings.apply(Tensor(x)), lambda: setattr(settings, "rate", settings.rate * 3))


def test_settings_of_layers_and_optimisers():
    dropout, norm, w = nn.Dropout(0.5, rng=0), nn.BatchNorm1d(3), Tensor([1.0, 2.0, 3.0], requires_grad=True)
    opt = nn.Adam([w], lr=0.1)
    x = np.arange(12.0).reshape(4, 3) ** 2

    def f(x):
        return norm(Tensor(x)) * (1 - dropout.p) * opt.lr * opt.steps * norm.momentum * opt.betas[0]

    agrees(
        f,
        lambda: setattr(dropout, "p", dropout.p / 2),
        lambda: setattr(norm, "eps", norm.eps * 10),
        lambda: setattr(opt, "lr", opt.lr * 2),
        lambda: setattr(opt, "steps", opt.steps + 1),
        lambda: setattr(opt, "betas", (opt.betas[0] / 2, 0.9)),
        lambda: setattr(norm, "momentum", norm.momentum / 2),
        lambda: norm.eval(),
        lambda: norm.train(),
        x=x,
    )


class Residual(nn.Module):
    def __init__(self, rng):
        super().__init__()
        self.parts = [nn.Linear(3, 3, rng=rng), nn.Tanh()]
        self.named = {"last": nn.Linear(3, 3, rng=rng), "scale": 1.0, "of": (nn.Linear(3, 3, rng=rng),)}
        self.activation = functional.relu

    def forward(self, x):
        for part in self.parts:
            x = x + part(x)
        return self.activation(self.named["of"][0](self.named["last"](x)) * self.named["scale"])


def test_parts_of_a_net_replaced_in_a_list_a_dict_or_a_tuple():
    rng = np.random.default_rng(0)
    net = Residual(rng)
    agrees(
        lambda x: net(Tensor(x)),
        lambda: net.parts.__setitem__(0, nn.Linear(3, 3, rng=rng)),
        lambda: net.parts.append(nn.Linear(3, 3, rng=rng)),
        lambda: net.named.update(last=nn.Linear(3, 3, rng=rng)),
        lambda: net.named.update(scale=net.named["scale"] + 1),
        lambda: net.named.update(of=(nn.Linear(3, 3, rng=rng),)),
        lambda: setattr(net, "activation", functional.gelu),
        lambda: setattr(net.parts[0], "weight", Tensor(rng.normal(size=(3, 3)))),
    )


def test_a_neurons_weight_replaced_by_an_equal_one():
    neuron = nn.Neuron(3, rng=0)

    def f(x):
        neuron.zero_grad()
        z = neuron([Value(v, requires_grad=False) for v in (1.0, 2.0, 3.0)])
        z.backward()
        return [*neuron.w, *(w.grad for w in neuron.w)]

    agrees(f, lambda: neuron.w.__setitem__(0, Value(neuron.w[0].data)))


def test_a_list_that_grows_or_holds_an_equal_tensor_in_place_of_another():
    weights = [Tensor([2.0])]

    def f(x):
        for w in weights:
            w.grad = None
        sum((w * x).sum() for w in weights).backward()
        return [w.grad for w in weights]

    agrees(
        f,
        lambda: weights.__setitem__(0, Tensor(weights[0].data)),
        lambda: weights[0].assign([5.0]),
        lambda: weights.append(Tensor([3.0])),
    )
    agrees(lambda x: sum((w.data * x).sum() for w in weights), lambda: weights.__setitem__(0, Tensor(weights[0].data)))
    agrees(
        lambda x: weights[0] * x,
        lambda: weights.__setitem__(0, Tensor(weights[0].data)),
        lambda: weights[0].assign([7.0]),
    )
    first, second = [1.0], [2.0, 3.0, 4.0, 5.0]
    agrees(lambda x: x * len(first) + len(second), lambda: first.append(second.pop(0)))


def test_a_notebook_cell_that_is_run_again():
    cell = "net = nn.Linear(3, 2, rng=seed)\ndef step(x):\n    return net(x) * 2"
    space = {"nn": nn, "seed": 0}
    exec(cell, space)
    fast = tg.compile(space["step"])
    for seed in range(3):
        same(fast(X), space["step"](X))
        space["net"] = nn.Linear(3, 2, rng=seed)  # the compiled function has the old `step`, which finds the new `net`
        same(fast(X), space["step"](X))


# Python's own state ---------------------------------------------------------------------------------------------


class Counter:
    def __init__(self):
        self.n = 0


def counting():
    counter = Counter()

    def f(x):
        counter.n += 1
        return x * counter.n

    return f, "counter.n"


def listing():
    log = []

    def f(x):
        log.append(1)
        return x * len(log)

    return f, "log"


def velocities():
    velocity = [0.0, Tensor([0.0])]

    def f(x):
        velocity[0] = velocity[0] * 0.9 + x.sum()
        return velocity[0]

    return f, "velocity[0]"


def nonlocal_number():
    n = 1

    def f(x):
        nonlocal n
        n = n + 1
        return x * n

    return f, "`n`"


def moving(thing, take):
    def maker():
        source = thing()
        return lambda x: x * take(source), "source"

    return maker


def squares():
    n = 0
    while True:
        n += 1
        yield n * n


def of_module():
    return lambda x: x * random.random(), "random, Python's global generator"


def of_numpy():
    return lambda x: x * np.random.normal(), "np.random, NumPy's global generator"


def in_place():
    counts = np.zeros(3)

    def f(x):
        counts[0] += 1
        return x * counts

    return f, "counts"


MOVED = {
    "attribute": counting,
    "list": listing,
    "velocity": velocities,
    "nonlocal": nonlocal_number,
    "array": in_place,
    "random": of_module,
    "numpy random": of_numpy,
    "count": moving(lambda: itertools.count(1), next),
    "iterator": moving(lambda: iter([1, 2, 3, 4]), next),
    "range": moving(lambda: iter(range(9)), next),
    "enumerate": moving(lambda: enumerate([1.0] * 5), lambda it: next(it)[0]),
    "zip": moving(lambda: zip(range(5), range(5), strict=True), lambda it: next(it)[0]),
    "map": moving(lambda: map(float, [1, 2, 3, 4]), next),
    "generator": moving(squares, next),
    "a Generator": moving(lambda: np.random.default_rng(0), lambda rng: rng.normal()),
    "a RandomState": moving(lambda: np.random.RandomState(0), lambda rng: rng.normal()),
    "a Random": moving(lambda: random.Random(0), lambda rng: rng.random()),
    "set": moving(lambda: {1, 2, 3}, lambda s: s.pop()),
    "deque": moving(lambda: deque([1, 2, 3]), lambda d: d.popleft()),
    "dict": moving(lambda: {"a": 1}, lambda d: d.setdefault(len(d), 1)),
    "a function": moving(lambda: scaled, lambda f: vars(f).__setitem__("calls", vars(f).get("calls", 0) + 1) or 1),
}


@pytest.mark.parametrize("kind", MOVED)
def test_python_state_that_a_call_moves_is_refused_by_name(kind):
    f, name = MOVED[kind]()
    fast = tg.compile(f)
    for _ in range(2):
        with refuses(CompileError, name, "each time it is run"):
            fast(X)


def test_what_a_refused_trace_changed_is_put_back():
    counter, log, rng = Counter(), [], np.random.default_rng(0)

    def f(x):
        counter.n += 1
        log.append(x)
        return x * rng.normal()

    before = rng.bit_generator.state
    with refuses(CompileError, "counter.n"):
        tg.compile(f)(X)
    assert (counter.n, log) == (0, [])
    assert rng.bit_generator.state == before


# Modes, layout, identity ----------------------------------------------------------------------------------------


def test_inside_a_mode_the_function_itself_is_run():
    w = Tensor([0.0, 4.0], requires_grad=True)

    def f(x):
        w.grad = None
        y = np.where(w > 0, np.sqrt(w) * x, 0.0).sum()
        if y.requires_grad:
            y.backward()
        return y, w.grad

    fast, x = tg.compile(f), np.array([1.0, 2.0])
    with np.errstate(all="ignore"):
        same(fast(x)[1], np.array([np.nan, 0.5]))
        with tg.strong_zero():
            same(fast(x)[1], np.array([0.0, 0.5]))
        with tg.no_grad():
            assert fast(x)[1] is None
            assert not fast(x)[0].requires_grad
        with pytest.raises(tg.errors.AnomalyError), tg.detect_anomaly():
            fast(x)
        same(fast(x)[1], np.array([np.nan, 0.5]))


def test_the_layout_of_an_argument_in_memory():
    f = lambda x: np.ravel(x, order="K") * np.arange(6)  # noqa: E731  # one line says it
    fast, x = tg.compile(f), np.arange(6.0).reshape(2, 3)
    for y in (x, np.asfortranarray(x), x.T, x[::-1], x[:, ::-1]):
        for given in (y, Tensor(y)):
            same(fast(given), f(given))


def test_array_parameters_that_look_alike():
    tables = [np.zeros(2000), np.zeros(2000)]
    tables[1][1000] = 1.0
    pick = tg.op("pick_from_table", "pick({})", lambda x, table: x * table, lambda g, z, x, table: g * table)

    def f(x):
        return pick(x, table=tables[0]), pick(x, table=tables[1])

    x = Tensor(np.ones(2000))
    for ours, theirs in zip(tg.compile(f)(x), f(x), strict=True):
        same(ours, theirs)


def test_one_node_given_twice_and_one_that_the_function_can_name():
    w = Tensor([2.0, 3.0], requires_grad=True)

    def f(a, b):
        (a * b * b * w).sum().backward()
        return a.grad, b.grad

    fast = tg.compile(f)
    for a, b in itertools.product([w, Tensor([5.0, 7.0])], repeat=2):
        found = []
        for g in (fast, f):
            for x in (w, a, b):
                x.grad = None
            found.append([*map(np.array, g(a, b)), np.array(w.grad), np.array(a.grad), np.array(b.grad)])
        for ours, theirs in zip(*found, strict=True):
            np.testing.assert_allclose(ours, theirs)


# Results, names, bounds -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("w", [Value(2.0), Tensor([2.0, 3.0])], ids=["value", "tensor"])
def test_a_gradient_that_would_be_dropped_at_a_result_is_refused(w):
    fast = tg.compile(lambda x: w * x)
    z = fast(3.0) * 2
    with refuses(GradientError, "compiled function", "detach"):
        (z if isinstance(z, Value) else z.sum()).backward()
    with refuses(GradientError, "compiled function"):
        tg.gradients(z if isinstance(z, Value) else z.sum(), [w])
    constant = fast(3.0).detach() * w
    (constant if isinstance(w, Value) else constant.sum()).backward()
    assert w.grad is not None


class Odd(str):
    def __repr__(self):
        return "__import__('os').abort()"


def test_names_are_data():
    name = "np.exp(1)); import os; os.abort(); ("
    odd = tg.op(name, "odd({})", lambda x, word="": x * len(word), lambda g, z, x, word="": g * len(word))
    keyword = tg.op("lambda", "lam({})", lambda x: x * 3, lambda g, z, x: g * 3)
    hides = tg.op("np", "np({})", lambda x: x * 5, lambda g, z, x: g * 5)
    kind = type("class", (nn.SGD,), {})
    w = Tensor([1.0, 2.0], requires_grad=True, label="def")
    opt = kind([w], lr=0.1)

    def f(x):
        opt.zero_grad()
        y = hides(keyword(odd(w * x, word=Odd("four"))))
        y.sum().backward()
        opt.step()
        return np.sin(y), w.grad

    fast = tg.compile(f)
    same(fast(2.0)[1], np.array([120.0, 120.0]))
    compile(fast.source, "source", "exec")
    assert "abort" not in fast.source.split("#")[0]


def test_a_users_row_of_a_name_that_was_replaced():
    rows = [tg.op("replaced_row", "r({})", lambda x, k=k: x * k, lambda g, z, x, k=k: g * k) for k in (2, 3)]
    same(tg.compile(lambda x: rows[0](x) + rows[1](x))(Tensor([1.0])), np.array([5.0]))


def test_programs_are_bounded_and_words_say_why_there_are_many():
    fast = tg.compile(lambda x, n: x * n)
    with pytest.warns(UserWarning, match="an argument that is an int") as warned:
        results = [fast(X, n) for n in range(80)]
    assert len(warned) == 1
    assert sum(map(len, fast.programs.values())) <= 32
    for n, result in enumerate(results):
        same(result, X * n)


def settings_that_change(fast, settings):
    for n in range(40):
        settings.rate = n
        same(fast(X), X * n)


def test_a_setting_that_changes_at_each_call_is_named():
    settings = Settings()
    with pytest.warns(UserWarning, match=r"settings\.rate"):
        settings_that_change(tg.compile(lambda x: x * settings.rate), settings)


# Numbers that are read, and gradients that were made elsewhere ---------------------------------------------------


def arrays(fast, f, *calls):
    """Compare results of several calls as arrays."""
    for call in calls:
        for ours, theirs in zip(leaves(fast(*call)), leaves(f(*call)), strict=True):
            np.testing.assert_allclose(numbers(ours), numbers(theirs), rtol=1e-12, atol=1e-13)


def numbers(x):
    return np.asarray(x.data if isinstance(x, (Value, Tensor)) else x, float)


TRANSFORMS = {
    "grad": lambda f: tg.grad(f),
    "value_and_grad": lambda f: tg.value_and_grad(f),
    "grad of grad": lambda f: lambda x: tg.grad(lambda y: tg.grad(f)(y).sum())(x),
    "vjp": lambda f: lambda x: tg.vjp(f, x)[1](2.0)[0],
    "jvp": lambda f: lambda x: tg.jvp(f, x, x * 0.5 + 1.0)[1],
    "jacobian": lambda f: tg.jacobian(lambda x: x**3 * x.sum()),
    "hessian": lambda f: tg.hessian(f),
    "hvp": lambda f: lambda x: tg.hvp(f, x, x * 2.0),
    "per_example_gradients": lambda f: lambda x: tg.per_example_gradients(lambda w, a: (w * a**2).sum(), x * 2.0, x),
}


@pytest.mark.parametrize("kind", TRANSFORMS)
def test_transforms_of_arguments_inside(kind):
    f = TRANSFORMS[kind](lambda x: (x**3).sum() * x[0])
    arrays(tg.compile(f), f, ([np.array([1.0, 2.0])]), ([np.array([3.0, -2.0])]), ([Tensor([0.5, 4.0])]))
    twice = lambda x: f(x * x)  # noqa: E731  # of what is computed inside
    arrays(tg.compile(twice), twice, ([np.array([1.0, 2.0])]), ([np.array([3.0, -2.0])]))


def test_what_a_transform_returns_is_a_constant_as_outside():
    x = Tensor([1.0, 2.0], requires_grad=False)
    result = tg.compile(tg.grad(lambda x: (x**2).sum()))(x)
    assert not result.requires_grad
    assert float(result[0]) == 2.0


@pytest.mark.parametrize(
    "copied", [Tensor, copy.copy, copy.deepcopy, lambda x: Tensor(x.data), lambda x: x.detach(), lambda x: +x]
)
def test_an_argument_wrapped_or_copied(copied):
    def f(x):
        w.grad = None
        t = copied(Tensor(x, requires_grad=False) if not isinstance(x, Tensor) else x)
        (w * t).sum().backward()
        return w.grad

    w = Tensor([2.0, 3.0])
    fast = tg.compile(f)
    for x in ([1.0, 2.0], [3.0, 4.0]):
        given = Tensor(x, requires_grad=False)
        same(fast(given), f(given))


def test_numbers_of_weights_that_are_copied():
    net, other = nn.Linear(2, 2, rng=0), nn.Linear(2, 2, rng=1)

    def f(x):
        mine = Tensor(net.weight.data)
        other.load_state_dict(net.state_dict())
        return (x @ mine, other(x), Value(2.0) * 3)[:2]

    fast, x = tg.compile(f), np.array([[1.0, 2.0]])
    for _ in range(3):
        with tg.no_grad():
            net.weight.assign(net.weight * 2)
        for ours, theirs in zip(fast(x), f(x), strict=True):
            same(ours, theirs)


def test_gradients_made_elsewhere():
    twins = []
    for fast in (True, False):
        w, v = Tensor([1.0, 2.0]), Value(3.0)
        opts = nn.SGD([w], lr=0.1), nn.SGD([v], lr=0.1)
        steps = [opts[0].step, opts[1].step, lambda w=w: nn.clip_grad_norm([w], 1.0)]
        twins.append((w, v, [tg.compile(step) if fast else step for step in steps]))
    for x in (1.0, 5.0, -2.0):
        for w, v, (step, other, clip) in twins:
            w.grad = v.grad = None
            (w * x).sum().backward()
            (v * x).backward()
            clip()
            step()
            other()
        same(*[w for w, *_ in twins])
        assert twins[0][1].data == pytest.approx(twins[1][1].data)


def test_a_gradient_that_was_none_when_it_was_traced():
    twins = []
    for fast in (True, False):
        a, b = Tensor([1.0]), Tensor([2.0])
        opt = nn.SGD([a, b], lr=0.1)
        twins.append((a, b, tg.compile(opt.step) if fast else opt.step))
    for both in (False, True, False):
        for a, b, step in twins:
            a.grad = b.grad = None
            ((a * b) if both else a * 2).sum().backward()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                step()
        same(*[a for a, *_ in twins])
        same(*[b for _, b, _ in twins])


# Writes ---------------------------------------------------------------------------------------------------------


def test_writing_into_an_argument_is_refused_and_into_a_tensor_from_outside_is_done():
    with refuses(CompileError, "argument 0"):
        tg.compile(lambda x: x.__setitem__(0, 1.0))(X)
    with refuses(CompileError, "argument 0"):
        tg.compile(lambda x: x.__setitem__(0, 1.0))(Tensor(X, requires_grad=False))
    log = Tensor(np.zeros(3), requires_grad=False)

    def f(x):
        log[1] = (x * 2).sum()
        return log * 2

    fast = tg.compile(f)
    for k in (1.0, 3.0):
        same(fast(X * k), np.array([0.0, 8.0 * k, 0.0]))
        same(log, np.array([0.0, 4.0 * k, 0.0]))
    plain = np.zeros(3)
    with refuses(CompileError, "where"):
        tg.compile(lambda x: plain.__setitem__(0, Tensor(x, requires_grad=False).sum()))(X)
    assert plain.sum() == 0


def test_writing_into_copies_made_inside():
    def f(x):
        t, u = Tensor(x), Tensor(np.zeros(3), requires_grad=False)
        u[1] = t.data[0] * 2
        v = +t
        v[0] = t[1] * 3
        u += x
        return t, u, v

    fast = tg.compile(lambda x: f(Tensor(x, requires_grad=False)))
    for k in (1.0, 3.0):
        for ours, theirs in zip(fast(X * k), f(X * k), strict=True):
            same(ours, theirs)


# NumPy functions that look at numbers ---------------------------------------------------------------------------

A = np.array([[4.0, 1.0, 0.5], [1.0, 3.0, 0.25], [0.5, 0.25, 2.0]])
NUMPY = {
    "nonzero": lambda x: np.nonzero(x)[0],
    "compress": lambda x: np.compress(x[0] > 1, x, axis=1),
    "extract": lambda x: np.extract(x > 1, x),
    "delete": lambda x: np.delete(x, 1, axis=0),
    "insert": lambda x: np.insert(x, 1, x[0], axis=0),
    "digitize": lambda x: np.digitize(x[0], np.array([0.0, 1.0, 2.0])),
    "quantile": lambda x: np.quantile(x, 0.3),
    "quantile of x": lambda x: np.quantile(np.arange(5.0), x[0, 0] / 8),
    "median": np.median,
    "unwrap": lambda x: np.unwrap(x[0] * 3),
    "frexp": lambda x: np.frexp(x)[0],
    "ldexp": lambda x: np.ldexp(1.5, (x > 1) * 2),
    "place of the largest": lambda x: x.reshape(-1)[np.argmax(x)],
    "unravel_index": lambda x: x[np.unravel_index(np.argmax(x), x.shape)],
    "solve": lambda x: np.linalg.solve(x, x[0]),
    "lstsq": lambda x: np.linalg.lstsq(x, x[0], rcond=None)[0],
    "slogdet": lambda x: np.linalg.slogdet(-x)[1] * np.linalg.slogdet(-x)[0],
    "eigh": lambda x: np.linalg.eigh(x)[0],
    "eigvalsh": np.linalg.eigvalsh,
    "svd": lambda x: np.linalg.svd(x, compute_uv=False),
    "svd of symmetric": lambda x: np.linalg.svd(x, compute_uv=False, hermitian=True),
    "matrix_rank": np.linalg.matrix_rank,
    "pinv": np.linalg.pinv,
    "average": lambda x: np.average(x, weights=x),
    "interp": lambda x: np.interp(x[0], np.arange(5.0), np.arange(5.0) ** 2),
    "real_if_close": lambda x: np.real_if_close(x + 0j),
    "searchsorted": lambda x: np.searchsorted(np.arange(5.0), x[0]),
    "nanmax": lambda x: np.nanmax(x, axis=0),
    "var": lambda x: np.var(x, axis=0, where=x > 0.3),
    "histogram": lambda x: np.histogram(x, 3)[0],
    "geomspace": lambda x: np.geomspace(x[0, 0], x[0, 1], 4),
    "sort": lambda x: np.sort(x, axis=0),
    "allclose": lambda x: x * np.allclose(x, 4.0),
    "bincount": lambda x: np.bincount((x[0] > 1) * 1, minlength=3),
    "cond": np.linalg.cond,
    "isclose": lambda x: np.isclose(x, 4.0) * x,
    "array2string": lambda x: x * len(np.array2string(x)),
    "round": lambda x: np.round(x * 3),
    "norm": lambda x: np.linalg.norm(x, 2),
}


@pytest.mark.parametrize("name", NUMPY)
def test_a_numpy_function_that_looks_at_numbers_is_as_eager_or_refused(name):
    f, fast, refused = NUMPY[name], tg.compile(NUMPY[name]), []
    for x in (A, A.T @ A / 9, A * [[1.0, 0.1, 2.0], [0.1, 5.0, 1.0], [2.0, 1.0, 1.0]]):
        given = Tensor(x, requires_grad=False)
        try:
            ours = fast(given)
        except CompileError as error:
            refused.append(str(error))
            continue
        for a, b in zip(leaves(ours), leaves(f(given)), strict=True):
            np.testing.assert_allclose(numbers(a), numbers(b), rtol=1e-9, atol=1e-12)
    of_its_own = name in ("frexp", "ldexp", "matrix_rank")  # ufuncs, and a function that is compiled by itself
    assert all(f"{name.split()[0]}() at {__file__}" in text for text in refused) or of_its_own, refused
