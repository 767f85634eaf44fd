"""`tg.Recorder`: watches a net learn, from inside any training loop, and shows it again as a page or a figure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from ...core.commit import calls, commit
from ...core.node import data_of
from ...core.types import Array
from ..network.layers import NetLayer, forward, layers_of
from .page import Page

MAX_FRAMES = 60  # of a replay, at most


@dataclass(slots=True)
class Frame:
    """The net as it was after a number of steps."""

    step: int
    layers: list[NetLayer]
    state: dict[str, Any]


class Recorder:
    """Keeps the loss of every step and, now and then, the weights.

        recorder = tg.Recorder(model, x, y)
        for … in …:
            …
            recorder.record(loss)
        recorder.replay().save("replay.html")

    model: a chain of layers, of Values or of tensors. x, y: examples to show, with their classes; optional.
    frames: how many moments to keep at most; when there are more, every second one is dropped.
    Raises TypeError where the model is no chain of layers.
    """

    def __init__(self, model: Any, x: Any = None, y: Any = None, *, frames: int = MAX_FRAMES) -> None:
        self.model = model
        self.x = None if x is None else np.asarray(data_of(x), dtype=float)
        self.y = None if y is None else np.asarray(data_of(y), dtype=float).reshape(-1)
        self.most = max(2, frames)
        self.every = 1
        self.losses: list[float] = []
        self.frames = [self.frame(0)]

    def record(self, loss: Any) -> None:
        """Note the loss of a step that has just been taken, and the weights that it led to, or nothing."""
        number = float(np.asarray(data_of(loss), dtype=float).reshape(()))
        frames, every, step = self.frames, self.every, len(self.losses) + 1
        if step % every == 0:
            frames = [*frames, self.frame(step)]
        if len(frames) > self.most:
            frames, every = frames[::2], 2 * every
        kept = partial(vars(self).update, frames=frames, every=every)
        commit(calls([partial(self.losses.append, number), kept]))

    def frame(self, step: int) -> Frame:
        """Return the net as it is now, after so many steps."""
        now = layers_of(self.model)
        kept = [
            replace(layer, weight=layer.weight.copy(), bias=layer.bias.copy(), weight_grad=None, bias_grad=None)
            for layer in now
        ]
        return Frame(step, kept, self.model.state_dict())

    def moments(self) -> list[Frame]:
        """Return the frames, the last of them as the net is now."""
        now = len(self.losses)
        return self.frames if self.frames[-1].step == now else [*self.frames, self.frame(now)]

    def outputs(self, layers: list[NetLayer], rows: Array) -> Array:
        """Return what the net says about each row as one number: positive is the second class, or class 1."""
        out = forward(layers, rows)[1][-1]
        if out.shape[1] == 1:
            return out[:, 0] - 0.5 if layers[-1].activation == "sigmoid" else out[:, 0]
        return out[:, 1] - out[:, 0] if out.shape[1] == 2 else np.argmax(out, axis=1).astype(float)

    def replay(self) -> Page:
        """Return a page that shows the run again: loss, decision boundary, neurons' lines and weights, step by step."""
        from .replay import replay

        return replay(self)

    def landscape(self, loss: Any, *, size: int = 41) -> Page:
        """Return a page with a slice of the loss, `loss(model)`, through this run's path. See `landscape.landscape`."""
        from .landscape import landscape

        return landscape(self, loss, size=size)

    def plot(self) -> tuple[Any, Any]:
        """Draw the loss of each step with matplotlib and return (figure, axes)."""
        try:
            from matplotlib.figure import Figure
        except ImportError:
            raise ImportError(
                'plot() needs matplotlib: pip install "tinygrad-edu[plot]"; replay() needs nothing'
            ) from None
        figure = Figure(figsize=(6, 3.5), layout="constrained")
        axes = figure.subplots()
        axes.plot(range(1, len(self.losses) + 1), self.losses, color="#0072b2")
        axes.set(xlabel="step", ylabel="loss", title="the loss of each step")
        axes.grid(alpha=0.3)
        return figure, axes
