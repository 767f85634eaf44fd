"""A derivative rule as a graph of its own: the rule is run on named leaves.

A formula writer reads the result, so that derivatives are written in the notation of the row's own rule.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.context import ModeContext
from ..core.node import Node

# Letters, of the Yi script, for operands whose names come later
LETTERS_FOR_NAMES = "".join(map(chr, range(0xA000, 0xA100)))
RECORDING = ModeContext(recording=True, forward_hook=None, backward_hook=None, tracer=None)  # in any mode


def named_leaf(like: Node, data: Any, name: str) -> Node:
    """Return a constant leaf of the kind of `like`."""
    leaf: Node = like.leaf(data)
    leaf.label = name
    return leaf


def recorded_rule(z: Node, i: int, g: Any, result: Any, operands: Sequence[Any]) -> Any:
    """Return the result of the rule of operand `i` of `z` for these leaves: a node, or a constant.

    Raises whatever the rule raises: a rule may be a user's own code.
    """
    assert z.op is not None
    with RECORDING, np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return z.op.rules[i](g, result, *operands, **z.params)
