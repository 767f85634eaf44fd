"""Each exhibit of the museum breaks the laws it is there to break, and none once it is repaired."""

import subprocess
import sys
from pathlib import Path

import pytest

MUSEUM = Path(__file__).parent.parent / "examples" / "museum"
EXHIBITS = {
    "no_sum": {"both_paths", "after_all_uses", "twice_is_double", "linear_time"},
    "eager_recursion": {"after_all_uses", "twice_is_double", "linear_time"},
    "every_path": {"linear_time"},
    "shape_of_the_result": {"own_shape"},
    "never_forgets": {"fresh_start"},
    "written_over": {"past_is_past"},
}


@pytest.fixture
def laws(monkeypatch):
    monkeypatch.syspath_prepend(str(MUSEUM))
    for name in ("laws", "whole"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    import laws

    yield laws
    sys.modules.pop("laws"), sys.modules.pop("whole", None)


def test_the_whole_engine_keeps_every_law(laws):
    assert laws.broken(laws.engine(MUSEUM / "whole.py")) == {}


def test_the_museum_shows_what_its_guide_lists():
    shown = {path.stem for path in MUSEUM.glob("*.py")} - {"laws", "whole"}
    assert shown == set(EXHIBITS)
    guide = (MUSEUM / "README.md").read_text()
    assert all(f"`{name}.py`" in guide for name in EXHIBITS)


@pytest.mark.parametrize("exhibit", EXHIBITS)
def test_an_exhibit_breaks_its_laws_and_no_others(exhibit, laws):
    found = laws.broken(laws.engine(MUSEUM / f"{exhibit}.py"))
    assert {law.__name__ for law in found} == EXHIBITS[exhibit]


@pytest.mark.parametrize("exhibit", EXHIBITS)
def test_a_repaired_exhibit_breaks_none(exhibit, laws, tmp_path):
    source = (MUSEUM / f"{exhibit}.py").read_text()
    head, _, _ = source.partition("\n    def ")
    repaired = tmp_path / f"{exhibit}.py"
    repaired.write_text(head + "\n    pass\n")  # what stood there is inherited from the whole engine
    (tmp_path / "whole.py").write_text((MUSEUM / "whole.py").read_text())
    assert laws.broken(laws.engine(repaired)) == {}


def test_the_checker_says_which_law_is_broken():
    ran = subprocess.run([sys.executable, "laws.py", "no_sum.py"], cwd=MUSEUM, capture_output=True, text=True)
    assert ran.returncode == 1
    lines = ran.stdout.splitlines()
    assert "✗ What is used twice gets the sum of what comes back along both paths." in lines
    assert any("is 3.0, and should be 7.0" in line for line in lines)
    whole = subprocess.run([sys.executable, "laws.py", "whole.py"], cwd=MUSEUM, capture_output=True, text=True)
    assert whole.returncode == 0
    assert whole.stdout.count("✓") == 8
