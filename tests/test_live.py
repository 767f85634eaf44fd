"""The live page: after any change by hand, every number on it is Python's."""

import json
import math
import re
import runpy
import time
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from browsing import opened
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

import tinygrad_edu as tg
from tinygrad_edu.core.backprop import history
from tinygrad_edu.draw.graph.builder import is_computed, picture_of
from tinygrad_edu.draw.graph.picture import format_number

pytestmark = pytest.mark.filterwarnings("error")
GRADIENTS = (
    "Object.fromEntries([...document.querySelectorAll('[data-grad]')].map(c => [c.dataset.grad, c.textContent]))"
)
TWENTY = """for (let k = 0; k < 20; k++) document.querySelector('[data-leaf]')
  .dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowUp', bubbles: true}))"""
STRICT = "default-src 'none';style-src 'unsafe-inline';script-src 'unsafe-inline'"
START = {"w": 2.0, "x": 3.0, "b": -1.0}


def model(values, held=False):
    """Return the graph that the pages of these tests show, and its leaves; held: its relu is set to zero."""
    leaves = {name: tg.Value(x, label=name) for name, x in values.items()}
    u = (leaves["w"] * leaves["x"] + leaves["b"]).relu()
    u.label = "u"
    loss = (0.0 if held else u) * leaves["w"] * 0.125 + leaves["b"] ** 2
    loss.label = "C"
    return loss, leaves


def results(values, held=False):
    loss, leaves = model(values, held)
    loss.backward()
    return loss.data, {name: leaf.grad or 0.0 for name, leaf in leaves.items()}


def shown(page):
    value, grads = page.get_attribute("[data-value]", "data-value"), page.evaluate(GRADIENTS)
    return float(value.replace("Infinity", "inf")), {
        name: float(text.replace("−", "-")) if text != "·" else 0.0 for name, text in grads.items()
    }


def agree(page, values, held=False):
    (value, grads), (right, slopes) = shown(page), results(values, held)
    assert math.isclose(value, right, rel_tol=1e-9, abs_tol=1e-12), (value, right, values)
    for name, slope in slopes.items():
        assert math.isclose(grads[name], slope, rel_tol=6e-4, abs_tol=1e-12), (name, grads, slopes, values)


def unit(x):
    return max(0.01, 10.0 ** (math.floor(math.log10(abs(x) or 1)) - 2))


def moved(x, units):
    u = unit(x)
    return float(f"{math.floor((x + units * u) / u + 0.5) * u:.12g}")


@pytest.fixture(scope="module")
def live_page(browser, tmp_path_factory):
    path = tg.live(model(START)[0]).save(tmp_path_factory.mktemp("live") / "live.html")
    with opened(browser, path, width=1280) as page:
        yield page


@pytest.mark.browser
def test_page_and_python_agree_after_any_sequence_of_changes(live_page):
    address = live_page.url.partition("#")[0]

    class Hand(RuleBasedStateMachine):
        @initialize()
        def begin(self):
            live_page.wait_for_timeout(80)  # until the address of the run before has been written
            live_page.goto("about:blank")
            live_page.goto(address)
            self.page, self.values, self.held, self.past = live_page, dict(START), False, []
            self.learns = {"w": True, "x": False, "b": True}

        def change(self, held=None, **values):
            new = (dict(self.values) | values, self.held if held is None else held)
            if new != (self.values, self.held):
                self.past.append((self.values, self.held))
            self.values, self.held = new

        @rule(name=st.sampled_from("wxb"), hundredths=st.integers(-400, 400))
        def typed(self, name, hundredths):
            self.page.fill(f'[data-leaf="{name}"]', str(hundredths / 100))
            self.page.press(f'[data-leaf="{name}"]', "Enter")
            if format_number(self.values[name], 6) != format_number(hundredths / 100, 6):
                self.change(**{name: hundredths / 100})

        @rule(name=st.sampled_from("wxb"), up=st.booleans(), shift=st.booleans())
        def arrow(self, name, up, shift):
            self.page.press(f'[data-leaf="{name}"]', ("Shift+" if shift else "") + ("ArrowUp" if up else "ArrowDown"))
            self.change(**{name: moved(self.values[name], (1 if up else -1) * (100 if shift else 10))})

        @rule(name=st.sampled_from("wxb"), way=st.integers(-60, 60))
        def dragged(self, name, way):
            place = ["w", "x", "b"].index(name)
            box = self.page.locator("#leaves th.scrub").nth(place).bounding_box()
            x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
            self.page.mouse.move(x, y)
            self.page.mouse.down()
            self.page.mouse.move(x + way, y)
            self.page.mouse.up()
            if way:
                self.change(**{name: moved(self.values[name], way)})

        @precondition(lambda self: any(self.learns.values()))
        @rule()
        def step(self):
            self.page.click('[data-do="step"]')
            _, slopes = results(self.values, self.held)
            self.change(**{n: x - 0.1 * slopes[n] for n, x in self.values.items() if self.learns[n]})

        @rule(name=st.sampled_from("wxb"))
        def learning(self, name):
            place = ["w", "x", "b"].index(name)
            self.page.locator("#leaves input[type=checkbox]").nth(place).click()
            self.learns[name] = not self.learns[name]

        @rule()
        def hold(self):
            self.page.locator("#graph [aria-label=u]").focus()
            self.page.keyboard.press("Enter")
            self.page.click('[data-do="hold"]')
            self.change(held=not self.held)

        @precondition(lambda self: self.past)
        @rule()
        def undo(self):
            self.page.click('[data-do="undo"]')
            self.values, self.held = self.past.pop()

        @rule()
        def reset(self):
            self.page.click('[data-do="reset"]')
            self.change(held=False, **START)

        @invariant()
        def same_numbers(self):
            if hasattr(self, "page"):
                agree(self.page, self.values, self.held)

    wanted = settings(
        max_examples=8,
        stateful_step_count=10,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        derandomize=True,
    )
    run_state_machine_as_test(Hand, settings=wanted)


