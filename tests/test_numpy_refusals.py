"""What NumPy's names do not do on tensors is refused by name, with advice; nothing ever cuts the graph in silence."""

import inspect
import math
import re

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.core.dispatch import HANDLED_FUNCTIONS, REFUSED, dispatch
from tinygrad_edu.core.op import TABLE


def matrix():
    return tg.Tensor([[1.0, 2.0], [3.0, 5.0]])


OUT = np.zeros((2, 2))
WRITES = {
    "np.add": lambda t: np.add(t, t, out=OUT),
    "np.exp": lambda t: np.exp(t, out=OUT),
    "array += t": lambda t: np.zeros((2, 2)).__iadd__(t),
    "np.sum": lambda t: np.sum(t, axis=0, out=OUT[0]),
    "t.sum": lambda t: t.sum(out=OUT[0]),
    "np.clip": lambda t: np.clip(t, 0, 1, out=OUT),
    "np.stack": lambda t: np.stack([t, t], out=np.zeros((2, 2, 2))),
    "np.einsum": lambda t: np.einsum("ij->ji", t, out=OUT),
    "np.add.reduce": lambda t: np.add.reduce(t, out=OUT[0]),
    "np.take": lambda t: np.take(t, [0, 1], out=OUT[0]),
    "np.fft.fft": lambda t: np.fft.fft(t, out=OUT.astype(complex)),
    "np.quantile": lambda t: np.quantile(t, 0.5, out=np.zeros(())),
}


@pytest.mark.parametrize("name", WRITES)
def test_out_would_bypass_the_graph(name):
    with pytest.raises(TypeError, match="out= would bypass the graph"):
        WRITES[name](matrix())


CUTS = {
    "np.array of tensors": (lambda t: np.array([t[0], t[1]]), "tinygrad_edu.array"),
    "np.asarray": (lambda t: np.asarray(t), ".data"),
    "np.full": (lambda t: np.full((3,), t[0, 0]), "tinygrad_edu.full"),
    "np.fromiter": (lambda t: np.fromiter(iter(t[0]), float), ".data|item"),
    "an array's element": (lambda t: np.zeros(2).__setitem__(0, t[0, 0]), "cut"),
    "math.exp": (lambda t: math.exp(t[0, 0]), "tinygrad_edu.sin"),
    "float": (lambda t: float(t[0, 0]), "item"),
    "np.r_": (lambda t: np.r_[t[0], 1.0], "tinygrad_edu.array"),
    "np.vectorize": (lambda t: np.vectorize(abs)(t), "cut"),
}


@pytest.mark.parametrize("name", CUTS)
def test_the_graph_is_not_cut_in_silence(name):
    cut, advice = CUTS[name]
    with pytest.raises((TypeError, ValueError)) as caught:
        cut(matrix())
    said = [str(caught.value), str(caught.value.__cause__)]  # NumPy wraps what float() raises
    assert any(re.search(advice, words) for words in said), said


KEYWORDS = {
    "where": lambda t: np.exp(t, where=[[True, False]] * 2),
    "casting": lambda t: np.add(t, 1, casting="unsafe"),
    "full_matrices": lambda t: np.linalg.svd(t[:1]),
    "complete": lambda t: np.linalg.qr(t[:, :1], mode="complete"),
    "raw": lambda t: np.linalg.qr(t, mode="raw"),
    "order": lambda t: np.sort(t, order="x"),
    "weights": lambda t: np.quantile(t, 0.5, weights=[[1, 1], [1, 1]], method="inverted_cdf"),
    "empty": lambda t: np.pad(t, 1, mode="empty"),
    "reduce: where": lambda t: np.logaddexp.reduce(t, where=[[True, False]] * 2),
    "change the tensor in place": lambda t: t.sort(),
    "histogram: weights": lambda t: np.histogram(np.arange(2.0), weights=t[0]),
    "no element": lambda t: np.add.at(t, [0], 1.0),
    "parts": lambda t: np.add.reduceat(t, [0, 1]),
}


@pytest.mark.parametrize("name", KEYWORDS)
def test_a_keyword_without_meaning_is_refused_by_name(name):
    words = {"no element": "writes into its operand", "parts": "one by one"}.get(name, name)
    with pytest.raises(TypeError, match=words):
        KEYWORDS[name](matrix())


