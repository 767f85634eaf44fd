"""The stepper: every number it shows is Python's, its keys and buttons work, and nothing leaves the page."""

import random
import re

import numpy as np
import pytest
from browsing import opened

import tinygrad_edu as tg
from tinygrad_edu.core.backprop import history
from tinygrad_edu.draw.graph.picture import format_number
from tinygrad_edu.draw.pages.steps import StepMaker

pytestmark = pytest.mark.filterwarnings("error")


def neuron():
    leaves = {n: tg.Value(v, label=n) for n, v in (("x1", 2.0), ("x2", 0.0), ("w1", -3.0), ("w2", 1.0))}
    leaves["b"] = tg.Value(6.8813735870195432, label="b")
    n = leaves["x1"] * leaves["w1"] + leaves["x2"] * leaves["w2"] + leaves["b"]
    n.label = "n"
    o = n.tanh()
    o.label = "o"
    return o, leaves


def twice():
    a = tg.Value(1.0, label="a")
    b = a + a
    b.label = "b"
    c = b + b
    c.label = "c"
    return a, c


def gradients_shown(page):
    rows = page.locator("#leaves tbody tr").all_inner_texts()
    return {row.split("\t")[0]: row.split("\t")[2] for row in rows}


def walk_of(root):
    order = sorted(history(root), key=lambda z: z.op is not None)
    return StepMaker(order, {z: i for i, z in enumerate(order)})


def test_the_walk_ends_at_the_gradients_of_backward():
    random.seed(0)
    net = tg.nn.MLP(2, [3, 1], "tanh")
    loss = (net([1.0, -2.0]) - 1.0) ** 2
    walk = walk_of(loss)
    walk.backward()
    loss.backward()
    for p in net.parameters():
        assert walk.grads[p] == p.grad


def test_the_naive_order_counts_what_it_should_not():
    a, c = twice()
    walk = walk_of(c)
    walk.naive()
    assert walk.grads[a] == 6.0
    walk.backward()
    assert walk.grads[a] == 4.0


def test_the_naive_order_gives_up_where_there_are_too_many_paths():
    x = tg.Value(1.0)
    for _ in range(60):
        x = x + x
    assert walk_of(x).naive() is None


def test_tensors_are_walked_through_as_well():
    w = tg.Tensor([[1.0, 2.0], [3.0, 4.0]], label="W")
    loss = (w @ np.array([1.0, -1.0])).sum()
    walk = walk_of(loss)
    walk.backward()
    np.testing.assert_array_equal(walk.grads[w], [[1.0, -1.0], [1.0, -1.0]])
    assert "by the rule" not in tg.stepper(loss).html.split("<script")[0]


def test_refuses_what_it_cannot_step_through():
    with pytest.raises(TypeError, match="not float"):
        tg.stepper(1.0)
    with pytest.raises(tg.errors.NonScalarError, match=r"shape \(2,\)"):
        tg.stepper(tg.Tensor([1.0, 2.0]) * 2)
    x = tg.Value(1.0)
    for _ in range(1500):
        x = x + 1.0
    with pytest.raises(ValueError, match="1501 nodes are too many"):
        tg.stepper(x)
    with pytest.raises(ValueError, match=r"saved as \.html"):
        tg.stepper(twice()[1], "step.svg")


def test_pages_keep_to_their_budgets():
    assert len(tg.stepper(neuron()[0]).html.encode()) <= 60_000
    random.seed(1)
    net = tg.nn.MLP(3, [4, 4, 1], "tanh")
    loss = (net([tg.Value(v, label=f"x{i}") for i, v in enumerate((2.0, -1.0, 0.5))]) - 1.0) ** 2
    assert len(tg.stepper(loss, model=net).html.encode()) <= 150_000
    page = tg.stepper(tg.nn.MLP(2, [16, 16, 1])([1.0, 2.0])).html
    assert len(page.encode()) <= 500_000
    nodes = [tg.Value(random.uniform(-1, 1)) for _ in range(20)]
    while len(nodes) < 760:
        a, b = random.choice(nodes), random.choice(nodes)
        nodes.append(random.choice([a + b, a * b, a.tanh()]))
    used = {x for z in nodes for x in z.inputs}
    page = tg.stepper(sum(z for z in nodes if z not in used)).html
    assert int(re.search(r"([\d,]+) nodes do not fit", page)[1].replace(",", "")) >= 1000
    assert len(page.encode()) <= 500_000


