"""A failed call of an operation in words: the operation, and its operands by the names in the user's line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..core.node import Node, data_of
from ..core.types import Shape
from . import ShapeError
from .printable import printable
from .where import users_frame, users_line

if TYPE_CHECKING:
    from ..core.op import Op

MAX_NAMED = 6  # operands that are named one by one


class FailedCall(NamedTuple):
    """An operation, its operands, and the names that the user's own line has for them."""

    op: Op
    operands: tuple[Any, ...]
    params: dict[str, Any]
    names: list[str]
    shapes: list[Shape]

    def __str__(self) -> str:
        return describe_call(self.op, self.operands, self.names)

    def cannot(self, reason: str) -> str:
        """Return the whole message: what was tried, why it fails and how to mend it, and where."""
        return f"cannot compute {self}: {reason.strip()} (at {users_line()})"

    def misfit(self, reason: str) -> ShapeError:
        """Return the error for shapes that do not fit, with the whole message."""
        return ShapeError(self.cannot(reason))


class FailedNode(NamedTuple):
    """The graph that an operation which failed would have ended: an error has it as `.graph`, for `draw` to show."""

    op: Op
    operands: tuple[Any, ...]


def describe_call(op: Op, operands: tuple[Any, ...], names: list[str] | None = None) -> str:
    """Name an operation and what it was given: `matmul` of x (2, 3) and w (2, 3)."""
    shown = list(map(described, operands, names or [""] * len(operands)))
    if len(shown) > MAX_NAMED:
        shown[MAX_NAMED - 1 :] = [f"{len(shown) - MAX_NAMED + 1} more"]
    return f"`{op.name}` of " + " and ".join(shown)


def described(x: Any, name: str = "") -> str:
    """Describe an operand in a few words: its name, its label, and its shape or its value."""
    label = f"{printable(x.label):.80}" if isinstance(x, Node) else ""
    value = data_of(x)
    shown = f"{shape_of(x)}" if isinstance(value, (np.ndarray, list, tuple)) else f"{value!r:.40}"
    called = f"{name} (`{label}`)" if name and label and name != label else name or label
    return f"{called} {shown}" if called and called != shown else shown


def operand_names(operands: tuple[Any, ...]) -> list[str]:
    """Return a name for each operand: the user's variable, or its label, or a letter; numbers name themselves."""
    frame = users_frame()
    scopes = [*list(frame.f_globals.items()), *list(frame.f_locals.items())]
    variables = {id(x): name for name, x in scopes if not name.startswith("_")}  # a notebook calls its results _
    return [
        f"{x!r:.40}"
        if isinstance(x, (int, float))
        else variables.get(id(x))
        or (x.label if isinstance(x, Node) and x.label.isidentifier() else "abcdefgh"[i : i + 1] or f"operand_{i}")
        for i, x in enumerate(operands)
    ]


def shape_of(x: Any) -> Shape:
    """Return the shape of a node, an array, a number or nested lists; of anything else that of one number."""
    try:
        return np.shape(data_of(x))
    except (ValueError, TypeError):  # ragged lists, or lists of nodes
        return ()
