"""A progress bar where one can be had, and a plain line where not."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterable


def progress(what: str, steps: range) -> Iterable[int]:
    """Return `steps`, shown as a bar while they are gone through."""
    if importlib.util.find_spec("tqdm"):
        bar: Iterable[int] = importlib.import_module("tqdm").tqdm(steps, desc=what, unit="epoch", ncols=80)
        return bar
    print(f'{what}: {len(steps)} epochs (for a progress bar: pip install "tinygrad-edu[progress]")')
    return steps
