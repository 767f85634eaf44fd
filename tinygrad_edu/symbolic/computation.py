"""The meaning of a formula's syntax tree: each kind of syntax computes with rows of the table, or is refused.

What a formula computes depends on what its variables are: numbers, arrays, or nodes to record. The tables name all
syntax and all names of functions that mean anything; nothing is ever evaluated by Python.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..core.node import data_of
from ..core.op import TABLE, Op
from ..errors import FormulaError, TinygradEduError
from ..ops.indexing import split_index

CONSTANTS = {"pi": math.pi, "e": math.e, "inf": math.inf, "π": math.pi}
MODULES = frozenset(("np", "numpy", "math", "tg"))  # np.sin(x) means sin(x)
KEYWORDS = frozenset(("axis", "keepdims"))
ALIASES = {
    "Abs": "absolute",
    "abs": "absolute",
    "acos": "arccos",
    "acosh": "arccosh",
    "asin": "arcsin",
    "asinh": "arcsinh",
    "atan": "arctan",
    "atan2": "arctan2",
    "atanh": "arctanh",
    "fabs": "absolute",
    "ln": "log",
    "pow": "power",
    "swish": "silu",
    "transpose": "mT",
    "σ": "sigmoid",
}
OF_TWO = {"max": "maximum", "min": "minimum", "Max": "maximum", "Min": "minimum"}  # of one operand, reductions
PRODUCTS = {"dot": "a product of matrices", "outer": "of every pair"}  # NumPy's, which are no rows of their own
ONE_OVER = {"cot": "tan", "coth": "tanh", "csc": "sin", "csch": "sinh", "sec": "cos", "sech": "cosh"}
OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "add",
    ast.Sub: "subtract",
    ast.Mult: "multiply",
    ast.Div: "divide",
    ast.Pow: "power",
    ast.Mod: "remainder",
    ast.FloorDiv: "floor_divide",
    ast.MatMult: "matmul",
    ast.USub: "negative",
    ast.Not: "logical_not",
    ast.And: "logical_and",
    ast.Or: "logical_or",
    ast.Lt: "less",
    ast.LtE: "less_equal",
    ast.Gt: "greater",
    ast.GtE: "greater_equal",
    ast.Eq: "equal",
    ast.NotEq: "not_equal",
}


class Computation:
    """One computation of a formula: the values of its variables, and what each kind of syntax does with them."""

    def __init__(self, text: str, values: Mapping[str, Any]) -> None:
        self.text = text
        self.values = values

    def of(self, part: ast.expr) -> Any:
        """Compute a part of the formula. Raises FormulaError where it is of a kind that means nothing here."""
        meaning = MEANINGS.get(type(part))
        if meaning is None:
            raise self.refuse(
                part, f"a formula cannot hold this ({type(part).__name__}): only arithmetic and functions"
            )
        try:
            return meaning(self, part)
        except RecursionError:
            raise FormulaError("the formula is nested too deeply: name its parts") from None

    def refuse(self, part: ast.AST, why: str) -> FormulaError:
        """Return the error that points at `part`."""
        return refused(self.text, column_of(self.text, getattr(part, "col_offset", 0)), why)

    def apply(self, part: ast.expr, row: str, *operands: Any, **params: Any) -> Any:
        """Call a row of the table; an error gets a note of where in the formula it was."""
        try:
            return TABLE[row](*operands, **params)
        except TinygradEduError as error:
            error.add_note(str(self.refuse(part, "it was this part of the formula")))
            raise
        except (TypeError, ValueError) as error:
            raise self.refuse(part, f"`{row}` cannot be computed of this: {error}") from None

    def number(self, part: ast.Constant) -> Any:
        number = part.value
        if isinstance(number, bool) or not isinstance(number, (int, float)):
            raise self.refuse(part, f"{number!r:.30} is not a real number")
        return number if isinstance(number, float) or number <= 2**53 else float(min(number, 10**308))

    def variable(self, part: ast.Name) -> Any:
        if part.id in self.values:
            return self.values[part.id]
        if part.id in CONSTANTS:
            return CONSTANTS[part.id]
        known = f" (there are: {', '.join(self.values)})" if self.values else ""
        if (stem := part.id.removesuffix("_prime")) in self.values and stem != part.id:
            slope = f"`{stem}'` does not say by what: write the slope, as a·(1 − a) or σ'(z) is that of a = σ(z)"
            raise self.refuse(part, slope)
        raise self.refuse(part, f"`{part.id}` has no value: give it one, as in {part.id}=2{known}")

    def binary(self, part: ast.BinOp) -> Any:
        if type(part.op) not in OPERATORS:
            raise self.refuse(part.right, "this operator has no meaning in a formula")
        return self.apply(part, OPERATORS[type(part.op)], self.of(part.left), self.of(part.right))

    def unary(self, part: ast.UnaryOp) -> Any:
        x = self.of(part.operand)
        if isinstance(part.op, ast.UAdd):
            return x
        if isinstance(part.op, ast.USub) and type(x) in (int, float):
            return -x  # a negative number is a number
        if type(part.op) not in OPERATORS:
            raise self.refuse(part, "this operator has no meaning in a formula")
        return self.apply(part, OPERATORS[type(part.op)], x)

    def all_of(self, part: ast.BoolOp) -> Any:
        first, *others = map(self.of, part.values)
        for other in others:
            first = self.apply(part, OPERATORS[type(part.op)], first, other)
        return first

    def comparison(self, part: ast.Compare) -> Any:
        operands = [self.of(x) for x in (part.left, *part.comparators)]
        answers = []
        for i, sign in enumerate(part.ops):
            if type(sign) not in OPERATORS:
                raise self.refuse(part, "this comparison has no meaning in a formula")
            answers.append(self.apply(part, OPERATORS[type(sign)], operands[i], operands[i + 1]))
        first, *others = answers
        for other in others:  # a < x < b
            first = self.apply(part, "logical_and", first, other)
        return first

    def choice(self, part: ast.IfExp) -> Any:
        return self.apply(part, "where", self.of(part.test), self.of(part.body), self.of(part.orelse))

    def call(self, part: ast.Call) -> Any:
        called = part.func
        name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
        is_method = isinstance(called, ast.Attribute) and not is_module(called.value)  # x.sum(axis=0)
        count = len(part.args) + is_method
        if name in OF_TWO and count == 2:
            name = OF_TWO[name]
        row = TABLE.get(ALIASES.get(name, name))
        slope_of = slope_row(name)
        if row is None and slope_of is None and name not in ONE_OVER | PRODUCTS:
            raise self.refuse(part, f"there is no function `{name or ast.unparse(called)}` here{closest_names(name)}")
        wanted = 2 if name in PRODUCTS else 1 if row is None else row.text.count("{}")
        if count != wanted:
            raise self.refuse(part, f"`{name}` takes {wanted} operand{'s' * (wanted != 1)}, not {count}")
        operands = [self.of(x) for x in ([called.value] if isinstance(called, ast.Attribute) and is_method else [])]
        operands += [self.of(x) for x in part.args]
        if name in PRODUCTS:
            return getattr(self, name)(part, *operands)
        if slope_of is not None:
            return slope_of.rules[0](1.0, self.apply(part, slope_of.name, *operands), *operands)
        if row is None:
            return self.apply(part, "divide", 1.0, self.apply(part, ONE_OVER[name], *operands))
        params = {}
        for keyword in part.keywords:
            if keyword.arg not in KEYWORDS:
                raise self.refuse(keyword.value, f"only {' and '.join(sorted(KEYWORDS))} may be named in a formula")
            params[keyword.arg] = self.literal(keyword.value)
        return self.apply(part, row.name, *operands, **params)

    def dot(self, part: ast.expr, x: Any, y: Any) -> Any:
        scalar = np.ndim(data_of(x)) == 0 or np.ndim(data_of(y)) == 0
        return self.apply(part, "multiply" if scalar else "matmul", x, y)

    def outer(self, part: ast.expr, x: Any, y: Any) -> Any:
        column_of, row = self.apply(part, "reshape", x, shape=(-1, 1)), self.apply(part, "reshape", y, shape=(1, -1))
        return self.apply(part, "multiply", column_of, row)

    def attribute(self, part: ast.Attribute) -> Any:
        if is_module(part.value) and part.attr in CONSTANTS:
            return CONSTANTS[part.attr]
        if part.attr not in ("T", "mT"):
            raise self.refuse(part, f"`.{part.attr}` means nothing in a formula; `.T` is the transposed matrix")
        x = self.of(part.value)
        return self.apply(part, "mT", x) if np.ndim(getattr(x, "_data", x)) > 1 else x

    def subscript(self, part: ast.Subscript) -> Any:
        parts = part.slice.elts if isinstance(part.slice, ast.Tuple) else [part.slice]
        key, arrays = split_index(tuple(self.index(x) for x in parts))
        return self.apply(part, "getitem", self.of(part.value), *arrays, key=key)

    def index(self, part: ast.expr) -> Any:
        """Return one part of an index: a slice, an integer, `None`, `...`, or an array that is computed."""
        if isinstance(part, ast.Slice):
            return slice(*(x and self.literal(x) for x in (part.lower, part.upper, part.step)))
        if isinstance(part, (ast.Constant, ast.UnaryOp, ast.List)):
            return self.literal(part)
        return self.of(part)

    def literal(self, part: ast.expr) -> Any:
        """Return a plain integer, truth value, None, or tuple of them, which is no operand of the formula."""
        try:
            value = ast.literal_eval(part)
        except ValueError:
            raise self.refuse(part, "a plain integer is wanted here") from None
        if not isinstance(value, (int, tuple, list, type(None), type(...))):
            raise self.refuse(part, "a plain integer is wanted here")
        return value


MEANINGS: dict[type[ast.expr], Callable[[Computation, Any], Any]] = {  # all the syntax that there is
    ast.Attribute: Computation.attribute,
    ast.BinOp: Computation.binary,
    ast.BoolOp: Computation.all_of,
    ast.Call: Computation.call,
    ast.Compare: Computation.comparison,
    ast.Constant: Computation.number,
    ast.IfExp: Computation.choice,
    ast.Name: Computation.variable,
    ast.Subscript: Computation.subscript,
    ast.UnaryOp: Computation.unary,
}


def function_names() -> set[str]:
    """Return the names of all functions that a formula may call."""
    return {*TABLE, *ALIASES, *OF_TWO, *ONE_OVER}


def slope_row(name: str) -> Op | None:
    """Return the row whose derivative `name` is, as `sigmoid_prime` or σ' is that of the sigmoid; else None."""
    stem = name.removesuffix("_prime")
    row = TABLE.get(ALIASES.get(stem, stem)) if stem != name else None
    return row if row is not None and row.elementwise and len(row.rules) == 1 else None


def is_module(part: ast.expr) -> bool:
    """Tell whether `part` is the `np` of `np.sin`."""
    return isinstance(part, ast.Name) and part.id in MODULES


def column_of(text: str, offset: int) -> int:
    """Return the place of a character, given in bytes as the syntax tree has it."""
    return len(text.encode()[:offset].decode(errors="ignore"))


def refused(text: str, at: int, why: str) -> FormulaError:
    """Return the error that shows the formula and points at one column."""
    start = max(0, at - 60)  # a long formula is shown around the place
    return FormulaError(f"{why}\n  {text[start : start + 100]}\n  {' ' * (at - start)}^")


def closest_names(name: str) -> str:
    """Suggest functions whose names are close to `name`."""
    import difflib  # only needed when something is wrong

    close = difflib.get_close_matches(name, [*TABLE, *ALIASES, *OF_TWO], n=3)
    return f"; did you mean {' or '.join(close)}?" if close else ""