def test_a_page_holds_no_address_but_namespaces():
    page = tg.stepper(neuron()[0]).html
    assert set(re.findall(r"https?://[^\"'\s<>]*", page)) == {"http://www.w3.org/2000/svg"}


@pytest.mark.browser
def test_eleven_steps_lead_to_the_gradients(browser, tmp_path):
    o, leaves = neuron()
    path = tg.stepper(o, tmp_path / "step.html") and tmp_path / "step.html"
    with opened(browser, path) as page:
        assert set(gradients_shown(page).values()) == {"·"}
        assert "data ·" in page.inner_text("#graph")
        for _ in range(11):
            page.click("#next")
        assert page.inner_text("#count") == "11 / 11"
        assert gradients_shown(page) == {"x1": "−1.5", "x2": "0.5", "w1": "1", "w2": "0", "b": "0.5"}
        o.backward()
        for name, text in gradients_shown(page).items():
            assert text == format_number(leaves[name].grad)
        page.click("#next")
        assert page.inner_text("#count") == "11 / 11"


@pytest.mark.browser
def test_keys_slider_and_going_back_restore_every_state(browser, tmp_path):
    path = tmp_path / "step.html"
    tg.stepper(neuron()[0], path)
    with opened(browser, path) as page:
        states = [page.inner_text("#graph") + page.inner_text("#say")]
        for _ in range(11):
            page.keyboard.press("ArrowRight")
            states.append(page.inner_text("#graph") + page.inner_text("#say"))
        assert len(set(states)) == 12
        for expected in reversed(states[:-1]):
            page.keyboard.press("ArrowLeft")
            assert page.inner_text("#graph") + page.inner_text("#say") == expected
        page.keyboard.press("End")
        assert page.inner_text("#graph") + page.inner_text("#say") == states[11]
        page.keyboard.press("Home")
        page.locator("#slide").fill("7")
        assert page.inner_text("#graph") + page.inner_text("#say") == states[7]
        page.keyboard.press(" ")
        assert page.get_attribute("#play", "aria-pressed") == "true"


@pytest.mark.browser
def test_leaves_are_called_as_in_textbooks(browser, tmp_path):
    w, x = tg.Value(2.0, label="w_12^(1)"), tg.Value(3.0, label="x<y")
    tg.stepper(w * x, tmp_path / "step.html")
    with opened(browser, tmp_path / "step.html") as page:
        assert page.inner_text("h1") == "Backpropagation, step by step: L"
        first, second = page.locator("#leaves tbody th").all()
        assert first.locator("msubsup > *").all_text_contents() == ["w", "12", "(1)"]
        assert second.inner_html() == "x&lt;y"


@pytest.mark.browser
def test_the_address_says_where_to_stand(browser, tmp_path):
    path = tmp_path / "step.html"
    tg.stepper(neuron()[0], path)
    with opened(browser, path, "#8") as page:
        assert page.inner_text("#count") == "8 / 11"
        assert gradients_shown(page) == {"x1": "·", "x2": "·", "w1": "·", "w2": "·", "b": "0.5"}
    with opened(browser, path, "#last", scheme="dark", width=380) as page:
        assert gradients_shown(page)["x1"] == "−1.5"
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 24, 31)"


@pytest.mark.browser
def test_each_step_says_its_arithmetic(browser, tmp_path):
    path = tmp_path / "step.html"
    tg.stepper(neuron()[0], path)
    with opened(browser, path, "#1") as page:
        assert "".join(page.text_content("#say p").split()) == "v_1=x1·w1=2·(−3)=−6".replace("v_1", "v1")
    with opened(browser, path, "#7") as page:
        said = "".join(page.inner_text("#say").split())
        assert said.endswith("=∂𝑜∂𝑜·(1−𝑜2)=1×0.5=0.5"), "the chain rule, the rule by name, the numbers"
    with opened(browser, path, "#10") as page:
        assert "0.5×0=0" in "".join(page.inner_text("#say").split())


