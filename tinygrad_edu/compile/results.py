"""The nodes that a compiled function returns: numbers of the caller's own, through which no gradient passes unseen."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.node import Node
from ..core.op import Op, VariadicRule
from ..core.value import Value
from ..errors import GradientError
from ..errors.where import users_line

CUT = {"cut": "computed by a compiled function"}


def no_way_back(*_: Any) -> Any:
    """Raise GradientError: a gradient has reached the result of a compiled function."""
    raise GradientError(
        "a gradient reached the result of a compiled function, which remembers no graph: compute the loss and call "
        "backward() inside of the compiled function, as whole training steps are compiled, or call the function "
        f"itself, fast.function(…); take result.detach() where no gradient is wanted (at {users_line()})"
    )


COMPILED = Op(  # its operands are the leaves that a result was computed from
    "compiled", "compiled({})", lambda *x: x[0], VariadicRule(no_way_back), scalar=lambda *x: x[0], internal=True
)


class Result:
    """The place of a result: a node is made of it.

    passes: whether the function itself would pass gradients back from it.
    """

    __slots__ = ("kind", "passes")

    def __init__(self, node: Node) -> None:
        self.kind, self.passes = type(node), node._requires_grad

    def node(self, data: Any, leaves: tuple[Node, ...]) -> Node:
        """Return a result of a program as a node; `leaves` are those that it was computed from."""
        z: Node = object.__new__(self.kind)
        z._raw = data if self.kind is Value or type(data) is np.ndarray else np.asarray(data)
        if self.passes:
            z.remember(COMPILED, leaves, {}, True)
        else:
            z.remember(None, (), CUT, False)
        return z
