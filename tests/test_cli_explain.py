import json
import sys

import pytest

from tinygrad_edu.cli import main


def test_explain_prints_the_chain_rule(capsys):
    assert main(["explain", "relu(w*x + b)", "--at", "w=2,x=3,b=-1", "--wrt", "w"]) == 0
    out = capsys.readouterr().out
    assert "= 1 · 1 · 3 = 3" in out
    assert "∂L/∂x" not in out


@pytest.mark.parametrize(
    ("style", "mark"), [("markdown", r"$$\frac{\partial L}"), ("latex", r"\subsection*"), ("json", '"gradients"')]
)
def test_explain_in_other_formats(style, mark, capsys):
    assert main(["explain", "x**2", "--at", "x=3", "--format", style]) == 0
    out = capsys.readouterr().out
    assert mark in out
    if style == "json":
        assert json.loads(out)["gradients"] == {"x": 6.0}


def test_check_is_0_when_right(capsys):
    assert main(["check", "x**2 * sin(x)", "--hand", "2*x*sin(x) + x**2*cos(x)"]) == 0
    assert "✓" in capsys.readouterr().out


def test_check_is_1_when_wrong_and_names_the_mistake(capsys):
    assert main(["check", "x**2 * sin(x)", "--hand", "2*x*sin(x)"]) == 1
    assert "product, quotient or chain rule" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("function", "hand", "status"),
    [
        ("x² sin x", "2x sin x + x² cos x", 0),
        ("(wx + b − y)²", "∂L/∂w = 2(wx + b − y)·x", 0),
        (r"\frac{1}{1+e^{-x}}", r"\frac{e^{-x}}{(1+e^{-x})^{2}}", 0),
        ("x³", "f'(x) = 3x^2", 0),
        ("x³", "y' = 3x^3", 1),
        ("σ(wx)", "dL/dx = wσ'(wx)", 0),
        ("σ(wx)", "dx = σ(wx)(1 − σ(wx))", 1),
    ],
)
def test_check_reads_formulas_as_they_are_written_on_paper(function, hand, status, capsys):
    assert main(["check", function, "--hand", hand, "--at", "w=2,b=1,y=0.5"]) == status
    assert "was read as" in capsys.readouterr().out


def test_check_tries_more_than_the_given_point(capsys):
    assert main(["check", "x**2", "--hand", "x + 2", "--at", "x=2"]) == 1


def test_check_of_several_variables(capsys):
    hands = ["--hand", "w = 2*(w*x - y)*x", "--hand", "x = 2*(w*x - y)*w"]
    assert main(["check", "(w*x - y)**2", *hands]) == 0
    assert main(["check", "(w*x - y)**2", "--hand", "2*(w*x - y)*x", "--wrt", "w"]) == 0
    assert main(["check", "(w*x - y)**2", "--hand", "(w*x - y)*x", "--wrt", "w", "--format", "json"]) == 1
    out = capsys.readouterr().out
    report = json.loads(out[out.index("{") :])
    assert report["mistakes"][0]["number"] == 1


def test_check_finds_a_point_in_a_narrow_domain(capsys):
    assert main(["check", "log(x - 50) * arccos(y)", "--hand", "x = arccos(y)/(x - 50)"]) == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["check", "x 2", "--hand", "2*x"], "side by side"),
        (["check", "w*x", "--hand", "3"], "--wrt w"),
        (["check", "x**2", "--hand", "2*t"], "mentions `t`"),
        (["check", "x**2", "--hand", "__import__('os')"], "no function `__import__`"),
        (["check", "3 + 4", "--hand", "0"], "no variable"),
        (["check", "log(-x**2)", "--hand", "0"], "not finite"),
        (["check", "x**2", "--hand", "2*x", "--at", "x=hello"], "not a number"),
        (["check", "missing.py", "--hand", "g"], "missing.py"),
        (["explain", "w*x", "--at", "w=2"], "`x` has no value"),
        (["explain", "w*x", "--at", "w=2,x=1", "--wrt", "t"], "`t` is no variable"),
        (["explain", "w*x", "--at", "w=2,x=1,y=3"], "`y` is no variable of w*x; there are: w, x"),
        (["explain", "3 + 4"], "3 + 4 has no variable to differentiate by: it is 7.0"),
    ],
)
def test_what_cannot_be_done_is_2_with_one_sentence(arguments, says, capsys):
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert says in captured.err
    assert "Traceback" not in captured.err


