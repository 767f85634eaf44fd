"""Short programs that hide what they depend on: compiled, each gives what it gives plain, or is refused in words.

A program is a generator function. It compiles with the function that it is given, or not at all if that is the
identity, changes its world as it likes, and yields what it finds. REFUSED are those that no compiled function can run.
"""

import collections
import copy
import dataclasses
import decimal
import enum
import fractions
import functools
import sys
import types

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import Tensor, nn
from tinygrad_edu.errors import CompileError, GradientError, StaleGraphError

A = np.array


def weights(*numbers):
    return Tensor(list(numbers), requires_grad=True)


class Config:
    def __init__(self, k, **more):
        self.k = k
        vars(self).update(more)


class Alike(Config):
    def __eq__(self, other):
        return True

    def __hash__(self):
        return 1


@dataclasses.dataclass(frozen=True)
class Frozen:
    k: float
    more: list = dataclasses.field(compare=False, default_factory=list)


Z = Tensor([5.0, 6.0])
P, Q = (collections.namedtuple(name, "x y") for name in "PQ")


class Mode(enum.IntEnum):
    ONE = 1
    TWO = 2


# Arguments --------------------------------------------------------------------------------------------------------


def objects_that_call_themselves_equal(compiled):
    f = compiled(lambda x, c: x * c.k)
    for k in (1.0, 2.0, 1.0):
        yield f(A([1.0]), Alike(k))
    g = compiled(lambda x, c: np.copysign(x, c.k) + sum(c.more))
    for k, more in ((0.0, 1), (0.0, 2), (-0.0, 2), (0, 2)):
        yield g(A([1.0]), Frozen(k, [more]))


def objects_that_change(compiled):
    f, c = compiled(lambda x, c: x * c.k), Config(1.0)
    for _ in range(3):
        yield f(A([1.0]), c)
        c.k += 1


def values_of_a_users_type(compiled):
    f = compiled(lambda x, i: x * len(str(i)) * i.k)
    for kind, value in ((int, 2), (str, "ab"), (float, 2.5)):
        i = type("Mine", (kind,), {})(value)
        for i.k in (3, 7):
            yield f(A([1.0]), i)
    Mode.ONE.k = Mode.TWO.k = 2
    for mode in (Mode.ONE, Mode.TWO):
        yield f(A([1.0]), mode)
        mode.k = 5
        yield f(A([1.0]), mode)


def values_of_a_users_type_outside(compiled):
    mine = type("Mine", (float,), {})
    box = [mine(2)]
    box[0].k = 3
    f = compiled(lambda x: x * box[0] * box[0].k)
    yield f(A([1.0]))
    box[0].k = 7
    yield f(A([1.0]))
    box[0] = mine(9)
    box[0].k = 7
    yield f(A([1.0]))


def values_whose_parts_cannot_be_seen(compiled):
    f = compiled(lambda x, d: x * float(d) * len(str(d)))
    for d in (decimal.Decimal("1.0"), decimal.Decimal("1.00"), fractions.Fraction(1, 2), fractions.Fraction(3, 2)):
        yield f(A([1.0]), d)
    box = [decimal.Decimal("1.0")]
    g = compiled(lambda x: x * float(box[0]))
    yield g(A([1.0]))
    box[0] = decimal.Decimal("2.0")
    yield g(A([1.0]))


def equals_of_other_types(compiled):
    f = compiled(lambda x, s: x * max(s))
    for s in (frozenset([1]), frozenset([1.0]), frozenset([True]), {2}, {2.0}):
        yield f(A([3]), s)
    g = compiled(lambda x, d: x * next(iter(d)))
    for d in ({1: 1}, {1.0: 1}, {True: 1}):
        yield g(A([3]), d)
    h = compiled(lambda x, c: np.copysign(1.0, (x * c).imag))
    for c in (0j, complex(0.0, -0.0), 0j):
        yield h(A([1.0]), c)


def unhashable_arguments(compiled):
    f = compiled(lambda x, s: x[s] if isinstance(s, slice) else x * len(s))
    for s in (slice(1), slice(2), {1, 2}, bytearray(b"abc"), slice(1)):
        yield f(A([1.0, 2.0]), s)


