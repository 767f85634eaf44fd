"""The canonical form of a node: which identity of real numbers each row stands for."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ...core.node import Node, data_of
from ...ops.indexing import HERE
from .canonical import Algebra, Form, greater
from .functions import exp, log, maximum, mean, total, where

FormRule = Callable[
    ..., Form | None
]  # of the algebra, a node and the forms of its operands; None where no identity applies


def axes_of(z: Node, ndim: int) -> list[int]:
    """Return the axes of a reduction, counted from the first."""
    axis = z.params.get("axis")
    every = range(ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    return [k % ndim for k in every]


def reduction_rule(function: Callable[..., Form]) -> FormRule:
    """Return the rule of a sum or mean along axes."""
    return lambda algebra, z, x: function(x, axes_of(z, len(x.view)), z.params.get("keepdims", False))


def along_an_axis(name: str) -> FormRule:
    """Return the rule of a row along one axis, which may be counted from either end."""
    return lambda algebra, z, x: algebra.row(
        name, [x], {"axis": z.params.get("axis", -1) % len(x.view)}, x.shape, elementwise=False
    )


def norm(x: Form, axes: Sequence[int], keepdims: bool) -> Form:
    """Return the Euclidean norm along axes."""
    return total(x**2, axes, keepdims) ** 0.5


def power(algebra: Algebra, z: Node, x: Form, y: Form) -> Form | None:
    """Return a power by a constant number."""
    return x**y.coefficient if y.core == algebra.one.core and np.ndim(data_of(z.inputs[1])) == 0 else None


def axes_added(algebra: Algebra, z: Node, x: Form, *indices: Form) -> Form | None:
    """Return an index that only adds axes or takes away those of length 1."""
    if indices or not all(k is None or k is ... or k == 0 or k == slice(None) for k in z.params["key"]):
        return None
    key = list(z.params["key"])
    named = len([k for k in key if k is not None and k is not ...])
    fill = [slice(None)] * (len(x.view) - named)
    at = key.index(...) if ... in key else len(key)
    key[at : at + (... in key)] = fill
    axes, view, shape = iter(range(len(x.view))), list[int | None](), x.shape
    for part in key:
        if part is None:
            view.append(None)
            continue
        axis = next(axes)
        if part == slice(None):
            view.append(x.view[axis])
        elif shape[axis] != 1:
            return None
    return Form(algebra, x.coefficient, x.core, tuple(view))


def reshaped(algebra: Algebra, z: Node, x: Form) -> Form | None:
    """Return a change of shape that only adds or takes away axes of length 1."""
    shape = np.shape(z._data)
    if [n for n in shape if n != 1] != [n for n in x.shape if n != 1]:
        return None
    long = iter([k for k, n in zip(x.view, x.shape, strict=True) if n != 1])
    return Form(algebra, x.coefficient, x.core, tuple(None if n == 1 else next(long) for n in shape))


def axes_permuted(algebra: Algebra, z: Node, x: Form) -> Form:
    """Return the axes in another order."""
    n = len(x.view)
    order = z.params.get("axes") or tuple(reversed(range(n)))
    if z.op is not None and z.op.name == "mT":
        order = (*range(n - 2), n - 1, n - 2)
    return Form(algebra, x.coefficient, x.core, tuple(x.view[k] for k in order))


def put_where(algebra: Algebra, z: Node, x: Form, y: Form, *indices: Form) -> Form | None:
    """Return x with y written where a mask says so."""
    del algebra
    if z.params["key"] != (HERE,) or len(y.view) or np.asarray(data_of(z.inputs[2])).dtype.kind != "b":
        return None
    return where(indices[0], y, x)


RULES: dict[str, FormRule] = {
    "add": lambda algebra, z, x, y: algebra.sum([x, y]),
    "subtract": lambda algebra, z, x, y: x - y,
    "multiply": lambda algebra, z, x, y: x * y,
    "divide": lambda algebra, z, x, y: x / y,
    "negative": lambda algebra, z, x: -x,
    "positive": lambda algebra, z, x: x,
    "astype": lambda algebra, z, x: x,
    "square": lambda algebra, z, x: x**2,
    "sqrt": lambda algebra, z, x: x**0.5,
    "reciprocal": lambda algebra, z, x: x**-1,
    "power": power,
    "exp": lambda algebra, z, x: exp(x),
    "expm1": lambda algebra, z, x: exp(x) - 1,
    "log": lambda algebra, z, x: log(x),
    "log1p": lambda algebra, z, x: log(x + 1),
    "logaddexp": lambda algebra, z, x, y: log(exp(x) + exp(y)),
    "logsumexp": reduction_rule(lambda x, axes, keepdims: log(total(exp(x), axes, keepdims))),
    "sum": reduction_rule(total),
    "mean": reduction_rule(mean),
    "norm": reduction_rule(norm),
    "greater": lambda algebra, z, x, y: greater(x, y),
    "greater_equal": lambda algebra, z, x, y: greater(x, y),
    "less": lambda algebra, z, x, y: greater(y, x),
    "less_equal": lambda algebra, z, x, y: greater(y, x),
    "where": lambda algebra, z, c, x, y: where(c, x, y),
    "maximum": lambda algebra, z, x, y: maximum(x, y),
    "fmax": lambda algebra, z, x, y: maximum(x, y),
    "softmax": along_an_axis("softmax"),
    "log_softmax": along_an_axis("log_softmax"),
    "getitem": axes_added,
    "reshape": reshaped,
    "mT": axes_permuted,
    "transpose": axes_permuted,
    "setitem": put_where,
}


def node_form(algebra: Algebra, z: Node) -> Form:
    """Return the form of a node whose operands have theirs, and keep it; a leaf is a core of its own."""
    found = None
    if z.op is not None:
        operands = [algebra.form(x) for x in z.inputs]
        rule = RULES.get(z.op.name)
        found = rule(algebra, z, *operands) if rule else None
        if found is None:  # equal where operands and parameters are
            found = algebra.row(z.op.name, operands, z.params, np.shape(z._data), z.op.elementwise)
    if found is None or found.shape != np.shape(z._data):
        found = algebra.core(("node", id(z)), np.shape(z._data))
    algebra.nodes[z] = found
    return found
