"""Pictures of graphs: one edge for each use, labels drawn literally, every way to save, folded where too large."""

import io
import itertools
import operator
import os
import random
import re
import shutil
import socket
import struct
import subprocess
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import graphviz
import numpy as np
import pytest
import samples
from browsing import opened
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_edu as tg
from tinygrad_edu.core.backprop import history
from tinygrad_edu.core.op import TABLE, VariadicRule
from tinygrad_edu.draw import engines, printing
from tinygrad_edu.draw.drawing import shrinkable
from tinygrad_edu.draw.formats.svg import svg
from tinygrad_edu.draw.graph.picture import Card, CardEdge, Group, Picture
from tinygrad_edu.draw.layout.coordinates import Item, Link, arrange, link_items
from tinygrad_edu.draw.layout.crossing_reduction import crossings, link_ends, reduce_crossings
from tinygrad_edu.draw.layout.edge_routing import lay_out
from tinygrad_edu.draw.layout.layer_assignment import assign_layers

SVG = "{http://www.w3.org/2000/svg}"
NASTY = [
    "<b>x</b>",
    "<>",
    'a"]; evil [label="x',
    "back\\N",
    "trailing\\",
    "{a|b}",
    "two\nlines",
    "a:b",
    "</script><script>alert(1)</script>",
    "]]>",
    "nul\x00\x1b",
    "\ud800",
    "名前 é ∂",
    "  spaces  ",
    "x" * 1_000_000,
]


MAGIC = {
    "svg": rb"<\?xml|<svg ",
    "png": rb"\x89PNG\r\n\x1a\n",
    "html": rb"<!doctype html>",
    "dot": rb"digraph ",
    "pdf": rb"%PDF-",
    "tex": rb"\\documentclass",
}


@pytest.fixture(autouse=True)
def no_program(monkeypatch):
    monkeypatch.setattr(engines, "find", lambda *_: None)
    monkeypatch.setattr(printing, "installed_browser", lambda: None)


def neuron():
    x1, x2, w1, w2 = (tg.Value(v, label=n) for n, v in (("x1", 2.0), ("x2", 0.0), ("w1", -3.0), ("w2", 1.0)))
    n = x1 * w1 + x2 * w2 + tg.Value(6.8813735870195432, label="b")
    n.label = "n"
    o = n.tanh()
    o.label = "o"
    return o


def texts(picture):
    return ["".join(each.itertext()) for each in ET.fromstring(picture).iter(f"{SVG}text")]


def paths(picture):
    root = ET.fromstring(picture)
    return next(g for g in root.iter(f"{SVG}g") if g.get("class") == "e").findall(f"{SVG}path")


def dot_labels(source):
    """Read the labels of nodes back as Graphviz's records do: fields end at bare |, {, }, and escapes are undone."""
    found = []
    for quoted in re.findall(r'^\s*n\d+ \[label="((?:[^"\\]|\\.)*)"', source, re.MULTILINE):
        pieces = re.findall(r"\\.|.", quoted)
        fields = [""]
        for piece in pieces:
            if piece in "{}|":
                fields.append("")
            else:
                fields[-1] += piece[-1]
        found.append([field for field in fields if field])
    return found


def test_shows_data_gradient_operation_and_local_derivative():
    o = neuron()
    assert [t for t in texts(tg.draw(o).svg()) if t.startswith("grad")] == ["grad ·"] * 10
    o.backward()
    seen = texts(tg.draw(o).svg())
    for expected in ("x1", "data 2", "grad −1.5", "tanh", "×", "data 0.7071", "0.5", "−3"):
        assert expected in seen


def test_local_derivatives_stand_on_the_right_edges():
    x, y = tg.Value(3.0, label="x"), tg.Value(-2.0, label="y")
    picture = tg.draw(x / y).view.picture
    assert [(edge.tail, edge.slot, edge.label) for edge in picture.edges] == [(0, 0, "−0.5"), (1, 1, "−0.75")]


def test_a_local_derivative_at_a_pole_is_infinite():
    x = tg.Value(0.0)
    with pytest.warns(RuntimeWarning):
        z = tg.Value(1.0) / x
    assert [edge.label for edge in tg.draw(z).view.picture.edges] == ["inf", "−inf"]


OPERATIONS = [operator.add, operator.mul, operator.sub, lambda a, b: a.tanh()]


@st.composite
def graphs(draw):
    nodes = [tg.Value(1.5), tg.Value(-0.5)]
    for _ in range(draw(st.integers(1, 25))):
        a = draw(st.sampled_from(nodes))
        b = draw(st.one_of(st.sampled_from(nodes), st.just(2.0)))
        nodes.append(draw(st.sampled_from(OPERATIONS))(a, b))
    return nodes[-1]


@given(graphs())
def test_one_edge_for_each_use_of_an_operand(node):
    uses = sum(len(z.inputs) for z in history(node))
    drawing = tg.draw(node, collapse=False)
    assert len(drawing.view.picture.edges) == uses
    assert drawing.source.count(" -> ") == uses
    assert len(paths(drawing.svg())) == uses


@given(graphs())
def test_cards_do_not_overlap_and_edges_run_forwards(node):
    picture = tg.draw(node, collapse=False).view.picture
    layout = lay_out(picture)
    assert not overlapping(layout.cards)
    for edge in picture.edges:
        (x, _, w, _), (u, _, _, _) = layout.cards[edge.tail], layout.cards[edge.head]
        assert x + w <= u


def overlapping(boxes):
    return [
        (i, j)
        for i, (x, y, w, h) in enumerate(boxes)
        for j, (u, v, a, b) in enumerate(boxes[:i])
        if x < u + a - 0.01 and u < x + w - 0.01 and y < v + b - 0.01 and v < y + h - 0.01
    ]


