"""One row, seen everywhere; and nothing of a kind that the suite goes through can be added without a test.

That each row is differentiated, drawn, stepped through, spelled, written as a program, compiled, exported and
documented is tested beside each of these: `READERS` names the tests. Here a new row goes through all of them.
"""

import ast
from pathlib import Path

import numpy as np
import pytest
import samples
from test_docs_generated import program

import tinygrad_edu as tg
from tinygrad_edu import Tensor, nn
from tinygrad_edu.core.op import TABLE
from tinygrad_edu.draw import pages
from tinygrad_edu.draw.pages.page import Page

HERE = Path(__file__).parent
READERS = {  # a reader of graphs -> the file whose tests go through the table of operations for it
    "checked against measured derivatives": "test_table.py",
    "forward mode, batches": "test_transforms.py",
    "drawn, stepped through": "test_draw.py",
    "text, LaTeX, MathML": "test_formula.py",
    "source": "test_source.py",
    "compiled, or refused": "test_compile.py",
    "exported, or refused by name": "test_onnx.py",
    "docs/operations.md": "test_docs_generated.py",
    "explained, as a tree": "test_one_row.py",
}


def text_of(*files):
    return "\n".join((HERE / file).read_text() for file in files)


@pytest.mark.parametrize("file", READERS.values(), ids=READERS)
def test_a_reader_has_a_test_that_goes_through_the_table(file):
    parametrized = [
        ast.unparse(decorator)
        for function in ast.parse(text_of(file)).body
        if isinstance(function, ast.FunctionDef)
        for decorator in function.decorator_list
    ]
    assert any("NAMES" in d or "DIFFERENTIABLE" in d or "TABLE.values()" in d or "BUILT_IN" in d for d in parametrized)


@pytest.mark.parametrize("name", samples.NAMES)
def test_every_row_is_explained_and_shown_as_a_tree(name):
    operands, params = samples.samples(name)[0]
    given = [Tensor(x) if isinstance(x, np.ndarray) and x.dtype.kind == "f" else x for x in operands]
    z = TABLE[name](*given, **params)
    if not isinstance(z, Tensor):
        return  # the row gives a plain array, and no graph
    assert len(tg.tree(z).splitlines()) > sum(isinstance(x, Tensor) for x in given)
    if not z.requires_grad or z.dtype.kind != "f":
        return
    loss = (z * z).sum()
    loss.backward()
    for style in ("text", "markdown", "latex"):
        assert len(tg.explain(loss, format=style)) > 50


@pytest.fixture
def planted():
    """A row that is new to the suite."""
    row = tg.op(
        "planted_here",
        "planted_here({})",
        lambda x: x / (1.0 + x * x),
        lambda g, z, x: g * (1.0 - x * x) / (1.0 + x * x) ** 2,
        tex=r"p({})",
        scalar=lambda x: x / (1.0 + x * x),
        elementwise=True,
    )
    yield row
    del TABLE["planted_here"]


def test_a_new_row_goes_through_every_reader(planted, tmp_path):
    numbers = np.array([0.5, -2.0, 1.5])
    x, v = Tensor(numbers, label="x"), tg.Value(0.5, label="v")
    loss, small = planted(x).sum(), planted(v) * 3.0
    tg.gradcheck(planted, numbers, order=2).assert_ok()
    assert tg.jvp(planted, (numbers,), (np.ones(3),))[1] == pytest.approx((1 - numbers**2) / (1 + numbers**2) ** 2)
    loss.backward()
    small.backward()
    assert v.grad == pytest.approx(3 * x.grad[0])
    for root in (loss, small):
        assert "planted_here" in tg.draw(root).svg()
        assert "planted_here" in tg.stepper(root).html
        assert "planted_here" in tg.tree(root)
        assert "planted_here" in tg.formula(root)
        assert "p(" in tg.formula(root, "latex")
        assert "<mi>" in tg.formula(root, "mathml")
        assert "planted_here" in str(tg.explain(root))
        assert "np." in tg.source(root) or "1.0 + " in tg.source(root)
    fast = tg.compile(lambda x: planted(x).sum())
    for given in (numbers, numbers + 1.0):
        assert fast(given).item() == pytest.approx(planted(Tensor(given)).sum().item())
    with pytest.raises(tg.errors.TinygradEduError, match="`planted_here`"):
        tg.export_onnx(lambda x: planted(x), numbers, tmp_path / "row.onnx")
    line = program("tabulate").line(planted, [], [])
    assert line.startswith("| `planted_here` | `planted_here(x)` |")


# What else there is a list of --------------------------------------------------------------------------------------


def names_used(*files):
    """Every name, attribute and text that the tests in some files mention."""
    nodes = [n for file in files for n in ast.walk(ast.parse(text_of(file)))]
    texts = {n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    return (
        texts
        | {n.attr for n in nodes if isinstance(n, ast.Attribute)}
        | {n.id for n in nodes if isinstance(n, ast.Name)}
    )


def test_every_optimiser_and_schedule_has_a_test():
    kinds = {name for name in nn.optim.__all__ if isinstance(getattr(nn.optim, name), type)}
    assert {"SGD", "Adam", "StepLR"} <= kinds
    bases = {"Optimizer", "ParamGroup", "Schedule"}
    missing = kinds - names_used("test_optim.py", "torch_of_training.py") - bases
    assert not missing, f"write a test of {missing} in test_optim.py"


def test_every_page_is_opened_in_a_browser():
    makers = {
        name
        for path in Path(pages.__file__).parent.glob("*.py")
        for function in ast.walk(ast.parse(path.read_text()))
        if isinstance(function, ast.FunctionDef)
        for name in [function.name]
        if function.returns is not None and ast.unparse(function.returns) == Page.__name__
        if hasattr(tg, name) or hasattr(tg.Recorder, name)
    }
    assert {"replay", "digit_page"} <= makers
    opened = {path.name for path in HERE.glob("test_*.py") if "mark.browser" in path.read_text()}
    missing = makers - names_used(*opened)
    assert not missing, f"open {missing} in a browser"
