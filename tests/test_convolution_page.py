"""The page of a convolution: every number it writes out is the sum of the products that it names."""

import re

import numpy as np
import pytest
from browsing import opened

import tinygrad_edu as tg


def products(text):
    """Return the sum of products written after the last sign of equality but one, and the number after the last."""
    *_, middle, last = re.sub(r"[()]", "", text.replace("−", "-")).split("=")
    found = [re.split("·", term) for term in middle.split(" + ")]
    return sum(float(a) * float(b) for a, b in found), float(last)


@pytest.mark.browser
@pytest.mark.parametrize(("stride", "padding"), [(1, 0), (2, 1)])
def test_every_number_is_the_sum_of_the_products_that_light_up(browser, tmp_path, stride, padding):
    rng = np.random.default_rng(0)
    image, kernel = rng.integers(-3, 4, (5, 5)) * 1.0, rng.integers(-2, 3, (3, 3)) * 1.0
    rows = (5 + 2 * padding - 3) // stride + 1
    g = rng.integers(-2, 3, (rows, rows)) * 1.0
    x, w = tg.Tensor(image[None, None]), tg.Tensor(kernel[None, None])
    y = tg.nn.functional.conv2d(x, w, stride=stride, padding=padding)
    y.backward(g[None, None])
    page = tg.convolution_page(image, kernel, stride=stride, padding=padding, gradient=g)
    assert len(page.html.encode()) <= 40_000
    with opened(browser, page.save(tmp_path / "c.html"), width=1280, scheme="dark") as there:
        for kind, theirs in (("y", y.data), ("dw", w.grad), ("dx", x.grad)):
            for (i, j), right in np.ndenumerate(theirs[0, 0]):
                there.evaluate(f"document.querySelector('[data-at=\"{kind} {i} {j}\"]').focus()")
                said = there.text_content("#say p >> nth=1")
                if "meets nothing" not in said:
                    mine, shown = products(said)
                    assert mine == shown == right
                assert there.locator("#grids td.here").count() >= 1
        there.hover('[data-at="w 1 1"]')
        assert "∂C/∂w" in there.inner_text("#say")
        there.focus('[data-at="y 0 0"]')
        there.keyboard.press("ArrowRight")
        assert there.evaluate("document.activeElement.dataset.at") == "y 0 1"
        lit = there.locator("#grids td.part").count()
        assert lit == 9 + 9


@pytest.mark.browser
def test_it_is_usable_on_a_narrow_screen_and_in_a_sandbox(browser, tmp_path):
    page = tg.convolution_page(np.eye(6), np.ones((2, 2)))
    (tmp_path / "notebook.html").write_text(page._repr_html_(), encoding="utf-8")
    with opened(browser, tmp_path / "notebook.html", width=400) as there:
        frame = there.frame_locator("iframe")
        frame.locator('[data-at="y 1 1"]').click()
        assert "= 2" in frame.locator("#say").inner_text()
        assert frame.locator("html").evaluate("e => e.scrollWidth <= innerWidth")


def test_refuses_what_does_not_fit():
    with pytest.raises(tg.errors.ShapeError, match="two axes"):
        tg.convolution_page(np.ones(3), np.ones((2, 2)))
    with pytest.raises(tg.errors.ShapeError, match="gradient of shape"):
        tg.convolution_page(np.ones((3, 3)), np.ones((2, 2)), gradient=np.ones(3))
    with pytest.raises(tg.errors.ShapeError, match="too many"):
        tg.convolution_page(np.ones((30, 30)), np.ones((2, 2)))