@given(st.lists(st.integers(0, 3), min_size=2, max_size=14), st.data())
def test_frames_hold_their_cards_and_do_not_overlap(homes, data):
    homes.sort()  # a group is an interval of time
    picture = Picture(groups=[Group("outer"), Group("inner", 0), Group("other")])
    for i, home in enumerate(homes):
        picture.cards.append(Card("result", f"c{i}", "+", group=[0, 1, 2, None][home], inputs=1 if i else 0))
        if i:
            picture.edges.append(CardEdge(data.draw(st.integers(0, i - 1)), i, 0, "1"))
    used = {card.group for card in picture.cards}
    layout = lay_out(picture)
    assert not overlapping(layout.cards)
    for card, (x, y, w, h) in zip(picture.cards, layout.cards, strict=True):
        if card.group is not None:
            u, v, a, b = layout.groups[card.group]
            assert u <= x
            assert v <= y
            assert x + w <= u + a + 0.01
            assert y + h <= v + b + 0.01
    if {0, 2} <= used:
        assert not overlapping([layout.groups[0], layout.groups[2]])
    for edge, points in zip(picture.edges, layout.edges, strict=True):
        x, y, w, h = layout.cards[edge.tail]
        assert points[0] == pytest.approx((x + w, y + h / 2))
        assert points[-1][0] == pytest.approx(layout.cards[edge.head][0])
        for (x, y), (u, v) in itertools.pairwise(points):
            assert u - x > 15 or abs(v - y) < 0.01, "an edge goes straight through the port of a frame"


def test_a_tree_is_drawn_without_crossings():
    def tree(depth):
        return tg.Value(1.0) if depth == 0 else tree(depth - 1) * tree(depth - 1)

    picture = tg.draw(tree(4)).view.picture
    ends = sorted(
        (layout_points[0][0], layout_points[0][1], layout_points[-1][1]) for layout_points in lay_out(picture).edges
    )
    columns = {}
    for x, start, end in ends:
        columns.setdefault(round(x), []).append((start, end))
    for links in columns.values():
        assert [end for _, end in links] == sorted(end for _, end in links)


@given(st.permutations(range(7)))
def test_a_layer_is_sorted_by_its_neighbours(second):
    items = [Item(10, 10, layer) for layer in (0, 1) for _ in range(7)]
    for i in range(7):  # a zigzag: 0-0, 0-1, 1-1, 1-2, …
        for j in (i, i + 1):
            if j < 7:
                link_items(items, i, 0.0, 7 + j, 0.0)
    layers = [list(range(7)), [7 + j for j in second]]
    reduce_crossings(items, layers)
    assert crossings([link_ends(items, item.before) for item in items], layers) == 0


def test_links_that_leave_a_box_together_share_their_lanes():
    boxes = [Item(10, 10) for _ in range(5)]
    links = [Link(0, 1), Link(1, 2), Link(2, 3), Link(3, 4), Link(0, 3), Link(0, 4)]
    arrange(boxes, links)
    assert links[4].path[2:4] == links[5].path[2:4]


@pytest.mark.parametrize("label", NASTY, ids=range(len(NASTY)))
def test_labels_are_drawn_literally(label, tmp_path):
    x = tg.Value(1.0, label=label)
    drawing = tg.draw(x * 2.0)
    drawn = ET.fromstring(drawing.svg())
    assert not list(drawn.iter(f"{SVG}script"))
    assert max(map(len, texts(drawing.svg()))) <= 28
    if label.isprintable() and len(label) <= 28:
        assert label in texts(drawing.svg())
        assert dot_labels(drawing.source)[0][0] == label
    assert drawing.source.count("->") == 2
    assert len(dot_labels(drawing.source)) == 3
    scripts: list[str] = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attrs: scripts.append(tag) if tag == "script" else None
    parser.feed(drawing.html().html)
    assert scripts == ["script"], "the page's own"
    drawing.save(tmp_path / "x.svg")


@pytest.mark.parametrize("title", ["w_12^(1)", "W^(2)", "x_1", "z_10,11^(3)", "w_jk^(L)", "α_1"])
def test_titles_of_textbooks_are_set_as_there_and_read_as_typed(title):
    drawing = tg.draw(tg.Value(1.0, label=title) * 2.0)
    assert title in texts(drawing.svg())
    (found,) = [t for t in ET.fromstring(drawing.svg()).iter(f"{SVG}text") if t.get("class") == "t"]
    drawn = [part.text for part in found.iter() if part.get("class") != "h"]
    assert drawn == re.split(r"[_^]", title)
    letter, low, high = re.fullmatch(r"(.)(?:_([\w,]+))?(?:\^(.*))?", title).groups("")
    expected = f"${letter}_{{{low}}}^{{{high}}}$"
    assert (expected if title.isascii() else r"$\alpha$\_1") in drawing.view.tex()


def test_a_fold_of_a_batch_has_its_title_set_too():
    x, w = tg.Value(2.0, label="x"), tg.Value(3.0, label="w_1")
    many = []
    for _ in range(320):
        z = w * x + 1.0
        z.label = "z_1^(1)"
        many.append(z.tanh())
    drawn = tg.draw(sum(many)).svg()
    assert "z_1^(1) ×320" in texts(drawn)
    assert '<tspan class="i" dy="3">1</tspan>' in drawn


@pytest.mark.parametrize("title", ["my_var", "w_", "_x", "a^b^c", "w_12^", "^", "x_<b>", "ab_1", "x"])
def test_other_titles_are_left_as_they_are(title):
    found = ET.fromstring(tg.draw(tg.Value(1.0, label=title) * 2.0).svg())
    assert [len(t) for t in found.iter(f"{SVG}text") if t.get("class") == "t"] == [0]


def test_names_label_what_has_no_label():
    a = tg.Value(1.0)
    b = a * a
    assert {"a", "b"} <= set(texts(tg.draw(b, names=locals()).svg()))


