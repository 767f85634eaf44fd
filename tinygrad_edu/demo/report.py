"""The page of the demo, in the order in which one learns it: layers, a neuron, cost, backpropagation, SGD, the proof.

One file that needs nothing else: what can be used stands in frames. The files beside it are the same, each alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape
from importlib import resources

import numpy as np

from ..draw.formats.png import grey, uri
from ..draw.pages.page import Page
from .checks import TOLERANCE
from .findings import Findings
from .pictures import EXAMPLES, JUDGES, Pictures
from .training import BATCH, LEARNING_RATE, MOMENTUM

SHOWN = 12  # images that were recognised

FRAMES_FIT = (  # asks the page in each frame how high it is
    'const frames=document.querySelectorAll("iframe"),ask=(frame)=>frame.contentWindow.postMessage("height?","*");'
    'addEventListener("message",({source,data})=>{for(const frame of frames)'
    "if(frame.contentWindow===source&&data.height>0)frame.style.height=`${Math.ceil(data.height)}px`});"
    'for(const frame of frames){frame.addEventListener("load",()=>ask(frame));ask(frame)}'
    'addEventListener("resize",()=>frames.forEach(ask));addEventListener("load",()=>frames.forEach(ask));'
)
FORWARD = (
    ("z_j^(l) = Σ_k w_jk^(l) a_k^(l−1) + b_j^(l)", "the weighted sum of neuron j, and its bias"),
    ("a_j^(l) = σ(z_j^(l))", "through the ReLU, σ(z) = max(0, z); in the last layer L through the softmax"),
)
BACKWARD = (
    ("δ_j^(L) = a_j^(L) − y_j", "the last layer: what it says less what it should say, 1 for the right digit, else 0"),
    ("δ_k^(l) = σ′(z_k^(l)) Σ_j w_jk^(l+1) δ_j^(l+1)", "a layer before: along the same weights, backwards"),
    ("∂C_0/∂w_jk^(l) = δ_j^(l) a_k^(l−1)", "a weight: times the activation that went in"),
    ("∂C_0/∂b_j^(l) = δ_j^(l)", "a bias: as if 1 went in"),
)


def report_page(found: Findings, drawn: Pictures) -> Page:
    """Return the page."""
    command = f"tinygrad-edu demo --seed {found.seed} --epochs {found.epochs}"
    sections = [
        "<h1>A small net learns to read digits</h1>",
        f'<p class="soft">Every picture on this page is of one net, trained by <code>{command}</code>, which makes all '
        'of it again, number for number. At the end you can <a href="#draw">draw a digit</a> for it to read.</p>',
        headline(found),
        "<h2>Input, hidden layers, output</h2>",
        "<p>The 64 pixels of an image go in on the left. Each neuron of a layer adds up what the layer before says, "
        "weighted, and passes it on: this is forward propagation.</p>",
        formulas(FORWARD),
        f"<p>Here it is done for the {found.digits[found.shown]} of which, among all that it reads rightly, the net is "
        "least sure. Blue weights are positive; orange, dashed ones are negative; beside each first neuron are "
        "its 64 weights, as an image. The first output neuron speaks for the digit 0, the second for 1, and so on.</p>",
        f'<div class="scroll">{drawn.network.svg()}</div>',
        more("network.html", "Choose a neuron and read its arithmetic; see each weight’s gradient and nudge"),
        "<h2>One neuron</h2>",
        f"<p>{notation(drawn.neuron_said)}</p>",
        f'<div class="scroll">{drawn.neuron.svg()}</div>',
        more(
            "neuron.html",
            "Go through it one step at a time, forward, and backward from the neuron itself, whose gradient is then 1",
        ),
        "<h2>The cost: how wrong the net is</h2>",
        cost_section(found),
        "<h2>Backpropagation: the nudge that each weight wants</h2>",
        f"<p>How the cost changes with a weight says which way to nudge it: by −η {notation('∂C_0/∂w_jk^(l)')}, with "
        f"η = {LEARNING_RATE} here. To know that for every weight, one needs a single number a neuron, "
        f"{notation('δ_j^(l) = ∂C_0/∂z_j^(l)')}, from the last layer to the first:</p>",
        formulas(BACKWARD),
        "<h2>Gradient descent: all nudges, averaged</h2>",
        "<p>Each example alone would nudge the untrained net towards its own digit: here are the nudges that "
        f"{EXAMPLES} examples want of the ten biases of the output. Stochastic gradient descent takes the average of "
        f"a small batch of them, {BATCH} at a time.</p>",
        framed(drawn.nudges_page, "nudges"),
        "<h2>Training: such steps, again and again</h2>",
        f"<p>{found.epochs} times through all images: the cost fell from {found.cost[0]:.3g} to "
        f"{found.cost[1]:.2g}. Each step goes on with {MOMENTUM} of the one before: its momentum. Press play, and see "
        "the weights of the first neurons turn from noise into patterns.</p>",
        framed(drawn.training_page, "training"),
        "<h2>The same run as a walk</h2>",
        "<p>A golfer feels the slope under the ball, plays it a little way downhill, and looks again. So does "
        "training: all weights together are one point, and the height there is the cost, of "
        f"{JUDGES} images.</p>",
        framed(drawn.landscape_page, "landscape"),
        "<h2>Checked by hand</h2>",
        "<p>The formulas above, written out in plain NumPy, one example at a time, then averaged over a batch of "
        f"{BATCH}; beside them what this package computes. All numbers are compared; the table shows the largest of "
        f"each gradient. The nudges of the batch average to its gradient to {power(found.nudges.error)}, and the net "
        f"as {found.scales.count} single neurons has the same gradients, to {power(found.scales.gradient_error)}.</p>",
        gradient_section(found),
        "<p>The same check on the graph of the trained net’s cost:</p>",
        f'<div class="scroll">{drawn.proof.svg()}</div>',
        "<h2>What it reads</h2>",
        digits(found),
        '<h2 id="draw">Try it yourself</h2>',
        framed(drawn.digit_page, "digit"),
        '<p class="soft">The images are the test set of “Optical Recognition of Handwritten Digits” by E. Alpaydin '
        "and C. Kaynak, UCI Machine Learning Repository, 1998 (CC BY 4.0).</p>",
    ]
    styles = resources.files(__package__).joinpath("report.css").read_text(encoding="utf-8")
    title = "tinygrad-edu: a small net learns to read digits"
    return Page(title, "\n".join(sections), styles=styles, script=FRAMES_FIT)


def framed(page: Page, name: str) -> str:
    """Return a page in a frame, and a link to the file with the same."""
    return f'<div class="frame {name}">{page._repr_html_()}</div>{more(f"{name}.html", "Open it as a page of its own")}'


def more(file: str, text: str) -> str:
    """Return a link to a page beside this one."""
    return f'<p class="more"><a href="{file}">{text} →</a></p>'


def cost_section(found: Findings) -> str:
    """Return the scores and probabilities of the image that is shown, and its cost."""
    scores, digit = found.scales.tensors, int(found.digits[found.shown])
    p = np.exp(scores - scores.max())
    p /= p.sum()
    rows = [
        f'<td class="name">{name}</td>' + "".join(f"<td>{signed_text(number, form)}</td>" for number in numbers)
        for name, numbers, form in (
            (notation("score z^(3)"), scores, ".3f"),
            ("by single neurons", found.scales.neurons, ".3f"),
            (notation("probability a^(3)"), p, ".1%"),
        )
    ]
    formula = notation(f"C_0 = −ln a_y^(3) = −ln {p[digit]:.4f} = {-np.log(p[digit]):.4f}")
    return (
        "<p>The last layer’s weighted sums are ten scores. The softmax makes them positive and "
        "brings them to a sum of 1: that is how much the net believes in each digit. The cost is small where it "
        f"believes in the right one, y; for this {digit} it is <em>{formula}</em>. The 0 says that it is the cost of "
        "one example; training makes C small, the average over all.</p>"
        + html_table(("digit", *map(str, range(10))), rows)
    )


def headline(found: Findings) -> str:
    """Return the results as tiles."""
    right = int(np.sum(found.taken_for == found.digits))
    mark = '<b class="ok">✓ equal</b>' if found.equal else '<b class="bad">✗ not equal</b>'
    tiles = [
        (f"<b>{found.held_out:.1%}</b>", f"of images it had never seen: {right} of {len(found.digits)}"),
        (f"<b>{found.learnt:.1%}</b>", "of the images it learnt from"),
        (mark, f"{found.gradients:,} gradients, derived by hand and automatic, to {power(found.worst)}"),
        (f"<b>{power(found.scales.error)}</b>", "between a net of arrays and the same as single neurons"),
    ]
    return '<div class="tiles">' + "".join(f'<div class="tile">{b}{text}</div>' for b, text in tiles) + "</div>"


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
    image = f'<img alt="a handwritten {truth}" src="{uri(grey(found.images[i].reshape(8, 8)))}">'
    return f'<figure class="{kind}">{image}<figcaption>{text}</figcaption></figure>'


def gradient_section(found: Findings) -> str:
    """Return the comparison of all gradients as a table, before training and after."""
    rows = []
    for pair in zip(found.before, found.after, strict=True):
        cells = [f'<td class="name">∂C/∂{notation(pair[0].name)}</td>', f"<td>{pair[0].size}</td>"]
        for one in pair:
            mark = '<span class="ok">✓</span>' if one.error <= TOLERANCE else '<span class="bad">✗</span>'
            cells += [f"<td>{n:.8f}</td>" for n in one.largest] + [f"<td>{power(one.error)} {mark}</td>"]
        rows.append("".join(cells))
    untrained, trained = (
        (f"largest {when}, by hand", "automatic", "relative error") for when in ("before training", "after")
    )
    return html_table(("gradient", "numbers", *untrained, *trained), rows)


def html_table(heads: Iterable[str], rows: Iterable[str]) -> str:
    """Return a table; each row is its cells."""
    first, *others = heads
    head = f'<th class="name">{first}</th>' + "".join(f"<th>{text}</th>" for text in others)
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def power(number: float) -> str:
    """Return a tiny number as people write it: 4 × 10⁻¹⁶, or 0."""
    digit, ten = f"{number:.0e}".split("e")
    return f'<span class="nowrap">{digit} × 10<sup>{signed_text(int(ten), "d")}</sup></span>' if number else "0"


def signed_text(number: float, form: str) -> str:
    """Return a number with a minus sign that is as wide as the plus."""
    return format(number, form).replace("-", "−")


def formulas(lines: Iterable[tuple[str, str]]) -> str:
    """Return formulas as a small table, each with what it says."""
    rows = (f'<td class="name">{notation(text)}</td><td class="what">{said}</td>' for text, said in lines)
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return f'<div class="scroll bare"><table class="formulas">{body}</table></div>'


def notation(text: str) -> str:
    """Return letters like w_jk^(l) with indices lowered and layers raised, and everything else as it is."""
    lowered = re.sub(r"_([\w,]+)", r"<sub>\1</sub>", escape(text))
    return re.sub(r"\^\(([^)]+)\)", r"<sup>(\1)</sup>", lowered)
