"""Wrong derivatives that people write down: other rules for the rows of the table, each with its row of the catalogue.

A rule is what it is in the table, a function of `g`, `z`, the operands and the parameters, except that it is wrong.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from ...core.op import Op
from ...core.types import Rule
from ...ops import losses


class Wrong(NamedTuple):
    """A wrong rule for one operand: the row of the catalogue, the rule in words, the rule."""

    number: int
    said: str
    rule: Rule


def is_positive(x: Any) -> Any:
    """Return 1 where x is positive."""
    return (np.asarray(x) > 0) * 1.0


ONE: dict[str, list[Wrong]] = {  # rows of one operand
    "sigmoid": [
        Wrong(13, "z(1 − z)", lambda g, z, x: g * x * (1 - x)),
        Wrong(15, "a(1 + a)", lambda g, z, x: g * z * (1 + z)),
        Wrong(15, "1 − a", lambda g, z, x: g * (1 - z)),
        Wrong(15, "1 − a²", lambda g, z, x: g * (1 - z * z)),
        Wrong(15, "a(1 − a²)", lambda g, z, x: g * z * (1 - z * z)),
        Wrong(15, "a²(1 − a)", lambda g, z, x: g * z * z * (1 - z)),
    ],
    "tanh": [
        Wrong(13, "1 − z²", lambda g, z, x: g * (1 - x * x)),
        Wrong(15, "1 − a", lambda g, z, x: g * (1 - z)),
        Wrong(15, "1 + a²", lambda g, z, x: g * (1 + z * z)),
        Wrong(15, "(1 − a)²", lambda g, z, x: g * (1 - z) ** 2),
        Wrong(15, "a(1 − a)", lambda g, z, x: g * z * (1 - z)),
        Wrong(15, "sech(z), not squared", lambda g, z, x: g / np.cosh(x)),
    ],
    "relu": [
        Wrong(17, "a mask of the gradient's sign", lambda g, z, x: g * is_positive(g)),
        Wrong(17, "z ≥ 0 for z > 0", lambda g, z, x: g * (x >= 0)),
        Wrong(15, "1 where z < 0", lambda g, z, x: g * (x < 0)),
        Wrong(15, "1 − a", lambda g, z, x: g * (1 - z)),
    ],
    "softplus": [Wrong(15, "1 − σ(z)", lambda g, z, x: g / (1 + np.exp(x)))],
    "sin": [
        Wrong(15, "−cos", lambda g, z, x: -g * np.cos(x)),
        Wrong(33, "degrees", lambda g, z, x: g * np.cos(np.radians(x))),
    ],
    "cos": [
        Wrong(15, "sin, without the minus", lambda g, z, x: g * np.sin(x)),
        Wrong(33, "degrees", lambda g, z, x: -g * np.sin(np.radians(x))),
    ],
    "tan": [Wrong(15, "1/cos", lambda g, z, x: g / np.cos(x)), Wrong(15, "1 − tan²", lambda g, z, x: g * (1 - z * z))],
    "sinh": [Wrong(15, "−cosh", lambda g, z, x: -g * np.cosh(x))],
    "cosh": [Wrong(15, "−sinh", lambda g, z, x: -g * np.sinh(x))],
    "arctan": [
        Wrong(15, "1/(1 − x²)", lambda g, z, x: g / (1 - x * x)),
        Wrong(15, "1/√(1 + x²)", lambda g, z, x: g / np.sqrt(1 + x * x)),
    ],
    "arcsin": [
        Wrong(15, "1/(1 − x²)", lambda g, z, x: g / (1 - x * x)),
        Wrong(15, "1/√(1 + x²)", lambda g, z, x: g / np.sqrt(1 + x * x)),
    ],
    "exp": [
        Wrong(32, "x·exp(x − 1)", lambda g, z, x: g * x * np.exp(x - 1)),
        Wrong(32, "exp(x)·x", lambda g, z, x: g * z * x),
    ],
    "exp2": [Wrong(32, "2ˣ without ln 2", lambda g, z, x: g * z), Wrong(32, "x·2ˣ⁻¹", lambda g, z, x: g * x * z / 2)],
    "log": [
        Wrong(32, "1/(x ln 10)", lambda g, z, x: g / (x * math.log(10))),
        Wrong(32, "1/ln x", lambda g, z, x: g / z),
        Wrong(32, "−1/x²", lambda g, z, x: -g / (x * x)),
    ],
    "log2": [
        Wrong(32, "1/x without ln 2", lambda g, z, x: g / x),
        Wrong(32, "ln 2/x", lambda g, z, x: g * math.log(2) / x),
    ],
    "log10": [
        Wrong(32, "1/x without ln 10", lambda g, z, x: g / x),
        Wrong(32, "ln 10/x", lambda g, z, x: g * math.log(10) / x),
    ],
    "sqrt": [
        Wrong(32, "1/√x, without the ½", lambda g, z, x: g / z),
        Wrong(32, "½·√x", lambda g, z, x: g * z / 2),
        Wrong(32, "½·1/x", lambda g, z, x: g / (2 * x)),
    ],
    "square": [
        Wrong(1, "x for 2x", lambda g, z, x: g * x),
        Wrong(32, "2x²", lambda g, z, x: g * 2 * z),
        Wrong(32, "2", lambda g, z, x: g * 2),
    ],
    "reciprocal": [
        Wrong(5, "1/x², without the minus", lambda g, z, x: g * z * z),
        Wrong(32, "ln x", lambda g, z, x: g * np.log(np.abs(x))),
        Wrong(32, "−1/x", lambda g, z, x: -g * z),
    ],
    "softmax": [
        Wrong(25, "p(1 − p), the diagonal alone", lambda g, z, x, axis=-1: g * z * (1 - z)),
        Wrong(25, "no Jacobian", lambda g, z, x, axis=-1: g),
        Wrong(25, "p alone", lambda g, z, x, axis=-1: g * z),
        Wrong(25, "p without − y", lambda g, z, x, axis=-1: -z * np.sum(g * z, axis=axis, keepdims=True)),
        Wrong(
            25,
            "(p − y)·p(1 − p)",
            lambda g, z, x, axis=-1: (g - np.sum(g * z, axis=axis, keepdims=True)) * z * z * (1 - z),
        ),
    ],
    "log_softmax": [
        Wrong(25, "1 − p, the diagonal alone", lambda g, z, x, axis=-1: g * (1 - np.exp(z))),
        Wrong(25, "p without − y", lambda g, z, x, axis=-1: -np.sum(g, axis=axis, keepdims=True) * np.exp(z)),
        Wrong(25, "y without p", lambda g, z, x, axis=-1: g),
        Wrong(
            25,
            "(p − y)·p(1 − p)",
            lambda g, z, x, axis=-1: (
                (g - np.sum(g, axis=axis, keepdims=True) * np.exp(z)) * np.exp(z) * (1 - np.exp(z))
            ),
        ),
    ],
}


def p_and_y(x: Any, labels: Any) -> tuple[Any, Any]:
    """Return the probabilities and the one-hot targets of a fused softmax with cross entropy."""
    p = losses.softmax(x)
    return p, losses.one_hot(labels, classes=p.shape[-1])


def fused(formula: Callable[[Any, Any], Any]) -> Rule:
    """Return the rule of a fused softmax with cross entropy that has `formula(p, y)` in place of p − y."""
    return lambda g, z, x, labels: np.asarray(g)[..., None] * formula(*p_and_y(x, labels))


TWO: dict[str, dict[int, list[Wrong]]] = {  # rows of two operands, by operand
    "multiply": {
        0: [
            Wrong(31, "u for v", lambda g, z, x, y: g * x),
            Wrong(31, "the other factor left out", lambda g, z, x, y: g),
        ],
        1: [
            Wrong(31, "v for u", lambda g, z, x, y: g * y),
            Wrong(31, "the other factor left out", lambda g, z, x, y: g),
        ],
    },
    "divide": {
        0: [
            Wrong(31, "the denominator left out", lambda g, z, x, y: g),
            Wrong(31, "1/v²", lambda g, z, x, y: g / (y * y)),
        ],
        1: [
            Wrong(31, "+u v'/v², the sign of the quotient", lambda g, z, x, y: g * z / y),
            Wrong(31, "u/v, not u/v²", lambda g, z, x, y: -g * z),
            Wrong(31, "u for −u/v²", lambda g, z, x, y: -g * x),
        ],
    },
    "subtract": {
        0: [Wrong(5, "the minus on the wrong side", lambda g, z, x, y: -g)],
        1: [Wrong(5, "the minus lost", lambda g, z, x, y: g)],
    },
    "power": {
        0: [
            Wrong(32, "n·xⁿ, the exponent not lowered", lambda g, z, x, y: g * y * z),
            Wrong(32, "xⁿ⁻¹, without n in front", lambda g, z, x, y: g * np.power(x, y - 1.0)),
            Wrong(31, "the inner derivative left out", lambda g, z, x, y: g),
            Wrong(32, "n alone", lambda g, z, x, y: g * y * np.ones_like(x)),
            Wrong(32, "(n − 1)·xⁿ⁻¹", lambda g, z, x, y: g * (y - 1) * np.power(x, y - 1.0)),
            Wrong(32, "n·xⁿ⁻²", lambda g, z, x, y: g * y * np.power(x, y - 2.0)),
            Wrong(32, "xⁿ⁺¹/(n + 1), the integral", lambda g, z, x, y: g * np.power(x, y + 1.0) / (y + 1)),
        ],
        1: [
            Wrong(32, "aˣ without ln a", lambda g, z, x, y: g * z),
            Wrong(32, "x·aˣ⁻¹, the rule of powers for an exponential", lambda g, z, x, y: g * y * np.power(x, y - 1.0)),
        ],
    },
    "softmax_cross_entropy": {
        0: [
            Wrong(25, "p without − y", fused(lambda p, y: p)),
            Wrong(25, "y without p", fused(lambda p, y: -y)),
            Wrong(25, "(p − y)·p(1 − p)", fused(lambda p, y: (p - y) * p * (1 - p))),
            Wrong(25, "the diagonal of the Jacobian alone", fused(lambda p, y: -y * (1 - p))),
            Wrong(25, "−y/p, without the Jacobian", fused(lambda p, y: -y / p)),
            Wrong(25, "p(1 − p) for p − y", fused(lambda p, y: p * (1 - p))),
        ],
    },
}


WRONG_WITH_CONSTANT: dict[str, list[Wrong]] = {  # rows of two operands whose second is a constant
    "divide": [
        Wrong(2, "not divided", lambda g, z, x, y: g),
        Wrong(3, "divided twice", lambda g, z, x, y: g / (y * y)),
    ],
    "multiply": [Wrong(31, "the constant factor left out", lambda g, z, x, y: g)],
}
OF_A_SQUARE = [
    Wrong(1, "x for 2x", lambda g, z, x, y: g * x),
    Wrong(1, "4x for 2x", lambda g, z, x, y: g * 4 * x),
    Wrong(32, "2x², the exponent not lowered", lambda g, z, x, y: g * 2 * z),
    Wrong(32, "2 alone", lambda g, z, x, y: g * 2 * np.ones_like(x)),
    Wrong(32, "x³/3, the integral", lambda g, z, x, y: g * x * z / 3),
]


def wrong_rules(row: Op, i: int, constant: Any = None) -> Iterator[Wrong]:
    """Yield the wrong rules for operand `i` of a row: those of its own, and those that any function invites.

    constant: the last operand, if it is none that a gradient goes back to.
    """
    right = row.rules[i]
    if i == 0:
        yield from ONE.get(row.name, [])
    if constant is not None and row.name in WRONG_WITH_CONSTANT:
        yield from WRONG_WITH_CONSTANT[row.name]
    elif row.name == "power" and i == 0 and np.ndim(constant) == 0 and constant == 2:
        yield from OF_A_SQUARE
    else:
        yield from TWO.get(row.name, {}).get(i, [])
    if row.elementwise and len(row.rules) == 1 and row.name not in ("negative", "square", "reciprocal", "astype"):
        yield Wrong(11, "1", lambda g, z, x, **_: g)
        yield Wrong(14, "the function itself", lambda g, z, x, **_: g * z)
        yield Wrong(12, "the derivative at the result", lambda g, z, x, **_: right(g, row(z), z))
        yield Wrong(16, "the derivative twice", lambda g, z, x, **_: right(right(g, z, x), z, x))
        yield Wrong(5, "the opposite sign", lambda g, z, x, **_: -right(g, z, x))


RIGHT_FORMULAS: dict[str, str] = {  # what to write in place of a wrong formula
    "sigmoid": "σ'(z) = a(1 − a)",
    "tanh": "tanh'(z) = 1 − a²",
    "relu": "1 where z > 0, 0 elsewhere",
    "softplus": "softplus'(z) = σ(z)",
    "sin": "sin' = cos",
    "cos": "cos' = −sin",
    "tan": "tan' = 1 + tan²",
    "sinh": "sinh' = cosh",
    "cosh": "cosh' = sinh",
    "arctan": "arctan'(x) = 1/(1 + x²)",
    "arcsin": "arcsin'(x) = 1/√(1 − x²)",
}
