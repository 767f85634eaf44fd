"""Names are data: whatever stands in a label, an operation's name, a class or a file's name is shown and never obeyed.

Every writer of the package gets names that are markup, code or control characters of the language that it writes.
"""

import ast
import re
import tempfile
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from browsing import opened
from refusing import refuses

import tinygrad_edu as tg
from tinygrad_edu import errors, nn
from tinygrad_edu.classroom.grade import Mark, class_page, write_csv, write_json
from tinygrad_edu.core.op import TABLE
from tinygrad_edu.errors.printable import markdown_text, printable

SCRIPT = "<img src=x onerror=hit()>"
NAMES = {
    "markup": SCRIPT,
    "the end of a script": "</script><script>hit()//",
    "the end of a title": "</title><svg onload=hit()>",
    "an attribute": '" onload="hit()',
    "a string of JavaScript": "';hit();'${hit()}",
    "a comment of HTML": "<!--<script>hit()",
    "Python": "x;__import__('os').abort()",
    "a docstring of Python": '"""\n__import__("os").abort()\n"""',
    "the end of a listing": r"\end{verbatim}\input{/etc/passwd}",
    "TeX": "\\input{/etc/passwd}^~%$#&_{}",
    "Markdown": "[a](javascript:hit()) `*_|$",
    "a terminal's colours": "w\x1b[31m\x1b]0;title\x07\x9b2J",
    "a terminal's line": "w\r\n✓ the gradient is right\b\x7f",
    "direction": "w\u202e\u2066\u200f\u061c",
    "half a character": "w\ud800",
}
MARKUP = 5  # of these, the first, say something to a browser
JOINED = "क्\u200dष 👨\u200d👩\u200d👧 می\u200cخواهم x\u00a0y\u3000z"  # letters with joiners, and spaces that are wide


def acts(text):
    """The characters of a text that a screen would obey and not show."""
    return [c for c in text if c not in "\n\t" and unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")]


def double(x):
    return 2 * x


def graph(name):
    """A small graph in which everything has the name: leaves, results, an operation, and its text in formulas."""
    shown = printable(name)
    text = shown.replace("{", "{{").replace("}", "}}") + "({})"
    twice = tg.op(shown, text, double, lambda g, z, x: 2 * g, scalar=double)
    w, x = tg.Value(2.0, label=name), tg.Value(3.0, label=name)
    product = w * x
    product.label = name
    made = twice(product) + w.tanh()
    made.label = name
    made.backward(retain_grad=True)
    return made, w


def net(name):
    """A net of a class with the name, whose parameters have it too."""
    kind = type(printable(name), (nn.Tanh,), {})
    made = nn.Sequential(nn.Linear(2, 3, rng=0), kind(), nn.Linear(3, 1, rng=1))
    for p in made.parameters():
        p.label = name
    return made


@pytest.fixture(autouse=True)
def no_rows_are_left():
    before = dict(TABLE)
    yield
    TABLE.clear()
    TABLE.update(before)


def parts(name):
    """A net with convolutions in which a part has the name, and is of a class that has it too."""
    kind = type(name.replace("\ud800", ""), (nn.Tanh,), {})  # which Python itself refuses
    inner = nn.Sequential(nn.Conv2d(1, 2, 3, rng=0), kind(), nn.Flatten(), nn.Linear(8, 2, rng=0))
    whole = nn.Sequential()
    setattr(whole, name, inner)
    return whole, inner


def texts(name):
    """Everything that is said of such a graph in plain text, by the name of who says it."""
    z, w = graph(name)
    loss = (net(name)(np.ones((4, 2))) ** 2).mean()
    for form in ("text", "brief", "latex", "mathml"):
        yield f"formula {form}", tg.formula(z, format=form)
    for form in ("text", "latex", "markdown"):
        yield f"explain {form}", tg.explain(z, format=form)
        yield f"explain one {form}", tg.explain(z, w, format=form)
        yield f"explain a net {form}", tg.explain(loss, format=form)
    yield "tree", tg.tree(z)
    yield "repr", f"{z!r} {w!r} {net(name)!r} {net(name).summary()}"
    whole, inner = parts(name)
    yield "parts", f"{whole!r} {whole.summary(depth=2)} {inner.described()}"
    for picture in (whole.summary(depth=2).draw(), tg.draw_network(inner, np.ones((1, 4, 4)))):
        yield "a picture of parts", picture.source + picture.svg() + picture.html().html
        for line in picture.source.splitlines():
            assert "label" not in line or re.fullmatch(r'\t\w+ \[shape=box label="([^"\\]|\\.)*"\]', line), line
    marks = [Mark(name, 0.0, "wrong", name, 1, (name,), (name,), 3, name, name, 1.0, "")]
    yield "marks", class_page(marks) + written(write_csv, marks) + written(write_json, marks)
    report = tg.compare({name: 3.0}, [w], z)
    yield from (("compare", str(report)), ("compare latex", report.latex()), ("compare markdown", report.markdown()))
    yield "gradcheck", str(tg.gradcheck(lambda a: a.relu().sum(), tg.Tensor([0.0, 1.0], label=name)))
    yield "draw", tg.draw(z).source + tg.draw(z).view.alt()
    for kind, raises in REFUSALS.items():
        with pytest.raises(kind) as caught:
            raises(name)
        yield kind.__name__, str(caught.value)


def written(write, marks):
    """What `write` puts into a file."""
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder, "marks"), marks)
        return Path(folder, "marks").read_text("utf-8")


