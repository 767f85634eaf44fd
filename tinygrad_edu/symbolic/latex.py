r"""LaTeX formulas, `\frac{1}{2} x^{2}`, as the text that a keyboard gives: `((1)/(2)) x^(2)`.

The table names every command that is understood; any other is refused by its name.
"""

from __future__ import annotations

import re

from ..errors import FormulaError

GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "varepsilon": "ε", "zeta": "ζ", "eta": "η",
    "theta": "θ", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π", "rho": "ρ", "sigma": "σ",
    "tau": "τ", "phi": "φ", "varphi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω", "Delta": "Δ", "Theta": "Θ",
    "Lambda": "Λ", "Sigma": "Σ", "Phi": "Φ", "Psi": "Ψ", "Omega": "Ω",
}  # fmt: skip
COMMANDS = {  # the meaning of commands without operands
    **GREEK,
    **dict.fromkeys(("cdot", "times", "odot", "circ", "ast"), "*"),
    **dict.fromkeys(("left", "right", "big", "Big", "bigl", "bigr", "displaystyle", "limits", "nolimits"), ""),
    **dict.fromkeys((",", ";", ":", "!", " ", "quad", "qquad"), " "),
    **dict.fromkeys(("top", "intercal"), "T"),
    **dict.fromkeys(("le", "leq"), "<="),
    **dict.fromkeys(("ge", "geq"), ">="),
    **dict.fromkeys(("ne", "neq"), "!="),
    **dict.fromkeys(("lVert", "rVert", "Vert", "|"), "‖"),
    **dict.fromkeys(("lvert", "rvert", "vert"), "|"),
    **dict.fromkeys(("{", "lbrace", "lbrack"), "("),
    **dict.fromkeys(("}", "rbrace", "rbrack"), ")"),
    "div": "/", "lt": "<", "gt": ">", "infty": "inf", "sum": " Σ", "partial": "∂", "prime": "'", "nabla": "∇",
}  # fmt: skip
FUNCTIONS = frozenset(
    (
        *("sin", "cos", "tan", "cot", "sec", "csc", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "coth"),
        *("exp", "ln", "log", "max", "min", "det"),
    )
)
NAMES = frozenset(  # commands whose operand is a name in another type
    ("operatorname", "mathrm", "text", "mathbf", "mathit", "boldsymbol", "bm", "vec", "textrm", "mathop", "textbf")
)
LATEX_PART = re.compile(r"\\([a-zA-Z]+|.)|(.)", re.DOTALL)


def from_latex(text: str) -> str:
    """Return a LaTeX formula in plain characters. Raises FormulaError for a command that is not known."""
    return Latex(text.strip().strip("$")).until("")


class Latex:
    """One pass over a LaTeX formula."""

    def __init__(self, text: str) -> None:
        self.parts = [(match[1] is not None, match[1] or match[2] or "") for match in LATEX_PART.finditer(text)]
        self.at = 0

    def until(self, closing: str) -> str:
        """Return everything up to a closing character, and read that too."""
        written = ""
        while self.at < len(self.parts):
            is_command, part = self.parts[self.at]
            if part == closing and not is_command:
                self.at += 1
                return written
            if part in "_^" and not is_command and written.rstrip().endswith("Σ"):
                self.at += 1
                limit = self.group()
                written = written.rstrip() + (f"_{limit.partition('=')[0].strip()} " if part == "_" else "")
                continue
            if part in "_^" and not is_command and re.search(r"Σ_\w+ $", written):
                self.at += 1
                self.group()  # the upper limit: all of them
                continue
            written += self.part()
        if closing:
            raise FormulaError(f"the LaTeX formula has no `{closing}` for its last opening bracket; read: {written}")
        return written

    def part(self) -> str:
        """Return the meaning of the next command or character."""
        is_command, part = self.parts[self.at]
        self.at += 1
        if not is_command:
            if part == "{":
                return f"({self.until('}')})"
            if part == "^":
                exponent = self.group().strip()
                return f"^{exponent}" if exponent in ("T", "'") or exponent.isalnum() else f"^({exponent})"
            if part == "_":
                return f"_{re.sub(r'[^0-9A-Za-z_]', '', self.group())}"
            return part
        if part in ("frac", "tfrac", "dfrac"):
            over, under = self.group(), self.group()
            return f"({whole_formula(over)}/{whole_formula(under)})"
        if part == "sqrt":
            degree = ""
            if self.parts[self.at : self.at + 1] == [(False, "[")]:
                self.at += 1
                degree = self.until("]")
            inside = self.group()
            return f"(({inside})^(1/{whole_formula(degree)}))" if degree else f" sqrt({inside})"
        if part in NAMES:
            return f" {self.group().strip()}"
        if part in FUNCTIONS:
            return f" {part} "
        if part in COMMANDS:
            return COMMANDS[part]
        raise FormulaError(f"the LaTeX command `\\{part}` is not known; read as far as it: {self.read_so_far()}")

    def group(self) -> str:
        """Return the next group in braces, or the next character alone."""
        while self.parts[self.at : self.at + 1] == [(False, " ")]:
            self.at += 1
        if self.at >= len(self.parts):
            raise FormulaError("the LaTeX formula ends where an operand is wanted")
        if self.parts[self.at] == (False, "{"):
            self.at += 1
            return self.until("}")
        return self.part()

    def read_so_far(self) -> str:
        """Return the text before the part that was read last."""
        return "".join(("\\" if is_command else "") + part for is_command, part in self.parts[: self.at - 1])


def whole_formula(text: str) -> str:
    """Return text that an operator may stand before or behind."""
    text = text.strip()
    return text if text.isalnum() else f"({text})"