def containers_of_other_types(compiled):
    f = compiled(lambda d: d["a"] + (10 if type(d) is dict else 0))
    for kind in (dict, collections.OrderedDict, dict):
        yield f(kind(a=A([1.0])))
    g = compiled(lambda p: p.x * (2 if isinstance(p, P) else 3))
    for kind in (P, Q, P):
        yield g(kind(A([1.0]), 2.0))


def one_node_given_twice(compiled):
    def f(a, b):
        (a * b * b).sum().backward()
        return a.grad, b.grad

    f = compiled(f)
    for same in (False, True, False):
        a = weights(2.0, 3.0)
        yield f(a, a if same else weights(5.0, 7.0))


def lists_of_numbers_made_a_tensor(compiled):
    w = weights(1.0, 2.0)

    def step(x):
        w.grad = None
        loss = ((w * Tensor(x)) ** 2).sum()
        loss.backward()
        w.data = w.data - 0.1 * w.grad
        return loss, Tensor([[v, v * 2] for v in x])

    f = compiled(step)
    for k in range(4):
        yield f([1.0 + k, 2.0]), w.data


# The world --------------------------------------------------------------------------------------------------------


def order_of_a_dict(compiled):
    d = {"a": 1.0, "b": 2.0}
    f = compiled(lambda x: functools.reduce(lambda r, v: r * 2 + v, d.values(), x))
    for key in "aba":
        yield f(A([1.0]))
        d[key] = d.pop(key)
    keys = {1: 1}
    g = compiled(lambda x: x * next(iter(keys)))
    for key in (1.0, True, 1):
        yield g(A([3]))
        keys.clear()
        keys[key] = 1


def class_of_an_object(compiled):
    class One:
        k = 1.0

    class Two:
        k = 2.0

    class Three(One):
        pass

    one, three = One(), Three()
    f, g = compiled(lambda x: x * one.k), compiled(lambda x: x * three.k)
    for kind in (One, Two, One):
        one.__class__ = kind
        yield f(A([1.0]))
        Three.__bases__ = (kind,)
        yield g(A([1.0]))


def attribute_of_a_metaclass(compiled):
    class Meta(type):
        rate = 2.0
        k = property(lambda cls: cls.rate)

    class Of(metaclass=Meta):
        pass

    f = compiled(lambda x: x * Of.k)
    yield f(A([1.0]))
    Meta.rate = 5.0
    yield f(A([1.0]))


def attributes_put_before_those_of_the_class(compiled):
    class Of:
        k = 1.0

    class Net(nn.Module):
        k = 1.0

    one, net = Of(), Net()
    f = compiled(lambda x: x * one.k * net.k)
    yield f(A([1.0]))
    one.k = 5.0
    yield f(A([1.0]))
    net.k = 7.0
    yield f(A([1.0]))
    del one.k
    yield f(A([1.0]))


def which_object_is_meant(compiled):
    keys = [Config(0), Config(0)]
    numbers, chosen = {keys[0]: 1.0, keys[1]: 2.0}, [keys[0]]
    f = compiled(lambda x: x * numbers[chosen[0]])
    for key in (keys[1], keys[0], keys[1]):
        yield f(A([1.0]))
        chosen[0] = key
    g = compiled(lambda x: x * (2 if chosen[0] is keys[0] else 3))
    for key in keys:
        chosen[0] = key
        yield g(A([1.0]))


def modules_in_modules_and_imported_inside(compiled):
    module, inner, later = (types.ModuleType(name) for name in ("of_users", "of_users.inner", "imported_later"))
    module.inner, sys.modules["imported_later"] = inner, later
    inner.rate = later.rate = 2.0

    def g(x):
        import imported_later

        return x * imported_later.rate

    space = {"of_users": module}
    exec("def f(x):\n    return x * of_users.inner.rate", space)
    f, g = compiled(space["f"]), compiled(g)
    for rate in (3.0, 5.0):
        yield f(A([1.0])), g(A([1.0]))
        inner.rate = later.rate = rate
    del sys.modules["imported_later"]


