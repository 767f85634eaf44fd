"""Write docs/images/live.svg: a neuron computes its cost, goes back, and takes steps against its gradient.

The picture is the page's own drawing; every number in it is Python's. Run it as `python docs/animate.py`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import tinygrad_edu as tg
from tinygrad_edu.core.backprop import history
from tinygrad_edu.core.node import Node
from tinygrad_edu.draw.graph.builder import is_computed
from tinygrad_edu.draw.graph.picture import format_number
from tinygrad_edu.draw.pages.stepper import keep_room

STEPS, RATE = 6, 0.08
NODE, PAUSE, STEP, END = 0.45, 0.6, 1.2, 2.4  # seconds: of a node, between the parts, of a step, and of the last one
ROOM, CURVE = 64, (700, 180)  # under the picture, for a sentence and the curve of the cost: where it begins, how wide
TEXT = re.compile(r"<text((?: [^>]*)?)>((?:data|grad) )([^<]*)</text>")
CARD = re.compile(r'(<g class="(?:parameter|input|result)"[^>]*>(?:<title>[^<]*</title>)?<use href="#([^"]+)"/>)')
SHAPE = re.compile(r'<g id="([^"]+)" (transform="[^"]+")>(<rect [^>]*)/>')


def neuron(w: float, b: float) -> list[tg.Value]:
    """Return the nodes of (tanh(w·x + b) − 1)² with their gradients, leaves first, as the picture has them."""
    x, weight, bias = tg.Value(1.5, label="x", requires_grad=False), tg.Value(w, label="w"), tg.Value(b, label="b")
    z = weight * x + bias
    a = z.tanh()
    cost = (a - 1.0) ** 2
    z.label, a.label, cost.label = "z", "a", "C"
    cost.backward()
    return sorted(history(cost), key=is_computed)


def descent() -> list[list[tg.Value]]:
    """Return the nodes before each step, and after the last."""
    w, b, found = -0.8, 0.2, []
    for _ in range(STEPS + 1):
        order = neuron(w, b)
        found.append(order)
        weight, bias = (next(z for z in order if z.label == name) for name in "wb")
        w, b = w - RATE * (weight.grad or 0.0), b - RATE * (bias.grad or 0.0)
    return found


@dataclass
class Film:
    """When things are seen: each is shown from one time to another, again and again."""

    length: float
    spans: dict[tuple[float, float], str] = field(default_factory=dict)

    def during(self, start: float, end: float) -> str:
        """Return the class of what is seen from `start` to `end`, in seconds."""
        return self.spans.setdefault((start, end), f"f{len(self.spans)}")

    def style(self) -> str:
        """Return the rules of all classes; without motion the last moment is seen."""
        rules = ""
        for (start, end), name in self.spans.items():
            first, on, off = int(start == 0), 100 * start / self.length, 100 * end / self.length
            later = (f"{on:.2f}%{{opacity:1}}" if start else "") + (
                f"{off:.2f}%{{opacity:0}}" if end < self.length else ""
            )
            rules += (
                f".{name}{{animation:{name} {self.length:.1f}s infinite step-end;opacity:{int(end >= self.length)}}}"
            )
            rules += f"@keyframes {name}{{0%{{opacity:{first}}}{later}}}"
        dark = '[stroke="#0072b2"]{stroke:#56b4e9}[fill="#0072b2"]{fill:#56b4e9}[stroke="#d55e00"]{stroke:#f08a3c}'
        still = "@media(prefers-reduced-motion:reduce){*{animation:none!important}}"
        return f"{rules}@media screen and (prefers-color-scheme:dark){{{dark}}}{still}"


def animated() -> str:
    """Return the picture: forward node by node, backward node by node, then the steps."""
    every = descent()
    order = every[0]
    computed = [z for z in order if z.op is not None]
    forward = {z: k * NODE for k, z in enumerate(computed)}
    turn = len(computed) * NODE + PAUSE
    back = {z: turn + k * NODE for k, z in enumerate(reversed(computed), start=1)}
    arrives = {order[-1]: turn} | {x: back[z] for z in computed for x in z.inputs if isinstance(x, Node)}
    begin = turn + (len(computed) + 1) * NODE + PAUSE
    starts = [begin + k * STEP for k in range(STEPS)]
    film = Film(starts[-1] + END)
    texts = []  # of each line of a card, in the order of the picture: from when on which number
    for i, z in enumerate(order):
        values = [format_number(each[i].data) for each in every]
        texts.append(changes(forward.get(z, 0.0), values, starts))
        if z.requires_grad:
            texts.append(changes(arrives[z], [format_number(each[i].grad or 0.0) for each in every], starts))
    drawing = tg.draw(order[-1], show={"data", "grad"})
    keep_room(drawing.view.picture)
    written = drawing.svg()
    shapes = {name: (place, shape) for name, place, shape in SHAPE.findall(written)}
    lines, cards = iter(texts), iter(order)

    def line(found: re.Match[str]) -> str:
        style = re.search(r' class="([^"]*)"', found[1])
        rest, kind = (found[1].replace(style[0], ""), f"{style[1]} ") if style else (found[1], "")
        shown = next(lines)
        ends = [start for start, _ in shown[1:]] + [film.length]
        if len(shown) == 1:
            return f"<text{found[1]}>{found[2]}{shown[0][1]}</text>"
        return "".join(
            f'<text{rest} class="{kind}{film.during(start, end)}">{found[2]}{text}</text>'
            for (start, text), end in zip(shown, ends, strict=True)
        )

    def card(found: re.Match[str]) -> str:
        z, (place, shape) = next(cards), shapes[found[2]]
        outline = f'{shape} fill="none" stroke-width="4"'
        return found[1] + "".join(
            f'<g {place} class="{film.during(when[z], when[z] + NODE)}">{outline} stroke="{colour}"/></g>'
            for when, colour in ((forward, "#0072b2"), (back, "#d55e00"))
            if z in when
        )

    picture = CARD.sub(card, TEXT.sub(line, written))
    costs = [each[-1].data for each in every]
    said = [
        (0.0, "Forward: every node is computed from the ones before it."),
        (turn, "Backward: from the cost C to w and b, each gradient by the chain rule."),
        *(
            (
                start,
                f"Step {k}: w ← w − {format_number(RATE)} ∂C/∂w, and b alike. C falls to {format_number(costs[k])}.",
            )
            for k, start in enumerate(starts, start=1)
        ),
    ]
    return framed(picture, film, said, costs, [turn, *starts])


def changes(first: float, values: list[str], starts: list[float]) -> list[tuple[float, str]]:
    """Return from when on a card shows which number: none before it is computed, equal ones once."""
    found = [(0.0, "·")] if first else []
    for start, text in zip([first, *starts], values, strict=True):
        if not found or found[-1][1] != text:
            found.append((start, text))
    return found


def framed(picture: str, film: Film, said: list[tuple[float, str]], costs: list[float], times: list[float]) -> str:
    """Return the picture with a sentence and the curve of the cost under it."""
    found = re.search(r'width="(\d+)" height="(\d+)" viewBox="0 0 \1 \2"', picture)
    assert found is not None
    wide, high = int(found[1]), int(found[2])
    ends = [start for start, _ in said[1:]] + [film.length]
    under = "".join(
        f'<text class="{film.during(start, end)}" x="14" y="{high + 30}" style="font-size:15px">{text}</text>'
        for (start, text), end in zip(said, ends, strict=True)
    )
    left, span = CURVE
    dots = [(left + span * k / STEPS, high + 44 - 46 * c / max(costs)) for k, c in enumerate(costs)]
    for k, ((x, y), start) in enumerate(zip(dots, times, strict=True)):
        seen = film.during(start, film.length)
        under += f'<circle class="{seen}" cx="{x:.0f}" cy="{y:.0f}" r="3.5" fill="#0072b2" stroke="none"/>'
        if k:
            u, v = dots[k - 1]
            under += f'<path class="{seen}" d="M{u:.0f} {v:.0f}L{x:.0f} {y:.0f}" fill="none" stroke="#0072b2"/>'
    under += f'<path d="M{left} {high + 46}h{span}" fill="none" stroke="#7b8591" stroke-width="0.8"/>'
    under += f'<text x="{left + span + 14}" y="{high + 48}">C after each step</text>'
    title = f"<title>A neuron computes its cost, goes back, and takes {STEPS} steps against its gradient</title>"
    picture = picture.replace(found[0], f'width="{wide}" height="{high + ROOM}" viewBox="0 0 {wide} {high + ROOM}"')
    picture = picture.replace(
        f'class="paper" width="{wide}" height="{high}"', f'class="paper" width="{wide}" height="{high + ROOM}"'
    )
    picture = picture.replace("<style>", f"{title}<style>{film.style()}", 1)
    return picture.removesuffix("</svg>") + f"{under}</svg>"


if __name__ == "__main__":
    out = Path(__file__).parent / "images" / "live.svg"
    out.write_text(animated(), encoding="utf-8")
