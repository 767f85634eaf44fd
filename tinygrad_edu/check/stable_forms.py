"""Formulas that are right on paper and overflow, underflow or divide by zero on a computer, and what to write instead.

A pattern is a row's name with a pattern for each operand, or a number, or `x` for anything. Sums and products
match in either order. Knows nothing of how an anomaly is found.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..core.node import Node, data_of
from ..core.op import EVERYWHERE
from ..errors.printable import printable

Pattern = Any  # "x", a number, (row, pattern, …), or a list of patterns of which one must match

EXP = ("exp", "x")
NAIVE_SIGMOID = [("divide", 1, ("add", 1, EXP)), ("reciprocal", ("add", 1, EXP)), ("divide", EXP, ("add", 1, EXP))]
SQUARES = [("square", "x"), ("power", "x", 2), ("multiply", "x", "x")]
PROBABILITIES = [("softmax", "x"), ("divide", EXP, ("sum", EXP))]

REWRITES: list[tuple[Pattern, str]] = [  # the larger pattern stands before one that it contains
    (("log", [("sigmoid", "x"), *NAIVE_SIGMOID]), "log(sigmoid(x)) loses everything below -745: use logsigmoid(x)"),
    (("log", PROBABILITIES), "log(softmax(x)) takes the logarithm of 0: use log_softmax(x), or softmax_cross_entropy"),
    (("log", ("sum", EXP)), "log(sum(exp(x))) overflows above 709: use logsumexp(x)"),
    ([("log", ("add", 1, EXP)), ("log1p", EXP)], "log(1 + exp(x)) overflows above 709: use softplus(x)"),
    (NAIVE_SIGMOID, "1 / (1 + exp(-x)) overflows below -709: use sigmoid(x)"),
    (("divide", EXP, ("sum", EXP)), "exp(x) / sum(exp(x)) overflows above 709: use softmax(x)"),
    (("sqrt", ("sum", SQUARES)), "sqrt(sum(x**2)) has no slope at 0: use norm(x), whose gradient there is 0"),
    (("sqrt", SQUARES), "sqrt(x**2) has no slope at 0: use abs(x), whose gradient there is 0"),
    (("sqrt", [("mean", SQUARES), ("divide", ("sum", SQUARES), "n"), ("var", "x")]),
     "the standard deviation of equal numbers has no slope: add a small number, sqrt(variance + 1e-12)"),
    ([("power", "x", 0.5), ("sqrt", "x"), ("cbrt", "x")], "a root is infinitely steep at 0: use sqrt(x + eps)"),
    (("multiply", "x", ("log", "x")), "0 * log(0) is NaN: use xlogy(x, y), which is 0 where x is 0"),
    (("divide", "x", [("norm", "x"), ("sum", "x")]), "the divisor is 0: add a small number to it, x / (y + eps)"),
]  # fmt: skip  # a table: one row a line


def rewrite_advice(roots: Iterable[Node], origin: Node) -> str:
    """Return what to write instead of the first known formula that ends in one of `roots` and contains `origin`."""
    roots = list(roots)
    for pattern, advice in REWRITES:
        for root in roots:
            covered: list[Node] = []
            if matches(pattern, root, covered) and any(node is origin for node in covered):
                return advice
    return ""


def matches(pattern: Pattern, x: Any, covered: list[Node]) -> bool:
    """Say whether operand `x` was computed as `pattern` says, and add to `covered` the nodes that the pattern names."""
    if isinstance(pattern, list):
        return any(matches(one, x, covered) for one in pattern)
    if isinstance(pattern, str):
        return True
    if not isinstance(pattern, tuple):
        return not isinstance(x, Node) and np.ndim(x) == 0 and bool(x == pattern)
    if not isinstance(x, Node) or x.op is None or x.op.name != pattern[0]:
        return False
    parts, operands = pattern[1:], x.inputs[: len(pattern) - 1]
    orders = [parts, parts[::-1]] if x.op.name in ("add", "multiply") else [parts]
    for order in orders:
        below: list[Node] = []
        if len(operands) == len(order) and all(map(matches, order, operands, [below] * len(order))):
            same = x.op.name != "multiply" or order != ("x", "x") or operands[0] is operands[1]
            if same:
                covered += [x, *below]
                return True
    return False


def double_where(z: Node, i: int, chooser: Node | None) -> str:
    """Return advice for an operation whose result was not taken, and whose slope by its i-th operand is infinite."""
    assert z.op is not None
    chosen = chooser is not None and chooser.op is not None and chooser.op.name == "where"
    test = as_written(chooser.inputs[0]) if chosen and chooser is not None else "…"
    operands = [as_written(x) for x in z.inputs]
    operands[i] = f"where(ok, {operands[i]}, 1.0)"
    return (
        "0 times infinity is NaN, also where the number itself is left out. Double-where: a harmless operand first, "
        f"the result afterwards, ok = {test}; where(ok, {z.op.text.format(*operands)}, 0.0)"
    )


def domain_advice(z: Node) -> str:
    """Return advice for operands outside the domain of an operation, at a pole of it, or too large for it."""
    assert z.op is not None
    for x, (low, high) in zip(z.inputs, [*z.op.domain, *[EVERYWHERE] * len(z.inputs)], strict=False):
        data = np.asarray(data_of(x))
        if data.dtype.kind == "f" and np.any((data < low) | (data > high)):
            return (
                f"`{z.op.name}` needs numbers from {low:g} to {high:g}: keep {as_written(x)} there, as with clip, or "
                f"replace it where it is outside before computing, where(ok, {as_written(x)}, 1.0)"
            )
        if data.dtype.kind == "f" and np.any((data == low) | (data == high)):
            return (
                f"{as_written(x)} is at the edge of the domain of `{z.op.name}`: "
                f"add a small number, {as_written(x)} + 1e-12"
            )
    if z.op.name in ("divide", "reciprocal", "remainder") and np.any(np.equal(data_of(z.inputs[-1]), 0)):
        y = as_written(z.inputs[-1])
        return f"the divisor {y} is 0: add a small number to it, or replace it first, where({y} == 0, 1.0, {y})"
    if np.all(np.isinf(data_of(z)) | np.isfinite(data_of(z))):
        return f"the result is larger than {np.asarray(data_of(z)).dtype} holds: scale or clip the operands"
    return "look at the operands above: one of them is where this operation has no value or no slope"


def as_written(x: Any) -> str:
    """Return an operand as the user might write it."""
    if not isinstance(x, Node):
        return f"{x!r:.40}" if np.ndim(x) == 0 else f"an array {np.shape(x)}"
    from ..symbolic.formula import formula  # a message is the only reason to load it

    text = printable(x.label) or formula(x)
    return text if len(text) <= 60 and "\n" not in text else x.title
