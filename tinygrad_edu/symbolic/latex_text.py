"""Text for the body of a LaTeX document: prose with its signs as formulas, tables, program text as it is.

Needs the packages amsmath and amssymb. A letter that has no command is left to a LaTeX that reads Unicode.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

from ..errors.printable import printable

SPECIAL = {"\\": r"\textbackslash{}", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": "$<$", ">": "$>$"}
SPECIAL |= {sign: "\\" + sign for sign in "_%#$&{}"} | {"|": "$|$", '"': "''"}
MATH = {
    "∂": r"\partial ", "∇": r"\nabla ", "Σ": r"\sum ", "·": r"\cdot ", "×": r"\times ", "⊙": r"\odot ", "÷": r"\div ",
    "−": "-", "–": "-", "±": r"\pm ", "≤": r"\leq ", "≥": r"\geq ", "≠": r"\neq ", "≈": r"\approx ", "∝": r"\propto ",
    "→": r"\to ", "∞": r"\infty ", "√": r"\sqrt{\ }", "½": r"\frac{1}{2}", "…": r"\ldots ", "‖": r"\| ", "∈": r"\in ",
    "✓": r"\checkmark ", "✗": r"\times ", "ᵀ": r"^{\top}", "′": "'", "ˣ": "^{x}", "°": r"^{\circ}", "ŷ": r"\hat{y}",
}  # fmt: skip
RAISED = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾ⁿᴸ", "0123456789+-()nL", strict=True))
LOWERED = dict(zip("₀₁₂₃₄₅₆₇₈₉₊₋ₜᵢⱼₖₙ", "0123456789+-tijkn", strict=True))
SIGNS = re.compile(r"(?:.\u0302|[^\x00-\x7f])+")  # with whatever wears a hat


def prose(text: str) -> str:
    """Return text so that LaTeX prints it as it is, with signs and Greek letters as formulas."""
    text = printable(text)
    parts, end = [], 0
    for match in SIGNS.finditer(text):
        parts += [escaped(text[end : match.start()]), f"${signs(match[0]).strip()}$"]
        end = match.end()
    return "".join([*parts, escaped(text[end:])])


def escaped(text: str) -> str:
    """Return ASCII text with the characters escaped that mean something to LaTeX."""
    return "".join(SPECIAL.get(c, c) for c in text)


def signs(text: str) -> str:
    """Return a run of signs as a formula."""
    text = re.sub(r"(.)\u0302", lambda m: rf"\hat{{{m[1]}}}", text)
    for table, mark in ((RAISED, "^"), (LOWERED, "_")):
        run = re.compile(f"[{''.join(table)}]+")
        text = run.sub(lambda m, table=table, mark=mark: f"{mark}{{{''.join(table[c] for c in m[0])}}}", text)  # type: ignore[misc]  # mypy cannot infer a lambda with defaults
    return "".join(c if c.isascii() else MATH.get(c) or greek(c) for c in text)


def greek(letter: str) -> str:
    """Return the command of a Greek letter; any other letter as it is."""
    match = re.fullmatch(r"GREEK (SMALL|CAPITAL) LETTER (\w+)", unicodedata.name(letter, ""))
    if match is None:
        return rf"\text{{{letter}}}"
    name = match[2].lower().replace("lamda", "lambda")
    return "\\" + (name if match[1] == "SMALL" else name.capitalize()) + " "


def table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table, a row a line."""
    lines = [" & ".join(map(prose, row)) + r" \\" for row in (titles, *rows)]
    return "\n".join([rf"\begin{{tabular}}{{{'l' * len(titles)}}}", lines[0], r"\hline", *lines[1:], r"\end{tabular}"])


def verbatim(lines: Iterable[str]) -> str:
    """Return program text as it is."""
    kept = [printable(line).replace(r"\end{verbatim}", r"\end {verbatim}") for line in lines]  # which would end it
    return "\n".join([r"\begin{verbatim}", *kept, r"\end{verbatim}"])
