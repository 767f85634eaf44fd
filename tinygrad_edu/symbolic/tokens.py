"""The tokens of a formula as people write it: numbers, names and signs, in characters that a keyboard has.

The tables name every character that is understood. Knows nothing of what the tokens mean.
"""

from __future__ import annotations

import re
from typing import NamedTuple

CHARACTERS = {  # one character for another, or for an operator
    **dict.fromkeys("·⋅×∙∗⊙∘", "*"),
    **dict.fromkeys("−–‒—", "-"),
    **dict.fromkeys("÷∕⁄", "/"),
    **dict.fromkeys("′’ʹ", "'"),
    **dict.fromkeys("⊤⊺", "ᵀ"),
    **dict.fromkeys("∑", "Σ"),
    **dict.fromkeys("∥", "‖"),
    "≤": "<=", "≥": ">=", "≠": "!=", "∞": "inf", "∧": " and ", "∨": " or ", "ϵ": "ε", "ϕ": "φ",
    "\N{NO-BREAK SPACE}": " ", "\N{NARROW NO-BREAK SPACE}": " ", "\N{THIN SPACE}": " ",
}  # fmt: skip
RAISED = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾ⁿˣ", "0123456789+-()nx", strict=True))
LOWERED = dict(zip("₀₁₂₃₄₅₆₇₈₉ᵢⱼₖ", "0123456789ijk", strict=True))
FRACTIONS = {"½": "(1/2)", "⅓": "(1/3)", "⅔": "(2/3)", "¼": "(1/4)", "¾": "(3/4)", "⅕": "(1/5)", "⅛": "(1/8)"}
TOKEN = re.compile(
    r"(?P<space>\s*)(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<name>[^\W\dᵀ](?:(?!σ)[^\Wᵀ])*)"
    r"|(?P<sign>\*\*|//|<=|>=|==|!=|:=|.))",
    re.DOTALL,
)


class Token(NamedTuple):
    """A number, a name or a sign, with the space before it."""

    kind: str
    text: str
    space: str


NO_TOKEN = Token("end", "", "")


def plain_characters(text: str) -> str:
    """Return text with raised and lowered digits, fractions and other signs as the keyboard has them."""
    text = re.sub(f"[{''.join(RAISED)}]+", lambda m: raised_digits("".join(RAISED[c] for c in m[0])), text)
    text = "".join(LOWERED.get(c, FRACTIONS.get(c, c)) for c in text)
    return "".join(CHARACTERS.get(c, c) for c in text)


def raised_digits(exponent: str) -> str:
    """Return an exponent that was written in raised characters."""
    return f"^{exponent}" if exponent.isalnum() else f"^({exponent})"


def tokens_of(text: str) -> list[Token]:
    """Return the numbers, names and signs of a text."""
    found = []
    for match in TOKEN.finditer(text):
        kind = match.lastgroup or "sign"
        found.append(Token(kind, match[kind], match["space"]))
    return found
