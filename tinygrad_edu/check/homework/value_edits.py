"""Edits of all that a statement assigns: a factor, a missing term, a missing derivative, a sum."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import islice

from ..gradient_names import variables_of
from .edit import EditOption, Surroundings, Syntax

MOST_PRODUCTS = 60  # of two arrays that are tried as a missing term


LOCAL_SLOPES = {
    "the derivative of a ReLU": "({0} > 0)",
    "the derivative of tanh": "(1 - {0} ** 2)",
    "the derivative of a sigmoid": "({0} * (1 - {0}))",
}


def whole_value_edits(e: Syntax, around: Surroundings) -> Iterator[EditOption]:
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
                *((2.6, what, f"(_) * {text.format(name)}") for what, text in LOCAL_SLOPES.items()),
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
        elif around.value is not None and shape[1:] == around.value:
            of_gradient = any(variables_of(name))
            texts += [(3.2 if of_gradient else 3.8, f"the sum of {name}", f"{name}.sum(axis=0)")]
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
    if isinstance(e, ast.Constant):
        texts += [(2.6, name, name) for name, shape in around.shapes.items() if shape == around.value]
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
