"""Matrix products with their factors exchanged or transposed, and the expressions that are made for that."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from .edit import EditOption, Syntax, parse_syntax

MATRIX_CALLS = ("dot", "matmul", "outer")


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
