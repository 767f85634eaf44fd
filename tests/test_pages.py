"""Networks, replays, landscapes, nudges and the digit page: what they show is what Python computes."""

import base64
import copy
import json
import os
import re
import socket
import subprocess
import threading
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from browsing import opened

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.draw.graph.picture import format_number
from tinygrad_edu.draw.network.layers import forward, layers_of
from tinygrad_edu.draw.network.picture import thick
from tinygrad_edu.draw.pages.page import json_data
from tinygrad_edu.draw.pages.replay import grid_points

SVG = "{http://www.w3.org/2000/svg}"


def small(seed=0):
    return nn.Sequential(nn.Linear(2, 5, rng=seed), nn.Tanh(), nn.Linear(5, 1, rng=seed + 1), nn.Sigmoid())


def edges(drawing):
    return [path for path in ET.fromstring(drawing.svg()).iter(f"{SVG}path") if path.get("class", "").startswith("w")]


def trained():
    x, y = tg.data.make_moons(60, noise=0.1, rng=0)
    net = small()
    recorder = tg.Recorder(net, x, y, frames=10)
    optimizer = nn.SGD(net.parameters(), lr=0.5)
    for _ in range(35):
        optimizer.zero_grad()
        loss = loss_of(net)
        loss.backward()
        optimizer.step()
        recorder.record(loss)
    return net, recorder


def loss_of(net):
    x, y = tg.data.make_moons(60, noise=0.1, rng=0)
    return ((net(x).reshape(-1) - y) ** 2).mean()


@pytest.fixture(scope="module")
def run():
    return trained()


# Networks ------------------------------------------------------------------------------------------------------------


def test_a_network_has_an_edge_for_each_weight_as_wide_as_it_is_large():
    net = small()
    drawn = edges(tg.draw_network(net))
    assert len(drawn) == 2 * 5 + 5 * 1
    for layer, linear in enumerate((net[0], net[2])):
        mine = [path for path in drawn if path.get("data-at").startswith(f"{layer} ")]
        for path in mine:
            _, j, k = map(int, path.get("data-at").split())
            w = linear.weight.data[j, k]
            assert float(path.get("data-w")) == pytest.approx(w, rel=1e-5)
            assert ("neg" in path.get("class")) == (w < 0)
        for path in mine:
            part = abs(float(path.get("data-w"))) / np.abs(linear.weight.data).max()
            assert float(path.get("stroke-width")) == pytest.approx(0.5 + 4.5 * part, abs=0.01)
    assert thick(0.0, 0.0) == 0.5


def test_activations_are_those_of_the_model():
    net, x = small(), np.array([0.3, -1.2])
    _, activations = forward(layers_of(net), x[None])
    np.testing.assert_allclose(activations[-1], net(x[None]).data, rtol=1e-12)
    said = "".join(ET.fromstring(tg.draw_network(net, x).svg()).itertext())
    hidden = np.tanh(net[0].weight.data @ x + net[0].bias.data)
    assert f"{hidden[0]:.2f}".replace("-", "−") in said
    assert f"a_1^(2) = {net(x[None]).item():.4g}" in said


def test_values_and_tensors_give_the_same_network():
    net = nn.MLP(3, [4, 2], "tanh", rng=3)
    mine, theirs = (edges(tg.draw_network(m)) for m in (net, net.to_tensor_model()))
    assert [path.get("data-w") for path in mine] == [path.get("data-w") for path in theirs]
    assert len(edges(tg.draw_network(net.layers[0]))) == 12
    assert len(edges(tg.draw_network(net.layers[0].neurons[0]))) == 3