@pytest.mark.browser
def test_a_leaf_of_the_picture_is_a_handle_for_mouse_keys_and_touch(browser, tmp_path):
    path = tg.live(model(START)[0]).save(tmp_path / "live.html")
    with opened(browser, path, width=1280) as page:
        page.locator("#graph [aria-label=w]").focus()
        page.keyboard.press("ArrowRight")
        agree(page, START | {"w": moved(2.0, 10)})
        box = page.locator("#graph [aria-label=x]").bounding_box()
        page.mouse.move(box["x"] + 20, box["y"] + 20)
        page.mouse.down()
        page.mouse.move(box["x"] + 60, box["y"] + 20)
        page.mouse.up()
        agree(page, START | {"w": moved(2.0, 10), "x": moved(3.0, 40)})
        page.keyboard.press("Control+z")
        page.keyboard.press("Control+z")
        agree(page, START)
    context = browser.new_context(has_touch=True, is_mobile=True, viewport={"width": 400, "height": 800})
    page = context.new_page()
    page.goto(path.as_uri())
    box = page.locator("#leaves th.scrub").first.bounding_box()
    touch = context.new_cdp_session(page)
    x, y = box["x"] + 10, box["y"] + 10
    for kind, at in (("touchStart", x), ("touchMove", x + 15), ("touchMove", x + 50)):
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": at, "y": y}]})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    agree(page, START | {"w": moved(2.0, 50)})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    context.close()


@pytest.mark.browser
def test_the_address_carries_the_state_to_the_last_bit(browser, tmp_path):
    path = tg.live(model(START)[0]).save(tmp_path / "live.html")
    with opened(browser, path) as page:
        page.fill('[data-leaf="w"]', "0.123456789012345678")
        page.press('[data-leaf="w"]', "Enter")
        page.fill('[data-do="eta"]', "0,25")
        page.press('[data-do="eta"]', "Enter")
        page.click('[data-do="step"]')
        value = page.get_attribute("[data-value]", "data-value")
        page.wait_for_timeout(150)
        there = page.evaluate("location.hash")
    with opened(browser, path, there) as page:
        assert page.get_attribute("[data-value]", "data-value") == value
        assert page.input_value('[data-do="eta"]') == "0.25"
        assert page.locator("#hand .no").count() == 0
    with opened(browser, path, "#last;rubbish,,1e;x;99,0,-1") as page:
        agree(page, START)


@pytest.mark.browser
def test_too_large_a_step_is_seen_to_diverge_and_undone(browser, tmp_path):
    w = tg.Value(1.0, label="w")
    loss = w**2 * 3.0
    with opened(browser, tg.live(loss, typed="3 w²").save(tmp_path / "live.html")) as page:
        assert page.inner_text("#typed").endswith("3 w²")
        page.fill('[data-do="eta"]', "2")
        page.press('[data-do="eta"]', "Enter")
        for _ in range(3):
            page.click('[data-do="step"]')
        assert "too large" in page.inner_text("#news")
        page.click('[data-do="steps"]')
        page.click('[data-do="steps"]')
        assert page.is_visible("#curve")
        for _ in range(6):
            page.click('[data-do="undo"]')
        assert page.get_attribute("[data-value]", "data-value") == "3"
        assert page.input_value('[data-do="eta"]') == "0.1"


