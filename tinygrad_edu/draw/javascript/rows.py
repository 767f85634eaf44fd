"""Rows of the table in JavaScript: the forward function and each derivative rule of a row on numbers.

A row's `scalar` is translated from its own source. Its rules are recorded once on leaves named g, z, a, b, …, and the
rows that they recorded are written down. A row that cannot be spelled is refused with its name.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from ...core.context import ModeContext
from ...core.node import Node
from ...core.op import Op
from ...core.value import Value
from .spellings import Code, TranslationError, js_literal
from .translate import Library

LETTERS = "abcdefhijk"  # of the operands, in JavaScript
# Rows computed with NumPy, which are written in rows.js: the parameter of each, and its default
BY_HAND = {"polygamma": ("n", 0), "sinc": ("order", 0), "i0": ("order", 0)}


class NoNumbers:
    """A tracer that refuses to let a rule decide by the numbers it was recorded with: another point has others."""

    def refuse(self, *_: Any, **__: Any) -> Any:
        """Raise TranslationError."""
        raise TranslationError("a rule that decides by numbers with Python's `if`, float() or .data")

    def __getattr__(self, name: str) -> Any:
        return self.refuse


SYMBOLICALLY = ModeContext(recording=True, forward_hook=None, backward_hook=None, tracer=NoNumbers())


class RowTable:
    """The rows that a page computes with, in JavaScript, in the order in which they were asked for."""

    def __init__(self) -> None:
        self.library = Library()
        self.rows: list[str] = []
        self.places: dict[Any, int] = {}

    def place(self, row: Op, count: int, params: Mapping[str, Any]) -> int:
        """Return the place of a row in the table. Raises TranslationError with the name of the row."""
        key = (row, count, repr(sorted(params.items())))
        if key not in self.places:
            try:
                spelled = self.spelled(row, count, params)
            except TranslationError as reason:
                raise TranslationError(f"{row.name}: {reason}") from None
            self.places[key] = len(self.rows)
            self.rows.append(spelled)
        return self.places[key]

    def spelled(self, row: Op, count: int, params: Mapping[str, Any]) -> str:
        """Return a row as `[forward, rule, rule, …]`; 0 stands for an operand without a derivative."""
        if count > len(LETTERS):
            raise TranslationError(f"{count} operands")
        letters = LETTERS[:count]
        names = ",".join(letters)
        forward = self.row(row, [Code(letter) for letter in letters], params).number()
        rules = (self.rule(row, i, letters, params) for i in range(count))
        return f"[({names})=>{forward},{','.join(f'(g,z,{names})=>{rule}' if rule else '0' for rule in rules)}]"

    def row(self, row: Op, operands: list[Code], params: Mapping[str, Any]) -> Code:
        """Return a row's forward function on operands."""
        if row.name in BY_HAND and all(isinstance(x, int) for x in params.values()):
            name, default = BY_HAND[row.name]
            return Code(f"{row.name}({operands[0].number()},{params.get(name, default)})")
        if row.scalar is None:
            raise TranslationError("it has no function on single numbers")
        return self.library.call(row.scalar, operands, params)

    def rule(self, row: Op, i: int, letters: str, params: Mapping[str, Any]) -> str:
        """Return a rule of a row as an expression; empty where there is none."""
        try:
            function = row.rules[i]
        except IndexError:  # no rules: not differentiable
            return ""
        return "" if function is None else self.recorded(function, letters, params)

    def rule_text(self, function: Any, count: int, params: Mapping[str, Any]) -> str:
        """Return any rule of `count` operands as a function. Raises TranslationError, or whatever the rule raises."""
        letters = LETTERS[:count]
        return f"(g,z,{','.join(letters)})=>{self.recorded(function, letters, params) or '0'}"

    def recorded(self, function: Any, letters: str, params: Mapping[str, Any]) -> str:
        """Return what a rule records on leaves with these names; empty where it gives no gradient."""
        with SYMBOLICALLY, np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            leaves = [Value(0.5, label=letter) for letter in ("g", "z", *letters)]
            found = function(*leaves, **params)
        return "" if found is None else self.written(found).number()

    def written(self, node: Any) -> Code:
        """Return what a rule recorded. A rule is a few operations, so that this may recurse."""
        if not isinstance(node, Node):
            return js_literal(node)
        if node.op is None:
            return Code(node.label) if node.label else js_literal(node._data)
        return self.row(node.op, [self.written(x) for x in node.inputs], node.params)

    def script(self) -> str:
        """Return the table as JavaScript: `const ROWS = […]`, with the functions that it needs."""
        rows = ",\n".join(self.rows)
        return f"const ROWS=(()=>{{\n{self.library.text(rows)}return [\n{rows}];}})();\n"
