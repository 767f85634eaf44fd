"""Labels of edges between tensors: the row's own rule in its notation, "g Wᵀ".

The rule is recorded on leaves that only have names, and what it recorded is read back as a formula.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...core.node import Node, data_of
from ...core.op import VariadicRule
from ...symbolic.formula import formula
from ...symbolic.rules import LETTERS_FOR_NAMES, RECORDING, named_leaf
from ...symbolic.textbook import local_rule

LONGEST = 36  # characters: what would be longer is not shown
LARGEST = 1_000_000  # numbers: rules of larger arrays take too long to be tried for a picture

Rules = dict[Any, str]  # the notation of each rule that was met, for arrays of each shape


WORDS = {  # rules that a formula would not say: row and operand -> what the operand is handed
    ("affine_conv2d", 0): "g, spread by the kernel",
    ("affine_conv2d", 1): "patches of x times g, added up",
    ("affine_conv2d", 2): "Σ g",
    ("max_pool2d", 0): "g to the largest of each patch",
}


def edge_rule(z: Node, i: int, names: Sequence[str], known: Rules) -> str:
    """Return what operand `i` of a tensor is handed, over g, the gradient of `z`, and the names of what is involved.

    names: of the operands, then of `z`; those that are empty or long give way to the letters of the row's own rule.
    known: what was found before. Empty where it is too long to stand on an edge, or the arrays are too large to try.
    """
    operands = z.inputs
    if z.op is not None and (z.op.name, i) in WORDS:
        return WORDS[z.op.name, i]
    key = (z.op, i, repr(z.params), *(rule_key(x) for x in (z, *operands)))
    if key not in known:
        known[key] = recorded(z, i)
    found = known[key]
    letters = zip(LETTERS_FOR_NAMES, names, [*own_letters(z, len(operands)), "z"], strict=False)
    found = found.translate(
        {ord(place): name if 0 < len(name) <= 8 and name not in ("g", "z") else own for place, name, own in letters}
    )
    return found if len(found) <= LONGEST else ""


def rule_key(x: Any) -> Any:
    """Return what a rule may decide by, besides numbers."""
    data = data_of(x)
    return isinstance(x, Node), np.shape(data), getattr(data, "dtype", type(data))


def recorded(z: Node, i: int) -> str:
    """Return what the rule of operand `i` records when it is handed leaves, in a line; empty where that fails."""
    if len(z.inputs) >= len(LETTERS_FOR_NAMES) or sum(np.size(data_of(x)) for x in (z, *z.inputs)) > LARGEST:
        return ""
    leaves: dict[int, Any] = {}
    for x, place in zip(z.inputs, LETTERS_FOR_NAMES, strict=False):
        if isinstance(x, Node) or np.ndim(x):
            leaves.setdefault(id(x), named_leaf(z, data_of(x), place))
    result = named_leaf(z, z._data, LETTERS_FOR_NAMES[len(z.inputs)])
    g = named_leaf(z, np.ones_like(z._data), "g")
    try:
        found = local_rule(z, i, g, result, [leaves.get(id(x), x) for x in z.inputs])
        with RECORDING:
            found = z.inputs[i].unbroadcast(found, z, i)
    except Exception:  # a rule is the user's code too, and the picture does without this label
        return ""
    text = formula(found, "brief") if isinstance(found, Node) else ""
    return "" if "array(" in text or "\n" in text else text


def own_letters(z: Node, n: int) -> list[str]:
    """Return the names that a row's rule has for its operands."""
    rules = z.op.rules  # type: ignore[union-attr]  # it was computed
    rule = None if isinstance(rules, VariadicRule) else next(filter(None, rules), None)
    found = list(inspect.signature(rule).parameters.values())[2:] if rule else []
    own = [p.name for p in found if p.kind is p.POSITIONAL_OR_KEYWORD]
    return [own[k] if k < len(own) else f"x{k + 1}" for k in range(n)]
