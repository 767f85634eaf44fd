"""`tg.export_onnx`: the graph of a net as an ONNX file.

The graph is the one that the net records on an example, in eval mode; each row is written as `onnx_writers` says, or
as the operator that it names itself. Opset 20, IR version 10. All shapes are those of the example.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import numpy as np

from ..core.backprop import history
from ..core.node import Node, data_of
from ..core.tensor import Tensor
from ..errors import DTypeError, TinygradEduError
from ..errors.where import users_line
from ..nn.modes import in_mode
from ..nn.module import Module
from ..system import files
from .onnx_writers import BOOLEAN_ROWS, WRITERS, Refused

OPSET, IR = 20, 10
TYPES = {
    "float16": "FLOAT16", "float32": "FLOAT", "float64": "DOUBLE", "int8": "INT8", "int16": "INT16", "int32": "INT32",
    "int64": "INT64", "uint8": "UINT8", "uint16": "UINT16", "uint32": "UINT32", "uint64": "UINT64", "bool": "BOOL",
}  # fmt: skip
SAME_TYPE = {"where", "matmul", "linear", "concatenate", "einsum", "clip"}  # of whose operands one type is made


class ExportError(TinygradEduError, ValueError):
    """A net holds an operation that ONNX does not have."""


def export_onnx(model: Any, example: Any, path: str | Path) -> None:
    """Write a net as an ONNX file; its inputs have the shapes and types of `example`, an array or a tuple of them.

    model: a module, in eval mode meanwhile, or any function made of rows. Inputs are named x, or x0, x1, …; outputs y,
    or y0, y1, …; weights by their paths. Raises ExportError that names the first row that ONNX does not have, and a
    number that the net computes outside of its graph; ImportError where the library is missing.
    """
    onnx = import_onnx()
    inputs = [np.asarray(data_of(x)) for x in (example if isinstance(example, tuple) else (example,))]
    nodes, outputs = traced(model, inputs)
    check_same(outputs, traced(model, [other_input(x) for x in inputs])[1])
    content = OnnxWriter(onnx, model, nodes).written(outputs)
    onnx.checker.check_model(content, full_check=True)
    files.write(path, content.SerializeToString())


def import_onnx() -> Any:
    """Return the library. Raises ImportError that says how to install it."""
    try:
        import onnx
        import onnx.checker
        import onnx.helper
        import onnx.numpy_helper
    except ImportError:
        raise ImportError('export_onnx needs the library: pip install "tinygrad-edu[io]"') from None
    return onnx


def other_input(x: Any) -> Any:
    """Return an input that differs from another one, and is as good: whole numbers trade places."""
    return np.flip(x).copy() if x.dtype.kind in "biu" else (x * 0.75 + 0.125).astype(x.dtype)


def check_same(first: list[Any], second: list[Any]) -> None:
    """Raise ExportError where two graphs differ in more than their inputs: something was computed outside of them."""
    for x, y in zip(history_of(first), history_of(second), strict=False):
        if x.op is not y.op or (x.op is None and "cut" in x.params and not np.array_equal(x._data, y._data)):
            raise ExportError(
                f"export_onnx: {x.title}, made at {x.where}, is computed from the input outside of the graph, by "
                f".data, detach() or no_grad(), so the file would hold a number of this example (at {users_line()})"
            )


def history_of(outputs: list[Any]) -> list[Any]:
    """Return all nodes that lead to the outputs, in the order of making."""
    found = {node: None for z in outputs for node in history(z)}
    return sorted(found, key=lambda node: node.born)


def traced(model: Any, inputs: list[Any]) -> tuple[list[Any], list[Any]]:
    """Run a net in eval mode; return its inputs and outputs, as nodes."""
    nodes = [Tensor(x, requires_grad=False) for x in inputs]
    with in_mode(model, training=False) if isinstance(model, Module) else contextlib.nullcontext():
        outputs = [*flat(model(*nodes))]
    wrong = [z for z in outputs if not isinstance(z, Tensor)]
    if wrong or not outputs:
        raise DTypeError(f"export_onnx: the net must return tensors, not {wrong[:1]!r:.60} (at {users_line()})")
    return nodes, outputs


class OnnxWriter:
    """An ONNX graph being written."""

    def __init__(self, onnx: Any, model: Any, inputs: list[Any]) -> None:
        self.onnx, self.inputs = onnx, inputs
        self.nodes: list[Any] = []
        self.constants: dict[str, Any] = {}
        self.names: dict[Any, str] = {}  # of nodes
        self.count = 0
        self.leaves = {x: path for path, x in model.named_leaves()} if hasattr(model, "named_leaves") else {}
        self.input_names = ["x"] if len(inputs) == 1 else [f"x{i}" for i in range(len(inputs))]

    def written(self, outputs: list[Any]) -> Any:
        """Return the graph that leads to `outputs` as a model."""
        helper = self.onnx.helper
        for node in history_of(outputs):
            self.names[node] = self.leaf(node) if node.op is None else self.node(node)
        ends = ["y"] if len(outputs) == 1 else [f"y{i}" for i in range(len(outputs))]
        for z, name in zip(outputs, ends, strict=True):
            self.nodes.append(helper.make_node("Identity", [self.names[z]], [name]))
        graph = helper.make_graph(
            self.nodes,
            "tinygrad_edu",
            [self.value(n, x._data) for n, x in zip(self.input_names, self.inputs, strict=True)],
            [self.value(n, z._data) for n, z in zip(ends, outputs, strict=True)],
            [self.onnx.numpy_helper.from_array(x, name) for name, x in self.constants.items()],
        )
        opset = helper.make_opsetid("", OPSET)
        return helper.make_model(graph, opset_imports=[opset], ir_version=IR, producer_name="tinygrad_edu")

    def value(self, name: str, x: Any) -> Any:
        """Return the type and shape of an input or output."""
        return self.onnx.helper.make_tensor_value_info(name, self.type_of(x.dtype), x.shape)

    def type_of(self, dtype: Any) -> int:
        """Return ONNX's number of a type. Raises ExportError for complex numbers."""
        if np.dtype(dtype).name not in TYPES:
            raise ExportError(f"export_onnx: numbers of type {dtype} are not exported (at {users_line()})")
        return int(getattr(self.onnx.TensorProto, TYPES[np.dtype(dtype).name]))

    def leaf(self, node: Any) -> str:
        """Return the name of an input, or of a weight or constant, which becomes a part of the file."""
        for name, x in zip(self.input_names, self.inputs, strict=True):
            if node is x:
                return name
        return self.constant(node._data, self.leaves.get(node, ""))

    def constant(self, x: Any, name: str = "") -> str:
        """Return the name of numbers that are a part of the file."""
        name = name or self.fresh("c")
        self.type_of(np.asarray(x).dtype)
        self.constants[name] = np.ascontiguousarray(x).reshape(np.shape(x))
        return name

    def fresh(self, letter: str) -> str:
        """Return a name that nothing else has."""
        self.count += 1
        return f"{letter}_{self.count}"

    def emit(self, operator: str, inputs: list[str], **attributes: Any) -> str:
        """Write an operator and return the name of its result."""
        name = self.fresh("t")
        self.nodes.append(self.onnx.helper.make_node(operator, inputs, [name], **attributes))
        return name

    def node(self, z: Any) -> str:
        """Write one row and return the name of its result. Raises ExportError that names it."""
        op = z.op
        writer = WRITERS.get(op.name)
        try:
            if writer is None and not (op.onnx and op.elementwise and not z.params):
                raise Refused(
                    "ONNX has no such operator" if not op.onnx else "with these parameters it has no operator"
                )
            names = [self.operand(z, i) for i in range(len(z.inputs))]
            made = self.emit(op.onnx, names) if writer is None else writer(self, z, *names)
        except Refused as reason:
            raise ExportError(
                f"export_onnx: the row `{op.name}`, made at {z.where}, cannot be exported: {reason} (at {users_line()})"
            ) from None
        return made

    def operand(self, z: Any, i: int) -> str:
        """Return the name of an operand, in the type in which ONNX computes the row: all of one type."""
        x = z.inputs[i]
        op, numbers = z.op, np.asarray(data_of(x))
        kind = numbers.dtype
        if op.name in BOOLEAN_ROWS or op.name == "not_equal":
            kind = np.result_type(*map(as_operand, z.inputs))
        elif op.name.startswith("logical_"):
            kind = np.dtype(bool)
        elif (op.elementwise or op.name in SAME_TYPE) and not (op.name == "where" and i == 0):
            kind = z._data.dtype
        if op.name in ("astype", "as_integers", "isnan", "isinf"):
            kind = numbers.dtype
        if not isinstance(x, Node):
            return self.constant(numbers.astype(kind))
        name = self.names[x]
        return name if numbers.dtype == kind else self.emit("Cast", [name], to=self.type_of(kind))


def as_operand(x: Any) -> Any:
    """Return the operands that decide the common type: arrays and nodes, not plain numbers."""
    return x if isinstance(x, (int, float)) else np.asarray(data_of(x)).dtype


def flat(made: Any) -> Any:
    """Yield the outputs in tuples and lists."""
    if isinstance(made, (tuple, list)):
        for part in made:
            yield from flat(part)
    elif made is not None:
        yield made
