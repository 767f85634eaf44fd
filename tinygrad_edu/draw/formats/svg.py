"""Writes a picture as SVG: no program, no font metrics, no script; light and dark, on a background of its own.

Colours are those of Okabe and Ito, which colour-blind readers can tell apart; every kind of card also has a form
of its own, and what is negative is also dashed. Style rules are written for light first and overridden for dark,
so that a viewer which knows no media queries shows the light picture.
"""

from __future__ import annotations

from html import escape
from itertools import count

from ..graph.picture import HEAT, SCALE, Card, Picture, title_parts, width
from ..layout.edge_routing import CARD_PADDING, CHARACTER, LINE, Layout, lay_out, sign_width

MARGIN = 14
SMALL = 500  # cards: a larger picture says w_12^(1) in plain letters, which take fewer bytes
SCRIPT = 4.8  # the width of a character of an index

LIGHT = """
svg.tg{color-scheme:light dark;font:11px ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace}
.tg .paper{fill:#fff}
.tg text{fill:#1d2430;stroke:none;white-space:pre}
.tg .t{font-weight:700}
.tg .i{font-size:8px}
.tg .h{font-size:0}
.tg .g{fill:#8c3a10}
.tgo{fill:#fff;stroke:none;text-anchor:middle;font-weight:700}
.tgo.big{font-size:15px}
.tg .k,.tg .frame{stroke-width:1.2}
.tg .parameter{fill:#e4f1fb;stroke:#0072b2}
.tg .input{fill:#e3f5ee;stroke:#009e73}
.tg .constant{fill:#fff;stroke:#7b8591;stroke-dasharray:3 2}
.tg .result{fill:#fafbfc;stroke:#4b5563}
.tg .fact{fill:#fafbfc;stroke:#7b8591;stroke-dasharray:1 2}
.tg .fold{fill:#f3eef8;stroke:#6b5a8e}
.tgc{fill:#4b5563;stroke:#4b5563;stroke-width:1.2;stroke-dasharray:none}
.tgc.fold{fill:#6b5a8e;stroke:#6b5a8e}
.tg .bad,.tg .dead,.tg .exploding{stroke:#c22;stroke-width:2.4}
.tg .good{stroke:#00795a;stroke-width:2.4}
.tg .frame rect{fill:#5b6b7c;fill-opacity:.06;stroke:#5b6b7c;stroke-opacity:.45}
.tg .frame text{fill:#4a5868}
.tg path{fill:none;stroke:#7b8794;stroke-width:1.2}
.tg .tip path{fill:#7b8794;stroke:none}
.tg .l text{font-size:9.5px;text-anchor:end;fill:#8c3a10;stroke:#fff;stroke-width:3px;paint-order:stroke}
.tg .l.below text{text-anchor:start}
.tg .r path{stroke:#e8ebef;stroke-width:15px;stroke-linecap:round}
.tg .r.parameter path{stroke:#d3e8f8}
.tg .r.input path{stroke:#cfeee2}
.tg .r.fold path{stroke:#e6dcf2}
.tg .r text{text-anchor:middle}
.tg .n{fill:#4a5868}
.tg .p{text-anchor:middle;fill:#4a5868}
.tg .hot text{fill:#1d2430}
"""
DARK = """
.tg .paper{fill:#14181f}
.tg text{fill:#e5e9f0}
.tg .g{fill:#f0a97f}
.tg .parameter{fill:#12304a;stroke:#56b4e9}
.tg .input{fill:#0f3329;stroke:#2fc39a}
.tg .constant{fill:#14181f;stroke:#8b95a3}
.tg .result{fill:#1d232d;stroke:#9aa5b4}
.tg .fact{fill:#1d232d;stroke:#8b95a3}
.tg .fold{fill:#2a2338;stroke:#a794cf}
.tgc{fill:#5d6878;stroke:#9aa5b4}
.tgc.fold{fill:#6b5a8e;stroke:#a794cf}
.tg .bad,.tg .dead,.tg .exploding{stroke:#ff6b5e}
.tg .good{stroke:#2fc39a}
.tg .frame rect{fill:#9fb0c3;fill-opacity:.07;stroke:#9fb0c3}
.tg .frame text,.tg .n,.tg .p{fill:#aebac8}
.tg path{stroke:#8b97a6}
.tg .tip path{fill:#8b97a6}
.tg .r path{stroke:#323b48}
.tg .r.parameter path{stroke:#17456b}
.tg .r.input path{stroke:#14503f}
.tg .r.fold path{stroke:#43365c}
.tg .l text{fill:#f0a97f;stroke:#14181f}
.tg .hot text{fill:#1d2430}
.tg .hot.dead,.tg .hot.exploding{stroke:#fff}
"""
ROUND = {"parameter": ' rx="10"', "fold": ' rx="6"', "result": ' rx="3"'}  # the forms that are not square
GRADIENT = ' class="g"'  # of the line of a card that says it
_drawn = count()  # markers are found by id, and one page may hold several drawings