def test_show_and_direction():
    t = tg.Tensor([[1.0, 2.0], [3.0, 4.0]], label="t")
    assert "float64 (2, 2)" in texts(tg.draw(t * 2).svg())
    assert "(2, 2)" in texts(tg.draw(t * 2, show={"shape"}).svg())
    assert not any("data" in text or "grad" in text for text in texts(tg.draw(t * 2, show={"shape"}).svg()))
    layout = lay_out(tg.draw(t * 2, direction="TB").view.picture)
    assert layout.cards[0][1] + layout.cards[0][3] < layout.cards[2][1]


def test_kinds_of_cards():
    w, x = tg.Tensor([1.0]), tg.Tensor([2.0], requires_grad=False)
    kinds = [card.kind for card in tg.draw(w * x * 3.0, (w > x)).view.picture.cards]
    assert kinds == ["parameter", "input", "result", "constant", "result", "fact"]


def test_refuses_what_it_cannot_draw():
    with pytest.raises(TypeError, match="draws a Value or a Tensor, not float"):
        tg.draw(3.0)
    with pytest.raises(ValueError, match="knows data, dtype, grad, local, shape, not 'colour'"):
        tg.draw(tg.Value(1.0), show={"colour"})
    with pytest.raises(ValueError, match='"LR" or "TB"'):
        tg.draw(tg.Value(1.0), direction="RL")


def test_saves_by_suffix_and_says_what_is_missing(tmp_path):
    drawing = tg.draw(neuron())
    assert (tmp_path / "a.svg").samefile(drawing.save(tmp_path / "a.svg"))
    ET.parse(tmp_path / "a.svg")
    drawing.save(tmp_path / "a.html")
    assert "<!doctype html>" in (tmp_path / "a.html").read_text()
    drawing.save(tmp_path / "a.dot")
    assert (tmp_path / "a.dot").read_text() == drawing.source
    for kind in ("png", "pdf"):
        with pytest.raises(OSError, match=rf"{kind.upper()} needs Graphviz.*apt-get install graphviz"):
            drawing.save(tmp_path / f"a.{kind}")
    with pytest.raises(ValueError, match=r"not '\.gif'"):
        drawing.save(tmp_path / "a.gif")
    assert {path.name for path in tmp_path.iterdir()} == {"a.svg", "a.html", "a.dot"}


def tex_statements(text):
    """Read a TikZ picture strictly: commands in order, braces that close, no character that TeX would act on."""
    body = text.split("\\begin{tikzpicture}[", 1)[1].rsplit("\\end{tikzpicture}", 1)[0].split("]\n", 1)[1]
    found = []
    for line in body.splitlines():
        command = re.fullmatch(r"\\(node|draw|definecolor)\b(.*?);?", line)
        assert command, line
        depth = 0
        for piece in re.findall(r"\\.|.", command[2]):
            depth += (piece == "{") - (piece == "}")
            assert depth >= 0
        assert not set("%#&^_") & set(re.sub(r"\\.|\$[^$]*\$", "", command[2]))
        assert depth == 0
        found.append((command[1], command[2]))
    return found


def test_saves_a_document_for_latex(tmp_path):
    o = neuron()
    o.backward()
    drawing = tg.draw(o)
    path = drawing.save(tmp_path / "a.tex")
    text = (tmp_path / "a.tex").read_text()
    assert path == str(tmp_path / "a.tex")
    found = tex_statements(text)
    edges = [rest for command, rest in found if command == "draw" and rest.startswith("[edge]")]
    assert len(edges) == len(drawing.view.picture.edges)
    shown = [rest for command, rest in found if command == "node"]
    for expected in ("{tanh}", "{$\\times$}", "{data~0.7071}", "{grad~$-$1.5}", "{x1}", "{$-$3}"):
        assert any(rest.endswith(expected) for rest in shown), expected
    with pytest.raises(
        ValueError, match=r"TeX would run out of memory over 1,009 cards \(300 at most\): save as \.svg"
    ):
        tg.draw(layers_of_perceptrons(), collapse=False).save(tmp_path / "b.tex")
    assert not (tmp_path / "b.tex").exists()
    tex_statements(tg.draw(recurrence(6), heat=True, direction="TB").view.tex())


def test_saves_a_network_for_latex(tmp_path):
    random.seed(0)
    drawing = tg.draw_network(tg.nn.MLP(2, [3, 1], "tanh"), [1.0, -2.0])
    drawing.save(tmp_path / "a.tex")
    found = tex_statements((tmp_path / "a.tex").read_text())
    drawn = [rest for command, rest in found if command == "draw"]
    assert len(drawn) == 9
    assert sum(rest.startswith("[minus,") for rest in drawn) == drawing.svg().count('class="w neg"')
    assert sum("$w_{32}^{(1)}$" in rest for rest in drawn) == 1
    assert sum("{$a_{3}^{(1)}$}" in rest for _, rest in found) == 1
    with pytest.raises(ValueError, match=r"6,000 edges \(3,000 at most\): draw fewer with most=…"):
        tg.draw_network(tg.nn.MLP(60, [100]), most=100).save(tmp_path / "b.tex")


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="there is no pdflatex")
def test_latex_draws_whatever_labels_say(tmp_path):
    labels = [*NASTY, "#$%&_{}~^`'\\\\", "\\input{/etc/passwd}", "αβγ ΩΔΑ ς ö", "🎲 שלום"]
    drawing = tg.draw(sum(tg.Value(float(i), label=label) for i, label in enumerate(labels)))
    tex_statements(drawing.view.tex())
    network = tg.draw_network(tg.nn.MLP(2, [20, 1], "tanh"), [1.0, -2.0], most=6)
    for each in (drawing, network):
        each.save(tmp_path / "a.tex")
        run = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "a.tex"]
        done = subprocess.run(run, cwd=tmp_path, capture_output=True, check=False)
        assert done.returncode == 0, done.stdout[-800:]


