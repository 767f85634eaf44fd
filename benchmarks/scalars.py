"""micrograd's demo, 2-16-16-1 neurons with a hinge loss and a penalty: of scalars, and the same net of arrays.

A subject of this and of the other pages of subjects is a function that gets ready and returns a step; a step trains
once and returns the loss before it. Libraries are imported inside, where the step that needs them begins.
"""

from __future__ import annotations

import functools
import random
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

Step = Callable[[], float]

SIZES = (2, 16, 16, 1)
RATE, PENALTY = 0.01, 1e-4


def start(points: int) -> tuple[list[list[float]], list[int], list[float]]:
    """Return points, labels, and the first parameters in micrograd's order: of each neuron its weights and its bias."""
    draw = random.Random(1)
    rows = [[draw.gauss(0, 1), draw.gauss(0, 1)] for _ in range(points)]
    labels = [draw.choice((-1, 1)) for _ in range(points)]
    return rows, labels, [draw.uniform(-1, 1) for n, m in pairwise(SIZES) for _ in range(m * (n + 1))]


def of_scalars(
    value: type[Any], mlp: type[Any], points: int, through: Callable[[Any], Any] = lambda step: step
) -> Step:
    """Return the step as micrograd's demo writes it, with the classes of either library."""
    rows, labels, weights = start(points)
    model = mlp(SIZES[0], SIZES[1:])
    for p, w in zip(model.parameters(), weights, strict=True):
        p.data = w

    def step() -> Any:
        scores = [model([value(x) for x in row]) for row in rows]
        losses = [(1 + -label * score).relu() for label, score in zip(labels, scores, strict=True)]
        total = sum(losses) * (1.0 / len(losses)) + PENALTY * sum(p * p for p in model.parameters())
        model.zero_grad()
        total.backward()
        for p in model.parameters():
            p.data -= RATE * p.grad
        return total

    step = through(step)
    return lambda: float(step().data)


def micrograd(points: int) -> Step:
    """Return micrograd's own demo."""
    from micrograd.engine import Value
    from micrograd.nn import MLP

    return of_scalars(Value, lambda n, sizes: MLP(n, list(sizes)), points)


def eager(points: int) -> Step:
    """Return the demo on this package's scalars."""
    from tinygrad_edu import Value, nn

    return of_scalars(Value, nn.MLP, points)


def compiled(points: int) -> Step:
    """Return the demo on this package's scalars, traced once and replayed."""
    import tinygrad_edu as tg

    return of_scalars(tg.Value, tg.nn.MLP, points, tg.compile)


def on_xla(points: int) -> Step:
    """Return the demo on this package's scalars, vectorised and compiled by XLA."""
    import tinygrad_edu as tg

    return of_scalars(tg.Value, tg.nn.MLP, points, functools.partial(tg.compile, backend="jax"))


# The same net, its neurons gathered into matrices -----------------------------------------------------------------


def arrays(points: int) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    """Return points, labels, and of each layer its weights (a row a neuron) and its biases."""
    rows, labels, flat = start(points)
    parameters, taken = [], 0
    for n, m in pairwise(SIZES):
        neurons = np.reshape(flat[taken : taken + m * (n + 1)], (m, n + 1))
        parameters += [neurons[:, :n].copy(), neurons[:, n].copy()]
        taken += m * (n + 1)
    return np.array(rows), np.array(labels, float), parameters


def by_hand(points: int) -> Step:
    """Return the step as one writes it with NumPy and nothing else."""
    x, labels, parameters = arrays(points)
    w1, b1, w2, b2, w3, b3 = parameters

    def step() -> float:
        a1 = np.maximum(x @ w1.T + b1, 0)
        a2 = np.maximum(a1 @ w2.T + b2, 0)
        missed = np.maximum(1 - labels * (a2 @ w3.T + b3)[:, 0], 0)
        loss = missed.mean() + PENALTY * sum(np.vdot(p, p) for p in parameters)
        d3 = ((missed > 0) * labels / -points)[:, None]
        d2 = (d3 @ w3) * (a2 > 0)
        d1 = (d2 @ w2) * (a1 > 0)
        slopes = (d1.T @ x, d1.sum(0), d2.T @ a1, d2.sum(0), d3.T @ a2, d3.sum(0))
        for p, g in zip(parameters, slopes, strict=True):
            p -= RATE * (g + 2 * PENALTY * p)
        return float(loss)

    return step


