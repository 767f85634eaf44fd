"""Errors of operations that could not be computed, with the cause and a fix.

Called only after a forward function has failed, so success costs nothing and operations stay free of checks. Each
diagnosis looks at shapes and parameters alone and returns the error to raise, or None if it is not the cause. If no
diagnosis applies, NumPy's own message is kept, with the operation and the user's line in a note.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.exceptions import AxisError

from ..core.context import tracing
from ..core.node import Node
from . import DTypeError, GradientError, shapes
from .failed_call import FailedCall, operand_names, shape_of
from .where import users_line

if TYPE_CHECKING:
    from ..core.op import Op

ARRAY_LIBRARIES = {"torch", "jaxlib", "tensorflow", "cupy", "pandas", "polars", "mlx"}
Diagnosis = Callable[[FailedCall, Exception], Exception | None]  # given the call and NumPy's error


def operation_error(op: Op, error: Exception, operands: tuple[Any, ...], params: dict[str, Any]) -> Exception:
    """Return the error to raise where the forward function of `op` raised `error`."""
    attempt = FailedCall(op, operands, params, operand_names(operands), [shape_of(x) for x in operands])
    for diagnose in (*BY_ROW.get(op.name, ()), *OF_ANY_ROW):
        if found := diagnose(attempt, error):
            return found
    error.add_note(f"in {attempt}, at {users_line()}")
    return error


def unsupported_operand(op: Op, x: Any, y: Any) -> Any:
    """Return NotImplemented for an operand that is no number. Raises DTypeError for two kinds of node.

    And for an array of a library whose own refusal would name two classes called Tensor.
    Not in a program that is traced: there one may stand for a number, and the other kind of node computes with it.
    """
    if isinstance(x, Node) and isinstance(y, Node) and op.rules and tracing() is None:
        raise DTypeError(
            f"`{op.name}` of {with_kind(x)} and {with_kind(y)}: only nodes of one kind compute with each other; "
            f"make both tensors, as in Tensor(v.data), or both Values (at {users_line()})"
        )
    node, other = (x, y) if isinstance(x, Node) else (y, x)
    if type(other).__module__.partition(".")[0] in ARRAY_LIBRARIES:
        raise DTypeError(
            f"`{op.name}` of {with_kind(node)} and a {type(other).__module__}.{type(other).__name__}: nodes compute "
            f"with NumPy's arrays and Python's numbers; write np.asarray(…) of it (at {users_line()})"
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


def operand_types(attempt: FailedCall, error: Exception) -> Exception | None:
    """An operand that is not made of numbers, or a complex one where the function takes real numbers only."""
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


def powers(attempt: FailedCall, error: Exception) -> Exception | None:
    """An integer to a negative power: a fraction."""
    if isinstance(error, ValueError) and "negative integer powers" in str(error):
        x, y = attempt.names
        return type(error)(attempt.cannot(f"integers to negative powers are fractions; try ({x} * 1.0) ** {y}"))
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
    """The largest or smallest of no elements."""
    if not isinstance(error, ValueError) or not re.search("zero-size|empty sequence", str(error)):
        return None
    name, x = attempt.op.name, attempt.names[0]
    return attempt.misfit(
        f"zero-size array to reduction operation {name} which has no identity; test {x}.size before asking"
    )


def index(attempt: FailedCall, error: Exception) -> Exception | None:
    """An index out of range: NumPy's words, and the allowed range."""
    if not isinstance(error, IndexError):
        return None
    found = re.match(r"index -?\d+ is out of bounds for axis \d+ with size (\d+)", str(error))
    size = int(found[1]) if found else None
    allowed = "" if size is None else f"; allowed are {-size} to {size - 1}" if size else "; the axis is empty"
    return type(error)(attempt.cannot(f"{error}{allowed}"))


OF_ANY_ROW: tuple[Diagnosis, ...] = (operand_types, axes, emptiness, index, shapes.broadcasting)  # asked in this order
BY_ROW: dict[str, tuple[Diagnosis, ...]] = {  # asked before those of any row
    "matmul": (shapes.matrix_product,),
    "linear": (shapes.linear_layer,),
    "reshape": (shapes.new_shape,),
    "transpose": (shapes.permutation,),
    "concatenate": (shapes.concatenation,),
    "broadcast_to": (shapes.broadcast_to,),
    "setitem": (index, shapes.setting_items),
    "einsum": (shapes.einsum_letters,),
    "mT": (shapes.transposed_matrix,),
    "power": (powers,),
}
