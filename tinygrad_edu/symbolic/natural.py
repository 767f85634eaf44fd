"""Formulas as people write them on paper, `2x² · sin x`, rewritten for the parser, `2*x**2*sin(x)`.

Text in the parser's own notation is returned as it is. `tokens` and `latex` name all characters and LaTeX commands that
are understood. Knows how things are written, and nothing of what they compute.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from ..errors import FormulaError
from .latex import from_latex
from .tokens import NO_TOKEN, Token, plain_characters, tokens_of

KEYWORDS = frozenset(("and", "or", "not", "if", "else", "in", "is", "for", "lambda"))
FUNCTION_LETTERS = frozenset("fgh")  # f(x) is no product, even where nobody said what f is
BARE = frozenset(  # functions whose operand may stand without brackets: sin x
    (
        *("sin", "cos", "tan", "cot", "sec", "csc", "arcsin", "arccos", "arctan", "asin", "acos", "atan"),
        *("sinh", "cosh", "tanh", "arcsinh", "arccosh", "arctanh", "exp", "ln", "log", "log2", "log10", "sqrt"),
        *("abs", "erf", "sign", "sigmoid", "σ", "relu", "softplus"),
    )
)
INVERSES = {name: f"arc{name}" for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")}
SPELLINGS = {"log_10": "log10", "log_2": "log2", "ReLU": "relu", "Relu": "relu", "Sigmoid": "sigmoid", "Tanh": "tanh"}
STRING = re.compile(r"""(?<![\w)])['"]""")  # a quotation mark that is no prime


def to_notation(text: str, known: Collection[str] = (), functions: Collection[str] = ()) -> str:
    """Return a formula in the parser's notation.

    known: names of variables; with them `xy` can be read as x*y, and `W^(2)` as W2.
    functions: names of all functions. Raises FormulaError for a LaTeX command or a sum that is not understood.
    """
    if STRING.search(text):
        return text  # which is no formula: the parser says so
    if "\\" in text:
        text = " ".join(from_latex(text).split())
    return NaturalReader(tokens_of(plain_characters(text)), known, functions).whole()


class NaturalReader:
    """One pass over the tokens of a formula, which writes what it reads in the parser's notation."""

    def __init__(self, tokens: list[Token], known: Collection[str], functions: Collection[str]) -> None:
        self.tokens = tokens
        self.known = known
        self.functions = {*functions, *BARE, *SPELLINGS}
        self.at = 0
        self.bound: list[str] = []  # the indices of the sums around this place
        self.in_bars = False  # whether a | would close an absolute value

    def peek(self, ahead: int = 0) -> Token:
        """Return the next token, which stays to be read."""
        return self.tokens[self.at + ahead] if self.at + ahead < len(self.tokens) else NO_TOKEN

    def take(self) -> Token:
        """Read the next token."""
        token = self.peek()
        self.at += 1
        return token

    def whole(self) -> str:
        """Return the whole formula; a closing bracket too many is left for the parser to point at."""
        written = self.until("")
        while self.peek() is not NO_TOKEN:
            written += self.take().text + self.until("")
        return written

    def until(self, closing: str) -> str:
        """Return everything up to a closing sign, which stays to be read."""
        written, complete = "", False  # whether what was written ends in an operand
        while (token := self.peek()) is not NO_TOKEN and not (token.text == closing and (complete or closing != "|")):
            if token.text in (")", "]") and not closing:
                break
            if self.starts_operand(token, complete and not (token.kind == "number" and written.endswith(")"))):
                written = side_by_side(written, self.operand()) if complete else written + self.operand()
                complete = True
            else:
                self.at += 1
                written += token.space + token.text
                complete = False
        return written

    def starts_operand(self, token: Token, complete: bool) -> bool:
        """Tell whether a token begins an operand; a number begins none right behind another operand."""
        if token.kind == "name":
            return token.text not in KEYWORDS
        if token.kind == "number":
            return not complete
        if token.text == "|":
            return not (complete and self.in_bars)
        return token.text in ("(", "√", "‖", "[")

    def operand(self) -> str:
        """Return one operand with the powers, indices and methods behind it."""
        token = self.take()
        if token.text == "(":
            written = f"{token.space}({self.until(')')}{self.closed()}"
        elif token.text == "[":
            written = self.bracketed(token)
        elif token.text == "|":
            outside, self.in_bars = self.in_bars, True
            written = f"{token.space}abs({self.until('|')}"
            self.in_bars = outside
            written += ")" if self.closed() else ""  # never closed, it is no formula
        elif token.text == "‖":
            written = f"{token.space}norm({self.until('‖')}"
            written += ")" if self.closed() else ""
        elif token.text == "√":
            written = f"{token.space}sqrt{self.in_brackets()}"
        elif token.kind == "name":
            written = token.space + self.named(token.text)
        else:
            written = token.space + token.text
        return written + self.postfix(indexed=token.kind != "number")

    def closed(self) -> str:
        """Read a closing bracket and return it as it was written; nothing where there is none."""
        token = self.peek()
        if token is NO_TOKEN:
            return ""
        self.at += 1
        return token.space + token.text

    def bracketed(self, token: Token) -> str:
        """Return a bracket that is no index: a condition, which is 1 or 0, or a list."""
        inside = self.until("]")
        if re.search(r"[<>]|==|!=", inside):
            return f"{token.space}({inside}{')' if self.closed() else ''}"
        return f"{token.space}[{inside}{self.closed()}"

    def in_brackets(self) -> str:
        """Return the next operand in brackets."""
        if self.peek().text == "(":
            self.at += 1
            return f"({self.until(')')}{self.closed()}"
        return f"({self.signed().strip()})"

    def signed(self) -> str:
        """Return an operand with the signs before it."""
        signs = ""
        while self.peek().text in ("-", "+"):
            signs += self.take().text
        return signs + self.operand() if self.peek() is not NO_TOKEN else signs

    def postfix(self, indexed: bool) -> str:
        """Return powers, transposes, indices, attributes and calls of methods behind an operand.

        indexed: whether a bracket right behind it is an index.
        """
        written = ""
        while True:
            token = self.peek()
            if token.text == "^" and self.peek(1).text in ("T", "ᵀ") and "T" not in self.known:
                self.at += 2
                written += ".T"
            elif token.text == "^":
                self.at += 1
                written += "**" + self.signed().lstrip()
            elif token.text == "**":
                self.at += 1
                written += token.space + "**" + self.signed_as_written()
            elif token.text == "ᵀ":
                self.at += 1
                written += ".T"
            elif token.text == "." and self.peek(1).kind == "name":
                self.at += 2
                written += token.space + "." + self.peek(-1).text
                if self.peek().text == "(":
                    written += self.arguments()
            elif token.text == "[" and not token.space and indexed:
                self.at += 1
                written += f"[{self.until(']')}{self.closed()}"
            else:
                return written

    def signed_as_written(self) -> str:
        """Return an operand with the signs before it, and the spaces between them."""
        signs = ""
        while self.peek().text in ("-", "+"):
            token = self.take()
            signs += token.space + token.text
        return signs + self.operand() if self.peek() is not NO_TOKEN else signs

    def arguments(self) -> str:
        """Return the bracket of a call."""
        token = self.take()
        return f"{token.space}({self.until(')')}{self.closed()}"

    def named(self, name: str) -> str:
        """Return a function with its operand, or a variable."""
        if name.split("_")[0] == "Σ":
            return self.sum_over(name.partition("_")[2])
        name = SPELLINGS.get(name, name)
        primes = 0
        while self.peek().text == "'" and not self.peek().space:
            self.at += 1
            primes += 1
        if primes and name in self.functions and name not in self.known:
            return f"{name}{'_prime' * primes}{self.in_brackets()}"
        name += "_prime" * primes
        if name in BARE and name not in self.known:
            return self.applied(name)
        if self.peek().text == "(" and self.is_called(name):
            return name + self.arguments()
        return self.variable(name)

    def applied(self, name: str) -> str:
        """Return a function of one operand, which may be raised to a power before it is applied: sin²x."""
        power = ""
        if self.peek().text == "^":
            self.at += 1
            power = self.signed().strip()
        if power in ("-1", "(-1)"):
            name, power = INVERSES.get(name, f"1/{name}"), ""
        if self.peek().text == "(":
            written = name + self.arguments()
        elif self.starts_operand(self.peek(), False) or self.is_sign(power != ""):
            written = f"{name}({self.product()})"
        else:
            return name + (f"**{power}" if power else "")  # no operand: the parser says so
        return written + (f"**{power}" if power else "")

    def is_sign(self, raised_digits: bool) -> bool:
        """Tell whether the operand of a function begins here with a sign, as in `exp -x`; `sin - x` is no call."""
        sign, operand = self.peek(), self.peek(1)
        return (
            sign.text == "-" and (raised_digits or bool(sign.space)) and operand is not NO_TOKEN and not operand.space
        )

    def product(self, functions: bool = False) -> str:
        """Return operands side by side, up to an operator; functions: whether a function is one of them."""
        written = self.signed().strip()
        while self.starts_operand(self.peek(), True) and (functions or self.peek().text not in BARE):
            written = side_by_side(written, self.operand())
        return written

    def is_called(self, name: str) -> bool:
        """Tell whether a name before a bracket is a function, and not a factor."""
        if name in self.known:
            return False
        letter = len(name.rstrip("0123456789").removesuffix("_prime").rstrip("_")) == 1
        return (
            name.removesuffix("_prime") in self.functions
            or not letter
            or (name in FUNCTION_LETTERS and name not in self.known)
        )

    def variable(self, name: str) -> str:
        """Return a variable in the spelling that is known: `W^(2)` and `W_2` as W2, `x1` as x_1, `xy` as x*y."""
        if self.peek().text == "^" and self.peek(1).text == "(" and self.peek(3).text == ")":
            whole = name + self.peek(2).text
            if whole in self.known and name not in self.known:
                self.at += 4
                return whole
        stem, _, indices = name.rpartition("_")
        if stem and self.bound and any(index in self.bound for index in indices):
            if indices not in self.bound:
                raise FormulaError(
                    f"`{name}` has other indices than the one that is summed over: write the sum as a product of "
                    "matrices, as in W.T @ δ"
                )
            return stem
        if name in self.known or not self.known or name in self.functions:
            return name
        if name.replace("_", "") in self.known:
            return name.replace("_", "")
        if len(name) > 1 and all(letter in self.known for letter in name):
            return "*".join(name)
        return next((known for known in self.known if known.replace("_", "") == name.replace("_", "")), name)

    def sum_over(self, index: str) -> str:
        """Return a sum over an index, which every array under it runs along."""
        self.bound.append(index or "i")
        written = f"sum({self.product(functions=True)})"
        self.bound.pop()
        return written


def side_by_side(left: str, right: str) -> str:
    """Return the product that is meant by operands side by side: of matrices where one of them is transposed."""
    right = right.lstrip()
    return f"{left} @ {right}" if left.endswith(".T") or re.match(r"\w+\.T\b", right) else f"{left}*{right}"
