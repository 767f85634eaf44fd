"""The program with hooks: a small change of its syntax tree, so that calls and assignments tell the recorder.

The lines stay those of the file. Nothing here runs the program or knows what is recorded.
"""

from __future__ import annotations

import ast
from typing import Any

CALLED, ASSIGNED, GIVEN = "__called__", "__assigned__", "__given__"  # the hooks' names in the program
UNHOOKED = {"super", "locals", "globals", "vars", "dir", "exec", "eval", "isinstance", "len", "range", "print"}
NARROW = {"float32", "float16", "single", "half"}


class InFloat64(ast.NodeTransformer):
    """Computes in float64 what a program asks for in fewer digits."""

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        self.generic_visit(node)
        if node.attr in NARROW and isinstance(node.value, ast.Name):
            node.attr = "float64"
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        asked = [keyword.value for keyword in node.keywords if keyword.arg == "dtype"]
        if isinstance(node.func, ast.Attribute) and node.func.attr in ("astype", "dtype"):
            asked += node.args
        for value in asked:
            if isinstance(value, ast.Constant) and value.value in (*NARROW, "f", "f4", "e", "f2"):
                value.value = "float64"
        return node


class WithHooks(ast.NodeTransformer):
    """Wraps every call, assignment and returned value in a call of a hook."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id in UNHOOKED:
            return node
        return ast.copy_location(hooked(CALLED, [node.func, *node.args], node.keywords), node)

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        names = [target_names(target) for target in node.targets]
        self.generic_visit(node)
        node.value = hook_call(ASSIGNED, node.value, names)
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        names = target_names(node.target)
        self.generic_visit(node)
        if node.value is not None:
            node.value = hook_call(ASSIGNED, node.value, [names])
        return node

    def visit_NamedExpr(self, node: ast.NamedExpr) -> ast.AST:
        self.generic_visit(node)
        node.value = hook_call(ASSIGNED, node.value, [node.target.id])
        return node

    def visit_Return(self, node: ast.Return) -> ast.AST:
        names = target_names(node.value) if node.value is not None else ""
        self.generic_visit(node)
        if node.value is not None:
            node.value = hook_call(ASSIGNED, node.value, [names])
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> Any:
        name, again = ast.unparse(node.target), may_be_read_again(node.target)
        self.generic_visit(node)
        if not again:
            return node
        target = ast.parse(name, mode="eval").body
        note = ast.Expr(hook_call(ASSIGNED, target, [name]))
        for part in ast.walk(note):
            ast.copy_location(part, node)
        return [node, note]


def may_be_read_again(target: ast.expr) -> bool:
    """Tell whether reading a target once more changes nothing."""
    return not any(isinstance(part, (ast.Call, ast.NamedExpr, ast.Await, ast.Yield)) for part in ast.walk(target))


def target_names(target: ast.expr) -> Any:
    """Return the names of a target or a returned expression; a list of them for a tuple; "" for what has none."""
    if isinstance(target, (ast.Tuple, ast.List)):
        return [target_names(part) for part in target.elts]
    if isinstance(target, ast.Dict):
        return {key.value: target_names(x) for key, x in zip(target.keys, target.values, strict=True)
                if isinstance(key, ast.Constant)}  # fmt: skip
    return ast.unparse(target) if isinstance(target, (ast.Name, ast.Attribute, ast.Subscript)) else ""


def hooked(name: str, arguments: list[ast.expr], keywords: list[ast.keyword]) -> ast.Call:
    """Return the call of a hook."""
    return ast.Call(ast.Name(name, ast.Load()), arguments, keywords)


def hook_call(hook: str, value: ast.expr, names: Any) -> ast.expr:
    """Return the call of a hook with an expression and the names of its value."""
    call = hooked(hook, [value, ast.parse(repr(names), mode="eval").body], [])
    for part in (call, call.func, *ast.walk(call.args[1])):
        ast.copy_location(part, value)
    return call


def with_given(tree: ast.Module, names: set[str]) -> ast.Module:
    """Return a script that asks a hook for the value of each of these variables where it first assigns them."""
    left = set(names)
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            found = target_names(statement.targets[0])
            names_here = set(found if isinstance(found, list) else [found])
            if left & names_here:
                left -= names_here
                statement.value = hook_call(GIVEN, statement.value, found)
    return tree


def in_float64(tree: ast.Module) -> ast.Module:
    """Return the program computing in float64."""
    InFloat64().visit(tree)
    return ast.fix_missing_locations(tree)


def with_hooks(tree: ast.Module) -> ast.Module:
    """Return the program with hooks."""
    WithHooks().visit(tree)
    return ast.fix_missing_locations(tree)
