r"""Precedence: how tightly a row's spelling binds, and where its operands need brackets.

Read off the spelling itself, `"{} * {}"` or `r"\frac{{{}}}{{{}}}"`, so that a row of a user's own needs nothing more.
"""

from __future__ import annotations

import ast
import functools
import re
from enum import IntEnum
from typing import NamedTuple


class Binds(IntEnum):
    """Precedence levels, loosest first."""

    ANYTHING = 0
    CHOICE = 1
    LOGIC = 2
    COMPARISON = 3
    SUM = 4
    PRODUCT = 5
    MINUS = 6
    POWER = 7
    ATOM = 8


class Spelling(NamedTuple):
    """A template with one `{}` a slot, how tightly the whole binds, and what each slot asks of its operand."""

    template: str
    binds: Binds
    slots: tuple[Binds, ...]


PYTHON: dict[type[ast.AST], Binds] = {
    ast.Add: Binds.SUM,
    ast.Sub: Binds.SUM,
    ast.Mult: Binds.PRODUCT,
    ast.Div: Binds.PRODUCT,
    ast.FloorDiv: Binds.PRODUCT,
    ast.Mod: Binds.PRODUCT,
    ast.MatMult: Binds.PRODUCT,
    ast.Pow: Binds.POWER,
}


@functools.cache
def text_spelling(template: str) -> Spelling:
    """Read a text template as Python would; of others, `|{}|` is closed in itself, and `{} xor {}` needs brackets."""
    places = iter(range(template.count("{}")))
    try:
        tree = ast.parse(re.sub(r"\{\}", lambda _: f"slot{next(places)}", template), mode="eval").body
    except SyntaxError:
        binds, asks = (Binds.ANYTHING, Binds.ATOM) if "} " in template else (Binds.ATOM, Binds.ANYTHING)
        return Spelling(template, binds, (asks,) * template.count("{}"))
    asked: dict[str, Binds] = {}
    for parent in ast.walk(tree):
        for name, child in children(parent):
            if isinstance(child, ast.Name) and child.id.startswith("slot"):
                asked[child.id] = demand(parent, name)
    found = [asked.get(f"slot{i}", Binds.ANYTHING) for i in range(template.count("{}"))]
    return Spelling(template, binding(tree), tuple(found))


def children(parent: ast.AST) -> list[tuple[str, ast.AST]]:
    """Return the parts of a syntax node with the names of the fields they are in."""
    return [
        (name, child)
        for name, value in ast.iter_fields(parent)
        for child in (value if isinstance(value, list) else [value])
        if isinstance(child, ast.AST)
    ]


def binding(tree: ast.AST) -> Binds:
    """Return how tightly a piece of Python holds together."""
    if isinstance(tree, ast.BinOp):
        return PYTHON.get(type(tree.op), Binds.ANYTHING)
    if isinstance(tree, ast.UnaryOp):
        return Binds.LOGIC if isinstance(tree.op, ast.Not) else Binds.MINUS
    if isinstance(tree, ast.BoolOp):
        return Binds.LOGIC
    if isinstance(tree, ast.Compare):
        return Binds.COMPARISON
    if isinstance(tree, ast.IfExp):
        return Binds.CHOICE
    return Binds.ATOM


def demand(parent: ast.AST, field: str) -> Binds:
    """Return how tightly an operand in this place must bind to need no brackets."""
    if isinstance(parent, (ast.Attribute, ast.Subscript)) and field == "value":
        return Binds.ATOM
    if isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.Pow):
        return Binds.ATOM if field == "left" else Binds.POWER
    if isinstance(parent, ast.BinOp):
        return binding(parent) if field == "left" else tighter(binding(parent))
    if isinstance(parent, ast.UnaryOp):
        return tighter(binding(parent))
    if isinstance(parent, (ast.BoolOp, ast.Compare)):
        return Binds.SUM
    return Binds.ANYTHING


def tighter(binds: Binds) -> Binds:
    """Return the next tighter precedence; a minus sign directly after another sign is always put in brackets."""
    return {
        Binds.COMPARISON: Binds.SUM,
        Binds.SUM: Binds.PRODUCT,
        Binds.PRODUCT: Binds.POWER,
        Binds.MINUS: Binds.POWER,
    }.get(binds, Binds.ATOM)


TEX_SIGNS = (
    (re.compile(r"\\wedge|\\vee|\\neg|\\mid|\\oplus|\\sim"), Binds.LOGIC),
    (re.compile(r"\\(sum|prod|forall|exists)"), Binds.COMPARISON),  # over all that follows
    (re.compile(r"[<>=]|\\n?eq|\\[gl]eq"), Binds.COMPARISON),
    (re.compile(r"(?<=.)[+-]"), Binds.SUM),
    (re.compile(r"\\cdot|\\;|/|\\ast|\\star|(@|\\frac)\s@"), Binds.PRODUCT),  # wide spaces stand around words, like mod
    (re.compile(r"^\s*[+-]"), Binds.MINUS),
    (re.compile(r"\^|\\frac"), Binds.POWER),
)


@functools.cache
def tex_spelling(template: str) -> Spelling:
    """Read a LaTeX template: operands in brackets of their own are free, others obey the signs around them."""
    plain = template.replace("{}", "@").replace("{{", "{").replace("}}", "}")
    asked = []
    for match in re.finditer("@", plain):
        at = match.start()
        start, stop = group_around(plain, at)
        after = plain[at + 1 :] if start < 0 else plain[at + 1 : stop]
        if re.match(r"\s*[\^_\[]", after):
            asked.append(Binds.ATOM)
        elif plain[start + 1 : stop].strip() == "@":
            base = plain[start : start + 1] == "{" and re.match(r"\}\s*\^", plain[stop:])
            asked.append(Binds.ATOM if base or start < 0 else Binds.ANYTHING)
        else:
            around = outermost(plain[start + 1 : stop])
            sign = strongest(around)
            first = around.lstrip().startswith("@") and plain[start + 1 : at].strip() == ""
            asked.append(Binds.ANYTHING if sign == Binds.ATOM else sign if first else tighter(sign))
    return Spelling(template, strongest(outermost(plain)), tuple(asked))


def group_around(plain: str, at: int) -> tuple[int, int]:
    """Return where the innermost bracket around a place opens and closes; the ends of the whole if there is none."""
    depth, start = 0, at - 1
    while start >= 0 and (depth or plain[start] not in "{([|"):
        depth += (plain[start] in "})]") - (plain[start] in "{([")
        start -= 1
    depth, stop = 0, at + 1
    while stop < len(plain) and (depth or plain[stop] not in "})]|"):
        depth += (plain[stop] in "{([") - (plain[stop] in "})]")
        stop += 1
    return start, stop


def outermost(plain: str) -> str:
    """Return a template without what stands in brackets."""
    before = None
    while before != plain:
        before, plain = plain, re.sub(r"\{[^{}()\[\]]*\}|\([^{}()\[\]]*\)|\[[^{}()\[\]]*\]|\|[^|]*\|", "", plain)
    return plain


def strongest(around: str) -> Binds:
    """Return how tightly the loosest sign of a template without brackets binds."""
    if re.search(r"\\l(floor|eft)", around):
        return Binds.ATOM
    return next((binds for sign, binds in TEX_SIGNS if sign.search(around)), Binds.ATOM)
