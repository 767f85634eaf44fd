"""Scopes: the names that a changed line may use, by kind and shape: arrays, counts, indices and functions."""

from __future__ import annotations

import ast
import dataclasses

import numpy as np

from .edit import Surroundings
from .edits import index_parts
from .runs import Runs
from .suspects import BackwardLine
from .verdict import Verdict


def is_size(node: ast.AST) -> bool:
    """Tell whether an expression is a number of examples, like `len(X)` or `X.shape[0]`."""
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Attribute) and node.value.attr == "shape":
        return isinstance(node.value.value, ast.Name) and isinstance(node.slice, ast.Constant)
    named = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "len"
    return named and isinstance(node, ast.Call) and all(isinstance(x, ast.Name) for x in node.args)


def lengths_in_code(shapes: dict[str, tuple[int, ...]]) -> list[str]:
    """Return an expression for every length of arrays: a number of examples, where no variable holds it."""
    found: dict[int, str] = {}
    for name, shape in shapes.items():
        for axis, n in enumerate(shape[:2]):
            if n > 1:
                found.setdefault(n, f"{name}.shape[{axis}]" if axis else f"len({name})")
    return list(found.values())


def is_element(name: str) -> bool:
    """Tell whether a name is an element of a list or a dict, like `hs[t]` or `cache["z"]`."""
    return len(name) < 20 and name.endswith("]") and "(" not in name and name.isascii()


def is_index(e: ast.expr) -> bool:
    """Tell whether an index is one expression of variables."""
    simple = isinstance(e, (ast.Name, ast.Subscript, ast.BinOp))
    return simple and not any(isinstance(part, (ast.Call, ast.Slice)) for part in ast.walk(e))


class Scopes:
    """The names that statements may use: assigned in their function, its arguments and globals, by kind."""

    def __init__(self, runs: Runs, verdict: Verdict, tree: ast.Module) -> None:
        self.runs, self.recording, self.tree = runs, verdict.recording, tree
        self.functions = [f for f in ast.walk(tree) if isinstance(f, ast.FunctionDef)]
        self.defined = [f.name for f in tree.body if isinstance(f, ast.FunctionDef)]
        self.found: dict[int, Surroundings] = {}
        self.shapes: dict[str, set[tuple[int, ...]]] = {}  # that each variable had at some time

    def around(self, line: BackwardLine) -> Surroundings:
        """Return what a line may use."""
        holders = [f for f in self.functions if f.lineno <= line.number <= (f.end_lineno or 0)]
        inside = holders[-1] if holders else None
        key = inside.lineno if inside is not None else 0
        if key not in self.found:
            self.found[key] = self.within(inside)
        value = next((node.shape for node in reversed(line.results)), None)
        there = self.found[key]
        shapes = dict(there.shapes)
        shapes |= {n: value for n in shapes if value is not None and value in self.shapes.get(n, ())}
        return dataclasses.replace(there, shapes=shapes, value=value)

    def within(self, inside: ast.FunctionDef | None) -> Surroundings:
        """Return what the statements of a function, or of the script, may use."""
        inner = list(ast.walk(inside or self.tree))
        names = [n.id for n in inner if isinstance(n, ast.Name)]
        arguments = [a.arg for a in inner if isinstance(a, ast.arg)]
        first, last = (inside.lineno, inside.end_lineno or 0) if inside is not None else (0, 1 << 30)
        shapes: dict[str, tuple[int, ...]] = {}
        numbers: list[str] = []
        for name, x in self.runs.module.items():
            if name in names and isinstance(x, np.ndarray) and x.dtype.kind == "f":
                shapes[name] = x.shape
            elif name in names and isinstance(x, (float, np.floating)):
                numbers.append(name)
        recording = self.recording
        for node in recording.nodes if recording is not None else ():
            for name, at in node.names:
                if first <= at <= last and (name.isidentifier() or is_element(name)):
                    shapes[name] = node.shape
                    self.shapes.setdefault(name, set()).add(node.shape)
        for name, x in (self.runs.task.values | (recording.values if recording is not None else {})).items():
            if name in arguments and np.ndim(x):
                shapes[name] = np.shape(x)
            elif name in arguments:
                numbers.append(name)
        numbers += [name for name, shape in shapes.items() if shape == () and name not in numbers]
        counts = [name for name in self.counts(inner) if name not in shapes and name not in numbers]
        functions = [name for name in self.defined if inside is None or name != inside.name]
        used = {n: s for n, s in shapes.items() if n in names or n in arguments or not n.isidentifier()}
        counts = counts or lengths_in_code(
            {n: s for n, s in used.items() if n.isidentifier() and n not in self.runs.task.paths}
        )
        parts = [part for n in inner if isinstance(n, ast.Subscript) for _, _, _, part in index_parts(n)]
        indices = {ast.unparse(part) for part in parts if is_index(part)}
        subscripts = [n for n in inner if isinstance(n, ast.Subscript) and isinstance(n.value, ast.Name)]
        lists = {n.value.id for n in subscripts if isinstance(n.value, ast.Name)}
        return Surroundings(used, counts[:4], numbers[:16], functions[:8], sorted(indices)[:8], sorted(lists)[:8], None)

    def counts(self, inner: list[ast.AST]) -> list[str]:
        """Return the variables that look like numbers of examples: whole numbers, and those taken from a shape."""
        names = {n.id for n in inner if isinstance(n, ast.Name)}
        whole = {name for name, x in self.runs.module.items() if isinstance(x, int) and not isinstance(x, bool)}
        found = sorted(names & whole)
        for node in inner:
            if isinstance(node, ast.Assign):
                source = ast.unparse(node.value)
                if any(mark in source for mark in (".shape", "len(", ".size")) and "zeros" not in source:
                    targets = (n for target in node.targets for n in ast.walk(target))
                    found += [n.id for n in targets if isinstance(n, ast.Name)]
        found += sorted({ast.unparse(n) for n in inner if is_size(n)})
        return list(dict.fromkeys(found))
