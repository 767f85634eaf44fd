"""The pictures and pages of the demo: what `tinygrad_edu.draw` offers, on this net, its training and its proofs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..check.compare.compare import compare
from ..core.backprop import gradients, history
from ..core.node import Node
from ..core.tensor import Tensor
from ..core.types import Array
from ..core.value import Value
from ..data import batches
from ..draw.drawing import Drawing
from ..draw.graph.draw import draw
from ..draw.network.draw_network import draw_network
from ..draw.pages.digit import digit_page
from ..draw.pages.nudges import nudges
from ..draw.pages.page import Page
from ..draw.pages.recorder import Recorder
from ..draw.pages.stepper import stepper
from ..nn import Linear, Sequential, Softmax
from ..nn.functional import cross_entropy
from .checks import Compared, Nudges
from .training import LEARNING_RATE, SMUDGE

DRAWN = 3  # inputs of the neuron: those that weigh most
EXAMPLES = 12  # of a batch, whose nudges are shown
JUDGES, POINTS = 240, 25  # images by which a net of the landscape is judged, and how many nets each way
CHUNK = 80  # images at once: for more, NumPy starts threads, which on a busy machine wait for each other


@dataclass
class Pictures:
    """All of them. Those with a name here that ends in `_page` can be used, and have a file of their own."""

    neuron: Drawing
    neuron_said: str
    neuron_page: Page
    network: Drawing
    proof: Drawing
    training_page: Page
    landscape_page: Page
    nudges_page: Page
    digit_page: Page

    def save(self, folder: Path) -> list[Path]:
        """Write each into a file of its own and return their paths."""
        saved = [self.neuron.save(folder / "neuron.svg"), self.network.save(folder / "network.svg")]
        saved += [self.network.save(folder / "network.html"), self.proof.save(folder / "proof.svg")]
        for name in ("neuron", "training", "landscape", "nudges", "digit"):
            page: Page = getattr(self, f"{name}_page")
            saved.append(str(page.save(folder / f"{name}.html")))
        return [Path(path) for path in saved]


def pictures(
    recorder: Recorder, x: Array, y: Array, image: Array, digit: int, hand: list[Compared], asked: Nudges
) -> Pictures:
    """Draw the net that was recorded.

    x, y: what it learnt from. image, digit: the one that is shown on its way through the net. hand: the gradients of
    the first examples by hand, as many as `asked` has, whose nudges are shown.
    """
    model, batch = recorder.model, len(asked.digits)
    smudged = x[:JUDGES] + np.random.default_rng(0).normal(0, SMUDGE, x[:JUDGES].shape)  # like those it learnt from
    judges = list(batches(smudged, y[:JUDGES], CHUNK))
    drawn, said, page = draw_neuron(model, image, digit)
    return Pictures(
        neuron=drawn,
        neuron_said=said,
        neuron_page=page,
        network=network(model, image, digit),
        proof=proof(model, x[:batch], y[:batch], hand),
        training_page=recorder.replay(),
        landscape_page=recorder.landscape(
            lambda net: np.mean([cross_entropy(net(images), digits).item() for images, digits in judges]), size=POINTS
        ),
        nudges_page=nudges(
            -asked.each[:EXAMPLES],
            LEARNING_RATE,
            names=[f"for {d}" for d in range(10)],
            examples=[f"a {d}" for d in asked.digits[:EXAMPLES]],
        ),
        digit_page=digit_page(model),
    )


def network(model: Sequential, x: Array, y: int) -> Drawing:
    """Draw the trained net with the activations that one image causes, and the gradients of its cost."""
    model.zero_grad()
    cross_entropy(model(x), y).backward()
    return draw_network(Sequential(*model, Softmax(dim=-1)), x, image=(8, 8), lr=LEARNING_RATE)


def proof(model: Sequential, x: Array, y: Array, hand: list[Compared]) -> Drawing:
    """Draw the graph of a batch's cost, a card for each z and a, with the verdict on each gradient by hand."""
    model.zero_grad()
    cost = cross_entropy(model(Tensor(x, requires_grad=False, label="a^(0)")), y)
    cost.label = "C"
    cost.backward(retain_grad=True)
    report = compare({one.name: one.hand for one in hand}, model, cost)
    card: dict[Node, str] = {}
    for z in reversed(history(cost)):
        if z.op is not None:
            title = card.setdefault(z, z.label)
            card.update({u: title for u in z.inputs if isinstance(u, Node) and u.op is not None and not u.label})
    return draw(cost, collapse=card.get, show={"grad", "shape"}, report=report)


def draw_neuron(model: Sequential, x: Array, y: int) -> tuple[Drawing, str, Page]:
    """Draw one neuron of the second layer with the gradients of this image's cost; say what is seen; step through it.

    Of its many inputs the strongest are drawn; the sum of the others, with the bias, is one number.
    """
    before, weighted = model[1](model[0](x)), model[2]
    assert isinstance(weighted, Linear)
    after = model[3](weighted(before))
    (of_after,) = gradients(cross_entropy(model[4](after), y), [after])
    j = int(np.argmax(np.where(after._data > 0, np.abs(of_after._data), -1)))
    one = weighted.neurons("relu")[j]
    inputs = [Value(number, f"a_{k}^(1)") for k, number in enumerate(before.tolist(), start=1)]
    shares = [abs(w.data * a.data) for w, a in zip(one.w, inputs, strict=True)]
    strongest = sorted(np.argsort(shares)[-DRAWN:].tolist())
    rest = sum(w.data * a.data for k, (w, a) in enumerate(zip(one.w, inputs, strict=True)) if k not in strongest)
    z = Value(one.b.data + rest, "b and the rest", requires_grad=False)
    for k in strongest:
        z = z + one.w[k] * inputs[k]
    z.label = one.z_label
    a = z.relu()
    a.label = one.a_label
    a.backward(of_after._data[j])
    said = (
        f"Neuron {j + 1} of the second hidden layer, at work on the same image, with its {DRAWN} strongest inputs of "
        f"{len(inputs)}. “data” was computed forwards, “grad” backwards: how fast the cost C_0 changes "
        f"with each number. For {one.w[strongest[-1]].label} it is ∂C_0/∂{one.a_label} times 1, the slope of the ReLU, "
        f"times {inputs[strongest[-1]].label}."
    )
    return draw(a), said, stepper(a)