def test_gradients_and_nudges_can_be_drawn_instead():
    net = small()
    with pytest.raises(ValueError, match="layer 1 has no gradient yet"):
        tg.draw_network(net, edges="gradient")
    loss_of(net).backward()
    gradient = {p.get("data-at"): float(p.get("data-w")) for p in edges(tg.draw_network(net, edges="gradient"))}
    nudge = {p.get("data-at"): float(p.get("data-w")) for p in edges(tg.draw_network(net, edges="nudge", lr=0.5))}
    assert gradient["0 3 1"] == pytest.approx(net[0].weight.grad[3, 1], rel=1e-5)
    assert nudge == pytest.approx({at: -0.5 * g for at, g in gradient.items()}, rel=1e-4)


def test_wide_layers_are_cut_and_images_shown():
    net = nn.Sequential(nn.Linear(64, 32, rng=0), nn.ReLU(), nn.Linear(32, 10, rng=1))
    drawing = tg.draw_network(net)
    assert len(edges(drawing)) == 12 * 12 + 12 * 10
    assert drawing.svg().count("⋮") == 2
    drawn = tg.draw_network(net, np.random.default_rng(0).random((8, 8)))
    images = list(ET.fromstring(drawn.svg()).iter(f"{SVG}image"))
    assert len(images) == 1 + 12
    for image in images:
        kind, _, content = image.get("href").partition(",")
        assert kind == "data:image/png;base64"
        assert base64.b64decode(content)[:8] == b"\x89PNG\r\n\x1a\n"


def test_a_network_refuses_what_is_none():
    with pytest.raises(TypeError, match="Embedding"):
        tg.draw_network(nn.Sequential(nn.Embedding(4, 3, rng=0), nn.Linear(3, 1, rng=0)))
    with pytest.raises(TypeError, match="a net of layers with weights"):
        tg.draw_network("net")
    with pytest.raises(tg.errors.ShapeError, match="one example of 2 numbers"):
        tg.draw_network(small(), [1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="'weight', 'gradient', 'nudge'"):
        tg.draw_network(small(), edges="colour")


def test_looking_at_a_net_leaves_no_trace():
    net = nn.Sequential(nn.Linear(2, 3, rng=0), nn.Dropout(0.5, rng=0), nn.ReLU())
    before = [module.last_call for _, module in net.named_modules()]
    tg.draw_network(net, [1.0, 2.0])
    assert [module.last_call for _, module in net.named_modules()] == before


@pytest.mark.browser
def test_a_neuron_that_is_chosen_shows_its_arithmetic(browser, tmp_path):
    net = nn.MLP(2, [3, 1], "tanh", rng=0)
    loss = (net([1.5, -2.0]) - 1.0) ** 2
    loss.backward()
    tg.draw_network(net, [1.5, -2.0]).save(tmp_path / "net.html")
    neuron = net.layers[0].neurons[1]
    z = neuron.w[0].data * 1.5 + neuron.w[1].data * -2.0 + neuron.b.data
    with opened(browser, tmp_path / "net.html", width=500) as page:
        page.focus("#a1_1")
        page.keyboard.press("Enter")
        said = page.inner_text("#said")
        for expected in (neuron.w[0].data, neuron.w[1].data, z, np.tanh(z)):
            assert format_number(float(expected)) in said
        assert page.locator("path.w.now").count() == 2
        page.set_viewport_size({"width": 500, "height": 240})
        page.evaluate("scrollTo(0, 0)")  # below a tall picture nobody would see it
        assert page.evaluate("document.getElementById('said').getBoundingClientRect().bottom <= innerHeight")
        signs = page.locator("path.w").evaluate_all("all => all.map(path => path.classList.contains('neg'))")
        page.click("button[data-show=n]")
        nudged = page.locator("path.w").evaluate_all(
            "all => all.map(path => [path.classList.contains('neg'), path.dataset.g])"
        )
        assert [neg for neg, _ in nudged] == [-float(g) < 0 for _, g in nudged]
        page.click("button[data-show=w]")
        assert page.locator("path.w").evaluate_all("all => all.map(path => path.classList.contains('neg'))") == signs


# Replay --------------------------------------------------------------------------------------------------------------


def test_a_recorder_keeps_every_loss_and_few_frames(run):
    net, recorder = run
    assert len(recorder.losses) == 35
    assert len(recorder.moments()) <= 11
    assert recorder.moments()[0].step == 0
    assert recorder.moments()[-1].step == 35
    np.testing.assert_array_equal(recorder.moments()[-1].layers[0].weight, net[0].weight.data)
    assert not np.array_equal(recorder.moments()[0].layers[0].weight, net[0].weight.data)


def test_a_recorder_plots_the_loss(run):
    figure, axes = run[1].plot()
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), run[1].losses)
    assert figure.axes == [axes]


