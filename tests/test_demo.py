"""The main job: `tinygrad-edu demo` on the real digits, what it proves, and the page it writes."""

import re
import subprocess
import sys
import xml.etree.ElementTree as ET
import zlib
from html.parser import HTMLParser

import numpy as np
import pytest
from browsing import opened

from tinygrad_edu import data, demo
from tinygrad_edu.cli import main
from tinygrad_edu.demo import by_hand, checks, training

PAGES = {"nudges", "training", "landscape", "digit"}  # those that are also in frames on the report
FILES = {"report.html", "network.svg", "neuron.svg", "proof.svg", "network.html", "neuron.html"}
FILES |= {f"{name}.html" for name in PAGES}


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """The whole command, as a user runs it: exit status, what it printed, and its folder."""
    folder = tmp_path_factory.mktemp("demo")
    command = [sys.executable, "-m", "tinygrad_edu", "demo", "--out", str(folder / "made" / "here")]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=folder)
    return ran, folder / "made" / "here"


def test_the_whole_command_does_the_main_job(done):
    ran, folder = done
    assert ran.returncode == 0, ran.stderr
    accuracies = [float(n) for n in re.findall(r"([\d.]+)%", ran.stdout)]
    assert accuracies[1] >= 97
    assert accuracies[0] > accuracies[1]
    assert "all 4,546 of a batch" in ran.stdout
    errors = [float(n) for n in re.findall(r"to (\d\.\de-\d+)", ran.stdout)]
    assert len(errors) == 3
    assert max(errors) <= 1e-10
    assert "NOT" not in ran.stdout
    assert str(folder / "report.html") in ran.stdout
    assert {path.name for path in folder.iterdir()} == FILES
    for name in FILES:
        assert name in ran.stdout
        assert (folder / name).stat().st_size > 2000
    assert sum(path.stat().st_size for path in folder.iterdir()) < 1_500_000


def test_another_seed_reaches_it_too():
    rng = np.random.default_rng(7)
    (x, y), (x_test, y_test) = data.split(*data.load_digits(), rng=rng)
    model = training.digit_net(rng)
    training.train(model, x, y, range(80), 80, rng)
    assert np.mean(training.recognised(model, x_test) == y_test) >= 0.97


class Page(HTMLParser):
    """Collects the text, the tags, the addresses and the framed pages of a page."""

    def __init__(self):
        super().__init__()
        self.texts, self.tags, self.addresses, self.frames = [], [], [], []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        if tag != "use":  # of a part of the picture itself
            self.addresses += [value for name, value in attributes if name in ("src", "href")]
        self.frames += [value for name, value in attributes if name == "srcdoc"]

    def handle_data(self, text):
        self.texts.append(text)


def test_the_page_stands_alone_and_shows_everything(done):
    _, folder = done
    text = (folder / "report.html").read_text()
    page = Page()
    page.feed(text)
    links = {address for address in page.addresses if not address.startswith("data:image/png;base64,")}
    assert links == {"#draw"} | {name for name in FILES - {"report.html"} if name.endswith(".html")}
    assert 'id="draw"' in text
    assert set(re.findall(r"https?://[\w./]+", text)) <= {"http://www.w3.org/2000/svg"}
    assert "prefers-color-scheme:dark" in text
    assert page.tags.count("svg") == 3  # the network, the neuron and the proof; all else is in frames
    assert page.tags.count("script") == 1  # makes each frame as high as the page in it
    assert "✗" not in text
    assert len(text) < 700_000
    shown = "".join(page.texts)
    assert shown.count("✓") == 1 + 2 * 6 + 6  # the headline, each parameter before and after training, and drawn
    for words in ("--seed 0 --epochs 80", "δj(l)", "82 single neurons", "Alpaydin", "CC BY 4.0"):
        assert words in shown
    headings = re.findall("<h2.*?>(.*?)</h2>", text)
    order = [
        "Input",
        "One neuron",
        "The cost",
        "Backpropagation",
        "Gradient descent",
        "Training",
        "The same run",
        "Checked",
        "What",
        "Try",
    ]
    assert all(heading.startswith(word) for heading, word in zip(headings, order, strict=True))
    for name in ("network.svg", "neuron.svg", "proof.svg"):
        ET.parse(folder / name)
    assert "grad" in (folder / "neuron.svg").read_text()


