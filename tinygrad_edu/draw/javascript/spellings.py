"""The Python functions of numbers that JavaScript has too, or that `rows.js` has, and how each is spelled there.

Knows neither the syntax of Python nor rows of the table.
"""

from __future__ import annotations

import math
import operator
import re
from functools import cache
from typing import Any, NamedTuple

from ..pages.page import asset

TEMPLATES: dict[Any, str] = {  # functions that are one expression of JavaScript
    operator.add: "({}+{})",
    operator.sub: "({}-{})",
    operator.mul: "({}*{})",
    operator.truediv: "({}/{})",
    operator.neg: "(-{})",
    operator.pos: "(+{})",
    operator.mod: "mod({},{})",
    operator.floordiv: "floorDivide({},{})",
    operator.pow: "power({},{})",
    math.pow: "power({},{})",
    math.fmod: "({}%{})",
    math.floor: "(Math.floor({})+0)",  # Python's is an integer, which has no negative zero
    math.ceil: "(Math.ceil({})+0)",
    math.trunc: "(Math.trunc({})+0)",
    round: "(rint({})+0)",
    abs: "Math.abs({})",
    math.fabs: "Math.abs({})",
    max: "larger({},{})",
    min: "smaller({},{})",
    math.copysign: "copysign({},{})",
    math.radians: "({}*(Math.PI/180))",
    math.degrees: "({}*(180/Math.PI))",
    math.exp2: "Math.pow(2,{})",
    math.erf: "erf({})",
    math.erfc: "erfc({})",
    math.lgamma: "lgamma({})",
    math.nextafter: "nextafter({},{})",
    math.asin: "Math.asin({})",
    math.acos: "Math.acos({})",
    math.atan: "Math.atan({})",
    math.asinh: "Math.asinh({})",
    math.acosh: "Math.acosh({})",
    math.atanh: "Math.atanh({})",
    math.atan2: "Math.atan2({},{})",
    math.hypot: "Math.hypot({},{})",
    **{
        getattr(math, name): f"Math.{name}({{}})"
        for name in ("exp", "expm1", "log", "log2", "log10", "log1p", "sqrt", "cbrt", "sin", "cos", "tan")
    },
    **{getattr(math, name): f"Math.{name}({{}})" for name in ("sinh", "cosh", "tanh")},
}
TRUTHS: dict[Any, str] = {  # those that answer true or false
    operator.lt: "({}<{})",
    operator.le: "({}<={})",
    operator.gt: "({}>{})",
    operator.ge: "({}>={})",
    operator.eq: "({}==={})",
    operator.ne: "({}!=={})",
    math.isnan: "Number.isNaN({})",
    math.isfinite: "Number.isFinite({})",
    math.isinf: "(Math.abs({})===Infinity)",
}


class TranslationError(Exception):
    """Raised for Python that is not translated; the message says which part."""


class Code(NamedTuple):
    """An expression of JavaScript, and whether its value is true or false rather than a number."""

    text: str
    truth: bool = False

    def condition(self) -> str:
        """Return the expression as a condition with Python's meaning: NaN is true."""
        return self.text if self.truth else f"({self.text}!==0)"

    def number(self) -> str:
        """Return the expression as a number: true is 1."""
        return f"(+{self.text})" if self.truth else self.text


@cache
def helper_sources() -> dict[str, str]:
    """Return the functions of `rows.js` by name."""
    parts = asset("rows.js").split("\nfunction ")[1:]
    return {part.partition("(")[0]: f"function {part}\n" for part in parts}


def helpers(text: str) -> str:
    """Return the helper functions that a text calls, directly or through each other."""
    wanted: list[str] = []
    seen = text
    while new := [name for name in helper_sources() if name not in wanted and re.search(rf"\b{name}\(", seen)]:
        wanted += new
        seen = "".join(helper_sources()[name] for name in new)
    return "".join(helper_sources()[name] for name in wanted)


def js_literal(x: Any) -> Code:
    """Return a number of Python as JavaScript writes it."""
    if isinstance(x, bool):
        return Code("true" if x else "false", True)
    if not isinstance(x, (int, float)) or (isinstance(x, int) and abs(x) > 2**53):
        raise TranslationError(f"the constant {x!r:.60}")
    text = repr(x).replace("inf", "Infinity").replace("nan", "NaN")
    return Code(f"({text})" if text.startswith("-") else text)