def test_a_replay_keeps_to_its_budget():
    net, (x, y) = small(), tg.data.make_moons(400, rng=0)
    recorder = tg.Recorder(net, x, y)
    for _ in range(61):
        recorder.record(0.5)
    recorder.frames = recorder.frames[:1] * 60
    assert len(recorder.replay().html.encode()) <= 1_000_000


def test_a_run_that_diverged_can_be_replayed():
    net = small()
    recorder = tg.Recorder(net)
    net[0].weight.assign(np.full((5, 2), np.inf))
    recorder.record(float("inf"))
    content = json.loads(re.search(r'id="data">(.*?)</script>', recorder.replay().html, re.DOTALL)[1])
    assert content["losses"] == [None]
    assert content["weights"][1][0][0] == 1.0, "the unit of a layer without one finite number"


@pytest.mark.browser
def test_a_replay_shows_what_the_net_said(browser, tmp_path, run):
    net, recorder = run
    path = recorder.replay().save(tmp_path / "replay.html")
    content = json.loads(re.search(r'id="data">(.*?)</script>', path.read_text(), re.DOTALL)[1])
    said = net(grid_points(content["box"])).data[:, 0] - 0.5
    with opened(browser, path, "#last") as page:
        assert page.inner_text("#count") == f"step 35, loss {recorder.losses[-1]:#.4g}"
        pixels = page.evaluate("[...document.getElementById('grid').getContext('2d').getImageData(0, 0, 50, 50).data]")
        red, blue = np.array(pixels).reshape(-1, 4)[:, [0, 2]].T.astype(int)
        clear = np.abs(said) > 0.05
        assert clear.sum() > 1000
        np.testing.assert_array_equal(blue[clear] > red[clear], said[clear] > 0)
        assert page.locator("#over circle").count() == 60
        last = page.get_attribute("#net path.w >> nth=0", "stroke-width")
        page.keyboard.press("Home")
        assert page.inner_text("#count") == "step 0"
        first = [page.locator("#net path.w").nth(i).get_attribute("stroke-width") for i in range(15)]
        page.keyboard.press("End")
        assert page.get_attribute("#net path.w >> nth=0", "stroke-width") == last
        assert first != [page.locator("#net path.w").nth(i).get_attribute("stroke-width") for i in range(15)]


@pytest.mark.browser
def test_a_replay_of_images_and_one_of_values(browser, tmp_path):
    net = nn.Sequential(nn.Linear(64, 16, rng=0), nn.ReLU(), nn.Linear(16, 10, rng=1))
    recorder = tg.Recorder(net)
    recorder.record(float("nan"))
    recorder.record(1.0)
    with opened(browser, recorder.replay().save(tmp_path / "a.html"), "#last", scheme="dark", width=400) as page:
        assert page.get_attribute("#net image >> nth=0", "href").startswith("data:image/png")
        assert not page.locator("#plane").is_visible()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    scalar = nn.MLP(2, [3, 3], "tanh", rng=0)
    with opened(browser, tg.Recorder(scalar, [[0.0, 0.0], [1.0, 1.0]]).replay().save(tmp_path / "b.html")) as page:
        assert page.locator("#plane").is_visible()


# Landscape -----------------------------------------------------------------------------------------------------------