def svg(picture: Picture) -> str:
    """Return the whole picture as one SVG element."""
    layout = lay_out(picture)
    notes = picture.notes
    legend = 26 if picture.heated else 0
    wide = max(layout.size[0], max((width(note) * CHARACTER for note in notes), default=0), 420 if legend else 0)
    high = layout.size[1] + legend + len(notes) * LINE + (6 if notes else 0)
    w, h = round(wide + 2 * MARGIN), round(high + 2 * MARGIN)
    arrow = f"tg{next(_drawn)}"
    x = MARGIN + (wide - layout.size[0]) / 2
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="tg" width="{w}" height="{h}" viewBox="0 0 {w} {h}"'
        ' role="img">'
        f"{style(LIGHT, DARK)}"
        f'<defs><marker id="{arrow}" class="tip" viewBox="0 0 8 8" refX="7" refY="4"'
        ' markerUnits="userSpaceOnUse" markerWidth="8" markerHeight="8" orient="auto">'
        '<path d="M0 0L8 4L0 8z"/></marker></defs>'
        f'<rect class="paper" width="{w}" height="{h}"/><g transform="translate({x:.0f} {MARGIN})">'
    ]
    parts += frames(picture, layout)
    parts += svg_edges(picture, layout, arrow)
    parts += svg_names(picture, layout)
    parts += cards(picture, layout, arrow)
    parts.append("</g>")
    at = MARGIN + layout.size[1] + 6
    if legend:
        parts.append(heat_legend(MARGIN, at))
        at += legend
    for note in notes:
        at += LINE
        parts.append(f'<text class="n" x="{MARGIN}" y="{at - 3:.0f}">{escape(note, quote=False)}</text>')
    parts.append("</svg>")
    return "".join(parts)


def style(light: str, dark: str) -> str:
    """Return a style element: rules for light, and those that override them on a dark screen; paper is light."""
    return f"<style>{light}@media screen and (prefers-color-scheme:dark){{{dark}}}</style>".replace("\n", "")


def frames(picture: Picture, layout: Layout) -> list[str]:
    """Return the groups' frames, the outer ones first, with their titles."""
    return [
        f'<g class="frame" transform="translate({x:.0f} {y:.0f})"><rect width="{w:.0f}" height="{h:.0f}" rx="7"/>'
        f'<text x="8" y="13">{escape(group.title, quote=False)}</text></g>'
        for group, (x, y, w, h) in zip(picture.groups, layout.groups, strict=True)
    ]


def svg_edges(picture: Picture, layout: Layout, arrow: str) -> list[str]:
    """Return the edges, then their labels, which lie over all of them."""
    level = picture.direction == "LR"
    paths, labels = [f'<g class="e" marker-end="url(#{arrow})">'], [f'</g><g class="l{"" if level else " below"}">']
    for edge, points, run in zip(picture.edges, layout.edges, layout.runs, strict=True):
        paths.append(f'<path d="{curve(points, level, run)}"/>')
        if edge.label:
            x, y = label_place(points, level)
            labels.append(f'<text x="{round(x)}" y="{round(y)}">{escape(edge.label, quote=False)}</text>')
    return [*paths, *labels, "</g>"]


def label_place(points: list[tuple[float, float]], level: bool) -> tuple[float, float]:
    """Return where an edge's label stands: it ends before the arrow's tip, or begins beside an arrow that goes down."""
    x, y = points[-1]
    return (x - 9, y - 3) if level else (x + 4, y - 8)


def svg_names(picture: Picture, layout: Layout) -> list[str]:
    """Return the names that stand for cards which are far away, in the colours of those cards."""
    parts, small = [], len(picture.cards) <= SMALL
    for kind in dict.fromkeys(picture.cards[picture.edges[k].tail].kind for k in layout.names):
        parts.append(f'<g class="r {kind}">')
        for k, (x, y, w, h) in layout.names.items():
            card = picture.cards[picture.edges[k].tail]
            if card.kind == kind:
                parts.append(
                    f'<path d="M{x + h / 2:.0f} {y + h / 2:.0f}h{w - h:.0f}"/>'
                    f'<text x="{x + w / 2:.0f}" y="{y + h / 2 + 4:.0f}">{titled(card.title, small)}</text>'
                )
        parts.append("</g>")
    return parts


def curve(points: list[tuple[float, float]], level: bool, run: float) -> str:
    """Return a path that is straight within layers, bends in the gaps, and ends in a straight run below its label.

    Coordinates are relative, a minus needs no space before it, and a pixel more or less is not worth a bend: all of
    that keeps large pictures small.
    """
    if not level:
        points = [(y, x) for x, y in points]
    at, across = points[-2]
    last = len(points) - 3
    (x, y), straight = points[0], "h" if level else "v"
    a, b, pending = round(x), round(y), 0
    path = f"M{a} {b}" if level else f"M{b} {a}"
    for k, (x, y) in enumerate((*points[1:-2], (at - run, across), points[-1])):
        along, off = round(x) - a, round(y) - b
        a += along
        if -1 <= off <= 1 and (off == 0 or k < last):
            pending += along
            continue
        if pending:
            path += f"{straight}{pending}"
            pending = 0
        b += off
        half, aside = along // 2, off if off < 0 else f" {off}"
        path += f"c{half} 0 {half}{aside} {along}{aside}" if level else f"c0 {half}{aside} {half}{aside} {along}"
    return f"{path}{straight}{pending}" if pending else path


