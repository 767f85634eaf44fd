"""A second opinion by computer algebra: the derivative as SymPy writes it, and whether a formula equals it everywhere.

Numbers at random points can only refute; here two formulas are shown to be equal. Needs the extra `sympy`.
"""

from __future__ import annotations

import ast
import importlib
from collections.abc import Callable
from typing import Any

from ...errors import FormulaError
from ...symbolic.computation import Computation
from ...symbolic.parser import Expression


def second_opinion(function: Expression, hand: Expression, wrt: str) -> str:
    """Return what computer algebra says of a derivative derived by hand, in one sentence.

    Raises ImportError without SymPy, FormulaError for a function that has no symbolic form here.
    """
    sympy = import_sympy()
    symbols = {name: sympy.Symbol(name, real=True) for name in (*function.variables, *hand.variables)}
    right = sympy.diff(Symbolic(function.text, symbols).of(function.tree), symbols[wrt])
    difference = sympy.simplify(right - Symbolic(hand.text, symbols).of(hand.tree))
    if difference == 0:
        return f"SymPy agrees: the formula by {wrt} equals the derivative everywhere."
    return f"SymPy's derivative by {wrt} is {sympy.simplify(right)}; yours is too small by {difference}."


def import_sympy() -> Any:
    """Return the module `sympy`, which has no types to check against. Raises ImportError."""
    try:
        return importlib.import_module("sympy")
    except ImportError:
        raise ImportError('the symbolic opinion needs SymPy: pip install "tinygrad-edu[sympy]"') from None


class Symbolic(Computation):
    """The computation of a formula on symbols: every row is the function of SymPy that it stands for."""

    def apply(self, part: ast.expr, row: str, *operands: Any, **params: Any) -> Any:
        """Return a row's symbolic form. Raises FormulaError where it has none."""
        form = forms().get(row)
        if form is None or params:
            raise FormulaError(str(self.refuse(part, f"`{row}` has no symbolic form here")))
        return form(*operands)


def forms() -> dict[str, Callable[..., Any]]:
    """Return the symbolic form of every row that has one."""
    sympy = import_sympy()
    named = {
        name: getattr(sympy, name)
        for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "exp", "log", "sqrt", "cbrt")
    }
    inverse = {f"arc{name}": getattr(sympy, f"a{name}") for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")}
    return {
        **named,
        **inverse,
        "absolute": sympy.Abs,
        "add": lambda x, y: x + y,
        "divide": lambda x, y: sympy.sympify(x) / y,
        "expm1": lambda x: sympy.exp(x) - 1,
        "log10": lambda x: sympy.log(x, 10),
        "log1p": lambda x: sympy.log(1 + x),
        "log2": lambda x: sympy.log(x, 2),
        "multiply": lambda x, y: x * y,
        "negative": lambda x: -x,
        "power": lambda x, y: sympy.sympify(x) ** y,
        "reciprocal": lambda x: 1 / sympy.sympify(x),
        "sigmoid": lambda x: 1 / (1 + sympy.exp(-x)),
        "softplus": lambda x: sympy.log(1 + sympy.exp(x)),
        "square": lambda x: sympy.sympify(x) ** 2,
        "subtract": lambda x, y: x - y,
    }