def another(name):
    """The error where a file of another net is loaded: names in files are their writers'."""
    net("a").load_state_dict({name: np.ones(2)})


def misfit(name):
    tg.Tensor(np.ones(3), label=name) + np.ones(4)


def stale(name):
    z, w = graph(name)
    w.assign(1.0)
    z.backward()


def nan(name):
    with tg.detect_anomaly():
        tg.log(tg.Tensor([-1.0], label=name))


REFUSALS = {
    errors.CheckpointError: another,
    errors.ShapeError: misfit,
    errors.StaleGraphError: stale,
    errors.AnomalyError: nan,
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_no_text_moves_the_cursor_or_ends_what_it_stands_in(name):
    for who, text in texts(name):
        assert not acts(text), who
        if who.endswith(("markdown", "mathml")):
            assert not re.search(r"<(?!/?m|/?math)[a-zA-Z/!?]", text), who
        if who.endswith("markdown"):
            assert "`" not in re.sub(r"\$\$.*?\$\$", "", text), who
            assert not re.search(r"\[[^\]]*\]\(", text), who
        if who.endswith("latex"):
            verbatim = re.compile(r"\\begin\{verbatim\}.*?\\end\{verbatim\}", re.DOTALL)
            own = r"\\(begin|end)\{(tabular|enumerate)\}"  # environments that the report of a comparison is made of
            assert not re.search(r"\\(input|begin|end)\b", re.sub(own, "", verbatim.sub("", text))), who


def test_printable_text_stays_as_it_is_and_the_rest_is_escaped():
    assert printable(JOINED) == JOINED
    assert printable("a\x1b\u202e\n\ud800") == r"a\x1b\u202e\n\ud800"
    assert printable("a\nb", keep="\n") == "a\nb"
    assert markdown_text("<a> *b* [c](d) `e` $f$ | \\") == (
        r"&#60;a> \*b\* &#91;c](d) &#96;e&#96; &#36;f&#36; &#124; &#92;"
    )


def test_an_operation_has_a_name_that_can_be_printed():
    for name, text in (("a\x1b", "{}"), ("a", "\u202e{}"), ("a\n", "{}")):
        with refuses(ValueError, "can be printed", line=False):
            tg.op(name, text, double, None)


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_no_name_becomes_code(name):
    """Programs that are written have no statement but assignments and functions, and compute what the graph does."""
    z, _ = graph(name)
    program = tg.source(z)
    assert {type(s) for s in ast.parse(program).body} <= {ast.Import, ast.Assign, ast.FunctionDef}
    found = {}
    exec(program, found)
    assert z.data in found.values()
    fast = tg.compile(lambda a: graph_of(name, a))
    assert [fast(tg.Tensor([2.0])).item() for _ in range(3)] == [4.0] * 3
    ast.parse(fast.source)
    assert not acts(fast.source)


def graph_of(name, a):
    a.label = name
    return TABLE[printable(name)](a)


def pages(name):
    """Every page and picture that shows names, as a whole HTML document."""
    z, w = graph(name)
    loss = (net(name)(np.ones((4, 2))) ** 2).mean()
    loss.backward()
    yield "draw", tg.draw(z).html().html
    yield "draw, names", tg.draw(w * 2.0, names={name: w}).html().html
    yield "draw, a net", tg.draw(loss, heat=True).html().html
    yield "live", tg.live(z).html
    yield "stepper", tg.stepper(z).html
    yield "draw_network", tg.draw_network(net(name), [1.0, 2.0]).html().html
    yield "nudges", tg.nudges({name: np.ones((2, 3))}, 0.1, examples=[name] * 2).html
    yield "digit page", tg.digit_page(nn.Linear(64, 2, rng=0), classes=[name, name]).html
    plain = nn.Sequential(nn.Linear(2, 3, rng=0), nn.Tanh(), nn.Linear(3, 1, rng=1))
    plain.parameters()[0].label = name
    yield "playground", tg.playground(plain).html
    yield "pad", tg.derivation_pad("w*x + b").html
    yield "compare", tg.compare({name: 3.0}, [w], z)._repr_html_()
    yield "marks", class_page([Mark(name, 0.0, "wrong", name, 1, (name,), (name,), 3, name, name, 1.0, "")])


@pytest.mark.browser
def test_no_page_runs_a_name(browser, tmp_path):
    asked = (
        "[typeof hit == 'undefined', document.querySelectorAll('img[src=x], [onload]').length, document.body != null]"
    )
    for k, name in enumerate([*NAMES.values()][:MARKUP]):
        frames = []
        for who, html in pages(name):
            path = tmp_path / f"{k} {who}.html"
            path.write_text(html if "<html" in html else f"<!doctype html><meta charset=utf-8>{html}", "utf-8")
            frames.append(f'<iframe src="{path.name}"></iframe>')
        whole = tmp_path / f"{k}.html"
        whole.write_text("<!doctype html>" + "".join(frames), "utf-8")
        with opened(browser, whole) as page:  # proves that nothing raised, and nothing was fetched
            assert len(page.frames) == 1 + len(frames) > 10
            for frame in page.frames:
                assert frame.evaluate(asked) == [True, 0, True], (frame.url, name)