def casadi(points: int) -> Step:
    """Return the demo as an expression of CasADi's scalars, differentiated by it and run by its virtual machine."""
    import casadi as ca

    rows, labels, first = start(points)
    parameters = ca.SX.sym("parameters", len(first))

    def score(values: list[Any]) -> Any:
        taken = 0
        for layer, (n, m) in enumerate(pairwise(SIZES)):
            out = []
            for _ in range(m):
                weights, bias = parameters[taken : taken + n], parameters[taken + n]
                z = bias + sum(weights[i] * values[i] for i in range(n))
                out.append(z if layer == len(SIZES) - 2 else ca.fmax(z, 0))
                taken += n + 1
            values = out
        return values[0]

    missed = [ca.fmax(1 - label * score(row), 0) for label, row in zip(labels, rows, strict=True)]
    loss = sum(missed) / points + PENALTY * ca.sumsqr(parameters)
    step_down = parameters - RATE * ca.gradient(loss, parameters)
    fast, held = ca.Function("step", [parameters], [loss, step_down]), ca.DM(first)

    def step() -> float:
        nonlocal held
        found, held = fast(held)
        return float(found)

    return step


def torch(points: int) -> Step:
    """Return the step on PyTorch's tensors, eager."""
    import torch
    from torch.nn.functional import linear, relu

    x, labels, parameters = (torch.from_numpy(a) if isinstance(a, np.ndarray) else a for a in arrays(points))
    parameters = [torch.from_numpy(p).requires_grad_() for p in parameters]
    optimizer = torch.optim.SGD(parameters, lr=RATE)

    def step() -> float:
        a = x
        for i in (0, 2):
            a = relu(linear(a, parameters[i], parameters[i + 1]))
        scores = linear(a, parameters[4], parameters[5])[:, 0]
        loss = relu(1 - labels * scores).mean() + PENALTY * sum((p * p).sum() for p in parameters)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return float(loss.item())

    return step


def hips(points: int) -> Step:
    """Return the step on HIPS autograd's arrays."""
    import autograd.numpy as anp

    x, labels, parameters = arrays(points)

    def loss_of(parameters: list[Any]) -> Any:
        a = x
        for i in (0, 2):
            a = anp.maximum(anp.dot(a, parameters[i].T) + parameters[i + 1], 0)
        scores = (anp.dot(a, parameters[4].T) + parameters[5])[:, 0]
        return anp.mean(anp.maximum(1 - labels * scores, 0)) + PENALTY * sum(anp.sum(p * p) for p in parameters)

    return hips_descending(loss_of, parameters, RATE)


def jax(points: int) -> Step:
    """Return the step on JAX's arrays, compiled by XLA."""
    import jax
    import jax.numpy as jnp

    x, labels, parameters = arrays(points)

    def loss_of(parameters: list[Any]) -> Any:
        a = x
        for i in (0, 2):
            a = jax.nn.relu(a @ parameters[i].T + parameters[i + 1])
        scores = (a @ parameters[4].T + parameters[5])[:, 0]
        return jax.nn.relu(1 - labels * scores).mean() + PENALTY * sum(jnp.vdot(p, p) for p in parameters)

    return descending(loss_of, parameters, RATE)


def descending(loss_of: Callable[..., Any], parameters: list[Any], rate: float, *batch: np.ndarray) -> Step:
    """Return the step that goes down the slope of a loss on a batch, compiled by XLA as one program."""
    import jax

    def down(parameters: list[Any], *batch: Any) -> tuple[Any, list[Any]]:
        loss, slopes = jax.value_and_grad(loss_of)(parameters, *batch)
        return loss, [p - rate * g for p, g in zip(parameters, slopes, strict=True)]

    fast, held = jax.jit(down, donate_argnums=0), [jax.numpy.array(p) for p in parameters]

    def step() -> float:
        nonlocal held
        loss, held = fast(held, *batch)
        return float(loss)

    return step


def hips_descending(loss_of: Callable[[Any], Any], weights: list[Any], rate: float) -> Step:
    """Return the step that goes down the slope of a loss, on HIPS autograd."""
    from autograd import value_and_grad

    slope = value_and_grad(loss_of)

    def step() -> float:
        nonlocal weights
        loss, grads = slope(weights)
        weights = [w - rate * g for w, g in zip(weights, grads, strict=True)]
        return float(loss)

    return step


SUBJECTS: dict[str, Callable[[int], Step]] = {
    "NumPy by hand": by_hand,
    "tinygrad_edu": eager,
    "tinygrad_edu compiled": compiled,
    "tinygrad_edu on XLA": on_xla,
    "micrograd": micrograd,
    "HIPS autograd": hips,
    "PyTorch": torch,
    "JAX jit": jax,
    "CasADi": casadi,
}