@pytest.mark.parametrize("kind", MAGIC)
def test_every_suffix_is_that_kind_of_file_or_says_what_is_missing(kind, tmp_path, monkeypatch):
    monkeypatch.undo()  # with whatever Graphviz is installed here
    monkeypatch.setattr(printing, "installed_browser", lambda: None)  # which has a test of its own
    random.seed(0)
    for drawing in (tg.draw(neuron()), tg.draw_network(tg.nn.MLP(2, [2, 1]), [1.0, 2.0])):
        path = tmp_path / f"a.{kind.upper() if kind == 'svg' else kind}"
        if kind in ("png", "pdf") and engines.find(kind) is None:
            with pytest.raises(
                OSError, match=r"needs Graphviz.*apt-get install graphviz.*\.svg and \.html need nothing"
            ):
                drawing.save(path)
            assert not path.exists()
        else:
            assert drawing.save(path) == str(path)
            assert re.match(MAGIC[kind], path.read_bytes())


@pytest.fixture
def _alone(monkeypatch):
    """Neither a program nor a connection can be started, as in a browser's Python."""
    monkeypatch.undo()

    def refused(*arguments, **keywords):
        raise OSError(138, "processes are not supported")

    monkeypatch.setenv("PATH", "")
    for module, name in ((subprocess, "Popen"), (os, "fork"), (os, "posix_spawn"), (os, "system"), (socket, "socket")):
        monkeypatch.setattr(module, name, refused)


@pytest.mark.usefixtures("_alone")
@pytest.mark.parametrize("found", [None, engines.Engine("dot", "/usr/bin/dot")], ids=["none", "one that cannot start"])
def test_no_program_and_no_connection_is_needed(found, tmp_path, monkeypatch):
    if found:
        monkeypatch.setattr(engines, "find", lambda *_: found)
    o = neuron()
    o.backward()
    net = tg.nn.MLP(2, [2, 1])
    for drawing in (tg.draw(o), tg.draw_network(net, [1.0, 2.0]), tg.draw(net([1.0, 2.0]), model=net, heat=True)):
        ET.fromstring(drawing._repr_mimebundle_()["image/svg+xml"])
        for kind in ("svg", "html", "dot", "tex"):
            drawing.save(tmp_path / f"a.{kind}")
        with pytest.raises(OSError, match=r"PNG needs Graphviz|processes are not supported"):
            drawing.save(tmp_path / "a.png")
    assert "srcdoc" in tg.stepper(o)._repr_html_()
    assert "o = tanh(n)" in tg.tree(o)


def test_an_engine_gets_the_dot_text(monkeypatch):
    class Fake:
        def render(self, source, kind):
            return f"{kind}:{source}".encode()

    monkeypatch.setattr(engines, "find", lambda *_: Fake())
    drawing = tg.draw(neuron())
    assert drawing.pipe("png") == b"png:" + drawing.source.encode()
    assert drawing.pipe("svg", encoding="utf-8").startswith("svg:digraph")


def test_a_notebook_shows_it():
    bundle = tg.draw(neuron())._repr_mimebundle_()
    root = ET.fromstring(bundle["image/svg+xml"])
    assert root.get("style") == f"max-width:max(100%,{int(root.get('width')) / 2:g}px);height:auto"
    assert shrinkable('<?xml?>\n<svg width="81.5pt" height="9pt">').endswith(
        '<svg style="max-width:max(100%,40.75pt);height:auto" width="81.5pt" height="9pt">'
    )
    assert shrinkable("no picture") == "no picture"
    assert bundle["text/plain"] == "a computation graph of 10 cards and 9 edges"


def test_a_leaf_assigned_since_is_said():
    w = tg.Value(1.0, label="w")
    y = w * 2.0
    w.data = 5.0
    drawing = tg.draw(y)
    assert "`w` was assigned after this was computed: results are those of the old values." in texts(drawing.svg())


def test_large_graphs_fold_and_say_so():
    random.seed(0)
    net = tg.nn.MLP(2, [16, 16, 1])
    loss = sum((net([random.random(), 0.5]) - 1.0) ** 2 for _ in range(20))
    drawing = tg.draw(loss)
    cards = drawing.view.picture.cards
    assert len(cards) < 80
    assert any("nodes folded into" in note for note in drawing.view.picture.notes)
    assert {"z_1^(1) ×20", "a_16^(2) ×20"} <= {card.title for card in cards}


def test_tensors_of_many_numbers_fold_into_their_users():
    w, b = tg.Tensor(np.ones((4, 3)), label="W"), tg.Tensor(np.ones(4), label="b")
    z = np.ones((2, 3)) @ w.T + b
    z.label = "z"
    picture = tg.draw((z * z).sum(), collapse=True).view.picture
    assert [card.title for card in picture.cards] == ["z", ""]
    assert [(e.tail, e.head, e.label) for e in picture.edges] == [(0, 1, "×2")]


def test_collapse_by_choice_counts_the_uses_it_hides():
    a = tg.Value(2.0, label="a")
    b = a * a
    c = b * 3.0 + a
    drawing = tg.draw(c, collapse=lambda z: "square and more" if z.inputs else None)
    assert [card.title for card in drawing.view.picture.cards] == ["a", "square and more"]
    assert [(edge.tail, edge.head, edge.label) for edge in drawing.view.picture.edges] == [(0, 1, "×3")]


def test_what_is_not_folded_is_drawn_as_it_is():
    a = tg.Value(0.5, label="a")
    b = a * a * 3.0
    c = b.tanh() + 1.0
    picture = tg.draw(c, collapse=lambda z: "cubic" if z is b or z is b.inputs[0] else None).view.picture
    assert [card.title or card.sign or card.rows[0][1] for card in picture.cards] == ["a", "cubic", "tanh", "1", "+"]
    found = [(edge.tail, edge.head, edge.label) for edge in picture.edges]
    assert found == [(0, 1, "×2"), (1, 2, f"{1 - np.tanh(0.75) ** 2:.4g}"), (2, 4, "1"), (3, 4, "")]
    picture = tg.draw(c, collapse=lambda z: "three" if z is b else "result" if z is c else None).view.picture
    assert [card.title for card in picture.cards if card.title] == ["a", "three", "result"]
    picture = tg.draw(c, collapse=lambda z: "two" if z in {b, b.inputs[0]} else None, show={"data"}).view.picture
    assert {edge.label for edge in picture.edges} == {"×2", ""}


