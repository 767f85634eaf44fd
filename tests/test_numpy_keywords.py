"""Every keyword of NumPy's functions, with values that fit and others: NumPy's result, NumPy's error, or a refusal.

The calls are those of test_numpy_results.py; each is repeated with one keyword more, for every value that is listed
for a keyword of that name.
"""

import ast
import inspect

import numpy as np
import pytest
from test_numpy_results import ELEMENTWISE, PRODUCTS, REDUCTIONS, SHAPES

import tinygrad_edu as tg
from tinygrad_edu import Tensor
from tinygrad_edu.core.node import data_of

MODES = ["raise", "wrap", "clip", "full", "same", "valid", "reduced", "constant", "edge", "reflect", "mean", "none"]
ORDERS = [None, 1, 2, -1, 0, 3, 0.5, np.inf, -np.inf, "fro", "nuc"]
FEW = [None, 0, 1, -1, 2, 5]
VALUES = {
    "N": [2, 4],
    "UPLO": ["L", "U", "u", "x"],
    "a_max": [None, 2],
    "a_min": [None, 1],
    "append": [0, np.array([[9.0], [9.0]])],
    "axes": [None, (1, 0), [1, 0], (0,), (-1, -2)],
    "axis": [None, 0, 1, -1, (0, 1), (), (-1, 0), np.int64(1), 5],
    "axis1": [0, 1, -1],
    "axis2": [0, 1, -1],
    "base": [2.0],
    "bias": [True, False],
    "bins": [3, [0, 1, 2]],
    "compute_uv": [True, False],
    "correction": [0, 1, 0.5],
    "ddof": [0, 1, 2, -1],
    "decimals": [0, 1, -1],
    "density": [True, False],
    "discont": [None, 1.0],
    "dx": [2.0, 0.5],
    "edge_order": [1, 2],
    "endpoint": [True, False],
    "full_matrices": [True, False],
    "hermitian": [False],
    "include_initial": [True, False],
    "increasing": [True, False],
    "indexing": ["ij", "xy"],
    "initial": [0, 1, 2, -1, 10, 2.5],
    "k": FEW[1:],
    "keepdims": [True, False, 1, 0],
    "left": [None, -7.0],
    "max": [2],
    "method": ["linear", "lower", "midpoint", "inverted_cdf", "closest_observation", "hazen", "none"],
    "min": [1],
    "minlength": [0, 5],
    "mode": MODES,
    "n": [None, 0, 1, 2, 3, 4, -1],
    "nan": [0, 1.5],
    "neginf": [None, -9.0],
    "norm": [None, "ortho", "forward", "backward", "none"],
    "num": [0, 1, 2, 5],
    "offset": FEW[1:],
    "ord": ORDERS,
    "order": ["C", "F"],
    "pad_width": [1, (1, 2), ((1, 0), (0, 1))],
    "period": [None, 2.0],
    "posinf": [None, 9.0],
    "prepend": [0, np.array([[9.0], [9.0]])],
    "rcond": [None, 1e-3],
    "repeats": [0, 1, 2, [1, 2]],
    "reps": [1, 2, (2, 1), (2, 2, 2)],
    "returned": [True],
    "right": [None, 7.0],
    "rowvar": [True, False],
    "rtol": [1e-3],
    "shift": [0, 1, -1, (1, 1), 5],
    "side": ["left", "right", "none"],
    "sparse": [True, False],
    "to_begin": [None, 9.0],
    "to_end": [None, 9.0],
    "weights": [None, np.array([1.0, 2.0]), np.array([[1.0, 2, 3], [3, 2, 1]])],
    "where": [True, np.array([True, False, True]), np.array([[True], [False]])],
}
X = {
    "real": np.array([[3, 1, 2], [0.5, 2, 1]]),
    "whole": np.array([[3, 1, 2], [0, 2, 1]]),
    "complex": np.array([[3, 1 + 1j, 2], [0, 2, 1 - 2j]]),
}
Y = np.array([[1.5, 2, 3]])
ANSWERED = {  # what NumPy refuses and we answer: a method and its function are one, and take the function's keywords
    *(("x.std", "correction"), ("x.var", "correction"), ("x.clip", "min"), ("x.clip", "max")),
    ("np.ediff1d", "to_end"),  # 9.0 behind whole numbers is 9 here
    ("np.ediff1d", "to_begin"),
    ("np.linalg.pinv", "rtol"),  # of whole numbers
    ("np.add.accumulate", "axis"),  # None: of all elements in a row
}
OTHERWISE = {("np.average", "returned")}  # the weights' sum is real here where the elements are complex


def calls():
    """Yield the name of a function, a keyword it has, and the calls of it."""
    found = {}
    for call in " ".join((REDUCTIONS, PRODUCTS, ELEMENTWISE, SHAPES)).split():
        tree = ast.parse(call, mode="eval").body
        if isinstance(tree, ast.Call) and call.startswith(("np.", "x.")):
            found.setdefault(ast.unparse(tree.func), []).append(tree)
    for name, trees in found.items():
        try:
            ours = eval(name.replace("np.", "tg.", 1).replace("x.", "tg.", 1), {"tg": tg})
            names = list(inspect.signature(ours).parameters)
        except (AttributeError, ValueError):
            continue
        for keyword in [key for key in names if key in VALUES]:
            place = names.index(keyword) - name.startswith("x.")
            fits = [t for t in trees if len(t.args) <= place and keyword not in {k.arg for k in t.keywords}]
            if fits:
                yield name, keyword, fits[:3]


def outcome(code, x, y, value):
    """The results of a call, or the exception that it raises."""
    try:
        found = eval(code, {"np": np, "x": x, "y": y, "w": np.array([1.0, 3.0]), "VALUE": value})
    except Exception as error:
        return error
    return [np.asarray(data_of(part)) for part in (found if isinstance(found, (list, tuple)) else [found])]


@pytest.mark.parametrize(("name", "keyword", "trees"), [*calls()])
@pytest.mark.filterwarnings("ignore")
def test_a_keyword_means_what_it_means_in_numpy(name, keyword, trees):
    compared = 0
    for tree in trees:
        more = [*tree.keywords, ast.keyword(keyword, ast.Name("VALUE", ast.Load()))]
        code = compile(ast.fix_missing_locations(ast.Expression(ast.Call(tree.func, tree.args, more))), "call", "eval")
        for value in VALUES[keyword]:
            for kind, x in X.items():
                numpys = outcome(code, x, Y, value)
                ours = outcome(code, Tensor(x, requires_grad=False), Tensor(Y, requires_grad=False), value)
                case = f"{ast.unparse(tree)} of {kind} numbers with {keyword}={value!r}: {numpys!r}, here {ours!r}"
                if isinstance(ours, Exception):
                    refused = isinstance(numpys, Exception) or isinstance(ours, (TypeError, tg.errors.TinygradEduError))
                    assert refused, case  # in words, where NumPy answers
                    compared += isinstance(numpys, Exception)
                    continue
                if isinstance(numpys, Exception):
                    assert (name, keyword) in ANSWERED, case
                    continue
                kinds = (
                    [(z.shape, (name, keyword) in OTHERWISE or z.dtype) for z in found] for found in (ours, numpys)
                )
                assert next(kinds) == next(kinds), case
                for one, other in zip(ours, numpys, strict=True):
                    np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-12, err_msg=case)
                compared += 1
    assert compared or (name, keyword) in ANSWERED or name in ("np.gcd", "np.lcm"), "nothing was compared"
