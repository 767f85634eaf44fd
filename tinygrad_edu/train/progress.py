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

    def step(self, measures: dict[str, Any]) -> None:
        """Count one step."""
        self.done += 1
        if not self.shown:
            return
        if self.bar is not None:
            self.bar.update()
            return
        tenth = 10 * self.done // max(self.total, 1)
        if tenth > self.said:
            self.said = tenth
            self.say(measures)

    def epoch(self, measures: dict[str, Any]) -> None:
        """Show the measures of an epoch beside the bar."""
        if self.bar is not None:
            self.bar.set_postfix_str(words(measures))

    def say(self, measures: dict[str, Any]) -> None:
        """Write a line."""
        sys.stderr.write(f"{100 * self.done // max(self.total, 1):3d} %  {words(measures)}\n")
        sys.stderr.flush()

    def close(self) -> None:
        """Leave the bar as it is."""
        if self.bar is not None:
            self.bar.close()


def words(measures: dict[str, Any]) -> str:
    """Return measures as text: loss 0.123, accuracy 0.98."""
    return ", ".join(f"{name} {value:.4g}" for name, value in measures.items())
