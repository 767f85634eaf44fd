"""The derivation pad: it reads formulas as Python does, and says right and wrong only where both are true."""

import math
import random
import warnings

import pytest
from browsing import opened

import tinygrad_edu as tg
from tinygrad_edu.check.mistakes.wrong_rules import wrong_rules
from tinygrad_edu.classroom.pad import KINDS, READER, grade_sheet, wrong_in_javascript
from tinygrad_edu.cli import main
from tinygrad_edu.core.op import BUILT_IN, TABLE
from tinygrad_edu.draw.javascript.grammar import grammar, row_places
from tinygrad_edu.draw.javascript.rows import RowTable
from tinygrad_edu.draw.pages.page import asset, json_data
from tinygrad_edu.errors import FormulaError
from tinygrad_edu.symbolic.computation import ALIASES, OF_TWO, ONE_OVER
from tinygrad_edu.symbolic.natural import to_notation
from tinygrad_edu.symbolic.parser import parse

NEURON = "(sigmoid(w*x + b) - y)**2"
COMPUTE = """(texts) => texts.map(([text, names, point]) => {
  const evaluate = (t) => typeof t === "number" ? t : typeof t === "string" ? point[t]
    : t[0] === "'" ? (([f, r], x) => r(1, f(x), x))(ROWS[PLACES[t[1]]], evaluate(t[2]))
    : ROWS[PLACES[t[0]]][0](...t.slice(1).map(evaluate));
  try {
    const { notation, tree } = READER.read(text, names);
    return [notation, String(evaluate(tree))];
  } catch (error) {
    if (!(error instanceof Unread)) throw error;
    return [null, error.message];
  }
})"""


def written(rng, depth=0):
    """Return a random formula as somebody might write it."""
    if depth > 2 or rng.random() < 0.25:
        return rng.choice(["w", "x", "b", "y", "2", "0.5", "wx", "x²", "3x", "a", "x^2", "2b^3", "½", "x₁"])
    inner = written(rng, depth + 1)
    return rng.choice(
        [
            lambda: f"{inner} + {written(rng, depth + 1)}",
            lambda: f"{inner}−{written(rng, depth + 1)}",
            lambda: f"({inner})·({written(rng, depth + 1)})",
            lambda: f"{inner}/{written(rng, depth + 1)}",
            lambda: f"2({inner})(1−a)x",
            lambda: f"σ({inner})",
            lambda: f"σ'({inner})",
            lambda: f"sin {inner}",
            lambda: f"sin²x·{inner}",
            lambda: f"√({inner})",
            lambda: f"|{inner}|",
            lambda: f"-{inner}",
            lambda: f"max({inner}, 1.5)",
            lambda: f"[{inner} > 0]",
            lambda: f"({inner})^2",
            lambda: f"e^(-{inner})",
            lambda: f"relu({inner}) if x > 0 else {inner}",
            lambda: f"2^-x {inner}",
            lambda: f"arctan {inner}",
            lambda: f"cos⁻¹(x)*{inner}",
        ]
    )()


@pytest.fixture(scope="module")
def reader(browser):
    table = RowTable()
    places = row_places(table)
    page = browser.new_page()
    page.goto("about:blank")
    reader = f"window.READER = formulas({json_data(grammar(places))});"
    script = f"window.PLACES = {json_data(places)}; {reader} window.ROWS = ROWS;"
    page.add_script_tag(content=table.script() + "".join(map(asset, READER)) + script)
    yield page
    page.close()


@pytest.mark.browser
@pytest.mark.filterwarnings("ignore")
def test_formulas_are_read_as_python_reads_them(reader):
    rng, names = random.Random(7), ["w", "x", "b", "y", "a", "x1"]
    point = {"w": 1.3, "x": 0.7, "b": -0.4, "y": 0.2, "a": 0.6, "x1": 2.0}
    texts = [written(rng) for _ in range(600)]
    wrong = "x |; |x; 2|x| |; [x > 0; x^; 2x +; sin; ((x); foo(x); x y; 2 3; 1/2x; 2^-x; -x²; 2^3^2; x = 2"
    texts += wrong.split("; ")
    functions = {*TABLE, *ALIASES, *OF_TWO, *ONE_OVER}
    read = 0
    found = reader.evaluate(COMPUTE, [[text, names, point] for text in texts])
    for text, (notation, value) in zip(texts, found, strict=True):
        try:
            expression = parse(text, names)
            theirs = expression(**point)
        except FormulaError:
            theirs = None
        if notation is None or theirs is None:
            assert notation is None or theirs is None or not math.isfinite(theirs), (text, notation, value, theirs)
            assert notation is not None or theirs is None or "inf" in text, f"{text} is refused in the page: {value}"
            continue
        read += 1
        assert notation.replace(" ", "") == to_notation(text, names, functions).replace(" ", ""), text
        mine = float(value.replace("Infinity", "inf"))
        assert math.isclose(mine, theirs, rel_tol=1e-12) or (math.isnan(mine) and math.isnan(theirs)), text
    assert read > 550