@pytest.mark.browser
def test_a_landscape_is_the_loss_around_the_trained_net(browser, tmp_path, run):
    net, recorder = run
    before = {name: value.copy() for name, value in net.state_dict().items()}
    page_written = recorder.landscape(loss_of, size=9)
    for name, value in net.state_dict().items():
        np.testing.assert_array_equal(value, before[name])
    content = json.loads(re.search(r'id="data">(.*?)</script>', page_written.html, re.DOTALL)[1])
    assert content["loss"][4 * 9 + 4] == pytest.approx(loss_of(net).item(), rel=1e-4)
    assert content["path"][-1] == [0.0, 0.0]
    assert len(content["path"]) == len(recorder.moments())
    with opened(browser, page_written.save(tmp_path / "land.html")) as page:
        end = page.locator("#over circle.end")
        assert (float(end.get_attribute("cx")), float(end.get_attribute("cy"))) == pytest.approx((230, 230))
        box = page.locator("#over").bounding_box()
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        assert page.inner_text("#said") == f"loss {content['loss'][40]:#.4g}"
        assert page.inner_text("#count") == f"step 35, loss {loss_of(net).item():#.4g}"
        page.keyboard.press("Home")
        first = copy.deepcopy(net)
        first.load_state_dict(recorder.moments()[0].state)
        assert page.inner_text("#count") == f"step 0, loss {loss_of(first).item():#.4g}"


def test_a_landscape_needs_a_path():
    with pytest.raises(ValueError, match="has seen no step"):
        tg.Recorder(small()).landscape(loss_of)


# Nudges --------------------------------------------------------------------------------------------------------------


def test_nudges_are_minus_lr_times_gradients_and_average_to_the_step():
    rng = np.random.default_rng(0)
    gradients = {"W": rng.normal(size=(6, 2, 2)), "b": rng.normal(size=(6, 2))}
    page = tg.nudges(gradients, 0.1).html
    values = np.array(re.findall(r'data-value="([^"]+)"', page), dtype=float).reshape(7, 6)
    each = -0.1 * np.column_stack([gradients["W"].reshape(6, 4), gradients["b"]])
    np.testing.assert_array_equal(values, np.vstack([each, each.mean(axis=0)]))
    assert re.findall(r'<th scope="col">(.*?)</th>', page) == ["W_1,1", "W_1,2", "W_2,1", "W_2,2", "b_1", "b_2"]
    printed = str(tg.nudges(gradients, 0.1)).replace("−", "-").splitlines()
    assert printed[0].split() == ["W_1,1", "W_1,2", "W_2,1", "W_2,2", "b_1", "b_2"]
    said = [[float(x) for x in line.split()[-6:]] for line in printed[1:7] + printed[8:]]
    np.testing.assert_allclose(said, values, rtol=6e-3)
    assert str(tg.nudges(np.ones((50, 300)), 0.1)).splitlines()[-1].endswith("more weights and 10 more examples)")
    assert max(map(len, str(tg.nudges(np.ones((50, 300)), 0.1)).splitlines())) <= 100
    wide = tg.nudges(rng.normal(size=(50, 30)), 0.1).html
    assert "Not shown: 6 more weights and 10 more examples" in wide
    with pytest.raises(tg.errors.ShapeError, match="one row an example"):
        tg.nudges([np.ones(3), np.ones(4)], 0.1)


# Digits --------------------------------------------------------------------------------------------------------------


