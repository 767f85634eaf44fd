"""A slice of the loss through the path of a training run.

The plane is spanned by the two directions in which the path itself spreads most (its principal components), after
Li et al., "Visualizing the Loss Landscape of Neural Nets" (2018), and the loss is computed anew at every point of it.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.context import no_grad
from ...core.node import data_of
from ...core.types import Array
from .page import Page, asset, fill_template, json_data

if TYPE_CHECKING:
    from .recorder import Recorder


def landscape(recorder: Recorder, loss: Any, *, size: int = 41) -> Page:
    """Return a page with the loss around the path that a run has taken.

    loss: `loss(model)`, the loss of a model on whatever examples it shall be judged by; it gets a copy.
    size: how many points each way. Raises ValueError where the run has taken no step.
    """
    frames = recorder.moments()
    path = np.array([np.concatenate([np.ravel(part) for part in f.state.values()]) for f in frames], dtype=float)
    centre = path[-1]
    if len(path) < 2 or not np.any(path != centre):
        raise ValueError("landscape: the recorder has seen no step; call record(loss) after each step of the optimiser")
    _, spread, axes = np.linalg.svd(path - centre, full_matrices=False)
    if len(axes) < 2 or spread[1] < 1e-9 * spread[0]:
        axes = np.stack([axes[0], across(axes[0])])
    axes = axes[:2]
    where = (path - centre) @ axes.T
    reach = 1.25 * np.maximum(np.abs(where).max(axis=0), 0.25 * np.abs(where).max())
    net, state = copy.deepcopy(recorder.model), frames[-1].state
    right, up = (np.linspace(-r, r, size) for r in reach)
    values = np.array(
        [[loss_with(net, loss, state, centre + u * axes[0] + v * axes[1]) for u in right] for v in up[::-1]]
    )
    kept = spread[:2] ** 2
    content = {
        "size": size,
        "loss": [
            float(f"{v:.5g}")
            for v in np.where(np.isfinite(values), values, values[np.isfinite(values)].max(initial=0.0)).flat
        ],
        "reach": [float(r) for r in reach],
        "path": [[float(f"{u:.5g}"), float(f"{v:.5g}")] for u, v in where],
        "steps": [
            [f.step, float(f"{loss_with(net, loss, state, each):.5g}")] for f, each in zip(frames, path, strict=True)
        ],
        "kept": round(100 * float(kept.sum() / (spread**2).sum())),
    }
    body = fill_template(asset("landscape.html"), {"data": json_data(content), "kept": str(content["kept"])})
    return Page(
        "The loss around the path", body, styles=asset("landscape.css"), script=asset("landscape.js"), height=620
    )


def across(direction: Array) -> Array:
    """Return some direction at right angles to `direction`, always the same one."""
    other = np.zeros_like(direction)
    other[np.argmin(np.abs(direction))] = 1.0
    other -= (other @ direction) * direction
    return np.asarray(other / (np.linalg.norm(other) or 1.0))


def loss_with(net: Any, loss: Any, state: dict[str, Any], numbers: Array) -> float:
    """Return the loss of a net whose state has been given other `numbers`."""
    at, new = 0, {}
    for name, old in state.items():
        piece = numbers[at : at + np.size(old)].reshape(np.shape(old))
        new[name] = piece.astype(old.dtype) if isinstance(old, np.ndarray) else float(piece)
        at += np.size(old)
    net.load_state_dict(new)
    with np.errstate(all="ignore"), no_grad():
        return float(np.asarray(data_of(loss(net)), dtype=float).reshape(()))
