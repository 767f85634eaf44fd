"""How far a run is: a bar in a terminal or a notebook, elsewhere a line for every tenth. Knows only counts."""

from __future__ import annotations

import sys
from typing import Any


class Progress:
    """Shows how many of `total` steps are done. Where tqdm is missing, lines take the place of the bar."""

    def __init__(self, total: int, done: int, shown: bool) -> None:
        self.total, self.done, self.shown = total, done, shown
        self.bar: Any = None
        self.said = 10 * done // max(total, 1)
        if shown and (sys.stderr.isatty() or "ipykernel" in sys.modules):
            try:
                from tqdm.auto import tqdm  # type: ignore[import-untyped]  # it has no types
            except ImportError:
                return
            self.bar = tqdm(total=total, initial=done, unit="step")

    def begin(self, text: str) -> None:
        """Say what is about to be done."""
        if self.bar is not None:
            self.bar.write(text, file=sys.stderr)
        elif self.shown:
            sys.stderr.write(f"{text}\n")

    def step(self, measures: dict[str, Any], last: bool = False) -> None:
        """Count one step; the last one of an epoch waits for the measures of the epoch."""
        self.done += 1
        if self.bar is not None:
            self.bar.set_postfix_str(words(measures), refresh=False)
            self.bar.update()
        elif self.shown and not last:
            self.say(measures)

    def epoch(self, measures: dict[str, Any]) -> None:
        """Show the measures of an epoch: above the bar, or where a tenth is done."""
        if self.bar is not None:
            self.bar.write(words(measures), file=sys.stderr)
        elif self.shown:
            self.say(measures)

    def say(self, measures: dict[str, Any]) -> None:
        """Write a line if another tenth is done."""
        tenth = 10 * self.done // max(self.total, 1)
        if tenth > self.said:
            self.said = tenth
            sys.stderr.write(f"{10 * tenth:3d} %  {words(measures)}\n")
            sys.stderr.flush()

    def close(self) -> None:
        """Leave the bar as it is."""
        if self.bar is not None:
            self.bar.close()


def words(measures: dict[str, Any]) -> str:
    """Return measures as text: loss 0.123, accuracy 0.98."""
    return ", ".join(f"{name} {value:.4g}" for name, value in measures.items())