NUMPY_REFUSES_TOO = [
    "np.diff(x,-1)",
    "np.gradient(x,1,1,1)",
    "np.gradient(x,edge_order=3)",
    "np.gradient(x[:2,:2],edge_order=2)",
    "np.split(x,2,axis=1)",
    'np.linalg.eigh(x[:2,:2],UPLO="X")',
    "np.linalg.norm(cube,2)",
    "np.linalg.norm(cube,axis=(0,1,2))",
    "np.linalg.norm(x[0],'nuc')",
    "np.pad(x,1,mode='edge',constant_values=1)",
    "np.einsum('ij,jk->ik',x)",
    "np.einsum('ij->ji',x,optimise=True)",
    "np.cross(np.ones(4),x[0,:1])",
    "np.meshgrid(x[0],x[0],indexing='xx')",
    "np.max(x,where=[True,True,False])",
    "np.min(x,where=[True,True,False])",
    "np.choose([5,0,1],list(x))",
    "np.diag(cube)",
    "np.moveaxis(x,[0,1],[0])",
    "np.rollaxis(x,0,5)",
    "np.average(x,weights=[1.0,2.0])",
    "np.average(x,axis=0,weights=[1.0,2.0,3.0])",
    "np.average(x,axis=0,weights=[1.0,-1.0])",
    "np.convolve(x[0],x[0],mode='most')",
    "np.subtract.reduce(x[:0],0)",
    "np.concatenate([])",
    "np.concatenate([x[0,0],x[0,1]])",
    "np.reshape(x,5)",
    "np.einsum('ij,ij->i',x,x[:,:2])",
    "x.sum(axis=7)",
    "x[5]",
    "x.reshape(4,4)",
    "np.stack([x,x[:1]])",
]


@pytest.mark.parametrize("call", NUMPY_REFUSES_TOO)
def test_what_numpy_refuses_is_refused_by_an_error_of_the_same_kind(call):
    x, cube = np.arange(6.0).reshape(2, 3), np.ones((2, 2, 2))
    errors = []
    for kind in (np.asarray, tg.Tensor):
        with pytest.raises(Exception) as caught:  # noqa: PT011  # which it is, is compared
            eval(call, {"np": np, "x": kind(x), "cube": kind(cube)})
        errors.append(caught.type)
    numpys, ours = errors
    assert issubclass(ours, numpys), (ours, numpys)


def test_every_function_of_numpy_is_answered_or_refused():
    """All that NumPy lets a tensor answer for, save dates, bits, and what later releases have not."""
    others = {"busday_count", "busday_offset", "is_busday", "datetime_as_string", "packbits", "unpackbits", "in1d"}
    missing = []
    for module in (np, np.linalg, np.fft):
        for name, function in vars(module).items():
            dispatched = isinstance(function, np.ufunc) or hasattr(function, "_implementation")
            known = function in HANDLED_FUNCTIONS or function in REFUSED if dispatched else True
            if not known and getattr(function, "__name__", "") not in TABLE:
                missing.append(name)
    assert set(missing) <= others


GONE = {"newshape", "interpolation", "bias", "ddof"}  # names that NumPy 2.0 warned of, and later releases have not


