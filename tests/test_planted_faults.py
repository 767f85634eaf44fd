"""A fault planted in any fast twin is found by the comparison of whole programs, plain and fast."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from test_fast_paths import everything, scalar_program, tensor_program

import tinygrad_edu as tg
from tinygrad_edu import Tensor, Value, fast, nn
from tinygrad_edu.core.backprop import history

FAULTS = {  # a module of fast/ -> (a piece of its text, the fault to put in its place)
    "value_methods": [
        ("scalar(x._raw)", "scalar(x._raw) * (1 + 2.0**-52)"),
        ("y._raw if kind is Value else y)", "y._raw if kind is Value else -y)"),
        ("scalar(x, y._raw)", "scalar(y._raw, x)"),
        ("x._requires_grad or (kind is Value and y._requires_grad)", "x._requires_grad"),
        ("differentiable and y._requires_grad", "differentiable"),
        ("op.at_the_edge(x._raw, raw_of(y))", "op.at_the_edge(raw_of(y), x._raw)"),
        ("z.x = x\n        z.y = y\n", "z.x = y\n        z.y = x\n"),
        ("(here is not None and not here.recording) or (kind", "(kind"),
        ("z.instruction = frame.f_lasti", "z.instruction = 0"),
        ("if package_files[code.co_filename]:", "if False:"),
        ("if code is not users_code:", "if users_code is None:"),
    ],
    "value_backward": [
        ("grads[place] += dx", "grads[place] = dx"),
        ("grads[place] += dy", "grads[place] -= dy"),
        ("so_far(y, NEGATIVE_ZERO) + dy", "dy"),
        ("rules[1](g, z._raw, a, b)", "rules[0](g, z._raw, a, b)"),
        ("if x.born >= z.born:", "if False:"),
        ("if y.born >= z.born:", "if False:"),
        ("so_far(w, NEGATIVE_ZERO) + g * x\n", "g * x\n"),
        ("so_far(w, NEGATIVE_ZERO) + g * x._raw", "g * x._raw"),
        ("so_far(x, NEGATIVE_ZERO) + g * w._raw", "g * w._raw"),
        ("grads[place] += g * w._raw", "grads[place] = g * w._raw"),
        ("if w.born >= born or w.op is not None:", "if w.op is not None:"),
        ("if w.born >= born or w.op is not None:", "if w.born >= born:"),
        ("if x.born >= born:", "if False:"),
        ("if w._requires_grad:", "if True:"),
        ("NEGATIVE_ZERO = -0.0", "NEGATIVE_ZERO = 0.0"),
        (" if {*map(type, grads), *map(type, leaves.values())} == {float} else None", ""),
    ],
    "tensor_operators": [
        ("y._raw if kind is Tensor else y)", "x._raw if kind is Tensor else y)"),
        ("x._requires_grad or (kind is Tensor and y._requires_grad)", "x._requires_grad"),
        ("data if type(data) is ndarray else as_array(data, op.name)", "data"),
        ("z.x = x\n        z.y = y\n", "z.x = y\n        z.y = x\n"),
        ("z.instruction = frame.f_lasti", "z.instruction = 0"),
        ("if package_files[code.co_filename]:", "if False:"),
    ],
    "tensor_backward": [
        ("dx if so_far is None else so_far + dx", "dx"),
        ("if x.born >= born:", "if False:"),
        ("dx = x.unbroadcast(dx, z, 0)", "pass"),
        ("between.append(z)", "pass"),
        ("and plain_mode and not (retain_grad or foreign)", "and plain_mode"),
        ("heappush(waiting, (-x.born, x))", "heappush(waiting, (x.born, x))"),
    ],
    "neuron_sum": [
        ("w._raw * x._raw", "w._raw * w._raw"),
        ("w._raw * x\n", "w._raw + x\n"),
        ("w._requires_grad and type(x) is Value", "type(x) is Value"),
        ("total += product", "total = product + total * (1 + 2.0**-52)"),
        ("total = plus(total, product)", "pass"),
        ("age += 2", "age += 1"),
        ('True, z._slope, "", age', 'True, None, "", age'),
        ("self.bias, self.start = bias, start", "self.bias, self.start = bias, 0.0"),
        ("((self.bias, 1.0), (weights[0], inputs[0]))", "((weights[0], inputs[0]), (self.bias, 1.0))"),
        ("((self.bias, 1.0), (weights[0], inputs[0]))", "((weights[0], inputs[0]),)"),
        ("weights[:0:-1], inputs[:0:-1]", "weights[1:], inputs[1:]"),
        ("reduce(plus, products, raw_of(bias))", "reduce(plus, products)"),
        ("z.instruction = frame.f_lasti", "z.instruction = 0"),
    ],
}


def net_program(seed):
    """A net of neurons that takes two steps and is then asked inside no_grad; tensors that keep old gradients."""
    net = nn.MLP(3, [4, 1], "tanh", rng=seed)
    net.layers[0].neurons[1].b.data = 0.3
    for p in net.layers[0].neurons[0].parameters():
        p.requires_grad = False
    x = [Value(0.5), 1.0 / 3.0, Value(-0.7, requires_grad=False)]
    yield from net.parameters()
    for _ in range(2):
        loss = (net(x) - 0.25) ** 2
        yield loss
        loss.backward()
        yield x[0] * 1.0
    with tg.no_grad():
        yield net(x)
        yield net([0.1, 0.2, 0.3])
    w = Tensor([1.0, -2.0])
    yield nn.functional.mse_loss(w, [0.5, 0.5])  # whose operators are called in this package
    u = w * w + w
    for keep in (True, False):
        yield u
        (u * u).sum().backward(retain_grad=keep)
    yield w
    v = w * 3.0
    (v * v).sum().backward(retain_grad=True)
    yield v


def neuron_program(seed):
    """Nets whose parts nobody looks at before the end: with parameters used twice, frozen, computed and assigned."""
    net = nn.MLP(4, [3, 2], ("tanh", "linear", "relu")[seed % 3], rng=seed)
    first, second = net.layers[0].neurons[:2]
    x: list = (
        [Value(0.3), Value(-0.7, requires_grad=False), Value(-1.1), Value(1.9)] if seed % 2 else [0.3, -0.7, -0.0, 1.9]
    )
    second.b.data = 0.1
    if seed % 3 != 1:
        first.w[:], first.b.data = [first.b] * 4, 0.37
    if seed % 4 == 1:
        x[2] = first.b
    yield from net.parameters()
    a, b = net(x)
    (a * b + sum(p * p for p in net.parameters())).backward()
    yield from (a, b)
    c, d = net(x)
    if seed % 3 == 1:
        history(c)  # which looks at the parts of all neurons but one
    if seed % 4 in (1, 2):
        first.w[1].requires_grad = False
    (c * 2.0 - d).backward(-0.0 if seed == 4 else None)
    c.grad = 0.5
    yield from (c, d)
    if seed % 4 == 3:
        e = net(x)[0]
        (first.w[1], second.b, x[0])[seed // 4].assign(4.0)
        e.backward()
    w = [p.tanh() for p in second.w]
    second.w = w if seed % 2 else [w[0], second.b, *w[2:]]
    e = net(x)[0]
    (e * 3.0).backward()
    yield from (e, *w)


WIDE = tg.op("y", "y({})", lambda x: x + 1.0, lambda g, z, x: np.float64(g), scalar=lambda x: x + 1.0, internal=True)


def twice_program(seed):
    """Values that are the same operand of several operations, a gradient of -0.0, and graphs that go stale."""
    x, y = Value(2.0 + seed), Value(-3.0)
    yield from (x, y, 7.0 // x)
    a = x * y
    (a * 2.0 + a * 3.0).backward()
    yield a
    b = x * 1.0
    (b * -0.0).backward()
    yield b
    c = WIDE(y * 1.0)  # whose rule gives NumPy's kind of float
    c.backward()
    yield c
    z = x * y + 1.0
    (x, y)[seed % 2].assign(4.0)
    z.backward()


RANDOM = (net_program, neuron_program, twice_program, scalar_program, tensor_program)
PROGRAMS = [(program, seed) for seed in range(12) for program in RANDOM]


@pytest.fixture(scope="module")
def plain_results():
    """All that can be seen of each program, run on the plain engine."""
    installed = fast.uninstall()
    found = [everything(*each) for each in PROGRAMS]
    if installed:
        fast.install()
    return found


def changed(name, old, new):
    """A module of fast/ with every occurrence of a piece of its text replaced."""
    path = Path(fast.__file__).with_name(f"{name}.py")
    text = path.read_text()
    assert old in text, "the piece is gone: plant the fault elsewhere"
    spec = importlib.util.spec_from_file_location(f"tinygrad_edu.fast.{name}", path)
    module = importlib.util.module_from_spec(spec)
    exec(compile(text.replace(old, new), str(path), "exec"), vars(module))
    return module


def first_difference(plain_results, module, monkeypatch):
    """The first of the programs that differs between the plain engine and the twins, one of whose modules is given."""
    installed = fast.uninstall()
    monkeypatch.setattr(fast, module.__name__.rpartition(".")[2], module)
    fast.install()
    try:
        return next(
            (each for each, plain in zip(PROGRAMS, plain_results, strict=True) if everything(*each) != plain), None
        )
    finally:
        fast.uninstall()
        monkeypatch.undo()
        if installed:
            fast.install()


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_found(name, plain_results, monkeypatch):
    missed = [f for f in FAULTS[name] if first_difference(plain_results, changed(name, *f), monkeypatch) is None]
    assert not missed
    assert first_difference(plain_results, changed(name, "return", "return"), monkeypatch) is None, "there is no fault"


def test_every_twin_has_faults():
    modules = {getattr(twin, "__module__", "").rpartition(".")[2] for _, _, twin in fast.twins()}
    assert modules == set(FAULTS)