@pytest.mark.browser
def test_a_page_that_computes_something_else_stands_still(browser, tmp_path):
    page = tg.live(model(START)[0])
    right = re.search(r'"expected":\[([\d.]+)', page.html)
    page.html = page.html.replace(right[0], '"expected":[7.25')
    with opened(browser, page.save(tmp_path / "live.html")) as page:
        assert "stands still" in page.inner_text("#hand")
        assert page.is_disabled('[data-do="step"]')
        assert page.is_disabled('[data-leaf="w"]')


def test_says_which_operation_keeps_it_still():
    cube = tg.op("live_cube", "cube({})", lambda x: x**3, lambda g, z, x: g * 3 * x * x, scalar=lambda x: [x**3][0])
    page = tg.live(cube(tg.Value(2.0, label="w"))).html
    assert "live_cube" in page.split("<script")[0]
    assert "keeps it still" in page
    assert "keeps it still" in tg.live((tg.Tensor([1.0, 2.0], label="W") * 2).sum()).html
    assert "keeps it still" not in tg.live(model(START)[0]).html
    loss, leaves = model(START)
    leaves["w"].data = 5.0
    assert "assigned after it was computed" in tg.live(loss).html


@pytest.mark.browser
def test_names_are_data_and_the_page_obeys_a_strict_policy(browser, tmp_path):
    bad = "<img src=x onerror=alert(1)>\"'`${alert(2)}</script>"
    w = tg.Value(2.0, label=bad)
    loss = (w * 3.0).tanh()
    page = tg.live(loss, typed=bad)
    strict = f'<meta http-equiv=Content-Security-Policy content="{STRICT}">'
    page.html = page.html.replace('<meta charset="utf-8">', f'<meta charset="utf-8">{strict}')
    (tmp_path / "notebook.html").write_text(page._repr_html_(), encoding="utf-8")
    with opened(browser, page.save(tmp_path / "live.html")) as there:
        assert there.locator("#leaves th[scope=row]").inner_text().startswith("<img src=x")
        there.locator("[data-leaf]").press("ArrowUp")
        assert there.get_attribute("[data-value]", "data-value") == str(math.tanh(2.1 * 3.0))
        assert there.locator("img").count() == 0
    with opened(browser, tmp_path / "notebook.html", scheme="dark") as there:
        frame = there.frame_locator("iframe")
        frame.locator('[data-do="step"]').click()
        assert frame.locator("#curve").is_visible()


@pytest.mark.browser
def test_the_lines_of_a_net_are_handles_and_its_circles_follow(browser, tmp_path):
    net = tg.nn.MLP(2, [2, 1], "tanh", rng=0)
    loss = (net([1.0, -2.0]) - 1.0) ** 2
    path = tg.live(loss, model=net).save(tmp_path / "live.html")
    assert len(tg.live(loss, model=net).html.encode()) <= 100_000
    with opened(browser, path, width=1280) as page:
        page.locator("#net path.grip").first.focus()
        page.keyboard.press("ArrowUp")
        name = page.evaluate("document.activeElement.getAttribute('aria-label')")
        w = next(p for p in net.parameters() if p.label == name)
        w.data = moved(w.data, 10)
        loss = (net([1.0, -2.0]) - 1.0) ** 2
        loss.backward()
        assert math.isclose(float(page.get_attribute("[data-value]", "data-value")), loss.data, rel_tol=1e-12)
        assert page.evaluate(GRADIENTS) == {p.label: format_number(p.grad) for p in net.parameters()}
        outputs = page.locator("#net g[id^=a2] .v").all_text_contents()
        assert outputs == [format_number(net([1.0, -2.0]).data, 2)]
        assert page.evaluate("document.querySelector('#graph').scrollWidth > 0")


CARDS = """() => {
  const box = document.querySelector("#graph").getBoundingClientRect();
  return [...document.querySelectorAll("#graph .k > g")].map((card) => {
    const at = card.getBoundingClientRect(), text = (name) => card.querySelector(name)?.textContent.trim() ?? "";
    const low = Math.min(box.bottom, innerHeight);
    const seen = at.right > box.left && at.left < box.right && at.bottom > box.top && at.top < low;
    return [text("text:not(.t)"), text(".g"), seen];
  });
}"""


