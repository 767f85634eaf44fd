"""Edits of one expression within a statement: operators, brackets, transposes, axes, indices, names, constants."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator
from typing import cast

from .edit import EditOption, Filled, Surroundings, Syntax, parse_syntax
from .value_edits import LOCAL_SLOPES


def call_method(e: Syntax, name: str, arguments: str) -> Syntax:
    """Return the call of a method of an expression."""
    found = parse_syntax(f"_.{name}({arguments})")
    return cast("Syntax", Filled(e).visit(found))


OPPOSITE: dict[type[ast.operator], list[type[ast.operator]]] = {
    ast.Add: [ast.Sub, ast.Mult],
    ast.Sub: [ast.Add, ast.Mult],
    ast.Mult: [ast.Div, ast.MatMult, ast.Add, ast.Sub],
    ast.Div: [ast.Mult],
    ast.MatMult: [ast.Mult],
    ast.Pow: [ast.Mult],
}


COMPARISON_SYNTAX: list[type[ast.cmpop]] = [ast.Gt, ast.Lt, ast.GtE, ast.LtE, ast.Eq, ast.NotEq]


_TAKEN_FOR = (
    "sum mean max, mean sum, max min sum, min max, argmax argmin, argmin argmax, zeros ones, ones zeros, "
    "zeros_like ones_like, ones_like zeros_like, maximum minimum, minimum maximum, sqrt square abs, square sqrt abs, "
    "sin cos, cos sin, outer multiply, dot multiply outer, matmul multiply, multiply dot divide, divide multiply, "
    "add subtract, subtract add, std var, var std, exp log, log exp, sign abs, abs sign, sinh cosh, cosh sinh, "
    "tanh cosh, copy zeros_like"
)


SWAPPED = {names.split()[0]: names.split()[1:] for names in _TAKEN_FOR.split(", ")}  # functions taken for others


PRODUCTS = ("dot", "matmul", "outer")


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


def product_edits(a: Syntax, b: Syntax, make: Callable[[Syntax, Syntax], Syntax]) -> Iterator[EditOption]:
    """Yield a matrix product with its factors exchanged or transposed."""
    for first, second in ((a, b), (b, a)):
        for x in (first, toggle_transpose(first)):
            for y in (second, toggle_transpose(second)):
                if (x, y) != (a, b):
                    yield (
                        1.5 + 0.2 * ((x is not a and x is not b) + (y is not a and y is not b)),
                        "a transpose",
                        make(x, y),
                    )


def toggle_transpose(e: Syntax) -> Syntax:
    """Return an expression with `.T`, or without the one it has."""
    return e.value if isinstance(e, ast.Attribute) and e.attr == "T" else ast.Attribute(e, "T", ast.Load())


def call(name: str, *args: Syntax) -> Syntax:
    """Return the call of a function by its name."""
    return ast.Call(parse_syntax(name), list(args), [])


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
        for other in SWAPPED.get(e.attr, ()):
            yield 2.0, "another function", ast.Attribute(e.value, other, ast.Load())


def of_call(e: ast.Call) -> Iterator[EditOption]:
    """Yield changes of a call: its axis, its arguments, its function."""
    f = e.func
    name = f.attr if isinstance(f, ast.Attribute) else f.id if isinstance(f, ast.Name) else ""
    method = isinstance(f, ast.Attribute) and not (isinstance(f.value, ast.Name) and f.value.id in ("np", "numpy"))
    if method and isinstance(f, ast.Attribute):
        for other in SWAPPED.get(name, ()):
            if other in ("sum", "mean", "max", "min", "std", "var", "argmax", "argmin", "dot"):
                yield 2.0, "another function", ast.Call(ast.Attribute(f.value, other, ast.Load()), e.args, e.keywords)
        yield 2.5, "a call left out", f.value
    elif e.args and name not in ("zeros", "ones", "zeros_like", "range", "arange"):
        yield 2.5, "a call left out", e.args[0]
    if name in ("sum", "mean", "max", "min", "std", "var", "argmax", "cumsum", "prod"):
        yield from of_axis(e, 0 if method else 1)
    if len(e.args) == 2 and name not in ("zeros",):
        yield 1.6, "the order", ast.Call(f, e.args[::-1], e.keywords)
        if name in PRODUCTS:
            if not method:
                yield from product_edits(e.args[0], e.args[1], lambda a, b: ast.Call(f, [a, b], e.keywords))
            yield 2.0, "the operator", ast.BinOp(e.args[0], ast.Mult(), e.args[1])
    if method and name == "dot" and len(e.args) == 1 and isinstance(f, ast.Attribute):
        yield from product_edits(
            f.value, e.args[0], lambda a, b: ast.Call(ast.Attribute(a, "dot", ast.Load()), [b], [])
        )
        yield 2.0, "the operator", ast.BinOp(f.value, ast.Mult(), e.args[0])
    if name == "where" and len(e.args) == 3:
        yield 1.8, "the order", ast.Call(f, [e.args[0], e.args[2], e.args[1]], [])
    if name == "range":
        yield 2.0, "the order of a loop", call("reversed", e)
        if len(e.args) == 1:
            yield 2.2, "the range of a loop", call("range", ast.Constant(1), e.args[0])
    if name == "reversed" and e.args:
        yield 1.8, "the order of a loop", e.args[0]
    if name in ("transpose", "reshape", "sum") and len(e.args) >= 2:
        for i in range(len(e.args) - 1):
            args = list(e.args)
            args[i], args[i + 1] = args[i + 1], args[i]
            yield 2.5, "axes exchanged", ast.Call(f, args, e.keywords)
    if name == "reshape":
        yield 3.0, "a transpose", toggle_transpose(e)


def of_axis(e: ast.Call, at: int) -> Iterator[EditOption]:
    """Yield a reduction along other axes, and with or without those kept."""
    keywords = {k.arg: k.value for k in e.keywords}
    present = keywords.get("axis", e.args[at] if len(e.args) > at else None)
    args = e.args[:at] if at < len(e.args) else e.args

    def with_axis(axis: str | None, keep: Syntax | None) -> Syntax:
        new = [] if axis is None else [ast.keyword("axis", parse_syntax(axis))]
        return ast.Call(e.func, args, new + ([ast.keyword("keepdims", keep)] if keep is not None else []))

    keep = keywords.get("keepdims")
    text = None if present is None else ast.unparse(present)
    for axis in ("0", "1", "-1", None, "(0, 2, 3)", "(0, 1)", "2"):
        if axis != text:
            yield (1.4 if axis in ("0", "1") else 2.0), "the axis", with_axis(axis, keep)
            yield 2.2, "the axis", with_axis(axis, None if keep is not None else ast.Constant(True))
    yield 1.6, "keepdims", with_axis(text, None if keep is not None else ast.Constant(True))


def of_subscript(e: ast.Subscript, around: Surroundings) -> Iterator[EditOption]:
    """Yield other indices."""
    index = e.slice
    if isinstance(index, (ast.Name, ast.BinOp)):
        for kind in (ast.Sub, ast.Add):
            yield 1.8, "the index", ast.Subscript(e.value, ast.BinOp(index, kind(), ast.Constant(1)), ast.Load())
    if not isinstance(index, ast.Tuple):
        yield 4.0, "an added axis", ast.Subscript(e, parse_syntax("x[:, None]").slice, ast.Load())  # type: ignore[attr-defined]
    yield 4.0, "an index left out", e.value
    if isinstance(e.value, ast.Name) and e.value.id not in around.shapes:
        for name in around.lists:
            if name != e.value.id:
                yield 2.2, "another list", ast.Subscript(ast.Name(name, ast.Load()), index, ast.Load())
    yield 3.8, "a sum", call_method(e.value, "sum", "axis=0")
    if (shape := around.shapes.get(ast.unparse(e))) is not None:
        for other, its in around.shapes.items():
            if other != ast.unparse(e) and its == shape:
                yield 2.6, "another variable", other
    for k, part in enumerate(index.elts if isinstance(index, ast.Tuple) else [index]):
        for text in around.indices if not isinstance(part, ast.Slice) else ():
            if text != ast.unparse(part):
                new = copy.copy(index)
                if isinstance(new, ast.Tuple):
                    new.elts = [*new.elts[:k], parse_syntax(text), *new.elts[k + 1 :]]
                yield (
                    2.6,
                    "the index",
                    ast.Subscript(e.value, new if isinstance(new, ast.Tuple) else parse_syntax(text), ast.Load()),
                )


def of_slice(e: ast.Slice) -> Iterator[EditOption]:
    """Yield other slices."""
    if e.lower is not None and e.upper is None:
        yield 1.8, "a slice", ast.Slice(None, e.lower, e.step)
    if e.upper is not None and e.lower is None:
        yield 1.8, "a slice", ast.Slice(e.upper, None, e.step)
    for name in ("lower", "upper"):
        bound = getattr(e, name)
        for kind in (ast.Add, ast.Sub):
            if bound is not None:
                new = copy.copy(e)
                setattr(new, name, ast.BinOp(bound, kind(), ast.Constant(1)))
                yield 2.2, "a slice", new
    if e.step is None:
        yield 3.0, "a slice reversed", ast.Slice(e.lower, e.upper, parse_syntax("-1"))
    else:
        yield 2.0, "a slice", ast.Slice(e.lower, e.upper, None)


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
