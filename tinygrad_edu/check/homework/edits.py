"""Edits: small changes of one statement that may turn a wrong derivation into a right one.

Each replaces one expression (or the statement) in the syntax tree and can be taken back. They are the mistakes that
people make, the other way round. Whether an edit helps is not decided here.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, cast

Expression = ast.expr


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
            self.made = located(Filled(self.old).visit(parse(self.made)), self.old)
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


def parse(text: str) -> Expression:
    """Return an expression."""
    return ast.parse(text, mode="eval").body


def edits(statement: ast.stmt, parent: ast.AST, around: Surroundings) -> list[Edit]:
    """Return edits of a statement, the cheapest first. `parent` holds the statement."""
    found = list(of_statement(statement, parent, around))
    for expression, holder, name, index in expressions(statement):
        load = isinstance(getattr(expression, "ctx", ast.Load()), ast.Load)
        if not load or (name == "value" and isinstance(getattr(holder, "ctx", None), ast.Store)):
            continue
        for cost, what, new in of_expression(expression, holder, around):
            found.append(Edit(cost, what, holder, name, index, expression, located(new, expression)))
    for head, name in ((statement, "value"), (statement, "iter"), (statement, "test")):
        whole = getattr(head, name, None)
        if isinstance(whole, ast.expr):
            parts = list(enumerate(whole.elts)) if isinstance(whole, (ast.Tuple, ast.List)) else [(None, whole)]
            for index, part in parts:
                holder, its = (head, name) if index is None else (whole, "elts")
                for cost, what, new in of_whole(part, around) if name == "value" else ():
                    found.append(Edit(cost, what, holder, its, index, part, located(new, part)))
    return sorted(found, key=lambda edit: edit.cost)


def located(new: Any, old: ast.AST) -> Any:
    """Return a new node with the place of an old one; text as it is."""
    if isinstance(new, str):
        return new
    if isinstance(new, list):
        return [located(part, old) for part in new]
    if not hasattr(new, "lineno"):  # a node of the program keeps its own place
        ast.copy_location(new, old)
    return ast.fix_missing_locations(new)


def expressions(statement: ast.stmt) -> Iterator[tuple[Expression, ast.AST, str, int | None]]:
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


# statements --------------------------------------------------------------------------------------------------------


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

    if isinstance(statement, ast.AugAssign):
        for kind in (ast.Add, ast.Sub, ast.Mult, ast.Div):
            if not isinstance(statement.op, kind):
                cost = 1.5 if {kind, type(statement.op)} in ({ast.Add, ast.Sub}, {ast.Mult, ast.Div}) else 4
                yield edit(cost, "another operator", ast.AugAssign(statement.target, kind(), statement.value))
        yield edit(1.5, "= instead of +=", ast.Assign([statement.target], statement.value))
        if isinstance(statement.target, ast.Subscript) and isinstance(statement.op, (ast.Add, ast.Sub)):
            method = "add" if isinstance(statement.op, ast.Add) else "subtract"
            call = parse(f"np.{method}.at(0, 0, 0)")
            assert isinstance(call, ast.Call)
            call.args = [loaded(statement.target.value), statement.target.slice, statement.value]
            yield edit(2, "repeated indices added up", ast.Expr(call))
        yield edit(4, "the line left out", ast.Pass())
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target0 = statement.targets[0]
        if isinstance(target0, (ast.Name, ast.Subscript, ast.Attribute)):
            yield edit(1.5, "+= instead of =", ast.AugAssign(target0, ast.Add(), statement.value))
            if isinstance(target0, ast.Subscript):
                call = parse("np.add.at(0, 0, 0)")
                assert isinstance(call, ast.Call)
                call.args = [loaded(target0.value), target0.slice, statement.value]
                yield edit(2.5, "repeated indices added up", ast.Expr(call))
            yield edit(4, "-= instead of =", ast.AugAssign(target0, ast.Sub(), statement.value))
            yield edit(5, "*= instead of =", ast.AugAssign(target0, ast.Mult(), statement.value))
        if isinstance(target0, ast.Name):
            for count in around.counts:
                yield edit(6, f"divided by {count}", [statement, ast.parse(f"{target0.id} /= {count}").body[0]])
        if isinstance(target0, (ast.Subscript, ast.Name)):
            yield edit(6, "the line left out", ast.Pass())
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        yield edit(5, "the line left out", ast.Pass())


def loaded(target: Any) -> Any:
    """Return a target as an expression that is read."""
    found = copy.copy(target)
    found.ctx = ast.Load()
    return found


# expressions -------------------------------------------------------------------------------------------------------


def call_method(e: Expression, name: str, arguments: str) -> Expression:
    """Return the call of a method of an expression."""
    found = parse(f"_.{name}({arguments})")
    return cast("Expression", Filled(e).visit(found))


Change = tuple[float, str, Expression | str]  # cost, in words, the new expression or its text with `_` for the old one
OPPOSITE: dict[type[ast.operator], list[type[ast.operator]]] = {
    ast.Add: [ast.Sub, ast.Mult],
    ast.Sub: [ast.Add, ast.Mult],
    ast.Mult: [ast.Div, ast.MatMult, ast.Add, ast.Sub],
    ast.Div: [ast.Mult],
    ast.MatMult: [ast.Mult],
    ast.Pow: [ast.Mult],
}
COMPARISONS: list[type[ast.cmpop]] = [ast.Gt, ast.Lt, ast.GtE, ast.LtE, ast.Eq, ast.NotEq]
_TAKEN_FOR = (
    "sum mean max, mean sum, max min sum, min max, argmax argmin, argmin argmax, zeros ones, ones zeros, "
    "zeros_like ones_like, ones_like zeros_like, maximum minimum, minimum maximum, sqrt square abs, square sqrt abs, "
    "sin cos, cos sin, outer multiply, dot multiply outer, matmul multiply, multiply dot divide, divide multiply, "
    "add subtract, subtract add, std var, var std, exp log, log exp, sign abs, abs sign, sinh cosh, cosh sinh, "
    "tanh cosh, copy zeros_like"
)
SWAPPED = {names.split()[0]: names.split()[1:] for names in _TAKEN_FOR.split(", ")}  # functions taken for others
PRODUCTS = ("dot", "matmul", "outer")


def of_expression(e: Expression, holder: ast.AST, around: Surroundings) -> Iterator[Change]:
    """Yield changes of one expression."""
    if isinstance(e, ast.BinOp):
        yield from of_operation(e)
    elif isinstance(e, ast.UnaryOp) and isinstance(e.op, (ast.USub, ast.Not, ast.Invert)):
        yield 1.5, "the sign", e.operand
    elif isinstance(e, ast.Compare) and len(e.ops) == 1:
        for kind in COMPARISONS:
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


def of_operation(e: ast.BinOp) -> Iterator[Change]:
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
        yield from products(left, right, lambda a, b: ast.BinOp(a, ast.MatMult(), b))
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


def products(a: Expression, b: Expression, make: Callable[[Expression, Expression], Expression]) -> Iterator[Change]:
    """Yield a matrix product with its factors exchanged or transposed."""
    for first, second in ((a, b), (b, a)):
        for x in (first, transposed(first)):
            for y in (second, transposed(second)):
                if (x, y) != (a, b):
                    yield (
                        1.5 + 0.2 * ((x is not a and x is not b) + (y is not a and y is not b)),
                        "a transpose",
                        make(x, y),
                    )


def transposed(e: Expression) -> Expression:
    """Return an expression with `.T`, or without the one it has."""
    return e.value if isinstance(e, ast.Attribute) and e.attr == "T" else ast.Attribute(e, "T", ast.Load())


def call(name: str, *args: Expression) -> Expression:
    """Return the call of a function by its name."""
    return ast.Call(parse(name), list(args), [])


def of_constant(e: ast.Constant) -> Iterator[Change]:
    """Yield other constants."""
    x = e.value
    if isinstance(x, bool):
        yield 1.5, "True or False", ast.Constant(not x)
    elif isinstance(x, (int, float)):
        others = [0, 1, 2, -1, 0.5, 3] if isinstance(x, int) else [1.0, 0.0, 2.0, 0.5]
        others += [x + 1, x - 1, 2 * x, x / 2, -x]
        for k, other in enumerate(dict.fromkeys(others)):
            if other != x:
                yield 1.8 + 0.1 * k, "a constant", parse(repr(other))
        if isinstance(x, float):
            yield 3.0, "a constant", parse(repr(1 - x))
    elif x is None:
        yield 2.0, "an axis", ast.Constant(0)
        yield 2.0, "an axis", ast.Constant(1)


def of_name(e: ast.Name, around: Surroundings) -> Iterator[Change]:
    """Yield a transpose, and other names for the same kind of thing."""
    if e.id in around.shapes:
        shape = around.shapes[e.id]
        if len(shape) > 1:
            yield 1.6, "a transpose", transposed(e)
        numbers: dict[str, tuple[int, ...]] = dict.fromkeys(around.numbers, ()) if shape == () else {}
        for other, its in (around.shapes | numbers).items():
            if other != e.id:
                cost = 2.0 if its == shape else 3.0
                yield cost - 0.3 * alike(e.id, other), "another variable", other
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


def alike(a: str, b: str) -> int:
    """Tell whether two names differ in little: in one letter, or in a leading d."""
    return int(a[:-1] == b[:-1] or a[1:] == b or b[1:] == a or a.lower() == b.lower())


def of_attribute(e: ast.Attribute) -> Iterator[Change]:
    """Yield an expression without its `.T`."""
    if e.attr == "T":
        yield 1.5, "a transpose", e.value
    elif isinstance(e.value, ast.Name) and e.value.id in ("np", "numpy", "math"):
        for other in SWAPPED.get(e.attr, ()):
            yield 2.0, "another function", ast.Attribute(e.value, other, ast.Load())


def of_call(e: ast.Call) -> Iterator[Change]:
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
                yield from products(e.args[0], e.args[1], lambda a, b: ast.Call(f, [a, b], e.keywords))
            yield 2.0, "the operator", ast.BinOp(e.args[0], ast.Mult(), e.args[1])
    if method and name == "dot" and len(e.args) == 1 and isinstance(f, ast.Attribute):
        yield from products(f.value, e.args[0], lambda a, b: ast.Call(ast.Attribute(a, "dot", ast.Load()), [b], []))
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
        yield 3.0, "a transpose", transposed(e)


def of_axis(e: ast.Call, at: int) -> Iterator[Change]:
    """Yield a reduction along other axes, and with or without those kept."""
    keywords = {k.arg: k.value for k in e.keywords}
    present = keywords.get("axis", e.args[at] if len(e.args) > at else None)
    args = e.args[:at] if at < len(e.args) else e.args

    def with_axis(axis: str | None, keep: Expression | None) -> Expression:
        new = [] if axis is None else [ast.keyword("axis", parse(axis))]
        return ast.Call(e.func, args, new + ([ast.keyword("keepdims", keep)] if keep is not None else []))

    keep = keywords.get("keepdims")
    text = None if present is None else ast.unparse(present)
    for axis in ("0", "1", "-1", None, "(0, 2, 3)", "(0, 1)", "2"):
        if axis != text:
            yield (1.4 if axis in ("0", "1") else 2.0), "the axis", with_axis(axis, keep)
            yield 2.2, "the axis", with_axis(axis, None if keep is not None else ast.Constant(True))
    yield 1.6, "keepdims", with_axis(text, None if keep is not None else ast.Constant(True))


def of_subscript(e: ast.Subscript, around: Surroundings) -> Iterator[Change]:
    """Yield other indices."""
    index = e.slice
    if isinstance(index, (ast.Name, ast.BinOp)):
        for kind in (ast.Sub, ast.Add):
            yield 1.8, "the index", ast.Subscript(e.value, ast.BinOp(index, kind(), ast.Constant(1)), ast.Load())
    if not isinstance(index, ast.Tuple):
        yield 4.0, "an added axis", ast.Subscript(e, parse("x[:, None]").slice, ast.Load())  # type: ignore[attr-defined]
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
                    new.elts = [*new.elts[:k], parse(text), *new.elts[k + 1 :]]
                yield (
                    2.6,
                    "the index",
                    ast.Subscript(e.value, new if isinstance(new, ast.Tuple) else parse(text), ast.Load()),
                )


def of_slice(e: ast.Slice) -> Iterator[Change]:
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
        yield 3.0, "a slice reversed", ast.Slice(e.lower, e.upper, parse("-1"))
    else:
        yield 2.0, "a slice", ast.Slice(e.lower, e.upper, None)


def of_operand(e: Expression, around: Surroundings) -> Iterator[Change]:
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
            for what, text in SLOPES.items():
                yield 3.6, what, f"_ * {text.format(name)}"


class Filled(ast.NodeTransformer):
    """Puts an expression in the place of `_`."""

    def __init__(self, expression: Expression) -> None:
        self.expression = expression

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return self.expression if node.id == "_" else node


MOST_PRODUCTS = 60  # of two arrays that are tried as a missing term
SLOPES = {
    "the derivative of a ReLU": "({0} > 0)",
    "the derivative of tanh": "(1 - {0} ** 2)",
    "the derivative of a sigmoid": "({0} * (1 - {0}))",
}


def of_whole(e: Expression, around: Surroundings) -> Iterator[Change]:
    """Yield changes of all that a statement assigns: factors, missing terms, a missing derivative."""
    texts: list[tuple[float, str, str]] = [
        (2.0, "the sign", "-(_)"),
        (2.2, "a factor 2", "2 * (_)"),
        (2.2, "a factor 1/2", "(_) / 2"),
        (1.8, "a transpose", "(_).T"),
        (3.0, "a sum", "(_).sum(axis=0)"),
        (3.0, "a sum", "(_).sum(axis=1)"),
        (3.2, "a sum", "(_).sum(axis=0, keepdims=True)"),
        (3.2, "a sum", "(_).sum(axis=1, keepdims=True)"),
        (3.6, "a sum", "(_).sum()"),
        (3.6, "an average", "(_).mean(axis=0)"),
    ]
    for count in around.counts:
        texts += [(2.2, f"divided by {count}", f"(_) / {count}"), (2.6, f"times {count}", f"(_) * {count}")]
    for name in around.numbers[:8]:
        texts += [(3.0, f"times {name}", f"(_) * {name}"), (3.4, f"divided by {name}", f"(_) / {name}")]
        texts += [(3.4, f"times 1 - {name}", f"(_) * (1 - {name})")]
    for name, shape in around.shapes.items():
        if around.value is None or shape == around.value:
            texts += [
                *((2.6, what, f"(_) * {text.format(name)}") for what, text in SLOPES.items()),
                (2.8, f"plus {name}", f"(_) + {name}"),
                (2.8, f"minus {name}", f"(_) - {name}"),
                (3.0, f"times {name}", f"(_) * {name}"),
                (3.4, f"times 1 - {name}", f"(_) * (1 - {name})"),
                (3.4, f"divided by {name}", f"(_) / {name}"),
            ]
            for number in around.numbers[:4]:
                texts += [(3.0, f"plus {number} * {name}", f"(_) + {number} * {name}")]
                texts += [(3.0, f"plus 2 * {number} * {name}", f"(_) + 2 * {number} * {name}")]
                texts += [(3.6, f"plus {number} / N * {name}", f"(_) + {number} * {name} / {n}") for n in around.counts]
        elif shape == () or broadcasts(shape, around.value):
            texts += [(3.2, f"times {name}", f"(_) * {name}"), (3.4, f"divided by {name}", f"(_) / {name}")]
    for function in around.functions:
        for name, shape in around.shapes.items():
            if around.value is None or shape == around.value:
                texts += [(3.0, f"times {function}({name})", f"(_) * {function}({name})")]
                texts += [(2.4, f"{function}({name})", f"{function}({name})")]
    for name, shape in around.shapes.items():
        if len(shape) == 2 and around.value is not None and len(around.value) >= 1:
            forms = (f"{name}.T @ (_)", f"{name} @ (_)", f"(_) @ {name}", f"(_) @ {name}.T")
            texts += [(3.3, f"a product with {name}", text) for text in forms]
    if "@" in ast.unparse(e) or "dot(" in ast.unparse(e):
        texts += [(5.0, f"plus {text}", f"(_) + {text}") for text in islice(products_like(around), MOST_PRODUCTS)]
    bare = isinstance(e, ast.Name)  # a factor or a term was left out of a line that only gives another name
    yield from ((cost - 0.6 * bare, what, text) for cost, what, text in texts)


def products_like(around: Surroundings) -> Iterator[str]:
    """Yield matrix products of two arrays that have the shape of what is assigned."""
    matrices = {name: shape for name, shape in around.shapes.items() if len(shape) == 2}
    for a, (m, n) in matrices.items():
        for b, (p, q) in matrices.items():
            for text, inner, shape in (
                (f"{a} @ {b}", n == p, (m, q)), (f"{a}.T @ {b}", m == p, (n, q)), (f"{a} @ {b}.T", n == q, (m, p))
            ):  # fmt: skip
                if inner and shape == around.value:
                    yield text


def broadcasts(shape: tuple[int, ...], to: tuple[int, ...] | None) -> bool:
    """Tell whether one shape is broadcast to another of as many axes."""
    return to is not None and len(shape) == len(to) and all(a in (b, 1) for a, b in zip(shape, to, strict=True))


def statements_with_parents(tree: ast.AST) -> Iterable[tuple[ast.stmt, ast.AST]]:
    """Yield every statement with the node that holds it."""
    for parent in ast.walk(tree):
        for name in ("body", "orelse", "finalbody"):
            held = getattr(parent, name, None)
            for part in held if isinstance(held, list) else ():
                if isinstance(part, ast.stmt):
                    yield part, parent