@pytest.mark.browser
def test_in_a_large_picture_the_part_in_sight_is_right_at_once_and_the_rest_soon(browser, tmp_path):
    net = tg.nn.MLP(3, [4, 4, 1], "tanh", rng=0)

    places = {}  # of leaves by label, of what is computed by when

    def cards():
        loss = (net([1.0, -2.0, 0.5]) - 1.0) ** 2
        net.zero_grad()
        loss.backward()
        order = sorted(history(loss), key=is_computed)
        named = {z.label if z.op is None else k: z for k, z in enumerate(order)}
        index = picture_of(order, {})[1]
        for name, z in named.items():
            places.setdefault(name, index[z])  # a leaf that was assigned is younger
        numbers = {
            name: (f"data {format_number(z.data)}", f"grad {format_number(z.grad)}") for name, z in named.items()
        }
        return loss, {places[name]: texts for name, texts in numbers.items()}

    def wrong(found, right, in_sight=None):
        chosen = [i for i in right if in_sight is None or found[i][2] == in_sight]
        assert len(chosen) > 10
        return [(i, found[i], right[i]) for i in chosen if tuple(found[i][:2]) != right[i]]

    path = tg.live(cards()[0], model=net).save(tmp_path / "live.html")
    with opened(browser, path, width=1280) as page:
        page.evaluate("document.querySelector('#graph').scrollIntoView()")
        page.wait_for_timeout(100)
        for w in list(net.parameters())[:2]:
            press = f"document.querySelector('[data-leaf=\"{w.label}\"]').dispatchEvent(new KeyboardEvent('keydown', "
            found = page.evaluate(f"() => {{ {press}{{key: 'ArrowUp', bubbles: true}})); return ({CARDS})(); }}")
            w.data = moved(w.data, 10)
            right = cards()[1]
            assert wrong(found, right, True) == []
            assert wrong(found, right, False) != [], "out of sight nothing is done at once"
        frames = "await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
        scrolled = f"document.querySelector('#graph').scrollLeft = 700; {frames}"
        again = f"{press}{{key: 'ArrowUp', bubbles: true}})); {scrolled}"
        found = page.evaluate(f"async () => {{ {again}; return ({CARDS})(); }}")
        w.data = moved(w.data, 10)
        right = cards()[1]
        assert wrong(found, right, True) == []
        page.wait_for_timeout(700)
        assert wrong(page.evaluate(CARDS), right) == []


@pytest.mark.browser
def test_numbers_are_written_as_python_writes_them(browser):
    from random import Random

    from tinygrad_edu.draw.pages.page import asset

    rng = Random(0)
    numbers = [rng.uniform(-1, 1) * 10 ** rng.randint(-12, 12) for _ in range(800)]
    numbers += [
        0.0,
        -0.0,
        12345.0,
        12355.0,
        0.5,
        9999.5,
        99995.0,
        1e-4,
        9.9995e-5,
        1e16,
        2.5,
        1e-300,
        1e300,
        -0.00012345,
    ]
    page = browser.new_page()
    page.goto("about:blank")
    page.add_script_tag(content=asset("numbers.js"))
    for count in (1, 2, 3, 4, 5, 6):
        got = page.evaluate("([xs, n]) => xs.map((x) => digits(x, n))", [numbers, count])
        assert got == [format_number(x, count) for x in numbers]
    page.close()


@pytest.mark.browser
def test_everything_is_redrawn_within_a_frame_or_three(browser, tmp_path):
    """Print how long a change takes; a page that takes a second would fail, a slow machine does not."""
    net = tg.nn.MLP(3, [4, 4, 1], "tanh", rng=0)
    loss = (net([1.0, -2.0, 0.5]) - 1.0) ** 2
    with opened(browser, tg.live(loss, model=net).save(tmp_path / "live.html"), width=1280) as page:
        began = time.perf_counter()
        page.evaluate(TWENTY)
        assert (time.perf_counter() - began) / 20 < 1.0


def test_a_page_says_its_state_in_json_that_any_browser_reads():
    x = tg.Value(math.inf, label="x")
    content = re.search(r'id="data">(.*?)</script>', tg.live(x * 0.5).html)[1]
    assert json.loads(content)["live"]["leaves"][0][1] == "Infinity"


def test_the_animated_picture_of_the_readme_is_what_its_script_writes():
    docs = Path(__file__).parent.parent / "docs"
    made = runpy.run_path(str(docs / "animate.py"), run_name="docs.animate")
    marker = re.compile(r"\btg\d+")  # drawings are counted
    new, kept = made["animated"](), (docs / "images" / "live.svg").read_text(encoding="utf-8")
    assert marker.sub("tg", new) == marker.sub("tg", kept), "run python docs/animate.py"
    ET.fromstring(kept)