def numbers_in_other_containers(compiled):
    import array

    objects, buffer, numbers = np.array([1.0, [2.0]], object), bytearray(b"\1\2"), array.array("d", [1.0, 2.0])
    shown = types.MappingProxyType(hidden := {"a": 1.0})
    g = compiled(lambda x: x * shown["a"])
    for hidden["a"] in (2.0, 3.0):
        yield g(A([1.0]))
    f = compiled(lambda x: x * objects[0] + objects[1][0] + buffer[0] * numbers[1])
    yield f(A([1.0]))
    objects[0] = 5.0
    yield f(A([1.0]))
    objects[1][0] = 9.0
    yield f(A([1.0]))
    buffer[0] = 3
    yield f(A([1.0]))
    numbers[1] = 4.0
    yield f(A([1.0]))


def what_code_asks_of_weights(compiled):
    w = weights(1.0, 2.0)
    w.label = "ab"
    f = compiled(lambda x: x * (2 if w.requires_grad else 3) * len(w.label))
    yield f(A([1.0]))
    w.label = "abcd"
    yield f(A([1.0]))
    w.requires_grad = False
    yield f(A([1.0]))
    v = weights(3.0, 4.0)

    def g(x):
        v.grad = None
        (v * x * Z).sum().backward()
        return v.grad, Z.grad

    g = compiled(g)
    for needs in (True, False, True, True):
        Z.requires_grad, Z.grad = needs, None
        yield g(A([1.0, 2.0]))


def attributes_named_by_text(compiled):
    one = Config(1.0, w1=2.0, hidden=3.0)
    f = compiled(lambda x: x * getattr(one, "w" + "1") * vars(one)["hidden"])
    g = compiled(lambda x: x * one.k * GET(one))
    for _ in range(2):
        yield f(A([1.0])), g(A([1.0]))
        one.w1 += 1
        yield f(A([1.0])), g(A([1.0]))
        one.hidden += 1


GET = __import__("operator").attrgetter("hidden")


def attributes_named_in_a_format(compiled):
    one = Config(1.0, hidden=2.0)
    f = compiled(lambda x: x * float(FORMAT.format(one)))
    for _ in range(2):
        yield f(A([1.0]))
        one.hidden += 1


FORMAT = "{0.hidden}"


def makers_of_objects(compiled):
    """The code of a class counts where an object is made of it, however that is called."""

    class Made:
        def __init__(self, x):
            self.y = x * FACTOR[0]

        def again(self, x):
            return self.__class__(x)

        @classmethod
        def of(cls, x):
            return cls(x)

    class Heir(Made):
        pass

    class Holds:
        make = Made

    made, holds = Made(1.0), Holds()
    ways = [lambda x: Heir(x), lambda x: type(made)(x), made.again, made.of, lambda x: holds.make(x)]
    functions = [compiled(lambda x, way=way: way(x).y) for way in ways]
    for FACTOR[0] in (1.0, 7.0):
        yield [f(A([1.0])) for f in functions]


FACTOR = [1.0]


def numbers_that_become_parts_of_a_net(compiled):
    net = TrainedNet()
    f = compiled(lambda: sum((w.data**2).sum() for w in net.parameters()))
    yield f()
    net.best = nn.Linear(2, 1, rng=3)
    yield f()
    net.history.append(nn.Linear(2, 1, rng=4))
    yield f()


def copies_of_objects(compiled):
    one = Config(1.0, hidden=[3.0])
    f = compiled(lambda x: x * DUPLICATE(one).__dict__["hidden"][0])
    yield f(A([1.0]))
    one.hidden[0] = 5.0
    yield f(A([1.0]))


DUPLICATE = copy.deepcopy


def error_state_inside(compiled):
    def f(x):
        try:
            with np.errstate(all="raise"):
                return np.log(x)
        except FloatingPointError:
            return x * 0

    f = compiled(f)
    for x in ([1.0, 2.0], [1.0, -1.0]):
        yield f(A(x))


def silenced_errors_inside(compiled):
    def f(x):
        with np.errstate(invalid="ignore"):
            return np.log(x)

    f = compiled(f)
    for x in ([1.0, 2.0], [1.0, -1.0]):
        yield f(A(x))


def a_graph_from_outside(compiled):
    w = weights(1.0, 2.0)
    y = w * 5
    f = compiled(lambda x: (x * y).sum())
    yield f(A([1.0, 1.0]))
    w.data = w.data * 3
    yield f(A([1.0, 1.0]))  # y is what it was


