"""Sentences on data that cannot become, or be put into, a node. Knows no nodes: functions take names and shapes."""

from __future__ import annotations

from typing import Any

from .where import users_line

CONVERSIONS = {  # dtype kind -> how to make real numbers of such data
    "c": "use its .real and its .imag, a tensor each",
    "U": "convert text with float(...)",
    "S": "convert text with float(...)",
    "M": "count days or seconds from one of the dates, as in (dates - dates[0]) / np.timedelta64(1, 'D')",
    "m": "divide by a unit, as in durations / np.timedelta64(1, 's')",
    "V": "take one field of the records, as in data['x']",
    "O": "give nothing but numbers, as in [1.0, 2.0]; of Values their numbers, as in [v.data for v in values]",
}


def not_one_number(x: Any) -> str:
    """Say that a Value holds one real number."""
    return (
        f"a Value holds one real number, not {x!r:.60} of type {type(x).__name__}: give a float, or use Tensor for "
        f"arrays (at {users_line()})"
    )


def made_by_hand(operands: Any) -> str:
    """Say that a Value is not handed what it was made from."""
    return (
        f"the second argument of Value is its label, not {operands!r:.60}: a computed Value knows its operands by "
        f"itself; for an operation of your own make a row, as in "
        f"square = tg.op('square', '{{}}**2', lambda x: x * x, lambda g, z, x: 2 * x * g, scalar=lambda x: x * x) "
        f"(at {users_line()})"
    )


def arrays_only(op: str) -> str:
    """Say that an operation has no scalar form."""
    return f"`{op}` works on arrays, and a Value is one float: use Tensor"


def mask_lost(what: str) -> str:
    """Say that a mask would be lost."""
    return (
        f"a masked array cannot become {what}, which would lose the mask: use .filled(value) first (at {users_line()})"
    )


def unreadable(data: Any, what: str, error: Exception) -> str:
    """Say that NumPy cannot make an array of data."""
    return f"{data!r:.60} cannot become {what}: {error} (at {users_line()})"


def ragged(what: str, place: str) -> str:
    """Say which row has another length."""
    return f"ragged data cannot become {what}: {place}; give every row the same length (at {users_line()})"


def not_real(dtype: Any, what: str, element: str) -> str:
    """Say that data of a dtype is no real numbers, and how to make some of it."""
    return (
        f"data of dtype {dtype} cannot become {what}{element}: it must be booleans, integers or "
        f"floating-point numbers; {CONVERSIONS.get(dtype.kind, CONVERSIONS['O'])} (at {users_line()})"
    )


def no_numbers(op: str, data: Any) -> str:
    """Say that a forward function returned no numbers."""
    return (
        f"`{op}` has to compute numbers, and gave {data!r:.60} of type {type(data).__name__}: see to its "
        f"forward function (at {users_line()})"
    )


def label_as_flag(given: str) -> str:
    """Say that a text was given as requires_grad."""
    return f"requires_grad is True, False or None: write label={given!r:.60} to name a tensor"


def one_number_needed(asked: str, title: str, shape: tuple[int, ...]) -> str:
    """Say that a tensor of several numbers is not one."""
    return f"{asked} needs one number, and {title} has shape {shape} (at {users_line()})"


def ambiguous_truth(shape: tuple[int, ...]) -> str:
    """Say that a tensor of several numbers is neither true nor false."""
    return f"the truth of a tensor of shape {shape} is ambiguous: use .any() or .all() (at {users_line()})"


def zero_d(what: str) -> str:
    """Say that a 0-d tensor has no axis: `what` was asked of it."""
    return f"{what}: it is one number (at {users_line()})"


def not_writable() -> str:
    """Say that the arrays users see of a node cannot be written into."""
    return (
        "assignment destination is read-only: data and gradients of nodes are; write t.data = new, or change a copy, "
        f"t.data.copy() (at {users_line()})"
    )
