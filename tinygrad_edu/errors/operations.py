"""Errors of operations that could not be computed, with the cause and a fix.

Called only after a forward function has failed, so success costs nothing and operations stay free of checks. Each
diagnosis looks at shapes and parameters alone and returns the error to raise, or None if it is not the cause. If no
diagnosis applies, NumPy's own message is kept, with the operation and the user's line in a note.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.exceptions import AxisError

from ..core.context import tracing
from ..core.node import Node
from ..core.types import Shape
from . import DTypeError, GradientError, ShapeError
from .failed_call import FailedCall, described, operand_names, shape_of
from .where import users_line

if TYPE_CHECKING:
    from ..core.op import Op

Diagnosis = Callable[[FailedCall, Exception], Exception | None]  # is shown what was tried, and what NumPy raised


def operation_error(op: Op, error: Exception, operands: tuple[Any, ...], params: dict[str, Any]) -> Exception:
    """Return the error to raise where the forward function of `op` raised `error`."""
    attempt = FailedCall(op, operands, params, operand_names(operands), [shape_of(x) for x in operands])
    for diagnose in (*FAMILIES.get(op.name, ()), kinds, axes, emptiness, index, broadcasting):
        if found := diagnose(attempt, error):
            return found
    error.add_note(f"in {attempt}, at {users_line()}")
    return error


def stranger(op: Op, x: Any, y: Any) -> Any:
    """Return NotImplemented for an operand that is no number. Raises DTypeError for two kinds of node.

    Not in a program that is traced: there one may stand for a number, and the other kind of node computes with it.
    """
    if isinstance(x, Node) and isinstance(y, Node) and op.rules and tracing() is None:
        raise DTypeError(
            f"`{op.name}` of {with_kind(x)} and {with_kind(y)}: only nodes of one kind compute with each other; "
            f"make both tensors, as in Tensor(v.data), or both Values (at {users_line()})"
        )
    return NotImplemented


def with_kind(node: Node) -> str:
    """Name a node and its kind: `w`, a Tensor."""
    kind = type(node).__name__
    return node.title if node.title.endswith(kind) else f"{node.title}, a {kind}"


def name_taken(name: str) -> str:
    """Say that an operation of this package has a name."""
    return f"op: {name!r} is already a row of the table; choose another name"


def name_unprintable(name: str, text: str) -> str:
    """Say that a name or a text has characters that cannot be printed."""
    return f"op: the name {name!r} and the text {text!r} must be of characters that can be printed, on one line"


def operands_and_rules(name: str, text: str, operands: int, rules: int) -> str:
    """Say that an operation needs one rule for each operand."""
    return (
        f"op: {name!r} has {quantity(operands, 'operand')} in its text {text!r} and {quantity(rules, 'rule')}: give "
        "one rule for each operand, None where there is no derivative"
    )


def operand_count(name: str, takes: int, given: int) -> str:
    """Say how many operands an operation takes."""
    return f"`{name}` takes {quantity(takes, 'operand')}, not {given}"


def quantity(n: int, noun: str) -> str:
    """Return a number with its noun: 1 rule, 2 rules."""
    return f"{n} {noun}{'s' * (n != 1)}"


def edge_value(text: str, operands: tuple[float, ...], z: float) -> str:
    """Warn of the value of an operation at a pole, outside its domain, or past overflow."""
    shown = text.format(*(f"({x:g})" if x < 0 else f"{x:g}" for x in operands)).replace(" ** ", "**")
    return f"{shown} is {'not real' if math.isnan(z) else z}"


def bad_rule(z: Node, i: int, gave: str) -> GradientError:
    """Return the error for a rule of `z` that gave what is not the gradient of its i-th operand."""
    assert z.op is not None  # only a row has rules
    return GradientError(
        f"rule {i} of `{z.op.name}` gave {gave} for an operand of shape {shape_of(z.inputs[i])}: a rule returns one "
        "gradient, in its operand's shape, or None where there is no derivative; the result was made at "
        f"{z.where}"
    )


def kinds(attempt: FailedCall, error: Exception) -> Exception | None:
    """An operand that holds no numbers, or complex ones where there is only a function of real ones."""
    if not isinstance(error, TypeError):
        return None
    for name, x in zip(attempt.names, attempt.operands, strict=True):
        if not isinstance(x, (Node, np.ndarray, np.generic, list, tuple, int, float, complex)):
            reason = f"{name} is of type {type(x).__name__}, not a number; convert it, as in float({name})"
            return DTypeError(attempt.cannot(reason))
    if any(
        said in str(error) for said in ("not supported for the input types", "Cannot cast ufunc", "real numbers only")
    ):
        for name, x in zip(attempt.names, attempt.operands, strict=True):
            if isinstance(x, complex) or getattr(getattr(x, "dtype", None), "kind", "") == "c":
                reason = f"{name} is complex, and {attempt.op.name} is defined here for real numbers only"
                return DTypeError(attempt.cannot(f"{reason}; use real parts and imaginary parts, as in {name}.real"))
    return None


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
                    f"which must be equal or one of them 1; {mended(x, q, y, p)}"
                )
    return None


def mismatched_axes(p: Shape, q: Shape) -> list[int]:
    """Return the axes, counted from the end, where the lengths of two shapes are neither equal nor 1."""
    return [-k for k in range(1, min(len(p), len(q)) + 1) if p[-k] != q[-k] and 1 not in (p[-k], q[-k])]


def mended(x: str, p: Shape, y: str, q: Shape) -> str:
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
        fix = mended(x, p, y, q)
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


def layer(attempt: FailedCall, _: Exception) -> Exception | None:
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
    return attempt.misfit(
        f"axes {order} is not a permutation of {whole}, the axes of a {len(shape)}-d array: "
        f"name each once, as in {attempt.names[0]}.transpose({whole[::-1]})"
    )


def joining(attempt: FailedCall, error: Exception) -> Exception | None:
    """Arrays that cannot be joined: none at all, or one of another shape."""
    shapes, axis = attempt.shapes, attempt.params.get("axis", 0)
    if not shapes:
        return ShapeError(f"`{attempt.op.name}` needs at least one array, and the list is empty (at {users_line()})")
    if isinstance(error, AxisError) and shapes[0]:
        return axes(attempt, error)
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


def stretching(attempt: FailedCall, error: Exception) -> Exception | None:
    """A shape that an array cannot be repeated up to."""
    old, new = attempt.shapes[0], attempt.params.get("shape")
    if not isinstance(new, tuple) or not isinstance(error, ValueError):
        return None
    return attempt.misfit(
        f"{old} cannot be broadcast to {new}: counted from the end, each axis must have the new length or length 1"
    )


def placing(attempt: FailedCall, error: Exception) -> Exception | None:
    """Numbers that do not fit into the places they are to be put in: NumPy's words."""
    return attempt.misfit(str(error)) if isinstance(error, ValueError) else None


