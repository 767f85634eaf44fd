"""The history of a training run: the loss of each step, the measures of each epoch, and the changing net."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

from ..draw.pages.page import Page
from ..draw.pages.recorder import MAX_FRAMES, Recorder
from ..errors.printable import printable, table_cell
from ..errors.where import users_line
from ..system import files

MEMORY = 64 << 20  # bytes that all frames of a run may take


class History(Recorder):
    """The record of a run of `fit`; also a `Recorder`, where the net is a chain of layers.

    losses: of each step. epochs: a dict for each, with "epoch", "loss", the metrics, the same of the validation with
    "validation_" before, and "lr". best: the epoch whose validation loss was lowest, from 1; 0 for none.
    stopped: why the run ended: "epochs", "early stopping", "callback" or "interrupted". compiled: whether its steps
    were. note: why not.
    """

    def __init__(self, model: Any, x: Any = None, y: Any = None) -> None:
        self.epochs: list[dict[str, Any]] = []
        self.best, self.stopped, self.compiled, self.note = 0, "", False, ""
        size = 2 * sum(p._data.nbytes for p in model.parameters())
        frames = max(2, min(MAX_FRAMES, MEMORY // max(size, 1)))
        try:
            super().__init__(model, x, y, frames=frames)
            self.drawable = ""
        except TypeError as error:
            self.drawable = str(error)
            self.losses = []

    def record(self, loss: Any) -> None:
        if self.drawable:
            self.losses.append(float(loss))
        else:
            super().record(loss)

    def replay(self) -> Page:
        """Return a page that shows the run again. Raises TypeError where the net is no chain of layers."""
        if self.drawable:
            raise TypeError(f"{self.drawable}; plot() shows its losses (at {users_line()})")
        return super().replay()

    def plot(self) -> tuple[Any, Any]:
        """Draw the loss of each step and the measures of each epoch with matplotlib; return (figure, axes)."""
        figure, axes = super().plot()
        if self.epochs:
            steps = len(self.losses) / len(self.epochs)
            ends = [steps * (i + 1) for i in range(len(self.epochs))]
            if "validation_loss" in self.epochs[0]:
                axes.plot(ends, [e["validation_loss"] for e in self.epochs], color="#d55e00", label="validation")
                axes.legend()
            names = [name for name in self.epochs[0] if name not in ("epoch", "loss", "validation_loss", "lr")]
            if names:
                right = axes.twinx()
                right.set_ylabel(printable(" / ".join(names)).replace("$", r"\$"))  # which would be set as a formula
                for name in names:
                    right.plot(ends, [e[name] for e in self.epochs], linestyle=":" if "valid" in name else "--")
        return figure, axes

    def save(self, path: str | Path) -> None:
        """Write the numbers of the run: .csv, a row an epoch, or .json, with the loss of each step too."""
        if Path(path).suffix == ".csv":
            text = io.StringIO()
            names = dict.fromkeys(name for epoch in self.epochs for name in epoch)
            rows = csv.writer(text)
            rows.writerows(
                [map(table_cell, names), *([epoch.get(name, "") for name in names] for epoch in self.epochs)]
            )
            files.write(path, text.getvalue())
        elif Path(path).suffix == ".json":
            files.write(path, json.dumps(self.numbers(), indent=1))
        else:
            raise ValueError(f"save: a history is written as .csv or .json, not as {path!s:.60} (at {users_line()})")

    def numbers(self) -> dict[str, Any]:
        """Return all that `save` writes."""
        return {"epochs": self.epochs, "best": self.best, "stopped": self.stopped, "losses": self.losses}

    def __repr__(self) -> str:
        last = ", ".join(f"{name}={value:.4g}" for name, value in (self.epochs[-1] if self.epochs else {}).items())
        return f"History({len(self.epochs)} epochs, {len(self.losses)} steps, {self.stopped or 'running'}: {last})"
