"""Edits: small changes of one statement that may turn a wrong derivation into a right one.

Each replaces one expression (or the statement) in the syntax tree and can be taken back. They are the mistakes that
people make, the other way round. Whether an edit helps is not decided here.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import Any

from .edit import Edit, Surroundings, Syntax, as_load, located, parse_syntax
from .expression_edits import of_expression
from .product_edits import call
from .value_edits import whole_value_edits


def edits(statement: ast.stmt, parent: ast.AST, around: Surroundings) -> list[Edit]:
    """Return edits of a statement, the cheapest first. `parent` holds the statement."""
    found = list(of_statement(statement, parent, around))
    for expression, holder, name, index in expressions(statement):
        load = isinstance(getattr(expression, "ctx", ast.Load()), ast.Load)
        if not load or (name == "value" and isinstance(getattr(holder, "ctx", None), ast.Store)):
            continue
        listed = isinstance(statement, ast.Return) and isinstance(holder, (ast.Tuple, ast.List, ast.Dict))
        if listed and isinstance(expression, ast.Name):
            continue  # the names in such a list say whose gradients they are
        for cost, what, new in of_expression(expression, holder, around):
            found.append(Edit(cost, what, holder, name, index, expression, located(new, expression)))
    for head, name in ((statement, "value"), (statement, "iter"), (statement, "test")):
        whole = getattr(head, name, None)
        if isinstance(whole, ast.expr):
            parts = list(enumerate(whole.elts)) if isinstance(whole, (ast.Tuple, ast.List)) else [(None, whole)]
            for index, part in parts:
                if isinstance(statement, ast.Return) and isinstance(part, ast.Name):
                    continue  # a wrong variable is wrong in the line that assigns it
                holder, its = (head, name) if index is None else (whole, "elts")
                for cost, what, new in whole_value_edits(part, around) if name == "value" else ():
                    found.append(Edit(cost, what, holder, its, index, part, located(new, part)))
    if isinstance(getattr(statement, "value", None), ast.expr):
        found += of_two_names(statement, around)
    return sorted(found, key=lambda edit: edit.cost)


def of_two_names(statement: ast.stmt, around: Surroundings) -> Iterator[Edit]:
    """Yield the exchange of two variables of one shape, or of two that pick elements, in all that is assigned."""
    value: ast.expr = statement.value  # type: ignore[attr-defined]  # the caller has seen it
    names = variables_in([value], set(around.shapes))
    alike = [pair for pair in combinations(names, 2) if around.shapes[pair[0]] == around.shapes[pair[1]]]
    picking = variables_in([n.slice for n in ast.walk(value) if isinstance(n, ast.Subscript)])
    for a, b in dict.fromkeys([*alike, *combinations(picking[:6], 2)]):
        new = Renamed({a: b, b: a}).visit(copy.deepcopy(value))
        yield Edit(2.8, f"{a} and {b} exchanged", statement, "value", None, value, located(new, value))


def variables_in(expressions: list[ast.expr], among: set[str] | None = None) -> list[str]:
    """Return the variables in expressions, all or those of a set."""
    names = {n.id for e in expressions for n in ast.walk(e) if isinstance(n, ast.Name)}
    return sorted(names if among is None else names & among)


class Renamed(ast.NodeTransformer):
    """Gives variables other names."""

    def __init__(self, names: dict[str, str]) -> None:
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.copy_location(ast.Name(self.names.get(node.id, node.id), node.ctx), node)


def expressions(statement: ast.stmt) -> Iterator[tuple[Syntax, ast.AST, str, int | None]]:
    """Yield the expressions of a statement's own lines, each with the place that holds it."""
    waiting: list[ast.AST] = [statement]
    while waiting:
        holder = waiting.pop()
        for name, value in ast.iter_fields(holder):
            if isinstance(value, ast.expr):
                yield value, holder, name, None
                waiting.append(value)
            elif isinstance(value, list):
                for i, part in enumerate(value):
                    if isinstance(part, ast.expr):
                        yield part, holder, name, i
                    if isinstance(part, (ast.expr, ast.keyword, ast.comprehension)):
                        waiting.append(part)
            elif isinstance(value, (ast.keyword, ast.comprehension)):
                waiting.append(value)


