"""A variable of a program: what a step computes, what is read from outside, or a constant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..core.node import Node
from ..core.op import Op
from .codegen.primitives import Kernel


@dataclass(eq=False, slots=True)
class Var:
    """A value of the program: a step if it has an `op`, else a constant, a cell or an argument."""

    data: Any  # what it was while the function was traced: its shape and type, and of a constant the value itself
    op: Op | Kernel | None = None
    args: tuple[Var, ...] = ()
    params: dict[str, Any] | None = None
    node: Node | None = None  # where it comes from in the user's program
    source: Any = None  # the cell, or the number of the argument, that it is read from
    views: Var | None = None  # the operand in whose memory it lies, if it is a view of one

    @property
    def constant(self) -> bool:
        """Whether it is the same at every call."""
        return self.op is None and self.source is None

    @property
    def base(self) -> Var:
        """The variable in whose memory it lies."""
        x = self
        while x.views is not None:
            x = x.views
        return x
