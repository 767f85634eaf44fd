"""Reports in LaTeX and Markdown: whatever they say can be typeset, formulas by a reader that is not ours."""

import re

import pytest
from homework import TWO_LAYERS
from matplotlib.mathtext import MathTextParser

from tinygrad_edu.check.compare.formulas import compare_formulas
from tinygrad_edu.check.homework.check import check_program
from tinygrad_edu.check.homework.program import LearnerProgram
from tinygrad_edu.check.mistakes.catalogue import CATALOGUE
from tinygrad_edu.cli import main
from tinygrad_edu.symbolic.latex_text import prose

FORMULA = re.compile(r"\$(.+?)(?<!\\)\$")


def typeset(text):
    """Read every formula of a text as matplotlib does, and return what stands between them."""
    for formula in FORMULA.findall(text):
        MathTextParser("path").parse(f"${formula}$")
    rest = FORMULA.sub("", text)
    assert rest.isascii()
    assert not re.search(r"(?<!\\)[_%#$&]", rest), rest
    return rest


@pytest.mark.parametrize("row", CATALOGUE)
def test_every_row_of_the_catalogue_can_be_typeset(row):
    typeset(prose(f"{CATALOGUE[row].name}: {CATALOGUE[row].fix}"))


def test_letters_and_signs():
    assert prose("δ^(2) & 50 %") == r"$\delta$\textasciicircum{}(2) \& 50 \%"
    assert prose("λ/2·‖W‖²") == r"$\lambda$/2$\cdot \|$W$\| ^{2}$"
    assert prose("x̂ = (x − μ)/σ, W₁ᵀ") == r"$\hat{x}$ = (x $-$ $\mu$)/$\sigma$, W$_{1}^{\top}$"
    typeset(prose("x̂ ŷ Ω ϵ ⊙ ⁻¹ ₜ₋₁ √ ∞ ≤ ½ … ✓ ✗ a{b}~c\\d"))


def test_a_comparison_in_every_format(capsys):
    report = compare_formulas("sin(x**2)", ["cos(x)*2*x"], "", {}, 0)
    body = report.latex()
    assert body.count(r"\begin{") == body.count(r"\end{") == 2
    for line in body.splitlines():
        typeset(line.replace(" & ", " ").removesuffix(r" \\"))
    assert main(["check", "x**2", "--hand", "x", "--format", "latex"]) == 1
    assert r"\begin{tabular}" in capsys.readouterr().out


def test_homework_in_every_format():
    report = check_program(LearnerProgram(TWO_LAYERS.replace("dz1 = dh * (z1 > 0)", "dz1 = dh"), "homework.py"))
    body, change = report.latex().split(r"\begin{verbatim}")
    for line in body.splitlines():
        typeset(line.replace(" & ", " ").removesuffix(r" \\"))
    assert "-     dz1 = dh\n" in change
    text = report.markdown()
    assert "| W1 | ✗ | wrong |" in text
    assert "    -     dz1 = dh\n" in text