def test_what_is_in_the_frames_is_what_lies_beside_the_page(done):
    _, folder = done
    page = Page()
    page.feed((folder / "report.html").read_text())
    assert sorted(page.frames) == sorted((folder / f"{name}.html").read_text() for name in PAGES)


def test_the_cost_is_that_of_the_scores_beside_it(done):
    text = (done[1] / "report.html").read_text().replace("−", "-")
    scores = [float(n) for n in re.findall(r"<td>(-?[\d.]+)</td>", text.split("score z")[1].split("</tr>")[0])]
    believed, cost = re.search(r"-ln ([\d.]+) = ([\d.]+)</em>", text).groups()
    digit = int(re.search(r"for this (\d) it is", text)[1])
    p = np.exp(scores) / np.exp(scores).sum()
    assert len(scores) == 10
    assert p[digit] == pytest.approx(float(believed), abs=1e-3)
    assert -np.log(p[digit]) == pytest.approx(float(cost), abs=2e-3)


@pytest.mark.browser
@pytest.mark.parametrize(("scheme", "is_dark", "width"), [("light", False, 1280), ("dark", True, 400)])
def test_a_browser_shows_the_page(done, browser, scheme, is_dark, width):
    with opened(browser, done[1] / "report.html", scheme=scheme, width=width) as page:
        paper = re.findall(r"\d+", page.evaluate("getComputedStyle(document.body).backgroundColor"))
        assert (int(paper[0]) < 100) is is_dark
        assert page.locator("h1").inner_text() == "A small net learns to read digits"
        assert page.locator("figure.right img").evaluate_all("images => images.every(i => i.naturalWidth === 8)")
        assert page.evaluate("document.documentElement.scrollWidth") <= width  # nothing sticks out
        assert len(page.frames) == 1 + len(PAGES)
        for frame in page.frames[1:]:  # each fits into its frame
            for _ in range(100):  # not by animation frames, which a frame off the screen has none of
                if frame.evaluate("Math.abs(document.documentElement.offsetHeight - innerHeight) <= 2"):
                    break
                page.wait_for_timeout(50)
            else:
                pytest.fail(f"{frame.title()} does not fit into its frame")


def words_of_pages(pdf):
    """How many pieces of text each page of a PDF has."""
    parts = dict(re.findall(rb"(\d+) 0 obj\n(.*?)endobj", pdf, re.DOTALL))
    for page in (part for part in parts.values() if b"/Type /Page\n" in part):
        content = parts[re.search(rb"/Contents (\d+) 0 R", page)[1]]
        drawn = zlib.decompress(content.split(b"stream\n", 1)[1].rsplit(b"endstream", 1)[0])
        yield len(re.findall(rb" T[jJ]", drawn))


@pytest.mark.browser
def test_no_page_of_it_is_empty_when_it_is_printed(done, browser):
    with opened(browser, done[1] / "report.html", width=1280) as page:
        page.wait_for_timeout(500)  # for the frames
        words = [*words_of_pages(page.pdf(format="A4"))]
        assert 5 <= len(words) <= 8
        assert min(words) > 20


@pytest.mark.browser
def test_a_visitor_replays_the_training_and_draws_a_digit(done, browser):
    with opened(browser, done[1] / "report.html", width=1280) as page:
        training = page.frame_locator(".training iframe")
        training.locator("#slide").press("End")
        assert training.locator("#count").inner_text().startswith("step 3600, loss 0.")
        assert training.locator("image[data-j]").first.get_attribute("href").startswith("data:image/png")

        digit = page.frame_locator(".digit iframe")
        assert digit.locator("#verdict").inner_text() == "Nothing is drawn yet."
        page.locator("a[href='#draw']").click()
        box = digit.locator("#pad").bounding_box()
        ring = [
            (box["x"] + 144 + 65 * np.cos(t), box["y"] + 144 + 105 * np.sin(t)) for t in np.linspace(0, 2 * np.pi, 40)
        ]
        page.mouse.move(*ring[0])
        page.mouse.down()
        for place in ring[1:]:
            page.mouse.move(*place)
        page.mouse.up()
        assert digit.locator("#verdict").inner_text() == "The net reads 0."