@pytest.mark.browser
@pytest.mark.parametrize("activation", [nn.ReLU, nn.Tanh, nn.Sigmoid])
def test_the_digit_page_computes_as_python_does(browser, tmp_path, activation):
    net = nn.Sequential(nn.Linear(64, 12, rng=0), activation(), nn.Linear(12, 10, rng=1))
    with opened(browser, tg.digit_page(net).save(tmp_path / "digit.html")) as page:
        assert page.inner_text("#verdict") == "Nothing is drawn yet."
        box = page.locator("#pad").bounding_box()
        page.mouse.move(box["x"] + 90, box["y"] + 60)
        page.mouse.down()
        for x, y in ((200, 60), (120, 150), (120, 240)):
            page.mouse.move(box["x"] + x, box["y"] + y, steps=5)
        page.mouse.up()
        pixels = np.array(json.loads(page.get_attribute("#seen", "data-pixels")))
        logits = [float(row.get_attribute("data-logit")) for row in page.locator("#out tr").all()]
        assert 5 < pixels.sum() < 40
        assert pixels.reshape(8, 8)[0].max() > 0.5, "the drawing is brought to the height of the image"
        np.testing.assert_allclose(logits, net(pixels[None]).data[0], atol=1e-4)
        assert page.inner_text("#verdict") == f"The net reads {int(np.argmax(logits))}."
        page.click("#clear")
        assert page.inner_text("#verdict") == "Nothing is drawn yet."


def test_the_digit_page_refuses_what_it_cannot_compute():
    with pytest.raises(ValueError, match="not gelu"):
        tg.digit_page(nn.Sequential(nn.Linear(64, 4, rng=0), nn.GELU(), nn.Linear(4, 10, rng=0)))
    with pytest.raises(tg.errors.ShapeError, match="28 × 28"):
        tg.digit_page(nn.Linear(64, 10, rng=0), size=(28, 28))


# Pages ---------------------------------------------------------------------------------------------------------------


def test_data_in_a_page_cannot_end_its_script():
    nasty = ["</script>", "<!--", "<SCRIPT>", "\u2028", "é"]
    written = json_data(nasty)
    assert json.loads(written) == nasty
    assert not re.search(r"</|<!|<script", written, re.IGNORECASE)


def test_no_page_asks_for_anything(run):
    pages = [run[1].replay(), tg.digit_page(nn.Linear(64, 10, rng=0)), tg.nudges(np.ones((2, 2)), 1.0)]
    for page in pages:
        assert set(re.findall(r"https?://[^\"'\s<>]*", page.html)) <= {"http://www.w3.org/2000/svg"}
        assert "color-scheme:light dark" in page.html


NASTY = [
    "<b>x</b>",
    '"]; evil [label="x',
    "{a|b}",
    "{data}",
    "back\\N",
    "</script><img src=x onerror=alert(1)>",
    "x" * 10**6,
]


@pytest.mark.browser
def test_labels_are_harmless_on_every_page(browser, tmp_path):
    leaves = [tg.Value(float(k), label=label) for k, label in enumerate(NASTY)]
    total = sum(leaf * leaf for leaf in leaves)
    net = nn.Linear(4, len(NASTY), rng=0)
    pages = {
        "step": tg.stepper(total),
        "draw": tg.draw(total).html(),
        "nudges": tg.nudges({label: np.ones((len(NASTY), 1)) for label in NASTY}, 0.1, examples=NASTY),
        "digit": tg.digit_page(net, size=(2, 2), classes=NASTY),
    }
    for name, each in pages.items():
        assert len(each.html) < 200_000, "a very long name is cut"
        with opened(browser, each.save(tmp_path / f"{name}.html"), "#last") as page:
            assert page.locator("img, b").count() == 0, name
            assert "<b>x</b>" in page.locator("body").text_content()
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name


def test_pages_need_no_process_no_network_and_no_thread(monkeypatch, run):
    def forbidden(*_args, **_keywords):
        raise OSError("as in a browser, where there are none")

    monkeypatch.setenv("PATH", "")
    for owner, name in ((subprocess, "Popen"), (socket, "socket"), (threading.Thread, "start"), (os, "fork")):
        monkeypatch.setattr(owner, name, forbidden)
    net, recorder = run
    loss = loss_of(net)
    pages = [tg.stepper(loss, model=net), tg.draw(loss).html(), tg.draw_network(net).html(), recorder.replay()]
    pages += [recorder.landscape(loss_of, size=3), tg.nudges(np.ones((2, 2)), 1.0), tg.digit_page(nn.Linear(64, 10))]
    for page in pages:
        assert "<script>" in page.html
        assert page._repr_html_().startswith('<iframe sandbox="allow-scripts" srcdoc="')
    assert "<svg" in tg.draw(loss)._repr_mimebundle_()["image/svg+xml"]