def test_what_is_written_out_is_drawn_as_the_operation_it_is():
    z = tg.Tensor(np.array([[1.0, -2.0, 0.5]]), label="z")

    def signs(result):
        cards = tg.draw(result, collapse="idioms").view.picture.cards
        return [card.sign for card in cards if card.sign]

    e = np.exp(1 / (1 + np.exp(-z)))
    assert signs(e / e.sum(axis=1, keepdims=True)) == ["sigmoid", "softmax"]
    part = np.exp(-z)
    assert signs(1 / (1 + part) + part) == ["−", "exp", "+", "÷", "+"]  # a part of it is used elsewhere
    assert signs(1 / (1.5 + np.exp(-z))) == ["−", "exp", "+", "÷"]  # this is no sigmoid
    with pytest.raises(ValueError, match="collapse"):
        tg.draw(z, collapse="idoms")


def test_a_folding_in_a_circle_is_refused():
    a = tg.Value(2.0)
    b = a * 2.0
    c = b.tanh()
    d = c + b
    with pytest.raises(ValueError, match="circle"):
        tg.draw(d, collapse=lambda z: "both" if z is b or z is d else None)


def test_clusters_are_the_calls_of_modules():
    net = tg.nn.MLP(2, [3, 1], "tanh")
    picture = tg.draw(net([1.0, 2.0]), model=net).view.picture
    assert [group.title for group in picture.groups] == [
        "layers.0 Layer(2, 3)",
        "layers.0.neurons.0 TanhNeuron(2)",
        "layers.0.neurons.1 TanhNeuron(2)",
        "layers.0.neurons.2 TanhNeuron(2)",
        "layers.1.neurons.0 LinearNeuron(3)",
    ]
    home = {card.title: card.group for card in picture.cards if card.title}
    assert home["w_12^(1)"] == home["b_1^(1)"] == home["z_1^(1)"] == home["a_1^(1)"] == 1
    assert home["w_31^(1)"] == 3
    assert "subgraph cluster_4" in tg.draw(net([1.0, 2.0]), model=net).source


def test_heat_names_dead_vanishing_and_exploding():
    x = tg.Value(-1.0, label="x")
    dead = x.relu()
    dead.label = "d"
    small, large = tg.Value(1.0, label="s"), tg.Value(1.0, label="l")
    loss = dead + small * 1e-9 + large * 1e5
    loss.backward()
    picture = tg.draw(loss, heat=True).view.picture
    marks = {card.title: card.mark for card in picture.cards if card.title}
    assert marks == {"x": "", "d": "dead", "s": "vanishing", "l": "exploding"}
    heats = {card.title: card.heat for card in picture.cards if card.title}
    assert heats == {"x": 0, "d": 6, "s": 0, "l": 6}
    assert any(note.startswith("d is dead: a ReLU that is zero") for note in picture.notes)
    assert any("vanishing: below 1e-06" in note for note in picture.notes)
    assert 'class="result dead hot"' in tg.draw(loss, heat=True).svg()
    in_dot = dict(
        re.findall(r'\[label="\{?(?:relu\|)?\{?([dslx])\|.*?fillcolor="(#\w+)"', tg.draw(loss, heat=True).source)
    )
    assert in_dot == {"x": "#fff8e6", "d": "#df6f55", "s": "#fff8e6", "l": "#df6f55"}
    assert tg.draw(loss, heat=True).source.count('penwidth=2.4 color="#cc2222"') == 2


def dense(n, width):
    """Return a result of `n` nodes, each made of two of the `width` before it."""
    random.seed(0)
    nodes = [tg.Value(random.uniform(-1, 1)) for _ in range(20)]
    while len(nodes) < n:
        a, b = random.choice(nodes[-width:]), random.choice(nodes[-width:])
        nodes.append(random.choice([a + b, a * b, a.tanh()]))
    used = {x for z in nodes for x in z.inputs}
    return sum(z for z in nodes if z not in used)


def recurrence(steps):
    w, u, b, h = (tg.Value(v, label=n) for n, v in (("w", 0.5), ("u", -0.3), ("b", 0.1), ("h0", 0.0)))
    for t in range(steps):
        h = (w * h + u * tg.Value(0.1 * t, label=f"x{t}") + b).tanh()
    return h


def layers_of_perceptrons():
    random.seed(1)
    return tg.nn.MLP(2, [16, 16, 1])([1.0, 2.0])


LARGE = {
    "MLP": layers_of_perceptrons,
    "recurrence": lambda: recurrence(160),
    "dense, narrow": lambda: dense(850, 10),
    "dense": lambda: dense(850, 60),
    "dense, wide": lambda: dense(850, 850),
    "wide": lambda: sum(tg.Value(0.1 * i) * tg.Value(1.0) for i in range(250)),
}


@pytest.mark.parametrize("name", LARGE)
def test_a_thousand_cards_fit_their_budget(name):
    y = LARGE[name]()
    y.backward()
    drawing = tg.draw(y, collapse=False)
    picture = drawing.svg()
    cards, edges = len(drawing.view.picture.cards), len(drawing.view.picture.edges)
    assert cards > 900
    assert len(picture.encode()) <= 400 * cards  # written in 25 to 45 ms
    assert len(paths(picture)) == edges == sum(len(z.inputs) for z in history(y))


