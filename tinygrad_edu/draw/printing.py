"""PNG and PDF of this package's own picture, printed by a Chromium where one is installed.

For who has no Graphviz. What the picture shows this module must not know: it is handed SVG.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from base64 import b64decode, b64encode
from pathlib import Path

from ..system import files

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
KINDS_PRINTED = ("png", "pdf")
OPTIONS = "--headless --disable-gpu --hide-scrollbars --no-first-run --disable-background-networking --disable-sync"
SIZE = re.compile(r'<svg\b[^>]*?\bwidth="([\d.]+)(?:pt|px)?"[^>]*?\bheight="([\d.]+)')
LARGEST = 16_000  # pixels of a side that a Chromium can make into one picture
DRAWS = """<!doctype html><body><script>
const image = new Image(), canvas = document.createElement("canvas");
image.onload = () => {{
  canvas.width = {width}; canvas.height = {height};
  canvas.getContext("2d").drawImage(image, 0, 0, {width}, {height});
  document.body.textContent = canvas.toDataURL();
}};
image.src = "{image}";
</script>"""  # not a screenshot, which is as large as a browser's window may be
PICTURE = re.compile(rb"<body>data:image/png;base64,([^<]+)")
SECONDS = 60  # that it may take


def installed_browser() -> str | None:
    """Return where a Chromium is, or None."""
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


def print_picture(browser: str, svg: str, format: str) -> bytes:  # noqa: A002  # as in Graphviz
    """Return a picture as "png", twice as fine as it is shown, or as "pdf", on one page of its size.

    Raises OSError where the browser fails, or the picture is too large for it.
    """
    found = SIZE.search(svg)
    if found is None:
        raise OSError(f"{format.upper()}: the picture does not say how large it is")
    width, height = (int(float(side)) + 1 for side in found.groups())
    if max(width, height) > LARGEST:
        raise OSError(f"{format.upper()} of {width:,} × {height:,} pixels is too large for a browser: save as .svg")
    if format == "png":
        scale = 2 if 2 * max(width, height) <= LARGEST else 1
        image = f"data:image/svg+xml;base64,{b64encode(svg.encode()).decode()}"
        page = DRAWS.format(image=image, width=width * scale, height=height * scale)
        drawn = PICTURE.search(ran(browser, page, "--dump-dom", "--virtual-time-budget=10000"))
        if drawn is None:
            raise OSError(f"{browser} could not draw the picture")
        return b64decode(drawn[1])
    style = f"@page{{size:{width}px {height}px;margin:0}}body{{margin:0}}svg{{display:block}}"
    page = f'<!doctype html><meta charset="utf-8"><style>{style}</style>{svg}'
    return ran(browser, page, "--print-to-pdf={out}", "--no-pdf-header-footer")


def ran(browser: str, page: str, *options: str) -> bytes:
    """Return what a browser writes of a page: into the file `{out}`, where an option names it, else to its output."""
    root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []  # else it refuses to start
    with tempfile.TemporaryDirectory(prefix="tinygrad-edu-", ignore_cleanup_errors=True) as scratch:
        file, out = Path(scratch) / "picture.html", Path(scratch) / "picture.out"
        files.write(file, page)
        profile = f"--user-data-dir={scratch}/profile"
        command = [browser, *OPTIONS.split(), *root, profile, *(o.format(out=out) for o in options), file.as_uri()]
        try:
            done = subprocess.run(command, capture_output=True, timeout=SECONDS, check=False)
        except subprocess.TimeoutExpired:
            raise OSError(f"{browser} took more than {SECONDS} s") from None
        written = out.read_bytes() if out.is_file() else done.stdout
        if done.returncode or not written:
            said = done.stderr.decode(errors="replace").strip()[-300:]
            raise OSError(f"{browser} could not print a picture: {said or f'exit status {done.returncode}'}")
        return written
