"""Each fast twin beside the plain method that it replaces, with all other twins in place."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any

import numpy as np

Work = Callable[[], Any]


def replaced(twin: str) -> list[tuple[Any, str]]:
    """Return the places, (owner, name), of one of the twins."""
    from tinygrad_edu import Tensor, Value, fast, nn

    owners = {"Value": Value, "Tensor": Tensor, "neuron": nn.neuron}
    kind, name = twin.split(".")
    return [
        place
        for *place, _ in fast.twins()
        if place[0] is owners[kind] and (place[1] == name or (name == "operators" and place[1] != "backward"))
    ]


def scalars() -> Work:
    """Return a formula of six Values."""
    from tinygrad_edu import Value

    x, y = Value(0.5), Value(1.5)
    return lambda: (x * y + x - y * 2.0).tanh() + 1.0


def net() -> Any:
    """Return micrograd's demo net, and inputs."""
    from tinygrad_edu import nn

    random.seed(1)
    model = nn.MLP(2, [16, 16, 1])
    return lambda: model([0.3, -0.4])


def arrays() -> Work:
    """Return a formula of small tensors."""
    from tinygrad_edu import Tensor

    x, y = Tensor(np.ones((4, 4))), Tensor(np.ones((4, 4)))
    return lambda: x * y - (x + 1.0) / y


def training() -> Work:
    """Return a step of a small net of tensors."""
    from tinygrad_edu import nn

    layers = [nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10)]
    model = nn.Sequential(*layers)
    x, labels = np.random.default_rng(0).normal(size=(32, 64)).astype(np.float32), np.zeros(32, int)
    sgd = nn.SGD(model.parameters(), lr=1e-6)

    def step() -> None:
        sgd.zero_grad()
        nn.functional.cross_entropy(model(x), labels).backward()
        sgd.step()

    return step


def walk(loss: Any) -> Work:
    """Return backward() of a graph."""
    return lambda: loss.backward()


WORK: dict[str, tuple[Callable[[], Work], float]] = {  # by twin: what it is for, and how many times as fast it must be
    "Value.operators": (scalars, 2.0),
    "Value.backward": (lambda: walk(net()()), 3.0),
    "neuron.weighted_sum": (net, 3.0),
    "Tensor.operators": (arrays, 1.2),
    "Tensor.backward": (training, 1.02),
}


def of_plain(twin: str) -> Work:
    """Return the work with the plain method in the place of one twin."""
    from tinygrad_edu import fast

    places = replaced(twin)
    fast.uninstall()
    plain = [getattr(owner, name) for owner, name in places]
    fast.install()
    for (owner, name), method in zip(places, plain, strict=True):
        setattr(owner, name, method)
    return WORK[twin][0]()


def of_twins(twin: str) -> Work:
    """Return the work with all twins in place."""
    return WORK[twin][0]()


SUBJECTS = {"plain": of_plain, "fast": of_twins}


def seconds(subject: Callable[[str], Work], twin: str) -> tuple[dict[str, Any], Callable[[], dict[str, float]]]:
    """Return nothing beforehand, and a hundred times the work as something to repeat."""
    work = subject(twin)

    def once() -> dict[str, float]:
        began = time.process_time()
        for _ in range(100):
            work()
        return {"work": (time.process_time() - began) / 100}

    return {}, once
