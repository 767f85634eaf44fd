"""`tinygrad-edu draw` and `step`: a file is written, and what is wrong with the command is said."""

import xml.etree.ElementTree as ET

import pytest

from tinygrad_edu.cli import main
from tinygrad_edu.cli.arguments import PICTURE_FORMATS
from tinygrad_edu.draw import engines
from tinygrad_edu.draw.drawing import WRITTEN

STARTS = {  # how a picture of each format begins, in small letters
    ".svg": b"<svg",
    ".html": b"<!doctype html",
    ".png": b"\x89png",
    ".pdf": b"%pdf",
    ".dot": b"digraph",
    ".tex": b"\\documentclass",
}


def test_draw_writes_a_picture_with_gradients(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(engines, "find", lambda *_: None)
    out = tmp_path / "out.svg"
    assert main(["draw", "relu(w*x + b)", "--at", "w=2,x=3,b=-1", "-o", str(out)]) == 0
    assert capsys.readouterr().out == f"{out}\n"
    said = list(ET.parse(out).getroot().itertext())
    assert {"w", "data 2", "grad 3", "relu", "data 5"} <= set(said)


def test_draw_takes_arrays(tmp_path, monkeypatch):
    monkeypatch.setattr(engines, "find", lambda *_: None)
    out = tmp_path / "out.svg"
    assert main(["draw", "sin(x) * 2", "--at", "x=[1, 2, 3]", "-o", str(out)]) == 0
    assert "grad [1.081, −0.8323, −1.98]" in list(ET.parse(out).getroot().itertext())


@pytest.mark.parametrize("suffix", PICTURE_FORMATS)
def test_every_format_of_a_drawing_is_written(suffix, tmp_path):
    out = tmp_path / f"out{suffix}"
    assert set(PICTURE_FORMATS) == {*WRITTEN, ".dot"} == set(STARTS)
    status = main(["draw", "x*2", "--at", "x=1", "-o", str(out)])
    if suffix in (".png", ".pdf") and not out.exists():
        assert status == 2  # which no program here makes
        return
    assert STARTS[suffix] in out.read_bytes()[:200].lower()


def test_step_writes_a_page(tmp_path, capsys):
    out = tmp_path / "out.html"
    assert main(["step", "x**2 * sin(x)", "--at", "x=1.5", "-o", str(out)]) == 0
    assert "Backpropagation, step by step" in out.read_text(encoding="utf-8")
    assert capsys.readouterr().out == f"{out}\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["draw", "w*x", "--at", "w=2", "-o", "a.svg"], "`x` has no value"),
        (["draw", "w*", "-o", "a.svg"], "tinygrad-edu draw:"),
        (["step", "x*2", "--at", "x=[1,2]", "-o", "a.html"], "goes back from one number"),
        (["draw", "x", "--at", "x=1", "-o", "missing/a.svg"], "/missing'"),
        (["live", "x**2", "--at", "x=1,Y=2", "-o", "a.html"], "`Y` is no variable of x**2; there are: x"),
    ],
)
def test_what_cannot_be_done_is_said(arguments, message, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(engines, "find", lambda *_: None)
    assert main(arguments) == 2
    assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_suffix_is_refused_before_anything_is_computed(capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["draw", "x", "--at", "x=1", "-o", "a.gif"])
    assert "'a.gif' does not end in .svg or .html or .png or .pdf or .dot or .tex" in capsys.readouterr().err


def test_live_takes_one_for_numbers_that_are_not_given_and_shows_the_formula_as_typed(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["live", "sigmoid(w*x + b)", "--at", "w=2"]) == 0
    assert capsys.readouterr().out == "live.html\n"
    page = (tmp_path / "live.html").read_text()
    assert ">L = sigmoid(w*x + b)</p>" in page
    assert '"leaves":[[0,2.0,1,1],[1,1.0,1,0],[2,1.0,1,1]]' in page
