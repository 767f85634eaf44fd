"""The program that `source` writes runs where this package is not, and computes the same bits."""

import inspect
import subprocess
import sys

import numpy as np
import pytest
from nets_by_hand import ACTIVATIONS, LOSSES, net

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.core.op import TABLE
from tinygrad_edu.symbolic.numpy_source import NumpySource
from tinygrad_edu.symbolic.parser import parse


def run(program):
    """Run a program as a file of its own would be, and return its variables."""
    variables = {}
    exec(compile(program, "program", "exec"), variables)  # what the function under test wrote
    return variables


def identifier(label):
    return "d" + label.replace("^(", "").replace(")", "")


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_net_and_its_gradients_to_the_last_bit(activation, loss):
    it = net(np.random.default_rng(0), (4, 5, 3), 7, activation, loss)
    grads = tg.gradients(it.cost, list(it.parameters.values()))
    variables = run(tg.source(it.cost, *grads))
    assert variables["result"] == it.cost.data
    it.cost.backward()
    for label, parameter in it.parameters.items():
        assert np.array_equal(variables[identifier(label)], parameter.grad), label


def test_the_program_runs_alone():
    it = net(np.random.default_rng(0), (4, 5, 3), 7)
    (dw,) = tg.gradients(it.cost, [it.parameters["W^(1)"]])
    program = tg.source(it.cost, dw)
    assert "tinygrad" not in program
    alone = "import sys\nsys.modules['tinygrad_edu'] = None\n"
    shown = "\nprint(result.hex() if hasattr(result, 'hex') else float(result).hex(), dW1.tobytes().hex())"
    out = subprocess.run(
        [sys.executable, "-c", alone + program + shown], capture_output=True, text=True, check=True
    ).stdout
    assert out.split() == [float(it.cost.data).hex(), np.asarray(dw.data).tobytes().hex()]


def test_a_neuron_reads_as_a_person_would_write_it():
    node, leaves = parse("relu(w*x + b)").record({"w": 2.0, "x": 3.0, "b": -1.0})
    (dw,) = tg.gradients(node, [leaves["w"]])
    program = tg.source(node, dw)
    assert program.splitlines() == [
        "import numpy as np",
        "",
        "# what is given",
        "w = 2.0",
        "x = 3.0",
        "b = -1.0",
        "seed = 1.0",
        "",
        "# forward",
        "v1 = w * x",
        "v2 = v1 + b",
        "result = 0.0 if v2 <= 0 else v2",
        "",
        "# backward",
        "v3 = 1.0 if v2 <= 0 else 0.0",
        "v4 = 0.0 if v3 else seed",
        "dw = v4 * x",
    ]


FORMULAS = (
    "x**2 * sin(x) - y / x",
    "max(x, y) + min(x, 2) + abs(-x)",
    "tanh(x) * sigmoid(y) + log(x)**3 + sqrt(y)",
    "where(x > y, x * y, exp(-y))",
    "arctan2(x, y) + hypot(x, y) + x % y",
    "log1p(x) * expm1(y) / cosh(x) + softplus(x)",
)


@pytest.mark.parametrize("text", FORMULAS)
@pytest.mark.parametrize("at", [{"x": 1.7, "y": 0.6}, {"x": np.linspace(0.5, 2, 5), "y": np.linspace(2.1, 0.7, 5)}])
def test_formulas_of_numbers_and_of_arrays(text, at):
    node, leaves = parse(text).record(at)
    seed = None if np.ndim(at["x"]) == 0 else np.ones(5)
    grads = tg.gradients(node, leaves.values(), seed)
    variables = run(tg.source(node, *grads))
    assert np.array_equal(variables["result"], node.data)
    for name, grad in zip(leaves, grads, strict=True):
        assert np.array_equal(variables[f"d{name}"], grad.data), name


