"""Sentences on changes in place that would falsify a gradient. Knows no nodes: functions take names and lines."""

from __future__ import annotations

from typing import Any

from .where import users_line


def not_a_leaf(title: str, where: str, kind: str) -> str:
    """Say that only leaves can be assigned."""
    return (
        f"{title} was computed at {where} and cannot be assigned: only leaves can; make a new one, "
        f"as in {kind}(data) (at {users_line()})"
    )


def other_shape(new: tuple[int, ...], title: str, shape: tuple[int, ...]) -> str:
    """Say that a leaf keeps its shape."""
    return (
        f"an array of shape {new} cannot become the data of {title}, of shape {shape} "
        f"(at {users_line()}): make a new one, as in Tensor(data)"
    )


def leaf_operator(title: str, label: str, symbol: str) -> str:
    """Say how to change a leaf that needs a gradient by an operator like +=."""
    return (
        f"{title} {symbol}= … would change a leaf that needs a gradient: wrap it in no_grad(), "
        f"write {label or 'w'}.data {symbol}= …, or let an optimiser do it (at {users_line()})"
    )


def needed_result(title: str, where: str, op: str, symbol: str) -> str:
    """Say that a derivative is computed from the result that an operator like += would replace."""
    return (
        f"{title}, made at {where}, is what the derivative of `{op}` is computed from: "
        f"write y = y {symbol} … instead of y {symbol}= … (at {users_line()})"
    )


def setitem_on_leaf(title: str) -> str:
    """Say how to write into a leaf that needs a gradient."""
    return (
        f"{title}[…] = … would change a leaf that needs a gradient: assign to its .data inside no_grad(), or "
        f"change a copy, as in u = +t; u[…] = … (at {users_line()})"
    )


def setitem_without_recording(title: str) -> str:
    """Say how to write into a computed tensor inside no_grad."""
    return (
        f"{title}[…] = … would change a computed tensor that needs a gradient: change a copy, as in u = +t; u[…] = … "
        f"(at {users_line()})"
    )


def setitem_into_integers(title: str, dtype: Any) -> str:
    """Say that integers cannot take numbers that carry a gradient."""
    return (
        f"{title}, of dtype {dtype}, cannot take numbers that carry a gradient: convert it with "
        f".astype(float) first (at {users_line()})"
    )


def view_of(title: str, whole: str, symbol: str) -> str:
    """Say that a write into a view would be lost to the tensor that it shows."""
    return (
        f"{title} shows a part of {whole}, and in NumPy {symbol} would change that too: write into the whole at once, "
        f"as in x[0, 1] = 5 instead of x[0][1] = 5, or into a copy, as in y = +x[0] (at {users_line()})"
    )
