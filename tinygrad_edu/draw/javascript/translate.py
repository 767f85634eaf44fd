"""Translates small Python functions of floats to JavaScript, from their own source.

Only syntax that is listed here and functions of `spellings.py` are translated, with Python's meaning where JavaScript's
differs: the sign of %, rounding half to even, NaN as a condition, the argument that max returns for a tie. Anything
else raises TranslationError. Knows nothing of rows of the table.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import linecache
import operator
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from types import CodeType, FunctionType
from typing import Any

from .spellings import TEMPLATES, TRUTHS, Code, TranslationError, helpers, js_literal

OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Mod: operator.mod,
    ast.FloorDiv: operator.floordiv,
    ast.Pow: operator.pow,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
UNKNOWN: Any = object()  # of an expression whose value depends on the operands


class Library:
    """The JavaScript functions that a page needs, each written once, in an order in which they may stand."""

    def __init__(self) -> None:
        self.functions: dict[Any, Code] = {}  # key -> name
        self.lines: list[str] = []

    def text(self, users: str) -> str:
        """Return the functions, with the helpers of `rows.js` that they and their `users` call."""
        own = "".join(self.lines)
        return own + helpers(own + users)

    def add(self, key: Any, parameters: Sequence[str], body: str, truth: bool = False) -> Code:
        """Add a function and return its name."""
        name = Code(f"f{len(self.functions)}", truth)
        self.functions[key] = name
        self.lines.append(f"function {name.text}({','.join(parameters)}){{{body}}}\n")
        return name

    def call(self, function: Any, arguments: Sequence[Code], params: Mapping[str, Any]) -> Code:
        """Return a call of a Python function. Raises TranslationError."""
        texts = [each.number() for each in arguments]
        if function in (float, int) and len(texts) == 1:  # int() only ever of what is whole
            return Code(texts[0])
        if function in (bool, operator.not_) and len(arguments) == 1:
            return Code(f"{'!' if function is operator.not_ else ''}{arguments[0].condition()}", True)
        for known in (TEMPLATES, TRUTHS):
            template = known.get(function) if callable(function) else None
            if template and not params and template.count("{}") == len(texts):
                return Code(template.format(*texts), known is TRUTHS)
        if not isinstance(function, FunctionType):
            raise TranslationError(f"{getattr(function, '__name__', function)!s:.60} of {len(texts)} numbers")
        key = (function, len(texts), repr(sorted(params.items())))
        if key not in self.functions:
            translated = Translation(self, function, len(texts), params)
            self.add(key, translated.parameters, translated.body(), translated.truth)
        name, truth = self.functions[key]
        return Code(f"{name}({','.join(texts)})", truth)


@cache
def syntax_tree(filename: str) -> ast.Module | None:
    """Return the syntax tree of a source file; None where there is none to read."""
    try:
        return ast.parse("".join(linecache.getlines(filename)))
    except SyntaxError:
        return None


def source_of(function: FunctionType) -> ast.Lambda | ast.FunctionDef:
    """Return the syntax tree of a function; of several lambdas on one line, the one with this code's positions."""
    code: CodeType = function.__code__
    tree = syntax_tree(code.co_filename)
    found = [
        part
        for part in (ast.walk(tree) if tree else ())
        if isinstance(part, (ast.Lambda, ast.FunctionDef)) and part.lineno == code.co_firstlineno
    ]
    if len(found) > 1:
        spans = [p for p in code.co_positions() if p[0] is not None and p[2] is not None and p[2] != p[3]]
        ends = {(line, column) for line, _, column, _ in spans}
        found = [part for part in found if isinstance(part, ast.Lambda) and spans_instructions(part.body, ends)]
    if len(found) != 1:
        raise TranslationError(f"{function.__name__}, whose source cannot be read")
    return found[0]