@pytest.mark.browser
def test_the_naive_order_is_shown_wrong_beside_the_right_one(browser, tmp_path):
    path = tmp_path / "step.html"
    tg.stepper(twice()[1], path)
    with opened(browser, path, "#last") as page:
        assert gradients_shown(page) == {"a": "4"}
        page.click("#naive")
        assert gradients_shown(page) == {"a": "6 ✗ right: 4"}
        page.keyboard.press("End")  # stands there already: nothing is said twice
        assert gradients_shown(page) == {"a": "6 ✗ right: 4"}
        assert "These gradients are wrong" in page.inner_text("#say")
        page.click("#naive")
        page.click("#end")
        assert gradients_shown(page) == {"a": "4"}


@pytest.mark.browser
def test_the_quiz_accepts_right_answers_only(browser, tmp_path):
    path = tmp_path / "step.html"
    tg.stepper(neuron()[0], path)
    with opened(browser, path, "#last") as page:
        page.click("#quiz")
        assert page.inner_text("#count") == "6 / 11"
        page.fill("#ask input", "0.7")
        page.click("#ask button")
        assert "✗" in page.inner_text("#ask")
        assert page.inner_text("#count") == "6 / 11"
        page.fill("#ask input", "0.5")
        page.click("#ask button")
        assert page.inner_text("#count") == "7 / 11"
        assert page.locator("#ask input").count() == 2


@pytest.mark.browser
def test_it_works_in_a_sandboxed_frame_of_a_notebook(browser, tmp_path):
    (tmp_path / "notebook.html").write_text(tg.stepper(neuron()[0])._repr_html_(), encoding="utf-8")
    with opened(browser, tmp_path / "notebook.html") as page:
        frame = page.frame_locator("iframe")
        frame.locator("#end").click()
        assert frame.locator("#count").inner_text() == "11 / 11"


@pytest.mark.browser
def test_the_quiz_is_taken_by_keyboard_alone(browser, tmp_path):
    w, x = tg.Value(3.0, label="w"), tg.Value(0.25, label="x")
    y = (w * x) ** 2
    y.label = "y"
    with opened(browser, tg.stepper(y).save(tmp_path / "step.html")) as page:
        page.focus("#quiz")
        page.keyboard.press("Enter")
        assert page.inner_text("#count") == "3 / 5"
        for wrong in ("", "1/0", "1.4", "3/2/1"):
            page.keyboard.press("Control+A")
            page.keyboard.type(wrong)
            page.keyboard.press("Enter")
            assert "✗" in page.inner_text("#ask")
        page.keyboard.press("Control+A")
        page.keyboard.type("6/4")
        page.keyboard.press("Enter")
        assert page.inner_text("#count") == "4 / 5"
        assert page.evaluate("document.activeElement.ariaLabel") == "gradient of w"
        page.keyboard.type("0,376")  # is not what 0.375 rounds to
        page.keyboard.press("Enter")
        assert "✗" in page.inner_text("#ask")
        page.keyboard.press("Control+A")
        page.keyboard.type("0,38")
        page.keyboard.press("Tab")
        page.keyboard.type("4.5")
        page.keyboard.press("Enter")
        assert page.inner_text("#count") == "5 / 5"
        assert "rounded from 0.375" in page.inner_text("#say")
        assert gradients_shown(page) == {"w": "0.375", "x": "4.5"}


@pytest.mark.browser
def test_the_quiz_gives_hints_in_stages_and_keeps_the_score(browser, tmp_path):
    with opened(browser, tg.stepper(neuron()[0]).save(tmp_path / "step.html")) as page:
        page.click("#quiz")
        for stage in (1, 2, 3):
            page.click("#help")
            assert page.locator("#hints > p").count() >= stage
        assert "1×0.5" in "".join(page.text_content("#hints").split())
        assert "=0.5" not in "".join(page.text_content("#hints").split())
        assert page.is_disabled("#help")
        for answers in (["0.5"], ["0.5", "0.5"], ["0.50", ".5"]):
            for field, answer in zip(page.locator("#ask input").all(), answers, strict=True):
                field.fill(answer)
            page.click("#ask button >> nth=0")
        assert page.inner_text("#score") == "2 of 3 right at once"
        page.locator("#ask input").first.fill("-0.5")
        page.locator("#ask input").last.fill("0")
        page.click("#ask button >> nth=0")
        assert "look at the sign" in page.inner_text("#ask")


