"""NumPy's universal functions that are no rows of the table, and the ufunc methods reduce, accumulate and outer."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.dispatch import REFUSED, implements
from ..core.node import data_of
from ..errors import DTypeError
from ..ops import arithmetic, powers, shapes, special, trigonometry
from . import products, reductions
from .arguments import at, cast, dtype_of, flag, given, normalize_axes, normalize_axis, refuse_out, stack_parts
from .cumulative import cumprod, cumsum
from .shaping import moveaxis, reshape

__all__ = ["divmod", "fabs", "float_power", "frexp", "ldexp", "modf"]

implements(np.sinc)(special.sinc)
implements(np.i0)(special.i0)
implements(np.vecdot)(products.vecdot)
implements(np.degrees)(trigonometry.rad2deg)
implements(np.radians)(trigonometry.deg2rad)


def matching(name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register an answer to a ufunc that only later releases of NumPy have."""
    return implements(getattr(np, name)) if hasattr(np, name) else lambda ours: ours


matching("matvec")(products.matvec)
matching("vecmat")(products.vecmat)


@implements(np.float_power)
def float_power(x: Any, y: Any) -> Any:
    """Raise x to the power y in double precision."""
    return powers.power(shapes.astype(x, dtype=np.result_type(dtype_of(x), float)), y)


@implements(np.fabs)
def fabs(x: Any) -> Any:
    """Return the absolute value of real numbers, in floating point. Raises TypeError for complex ones."""
    return arithmetic.absolute(in_floating_point("fabs", x))


def in_floating_point(name: str, x: Any) -> Any:
    """Return real numbers in the floating-point dtype that NumPy computes them in: float16 for int8 and so on."""
    if dtype_of(x).kind == "c":
        raise TypeError(f"{name} is defined for real numbers only, and was given {dtype_of(x)}")
    return cast(given(x), np.result_type(dtype_of(x), np.float16))


@implements(np.divmod)
def divmod(x: Any, y: Any) -> tuple[Any, Any]:  # NumPy's name
    """Return the whole quotient and the remainder."""
    return arithmetic.floor_divide(x, y), arithmetic.remainder(x, y)


@implements(np.modf)
def modf(x: Any) -> tuple[Any, Any]:
    """Return the fractional and the integral part of real numbers."""
    x = in_floating_point("modf", x)
    whole = arithmetic.trunc(x)
    return x - whole, whole


@implements(np.frexp)
def frexp(x: Any) -> tuple[Any, Any]:
    """Return x = m 2**e as m, between 1/2 and 1, and e, a constant."""
    exponent = np.frexp(data_of(x))[1]
    return ldexp(x, -exponent), exponent


@implements(np.ldexp)
def ldexp(x: Any, n: Any) -> Any:
    """Compute x times 2**n."""
    return arithmetic.multiply(x, np.ldexp(np.ones((), dtype_of(x)), data_of(n)))


# Methods -------------------------------------------------------------------------------------------------------

REDUCTIONS: dict[str, Callable[..., Any]] = {
    "add": reductions.sum,
    "multiply": reductions.prod,
    "maximum": reductions.max,
    "minimum": reductions.min,
    "logical_and": reductions.all,
    "logical_or": reductions.any,
}
ACCUMULATIONS: dict[str, Callable[..., Any]] = {"add": cumsum, "multiply": cumprod}
REFUSED["at"] = "it writes into its operand; write t[index] = f(t[index], y) instead"
REFUSED["reduceat"] = "reduce the parts t[a:b] one by one, and join them with tinygrad_edu.stack"


@implements("reduce")
def reduce(
    row: Callable[[Any, Any], Any],
    x: Any,
    axis: Any = 0,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = False,
    initial: Any = None,
    where: Any = True,
) -> Any:
    """Combine the elements along axes by an operation of two operands, one after the other."""
    name = row.__name__
    refuse_out(f"np.{name}.reduce", out)
    x = cast(given(x), dtype)
    if name in REDUCTIONS:
        begin = {} if initial is None or initial is np._NoValue else {"initial": initial}
        return cast(REDUCTIONS[name](x, axis, keepdims=keepdims, where=where, **begin), dtype)
    if where is not True:
        raise DTypeError(f"np.{name}.reduce: where= is not differentiable here; use tinygrad_edu.where first")
    axes = normalize_axes(axis, len(shapes.shape(x)))
    lines = moveaxis(x, axes, range(len(axes)))
    lines = reshape(lines, (math.prod(shapes.shape(lines)[: len(axes)]), *shapes.shape(lines)[len(axes) :]))
    parts = [lines[k] for k in range(shapes.shape(lines)[0])]
    if initial is not None and initial is not np._NoValue:
        kind = dtype_of(x)
        parts.insert(0, np.asarray(initial, getattr(np, name).resolve_dtypes((kind, kind, None))[0]))
    if not parts:
        raise ValueError(f"np.{name}.reduce of an empty axis: give initial=")
    z = parts[0]
    for part in parts[1:]:
        z = row(z, part)
    return reshape(z, tuple(1 if a in axes else n for a, n in enumerate(shapes.shape(x)))) if flag(keepdims) else z


@implements("accumulate")
def accumulate_along(row: Callable[[Any, Any], Any], x: Any, axis: int = 0, dtype: Any = None, out: Any = None) -> Any:
    """Combine the elements along an axis by an operation of two operands, and keep every result on the way."""
    refuse_out(f"np.{row.__name__}.accumulate", out)
    x = cast(given(x), dtype)
    if row.__name__ in ACCUMULATIONS:
        return cast(ACCUMULATIONS[row.__name__](x, axis), dtype)
    axis = normalize_axis(axis, len(shapes.shape(x)))
    found = [x[at(axis, k)] for k in range(min(1, shapes.shape(x)[axis]))]
    for k in range(1, shapes.shape(x)[axis]):
        found.append(row(found[-1], x[at(axis, k)]))
    return stack_parts(found, axis) if found else x


@implements("outer")
def outer(row: Callable[[Any, Any], Any], x: Any, y: Any) -> Any:
    """Combine each element of x with each of y by an operation of two operands."""
    x, y = given(x), given(y)
    return row(reshape(x, shapes.shape(x) + (1,) * len(shapes.shape(y))), y)