def of_statement(statement: ast.stmt, parent: ast.AST, around: Surroundings) -> Iterator[Edit]:
    """Yield changes of a statement as a whole."""
    for name in ("body", "orelse", "finalbody"):
        body = getattr(parent, name, None)
        if isinstance(body, list) and any(part is statement for part in body):
            index = next(i for i, part in enumerate(body) if part is statement)
            break
    else:
        return

    def edit(cost: float, what: str, new: Any) -> Edit:
        return Edit(cost, what, parent, name, index, statement, located(new, statement))

    yield from of_target(statement, around)
    if isinstance(statement, ast.AugAssign):
        for kind in (ast.Add, ast.Sub, ast.Mult, ast.Div):
            if not isinstance(statement.op, kind):
                cost = 1.5 if {kind, type(statement.op)} in ({ast.Add, ast.Sub}, {ast.Mult, ast.Div}) else 4
                yield edit(cost, "another operator", ast.AugAssign(statement.target, kind(), statement.value))
        yield edit(1.5, "= instead of +=", ast.Assign([statement.target], statement.value))
        if isinstance(statement.target, ast.Subscript) and isinstance(statement.op, (ast.Add, ast.Sub)):
            method = "add" if isinstance(statement.op, ast.Add) else "subtract"
            target = statement.target
            written = call(f"np.{method}.at", as_load(target.value), target.slice, statement.value)
            yield edit(2, "repeated indices added up", ast.Expr(written))
        yield edit(4, "the line left out", ast.Pass())
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target0 = statement.targets[0]
        if isinstance(target0, (ast.Name, ast.Subscript, ast.Attribute)):
            yield edit(1.5, "+= instead of =", ast.AugAssign(target0, ast.Add(), statement.value))
            if isinstance(target0, ast.Subscript):
                written = call("np.add.at", as_load(target0.value), target0.slice, statement.value)
                yield edit(2.5, "repeated indices added up", ast.Expr(written))
            yield edit(4, "-= instead of =", ast.AugAssign(target0, ast.Sub(), statement.value))
            yield edit(5, "*= instead of =", ast.AugAssign(target0, ast.Mult(), statement.value))
        if isinstance(target0, ast.Name):
            for count in around.counts:
                yield edit(6, f"divided by {count}", [statement, ast.parse(f"{target0.id} /= {count}").body[0]])
        if isinstance(target0, (ast.Subscript, ast.Name)):
            yield edit(6, "the line left out", ast.Pass())
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        yield edit(5, "the line left out", ast.Pass())


def of_target(statement: ast.stmt, around: Surroundings) -> Iterator[Edit]:
    """Yield other places of an array to write to."""
    if isinstance(statement, ast.AugAssign):
        target: ast.expr = statement.target
    elif isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target = statement.targets[0]
    else:
        return
    if not isinstance(target, ast.Subscript):
        return
    for holder, name, k, part in index_parts(target):
        for text in around.indices if not isinstance(part, ast.Slice) else ():
            if text != ast.unparse(part):
                yield Edit(2.4, "the index", holder, name, k, part, located(parse_syntax(text), part))


def index_parts(e: ast.Subscript) -> Iterator[tuple[ast.AST, str, int | None, ast.expr]]:
    """Yield the indices of an element, each with the place that holds it."""
    if isinstance(e.slice, ast.Tuple):
        yield from ((e.slice, "elts", k, part) for k, part in enumerate(e.slice.elts))
    else:
        yield e, "slice", None, e.slice


def statements_with_parents(tree: ast.AST) -> Iterable[tuple[ast.stmt, ast.AST]]:
    """Yield every statement with the node that holds it."""
    for parent in ast.walk(tree):
        for name in ("body", "orelse", "finalbody"):
            held = getattr(parent, name, None)
            for part in held if isinstance(held, list) else ():
                if isinstance(part, ast.stmt):
                    yield part, parent