def test_indices_axes_shapes_and_single_precision():
    rng = np.random.default_rng(1)
    x = tg.Tensor(rng.normal(size=(5, 4)).astype(np.float32), label="x")
    picked = x[[0, 2, 2], 1:].sum(axis=0, keepdims=True).reshape(3)
    loss = (tg.concatenate([picked, x[-1, ::2]]).mean() + np.linalg.norm(x.T @ x)) * np.float32(0.5)
    (dx,) = tg.gradients(loss, [x])
    variables = run(tg.source(loss, dx))
    assert np.asarray(variables["dx"]).dtype == np.float32
    assert np.array_equal(variables["dx"], dx.data)
    assert np.array_equal(variables["result"], loss.data)


def test_a_module_with_normalisation():
    model = nn.Sequential(nn.Linear(4, 5, rng=0), nn.LayerNorm(5), nn.GELU(), nn.Linear(5, 3, rng=1))
    loss = nn.functional.cross_entropy(
        model(np.random.default_rng(0).normal(size=(6, 4))), np.array([0, 2, 1, 1, 0, 2])
    )
    parameters = model.parameters()
    grads = tg.gradients(loss, parameters)
    variables = run(tg.source(loss, *grads))
    assert variables["result"] == loss.data
    assert np.array_equal(variables["dW1"], grads[0].data)


def test_numbers_survive_being_written():
    x = tg.Tensor([1 / 3, -0.0, 1e-300, 1.7976931348623157e308, np.inf, np.nan], label="x")
    variables = run(tg.source(x * 1.0))
    assert variables["x"].tobytes() == x.data.tobytes()
    assert variables["result"].tobytes() == np.asarray(x.data * 1.0).tobytes()


def test_the_numbers_may_be_left_out():
    it = net(np.random.default_rng(0), (4, 5, 3), 7)
    program = tg.source(it.cost, data=False)
    assert "# W1: an array of float64 of shape (5, 4)" in program
    given = {"W1": it.weights[0], "b1": it.biases[0], "W2": it.weights[1], "b2": it.biases[1], "x1": it.x}
    exec(compile(program, "program", "exec"), given)  # as above
    assert given["result"] == it.cost.data


def test_a_row_of_ones_own_is_written_out():
    swish = tg.op("swish_here", "swish_here({})", lambda x: x / (1 + np.exp(-x)), lambda g, z, x: g * tg.sigmoid(x))
    x = tg.Tensor([1.0, 2.0], label="x")
    assert "result = x / (1 + np.exp(-x))" in tg.source(swish(x))


def test_a_row_without_source_says_so():
    namespace = {}
    exec("f = lambda x: x * 2", namespace)  # a function that has no file
    twice = tg.op("twice_here", "twice_here({})", namespace["f"], lambda g, z, x: g * 2)
    with pytest.raises(ValueError, match="source is not to be had"):
        tg.source(twice(tg.Tensor([1.0])))


def test_names_never_collide():
    a, b = tg.Value(1.0, label="np"), tg.Value(2.0, label="lambda")
    c = tg.Value(3.0, label="x^(1)") + tg.Value(4.0, label="x1")
    variables = run(tg.source(a * b + c))
    assert variables["result"] == 9.0


@pytest.mark.parametrize("row", TABLE.values(), ids=lambda row: row.name)
def test_every_row_of_the_table_can_be_written_out(row):
    needed = {
        name: "0" if name == "key" else 0
        for name, parameter in parameters_of(row.forward).items()
        if parameter.default is parameter.empty and (parameter.kind == parameter.KEYWORD_ONLY or name in NAMED)
    }
    operands = [f"x{i}" for i in range(row.text.count("{}"))]
    for scalar in (False, True) if row.scalar else (False,):
        spelled = NumpySource()
        call = spelled.call(row, operands, {} if scalar else needed, scalar)
        compile(f"{spelled.head()}\n{call}", row.name, "exec")
        assert "tinygrad" not in call + spelled.head()


NAMED = ("axis", "axes", "shape", "dtype", "key", "lower", "classes", "n")


def parameters_of(function):
    """The parameters of a function; NumPy's own need not tell."""
    try:
        return inspect.signature(function).parameters
    except (TypeError, ValueError):
        return {}


def test_numbers_that_are_none_are_written_out():
    program = str(tg.source(tg.Value(float("nan")) * 2.0))
    assert "float('nan')" in program
    left = {}
    exec(program, left)
    assert np.isnan(left["result"])
