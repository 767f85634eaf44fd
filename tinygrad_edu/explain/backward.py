"""The backward pass of a recorded graph as equations between named nodes, each read off the graph's own rules.

The gradient of a named node is written over the gradients of the named nodes next to it on the way to the result.
The nodes between them are written out, so that no path is left out. Does not ask what is a layer.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from ..core.backprop import gradients, history
from ..core.node import Node, data_of
from ..core.op import TABLE
from ..symbolic.formula import FormulaWriter
from ..symbolic.layers import users_of
from ..symbolic.names import NodeNames, tex_name
from ..symbolic.rules import RECORDING, named_leaf
from ..symbolic.textbook import local_rule
from .explanation import Equation
from .told import TOLD, TOLD_LATEX

LONGEST_FORMULA = 100  # characters of a formula, beyond which the nodes inside it get lines of their own


class BackwardEquations:
    """The backward pass from `root` to some nodes, told over `names`: those of nodes and of constant arrays.

    deltas: nodes whose gradient has a name of its own, δ^(1), by that name. Every node of `targets`, and every node
    on a path from one of them that is used twice there, has to be named.
    """

    def __init__(
        self,
        root: Node,
        names: Mapping[Node, str],
        arrays: Mapping[int, str],
        deltas: Mapping[Node, str],
        path: list[Node],
    ) -> None:
        self.root = root
        self.names = names
        self.deltas = deltas
        self.path = path
        self.on_path = set(path)
        self.users = users_of(path)
        seed = None if np.size(root._data) == 1 else np.ones_like(root._data)
        self.grads = dict(zip(path, (g._data for g in gradients(root, path, seed)), strict=True))
        self.arrays = arrays
        self.mirrors: dict[Node, Any] = {}
        self.definitions: dict[Node, Any] = {}
        with RECORDING:
            for z in history(root):
                self.mirror(z)

    def mirror(self, z: Node) -> None:
        """Record a node anew over leaves with names; a named node is a leaf itself."""
        if z.op is not None:
            self.definitions[z] = z.op(*self.operands(z), **z.params)
        if z in self.names:
            self.mirrors[z] = named_leaf(z, z._data, self.names[z])
        else:
            self.mirrors[z] = z if z.op is None else self.definitions[z]

    def operands(self, z: Node) -> list[Any]:
        """Return the operands of a node as they are told: by name, or as what they were computed from."""
        return [self.mirrors[x] if isinstance(x, Node) else self.array(x, z) for x in z.inputs]

    def array(self, x: Any, z: Node) -> Any:
        """Return a constant array under its name where it has one."""
        return named_leaf(z, x, self.arrays[id(x)]) if id(x) in self.arrays else x

    def gradient_name(self, x: Node) -> str:
        """Return the name of the gradient of a node."""
        return self.deltas.get(x) or f"∂{self.names[self.root]}/∂{self.names[x]}"

    def definition(self, z: Node) -> tuple[str, str]:
        """Return the formula of a node over named nodes, as text and as LaTeX."""
        return as_text_and_latex(self.definitions[z])

    def arriving(self, z: Node) -> Any:
        """Return the gradient of a named node under its name; that of the result is one."""
        if z is self.root:
            return np.ones_like(z._data)[()]  # a number of NumPy's, which a rule may give axes, if there is but one
        return named_leaf(z, self.grads[z], self.gradient_name(z))

    def tops(self, x: Node) -> tuple[set[Node], set[Node]]:
        """Return the named nodes next to `x` on the way to the result, and the nodes between."""
        tops, between, found = set[Node](), set[Node](), [x]
        for node in found:  # grows while it is read
            for user in self.users.get(node, ()):
                if user in self.names or user is self.root:
                    tops.add(user)
                elif user not in between:
                    between.add(user)
                    found.append(user)
        return tops, between

    def gradient(self, x: Node) -> Any:
        """Return the gradient of `x` as a graph over named gradients and nodes; a constant where it is one."""
        tops, between = self.tops(x)
        grads: dict[Node, Any] = {}
        for z in sorted(tops | between, key=lambda node: node.born, reverse=True):
            g = self.arriving(z) if z in tops else grads.get(z)
            if g is None or z.op is None:
                continue
            result = self.mirrors[z]
            for i, y in enumerate(z.inputs):
                if not isinstance(y, Node) or (y is not x and y not in between) or z.op.rules[i] is None:
                    continue
                dx = local_rule(z, i, g, result, self.operands(z))
                with RECORDING, np.errstate(all="ignore"):
                    dx = y.unbroadcast(dx, z, i)
                    if dx is not None:
                        grads[y] = grads[y] + dx if y in grads else dx
        return tidied(grads.get(x, 0.0))

    def inside_long_formulas(self) -> list[Node]:
        """Return the unnamed nodes that lie inside gradients whose formulas are too long for a line, oldest first."""
        found: dict[Node, None] = {}
        for x in self.path:
            inner = self.tops(x)[1] if x in self.names and x is not self.root else ()
            if inner and len(as_text_and_latex(self.gradient(x))[0]) > LONGEST_FORMULA:
                found |= dict.fromkeys(inner)
        return sorted(found, key=lambda z: z.born)

    def equation(self, x: Node) -> Equation:
        """Return the equation of the gradient of a named node."""
        name = self.gradient_name(x)
        text, tex = as_text_and_latex(self.gradient(x))
        left, tex_left = f"∂{self.names[self.root]}/∂{self.names[x]}", self.tex_gradient(x)
        if name != left:
            left, tex_left = f"{name} = {left}", f"{tex_name(name)} = {tex_left}"
        return Equation(f"{left} = {text}", f"{tex_left} = {tex}")

    def tex_gradient(self, x: Node) -> str:
        """Return ∂C/∂x in LaTeX."""
        return tex_name(f"∂{self.names[self.root]}/∂{self.names[x]}")


def as_text_and_latex(formula: Any) -> tuple[str, str]:
    """Return a formula as text and as LaTeX; of a constant its number."""
    names = NodeNames(history(formula) if isinstance(formula, Node) else ())
    pieces = []
    for format in (TOLD, TOLD_LATEX):  # noqa: A001  # the plain word for it
        writer = FormulaWriter(names, format)
        if isinstance(formula, Node):
            pieces.append(writer.piece(formula).text)
        else:
            data = np.asarray(data_of(formula))
            same = data.size and (data == data.flat[0]).all()
            pieces.append(writer.constant(data.flat[0] if same else formula).text)
    return pieces[0], pieces[1]


def tidied(z: Any) -> Any:
    """Return a gradient as on paper: (x y)ᵀ as yᵀ xᵀ, a row times a matrix without an extra axis; sums term by term."""
    if not isinstance(z, Node) or z.op is None or not isinstance(z.inputs[0], Node):
        return z
    inner: Any = z.inputs[0]
    with RECORDING:
        if z.op.name == "add":
            return tidied(inner) + tidied(z.inputs[1])
        if z.op.name == "mT" and inner.op is TABLE["matmul"] and all(np.ndim(data_of(x)) == 2 for x in inner.inputs):
            x, y = inner.inputs
            return TABLE["matmul"](TABLE["mT"](y), TABLE["mT"](x))
        if z.op.name == "mT" and inner.op is TABLE["multiply"] and (pair := vectors(inner.inputs)):
            return pair[1][:, None] * pair[0]
        if z.op.name == "getitem" and z.params["key"] == (..., 0, slice(None)) and inner.op is TABLE["matmul"]:
            row = inner.inputs[0]
            if isinstance(row, Node) and row.op is TABLE["getitem"] and row.params["key"] == (..., None, slice(None)):
                return TABLE["matmul"](row.inputs[0], inner.inputs[1])
    return z


def vectors(operands: tuple[Any, ...]) -> list[Any]:
    """Return the vectors x and y of an outer product x[:, None] * y[..., None, :]; nothing where it is none."""
    keys = [(slice(None), None), (..., None, slice(None))]
    fits = all(
        isinstance(x, Node)
        and x.op is TABLE["getitem"]
        and x.params["key"] == key
        and np.ndim(data_of(x.inputs[0])) == 1
        for x, key in zip(operands, keys, strict=True)
    )
    return [x.inputs[0] for x in operands] if fits else []


def numbered(nodes: Collection[Node], taken: Collection[str]) -> dict[Node, str]:
    """Return names for nodes: v1, v2 and so on, as far as they are free."""
    free = (name for k in itertools.count(1) if (name := f"v{k}") not in taken)
    return {z: next(free) for z in nodes if z.op is not None}