def gradients_through_a_graph_from_outside(compiled):
    w = weights(1.0, 2.0)
    y = (w**2).sum()

    def f(x):
        w.grad = None
        (y * x).backward()
        return w.grad

    f = compiled(f)
    yield f(2.0)
    yield f(3.0)
    w.data = w.data * 3
    try:
        f(2.0)
    except (StaleGraphError, CompileError):
        yield "stale"


def largest_of_numbers_with_gradients(compiled):
    a, b = weights(1.0), weights(2.0)

    def f(x):
        a.grad = b.grad = None
        max([(a * x).sum(), (b * x * x).sum()]).backward()
        return a.grad, b.grad

    f = compiled(f)
    for x in (0.1, 5.0, 0.2):
        yield f(A([x]))


# Results ----------------------------------------------------------------------------------------------------------


def containers_that_are_returned(compiled):
    def f(x):
        d = collections.defaultdict(list, a=[x])
        d["b"].append(x * 2)
        return d, collections.OrderedDict(a=x), P(x, x * 3)

    f = compiled(f)
    for k in range(2):
        found = f(A([1.0 + k]))
        yield [type(part).__name__ for part in found], found[0]["b"], found[1]["a"], found[2].y
        yield found[0]["c"]


def things_that_are_returned_as_they_are(compiled):
    w, numbers, one = weights(1.0, 2.0), [1, 2], Config(1.0)
    f = compiled(lambda x: (w, numbers, one, x, x, w * 2, Config))
    for x in (Tensor([1.0]), Tensor([2.0])):
        found = f(x)
        yield [a is b for a, b in zip(found, (w, numbers, one, x, x, None, Config), strict=True)], found[5]
        w.data = w.data + 1
    g = compiled(lambda x: (y := x * 2, y))
    for k in range(2):
        found = g(A([1.0 + k]))
        yield found[0] is found[1], found[0]


def things_that_are_made_anew(compiled):
    f = compiled(lambda x: (np.zeros(2), {1, 2}, [3], x * 2))
    for _ in range(3):
        array, numbers, inner, _x = f(A([1.0]))
        yield array, numbers, inner
        array[0] = 9
        numbers.add(9)
        inner.append(9)


def objects_that_are_made(compiled):
    f = compiled(lambda x: Config(x * 2))
    yield f(A([1.0])).k


def generators_that_are_made(compiled):
    def f(x):
        yield x * 2

    yield list(compiled(f)(A([1.0])))


def a_clock_in_a_result(compiled):
    import time

    f = compiled(lambda x: (x, time.perf_counter_ns() > 0, "a", None))
    for _ in range(2):
        yield f(A([1.0]))


REFUSED = {
    *(error_state_inside, a_graph_from_outside, objects_that_are_made, generators_that_are_made),
}
PROGRAMS = [
    f
    for f in globals().values()
    if isinstance(f, types.FunctionType) and f.__code__.co_varnames[:1] == ("compiled",) and f.__module__ == __name__
]


def flat(x):
    """Return what a program yields as one list."""
    if isinstance(x, (list, tuple)):
        return [("length", len(x)), *(leaf for part in x for leaf in flat(part))]
    return [np.array(x.data) if isinstance(x, Tensor) else copy.copy(x)]  # as it is now: programs write into some


def found_by(program, compiled):
    """Return what a program yields, or None where it is refused."""
    try:
        return [flat(x) for x in program(compiled)]
    except CompileError:
        return None


@pytest.mark.filterwarnings("ignore:invalid value")
@pytest.mark.parametrize("program", PROGRAMS, ids=[f.__name__ for f in PROGRAMS])
def test_a_program_agrees_or_is_refused(program):
    plain, fast = found_by(program, lambda f: f), found_by(program, tg.compile)
    assert plain is not None
    assert (fast is None) is (program in REFUSED)
    for theirs, ours in zip(plain, fast or plain, strict=True):
        assert len(theirs) == len(ours)
        for a, b in zip(theirs, ours, strict=True):
            if isinstance(a, (np.ndarray, np.generic, float)):
                a, b = np.asarray(a), np.asarray(b)
                assert (a.dtype, a.shape) == (b.dtype, b.shape)
                np.testing.assert_allclose(b, a, rtol=1e-12, atol=1e-13)
            else:
                assert a == b and type(a) is type(b)  # noqa: PT018  # of one object


