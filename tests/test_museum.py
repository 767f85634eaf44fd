"""Each exhibit of the museum breaks the laws it is there to break, and none once it is repaired."""

import sys
from pathlib import Path

import pytest

from tinygrad_edu.classroom.laws import LAWS, broken, engine_in, verdict
from tinygrad_edu.cli import main

MUSEUM = Path(__file__).parent.parent / "examples" / "museum"
EXHIBITS = {
    "no_sum": {"both_paths", "after_all_uses", "twice_is_double", "linear_time"},
    "eager_recursion": {"after_all_uses", "twice_is_double", "linear_time"},
    "every_path": {"linear_time"},
    "shape_of_the_result": {"own_shape"},
    "never_forgets": {"fresh_start"},
    "written_over": {"past_is_past"},
}


@pytest.fixture(autouse=True)
def own_whole_engine(monkeypatch):
    """Each exhibit imports the `whole` that lies beside it."""
    monkeypatch.delitem(sys.modules, "whole", raising=False)
    yield
    sys.modules.pop("whole", None)


def test_the_whole_engine_keeps_every_law():
    assert broken(engine_in(MUSEUM / "whole.py")) == {}


def test_the_museum_shows_what_its_guide_lists():
    shown = {path.stem for path in MUSEUM.glob("*.py")} - {"whole"}
    assert shown == set(EXHIBITS)
    guide = (MUSEUM / "README.md").read_text()
    assert all(f"`{name}.py`" in guide for name in EXHIBITS)


@pytest.mark.parametrize("exhibit", EXHIBITS)
def test_an_exhibit_breaks_its_laws_and_no_others(exhibit):
    found = broken(engine_in(MUSEUM / f"{exhibit}.py"))
    assert {law.__name__ for law in found} == EXHIBITS[exhibit]


@pytest.mark.parametrize("exhibit", EXHIBITS)
def test_a_repaired_exhibit_breaks_none(exhibit, tmp_path):
    source = (MUSEUM / f"{exhibit}.py").read_text()
    head, _, _ = source.partition("\n    def ")
    repaired = tmp_path / f"{exhibit}.py"
    repaired.write_text(head + "\n    pass\n")  # what stood there is inherited from the whole engine
    (tmp_path / "whole.py").write_text((MUSEUM / "whole.py").read_text())
    assert broken(engine_in(repaired)) == {}


def test_the_checker_says_which_law_is_broken(capsys, tmp_path):
    assert main(["laws", str(MUSEUM / "no_sum.py")]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert "✗ An operand that is used twice gets the sum of the gradients along both paths." in lines
    assert any("is 3.0, and should be 7.0" in line for line in lines)
    assert main(["laws", str(MUSEUM / "whole.py")]) == 0
    assert capsys.readouterr().out.count("✓") == 8
    (tmp_path / "empty.py").write_text("")
    assert main(["laws", str(tmp_path / "empty.py")]) == 2
    assert "has no class Array" in capsys.readouterr().err
    assert main(["laws", str(tmp_path / "nothing.py")]) == 2


def test_an_engine_that_raises_breaks_laws_and_nothing_else():
    def unfinished(data):
        raise NotImplementedError("to be filled in")

    assert set(broken(unfinished)) == set(LAWS)
    assert "✗" in verdict(unfinished)
    assert "it raises NotImplementedError: to be filled in" in verdict(unfinished)
