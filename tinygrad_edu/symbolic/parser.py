"""Formulas typed as text, `"x**2 * sin(x)"`: read as a syntax tree, to be computed or recorded.

A formula as it is written on paper is first put into this notation by `natural`; `computation` computes the tree.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.backprop import history
from ..core.node import Node
from ..core.op import TABLE
from ..core.tensor import Tensor
from ..core.value import Value
from ..errors import FormulaError
from .computation import CONSTANTS, Computation, column_of, function_names, refused
from .natural import to_notation
from .tokens import plain_characters

LONGEST = 10_000  # characters


@dataclass(frozen=True)
class Expression:
    """A formula that has been read: its text in this notation, its syntax tree, its variables as they appear."""

    text: str
    tree: ast.expr
    variables: tuple[str, ...]

    def __call__(self, **values: Any) -> Any:
        """Compute the formula of numbers, arrays or nodes. Raises FormulaError for a variable without a value."""
        return Computation(self.text, values).of(self.tree)

    def record(self, at: Mapping[str, Any]) -> tuple[Node, dict[str, Node]]:
        """Compute the formula of leaves labelled with the variables' names; return the result and the leaves.

        Numbers become Values. Where one of `at` is an array or a list, all become Tensors.
        """
        numbers = all(np.ndim(at[name]) == 0 for name in self.variables if name in at)
        kind: Any = Value if numbers else Tensor
        leaves: dict[str, Node] = {
            name: kind(np.asarray(at[name], dtype=float), label=name) for name in self.variables if name in at
        }
        node = self(**leaves, **{name: at[name] for name in at if name in CONSTANTS and name not in leaves})
        made = node if isinstance(node, Node) else kind(node, label=self.text)
        for z in history(made):
            z.code = None  # a typed formula has no line in a file
        return made, leaves


def parse(text: str, known: Collection[str] = ()) -> Expression:
    """Read a formula, in Python's notation, as it is written on paper, or in LaTeX.

    known: names of variables, with which `xy` can be read as x*y.
    Raises FormulaError, which points at the column, for anything but arithmetic and functions.
    """
    line = " ".join(text.split())
    if not line:
        raise FormulaError('the formula is empty: write something like "x**2 * sin(x)"')
    if len(line) > LONGEST:
        raise FormulaError(f"the formula has {len(line):,} characters; the longest that is read has {LONGEST:,}")
    try:
        line = to_notation(line, known, function_names()).strip()
    except RecursionError:
        raise FormulaError(f"the formula is nested too deeply: {line:.60}…") from None
    try:
        tree = ast.parse(line, mode="eval").body
    except SyntaxError as error:
        raise refused(line, (error.offset or 1) - 1, advice_on(line, error)) from None
    except (RecursionError, MemoryError, ValueError):
        raise FormulaError(
            f"the formula is nested too deeply, or holds a character that no formula has: {line:.60}…"
        ) from None
    functions = {id(call.func) for call in ast.walk(tree) if isinstance(call, ast.Call)}
    functions |= {
        id(part.value) for part in ast.walk(tree) if isinstance(part, ast.Attribute) and id(part) in functions
    }
    names = [
        part
        for part in ast.walk(tree)
        if isinstance(part, ast.Name) and id(part) not in functions and part.id not in CONSTANTS
    ]
    names.sort(key=lambda name: name.col_offset)
    for name in names:
        if name.id in TABLE:
            raise refused(line, column_of(line, name.col_offset), f"`{name.id}` is a function: write {name.id}(…)")
    return Expression(line, tree, tuple(dict.fromkeys(name.id for name in names)))


def assignments(text: str) -> dict[str, Any]:
    """Read `"w=2, x=3, b=[1, 2]"` as numbers and nested lists by name. Raises FormulaError."""
    line = " ".join(plain_characters(text).split())
    try:
        call = ast.parse(f"f({line})", mode="eval").body
    except (SyntaxError, RecursionError, MemoryError, ValueError):
        raise FormulaError(f"cannot read the values in {line!r}: write them as w=2, x=3") from None
    if not isinstance(call, ast.Call) or call.args or not isinstance(call.func, ast.Name):
        raise FormulaError(f"cannot read the values in {line!r}: write them as w=2, x=3")
    found = {}
    for keyword in call.keywords:
        if keyword.arg is None:
            raise FormulaError(f"cannot read the values in {line!r}: write them as w=2, x=3")
        if keyword.arg in found:
            raise FormulaError(f"{keyword.arg} has two values in {line!r:.60}")
        source = ast.get_source_segment(f"f({line})", keyword.value) or ""
        try:
            value = parse(source)() if not isinstance(keyword.value, ast.List) else ast.literal_eval(keyword.value)
            np.asarray(value, dtype=float)
        except (ValueError, TypeError):
            raise FormulaError(f"{keyword.arg}={source} is not a number or a list of numbers") from None
        found[keyword.arg] = value
    return found


def parse_with(text: str, at: str) -> tuple[Expression, dict[str, Any]]:
    """Read a formula and the numbers of its variables. Raises FormulaError, for a number of no variable too."""
    found = assignments(at)
    formula = parse(text, found.keys())
    for name in found:
        if name not in (*formula.variables, *CONSTANTS):
            known = ", ".join(formula.variables) or "none"
            raise FormulaError(f"`{name}` is no variable of {formula.text}; there are: {known}")
    return formula, found


def advice_on(line: str, error: SyntaxError) -> str:
    """Name the error in a formula that Python's own parser refuses."""
    at = (error.offset or 1) - 1
    before, here = line[max(0, at - 1) : at + 1], line[at : at + 2].strip()
    if error.msg.startswith("invalid decimal literal") or (before[:1].isdigit() and here[:1].isalpha()):
        return "a number and a name stand side by side: write the multiplication, as in 2*x"
    if "=" in line.replace("==", "").replace("<=", "").replace(">=", "").replace("!=", ""):
        return "a formula holds no assignment: write only what stands right of the `=`"
    if error.msg == "invalid syntax" and at and line[at - 1] == " " and line[at].isalnum():
        return "two things stand side by side: write an operator between them, or brackets around an operand"
    return f"this is not a formula: {error.msg}"
