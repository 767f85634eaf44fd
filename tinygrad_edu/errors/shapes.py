"""Diagnoses of shapes that do not fit: the axes at fault, and a change after which they fit.

Each looks at the shapes and parameters of a call that failed, and returns the error to raise, or None if it is not the
cause. `operations` says which are asked for which row.
"""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
from numpy.exceptions import AxisError

from ..core.types import Shape
from . import ShapeError
from .failed_call import FailedCall, described
from .where import users_line


def broadcasting(attempt: FailedCall, error: Exception) -> Exception | None:
    """Two shapes that cannot be stretched to one: name the axes, and how they might fit."""
    if "broadcast" not in str(error) or not (attempt.op.elementwise or attempt.op.name == "matmul"):
        return None
    for i, p in enumerate(attempt.shapes):
        for j, q in enumerate(attempt.shapes[:i]):
            faults = mismatched_axes(q, p)
            if faults:
                k, (x, y) = faults[0], (attempt.names[j], attempt.names[i])
                return attempt.misfit(
                    f"axis {len(q) + k} of {x} has length {q[k]} and axis {len(p) + k} of {y} has length {p[k]}, "
                    f"which must be equal or one of them 1; {suggested_change(x, q, y, p)}"
                )
    return None


def mismatched_axes(p: Shape, q: Shape) -> list[int]:
    """Return the axes, counted from the end, where the lengths of two shapes are neither equal nor 1."""
    return [-k for k in range(1, min(len(p), len(q)) + 1) if p[-k] != q[-k] and 1 not in (p[-k], q[-k])]


def suggested_change(x: str, p: Shape, y: str, q: Shape) -> str:
    """Suggest a change of one of two operands after which their shapes fit."""
    for name, mine, other in ((x, p, q), (y, q, p)):
        if len(mine) == len(other) == 2 and not mismatched_axes(mine[::-1], other):
            return f"try {name}.T"
        if len(mine) < len(other) and not mismatched_axes((*mine, 1), other):
            return f"try {name}[{':' if len(mine) == 1 else '...'}, None], which adds an axis of length 1"
    faults = mismatched_axes(p, q)
    if len(faults) > 1:
        return f"print({x}.shape, {y}.shape) where they are made, to see which is not as meant"
    k = faults[0]
    longer, ndim = (x, len(p)) if p[k] > q[k] else (y, len(q))
    return f"if the rest of {longer} is not meant, try {longer}[{':, ' * (ndim + k)}:{min(p[k], q[k])}]"


def matrix_product(attempt: FailedCall, error: Exception) -> Exception | None:
    """Two operands whose inner sizes differ, or one that is a single number."""
    (x, y), (p, q) = attempt.names, attempt.shapes
    for side, shape in (("left", p), ("right", q)):
        if not shape:
            return attempt.misfit(f"matmul needs ≥1-d; {side} is 0-d; use *, as in {x} * {y}")
    inner = -1 if len(q) == 1 else -2
    if p[-1] == q[inner]:
        return broadcasting(attempt._replace(shapes=[p[:-2], q[:-2]]), error)
    turned = "mT" if len(p) > 2 or len(q) > 2 else "T"
    if len(p) == len(q) == 1:
        fix = suggested_change(x, p, y, q)
    elif len(q) > 1 and q[-1] == p[-1]:
        fix = f"try {x} @ {y}.{turned}"
    elif len(p) > 1 and p[-2] == q[inner]:
        fix = f"try {x}.{turned} @ {y}"
    elif len(p) > 1 and q[-1] == p[-2]:
        fix = f"try {y} @ {x}"
    else:
        fix = f"{y} must have {p[-1]} rows, or {x} must have {q[inner]} columns"
    return attempt.misfit(
        f"inner sizes {p[-1]} ≠ {q[inner]}: axis {len(p) - 1} of {x} and axis {len(q) + inner} of {y} "
        f"must be equally long; {fix}"
    )


def layer_misfit(x: Shape, w: Shape) -> ShapeError:
    """Return the error for an input that does not fit the weights of a layer."""
    where = f"(at {users_line()})"
    if len(w) < 2:
        return ShapeError(f"linear: weights hold a row for each neuron, (n_out, n_in), and these are {w} {where}")
    fix = f"change the layer to in_features={x[-1] if x else 1}, or the input"
    if len(x) > 2 and math.prod(x[1:]) == w[-1]:
        fix = f"put Flatten() in front of the layer, or reshape the input to ({x[0]}, {w[-1]})"
    return ShapeError(
        f"linear: expected last axis {w[-1]}, got {x}: a row of the input holds one example's numbers, {w[-1]} here; "
        f"{fix} {where}"
    )


def linear_layer(attempt: FailedCall, _: Exception) -> Exception | None:
    """An input of a layer that holds too many or too few numbers an example, or weights and biases that do not fit."""
    x, w, b = attempt.shapes
    if len(w) < 2 or x[-1:] != w[-1:]:
        return layer_misfit(x, w)
    if len(b) > 1 or b[-1:] != w[-2:-1]:
        return ShapeError(
            f"linear: the bias must hold one number for each of the {w[-2]} neurons that weights {w} make, "
            f"({w[-2]},), and is {b} (at {users_line()})"
        )
    return None