def typed(page, *lines):
    for text in lines:
        page.locator("#sheet input").last.fill(text)
        page.locator("#sheet input").last.press("Enter")
    return page.locator("#sheet li").evaluate_all("all => all.map(l => l.className)")[:-1]


@pytest.mark.browser
def test_right_lines_are_right_and_the_first_wrong_one_is_named(browser, tmp_path):
    with opened(browser, tg.derivation_pad(NEURON, wrt="w").save(tmp_path / "pad.html")) as page:
        right = [
            "a = σ(wx + b)",
            "∂L/∂a = 2(a−y)",
            "∂a/∂w = a(1−a)x",
            "∂L/∂w = 2(a-y)·a(1-a)·x",
            "= 2 (a - y) σ'(wx+b) x",
        ]
        assert typed(page, *right) == ["note", "right", "right", "right", "right"]
        assert page.is_visible("#done")
        assert page.inner_text("#news") == "every line is right"
        assert typed(page, "= 2(a−y)·a·x", "= 2(a-y)")[-2:] == ["wrong first", "wrong"]
        assert "σ instead of σ'" in page.inner_text("#news")
        assert "line 6" in page.inner_text("#news")
        assert not page.is_visible("#done")
    with opened(browser, tmp_path / "pad.html", "#∂L/∂b = 2(σ(wx+b)−y)·σ(wx+b)(1+σ(wx+b))\n") as page:
        assert "wrong formula for the derivative" in page.inner_text("#sheet")
        assert "1 − a" in page.inner_text("#sheet")


VERDICTS = {  # of a formula: a line, what it is, and words of the verdict
    "relu(x)": [("1", "wrong", "")],
    "relu(w*x + b)": [("∂L/∂w = x", "wrong", ""), ("∂L/∂w = [wx + b > 0]x", "right", "both sides")],
    "abs(x)": [("1", "wrong", "")],
    "x*abs(x)": [("2x", "wrong", "")],
    "log(abs(x))": [("1/abs(x)", "wrong", ""), ("1/x", "right", "")],
    "x**2 * sin(x)": [
        ("2x sin x + x² cos x", "right", ""),
        ("2x cos x", "wrong", ""),
        ("2x sin x", "wrong", "path was left out"),
    ],
    "x**3": [("3x³", "wrong", "exponent not lowered"), ("6x²", "wrong", "2 times")],
    "cos(x)": [("sin(x)", "wrong", "wrong sign")],
    "max(x, y)": [("∂L/∂y = [y > x]", "right", "both sides")],
    "w*x": [("∂L/∂w = w", "wrong", "∂L/∂x")],
    "sin(x) - sin(x)": [("0", "right", "")],
    "x / 3": [("0.3333", "note", "digits")],
    "x**2": [("2z", "odd", "z is not in L"), ("2x +", "odd", "too early")],
}


@pytest.mark.browser
@pytest.mark.parametrize("formula", VERDICTS)
def test_verdicts(browser, tmp_path, formula):
    with opened(browser, tg.derivation_pad(formula).save(tmp_path / "pad.html")) as page:
        for line, kind, said in VERDICTS[formula]:
            page.fill("#sheet input >> nth=0", line)
            page.press("#sheet input >> nth=0", "Enter")
            assert page.get_attribute("#sheet li >> nth=0", "class").split()[0] == kind, line
            assert said in page.inner_text("#sheet li >> nth=0"), line