# What no code names -----------------------------------------------------------------------------------------------


class Trainer:
    """A trainer whose list of losses grows beside the step, which does not name it."""

    def __init__(self):
        self.w, self.history, self.best, self.seen = weights(1.0, 2.0), [], None, {}

    def step(self, x):
        self.w.grad = None
        loss = ((self.w * x) ** 2).sum()
        loss.backward()
        self.w.data = self.w.data - 0.1 * self.w.grad
        return loss

    def run(self, step, x):
        self.history.append(step(x).item())
        self.best = min(self.history)
        self.seen[len(self.history)] = self.best

    def mean_step(self, x):
        return self.step(x) * sum(self.history)


class TrainedNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer, self.history, self.best = nn.Linear(2, 1, rng=0), [1.0], 1.0

    def forward(self, x):
        return self.layer(x)


def test_a_list_that_grows_beside_a_step_costs_no_trace():
    trainer = Trainer()
    fast = tg.compile(trainer.step)
    for _ in range(4):
        trainer.run(fast, A([1.0, 2.0]))
    assert len(trainer.history) == len(trainer.seen) == 4
    assert [*map(len, fast.programs.values())] == [1]
    net = TrainedNet()
    forward = tg.compile(lambda x: net(x))
    for k in range(4):
        net.history.append(forward(np.ones((1, 2))).item())
        net.best = 1.0 / (k + 2)
    assert [*map(len, forward.programs.values())] == [1]


@pytest.mark.parametrize(
    "make", [TrainedNet, lambda: nn.Linear(2, 1, rng=0), lambda: nn.Sequential(nn.Linear(2, 1, rng=0))]
)
def test_a_list_that_a_net_is_given_from_outside_costs_no_trace(make):
    net = make()
    net.losses, net.note, net.best = [], "first", 3.0
    forward = tg.compile(lambda x: net(x))
    for k in range(4):
        net.losses.append(forward(np.ones((1, 2))).item())
        net.best = 1.0 / (k + 2)
    assert [*map(len, forward.programs.values())] == [1]
    net.losses.append(nn.Linear(2, 1, rng=1))  # a part of the net from now on
    assert not forward.last.reach.unchanged()


def test_a_number_of_a_layer_that_the_package_reads_is_seen():
    layer, norm, flat = nn.Dropout(0.5, rng=0), nn.BatchNorm1d(2), nn.LeakyReLU(0.1)
    f = tg.compile(lambda x: flat(norm(layer(x))))
    x = np.random.default_rng(0).normal(size=(4, 2))
    layer.eval(), norm.eval()
    for change in (lambda: None, lambda: setattr(flat, "negative_slope", 0.7), lambda: setattr(norm, "eps", 0.5)):
        change()
        np.testing.assert_allclose(f(x).data, flat(norm(layer(x))).data)


def test_a_list_that_a_step_reads_is_seen():
    plain, twin = Trainer(), Trainer()
    fast = tg.compile(twin.mean_step)
    for k in range(4):
        for trainer in (plain, twin):
            trainer.history.append(1.0 + k)
        np.testing.assert_allclose(fast(A([1.0, 2.0])).data, plain.mean_step(A([1.0, 2.0])).data)


def test_a_part_that_a_net_gets_later_is_seen():
    net = TrainedNet()
    f = tg.compile(lambda: sum((w.data**2).sum() for w in net.parameters()))
    for _ in range(2):
        np.testing.assert_allclose(f().data, sum((w.data**2).sum() for w in net.parameters()))
        net.more = [nn.Linear(2, 1, rng=1)]


@pytest.mark.parametrize("error", [GradientError, StaleGraphError])
def test_errors_of_the_package_are_the_functions_own(error):
    w = weights(1.0)

    def f(x):
        y = w * x
        if error is GradientError:
            y.detach().sum().backward()
        w.data = w.data * 2
        y.sum().backward()

    for g in (f, tg.compile(f)):
        with pytest.raises(error):
            g(2.0)