def new_shape(attempt: FailedCall, error: Exception) -> Exception | None:
    """A shape that does not hold as many elements as there are."""
    if not isinstance(error, ValueError):
        return None
    x, old, new = attempt.names[0], attempt.shapes[0], attempt.params.get("shape")
    if isinstance(new, int):
        new = (new,)
    if not isinstance(new, tuple) or not all(isinstance(n, (int, np.integer)) for n in new):
        return None
    tried = f"cannot reshape {described(attempt.operands[0], x)} to {new}: "
    size, known, where = math.prod(old), math.prod(n for n in new if n != -1), f"(at {users_line()})"
    if new.count(-1) > 1:
        return ShapeError(f"{tried}only one -1 can be worked out; try {x}.reshape(-1) or write the lengths {where}")
    if -1 in new and known == 0:
        return ShapeError(f"{tried}ambiguous: {size} elements fit whatever -1 stands for; write its length {where}")
    if any(n < -1 for n in new):
        return ShapeError(f"{tried}a length cannot be negative, save one -1 that is worked out {where}")
    if -1 in new:
        return ShapeError(f"{tried}{size} elements are no multiple of {known}; try {x}.reshape(-1) {where}")
    open_axis = next((i for i, n in enumerate(new) if (rest := known // n if n else 0) and size % rest == 0), None)
    fitting = "-1" if open_axis is None else ", ".join("-1" if i == open_axis else str(n) for i, n in enumerate(new))
    return ShapeError(f"{tried}{old} has {size} elements and {new} has {known}; try {x}.reshape({fitting}) {where}")


def permutation(attempt: FailedCall, error: Exception) -> Exception | None:
    """An order of axes that leaves one out or names one twice."""
    order, shape = attempt.params.get("axes"), attempt.shapes[0]
    if not isinstance(order, tuple) or not isinstance(error, ValueError) or isinstance(error, AxisError):
        return None
    whole = tuple(range(len(shape)))
    swapped = f"; to swap two, .swapaxes{order}" if len(order) == 2 else ""
    return attempt.misfit(
        f"axes {order} is not a permutation of {whole}, the axes of a {len(shape)}-d array: "
        f"name each once, as in {attempt.names[0]}.transpose({whole[::-1]}){swapped}"
    )


def concatenation(attempt: FailedCall, error: Exception) -> Exception | None:
    """Arrays that cannot be joined: none at all, or one of another shape."""
    shapes, axis = attempt.shapes, attempt.params.get("axis", 0)
    if isinstance(error, AxisError) and shapes[0]:
        return None
    first = shapes[0]
    for i, shape in enumerate(shapes):
        if not shape:
            return attempt.misfit(f"array {i} is 0-d and has no axis {axis} to be joined along; use stack")
        if len(shape) != len(first):
            return attempt.misfit(f"array {i} is {len(shape)}-d, array 0 is {len(first)}-d")
        for a, (n, m) in enumerate(zip(shape, first, strict=True)):
            if n != m and a != axis % len(first):
                other = f"; axis={a} would fit" if misfits_only(shapes, a) else ""
                return attempt.misfit(
                    f"along axis {axis} every other axis must be equally long, "
                    f"but axis {a} is {n} in array {i} and {m} in array 0{other}"
                )
    return None


def misfits_only(shapes: list[Shape], axis: int) -> bool:
    """Return whether shapes of equally many axes agree everywhere but on `axis`."""
    return all(len(p) == len(q) and p[:axis] + p[axis + 1 :] == q[:axis] + q[axis + 1 :] for p, q in pairwise(shapes))


def broadcast_to(attempt: FailedCall, error: Exception) -> Exception | None:
    """A shape that an array cannot be broadcast to."""
    old, new = attempt.shapes[0], attempt.params.get("shape")
    if not isinstance(new, tuple) or not isinstance(error, ValueError):
        return None
    return attempt.misfit(
        f"{old} cannot be broadcast to {new}: counted from the end, each axis must have the new length or length 1"
    )


def setting_items(attempt: FailedCall, error: Exception) -> Exception | None:
    """Values that do not fit into the places that an index picks: NumPy's words."""
    return attempt.misfit(str(error)) if isinstance(error, ValueError) else None


def einsum_letters(attempt: FailedCall, _: Exception) -> Exception | None:
    """A letter of an einsum that stands for two lengths."""
    lengths: dict[str, tuple[int, int]] = {}
    for i, (shape, term) in enumerate(zip(attempt.shapes, attempt.params.get("terms", ()), strict=False)):
        for letter, n in zip(term, shape, strict=False):
            m, j = lengths.setdefault(letter, (n, i))
            if n != m and 1 not in (n, m):
                reason = f"the letter {letter!r} stands for {m} in operand {j} and for {n} in operand {i}"
                return attempt.misfit(reason)
    return None


def transposed_matrix(attempt: FailedCall, _: Exception) -> Exception | None:
    """An array of fewer than two axes, whose matrices are to be transposed."""
    x = attempt.names[0]
    return attempt.misfit(f"it swaps the last two axes, and {x} is {len(attempt.shapes[0])}-d; try {x}[:, None]")
