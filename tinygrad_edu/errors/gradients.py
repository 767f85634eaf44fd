"""Why a gradient cannot be had, in words that name the node at fault and its line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .where import users_line

if TYPE_CHECKING:
    from ..core.node import Node


def constant(node: Node, made_from: Sequence[Node]) -> str:
    """Say why no gradient can flow from or to `node`; `made_from` is its history, oldest first."""
    if node.op is None and "cut" not in node.params:
        return f"{node.title}, made at {node.where}, has no gradient: it is a constant; give it requires_grad=True"
    for made in reversed(made_from):  # the newest cut is the one the user is looking at
        if "cut" in made.params:
            return f"{node.title} has no gradient: {made.title} was {made.params['cut']} at {made.where}"
        if made.op is not None and not any(made.op.rules):
            return f"{node.title} has no gradient: `{made.op.name}` has no derivative (made at {made.where})"
    leaves = [f"{x.title} (made at {x.where})" for x in made_from if x.op is None]
    return (
        f"{node.title} has no gradient: it was made from constants only, {', '.join(leaves[:3])}"
        f"{' and others' * (len(leaves) > 3)}; let a leaf require one, as in Tensor([1.0, 2.0], requires_grad=True)"
    )


def leaked(title: str, where: str) -> str:
    """Say why a node has no numbers: it was kept from inside a function while that was traced."""
    return (
        f"{title} was made at {where} while compile() traced the function, and was kept from there, where it "
        f"stands for the numbers of every call: return it from the compiled function instead (used at {users_line()})"
    )


def stale(z: Node, x: Node) -> str:
    """Say which leaf `x` changed, or which tensor was written into, after node `z` had been made from it."""
    if x.op is not None and x.op.name == "setitem":
        return (
            f"a tensor was written into by t[…] = … at {x.where}, after {z.title} had been made from it at {z.where}: "
            "compute from it after writing, or write into a copy, as in u = +t; u[…] = …"
        )
    if x.op is not None:
        return (
            f"there is a cycle: {z.title}, made at {z.where}, has an operand that is not older, {x.title}, "
            f"made at {x.where}; the inputs of a node were written to: build the graph anew"
        )
    return (
        f"{x.title} was assigned at {x.where}, after {z.title} had been made from it at {z.where}: "
        "the gradient would mix its old and its new value; run the forward pass again, then backward()"
    )