@pytest.mark.browser
@pytest.mark.parametrize("name", ["network", "neuron"])
def test_the_pages_beside_it_open(done, browser, name):
    with opened(browser, done[1] / f"{name}.html") as page:
        if name == "network":
            page.locator("button[data-show=n]").click()
            assert "Δw" in page.locator("path.w title").first.text_content()
        else:
            page.keyboard.press("End")
            assert "a_" in page.locator("svg").first.text_content()


def test_running_again_gives_the_same_and_leaves_other_files_alone(tmp_path, capsys):
    (tmp_path / "mine.txt").write_text("mine")
    pages = []
    for _ in range(2):
        assert main(["demo", "--epochs", "2", "--seed", "3", "--out", str(tmp_path)]) == 0
        text = (tmp_path / "report.html").read_text()
        pages.append(re.sub(r"\btg\d+\b", "tg", text))  # the arrowheads of each picture have a name of their own
    assert pages[0] == pages[1]
    assert {path.name for path in tmp_path.iterdir()} == FILES | {"mine.txt"}
    assert (tmp_path / "mine.txt").read_text() == "mine"


def test_a_wrong_gradient_is_seen(tmp_path, monkeypatch, capsys):
    right = by_hand.backpropagation

    def wrong(*example):
        weights, biases = right(*example)
        weights[2][5, 7] += 1e-8
        return weights, biases

    monkeypatch.setattr(by_hand, "backpropagation", wrong)
    assert main(["demo", "--epochs", "1", "--out", str(tmp_path)]) == 1
    assert "NOT EQUAL" in capsys.readouterr().out
    page = (tmp_path / "report.html").read_text()
    assert "✗ not equal" in page
    assert page.count("✗") == 3  # the headline, and W^(2) before and after training


def test_a_mistake_is_marked_in_the_graph_and_named(tmp_path, monkeypatch):
    right = by_hand.backpropagation

    def forgetful(*example):
        weights, biases = right(*example)
        return weights | {2: -weights[2]}, biases

    monkeypatch.setattr(by_hand, "backpropagation", forgetful)
    assert main(["demo", "--epochs", "1", "--out", str(tmp_path)]) == 1
    proof = "".join(ET.parse(tmp_path / "proof.svg").getroot().itertext())
    assert proof.count("by hand ✓ correct") == 5
    assert proof.count("by hand ✗") == 1
    assert "✗ wrong sign" in proof


def test_what_is_compared_is_not_zero():
    rng = np.random.default_rng(0)
    model = training.digit_net(rng)
    x, y = rng.random((8, 64)), rng.integers(0, 10, 8)
    compared = checks.by_hand(model, x, y)
    assert [one.name for one in compared] == ["W^(1)", "b^(1)", "W^(2)", "b^(2)", "W^(3)", "b^(3)"]
    assert all(np.count_nonzero(one.hand) > one.size / 4 for one in compared)
    found = checks.example_nudges(model, x, y)
    assert found.each.shape == (8, 10)
    assert (found.each.argmax(axis=1) == y).all()
    np.testing.assert_allclose(found.each.mean(axis=0), -compared[-1].auto, rtol=1e-12)


def test_no_progress_bar_without_tqdm(monkeypatch, capsys):
    monkeypatch.setattr(demo.progress.__globals__["importlib"].util, "find_spec", lambda name: None)
    assert list(demo.progress("training", range(3))) == [0, 1, 2]
    said = capsys.readouterr().out
    assert said == 'training   3 epochs (for a progress bar: pip install "tinygrad-edu[progress]")\n'


def test_in_a_terminal_lines_fit(monkeypatch, capsys):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "40")
    demo.say("wrote", "out/report.html, and beside it neuron.svg, network.svg")
    assert capsys.readouterr().out == (
        "wrote      out/report.html, and beside\n           it neuron.svg, network.svg\n"
    )


def test_what_it_cannot_do_is_said(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert main(["demo", "--out", str(tmp_path / "file")]) == 2
    assert str(tmp_path / "file") in capsys.readouterr().err
    for option in ("--epochs=0", "--epochs=many", "--seed=-1"):
        with pytest.raises(SystemExit) as stopped:
            main(["demo", option, "--out", str(tmp_path)])
        assert stopped.value.code == 2
        assert "is not a whole number from" in capsys.readouterr().err
