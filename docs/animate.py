"""Write docs/images/live.svg: a neuron that takes steps against its gradient, as on the page of `tg.live`.

The picture is the page's own drawing; every frame's numbers are those of Python. Run it as `python docs/animate.py`.
"""

from __future__ import annotations

import re
from pathlib import Path

import tinygrad_edu as tg
from tinygrad_edu.draw.graph.picture import format_number
from tinygrad_edu.draw.pages.stepper import keep_room

STEPS, SECONDS, RATE = 6, 9.0, 0.4
TEXT = re.compile(r"<text((?: [^>]*)?)>((?:data|grad) )([^<]*)</text>")


def neuron(w: float, b: float) -> tuple[tg.Value, tg.Value, tg.Value]:
    """Return the cost (tanh(w·x + b) − y)² with its gradients computed, and the leaves that learn."""
    x, weight, bias = tg.Value(1.5, label="x", requires_grad=False), tg.Value(w, label="w"), tg.Value(b, label="b")
    z = weight * x + bias
    z.label = "z"
    a = z.tanh()
    a.label = "a"
    cost = (a - 1.0) ** 2
    cost.label = "C"
    cost.backward()
    return cost, weight, bias


def frames() -> list[str]:
    """Return the drawing before each step, and after the last."""
    w, b, found = -0.8, 0.2, []
    for _ in range(STEPS + 1):
        cost, weight, bias = neuron(w, b)
        drawing = tg.draw(cost, show={"data", "grad"})
        keep_room(drawing.view.picture)
        found.append(drawing.svg())
        w, b = w - RATE * (weight.grad or 0.0), b - RATE * (bias.grad or 0.0)
    return found


def animated(pictures: list[str]) -> str:
    """Return the first picture with each number replaced by those of all pictures, shown one after another."""
    texts = [TEXT.findall(picture) for picture in pictures]
    count, place = len(pictures), iter(range(len(texts[0])))
    share = 100 / count
    rules = ""
    for k in range(count):
        first, on, off = int(k == 0), f"{k * share:.2f}%", f"{(k + 1) * share:.2f}%"
        rules += f".f{k}{{animation:f{k} {SECONDS}s infinite step-end;opacity:{first}}}"
        rules += f"@keyframes f{k}{{0%{{opacity:{first}}}{on}{{opacity:1}}{off}{{opacity:0}}}}"

    def all_of(found: re.Match[str]) -> str:
        at = next(place)
        if len({each[at][2] for each in texts}) == 1:
            return found[0]
        style = re.search(r' class="([^"]*)"', found[1])
        rest = found[1].replace(style[0], "") if style else found[1]
        kind = f"{style[1]} " if style else ""
        return "".join(f'<text{rest} class="{kind}f{k}">{found[2]}{each[at][2]}</text>' for k, each in enumerate(texts))

    title = f"<title>A neuron takes {STEPS} steps against its gradient: w ← w − {format_number(RATE)} ∂C/∂w</title>"
    picture = TEXT.sub(all_of, pictures[0])
    return re.sub(r"(<svg[^>]*>)<style>", rf"\1{title}<style>{rules}", picture, count=1)


if __name__ == "__main__":
    out = Path(__file__).parent / "images" / "live.svg"
    out.write_text(animated(frames()), encoding="utf-8")
