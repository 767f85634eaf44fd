"""Names of PyTorch and NumPy that are spelled otherwise here: an AttributeError says how, and what it says works."""

import ast
import random

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import Tensor, Value
from tinygrad_edu.errors import hints

PLACES = {
    "tensor": (lambda: Tensor([[1.0, 2.0], [3.0, 4.0]]), hints.TENSOR),
    "value": (lambda: Value(2.0), hints.VALUE),
    "package": (lambda: tg, hints.PACKAGE),
    "nn": (lambda: tg.nn, hints.NN),
    "module": (lambda: tg.nn.Linear(2, 1, rng=0), hints.MODULE),
}
EACH = [(place, name) for place, (_, names) in PLACES.items() for name in names]
NAMES = {  # what the advice is about
    "tg": tg,
    "np": np,
    "t": Tensor([[4.0, 2.0], [3.0, 5.0]]),
    "loss": None,
    "u": Tensor([[1.0, 2.0], [3.0, 4.0]]),
    "v": Value(1.0),
    "w": Value(2.0),
    "x": 1.0,
    "Tensor": Tensor,
    "shape": (2, 2),
    "axes": (1, 0),
    "axis": 0,
    "dtype": np.float32,
    "low": 0.0,
    "high": 3.0,
    "parts": 2,
    "n": 2,
    "p": np.array([0.5, 0.5]),
    "k": 1,
    "times": 2,
    "shift": 1,
    "start": 0,
    "stop": 1,
    "source": 0,
    "destination": 1,
    "indices": np.array([[1, 0], [0, 1]]),
    "classes": 2,
    "mask": np.array([[True, False], [False, True]]),
    "condition": np.array([[True, False], [False, True]]),
    "data": [1.0, 2.0],
    "array": np.ones(2),
    "f": np.sin,
    "step": np.sin,
}
NAMES["loss"] = (NAMES["t"] * NAMES["u"]).sum()
WORKING = {"cuda", "DataParallel"}  # advice on what needs an extra: no expression to try here


@pytest.mark.parametrize(("place", "name"), EACH)
def test_a_missing_name_says_what_to_write(place, name):
    make, names = PLACES[place]
    if hasattr(make(), name):
        pytest.fail(f"{name} exists: its hint is never read")
    with pytest.raises(AttributeError) as caught:
        getattr(make(), name)
    assert names[name] in str(caught.value)
    assert repr(name) in str(caught.value)


@pytest.mark.parametrize(("place", "name"), EACH)
def test_advice_that_is_an_expression_works(place, name):
    for advice in PLACES[place][1][name].split(", or "):
        try:
            ast.parse(advice, mode="eval")
        except SyntaxError:
            continue  # words
        if name not in WORKING and not advice.isidentifier():
            eval(advice, dict(NAMES))


def test_most_advice_is_an_expression():
    def parses(advice):
        try:
            ast.parse(advice, mode="eval")
        except SyntaxError:
            return False
        return True

    spelled = [any(map(parses, PLACES[place][1][name].split(", or "))) for place, name in EACH]
    assert sum(spelled) > 0.7 * len(spelled)


@pytest.mark.parametrize("given", hints.KEYWORDS)
def test_keywords_of_pytorch_are_told(given):
    for method in ("sum", "mean", "max", "std"):
        with pytest.raises(TypeError, match=f"{given}.*{hints.KEYWORDS[given]}"):
            getattr(Tensor([[1.0, 2.0]]), method)(**{given: 0})


def test_a_name_that_is_nearly_right_is_suggested():
    with pytest.raises(AttributeError, match="gradcheck"):
        tg.gradchek  # noqa: B018
    with pytest.raises(AttributeError, match=r"has no attribute 'nothing_like_it'$"):
        tg.nothing_like_it  # noqa: B018


def test_hints_are_not_offered_as_names():
    assert "view" not in dir(Tensor([1.0]))
    assert "reshape" in dir(Tensor([1.0]))
    assert "shape" not in dir(Value(1.0))


@pytest.mark.parametrize("name", ["exp", "relu", "sigmoid", "log1p", "erf", "silu", "arctan", "square"])
def test_elementwise_rows_are_methods_of_both_kinds(name):
    rng = random.Random(name)
    numbers = [rng.uniform(0.1, 0.9) for _ in range(3)]
    t, vs = Tensor(numbers), [Value(x) for x in numbers]
    z, ws = getattr(t, name)(), [getattr(v, name)() for v in vs]
    np.testing.assert_allclose(z.data, [w.data for w in ws], rtol=1e-14)
    z.backward(np.array([1.0, -2.0, 0.5]))
    for w, g in zip(ws, (1.0, -2.0, 0.5), strict=True):
        w.backward(g)
    np.testing.assert_allclose(t.grad, [v.grad for v in vs], rtol=1e-13)


def test_methods_of_arrays_alone_refuse_a_value():
    with pytest.raises(TypeError, match="Tensor"):
        Value(1.0).conjugate()


@pytest.mark.parametrize(("name", "advice"), [("flatten", "in tg or np"), ("cat", "tg.concatenate"), ("mm", "t @ u")])
def test_functions_of_pytorch_name_ours(name, advice):
    torch = pytest.importorskip("torch")
    t = Tensor([[1.0, 2.0]])
    with pytest.raises(TypeError, match=f"torch.{name} does not work on a tensor of tinygrad_edu.*{advice}"):
        getattr(torch, name)([t, t] if name == "cat" else t, *([t] if name == "mm" else []))
