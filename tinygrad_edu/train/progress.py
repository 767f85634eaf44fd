"""Progress of a run: a bar in a terminal or a notebook, elsewhere a line for every tenth. Knows only counts."""

from __future__ import annotations

import sys
from typing import Any

from ..errors.printable import printable


class Progress:
    """Shows how many of `total` steps are done. Where tqdm is missing, lines take the place of the bar."""

    def __init__(self, total: int, done: int, shown: bool) -> None:
        self.total, self.done, self.shown = max(total, 1), done, shown
        self.bar: Any = None
        if shown and (sys.stderr.isatty() or "ipykernel" in sys.modules):
            try:
                from tqdm.auto import tqdm  # type: ignore[import-untyped]  # it has no types

                self.bar = tqdm(total=total, initial=done, unit="step")
            except ImportError:
                pass
        self.parts = 10 if self.bar is None else 20  # of the run, after each of which a line may be written
        self.said = self.parts * done // self.total

    def begin(self, text: str) -> None:
        """Say what is about to be done."""
        if self.shown:
            self.write(text)

    def step(self, measures: dict[str, Any], last: bool = False) -> None:
        """Count one step; the line of an epoch's last step waits for the measures of the epoch."""
        self.done += 1
        if self.bar is not None:
            self.bar.set_postfix_str(measures_text(measures), refresh=False)
            self.bar.update()
        elif not last:
            self.say(measures)

    def epoch(self, measures: dict[str, Any]) -> None:
        """Show the measures of an epoch: a line above the bar, or one of the lines."""
        self.say(measures)

    def say(self, measures: dict[str, Any]) -> None:
        """Write a line if another part of the run is done."""
        part = self.parts * self.done // self.total
        if self.shown and part > self.said:
            self.said = part
            self.write(f"{100 * part // self.parts:3d} %  {measures_text(measures)}")

    def write(self, line: str) -> None:
        """Write a line, above the bar where there is one."""
        line = printable(line)  # names of measures are the user's
        if self.bar is not None:
            self.bar.write(line, file=sys.stderr)
        else:
            sys.stderr.write(f"{line}\n")
            sys.stderr.flush()

    def close(self) -> None:
        """Leave the bar as it is."""
        if self.bar is not None:
            self.bar.close()


def measures_text(measures: dict[str, Any]) -> str:
    """Return measures as text: loss 0.123, accuracy 0.98."""
    return ", ".join(f"{name} {value:.4g}" for name, value in measures.items())