@pytest.mark.browser
def test_works_by_keyboard_in_a_sandbox_in_the_dark_and_narrow(browser, tmp_path):
    page = tg.derivation_pad("relu(w*x + b)**2")
    (tmp_path / "notebook.html").write_text(page._repr_html_(), encoding="utf-8")
    with opened(browser, tmp_path / "notebook.html", scheme="dark", width=400) as there:
        frame = there.frame_locator("iframe")
        frame.locator("#sheet input").focus()
        there.keyboard.type("2relu(wx+b)·x")
        there.keyboard.press("Enter")
        there.keyboard.type("rubbish(")
        there.keyboard.press("ArrowUp")
        assert frame.locator("#sheet li").first.get_attribute("class") == "right"
        frame.locator("#hint").press("Enter")
        frame.locator("#hint").press("Enter")
        frame.locator("#hint").press("Enter")
        assert "2·relu" in frame.locator("#hints").inner_text()
        assert frame.locator("#hint").is_disabled()
        assert frame.locator("html").evaluate("e => e.scrollWidth <= innerWidth")


@pytest.mark.browser
def test_a_sheet_is_in_the_address_and_can_be_saved_and_graded(browser, tmp_path, capsys):
    path = tg.derivation_pad(NEURON, tmp_path / "pad.html", wrt="w") and tmp_path / "pad.html"
    lines = ["a = σ(wx + b)", "∂L/∂w = 2(a−y)·a·x", "= 2(a−y)·a(1−a)x", "∂L/∂b = 2(a-y)a"]
    with opened(browser, path) as page:
        typed(page, *lines)
        there = page.evaluate("location.hash")
        with page.expect_download() as saved:
            page.click("#save")
        saved.value.save_as(tmp_path / "sheet.txt")
    with opened(browser, path, there) as page:
        assert page.locator("#sheet input").evaluate_all("all => all.map(i => i.value)")[:4] == lines
        assert "line 2" in page.inner_text("#news")
    report = grade_sheet(tmp_path / "sheet.txt")
    assert not report.ok
    assert main(["pad", str(tmp_path / "sheet.txt")]) == 1
    rows = {line.split()[0]: line.split()[-1] for line in capsys.readouterr().out.splitlines() if " ()  " in line}
    assert rows == {"w": "correct", "b": "wrong"}
    with pytest.raises(FormulaError, match="no sheet"):
        grade_sheet(path)


@pytest.mark.browser
def test_a_prime_stands_for_what_the_sheet_says(browser, tmp_path):
    path = tg.derivation_pad("(tanh(w*x + b) - y)**2", tmp_path / "pad.html", wrt="w") and tmp_path / "pad.html"
    for lines, kind in (
        (["2(a−y)·a'·x"], "odd"),
        (["a = tanh(wx+b)", "2(a−y)·a'·x"], "odd"),
        (["a = tanh(wx+b)", "a' = 1 − a²", "2(a−y)·a'·x"], "right"),
        (["a = tanh(wx+b)", "a' = a(1 − a)", "2(a−y)·a'·x"], "wrong"),
    ):
        with opened(browser, path) as page:
            typed(page, *lines)
            last = page.locator("#sheet li").nth(len(lines) - 1)
            assert last.get_attribute("class").split()[0] == kind, lines
            assert "_prime" not in page.inner_text("#sheet output >> nth=0")
            if kind == "odd":
                strange = "a" if len(lines) == 1 else "a'"
                assert f'A line "{strange} = …" before this one' in last.inner_text()
        (tmp_path / "sheet.txt").write_text("\n".join(["# L = (tanh(w*x + b) - y)**2", *lines]), encoding="utf-8")
        if kind != "odd":
            assert grade_sheet(tmp_path / "sheet.txt").ok == (kind == "right")


def test_nearly_every_wrong_rule_on_numbers_is_spelled():
    rows = [TABLE[name] for name in sorted(BUILT_IN) if TABLE[name].scalar is not None and TABLE[name].rules]
    rows = [row for row in rows if row.text.count("{}") <= 2 and row.name not in ("polygamma", "sinc")]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        script, _ = wrong_in_javascript(RowTable(), set(rows))
    wanted = sum(
        len(list(wrong_rules(row, i, constant)))
        for row in rows
        for i in range(row.text.count("{}"))
        for constant in (KINDS.values() if row.text.count("{}") > 1 else [None])
        if row.rules[i] is not None
    )
    spelled = script.count("=>")
    assert spelled >= 0.97 * wanted, (spelled, wanted)


def test_refuses_what_is_no_formula_of_numbers():
    with pytest.raises(FormulaError, match="no variable"):
        tg.derivation_pad("x**2", wrt="w")
    with pytest.raises(FormulaError):
        tg.derivation_pad("x +")
    assert len(tg.derivation_pad(NEURON).html.encode()) <= 70_000
    assert "<img" not in tg.derivation_pad("x**2 + 0 * (x < 1)").html
