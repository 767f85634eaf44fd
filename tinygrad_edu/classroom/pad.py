"""`tg.derivation_pad`: a page on which a derivative is worked out line by line, each line checked as it is typed.

Python writes down the function, the rows in JavaScript, the tables by which formulas are read, the catalogue of
mistakes and the hints; the page does the rest by itself.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from ..check.compare.formulas import RANGES, compare_formulas, recorded_somewhere
from ..check.compare.report import ComparisonReport
from ..check.gradient_names import variable_of
from ..check.mistakes.catalogue import CATALOGUE, fix_for
from ..check.mistakes.wrong_rules import RIGHT_FORMULAS, wrong_rules
from ..core.backprop import between, history
from ..core.node import Node
from ..core.op import Op
from ..core.value import Value
from ..draw.javascript.grammar import grammar, row_places
from ..draw.javascript.rows import RowTable
from ..draw.javascript.spellings import TranslationError
from ..draw.pages.page import Page, asset, fill_template, json_data
from ..errors import FormulaError
from ..symbolic.formats.text import Brief
from ..symbolic.formula import FormulaWriter
from ..symbolic.names import NodeNames
from ..symbolic.parser import parse
from ..symbolic.precedence import Binds
from ..symbolic.rules import named_leaf
from ..symbolic.textbook import local_rule, textbook_gradient

READER = ("natural.js", "notation.js", "formula.js")  # of formulas
SCRIPTS = ("numbers.js", "random.js", "pad_graph.js", "pad_points.js", "pad_cause.js", "pad_judge.js", "pad.js")
KINDS: dict[str, Any] = {"": None, "2": 2.0, "c": 3.0}  # of a last operand: a node, the number 2, another number
USED = (5, 23, 24)  # rows of the catalogue that the page finds without a rule of its own


def derivation_pad(
    expression: str, path: str | Path | None = None, *, wrt: str = "", at: Mapping[str, float] | None = None
) -> Page:
    """Return a page for working out the derivatives of a formula by hand.

    Each line typed is compared with the right derivative on both sides of every kink; the first wrong line is marked,
    with the mistake's name where it is in the catalogue. Hints come one by one. Its address holds the sheet.
    path: where to save it. wrt: the variable to begin with. at: numbers for variables that shall not vary.
    Raises FormulaError where the formula cannot be read, or is not of single numbers.
    """
    read = parse(expression)
    if wrt and wrt not in read.variables:
        raise FormulaError(f"`{wrt}` is no variable of {expression}; there are: {', '.join(read.variables) or 'none'}")
    node, leaves = recorded_somewhere(read, dict(at or {}), np.random.default_rng(0))
    if not isinstance(node, Value):
        raise FormulaError(f"{expression} is of arrays: a pad is for formulas of single numbers")
    table = RowTable()
    places = row_places(table)
    used = {z.op for z in history(node) if z.op is not None}
    if unknown := sorted(row.name for row in used if row.name not in places):
        raise FormulaError(f"`{unknown[0]}` cannot be computed in a page")
    wrong, numbers = wrong_in_javascript(table, used)
    variables = sorted(leaves, key=lambda name: name != wrt)
    content = {
        "typed": expression,
        "notation": read.text,
        "variables": list(leaves),
        "at": {name: float(x) for name, x in (at or {}).items()},
        "ranges": RANGES,
        "rows": places,
        "words": grammar(places),
        "catalogue": {n: [CATALOGUE[n].name, mend(n, used), CATALOGUE[n].likely] for n in numbers},
        "hints": {name: hints(node, leaf) for name, leaf in leaves.items()},
    }
    parts = {
        "typed": escape(expression),
        "variables": "".join(f"<option>{escape(name)}</option>" for name in variables),
        "data": json_data(content),
    }
    script = table.script() + wrong + "".join(map(asset, (*READER, *SCRIPTS)))
    body = fill_template(asset("pad.html"), parts)
    return Page("A derivative by hand", body, styles=asset("pad.css"), script=script).saved(path)


def wrong_in_javascript(table: RowTable, used: set[Op]) -> tuple[str, list[int]]:
    """Return the catalogued wrong rules of some rows as `const WRONG = {…}`, and the rows of the catalogue they are in.

    The keys of WRONG say row, operand and the kind of the last operand; its values are lists of [number of the
    catalogue, what was written instead, rule].
    """
    spelled, numbers = [], set(USED)
    for row in sorted(used, key=lambda row: row.name):
        count = row.text.count("{}")
        for i in range(count if row.rules else 0):
            for kind, constant in KINDS.items() if count > 1 else [("", None)]:
                rules = []
                for each in wrong_rules(row, i, constant) if row.rules[i] is not None else ():
                    try:
                        rule = table.rule_text(each.rule, count, {})
                    except (TranslationError, TypeError, ValueError):  # a rule for arrays
                        continue
                    rules.append(f"[{each.number},{json_data(each.said)},{rule}]")
                    numbers.add(each.number)
                if rules:
                    spelled.append(f'"{row.name} {i} {kind}":[{",".join(rules)}]')
    text = ",\n".join(spelled)
    return f"const WRONG=(()=>{{{table.library.text(text)}return {{{text}}};}})();\n", sorted(numbers)


def mend(number: int, used: set[Op]) -> str:
    """Return how to mend a mistake, without the indices of layers, for a formula of some rows."""
    right = "; ".join(sorted(RIGHT_FORMULAS[row.name] for row in used if row.name in RIGHT_FORMULAS))
    return re.sub(r"\^\(l[^)]*\)|_jk|_[jk]\b", "", fix_for(number, right=right or "it is in the table of operations"))


def hints(node: Node, leaf: Node) -> list[str]:
    """Return hints for the derivative of `node` by `leaf`, as HTML: the way, the slopes on it, the answer."""
    order = history(node)
    way_there = set(between([leaf], node))
    steps = [z for z in order if z in way_there and z.op is not None]
    names = NodeNames(order)
    names.of[node] = "L"
    writer = FormulaWriter(names, Brief())
    way = "; ".join(formula_html(writer.equation(z, set(order))) for z in steps)
    slopes = [
        local_derivative_text(z, i, names)
        for z in steps
        for i, x in enumerate(z.inputs)
        if isinstance(x, Node) and x in way_there
    ]
    answer = derivative_text(textbook_gradient(node, leaf))
    return [
        f"The way from {escape(names[leaf])} to L: {way}",
        f"The slope of each step: {'; '.join(formula_html(text) for text in slopes if text)}. "
        "Multiply along the way; add where ways meet.",
        f"The answer: ∂L/∂{escape(names[leaf])} = {formula_html(answer)}",
    ]


def formula_html(text: str) -> str:
    """Return a formula as HTML."""
    return f"<code>{escape(text)}</code>".replace("\n", "<br>")


def local_derivative_text(z: Node, i: int, names: NodeNames) -> str:
    """Return the local derivative of a step by one of its operands: "∂v2/∂v1 = x"; empty where it cannot be written."""
    operands = [named_leaf(z, x._data, names[x]) if isinstance(x, Node) else x for x in z.inputs]
    try:
        found = local_rule(z, i, 1.0, named_leaf(z, z._data, names[z]), operands)
    except Exception:  # a rule may be a user's own code
        return ""
    return f"∂{names[z]}/∂{names[z.inputs[i]]} = {derivative_text(found)}"


def derivative_text(found: Any) -> str:
    """Return a derivative as on paper."""
    if not isinstance(found, Node):
        return f"{found:g}".replace("-", "−")
    writer = FormulaWriter(NodeNames(history(found)), Brief())
    return writer.bracketed(writer.piece(found), Binds.SUM)


LARGEST = 10_000  # parts of a line of a sheet, with what its names stand for


def grade_sheet(path: str | Path) -> ComparisonReport:
    """Compare the last line for each derivative on a saved sheet. Raises FormulaError, GradientError."""
    text = Path(path).read_text(encoding="utf-8").splitlines()
    if not text or not text[0].startswith("# L = "):
        raise FormulaError(f"{path} is no sheet of the pad: its first line begins with # L =")
    expression, by = text[0][6:], ""
    defined: dict[str, ast.expr] = {}
    sizes: dict[str, int] = {}
    claims: dict[str, str] = {}
    known = parse(expression).variables
    if not known:
        raise FormulaError(f"{path}: L = {expression:.60} has no variable, so no derivative: write one, as in L = w*x")
    for line in text[1:]:
        left, sign, right = line.partition("=") if not line.startswith("#") else ("", "", "")
        left, right = (left.strip(), right) if sign else ("", line)
        if line.startswith("#") or not right.strip():
            continue
        written = parse(right, (*known, *defined)).tree
        size = sum(sizes.get(part.id, 1) if isinstance(part, ast.Name) else 1 for part in ast.walk(written))
        if size > LARGEST:  # each line may double the one before
            raise FormulaError(
                f"{path}: with its names put in, {line.strip()!r:.60} has {size:,} parts, too many to read"
            )
        tree = Substituted(defined).visit(written)
        name = variable_of(left, known) if left else by or known[0]
        left = re.sub(r"['′]$", "_prime", left)
        if left.isidentifier() and left not in known and name is None:
            defined[left], sizes[left] = tree, size
        elif name is not None:
            by = name
            claims[name] = ast.unparse(tree)
    return compare_formulas(expression, [f"{name} = {claim}" for name, claim in claims.items()], "", {}, 0)


class Substituted(ast.NodeTransformer):
    """Puts what a name stands for in the place of the name."""

    def __init__(self, defined: Mapping[str, ast.expr]) -> None:
        self.defined = defined

    def visit_Name(self, node: ast.Name) -> ast.expr:  # ast's name for it
        """Return the definition of a name, or the name."""
        return self.defined.get(node.id, node)
