"""The playground: the net in the page learns as the same net does in Python, and the program it gives proves it."""

import contextlib
import io
import json
import math
import re

import numpy as np
import pytest
from browsing import opened

import tinygrad_edu as tg
from tinygrad_edu.cli import main


def loss_of(page):
    return float(page.get_attribute("#loss", "data-value"))


def run_code(page):
    """Run the program that the page gives, and return what it prints."""
    page.evaluate("document.querySelector('#code').open = true")
    page.wait_for_function("document.querySelector('#code pre').textContent.length > 100")
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile(page.text_content("#code pre"), "<playground>", "exec"), {})
    return float(said.getvalue())


@pytest.mark.browser
@pytest.mark.parametrize("kind", ["square", "softplus", "relu"])
def test_the_program_that_the_page_gives_does_the_same(browser, tmp_path, kind):
    with opened(browser, tg.playground().save(tmp_path / "play.html"), width=1280) as page:
        page.select_option("#kind", kind)
        page.fill("#momentum", "0.5")
        page.fill("#batch", "7")
        page.locator("#layers select").first.select_option(
            {"square": "sigmoid", "relu": "leaky_relu"}.get(kind, "tanh")
        )
        for _ in range(13):
            page.click('[data-do="step"]')
        page.click('[data-do="epoch"]')
        assert math.isclose(loss_of(page), run_code(page), rel_tol=1e-9)


@pytest.mark.browser
def test_begins_with_the_users_net_and_points(browser, tmp_path):
    rng = np.random.default_rng(0)
    points, sides = rng.uniform(-1, 1, (12, 2)).round(4), rng.integers(0, 2, 12)
    for net in (
        tg.nn.MLP(2, [3, 1], "tanh", rng=0),
        tg.nn.Sequential(tg.nn.Linear(2, 3, rng=0), tg.nn.ReLU(), tg.nn.Linear(3, 1, rng=1)),
    ):
        with opened(browser, tg.playground(net, (points, sides)).save(tmp_path / "play.html")) as page:
            shown = loss_of(page)
            rows = [list(p) for p in points] if isinstance(net, tg.nn.MLP) else points[:, None]
            outputs = [float(np.ravel(net(row).data)[0]) for row in rows]
            assert math.isclose(shown, np.mean((np.array(outputs) - np.where(sides > 0, 1, -1)) ** 2), rel_tol=1e-9)
            page.click('[data-do="step"]')
            assert math.isclose(loss_of(page), run_code(page), rel_tol=1e-9)


@pytest.mark.browser
def test_points_are_added_moved_and_taken_away_by_mouse_keys_and_touch(browser, tmp_path):
    path = tg.playground().save(tmp_path / "play.html")
    with opened(browser, path, width=1280) as page:
        page.select_option("#set", "none")
        assert page.inner_text("#news") == ""
        page.locator("#plane").click(position={"x": 60, "y": 60})
        page.click('[data-side="-1"]')
        page.locator("#plane").click(position={"x": 220, "y": 200})
        page.focus("#plane")
        page.keyboard.press("Enter")
        page.keyboard.press("ArrowRight")
        for _ in range(3):
            page.click('[data-do="step"]')
        assert math.isclose(loss_of(page), run_code(page), rel_tol=1e-9)
        given = json.loads(re.search(r"x = np.array\((.*)\)", page.text_content("#code pre"))[1])
        assert len(given) == 3
        assert given[2] == [0.05, 0]
        box = page.locator("#plane").bounding_box()
        page.mouse.move(box["x"] + 60, box["y"] + 60)
        page.mouse.down()
        page.mouse.move(box["x"] + 100, box["y"] + 60)
        page.mouse.up()
        moved = json.loads(re.search(r"x = np.array\((.*)\)", page.text_content("#code pre"))[1])
        assert moved[0] != given[0]
        assert moved[1:] == given[1:]
        page.focus("#plane")
        page.keyboard.press("Delete")
        assert len(json.loads(re.search(r"x = np.array\((.*)\)", page.text_content("#code pre"))[1])) == 2
    context = browser.new_context(has_touch=True, is_mobile=True, viewport={"width": 400, "height": 800})
    page = context.new_page()
    page.goto(path.as_uri())
    page.select_option("#set", "none")
    page.locator("#plane").tap(position={"x": 50, "y": 90})
    assert math.isfinite(loss_of(page))
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    context.close()


@pytest.mark.browser
def test_a_neuron_shows_its_sum_its_delta_and_its_nudges(browser, tmp_path):
    net = tg.nn.MLP(2, [2, 1], "tanh", rng=3)
    points = [[0.5, -0.25], [0.1, 0.8]]
    with opened(browser, tg.playground(net, (points, [1, 0])).save(tmp_path / "play.html"), width=1280) as page:
        page.locator("#board button[aria-label='neuron 2 of layer 1']").focus()
        page.keyboard.press("Enter")
        told = page.inner_text("#told")
        shown = [float(x.replace("−", "-")) for x in re.search(r"point \((.*?), (.*?)\)", told).groups()]
        assert shown in points
        z = net.layers[0].neurons[1]
        loss = (net(shown) - (1 if shown == points[0] else -1)) ** 2
        loss.backward()
        cells = page.locator("#told tbody tr").evaluate_all(
            "all => all.map(r => [...r.children].map(c => c.textContent))"
        )
        for cell, w in zip(cells, [*z.w, z.b], strict=True):
            assert math.isclose(float(cell[5].replace("−", "-")), w.grad, rel_tol=6e-4)
            assert math.isclose(float(cell[6].replace("−", "-")), -0.1 * w.grad, rel_tol=6e-4)


@pytest.mark.browser
def test_diverges_in_sight_and_plays_in_a_sandbox_in_the_dark(browser, tmp_path):
    page = tg.playground()
    assert len(page.html.encode()) <= 200_000
    (tmp_path / "notebook.html").write_text(page._repr_html_(), encoding="utf-8")
    with opened(browser, tmp_path / "notebook.html", scheme="dark", width=400) as there:
        frame = there.frame_locator("iframe")
        before = frame.locator("#counts").inner_text()
        frame.locator('[data-do="play"]').click()
        there.wait_for_timeout(400)
        frame.locator('[data-do="play"]').click()
        assert frame.locator("#counts").inner_text() != before
        frame.locator('[data-do="eta"]').fill("50")
        frame.locator("#layers select").first.select_option("relu")
        for _ in range(40):
            frame.locator('[data-do="epoch"]').click()
            if "diverged" in frame.locator("#news").inner_text():
                break
        assert "too large" in frame.locator("#news").inner_text()
        frame.locator('[data-way="backward"]').click()
        assert frame.locator("#board.backward").count() == 1


def test_refuses_what_it_cannot_show():
    with pytest.raises(tg.errors.ShapeError, match="3 inputs"):
        tg.playground(tg.nn.MLP(3, [1]))
    with pytest.raises(tg.errors.ShapeError, match="points of shape"):
        tg.playground(data=([[1.0, 2.0, 3.0]], [1]))


def test_the_command_line_shows_the_way(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main([]) == 0
    said = capsys.readouterr().out
    commands = re.findall(r"^  tinygrad-edu (\w+) (\".*?\")( --at \S+)?", said, re.MULTILINE)
    assert len(commands) == 3
    for command, formula, at in commands:
        assert main([command, formula.strip('"'), *at.split()]) == 0
    assert main(["playground"]) == 0
    assert {p.name for p in tmp_path.iterdir()} == {"live.html", "pad.html", "playground.html"}