def test_forms_of_cards_are_written_once_and_cells_in_them_styled_by_themselves():
    drawing = tg.draw(layers_of_perceptrons(), collapse=False)
    root = ET.fromstring(drawing.svg())
    forms = {g.get("id"): g for defs in root.iter(f"{SVG}defs") for g in defs.findall(f"{SVG}g")}
    used = [use.get("href").removeprefix("#") for use in root.iter(f"{SVG}use")]
    assert set(forms) == set(used)
    assert len(forms) < 50 < 1000 < len(used) == len(drawing.view.picture.cards)
    rules = "".join(root.find(f"{SVG}style").itertext())
    for form in forms.values():
        outline, *cell = form
        assert "class" not in outline.attrib, "it takes its colours from the card that uses it"
        for element in cell:
            name = element.get("class").split()[0]
            assert re.search(rf"[}}>]\.{name}\{{fill:", rules), "no rule that names what is around a form holds in it"


def test_a_card_is_as_large_as_the_layout_has_it():
    picture = tg.draw(neuron()).view.picture
    layout = lay_out(picture)
    root = ET.fromstring(svg(picture))
    forms = {g.get("id"): g for g in root.iter(f"{SVG}g") if g.get("id")}
    cards = next(g for g in root.iter(f"{SVG}g") if g.get("class") == "k")
    for card, (x, y, w, h) in zip(cards, layout.cards, strict=True):
        form = forms[card.find(f"{SVG}use").get("href")[1:]]
        (a, b), (c, d) = (map(int, re.findall(r"-?\d+", g.get("transform"))) for g in (card, form))
        assert (a + c, b + d) == (round(x), round(y))
        assert [form[0].get(side) for side in ("width", "height")] == [f"{w:.0f}", f"{h:.0f}"]
        for text in card.findall(f"{SVG}text"):
            assert 0 < int(text.get("y", 0)) - d <= h


def test_each_of_many_may_feed_each_of_many():
    row = tg.op(
        "all_of", "all_of({})", lambda *xs: sum(xs), VariadicRule(lambda i, g, z, *xs: g), scalar=lambda *xs: sum(xs)
    )
    layer = [tg.Value(float(i)) for i in range(30)]
    for _ in range(2):
        layer = [row(*layer) for _ in range(30)]
    picture = tg.draw(row(*layer), collapse=False).svg()
    assert len(paths(picture)) == 1830
    assert len(picture.encode()) < 250_000


def test_what_is_used_far_away_stands_there_by_name():
    drawing = tg.draw(recurrence(6), collapse=False)
    picture = drawing.view.picture
    far = [edge for edge in picture.edges if edge.by_name]
    assert [picture.cards[edge.tail].title for edge in far] == ["w", "u", "b"] * 5
    assert "A name in a pill stands for the card of that name." in texts(drawing.svg())
    assert drawing.source.count(" -> ") == len(picture.edges)
    assert drawing.source.count('[label="w" shape=box') == 5
    layout = lay_out(picture)
    boxes = [*layout.cards, *layout.names.values()]
    assert not overlapping(boxes)
    for k, edge in enumerate(picture.edges):
        x, _, w, _ = layout.names[k] if edge.by_name else layout.cards[edge.tail]
        assert layout.edges[k][0][0] == pytest.approx(x + w)
        assert x + w <= layout.cards[edge.head][0]
        assert layout.cards[edge.tail][0] < layout.cards[edge.head][0]


def test_names_that_stand_for_cards_are_unlike():
    y = dense(400, 400)
    picture = tg.draw(y, collapse=False).view.picture
    tails = {edge.tail for edge in picture.edges if edge.by_name}
    titles = [picture.cards[i].title for i in tails]
    assert len(set(titles)) == len(titles) > 50
    told = dict(re.findall(r"(v\d+) = .* = (\S+)$", tg.tree(y), re.MULTILINE))
    shared = {card.title: card.rows[0][1] for card in picture.cards if card.title in told}
    assert len(shared) > 10, "a name is that of the tree"
    for name, value in shared.items():
        assert value == f"{float(told[name]):.4g}".replace("-", "−")


def test_cards_of_one_label_are_told_apart_where_they_stand_as_names():
    x = tg.Value(1.0)
    many = []
    for _ in range(40):
        x = x * 1.5
        x.label = "x"
        many.append(x)
    picture = tg.draw(sum(reversed(many)), collapse=False).view.picture
    titles = [picture.cards[i].title for i in {edge.tail for edge in picture.edges if edge.by_name}]
    assert titles
    assert len(set(titles)) == len(titles)
    assert all(re.fullmatch(r"x #\d+", title) for title in titles)


def test_names_stay_inside_the_frame_of_their_use():
    class Cell(tg.nn.Module):
        def __init__(self):
            super().__init__()
            self.w = tg.Value(0.5, label="w")

        def forward(self, h):
            return (self.w * h + self.w).tanh() * self.w

    class Net(tg.nn.Module):
        def __init__(self):
            super().__init__()
            self.cells = [Cell() for _ in range(5)]
            for cell in self.cells:
                cell.w = self.cells[0].w

        def forward(self, h):
            for cell in self.cells:
                h = cell(h)
            return h

    net = Net()
    picture = tg.draw(net(tg.Value(1.0)), model=net, collapse=False).view.picture
    layout = lay_out(picture)
    assert len(picture.groups) == 5
    assert len(layout.names) > 8
    for k, (x, y, w, h) in layout.names.items():
        u, v, a, b = layout.groups[picture.cards[picture.edges[k].head].group]
        assert u <= x
        assert v <= y
        assert x + w <= u + a
        assert y + h <= v + b


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 9)), max_size=60))
def test_layers_follow_links_and_leaves_are_near(pairs):
    links = sorted((tail, tail + more) for tail, more in pairs)
    found = assign_layers(40, links)
    assert all(found[tail] < found[head] for tail, head in links)
    assert min(found) == 0
    heads = {head for _, head in links}
    for leaf in {tail for tail, _ in links} - heads:
        assert found[leaf] == min(found[head] for tail, head in links if tail == leaf) - 1


def labels(drawing):
    return {(edge.head, edge.slot): edge.label for edge in drawing.view.picture.edges}


