"""The demo's output while it works: a line to each finding, as wide as the terminal, and a progress bar."""

from __future__ import annotations

import importlib
import importlib.util
import shutil
import sys
import textwrap
from collections.abc import Iterable

INDENT = 11  # characters in front of what is said
WIDEST = 100


def progress(what: str, steps: range) -> Iterable[int]:
    """Return `steps`, shown as a bar while they are gone through, where there is tqdm."""
    if importlib.util.find_spec("tqdm"):
        form = f"{what:{INDENT}}{{bar}} {{n_fmt}} of {{total_fmt}} epochs"
        columns = min(shutil.get_terminal_size().columns - 1, 80)
        bar: Iterable[int] = importlib.import_module("tqdm").tqdm(steps, ncols=columns, bar_format=form)
        return bar
    say(what, f'{len(steps)} epochs (for a progress bar: pip install "tinygrad-edu[progress]")')
    return steps


def say(what: str, text: str) -> None:
    """Print what something is about and what there is to say; in a terminal, in lines that fit."""
    line = f"{what:{INDENT}}{text}"
    if sys.stdout.isatty():
        columns = min(shutil.get_terminal_size().columns, WIDEST)
        line = textwrap.fill(
            line, columns, subsequent_indent=" " * INDENT, break_long_words=False, break_on_hyphens=False
        )
    print(line)
