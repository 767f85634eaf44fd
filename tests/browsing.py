"""Opens pages in headless Chromium, offline, and notes whatever goes wrong on them."""

import shutil
from contextlib import contextmanager

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
READY = []  # windows that are open and show nothing: opening another costs three times as much as a page


@pytest.fixture(scope="module")  # while it is open, an event loop runs: tests of coroutines need their own
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="pages are driven through playwright")
    if CHROMIUM is None:
        pytest.skip("no chromium on PATH: apt-get install chromium")
    with playwright.sync_playwright() as session:
        running = session.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield running
        READY.clear()
        running.close()


@contextmanager
def opened(browser, path, at="", *, scheme="light", width=1100):
    """Yield the page in a file, and prove that it has raised no error, said nothing and asked nobody.

    The window is used again by the next page; where a test fails in it, it is closed.
    """
    page = READY.pop() if READY else browser.new_context().new_page()
    trouble = []
    hears = {
        "pageerror": lambda error: trouble.append(f"error: {error}"),
        "console": lambda message: trouble.append(f"console: {message.text}"),
        "request": lambda r: None if r.url.startswith(("file:", "data:", "about:")) else trouble.append(r.url),
    }
    try:
        page.set_viewport_size({"width": width, "height": 760})
        page.emulate_media(color_scheme=scheme)
        for event, hear in hears.items():
            page.on(event, hear)
        page.goto(f"{path.as_uri()}{at}")
        yield page
        page.mouse.up()
        page.goto("about:blank")
        for event, hear in hears.items():
            page.remove_listener(event, hear)
    except BaseException:
        page.context.close()
        raise
    READY.append(page)
    assert trouble == []