def test_edges_of_tensors_say_what_their_rule_hands_back():
    x, w = tg.Tensor(np.ones((5, 4)), label="x"), tg.Tensor(np.ones((3, 4)), label="W")
    b, t = tg.Tensor(np.zeros(3), label="b"), np.array([0, 1, 2, 1, 0])
    z = x @ w.T + b
    p = tg.nn.functional.softmax(z)
    p.label = "p"
    assert labels(tg.draw(z))[4, 0] == "g yᵀ"  # W.T has no name of its own
    assert labels(tg.draw(z))[4, 1] == "xᵀ g"
    assert labels(tg.draw(z))[3, 0] == "gᵀ"
    assert labels(tg.draw(p))[6, 0] == "(g − Σ(g·p))·p"
    assert labels(tg.draw(p[0]))[7, 0] == "put(g)"
    assert labels(tg.draw(p.sum()))[7, 0] == "g"
    assert labels(tg.draw(p.mean(axis=0)))[7, 0] == "g/5"
    assert labels(tg.draw(np.max(p)))[7, 0] == "g·([p == z]/Σ(p == z))"
    assert labels(tg.draw(tg.nn.functional.cross_entropy(z, t)))[7, 0] == "g·(softmax(x) − onehot(labels))"
    assert set(labels(tg.draw(p, show={"data"})).values()) == {""}


@pytest.mark.parametrize("label", [*NASTY, "g", "z", "much too long"], ids=range(len(NASTY) + 3))
def test_a_rule_on_an_edge_calls_operands_by_short_names_only(label):
    w = tg.Tensor(np.ones((2, 2)), label=label)
    (edge,) = [e.label for e in tg.draw(np.ones((2, 2)) @ w @ np.ones((2, 2))).view.picture.edges if e.head == 4][:1]
    assert edge == "g yᵀ"
    drawing = tg.draw(w @ w)
    ET.fromstring(drawing.svg())
    name = drawing.view.picture.cards[0].title
    short = 0 < len(name) <= 8 and name not in ("g", "z")
    assert labels(drawing)[1, 0] == (f"g {name}ᵀ" if short else "g xᵀ")


def test_rules_on_edges_hold_wherever_one_draws():
    x = tg.Tensor(np.ones((2, 2)), label="x")
    y = x @ x
    with tg.no_grad():
        assert labels(tg.draw(y))[1, 0] == "g xᵀ"
    with tg.detect_anomaly():
        assert labels(tg.draw(np.linalg.inv(x + np.eye(2))))[3, 0] == "−(zᵀ g zᵀ)"
    broken = tg.op("broken", "broken({})", lambda x: x + 0.0, lambda g, z, x: 1 / 0, elementwise=False)
    assert labels(tg.draw(broken(x)))[1, 0] == ""
    large = tg.Tensor(np.zeros((1001, 1000)), label="x")
    assert labels(tg.draw(large.T))[1, 0] == ""


def test_a_deep_graph_is_laid_out_without_recursion():
    x = tg.Value(1.0)
    for _ in range(3000):
        x = x + 1.0
    assert len(paths(tg.draw(x, collapse=False).svg())) == 6000


def test_arrays_show_their_range():
    t = tg.Tensor(np.linspace(-1, 1, 10), label="t")
    y = (t * t).sum()
    y.backward()
    seen = texts(tg.draw(y).svg())
    assert "data −1 … 1" in seen
    assert "grad −2 … 2" in seen
    assert svg(tg.draw(y).view.picture).count("<path") == 4  # three uses and the tip of the arrows


def test_an_error_draws_the_graph_up_to_what_failed():
    x, w = tg.Tensor(np.ones((4, 3)), label="x"), tg.Tensor(np.ones((2, 3)), label="W")
    with pytest.raises(tg.errors.ShapeError) as caught:
        (x * 2) @ w
    picture = tg.draw(caught.value).view.picture
    assert [card.title for card in picture.cards] == ["x", "W", "", "", "✗ cannot be computed"]
    failed = picture.cards[-1]
    assert (failed.sign, failed.mark) == ("matmul", "bad")
    assert [(edge.tail, edge.label) for edge in picture.edges if edge.head == 4] == [(3, "(4, 3)"), (1, "(2, 3)")]
    assert tg.draw(caught.value.graph).source == tg.draw(caught.value).source


def test_verdicts_on_gradients_by_hand_are_marked():
    w, b = tg.Tensor([1.0, 2.0, 3.0], label="w"), tg.Tensor(0.5, label="b")
    loss = ((w * [1.0, -1.0, 2.0]).sum() + b - 1.0) ** 2
    loss.backward()
    report = tg.compare({"w": 2 * w.grad, "b": b.grad}, loss)
    picture = tg.draw(loss, report=report).view.picture
    marks = {card.title: (card.mark, card.rows[-1]) for card in picture.cards if card.mark}
    assert marks == {"w": ("bad", ("by hand", "✗ wrong")), "b": ("good", ("by hand", "✓ correct"))}
    assert "by hand ✗ wrong" in texts(tg.draw(loss, report=report).svg())


def test_what_is_not_a_number_is_said():
    t = tg.Tensor([1.0, np.nan, np.inf, 2.0, np.nan], label="t")
    assert "data nan in 2 of 5" in texts(tg.draw(t).svg())
    assert "data 1 … inf" in texts(tg.draw(tg.Tensor([1.0, np.inf, 2.0, 3.0, 4.0])).svg())


def test_graphviz_is_never_given_a_large_graph(monkeypatch):
    class Fake:
        def render(self, source, kind):
            raise AssertionError("called")

    monkeypatch.setattr(engines, "find", lambda *_: Fake())
    x = tg.Value(1.0)
    for _ in range(800):
        x = x + 1.0
    drawing = tg.draw(x, collapse=False)
    assert len(paths(drawing.pipe("svg", encoding="utf-8"))) == 1600
    with pytest.raises(OSError, match="would take Graphviz minutes"):
        drawing.pipe("png")