def summing(attempt: FailedCall, _: Exception) -> Exception | None:
    """A letter of an einsum that stands for two lengths."""
    lengths: dict[str, tuple[int, int]] = {}
    for i, (shape, term) in enumerate(zip(attempt.shapes, attempt.params.get("terms", ()), strict=False)):
        for letter, n in zip(term, shape, strict=False):
            m, j = lengths.setdefault(letter, (n, i))
            if n != m and 1 not in (n, m):
                reason = f"the letter {letter!r} stands for {m} in operand {j} and for {n} in operand {i}"
                return attempt.misfit(reason)
    return None


def turning(attempt: FailedCall, _: Exception) -> Exception | None:
    """A matrix to transpose that is none."""
    x = attempt.names[0]
    return attempt.misfit(f"it swaps the last two axes, and {x} is {len(attempt.shapes[0])}-d; try {x}[:, None]")


def powers(attempt: FailedCall, error: Exception) -> Exception | None:
    """An integer to a negative power, which is no integer."""
    if isinstance(error, ValueError) and "negative integer powers" in str(error):
        x, y = attempt.names
        return type(error)(attempt.cannot(f"integers to negative powers are fractions; try {x} * 1.0 ** {y}"))
    return None


def axes(attempt: FailedCall, error: Exception) -> Exception | None:
    """An axis that does not exist, or is named twice."""
    if not attempt.shapes or not isinstance(error, (IndexError, ValueError)):  # AxisError is both
        return None
    shape, axis = attempt.shapes[0], attempt.params.get("axis", attempt.params.get("axes"))
    ndim = len(shape)
    given = axis if isinstance(axis, tuple) else (axis,)
    if not all(isinstance(a, (int, np.integer)) for a in given):
        return None
    for a in given:
        if not -ndim <= a < ndim:
            allowed = f"axes run from {-ndim} to {ndim - 1}" if ndim else "there is no axis, it is one number"
            return AxisError(a, ndim, f"cannot compute {attempt} (at {users_line()}), where {allowed}")
    counted = [a % ndim for a in given]
    for i, a in enumerate(counted):
        if a in counted[:i]:
            pair = f"{given[counted.index(a)]} and {given[i]}"
            reason = f"duplicate axis: {pair} in axis={axis} are both axis {a} of a {ndim}-d array; name it once"
            return attempt.misfit(reason)
    return None


def emptiness(attempt: FailedCall, error: Exception) -> Exception | None:
    """A largest or smallest element that was asked of none."""
    if not isinstance(error, ValueError) or not re.search("zero-size|empty sequence", str(error)):
        return None
    name, x = attempt.op.name, attempt.names[0]
    return attempt.misfit(
        f"zero-size array to reduction operation {name} which has no identity; test {x}.size before asking"
    )


def index(attempt: FailedCall, error: Exception) -> Exception | None:
    """An index that picks what is not there: NumPy's words, and what would be allowed."""
    if not isinstance(error, IndexError):
        return None
    found = re.match(r"index -?\d+ is out of bounds for axis \d+ with size (\d+)", str(error))
    size = int(found[1]) if found else None
    allowed = "" if size is None else f"; allowed are {-size} to {size - 1}" if size else "; the axis is empty"
    return type(error)(attempt.cannot(f"{error}{allowed}"))


FAMILIES: dict[str, tuple[Diagnosis, ...]] = {
    "matmul": (matrix_product,),
    "linear": (layer,),
    "reshape": (new_shape,),
    "transpose": (permutation,),
    "concatenate": (joining,),
    "broadcast_to": (stretching,),
    "setitem": (index, placing),
    "einsum": (summing,),
    "mT": (turning,),
    "power": (powers,),
}
