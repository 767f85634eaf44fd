"""Open every page of the built site in headless Chromium, offline: `python docs/crawl.py docs/_site`.

Exit status 1, with what is wrong, where a link or an anchor leads nowhere, a page asks anything of a host, raises an
error or writes to the console, or a page cannot be reached from the first.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

from playwright.sync_api import Browser, sync_playwright

FOUND_ON_PAGE = """() => ({
  links: [...document.querySelectorAll("a[href], iframe[src], img[src], link[href]")].map((e) => e.href || e.src),
  anchors: [...document.querySelectorAll("[id]")].map((e) => e.id),
})"""
WITHOUT_LINKS_TO_THEM = {"404.html", "genindex.html", "py-modindex.html", "search.html"}


def crawl(browser: Browser, root: Path) -> tuple[int, list[str]]:
    """Return how many pages can be reached from the first, and what is wrong on them, a line each."""
    wrong: list[str] = []
    start = (root.resolve() / "index.html").as_uri()
    links: dict[str, set[str]] = {}  # of each page, the addresses on it
    anchors: dict[str, set[str]] = {}
    waiting, context = [start], browser.new_context(offline=True)
    while waiting:
        address = waiting.pop()
        if address in links:
            continue
        page = context.new_page()
        trouble: list[str] = []
        page.on("pageerror", lambda error, into=trouble: into.append(f"raises {error}"))
        page.on("console", lambda message, into=trouble: into.append(f"says {message.text}"))
        page.on("request", lambda r, into=trouble: None if local(r.url) else into.append(f"asks for {r.url}"))
        page.goto(address)
        found = page.evaluate(FOUND_ON_PAGE)
        page.close()
        links[address] = {urljoin(address, link) for link in found["links"]}
        anchors[address] = set(found["anchors"])
        wrong += [f"{name(address, root)}: {each}" for each in trouble]
        for link in links[address]:
            target, _ = urldefrag(link)
            if link.startswith("file:") and target.endswith(".html") and path_of(target).is_file():
                waiting.append(target)
    context.close()
    for address, targets in links.items():
        for link in sorted(targets):
            target, anchor = urldefrag(link)
            if not link.startswith("file:"):
                continue
            if not path_of(target).is_file():
                wrong.append(f"{name(address, root)}: {name(target, root)} is not there")
            elif anchor and target in anchors and unquote(anchor) not in anchors[target]:
                wrong.append(f"{name(address, root)}: {name(target, root)} has no #{anchor}")
    reached = {path_of(address) for address in links}
    alone = [path.relative_to(root.resolve()) for path in root.resolve().rglob("*.html") if path not in reached]
    wrong += [f"{path}: no link leads there" for path in alone if path.name not in WITHOUT_LINKS_TO_THEM]
    return len(links), wrong


def local(address: str) -> bool:
    """Return whether an address is on this machine."""
    return address.startswith(("file:", "data:", "about:", "blob:"))


def path_of(address: str) -> Path:
    """Return the file of an address."""
    return Path(unquote(urlsplit(address).path))


def name(address: str, root: Path) -> str:
    """Return an address as it is written within the site."""
    path = path_of(address)
    return str(path.relative_to(root.resolve())) if path.is_relative_to(root.resolve()) else address


def main(root: Path) -> int:
    """Crawl a built site, print what is wrong, and return the exit status."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with sync_playwright() as session:
        browser = session.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        count, wrong = crawl(browser, root)
        browser.close()
    for each in wrong:
        sys.stdout.write(f"{each}\n")
    sys.stdout.write(f"{count} pages crawled, {len(wrong)} things wrong\n")
    return 1 if wrong or count < 2 else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