@pytest.mark.browser
@pytest.mark.parametrize(("scheme", "width"), [("light", 1400), ("dark", 390)])
def test_every_page_fits_and_works_in_a_sandboxed_frame(browser, tmp_path, run, scheme, width):
    net, recorder = run
    trained_net = nn.Sequential(nn.Linear(64, 12, rng=0), nn.ReLU(), nn.Linear(12, 10, rng=1))
    pages = [
        tg.stepper(loss_of(net)),
        recorder.replay(),
        recorder.landscape(loss_of, size=5),
        tg.digit_page(trained_net),
    ]
    pages += [tg.nudges(np.ones((3, 30)), 1.0), tg.draw_network(net, [1.0, 2.0]).html()]
    frames = "".join(f"<div>{each._repr_html_()}</div>" for each in pages)
    (tmp_path / "book.html").write_text(f"<!doctype html><meta charset=utf-8>{frames}", encoding="utf-8")
    with opened(browser, tmp_path / "book.html", scheme=scheme, width=width) as page:
        assert len(page.frames) == 1 + len(pages)
        for frame in page.frames[1:]:
            frame.wait_for_load_state()
            assert frame.evaluate("document.documentElement.scrollWidth <= innerWidth"), frame.title()
            assert frame.evaluate("getComputedStyle(document.body).colorScheme") == "light dark"
            if frame.locator("#slide").count():
                frame.locator("#slide").press("End")
                assert frame.evaluate("slide.value === slide.max"), frame.title()
                frame.locator("#slide").press("ArrowLeft")
                assert frame.evaluate("Number(slide.value) === slide.max - 1"), frame.title()
        digit = page.frames[4].locator("#pad")
        box = digit.bounding_box()
        digit.dispatch_event("pointerdown", {"clientX": 60, "clientY": 150, "pointerType": "touch"})
        digit.dispatch_event("pointermove", {"clientX": 160, "clientY": 250, "pointerType": "touch"})
        assert box["width"] > 200
        assert page.frames[4].inner_text("#verdict").startswith("The net reads")


@pytest.mark.browser
def test_a_neuron_shows_delta_times_a_all_its_terms_and_zeros_are_no_sign(browser, tmp_path):
    net = nn.MLP(48, [2, 1], "relu", rng=0)
    net.layers[0].neurons[0].b.data = 5.0
    net.layers[0].neurons[1].b.data = -100.0  # is off: the gradients of its weights, and of the one behind it, are zero
    x = np.linspace(-1, 1, 48)
    ((net(x.tolist()) - 1.0) ** 2).backward()
    path = tmp_path / "net.html"
    tg.draw_network(net, x).save(path)
    with opened(browser, path, width=1280) as page:
        assert page.inner_text("h1") == "A network of 48-2-1 neurons"
        page.focus("#net #a1_0")
        page.keyboard.press("Enter")
        assert page.locator("#said tbody tr").count() == 8
        page.click("#all")
        assert page.locator("#said tbody tr").count() == 48
        slope = net.layers[0].neurons[0].b.grad
        assert f"δ1(1) = ∂C/∂z = {format_number(slope)}" in page.inner_text("#said")
        last = page.locator("#said tbody tr").last.locator("td").last.inner_text()
        assert last == format_number(net.layers[0].neurons[0].w[47].grad)
        page.click("[data-show=g]")
        assert page.locator("#net path.w.zero").count() == 12 + 1
        assert page.locator("#net path.w.zero.neg").count() == 0
        assert "zeros" in page.inner_text("#shown")
    net([0.0] * 48)
    ((net((-x).tolist()) + 3.0) ** 2).backward()  # gradients of two examples are not δ·a of one
    assert "δ_1" not in tg.draw_network(net, x).html().html


