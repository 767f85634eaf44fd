"""The page of the demo: what was trained, and each proof with its numbers; one file that needs nothing else."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from html import escape
from importlib import resources
from typing import Any

import numpy as np

from ..draw.image import grey, tint, uri
from ..draw.page import Page
from .checks import TOLERANCE
from .findings import Findings
from .training import LEARNING_RATE

Array = np.ndarray[Any, Any]
SHOWN = 12  # nudges in the table, and images that were recognised

FORMULAS = (
    ("z^(l) = W^(l) a^(l−1) + b^(l)", "a^(l) = σ(z^(l))", "C = −ln a_y^(L)"),
    ("δ^(L) = a^(L) − y", "δ^(l) = (W^(l+1)ᵀ δ^(l+1)) ⊙ σ′(z^(l))", ""),
    ("∂C/∂w_jk^(l) = δ_j^(l) a_k^(l−1)", "∂C/∂b_j^(l) = δ_j^(l)", ""),
)


def report(found: Findings, neuron: str, said: str, network: str) -> Page:
    """Return the page. neuron, network: pictures as SVG; said: what the first one shows."""
    command = f"tinygrad-edu demo --seed {found.seed} --epochs {found.epochs}"
    sections = [
        "<h1>A small net that reads digits, and the proof of its gradients</h1>",
        f'<p class="soft">Made by <code>{command}</code>, which makes it again, number for number.</p>',
        headline(found),
        "<h2>What it learnt</h2>",
        f"<p>The mean loss of each of {found.epochs} epochs, on a logarithmic scale.</p>",
        curve(found.course),
        digits(found),
        "<h2>Every gradient, against formulas derived by hand</h2>",
        "<p>Backpropagation as one derives it on paper, written out in plain NumPy, one example at a time, then "
        f"averaged over a batch of {len(found.nudges.digits)}; beside it what this package computes, for the untrained "
        "net and for the trained one. All numbers are compared; the table shows the largest of each gradient.</p>",
        formulas(),
        gradients(found),
        "<h2>A step is the average of nudges</h2>",
        "<p>Each example alone would nudge the net towards its own digit. Here is what the first of the batch ask of "
        f"the untrained net's last biases, −∂C/∂{notation('b^(3)')}: up (blue) for the digit that they show, down "
        "(orange) for all others. The step that SGD takes is the average of all "
        f"{len(found.nudges.digits)}, times the learning rate {LEARNING_RATE}.</p>",
        nudges(found),
        "<h2>The same net, neuron by neuron</h2>",
        f"<p>The trained net once more, as {found.scales.count} single neurons made of scalar Values, on one image: "
        "its outputs, which are scores, are those of the tensors. So are all gradients, which differ by "
        f"{found.scales.gradient_error:.1e} of the largest.</p>",
        scales(found),
        "<h2>The net at work</h2>",
        f"<p>The same image on its way through the net: a handwritten {found.digits[found.shown]}, of all that it "
        "recognises the one that it is least sure of. Neuron j of the output gives the score for the digit j − 1. Blue "
        "weights are positive; orange, dashed ones negative.</p>",
        f'<div class="scroll">{network}</div>',
        "<h2>One neuron and its gradients</h2>",
        f"<p>{notation(said)}</p>",
        f'<div class="scroll">{neuron}</div>',
        '<p class="soft">The images are the test set of “Optical Recognition of Handwritten Digits” by E. Alpaydin '
        "and C. Kaynak, UCI Machine Learning Repository, 1998 (CC BY 4.0).</p>",
    ]
    styles = resources.files(__package__).joinpath("report.css").read_text(encoding="utf-8")
    return Page("tinygrad-edu: digits", "\n".join(sections), styles=styles)


def headline(found: Findings) -> str:
    """Return the results as tiles."""
    right = int(np.sum(found.taken_for == found.digits))
    mark = '<b class="ok">✓ equal</b>' if found.equal else '<b class="bad">✗ not equal</b>'
    tiles = [
        (f"<b>{found.held_out:.1%}</b>", f"of images it had never seen: {right} of {len(found.digits)}"),
        (f"<b>{found.learnt:.1%}</b>", "of the images it learnt from"),
        (mark, f"{found.gradients:,} gradients by hand and automatic, to {found.worst:.0e}"),
        (f"<b>{found.scales.error:.0e}</b>", "between tensors and single neurons"),
    ]
    return '<div class="tiles">' + "".join(f'<div class="tile">{b}{text}</div>' for b, text in tiles) + "</div>"


def curve(course: Array) -> str:
    """Return the course of the loss as a small picture."""
    wide, high, left, top = 640, 190, 52, 12
    low, up = math.floor(math.log10(course.min())), math.ceil(math.log10(course.max()))
    up += low == up

    def y(loss: float) -> float:
        return top + (high - top - 28) * (up - math.log10(loss)) / (up - low)

    def x(epoch: int) -> float:
        return left + (wide - left - 16) * epoch / max(len(course) - 1, 1)

    lines = "".join(
        f'<line x1="{left}" x2="{wide - 16}" y1="{y(10.0**p):.1f}" y2="{y(10.0**p):.1f}"/>'
        f'<text x="{left - 8}" y="{y(10.0**p) + 4:.1f}" text-anchor="end">{10.0**p:g}</text>'
        for p in range(low, up + 1)
    )
    points = " ".join(f"{'ML'[i > 0]}{x(i):.1f},{y(loss):.1f}" for i, loss in enumerate(course.tolist()))
    return (
        f'<svg class="curve" viewBox="0 0 {wide} {high}" role="img" aria-label="the loss falls from {course[0]:.3g} '
        f'to {course[-1]:.3g}">{lines}<path d="{points}"/>'
        f'<text x="{left}" y="{high - 6}">epoch 1</text>'
        f'<text x="{wide - 16}" y="{high - 6}" text-anchor="end">{len(course)}: {course[-1]:.3g}</text></svg>'
    )


def digits(found: Findings) -> str:
    """Return held-out images: those it took for another digit, and a few that it recognised."""
    wrong = np.flatnonzero(found.taken_for != found.digits)
    right = np.flatnonzero(found.taken_for == found.digits)[:SHOWN]
    parts = [f"<p>Held-out images it took for another digit, {len(wrong)} of {len(found.digits)}:</p>"]
    parts += ['<div class="digits">', *(figure(found, int(i), "wrong") for i in wrong), "</div>"]
    parts += ["<p>and some that it recognised:</p>"]
    parts += ['<div class="digits">', *(figure(found, int(i), "right") for i in right), "</div>"]
    return "".join(parts)


def figure(found: Findings, i: int, kind: str) -> str:
    """Return one image with what the net takes it for."""
    truth, taken = found.digits[i], found.taken_for[i]
    text = f"{taken}" if kind == "right" else f"{taken}, is {truth}"
    image = f'<img alt="a handwritten {truth}" src="{uri(grey(-found.images[i].reshape(8, 8)))}">'
    return f'<figure class="{kind}">{image}<figcaption>{text}</figcaption></figure>'


def gradients(found: Findings) -> str:
    """Return the comparison of all gradients as a table, before training and after."""
    rows = []
    for pair in zip(found.before, found.after, strict=True):
        cells = [f'<td class="name">∂C/∂{notation(pair[0].name)}</td>', f"<td>{pair[0].size}</td>"]
        for one in pair:
            mark = '<span class="ok">✓</span>' if one.error <= TOLERANCE else '<span class="bad">✗</span>'
            cells += [f"<td>{n:.8f}</td>" for n in one.largest] + [f"<td>{one.error:.1e} {mark}</td>"]
        rows.append("".join(cells))
    untrained, trained = (
        (f"largest {when}, by hand", "automatic", "relative error") for when in ("before training", "after")
    )
    return table(("gradient", "numbers", *untrained, *trained), rows)


def nudges(found: Findings) -> str:
    """Return the nudges of single examples, and their average, as a table in colour."""
    largest = float(np.abs(found.nudges.each).max())
    rows = []
    for digit, row in list(zip(found.nudges.digits, found.nudges.each, strict=True))[:SHOWN]:
        rows.append(f'<td class="name">a handwritten {digit}</td>' + "".join(nudge(n, largest) for n in row))
    average = "".join(nudge(n, largest) for n in found.nudges.average)
    mean = f'<td class="name">average of all {len(found.nudges.digits)}</td>{average}'
    said = f"<p>The averages over all parameters equal the gradient of the batch to {found.nudges.error:.1e}.</p>"
    return table(("example", *map(str, range(10))), rows, mean) + said


def nudge(number: float, largest: float) -> str:
    """Return a cell, tinted by its number."""
    return f'<td class="tinted" style="background:{tint(0.8 * number, largest)}">{signed(number, "+.3f")}</td>'


def scales(found: Findings) -> str:
    """Return the outputs of the net at both scales as a table."""
    rows = (
        f'<td class="name">{name}</td>' + "".join(f"<td>{signed(z, '.4f')}</td>" for z in numbers)
        for name, numbers in (("tensors", found.scales.tensors), ("single neurons", found.scales.neurons))
    )
    return table(("score for", *map(str, range(10))), rows)


def table(heads: Iterable[str], rows: Iterable[str], last: str = "") -> str:
    """Return a table; each row is its cells."""
    first, *others = heads
    head = f'<th class="name">{first}</th>' + "".join(f"<th>{text}</th>" for text in others)
    body = "".join(f"<tr>{row}</tr>" for row in rows) + (f'<tr class="mean">{last}</tr>' if last else "")
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def signed(number: float, form: str) -> str:
    """Return a number with a minus sign that is as wide as the plus."""
    return format(number, form).replace("-", "−")


def formulas() -> str:
    """Return the formulas of backpropagation, a row each for the way forward, back, and to the weights."""
    rows = ("".join(f'<td class="name">{notation(text)}</td>' for text in row) for row in FORMULAS)
    return '<table class="formulas">' + "".join(f"<tr>{row}</tr>" for row in rows) + "</table>"


def notation(text: str) -> str:
    """Return letters like w_jk^(l) with indices lowered and layers raised, and everything else as it is."""
    lowered = re.sub(r"_([\w,]+)", r"<sub>\1</sub>", escape(text))
    return re.sub(r"\^\(([^)]+)\)", r"<sup>(\1)</sup>", lowered)