def cards(picture: Picture, layout: Layout, prefix: str) -> list[str]:
    """Return the forms of the cards, each written once, then the cards, which use them and say their own texts."""
    forms: dict[tuple[str, str, int, int, int], str] = {}
    defined, drawn, small = [], [], len(picture.cards) <= SMALL
    for card, (x, y, w, h) in zip(picture.cards, layout.cards, strict=True):
        lines, cell = len(card.rows) + bool(card.title), sign_width(card) if card.sign else 0.0
        key = (card.kind, card.sign, round(w), round(h), lines)
        name = forms.get(key)
        right, down = round(cell + CARD_PADDING), round((h - lines * LINE) / 2 + 11)  # where the first line begins
        if name is None:
            name = forms[key] = f"{prefix}-{len(forms)}"
            defined.append(form_of(card, f'id="{name}" transform="translate({-right} {-down})"', w, h, cell))
        drawn.append(card_at(card, round(x) + right, round(y) + down, name, small))
    return ["<defs>", *defined, '</defs><g class="k">', *drawn, "</g>"]


def form_of(card: Card, attributes: str, w: float, h: float, cell: float) -> str:
    """Return the form of a card with the cell of its operation, to be used by all cards like it.

    Lines and colours of the form itself are those of the card that uses it. Besides, what is used is apart from the
    picture around it: only rules that name no element around a cell hold in it.
    """
    corner = ROUND.get(card.kind, "")
    form = f'<rect width="{w:.0f}" height="{h:.0f}"{corner}/>'
    if card.kind == "fold":
        form = form.replace("<rect", '<rect x="4" y="-4"') + form
    if card.sign:
        wide = cell if card.title or card.rows else w
        big, down = (" big", 5) if len(card.sign) == 1 else ("", 4)
        form += (
            f'<rect class="tgc {card.kind}" width="{wide:.0f}" height="{h:.0f}"{corner}/>'
            f'<text class="tgo{big}" x="{wide / 2:.0f}" y="{h / 2 + down:.0f}">{escape(card.sign, quote=False)}</text>'
        )
    return f"<g {attributes}>{form}</g>"


def card_at(card: Card, x: int, y: int, form: str, small: bool) -> str:
    """Return one card, whose first line begins at x, y: its form, its title and its rows."""
    mark = (f" {card.mark}" if card.mark else "") + (" hot" if card.heat is not None else "")
    heat = f' style="fill:{SCALE[card.heat]}"' if card.heat is not None else ""
    tip = f"<title>{escape(card.tip, quote=False)}</title>" if card.tip else ""
    text = f'<g class="{card.kind}{mark}"{heat} transform="translate({x} {y})">{tip}<use href="#{form}"/>'
    at = 0
    if card.title:
        text += f'<text class="t">{titled(card.title, small)}</text>'
        at = int(LINE)
    for name, row in card.rows:
        style, place = GRADIENT if name == "grad" else "", f' y="{at}"' if at else ""
        text += f"<text{style}{place}>{name}{' ' if name else ''}{escape(row, quote=False)}</text>"
        at += int(LINE)
    return text + "</g>"


def titled(title: str, small: bool) -> str:
    """Return a title as SVG text, in a small picture w_12^(1) with index and layer above each other.

    What stands between them is there too, unseen, so that whoever copies or reads the text finds it as it was typed.
    """
    name, _, times = title.partition(" ×")  # of a fold
    found = title_parts(name) if small else None
    if found is None:
        return escape(title, quote=False)
    letter, low, high = found
    parts, down = [letter], 0
    if low:
        parts.append(f'<tspan class="h">_</tspan><tspan class="i" dy="3">{low}</tspan>')
        down = 3
    if high:
        back = f' dx="{-SCRIPT * len(low):.0f}"' if low else ""
        parts.append(f'<tspan class="h">^</tspan><tspan class="i" dy="{-4 - down}"{back}>{high}</tspan>')
        down = -4
    return "".join(parts) + (f'<tspan dy="{-down}"> ×{escape(times)}</tspan>' if times else "")


def heat_legend(x: float, y: float) -> str:
    """Return what the colours of heat mean: the powers of ten where one ends and the next begins."""
    left, wide = x + 72, 50
    parts = [f'<text class="n" x="{x:.0f}" y="{y + 9:.0f}">|gradient|</text>']
    for k, colour in enumerate(SCALE):
        cell = f'x="{left + wide * k:.0f}" y="{y:.0f}" width="{wide - 1}" height="9" fill="{colour}"'
        parts.append(f"<rect {cell}/>")
    for k, power in enumerate(HEAT, start=1):
        text = f"1e−{-power}" if power else "1"
        parts.append(f'<text class="p" x="{left + wide * k:.0f}" y="{y + 21:.0f}">{text}</text>')
    return "".join(parts)