def test_bars_of_nudges_are_on_one_scale():
    page = tg.nudges(np.array([[0.9, 0.09], [-0.9, -0.009]]), 1.0).html
    widths = [int(w) for w in re.findall(r"style=\"width:(\d+)%", page)]
    assert widths == [50, 5, 50, 0, 0, 2]


def test_a_convolutional_net_is_drawn_as_the_maps_that_its_layers_make():
    x, _ = tg.data.load_digits()
    net = nn.Sequential(nn.Conv2d(1, 6, 3, rng=0), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(54, 10, rng=0))
    picture = x[3].reshape(8, 8)
    drawing = tg.draw_network(net, picture, most=6)
    root = ET.fromstring(drawing.svg())
    tips = [element.text for element in root.iter() if element.tag.endswith("title")]
    maps = net[2](net[1](net[0](picture[None, None]))).data[0]
    for k in range(6):
        assert f"map {k + 1}: {format_number(maps[k].min())} … {format_number(maps[k].max())}" in tips
        assert f"the kernel of map {k + 1}" in tips
    scores = net(picture[None, None]).data[0]
    assert [tip for tip in tips if tip.startswith("neuron")] == [
        f"neuron {k + 1}: {format_number(a)}" for k, a in enumerate(scores[:6])
    ]
    assert "⋮ 4 more" in drawing.svg()
    assert "conv · relu · maxpool" in drawing.source
    with pytest.raises(TypeError, match="for an image"):
        tg.draw_network(net)
    with pytest.raises(tg.errors.ShapeError, match="one image"):
        tg.draw_network(net, np.ones((2, 1, 8, 8)))


@pytest.mark.browser
def test_every_page_is_printed_light_whole_and_with_what_was_typed(browser, tmp_path, run):
    net, recorder = run
    loss = loss_of(net)
    narrow, sheet = 680, "#2(a-y)"  # pixels that a sheet of A4 has between its margins
    numbers = nn.MLP(3, [4, 4, 1], rng=0)
    pages = {
        "live": (tg.live(numbers([0.5, -1.0, 2.0]), model=numbers), "#last"),
        "pad": (tg.derivation_pad("(w*x - y)**2"), sheet),
        "playground": (tg.playground(), ""),
        "network": (tg.draw_network(net, [1.0, 2.0]).html(), ""),
        "wide": (tg.draw(loss, collapse=False).html(), ""),
        "replay": (recorder.replay(), ""),
        "nudges": (tg.nudges(np.ones((3, 4)), 1.0), ""),
        "convolution": (tg.convolution_page(np.ones((5, 5)), np.ones((3, 3))), ""),
    }
    for name, (each, at) in pages.items():
        with opened(browser, each.save(tmp_path / f"{name}.html"), at, scheme="dark") as page:
            page.wait_for_timeout(100)
            page.emulate_media(media="print", color_scheme="dark")
            page.set_viewport_size({"width": narrow, "height": 960})
            assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)", name
            papers = page.locator("rect.paper").evaluate_all("all => all.map(r => getComputedStyle(r).fill)")
            assert set(papers) <= {"rgb(255, 255, 255)"}, name
            cut = page.evaluate(
                "[...document.querySelectorAll('.scroll')].filter(b => b.scrollWidth > b.clientWidth + 1).length"
            )
            assert cut == 0, name
            assert page.locator("button:visible:not(#board button)").count() == 0, name
            if name == "pad":
                assert page.locator("#sheet input").first.is_visible()
                assert page.locator("#sheet input").first.input_value() == sheet[1:]
            if name == "live":
                assert page.locator("[data-leaf]").first.is_visible()
            page.emulate_media(media="screen")
