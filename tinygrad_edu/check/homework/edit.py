"""An edit: one expression or statement of a program replaced by another, and what a line may be changed with."""

from __future__ import annotations

import ast
import copy
from dataclasses import dataclass
from typing import Any

Syntax = ast.expr


@dataclass(slots=True)
class Edit:
    """The replacement of a node in a field of its parent. cost: the more likely the smaller. what: in words.

    made: the new node, or the text of it with `_` for the old one, which is parsed when it is tried.
    """

    cost: float
    what: str
    parent: ast.AST
    field: str
    index: int | None
    old: Any
    made: Any

    @property
    def new(self) -> Any:
        """The new node."""
        if isinstance(self.made, str):
            self.made = located(Filled(self.old).visit(parse_syntax(self.made)), self.old)
        return self.made

    def apply(self) -> None:
        """Carry it out."""
        self.replace(self.old, self.new)

    def undo(self) -> None:
        """Take it back."""
        self.replace(self.new, self.old)

    def replace(self, present: Any, node: Any) -> None:
        """Set the field; a list takes the place of one statement."""
        if self.index is None:
            setattr(self.parent, self.field, node)
        else:
            there, count = getattr(self.parent, self.field), len(present) if isinstance(present, list) else 1
            there[self.index : self.index + count] = node if isinstance(node, list) else [node]


@dataclass(slots=True)
class Surroundings:
    """Names that a statement may use: arrays by shape, whole numbers, other numbers, functions of the program, indices.

    value: the shape of what the statement assigns.
    """

    shapes: dict[str, tuple[int, ...]]
    counts: list[str]
    numbers: list[str]
    functions: list[str]
    indices: list[str]
    lists: list[str]
    value: tuple[int, ...] | None


def parse_syntax(text: str) -> Syntax:
    """Return an expression."""
    return ast.parse(text, mode="eval").body


def located(new: Any, old: ast.AST) -> Any:
    """Return a new node with the place of an old one; text as it is."""
    if isinstance(new, str):
        return new
    if isinstance(new, list):
        return [located(part, old) for part in new]
    if not hasattr(new, "lineno"):  # a node of the program keeps its own place
        ast.copy_location(new, old)
    return ast.fix_missing_locations(new)


def as_load(target: Any) -> Any:
    """Return a target as an expression that is read."""
    found = copy.copy(target)
    found.ctx = ast.Load()
    return found


EditOption = tuple[float, str, Syntax | str]  # cost, in words, the new expression or its text with `_` for the old one


class Filled(ast.NodeTransformer):
    """Puts an expression in the place of `_`."""

    def __init__(self, expression: Syntax) -> None:
        self.expression = expression

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return self.expression if node.id == "_" else node
