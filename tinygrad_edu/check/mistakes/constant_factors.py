"""Meanings of a constant factor between two gradients: a lost 2, a lost 1/n, degrees, a sign."""

from __future__ import annotations

import math

import numpy as np

from ...core.node import Node
from ...symbolic.layers import LayerMap
from ..replay.run import Recording
from .catalogue import CATALOGUE
from .layer_mutants import summands

AND_TWO = ", and the 2 from the square "
Factors = dict[float, list[tuple[int, str]]]  # by value: rows of the catalogue, and the factor in words


def naming(r: float, factors: Factors) -> list[tuple[int, str]]:
    """Return what a factor may be, as rows of the catalogue and in words."""
    found: dict[int, str] = {}
    for value, names in factors.items():
        if math.isclose(r, value, rel_tol=1e-7):
            for number, said in names:
                found.setdefault(number, said)
    if any(AND_TWO not in said for said in found.values()):  # one thing wrong is likelier than two
        found = {number: said for number, said in found.items() if AND_TWO not in said}
    return sorted(found.items(), key=lambda name: CATALOGUE[name[0]].likely)


def named_factors(recording: Recording, notation: LayerMap) -> Factors:
    """Return the factors that mistakes are made of on this graph, with what each would mean."""
    n, m = notation.n, notation.m
    if n == 1:  # single numbers: the cost may be a sum over examples, written as a loop
        n = max(1, len(summands(recording)))
    squares = any(is_square(z) for z in recording.path)
    means = any(z.op is not None and z.op.name == "mean" and np.ndim(z.inputs[0]._data) > 1 for z in recording.path)
    found: Factors = {}

    def add(value: float, number: int, said: str) -> None:
        if value not in (1.0, 0.0) and math.isfinite(value):
            found.setdefault(value, []).append((number, said))

    if squares:
        add(0.5, 1, "the 2 from the square is missing")
        add(2.0, 1, "the 2 from the square is there twice")
        add(-0.5, 1, f"the sign is the opposite{AND_TWO}is missing")
        add(-2.0, 1, f"the sign is the opposite{AND_TWO}is there twice")
    add(n, 2, f"not divided by n = {n}, the number of examples")
    add(1 / n, 3, f"divided by n = {n} once too often")
    if means:
        add(n * m, 2, f"not divided by n·m = {n * m}, the number of examples times that of outputs")
    add(1 / m, 4, f"divided by m = {m} as well, the number of outputs")
    add(m, 4, f"not divided by m = {m}, the number of outputs")
    add(1 / (n * m), 4, f"divided by n·m = {n * m}, where it should not be divided")
    add(n / m, 4, f"divided by the {m} outputs in place of the n = {n} examples")
    add(m / n, 3, f"divided by n = {n} in place of m = {m}")
    if squares:
        for value, number, said in (
            (n, 2, "not divided by n"),
            (1 / n, 3, "divided by n twice"),
            (1 / m, 4, "divided by m"),
        ):
            add(value / 2, number, f"{said}{AND_TWO}is missing")
            add(value * 2, number, f"{said}{AND_TWO}is there twice")
    for node in recording.path:
        for length in np.shape(node._data):
            if length > 2:
                add(length / (length - 1), 42, f"N − 1 = {length - 1} in place of N = {length}")
                add((length - 1) / length, 42, f"N = {length} in place of N − 1 = {length - 1}")
            if length > 1 and length not in (n, m):
                add(length, 29, f"{length} is the length of an axis of {notation.name(node)}")
                add(1 / length, 29, f"{length} is the length of an axis of {notation.name(node)}")
    universal_factors(found)
    return found


def universal_factors(found: Factors) -> None:
    """Add the factors that mistakes are made of on any graph."""
    for k in range(2, 11):
        found.setdefault(float(k), []).append((27, f"as after {k} calls of backward() without zero_grad()"))
    for value, number, said in (
        (-1.0, 5, "the sign is the opposite"),
        (180 / math.pi, 33, "180/π, the degrees of a radian"),
        (math.pi / 180, 33, "π/180, the radians of a degree"),
        *((math.log(base), 32, f"ln {base} is there and should not be") for base in (2, 10)),
        *((1 / math.log(base), 32, f"ln {base} is missing, or divided by") for base in (2, 10)),
    ):
        found.setdefault(value, []).append((number, said))


def is_square(z: Node) -> bool:
    """Tell whether a node is the square of something."""
    if z.op is None:
        return False
    x, *others = z.inputs
    if z.op.name == "power":
        return not isinstance(others[0], Node) and bool(np.all(others[0] == 2))
    return z.op.name in ("square", "absolute_square") or (z.op.name == "multiply" and others[0] is x)
