"""Edits of one expression within a statement: operators, brackets, transposes, axes, indices, names, constants."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .call_edits import TAKEN_FOR, of_call, of_slice, of_subscript
from .edit import EditOption, Surroundings, Syntax, parse_syntax
from .product_edits import call, product_edits, toggle_transpose
from .value_edits import LOCAL_SLOPES

OPPOSITE: dict[type[ast.operator], list[type[ast.operator]]] = {
    ast.Add: [ast.Sub, ast.Mult],
    ast.Sub: [ast.Add, ast.Mult],
    ast.Mult: [ast.Div, ast.MatMult, ast.Add, ast.Sub],
    ast.Div: [ast.Mult],
    ast.MatMult: [ast.Mult],
    ast.Pow: [ast.Mult],
}


COMPARISON_SYNTAX: list[type[ast.cmpop]] = [ast.Gt, ast.Lt, ast.GtE, ast.LtE, ast.Eq, ast.NotEq]


def of_expression(e: Syntax, holder: ast.AST, around: Surroundings) -> Iterator[EditOption]:
    """Yield changes of one expression."""
    if isinstance(e, ast.BinOp):
        yield from of_operation(e)
    elif isinstance(e, ast.UnaryOp) and isinstance(e.op, (ast.USub, ast.Not, ast.Invert)):
        yield 1.5, "the sign", e.operand
    elif isinstance(e, ast.Compare) and len(e.ops) == 1:
        for kind in COMPARISON_SYNTAX:
            if not isinstance(e.ops[0], kind):
                yield 1.5, "the comparison", ast.Compare(e.left, [kind()], e.comparators)
    elif isinstance(e, ast.Constant):
        yield from of_constant(e)
    elif isinstance(e, ast.Name):
        yield from of_name(e, around)
    elif isinstance(e, ast.Attribute):
        yield from of_attribute(e)
    elif isinstance(e, ast.Call):
        yield from of_call(e)
    elif isinstance(e, ast.Subscript):
        yield from of_subscript(e, around)
    elif isinstance(e, ast.Slice):
        yield from of_slice(e)
    elif isinstance(e, ast.Tuple) and isinstance(holder, (ast.Subscript, ast.Call)) and 2 <= len(e.elts) <= 5:
        for i in range(len(e.elts) - 1):
            parts = list(e.elts)
            parts[i], parts[i + 1] = parts[i + 1], parts[i]
            yield 2.5, "axes exchanged", ast.Tuple(parts, ast.Load())
    if isinstance(holder, ast.BinOp) and isinstance(e, (ast.BinOp, ast.Call, ast.Subscript, ast.Name, ast.Attribute)):
        yield from of_operand(e, around)
    if isinstance(holder, (ast.BinOp, ast.Call)) and isinstance(e, ast.Name) and e.id in around.shapes:
        for name, shape in around.shapes.items():
            if shape == around.shapes[e.id]:
                yield 3.4, f"times {name}", f"_ * {name}"
    if isinstance(e, ast.IfExp):
        yield 2, "the condition", ast.IfExp(e.test, e.orelse, e.body)


def of_operation(e: ast.BinOp) -> Iterator[EditOption]:
    """Yield changes of a sum, a product, a quotient, a power."""
    left, right, op = e.left, e.right, e.op
    yield (1.7 if isinstance(right, ast.Constant) else 2), "a term left out", left
    yield (1.7 if isinstance(left, ast.Constant) else 2), "a term left out", right
    for kind in OPPOSITE.get(type(op), ()):
        yield (
            (1.2 if kind in (ast.Add, ast.Sub, ast.Mult, ast.Div) else 2),
            "the operator",
            ast.BinOp(left, kind(), right),
        )
    if not isinstance(op, (ast.Add, ast.Mult)):
        yield 1.5, "the order", ast.BinOp(right, op, left)
    if isinstance(op, ast.MatMult):
        yield from product_edits(left, right, lambda a, b: ast.BinOp(a, ast.MatMult(), b))
        yield 3, "an outer product", call("np.outer", left, right)
    if isinstance(left, ast.BinOp):
        yield 2.8, "two terms left out", left.left
        yield 3.0, "a term left out", ast.BinOp(left.left, op, right)
    if isinstance(left, ast.BinOp):  # (a . b) . c becomes a . (b . c)
        yield 2, "the brackets", ast.BinOp(left.left, left.op, ast.BinOp(left.right, op, right))
        yield 3, "a factor on one summand", ast.BinOp(ast.BinOp(left.left, op, right), left.op, left.right)
    if isinstance(right, ast.BinOp):
        yield 2, "the brackets", ast.BinOp(ast.BinOp(left, op, right.left), right.op, right.right)
        yield 3, "a factor on one summand", ast.BinOp(ast.BinOp(left, op, right.right), right.op, right.left)


def of_constant(e: ast.Constant) -> Iterator[EditOption]:
    """Yield other constants."""
    x = e.value
    if isinstance(x, bool):
        yield 1.5, "True or False", ast.Constant(not x)
    elif isinstance(x, (int, float)):
        others = [0, 1, 2, -1, 0.5, 3] if isinstance(x, int) else [1.0, 0.0, 2.0, 0.5]
        others += [x + 1, x - 1, 2 * x, x / 2, -x]
        for k, other in enumerate(dict.fromkeys(others)):
            if other != x:
                yield 1.8 + 0.1 * k, "a constant", parse_syntax(repr(other))
        if isinstance(x, float):
            yield 3.0, "a constant", parse_syntax(repr(1 - x))
    elif x is None:
        yield 2.0, "an axis", ast.Constant(0)
        yield 2.0, "an axis", ast.Constant(1)


def of_name(e: ast.Name, around: Surroundings) -> Iterator[EditOption]:
    """Yield a transpose, and other names for the same kind of thing."""
    if e.id in around.shapes:
        shape = around.shapes[e.id]
        if len(shape) > 1:
            yield 1.6, "a transpose", toggle_transpose(e)
        numbers: dict[str, tuple[int, ...]] = dict.fromkeys(around.numbers, ()) if shape == () else {}
        for other, its in (around.shapes | numbers).items():
            if other != e.id:
                cost = 2.0 if its == shape else 3.0
                yield cost - 0.3 * similar_names(e.id, other), "another variable", other
        yield 3.2, "a square", "_ ** 2"
        yield 3.5, "a square root", "np.sqrt(_)"
    elif e.id in around.counts:
        for other in around.counts:
            if other != e.id:
                yield 2.2, "another number", other
        for other in ("- 1", "+ 1"):
            yield 2.0, "one more or less", f"_ {other}"
        yield 2.5, "one", ast.Constant(1)
    elif e.id in around.numbers:
        for other in around.numbers:
            if other != e.id:
                yield 2.2, "another number", other
        yield 2.8, "one minus it", "1 - _"
    elif e.id in around.functions:
        for other in around.functions:
            if other != e.id:
                akin = other.startswith(e.id) or e.id.startswith(other)  # sigmoid and sigmoid_prime
                yield (1.7 if akin else 2.2), "another function", other


def similar_names(a: str, b: str) -> int:
    """Tell whether two names differ in little: in one letter, or in a leading d."""
    return int(a[:-1] == b[:-1] or a[1:] == b or b[1:] == a or a.lower() == b.lower())


def of_attribute(e: ast.Attribute) -> Iterator[EditOption]:
    """Yield an expression without its `.T`."""
    if e.attr == "T":
        yield 1.5, "a transpose", e.value
    elif isinstance(e.value, ast.Name) and e.value.id in ("np", "numpy", "math"):
        for other in TAKEN_FOR.get(e.attr, ()):
            yield 2.0, "another function", ast.Attribute(e.value, other, ast.Load())


def of_operand(e: Syntax, around: Surroundings) -> Iterator[EditOption]:
    """Yield an operand with a factor, a square, a sum along an axis."""
    yield 2.4, "a factor 2", ast.BinOp(ast.Constant(2), ast.Mult(), e)
    yield 2.4, "a factor 1/2", ast.BinOp(e, ast.Div(), ast.Constant(2))
    yield 2.4, "the sign", ast.UnaryOp(ast.USub(), e)
    yield 2.6, "a square", ast.BinOp(e, ast.Pow(), ast.Constant(2))
    yield 2.8, "one minus it", ast.BinOp(ast.Constant(1), ast.Sub(), e)
    for count in around.counts:
        yield 2.8, f"divided by {count}", f"_ / {count}"
        yield 3.0, f"times {count}", f"_ * {count}"
    for name in around.numbers[:6]:
        yield 3.0, f"times {name}", f"_ * {name}"
    for text in ("{}.sum(axis=0)", "{}.sum(axis=1, keepdims=True)", "{}.mean(axis=0)", "{}.sum()", "np.sqrt({})"):
        yield 3.5, "a sum", text.format("_")
    for name, shape in around.shapes.items():
        if around.value is not None and shape == around.value:
            yield 4.0, f"times {name}", f"_ * {name}"
            for what, text in LOCAL_SLOPES.items():
                yield 3.6, what, f"_ * {text.format(name)}"
