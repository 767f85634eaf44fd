"""The tables by which a page reads formulas, made from those by which Python reads them."""

from __future__ import annotations

import ast
from typing import Any

from ...core.op import BUILT_IN, TABLE
from ...symbolic import computation, natural, tokens
from .rows import RowTable
from .spellings import TranslationError

SIGNS: dict[type[ast.AST], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Mod: "%",
    ast.FloorDiv: "//",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.And: "and",
    ast.Or: "or",
}


def row_places(table: RowTable) -> dict[str, int]:
    """Put every row on numbers that needs no parameters into a table, and return the places by name."""
    places = {}
    for name in sorted(BUILT_IN):
        row = TABLE[name]
        if row.scalar is not None and name not in ("polygamma", "identity"):
            try:
                places[name] = table.place(row, row.text.count("{}"), {})
            except TranslationError:  # a formula that holds it is refused by the page
                continue
    return places


def grammar(places: dict[str, int]) -> dict[str, Any]:
    """Return what `natural.js` and `notation.js` read by. places: the rows that there are."""
    return {
        "characters": tokens.CHARACTERS,
        "raised": tokens.RAISED,
        "lowered": tokens.LOWERED,
        "fractions": tokens.FRACTIONS,
        "keywords": sorted(natural.KEYWORDS),
        "letters": sorted(natural.FUNCTION_LETTERS),
        "bare": sorted(natural.BARE),
        "inverses": natural.INVERSES,
        "spellings": natural.SPELLINGS,
        "functions": sorted({*computation.function_names(), *natural.BARE, *natural.SPELLINGS}),
        "constants": {name: x for name, x in computation.CONSTANTS.items() if name != "inf"},
        "aliases": computation.ALIASES,
        "of_two": computation.OF_TWO,
        "one_over": computation.ONE_OVER,
        "operators": {SIGNS[kind]: row for kind, row in computation.OPERATORS.items() if kind in SIGNS},
        "arity": {name: TABLE[name].text.count("{}") for name in places},
    }
