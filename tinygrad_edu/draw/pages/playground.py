"""`tg.playground`: a page in which a net learns to tell points of the plane apart, while one moves the points."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ...core.node import data_of
from ...core.op import TABLE
from ...data import toys
from ...errors import ShapeError
from ..javascript.rows import RowTable
from ..network.layers import layers_of
from .page import Page, asset, fill_template
from .page import json_data as script_data

MODULES = {"tanh": "Tanh", "relu": "ReLU", "sigmoid": "Sigmoid", "softplus": "Softplus", "leaky_relu": "LeakyReLU"}
LOSSES = ("square", "softplus", "relu")  # of a − y, −y a and 1 − y a: squared error, logistic and hinge loss
SCRIPTS = (
    "numbers.js",
    "random.js",
    "playground_net.js",
    "playground_plane.js",
    "playground_board.js",
    "playground_program.js",
    "playground.js",
)
ROUND = 4  # decimals of points, so that the program that the page gives is short
MOST = 400  # points


def playground(model: Any = None, data: Any = None, path: str | Path | None = None) -> Page:
    """Return a page with a net that learns, where layers, data and settings can be changed.

    Every neuron shows its own picture of the plane, and its arithmetic when it is chosen. The page also gives the
    Python program that does the same.
    model: a net of two inputs and one output to begin with; the page can build others. data: points (n, 2) and their
    sides, where above 0 is +1 and the others −1. path: where to save the page.
    Raises ShapeError for another number of inputs or outputs, ValueError for an activation that the page does not know.
    """
    table = RowTable()
    rows = {name: table.place(TABLE[name], 1, {}) for name in dict.fromkeys((*MODULES, *LOSSES))}
    sets = {"yours": rounded_points(*data)} if data is not None else {}
    sets |= {
        "moons": rounded_points(*toys.make_moons(60, noise=0.1, rng=0)),
        "circles": rounded_points(*toys.make_circles(60, noise=0.05, rng=0)),
        "exclusive or": rounded_points(*exclusive_or(60)),
        "none": [],
    }
    net, layers = None, [[4, "tanh"], [4, "tanh"], [1, ""]]
    if model is not None:
        found = layers_of(model)
        if found[0].weight.shape[1] != 2 or found[-1].weight.shape[0] != 1:
            shape = f"{found[0].weight.shape[1]} inputs and {found[-1].weight.shape[0]} outputs"
            raise ShapeError(f"playground: a net of 2 inputs and 1 output is wanted, and this one has {shape}")
        names = [layer.activation.replace("leakyrelu", "leaky_relu") for layer in found]
        if unknown := [name for name in names if name and name not in MODULES]:
            raise ValueError(f"playground: the page computes {', '.join(MODULES)}, not {unknown[0]}")
        layers = [[layer.weight.shape[0], name] for layer, name in zip(found, names, strict=True)]
        net = [[layer.weight.tolist(), np.ravel(layer.bias).tolist()] for layer in found]
    content = {
        "rows": rows,
        "sets": sets,
        "activations": [*MODULES, ""],
        "modules": MODULES,
        "layers": layers,
        "net": net,
    }
    body = fill_template(asset("playground.html"), {"data": script_data(content)})
    script = table.script() + "".join(map(asset, SCRIPTS))
    return Page("Playground", body, styles=asset("playground.css"), script=script, height=900).saved(path)


def rounded_points(points: Any, sides: Any) -> list[list[float]]:
    """Return [x, y, side] of each point, side 1 or −1. Raises ShapeError for what are no points of the plane."""
    places, labels = np.asarray(data_of(points), dtype=float), np.ravel(np.asarray(data_of(sides), dtype=float))
    if places.ndim != 2 or places.shape[1] != 2 or len(places) != len(labels):
        raise ShapeError(f"playground: points of shape (n, 2) and n sides, not {places.shape} and {labels.shape}")
    if len(places) > MOST:
        raise ShapeError(f"playground: {len(places)} points are too many for the page ({MOST} at most)")
    return [
        [round(float(x), ROUND), round(float(y), ROUND), 1 if side > 0 else -1]
        for (x, y), side in zip(places, labels, strict=True)
    ]


def exclusive_or(count: int) -> tuple[Any, Any]:
    """Return points of a square, those of opposite quarters on one side."""
    points = np.random.default_rng(0).uniform(-1, 1, (count, 2))
    return points, np.where(points[:, 0] * points[:, 1] > 0, 1, -1)
