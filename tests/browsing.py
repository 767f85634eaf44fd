"""Opens pages in headless Chromium, offline, and notes whatever goes wrong on them."""

import shutil
from contextlib import contextmanager

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="pages are driven through playwright")
    if CHROMIUM is None:
        pytest.skip("no chromium on PATH: apt-get install chromium")
    with playwright.sync_playwright() as session:
        running = session.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield running
        running.close()


@contextmanager
def opened(browser, path, at="", *, scheme="light", width=1100):
    """Yield the page in a file, and prove that it has raised no error, said nothing and asked nobody."""
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 760})
    page = context.new_page()
    trouble = []
    page.on("pageerror", lambda error: trouble.append(f"error: {error}"))
    page.on("console", lambda message: trouble.append(f"console: {message.text}"))
    page.on("request", lambda r: None if r.url.startswith(("file:", "data:", "about:")) else trouble.append(r.url))
    page.goto(f"{path.as_uri()}{at}")
    yield page
    context.close()
    assert trouble == []
