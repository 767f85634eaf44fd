"""A net as a table: its modules, what comes out of them, what they learn and what they cost."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.backprop import history
from ..core.node import Node, data_of

if TYPE_CHECKING:
    from .module import Module

PRODUCTS = {"linear", "matmul", "conv2d", "affine_conv2d", "conv2d_input"}  # rows that multiply and add


def table(net: Module, depth: int, example: Any) -> str:
    """Return the modules of a net down to `depth`, a line each; with an example also what it costs to compute it."""
    heads = ["layer", "kind", "parameters"]
    made = [] if example is None else nodes_of(net, example)
    rows = [
        [path, module.described(), f"{count(module):,}", *cost(module, made)] for path, module in inside(net, depth)
    ]
    rows.append(["", type(net).__name__, f"{count(net):,}", *cost(net, made)])
    if example is not None:
        heads += ["output", "multiply-adds"]
    lines = aligned([heads, *rows])
    rule = "-" * max(map(len, lines))
    text = [lines[0], rule, *lines[1:-1], rule, lines[-1]]
    if example is not None:
        weights = sum(np.asarray(p._data).nbytes for p in net.parameters())
        text.append(f"memory: {in_bytes(weights)} of weights, {in_bytes(sum(z._data.nbytes for z in made))} of results")
    return "\n".join(text)


def inside(net: Module, depth: int) -> list[tuple[str, Module]]:
    """Return the modules in a net down to `depth`, by path, in order."""
    found, waiting = [], [(path, child, 1) for path, child in net.named_children()][::-1]
    while waiting:
        path, module, level = waiting.pop()
        found.append((path, module))
        if level < depth:
            waiting += [(f"{path}.{name}", child, level + 1) for name, child in module.named_children()][::-1]
    return found


def nodes_of(net: Module, example: Any) -> list[Any]:
    """Return what a net computes of an example, in eval mode, in the order of making."""
    modes = {module: module.training for module in net.modules()}
    try:
        made = net.eval()(*example if isinstance(example, tuple) else (example,))
    finally:
        for module, mode in modes.items():
            module.training = mode
    outputs = [z for z in (made if isinstance(made, tuple) else (made,)) if isinstance(z, Node)]
    found = {node: None for z in outputs for node in history(z) if node.op is not None}
    return sorted(found, key=lambda node: node.born)


def cost(module: Module, made: list[Any]) -> list[str]:
    """Return the shape of what a module's last call gave, and how many products it added up, as text."""
    if not made:
        return []
    first, last = module.last_call or (0, 0)
    own = [z for z in made if first < z.born < last]
    return [str(own[-1].shape), f"{sum(map(products, own)):,}"] if own else ["", "0"]


def products(z: Any) -> int:
    """Return how many multiply-adds a node takes: of products of matrices and convolutions; others are few."""
    if z.op.name not in PRODUCTS:
        return 0
    x, w = (np.shape(data_of(operand)) for operand in z.inputs[:2])
    if z.op.name in ("linear", "matmul"):
        return int(math.prod(z.shape) * x[-1])
    return int(math.prod(z.shape if z.op.name != "conv2d_input" else x) * math.prod(w[1:]))


def count(module: Module) -> int:
    """Return how many numbers a module has to learn."""
    return sum(getattr(x, "size", 1) for x in module.parameters())


def aligned(rows: list[list[str]]) -> list[str]:
    """Return rows of cells as lines: texts to the left, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    signs = ["<", "<", ">", "<", ">"]
    padded = ([f"{cell:{sign}{w}}" for cell, sign, w in zip(row, signs, widths, strict=False)] for row in rows)
    return ["  ".join(cells).rstrip() for cells in padded]


def in_bytes(n: float) -> str:
    """Return a number of bytes as one says it."""
    for unit in ("bytes", "KB", "MB"):
        if n < 1000:
            return f"{n:.3g} {unit}"
        n /= 1000
    return f"{n:.3g} GB"