def spans_instructions(body: ast.expr, starts: set[Any]) -> bool:
    """Return whether an expression spans all places at which the instructions of a function begin."""
    first, last = (body.lineno, body.col_offset), (body.end_lineno, body.end_col_offset)
    within = [first <= at < last for at in starts]
    return any(within) and all(within)


class Translation:
    """The translation of one function of `count` numbers, its other parameters fixed."""

    def __init__(self, library: Library, function: FunctionType, count: int, params: Mapping[str, Any]) -> None:
        self.library, self.function, self.tree = library, function, source_of(function)
        self.truth = False
        self.locals: dict[str, Code] = {}  # by the names of Python; letters of JavaScript
        self.declared: list[str] = []
        self.fixed: dict[str, Any] = {}
        self.rest: tuple[str, list[Code]] = ("", [])
        names = [f"x{k}" for k in range(count)]
        self.parameters = names
        given = inspect.signature(function).parameters.values()
        for parameter in given:
            if parameter.kind is parameter.VAR_POSITIONAL:
                self.rest = (parameter.name, [Code(name) for name in names])
                names = []
            elif names and parameter.kind is not parameter.KEYWORD_ONLY:
                self.locals[parameter.name], names = Code(names[0]), names[1:]
            elif parameter.name in params or parameter.default is not parameter.empty:
                self.fixed[parameter.name] = params.get(parameter.name, parameter.default)
            else:
                raise TranslationError(f"{function.__name__} of {count} numbers")

    def body(self) -> str:
        """Return the statements of the function."""
        if isinstance(self.tree, ast.Lambda):
            found = self.expression(self.tree.body)
            self.truth = found.truth
            text = f"return {found.text}"
        else:
            text = "".join(self.statement(each) for each in self.tree.body)
        return (f"let {','.join(self.declared)};" if self.declared else "") + text

    def statement(self, each: ast.stmt) -> str:
        """Return a statement."""
        match each:
            case ast.Expr(value=ast.Constant()):  # a docstring
                return ""
            case ast.Return(value=ast.expr() as value):
                return f"return {self.expression(value).number()};"
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                text = self.expression(value).number()
                return f"{self.local(name)}={text};"
            case ast.AugAssign(target=ast.Name(id=name), op=op, value=value) if name in self.locals:
                right = self.expression(value)
                text = self.library.call(OPERATORS.get(type(op)), [self.locals[name], right], {}).text
                return f"{self.locals[name].text}={text};"
            case ast.If(test=test, body=then, orelse=other):
                text = f"if({self.expression(test).condition()}){{{self.block(then)}}}"
                return text + (f"else{{{self.block(other)}}}" if other else "")
            case ast.While(test=test, body=body, orelse=[]):
                return f"while({self.expression(test).condition()}){{{self.block(body)}}}"
            case ast.For(target=ast.Name(id=name), iter=ast.Call(func=ast.Name(id="range"), args=args), orelse=[]):
                ends = [self.expression(x).number() for x in args]
                start, stop, step = [["0", *ends, "1"], [*ends, "1"], ends][len(ends) - 1]
                i = self.local(name)
                return f"for({i}={start};{i}<{stop};{i}+={step}){{{self.block(each.body)}}}"
        raise TranslationError(f"`{ast.unparse(each):.60}`")

    def block(self, statements: list[ast.stmt]) -> str:
        """Return several statements."""
        return "".join(map(self.statement, statements))

    def local(self, name: str) -> str:
        """Return the letter of a local variable, declared when it is first assigned."""
        if name not in self.locals:
            self.declared.append(f"y{len(self.declared)}")
            self.locals[name] = Code(self.declared[-1])
        return self.locals[name].text

    def static(self, part: ast.expr) -> Any:
        """Return the value of an expression that no operand enters, or UNKNOWN."""
        match part:
            case ast.Constant(value=value):
                return value
            case ast.Name(id=name):
                return self.outside(name)
            case ast.Attribute(value=value, attr=attr):
                owner = self.static(value)
                return UNKNOWN if owner is UNKNOWN else getattr(owner, attr, UNKNOWN)
            case ast.Call(func=func, args=args, keywords=[]):
                values = [self.static(each) for each in (func, *args)]
                numeric = all(isinstance(x, (int, float)) for x in values[1:])
                known = numeric and len(values) > 1 and values[0] in TEMPLATES if callable(values[0]) else False
                return values[0](*values[1:]) if known else UNKNOWN
        return UNKNOWN

    def outside(self, name: str) -> Any:
        """Return what a name stands for outside the function: a fixed parameter, a closure's, a global, a builtin."""
        if name in self.locals or name == self.rest[0]:
            return UNKNOWN
        if name in self.fixed:
            return self.fixed[name]
        code = self.function.__code__
        if name in code.co_freevars:
            return (self.function.__closure__ or ())[code.co_freevars.index(name)].cell_contents
        return self.function.__globals__.get(name, getattr(builtins, name, UNKNOWN))

    def expression(self, part: ast.expr) -> Code:
        """Return an expression."""
        value = self.static(part)
        if isinstance(value, (bool, int, float)):
            return js_literal(value)
        match part:
            case ast.Name(id=name) if name in self.locals:
                return self.locals[name]
            case ast.NamedExpr(target=ast.Name(id=name), value=inner):
                text = self.expression(inner).number()
                return Code(f"({self.local(name)}={text})")
            case ast.UnaryOp(op=ast.Not(), operand=x):
                return Code(f"!{self.expression(x).condition()}", True)
            case ast.UnaryOp(op=op, operand=x):
                return self.library.call(OPERATORS.get(type(op)), [self.expression(x)], {})
            case ast.BinOp(left=x, op=op, right=y):
                return self.library.call(OPERATORS.get(type(op)), [self.expression(x), self.expression(y)], {})
            case ast.Compare(left=left, ops=ops, comparators=rest):
                sides = [self.expression(each) for each in (left, *rest)]
                tests = [self.library.call(OPERATORS.get(type(op)), sides[k : k + 2], {}) for k, op in enumerate(ops)]
                return tests[0] if len(tests) == 1 else Code(f"({'&&'.join(t.text for t in tests)})", True)
            case ast.BoolOp(op=op, values=values):
                return self.choice_of(isinstance(op, ast.And), [self.expression(each) for each in values])
            case ast.IfExp(test=test, body=x, orelse=y):
                then, other = self.expression(x), self.expression(y)
                both = then.truth and other.truth
                yes, no = (then.text, other.text) if both else (then.number(), other.number())
                return Code(f"({self.expression(test).condition()}?{yes}:{no})", both)
            case ast.Call(func=func, args=args, keywords=keywords):
                return self.call(func, args, keywords)
        raise TranslationError(f"`{ast.unparse(part):.60}`")

    def choice_of(self, both: bool, sides: list[Code]) -> Code:
        """Return Python's `and` or `or`, which give one of their operands."""
        if all(side.truth for side in sides):
            return Code(f"({('&&' if both else '||').join(side.text for side in sides)})", True)
        found = sides[-1].number()
        for side in reversed(sides[:-1]):
            x = side.number()
            found = f"({side.condition()}?{found}:{x})" if both else f"({side.condition()}?{x}:{found})"
        return Code(found)

    def call(self, func: ast.expr, args: list[ast.expr], keywords: list[ast.keyword]) -> Code:
        """Return a call, its starred operands spread out."""
        function = self.static(func)
        given: list[Code] = []
        for arg in args:
            if isinstance(arg, ast.Starred) and isinstance(arg.value, ast.Name) and arg.value.id == self.rest[0]:
                given += self.rest[1]
            else:
                given.append(self.expression(arg))
        params = {k.arg: self.static(k.value) for k in keywords if k.arg}
        if function is UNKNOWN or UNKNOWN in params.values() or len(params) < len(keywords):
            raise TranslationError(f"`{ast.unparse(func):.60}`")
        return self.library.call(function, given, params)
