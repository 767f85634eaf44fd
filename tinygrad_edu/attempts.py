"""What was tried, in words for messages: the operation, and its operands by the names that the user has for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .errors import users_frame, users_line
from .graph import Node

if TYPE_CHECKING:
    from .op import Op

Shape = tuple[int, ...]


class Attempt(NamedTuple):
    """What was tried, and the names that the user's own line has for the operands."""

    op: Op
    operands: tuple[Any, ...]
    params: dict[str, Any]
    names: list[str]
    shapes: list[Shape]

    def __str__(self) -> str:
        return said(self.op, self.operands, self.names)

    def cannot(self, reason: str) -> str:
        """Return the whole message: what was tried, why it fails and how to mend it, and where."""
        return f"cannot compute {self}: {reason.strip()} (at {users_line()})"


def said(op: Op, operands: tuple[Any, ...], names: list[str] | None = None) -> str:
    """Name an operation and what it was given: `matmul` of x (2, 3) and w (2, 3)."""
    names = names or [""] * len(operands)
    return f"`{op.name}` of " + " and ".join(map(described, operands, names))


def described(x: Any, name: str = "") -> str:
    """Say what an operand is in a few words: its name, its label, and its shape or its value."""
    label = f"{x.label:.80}" if isinstance(x, Node) else ""
    value = x._data if isinstance(x, Node) else x
    shown = f"{shape_of(x)}" if isinstance(value, (np.ndarray, list, tuple)) else f"{value!r:.40}"
    called = f"{name} (`{label}`)" if name and label and name != label else name or label
    return f"{called} {shown}" if called and called != shown else shown


def names_of(operands: tuple[Any, ...]) -> list[str]:
    """Return a name for each operand: the user's variable, or its label, or a letter; numbers name themselves."""
    frame = users_frame()
    variables = {id(x): name for scope in (frame.f_globals, frame.f_locals) for name, x in list(scope.items())}
    return [
        f"{x!r:.40}"
        if isinstance(x, (int, float))
        else variables.get(id(x))
        or (x.label if isinstance(x, Node) and x.label.isidentifier() else "abcdefgh"[i : i + 1] or f"operand_{i}")
        for i, x in enumerate(operands)
    ]


def shape_of(x: Any) -> Shape:
    """Return the shape of a node, an array, a number or nested lists."""
    return np.shape(x._data if isinstance(x, Node) else x)
