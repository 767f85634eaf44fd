"""The results as two pictures: each library's step against NumPy by hand, and what grows with what."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl
from budgets import HAND, bytes_of_a_node
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from results import Tasks, median, ratio
from tables import SEVERAL, digits, duration
from tasks import CURVES, TRAINING

# Ours in two strengths of one colour that also differ in form, what stands for NumPy itself in black, all else quiet
STYLE = {
    "tinygrad_edu compiled": ("#c2410c", "o"),
    "tinygrad_edu": ("#fb923c", "D"),
    HAND: ("#111827", "s"),
    "PyTorch": ("#1d4ed8", "^"),
    "JAX jit": ("#0f766e", "v"),
}
QUIET = ("#6b7280", "o")
TEXT = {"svg.fonttype": "none", "svg.hashsalt": "benchmarks", "font.family": "sans-serif", "font.size": 9}
SMALLEST = 1e5  # bytes: what a process grows by in fewer is the noise of its allocator


def plain(axes: Any) -> None:
    """Leave out of a picture what says nothing."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.minorticks_off()
    axes.grid(color="#e5e7eb", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(length=0)


def save(figure: Figure, path: Path) -> None:
    """Write a figure on white, the same bytes for the same numbers."""
    figure.savefig(path, facecolor="white", metadata={"Date": None}, bbox_inches="tight")


def steps(tasks: Tasks, path: Path) -> None:
    """Draw how many times as long as NumPy by hand each library takes, task by task, the quickest first."""
    ratios = {
        task: {s: r for s in tasks[task] if (r := ratio(tasks, task, s, HAND)) is not None}
        for task in TRAINING
        if task in tasks
    }
    if not ratios:
        return  # none of these tasks was measured
    with mpl.rc_context(TEXT):
        heights = [len(found) + 2 for found in ratios.values()]
        figure = Figure(figsize=(8.5, 0.21 * sum(heights)), layout="constrained")
        panels = figure.subplots(len(ratios), 1, gridspec_kw={"height_ratios": heights}, squeeze=False)[:, 0]
        for axes, (task, found) in zip(panels, ratios.items(), strict=True):
            panel(axes, task, tasks, dict(sorted(found.items(), key=lambda item: item[1])))
        panels[-1].set_xlabel("time of a training step, in times that of hand-written NumPy (logarithmic)")
        save(figure, path)


def panel(axes: Any, task: str, tasks: Tasks, ratios: dict[str, float]) -> None:
    """Draw one task: a dot a library, on a line from where NumPy by hand is."""
    axes.set_xscale("log")
    plain(axes)
    for row, (subject, times) in enumerate(ratios.items()):
        colour, mark = STYLE.get(subject, QUIET)
        axes.plot([1, times], [row, row], color=colour, linewidth=1.5, alpha=0.5)
        axes.plot([times], [row], mark, color=colour, markersize=6)
        seconds = median(tasks, task, subject)
        axes.annotate(
            f"{digits(times)} ×, {duration(seconds or 0.0)}",
            (max(times, 1), row),
            (8, 0),
            textcoords="offset points",
            va="center",
            color="#374151",
            fontsize=8,
        )
    axes.axvline(1, color="#111827", linewidth=0.8)
    axes.set_yticks(range(len(ratios)), ratios)
    for label in axes.get_yticklabels():
        label.set_fontweight("bold" if label.get_text().startswith("tinygrad_edu") else "normal")
    axes.invert_yaxis()
    axes.margins(y=0.12)
    axes.set_xlim(min(0.7, *ratios.values()) / 1.15, max(4, *ratios.values()) * 3.5)
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if max(ratios.values()) < 100 else (1,)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_title(task, loc="left", fontsize=10, fontweight="bold")


def scaling(tasks: Tasks, path: Path) -> None:
    """Draw time and memory over the rows of a batch, the width and the number of layers, and the nodes of a chain."""
    with mpl.rc_context(TEXT):
        figure = Figure(figsize=(12, 5.6), layout="constrained")
        panels = figure.subplots(2, len(CURVES))
        for column, (curve, points) in enumerate(CURVES.items()):
            each = curve not in SEVERAL  # of a chain it is the cost of one node that is of interest
            for row, what in enumerate(("time", "memory")):
                axes = panels[row, column]
                axes.set_xscale("log")
                axes.set_yscale("linear" if each else "log")
                plain(axes)
                for subject in next(iter(points.values())).subjects:
                    line(axes, curve, what, tasks, subject)
                if each:
                    axes.set_ylim(bottom=0)
            panels[0, column].set_title(curve, fontsize=10, fontweight="bold")
            panels[0, column].set_ylabel("ns a node" if each else "ms a step")
            panels[1, column].set_ylabel("bytes a node" if each else "MB grown")
        named = {mark.get_label(): mark for axes in panels[0] for mark in axes.get_lines()}
        figure.legend(named.values(), named, loc="outside upper center", ncols=len(named), frameon=False)
        save(figure, path)


def line(axes: Any, curve: str, what: str, tasks: Tasks, subject: str) -> None:
    """Draw time or memory of one subject along one curve."""
    where, there = [], []
    for x in CURVES[curve]:
        task = f"{curve}: {x:,}"
        if curve in SEVERAL:
            found = tasks.get(task, {}).get(subject, {})
            grown = found.get("memory", 0) if what == "memory" else 0
            y = (
                scaled(median(tasks, task, subject), 1e3)
                if what == "time"
                else grown / 1e6
                if grown > SMALLEST
                else None
            )
        elif what == "time":
            y = scaled(median(tasks, task, subject), 1e9 / x)
        else:
            y = bytes_of_a_node(tasks, subject, x)
        if y is not None:
            where.append(x)
            there.append(y)
    colour, mark = STYLE.get(subject, QUIET)
    axes.plot(where, there, marker=mark, color=colour, markersize=4, linewidth=1.4, label=subject)


def scaled(seconds: float | None, by: float) -> float | None:
    """Return a time in another unit, where there is one."""
    return None if seconds is None else seconds * by
