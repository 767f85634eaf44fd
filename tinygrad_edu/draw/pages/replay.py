"""The page of a training run: everything that moved, one frame a moment, computed here and only shown there."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.types import Array
from ..network.layers import NetLayer
from ..network.picture import NetworkPicture
from .page import Page, asset, fill_template, json_data

if TYPE_CHECKING:
    from .recorder import Recorder

GRID_SIDE = 50  # of the grid on which the net is asked
POINTS = 400  # examples shown, at most
MOST_WEIGHTS = 180_000  # in all frames together: followed only where there are no more, for the size of the page


def quantised(values: Array) -> list[Any]:
    """Return numbers as one byte each with the size of a unit: [unit, base64]."""
    values = zero_nonfinite(values)
    unit = float(np.max(np.abs(values), initial=0.0)) / 127 or 1.0
    whole = np.rint(values / unit).astype(np.int8)
    return [float(f"{unit:.6g}"), b64encode(whole.tobytes()).decode()]


def zero_nonfinite(values: Array) -> Array:
    """Return numbers with zero for what is not one: a run that has diverged can be looked at too."""
    return np.where(np.isfinite(values), values, 0.0)


def replay(recorder: Recorder) -> Page:
    """Return the page of a run."""
    frames = recorder.moments()
    layers = frames[-1].layers
    plane = layers[0].weight.shape[1] == 2
    box = bounds(recorder.x) if plane else None
    followed = len(frames) * sum(layer.weight.size for layer in layers) <= MOST_WEIGHTS
    content = {
        "losses": [float(f"{loss:.6g}") if np.isfinite(loss) else None for loss in recorder.losses],
        "steps": [frame.step for frame in frames],
        "box": box,
        "side": GRID_SIDE,
        "classes": layers[-1].weight.shape[0],
        "grids": [quantised(recorder.outputs(frame.layers, grid_points(box))) for frame in frames] if box else [],
        "lines": [lines(frame.layers[0]) for frame in frames] if plane else [],
        "weights": [[quantised(layer.weight) for layer in frame.layers] for frame in frames] if followed else [],
        "shapes": [layer.weight.shape for layer in layers],
        "points": example_points(recorder) if plane else [],
    }
    picture = NetworkPicture(
        [layer.weight for layer in layers],
        [layer.bias for layer in layers],
        [layer.activation for layer in layers],
        None,
        None,
        "weight",
        12,
        image_of(layers[0].weight.shape[1]),
    )
    body = fill_template(asset("replay.html"), {"network": picture.svg(), "data": json_data(content)})
    return Page("Training, replayed", body, styles=asset("replay.css"), script=asset("replay.js"), height=820)


def image_of(inputs: int) -> tuple[int, int] | None:
    """Return the sides of a square image with so many pixels; None where there is none that is worth looking at."""
    side = round(inputs**0.5)
    return (side, side) if side >= 8 and side * side == inputs else None


def bounds(x: Array | None) -> list[float]:
    """Return [left, right, bottom, top] of what is shown of the plane: the examples with a margin."""
    if x is None or not x.size:
        return [-3.0, 3.0, -3.0, 3.0]
    low, high = x.reshape(-1, 2).min(axis=0), x.reshape(-1, 2).max(axis=0)
    margin = 0.15 * np.maximum(high - low, 1e-6)
    (left, bottom), (right, top) = low - margin, high + margin
    return [float(f"{edge:.6g}") for edge in (left, right, bottom, top)]


def grid_points(box: list[float]) -> Array:
    """Return the points at which the net is asked, row by row from the top."""
    left, right, bottom, top = box
    across = left + (np.arange(GRID_SIDE) + 0.5) / GRID_SIDE * (right - left)
    down = top - (np.arange(GRID_SIDE) + 0.5) / GRID_SIDE * (top - bottom)
    return np.stack([np.tile(across, GRID_SIDE), np.repeat(down, GRID_SIDE)], axis=1)


def lines(layer: NetLayer) -> list[list[float]]:
    """Return [w_1, w_2, b] of each first neuron: its weighted sum is zero on a line."""
    rows = zero_nonfinite(np.column_stack([layer.weight, layer.bias]))[:16]
    return [[float(f"{value:.4g}") for value in row] for row in rows]


def example_points(recorder: Recorder) -> list[list[float]]:
    """Return [x, y, class] of the examples that are shown."""
    if recorder.x is None:
        return []
    rows = recorder.x.reshape(-1, 2)
    classes = np.zeros(len(rows)) if recorder.y is None else recorder.y
    some = np.linspace(0, len(rows) - 1, min(len(rows), POINTS)).astype(int)
    return [[float(f"{rows[i, 0]:.4g}"), float(f"{rows[i, 1]:.4g}"), float(classes[i])] for i in some]
