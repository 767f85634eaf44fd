"""The local derivative of a node by each operand: what its rule gives for an arriving gradient of one."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..graph import Node, data_of
from ..value import Value
from .picture import number


def local_derivative(z: Node, i: int) -> str:
    """Return d(z)/d(operand i) in a few characters; empty where there is none, or no short way to say it."""
    x = z.inputs[i]
    if z.op is None or not isinstance(x, Node) or not x.requires_grad or not z.requires_grad:
        return ""
    if isinstance(z.op.rules, tuple) and i >= len(z.op.rules):
        return ""
    rule = z.op.rules[i]
    if rule is None:
        return ""
    operands = [data_of(each) for each in z.inputs]
    if isinstance(z, Value):
        return number(of_numbers(rule, z, operands))
    alone = z.op.linear and len(operands) == 1
    bias = z.op.name == "linear" and i == 2  # each neuron's is added as it is
    return of_arrays(rule, z, operands) if z.op.elementwise or alone or bias else ""


def gradient_of(rule: Any, g: Any, z: Node, operands: list[Any]) -> Any:
    """Return what a rule gives for data; at poles and past overflow as IEEE has it."""
    with np.errstate(all="ignore"):
        try:
            return rule(g, z._data, *operands, **z.params)
        except (ArithmeticError, ValueError):
            return rule(np.float64(g), np.float64(z._data), *map(np.float64, operands), **z.params)


def of_numbers(rule: Any, z: Node, operands: list[Any]) -> float:
    """Return the local derivative of a node of numbers."""
    try:
        return float(rule(1.0, z._data, *operands, **z.params) or 0.0)
    except (ArithmeticError, ValueError):
        return float(gradient_of(rule, 1.0, z, operands) or 0.0)


def of_arrays(rule: Any, z: Node, operands: list[Any]) -> str:
    """Return the one number that a rule gives everywhere, or the smallest and the largest."""
    found = gradient_of(rule, np.ones_like(z._data, dtype=float), z, operands)
    array = np.asarray(0.0 if found is None else data_of(found))
    if not array.size or array.dtype.kind == "c":
        return ""
    low, high = float(array.min()), float(array.max())
    return number(low, 3) if low == high else f"{number(low, 2)} … {number(high, 2)}"
