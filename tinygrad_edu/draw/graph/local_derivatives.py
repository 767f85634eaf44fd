"""The local derivative of a node by each operand: what its rule gives for an arriving gradient of one, or says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...core.node import Node, data_of
from ...core.value import Value
from .edge_rules import Rules, edge_rule
from .picture import format_number


def local_derivatives(z: Node, names: Sequence[str], known: Rules) -> list[str]:
    """Return d(z)/d(operand) of each operand in a few characters; empty where there is none, or no short way to say it.

    Of numbers it is a number; of arrays computed element by element, the range of them; of any other array what the
    rule hands the operand, in symbols. names, known: see `edge_rule`; single numbers have no use for them.
    """
    inputs, op = z.inputs, z.op
    found = [""] * len(inputs)
    if op is None or not z._requires_grad:
        return found
    operands = [data_of(x) for x in inputs]
    for i, (x, rule) in enumerate(zip(inputs, op.rules, strict=False)):  # `Every` has rules without end
        if rule is None or not isinstance(x, Node) or not x._requires_grad:
            continue
        if isinstance(z, Value):
            found[i] = format_number(of_numbers(rule, z, operands))
        elif op.elementwise:
            found[i] = array_derivative(rule, z, operands)
        else:
            found[i] = edge_rule(z, i, names, known)
    return found


def gradient_of(rule: Any, g: Any, z: Node, operands: list[Any]) -> Any:
    """Return what a rule gives for data; at poles and past overflow as IEEE has it."""
    with np.errstate(all="ignore"):
        try:
            return rule(g, z._data, *operands, **z.params)
        except (ArithmeticError, ValueError):
            return rule(np.float64(g), np.float64(z._data), *map(np.float64, operands), **z.params)


def of_numbers(rule: Any, z: Node, operands: list[Any], g: float = 1.0) -> float:
    """Return what a rule gives for a node of numbers: without `g`, its local derivative."""
    try:
        return float(rule(g, z._data, *operands, **z.params) or 0.0)
    except (ArithmeticError, ValueError):
        return float(gradient_of(rule, g, z, operands) or 0.0)


def array_derivative(rule: Any, z: Node, operands: list[Any]) -> str:
    """Return the one number that a rule gives everywhere, or the smallest and the largest."""
    found = gradient_of(rule, np.ones_like(z._data, dtype=float), z, operands)
    array = np.asarray(0.0 if found is None else data_of(found))
    if not array.size or array.dtype.kind == "c":
        return ""
    low, high = float(array.min()), float(array.max())
    return format_number(low, 3) if low == high else f"{format_number(low, 2)} … {format_number(high, 2)}"
