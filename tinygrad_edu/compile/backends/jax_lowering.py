"""Lowering to JAX: the function by which each row of the table is computed there.

Most rows need nothing: a ufunc has its namesake in `jax.numpy`, and any other row's own function runs with `jax.numpy`
in the place of NumPy (`transplanted`). The others are in `jax_rows`.
"""

from __future__ import annotations

import dis
from contextlib import nullcontext
from types import CodeType, FunctionType
from typing import Any

import numpy as np

from ...core.op import BUILT_IN, Op
from ..codegen.primitives import Primitive
from .jax_library import jnp
from .jax_rows import ANSWERS, OWN, PRIMITIVES

NAMED = {  # rows whose parameters bear the same names there
    *("sum", "mean", "max", "min", "prod", "all", "any", "argmax", "argmin", "cumsum", "cumprod"),
    *("reshape", "transpose", "broadcast_to", "flip", "where", "real", "imag", "angle"),
}


class NumPyOnJax:
    """The object that a row's own function finds under the name `np`."""

    def __init__(self, **others: Any) -> None:
        vars(self).update(errstate=lambda **_: nullcontext(), dtype=np.dtype, **others)

    def __getattr__(self, name: str) -> Any:
        return getattr(jnp, name)


def transplanted(f: Any, known: dict[Any, Any], np_there: Any) -> Any:
    """Return a function, and the functions of this package that it calls, with another `np`."""
    if f in known:
        return known[f]
    space = dict(f.__globals__)
    known[f] = there = FunctionType(f.__code__, space, f.__name__, f.__defaults__, f.__closure__)
    there.__kwdefaults__ = f.__kwdefaults__
    for name in names_of(f.__code__):
        x = space.get(name)
        if x is np:
            space[name] = np_there
        elif isinstance(x, Op):
            space[name] = function_of(x)
        elif isinstance(x, FunctionType) and x.__globals__.get("np") is np:
            space[name] = transplanted(x, known, np_there)
    return there


def names_of(code: CodeType) -> set[str]:
    """Return the global names that code, and the functions in it, look up."""
    inner = (names_of(x) for x in code.co_consts if isinstance(x, CodeType))
    return {step.argval for step in dis.get_instructions(code) if step.opname == "LOAD_GLOBAL"}.union(*inner)


def function_of(op: Op | Primitive) -> Any:
    """Return the function that computes a row in JAX."""
    f = op.forward
    own = PRIMITIVES if isinstance(op, Primitive) else OWN if op.name in BUILT_IN else {}
    if op.name in own:
        return own[op.name]
    if isinstance(f, np.ufunc) or getattr(f, "__module__", "").startswith("numpy"):
        home = jnp.linalg if "linalg" in getattr(f, "__module__", "") else jnp
        return getattr(home, f.__name__)
    return transplanted(f, {}, NumPyOnJax(**ANSWERS.get(op.name, {})))
