"""Names of PyTorch and NumPy that are spelled otherwise here: an AttributeError says how, and what it says works."""

import ast
import inspect
import random

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import Tensor, Value, numpy_api
from tinygrad_edu.errors import DTypeError, ShapeError, hints
from tinygrad_edu.errors import foreign_names as names

PLACES = {
    "tensor": (lambda: Tensor([[1.0, 2.0], [3.0, 4.0]]), names.TENSOR),
    "value": (lambda: Value(2.0), names.VALUE),
    "array": (lambda: Tensor([1.0]).data, names.ARRAY),
    "package": (lambda: tg, names.PACKAGE),
    "nn": (lambda: tg.nn, names.NN),
    "functional": (lambda: tg.nn.functional, names.FUNCTIONAL),
    "module": (lambda: tg.nn.Linear(2, 1, rng=0), names.MODULE),
    "optim": (lambda: tg.nn.optim, names.OPTIM),
    "schedules": (lambda: tg.nn.optim.lr_scheduler, names.OPTIM),
    "data": (lambda: tg.data, names.DATA),
}
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
    "a": np.ones((2, 2)),
    "y": np.ones((2, 2)),
    "widths": 1,
    "optimizer": tg.nn.SGD([Tensor([1.0])], lr=0.1),
    "epoch": 1,
    "model": tg.nn.Linear(2, 2, rng=0),
    "temperature": 1.0,
    "noise": 0.0,
    "step": np.sin,
}
NAMES["loss"] = (NAMES["t"] * NAMES["u"]).sum()
EXAMPLES = {"x": np.ones((2, 2, 2)), "y": np.ones((2, 2, 2)), "w": Tensor([[1.0, 2.0]])}  # where x is no number
# advice on what needs an extra, or a file
WORKING = {"cuda", "DataParallel", "parallel", "pmap", "device_put", "LBFGS", "save", "save_weights"}


def advice_of(place):
    """Yield each name of a place with each expression that its advice consists of; words are no expressions."""
    for name, text in PLACES[place][1].items():
        for advice in text.split(", or "):
            try:
                ast.parse(advice, mode="eval")
            except SyntaxError:
                continue
            yield name, advice


@pytest.mark.parametrize("place", PLACES)
def test_a_missing_name_says_what_to_write(place):
    make, hints_here = PLACES[place]
    for name, advice in hints_here.items():
        if hasattr(make(), name):
            pytest.fail(f"{name} exists: its hint is never read")
        with pytest.raises(AttributeError) as caught:
            getattr(make(), name)
        assert advice in str(caught.value)
        assert repr(name) in str(caught.value)


@pytest.mark.parametrize("place", PLACES)
def test_advice_that_is_an_expression_works(place):
    for name, advice in advice_of(place):
        if name not in WORKING and not advice.isidentifier():
            with np.errstate(all="ignore"):
                eval(advice, NAMES if place in ("tensor", "value", "package") else NAMES | EXAMPLES)


def test_most_advice_is_an_expression():
    spelled = sum(len({name for name, _ in advice_of(place)}) for place in PLACES)
    assert spelled > 0.7 * sum(len(hints_here) for _, hints_here in PLACES.values())


def functions_with_renamed_keywords():
    for module in (numpy_api, tg.linalg, tg.fft, tg.nn.functional):
        for name in module.__all__:
            function = getattr(module, name)
            for theirs, ours in names.RENAMED.items():
                arguments = hints.keywords_of(inspect.unwrap(function))
                if ours in arguments and theirs not in arguments:
                    yield function, theirs, ours
                elif theirs in arguments and ours not in arguments:
                    yield function, ours, theirs


def test_keywords_that_are_called_otherwise_are_told_by_every_function():
    told = 0
    for function, given, ours in functions_with_renamed_keywords():
        with pytest.raises(TypeError, match=rf"{given}.*write {ours}= \(at ") as caught:
            function(Tensor([[1.0, 2.0]]), **{given: 0})
        assert function.__name__ in str(caught.value)
        told += 1
    assert told > 130


FOREIGN_CALLS = {
    "sum.*dim.*axis": lambda t: t.sum(dim=0),
    "std.*unbiased.*ddof": lambda t: t.std(unbiased=False),
    "Tensor.*device.*leave it out": lambda t: Tensor([1.0], device="cpu"),
    "backward.*retain_graph.*walked back": lambda t: t.sum().backward(retain_graph=True),
    "backward.*gradient.*write seed=": lambda t: t.sum().backward(gradient=1.0),
    "backward.*unexpected keyword argument 'nonsense'": lambda t: t.sum().backward(nonsense=1.0),
    "ReLU.*inplace": lambda t: tg.nn.ReLU(inplace=True),
    "Linear.*device": lambda t: tg.nn.Linear(2, 1, device="cpu"),
    "Adam.*learning_rate.*write lr=": lambda t: tg.nn.Adam([t], learning_rate=0.1),
    "StepLR.*verbose": lambda t: tg.nn.optim.StepLR(tg.nn.SGD([t], lr=0.1), 2, verbose=True),
    "fit.*verbose.*write progress=": lambda t: tg.fit(tg.nn.Linear(2, 1, rng=0), ([[1.0, 2.0]], [[1.0]]), verbose=1),
    "batches.*shuffle.*write rng=": lambda t: tg.data.batches([[1.0]], [1], 1, shuffle=True),
    "grad.*has_aux.*leave it out": lambda t: tg.grad(np.sum, has_aux=True),
    "vmap.*in_dims.*write in_axes=": lambda t: tg.vmap(np.sum, in_dims=0),
    "compile.*fullgraph": lambda t: tg.compile(np.sum, fullgraph=True),
    r"tensors? compute|nodes compute.*np\.asarray": lambda t: t * pytest.importorskip("torch").ones(2),
    r"torch\.Tensor: nodes compute.*np\.asarray": lambda t: pytest.importorskip("torch").ones(2) * t,
    r"gradients\(z, \[x\]\)": lambda t: tg.grad(t.sum(), [t]),
}


@pytest.mark.parametrize("words", FOREIGN_CALLS)
def test_calls_as_other_libraries_have_them_are_told_what_to_write(words):
    with pytest.raises(TypeError, match=words):
        FOREIGN_CALLS[words](Tensor([[1.0, 2.0]], label="t"))


def test_what_other_libraries_do_in_place_or_transposed_is_told():
    t = Tensor([[1.0, 2.0]])
    with pytest.raises(ValueError, match=r"read-only.*t\.data = new.*\(at .*test_hints"):
        t.data[0] = 5.0
    copy = t.data.copy()
    copy[0, 0] = 5.0
    assert (copy.tolist(), t.data.tolist()) == ([[5.0, 2.0]], [[1.0, 2.0]])
    with pytest.warns(UserWarning, match=r"PyTorch's transpose\(0, 1\) is t.T"):
        assert t.transpose(0, 1).shape == (1, 2)
    with pytest.raises(ShapeError, match=r"\.swapaxes\(1, 2\)"):
        Tensor(np.ones((1, 2, 3))).transpose(1, 2)
    with pytest.raises(DTypeError, match=r"reshape\(len\(t\), -1\)"):
        t.flatten(1)


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
