"""NumPy's two protocols on tensors: `np.sum(t)` is dispatched to a function, `np.add(t, u)` to a row of the table.

The functions themselves are made of tensors, so they register here when they are first needed. Knows no operation.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from ..errors import DTypeError
from ..errors.where import users_line
from ..ops import shapes
from .node import data_of
from .op import TABLE

F = TypeVar("F", bound=Callable[..., Any])

MEANS_NOTHING = {"casting": "same_kind", "order": "K", "subok": True}  # NumPy's defaults of these keywords
HANDLED_FUNCTIONS: dict[Any, Callable[..., Any]] = {}  # NumPy's functions, and ours that answer for them
REFUSED: dict[Any, str] = {}  # NumPy's functions that have no answer, and what to do instead


def implements(*numpy_functions: Any) -> Callable[[F], F]:
    """Make a function the answer to NumPy's functions when they are handed a tensor."""

    def register(ours: F) -> F:
        HANDLED_FUNCTIONS.update(dict.fromkeys(numpy_functions, ours))
        return ours

    return register


def dispatch(function: Any) -> Callable[..., Any]:
    """Return the function that answers for one of NumPy, or for a method that all its ufuncs have.

    Raises DTypeError, a TypeError as NumPy's own is, where nothing does, with advice.
    """
    if function not in HANDLED_FUNCTIONS:
        importlib.import_module("..numpy_api", __package__)  # registers them all
    if function in HANDLED_FUNCTIONS:
        return HANDLED_FUNCTIONS[function]
    home = getattr(function, "__module__", None) or "numpy"  # a ufunc has no module
    name = f"{home.replace('numpy', 'np', 1)}.{getattr(function, '__name__', function)}"
    advice = REFUSED.get(
        function, "compose it of the functions of tinygrad_edu, or use .data to compute without a gradient"
    )
    raise DTypeError(f"{name} does not work on a tensor: {advice} (at {users_line()})")


def apply_ufunc(ufunc: np.ufunc, method: str, operands: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
    """Answer a ufunc, or one of its methods, that was handed a tensor."""
    name = ufunc.__name__
    if method == "__call__" and not keywords and name in TABLE:
        return TABLE[name](*operands)
    if any(out is not None for out in keywords.pop("out", ())):
        raise DTypeError(f"np.{name}: out= would bypass the graph; write y = np.{name}(x), and y = y + x for y += x")
    row = TABLE.get(name)
    if method != "__call__":
        return dispatch(method)(row or dispatch(ufunc), *operands, **keywords)
    dtype = keywords.pop("dtype", None)
    if keywords.pop("where", True) is not True:
        raise DTypeError(
            f"np.{name}: where= leaves the other places undefined; use np.where(condition, np.{name}(x), y)"
        )
    for keyword in keywords if row else ():  # functions that are no rows take keywords of their own
        if keywords[keyword] == MEANS_NOTHING.get(keyword):
            continue
        raise DTypeError(f"np.{name}: {keyword}= has no meaning in a graph; leave it out")
    if dtype is not None:
        operands = cast_for(ufunc, operands, np.dtype(dtype))
    return row(*operands) if row else dispatch(ufunc)(*operands, **keywords)


def cast_for(ufunc: np.ufunc, operands: tuple[Any, ...], dtype: np.dtype[Any]) -> tuple[Any, ...]:
    """Return operands as NumPy's own loop with results of `dtype` takes them. Raises DTypeError where it has none."""
    known = (int, float, complex)  # whose dtype NumPy decides by the other operands
    kinds = [
        type(x) if type(x) in known else x.dtype if hasattr(x, "dtype") else np.asarray(data_of(x)).dtype
        for x in operands
    ]
    results = ufunc.nout
    try:
        loop = ufunc.resolve_dtypes((*kinds, *[None] * results), signature=(*[None] * ufunc.nin, *[dtype] * results))
    except TypeError as error:
        raise DTypeError(f"np.{ufunc.__name__}: dtype={dtype}: {error} (at {users_line()})") from None
    return tuple(shapes.astype(x, dtype=kind) for x, kind in zip(operands, loop, strict=False))
