"""A recorded graph as straight-line NumPy: a program to read, to keep, and to run without this package.

Every row's forward function is taken apart: what it is made of is written in place of its call, and what cannot be
written in place stands as a function above. So the program computes the same numbers, to the last bit.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.backprop import gradients, history
from ..core.node import Node
from ..core.value import Value
from ..symbolic.formats.text import index_text
from ..symbolic.names import NodeNames, expect_node
from ..symbolic.numpy_source import NumpySource, is_ndarray

WIDTH = 110


def source(node: Node, *gradient_nodes: Node, data: bool = True) -> str:
    """Return a NumPy program that computes `node`, and gradients of it, from the numbers that they were made from.

    gradient_nodes: what `gradients(node, …)` returned: the backward pass is written out below the forward pass.
    data: whether the program holds the numbers of the leaves; without them it says what to define before.
    Raises ValueError where a row was made from a function whose text is not to be had.
    """
    expect_node(node, "source")
    forward = history(node)
    whole = history(node, *gradient_nodes)
    names = NodeNames(whole, gradient_names(node, gradient_nodes))
    program = NumpySource()
    steps: dict[Node, str] = {}
    arrays = Constants()
    for z in whole:
        if z.op is not None:
            operands = [names.identifier(x) if isinstance(x, Node) else arrays.name(x) for x in z.inputs]
            params = dict(z.params)
            if "key" in params:
                params["key"] = index_text(params["key"], operands[1:])
            call = program.call(z.op, operands, params, scalar=isinstance(z, Value))
            steps[z] = f"{names.identifier(z)} = {call}"
    known = set(forward)
    leaves = [z for z in whole if z.op is None]
    lines = [*arrays.lines, *(definition_of(names.identifier(z), z._data, data) for z in leaves)]
    parts = [program.head(), f"# what is given\n{chr(10).join(lines)}" if lines else ""]
    parts.append("# forward\n" + "\n".join(steps[z] for z in forward if z in steps) if node.op is not None else "")
    backward = [steps[z] for z in whole if z in steps and z not in known]
    parts.append("# backward\n" + "\n".join(backward) if backward else "")
    gap = "\n\n\n" if program.definitions else "\n\n"
    return gap.join([parts[0], "\n\n".join(part for part in parts[1:] if part)]).rstrip() + "\n"


def gradient_names(node: Node, gradient_nodes: tuple[Node, ...]) -> dict[Node, str]:
    """Return a name for every gradient: `dW1` where it is the gradient of one leaf and of no other."""
    forward = set(history(node))
    known = {node: node.label or "result"}
    if not node.requires_grad or not gradient_nodes:
        return known
    leaves = [z for z in history(node) if z.op is None and z.requires_grad]
    automatic = gradients(node, leaves, None if np.size(node._data) == 1 else np.ones_like(node._data))
    left = dict(zip(leaves, automatic, strict=True))
    names = NodeNames(history(node))
    for z in history(*gradient_nodes):
        if z.op is None and not z.label and z not in forward:
            known.setdefault(z, "seed")
    for k, gradient in enumerate(gradient_nodes, 1):
        leaf = next((z for z, g in left.items() if np.array_equal(g._data, gradient._data)), None)
        if leaf is not None:
            del left[leaf]
        known[gradient] = gradient.label or (f"d{names[leaf]}" if leaf is not None else f"gradient{k}")
    return known


class Constants:
    """The arrays that a graph holds as constants, each under a name of its own."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.arrays: list[Any] = []

    def name(self, x: Any) -> str:
        """Return a constant operand as it is written in the program: a number, or the name of an array."""
        if not is_ndarray(x):
            return exact_number(x)
        for k, known in enumerate(self.arrays, 1):
            if known is x or (known.dtype == x.dtype and np.array_equal(known, x)):
                return f"c{k}"
        self.arrays.append(x)
        self.lines.append(definition_of(f"c{len(self.arrays)}", x, True))
        return f"c{len(self.arrays)}"


def definition_of(name: str, data: Any, whole: bool) -> str:
    """Return the line that defines a leaf or a constant, or the comment that says how to."""
    if not is_ndarray(data):
        return f"{name} = {exact_number(data)}"
    if not whole:
        return f"# {name}: an array of {data.dtype} of shape {data.shape}"
    numbers = np.array2string(data, separator=", ", threshold=data.size + 1, max_line_width=WIDTH, floatmode="unique")
    head = f"{name} = np.array("
    numbers = numbers.replace("nan", "np.nan").replace("inf", "np.inf").replace("\n", "\n" + " " * len(head))
    dtype = "" if data.dtype in (np.float64, np.int64, np.bool_) and data.size else f", dtype=np.{data.dtype.name}"
    return f"{head}{numbers if data.size else '[]'}{dtype}){'' if data.size else f'.reshape({data.shape})'}"


def exact_number(x: Any) -> str:
    """Return a number as it is written in Python, to the last bit."""
    if isinstance(x, (np.bool_, np.integer, np.floating)):
        return f"np.{x.dtype.name}({x.item()!r})"
    if isinstance(x, float) and x != x:
        return "float('nan')"
    return f"float('{x}')" if isinstance(x, float) and abs(x) == float("inf") else repr(x)
