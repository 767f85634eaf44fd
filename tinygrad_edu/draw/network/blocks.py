"""Any net as boxes, one for each module, with its share of the cost: what `summary().draw()` returns."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

from ..drawing import Drawing
from ..formats.dot import quoted
from ..pages.page import Page
from .paper import network_paper

WIDE, HIGH, GAP, INDENT, BAR = 560.0, 40.0, 6.0, 18.0, 150.0


def draw_blocks(rows: list[Any], total: Any) -> Drawing:
    """Return a drawing of the rows of a summary: `path`, `kind`, `parameters`, `output` and `multiply_adds` each."""
    return Drawing(Blocks(rows, total))


@dataclass(slots=True)
class Blocks:
    """The modules of a net, to be drawn."""

    rows: list[Any]
    total: Any
    ours: bool = True  # Graphviz draws no bars

    def alt(self) -> str:
        """Return what the picture shows, in a line."""
        return f"{self.total.kind}: {len(self.rows)} modules, {self.total.parameters:,} parameters"

    def statements(self) -> list[str]:
        """Return the statements of a DOT digraph: a box a module."""
        return [
            f'\tb{k} [shape=box label="{quoted(f"{row.path} {row.kind}")}\\n{self.numbers(row)}"]\n'
            for k, row in enumerate(self.rows)
        ]

    def tex(self) -> str:
        """Raise ValueError: TeX sets the table itself better."""
        raise ValueError("a summary is saved as .svg or .html; for TeX, print it")

    def page(self) -> Page:
        """Return a page with the picture on it."""
        return Page(self.alt(), f'<div class="scroll">{self.svg()}</div>')

    def numbers(self, row: Any) -> str:
        """Return what a module learns, gives and costs, in words."""
        said = [f"{row.parameters:,} parameters"] if row.parameters else []
        said += ["×".join(map(str, row.output)) or "a number"] if row.output is not None else []
        said += [f"{row.multiply_adds:,} multiply-adds"] if row.multiply_adds else []
        return " · ".join(said)

    def share(self, row: Any) -> float:
        """Return a module's share of the multiply-adds, or of the parameters where no example was given."""
        if self.total.output is None:
            part, whole = row.parameters, self.total.parameters
        else:
            part, whole = row.multiply_adds, self.total.multiply_adds
        return float(part / max(whole, 1))

    def svg(self) -> str:
        """Return the picture as one SVG element."""
        high = (HIGH + GAP) * len(self.rows) + 34
        unit = "parameters" if self.total.output is None else "multiply-adds"
        parts = [
            network_paper(WIDE, high, self.alt()),
            f'<text x="8" y="18" font-weight="700">{escape(self.total.kind)}</text>',
            f'<text x="{WIDE - 8:.0f}" y="18" text-anchor="end">{escape(self.numbers(self.total))}</text>',
        ]
        for k, row in enumerate(self.rows):
            y, x = 30 + (HIGH + GAP) * k, 8 + INDENT * row.path.count(".")
            share = self.share(row)
            bar = f'x="{WIDE - 16 - BAR:.0f}" y="{y + 25:.0f}" width="{BAR * share:.1f}" height="8"'
            parts.append(
                f"<g><title>{share:.1%} of the {unit}</title>"
                f'<rect class="frame" x="{x:.0f}" y="{y:.0f}" width="{WIDE - 8 - x:.0f}" height="{HIGH:.0f}" rx="5"/>'
                f'<rect {bar} fill="#0072b2"/>'
                f'<text x="{x + 8:.0f}" y="{y + 16:.0f}">{escape(row.path)}  {escape(row.kind)}</text>'
                f'<text class="n" x="{x + 8:.0f}" y="{y + 32:.0f}">{escape(self.numbers(row))}</text></g>'
            )
        return "".join(parts) + "</svg>"
