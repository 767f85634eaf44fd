"""Pictures and pages that are asked for what they do not show: refused in words, or shown as far as it goes."""

from itertools import pairwise

import numpy as np
import pytest
from refusing import refuses

import tinygrad_edu as tg
from tinygrad_edu import Tensor, Value, nn
from tinygrad_edu.draw.drawing import Drawing
from tinygrad_edu.errors import ShapeError


def chain(*sizes):
    layers = [nn.Linear(n, m, rng=0) for n, m in pairwise(sizes)]
    return nn.Sequential(*layers)


REFUSED = {
    "names for other weights": (
        lambda: tg.nudges(np.ones((2, 3)), 0.1, names=["a"]),
        ShapeError,
        ("1 names", "3 weights"),
    ),
    "names for other examples": (
        lambda: tg.nudges(np.ones((2, 3)), 0.1, examples=["one"]),
        ShapeError,
        ("1 names", "2 examples"),
    ),
    "points in space": (lambda: tg.playground(data=(np.ones((4, 3)), np.ones(4))), ShapeError, ("(n, 2)", "(4, 3)")),
    "points without end": (
        lambda: tg.playground(data=(np.ones((100_000, 2)), np.ones(100_000))),
        ShapeError,
        ("100000 points",),
    ),
    "an activation that the page has not": (
        lambda: tg.playground(nn.Sequential(nn.Linear(2, 3, rng=0), nn.GELU(), nn.Linear(3, 1, rng=0))),
        ValueError,
        ("not gelu",),
    ),
    "classes that are not outputs": (
        lambda: tg.digit_page(chain(64, 3), classes=["a", "b"]),
        ValueError,
        ("2 classes for 3 outputs",),
    ),
    "an image of another size": (
        lambda: tg.draw_network(chain(6, 2), image=(4, 4)),
        ShapeError,
        ("4 × 4", "6 inputs"),
    ),
    "layers that do not fit": (
        lambda: tg.draw_network(nn.Sequential(nn.Linear(2, 3, rng=0), nn.Linear(4, 1, rng=0))),
        TypeError,
        ("do not fit",),
    ),
    "a pad of arrays": (
        lambda: tg.derivation_pad("x * w", at={"x": [1.0, 2.0]}),
        ValueError,
        ("of arrays",),
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused(name):
    call, kind, words = REFUSED[name]
    with refuses(kind, *words, line=False):
        call()


def test_pictures_of_images_and_tables_are_not_for_tex(tmp_path):
    net = nn.Sequential(nn.Conv2d(1, 2, 3, rng=0), nn.ReLU(), nn.Flatten(), nn.Linear(8, 2, rng=0))
    maps = tg.draw_network(net, np.random.default_rng(0).random((1, 4, 4)))
    table = net.summary(example=np.zeros((1, 1, 4, 4))).draw()
    for drawing in (maps, table):
        with pytest.raises(ValueError, match=r"\.svg or \.html"):
            drawing.save(tmp_path / "net.tex")
        drawing.save(tmp_path / "net.html")
        assert "<svg" in (tmp_path / "net.html").read_text(encoding="utf-8")
        assert not (tmp_path / "net.tex").exists()
    table.save(tmp_path / "net.dot")
    assert "Conv2d" in (tmp_path / "net.dot").read_text(encoding="utf-8")


def test_neurons_that_are_left_out_are_dots_in_every_format(tmp_path):
    drawing = tg.draw_network(chain(30, 20), most=6)
    drawing.save(tmp_path / "net.tex")
    drawing.save(tmp_path / "net.dot")
    assert "$\\vdots$" in (tmp_path / "net.tex").read_text(encoding="utf-8")
    assert "⋮" in (tmp_path / "net.dot").read_text(encoding="utf-8")


def test_verdicts_of_gradients_that_are_elsewhere():
    w, x = Value(2.0, label="w"), Value(3.0, label="x")
    loss = (w * x) ** 2
    loss.backward()
    report = tg.compare({"w": 36.0, "x": 24.0}, loss)
    assert "Compared, but not in this picture: x." in tg.draw(w * 2.0, report=report).svg()


def test_a_path_along_one_line_has_a_landscape_too():
    net = nn.Linear(1, 1, bias=False, rng=0)
    net = nn.Sequential(net, nn.Linear(1, 1, bias=False, rng=0))
    net[0].weight.data, net[1].weight.data = [[1.0]], [[2.0]]
    recorder = tg.Recorder(net)
    for k in range(3):
        net[0].weight.data = [[2.0 + k]]
        recorder.record(float(k))
    page = recorder.landscape(lambda model: (model(np.ones((1, 1))) ** 2).mean(), size=5)
    assert '"kept": 100' in page.html or '"kept":100' in page.html


@pytest.mark.parametrize("skip", [False, True])
def test_the_dot_text_is_saved_as_graphviz_saves_it(tmp_path, skip):
    drawing = tg.draw(Value(1.0, label="a") * 2.0)
    assert isinstance(drawing, Drawing)
    path = tmp_path / "graph.gv"
    path.write_text("old")
    drawing.save_statements("graph.gv", str(tmp_path), skip)
    assert (path.read_text() == "old") is skip


def test_letters_that_tex_writes_as_commands(tmp_path):
    node = Tensor([1.0], label="ΣΔΩ σ ß 漢") * 2.0
    tg.draw(node).save(tmp_path / "letters.tex")
    text = (tmp_path / "letters.tex").read_text(encoding="utf-8")
    assert "$\\Sigma$$\\Delta$$\\Omega$" in text
    assert "\\other{" in text
