"""Horizontal fusion: the same update of many weights becomes one update of all of them, concatenated.

An optimiser does the same few steps to every weight, and for small arrays the number of calls takes the time. So
weights lie end to end in one array, and so do their gradients and the optimiser's memory; one step changes them all.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..codegen.primitives import END_TO_END, PART, lowering
from ..ir import Program, Var, comparable


def fuse_updates(program: Program) -> None:
    """Replace steps that are the same for several weights by one step on all of them, at the end of the program."""
    inner = updates(program)
    alike: dict[Any, list[list[Var]]] = {}
    for effect, results in program.effects:
        if effect.places == ("{}._raw",) and results[0] in inner:
            column: list[Var] = []
            what = update_of(results[0], results[0], inner, column)
            alike.setdefault(what, []).append(column)
    for columns in sorted(alike.values(), key=lambda columns: -len(columns[0])):  # a velocity goes with its weight
        if len(columns) > 1 and columns[0][-1].op is not PART and independent(program, columns, inner):
            replace_columns(program, columns, inner)


def updates(program: Program) -> set[Var]:
    """Return the steps, element by element, of which nothing is made but what stays after a call."""
    read = {*program.results, *(x for effect, xs in program.effects if effect.places == ("{}._slope",) for x in xs)}
    inner = set()
    for z in reversed(program.steps):
        if z in read or not lowering(z.op).inplace or np.ndim(z.data) == 0:
            read.update(z.args)
        else:
            inner.add(z)
    return inner


def update_of(z: Var, root: Var, inner: set[Var], column: list[Var]) -> Any:
    """Return how `z` is computed, equal for weights with the same update; append its operands to `column`, in order."""
    if np.ndim(z.data) == 0:
        return (type(z.data), repr(z.data)) if z.constant else id(z)  # one number, for all of them the same
    if z in column:
        return column.index(z)
    what: Any
    if z.data.shape != root.data.shape or z.constant or isinstance(z.source, int):
        what = id(root)  # is like no other
    elif z in inner:
        assert z.op is not None
        what = z.op, comparable(z.params or {}), *(update_of(x, root, inner, column) for x in z.args), z.data.dtype
    else:
        what = "given", z.data.dtype
    column.append(z)
    return what


def independent(program: Program, columns: list[list[Var]], inner: set[Var]) -> bool:
    """Return whether columns have nothing in common, and nothing else is made of their steps."""
    every = {x for column in columns for x in column}
    others = (x for z in program.steps if z not in every or z not in inner for x in z.args)
    return len(every) == sum(map(len, columns)) and not any(x in every and x in inner for x in others)


def replace_columns(program: Program, columns: list[list[Var]], inner: set[Var]) -> None:
    """Replace the steps of several weights, a column each, by one for each row of them."""
    lasting = {x for _, xs in program.effects for x in xs}
    whole: dict[Var, Var] = {}  # by the first of a row
    added = []
    for row in zip(*columns, strict=True):
        first = row[0]
        data = np.empty(sum(x.data.size for x in row), first.data.dtype)  # of which only shape and type are asked
        made = first in inner
        op, args = (first.op, tuple(whole.get(x, x) for x in first.args)) if made else (END_TO_END, row)
        z = whole[first] = Var(data, op, args, first.params if made else {}, first.node if made else None)
        added.append(z)
        if made:
            start = 0
            for x in row:
                if x in lasting:
                    x.op, x.args, x.views = PART, (z,), z
                    x.params = {"start": start, "shape": x.data.shape}
                    added.append(x)
                start += x.data.size
    gone = {x for column in columns for x in column if x in inner}
    program.steps = [z for z in program.steps if z not in gone] + added