def test_every_parameter_has_numpys_name():
    """np.sum(a=t, axis=0) is NumPy too."""
    dispatch(np.sum)  # imports all the answers
    wrong = {}
    for function, ours in list(HANDLED_FUNCTIONS.items()):
        if not hasattr(function, "_implementation") or isinstance(function, np.ufunc):
            continue
        try:
            theirs = inspect.signature(function).parameters.values()
        except ValueError:  # written in C: no names to be seen
            continue
        known = inspect.signature(ours).parameters
        by_name = [p.name for p in theirs if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
        any_name = any(p.kind is p.VAR_KEYWORD for p in known.values())
        if not any_name and not set(by_name) <= set(known) | GONE:
            wrong[function.__name__] = set(by_name) - set(known)
    assert not wrong
    assert np.sum(a=matrix(), axis=0).op.name == "sum"


@pytest.mark.parametrize("function", [np.piecewise, np.apply_along_axis, np.unique, np.putmask])
def test_what_has_no_answer_says_what_to_do(function):
    with pytest.raises(TypeError, match=rf"np\.{function.__name__} .*(use|call)"):
        function(
            *{np.unique: (matrix(),), np.apply_along_axis: (np.sum, 0, matrix())}.get(function, (matrix(), True, 1.0))
        )


def test_backward_does_not_start_from_a_complex_number():
    with pytest.raises(RuntimeError, match=r"abs\(z\)"):
        np.fft.fft(tg.Tensor([1.0]))[0].backward()


# Constants -------------------------------------------------------------------------------------------------------

FACTS = {
    "argmax": lambda t: np.argmax(t, axis=1),
    "argsort": lambda t: np.argsort(t),
    "isnan": lambda t: np.isnan(t),
    "greater": lambda t: t > 2,
    "any": lambda t: np.any(t > 2, axis=0),
    "count_nonzero": lambda t: np.count_nonzero(t, axis=0),
    "nonzero": lambda t: np.nonzero(t),
    "allclose": lambda t: np.allclose(t, t),
    "shape": lambda t: (np.shape(t), np.ndim(t), np.size(t)),
    "astype": lambda t: t.astype(int),
    "searchsorted": lambda t: np.searchsorted(t[0], [1.5]),
    "histogram": lambda t: np.histogram(t, bins=3),
    "matrix_rank": lambda t: np.linalg.matrix_rank(t),
    "zeros_like": lambda t: np.zeros_like(t),
    "where": lambda t: np.where(t > 2),
}


@pytest.mark.parametrize("name", FACTS)
def test_what_has_no_derivative_is_a_constant(name):
    t = matrix()
    found, wanted = FACTS[name](t), FACTS[name](np.array(t.data))
    for mine, other in zip(*((x if isinstance(x, tuple) else (x,)) for x in (found, wanted)), strict=True):
        assert not isinstance(mine, tg.Tensor) or not mine.requires_grad
        np.testing.assert_array_equal(mine.data if isinstance(mine, tg.Tensor) else mine, other)


@pytest.mark.parametrize("round_off", [np.floor, np.ceil, np.trunc, np.rint, np.fix, np.sign, np.round, round])
def test_a_step_has_gradient_zero(round_off):
    t = matrix()
    (round_off(t * 0.7) * 2.0).sum().backward()
    assert not np.any(t.grad)
    np.testing.assert_array_equal(
        round_off(t * 0.7).data, (np.round if round_off is round else round_off)(t.data * 0.7)
    )


# Joining by name -------------------------------------------------------------------------------------------------


def test_nested_lists_of_tensors_become_one():
    x, y = tg.Tensor(2.0), tg.Tensor(3.0)
    whole = tg.array([[x, 1.0], [x * y, y]])
    (whole * [[1.0, 2.0], [3.0, 4.0]]).sum().backward()
    assert (x.grad, y.grad) == (1 + 3 * 3, 3 * 2 + 4)
    assert tg.sum([x, y]).item() == 5


def test_joining_by_index():
    x = tg.Tensor([1.0, 2.0])
    np.testing.assert_array_equal(tg.r_[x, 0.5, 0:3].data, np.r_[[1.0, 2.0], 0.5, 0:3])
    np.testing.assert_array_equal(tg.c_[x, x * 2].data, np.c_[[1.0, 2.0], [2.0, 4.0]])
    (tg.r_[x, x] * [1.0, 2, 3, 4]).sum().backward()
    np.testing.assert_array_equal(x.grad, [4, 6])


def test_the_same_functions_by_our_names():
    x = np.array([0.3, 0.6])
    assert isinstance(tg.exp(x), np.ndarray)
    assert isinstance(tg.std(x), (np.ndarray, float))
    assert tg.exp(tg.Value(0.0)).data == 1
    assert tg.clip(tg.Value(3.0), 0.0, 1.0).data == 1
    assert tg.gelu(1.0) == pytest.approx(0.8413447460685429)
    assert {"exp", "linalg", "fft", "einsum"} <= set(dir(tg))


def test_copies_are_nodes_of_their_own():
    t = matrix() * 1.0
    for other in (np.copy(t), t.copy(), +t):
        other[0] = 7.0
        assert t.data[0, 0] == 1


def test_numpys_functions_on_one_float():
    v = tg.Value(3.0)
    assert np.clip(v, 0.0, 1.0).op.name == "clip"
    z = np.where(v > 0, np.fabs(v) * 2.0, v) + np.nan_to_num(v)
    z.backward()
    assert (z.data, v.grad) == (9, 3)
    with pytest.raises(TypeError, match="Value is one float"):
        np.mean(v)
    assert np.sum([v, v]).data == 6
    assert np.allclose(v, 3.0)


def test_a_matrix_has_whole_powers_only():
    with pytest.raises(TypeError):
        np.linalg.matrix_power(matrix(), 1.5)
