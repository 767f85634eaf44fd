"""Sentences on gradients that cannot be had: they name the node at fault and its line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .where import users_line

if TYPE_CHECKING:
    from ..core.node import Node


def no_gradient(node: Node, made_from: Sequence[Node]) -> str:
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


def leaked_tracer(title: str, where: str) -> str:
    """Say why a node has no numbers: it was kept from inside a function while that was traced."""
    return (
        f"{title} was made at {where} while compile() traced the function, and was kept from there, where it "
        f"stands for the numbers of every call: return it from the compiled function instead (used at {users_line()})"
    )


def stale_graph(z: Node, x: Node) -> str:
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


def used_gradient(title: str) -> str:
    """Warn that zero_grad() is missing: backward() adds to a gradient that an optimiser has used."""
    return (
        f"backward() adds to a gradient of {title} that an optimiser has already used: "
        "call zero_grad() before each backward()"
    )


def one_node(title: str) -> str:
    """Say that `gradients` takes a list of inputs."""
    return f"gradients: give a list of nodes, as in gradients(y, [x]), not {title} by itself"


def not_a_node(x: Any) -> str:
    """Say that `gradients` was handed something that is no node."""
    return f"gradients: {x!r:.60} of type {type(x).__name__} is no node, which remembers its making"


def fixed_by_inputs(title: str, where: str) -> str:
    """Say why requires_grad of a computed node cannot be set."""
    return (
        f"{title} was computed at {where}, so whether it requires a gradient follows from what it was made from: "
        "use .detach() for a copy that requires none"
    )


def copy_in_graph(title: str, where: str) -> str:
    """Say why a node that gradients flow through cannot be copied."""
    return (
        f"{title} was computed at {where}, and a copy of it would be cut from its graph: "
        "copy the leaves it was made from, or its numbers with .detach() or .data"
    )


def start_of_shape(title: str, shape: tuple[int, ...], where: str) -> str:
    """Say how to start backward() from more than one number."""
    return (
        f"a gradient starts from one number, and {title} has shape {shape}: use .sum().backward(), "
        f".mean().backward(), or backward(seed) with a weight for each number (made at {where})"
    )


def complex_start(title: str, where: str) -> str:
    """Say how to start backward() from a complex number."""
    return (
        f"backward() starts from one real number, and {title} is complex: use abs(z), z.real or z.imag "
        f"(made at {where})"
    )


def seed_of_shape(seed: tuple[int, ...], title: str, shape: tuple[int, ...], where: str) -> str:
    """Say that a seed needs one weight for each number."""
    return (
        f"a seed of shape {seed} does not fit {title} of shape {shape}, made at {where}: "
        "give a weight for each number, as in backward(np.ones(t.shape))"
    )


def interior_gradient(title: str) -> str:
    """Warn that the gradient of a computed tensor is not kept."""
    return f"{title} is an interior tensor, whose gradient is not kept: call backward(retain_grad=True)"


def gradient_of_dtype(new: Any, title: str, dtype: Any) -> str:
    """Say that a gradient has its tensor's dtype."""
    return (
        f"an array of dtype {new} cannot become the gradient of {title}, of dtype {dtype}: "
        f"use .astype(np.{dtype}) (at {users_line()})"
    )


def gradient_of_shape(new: tuple[int, ...], title: str, shape: tuple[int, ...]) -> str:
    """Say that a gradient has its tensor's shape."""
    return f"an array of shape {new} cannot become the gradient of {title}, of shape {shape} (at {users_line()})"


def dtype_without_gradient(dtype: Any) -> str:
    """Say that integers carry no gradient."""
    return (
        f"a tensor of dtype {dtype} cannot carry a gradient: integers can't carry gradients; "
        f"write 1.0 instead of 1, or give dtype=float (at {users_line()})"
    )


def cuts_graph(asked: str, title: str) -> str:
    """Say that a plain number would have no gradient."""
    return (
        f"{asked}, like the functions of math, math.sin say, would cut the graph of {title}: "
        f"use tinygrad_edu.sin and its like, or .item() to get the number (at {users_line()})"
    )


def array_cuts_graph(title: str) -> str:
    """Say that a plain array would have no gradient."""
    return (
        f"making an array of {title} would cut it out of its graph: use .data for its numbers, "
        "tinygrad_edu.array, stack or concatenate to join tensors, or tinygrad_edu.full to repeat them"
    )


def masked_cuts_graph(title: str) -> str:
    """Say that a masked array would compute with the bare numbers."""
    return f"a masked array cannot compute with {title}: give it as .filled(value)"


def leaf_of_graph(title: str) -> str:
    """Say that a new leaf would be cut from the graph of the tensor that it was to be made of."""
    return (
        f"Tensor(t, requires_grad=True) would cut the graph of {title}: write Tensor(t) for a copy in the graph, "
        f"Tensor(t.detach(), requires_grad=True) for a leaf of its own (at {users_line()})"
    )
