"""`tg.nudges`: what each training example asks of each weight, and their average, which is the step that is taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from itertools import accumulate
from typing import Any

import numpy as np

from ...core.node import data_of
from ...errors import ShapeError
from ..graph.picture import format_number, short_text
from .page import Page, asset, fill_template

COLUMNS, ROWS = 24, 40  # shown at most
TERMINAL_WIDTH = 100  # characters of a terminal


def nudges(
    gradients: Any, lr: float, *, names: Sequence[str] | None = None, examples: Sequence[str] | None = None
) -> Page:
    """Return a page with a row for each example: by how much it would change each weight, -lr * gradient.

    The last row is the average: the step of stochastic gradient descent on this batch. `print` shows it as text.
    gradients: of each example, stacked along axis 0, as `per_example_gradients` gives them: one array, or a list,
    tuple or dict of arrays. names: of the weights, by default their places. examples: names of the rows.
    Raises ShapeError where the arrays have different numbers of examples.
    """
    parts = named_arrays(gradients)
    counts = {np.shape(part)[0] if np.ndim(part) else 0 for _, part in parts}
    if len(counts) != 1 or 0 in counts:
        raise ShapeError(f"nudges: every array needs one row an example, and these have {sorted(counts)} rows")
    rows = -lr * np.column_stack([np.reshape(part, (len(part), -1)) for _, part in parts])
    titles = list(
        names or [f"{name}{place(i, np.shape(part)[1:])}" for name, part in parts for i in range(part[0].size)]
    )
    if len(titles) != rows.shape[1]:
        raise ShapeError(f"nudges: {len(titles)} names for {rows.shape[1]} weights")
    labels = list(examples or [f"example {i + 1}" for i in range(len(rows))])
    if len(labels) != len(rows):
        raise ShapeError(f"nudges: {len(labels)} names for {len(rows)} examples")
    left_out = [
        f"{hidden:,} more {what}"
        for hidden, what in ((rows.shape[1] - COLUMNS, "weights"), (len(rows) - ROWS, "examples"))
        if hidden > 0
    ]
    largest = float(np.max(np.abs(rows[:ROWS, :COLUMNS]), initial=0.0)) or 1.0
    parts_of_page = {
        "head": "".join(f'<th scope="col">{escape(short_text(title))}</th>' for title in titles[:COLUMNS]),
        "rows": "".join(table_row(label, row, largest) for label, row in zip(labels[:ROWS], rows, strict=False)),
        "mean": table_row("average", rows.mean(axis=0), largest, "mean"),
        "lr": format_number(lr),
        "more": f'<p class="soft">Not shown: {" and ".join(left_out)}; the average is that of all examples.</p>'
        if left_out
        else "",
    }
    body = fill_template(asset("nudges.html"), parts_of_page)
    text, height = in_a_terminal(titles, labels, rows), min(820, 180 + 32 * len(labels))
    return Page("Nudges, averaged", body, styles=asset("nudges.css"), height=height, text=text)


def in_a_terminal(titles: list[str], labels: list[str], rows: Any) -> str:
    """Return the table as plain text, as much of it as fits."""
    names = [short_text(label, 16) for label in labels[:ROWS]]
    left = max(map(len, [*names, "average"]))
    columns = [
        [short_text(title, 10), *(format_number(x, 3) for x in (*rows[:ROWS, j], rows[:, j].mean()))]
        for j, title in enumerate(titles)
    ]
    widths = [max(map(len, column)) for column in columns]
    fits = max(1, sum(total <= TERMINAL_WIDTH - left for total in accumulate(2 + w for w in widths)))
    cells = zip(
        *([text.rjust(w) for text in column] for column, w in zip(columns[:fits], widths, strict=False)), strict=True
    )
    lines = [
        f"{name:{left}}  {'  '.join(row)}".rstrip() for name, row in zip(["", *names, "average"], cells, strict=True)
    ]
    hidden = [
        f"{n:,} more {what}" for n, what in ((len(titles) - fits, "weights"), (len(labels) - ROWS, "examples")) if n > 0
    ]
    lines.insert(-1, "─" * max(map(len, lines)))
    return "\n".join(lines + [f"({' and '.join(hidden)})"] * bool(hidden))


def named_arrays(gradients: Any, name: str = "w") -> list[tuple[str, Any]]:
    """Return every array of nested lists, tuples and dicts, with a name that says where it was."""
    if isinstance(gradients, Mapping):
        return [part for key, inner in gradients.items() for part in named_arrays(inner, str(key))]
    if isinstance(gradients, (list, tuple)):
        return [part for i, inner in enumerate(gradients, 1) for part in named_arrays(inner, f"{name}{i}")]
    return [(name, np.asarray(data_of(gradients), dtype=float))]


def place(i: int, shape: tuple[int, ...]) -> str:
    """Return the indices of the i-th number of an array, counted from 1 as in formulas."""
    if not shape:
        return ""
    return "_" + ",".join(str(k + 1) for k in np.unravel_index(i, shape))


def table_row(label: str, row: Any, largest: float, kind: str = "") -> str:
    """Return one row of the table: each nudge as a number and as a bar, left for down and right for up.

    largest: the nudge whose bar is half a cell long, one for the whole table, so that bars can be compared.
    """
    cells = []
    for nudge in row[:COLUMNS]:
        part = 50 * abs(nudge) / largest
        side = "up" if nudge >= 0 else "down"
        bar = f'<span class="{side}" style="width:{part:.0f}%"></span>'
        cells.append(f'<td data-value="{float(nudge)!r}">{bar}{format_number(nudge, 3)}</td>')
    return f'<tr class="{kind}"><th scope="row">{escape(short_text(label))}</th>{"".join(cells)}</tr>'