def test_numbers_are_one_argument_and_read_as_formulas_are(capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["explain", "w*x", "--at", "w=2", "x=3"])
    assert "x=3; the numbers of variables are one argument: --at w=2,x=3" in capsys.readouterr().err
    assert main(["explain", "x₁·x₂", "--at", "x₁=2,x₂=−3"]) == 0
    assert "= -6" in capsys.readouterr().out
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("tinygrad-edu ")


def test_check_of_a_file(tmp_path, capsys):
    path = tmp_path / "mine.py"
    path.write_text(
        "import numpy as np\n"
        "def f(x):\n    return x**2 * np.sin(x)\n"
        "def right(x):\n    return 2*x*np.sin(x) + x**2*np.cos(x)\n"
        "def wrong(x):\n    return 2*x*np.cos(x)\n"
    )
    assert main(["check", str(path), "--hand", "right"]) == 0
    assert main(["check", str(path), "--hand", "wrong", "--function", "f"]) == 1
    assert "mine.py:3" in capsys.readouterr().out
    assert main(["check", str(path), "--hand", "absent"]) == 2
    assert "f, right, wrong" in capsys.readouterr().err
    path.write_text("1/0\n")
    assert main(["check", str(path), "--hand", "wrong"]) == 2
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_check_asks_sympy_for_a_second_opinion(capsys):
    pytest.importorskip("sympy", reason='needs pip install "tinygrad-edu[sympy]"')
    assert main(["check", "tanh(x)**2", "--hand", "2*tanh(x)*(1 - tanh(x)**2)", "--symbolic"]) == 0
    assert "SymPy agrees" in capsys.readouterr().out
    assert main(["check", "x**3", "--hand", "x**2", "--symbolic"]) == 1
    assert "SymPy's derivative by x is 3*x**2; yours is too small by 2*x**2." in " ".join(
        capsys.readouterr().out.split()
    )
    assert main(["check", "relu(x)", "--hand", "x > 0", "--symbolic"]) == 2
    assert "no symbolic form" in capsys.readouterr().err


def test_without_sympy_the_install_line_is_given(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "sympy", None)
    assert main(["check", "x**2", "--hand", "2*x", "--symbolic"]) == 2
    assert 'pip install "tinygrad-edu[sympy]"' in capsys.readouterr().err


def test_a_formula_may_begin_with_a_minus(capsys):
    assert main(["check", "-0.5*x**2", "--hand", "-x"]) == 0
    assert main(["check", "cos(x)", "--hand", "-sin(x)", "--at", "x=-1"]) == 0
    assert main(["explain", "-x**2", "--at", "x=-2"]) == 0
    assert "L = -x ** 2 = -4" in capsys.readouterr().out


def test_a_mistake_in_a_formula_is_placed_in_no_file(capsys):
    assert main(["check", "sin(x**2)", "--hand", "cos(x)*2*x"]) == 1
    assert "where:     the result of `sin`\n" in capsys.readouterr().out


def test_two_derivatives_by_one_variable_are_refused(capsys):
    assert main(["check", "x**2", "--hand", "2*x", "--hand", "3*x"]) == 2
    assert "two derivatives by `x`" in capsys.readouterr().err


@pytest.mark.filterwarnings("error")
def test_points_outside_the_domain_are_passed_over_in_silence(capsys):
    assert main(["check", "arcsin(x)", "--hand", "1/sqrt(1-x**2)"]) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.filterwarnings("default")
def test_what_is_warned_of_names_no_line_of_the_program(capsys):
    assert main(["explain", "sqrt(x)", "--at", "x=-1"]) == 0
    assert capsys.readouterr().err.startswith("tinygrad-edu explain: sqrt")


def test_a_number_beyond_every_float_is_infinite(capsys):
    assert main(["explain", "2*x", "--at", "x=1e400"]) == 0
    assert "= 2 * x = inf" in capsys.readouterr().out


def test_a_formula_without_a_derivative_is_not_checked(capsys):
    assert main(["check", "x**2"]) == 2
    assert '--hand "2*x"' in capsys.readouterr().err
