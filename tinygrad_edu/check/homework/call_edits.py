"""Edits of one call, or of one element of an array: another function, axis, order of arguments, index, slice."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from typing import cast

from .edit import EditOption, Filled, Surroundings, Syntax, parse_syntax
from .product_edits import MATRIX_CALLS, call, product_edits, toggle_transpose

_TAKEN_FOR_TEXT = (
    "sum mean max, mean sum, max min sum, min max, argmax argmin, argmin argmax, zeros ones, ones zeros, "
    "zeros_like ones_like, ones_like zeros_like, maximum minimum, minimum maximum, sqrt square abs, square sqrt abs, "
    "sin cos, cos sin, outer multiply, dot multiply outer, matmul multiply, multiply dot divide, divide multiply, "
    "add subtract, subtract add, std var, var std, exp log, log exp, sign abs, abs sign, sinh cosh, cosh sinh, "
    "tanh cosh, copy zeros_like"
)


TAKEN_FOR = {names.split()[0]: names.split()[1:] for names in _TAKEN_FOR_TEXT.split(", ")}  # functions taken for others


def of_call(e: ast.Call) -> Iterator[EditOption]:
    """Yield changes of a call: its axis, its arguments, its function."""
    f = e.func
    name = f.attr if isinstance(f, ast.Attribute) else f.id if isinstance(f, ast.Name) else ""
    method = isinstance(f, ast.Attribute) and not (isinstance(f.value, ast.Name) and f.value.id in ("np", "numpy"))
    if method and isinstance(f, ast.Attribute):
        for other in TAKEN_FOR.get(name, ()):
            if other in ("sum", "mean", "max", "min", "std", "var", "argmax", "argmin", "dot"):
                yield 2.0, "another function", ast.Call(ast.Attribute(f.value, other, ast.Load()), e.args, e.keywords)
        yield 2.5, "a call left out", f.value
    elif e.args and name not in ("zeros", "ones", "zeros_like", "range", "arange"):
        yield 2.5, "a call left out", e.args[0]
    if name in ("sum", "mean", "max", "min", "std", "var", "argmax", "cumsum", "prod"):
        yield from of_axis(e, 0 if method else 1)
    if len(e.args) == 2 and name not in ("zeros",):
        yield 1.6, "the order", ast.Call(f, e.args[::-1], e.keywords)
        if name in MATRIX_CALLS:
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


def call_method(e: Syntax, name: str, arguments: str) -> Syntax:
    """Return the call of a method of an expression."""
    found = parse_syntax(f"_.{name}({arguments})")
    return cast("Syntax", Filled(e).visit(found))