@pytest.mark.browser
@pytest.mark.skipif(printing.installed_browser() is None, reason="no chromium on PATH: apt-get install chromium")
def test_a_chromium_prints_where_there_is_no_graphviz(monkeypatch, tmp_path):
    image = pytest.importorskip("matplotlib.image")
    browser, drawing = printing.installed_browser(), tg.draw(neuron())
    monkeypatch.undo()
    monkeypatch.setattr(engines, "find", lambda *_: None)
    width, height = (float(side) for side in printing.SIZE.search(drawing.svg()).groups())
    picture = drawing.pipe("png")
    assert struct.unpack(">II", picture[16:24]) == (2 * int(width + 1), 2 * int(height + 1))
    pixels = image.imread(io.BytesIO(picture))
    right, bottom = pixels[:, -80:, :3], pixels[-80:, :, :3]
    assert right.min() < 0.5 > bottom.min(), "the whole picture is there"
    with pytest.raises(OSError, match=r"PNG of 20,001 × 11 pixels is too large for a browser: save as \.svg"):
        printing.print_picture(browser, '<svg width="20000" height="10">', "png")
    page = drawing.pipe("pdf")
    assert page.startswith(b"%PDF-")
    assert page.count(b"/Type /Page\n") == 1
    with pytest.raises(OSError, match="could not print a picture"):
        printing.print_picture(shutil.which("false"), drawing.svg(), "pdf")


def test_engines_are_found_and_their_errors_told(monkeypatch, tmp_path):
    monkeypatch.undo()
    program = tmp_path / "dot"
    program.write_text("#!/bin/sh\necho broken >&2\nexit 3\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    found = engines.find("pdf")
    assert found == engines.Engine("dot", str(program))
    with pytest.raises(OSError, match="dot could not write pdf: broken"):
        found.render("digraph {}", "pdf")
    program.unlink()
    assert engines.find("pdf") is None
    assert 'pip install "tinygrad-edu[dot]"' in engines.missing("png")


def test_a_drawing_is_a_digraph_that_can_be_copied_and_added_to():
    drawing = tg.draw(neuron())
    assert isinstance(drawing, graphviz.Digraph)
    assert drawing.copy().source == drawing.source
    with drawing.subgraph(name="cluster_mine") as more:
        more.node("mine", "my note")
    assert drawing.source.count("my note") == 1
    assert drawing.source.count('n9 [label="{tanh') == 1


@pytest.mark.parametrize("name", samples.NAMES)
def test_every_row_of_the_table_can_be_drawn_and_stepped_through(name):
    for operands, params in samples.samples(name):
        given = [tg.Tensor(x) if isinstance(x, np.ndarray) and x.dtype.kind == "f" else x for x in operands]
        z = TABLE[name](*given, **params)
        if not isinstance(z, tg.Tensor):
            continue
        drawing = tg.draw(z)
        assert len(paths(drawing.svg())) == drawing.source.count(" -> ") == len(operands)
        if z.requires_grad and z.dtype.kind == "f":
            assert "</html>" in tg.stepper((z * z).sum()).html


def test_blocks_made_by_the_same_lines_become_one_card_and_the_last_stays():
    from tinygrad_edu.draw.graph.collapse import repeats

    assert repeats([7, *[1, 2, 3] * 4, 9, 9]) == [(1, 3, 4)]
    assert repeats([1, 2, 1, 2]) == []
    assert repeats([5] * 10) == [(0, 1, 10)]
    rng = np.random.default_rng(0)
    a = tg.Tensor(rng.normal(size=(2, 3)), label="x")
    for k in range(400):
        w = tg.Tensor(rng.normal(size=(3, 3)), label=f"W{k}")
        u = tg.tanh(a @ w)
        a = (u + a) / (1.0 + (u * u).mean())
    drawing = tg.draw((a * a).sum())
    titles = [card.title for card in drawing.view.picture.cards]
    assert any(title.startswith("block") and "×399" in title for title in titles)
    assert 3 <= len(titles) < 30, "the last block stays as it is"
    page = drawing.html().html
    assert len(page.encode()) < 100_000
    assert len(tg.draw((a * a).sum(), collapse=False).view.picture.cards) > 2000


@pytest.mark.browser
def test_a_wide_picture_is_zoomed_moved_and_fitted(browser, tmp_path):
    x = tg.Value(1.0, label="x")
    for _ in range(60):
        x = x * 1.01 + 0.5
    path = tmp_path / "wide.html"
    tg.draw(x).html().save(path)
    with opened(browser, path, width=800) as page:
        wide = page.evaluate("document.querySelector('#picture svg').getBoundingClientRect().width")
        page.focus("#picture")
        page.keyboard.press("+")
        larger = page.evaluate("document.querySelector('#picture svg').getBoundingClientRect().width")
        assert larger == pytest.approx(1.25 * wide, rel=0.02)
        page.click(".zoom button >> nth=2")
        assert page.evaluate("document.querySelector('#picture').scrollWidth <= 802")
        page.keyboard.press("+")
        page.click(".zoom button >> nth=1")
        page.click(".zoom button >> nth=1")
        box = page.locator("#picture").bounding_box()
        page.mouse.move(box["x"] + 500, box["y"] + 5)
        page.mouse.down()
        page.mouse.move(box["x"] + 300, box["y"] + 5)
        page.mouse.up()
        assert page.evaluate("document.querySelector('#picture').scrollLeft") > 100
        assert page.is_visible(".zoom canvas")


def test_a_dozen_blocks_are_one_card_and_one_block():
    def blocks(count):
        h = tg.Tensor(np.ones((2, 4)), label="x")
        for layer in [tg.nn.TransformerBlock(4, 2, rng=k) for k in range(count)]:
            h = layer(h)
        return [card.title for card in tg.draw(h.mean()).view.picture.cards]

    dozen, more = blocks(12), blocks(40)
    assert any(title.endswith("×10, as shown") for title in dozen), "halves of a block, of other steps, are no repeats"
    assert any(title.endswith("×38, as shown") for title in more)
    assert len(dozen) == len(more) <= 40
