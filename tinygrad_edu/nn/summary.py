"""Summaries: the modules of a net as a table of parameters, output shapes and costs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.backprop import history
from ..core.node import Node, data_of
from ..errors.printable import printable
from .modes import in_mode

if TYPE_CHECKING:
    from .module import Module

PRODUCTS = {"linear", "matmul", "einsum", "conv2d", "affine_conv2d", "conv2d_input"}  # rows that multiply and add


@dataclass(frozen=True, slots=True)
class ModuleRow:
    """One module of a net; output and multiply_adds are of its last call for an example, if there was one."""

    path: str
    kind: str
    parameters: int
    output: tuple[int, ...] | None = None
    multiply_adds: int = 0


class Summary(str):
    """The table of a net as text; `rows` and `total` hold its numbers, and `draw()` makes a picture of them."""

    rows: list[ModuleRow]
    total: ModuleRow

    def draw(self) -> Any:
        """Return the modules as boxes one below the other, with a bar for the share of each in the net's cost."""
        from ..draw.network.blocks import draw_blocks

        return draw_blocks(self.rows, self.total)


def summary_table(net: Module, depth: int, example: Any) -> Summary:
    """Return the modules of a net down to `depth`, a line each; with an example also what it costs to compute it."""
    made = [] if example is None else computed_nodes(net, example)
    rows = [row_of_module(printable(path), module, module.described(), made) for path, module in submodules(net, depth)]
    total = row_of_module("", net, printable(type(net).__name__), made)
    heads = ["layer", "kind", "parameters", *["output", "multiply-adds"] * (example is not None)]
    lines = in_columns([heads, *(cells(each)[: len(heads)] for each in (*rows, total))])
    rule = "-" * max(map(len, lines))
    text = [lines[0], rule, *lines[1:-1], rule, lines[-1]]
    if example is not None:
        weights = sum(np.asarray(p._data).nbytes for p in net.parameters())
        text.append(f"memory: {in_bytes(weights)} of weights, {in_bytes(sum(z._data.nbytes for z in made))} of results")
    summary = Summary("\n".join(text))
    summary.rows, summary.total = rows, total
    return summary


def row_of_module(path: str, module: Module, kind: str, made: list[Any]) -> ModuleRow:
    """Return the parameters of a module, and with the nodes of a call its output and multiply-adds."""
    first, last = module.last_call or (0, 0)
    own = [z for z in made if first < z.born < last]
    return ModuleRow(path, kind, parameter_count(module), own[-1].shape if own else None, sum(map(multiply_adds, own)))


def cells(row: ModuleRow) -> list[str]:
    """Return a row of the table as text."""
    output = "" if row.output is None else str(row.output)
    return [row.path, row.kind, f"{row.parameters:,}", output, f"{row.multiply_adds:,}"]


def submodules(net: Module, depth: int) -> list[tuple[str, Module]]:
    """Return the modules in a net down to `depth`, by path, in order."""
    found, waiting = [], [(path, child, 1) for path, child in net.named_children()][::-1]
    while waiting:
        path, module, level = waiting.pop()
        found.append((path, module))
        if level < depth:
            waiting += [(f"{path}.{name}", child, level + 1) for name, child in module.named_children()][::-1]
    return found


def computed_nodes(net: Module, example: Any) -> list[Any]:
    """Return the nodes that a net makes of an example, in eval mode, in the order of making."""
    with in_mode(net, training=False):
        made = net(*example if isinstance(example, tuple) else (example,))
    outputs = [z for z in (made if isinstance(made, tuple) else (made,)) if isinstance(z, Node)]
    found = {node: None for z in outputs for node in history(z) if node.op is not None}
    return sorted(found, key=lambda node: node.born)


def multiply_adds(z: Any) -> int:
    """Return how many multiply-adds a node takes: of products of matrices and convolutions; others are few."""
    if z.op.name not in PRODUCTS:
        return 0
    shapes = [np.shape(data_of(operand)) for operand in z.inputs]
    if z.op.name == "einsum":  # one for each value of all its indices together
        lengths = {
            i: n
            for term, shape in zip(z.params["terms"], shapes, strict=True)
            for i, n in zip(term, shape, strict=True)
        }
        return math.prod(lengths.values()) if len(shapes) > 1 else 0
    x, w = shapes[:2]
    if z.op.name in ("linear", "matmul"):
        return int(math.prod(z.shape) * x[-1])
    return int(math.prod(z.shape if z.op.name != "conv2d_input" else x) * math.prod(w[1:]))


def parameter_count(module: Module) -> int:
    """Return how many numbers a module has to learn."""
    return sum(getattr(x, "size", 1) for x in module.parameters())


def in_columns(rows: list[list[str]]) -> list[str]:
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
