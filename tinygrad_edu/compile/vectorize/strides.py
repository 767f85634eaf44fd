"""Loops, found again in lists of places, and elements taken from those places without copying where that can be.

A person's loops over points, neurons and inputs leave a pattern in where operands come from: w[0], w[1], w[0], w[1] …
Where the places rise by the same step in each turn of every loop, the elements are a view of the array: reshaped,
sliced, transposed, repeated. Anything else is picked by an array of indices. Knows nothing of scalars or of programs.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np

from ...core.tensor import Tensor
from ...ops.indexing import HERE, getitem
from ...ops.shapes import broadcast_to, reshape, transpose

Places = np.ndarray[Any, np.dtype[np.intp]]


def loops(places: Places) -> list[int] | None:
    """Return the lengths of nested loops, outermost first, that explain all rows of `places`; None if none do.

    In each turn of each loop a row rises by a step of its own, which may be 0.
    """
    lengths: list[int] = []
    while (n := places.shape[1]) > 1:
        steps = np.diff(places)
        breaks = np.flatnonzero((steps != steps[:, :1]).any(0))
        n = int(np.gcd.reduce(breaks + 1, initial=n))
        if n == 1:
            return None
        lengths.insert(0, n)
        places = places[:, ::n]
    return lengths


def common_loops(rows: list[Places], n: int) -> tuple[int, ...]:
    """Return the lengths of loops that explain as many of `rows`, each of `n` places, as possible."""
    if rows and (found := loops(np.stack(rows))) is not None:
        return tuple(found)
    regular = [row for row in rows if loops(row[None]) is not None]
    if 0 < len(regular) < len(rows) and (found := loops(np.stack(regular))) is not None:
        return tuple(found)
    return (n,) if n > 1 else ()


def taken(x: Tensor, places: Places, known: dict[Any, Tensor]) -> Tensor:
    """Return the elements of the flattened `x` at `places`, in that shape; of length 1 where nothing changes.

    known: views that were taken before, by what they show.
    """
    for axis, n in enumerate(places.shape):
        first = places.take([0], axis)
        if n > 1 and (places == first).all():
            places = first
    steps = tuple(
        int(np.take(places, 1, axis).flat[0] - places.flat[0]) if n > 1 else 0 for axis, n in enumerate(places.shape)
    )
    start = int(places.flat[0])
    regular = np.full((1,) * places.ndim, start)
    for axis, (n, step) in enumerate(zip(places.shape, steps, strict=True)):
        regular = regular + step * np.arange(n).reshape([-1 if a == axis else 1 for a in range(places.ndim)])
    if not np.array_equal(regular, places):
        return picked(x, places)
    key = (x, start, places.shape, steps)
    if key not in known:
        z = view(x, start, places.shape, steps)
        known[key] = picked(x, places) if z is None else z
    return known[key]


def picked(x: Tensor, places: Places) -> Tensor:
    """Return a copy of the elements at `places`."""
    flat = getitem(shaped(x, (x.size,)), places.ravel(), key=(HERE,))  # NumPy scatters by one axis of indices quickly
    return shaped(flat, places.shape)  # type: ignore[no-any-return]  # of a tensor it is one


def view(x: Tensor, start: int, shape: tuple[int, ...], steps: tuple[int, ...]) -> Tensor | None:
    """Return the elements of the flattened `x` that such loops visit, as a view; None where no slices give it."""
    axes = sorted((a for a, n in enumerate(shape) if n > 1), key=lambda a: -steps[a])
    if any(steps[a] < 1 for a in axes):
        return None
    places = [steps[a] for a in axes]  # how far apart: x is written as a number is, in digits of these places
    ratios = [a // b for a, b in pairwise(places)]
    radix = [x.size // places[0], *ratios, places[-1]] if places else [x.size]
    if any(a % b for a, b in pairwise(places)):
        return None
    rest, digits = start, []
    for place in places:
        digits.append(rest // place)
        rest %= place
    digits.append(rest)
    lengths = [*(shape[a] for a in axes), 1]
    if any(digit + n > m for digit, n, m in zip(digits, lengths, radix, strict=True)):
        return None
    whole = math.prod(radix)
    z = x if whole == x.size else getitem(shaped(x, (x.size,)), key=(slice(0, whole),))
    if radix[-1] == 1:
        digits, lengths, radix = digits[:-1], lengths[:-1], radix[:-1]
    z = shaped(z, tuple(radix))
    if lengths != radix:
        z = getitem(z, key=tuple(slice(digit, digit + n) for digit, n in zip(digits, lengths, strict=True)))
    order = tuple(int(a) for a in np.argsort(axes))
    if order != tuple(range(len(order))):
        z = transpose(shaped(z, tuple(lengths[: len(axes)])), axes=order)
    return shaped(z, shape)  # type: ignore[no-any-return]  # of a tensor it is one


def shaped(x: Any, shape: tuple[int, ...]) -> Any:
    """Return `x` in another shape, or itself where it has that already."""
    while x.op is reshape and x.shape != shape:
        x = x.inputs[0]
    return x if x.shape == shape else reshape(x, shape=shape)


def broadcast_once(x: Any, shape: tuple[int, ...]) -> Any:
    """Return `x` repeated up to a shape, or itself where it has that already."""
    return x if x.shape == shape else broadcast_to(x, shape=shape)


def permuted_axes(x: Any, axes: tuple[int, ...]) -> Any:
    """Return `x` with its axes in another order; those of length 1 may stand anywhere."""
    moved = [axis for axis in axes if x.shape[axis] > 1]
    return shaped(x, tuple(x.shape[axis] for axis in axes)) if moved == sorted(moved) else transpose(x, axes=axes)


def summed_products(x: Any, y: Any, outer: int) -> Any:
    """Return the sum of `x * y` over all axes from number `outer` on, as a matrix product where it is one.

    Both have the same number of axes, those before `outer` of length 1 where nothing changes along them. An axis along
    which only `x` changes numbers rows of the product, one along which only `y` changes its columns, and one along
    which both change the members of a stack.
    """
    pairs = list(zip(x.shape[:outer], y.shape[:outer], strict=True))
    inner = tuple(range(outer, x.ndim))
    stack = tuple(a for a, (n, m) in enumerate(pairs) if n > 1 and m > 1)
    rows = tuple(a for a, (n, m) in enumerate(pairs) if n > 1 and m == 1)
    columns = tuple(a for a, (n, m) in enumerate(pairs) if n == 1 and m > 1)
    if stack and not rows and not columns:
        return (x * y).sum(axis=inner)
    if columns and (not rows or columns[0] < rows[0]):
        x, y, rows, columns = y, x, columns, rows
    idle = tuple(a for a, (n, m) in enumerate(pairs) if n == m == 1)
    depth = math.prod(x.shape[outer:])

    def matrix(z: Any, own: tuple[int, ...], others: tuple[int, ...]) -> Any:
        z = permuted_axes(z, (*idle, *others, *stack, *own, *inner))
        sizes = [
            *(z.shape[len(idle) + len(others) :][: len(stack)]),
            *([math.prod(z.shape[outer - len(own) : outer])] if own else []),
        ]
        return shaped(z, (*sizes, depth))

    a, b = matrix(x, rows, columns), matrix(y, columns, rows)
    lengths = {axis: max(pairs[axis]) for axis in range(outer)}
    if stack and not columns:
        z = a @ b[..., None]
    else:
        z = a @ (b.mT if columns else b)
    made = (*idle, *stack, *rows, *columns)
    z = shaped(z, tuple(lengths[axis] for axis in made))
    return permuted_axes(z, tuple(int(axis) for axis in np.argsort(made)))