@pytest.mark.browser
def test_arrays_are_shown_row_by_row(browser, tmp_path):
    rng = np.random.default_rng(0)
    net = tg.nn.Sequential(tg.nn.Linear(3, 2, rng=rng), tg.nn.Tanh())
    x = tg.Tensor(rng.normal(size=(2, 3)), requires_grad=False, label="x")
    loss = (net(x) ** 2).mean()
    loss.label = "C"
    loss.backward()
    weight, bias = net[0].weight, net[0].bias

    def matrices(page):
        rows = "all => all.map(m => [...m.rows ?? m.children].map(r => [...r.children].map(c => c.textContent)))"
        found = page.locator("#say mtable.m").evaluate_all(rows)
        return [np.array([[float(x.replace("−", "-")) for x in row] for row in m]) for m in found]

    def close(mine, theirs):
        np.testing.assert_allclose(mine, np.atleast_2d(theirs), rtol=6e-3, atol=1e-9)

    with opened(browser, tg.stepper(loss).save(tmp_path / "step.html"), "#1") as page:
        shown = matrices(page)
        for mine, theirs in zip(shown, (x.data, weight.data, bias.data, net[0](x).data), strict=True):
            close(mine, theirs)
        page.keyboard.press("End")
        shown = matrices(page)
        assert "axis 0" in page.inner_text("#say"), "a bias is added to every row, so that its gradient is their sum"
        close(shown[0].T @ shown[1], weight.grad)
        close(shown[2], weight.grad)
        close(shown[3].sum(axis=0, keepdims=True), bias.grad)
        close(shown[4], bias.grad)


def test_large_arrays_and_large_graphs_say_what_is_not_shown():
    net = tg.nn.Linear(64, 3, rng=0)
    page = tg.stepper(net(np.ones((5, 64))).sum()).html
    assert '"s":"5×64"' in page
    assert "do not fit on a screen" not in page
    assert "977 nodes do not fit on a screen" in tg.stepper(tg.nn.MLP(2, [16, 16, 1])([1.0, 2.0])).html


@pytest.mark.browser
def test_the_network_and_the_graph_light_up_together(browser, tmp_path):
    net = tg.nn.MLP(2, [2, 1], "tanh", rng=0)
    loss = (net([1.0, -2.0]) - 1.0) ** 2
    tg.stepper(loss, tmp_path / "step.html", model=net)
    made = [z.label for z in history(loss) if z.op is not None]
    with opened(browser, tmp_path / "step.html", f"#{made.index('a_2^(1)') + 1}") as page:
        assert page.locator("#net g.now").evaluate_all("all => all.map(g => g.id)") == ["a1_1"]
        assert page.locator("#graph g.now .t").all_text_contents() == ["a_2^(1)"]
        page.click("#net #a1_0")
        bright = page.locator("#graph .k > g:not(.hush) .t").all_text_contents()
        assert {"w_11^(1)", "w_12^(1)", "b_1^(1)", "z_1^(1)", "a_1^(1)"} <= set(bright)
        assert not {"w_21^(1)", "z_2^(1)"} & set(bright)
        page.click("#net #a1_0")
        assert page.locator("#graph .hush").count() == 0


def test_a_weight_that_every_step_uses_takes_no_lane_through_every_layer():
    w, b, x = tg.Value(0.9, label="w"), tg.Value(0.1, label="b"), tg.Value(1.0, label="x")
    for _ in range(400):
        x = x * w + b
    page = tg.stepper(x).html
    assert len(page.encode()) <= 500_000
    high = float(re.search(r'viewBox="0 0 [\d.]+ ([\d.]+)"', page)[1])
    assert high <= 600  # one line of cards, which climbs no stairs


@pytest.mark.browser
def test_the_picture_follows_the_step_and_the_page_stays(browser, tmp_path):
    x = tg.Value(1.0)
    for _ in range(40):
        x = x * 1.01
    tg.stepper(x, tmp_path / "step.html")
    with opened(browser, tmp_path / "step.html", "#40", width=600) as page:
        graph, card = (page.locator(each).bounding_box() for each in ("#graph", "#graph g.now"))
        assert graph["x"] <= card["x"]
        assert card["x"] + card["width"] <= graph["x"] + graph["width"] + 1
        assert page.evaluate("scrollX + scrollY") == 0
