"""Functions of canonical forms, each written so that equal functions have equal forms: exp, log, sums, choices."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from .canonical import Form


def exp(x: Form) -> Form:
    """Return the exponential, as a product of one for each term of a sum."""
    algebra = x.algebra
    terms = algebra.parts(x, "sum", len(x.view))
    coefficient, parts = 1.0, []
    for core, view, number in terms:
        if core == algebra.one.core:
            coefficient *= math.exp(number * x.coefficient)
            continue
        parts.append((algebra.core(("exp", core), algebra.shapes[core]).core, view, number * x.coefficient))
    if not terms:
        coefficient = math.exp(x.coefficient)
    return algebra.from_factors(parts, coefficient, len(x.view))


def log(x: Form) -> Form:
    """Return the logarithm: exponentials among the factors of `x` are taken out."""
    algebra = x.algebra
    ndim = len(x.view)
    factors = algebra.parts(x, "product", ndim)
    out = [Form(algebra, e, algebra.keys[core][1], view) for core, view, e in factors if algebra.is_exp(core)]
    rest = [part for part in factors if not algebra.is_exp(part[0])]
    if not rest:
        if x.coefficient <= 0:
            return algebra.row("log", [x], {}, x.shape)
        return algebra.sum([*out, Form(algebra, math.log(x.coefficient), algebra.one.core, (None,) * ndim)])
    sign = 1.0
    if len(rest) == 1 and rest[0][2] == -1 and x.coefficient == 1:
        sign, rest = -1.0, [(rest[0][0], rest[0][1], 1.0)]
    inner = algebra.from_factors(rest, x.coefficient, ndim)
    return algebra.sum([*out, algebra.row("log", [inner], {}, inner.shape).times(sign)])


def total(x: Form, axes: Sequence[int] | None = None, keepdims: bool = True) -> Form:
    """Return the sum of x along axes: factors that are constant along them stand before it."""
    algebra, ndim = x.algebra, len(x.view)
    axes = range(ndim) if axes is None else [axis % ndim for axis in axes]
    shape = x.shape
    factors = algebra.parts(x, "product", ndim)
    outside = [part for part in factors if all(part[1][axis] is None for axis in axes)]
    inner = algebra.from_factors([part for part in factors if part not in outside], 1.0, ndim)
    count = math.prod(shape[axis] for axis in axes if inner.view[axis] is None)
    along = sorted(k for axis in axes if (k := inner.view[axis]) is not None)
    if along:
        core, summed = inner.core, tuple(along)
        if inner.key[0] == "total" and inner.coefficient == 1:  # a sum of sums
            core, summed = inner.key[2], tuple(sorted({*inner.key[1], *along}))
        lengths = tuple(1 if k in summed else n for k, n in enumerate(algebra.shapes[core]))
        made = algebra.core(("total", summed, core), lengths)
        inner = Form(algebra, 1.0, made.core, tuple(None if k in along else k for k in inner.view))
    found = algebra.product([inner, algebra.from_factors(outside, x.coefficient * count, ndim)])
    return found if keepdims else dropped(found, axes)


def mean(x: Form, axes: Sequence[int] | None = None, keepdims: bool = True) -> Form:
    """Return the mean of x along axes."""
    counted = range(len(x.view)) if axes is None else axes
    return total(x, axes, keepdims).times(1 / max(1, math.prod(x.shape[axis] for axis in counted)))


def dropped(x: Form, axes: Iterable[int]) -> Form:
    """Return x without axes, along which it has the length 1."""
    gone = set(axes)
    return Form(x.algebra, x.coefficient, x.core, tuple(k for axis, k in enumerate(x.view) if axis not in gone))


def where(condition: Form, x: Any, y: Any) -> Form:
    """Return x where a condition holds, else y; [-d > 0] is turned into [d > 0] by changing sides."""
    algebra = condition.algebra
    if condition.key[0] == "negative":
        d = condition.key[1]
        lengths = algebra.shapes[d]
        condition = Form(algebra, 1.0, algebra.core(("positive", d), lengths).core, condition.view)
        x, y = y, x
    return several("where", [condition, algebra.form(x), algebra.form(y)])


def maximum(x: Form, y: Any) -> Form:
    """Return the larger of two."""
    pair = [x, x.algebra.form(y)]
    return several("maximum", sorted(pair, key=lambda form: str((form.core, form.view, form.coefficient))))


def several(name: str, forms: Sequence[Form]) -> Form:
    """Return an elementwise row of several forms, in a frame of all their axes."""
    algebra, ndim = forms[0].algebra, max(len(x.view) for x in forms)
    views = [(None,) * (ndim - len(x.view)) + x.view for x in forms]
    used = [k for k in range(ndim) if any(view[k] is not None for view in views)]
    lined_up = [
        Form(algebra, x.coefficient, x.core, tuple(view[k] for k in used)) for x, view in zip(forms, views, strict=True)
    ]
    made = algebra.row(name, lined_up, {}, np.broadcast_shapes(*(x.shape for x in lined_up)))
    return Form(algebra, 1.0, made.core, tuple(used.index(k) if k in used else None for k in range(ndim)))
