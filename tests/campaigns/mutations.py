"""What one thing in a module may become: the changes that `mutate.py` makes, and the code objects that they give."""

from __future__ import annotations

import ast
import copy
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from types import CodeType
from typing import NamedTuple

SWAPS = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.And: ast.Or, ast.Or: ast.And,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
}  # fmt: skip
NO_DIFFERENCE = {  # keywords that change no result
    ("zip", "strict", True),  # states that both have one length by construction; lists of users are compared before
    ("deque", "maxlen", 0),  # saves memory
}
DELETED = (ast.Expr, ast.Assign, ast.AugAssign, ast.Raise, ast.Continue, ast.Delete)
FUNCTIONS = (ast.FunctionDef, ast.Lambda)


class Mutant(NamedTuple):
    """One change: where it is, which lines its statement has, and the module that it gives."""

    line: int
    change: str
    text: str
    statement: range
    later: bool  # whether it is inside a lambda, whose line runs where it is made, and whose code where it is called
    original: CodeType
    module: Callable[[], CodeType]  # compiles, so only where it is asked for

    def codes(self) -> list[tuple[CodeType, CodeType]]:
        """Return the code objects inside the module before and after, where they differ."""
        after = codes(self.module())
        return [(old, after[place]) for place, old in codes(self.original).items() if after.get(place, old) != old]


def changes(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Yield what one node may become, with a word for each change."""
    if isinstance(node, ast.Compare) and type(node.ops[0]) in SWAPS:
        new = copy.deepcopy(node)
        new.ops[0] = SWAPS[type(node.ops[0])]()
        yield "comparison", new
    elif isinstance(node, (ast.BinOp, ast.AugAssign, ast.BoolOp)) and type(node.op) in SWAPS:
        new = copy.deepcopy(node)
        new.op = SWAPS[type(node.op)]()
        yield "operator", new
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.Not, ast.USub)):
        yield "sign", node.operand
    elif isinstance(node, ast.Constant) and isinstance(node.value, (bool, int, float)):
        yield "constant", ast.Constant(not node.value if isinstance(node.value, bool) else node.value + 1)
    elif isinstance(node, ast.Return) and node.value is not None and not isinstance(node.value, ast.Constant):
        yield "returned", ast.Return(ast.Constant(None))
    elif isinstance(node, ast.If):
        new = copy.deepcopy(node)
        new.test = ast.Constant(False)
        yield "condition", new
    if isinstance(node, DELETED) and not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
        yield "deleted", ast.Pass()


def mutants(source: str, path: str) -> Iterator[Mutant]:
    """Yield the mutants of everything inside functions, but for the words of errors."""
    tree, lines = ast.parse(source), source.splitlines()
    original = compile(tree, path, "exec")

    def changed(node: ast.AST, new: ast.AST) -> CodeType:
        return compile(replaced(tree, node, new), path, "exec")

    for node, statement, later in inside(tree, None, False, False):
        for change, new in changes(node):
            line = getattr(node, "lineno", statement.start)
            yield Mutant(line, change, lines[line - 1].strip(), statement, later, original, partial(changed, node, new))


def inside(node: ast.AST, statement: range | None, words: bool, later: bool) -> Iterator[tuple[ast.AST, range, bool]]:
    """Yield the nodes inside functions with the lines of their statements, and whether in a lambda.

    words: whether a node is one of the words of an error, which stay as they are.
    """
    if (isinstance(node, ast.stmt) and statement is not None) or isinstance(node, FUNCTIONS):
        body = node.body if isinstance(getattr(node, "body", None), list) else []
        last = max(node.lineno, body[0].lineno - 1) if body else node.end_lineno  # a block's is its head
        statement = range(node.lineno, (last or node.lineno) + 1)
    if statement is not None and not words and not isinstance(node, FUNCTIONS):
        yield node, statement, later
    words = words or isinstance(node, (ast.Raise, ast.JoinedStr))
    for name, value in ast.iter_fields(node):
        if name not in ("annotation", "returns", "decorator_list", "args" if isinstance(node, FUNCTIONS) else ""):
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST) and not makes_no_difference(node, child):
                    yield from inside(child, statement, words, later or isinstance(node, ast.Lambda))


def makes_no_difference(node: ast.AST, child: ast.AST) -> bool:
    """Return whether a keyword of a call gives the same results with any other value."""
    match node, child:
        case ast.Call(func=ast.Name(id=function)), ast.keyword(arg=str(name), value=ast.Constant(value=value)):
            return (function, name, value) in NO_DIFFERENCE
    return False


def replaced(tree: ast.Module, old: ast.AST, new: ast.AST) -> ast.Module:
    """Return a copy of a module with one node in the place of another."""

    class Replace(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> ast.AST:
            return ast.copy_location(new, node) if node is old else self.generic_visit(copy.copy(node))

        def generic_visit(self, node: ast.AST) -> ast.AST:
            for name, value in ast.iter_fields(node):
                if isinstance(value, list):
                    setattr(node, name, [self.visit(x) if isinstance(x, ast.AST) else x for x in value])
                elif isinstance(value, ast.AST):
                    setattr(node, name, self.visit(value))
            return node

    return ast.fix_missing_locations(Replace().visit(tree))


def codes(module: CodeType) -> dict[tuple[str, int, int], CodeType]:
    """Return the code objects inside a module's by qualified name, first line, and which of those that share both."""
    found, waiting = defaultdict[tuple[str, int], list[CodeType]](list), [module]
    while waiting:
        inner = [c for c in waiting.pop().co_consts if isinstance(c, CodeType)]
        waiting += inner
        for code in inner:
            found[code.co_qualname, code.co_firstlineno].append(code)
    return {(*place, k): code for place, same in found.items() for k, code in enumerate(same)}
